#!/usr/bin/python3
"""Verifies a node's database without any code of this project (K2): written from docs/PROTOCOL.md, and from "What the database holds" in docs/operations.md.

usage: verify_database.py DATABASE [--same-as OTHER]

Works on a copy of the file and its -wal that it makes itself; the node must not run. Prints a line for each fault and exits 1, or prints what was
verified and exits 0. With --same-as the logs that both databases hold are compared too: one must be a prefix of the other, byte for byte.
"""

import argparse
import hashlib
import os
import shutil
import sqlite3
import struct
import sys
import tempfile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SCHEMA = 4
BODY_LIMIT = 196608
ENTRY_LIMIT = 4096
OPENING_LIMIT = 256
SEQUENCE_LIMIT = 1 << 53
HEADERS_FIELD = 4
TRACE_HEADERS = (b"traceparent", b"tracestate")

faults = []


def fault(what):
    faults.append(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unsigned(value):
    """64-bit ids are stored as signed integers."""
    return value & 0xFFFFFFFFFFFFFFFF


def erased_mark(header):
    """The number that stands in the place of an erased body."""
    return struct.unpack(">q", sha256(b"p2pgrpc/erased/v1", header.hash())[:8])[0]


class Malformed(Exception):
    """Bytes that are no Protobuf message."""


def fields(data):
    """The fields of an encoded Protobuf message, as (number, value); bytes for length-delimited ones."""
    return [(number, value) for number, value, _ in places(data)]


def places(data):
    """The same with the place behind each field."""
    found, at = [], 0

    def varint():
        nonlocal at
        value = 0
        for shift in range(0, 70, 7):
            if at >= len(data):
                raise Malformed
            value |= (data[at] & 0x7F) << shift
            at += 1
            if data[at - 1] < 0x80:
                return value
        raise Malformed

    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            value = varint()
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            value = int.from_bytes(data[at:at + length], "little")
            at += length
        elif kind == 2:
            length = varint()
            value = data[at:at + length]
            at += length
        else:
            raise Malformed
        if at > len(data):
            raise Malformed
        found.append((tag >> 3, value, at))
    return found


class Header:
    """A segment's header, read from its encoding, and its hash, computed from its fields."""

    def __init__(self, encoded):
        found = dict(fields(encoded))
        key = dict(fields(found.get(1, b"")))
        self.conversation, self.author, self.epoch = key.get(1, b""), key.get(2, b""), key.get(3, 0)
        self.previous = found.get(2, b"")
        self.first, self.count = found.get(3, 0), found.get(4, 0)
        self.cipher, self.key_id = found.get(5, 0), found.get(6, 0)
        self.body_length, self.body_hash = found.get(7, 0), found.get(8, b"")
        self.opening, self.signature = found.get(9, b""), found.get(10, b"")
        self.log_id = sha256(b"p2pgrpc/log/v1", self.conversation, self.author, struct.pack(">Q", self.epoch))

    @property
    def last(self):
        return self.first + self.count - 1

    def hash(self):
        return sha256(
            b"p2pgrpc/segment/v1", self.log_id, self.previous,
            struct.pack(">QIBII", self.first, self.count, self.cipher, self.key_id, self.body_length),
            self.body_hash, sha256(self.opening))

    def find_fault(self):
        """What is wrong with the header alone; None if it is valid."""
        sizes = [(self.conversation, 32), (self.author, 32), (self.previous, 32), (self.body_hash, 32), (self.signature, 64)]
        if any(len(value) != size for value, size in sizes):
            return "a field of the header has a wrong size"
        if not (1 <= self.count <= ENTRY_LIMIT and self.body_length <= BODY_LIMIT and len(self.opening) <= OPENING_LIMIT
                and self.first >= 1 and self.last < SEQUENCE_LIMIT and self.cipher <= 255 and self.key_id <= 0xFFFFFFFF):
            return "a field of the header is beyond its limit"
        if self.first == 1 and self.previous != self.log_id:
            return "the first segment does not begin at the LogId"
        if self.first != 1 and self.opening:
            return "there is an opening in a segment that is not the first"
        try:
            Ed25519PublicKey.from_public_bytes(self.author).verify(self.signature, self.hash())
        except (InvalidSignature, ValueError):
            return "the signature does not hold"
        return None


def read_header(encoded, where):
    try:
        return Header(encoded)
    except Malformed:
        fault(f"{where}: the header is no message")
        return None


class Log:
    """A log as the database holds it: a row of the table log, and its segments in order."""

    def __init__(self, row):
        self.row, self.log_id, self.conversation, self.author, self.epoch, self.frozen = row
        self.epoch = unsigned(self.epoch)
        self.segments = []  # (Header, hash, body, or None where it was erased)
        self.admitted = False

    @property
    def name(self):
        return f"log {self.log_id.hex()[:16]}"

    @property
    def last(self):
        return self.segments[-1][0].last if self.segments else 0


class Database:
    """A copy of a database, open for reading."""

    def __init__(self, path, folder):
        if not os.path.exists(path):
            sys.exit(f"{path}: there is no such file")
        copy = os.path.join(folder, f"{len(os.listdir(folder))}.db")
        for end in ("", "-wal"):
            if os.path.exists(path + end):
                shutil.copyfile(path + end, copy + end)
        self.connection = sqlite3.connect(copy)
        self.logs, self.places, self.erased = {}, [], set()
        try:
            self.read()
        except sqlite3.DatabaseError as error:
            fault(f"the database can't be read: {error}")

    def rows(self, sql):
        return self.connection.execute(sql)

    def read(self):
        (version,) = self.rows("PRAGMA user_version").fetchone()
        if version != SCHEMA:
            sys.exit(f"the schema's version is {version}; this program knows {SCHEMA}")
        for (line,) in self.rows("PRAGMA integrity_check(10)"):
            if line != "ok":
                fault(f"the database's own check: {line}")
        for row in self.rows("SELECT id, log_id, conversation, author, epoch, frozen FROM log"):
            self.logs[row[0]] = Log(row)
        self.verify_logs()
        for row in self.rows("SELECT position, log, first_sequence, count, hash, header, body FROM segment ORDER BY log, first_sequence"):
            self.verify_segment(*row)
        self.verify_positions()
        self.verify_conversations()
        self.verify_forks()
        self.verify_message_ids()
        self.verify_cursors()
        self.verify_erased()

    def verify_logs(self):
        for log in self.logs.values():
            if log.log_id != sha256(b"p2pgrpc/log/v1", log.conversation, log.author, struct.pack(">Q", log.epoch)):
                fault(f"{log.name}: the LogId is not that of its conversation, author and epoch")

    def verify_segment(self, position, row, first, count, stored_hash, encoded, body):
        log = self.logs.get(row)
        if log is None:
            fault(f"position {position}: the segment is of no log")
            return
        where = f"{log.name}, segment at {first}"
        header = read_header(encoded, where)
        if header is None:
            return
        wrong = header.find_fault()
        if wrong:
            fault(f"{where}: {wrong}")
        if (first, count, stored_hash) != (header.first, header.count, header.hash()):
            fault(f"{where}: sequence, count or hash are not those of the header")
        if header.log_id != log.log_id:
            fault(f"{where}: the header is of another log")
        if header.first != log.last + 1:
            fault(f"{where}: a segment that begins at {log.last + 1} is missing, or two overlap")
        previous = log.segments[-1][1] if log.segments else log.log_id
        if header.previous != previous:
            fault(f"{where}: it does not follow the segment before")
        if isinstance(body, int):
            if body != erased_mark(header):
                fault(f"{where}: the mark of an erased body is not that of this segment")
            self.erased.add(position)
            body = None
        elif len(body) != header.body_length or sha256(body) != header.body_hash:
            fault(f"{where}: the body is not the one that was signed")
        self.verify_opening(log, header, where)
        log.segments.append((header, header.hash(), body))
        self.places.append((position, header.count, header.hash()))

    @staticmethod
    def verify_opening(log, header, where):
        try:
            found = dict(fields(header.opening))
            head = dict(fields(found[2])) if 2 in found else None
        except Malformed:
            return  # Openings that don't parse are let pass.
        log.admitted |= 3 in found
        if head is not None and found.get(1, 0) == header.epoch:
            fault(f"{where}: the opening names the log's own epoch as the one before")

    def verify_positions(self):
        """The feed numbers all entries in order of arrival, from 1 and without a gap."""
        expected = 1
        for position, count, _ in sorted(self.places):
            if position != expected:
                fault(f"position {position}: {expected} was expected, there is a gap or an overlap in the feed")
            expected = position + count

    def verify_conversations(self):
        by_conversation = {}
        for log in self.logs.values():
            by_conversation.setdefault(log.conversation, []).append(log)
        for conversation, logs in by_conversation.items():
            authors = sorted({log.author for log in logs})
            if any(log.admitted for log in logs) or len(authors) < 2:
                continue
            if len(authors) > 2 or conversation != sha256(b"p2pgrpc/direct/v1", *authors):
                fault(f"conversation {conversation.hex()[:16]}: it is not the direct one of the authors that write in it")

    def verify_forks(self):
        proved = set()
        for row, first, second in self.rows("SELECT log, first, second FROM fork_proof"):
            proved.add(row)
            log = self.logs.get(row)
            where = f"fork proof of {log.name if log else f'row {row}'}"
            one, other = read_header(first, where), read_header(second, where)
            if log is None or one is None or other is None:
                fault(f"{where}: its log or its headers are missing")
            elif one.find_fault() or other.find_fault() or not one.log_id == other.log_id == log.log_id:
                fault(f"{where}: a header does not hold, or is of another log")
            elif one.hash() == other.hash() or one.first > other.last or other.first > one.last:
                fault(f"{where}: the two headers can stand in one chain")
        for log in self.logs.values():
            if bool(log.frozen) != (log.row in proved):
                fault(f"{log.name}: frozen is {log.frozen}, but {'a' if log.row in proved else 'no'} proof is kept")

    def verify_message_ids(self):
        for name, conversation, content_hash, row, sequence in self.rows(
                "SELECT message_id, conversation, content_hash, log, sequence FROM message_id"):
            log = self.logs.get(row)
            where = f"message_id {name!r}"
            if log is None or log.conversation != conversation or not 1 <= sequence <= log.last:
                fault(f"{where}: it names no message that is there")
            elif find_content_hash(log, sequence) not in (None, content_hash):
                fault(f"{where}: the message that it names is another")

    def verify_erased(self):
        """What is noted as spared is held, and lies where its conversation was erased."""
        through = dict(self.rows("SELECT conversation, through FROM erased"))
        owners = dict(self.rows("SELECT position, conversation FROM segment JOIN log ON log.id = segment.log"))
        spared = {position for (position,) in self.rows("SELECT position FROM spared")}
        for position in spared:
            if position not in owners or position in self.erased or position > through.get(owners[position], 0):
                fault(f"position {position}: it is noted as spared and is not")
        for position, conversation in owners.items():
            if position <= through.get(conversation, 0) and position not in self.erased | spared:
                fault(f"position {position}: it should have been erased, and is held")

    def verify_cursors(self):
        by_id = {log.log_id: log for log in self.logs.values()}
        for log_id, sequence in self.rows("SELECT log_id, sequence FROM peer_cursor"):
            log = by_id.get(log_id)
            if log is None or not (sequence == 0 or any(header.last == sequence for header, _, _ in log.segments)):
                fault(f"peer cursor {log_id.hex()[:16]}/{sequence}: no segment ends there")
        places = sorted(self.places)
        for name, position, check in self.rows("SELECT name, position, check_value FROM consumer"):
            held = [segment_hash for begin, count, segment_hash in places if begin <= position < begin + count]
            if position > 0 and (not held or unsigned(check) != struct.unpack(">Q", held[0][:8])[0]):
                fault(f"consumer {name!r}: its cursor {position} is not of this feed")


def without_trace(content):
    """An encoded content without the headers of its trace: a repetition is the same message, whatever trace it is a part of."""
    kept, at = b"", 0
    for number, value, end in places(content):
        if not (number == HEADERS_FIELD and dict(fields(value)).get(1) in TRACE_HEADERS):
            kept += content[at:end]
        at = end
    return kept


def find_content_hash(log, sequence):
    """The hash of one entry's encoded content, as it is compared; None where the body can't tell."""
    for header, _, body in log.segments:
        if header.first <= sequence <= header.last:
            if body is None:
                return None  # It was erased.
            try:
                entries = [value for number, value in fields(body) if number == 1]
                return sha256(without_trace(dict(fields(entries[sequence - header.first]))[2]))
            except (Malformed, IndexError, KeyError):
                return None
    return None


def compare(one, other):
    """Both must have signed headers and bodies alike as far as the shorter one goes."""
    others = {log.log_id: log for log in other.logs.values()}
    shared = 0
    for log in one.logs.values():
        there = others.get(log.log_id)
        if there is None:
            continue
        shared += 1
        for (header, found, body), (other_header, other_found, other_body) in zip(log.segments, there.segments):
            bodies_differ = body is not None and other_body is not None and body != other_body
            if (found, header.signature) != (other_found, other_header.signature) or bodies_differ:
                fault(f"{log.name}, segment at {header.first}: the two databases differ")
                break
    return shared


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("--same-as", metavar="OTHER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(options.database, folder)
        summary = f"{len(database.logs)} logs, {len(database.places)} segments, {sum(count for _, count, _ in database.places)} entries verified"
        if options.same_as:
            # The other one is read for comparison; its own faults are found when it is verified itself.
            known = len(faults)
            other = Database(options.same_as, folder)
            del faults[known:]
            summary += f", {compare(database, other)} logs compared"
    for line in faults:
        print(line)
    if faults:
        sys.exit(1)
    print(summary)


if __name__ == "__main__":
    main()
