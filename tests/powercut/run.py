"""`make powercut`: a scripted day, cut at every write in every mode, and so is every start after a cut.

One process for each core plays the same day and takes every n-th write. A line for each
violation says how to play it again; the last line is the sum, the exit code 1 if there was any.
"""

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "firmware")]

from karez_firmware.ports.fake_memory import MODES, Mains  # noqa: E402 - the paths come first
from powercut.day import Script, day, met  # noqa: E402 - the same
from powercut.history import Violation  # noqa: E402 - the same
from powercut.restart import Writes, restart  # noqa: E402 - the same

NAMES = ("nothing", "prefix", "random", "unstable")
SECTORS = 3  # of the ring: a day without the network goes round it
SHOWN = 5  # violations in full


class Share:
    """One process's share of the day."""

    def __init__(self, options, number, queue):
        self._options = options
        self._number = number
        self._queue = queue
        self._script = Script(SECTORS)
        self.cuts = self.starts = 0

    def play(self):
        """Play the day; report by (share, kind, what)."""
        house = self._script.house
        writes = Writes(
            self._script.history, self._cut, seed=self._options.seed, share=(self._number, self._options.jobs)
        )
        writes.house = house
        house.nor.mains = house.fram.mains = writes.mains()
        day(self._script, self._options.hours)
        house.nor.mains = house.fram.mains = Mains()
        if self._options.hours >= 24:  # a shorter one need not meet it all
            for what, was_met in met(self._script).items():
                if not was_met:
                    self._tell("violation", f"the day never met this: {what}")
        for failure in writes.failures:
            self._tell("violation", str(failure))
        self._tell("end", (self.cuts, self.starts, writes.number, writes.alike))

    def _tell(self, kind, what):
        self._queue.put((self._number, kind, what))

    def _cut(self, number, mode, rest, history):
        try:
            self.cuts += 1
            self.starts += restart(rest, history, self._options.depth, seed=self._options.seed)
        except Violation as error:
            self._tell("violation", f"{error}   --replay {written([(number, mode), *error.path])}")
        self._tell("at", (self.cuts, self.starts, self._script.house.port.us // 1_000_000))


def work(options, number, queue):
    """Play one share of the day; whatever happens, its end is told."""
    try:
        Share(options, number, queue).play()
    except:
        # Else a share that died would pass for one without fault, and be waited for.
        queue.put((number, "violation", f"share {number} broke off"))
        queue.put((number, "end", (0, 0, 0, 0)))
        raise


def written(path):
    """Return CUT:MODE[:CUT:MODE] of a path of cuts."""
    return ":".join(f"{number}:{NAMES[mode]}" for number, mode in path)


def parsed(text):
    """Return the path that `written` wrote. Raises ValueError."""
    parts = text.split(":")
    if len(parts) % 2:
        raise ValueError("expected CUT:MODE[:CUT:MODE]")
    return [(int(parts[at]), NAMES.index(parts[at + 1])) for at in range(0, len(parts), 2)]


def replay(options):
    """Play one path of cuts again, and say what does not hold."""
    path = parsed(options.replay)
    script = Script(SECTORS)
    found = []

    def cut(number, mode, rest, history):
        if (number, mode) == path[0]:
            found.append(rest)
            restart(rest, history, len(path), seed=options.seed, only=path[1:])

    writes = Writes(script.history, cut, seed=options.seed, only=path[0][0])
    writes.house = script.house
    script.house.nor.mains = script.house.fram.mains = writes.mains()
    day(script, options.hours)
    for failure in writes.failures:
        print(failure)
    if not found:
        print(f"write {path[0][0]} is not cut in this way in a day of {options.hours} hours")
    return 1 if writes.failures or not found else 0


def progress(options, at, began_s):
    """Show how far the day is; the slowest share counts."""
    cuts, starts = (sum(one[which] for one in at.values()) for which in (0, 1))
    second = min(one[2] for one in at.values())
    line = (
        f"{second // 3600:02d}:{second // 60 % 60:02d} of {options.hours} h, {cuts} cuts, {starts} starts, "
    )
    line += f"{time.monotonic() - began_s:.0f} s"
    print(
        f"\r{line:<70}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n", flush=True
    )


def gather(options, queue, began_s):
    """Collect what the shares tell until all have ended; return (cuts, starts, writes, alike, violations)."""
    at = dict.fromkeys(range(options.jobs), (0, 0, 0))
    ended: dict[int, tuple[int, int, int, int]] = {}
    violations, shown_s = 0, began_s
    while len(ended) < options.jobs:
        number, kind, what = queue.get()
        if kind == "at":
            at[number] = what
        elif kind == "violation":
            violations += 1
            if violations <= SHOWN:
                print(f"\n{what}", flush=True)
        else:
            ended[number] = what
        if time.monotonic() - shown_s > (1 if sys.stdout.isatty() else 30):
            shown_s = time.monotonic()
            progress(options, at, began_s)
    cuts, starts = (sum(one[which] for one in ended.values()) for which in (0, 1))
    return cuts, starts, ended[0][2], ended[0][3], violations


def main():
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=int, default=24, help="length of the day")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--depth", type=int, default=2, help="cuts in a row")
    parser.add_argument("--seed", type=int, default=1, help="of torn and unstable bits")
    parser.add_argument("--replay", metavar="CUT:MODE[:CUT:MODE]", help="play one path of cuts again")
    options = parser.parse_args()
    if options.replay:
        return replay(options)
    queue = multiprocessing.get_context("fork").Queue()
    began_s = time.monotonic()
    shares = [
        multiprocessing.get_context("fork").Process(target=work, args=(options, number, queue))
        for number in range(options.jobs)
    ]
    for share in shares:
        share.start()
    cuts, starts, writes, alike, violations = gather(options, queue, began_s)
    for share in shares:
        share.join()
    print(f"\nwrites={writes} of them alike={alike} starts={starts} seconds={time.monotonic() - began_s:.0f}")
    print(f"cuts={cuts} modes={len(MODES)} depth={options.depth} violations={violations}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
