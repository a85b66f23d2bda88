"""Killed for real, restarted, and nothing acknowledged is gone. Table and log agree or nothing runs."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from karez_gateway.errors import StoreError
from karez_gateway.log.errors import LogStopped
from karez_gateway.store.database import FILE

from .county import create, opened
from .synthetic import SyntheticController

TESTS = Path(__file__).parent.parent

# A process of its own: takes frames, prints each acknowledgement, dies at the n-th passing of a phase.
VICTIM = """
import os, signal, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/gateway"]
from pathlib import Path
from gateway.county import opened
from gateway.synthetic import SyntheticController

phase, countdown = sys.argv[3], int(sys.argv[4])

def at(passing):
    global countdown
    if passing == phase:
        countdown -= 1
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)

box = SyntheticController("a", "well-1")
box.irrigate(60)
with opened(Path(sys.argv[2]), at) as county:
    for payload in box.payloads():
        print(county.take(box, payload)[0].seq, flush=True)
        county.work()
"""


def killed(directory, phase, countdown):
    """Run the victim until it kills itself; return the numbers it acknowledged."""
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, str(TESTS), str(directory), phase, str(countdown)],
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    return [int(line) for line in done.stdout.split()]


@pytest.mark.parametrize("phase", ["inserted", "committed", "appended", "verify", "ledger"])
def test_a_process_killed_between_phases_loses_nothing_it_acknowledged(tmp_path, phase):
    box = SyntheticController("a", "well-1")
    box.irrigate(60)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)
    acknowledged = killed(directory, phase, 3)
    with opened(directory) as county:
        county.work()
        marks = county.marks(box)
        assert marks.verified_seq >= max(acknowledged)
        county.take(box, *box.payloads())
        county.work()
        assert county.marks(box).signed_seq == box.seq
        assert county.sequencer.log.size == box.seq
        assert sum(county.litres().values()) == 61 * 4000


def test_a_kill_between_table_and_log_is_healed_before_anything_else(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(60)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)
    assert killed(directory, "committed", 2) == [16]
    with opened(directory) as county:
        assert county.sequencer.log.size == 32
        ack = county.take(box, box.frame(33))[0]
        assert ack.seq == 33


def test_a_log_that_is_ahead_of_the_table_is_not_continued(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, box.frame(1, 2))
    backup = (directory / FILE).read_bytes()
    with opened(directory) as county:
        county.take(box, box.frame(3))
    (directory / FILE).write_bytes(backup)
    with pytest.raises(StoreError, match="restored from an older backup"), opened(directory):
        pass


def test_a_table_with_another_entry_than_the_log_is_not_continued(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    one, two = create(tmp_path / "1"), create(tmp_path / "2")
    for directory, seqs in ((one, (1, 2)), (two, (2, 1))):
        with opened(directory) as county:
            county.enrol(box)
            county.take(box, box.frame(*seqs))
    (one / FILE).write_bytes((two / FILE).read_bytes())
    with pytest.raises(StoreError, match="differs between table and log"), opened(one):
        pass


def test_a_log_that_cannot_be_written_stops_the_gateway_and_the_restart_catches_up(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    directory = create(tmp_path / "g")

    def at(phase):
        if phase == "committed":
            (directory / "log").rename(directory / "gone")

    with opened(directory) as county:
        county.enrol(box)
    with opened(directory, at) as county:
        with pytest.raises(LogStopped):
            county.take(box, box.frame(1))
        with pytest.raises(StoreError, match="start the service again"):
            county.take(box, box.frame(2))
    (directory / "gone").rename(directory / "log")
    with opened(directory) as county:
        assert county.sequencer.log.size == 1


def test_a_second_service_is_kept_out(tmp_path):
    directory = create(tmp_path / "g")
    with (
        opened(directory),
        pytest.raises(StoreError, match="another process has this log open"),
        opened(directory),
    ):
        pass


def test_random_kills_with_everything_sent_again_end_in_one_true_ledger(tmp_path):
    seed = 20261122
    print(f"seed {seed}")
    chance = random.Random(seed)
    box = SyntheticController("a", "well-1")
    box.irrigate(60)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)
    for _ in range(4):
        phase = chance.choice(["inserted", "committed", "appended", "verify", "ledger"])
        killed(directory, phase, chance.randint(1, 2))
    with opened(directory) as county:
        county.take(box, *box.payloads())
        county.work()
        assert sum(county.litres().values()) == 61 * 4000
        assert all(found == [None] for found in county.reasons(box).values())
        assert county.sequencer.log.size == box.seq
