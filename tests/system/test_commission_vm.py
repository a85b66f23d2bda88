"""Guided visits against real controllers on ptys: a commissioning, another meter, and two spares."""

import json

import pytest

from commission.swaps import order_hours, swap_box, swap_dead_box, swap_meter
from commission.visits import (
    ANOTHER_METER,
    answers,
    at_the_gateway,
    commission,
    commissioned_bench,
    files,
    provision,
    visit,
)
from karez_gateway.technician import commissioning_file
from karez_simulators import cards
from karez_simulators.desk import SITE
from system.tool_cable import Cable, PulledCable, run

SPEED = 3
STEP_TEST_S = 180
ACCOUNT = cards.ACCOUNTS[cards.FARMER]
FAST = 6  # once the step test is done, which wants its meters read evenly


@pytest.mark.timeout(900)
async def test_a_well_is_commissioned_gets_another_meter_and_two_other_boxes_and_its_books_go_on(tmp_path):
    async with commissioned_bench(tmp_path, SPEED, STEP_TEST_S) as (desk, line, person, words):
        with Cable(line.port) as cable:
            await provision(desk, cable, person, words)
            before = (await run(cable, "config", "show"))["document"]
        with PulledCable(line.port, b"config piece") as cable:
            work, file = tmp_path / "well.visit", answers(desk, tmp_path)
            cut, said = await visit(cable, person, "commission", work, "--answers", file, code=3)
            assert said[-1] == {"do": "config"} or cut["error"] in ("silent", "unknown-outcome"), cut
        with Cable(line.port) as cable:
            assert (await run(cable, "config", "show"))["document"] == before
            found, said = await commission(desk, cable, person, tmp_path, "--resume")
            assert said[0] == {"do": "step", "step": "config"}  # the rest is kept
            assert files(found) == [f"well.commissioning.{end}" for end in ("json", "html", "pdf")]
            assert any(one.get("do") == "config" for one in said)  # the address that the office had wrong
            says = commissioning_file.load(tmp_path / "well.commissioning.json").says
            assert says.site.code == SITE and says.meters[0].address == "1"
            assert [one.outcome for one in says.checks.every()] == ["passed"] * 7
            assert says.grant.seq == 1 and says.controller.volume_l == desk.metered_l
            taken = await at_the_gateway(desk, tmp_path, person.name, "well")
            assert (taken["site"], taken["result"], taken["version"]) == (SITE, "skipped", 1)
            await desk.gateway.start()
            desk.clock.speed = FAST
            found, _ = await swap_meter(desk, cable, person, tmp_path)
            says = commissioning_file.load(tmp_path / "meter.commissioning.json").says
            assert says.replaced_meters[0].closing == person.swapped.closing
            assert f"{says.meters[0].profile}@{says.meters[0].address}" == ANOTHER_METER
            assert says.controller.volume_l == desk.metered_l
            used = (await run(cable, "accounts"))["parts"]
            papers = await order_hours(desk, cable, person)
            ordered = (await run(cable, "orders"))["parts"]
        found, _ = await swap_box(desk, line, person, words, tmp_path, papers)
        says = commissioning_file.load(tmp_path / "box.commissioning.json").says
        assert says.replaced_box.volume_l <= says.controller.volume_l == desk.metered_l
        assert says.controller.name != person.name == says.replaced_box.name and says.grant.seq == 1
        taken = await at_the_gateway(desk, tmp_path, says.controller.name, "box")
        assert (taken["kind"], taken["controller"]) == ("box-swap", says.controller.name)
        with Cable(line.port) as cable:
            there = {one["account"]: one["used_l"] for one in (await run(cable, "accounts"))["parts"]}
            assert [one["sha256"] for one in (await run(cable, "orders"))["parts"]] == [
                one["sha256"] for one in ordered
            ]
        assert there[ACCOUNT] == next(one["used_l"] for one in used if one["account"] == ACCOUNT) > 0
        assert json.loads((tmp_path / "box.visit").read_text())["kind"] == "box-swap"
        # The second box dies, too; nobody reads it out.
        found, said, file = await swap_dead_box(desk, line, person, words, tmp_path, "old-grant-needed")
        assert [one["used_l"] for one in file["accounts"] if one["account"] == ACCOUNT] == [there[ACCOUNT]]
        assert not [one for one in said if one.get("ask", "").startswith("site.")]  # the gateway knows them
        after = commissioning_file.load(tmp_path / "dead.commissioning.json").says
        assert after.replaced_box.name == says.controller.name != after.controller.name
        # The test of the relay may have moved some water: W is the meter's word, not that of the box before.
        assert says.controller.volume_l <= after.controller.volume_l == desk.metered_l
        assert after.grant.seq == 1
        assert any("entry" in one and str(file["volume_l"]) in one for one in after.remarks)
        with Cable(line.port) as cable:
            again = {one["account"]: one["used_l"] for one in (await run(cable, "accounts"))["parts"]}
            assert again == there and len((await run(cable, "orders"))["parts"]) == len(ordered) == 1
