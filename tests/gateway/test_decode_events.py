"""karez decode record of events: the 24 bytes behind the subject are shown as what their cause says."""

import json
import re

import pytest

from karez_gateway.decoder import chinese, record
from karez_gateway.decoder.finding import Options
from karez_protocols import causes, event_details, fields, grant
from karez_protocols import record as records

from .synthetic import SyntheticController

OPENED = {
    "quantity": grant.WATER, "method": records.METERED, "reason": event_details.RESET, "number": 3,
    "closing": 31_879, "register_base": 40, "base": 8_120, "is_confirmed": 0,
}  # fmt: skip
EXAMPLES = {
    causes.SEGMENT_OPENED: OPENED,
    causes.SEGMENT_CONFIRMED: OPENED | {"quantity": grant.ENERGY, "is_confirmed": 1},
    causes.METER_CLOSED: {"quantity": grant.WATER, "serial": "TUF-001", "register": 31_900},
    causes.METER_OPENED: {"quantity": grant.ENERGY, "serial": "meter", "register": 12},
    causes.RATIO_OFF: {
        "volume_l": 100_000, "energy_wh": 50_000, "ratio_ml_per_wh": 2000, "reference_ml_per_wh": None,
        "seconds": 3600, "spread_permille": 12,
    },
    causes.LOCKOUT_BEGAN: {"cause": causes.PHASE_LOSS, "trips": 3, "seconds": 900},
    causes.TASK_FAILED: {"task": "uplink", "error": "OSError"},
}  # fmt: skip


def event(cause, detail):
    """The finding of an event's slot."""
    well = SyntheticController("events", "site-1")
    slot = well.event(cause, 5, detail=detail)
    found = record.decode(slot, Options())
    assert len(found) == 1 and b"".join(one.raw for one in found[0].fields) == slot
    return found[0]


def shown(finding):
    return {
        one.name[7:]: (one.offset, one.meaning, one.unit)
        for one in finding.fields
        if one.name.startswith("detail ")
    }


def packed(cause, values):
    return fields.pack(event_details.layout(cause), values)


@pytest.mark.parametrize("cause", EXAMPLES)
def test_every_field_of_a_detail_is_shown_in_its_place_in_both_languages(cause):
    finding = event(cause, packed(cause, EXAMPLES[cause]))
    names = [name for name, kind, _, _ in fields.each(event_details.layout(cause)) if kind != "x"]
    assert [name for name in shown(finding) if name != "reserved"] == names
    for name, kind, at, _ in fields.each(event_details.layout(cause)):
        assert shown(finding)[name][0] == 88 + at, kind
    assert finding.facts["details"].items() >= EXAMPLES[cause].items()
    assert json.dumps(finding.facts)
    for one in chinese.fields(finding.fields):
        if one.name.startswith("详情"):
            english = re.findall("[a-z]{2,}", one.meaning)
            assert not english or one.name in ("详情：表号", "详情：任务", "详情：错误"), one


def test_an_opened_segment_says_why_in_litres_and_that_nobody_confirmed_it():
    finding = event(causes.SEGMENT_OPENED, packed(causes.SEGMENT_OPENED, OPENED))
    assert shown(finding)["reason"] == (90, "1 register began anew", "")
    assert shown(finding)["base"] == (105, "8120", "L") and shown(finding)["closing"][2] == "L"
    assert shown(finding)["is_confirmed"] == (111, "0 provisional", "")
    assert finding.facts["details"]["reason_name"] == "register began anew"


def test_registers_of_an_energy_meter_are_watt_hours_and_an_unknown_one_has_no_unit():
    values = EXAMPLES[causes.SEGMENT_CONFIRMED] | {"closing": None}
    found = shown(event(causes.SEGMENT_CONFIRMED, packed(causes.SEGMENT_CONFIRMED, values)))
    assert found["register_base"] == (99, "40", "Wh") and found["closing"] == (93, "unknown", "")
    assert found["is_confirmed"][1] == "1 confirmed by a person"


def test_a_ratio_has_its_units():
    found = shown(event(causes.RATIO_OFF, packed(causes.RATIO_OFF, EXAMPLES[causes.RATIO_OFF])))
    assert found["ratio_ml_per_wh"][1:] == ("2000", "mL/Wh") and found["spread_permille"][1:] == ("12", "‰")
    assert found["reference_ml_per_wh"][1:] == ("unknown", "") and found["seconds"][1:] == ("3600", "s")


def test_a_lockout_names_its_protection():
    found = event(causes.LOCKOUT_BEGAN, packed(causes.LOCKOUT_BEGAN, EXAMPLES[causes.LOCKOUT_BEGAN]))
    assert (
        shown(found)["cause"][1] == "50 phase lost" and found.facts["details"]["cause_name"] == "phase lost"
    )


def test_an_event_without_a_layout_keeps_its_bytes():
    finding = event(causes.METER_SILENT, bytes(24))
    assert not shown(finding) and finding.facts["details"] == {}
    assert next(one for one in finding.fields if one.name == "detail").raw == bytes(24)


def test_a_detail_that_is_not_what_its_cause_says_is_shown_as_far_as_it_can_be_read():
    good = packed(causes.METER_CLOSED, EXAMPLES[causes.METER_CLOSED])
    for bad, name, why in (
        (good[:-1] + b"\1", "reserved", "not zero"),
        (good[:1] + b"\xff" * 16 + good[17:], "serial", "serial is not UTF-8"),
    ):
        finding = event(causes.METER_CLOSED, bad)
        assert finding.is_good and finding.facts["details"] is None
        assert shown(finding)[name][1] == why


def test_every_byte_of_every_detail_may_be_anything():
    for cause, values in EXAMPLES.items():
        detail = packed(cause, values)
        for at in range(24):
            for new in (0, 0x80, 0xFF):
                changed = detail[:at] + bytes([new]) + detail[at + 1 :]
                assert len(shown(event(cause, changed))) == len(
                    list(fields.each(event_details.layout(cause)))
                )
