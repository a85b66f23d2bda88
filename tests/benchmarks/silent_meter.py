"""What one silent meter costs the others on its line, and how soon it is found again.

The firmware's own Bus in virtual time on ports/fake: meters answer 30 ms after the request has
left. The line never rests (a poll of 0), which is the worst case: with time to spare a silent
meter costs nothing. The silent one has in turn each reply timeout that a shipped profile states.
Beside it stands what most masters do: everybody in turn, three tries each.

The target is for the settled state. To find out that a meter is silent takes tries, which
stand in the first two minutes; their figure is told apart.
"""

import json
from pathlib import Path

from entry import entry
from karez_firmware.drivers.bus import Bus
from karez_firmware.drivers.master import Master
from karez_firmware.drivers.meter_reader import MeterReader
from karez_firmware.ports.fake import Port
from karez_protocols.profile import Profile

NAMES = ("one_silent_meter", "one_silent_meter_first_2_min", "silent_meter_found_again")
PROFILES = Path(__file__).parents[2] / "protocols/karez_protocols/profiles"
CYCLE_TARGET = 1.05
FOUND_TARGET_S = 15
SECOND_US = 1_000_000
FIRST_S, SETTLED_S = 120, 240
FLEETS, QUICK_FLEETS = (1, 2, 5), (1, 3)  # meters that answer
SILENCES_S, QUICK_SILENCES_S = (1, 5, 20, 100, 1000), (5, 20)
POLLS_US = (0, SECOND_US, 10 * SECOND_US)
STEADY_S = 10


class Meter:
    """Answers zeros, unless it is silent."""

    def __init__(self):
        self.is_silent = False

    def registers(self, start, count, now_us):
        return None if self.is_silent else bytes(2 * count)


class Turns:
    """Everybody in turn, three tries each: the master and readers of the firmware without its Bus."""

    def __init__(self, port, readers):
        self._port, self._readers, self._at = port, readers, 0
        port.configure(*readers[0][1].line)
        self._master = Master(readers[0][1].codec.ReplyReader(), readers[0][1].line[0])
        readers[0][1].begin(self._master, 0)

    def turn(self, now_us, poll_us):
        self._master.serve(self._port, now_us)
        name, reader = self._readers[self._at]
        reading = reader.step(self._master, now_us)
        if reading is None:
            return None
        self._at = (self._at + 1) % len(self._readers)
        self._readers[self._at][1].begin(self._master, now_us)
        return name, reading

    def next_deadline_us(self):
        return self._master.next_deadline_us() or 0


class Line:
    """So many SDM630 on a line; `silent` is the place of one more that may fall silent, None = none."""

    def __init__(self, document, others, silent=None, kind=Bus, timeout_us=None):
        self.port = Port(None, None)
        self.meter = Meter()
        readers = []
        for address in range(1, others + 1 + (silent is not None)):
            is_it = address - 1 == silent
            self.port.stations[address] = self.meter if is_it else Meter()
            readers.append(("it" if is_it else address, MeterReader(Profile(document), address)))
            if is_it and timeout_us:
                readers[-1][1].profile.reply_timeout_us = timeout_us
        self._bus = kind(self.port, readers)
        self.poll_us = 0
        self.readings = {name: [] for name, _ in readers}  # name -> [when, status]

    def run(self, seconds):
        until_us = self.port.us + int(seconds * SECOND_US)
        while self.port.us < until_us:
            finished = self._bus.turn(self.port.us, self.poll_us)
            if finished:
                self.readings[finished[0]].append((self.port.us, finished[1]["status"]))
            self.port.requests.clear()
            self.port.wait(min(self._bus.next_deadline_us(), until_us))

    def cycle_us(self, seconds):
        """Run on; the longest mean time between readings of any meter that answers."""
        began_us = self.port.us
        self.run(seconds)
        means = []
        for name, readings in self.readings.items():
            good = [when for when, status in readings if status == 0 and when > began_us]
            if name != "it":
                means.append((good[-1] - good[0]) / (len(good) - 1))
        return max(means)


def timeouts_us(quick):
    """The reply timeouts of all shipped profiles; the longest alone when in a hurry."""
    documents = [json.loads(path.read_text()) for path in PROFILES.glob("*.json")]
    found = {1000 * one["reply_timeout_ms"] for one in documents if "protocol" in one}
    return [max(found)] if quick else sorted(found)


def costs(document, others, place, kind, timeout_us):
    """The cycle of the others with a silent meter over theirs without: (settled, first minutes)."""
    alone_us = Line(document, others, kind=kind).cycle_us(FIRST_S)
    line = Line(document, others, place, kind, timeout_us)
    line.meter.is_silent = True
    first = line.cycle_us(FIRST_S) / alone_us
    return line.cycle_us(SETTLED_S) / alone_us, first


def found_after_s(document, silence_s, poll_us, timeout_us):
    """How long after its return a meter has its first good reading; None: not within 30 s."""
    line = Line(document, 1, 1, timeout_us=timeout_us)
    line.poll_us = poll_us
    line.run(STEADY_S)
    line.meter.is_silent = True
    line.run(silence_s)
    line.meter.is_silent = False
    back_us = line.port.us
    line.run(2 * FOUND_TARGET_S)
    good = [when for when, status in line.readings["it"] if status == 0 and when > back_us]
    return (good[0] - back_us) / SECOND_US if good else 2 * FOUND_TARGET_S


def worst_costs(document, kind, quick, say):
    """Return the worst (settled, first minutes) of all fleets, places and timeouts."""
    settled, first = 0, 0
    for timeout_us in timeouts_us(quick):
        found = [
            costs(document, others, place, kind, timeout_us)
            for others in (QUICK_FLEETS if quick else FLEETS)
            for place in (0, others)
        ]
        most = max(one for one, _ in found), max(one for _, one in found)
        told = f"{most[0]:.4f}, in the first {FIRST_S} s {most[1]:.4f}"
        say(f"  {kind.__name__}, timeout {timeout_us // 1000} ms: {told}")
        settled, first = max(settled, most[0]), max(first, most[1])
    return settled, first


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    document = json.loads((PROFILES / "sdm630.json").read_text())
    ours, theirs = (worst_costs(document, kind, quick, say) for kind in (Bus, Turns))
    found_s, silence_s, poll_us, timeout_us = max(
        (found_after_s(document, silence_s, poll_us, timeout_us), silence_s, poll_us, timeout_us)
        for silence_s in (QUICK_SILENCES_S if quick else SILENCES_S)
        for poll_us in POLLS_US
        for timeout_us in timeouts_us(quick)
    )
    say(
        f"  found again {found_s:.1f} s after {silence_s} s of silence, "
        f"poll {poll_us // SECOND_US} s, timeout {timeout_us // 1000} ms"
    )
    unit = "times the cycle of the others without it, worst of all"
    turns = "everybody in turn, three tries"
    return [
        entry(NAMES[0], round(ours[0], 4), unit, turns, round(theirs[0], 4), at_most=CYCLE_TARGET),
        entry(NAMES[1], round(ours[1], 4), unit, turns, round(theirs[1], 4)),
        entry(NAMES[2], round(found_s, 2), "s, worst of all", at_most=FOUND_TARGET_S),
    ]
