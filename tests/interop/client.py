"""A client of a P2PGrpc node in another language: nothing but the protos and Python's gRPC.

usage: client.py STUBS HOST:PORT TOKEN send TO TEXT [MESSAGE_ID]
       client.py STUBS HOST:PORT TOKEN send-many TO PREFIX COUNT
       client.py STUBS HOST:PORT TOKEN read COUNT

STUBS is the folder that protoc wrote the stubs to. Writes one JSON object a line. Exits 1 with the status on an error.
"""

import json
import sys

import grpc

sys.path.insert(0, sys.argv[1])

from p2pgrpc.v1 import message_pb2, peer_service_pb2, peer_service_pb2_grpc  # noqa: E402

LIMIT_SECONDS = 20


def show(**facts):
    print(json.dumps(facts, ensure_ascii=False), flush=True)


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


def main():
    address, token, verb, arguments = sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
    metadata = (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(address) as channel:
        service = peer_service_pb2_grpc.PeerServiceStub(channel)
        try:
            {"send": send, "send-many": send_many, "read": read}[verb](service, metadata, *arguments)
        except grpc.RpcError as error:
            raise SystemExit(f"{error.code().name}: {error.details()}") from None


if __name__ == "__main__":
    main()
