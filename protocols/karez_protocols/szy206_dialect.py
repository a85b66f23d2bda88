"""What differs between SZY 206-2012, SZY 206-2016, SL/T 427-2021 and the platforms that speak them.

Where public sources contradict each other there is a switch here, and nowhere else a guess;
docs/decisions/0027-szy206-readings.md says which source reads what.
"""

from .errors import NotAllowed

LOW_FIRST = "little"  # order of two bytes; both are met in devices
HIGH_FIRST = "big"

# Switches and the values they take; the first is what a new Dialect has.
_SWITCHES = {
    "types": ("206", "427"),
    "pw_order": (HIGH_FIRST, LOW_FIRST),
    "tag_order": ("second_first", "day_first"),
    "tag_seconds": ("kept", "zero"),
    "alarm_place": ("before", "after"),
    "channel_order": ("flow_first", "volume_first"),
    "composite_order": ("low_first", "high_first"),
    "device_order": ("kind_first", "number_first"),
    "confirm_type": ("same", "zero"),
    "answer_aux": (False, True),
    "limits_tail": ("alarm", "alarm_state"),
    "motor_bytes": (2, 1),
    "stored_field": ("volume", "flow"),
    "report_83": ("picture", "run"),
}


class Dialect:
    """What a platform and its stations agreed on.

    tp_len           bytes of the time tag: 5 (206) or 7 with month and year (427)
    confirm_with_tp  the centre's confirm of a report carries a time tag
    addr_order       order of A2's two bytes: LOW_FIRST or HIGH_FIRST
    flow_unit        unit our own reports use: szy206_values.FLOW_M3_S or FLOW_M3_H
    lone_field       meaning of a single 5-byte field in a type 3 report: "flow" or "volume"
    utc_offset_s     the tag's clock minus UTC; Chinese platforms run on UTC+8

    Switches, by name:
    types            types 7, 8, B and the composite as in "206" or "427"; without it as tp_len has it
    pw_order         the two bytes of PW as configured (HIGH_FIRST) or turned round (LOW_FIRST)
    tag_order        "second_first", or "day_first": day, hour, minute, second of one early vendor
    tag_seconds      "kept", or "zero": a platform that wants whole minutes in the tags of reports
    alarm_place      the alarm word of 81H stands "before" or "after" the data
    channel_order    a channel is "flow_first" or "volume_first"
    composite_order  elements of a composite from D0 up ("low_first") or from D7 down
    device_order     92H/93H: high nibble the kind, low the number, or "number_first"
    confirm_type     type code of a confirm: "same" as received, or "zero"
    answer_aux       answers carry PW and Tp behind D
    limits_tail      57H, 58H, 64H end with the "alarm" word, or "alarm_state"
    motor_bytes      bytes of each figure of 5FH: 2 or 1
    stored_field     what B1H returns for flow and volume: "volume" or "flow"
    report_83        83H is the "picture" of 427, or the "run" of a vendor's well terminals

    Raises NotAllowed for a value that no source has.
    """

    types = "206"
    pw_order = HIGH_FIRST
    tag_order = "second_first"
    tag_seconds = "kept"
    alarm_place = "before"
    channel_order = "flow_first"
    composite_order = "low_first"
    device_order = "kind_first"
    confirm_type = "same"
    answer_aux = False
    limits_tail = "alarm"
    motor_bytes = 2
    stored_field = "volume"
    report_83 = "picture"

    def __init__(
        self,
        tp_len: int,
        confirm_with_tp: bool,
        addr_order: str = LOW_FIRST,
        flow_unit: int = 0,
        lone_field: str = "flow",
        utc_offset_s: int = 28800,
        **switches: "str | bool | int",
    ):
        if tp_len not in (5, 7) or addr_order not in (LOW_FIRST, HIGH_FIRST):
            raise NotAllowed("a time tag has 5 or 7 bytes, an address order is little or big")
        if flow_unit not in (0, 3) or lone_field not in ("flow", "volume"):
            raise NotAllowed("a flow unit is 0 or 3, a lone field is flow or volume")
        if not -86400 < utc_offset_s < 86400:
            raise NotAllowed("a clock is less than a day off UTC, not %d s" % utc_offset_s)
        self.tp_len = tp_len
        self.confirm_with_tp = confirm_with_tp
        self.addr_order = addr_order
        self.flow_unit = flow_unit
        self.lone_field = lone_field
        self.utc_offset_s = utc_offset_s
        self.types = "427" if tp_len == 7 else "206"
        for name, value in switches.items():
            if value not in _SWITCHES.get(name, ()):
                raise NotAllowed("no dialect has %s = %s" % (name, value))
            setattr(self, name, value)


SZY206_2016 = Dialect(5, False)
SLT427_2021 = Dialect(7, True)
