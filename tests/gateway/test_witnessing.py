"""Cosignatures over real HTTP: witnesses that are honest, ahead, behind, down, slow and lying."""

import asyncio
import json

import pytest

from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.checkpoint import open_checkpoint
from karez_gateway.witnesses.http import WitnessHttp
from karez_simulators.witness_manners import DRIPPING, EVERY, SILENT

from .witnesses import ORIGIN, SIGNER, T0, Stand, made

CLAIMS = {"larger": "has seen 1005 entries of this log, which holds 5"}
PROBLEMS = {
    "wrong-signature": "does not hold: the signature of w1.example does not fit",
    "changed-stamp": "does not hold: the signature of w1.example does not fit",
    "old-stamp": "one of the two clocks is wrong",
    "future-stamp": "one of the two clocks is wrong",
    "no-stamp": "stamped no time",
    "another-log": "does not fit the text",
    "another-tree": "does not fit the text",
    "another-key": "without a cosignature of its key",
    "twice": "cosigned twice in one answer",
    "empty": "does not hold",
    "junk": "does not hold",
    "huge": "answered with more than 65536 bytes",
    "html": "does not hold",
    "moved": "answered 301",
    "failing": "answered 500",
    "busy": "answered 429",
    "bad-request": "does not understand the request (400)",
    "forbidden": "knows this log by another key (403)",
    "unknown-log": "does not know this log (404)",
    "other-size": "changed the size it has while it was asked",
    "same-size": "answered 409 although it has the 0 entries that it was told",
    "sizeless": "answered 409 without its size",
    "wild-size": "answered 409 without its size",
    "negative-size": "answered 409 without its size",
    "no-proof-is-good": "refused a proof where none is needed (422)",
    **CLAIMS,
}


async def test_every_witness_cosigns_the_same_checkpoint_and_the_note_carries_both(tmp_path):
    async with Stand(tmp_path, "w1", "w2") as stand:
        for count in (0, 1, 4, 300, 1):
            if count:
                stand.grow(count)
            await stand.asking.round()
            (kept,) = stand.kept.read()
            assert kept.size == stand.log.size == stand.sizes("w1") == stand.sizes("w2")
            opened = open_checkpoint(kept.note, ORIGIN, SIGNER.verifier_key, stand.keys)
            assert [one.key.name for one in opened.witnesses] == ["w1.example", "w2.example"]
            assert all(one.time_s == stand.clock.now for one in opened.witnesses) and opened.unknown == 0
            assert opened.checkpoint.root == stand.log.root
        assert stand.asking.claims() == []
        told = json.loads((tmp_path / "witnesses.json").read_text())
        assert told["origin"] == ORIGIN and told["witnesses"]["w2"]["size"] == 306


async def test_who_has_cosigned_everything_is_not_asked_again(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.grow(3)
        await stand.asking.round()
        stand.clock.now += 10_000
        await stand.asking.round()
        assert stand.servers["w1"].asked == 1


async def test_a_restarted_gateway_goes_on_from_what_it_kept_and_one_that_lost_it_asks_for_the_size(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.grow(7)
        await stand.asking.round()
        stand.grow(6)
        stand.asking = stand.begin()
        assert stand.standing("w1").size == 7
        await stand.asking.round()
        assert (stand.sizes("w1"), stand.servers["w1"].asked) == (13, 2)
        for path in (tmp_path / "log" / "cosigned").iterdir():
            path.unlink()
        stand.grow(5)
        stand.asking = stand.begin()
        await stand.asking.round()  # old 0, then 409, then again
        assert (stand.sizes("w1"), stand.servers["w1"].asked) == (18, 4)
        assert stand.standing("w1").problem == ""


async def test_a_witness_that_forgot_is_shown_the_log_from_where_it_is(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.grow(9)
        await stand.asking.round()
        stand.grow(2)
        forgotten = made(tmp_path / "again", "w1", stand.clock)
        server = stand.servers["w1"]
        server.witness._state.close()
        server.witness = forgotten
        await stand.asking.round()
        assert stand.standing("w1").size == stand.sizes("w1") == 11
        assert stand.asking.claims() == []


def test_every_manner_is_tried():
    assert set(PROBLEMS) | {SILENT, DRIPPING} == set(EVERY)


@pytest.mark.parametrize("manner", sorted(PROBLEMS))
async def test_who_lies_is_named_counts_for_nothing_and_holds_nobody_up(tmp_path, manner):
    async with Stand(tmp_path, "w1", "w2") as stand:
        stand.servers["w1"].manner = manner
        stand.grow(5)
        await stand.asking.round()
        assert PROBLEMS[manner] in stand.standing("w1").problem
        assert stand.standing("w1").problem_since_s == stand.clock.now
        (kept,) = stand.kept.read()
        assert [one.key.name for one in kept.witnesses] == ["w2.example"] and b"w1" not in kept.note
        claims = [f"the witness w1 {CLAIMS[manner]}"] if manner in CLAIMS else []
        assert stand.asking.claims() == claims
        # and it is taken back when it behaves
        stand.servers["w1"].manner = ""
        stand.grow(2)
        await stand.asking.round()
        (kept,) = stand.kept.read()
        assert len(kept.witnesses) == 2 and stand.standing("w1").problem == ""
        assert stand.asking.claims() == []


@pytest.mark.parametrize("manner", [SILENT, DRIPPING])
async def test_who_is_slow_misses_rounds_and_nobody_waits(tmp_path, manner):
    async with Stand(tmp_path, "w1", "w2") as stand:
        stand.servers["w1"].manner = manner
        stand.grow(5)
        slow, quick = [one.cosign(stand.log.checkpoint_note()) for one in stand.asking.asked]
        waiting = asyncio.create_task(slow)
        await quick
        assert not waiting.done() and stand.standing("w2").size == 5
        stand.grow(3)
        assert [one.name for one, _ in stand.asking._due()] == ["w2"]  # w1 is busy
        await stand.asking.round()
        assert stand.standing("w2").size == 8 and not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


@pytest.mark.parametrize("manner", [SILENT, DRIPPING])
async def test_the_deadline_is_over_the_whole_answer(tmp_path, manner):
    async with Stand(tmp_path, "w1", timeout_s=0.05) as stand:
        stand.servers["w1"].manner = manner
        stand.grow(5)
        await stand.asking.round()
        assert stand.standing("w1").problem == "did not answer within 0.05 s"


async def test_who_is_down_is_named_once_and_asked_at_growing_intervals(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.servers["w1"]._http.socket.close()
        stand.log.append([b"x"])
        tries = []
        for _ in range(2000):
            if stand.asking._due():
                tries.append(stand.clock.now - T0)
            await stand.asking.round()
            stand.clock.now += 1
        assert "is not reachable" in stand.standing("w1").problem
        assert stand.standing("w1").problem_since_s == T0
        gaps = [after - before for before, after in zip(tries, tries[1:], strict=False)]
        assert gaps == [30, 60, 120, 240, 480, 600]


async def test_a_first_contact_is_not_waited_for_longer_than_said(tmp_path):
    async with Stand(tmp_path, "w1", "w2") as stand:
        stand.servers["w1"].manner = SILENT
        await stand.asking.first_contact(0.2)
        assert stand.standing("w2").time_s == stand.clock.now
        assert not stand.asking.asked[0].is_busy and stand.standing("w1").problem == ""


async def test_an_older_log_is_told_by_its_witness_and_so_is_one_that_was_continued(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.grow(20)
        await stand.asking.round()
        stand.log.close()
        # A backup of 10 entries is put back: the same key, fewer entries.
        restored = Tlog.create(tmp_path / "backup", ORIGIN, SIGNER)
        restored.append([b"entry %d" % at for at in range(10)])
        stand.log, stand.kept = restored, stand.kept_of(restored)
        stand.directory = tmp_path / "elsewhere"
        (stand.directory / "log").mkdir(parents=True)
        stand.kept = stand.kept_of(restored)
        stand.asking = stand.begin()
        await stand.asking.round()
        assert stand.asking.claims() == ["the witness w1 has seen 20 entries of this log, which holds 10"]
        # Continued all the same, it soon is larger than what the witness saw: then the proof gives it away.
        stand.grow(15, b"other")
        stand.asking = stand.begin()
        await stand.asking.round()
        assert stand.asking.claims() == [
            "the witness w1 says that the 25 entries here do not continue the 20 it has seen (422)"
        ]
        assert stand.sizes("w1") == 20


async def test_the_same_size_with_another_root_is_a_claim_in_both_editions_of_the_specification(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.grow(5)
        await stand.asking.round()
        for manner, says in (
            ("same-size", "has seen other 5 entries of this log than are here"),
            ("no-proof-is-good", "says that the 5 entries here do not continue the 5 it has seen (422)"),
        ):
            stand.servers["w1"].manner = manner
            stand.asking = stand.begin()
            await stand.asking.round()
            assert stand.asking.claims() == [f"the witness w1 {says}"]


async def test_who_has_cosigned_in_this_run_cannot_say_the_contrary(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.grow(5)
        await stand.asking.round()
        stand.servers["w1"].manner = "larger"
        stand.grow(1)
        await stand.asking.round()
        assert "has seen 1006 entries" in stand.standing("w1").problem
        assert stand.asking.claims() == []


async def test_rounds_go_on_by_themselves_until_they_are_cancelled(tmp_path):
    async with Stand(tmp_path, "w1") as stand:
        stand.grow(2)
        running = asyncio.create_task(stand.asking.run())
        while not stand.kept.read():  # noqa: ASYNC110 - a directory, which sets no event
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_an_address_that_is_none_is_the_witness_s_problem(tmp_path):
    async with Stand(tmp_path, "w1") as stand, WitnessHttp() as http:
        for url in ("http://127.0.0.1:1/", "http://[::bad/", "http://127.0.0.1:99999/"):
            stand.asking.asked[0]._settings = stand.settings[0].model_copy(update={"url": url})
            stand.asking.asked[0]._post = http.post
            await stand.asking.asked[0].cosign(stand.log.checkpoint_note())
            assert "is not reachable" in stand.standing("w1").problem
