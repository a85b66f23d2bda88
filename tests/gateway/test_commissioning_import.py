"""Commissioning files at the gateway: who may sign, what must agree, versions, all or nothing."""

import hashlib
import json
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.controllers import commissionings, revocation
from karez_gateway.controllers.enrolment import rebind
from karez_gateway.errors import Refused
from karez_gateway.store import commissionings as stored
from karez_gateway.store.schema import commissioning, commissioning_photo, technician_list
from karez_gateway.technician import commissioning_file
from karez_gateway.technician.commissioning import Technician
from karez_protocols import binding

from .api_desk import desk
from .commissionings import (
    FINISHED_UTC_S,
    NUMBER,
    TECHNICIAN,
    checks,
    filed,
    make_list,
    sample,
    swapped_box,
    swapped_meter,
)
from .county import create, opened
from .synthetic import PROVISIONER, START_UTC_S, SyntheticController, key_of, make_binding, public, sign

NOW_S = FINISHED_UTC_S + 3600
SITE = "well-12"


@pytest.fixture
def box():
    return SyntheticController("a", SITE)


@pytest.fixture
def county(tmp_path, database_kind, box):
    with opened(create(tmp_path / "g")) as found:
        found.enrol(box)
        commissionings.take_list(found.store, make_list(), NOW_S)
        yield found


def says(box, **values):
    return sample(public(box.key), **values)


def take(county, data, now_s=NOW_S):
    return commissionings.take_in(county.store, data, "well-12.json", now_s)


def rows(county):
    """How many rows the tables hold: commissionings, photos, lists."""
    with county.store.reading() as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (commissioning, commissioning_photo, technician_list)
        )


def refused(county, data, now_s=NOW_S):
    """The sentence of a refusal; nothing of the file may stay."""
    before = rows(county)
    with pytest.raises(Refused) as caught:
        take(county, data, now_s)
    assert rows(county) == before
    return str(caught.value)


def test_a_signed_file_is_kept_with_permit_place_and_photos(county, box):
    data = filed(says(box))
    found = take(county, data)
    assert found == (SITE, 1, "commissioning", box.name, NUMBER, "skipped", True)
    with county.store.reading() as connection:
        (kept,) = stored.every(connection, SITE)
        assert stored.file_of(connection, kept.id) == data
        photos = stored.photos(connection, kept.id)
    assert (kept.permit, kept.latitude_udeg, kept.longitude_udeg) == (
        "取水（昌）字〔2026〕第0412号",
        44_012_345,
        87_308_765,
    )
    assert (kept.list_seq, kept.taken_utc_s, kept.digest) == (1, NOW_S, hashlib.sha256(data).digest())
    assert [(one.file, one.size_bytes, one.sha256.hex()) for one in photos] == [
        (one.file, one.size_bytes, one.sha256) for one in says(box).photos
    ]


def test_the_same_file_again_changes_nothing(county, box):
    data = filed(says(box))
    assert take(county, data).is_new
    assert take(county, data, NOW_S + 9)._replace(is_new=True) == (
        SITE,
        1,
        "commissioning",
        box.name,
        NUMBER,
        "skipped",
        True,
    )
    assert not take(county, data).is_new and rows(county) == (1, 2, 1)


def test_another_file_of_the_site_is_its_next_version_and_the_first_stays(county, box):
    files = [filed(says(box)), filed(says(box, remarks=("Again.",))), filed(says(box, photos=()))]
    assert [take(county, one).version for one in files] == [1, 2, 3]
    with county.store.reading() as connection:
        assert [commissionings.file_at(connection, SITE, at) for at in (1, 2, 3)] == files
        assert commissionings.file_at(connection, SITE, None) == files[2]
        with pytest.raises(Refused, match="no version 4"):
            commissionings.file_at(connection, SITE, 4)


def test_versions_count_for_each_site(county, box):
    other = SyntheticController("b", "well-13")
    county.enrol(other)
    take(county, filed(says(box)))
    assert take(county, filed(says(other, code="well-13"))).version == 1


@pytest.mark.parametrize("swap", [swapped_box, swapped_meter])
def test_swaps_come_in_the_same_way(county, box, swap):
    made = swap(box_key=public(box.key))
    found = take(county, filed(made))
    assert (found.kind, found.version, found.result) == (made.kind, 1, "passed")


def test_a_draft_is_refused(county, box):
    assert "bears no signature" in refused(county, commissioning_file.encode(says(box)))


def test_what_was_changed_is_refused_with_its_place(county, box):
    data = filed(says(box)).replace(b'"permit": "', b'"permit": "x', 1)
    assert "site: does not fit its digest" in refused(county, data)
    assert "ends too early" in refused(county, data[: len(data) // 2])
    assert "no commissioning file" in refused(county, b"{}")


def test_an_unknown_controller_is_refused(county):
    stranger = SyntheticController("nobody", SITE)
    assert f"controller {stranger.name} of {SITE} is not enrolled" in refused(county, filed(says(stranger)))


def test_another_site_than_the_binding_s_is_refused(county, box):
    text = refused(county, filed(says(box, code="well-99")))
    assert "is about site well-99" in text and f"bound to site {SITE}" in text


def test_a_file_from_before_the_box_was_bound_anew_comes_in_for_its_old_site(county, box):
    values, segments, _, _ = binding.open_signed(make_binding(box.key, "well-40"))
    body = binding.encode({**values, "seq": 2, "issued_utc_s": START_UTC_S + 1}, segments)
    new = sign(PROVISIONER, binding.LABEL, body)
    rebind(county.store, new, public(PROVISIONER), by="li", because="moved")
    assert take(county, filed(says(box))).site == SITE
    assert take(county, filed(says(box, code="well-40"))).site == "well-40"


def test_class_and_fail_direction_must_be_the_binding_s(county, box):
    for name, value, bound in (("use", "domestic", "irrigation"), ("fail", "running", "stopped")):
        site = replace(sample().site, **{name: value})
        text = refused(county, filed(replace(says(box), site=site)))
        assert f"site.{name} of the file is {value}" in text and f"says {bound}" in text


def test_a_revoked_controller_is_refused(county, box):
    revocation.queue(county.store, box.name, by="li", because="stolen", now_s=NOW_S)
    assert "is revoked, by li (stolen)" in refused(county, filed(says(box)))


def test_a_technician_who_is_not_in_the_list_is_refused(county, box):
    other = says(box, technician=Technician(number=13, key=public(TECHNICIAN).hex()))
    assert "technician 13 does not stand in list 1" in refused(county, filed(other))


def test_a_key_that_is_not_the_technician_s_is_refused(county, box):
    forger = key_of("forger")
    forged = says(box, technician=Technician(number=NUMBER, key=public(forger).hex()))
    text = refused(county, filed(forged, forger))
    assert f"another key than that of technician {NUMBER} in list 1" in text


def test_the_newest_list_decides(county, box):
    data = filed(says(box))
    commissionings.take_list(county.store, make_list(2, (NUMBER, public(key_of("new")), None)), NOW_S)
    assert "in list 2" in refused(county, data)
    commissionings.take_list(county.store, make_list(3), NOW_S)
    take(county, data)
    with county.store.reading() as connection:
        assert [one.list_seq for one in stored.every(connection)] == [3]


def test_a_term_that_ended_before_he_finished_is_over_and_one_that_ended_later_is_not(county, box):
    data = filed(says(box))
    ended = make_list(2, (NUMBER, public(TECHNICIAN), FINISHED_UTC_S))
    commissionings.take_list(county.store, ended, NOW_S)
    assert "only until before he finished" in refused(county, data)
    later = make_list(3, (NUMBER, public(TECHNICIAN), FINISHED_UTC_S + 1))
    commissionings.take_list(county.store, later, NOW_S)
    assert take(county, data).is_new


def test_a_file_from_the_future_is_refused(county, box):
    data = filed(says(box))
    assert "in the future" in refused(county, data, FINISHED_UTC_S - commissionings.AHEAD_S - 1)
    assert take(county, data, FINISHED_UTC_S - commissionings.AHEAD_S).is_new


def test_without_a_list_nobody_may(tmp_path, database_kind, box):
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        assert "no list of technicians" in refused(county, filed(says(box)))


def test_a_list_must_be_signed_by_the_root_and_be_newer(county):
    def taken(data):
        return commissionings.take_list(county.store, data, NOW_S)

    assert taken(make_list()) == (1, 1, False)
    with pytest.raises(Refused, match="no regulator of an enrolled controller"):
        taken(make_list(2, key=key_of("nobody")))
    with pytest.raises(Refused, match="no signed list"):
        taken(b"short")
    assert taken(make_list(5)) == (5, 1, True)
    with pytest.raises(Refused, match="list 5 is in force; this one, 4, is not newer"):
        taken(make_list(4))
    with pytest.raises(Refused, match="is not newer"):
        taken(make_list(5, (7, public(TECHNICIAN), None)))


def test_a_failure_on_the_way_leaves_nothing(county, box, monkeypatch):
    def broken(*_args, **_values):
        raise OSError("disk")

    data = filed(says(box))
    monkeypatch.setattr(stored, "same", lambda *_: None)
    monkeypatch.setattr(commissionings, "PhotoRow", lambda file, *_: stored.PhotoRow(None, 1, b""))
    before = rows(county)
    with pytest.raises(Exception, match=r"(?i)null"):
        take(county, data)
    assert rows(county) == before


def test_facts_say_what_was_checked(county, box):
    failed = replace(says(box), checks=replace(checks(), step=()), skipped=sample().skipped)
    failed = replace(failed, skipped=(*failed.skipped, replace(failed.skipped[0], check="step", why="rain")))
    take(county, filed(failed))
    with county.store.reading() as connection:
        (found,) = commissionings.facts(connection)
    assert json.loads(json.dumps(found)) == found
    said = {(one["check"], one["quantity"]): (one["outcome"], one["why"]) for one in found["checks"]}
    assert said["step", None] == ("skipped", "rain") and said["dial", "water"] == ("passed", None)
    assert found["photos"][0]["sha256"] == sample().photos[0].sha256 and found["version"] == 1
    assert [one["serial"] for one in found["meters"]] == ["W2209-0417", "E-771204"]


def test_the_api_tells_it_to_who_may_see_the_site(tmp_path, database_kind, box):
    with desk(tmp_path / "g", box) as found:
        commissionings.take_list(found.county.store, make_list(), NOW_S)
        for says_ in (says(box), swapped_meter(box_key=public(box.key))):
            take(found.county, filed(says_))
        told = found.get(f"/v1/sites/{SITE}/commissionings")
        assert [(one["version"], one["kind"], one["result"]) for one in told["commissionings"]] == [
            (1, "commissioning", "skipped"),
            (2, "meter-swap", "passed"),
        ]
        first = told["commissionings"][0]
        assert first["finished"] == {"utc_s": FINISHED_UTC_S, "iso": "2026-09-21T23:30:00+08:00"}
        assert (first["permit"], first["latitude_udeg"]) == (sample().site.permit, 44_012_345)
        assert [one["sha256"] for one in first["photos"]] == [one.sha256 for one in sample().photos]
        assert [one["outcome"] for one in first["checks"]].count("skipped") == 1
        other = found.give("other", "well-13")
        assert found.problem(f"/v1/sites/{SITE}/commissionings", token=other)[0] == 404


def run(*words):
    result = CliRunner().invoke(app, [str(one) for one in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_commands_bring_in_list_and_give_back(tmp_path, county, box):
    where = ("--data", county.config.data)
    file, names = tmp_path / "well-12.json", tmp_path / "county.technicians"
    file.write_bytes(filed(says(box)))
    names.write_bytes(make_list())
    assert run("technicians", *where, names)[1] == "list 1 of 1 technicians is in force already\n"
    code, out, _ = run("import-commissioning", *where, file)
    assert code == 0 and out.endswith("no check failed, some were not done; kept as version 1\n")
    assert "is version 1 already" in run("import-commissioning", *where, file)[1]
    code, out, _ = run("commissionings", *where, "--site", SITE)
    assert code == 0 and "44.012345° N" in out and "pulse skipped: no meter gives pulses" in out
    assert json.loads(run("commissionings", *where, "--json")[1])[0]["site"] == SITE
    assert run("commissionings", *where, "--site", "nowhere")[1] == "no commissioning came in of nowhere\n"
    copy = tmp_path / "copy.json"
    assert run("commissionings", *where, "--site", SITE, "--out", copy)[0] == 0
    assert copy.read_bytes() == file.read_bytes()
    assert run("commissionings", *where, "--site", SITE, "--out", copy)[0] == 2
    assert run("commissionings", *where, "--out", tmp_path / "x")[0] == 2


def test_a_refusal_is_one_line_and_code_2(tmp_path, county, box):
    file = tmp_path / "cut.json"
    file.write_bytes(filed(says(box))[:700])
    code, out, err = run("import-commissioning", "--data", county.config.data, file)
    assert (code, out) == (2, "") and err.startswith("karez gateway: ") and err.count("\n") == 1
    assert "half a file?" in err
