"""SL 651 receipts for the second verifier: read from docs/wire/sl651.md and the tables of the standard alone.

It shares no line with the product. A report tells a volume only where the platform agreed on an identifier
for the running total: FF01, or 76.
"""

from datetime import UTC, datetime
from decimal import Decimal

UP_ENDS, CONFIRM_ENDS = (0x03, 0x17), (0x04, 0x06, 0x1B)
DOWN_ENDS = (*CONFIRM_ENDS, 0x05, 0x15)
# 30 to 34, 37, 3A and 44 say class, time and elements; 31 has rows, 36 a picture.
REPORTS = (0x30, 0x32, 0x33, 0x34, 0x37, 0x3A, 0x44)
TOTALS = ("FF01", "76")
# Annex C is decimal up to 75 but for the status; beyond it stands what was agreed on.
DECIMAL = {f"{ident:02X}" for ident in range(1, 0x76) if ident != 0x45} | {*TOTALS, "FF02"}
REST = {b"\xf2\xf2", b"\xf3\xf3", b"\xfd\xf6"}  # the value goes on to the end of the body
FIXED = b"\xf0\xf1\xf2\xf3\xfd"  # they have no other definition than these


class NotSo(ValueError):
    """The receipt does not hold."""


def need(condition, why):
    if not condition:
        raise NotSo(f"SL 651: {why}")


def crc16(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


class Frame:
    """One whole frame with nothing before or behind it, in one packet."""

    def __init__(self, data):
        self.is_ascii = data[:1] == b"\x01"
        need(self.is_ascii or data[:2] == b"\x7e\x7e", "no start")
        around, tail = (29, 4) if self.is_ascii else (17, 2)
        need(len(data) >= around, "cut off")
        head = bytes.fromhex(data[1:23].decode("ascii")) if self.is_ascii else data[2:13]
        need(not self.is_ascii or len(head) == 11, "blanks in the header")
        need(data[around - tail - 2] == 0x02, "not in one packet")
        field = head[9] << 8 | head[10]
        need(field >> 12 in (0, 8) and (field & 0xFFF) + around == len(data), "length")
        self.is_up = field < 0x8000
        check = int(data[-4:], 16) if self.is_ascii else int.from_bytes(data[-2:], "big")
        need(not self.is_ascii or data[-4:].isalnum(), "checksum")
        need(check == crc16(data[:-tail]), "checksum")
        self.station = head[1:6] if self.is_up else head[:5]
        self.function = head[8]
        self.end = data[-tail - 1]
        need(self.end in (UP_ENDS if self.is_up else DOWN_ENDS), "end character")
        self.body = data[around - tail - 1 : -tail - 1]
        self.serial, self.rest = self.opened()

    def opened(self):
        """Serial and send time stand in front of everything."""
        size = 16 if self.is_ascii else 8
        need(len(self.body) >= size, "no serial and time")
        raw = bytes.fromhex(self.body[:16].decode("ascii")) if self.is_ascii else self.body[:8]
        need(len(raw) == 8, "no serial and time")
        moment(raw[2:])
        return int.from_bytes(raw[:2], "big"), self.body[size:]


def moment(raw):
    """YYMMDDhhmm and perhaps seconds, decimal."""
    digits = raw.hex()
    need(digits.isdecimal(), "time")
    two = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    return datetime(2000 + two[0], *two[1:], tzinfo=UTC)


def decimal_of(raw):
    """Packed digits, a first byte FF = minus; full of AA or FF = None."""
    if raw in (b"\xaa" * len(raw), b"\xff" * len(raw)):
        return None
    digits = raw.hex()
    is_negative = digits.startswith("ff")
    digits = digits[2:].removeprefix("f") if is_negative else digits
    need(digits.isdecimal(), "digits")
    return -int(digits) if is_negative else int(digits)


def litres(value, decimals):
    """Cubic metres with so many decimals as whole litres; None = missing."""
    if value is None:
        return None
    found = Decimal(value).scaleb(3 - decimals)
    need(found == found.to_integral_value() and found >= 0, "no volume in whole litres")
    return int(found)


def totals_hex(body):
    """Litres at FF01 and 76, in the order of the wire."""
    at, found = 0, []
    while at < len(body):
        two = body[at : at + 2]
        if two == b"\xf1\xf1":
            need(len(body) >= at + 7, "address cut off")
            at += 7
            if body[at : at + 2] != b"\xf0\xf0":
                need(body[at : at + 1], "no class")
                at += 1
        elif two == b"\xf0\xf0":
            need(len(body) >= at + 7, "time cut off")
            moment(body[at + 2 : at + 7])
            at += 7
        elif two in REST:
            return found
        else:
            at = element(body, at, found)
    return found


def element(body, at, found):
    """Take one element: identifier, definition (bytes x 8 + decimals), data. Return where the next begins."""
    name = body[at : at + 2] if body[at] == 0xFF else body[at : at + 1]
    at += len(name) + 1
    size, decimals = body[at - 1] >> 3, body[at - 1] & 7
    raw = body[at : at + size]
    need(name not in (b"\x00", *(FIXED[i : i + 1] for i in range(len(FIXED)))), "fixed header")
    need(len(raw) == size, "element cut off")
    value = decimal_of(raw) if name.hex().upper() in DECIMAL else None
    if name.hex().upper() in TOTALS:
        need(size > 0, "a total without digits")
        found.append(litres(value, decimals))
    return at + size


def totals_ascii(body):
    """The same of words; `M` is missing."""
    words = body.decode("ascii").split()
    found = []
    while words:
        name = words.pop(0)
        if name == "ST":
            need(len(words) > 1 and len(words[0]) == 10, "address")
            bytes.fromhex(words.pop(0))
            if len(words[0]) == 1:
                words.pop(0)
        elif name == "TT":
            need(words and len(words[0]) == 10, "time")
            moment(bytes.fromhex(words.pop(0)))
        elif words:
            value = words.pop(0)
            if name in TOTALS:
                found.append(None if value == "M" else told(value))
        else:
            need(False, "a name without a value")
    return found


def told(text):
    need(text.replace(".", "", 1).lstrip("-").isdecimal(), "digits")
    return litres(int(Decimal(text).scaleb(3)), 3)


def volumes(request, confirm):
    """Litres a report tells, none where its platform has no identifier for them. Raises ValueError."""
    report, answer = Frame(request), Frame(confirm)
    need(report.is_up and report.function in REPORTS and report.rest, "not a report")
    need(not answer.is_up and answer.end in CONFIRM_ENDS, "not a confirm")
    mine = (report.station, report.function, report.is_ascii, report.serial)
    need(
        (answer.station, answer.function, answer.is_ascii, answer.serial) == mine, "confirm of another report"
    )
    need(not answer.rest.strip(b" "), "a confirm that says more")
    return totals_ascii(report.rest) if report.is_ascii else totals_hex(report.rest)
