"""Documents that are no profile: each is refused with a declared error, by its shape or by its sense.

`SHAPE` is read by tests/gateway/test_profile_schema.py too: the schema refuses the same.
"""

from karez_protocols import errors
from karez_protocols.profile import Profile
from test_profile_files import document, refused

GONE = "(gone)"  # the key is taken away

# Base document, path, what is put there: wrong whatever else the document says.
SHAPE = (
    ("tuf2000m", ("protocol",), "mbus"),
    ("tuf2000m", ("protocol",), None),
    ("tuf2000m", ("protocol",), ["modbus"]),
    ("tuf2000m", ("protocol",), "dlt645"),
    ("dlt645-2007", ("protocol",), "modbus"),
    ("dlt645-2007", ("protocol",), "cjt188"),
    ("tuf2000m", ("name",), ""),
    ("tuf2000m", ("name",), 5),
    ("tuf2000m", ("name",), "seventeen-letters"),
    ("tuf2000m", ("version",), 0),
    ("tuf2000m", ("version",), 255),
    ("tuf2000m", ("version",), "1"),
    ("tuf2000m", ("version",), True),
    ("tuf2000m", ("version",), None),
    ("tuf2000m", ("maker",), None),
    ("tuf2000m", ("source",), ""),
    ("tuf2000m", ("fieldz",), 1),
    ("tuf2000m", ("options",), {}),
    ("tuf2000m", ("function",), 6),
    ("dlt645-2007", ("function",), 3),
    ("cjt188", ("holes",), True),
    ("tuf2000m", ("serial",), []),
    ("tuf2000m", ("serial", "bits"), 8),
    ("tuf2000m", ("serial", "baud"), 50),
    ("tuf2000m", ("serial", "parity"), "M"),
    ("tuf2000m", ("serial", "stop_bits"), 3),
    ("tuf2000m", ("serial", "address"), 0),
    ("tuf2000m", ("serial", "address"), 248),
    ("tuf2000m", ("serial", "address"), "000000000001"),
    ("dlt645-2007", ("serial", "address"), 1),
    ("dlt645-2007", ("serial", "address"), "12345"),
    ("dlt645-2007", ("serial", "address"), "00000000000X"),
    ("cjt188", ("serial", "address"), "AAAAAAAAAAAA"),
    ("cjt188", ("serial", "address"), "1:00000805000001"),
    ("tuf2000m", ("reply_timeout_ms",), 0),
    ("tuf2000m", ("latency_ms",), -1),
    ("tuf2000m", ("byte_gap_ms",), 1.5),
    ("tuf2000m", ("request_gap_ms",), 1001),
    ("tuf2000m", ("block_registers_max",), 126),
    ("tuf2000m", ("align",), 3),
    ("tuf2000m", ("holes",), 1),
    ("tuf2000m", ("holes",), [[1]]),
    ("tuf2000m", ("holes",), [[1, 2, 3]]),
    ("tuf2000m", ("holes",), [[1, 0x10000]]),
    ("tuf2000m", ("holes",), ["1-2"]),
    ("tuf2000m", ("fields",), {}),
    ("tuf2000m", ("fields",), []),
    ("tuf2000m", ("fields",), [{}] * 65),
    ("tuf2000m", ("fields", 0), "flow"),
    ("tuf2000m", ("fields", 0, "scal"), 1),
    ("tuf2000m", ("fields", 0, "name"), None),
    ("tuf2000m", ("fields", 0, "type"), "f64"),
    ("tuf2000m", ("fields", 5, "type"), "u8"),
    ("tuf2000m", ("fields", 5, "type"), "bcd3"),
    ("tuf2000m", ("fields", 0, "order"), "ACBD"),
    ("tuf2000m", ("fields", 0, "start"), 1.5),
    ("tuf2000m", ("fields", 0, "start"), 0x10000),
    ("tuf2000m", ("fields", 0, "start"), -1),
    ("tuf2000m", ("fields", 0, "di"), "00010000"),
    ("dlt645-2007", ("fields", 0, "start"), 0),
    ("dlt645-2007", ("fields", 0, "order"), "CDAB"),
    ("dlt645-2007", ("fields", 0, "di"), "0001000"),
    ("dlt645-2007", ("fields", 0, "di"), "0001000g"),
    ("dlt645-2007", ("fields", 0, "di"), 65536),
    ("dlt645-2007", ("fields", 0, "at"), -1),
    ("dlt645-2007", ("fields", 0, "at"), 200),
    ("cjt188", ("fields", 0, "di"), "00010000"),
    ("tuf2000m", ("fields", 0, "scale"), 10),
    ("tuf2000m", ("fields", 0, "unit"), "gallon"),
    ("tuf2000m", ("fields", 0, "unit"), "l"),
    ("tuf2000m", ("fields", 0, "min"), -(1 << 63)),
    ("tuf2000m", ("fields", 0, "max"), 1 << 63),
    ("tuf2000m", ("fields", 0, "mask"), 255),
    ("tuf2000m", ("fields", 6, "mask"), 0x10000),
    ("tuf2000m", ("fields", 6, "mask"), 0),
    ("tuf2000m", ("fields", 6, "scale"), 1),
    ("tuf2000m", ("fields", 6, "invalid"), 5),
    ("tuf2000m", ("fields", 6, "invalid"), ["x"]),
    ("tuf2000m", ("fields", 6, "invalid"), [-1]),
    ("tuf2000m", ("fields", 0, "scaling"), {}),
    ("tuf2000m", ("fields", 0, "scaling"), []),
    ("tuf2000m", ("fields", 0, "scaling"), {"time": ["signal_quality"]}),
    ("tuf2000m", ("fields", 0, "scaling"), {"times": []}),
    ("tuf2000m", ("fields", 0, "scaling"), {"times": "signal_quality"}),
    ("tuf2000m", ("fields", 0, "scaling"), {"exponent_sign": -1}),
    ("tuf2000m", ("fields", 0, "scaling"), {"exponent": "signal_quality", "exponent_sign": 0}),
    ("tuf2000m", ("fields", 0, "scaling"), {"offset": 10}),
    ("tuf2000m", ("fields", 0, "scaling"), {"factor": [0, 0]}),
    ("tuf2000m", ("fields", 0, "scaling"), {"factor": [1, 13]}),
    ("tuf2000m", ("fields", 0, "scaling"), {"factor": 36}),
    ("tuf2000m", ("fields", 0, "scaling"), {"factor": [36]}),
    ("tuf2000m", ("fields", 0, "scaling"), {"unit_code": "signal_quality"}),
    ("tuf2000m", ("splits", 0, "scaling", "unit_code"), GONE),
    ("tuf2000m", ("splits", 0, "scaling", "factor"), [1, 0]),
    ("tuf2000m", ("splits", 0, "scaling", "unit_factors"), {}),
    ("tuf2000m", ("splits", 0, "scaling", "unit_factors"), [3]),
    ("tuf2000m", ("splits", 0, "scaling", "unit_factors"), {"m3": [1, 3]}),
    ("tuf2000m", ("splits", 0, "scaling", "unit_factors"), {"01": [1, 3]}),
    ("tuf2000m", ("splits", 0, "scaling", "unit_factors"), {"": [1, 3]}),
    ("tuf2000m", ("splits", 0, "scaling", "unit_factors"), {"0": 3}),
    ("tuf2000m", ("splits",), {}),
    ("tuf2000m", ("splits", 0), 5),
    ("tuf2000m", ("splits", 0, "exponent"), "volume_exponent"),
    ("tuf2000m", ("splits", 0, "unit"), "wh"),
    ("dynaflox-ultrad", ("splits", 0, "fraction_exponent"), 0),
    ("dynaflox-ultrad", ("splits", 0, "fraction_exponent"), -10),
    ("tuf2000m", ("atomic",), "volume"),
    ("tuf2000m", ("atomic",), [5]),
    ("tuf2000m", ("atomic",), [[]]),
    ("tuf2000m", ("atomic",), [[[1]]]),
    ("tuf2000m", ("total",), [1]),
    ("tuf2000m", ("total",), None),
    ("qdy30a", ("meaning",), "forward"),
    ("qdy30a", ("modulus",), 1000),
    ("tuf2000m", ("meaning",), None),
    ("tuf2000m", ("meaning",), "backward"),
    ("tuf2000m", ("modulus",), 0),
    ("tuf2000m", ("modulus",), "2^31"),
    ("tuf2000m", ("modulus",), (1 << 64) + 1),
    ("tuf2000m", ("status",), []),
    ("tuf2000m", ("status", "x"), 1),
    ("tuf2000m", ("status", "bits"), "no_signal"),
    ("tuf2000m", ("status", "bits"), [0]),
    ("tuf2000m", ("unmeasured",), None),
    ("tuf2000m", ("unmeasured", 0, "voids"), "flow_lph"),
    ("tuf2000m", ("unmeasured", 0, "voids"), []),
    ("tuf2000m", ("unmeasured", 0, "below"), 1),
    ("tuf2000m", ("unmeasured", 0, "mask"), GONE),
)

# Well shaped, but what it says cannot be.
SENSE = (
    ("tuf2000m", ("fields", 0, "start"), 0xFFFF),
    ("tuf2000m", ("fields", 0, "name"), "status_bits"),
    ("tuf2000m", ("fields", 0, "min"), 100000001),
    ("tuf2000m", ("fields", 6, "invalid"), [0x10000]),
    ("tuf2000m", ("fields", 1, "type"), "f32"),
    ("tuf2000m", ("fields", 1, "scale"), 1),
    ("tuf2000m", ("fields", 2, "type"), "u32"),
    ("tuf2000m", ("fields", 2, "max"), 1),
    ("tuf2000m", ("fields", 2, "scaling"), {"offset": 1}),
    ("tuf2000m", ("fields", 0, "scaling"), {"times": ["no_such_field"]}),
    ("tuf2000m", ("fields", 0, "scaling"), {"exponent": "volume_l"}),
    ("tuf2000m", ("fields", 8, "scaling"), {"offset": 1}),  # it scales another itself
    ("tuf2000m", ("fields", 0, "scaling"), {"times": ["flow_lph"]}),
    ("tuf2000m", ("splits", 0, "scaling", "unit_factors"), {"70000": [1, 3]}),
    ("tuf2000m", ("splits", 0, "whole"), "no_such_field"),
    ("tuf2000m", ("splits", 0, "fraction_exponent"), -3),
    ("tuf2000m", ("splits", 1, "whole"), "volume_l"),
    ("tuf2000m", ("splits", 1, "name"), "volume_l"),
    ("dynaflox-ultrad", ("splits", 0, "fraction_exponent"), GONE),
    ("tuf2000m", ("atomic",), [["volume_rev_whole", "volume_rev_fraction"]]),
    ("tuf2000m", ("atomic", 0), ["volume_whole", "no_such_field"]),
    ("tuf2000m", ("total",), "volume_whole"),
    ("tuf2000m", ("total",), "flow_lph"),
    ("tuf2000m", ("reverse",), "no_such_field"),
    ("tuf2000m", ("reverse",), "flow_lph"),
    ("tuf2000m", ("status", "field"), "no_such_field"),
    ("tuf2000m", ("status", "field"), "volume_exponent"),
    ("tuf2000m", ("unmeasured", 0, "voids"), ["no_such_field"]),
    ("tuf2000m", ("unmeasured", 0, "field"), "volume_whole"),
    ("tuf2000m", ("block_registers_max",), 3),
    ("tuf2000m", ("holes",), [[7, 2]]),
    ("dlt645-2007", ("atomic",), [["energy_wh", "energy_export_wh"]]),
    ("dlt645-2007", ("fields", 0, "di"), "9010"),  # identifiers of two editions
    ("dlt645-2007", ("serial", "address"), "0000000000AA"),  # A in the middle is no address
    ("cjt188", ("serial", "address"), "AA:0000080500000A"),
    ("cjt188", ("fields", 0, "at"), 195),
)


def changed(name, path, value):
    """A fresh document with one value replaced, or taken away."""
    result = document(name)
    place = result
    for key in path[:-1]:
        place = place[key]
    if value == GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return result


def test_what_has_the_wrong_shape_is_refused():
    for name, path, value in SHAPE:
        found = changed(name, path, value)
        assert refused((errors.Malformed, errors.NotAllowed), Profile, found), (name, path, value)


def test_what_cannot_be_is_not_allowed():
    for name, path, value in SENSE:
        assert refused(errors.NotAllowed, Profile, changed(name, path, value)), (name, path, value)


def every_key(value, path=()):
    """Paths of all keys of a document; of lists the first entry is enough."""
    found = []
    inner = value if isinstance(value, dict) else range(min(len(value), 1)) if isinstance(value, list) else ()
    for key in inner:
        here = path + (key,)  # noqa: RUF005 - MicroPython knows no star in a tuple
        if isinstance(value, dict):
            found.append(here)
        found += every_key(value[key], here)
    return found


OPTIONAL = (
    "mask",
    "min",
    "max",
    "invalid",
    "scaling",
    "exponent",
    "exponent_sign",
    "offset",
    "times",
    "factor",
)
OPTIONAL += ("fraction_exponent",)


def test_every_missing_key_is_refused():
    missing = 0
    for name in ("tuf2000m", "em1010-energy", "dlt645-2007", "cjt188", "qdy30a"):
        for path in every_key(document(name)):
            if path[-1] in OPTIONAL or "unit_factors" in path[:-1]:
                continue
            missing += 1
            assert refused((errors.Malformed, errors.NotAllowed), Profile, changed(name, path, GONE)), path
    assert missing > 150


def test_what_is_no_object_is_malformed():
    for whole in (None, [], "profile", 5, {}):
        assert refused(errors.Malformed, Profile, whole)
