// A client of a P2PGrpc node in C++: the protos and grpc++, by way of the stubs that protoc makes of them. `make interop` builds and runs it.
//
// usage: client HOST:PORT TOKEN
//
// Calls a new node in all ways that a client needs, and writes what tour.expected holds.

#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "google_rpc.pb.h"
#include "p2pgrpc/v1/conversation_service.grpc.pb.h"
#include "p2pgrpc/v1/peer_service.grpc.pb.h"

namespace {

using p2pgrpc::v1::ConversationService;
using p2pgrpc::v1::Cursor;
using p2pgrpc::v1::ListMessagesRequest;
using p2pgrpc::v1::ListMessagesResponse;
using p2pgrpc::v1::PeerService;
using p2pgrpc::v1::SendRequest;
using p2pgrpc::v1::SendResponse;
using p2pgrpc::v1::SubscribeRequest;
using p2pgrpc::v1::SubscribeResponse;

constexpr auto kLimit = std::chrono::seconds(20);

[[noreturn]] void Fail(const std::string& what) {
  std::cerr << what << std::endl;
  std::exit(1);
}

std::string NameOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK: return "OK";
    case grpc::StatusCode::CANCELLED: return "CANCELLED";
    case grpc::StatusCode::INVALID_ARGUMENT: return "INVALID_ARGUMENT";
    case grpc::StatusCode::DEADLINE_EXCEEDED: return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::NOT_FOUND: return "NOT_FOUND";
    default: return std::to_string(code);
  }
}

// The texts of the tour have nothing in them that JSON escapes.
std::string ToJson(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const auto& text : texts) json += (json.size() > 1 ? ",\"" : "\"") + text + "\"";
  return json + "]";
}

template <typename Response>
void AddTexts(const Response& response, std::vector<std::string>& texts) {
  for (const auto& batch : response.batches())
    for (const auto& entry : batch.messages()) texts.push_back(entry.content().text());
}

// The detail of one type in the google.rpc.Status that an error carries beside its code.
template <typename Detail>
Detail DetailOf(const grpc::Status& error) {
  google::rpc::Status status;
  Detail detail;
  if (!status.ParseFromString(error.error_details())) Fail("the details are no google.rpc.Status");
  for (const auto& packed : status.details())
    if (packed.type_url() == "type.googleapis.com/" + Detail::descriptor()->full_name() && detail.ParseFromString(packed.value())) return detail;
  Fail("the detail is missing");
}

class Tour {
 public:
  Tour(const std::shared_ptr<grpc::Channel>& channel, std::string token)
      : node_(PeerService::NewStub(channel)), history_(ConversationService::NewStub(channel)), token_(std::move(token)) {}

  void Run() {
    const auto sent = Send("self", "one", "1");
    std::cout << R"({"step":"send","state":")" << p2pgrpc::v1::DeliveryState_Name(sent.state()) << "\"}\n";
    std::cout << R"({"step":"repeat","same":)" << (Send("self", "one", "1").reference() == sent.reference() ? "true" : "false") << "}\n";
    Send("self", "two", "");
    SubscribeRequest from_start;
    from_start.set_start_at(p2pgrpc::v1::START_AT_START);
    Cursor cursor;
    std::cout << R"({"step":"subscribe","texts":)" << ToJson(Subscribe(from_start, 2, cursor)) << "}\n";
    Send("self", "grüße 🌍", "");
    SubscribeRequest resumed;
    *resumed.mutable_after() = cursor;
    std::cout << R"({"step":"resume","texts":)" << ToJson(Subscribe(resumed, 1, cursor)) << "}\n";
    std::cout << R"({"step":"history","texts":)" << ToJson(History()) << "}\n";

    SendResponse none;
    auto error = TrySend("nobody", "x", "", none);
    std::cout << R"({"step":"error","code":")" << NameOf(error.error_code()) << R"(","reason":")"
              << DetailOf<google::rpc::ErrorInfo>(error).reason() << "\"}\n";
    error = TrySend("", "x", "", none);
    std::cout << R"({"step":"field","code":")" << NameOf(error.error_code()) << R"(","field":")"
              << DetailOf<google::rpc::BadRequest>(error).field_violations(0).field() << "\"}\n";

    std::cout << R"({"step":"deadline","code":")" << NameOf(Watch(std::chrono::milliseconds(200), false)) << "\"}\n";
    std::cout << R"({"step":"cancel","code":")" << NameOf(Watch(kLimit, true)) << "\"}\n";
  }

 private:
  std::unique_ptr<grpc::ClientContext> Begin(std::chrono::milliseconds limit) const {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization", "Bearer " + token_);
    context->set_deadline(std::chrono::system_clock::now() + limit);
    return context;
  }

  grpc::Status TrySend(const std::string& to, const std::string& text, const std::string& id, SendResponse& answer) const {
    SendRequest request;
    request.set_to(to);
    request.set_text(text);
    request.set_message_id(id);
    return node_->Send(Begin(kLimit).get(), request, &answer);
  }

  SendResponse Send(const std::string& to, const std::string& text, const std::string& id) const {
    SendResponse answer;
    const auto status = TrySend(to, text, id, answer);
    if (!status.ok()) Fail(status.error_message());
    return answer;
  }

  std::vector<std::string> Subscribe(SubscribeRequest request, std::size_t count, Cursor& cursor) const {
    request.set_include_own(true);
    const auto context = Begin(kLimit);
    const auto stream = node_->Subscribe(context.get(), request);
    std::vector<std::string> texts;
    for (SubscribeResponse response; texts.size() < count && stream->Read(&response);) {
      AddTexts(response, texts);
      cursor = response.cursor();
    }
    context->TryCancel();
    stream->Finish();
    return texts;
  }

  std::vector<std::string> History() const {
    ListMessagesRequest request;
    request.set_conversation("self");
    ListMessagesResponse page;
    do {
      const auto status = history_->ListMessages(Begin(kLimit).get(), request, &page);
      if (!status.ok()) Fail(status.error_message());
    } while (page.behind() > 0);
    std::vector<std::string> texts;
    AddTexts(page, texts);
    return texts;
  }

  // Subscribes, and tells how that ends.
  grpc::StatusCode Watch(std::chrono::milliseconds limit, bool cancel) const {
    const auto context = Begin(limit);
    const auto stream = node_->Subscribe(context.get(), SubscribeRequest());
    for (SubscribeResponse response; stream->Read(&response);)
      if (cancel) context->TryCancel();
    return stream->Finish().error_code();
  }

  const std::unique_ptr<PeerService::Stub> node_;
  const std::unique_ptr<ConversationService::Stub> history_;
  const std::string token_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) Fail("usage: client HOST:PORT TOKEN");
  Tour(grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials()), arguments[2]).Run();
}
