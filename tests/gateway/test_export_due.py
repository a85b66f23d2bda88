"""When a file is due, and of which period: by the time that is passed in, nothing waits."""

from karez_gateway import config as configuration
from karez_gateway.calendars import Calendar
from karez_gateway.exports import due
from karez_gateway.exports.due import Period

DAY_S = 86_400
CIVIL = Calendar(8)


def export(**changed):
    return configuration.Config.model_validate(
        {
            "gateway": {"name": "g"},
            "log": {"origin": "k/g"},
            "export": [{"name": "c", "kind": "ledger"} | changed],
        }
    ).export[0]


def test_periods_follow_one_another_without_a_gap_and_never_before_their_time():
    for changed in (
        {},
        {"every": "month"},
        {"at": "00:00"},
        {"utc_offset_h": -11},
        {"every": "month", "utc_offset_h": 14},
    ):
        one = export(**changed)
        civil = Calendar(one.utc_offset_h)
        now = civil.moment("2026-01-15")
        last, seen = None, []
        for _ in range(120 * 24):
            now += 3600
            while (period := due.next_due(one, last, now)) is not None:
                assert period.to_utc_s + one.at_s <= now
                assert not seen or period.from_utc_s == seen[-1].to_utc_s
                seen.append(period)
                last = period.to_utc_s
        assert seen[-1].to_utc_s + one.at_s > now - (31 if one.every == "month" else 1) * DAY_S - 3600
        assert len(seen) == (5 if one.every == "month" else 120 + (one.at == "00:00"))


def test_after_an_outage_of_years_the_newest_periods_are_made_up_for():
    one = export()
    period = due.next_due(one, CIVIL.moment("2020-01-01"), CIVIL.moment("2026-01-02"))
    assert period.from_utc_s == CIVIL.moment("2026-01-01") - due.CATCH_UP_MAX * DAY_S
    changed = due.next_due(export(every="month"), CIVIL.moment("2026-01-15"), CIVIL.moment("2026-04-02"))
    assert changed == Period(CIVIL.moment("2026-02-01"), CIVIL.moment("2026-03-01"))
