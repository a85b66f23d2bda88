"""A sample of `make update-cuts`: no box is lost and no litre, wherever the mains go during an update."""

import pytest

from karez_firmware.ports.fake_memory import MODES, RANDOM
from updatecuts import play


@pytest.mark.parametrize(("carrier", "mode"), [("cable", MODES[1]), ("mqtt", MODES[3])])
def test_no_cut_costs_a_box_or_a_litre(carrier, mode):
    cuts = play.Cuts(every=23, first=7, modes=(mode,))
    play.play(carrier, cuts)
    assert cuts.failures == []
    assert cuts.cuts >= 4 and cuts.bricked == cuts.uncounted_l == 0


def test_a_box_that_does_not_count_what_ran_in_the_dark_is_found_out(monkeypatch):
    cuts = play.Cuts(every=60, first=5, modes=(RANDOM,))
    monkeypatch.setattr(play, "OLD", b"another image")
    play.play("cable", cuts)
    assert cuts.bricked and "does not hold its image" in cuts.failures[0]


def test_a_flash_that_fails_at_a_write_costs_no_box_and_no_litre():
    writes, uncounted_l = play.fail(0, 0)
    assert writes > 20 and uncounted_l == 0
    for first, count in ((writes - 1, 600), (writes - 2, 1), (4, 2)):
        assert play.fail(first, count)[1] == 0, (first, count)
