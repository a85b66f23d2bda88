"""The settings of a station (annex D): rows as in sl651_elements, and the parts of three of them."""

from binascii import hexlify, unhexlify

from .errors import Malformed, NotAllowed
from .sl651_stations import is_decimal

SETTINGS = b"""\
01 - centres X 8 0 1
02 - station X 10 0 1
03 - password P 4 0 1
04*4+2 - centre_#_channel X 0 0 1
05*4+2 - centre_#_spare_channel X 0 0 1
0C - work_mode N 2 0 1
0D - measured X 16 0 1
0E - relay_stations X 0 0 1
0F - device_number A 0 0 1
20 - report_interval_h N 2 0 1
21 - additional_interval_min N 2 0 1
22 - day_start_h N 2 0 1
23 - sampling_interval_s N 4 0 1
24 - level_storing_interval_min N 2 0 1
25 - rain_resolution_um N 2 1 1000
26 - level_resolution_um N 2 1 10000
27 - rain_threshold_um N 2 0 1000
28*8 - level_base_#_mm N 7 3 1000
30*8 - level_correction_#_mm N 5 3 1000
38*8 - additional_level_#_mm N 4 2 1000
40 - threshold_above_mm N 3 2 1000
41 - threshold_below_mm N 3 2 1000
42 - flow_threshold_lph N 6 3 3600000
43 - velocity_threshold_mm_s N 5 3 1000
44 - gate_threshold_mm N 3 2 1000
45 - power_threshold_w N 6 0 1000
46 - air_pressure_threshold_pa N 4 0 100
47 - wind_threshold_mm_s N 4 2 1000
48 - water_temperature_threshold_mdegc N 2 1 1000
49*8+2 - level_upper_#_mm N 4 2 1000
4A*8+2 - level_lower_#_mm N 4 2 1000
59*8+2 - pressure_upper_#_pa N 8 2 1000
5A*8+2 - pressure_lower_#_pa N 8 2 1000
69 - water_temperature_upper_mdegc N 3 1 1000
6A - water_temperature_lower_mdegc N 3 1 1000
6B - acidity_upper_milliph N 3 1 1000
6C - acidity_lower_milliph N 3 1 1000
6D - oxygen_upper_ug_l N 4 1 1000
6E - oxygen_lower_ug_l N 4 1 1000
6F - permanganate_index_upper_ug_l N 4 1 1000
70 - permanganate_index_lower_ug_l N 4 1 1000
71 - conductivity_upper_us_cm N 5 0 1
72 - conductivity_lower_us_cm N 5 0 1
73 - redox_upper_uv N 5 1 1000
74 - redox_lower_uv N 5 1 1000
75 - turbidity_upper_ntu N 3 0 1
76 - turbidity_lower_ntu N 3 0 1
77 - ammonia_nitrogen_upper_ug_l N 6 2 1000
78 - ammonia_nitrogen_lower_ug_l N 6 2 1000
79 - nitrogen_upper_ug_l N 5 2 1000
7A - nitrogen_lower_ug_l N 5 2 1000
7B - copper_upper_ng_l N 7 4 1000000
7C - copper_lower_ng_l N 7 4 1000000
7D - zinc_upper_ng_l N 6 4 1000000
7E - zinc_lower_ng_l N 6 4 1000000
7F - fluoride_upper_ug_l N 5 2 1000
80 - fluoride_lower_ug_l N 5 2 1000
81 - selenium_upper_ng_l N 7 5 1000000
82 - selenium_lower_ng_l N 7 5 1000000
83 - arsenic_upper_ng_l N 7 5 1000000
84 - arsenic_lower_ng_l N 7 5 1000000
85 - mercury_upper_ng_l N 7 5 1000000
86 - mercury_lower_ng_l N 7 5 1000000
87 - cadmium_upper_ng_l N 7 5 1000000
88 - cadmium_lower_ng_l N 7 5 1000000
89 - organic_carbon_upper_ug_l N 4 2 1000
8A - organic_carbon_lower_ug_l N 4 2 1000
8B - chlorophyll_upper_ug_l N 4 2 1000
8C - chlorophyll_lower_ug_l N 4 2 1000
8D - flow_upper_lph N 11 3 3600000
8E*8 - recharge_#_l N 11 3 1000
96 - quota_l N 11 3 1000
97 - initialise_storage E 0 0 1
98 - factory_settings E 0 0 1
99*8 - base_reading_#_l N 11 3 1000
A1*8 - remaining_alarm_#_l N 11 3 1000
"""

CENTRES = 0x01
STATION = 0x02
PASSWORD = 0x03
WORK_MODE = 0x0C
MEASURED = 0x0D
RELAY = 0x0E
DEVICE = 0x0F
RECHARGE = 0x8E  # of meter 1; the next seven are meters 2 to 8
QUOTA = 0x96
INITIALISE = 0x97
FACTORY = 0x98

MODE_REPORT = 1
MODE_REPORT_CONFIRMED = 2
MODE_QUERY = 3
MODE_MAINTENANCE = 4

# First byte of a channel. 0 = this channel is off.
CHANNELS = ("off", "sms", "ipv4", "beidou", "inmarsat", "pstn", "vhf")

# Table D.2: D7 to D0 of eight bytes.
_MEASURED = (
    "rain evaporation wind_direction wind_speed air_temperature humidity ground_temperature air_pressure "
    "level_8 level_7 level_6 level_5 level_4 level_3 level_2 level_1 "
    "groundwater_depth picture waves gate_opening volume velocity flow pressure "
    "meter_8 meter_7 meter_6 meter_5 meter_4 meter_3 meter_2 meter_1 "
    "moisture_100cm moisture_80cm moisture_60cm moisture_50cm "
    "moisture_40cm moisture_30cm moisture_20cm moisture_10cm "
    "acidity oxygen conductivity turbidity redox permanganate_index ammonia_nitrogen water_temperature "
    "organic_carbon nitrogen phosphorus zinc selenium arsenic mercury cadmium "
    "- - - - - chlorophyll copper lead"
)


def measured_names(raw: bytes) -> list:
    """What a station measures by setting 0D, in the order of the bits. Raises Malformed."""
    if len(raw) != 8:
        raise Malformed("the elements measured are 8 bytes, not %d" % len(raw))
    names = _MEASURED.split()
    return [name for at, name in enumerate(names) if name != "-" and raw[at // 8] << at % 8 & 0x80]


def measured_bytes(names: list) -> bytes:
    """Setting 0D for these names. Raises NotAllowed on one that is unknown."""
    known = _MEASURED.split()
    raw = bytearray(8)
    for name in names:
        if name not in known or name == "-":
            raise NotAllowed("no element is called %s" % name)
        at = known.index(name)
        raw[at // 8] |= 0x80 >> at % 8
    return bytes(raw)


def decode_channel(raw: bytes) -> "tuple[str, str]":
    """(kind of CHANNELS, address) of settings 04 to 0B: "a.b.c.d:port" or a number. Raises Malformed."""
    if not raw or raw[0] >= len(CHANNELS):
        raise Malformed("a channel begins with its kind, 0 to %d" % (len(CHANNELS) - 1))
    kind = CHANNELS[raw[0]]
    digits = hexlify(raw[1:]).decode().upper()
    if kind == "off":
        return kind, ""
    # "A" fills an odd number of digits and is taken off (6.6.3.3 b).
    if kind != "ipv4":
        number = digits[1:] if digits[:1] == "A" else digits
        if not is_decimal(number):
            raise Malformed("%s is no number" % digits)
        return kind, number
    if len(digits) != 18 or not is_decimal(digits):
        raise Malformed("an address and a port have 18 digits, not %s" % digits)
    parts = [int(digits[at : at + 3]) for at in range(0, 12, 3)]
    port = int(digits[12:])
    if max(parts) > 255 or port > 65535:
        raise Malformed("%s is no address and port" % digits)
    return kind, "%d.%d.%d.%d:%d" % (parts[0], parts[1], parts[2], parts[3], port)


def encode_channel(kind: str, address: str = "") -> bytes:
    """Bytes of settings 04 to 0B; the reverse of decode_channel. Raises NotAllowed."""
    if kind not in CHANNELS:
        raise NotAllowed("no channel is called %s" % kind)
    first = bytes((CHANNELS.index(kind),))
    if kind == "off":
        return first
    digits = address
    if kind == "ipv4":
        host, _, port = address.partition(":")
        numbers = host.split(".") + [port]
        if len(numbers) != 5 or not all(is_decimal(one) for one in numbers):
            raise NotAllowed("%s is not a.b.c.d:port" % address)
        values = [int(one) for one in numbers]
        if max(values[:4]) > 255 or values[4] > 65535:
            raise NotAllowed("%s is not a.b.c.d:port" % address)
        digits = "%03d%03d%03d%03d%06d" % tuple(values)
    elif not is_decimal(address):
        raise NotAllowed("%s is no number" % address)
    return first + unhexlify("A" * (len(digits) % 2) + digits)
