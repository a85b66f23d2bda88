"""Records and findings: bounded pages, every verdict, one answer for what is not there."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karez_protocols import causes, record

from .api_desk import desk
from .synthetic import START_UTC_S, SyntheticController, make_grant, tampered


def irrigated(seed="a", site="well-1", intervals=30):
    box = SyntheticController(seed, site)
    box.irrigate(intervals)
    return box


def pages(found, **query):
    """Every page's records, and how many pages there were."""
    seen, count, after = [], 0, ""
    while after is not None:
        page = found.get("/v1/sites/well-1/records", **query, **({"after": after} if after else {}))
        assert len(page["records"]) <= query.get("limit", 100)
        seen += page["records"]
        count += 1
        after = page["next"]
    return seen, count


def test_pages_hold_every_record_once_and_in_order(tmp_path):
    box = irrigated()
    with desk(tmp_path / "g", box) as found:
        for limit in (1, 7, len(box.slots), len(box.slots) + 1, 500):
            seen, count = pages(found, limit=limit)
            assert [one["seq"] for one in seen] == sorted(box.slots)
            assert count == -(-len(box.slots) // limit) + (len(box.slots) % limit == 0)


def test_a_record_says_its_raw_registers_its_books_and_its_verdict(tmp_path):
    box = SyntheticController("a", "well-1")
    raw = bytes.fromhex("0001020304050607")
    box.interval(700, water_raw=raw, energy_raw=raw[::-1], held_l=9, energy_wh=4321, alarms=1)
    box.interval(None or 0, volume_l=None, held_l=None)
    box.start(credential=bytes.fromhex("04a1b2c3d4e5f601"), cause=causes.NONE)
    with desk(tmp_path / "g", box) as found:
        one, unknown, start = found.get("/v1/sites/well-1/records")["records"]
        assert (one["water_register"], one["energy_register"]) == (raw.hex(), raw[::-1].hex())
        assert (one["well_register_l"], one["held_l"], one["energy_register_wh"]) == (1_000_700, 9, 4321)
        assert (one["kind"], one["verdict"], one["reason"], one["seq"]) == ("interval", "good", None, 1)
        assert one["entry"] == {"log_origin": "karez.test/county", "log_index": 0} and len(one["alarms"]) == 1
        assert one["time"] == {"utc_s": START_UTC_S + 300, "iso": "2026-09-21T22:05:00+08:00"}
        assert unknown["well_register_l"] is unknown["held_l"] is None
        assert "04a1b2c3d4e5f601" not in str(start)  # whose card it was stays in the evidence
        later = found.get("/v1/sites/well-1/records", utc_offset_h=0)["records"][0]
        assert later["time"]["iso"] == "2026-09-21T14:05:00+00:00"


def test_quarantined_forked_and_waiting_records_are_listed_as_what_they_are(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(6):
        box.interval(10)
    other = tampered(box.slots[2], 70)
    with desk(tmp_path / "g") as found:
        found.county.enrol(box)
        found.county.take(box, box.frame(1, 2), box.carry([other]), box.frame(5))
        found.county.work()
        told = found.get("/v1/sites/well-1/records")["records"]
        assert [(one["seq"], one["verdict"]) for one in told] == [
            (1, "good"), (2, "good"), (2, "quarantined"), (5, "unjudged"),
        ]  # fmt: skip
        assert told[2]["reason"] and told[1]["slot_sha256"] != told[2]["slot_sha256"]
        shown = found.get("/v1/sites/well-1/findings")
        (fork,) = shown["forks"]
        assert (fork["seq"], fork["first_entry"]["log_index"], fork["second_entry"]["log_index"]) == (2, 1, 2)
        assert [(one["first_seq"], one["last_seq"], one["is_lost"]) for one in shown["gaps"]] == [
            (3, 4, False)
        ]
        assert shown["quarantined"][0]["records"] == 1 and shown["is_whole"]


def test_findings_and_lost_numbers_are_told_with_their_evidence(tmp_path):
    box = SyntheticController("a", "well-1")
    right = make_grant("well-1", 3, 1_000_100)
    with desk(tmp_path / "g") as found:
        found.county.enrol(box)
        from karez_gateway.controllers.enrolment import queue_grant

        queue_grant(found.county.store, right)
        box.accept_grant(right)
        box.interval(9000)
        box.interval(10)
        box.interval(10)
        box.lose(3, 4)
        box.checkpoint()
        kept = [seq for seq in box.slots if seq not in (3, 4)]
        found.county.take(box, box.frame(*kept))
        found.county.work()
        shown = found.get("/v1/sites/well-1/findings")
        (one,) = shown["findings"]
        assert (one["kind"], one["subject"], one["volume_l"]) == ("overshoot", 3, 8900)
        assert one["kind_zh"] == "取水超出用水指标" and one["entry"]["log_index"] >= 1
        assert [(gap["first_seq"], gap["last_seq"], gap["is_lost"]) for gap in shown["gaps"]] == [
            (3, 4, True)
        ]


def test_a_span_of_records_has_those_of_its_time(tmp_path):
    box = irrigated()
    with desk(tmp_path / "g", box) as found:
        begin, end = START_UTC_S + 1800, START_UTC_S + 5400
        civil = {"from": "2026-09-21T14:30:00Z", "to": "2026-09-21T15:30:00Z"}
        for limit in (1, 5, 100):
            seen, _ = pages(found, limit=limit, **civil)
            times = [one["time"]["utc_s"] for one in seen]
            assert times == [
                record.header(slot)["utc_s"]
                for _, slot in sorted(box.slots.items())
                if begin <= record.header(slot)["utc_s"] < end
            ]
            assert len(times) == 12


NAMES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["..", "../..", "../../etc/passwd", "well-1/../well-2", "%2e%2e", "' OR 1=1 --", "\x00", "井" * 30]
    ),
)


def test_no_name_of_a_site_leads_anywhere_else(tmp_path):
    from urllib.parse import quote

    with desk(tmp_path / "g", irrigated(intervals=2), irrigated("b", "井 12/乙", 2)) as found:
        shown = found.give("town", "井 12/乙")
        path = "/v1/sites/" + quote("井 12/乙", safe="")
        assert found.ask(path, token=shown).json()["site"] == "井 12/乙"
        assert found.ask(path + "/records", token=shown).json()["site"] == "井 12/乙"

        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(NAMES)
        def anything(name):
            if name == "井 12/乙":
                return
            answer = found.ask("/v1/sites/" + quote(name, safe=""), token=shown)
            assert answer.status_code in (400, 404), (name, answer.status_code)
            assert "well-1" not in re.sub(re.escape(name), "", answer.text)

        anything()
