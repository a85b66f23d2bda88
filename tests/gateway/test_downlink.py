"""Grants on their way: checked, logged before they are published, decided by the controller's records."""

import hashlib
from itertools import pairwise

import pytest

from karez_gateway.controllers import enrolment
from karez_gateway.errors import Refused
from karez_gateway.store import downlinks
from karez_protocols import causes, entry, record

from .county import create, opened
from .synthetic import SyntheticController, key_of, make_grant

NOW_S = 1_790_200_000


def states(county):
    with county.store.reading() as connection:
        return [(one.grant_seq, one.state, one.cause) for one in downlinks.everything(connection)]


def publish(county, now_s=NOW_S):
    """What the service does each half second; return the bytes handed to the broker."""
    county.downlinks.log_queued(now_s)
    due = county.downlinks.due(now_s)
    county.downlinks.sent(due, now_s)
    return [one.body for one in due]


def report(county, box, first):
    """The controller's records since `first` arrive and are verified."""
    county.take(box, *box.payloads(first))
    county.work()


def test_a_grant_is_in_the_log_before_it_is_published(tmp_path):
    box = SyntheticController("a", "well-1")
    grant = make_grant("well-1", 1, 2_000_000)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        assert enrolment.queue_grant(county.store, grant)[1] == 1
        assert county.downlinks.due(NOW_S) == []
        assert publish(county) == [grant]
        values = entry.decode(county.sequencer.log.entry(0))
        assert (values["entry"], values["sort"], values["object"]) == (entry.OBJECT, record.GRANT, grant)


def test_it_is_published_again_ever_less_often_until_the_controllers_record_shows_it(tmp_path):
    box = SyntheticController("a", "well-1")
    grant = make_grant("well-1", 1, 2_000_000)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        enrolment.queue_grant(county.store, grant)
        times = [now_s for now_s in range(NOW_S, NOW_S + 2000) if publish(county, now_s)]
        assert [b - a for a, b in pairwise(times)] == [5, 10, 20, 40, 80, 160, *[300] * 5]
        box.accept_grant(grant)
        report(county, box, 1)
        assert states(county) == [(1, "accepted", None)]
        assert publish(county, NOW_S + 10_000) == []


def test_a_controller_that_comes_online_is_served_at_once(tmp_path):
    box = SyntheticController("a", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        enrolment.queue_grant(county.store, make_grant("well-1", 1, 2_000_000))
        publish(county)
        assert publish(county, NOW_S + 1) == []
        county.downlinks.hurry(1, NOW_S + 1)
        assert len(publish(county, NOW_S + 1)) == 1


@pytest.mark.parametrize(
    ("grant", "why"),
    [
        (make_grant("well-1", 1, 5, key=key_of("forger")), "did not sign this grant"),
        (make_grant("well-9", 1, 5), "no controller is enrolled at site well-9"),
        (make_grant("well-1", 1, 5)[:-1], "this is no grant"),
        (b"", "this is no grant"),
    ],
)
def test_what_we_would_refuse_is_not_carried(tmp_path, grant, why):
    with opened(create(tmp_path / "g")) as county:
        county.enrol(SyntheticController("a", "well-1"))
        with pytest.raises(Refused, match=why):
            enrolment.queue_grant(county.store, grant)
        assert states(county) == []


def test_the_same_grant_is_taken_once(tmp_path):
    grant = make_grant("well-1", 1, 2_000_000)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(SyntheticController("a", "well-1"))
        enrolment.queue_grant(county.store, grant)
        with pytest.raises(Refused, match="taken before"):
            enrolment.queue_grant(county.store, grant)


def test_a_forged_grant_carried_unchecked_is_refused_by_the_controller(tmp_path):
    box = SyntheticController("a", "well-1")
    good, forged = (
        make_grant("well-1", 5, 2_000_000),
        make_grant("well-1", 5, 9_000_000, key=key_of("forger")),
    )
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        enrolment.queue_grant(county.store, good)
        enrolment.queue_unchecked(county.store, forged)
        assert publish(county) == [good, forged]
        box.refuse(causes.GRANT_REFUSED_SIGNATURE, forged, 5)
        box.accept_grant(good)
        report(county, box, 1)
        assert states(county) == [
            (5, "accepted", None),
            (5, "refused", causes.GRANT_REFUSED_SIGNATURE),
        ]


def test_a_replayed_grant_is_not_taken_for_accepted_because_it_was_once(tmp_path):
    box = SyntheticController("a", "well-1")
    grant = make_grant("well-1", 5, 2_000_000)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        enrolment.queue_grant(county.store, grant)
        publish(county)
        box.accept_grant(grant)
        report(county, box, 1)
        enrolment.queue_unchecked(county.store, grant)
        publish(county, NOW_S + 1)
        box.refuse(causes.GRANT_REFUSED_SEQ, grant, 5)
        report(county, box, 2)
        assert states(county) == [(5, "accepted", None), (5, "refused", causes.GRANT_REFUSED_SEQ)]


def test_bytes_that_are_no_grant_need_a_controller_and_get_the_refusal_of_form(tmp_path):
    box = SyntheticController("a", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        with pytest.raises(Refused, match="name --controller"):
            enrolment.queue_unchecked(county.store, b"nonsense")
        enrolment.queue_unchecked(county.store, b"nonsense", box.name)
        assert publish(county) == [b"nonsense"]
        box.refuse(causes.GRANT_REFUSED_FORM, b"nonsense")
        report(county, box, 1)
        assert states(county) == [(None, "refused", causes.GRANT_REFUSED_FORM)]


def test_more_than_a_down_frame_holds_is_never_queued(tmp_path):
    box = SyntheticController("a", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        for size in (0, 600, 5000):
            with pytest.raises(Refused, match="cannot be carried"):
                enrolment.queue_unchecked(county.store, bytes(size), box.name)


def test_a_note_about_an_unknown_head_decides_nothing(tmp_path):
    box = SyntheticController("a", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        grant = make_grant("well-1", 5, 2_000_000)
        enrolment.queue_grant(county.store, grant)
        publish(county)
        box.refuse(causes.GRANT_HEAD_UNKNOWN, grant, 5)
        report(county, box, 1)
        assert states(county) == [(5, "sent", None)]


def test_the_newest_binding_of_a_site_gets_the_grant(tmp_path):
    old, new = SyntheticController("a", "well-1"), SyntheticController("b", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(old, new)
        target, _ = enrolment.queue_grant(county.store, make_grant("well-1", 1, 5), new.name)
        assert target.name == new.name
        with pytest.raises(Refused, match="is not enrolled at site"):
            enrolment.queue_grant(county.store, make_grant("well-1", 2, 5), "0" * 16)


def test_a_binding_is_enrolled_once_and_only_if_the_provisioner_signed_it(tmp_path):
    box = SyntheticController("a", "well-1")
    from .synthetic import PROVISIONER, make_binding, public

    key = public(PROVISIONER)
    with opened(create(tmp_path / "g")) as county:
        with pytest.raises(Refused, match="did not sign this binding"):
            enrolment.enrol(county.store, make_binding(box.key, "well-1", signer=key_of("forger")), key)
        for cut in range(0, len(box.binding), 7):
            with pytest.raises(Refused):
                enrolment.enrol(county.store, box.binding[:cut], key)
        assert enrolment.enrol(county.store, box.binding, key)[1]
        assert not enrolment.enrol(county.store, box.binding, key)[1]
        with pytest.raises(Refused, match="another binding"):
            enrolment.enrol(county.store, make_binding(box.key, "well-2"), key)


def test_every_downlink_names_the_digest_of_its_bytes(tmp_path):
    grant = make_grant("well-1", 1, 2_000_000)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(SyntheticController("a", "well-1"))
        enrolment.queue_grant(county.store, grant)
        with county.store.reading() as connection:
            one = downlinks.everything(connection)[0]
        assert one.digest == hashlib.sha256(grant).digest()
