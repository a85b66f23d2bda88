"""The rating curve of an open channel: water level to flow, in integers (C34, Z04).

C34: 对全市地表水国有计量点、河流入河口测量断面，制定明渠计量智能监测管理技术规范并进行升级改造.

A curve is a table (a gauged section, or a flume: its exponent is none of the two below), a
rectangular weir Q = c h^(3/2) or a V-notch Q = c h^(5/2). Every change of it is a new version,
because litres are only as good as the curve that made them.
"""

from karez_protocols.constant import const
from karez_protocols.errors import NotAllowed

TABLE = 1
WEIR = 2  # rectangular, sharp or broad crested: exponent 3/2
V_NOTCH = 3  # exponent 5/2

_ROWS_MAX = const(64)
_ROW = const(6)  # bytes: level u2, flow u4, little-endian; a table of tuples would cost 200 B a row
_LEVEL_MAX = const(0xFFFF)
_FLOW_MAX = const(0xFFFF_FFFE)
_COEFFICIENT_SCALE = const(1_000_000)


def square_root(number):
    """Return the greatest integer whose square is not above `number` (not negative)."""
    if number < 2:
        return number
    root = 2
    while root * root < number:
        root <<= 1
    # Newton from above falls until it is there.
    while True:
        better = (root + number // root) >> 1
        if better >= root:
            return root
        root = better


def _packed(rows):
    """Return the rows as bytes. Raises NotAllowed unless levels rise and flows do not fall."""
    if not 2 <= len(rows) <= _ROWS_MAX:
        raise NotAllowed("a rating table has 2..%d rows, this has %d" % (_ROWS_MAX, len(rows)))
    data = b""
    level_mm = flow_lph = -1
    for row in rows:
        if not level_mm < row[0] <= _LEVEL_MAX:
            raise NotAllowed("level %d mm after %d mm" % (row[0], level_mm))
        if not max(flow_lph, 0) <= row[1] <= _FLOW_MAX:
            raise NotAllowed("flow %d L/h after %d L/h" % (row[1], flow_lph))
        level_mm, flow_lph = row
        data += level_mm.to_bytes(2, "little") + flow_lph.to_bytes(4, "little")
    return data


class Curve:
    """One version of one curve. Raises NotAllowed for what is no curve.

    `zero_mm`: what the gauge shows at no flow (crest, notch, or the section's cease-to-flow level).
    `rows` of a TABLE: (level above zero in mm, flow in L/h), levels rising.
    `coefficient` of a weir: c in 0.000001 L/h per mm^(3/2) or mm^(5/2); `level_max_mm`: the
    greatest height above zero for which it holds (above it the weir is drowned or overflows).
    """

    def __init__(self, kind, version, zero_mm=0, rows=(), coefficient=0, level_max_mm=0):
        self.version = version
        self._zero_mm = zero_mm
        self._kind = kind
        self._coefficient = coefficient
        self._level_max_mm = level_max_mm
        self._rows = b""
        if kind == TABLE:
            self._rows = _packed(rows)
            self._level_max_mm = self._row(len(rows) - 1)[0]
        elif kind not in (WEIR, V_NOTCH):
            raise NotAllowed("kind %s of rating curve is not known" % kind)
        elif coefficient < 1 or not 0 < level_max_mm <= _LEVEL_MAX:
            raise NotAllowed("a weir needs its coefficient and its greatest level")
        if self.flow_max_lph > _FLOW_MAX:
            raise NotAllowed("%d L/h at the greatest level" % self.flow_max_lph)

    @property
    def flow_max_lph(self):
        """Flow at the highest level the curve knows; the rated flow of the site must not be below."""
        return self.flow_lph(self._zero_mm + self._level_max_mm)

    def flow_lph(self, level_mm):
        """Return the flow at a gauge reading, rounded down; None where the curve does not reach.

        At and below zero nothing flows; an unknown level is an unknown flow.
        """
        if level_mm is None:
            return None
        height_mm = level_mm - self._zero_mm
        if height_mm <= 0:
            return 0
        if height_mm > self._level_max_mm:
            return None
        if self._kind == TABLE:
            return self._between(height_mm)
        power = height_mm**3 if self._kind == WEIR else height_mm**5
        # c h^(n/2) = sqrt(c^2 h^n): one root, exact to the last litre.
        return square_root(self._coefficient * self._coefficient * power) // _COEFFICIENT_SCALE

    def _row(self, at):
        start = at * _ROW
        row = self._rows[start : start + _ROW]
        return int.from_bytes(row[:2], "little"), int.from_bytes(row[2:], "little")

    def _between(self, height_mm):
        """Linear between two rows; nothing below the first. The last one is not below the height."""
        at = 0
        above = self._row(0)
        if height_mm < above[0]:
            return 0
        below = above
        while above[0] < height_mm:
            at += 1
            below, above = above, self._row(at)
        if above[0] == height_mm:
            return above[1]
        rise = (above[1] - below[1]) * (height_mm - below[0])
        return below[1] + rise // (above[0] - below[0])
