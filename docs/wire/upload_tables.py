"""Tables inside pages that are written by hand: dialects and requests of the two upload standards.

A page says `<!-- table: name -->` and `<!-- end -->`; what stands between is written from the code. A
switch or a setting that has no meaning here stops the generator.
"""

import re

from karez_gateway.uploads import downlink_rules, event_counters, sl651, station_words
from karez_protocols import (
    causes,
    record,
    sl651_dialect,
    sl651_elements,
    sl651_functions,
    sl651_status,
    szy206_dialect,
    szy206_words,
)
from karez_protocols.errors import NotAllowed

PAGES = ("sl651", "szy206")

_REGION = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

_SZY206_MEANINGS = {
    "tp_len": "bytes of the time tag: 5, or 7 with month and year; the wrong one is refused",
    "confirm_with_tp": "the centre's confirm of a report carries a time tag; reading takes both",
    "addr_order": "order of the two bytes of the station number",
    "flow_unit": "unit of our flow: 0 m³/s, 3 m³/h; both are read",
    "lone_field": "meaning of a single 5-byte field in type 3",
    "utc_offset_s": "the platform's clock minus UTC",
    "types": "types 7, 8, B and the composite as in that standard",
    "pw_order": "the two bytes of PW as configured (big) or turned round",
    "tag_order": "day_first: day, hour, minute, second, of one early vendor",
    "tag_seconds": "zero: a platform wants whole minutes in the tags of reports",
    "alarm_place": "the alarm word of 81H stands before or behind the data",
    "channel_order": "a channel is flow and volume, or volume and flow",
    "composite_order": "elements of a composite from D0 up, or from D7 down",
    "device_order": "92H and 93H: kind in the high nibble and number in the low one, or the reverse",
    "confirm_type": "type code of a confirm: as received, or 0",
    "answer_aux": "answers carry PW and Tp behind D",
    "limits_tail": "57H, 58H, 64H end with the alarm word, or with alarm and state",
    "motor_bytes": "bytes of each figure of 5FH",
    "stored_field": "what B1H returns for flow and volume",
    "report_83": "83H is a picture (427), or the pump run of a vendor's well terminals",
}
_SL651_MEANINGS = {
    "filler": "fills what we do not have: 170 = AA or 255 = FF, both are read; rows of 31H and 38H have FF",
    "wide_packets": "frames with SYN have 16 bits of length (table 22), the end tells the direction",
    "series_words": "identifiers in front of the rows of 31H and 38H in HEX",
    "ascii_space": "ASCII: a blank between send time and body is written; read with and without",
    "user_reports": "user functions (E0 to FF) whose body is a report",
    "elements": "identifiers agreed with the platform, beyond annex C",
    "settings": "settings agreed with the platform, beyond annex D",
    "utc_offset_s": "the platform's clock minus UTC",
}
_SENT = {"2F": "sent when idle", "32": "sent of an interval", "33": "sent of a stop"}


def _table(columns: str, rows: list[list[str]]) -> str:
    bars = columns.count("|") + 1
    lines = [f"| {columns} |", "|" + "---|" * bars]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def _explained(names: list[str], meanings: dict[str, str], standard: str) -> list[tuple[str, str]]:
    if set(names) != set(meanings):
        odd = ", ".join(sorted(set(names) ^ set(meanings)))
        raise SystemExit(f"{standard}: {odd} stand in the code or in upload_tables.py only")
    return [(name, meanings[name]) for name in names]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value == b"" else str(value)


def _names_of(made: object, kind: type) -> list[str]:
    """Options of a dialect: set by its constructor, or switches with a default in the class."""
    own = list(vars(made))
    return own + [name for name in vars(kind) if not name.startswith("_") and name not in own]


def szy206_dialect_options() -> str:
    """Every option of the dialect, what it is in both standards, and what else it may be."""
    one, other = szy206_dialect.SZY206_2016, szy206_dialect.SLT427_2021
    switches = szy206_dialect._SWITCHES  # noqa: SLF001 - the one list of them
    may_be = {name: " ".join(map(_value, values)) for name, values in switches.items()}
    may_be |= {"tp_len": "5 7", "addr_order": "little big", "flow_unit": "0 3", "lone_field": "flow volume"}
    names = _names_of(one, szy206_dialect.Dialect)
    rows = [
        [f"`{name}`", _value(getattr(one, name)), _value(getattr(other, name)), may_be.get(name, ""), meaning]
        for name, meaning in _explained(names, _SZY206_MEANINGS, "szy206")
    ]
    return _table("option | 206 | 427 | may be | meaning", rows)


def sl651_dialect_options() -> str:
    """Every option of the dialect and its default."""
    default = sl651_dialect.SL651_2014
    rows = [
        [f"`{name}`", _value(getattr(default, name)), meaning]
        for name, meaning in _explained(list(vars(default)), _SL651_MEANINGS, "sl651")
    ]
    return _table("option | default | meaning", rows)


def sl651_forms() -> str:
    """The names in gateway.toml, and where each puts what the standard has no identifier for."""
    rows = []
    for name, form in sl651.DIALECTS.items():
        places = []
        for field in ("total_l", "energy_wh"):
            try:
                places.append(f"{sl651_elements.ident_of_field(form.dialect.elements, field):02X}")
            except NotAllowed:
                places.append("not sent")
        rows.append([f"`{name}`", "ASCII" if form.is_ascii else "HEX", *places])
    return _table("dialect | written in | running total, m³ | energy, kWh", rows)


def sl651_functions_both_ways() -> str:
    """Every function of the standard, and what we do with it."""
    rows = []
    for line in sl651_functions.TABLE.decode().splitlines():
        code, _, _, name = line.split()
        rule = downlink_rules.SL651.get(int(code, 16))
        ours = {"2F": "sent when idle", "32": "sent of an interval", "33": "sent of a stop"}.get(
            code, "not sent"
        )
        rows.append([code, name.replace("_", " "), ours if rule is None else rule.verdict.value])
    return _table("code | function | here", rows)


# When a bit is set, by the names of szy206_words.ALARMS and sl651_status.ALARMS: uploads/station_words.py.
_SET = {
    "mains_failed": "a stop because the mains were lost (60); not one found after a restart (61): a box that "
    "lost its own supply cannot tell why",
    "level_limit": "a stop by an order for the area's level (43)",
    "flow_meter_fault": "the water meter is silent, stands still, repeats itself, counts backwards, says "
    "what is impossible, differs from the second one, or its register waits for a person; a stop for a "
    "meter's fault (56); no flow of a metered well",
    "pump_changed": "a stop; in answers also after a start: starts are not reported",
    "level_meter_fault": "the level probe is silent",
    "storage_fault": "the controller's store or its FRAM has failed",
    "quota_alarm": "a stop at a ceiling of water, energy, account or of litres without a network, without a "
    "grant or after its end, by an order for the area's volume (20 to 26, 44)",
    "remaining_low": "a stop at a ceiling of water, energy or account (20 to 22); in answers also while "
    "nothing is left of the right",
    "door": "the door stands open",
}
_NEVER = {
    "battery_low": "no record knows a battery",
    "flow_limit": "no flow has a limit here but the right itself; an impossible one is the meter's fault",
    "quality_limit": "no such meter",
    "pressure_limit": "no pressure has a limit here",
    "temperature_limit": "no such meter; reserved in 206",
    "card_alarm": "a card identifies here, it is no purse",
    "reserved_14": "a vendor's own",
    "reserved_15": "reserved",
}


def _when(name: str) -> str:
    if (name in _SET) == (name in _NEVER):
        raise SystemExit(f"alarm {name} stands in both or in none of the lists of upload_tables.py")
    said = {*station_words.BY_ALARM, *station_words.BY_STOP, "pump_changed", "door"}
    if (name in said) != (name in _SET):
        raise SystemExit(f"alarm {name}: upload_tables.py says another thing than station_words.py")
    return _SET.get(name) or f"never: {_NEVER[name]}"


def szy206_alarm_bits() -> str:
    """The alarm word: when each bit is set in our reports and answers."""
    rows = [
        [f"D{bit}", name.replace("_", " "), _when(name)]
        for bit, name in enumerate(szy206_words.ALARMS.split())
    ]
    return _table("bit | 1 says | set by the record", rows)


def sl651_status_bits() -> str:
    """The status word: what each bit says, and when we set it."""
    facts = {
        7: ("door: **0 = open**, 1 = closed", "as the record has it; a box without a switch says closed"),
        9: ("IC card in use", "never: a card identifies here, it is no purse"),
        10: ("pump: **0 = running**, 1 = stopped", "as the record has it, see below"),
    }
    rows = []
    for bit, name in enumerate(sl651_status.ALARMS.split()):
        what, when = facts.get(bit) or (name.replace("_", " "), _when(name))
        rows.append([str(bit), what, when])
    return _table("bit | 1 says | set in our reports", rows)


_COUNTED = {
    "frames_sent": "reports of this station that the platform has confirmed",
    "frames_received": "their confirms",
    "send_errors": "attempts to report that came to nothing",
    "password_error": "commands with a wrong password, since the service was started; in 50H changes of the "
    "password: 0, for a platform changes none",
    "battery_low": "0: no record knows a battery",
    "pressure_alarm": "0: no pressure has a limit here",
    "quality_alarm": "0: no such meter",
}


def _counted(name: str) -> str:
    """Words for the kinds and causes of a counter."""
    if name not in event_counters.OF_RECORDS:
        return _COUNTED[name]
    if name in _COUNTED:
        raise SystemExit(f"counter {name} is of records and stands in upload_tables.py, too")
    kinds, found = [], {}
    for key in event_counters.OF_RECORDS[name]:
        if isinstance(key, int):
            kinds.append(record.KIND_NAMES[key])
        else:
            found.setdefault(record.KIND_NAMES[key[0]], []).append(f"{causes.name(key[1])} ({key[1]})")
    every = [f"every record of: {', '.join(kinds)}"] if kinds else []
    return "; ".join(every + [f"{kind}: {', '.join(words)}" for kind, words in found.items()])


def event_counter_rows() -> str:
    """The counters of 5DH and 50H, and which records are counted in each."""
    names = szy206_words.EVENTS.split()
    rows = [[str(number), name.replace("_", " "), _counted(name)] for number, name in enumerate(names, 1)]
    return _table("number | counter | what is counted", rows)


def _requests(rules: dict[int, downlink_rules.Rule]) -> str:
    rows = []
    for code in sorted(rules):
        rule = rules[code]
        why = rule.reason
        if rule.tells_state:
            why = "; ".join(filter(None, (why, "the answer tells what is so")))
        rows.append([f"{code:02X}", rule.what, rule.verdict.value, why])
    rows.append(["other", downlink_rules.UNKNOWN.what, "refused", downlink_rules.UNKNOWN.reason])
    return _table("code | request | comes to | why", rows)


TABLES = {
    "szy206_dialect": szy206_dialect_options,
    "szy206_alarms": szy206_alarm_bits,
    "event_counters": event_counter_rows,
    "szy206_requests": lambda: _requests(downlink_rules.SZY206),
    "sl651_dialect": sl651_dialect_options,
    "sl651_forms": sl651_forms,
    "sl651_functions": sl651_functions_both_ways,
    "sl651_status": sl651_status_bits,
    "sl651_requests": lambda: _requests(downlink_rules.SL651),
}


def filled(text: str) -> str:
    """The text of a page with its tables as the code has them today."""
    return _REGION.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)
