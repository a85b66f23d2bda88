"""The field link's other side: what the gateway reads of controllers and says to them (design §9).

Layouts and the meaning of the acknowledgement are in link.py.
"""

from . import fields, record
from .errors import Malformed, NotAllowed, TooLarge
from .link import (
    ACK,
    ACK_BODY,
    COMMAND,
    COMMAND_BODY,
    GRANT,
    KEYS,
    OFFLINE,
    ORDER,
    SLOTS_MAX,
    START,
    STATE_BODY,
    STOP,
    TIME,
    TIME_BODY,
    UP_HEADER,
    UP_HEADER_SIZE,
    VERSION,
    put_up_header,
)


def encode_up(frame, chain, slots):
    """Return an up payload of 1..16 slots, as a controller sends it. Raises NotAllowed."""
    payload = bytearray(UP_HEADER_SIZE)
    put_up_header(payload, frame, chain, len(slots))
    for slot in slots:
        if len(slot) != record.SLOT_SIZE:
            raise NotAllowed("a slot has %d bytes" % record.SLOT_SIZE)
    return bytes(payload) + b"".join(slots)


def decode_up(payload):
    """Return (frame, chain, [slot]) of an up payload. Raises Malformed or TooLarge."""
    values = fields.unpack(UP_HEADER, payload)
    if values["version"] != VERSION:
        raise Malformed("frame version %s is not %d" % (values["version"], VERSION))
    count = values["count"]
    if not count:
        raise Malformed("a frame without slots")
    if count > SLOTS_MAX:
        raise TooLarge("a frame has at most %d slots" % SLOTS_MAX, SLOTS_MAX)
    start = fields.size_of(UP_HEADER)
    size = record.SLOT_SIZE
    if len(payload) != start + count * size:
        raise Malformed("%d slots need %d bytes, not %d" % (count, start + count * size, len(payload)))
    slots = [bytes(payload[start + i * size : start + (i + 1) * size]) for i in range(count)]
    return values["frame"], values["chain"], slots


def encode_ack(frame, chain, seq):
    """Return an acknowledgement: everything up to `seq` of `chain` is stored durably."""
    return fields.pack(
        ACK_BODY, {"kind": ACK, "version": VERSION, "frame": frame, "chain": chain, "seq": seq}
    )


def encode_grant(grant):
    """Return the down payload that carries one signed grant."""
    return bytes((GRANT,)) + grant


def encode_order(order):
    """Return the down payload that carries one signed order."""
    return bytes((ORDER,)) + order


def encode_keys(key_list):
    """Return the down payload that carries one signed key list."""
    return bytes((KEYS,)) + key_list


def encode_time(utc_s):
    """Return the gateway's time, which moves a trusted clock 10 min a day at most. Raises NotAllowed."""
    return fields.pack(TIME_BODY, {"kind": TIME, "version": VERSION, "utc_s": utc_s})


def encode_start(account, boot, until_s):
    """Return a wish to start for an account (0: the well's own), dead after uptime `until_s`.

    `boot` and `until_s` quote the controller's last state; it refuses more than 180 s ahead. Raises
    NotAllowed.
    """
    return _command(START, account, boot, until_s)


def encode_stop():
    """Return a wish to stop, which a well of drinking water does not hear."""
    return _command(STOP, None, None, None)


def _command(verb, account, boot, until_s):
    values = {"kind": COMMAND, "version": VERSION, "verb": verb, "account": account, "boot": boot}
    values["until_s"] = until_s
    return fields.pack(COMMAND_BODY, values)


def decode_state(payload):
    """Return the state as a dict, {"online": 0} for the last will. Raises Malformed."""
    if bytes(payload) == OFFLINE:
        return {"online": 0}
    values = fields.unpack(STATE_BODY, payload)
    if len(payload) != fields.size_of(STATE_BODY) or (values["version"], values["online"]) != (VERSION, 1):
        raise Malformed("state of %d bytes" % len(payload))
    return values
