"""A client of a P2PGrpc node in another language: nothing but the protos and Python's gRPC.

usage: client.py STUBS HOST:PORT TOKEN send TO TEXT [MESSAGE_ID]
       client.py STUBS HOST:PORT TOKEN send-many TO PREFIX COUNT
       client.py STUBS HOST:PORT TOKEN read COUNT
       client.py STUBS HOST:PORT TOKEN tour

tour calls a new node in all ways that a client needs, and writes what tour.expected holds.

STUBS is the folder that protoc wrote the stubs to. Writes one JSON object a line. Exits 1 with the status on an error.
"""

import json
import sys

import grpc

sys.path.insert(0, sys.argv[1])

from p2pgrpc.v1 import message_pb2, peer_service_pb2, peer_service_pb2_grpc  # noqa: E402

LIMIT_SECONDS = 20


def show(**facts):
    print(json.dumps(facts, ensure_ascii=False, separators=(",", ":")), flush=True)


def send(service, metadata, to, text, message_id=""):
    request = peer_service_pb2.SendRequest(to=to, text=text, message_id=message_id)
    answer = service.Send(request, metadata=metadata, timeout=LIMIT_SECONDS)
    show(reference=answer.reference, state=message_pb2.DeliveryState.Name(answer.state))


def send_many(service, metadata, to, prefix, count):
    """One stream, batches of ten."""
    from p2pgrpc.v1 import log_pb2

    texts = [f"{prefix}{number}" for number in range(int(count))]

    def batches():
        for start in range(0, len(texts), 10):
            contents = [log_pb2.Content(text=text) for text in texts[start:start + 10]]
            yield peer_service_pb2.SendStreamRequest(to=to, messages=contents)

    answered = 0
    for answer in service.SendStream(batches(), metadata=metadata, timeout=LIMIT_SECONDS):
        if answer.refused:
            raise SystemExit(f"refused: {answer.refused}")
        answered += answer.count
    show(answered=answered)


def read(service, metadata, count):
    request = peer_service_pb2.SubscribeRequest(start_at=peer_service_pb2.START_AT_START)
    call = service.Subscribe(request, metadata=metadata, timeout=LIMIT_SECONDS)
    left = int(count)
    for response in call:
        for batch in response.batches:
            for index, entry in enumerate(batch.messages):
                show(alias=batch.alias, sequence=batch.first_sequence + index, text=entry.content.text)
                left -= 1
        if left <= 0:
            call.cancel()
            return


def texts_of(batches):
    return [entry.content.text for batch in batches for entry in batch.messages]


def details_of(error):
    """The google.rpc.Status that an error carries beside its code, unpacked."""
    import google_rpc_pb2

    status = google_rpc_pb2.Status()
    status.ParseFromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    known = {type.DESCRIPTOR.full_name: type for type in (google_rpc_pb2.ErrorInfo, google_rpc_pb2.BadRequest)}
    found = {}
    for packed in status.details:
        name = packed.type_url.split("/")[-1]
        if name in known:
            found[name] = known[name].FromString(packed.value)
    return found


def fail(call):
    """The error that a call ends with."""
    try:
        for _ in call():
            pass
    except grpc.RpcError as error:
        return error
    raise SystemExit("it should have failed")


def tour(service, metadata):
    from p2pgrpc.v1 import conversation_service_pb2_grpc, history_pb2

    history = conversation_service_pb2_grpc.ConversationServiceStub(service.channel)

    def send(**fields):
        return service.Send(peer_service_pb2.SendRequest(**fields), metadata=metadata, timeout=LIMIT_SECONDS)

    def subscribe(count, **fields):
        call = service.Subscribe(peer_service_pb2.SubscribeRequest(include_own=True, **fields), metadata=metadata, timeout=LIMIT_SECONDS)
        texts, cursor = [], None
        for response in call:
            texts += texts_of(response.batches)
            cursor = response.cursor
            if len(texts) >= count:
                call.cancel()
                return texts, cursor

    sent = send(to="self", text="one", message_id="1")
    show(step="send", state=message_pb2.DeliveryState.Name(sent.state))
    show(step="repeat", same=send(to="self", text="one", message_id="1").reference == sent.reference)
    send(to="self", text="two")
    texts, cursor = subscribe(2, start_at=peer_service_pb2.START_AT_START)
    show(step="subscribe", texts=texts)
    send(to="self", text="grüße 🌍")
    show(step="resume", texts=subscribe(1, after=cursor)[0])

    while True:
        page = history.ListMessages(history_pb2.ListMessagesRequest(conversation="self"), metadata=metadata, timeout=LIMIT_SECONDS)
        if page.behind == 0:
            break
    show(step="history", texts=texts_of(page.batches))

    error = fail(lambda: [send(to="nobody", text="x")])
    show(step="error", code=error.code().name, reason=details_of(error)["google.rpc.ErrorInfo"].reason)
    error = fail(lambda: [send(text="x")])
    show(step="field", code=error.code().name, field=details_of(error)["google.rpc.BadRequest"].field_violations[0].field)

    error = fail(lambda: service.Subscribe(peer_service_pb2.SubscribeRequest(), metadata=metadata, timeout=0.2))
    show(step="deadline", code=error.code().name)
    call = service.Subscribe(peer_service_pb2.SubscribeRequest(), metadata=metadata)
    next(call)
    call.cancel()
    show(step="cancel", code=fail(lambda: call).code().name)


def main():
    address, token, verb, arguments = sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
    metadata = (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(address) as channel:
        service = peer_service_pb2_grpc.PeerServiceStub(channel)
        service.channel = channel
        try:
            {"send": send, "send-many": send_many, "read": read, "tour": tour}[verb](service, metadata, *arguments)
        except grpc.RpcError as error:
            raise SystemExit(f"{error.code().name}: {error.details()}") from None


if __name__ == "__main__":
    main()
