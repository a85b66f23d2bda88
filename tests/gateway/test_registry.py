"""The register of controllers: many bindings at once, boxes that are replaced, moved or revoked."""

import base64
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.controllers import registry, registry_import, revocation
from karez_gateway.controllers.enrolment import queue_grant, rebind
from karez_gateway.controllers.revocation import Revocations
from karez_gateway.downlink import commands as command_stage
from karez_gateway.downlink import inheriting, offering
from karez_gateway.errors import Refused
from karez_gateway.intake.verify import LATE, NOT_FOLLOWING, REVOKED
from karez_gateway.proofs import evidence
from karez_gateway.store import commands, controllers, downlinks, revocations, verdicts
from karez_gateway.verifier import bundle_check, trust
from karez_protocols import binding, chain, entry, link, record, signed

from .county import RECEIVED_UTC_S, create, opened
from .papers import make_order
from .second_verifier import verify as second_verify
from .synthetic import (
    PROVISIONER,
    REGULATOR,
    START_UTC_S,
    SyntheticController,
    key_of,
    make_binding,
    make_grant,
    public,
    tampered,
)

NOW_S = RECEIVED_UTC_S
KEY = public(PROVISIONER)


@pytest.fixture
def county(tmp_path, database_kind):
    with opened(create(tmp_path / "g")) as found:
        yield found


def csv_of(*boxes, columns=("controller", "site", "binding"), **wrong):
    rows = [",".join(columns)]
    for box in boxes:
        cells = {"controller": box.name, "site": box.site, "binding": box.binding.hex()} | wrong
        rows.append(",".join(cells[one] for one in columns))
    return "\n".join(rows).encode()


def facts(county, presence=()):
    with county.store.reading() as connection:
        return {one["name"]: one for one in registry.facts(connection, dict(presence))}


def settle(county, box, irrigations, first=1):
    """It irrigates; what it has from a number on is taken, judged and booked."""
    box.irrigate(irrigations)
    county.take(box, *box.payloads(first))
    county.work()


def revoke(county, box, by="li", because="stolen"):
    """Wish it and let it take effect; return the entry's index."""
    revocation.queue(county.store, box.name, by=by, because=because, now_s=NOW_S)
    assert Revocations(county.sequencer).log_queued(NOW_S) == [box.name]
    with county.store.reading() as connection:
        return revocations.of_controller(connection, found_id(connection, box)).log_index


def found_id(connection, box):
    return controllers.find(connection, box.name).id


def moved(box, site, base_l=0):
    """The same box, wiped, with a newer binding: the next chain begins with it."""
    after = SyntheticController(box.seed, site, box.chain + 1, first_seq=box.seq + 1)
    after.binding = newer(box, site, base_l)
    after.h = chain.genesis(after.chain, after.binding)
    after.utc_s, after.volume_l = box.utc_s, base_l
    return after


def newer(box, site, base_l=0, later_s=60, signer=PROVISIONER):
    """A binding of the same box, issued later."""
    body, _, _ = signed.split(binding.LABEL, make_binding(box.key, site, base_l=base_l))
    values, segments = binding.decode(body)
    values["issued_utc_s"] += later_s
    values["seq"] += 1
    body = binding.encode(values, segments)
    return body + signer.sign(signed.message(binding.LABEL, body))


# -- many at once ------------------------------------------------------------------------------


def test_all_controllers_of_a_file_are_enrolled_and_a_second_time_they_are_known(county):
    boxes = [SyntheticController(f"b{n}", f"well-{n}") for n in range(5)]
    found = registry_import.bring_in(county.store, csv_of(*boxes), KEY)
    assert (found.enrolled, found.known, found.errors) == ([one.name for one in boxes], [], [])
    again = registry_import.bring_in(county.store, csv_of(*boxes), KEY)
    assert (again.enrolled, again.known) == ([], [one.name for one in boxes])
    assert {one["site"] for one in facts(county).values()} == {one.site for one in boxes}


@pytest.mark.parametrize(
    "data",
    [
        lambda box: csv_of(box, columns=("binding",)),
        lambda box: b"\xef\xbb\xbf" + csv_of(box).replace(b"\n", b"\r\n") + b"\r\n\r\n",
        lambda box: csv_of(box, binding=base64.b64encode(box.binding).decode()),
        lambda box: csv_of(box, binding=f'" {box.binding.hex().upper()} "', site=f'"{box.site}"'),
    ],
    ids=["binding alone", "as a spreadsheet writes it", "base64", "quoted"],
)
def test_a_file_may_be_written_in_several_ways(county, data):
    box = SyntheticController("a", "well-1")
    assert registry_import.bring_in(county.store, data(box), KEY).enrolled == [box.name]


def test_one_bad_row_keeps_all_out_and_every_bad_row_is_named(county):
    boxes = [SyntheticController(f"b{n}", f"well-{n}") for n in range(4)]
    other = SyntheticController("b1", "elsewhere")
    forged = SyntheticController("f", "well-9")
    forged.binding = make_binding(forged.key, "well-9", signer=key_of("forger"))
    rows = csv_of(*boxes).decode().splitlines()
    rows += [
        csv_of(other).decode().splitlines()[1],  # line 6: enrolled in line 3 with another binding
        csv_of(forged).decode().splitlines()[1],
        f"{boxes[0].name},well-7,{boxes[0].binding.hex()}",
        f"{boxes[1].name},well-1,{boxes[0].binding.hex()}",
        f"{boxes[0].name},well-0,{boxes[0].binding.hex()[:-2]}",
        f"{boxes[0].name},well-0,no binding",
        f"{boxes[0].name},well-0",
        f"{boxes[0].name},well-0,{boxes[0].binding.hex()},more",
    ]
    found = registry_import.bring_in(county.store, "\n".join(rows).encode(), KEY)
    says = [
        "is enrolled with another binding, for site well-1",
        "the provisioner of this gateway",
        "the row says site well-7, its binding says well-0",
        f"the row says controller {boxes[1].name}, its binding says {boxes[0].name}",
        "this is no signed binding",
        "neither hex nor base64",
        "another number of cells",
        "another number of cells",
    ]
    assert [number for number, _ in found.errors] == list(range(6, 14))
    assert all(text in error for text, (_, error) in zip(says, found.errors, strict=True))
    assert (found.enrolled, found.known) == ([], []) and facts(county) == {}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the first line must name the columns"),
        (b"controller,site\na,b\n", "binding is needed"),
        (b"binding,wells\nab,c\n", "the first line must name the columns"),
        (b"binding,binding\nab,c\n", "the first line must name the columns"),
        (b"binding\n", "no row"),
        (b"binding\n\xff\n", "not UTF-8"),
        (b'binding\n"ab\n', "no CSV"),
        (b'binding\n"ab"c\n', "no CSV"),
    ],
)
def test_what_is_no_such_file_is_refused_with_what_is_missing(county, data, says):
    with pytest.raises(Refused, match=says):
        registry_import.bring_in(county.store, data, KEY)


def test_who_is_imported_gets_what_was_brought_in_for_all_wells(county):
    county.enrol(SyntheticController("a", "well-1"))
    everywhere = make_order("area:n", 1)
    offering.queue_order(county.store, everywhere, NOW_S, is_for_all=True)
    boxes = [SyntheticController(f"b{n}", f"well-b{n}") for n in range(3)]
    registry_import.bring_in(county.store, csv_of(*boxes), KEY)
    with county.store.reading() as connection:
        for box in boxes:
            mine = downlinks.of_controller(connection, found_id(connection, box), record.ORDER)
            assert [one.body for one in mine] == [everywhere]


# -- the list ----------------------------------------------------------------------------------


def test_the_list_says_who_stands_where_since_when_and_what_was_heard(county):
    old, spare = SyntheticController("a", "well-1"), SyntheticController("s", "well-1")
    spare.binding = newer(spare, "well-1")
    silent = SyntheticController("c", "well-2")
    county.enrol(old, spare, silent)
    old.interval(10)
    county.take(old, *old.payloads())
    presence = {silent.name: {"utc_s": 77, "online": 0}}
    found = facts(county, presence)
    assert {name: one["state"] for name, one in found.items()} == {
        old.name: registry.REPLACED, spare.name: registry.ENROLLED, silent.name: registry.ENROLLED,
    }  # fmt: skip
    assert found[old.name]["last_seen_utc_s"] == found[old.name]["last_record_utc_s"] == RECEIVED_UTC_S
    assert (found[silent.name]["last_seen_utc_s"], found[silent.name]["online"]) == (77, False)
    assert found[old.name]["class"] == "irrigation"
    assert found[old.name]["bound_utc_s"] == START_UTC_S - 86400
    assert found[spare.name]["last_seen_utc_s"] is None and found[spare.name]["revoked"] is None


# -- revocation --------------------------------------------------------------------------------


def test_what_came_before_counts_and_what_comes_after_is_stored_acknowledged_and_quarantined(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    settle(county, box, 3)
    before = box.seq
    index = revoke(county, box)
    box.irrigate(4)
    assert county.take(box, *box.payloads(before + 1))[0].seq == box.seq
    county.work()
    reasons = county.reasons(box)
    assert all(reasons[seq] == [None] for seq in range(1, before + 1))
    assert all(reasons[seq] == [REVOKED] for seq in range(before + 1, box.seq + 1))
    assert sum(county.litres().values()) == 4 * 4000
    marks = county.marks(box)
    assert (marks.verified_seq, marks.signed_seq) == (box.seq, before)
    said = entry.decode(county.sequencer.log.entry(index))
    assert (said["entry"], said["controller"]) == (entry.REVOCATION, box.name)
    assert (said["chain"], said["seq"], said["by"], said["reason"]) == (1, before, "li", "stolen")
    assert facts(county)[box.name]["state"] == registry.REVOKED


def test_the_order_in_the_log_decides_also_when_verify_comes_later(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    box.irrigate(3)
    county.take(box, box.frame(1, 2, 3, 5))
    revoke(county, box)
    county.take(box, box.frame(4, 6))
    county.work()
    found = county.reasons(box)
    assert [found[seq] for seq in range(1, 7)] == [[None], [None], [None], [REVOKED], [None], [REVOKED]]


def test_a_record_that_does_not_fit_says_so_rather_than_revoked(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    box.irrigate(3)
    county.take(box, box.frame(1, 2))
    county.work()
    revoke(county, box)
    county.take(box, box.carry([tampered(box.slots[2], 60)]), box.carry([tampered(box.slots[3], 60)]))
    county.work()
    assert county.reasons(box)[2] == [None, LATE] and county.reasons(box)[3] == [NOT_FOLLOWING]


def test_nothing_but_acknowledgements_goes_to_a_revoked_controller(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    queue_grant(county.store, make_grant("well-1", 1, 5000))
    county.downlinks.log_queued(NOW_S)
    assert len(county.downlinks.due(NOW_S)) == 1
    with county.store.writing() as connection:
        wish = {"verb": link.STOP, "account": None, "boot": 1, "until_s": 99, "wished_by": "li"}
        times = {"queued_utc_s": NOW_S, "dies_utc_s": NOW_S + 100}
        commands.queue(connection, controller_id=found_id(connection, box), **wish, **times)
    revocation.queue(county.store, "well-1", by="li", because="stolen", now_s=NOW_S)
    stage = command_stage.Commands(county.sequencer)
    stage.log_queued(NOW_S)
    assert not county.downlinks.due(NOW_S) and not stage.due(NOW_S)  # wished is enough
    Revocations(county.sequencer).log_queued(NOW_S)
    with county.store.reading() as connection:
        assert [one.state for one in downlinks.everything(connection)] == [downlinks.WITHDRAWN]
        assert [one.state for one in commands.newest(connection, 5)] == [commands.DEAD]
    for name in ("well-1", box.name):
        with pytest.raises(Refused, match="is revoked, by li"):
            offering.queue_order(county.store, make_order("well-1", 1), NOW_S, wells=[name])
    for controller in ("", box.name):
        with pytest.raises(Refused, match="nothing is sent to it"):
            queue_grant(county.store, make_grant("well-1", 2, 5000), controller)


def test_a_box_that_forgot_everything_gets_nothing_again_once_it_is_revoked(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    grant = make_grant("well-1", 1, 5000)
    queue_grant(county.store, grant)
    county.downlinks.log_queued(NOW_S)
    county.downlinks.sent(county.downlinks.due(NOW_S), NOW_S)
    box.accept_grant(grant)
    county.take(box, *box.payloads())
    county.work()
    revoke(county, box)
    state = {"online": 1, "grant_seq": 0, "order_seq": 0, "chain": 1, "last_seq": 0}
    county.downlinks.heard({box.name: state}, [box.name], NOW_S + 9000)
    assert county.downlinks.due(NOW_S + 9000) == []


def test_the_spare_takes_the_site_and_what_was_on_its_way(county):
    box, spare = SyntheticController("a", "well-1"), SyntheticController("s", "well-1")
    county.enrol(box)
    grant, stop = make_grant("well-1", 1, 5000), make_order("well-1", 1)
    queue_grant(county.store, grant)
    offering.queue_order(county.store, stop, NOW_S)
    revoke(county, box)
    county.enrol(spare)
    county.downlinks.log_queued(NOW_S)
    with county.store.reading() as connection:
        mine = downlinks.of_controller(connection, found_id(connection, spare), *inheriting.SORTS)
    assert {one.body for one in mine} == {grant, stop}
    assert {one.controller for one in county.downlinks.due(NOW_S)} == {spare.name}
    assert facts(county)[spare.name]["state"] == registry.ENROLLED


def test_who_is_revoked_is_revoked_once_and_only_with_a_name_and_a_reason(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    for by, because in (("", "x"), ("li", " "), ("l\ni", "x"), ("li", "x" * 1025), ("l" * 65, "x")):
        with pytest.raises(Refused):
            revocation.queue(county.store, box.name, by=by, because=because, now_s=NOW_S)
    with pytest.raises(Refused, match="no well is called"):
        revocation.queue(county.store, "nobody", by="li", because="x", now_s=NOW_S)
    revocation.queue(county.store, box.name, by="李" * 21, because="盗" * 341, now_s=NOW_S)
    assert facts(county)[box.name]["state"] == registry.REVOKING
    assert Revocations(county.sequencer).log_queued(NOW_S) == [box.name]
    assert Revocations(county.sequencer).log_queued(NOW_S) == []
    with pytest.raises(Refused, match="is revoked already"):
        revocation.queue(county.store, box.name, by="li", because="x", now_s=NOW_S)


def test_a_revocation_that_is_not_committed_is_not_in_force(tmp_path):
    box = SyntheticController("a", "well-1")
    directory = create(tmp_path / "g")

    def die(phase):
        if phase == revocation.STAGE:
            raise RuntimeError

    with opened(directory) as county:
        county.enrol(box)
        revocation.queue(county.store, box.name, by="li", because="x", now_s=NOW_S)
        with pytest.raises(RuntimeError):
            Revocations(county.sequencer, die).log_queued(NOW_S)
        assert facts(county)[box.name]["state"] == registry.REVOKING
        assert county.sequencer.log.size == 0
    with opened(directory) as county:
        assert Revocations(county.sequencer).log_queued(NOW_S) == [box.name]


# -- what a bundle says of it ------------------------------------------------------------------


def bundle_of(county, **which):
    data = evidence.export(county.store, county.config, site="well-1", **which).data
    return data, bundle_check.check(data, trust.load(county.config.data / "trust.json"))


def told(report):
    return {one.code: one for one in report.findings if one.code.startswith("revoked")}


def second(county, data):
    key = (county.config.data / "log.vkey").read_text().strip()
    return second_verify(data, KEY, [public(REGULATOR)], [key])


def test_a_bundle_of_what_came_before_is_proved_and_says_that_the_controller_was_revoked_since(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    settle(county, box, 3)
    before = box.seq
    index = revoke(county, box, by="李", because="被盗")
    settle(county, box, 4, before + 1)
    _data, report = bundle_of(county)
    assert report.is_proved and report.last_seq == before
    assert told(report)["revoked_since"].facts["entry"] == index
    assert told(report)["revoked_since"].facts["by"] == "李"
    _data, report = bundle_of(county, to_seq=box.seq)
    one = told(report)["revoked_before"]
    assert not report.is_proved and report.last_seq == box.seq
    assert (one.seq, one.facts["count"], one.facts["reason"]) == (before + 1, box.seq - before, "被盗")


def test_without_any_signature_before_there_is_nothing_to_prove(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    revoke(county, box)
    settle(county, box, 4)
    with pytest.raises(Refused, match="no verified signature"):
        bundle_of(county)
    with county.store.reading() as connection:
        assert verdicts.quarantined(connection, found_id(connection, box), 1) == {REVOKED: box.seq}


@pytest.mark.parametrize("is_late", [False, True])
def test_both_verifiers_say_the_same_of_a_revoked_controller(county, is_late):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    box.irrigate(3)
    county.take(box, *box.payloads())
    before = box.seq
    revoke(county, box)
    settle(county, box, 4, before + 1)
    data, report = bundle_of(county, **({"to_seq": box.seq} if is_late else {}))
    why = second(county, data)[0]
    assert (why is None) == report.is_proved != is_late


# -- another site, another box -----------------------------------------------------------------


def move(county, box, after, **why):
    return rebind(county.store, after.binding, KEY, **({"by": "li", "because": "well closed"} | why))


def test_a_box_that_is_bound_anew_counts_for_its_new_site_from_its_new_chain_on(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    settle(county, box, 3)
    after = moved(box, "well-2", base_l=7000)
    old, new = move(county, box, after)
    assert (old.site, new.site) == ("well-1", "well-2")
    after.irrigate(5)
    assert county.take(after, *after.payloads())[0].seq == after.seq
    county.work()
    assert all(reasons == [None] for reasons in county.reasons(box).values())
    by_site = {}
    for (site, _, _), litres in county.litres().items():
        by_site[site] = by_site.get(site, 0) + litres
    assert by_site == {"well-1": 4 * 4000, "well-2": 6 * 4000}
    found = facts(county)[box.name]
    assert found["site"] == "well-2"
    assert [(one["site"], one["last_chain"], one["by"]) for one in found["former_sites"]] == [
        ("well-1", 1, "li")
    ]


def test_what_it_still_sends_from_its_old_place_counts_there(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    box.irrigate(3)
    county.take(box, box.frame(1, 2))
    county.work()
    move(county, box, moved(box, "well-2"))
    county.take(box, *box.payloads(3))
    lost_ring = box.next_chain()
    settle(county, lost_ring, 2)
    assert {site for site, _, _ in county.litres()} == {"well-1"}
    assert sum(county.litres().values()) == 7 * 4000
    after = moved(lost_ring, "well-2")
    after.binding = moved(box, "well-2").binding  # the one that was brought in
    after.h = chain.genesis(after.chain, after.binding)
    settle(county, after, 1)
    assert sum(litres for (site, _, _), litres in county.litres().items() if site == "well-2") == 2 * 4000


def test_each_site_s_bundle_is_proved_with_its_own_binding(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    settle(county, box, 3)
    after = moved(box, "well-2")
    move(county, box, after)
    trusted = trust.load(county.config.data / "trust.json")
    for site, last in (("well-1", box.seq), ("well-2", None)):
        if last is None:
            with pytest.raises(Refused, match="no verified signature"):
                evidence.export(county.store, county.config, site=site)
            settle(county, after, 1)
        found = evidence.export(county.store, county.config, site=site)
        report = bundle_check.check(found.data, trusted)
        assert report.is_proved and report.site == site and report.last_seq == (last or after.seq)
    by_name = evidence.export(county.store, county.config, site="well-1", controller=box.name)
    assert (by_name.site, by_name.chain) == ("well-1", 1)


def test_papers_of_the_old_site_stay_there_for_the_next_box(county):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    grant, stop = make_grant("well-1", 1, 5000), make_order("well-1", 1)
    queue_grant(county.store, grant)
    offering.queue_order(county.store, stop, NOW_S)
    county.downlinks.log_queued(NOW_S)
    county.downlinks.sent(county.downlinks.due(NOW_S), NOW_S)
    box.accept_grant(grant)
    county.take(box, *box.payloads())
    county.work()
    after = moved(box, "well-2")
    move(county, box, after)
    forgot = {"online": 1, "grant_seq": 0, "order_seq": 0, "chain": 2, "last_seq": 0}
    county.downlinks.heard({box.name: forgot}, [box.name], NOW_S + 9000)
    assert county.downlinks.due(NOW_S + 9000) == []
    queue_grant(county.store, make_grant("well-2", 1, 9000))
    with pytest.raises(Refused, match="no controller is enrolled at site well-1"):
        queue_grant(county.store, make_grant("well-1", 2, 9000))
    spare = SyntheticController("s", "well-1")
    county.enrol(spare)
    with county.store.reading() as connection:
        mine = downlinks.of_controller(connection, found_id(connection, spare), *inheriting.SORTS)
    assert {one.body for one in mine} == {grant, stop}


def test_only_a_newer_binding_of_a_known_and_believed_box_is_put_in_force(county):
    box = SyntheticController("a", "well-1")
    after = moved(box, "well-2")
    with pytest.raises(Refused, match="is not enrolled"):
        move(county, box, after)
    county.enrol(box)
    with pytest.raises(Refused, match="with this very binding"):
        rebind(county.store, box.binding, KEY, by="li", because="x")
    with pytest.raises(Refused, match="not newer"):
        rebind(county.store, newer(box, "well-2", later_s=0), KEY, by="li", because="x")
    with pytest.raises(Refused, match="did not sign this binding"):
        rebind(county.store, newer(box, "well-2", signer=key_of("forger")), KEY, by="li", because="x")
    move(county, box, after)
    with pytest.raises(Refused, match="not newer"):  # the old one, replayed
        rebind(county.store, box.binding, KEY, by="li", because="x")
    revoke(county, box)
    with pytest.raises(Refused, match="is revoked"):
        rebind(county.store, newer(box, "well-3", later_s=900), KEY, by="li", because="x")


@pytest.mark.parametrize("order_of_arrival", ["late", "in time", "never"])
def test_a_spare_goes_on_with_the_site_s_litres_and_none_is_counted_twice_or_lost(county, order_of_arrival):
    box = SyntheticController("a", "well-1")
    county.enrol(box)
    box.irrigate(3)
    seen = box.seq
    box.irrigate(4)  # perhaps these are still in the box when it is taken down
    county.take(box, *box.payloads(1, seen if order_of_arrival != "in time" else None))
    county.work()
    spare = SyntheticController("s", "well-1")
    spare.binding = newer(spare, "well-1", base_l=box.volume_l + 500)  # 500 L more at the dial
    spare.h = chain.genesis(1, spare.binding)
    spare.volume_l, spare.utc_s = box.volume_l + 500, box.utc_s
    county.enrol(spare)
    settle(county, spare, 2)
    if order_of_arrival == "late":
        county.take(box, *box.payloads(seen + 1))
        county.work()
    assert sum(county.litres().values()) == (4 + 5 + 3) * 4000 + 500
    box.irrigate(1)  # it counts on although it was replaced: shown twice rather than not at all
    box.volume_l += 100_000
    box.interval(0)
    county.take(box, *box.payloads())
    county.work()
    assert sum(county.litres().values()) > (4 + 5 + 3) * 4000 + 500


def test_a_spare_with_a_register_of_its_own_begins_at_its_base(county):
    box, spare = SyntheticController("a", "well-1"), SyntheticController("s", "well-1")
    spare.binding = newer(spare, "well-1", base_l=0)
    spare.h, spare.volume_l = chain.genesis(1, spare.binding), 0
    county.enrol(box, spare)
    for one in (box, spare):
        settle(county, one, 3)
    assert sum(county.litres().values()) == 2 * 4 * 4000


# -- the commands ------------------------------------------------------------------------------


def test_the_commands_import_list_rebind_and_revoke(tmp_path):
    directory = create(tmp_path / "g")
    box, other = SyntheticController("a", "well-1"), SyntheticController("b", "well-2")
    file, new = tmp_path / "all.csv", tmp_path / "new.binding"

    def karez(*words):
        return CliRunner().invoke(app, [*words[:1], "--data", str(directory), *map(str, words[1:])])

    assert "no controller is enrolled" in karez("controllers").output
    file.write_bytes(csv_of(box, other, site="well-1"))
    done = karez("import", file)
    assert done.exit_code == 1 and "line 3: the row says site well-1, its binding says well-2" in done.output
    assert "1 row is bad: nothing was enrolled" in done.output
    errors = json.loads(karez("import", file, "--json").stdout)["errors"]
    assert [one["line"] for one in errors] == [3]
    file.write_bytes(csv_of(box, other))
    assert "2 controllers are enrolled" in karez("import", file).output
    new.write_bytes(moved(box, "well-9").binding)
    done = karez("rebind", new, "--by", "li", "--because", "closed")
    assert f"controller {box.name} is bound to site well-9; it stood at well-1" in done.output
    done = karez("revoke", "well-2", "--by", "li", "--because", "stolen")
    assert done.exit_code == 0 and "as soon as the service has logged it" in done.output
    with opened(directory) as county:
        Revocations(county.sequencer).log_queued(NOW_S)
    shown = karez("controllers").output
    assert "stood at well-1 up to chain 0" in shown and "by li: stolen, entry 0 of the log" in shown
    listed = json.loads(karez("controllers", "--site", "well-1", "--json").output)
    assert [one["name"] for one in listed] == [box.name]
    assert karez("revoke", "well-2", "--by", "li", "--because", "stolen").exit_code == 2
