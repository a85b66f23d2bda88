"""An area's order goes to the wells of a region: never to drinking water, and it says whom it leaves out."""

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.downlink import regionwells
from karez_gateway.errors import Refused

from .alarm_county import region, site
from .alarm_desk import Desk
from .county import create, opened
from .papers import make_order
from .synthetic import SyntheticController


@pytest.fixture
def desk(tmp_path):
    with opened(create(tmp_path / "g")) as county:
        desk = Desk(county)
        desk.put(
            region("65"),
            region("651", "65"),
            region("66"),
            site("w1"),
            site("w2"),
            site("w3"),
            site("drink", **{"class": "domestic"}),
            site("far", "66"),
        )
        county.enrol(*(SyntheticController(name, name) for name in ("w1", "w2", "drink", "far")))
        yield desk


def test_a_region_names_its_wells_and_those_it_leaves_out(desk):
    wells, left_out = regionwells.of_region(desk.county.store, "65")
    assert wells == ["w1", "w2"]
    assert [line.partition(":")[0] for line in left_out] == ["drink", "w3"]


@pytest.mark.parametrize(("code", "why"), [("67", "no region 67"), ("651 ", "no region")])
def test_a_region_that_is_not_there_is_refused(desk, code, why):
    with pytest.raises(Refused, match=why):
        regionwells.of_region(desk.county.store, code)


def test_an_area_s_order_is_queued_for_the_wells_of_a_region(desk, tmp_path):
    paper = tmp_path / "stop.order"
    paper.write_bytes(make_order("area:north", 1))
    words = ["order", "--data", str(desk.county.config.data), str(paper), "--region", "651"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.stderr
    assert "queued for 2 wells" in done.stdout and "left out: drink: domestic" in done.stderr
    with desk.county.store.reading() as connection:
        from karez_gateway.store import downlinks

        assert [one.site for one in downlinks.everything(connection)] == ["w1", "w2"]
