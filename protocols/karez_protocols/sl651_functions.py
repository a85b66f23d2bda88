"""The functions of SL 651-2014 (annex B): name, and what stands behind serial and time, up and down.

b  nothing                       g  stations, times, elements
s  step, identifier, rows        t  a text put in by a person
e  identifiers with data         i  identifiers
h  begin, end, step, identifier  k  the station's address
w  switches    a  gates    q  quota    v  version    c  counters
o  unknown here: the bytes
"""

from collections import namedtuple

TABLE = b"""\
2F b b link_keep_alive
30 g b test_report
31 s b even_interval_report
32 g b timed_report
33 g b additional_report
34 g b hourly_report
35 t b manual_report
36 g b picture
37 g b real_time_data
38 s h period_data
39 t b manual_data
3A g i given_elements
40 e e write_basic_settings
41 e i read_basic_settings
42 e e write_run_settings
43 e i read_run_settings
44 g b pump_motor_data
45 v b software_version
46 e b status
47 k e initialise_storage
48 k e factory_settings
49 e e change_password
4A k b set_clock
4B e e card_state
4C w w pump_switch
4D w w valve_switch
4E a a gate_switch
4F q q quota_control
50 c b event_counters
51 k b clock
"""

KEEP_ALIVE = 0x2F
TEST = 0x30
EVEN_INTERVAL = 0x31
TIMED = 0x32
ADDITIONAL = 0x33
HOURLY = 0x34
MANUAL = 0x35
PICTURE = 0x36
REAL_TIME = 0x37
PERIOD = 0x38
MANUAL_QUERY = 0x39
GIVEN = 0x3A
WRITE_BASIC = 0x40
READ_BASIC = 0x41
WRITE_RUN = 0x42
READ_RUN = 0x43
MOTOR = 0x44
VERSION = 0x45
STATUS = 0x46
INITIALISE = 0x47
FACTORY = 0x48
PASSWORD = 0x49
SET_CLOCK = 0x4A
CARD = 0x4B
PUMPS = 0x4C
VALVES = 0x4D
GATES = 0x4E
QUOTA = 0x4F
COUNTERS = 0x50
CLOCK = 0x51

# The identifiers of these are settings (annex D), those of all others elements (annex C).
SETTINGS = (WRITE_BASIC, READ_BASIC, WRITE_RUN, READ_RUN, INITIALISE, FACTORY, PASSWORD)
# Those whose station address is followed by the station's class. Text reports have no address.
_CLASSED = "gs"

Function = namedtuple("Function", "code name up down")  # noqa: PYI024 - no typing on MicroPython


def function_of(code: int, dialect) -> Function:
    """The row of a function; reserved ones and those of users are called "unknown"."""
    if code in dialect.user_reports:
        return Function(code, "user_report", "g", "b")
    key = b"%02X " % code
    for line in TABLE.split(b"\n"):
        if line.startswith(key):
            _, up, down, name = line.decode().split()
            return Function(code, name, up, down)
    return Function(code, "unknown", "o", "o")


def shape_of(code: int, is_up: bool, dialect) -> str:
    """The letter for what stands behind serial and time."""
    row = function_of(code, dialect)
    return str(row.up if is_up else row.down)


def has_class(code: int, dialect) -> bool:
    """True if a class byte follows the station address upward."""
    return shape_of(code, True, dialect) in _CLASSED
