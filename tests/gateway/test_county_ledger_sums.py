"""Whatever happens in the field and at the desk: every roll-up is the sum of its registers, to the litre."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karez_gateway.county.ledger import tracing, usage
from karez_gateway.county.ledger.rollup import roll
from karez_gateway.store import closings
from karez_protocols import causes, event_details, fields, grant, record

from .ledger_desk import CIVIL, CONVERTED, METERED, Well, office, region, site
from .synthetic import BASE_VOLUME_L, tampered

PERIODS = ("2026-09", "2026-10", "2026-Q3", "2026-Q4", "2026-H2", "2026")
SITES = ("well-1", "well-2", "canal-1")

METHOD = st.sampled_from([METERED, CONVERTED, record.CONVERTED_GROUP, record.ESTIMATED, None])
LITRES = st.integers(0, 30_000)
HAPPENS = st.one_of(
    st.tuples(st.just("read"), LITRES, st.sampled_from([900, 3600, 6 * 3600, 86_400]), METHOD),
    st.tuples(st.just("gap"), LITRES, st.integers(1, 12), st.none()),
    st.tuples(st.just("lost"), LITRES, st.integers(1, 4), st.none()),
    st.tuples(st.just("flipped"), LITRES, st.just(0), st.none()),
    st.tuples(st.just("fork"), LITRES, st.just(0), st.none()),
    st.tuples(st.just("swap"), st.integers(1, 5_000), LITRES, st.none()),
    st.tuples(st.just("new chain"), LITRES, st.just(0), st.none()),
    st.tuples(st.just("no time"), LITRES, st.just(0), st.none()),
)
CORRECTION = st.tuples(
    st.sampled_from(SITES),
    st.sampled_from(["2026-09", "2026-10", "2026-09-23", "2026-10-02T05"]),
    st.sampled_from(["metered", "converted", "estimated"]),
    st.integers(-50_000, 50_000).filter(bool),
)


class Field:
    """One well as it was: what its registers say, and which records ever reach the gateway."""

    def __init__(self, name):
        self.boxes = [Well(name, name)]
        self.left_out = set()
        self.twice = []  # frames that come besides
        self.site = name

    @property
    def box(self):
        return self.boxes[-1]

    @property
    def litres(self):
        """The ground truth: where the register ends, less where it began."""
        return self.box.volume_l - BASE_VOLUME_L

    def happen(self, what, litres, more, method):
        box = self.box
        if what == "read":
            box.interval(litres, after_s=more, method=method)
        elif what == "gap":
            box.measure(record.GAP, litres, more * 3600)
        elif what == "lost":
            first = box.seq + 1
            for _ in range(more):
                self.left_out.add((box.chain, box.seq + 1))
                box.interval(litres)
            box.lose(first, first + more - 1)
            box.checkpoint()
        elif what == "flipped":
            box.interval(litres)
            box.slots[box.seq] = tampered(box.slots[box.seq], 70)
            box.checkpoint()
        elif what == "fork":
            box.interval(litres)
            other = tampered(box.slots[box.seq], 40, 3)
            self.twice.append(lambda: box.carry([other]))
        elif what == "no time":
            box.interval(litres, utc_s=None, time_state=record.TIME_UNKNOWN)
        elif what == "swap":
            self._swap(litres, more)
        else:
            box.checkpoint()
            self.boxes.append(box.next_chain())
            self.box.interval(litres)

    def _swap(self, held, litres):
        """The old meter is silent; what was held is booked, and the next segment counts on."""
        box = self.box
        details = {
            "quantity": grant.WATER, "method": METERED, "reason": event_details.SWAP, "number": 2,
            "closing": 0, "register_base": 0, "base": box.volume_l + held, "is_confirmed": 0,
        }  # fmt: skip
        detail = fields.pack(event_details.SEGMENT, details)
        box.measure(
            record.EVENT, held, 60, cause=causes.SEGMENT_OPENED, subject=1_000_000,
            detail=detail, segment=2,
        )  # fmt: skip
        box.interval(litres, segment=2)

    def end(self):
        """A last reading that is good: what was flipped or lost before it comes with it."""
        self.box.interval(1)
        self.box.checkpoint()

    def frames(self, county):
        for box in self.boxes:
            kept = [box.slots[seq] for seq in sorted(box.slots) if (box.chain, seq) not in self.left_out]
            for at in range(0, len(kept), 16):
                county.take(box, box.carry(kept[at : at + 16]))
        for frame in self.twice:
            county.take(self.boxes[0], frame())


def grounds(desk):
    """A small registry: two trees, two classes, two metering points."""
    desk.register(
        region("6504"),
        region("650402", "6504"),
        region("650421", "6504"),
        region("basin", tree="basin"),
        site("well-1", region="650402", basin="basin"),
        site("well-2", region="650421", **{"class": "industry"}),
        site("canal-1", region="650421", sort="intake", source="surface", point="branch-outlet"),
    )


# What litres are rolled up by.
def at(line, _of):
    return line.at


def method(line, _of):
    return line.method


def use(line, of):
    return of(line.site, line.at).use


def source(line, of):
    return of(line.site, line.at).source


def point(line, of):
    return of(line.site, line.at).point


def county(line, of):
    return of(line.site, line.at).admin[-1:]


def checked(desk, fields_, added):
    """Every roll-up of every period is what the registers and the corrections say."""
    truth = {one.site: one.litres + added[one.site] for one in fields_}
    for name in PERIODS:
        desk_books = desk.books(name)
        by_site = Counter()
        for line in desk_books.lines:
            by_site[line.site] += line.booked_l + line.correction_l + line.late_l
        with desk.store.reading() as connection:
            used = usage.of_sites(connection, desk_books.span)
        assert {one: usage.total_l(used, one) for one in used} == {one: by_site[one] for one in used}
        assert sum(by_site.values()) == sum(usage.total_l(used, one) for one in used)
        if name == "2026":
            assert {one: by_site[one] for one in truth} == truth
        for key in (at, method, use, source, point, county):
            rolled = roll(desk_books.lines, lambda line, key=key, of=desk_books.placing.of: [key(line, of)])
            assert sum(one.total_l + one.late_l for one in rolled.values()) == sum(by_site.values())
    parts = [sum(sum(line[3:]) for line in desk.books(name).lines) for name in ("2026-Q3", "2026-Q4")]
    assert sum(parts) == sum(truth.values())


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    st.lists(st.lists(HAPPENS, max_size=14), min_size=3, max_size=3),
    st.lists(CORRECTION, max_size=4),
    st.sampled_from(["2026-09", "2026-10"]),
    st.lists(st.tuples(LITRES, st.integers(0, 10)), min_size=1, max_size=3),
)
def test_every_roll_up_is_the_sum_of_its_registers(events, corrections, close, late):
    with tempfile.TemporaryDirectory() as folder, office(Path(folder) / "g") as desk:
        wells = [Field(name) for name in SITES]
        for one, happened in zip(wells, events, strict=True):
            for each in happened:
                one.happen(*each)
            one.end()
            desk.county.enrol(one.boxes[0])
            one.frames(desk.county)
        desk.county.work()
        grounds(desk)
        added = Counter()
        for name, period, method, litres in corrections:
            sign = "-" if litres < 0 else ""
            desk.correct(
                (name, "dispute", period, method, "", f"{sign}{abs(litres) / 1000:.3f}"), may_fall=True
            )
            added[name] += litres
        checked(desk, wells, added)
        frozen = desk.close(close).totals
        for litres, hours in late:  # comes afterwards, to whichever month its time lies in
            box = wells[0].box
            first = box.seq + 1
            box.interval(litres, after_s=hours * 3600 + 60)
            box.checkpoint()
            desk.county.take(box, *box.payloads(first))
        desk.county.work()
        desk.correct((SITES[0], "dispute", close, "metered", "", "0.321"))
        added[SITES[0]] += 321
        checked(desk, wells, added)
        with desk.store.reading() as connection:
            (month,) = closings.every(connection)
            assert closings.totals(connection, month.from_utc_s) == frozen
        for one in wells:
            with desk.store.reading() as connection:
                found = tracing.trace(connection, desk.places, one.site, desk.period("2026").span, CIVIL)
            assert found.booked_l == found.again_l == one.litres
            assert [problem for problem in found.problems if "the ledger has" in problem] == []
