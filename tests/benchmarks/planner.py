"""The request planner beside the best that there is, and beside one request for each field.

Every shipped Modbus profile at every speed, and register sets drawn at random, each written as a
profile document and planned by Profile itself. The best is found twice, by rules read from the
document here and not taken from the planner: as the cheapest set of ranges that covers all
fields (any ranges, overlapping or not), and for few fields as the cheapest of all set partitions.
"""

import functools
import json
import random
import statistics
from pathlib import Path

from entry import entry
from karez_protocols.profile import Profile

NAMES = ("read_plan_vs_best", "read_plan_wire_time")
BASELINE = "one request for each field"
PROFILES = Path(__file__).parents[2] / "protocols/karez_protocols/profiles"
TARGET = 1.01
BAUDS = (1200, 2400, 9600, 19_200, 115_200)
SEED = 20_261_101
DRAWN, QUICK_DRAWN = 1500, 100
PARTITIONED_MAX = 7  # Bell(7) = 877 partitions
REQUEST_BYTES, REPLY_BYTES = 8, 5  # address function start count crc; address function bytes crc
TYPES = ("u16", "s16", "u32", "f32", "u64")


class Costs:
    """What a document allows, and what a request for `count` registers takes on the wire, in us."""

    def __init__(self, document, baud):
        serial = document["serial"]
        bits = 9 + (serial["parity"] != "N") + serial["stop_bits"]
        self._character_us = bits * 1e6 / baud
        # Modbus over serial line 2.5.1.1: 3.5 characters up to 19200 Bd, 1750 us above.
        silence_us = 1750 if baud > 19_200 else 3.5 * self._character_us
        self._wait_us = max(silence_us, 1000 * document["request_gap_ms"]) + 1000 * document["latency_ms"]
        self._block_max = document["block_registers_max"]
        self._align = document["align"]
        fields = [self._range(field) for field in document["fields"]]
        holes = document["holes"]
        self._is_free = holes is True
        self._readable = set()
        named = [] if isinstance(holes, bool) else [(first, last + 1) for first, last in holes]
        for start, end in fields + named:
            self._readable.update(range(start, end))
        self.single = self._widened_ranges(document, fields)
        self.items = sorted(set(self.single))

    def _range(self, field):
        start, registers = field["start"], int(field["type"].lstrip("usfm")) // 16
        return start - start % self._align, start + registers + (start + registers) % self._align

    @staticmethod
    def _widened_ranges(document, fields):
        """The range of each field; those of one moment have one range in common."""
        names = [field["name"] for field in document["fields"]]
        groups = [{at} for at in range(len(names))]
        for together in document["atomic"]:
            group = {names.index(name) for name in together}
            touched = [one for one in groups if one & group]
            groups = [one for one in groups if not one & group] + [set().union(group, *touched)]
        found = {}
        for group in groups:
            common = (min(fields[at][0] for at in group), max(fields[at][1] for at in group))
            found.update(dict.fromkeys(group, common))
        return [found[at] for at in range(len(names))]

    def us(self, count):
        """The time of one request and its answer."""
        return self._wait_us + (REQUEST_BYTES + REPLY_BYTES + 2 * count) * self._character_us

    def is_allowed(self, start, end):
        """True if one request may cover this range."""
        if end - start > self._block_max:
            return False
        return self._is_free or all(at in self._readable for at in range(start, end))

    def plan_us(self, plan):
        """The time of a whole plan. Raises ValueError if it breaks a rule or leaves a field out."""
        for start, count in plan:
            if not self.is_allowed(start, start + count):
                raise ValueError(f"{start} and {count} may not be read at once")
        for start, end in self.items:
            if not any(first <= start and end <= first + count for first, count in plan):
                raise ValueError(f"{start} to {end} is in no request")
        return sum(self.us(count) for _, count in plan)

    def cover_us(self):
        """The time of the cheapest set of ranges that covers every item."""
        starts = sorted({start for start, _ in self.items})
        ends = sorted({end for _, end in self.items})
        ranges = [(a, b) for a in starts for b in ends if a < b and self.is_allowed(a, b)]
        masks = {
            one: sum(
                1 << at for at, (start, end) in enumerate(self.items) if one[0] <= start and end <= one[1]
            )
            for one in ranges
        }
        everything = (1 << len(self.items)) - 1

        @functools.cache
        def rest_us(covered):
            if covered == everything:
                return 0
            first = 1 << (~covered & (covered + 1)).bit_length() - 1  # somebody must cover this item
            return min(
                self.us(end - start) + rest_us(covered | mask)
                for (start, end), mask in masks.items()
                if mask & first
            )

        return rest_us(0)

    def partition_us(self):
        """The same by trying every way to give the items to requests."""
        best = None
        for groups in partitions(self.items):
            ranges = [(min(a for a, _ in group), max(b for _, b in group)) for group in groups]
            if all(self.is_allowed(*one) for one in ranges):
                cost_us = sum(self.us(end - start) for start, end in ranges)
                best = cost_us if best is None else min(best, cost_us)
        return best


def partitions(items):
    """Every set partition of a list."""
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        yield [[items[0]], *rest]
        for at, group in enumerate(rest):
            yield [*rest[:at], [items[0], *group], *rest[at + 1 :]]


def drawn(rng, model):
    """A profile document with fields, groups, holes and limits at random; None if it cannot be read."""
    reach = rng.choice((20, 60, 200))
    fields = []
    for at in range(rng.randint(1, 10)):
        kind = rng.choice(TYPES)
        field = {"name": f"field_{at}", "type": kind, "order": "ABCD", "scale": 0, "unit": ""}
        fields.append({**field, "start": rng.randrange(reach)})
    names = [field["name"] for field in fields]
    holes = rng.choice((True, False, "some"))
    if holes == "some":
        firsts = [rng.randrange(reach) for _ in range(rng.randint(1, 5))]
        holes = [[first, first + rng.randrange(20)] for first in firsts]
    atomic = [rng.sample(names, 2)] if len(names) > 2 and rng.random() < 0.3 else []
    return {
        **model, "fields": fields, "atomic": atomic, "holes": holes, "align": rng.choice((1, 1, 2)),
        "block_registers_max": rng.choice((4, 10, 22, 60, 125)),
        "latency_ms": rng.choice((0, 2, 10, 50)), "request_gap_ms": rng.choice((0, 0, 5, 60)),
        "splits": [], "total": None, "meaning": None, "reverse": None, "modulus": None, "status": None,
        "unmeasured": [],
    }  # fmt: skip


def compared(document, baud):
    """Return (our plan, the best, one request a field) in us; None if the profile is not readable so."""
    costs = Costs(document, baud)
    if not all(costs.is_allowed(*item) for item in costs.items):
        return None
    plan_us = costs.plan_us(Profile(document, baud).requests)
    best_us = costs.cover_us()
    if len(costs.items) <= PARTITIONED_MAX and abs(best_us - costs.partition_us()) > 1e-6 * best_us:
        raise RuntimeError("the two ways to find the best disagree")
    return plan_us, best_us, sum(costs.us(end - start) for start, end in costs.single)


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    documents = [json.loads(path.read_text()) for path in sorted(PROFILES.glob("*.json"))]
    documents = [one for one in documents if one.get("protocol") == "modbus"]
    shipped = [compared(one, one["serial"]["baud"]) for one in documents]
    found = shipped + [compared(one, baud) for one in documents for baud in BAUDS]
    say(f"  {len(documents)} profiles planned at {len(BAUDS)} speeds and their own")
    rng = random.Random(SEED)
    turns = QUICK_DRAWN if quick else DRAWN
    for _ in range(turns):
        found.append(compared(drawn(rng, rng.choice(documents)), rng.choice(BAUDS)))
    found = [one for one in found if one is not None]
    say(f"  {len(found)} plans compared, seed {SEED}")
    return [
        entry(
            NAMES[0], round(max(plan / best for plan, best, _ in found), 4), "times the best, worst of all",
            baseline=BASELINE, baseline_value=round(max(single / best for _, best, single in found), 4),
            at_most=TARGET,
        ),
        entry(
            NAMES[1], round(statistics.fmean(plan for plan, _, _ in shipped) / 1000, 1),
            "ms a reading, mean of the shipped profiles", baseline=BASELINE,
            baseline_value=round(statistics.fmean(single for _, _, single in shipped) / 1000, 1),
        ),
    ]  # fmt: skip
