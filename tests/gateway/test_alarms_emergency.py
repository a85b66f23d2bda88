"""An emergency of a region: declared by a person, over by itself, and it lists what was released in it."""

import json
import time

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.county.alarms import emergencies
from karez_gateway.store.acts import Act
from karez_protocols import causes

from .alarm_county import region, site
from .alarm_desk import Desk
from .county import create, opened
from .synthetic import SyntheticController


def act(number, sort, utc_s, **detail):
    return Act(number, sort, "li", "drought", "", utc_s, utc_s, json.dumps(detail).encode(), b"", None)


def test_an_emergency_holds_from_its_act_until_its_end():
    said = [
        act(1, emergencies.DECLARED, 100, region="65", until_utc_s=200),
        act(2, emergencies.DECLARED, 100, region="65", until_utc_s=200),
        act(3, emergencies.ENDED, 150, emergency=1),
    ]
    found = emergencies.fold(said)
    assert [at for at in (99, 100, 149, 150, 199, 200) if found[1].holds(at)] == [100, 149]
    assert [at for at in (99, 100, 149, 150, 199, 200) if found[2].holds(at)] == [100, 149, 150, 199]
    for number, now_s in ((1, 120), (2, 200), (9, 120)):
        with pytest.raises(emergencies.Refused):
            emergencies.ending(found, number, now_s)


def karez(desk, *words):
    return CliRunner().invoke(
        app, ["emergency", words[0], "--data", str(desk.county.config.data), *words[1:]]
    )


def test_releases_of_its_region_and_time_are_listed(tmp_path):
    with opened(create(tmp_path / "g")) as county:
        desk = Desk(county)
        desk.put(region("65"), region("651", "65"), region("66"), site("well-1"), site("far", "66"))
        done = karez(desk, "declare", "65", "--until", "2104-01-01", "--because", "drought", "--by", "li")
        assert done.exit_code == 0, done.stderr
        boxes = [SyntheticController(name, name) for name in ("well-1", "far")]
        now_s = int(time.time()) + 60
        for box in boxes:
            box.event(causes.EMERGENCY_OPENED)  # before it was declared
            box.utc_s = now_s
            box.event(causes.EMERGENCY_OPENED)
            box.event(causes.DOOR_OPENED)
        desk.take(*boxes)
        (one,) = json.loads(karez(desk, "list", "--json").stdout)
        assert one["holds"] and one["releases"] == [["well-1", now_s + 1]]
        assert "well-1 opened its emergency ceiling" in karez(desk, "list").stdout
        assert karez(desk, "end", str(one["number"]), "--because", "rain").exit_code == 0
        assert karez(desk, "end", str(one["number"]), "--because", "rain").exit_code == 2
        for wrong in (["67", "--until", "2104-01-01"], ["65", "--until", "2020-01-01"]):
            assert karez(desk, "declare", *wrong, "--because", "x").exit_code == 2
