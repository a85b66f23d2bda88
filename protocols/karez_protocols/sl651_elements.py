"""What SL 651 measures (annex C): identifier, ASCII name, our field, form.

A row is `identifier name field kind digits decimals factor`. `28*8` are eight identifiers from
28H on, the number goes behind the name and in place of # in the field. The field says the
unit; factor is how many of them are one unit of the standard (m, m3, m3/s, V, mm, ...).
Digits and decimals are N(D,d) of the annex: what we send; what we read says its own length.

Kinds: N decimal, S status word, D hours and minutes, R and L series of one and two bytes a
value, T step, X bytes, and of settings P password, A text, E nothing.
"""

from collections import namedtuple

from .errors import NotAllowed

ELEMENTS = b"""\
01 AC section_area_cm2 N 8 2 10000
02 AI air_temperature_mdegc N 3 1 1000
03 C water_temperature_mdegc N 3 1 1000
04 DR step T 6 0 1
05 DT duration_min D 4 2 1
06 ED day_evaporation_um N 5 1 1000
07 EJ evaporation_um N 5 1 1000
08 FL air_pressure_pa N 5 0 100
09 GH gate_opening_mm N 5 2 1000
0A GN gate_number N 3 0 1
0B GS gate_kind N 1 0 1
0C GT gates_open N 3 0 1
0D GTP ground_temperature_mdegc N 3 1 1000
0E H groundwater_depth_mm N 6 2 1000
0F HW wave_height_mm N 5 2 1000
10 M10 soil_moisture_10cm_permille N 4 1 10
11 M20 soil_moisture_20cm_permille N 4 1 10
12 M30 soil_moisture_30cm_permille N 4 1 10
13 M40 soil_moisture_40cm_permille N 4 1 10
14 M50 soil_moisture_50cm_permille N 4 1 10
15 M60 soil_moisture_60cm_permille N 4 1 10
16 M80 soil_moisture_80cm_permille N 4 1 10
17 M100 soil_moisture_100cm_permille N 4 1 10
18 MST humidity_permille N 4 1 10
19 NS pumps_running N 2 0 1
1A P1 rain_1h_um N 5 1 1000
1B P2 rain_2h_um N 5 1 1000
1C P3 rain_3h_um N 5 1 1000
1D P6 rain_6h_um N 5 1 1000
1E P12 rain_12h_um N 5 1 1000
1F PD rain_day_um N 5 1 1000
20 PJ rain_um N 5 1 1000
21 PN01 rain_1min_um N 5 1 1000
22 PN05 rain_5min_um N 5 1 1000
23 PN10 rain_10min_um N 5 1 1000
24 PN30 rain_30min_um N 5 1 1000
25 PR storm_rain_um N 5 1 1000
26 PT rain_total_um N 6 1 1000
27 Q flow_lph N 9 3 3600000
28*8 Q flow_#_lph N 9 3 3600000
30 QA total_outflow_lph N 9 3 3600000
31 QZ gate_flow_lph N 9 3 3600000
32 SW sediment_kg N 11 3 10000000
33 UC wind_direction N 2 0 1
34 UE wind_force N 2 0 1
35 US wind_speed_mm_s N 4 1 1000
36 VA mean_velocity_mm_s N 5 3 1000
37 VJ velocity_mm_s N 5 3 1000
38 VT battery_mv N 4 2 1000
39 Z level_mm N 7 3 1000
3A ZB lower_level_mm N 7 3 1000
3B ZU upper_level_mm N 7 3 1000
3C*8 Z level_#_mm N 7 3 1000
44 SQ sediment_concentration_mg_l N 9 3 1000
45 ZT status S 8 0 1
46 pH acidity_milliph N 4 2 1000
47 DO oxygen_ug_l N 4 1 1000
48 COND conductivity_us_cm N 5 0 1
49 TURB turbidity_ntu N 3 0 1
4A CODMN permanganate_index_ug_l N 4 1 1000
4B REDOX redox_uv N 5 1 1000
4C NH4N ammonia_nitrogen_ug_l N 6 2 1000
4D TP phosphorus_ug_l N 5 3 1000
4E TN nitrogen_ug_l N 5 2 1000
4F TOC organic_carbon_ug_l N 4 2 1000
50 CU copper_ng_l N 7 4 1000000
51 ZN zinc_ng_l N 6 4 1000000
52 SE selenium_ng_l N 7 5 1000000
53 AS arsenic_ng_l N 7 5 1000000
54 THG mercury_ng_l N 7 5 1000000
55 CD cadmium_ng_l N 7 5 1000000
56 PB lead_ng_l N 7 5 1000000
57 CHLA chlorophyll_ug_l N 4 2 1000
58*8 WP pressure_#_pa N 5 2 1000
60*8 SYL remaining_#_l N 11 3 1000
68*8 SBL hour_volume_#_l N 10 2 1000
70 VTA voltage_a_mv N 4 1 1000
71 VTB voltage_b_mv N 4 1 1000
72 VTC voltage_c_mv N 4 1 1000
73 VIA current_a_ma N 4 1 1000
74 VIB current_b_ma N 4 1 1000
75 VIC current_c_ma N 4 1 1000
F2 RGZS text X 0 0 1
F3 PIC picture X 0 0 1
F4 DRP rain_series_um R 24 1 1000
F5*8 DRZ level_#_series_mm L 48 2 1000
FD DATA velocity_batch X 0 0 1
"""

EXTENDED = 0xFF00  # FF xx: the second byte is added to this
STEP = 0x04
STATUS = 0x45
OBSERVED = 0xF0
STATION = 0xF1
TEXT = 0xF2
PICTURE = 0xF3
RAIN_SERIES = 0xF4
VELOCITIES = 0xFD

# Of these the rest of the body is the value; their definition byte is F2, F3, F6 (notes c, d, f of C.1).
REST = {TEXT: 0xF2, PICTURE: 0xF3, VELOCITIES: 0xF6}

Meaning = namedtuple(  # noqa: PYI024 - no typing on MicroPython
    "Meaning", "ident name field kind digits decimals factor"
)


def _row(line):
    """Return (first identifier, how many, how far apart, the other words) of a line."""
    words = line.decode().split()
    head, star, number = words[0].partition("*")
    if not star:
        return int(head, 16), 1, 1, words[1:]
    number, _, apart = number.partition("+")
    return int(head, 16), int(number), int(apart or "1"), words[1:]


def _line(table, start):
    end = table.find(b"\n", start)
    return table[start : len(table) if end < 0 else end]


def _rows(table):
    """Yield the rows of a table."""
    for line in table.split(b"\n"):
        if line:
            yield _row(line)


def _rows_of_several(table):
    """Yield the rows that stand for several identifiers; they are few."""
    star = table.find(b"*")
    while star >= 0:
        yield _row(_line(table, table.rfind(b"\n", 0, star) + 1))
        star = table.find(b"*", star + 1)


def _meaning(words, ident, index):
    name, field, kind, digits, decimals, factor = words
    if index:
        # A setting has no ASCII name: annex D identifiers are sent as their hex digits.
        name = name if name == "-" else "%s%d" % (name, index)
        field = field.replace("#", "%d" % index)
    if name == "-":
        name = "%02X" % ident
    return Meaning(ident, name, field, kind, int(digits), int(decimals), int(factor))


def meaning_in(table: bytes, ident: int) -> "Meaning | None":
    """The row of an identifier, None if the table does not know it."""
    key = b"%02X " % ident
    start = 0 if table.startswith(key) else table.find(b"\n" + key) + 1
    if start or table.startswith(key):
        return _meaning(_row(_line(table, start))[3], ident, 0)
    for first, count, step, words in _rows_of_several(table):
        place = ident - first
        if 0 <= place < count * step and place % step == 0:
            return _meaning(words, ident, place // step + 1)
    return None


def each(table: bytes):
    """Yield the Meaning of every identifier of a table."""
    for first, count, step, words in _rows(table):
        for at in range(count):
            yield _meaning(words, first + at * step, at + 1 if count > 1 else 0)


def ident_named(table: bytes, name: str) -> "int | None":
    """The identifier with this ASCII name, capitals or not; None if there is none."""
    for first, count, step, words in _rows(table):
        stem = words[0].upper()
        if count == 1:
            if name.upper() == stem:
                return int(first)
        elif name[:-1].upper() == stem and name[-1:].isdigit() and 1 <= int(name[-1:]) <= count:
            return int(first + (int(name[-1:]) - 1) * step)
    return None


def ident_of_field(table: bytes, field: str) -> int:
    """The identifier of one of our fields. Raises NotAllowed if the table has none of that name."""
    for one in each(table):
        if one.field == field:
            return one.ident
    raise NotAllowed("no identifier carries %s" % field)
