#!/usr/bin/python3
"""Recomputes testdata/vectors.json without any code of this project: hashes by hashlib, signatures by python3-cryptography."""

import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

checks = 0


def check(what, found, expected):
    global checks
    checks += 1
    if found != expected:
        sys.exit(f"{what}: computed {found!r}, the file says {expected!r}")


def to_text(data):
    return base64.b32encode(data).decode().rstrip("=").lower()


def from_text(text):
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def fields(data):
    """The fields of an encoded Protobuf message, as (number, value); bytes for length-delimited ones."""
    found, at = [], 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            value = varint()
        elif kind == 1:
            value = struct.unpack_from("<Q", data, at)[0]
            at += 8
        elif kind == 2:
            length = varint()
            value = data[at:at + length]
            at += length
        else:
            sys.exit(f"unexpected wire type {kind}")
        found.append((tag >> 3, value))
    return found


def verify_signature(public_key, signature, data, what):
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except InvalidSignature:
        sys.exit(f"{what}: the signature does not hold")


def log_id(conversation, author, epoch):
    return sha256(b"p2pgrpc/log/v1", conversation, author, struct.pack(">Q", epoch))


def verify_peers(vectors):
    for case in vectors["base32"]:
        check("base32", to_text(bytes.fromhex(case["bytes"])), case["text"])
    for case in vectors["peers"]:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed"]))
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        check("public key", public.hex(), case["public_key"])
        check("PeerId", to_text(public), case["peer_id"])
        check("signature", key.sign(b"abc").hex(), case["signature_of_abc"])


def verify_names(vectors):
    for case in vectors["direct_conversations"]:
        smaller, larger = sorted((from_text(case["one"]), from_text(case["other"])))
        check("direct conversation", to_text(sha256(b"p2pgrpc/direct/v1", smaller, larger)), case["conversation"])
    for case in vectors["logs"]:
        found = log_id(from_text(case["conversation"]), from_text(case["author"]), int(case["epoch"]))
        check("LogId", to_text(found), case["log_id"])


def verify_messages(vectors):
    for case in vectors["openings"]:
        found = dict(fields(bytes.fromhex(case["encoded"])))
        epoch = found.get(1)
        check("predecessor epoch", None if epoch is None else str(epoch), case["predecessor_epoch"])
        head = dict(fields(found[2])) if 2 in found else {}
        check("predecessor sequence", head.get(1), case["predecessor_sequence"])
        check("predecessor hash", head[2].hex() if head else None, case["predecessor_hash"])
    for case in vectors["bodies"]:
        entries = [dict(fields(value)) for number, value in fields(bytes.fromhex(case["encoded"])) if number == 1]
        check("entry count", len(entries), len(case["entries"]))
        for entry, expected in zip(entries, case["entries"]):
            content = dict(fields(entry[2]))
            check("clock", str(entry[1]), expected["clock"])
            check("text", content[1].hex() if 1 in content else None, expected["text"])
            check("data", content[2].hex() if 2 in content else None, expected["data"])


def verify_segment(case):
    author, log = from_text(case["author"]), from_text(case["log_id"])
    check("LogId", to_text(log_id(from_text(case["conversation"]), author, int(case["epoch"]))), case["log_id"])
    body, opening = bytes.fromhex(case["body"]), bytes.fromhex(case["opening"])
    found = sha256(
        b"p2pgrpc/segment/v1", log, bytes.fromhex(case["previous"]),
        struct.pack(">QIBII", case["first_sequence"], case["count"], case["cipher"], case["key_id"], len(body)),
        hashlib.sha256(body).digest(), hashlib.sha256(opening).digest())
    check("segment hash", found.hex(), case["hash"])
    verify_signature(author, bytes.fromhex(case["signature"]), found, "segment")
    last = case["first_sequence"] + case["count"] - 1
    check("reference", f"{case['log_id']}/{last}", case["reference_of_last"])
    check("cursor check", str(struct.unpack(">Q", found[:8])[0]), case["cursor_check"])
    header = dict(fields(bytes.fromhex(case["header_message"])))
    key = dict(fields(header[1]))
    check("header: conversation", to_text(key[1]), case["conversation"])
    check("header: author", to_text(key[2]), case["author"])
    check("header: epoch", str(key.get(3, 0)), case["epoch"])
    check("header: previous", header[2].hex(), case["previous"])
    check("header: first sequence", header[3], case["first_sequence"])
    check("header: count", header[4], case["count"])
    check("header: body length", header.get(7, 0), len(body))
    check("header: body hash", header[8], hashlib.sha256(body).digest())
    check("header: opening", header.get(9, b""), opening)
    check("header: signature", header[10].hex(), case["signature"])
    return last, found


def verify_chain(vectors):
    sequence, previous = 0, from_text(vectors["chain"][0]["log_id"])
    for case in vectors["chain"]:
        check("gapless", case["first_sequence"], sequence + 1)
        check("chained", case["previous"], previous.hex())
        sequence, previous = verify_segment(case)
    first, second = vectors["fork"]["first"], vectors["fork"]["second"]
    (first_last, first_hash), (second_last, second_hash) = verify_segment(first), verify_segment(second)
    check("fork: one log", first["log_id"], second["log_id"])
    check("fork: two segments", first_hash == second_hash, False)
    overlap = first["first_sequence"] <= second_last and second["first_sequence"] <= first_last
    check("fork: overlap", overlap, True)


def derive(secret, purpose):
    # HKDF-SHA256 (RFC 5869) without salt, one block.
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")


def read_ticket(text, kind):
    check("ticket: begins", text[:5], kind)
    # The text of any length, not of 32 bytes only.
    ticket = base64.b32decode(text[5:].upper() + "=" * (-len(text[5:]) % 8))
    check("ticket: version", ticket[0], 1)
    check("ticket: check", ticket[-4:], hashlib.sha256(ticket[:-4]).digest()[:4])
    return dict(fields(ticket[1:-4]))


def verify_ticket(said, secret, case, peer_id):
    check("ticket: secret", said[1], secret)
    check("ticket: name", said[2].decode(), case["name"])
    peer = dict(fields(said[3]))
    check("ticket: peer", peer[1].hex(), peer_id)
    check("ticket: address", peer[2].decode(), case["address"])


def verify_invites(vectors):
    for case in vectors["invites"]:
        secret = bytes.fromhex(case["secret"])
        key = Ed25519PrivateKey.from_private_bytes(derive(secret, b"p2pgrpc/invite/key/v1"))
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        check("invite: id", public.hex(), case["invite"])
        said = b"".join(bytes.fromhex(case[name]) for name in ("prover", "verifier", "dialler_nonce", "served_nonce"))
        check("invite: proof", (public + key.sign(b"p2pgrpc/invite/proof/v1" + said)).hex(), case["proof"])
        verify_ticket(read_ticket(case["ticket"], "peer-"), secret, case, case["verifier"])


def verify_announcements(vectors):
    for case in vectors["lan_announcements"]:
        peer, datagram = bytes.fromhex(case["peer"]), bytes.fromhex(case["datagram"])
        said = b"p2pgrpc\x01" + peer + struct.pack(">HQQ", case["port"], int(case["instance"]), int(case["number"]))
        check("announcement", datagram[:-64].hex(), said.hex())
        verify_signature(peer, datagram[-64:], b"p2pgrpc/lan/v1" + said, "announcement")


def verify_rooms(vectors):
    for case in vectors["scopes"]:
        ids = sorted(bytes.fromhex(conversation) for conversation in case["conversations"])
        check("scope", str(struct.unpack(">Q", sha256(b"p2pgrpc/scope/v1", *ids)[:8])[0]), case["scope"])
    for case in vectors["rooms"]:
        secret, author, conversation = (bytes.fromhex(case[name]) for name in ("secret", "author", "conversation"))
        key = Ed25519PrivateKey.from_private_bytes(derive(secret, b"p2pgrpc/room/admission/v1"))
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        check("room: conversation", public, conversation)
        admission = key.sign(b"p2pgrpc/room/admission/v1" + conversation + author)
        check("room: admission", admission.hex(), case["admission"])
        said = b"".join(bytes.fromhex(case[name]) for name in ("prover", "verifier", "dialler_nonce", "served_nonce"))
        proof = hmac.digest(derive(secret, b"p2pgrpc/room/proof/v1"), b"p2pgrpc/room/proof/v1" + said, "sha256")
        check("room: proof", proof.hex(), case["proof"])
        verify_ticket(read_ticket(case["ticket"], "room-"), secret, case, case["author"])


def verify_address_records(vectors):
    for case in vectors["address_records"]:
        peer = bytes.fromhex(case["peer"])
        said = b"p2pgrpc/addresses/v1" + bytes.fromhex(case["conversation"]) + peer
        said += struct.pack(">QB", int(case["sequence"]), len(case["addresses"]))
        for address in case["addresses"]:
            said += struct.pack(">H", len(address)) + address.encode("ascii")
        verify_signature(peer, bytes.fromhex(case["signature"]), said, "address record")
        check("address record: sequence", 0 < int(case["sequence"]) < 2**53, True)


def main():
    default = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "vectors.json"
    vectors = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    verify_peers(vectors)
    verify_names(vectors)
    verify_messages(vectors)
    verify_chain(vectors)
    verify_rooms(vectors)
    verify_invites(vectors)
    verify_announcements(vectors)
    verify_address_records(vectors)
    print(f"{checks} values recomputed, all equal")


if __name__ == "__main__":
    main()
