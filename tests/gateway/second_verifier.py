"""A second verifier, written from docs/wire/*.md alone: it shares no line with the product.

It only decides: proved or not, up to which record, and the litres of each irrigation. Where
it and `karez verify` disagree, one of them has misread the documents.
"""

import base64
import hashlib
import json
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from . import second_sl651

UNKNOWN_W = 2**48 - 1
MEASURING = (1, 2, 3, 4, 5, 6)
# docs/wire/record.md: reserved bytes of each kind, within the 112 content bytes.
RESERVED = {
    1: [(80, 84), (104, 112)],
    2: [(80, 84)],
    3: [(80, 84)],
    4: [(80, 84)],
    5: [(80, 84), (101, 112)],
    6: [(80, 84), (104, 112)],
    7: [(44, 112)],
    8: [(62, 112)],
    9: [(62, 112)],
    10: [(62, 112)],
    11: [(62, 112)],
    12: [],
    13: [(92, 112)],
    14: [(62, 112)],
}


class Refused(Exception):
    """The evidence does not hold."""


def need(condition, why):
    if not condition:
        raise Refused(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def is_signed(key, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def text(raw):
    cut = raw.rstrip(b"\0")
    need(b"\0" not in cut, "text with a hole")
    try:
        return cut.decode()
    except UnicodeDecodeError:
        raise Refused("text is not UTF-8") from None


def sections(data):
    need(data[:4] == b"KZB1" and len(data) >= 36, "not a bundle")
    need(sha256(data[:-32]) == data[-32:], "digest")
    at, found = 4, []
    while at < len(data) - 32:
        need(len(data) - 32 - at >= 5, "section cut off")
        tag, size = struct.unpack_from("<BI", data, at)
        need(at + 5 + size <= len(data) - 32, "section too long")
        found.append((tag, data[at + 5 : at + 5 + size]))
        at += 5 + size
    tags = [tag for tag, _ in found]
    need(tags == sorted(tags) and set(tags) <= {1, 2, 3, 4}, "sections out of place")
    need(tags.count(1) == 1 and tags.count(3) == 1 and tags.count(4) <= 1, "sections missing or repeated")
    return found


class Binding:
    def __init__(self, data, provisioner):
        body, signature = data[:-64], data[-64:]
        need(is_signed(provisioner, signature, b"KZ binding 1\n" + body), "binding signature")
        need(len(body) >= 148 and body[0] == 2 and body[1] <= 3 and body[2] <= 1, "binding values")
        need(1 <= body[3] <= 8 and len(body) == 148 + 58 * body[3], "binding segments")
        self.controller, self.site = text(body[8:24]), text(body[24:40])
        text(body[40:56])
        self.key, self.regulator = body[56:88], body[88:120]
        self.digest = sha256(data)
        self.quantities = [body[at] for at in range(148, len(body), 58)]
        for at in range(148, len(body), 58):
            need(body[at] <= 1 and 1 <= body[at + 1] <= 4 and (body[at] == 0 or body[at + 1] == 1), "method")
            need(any(body[at + 54 : at + 58]) and body[at + 4 : at + 6] != b"\xff\xff", "multiplier")
        name = sha256(b"KZ controller 1\n", self.key)[:8].hex()
        need(name == self.controller, "controller name does not follow from its key")


class Grant:
    def __init__(self, data, bound):
        body, signature = data[:-64], data[-64:]
        need(len(data) <= 500 and len(body) >= 106, "grant size")
        self.digest, self.length = sha256(data), len(data)
        need(is_signed(bound.regulator, signature, b"KZ grant 1\n" + body), "grant signature")
        version, flags, policy, rows, self.seq = struct.unpack_from("<BBBBI", body)
        need((version, flags <= 1, policy <= 2, 1 <= rows <= 16) == (1, True, True, True), "grant values")
        need(len(body) == 106 + 18 * rows, "grant rows")
        need(text(body[8:24]) == bound.site, "grant of another site")
        self.rows = []
        for at in range(106, len(body), 18):
            quantity, start, end = struct.unpack_from("<BII", body, at)
            ceiling = int.from_bytes(body[at + 9 : at + 14], "little")
            need(quantity <= 1 and start < end, "grant row")
            self.rows.append((quantity, start, end, ceiling, *struct.unpack_from("<HH", body, at + 14)))

    def limit(self, start, end, is_time_trusted):
        limits = [
            row[3] + 100 * max(row[4:6])
            for row in self.rows
            if row[0] == 0 and (not is_time_trusted or (row[1] <= end and start < row[2]))
        ]
        return max(limits, default=-1)


class Record:
    def __init__(self, slot):
        self.slot, self.content = slot, slot[:112]
        (
            self.version, self.kind, self.cause, self.time_state,
            self.seq, self.utc_s, self.boot, self.uptime_s, self.grant_seq,
        ) = struct.unpack_from("<BBBBIIIII", slot)  # fmt: skip
        self.is_chained = False

    def volume(self):
        value = int.from_bytes(self.slot[48:54], "little")
        return None if self.kind not in MEASURING or value == UNKNOWN_W else value

    def ceiling(self):
        value = int.from_bytes(self.slot[102:108], "little")
        return None if value == UNKNOWN_W else value

    def check_shape(self, number):
        need(self.version == 1 and self.kind in RESERVED, "record of another version")
        for start, end in RESERVED[self.kind]:
            need(not any(self.slot[start:end]), "reserved bytes")
        if self.kind in (5, 12):
            at = 84 if self.kind == 5 else 108
            need(struct.unpack_from("<I", self.slot, at)[0] == number, "record of another chain")


class Chain:
    """h of every record, and what the controller's signatures cover."""

    def __init__(self, number, before, slots, bound):
        self.records = [Record(slot) for slot in slots]
        self.bound, self.number = bound, number
        by_seq = {}
        for one in self.records:
            by_seq.setdefault(one.seq, one)
        self.signatures = {}
        for one in self.records:
            if one.kind == 13 and one.version == 1:
                named = by_seq.get(struct.unpack_from("<I", one.slot, 24)[0])
                if named is not None and named.kind == 12:
                    message = b"KZ checkpoint 1\n" + bound.controller.encode() + b"\n" + named.content
                    self.signatures[one.seq] = (named, is_signed(bound.key, one.slot[28:92], message))
        self.anchors = {}
        for named, holds in self.signatures.values():
            covered, h, in_chain = self.statement(named)
            if holds and in_chain:
                self.anchors[covered] = h
        self.walk(before)

    def statement(self, one):
        covered, h = struct.unpack_from("<I32s", one.slot, 24)
        return covered, h, struct.unpack_from("<I", one.slot, 108)[0] == self.number

    def walk(self, before):
        """Follow the chain; after missing records go on from the next h that was signed."""
        self.h, self.run_of, self.gaps = {}, {}, []
        h, run, expected = before, 0, self.records[0].seq
        if self.records[0].seq > 1 and before == self.genesis:
            first = sha256(b"KZ1", h, self.records[0].content)[:16]
            expected = self.records[0].seq if first == self.records[0].slot[112:] else 1
        self.h[expected - 1], self.run_of[expected - 1] = h, run
        for one in self.records:
            if one.seq > expected:
                self.gaps.append((expected, one.seq - 1))
                h = None
            need(one.seq >= expected, "record repeated or out of order")
            if h is None and one.seq - 1 in self.anchors:
                run += 1
                h = self.anchors[one.seq - 1]
                self.h[one.seq - 1], self.run_of[one.seq - 1] = h, run
            if h is not None:
                h = sha256(b"KZ1", h, one.content)
                need(h[:16] == one.slot[112:], "record does not follow")
                self.h[one.seq], self.run_of[one.seq], one.is_chained = h, run, True
                one.check_shape(self.number)
            elif one.seq in self.anchors:
                need(self.anchors[one.seq][:16] == one.slot[112:], "record is not the signed one")
            expected = one.seq + 1

    genesis = None

    def check(self):
        losses = sorted(
            struct.unpack_from("<II", one.slot, 24)
            for one in self.records
            if one.is_chained and one.kind == 7
        )
        for first, last in self.gaps:
            missing = first  # the first one that no loss record names
            for low, high in losses:
                missing = high + 1 if low <= missing <= high else missing
            need(missing > last, "records are missing")
        seqs = {one.seq for one in self.records}
        start = self.records[0].seq
        signed = [named for named, holds in self.signatures.values() if holds]
        for one in self.records:
            if one.kind == 12 and (one.is_chained or one in signed):
                covered, h, in_chain = self.statement(one)
                need(in_chain and covered < one.seq, "statement out of place")
                need(self.h.get(covered, h) == h, "statement of another head")
            if not one.is_chained:
                continue
            if one.kind == 13:
                named = struct.unpack_from("<I", one.slot, 24)[0]
                need(
                    one.seq in self.signatures or named < start or (named not in seqs and named < one.seq),
                    "signature of no statement",
                )
                need(self.signatures.get(one.seq, (None, True))[1], "controller's signature")
        self.reach()

    def reach(self):
        signed_to = {}
        for named, holds in self.signatures.values():
            covered, h, in_chain = self.statement(named)
            if not holds or not in_chain or self.h.get(covered) != h:
                continue
            run = self.run_of[covered]
            is_next = named.seq == covered + 1 and self.run_of.get(named.seq) == run
            signed_to[run] = max(signed_to.get(run, 0), named.seq if is_next else covered)
        self.signed = {
            one.seq
            for one in self.records
            if one.is_chained and one.seq <= signed_to.get(self.run_of[one.seq], -1)
        }
        need(self.signed, "nothing is signed")


def check_books(chain, grants):
    """W never falls, grants stand behind the ceilings; return (start, stop, litres)."""
    irrigations, start, before, grant_seq, last = [], None, None, 0, None
    by_seq = {one.seq: one for one in grants}
    for one in chain.records:
        if not one.is_chained:
            continue
        if last is not None and one.seq != last + 1:
            start = None
        last = one.seq
        need(one.grant_seq >= grant_seq, "an older grant in force")
        grant_seq = one.grant_seq
        volume = one.volume()
        if volume is not None:
            need(before is None or volume >= before, "the well register fell")
            before = volume
        if one.kind == 6:
            earlier = int.from_bytes(one.slot[92:98], "little")
            need(UNKNOWN_W in (volume, earlier) or volume is None or earlier <= volume, "fell over a gap")
        if one.kind == 10:
            seq, digest, length = struct.unpack_from("<I32sH", one.slot, 24)
            named = by_seq.get(seq)
            need(named is not None and (named.digest, named.length) == (digest, length), "grant not here")
        if one.kind in (2, 3) and one.ceiling() is not None and one.grant_seq in by_seq:
            since = start.utc_s if one.kind == 3 and start else one.utc_s
            limit = by_seq[one.grant_seq].limit(min(since, one.utc_s), one.utc_s, one.time_state == 2)
            need(one.ceiling() <= limit, "ceiling above the grant's")
        if one.kind == 3:
            is_known = start is not None and start.volume() is not None and volume is not None
            litres = volume - start.volume() if is_known else None
            irrigations.append((start.seq if start else None, one.seq, litres))
        start = {2: one, 3: None}.get(one.kind, start)
    return irrigations


class Segments:
    """Which segment counts, and the litres of each method (docs/wire/record.md, bundle.md 7)."""

    def __init__(self, bound):
        self.listed = {(number, quantity) for number, quantity in enumerate(bound.quantities, 1)}
        self.water = max((number for number, quantity in self.listed if quantity == 0), default=None)
        self.energy = max((number for number, quantity in self.listed if quantity == 1), default=None)
        self.top = len(bound.quantities)
        self.unexplained = set()  # named by a record before an event told of them
        self.before, self.litres = None, {}

    def take(self, one):
        slot, has_begun = one.slot, False
        if one.kind == 4 and one.cause in (134, 135):
            quantity, _, _, number = struct.unpack_from("<BBBH", slot, 88)
            if quantity <= 1 and number != 65535:
                has_begun = self.event(one, quantity, number)
        number = struct.unpack_from("<H", slot, 24)[0]
        if number not in (0, 65535) and not has_begun and number != self.water:
            need(self.water is None or number > self.water, "an older segment in force")
            self.listed.add((number, 0))
            self.unexplained.add(number)
            self.water, self.top = number, max(self.top, number)
        if one.volume() is not None:
            if self.before is not None and one.volume() > self.before:
                self.book(one, self.before, one.volume())
            self.before = one.volume()

    def event(self, one, quantity, number):
        """True if a segment begins here."""
        if one.cause == 135 and (number, quantity) in self.listed:
            return False
        is_late = quantity == 0 and number == self.water and number in self.unexplained
        need(is_late or number > self.top or number == 65534, "a segment number that is used")
        self.unexplained.discard(number)
        base = int.from_bytes(one.slot[105:111], "little")
        value = int.from_bytes(one.slot[48:54] if quantity == 0 else one.slot[58:64], "little")
        need(UNKNOWN_W in (base, value) or value >= base, "a register below its segment's base")
        self.listed.add((number, quantity))
        self.top = max(self.top, number)
        if quantity == 0:
            self.water = number
        return True

    def book(self, one, before, after):
        method = one.slot[26] if 1 <= one.slot[26] <= 4 else 0
        held = 0
        if one.kind == 4 and one.cause == 134 and one.slot[88] == 0 and one.slot[90] != 4:
            base = int.from_bytes(one.slot[105:111], "little")
            held = max(0, min(after, after if base == UNKNOWN_W else base) - before)
        if held:
            is_converted = one.slot[58:64] != b"\xff" * 6 and (method == 1 or one.slot[90] == 5)
            name = 2 if is_converted else 4
            self.litres[name] = self.litres.get(name, 0) + held
        if after - before > held:
            self.litres[method] = self.litres.get(method, 0) + after - before - held


def check_segments(chain):
    """Litres by method of the chained records."""
    segments = Segments(chain.bound)
    for one in chain.records:
        if not one.is_chained:
            continue
        if one.kind in MEASURING:
            segments.take(one)
        elif one.kind == 9 and one.slot[28:60] != chain.bound.digest:
            segments.water, segments.top = None, 0  # another binding lists other segments
    return segments.litres


def check_orders(chain, orders):
    """A record says of an order what the order of that digest says of itself."""
    by_digest = {sha256(data): data for data in orders}
    for one in chain.records:
        if one.is_chained and one.kind == 11 and one.slot[28:60] in by_digest:
            data = by_digest[one.slot[28:60]]
            need(len(data) == 132 and data[0] == 1, "order")
            seq, length = struct.unpack_from("<I", one.slot, 24)[0], struct.unpack_from("<H", one.slot, 60)[0]
            need(
                (struct.unpack_from("<I", data, 12)[0], len(data)) == (seq, length), "order of another number"
            )


def open_note(data, logs, witnesses=(), quorum=0):
    """(size, root) of a checkpoint signed by a trusted log, and cosigned by enough trusted witnesses.

    C2SP tlog-cosignature: the signature of a key of type 4 is a big-endian second and Ed25519 over
    "cosignature/v1", that second and the text.
    """
    body, _, lines = data.rpartition(b"\n\n")
    body += b"\n"
    origin, size, root = body.decode().split("\n")[:3]
    is_ours, cosigned = False, []
    for line in lines.decode().split("\n")[:-1]:
        dash, name, encoded = line.split(" ")
        need(dash == "—", "signature line")
        raw = base64.b64decode(encoded, validate=True)
        need(base64.b64encode(raw).decode() == encoded, "base64 with two readings")
        for log in logs:
            trusted, _, key = log.split("+", 2)
            key = base64.b64decode(key)
            known = hashlib.sha256(trusted.encode() + b"\n" + key).digest()[:4]
            if (trusted, known, trusted) == (name, raw[:4], origin):
                need(key[0] == 1 and is_signed(key[1:], raw[4:], body) and not is_ours, "log signature")
                is_ours = True
        for witness in witnesses:
            trusted, _, key = witness.split("+", 2)
            key = base64.b64decode(key)
            if (trusted, sha256(trusted.encode() + b"\n" + key)[:4]) == (name, raw[:4]):
                (second,) = struct.unpack_from(">Q", raw, 4)
                stamped = f"cosignature/v1\ntime {second}\n".encode() + body
                need(is_signed(key[1:], raw[12:], stamped) and second < 2**63, "cosignature")
                need(witness not in cosigned, "cosigned twice")
                cosigned.append(witness)
    need(is_ours, "no trusted log signed the checkpoint")
    need(len(cosigned) >= quorum, "too few witnesses")
    return int(size), base64.b64decode(root, validate=True)


def check_inclusion(index, size, entry, hashes, root):
    """RFC 9162, 2.1.3.2."""
    need(index < size, "entry outside the log")
    node, last, value = index, size - 1, sha256(b"\0", entry)
    for sibling in hashes:
        need(last > 0, "proof too long")
        if node % 2 or node == last:
            value = sha256(b"\1", sibling, value)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            value = sha256(b"\1", value, sibling)
        node, last = node // 2, last // 2
    need(last == 0 and value == root, "entry is not in the log")


def bcd(raw):
    digits = raw[::-1].hex()
    need(digits.isdigit(), "not decimal")
    return int(digits)


def crc8(data):
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0xE5) & 0xFF if value & 0x80 else value << 1
    return value


def frame(data):
    """(control, address, function, body) of an SZY 206 frame."""
    need(len(data) >= 12 and data[0] == data[2] == 0x68 and data[-1] == 0x16, "no frame")
    need(data[1] == len(data) - 5 and crc8(data[3:-2]) == data[-2] and not data[3] & 0x40, "frame damaged")
    return data[3], data[4:9], data[9], data[10:-2]


def check_upload(data, chain):
    controller, number, seq = text(data[20:36]), *struct.unpack_from("<II", data, 36)
    request_size, confirm_size = struct.unpack_from("<HH", data, 48)
    need(len(data) == 52 + request_size + confirm_size, "upload entry")
    if (controller, number) != (chain.bound.controller, chain.number):
        return
    request, confirm = data[52 : 52 + request_size], data[52 + request_size :]
    if request[:1] == b"{":
        check_document(request, confirm, (controller, number, seq), chain)
        return
    if request[:1] in (b"\x01", b"\x7e"):
        check_station_report(second_sl651.volumes(request, confirm), seq, chain)
        return
    if request[:1] != b"\x68":
        return  # a protocol of a later version
    control, address, function, body = frame(request)
    answer = frame(confirm)
    need(answer[1:3] == (address, function) and not answer[0] & 0x80, "answer of another report")
    need(answer[0] & 0x30 == control & 0x30, "answer with another counter")
    need((control & 0x8F, function) == (0x83, 0xC0), "not a report of volume")
    tag = 5 if (len(body) - 9) % 10 == 0 else 7
    need(len(body) - 4 - tag >= 10 and (len(body) - 4 - tag) % 10 == 0, "channels")
    for one in chain.records:
        if one.seq == seq and one.is_chained:
            need(
                one.volume() is not None and bcd(body[5:10]) == one.volume() // 1000,
                "another volume was sent",
            )


def check_station_report(told, seq, chain):
    """docs/wire/sl651.md: the total is the well register to the litre, where it has an identifier at all."""
    for one in chain.records:
        if one.seq == seq and one.is_chained:
            need(all(litres == one.volume() for litres in told), "another volume was sent")


def check_document(request, confirm, about, chain):
    """docs/wire/upload-json.md: the document is about the record, and the answer about the document."""
    try:
        document = json.loads(request)
        answer = None if confirm[:2] == b"\x40\x02" and len(confirm) == 4 else json.loads(confirm)
        named = document["controller"], document["evidence"]["chain"], document["evidence"]["seq"]
        told = document["volume_l"]
        is_yes = answer is None or (
            answer["accepted"] is True and answer["sha256"].lower() == sha256(request).hex()
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("no document or no answer") from None
    need(named == about, "a document about another record")
    need(is_yes, "answer to another document")
    for one in chain.records:
        if one.seq == about[2] and one.is_chained:
            need(told == one.volume(), "another volume was sent")


def check_origin(index, entry):
    """docs/wire/entry.md, Origin: a log says at its beginning which one it follows."""
    need(index == 0 and len(entry) >= 16, "origin entry")
    (length,) = struct.unpack_from("<H", entry, 2)
    need(length < 0xFFFF and entry[8:14] != b"\xff" * 6 and entry[14:16] == b"\0\0", "origin values")
    need(16 + length <= len(entry), "origin cut off")
    entry[16 + length :].decode()
    if length:
        body, blank, lines = entry[16 : 16 + length].decode().rpartition("\n\n")
        need(blank and lines.endswith("\n") and all(body.split("\n")), "former note")
        need(
            str(int(body.split("\n")[1])) == body.split("\n")[1] and int(body.split("\n")[1]) >= 0,
            "former size",
        )
        need(len(base64.b64decode(body.split("\n")[2], validate=True)) == 32, "former root")


def check_revocation(entry, chain):
    """docs/wire/entry.md, Revocation: nothing that came later is believed."""
    need(len(entry) >= 32, "revocation entry")
    length, when = struct.unpack_from("<HI", entry, 2)
    need(length < 0xFFFF and when < 0xFFFFFFFF and 32 + length <= len(entry), "revocation values")
    entry[32 : 32 + length].decode(), entry[32 + length :].decode()
    number, last = struct.unpack_from("<II", entry, 24)
    if text(entry[8:24]) == chain.bound.controller and chain.number >= number % 0xFFFFFFFF:
        last = last % 0xFFFFFFFF if chain.number == number else 0
        need(all(one.seq <= last for one in chain.records), "revoked before")


def check_log(payload, chain, *trusted):
    size = struct.unpack_from("<H", payload)[0]
    need(size and len(payload) >= 2 + size, "note cut off")
    tree, root = open_note(payload[2 : 2 + size], *trusted)
    at, seen, orders = 2 + size, set(), []
    while at < len(payload):
        index, length = struct.unpack_from("<QH", payload, at)
        entry = payload[at + 10 : at + 10 + length]
        at += 10 + length
        count = payload[at]
        hashes = [payload[at + 1 + 32 * i : at + 33 + 32 * i] for i in range(count)]
        at += 1 + 32 * count
        need(at <= len(payload) and all(len(one) == 32 for one in hashes), "proof cut off")
        need(index not in seen, "entry repeated")
        seen.add(index)
        check_inclusion(index, tree, entry, hashes, root)
        need(len(entry) >= 2 and entry[0] == 1 and entry[1] in (1, 2, 3, 4, 5), "log entry")
        if entry[1] == 1:
            need(len(entry) == 156, "record entry")
            mine = (text(entry[4:20]), struct.unpack_from("<I", entry, 20)[0]) == (
                chain.bound.controller,
                chain.number,
            )
            for one in chain.records:
                if mine and one.is_chained and one.seq == struct.unpack_from("<I", entry, 32)[0]:
                    need(one.slot == entry[28:], "fork")
        elif entry[1] == 3:
            check_upload(entry, chain)
        elif entry[1] == 4:
            check_origin(index, entry)
        elif entry[1] == 5:
            check_revocation(entry, chain)
        elif entry[2] == 11:
            orders.append(entry[8:])
    return orders


def verify(data, provisioner, regulators, logs, witnesses=(), quorum=0):
    """Return (None, signed seqs, irrigations, litres by method) of a bundle that proves something.

    Of any other: why, and three times None.
    """
    try:
        parts = sections(data)
        bound_data = next(payload for tag, payload in parts if tag == 1)
        bound = Binding(bound_data, provisioner)
        need(bound.regulator in regulators, "regulator not trusted")
        records = next(payload for tag, payload in parts if tag == 3)
        need(len(records) > 36 and (len(records) - 36) % 128 == 0, "records section")
        number, before = struct.unpack_from("<I32s", records)
        Chain.genesis = sha256(b"KZ0", struct.pack("<I", number), bound_data)
        first = struct.unpack_from("<I", records, 40)[0]
        need(first != 1 or before == Chain.genesis, "the chain does not begin at this binding")
        slots = [records[at : at + 128] for at in range(36, len(records), 128)]
        chain = Chain(number, before, slots, bound)
        chain.check()
        grants = [Grant(payload, bound) for tag, payload in parts if tag == 2]
        seqs = [one.seq for one in grants]
        need(seqs == sorted(set(seqs)), "grants out of order")
        irrigations = check_books(chain, grants)
        litres = check_segments(chain)
        need(not quorum or parts[-1][0] == 4, "no log that witnesses could have cosigned")
        for tag, payload in parts:
            if tag == 4:
                check_orders(chain, check_log(payload, chain, logs, witnesses, quorum))
    except (Refused, ValueError, struct.error, IndexError) as error:
        return str(error) or type(error).__name__, None, None, None
    return None, chain.signed, irrigations, litres
