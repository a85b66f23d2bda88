"""Chips as their data sheets say, for the fake machine of board_machine.py: NOR, FRAM, clock, display.

Every SPI transaction is kept as (bytes sent, how many were read), so a test can compare byte for byte.
"""

_LOG_MAX = 500


class SpiChip:
    """What is common: select falls, bytes go in, bytes come out, select rises."""

    def __init__(self, world):
        self.world = world
        self.log = []
        self.is_dead = False  # nothing drives its output: the line's pull-up is read
        self._sent = b""
        self._asked = 0

    def select(self, level):
        if level == 0:
            self._sent, self._asked = b"", 0
        elif self._sent:
            if len(self.log) < _LOG_MAX:
                self.log.append((self._sent, self._asked))
            if not self.is_dead:
                self.ended(self._sent)

    def take(self, data):
        self._sent += bytes(data)

    def give(self, count):
        self._asked += count
        return b"\xff" * count if self.is_dead else self.answer(self._sent, count)

    def sent(self):
        """Return what was sent since the last call."""
        log, self.log = self.log, []
        return log


class Nor(SpiChip):
    """W25Q32JV: 4 MB, pages of 256, sectors of 4,096; those that hold something are in memory."""

    identity = b"\xef\x40\x16"
    program_us, erase_us = 700, 45_000

    def __init__(self, world):
        super().__init__(world)
        self.sectors = {}
        self.is_enabled = False
        self.is_locked = False
        self.busy_until_us = 0
        self.ignored = []  # commands that came while it was busy

    @property
    def is_busy(self):
        return self.world.us < self.busy_until_us

    def answer(self, sent, count):
        if sent[0] == 0x05:
            return bytes((self.is_busy | self.is_enabled << 1,)) * count
        if self.is_busy:
            return b"\xff" * count
        if sent[0] == 0x9F:
            return self.identity[:count]
        return self.peek(int.from_bytes(sent[1:4], "big"), count)

    def peek(self, at, count):
        """What stands in the cells."""
        found = b""
        while count:
            part = min(count, 4096 - at % 4096)
            cells = self.sectors.get(at // 4096)
            found += bytes(cells[at % 4096 : at % 4096 + part]) if cells else b"\xff" * part
            at, count = at + part, count - part
        return found

    def _clear(self, at, byte):
        if at // 4096 not in self.sectors:
            self.sectors[at // 4096] = bytearray(b"\xff" * 4096)
        self.sectors[at // 4096][at % 4096] &= byte

    def ended(self, sent):
        if self.is_busy:
            if sent[0] != 0x05:
                self.ignored.append(sent[0])
            return
        at = int.from_bytes(sent[1:4], "big")
        if sent[0] == 0x06:
            self.is_enabled = not self.is_locked
        elif sent[0] == 0x02 and self.is_enabled:
            page = at & ~255
            for number, byte in enumerate(sent[4:]):
                self._clear(page + (at + number) % 256, byte)
            self.busy_until_us, self.is_enabled = self.world.us + self.program_us, False
        elif sent[0] == 0x20 and self.is_enabled:
            self.sectors.pop(at // 4096, None)
            self.busy_until_us, self.is_enabled = self.world.us + self.erase_us, False


class Fram(SpiChip):
    """MB85RS64V: 8 kB, two address bytes."""

    def __init__(self, world, size=8192):
        super().__init__(world)
        self.cells = bytearray(size)
        self.is_enabled = False

    def answer(self, sent, count):
        if sent[0] == 0x05:
            return bytes((self.is_enabled << 1,)) * count
        at = int.from_bytes(sent[1:3], "big")
        return bytes(self.cells[at : at + count])

    def ended(self, sent):
        if sent[0] == 0x06:
            self.is_enabled = True
        elif sent[0] == 0x02 and self.is_enabled:
            at = int.from_bytes(sent[1:3], "big")
            self.cells[at : at + len(sent) - 3] = sent[3:]
            self.is_enabled = False


class Registers:
    """A chip on I2C that is registers and no more: the DS3231, a FRAM with two address bytes."""

    def __init__(self, size, addrsize=8):
        self.cells = bytearray(size)
        self.addrsize = addrsize
        self.writes = []
        self.refuses = ()  # registers whose writing fails

    def get(self, at, count, addrsize):
        assert addrsize == self.addrsize
        return bytes(self.cells[at : at + count])

    def put(self, at, data, addrsize):
        assert addrsize == self.addrsize
        if at in self.refuses:
            raise OSError(5)
        self.writes.append((at, bytes(data)))
        self.cells[at : at + len(data)] = data


class Lcd:
    """HD44780 of 4 x 20 behind a PCF8574: it begins with 8 bits and learns of 4."""

    ROWS = (0x00, 0x40, 0x14, 0x54)

    def __init__(self):
        self.memory = bytearray(b" " * 128)
        self.at = 0
        self.is_on = self.is_lit = False
        self.commands = []
        self.messages = 0
        self._enable = 0
        self._high = None
        self._is_four = False

    def take(self, data):
        self.messages += 1
        for byte in data:
            assert not byte & 0x02  # nobody reads
            if self._enable and not byte & 0x04:  # it takes over when enable falls
                self._nibble(byte >> 4, byte & 1)
            self._enable = byte & 0x04
            self.is_lit = bool(byte & 0x08)

    def _nibble(self, nibble, is_text):
        if not self._is_four:
            self.commands.append(nibble << 4)
            self._is_four = nibble == 2
            return
        if self._high is None:
            self._high = nibble
            return
        byte, self._high = self._high << 4 | nibble, None
        if is_text:
            self.memory[self.at] = byte
            self.at += 1
            return
        self.commands.append(byte)
        if byte & 0x80:
            self.at = byte & 0x7F
        elif byte == 0x01:
            self.memory[:] = b" " * 128
        elif byte & 0xF8 == 0x08:
            self.is_on = bool(byte & 0x04)

    def lines(self):
        return [bytes(self.memory[at : at + 20]).decode() for at in self.ROWS]
