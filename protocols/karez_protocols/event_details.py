"""What the 24 bytes of an event's `detail` hold, by its cause (record.EVENT_TAIL).

Causes that are not here write zeros.
"""

from . import causes, fields

# A segment begins, or a person confirmed it: what was closed and what is read from now on.
SEGMENT = """
quantity u1
method u1
reason u1
number u2
closing u6
register_base u6
base u6
is_confirmed u1
"""

# One meter, as a person entered it: closing reading when it was taken off, opening when put on.
METER = """
quantity u1
serial t16
register u6
reserved x1
"""

# Water against energy: what was compared, and with what.
RATIO = """
volume_l u5
energy_wh u5
ratio_ml_per_wh u4
reference_ml_per_wh u4
seconds u4
spread_permille u2
"""

LOCKOUT = """
cause u1
trips u1
seconds u4
reserved x18
"""

TASK = """
task t8
error t16
"""

# What a technician asks for, before it is done: the first words of his request.
ACT = """
number u2
words t22
"""

# A document that replaces another, before it does: the first bytes of its SHA-256. `number`: of the
# technician who brought it; unknown when somebody else did.
DOCUMENT = """
number u2
digest b22
"""

# A signed object that was refused, or is odd: the first bytes of its SHA-256, whoever carried it.
OBJECT = """
digest b24
"""

# Why a segment was opened.
RESET = 1  # the register begins at or near zero again
JUMP = 2  # it goes on from somewhere else
SWAP = 3  # a person put on another meter
COEFFICIENT = 4  # a new coefficient of conversion
TAKEOVER = 5  # the second meter takes over

_LAYOUTS = {
    causes.SEGMENT_OPENED: SEGMENT,
    causes.SEGMENT_CONFIRMED: SEGMENT,
    causes.METER_CLOSED: METER,
    causes.METER_OPENED: METER,
    causes.RATIO_OFF: RATIO,
    causes.RATIO_DRIFT: RATIO,
    causes.STEP_TEST: RATIO,
    causes.LOCKOUT_BEGAN: LOCKOUT,
    causes.TASK_FAILED: TASK,
    causes.TECHNICIAN_IN: ACT,
    causes.LOGIN_LOCKED: ACT,
    causes.TECHNICIAN_ACTS: ACT,
    causes.TECHNICIANS_TAKEN: DOCUMENT,
    causes.CONFIG_REPLACED: DOCUMENT,
}


def layout(cause):
    """Return the layout of an event's detail, None when its cause has none."""
    is_grant = causes.GRANT_REFUSED_SIGNATURE <= cause <= causes.GRANT_HEAD_UNKNOWN
    is_order = causes.ORDER_REFUSED_SIGNATURE <= cause <= causes.ORDER_REFUSED_FULL
    if (is_grant or is_order) and cause != causes.ORDER_ENDED:
        return OBJECT
    if causes.UPDATE_ARMED <= cause <= causes.UPDATE_RETURNED:
        return DOCUMENT
    return _LAYOUTS.get(cause)


def decode(cause, detail):
    """Return the fields of an event's detail as a dict, empty without a layout. Raises Malformed."""
    found = layout(cause)
    return fields.unpack(found, detail) if found else {}
