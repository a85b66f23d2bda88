"""The books of one site: W litres and E watt-hours since commissioning, P held (design §5).

W never falls and moves by plausible steps only. While the water meter is not believed, W
stands and P (held.py) counts beside it. Ceilings test W + P.

Without a water meter W is energy x coefficient: the segment's method is CONVERTED, its
register the energy meter's, and P is rated flow x time closed while that is silent. A site
with neither is ESTIMATED: W stands for ever, and all that runs is P, rated flow x time closed.

The caller takes `events`, writes their records, and only then the head (bookmark.py says what
a cut in between leaves). `now_ms` is uptime throughout.
"""

from karez_protocols import causes, grant, record
from karez_protocols.constant import const

from . import bookmark, outage, register
from . import segment as segments_of
from .doubts import Doubts
from .held import Held, is_fresh

# Of rated l/h, what may flow while three readings agree for ten seconds: 1.25 x 10 / 3600.
_DECISION_PART = const(288)
_LEAST_PART = const(10)  # of rated flow: a total has to move above it (C2's line, integrity §4)


class Books:
    """Water and energy registers of the current segments.

    `events`: (cause, values) of what happened, for the caller to record and to clear; values
    are those of event_details.layout(cause), and `quantity` at least. `utc_s`: the caller
    keeps it at the trusted time, None without one.
    """

    def __init__(self, values, segments):
        # Not the whole binding: as a dict it would live as long as the books.
        self._rated_flow_lph, self._rated_power_w = values["rated_flow_lph"], values["rated_power_w"]
        self.riser_l = values.get("riser_l") or 0
        self.energy = None
        # Later rows of one quantity replace earlier ones: the last is the current segment.
        for number, row in enumerate(segments):
            self.follow(segments_of.Segment(row["quantity"], number + 1, row))
        self.held = Held(self._rated_flow_lph, values["upper_ml_per_wh"])
        self.decision_l = self._rated_flow_lph // _DECISION_PART
        self._doubts = Doubts(self._rated_flow_lph // _LEAST_PART)
        self._last_ms, self._is_closed, self._opened_ms = None, False, 0
        self.was_stuck = False  # since the last good reading: only that time's energy is P that stays
        self.gap = self.utc_s = None  # gap: (W before, E before) when a reading came back over one
        self.events: list = []

    @property
    def is_converted(self):
        """True when the energy meter's register is the well's."""
        return self.water.segment.is_converted

    @property
    def is_estimated(self):
        """True at a site without any meter: all that runs is P."""
        return self.water.segment.method == record.ESTIMATED

    @property
    def segment(self):
        """Number of the water segment, as records carry it."""
        return self.water.segment.number

    @property
    def volume_l(self):
        """W, litres; None before the first reading was ever believed."""
        return self.water.segment.base if self.is_estimated else self.water.value

    @property
    def energy_wh(self):
        """E, watt-hours; None when unknown or without an energy meter."""
        return self.energy.value if self.energy else None

    @property
    def used_wh(self):
        """E as P asks for it: None where W itself is made of it, and where P is time alone."""
        return None if self.is_converted or self.is_estimated else self.energy_wh

    @property
    def held_l(self):
        """P, litres."""
        return self.held.litres

    @property
    def charged_l(self):
        """W + P: what the ceilings test; None while unknown."""
        volume_l = self.volume_l
        return None if volume_l is None else volume_l + self.held.litres

    @property
    def is_known(self):
        """True when the water register has been believed since the start."""
        return self.is_estimated or self.water.is_known

    @property
    def is_uncertain(self):
        """True while readings have been held for ten seconds and more, and nothing is decided."""
        return self.water.is_uncertain

    @property
    def is_provisional(self):
        """True while a segment stands that no person has confirmed."""
        return any(one and not one.segment.is_confirmed for one in (self.water, self.energy))

    @property
    def is_stuck(self):
        """True while the water total stands although the meter says that water flows."""
        return self._doubts.is_stuck

    @property
    def is_reversed(self):
        """True while the meter counts backwards with the contactor closed."""
        return self._doubts.is_reversed

    @property
    def method(self):
        """How the volume now counted comes about (record.METERED to record.ESTIMATED)."""
        own, held = self.water.segment.method, self.held
        if held.litres <= held.uncounted_l:
            return own
        return (
            record.CONVERTED if own == record.METERED and held.has_energy(self.energy) else record.ESTIMATED
        )

    def read_energy(self, register_wh, now_ms, outage_s, step=1, modulus=None, is_open=False, reverse=None):
        """Offer a reading of the energy register; the arguments are those of read_water, in Wh.

        Returns what became of it: of the volume where energy is converted, else of E.
        """
        result = None
        if self.is_converted:
            doubts = (register_wh, now_ms, step, is_open, reverse, None, None)
            result = self._count(outage_s, modulus, doubts)
        if self.energy is None:
            return result
        self.energy.step, self.energy.modulus = step, modulus
        found = self._count_energy(self.energy, register_wh, now_ms, outage_s)
        return found if result is None else result

    def read_water(
        self, register_l, now_ms, outage_s, step=1, modulus=None, is_open=False, reverse=None,
        flow_lph=None, measuring=None,
    ):  # fmt: skip
        """Offer a reading of the water register; return a result of register.py.

        `outage_s`: trusted length of the outage before this run, None when not known.
        `step`: the least by which the register can move, litres; `modulus`: where it rolls
        over. `is_open`: commanded open, and no power. `reverse`: the reverse total, `flow_lph`
        and `measuring` as the same reading has them; each None when not known. A meter that
        says it measures nothing is offered too: what P counts meanwhile is never taken back.
        """
        if self.is_converted or self.is_estimated:
            return None  # a second meter: a witness, it rules nothing
        doubts = (register_l, now_ms, step, is_open, reverse, flow_lph, measuring)
        return self._count(outage_s, modulus, doubts)

    def tick(self, now_ms, is_closed):
        """Count P while the water meter is not believed; `is_closed`: water may be flowing."""
        if self._is_closed and not is_closed:
            self._opened_ms = now_ms
        self._is_closed = is_closed
        self._wait(now_ms)
        for followed in (self.water, self.energy):
            if followed and followed.segment.opened_utc_s is None and not followed.segment.is_confirmed:
                followed.segment.opened_utc_s = self.utc_s  # as soon as there is a trusted time
        # A good reading behind the opening has counted all that ran, also what the energy meter tells later.
        is_settled = not is_closed and (self.water.last_ms or 0) > self._opened_ms
        if self.volume_l is not None and not is_settled:
            self.held.tick(self.water, self.energy, now_ms)

    def _wait(self, now_ms):
        """Time has passed; while the contactor is closed, water may have flowed in it."""
        elapsed_ms = 0 if self._last_ms is None else now_ms - self._last_ms
        if elapsed_ms < 0:
            return  # a reading taken before the last tick
        self._last_ms = now_ms
        for followed in (self.water, self.energy):
            if followed and self._is_closed:
                followed.wait(elapsed_ms, now_ms)
        if self._is_closed and self.is_stuck and not is_fresh(self.water, now_ms):
            self.was_stuck = True  # and silent: it has not said otherwise

    def _count(self, outage_s, modulus, doubts):
        """Follow the register that W comes from."""
        register_now, now_ms, step, is_open = doubts[:4]
        self._wait(now_ms)
        water = self.water
        water.step, water.modulus = step, modulus
        if self._is_doubted(doubts):
            if self._doubts.is_stuck:
                self.held.recall(water, self.energy)
                self.was_stuck = True
            if doubts[6] is False or self._doubts.is_reversed:
                self.held.is_doubted = True
            return water.distrust()
        if self.was_stuck and not (self._doubts.has_made_up and not self._doubts.is_stuck):
            self.held.is_doubted = True
        self.was_stuck = False
        before, still_ms = (self.volume_l, self.held.energy_wh), water.blind_ms
        was_current, was_below = water.is_current(now_ms), water.below
        estimate_l = self.held.estimate(water, self.energy, now_ms)
        gap_bound, roll_bound = outage.of_water(water, self.energy, self.held, now_ms, outage_s)
        result = water.offer(register_now, now_ms, gap_bound, is_open, roll_bound, estimate_l)
        if result in (register.HELD, register.UNCERTAIN):
            return result
        if not was_current and before[0] is not None:
            self.gap = before
        if result == register.OPENED:
            segments_of.decide(self, water, register_now, now_ms, gap_bound, estimate_l)
            self.held.close(self.used_wh)
            return result
        # Before the first good reading of all nothing has been counted beside it.
        counted_l = estimate_l if before[0] is None else self.volume_l - before[0]
        ran_out_l = estimate_l - self.held.uncounted_l
        if water.has_fallen or (result == register.BACKFLOW and ran_out_l > self.riser_l):
            # Set back while it was held, or by more than can run back: it shows less than it has counted.
            self.held.is_doubted = True
        self.held.settle(estimate_l, counted_l, self.used_wh, None if self._doubts.is_little else still_ms)
        self._tell(result, grant.WATER, was_below)
        if self.held.uncounted_l > self.decision_l and not water.below:
            segments_of.book_uncounted(self, register_now, now_ms)
            return register.OPENED
        return result

    def _count_energy(self, energy, register_wh, now_ms, outage_s):
        """Follow the register that E comes from."""
        self._wait(now_ms)
        bound, roll_bound = outage.of_energy(energy, now_ms, outage_s)
        # Energy has no P: rated power x time closed stands for what nobody has read.
        beside_wh = self._rated_power_w * energy.blind_ms // 3_600_000
        result = energy.offer(register_wh, now_ms, bound, False, roll_bound, beside_wh)
        if result == register.OPENED:
            segments_of.decide(self, energy, register_wh, now_ms, bound, beside_wh)
        self._tell(result, grant.ENERGY, 0)
        spans_gap = result in (register.BACK, register.ROLLED, register.OPENED)
        if spans_gap and is_fresh(self.water, now_ms):
            # The water of the same gap is booked already: it is not P as well.
            self.held.energy_wh = self.used_wh
        return result

    def _is_doubted(self, doubts):
        was_reversed = self._doubts.is_reversed
        is_doubted = self._doubts.take(*doubts)
        if self._doubts.is_reversed and not was_reversed:
            self.events.append((causes.REVERSE_FLOW, {"quantity": grant.WATER}))
        return is_doubted

    def _tell(self, result, quantity, was_below):
        if result == register.ROLLED:
            self.events.append((causes.ROLLOVER, {"quantity": quantity}))
        elif result == register.BACKFLOW and not was_below:
            self.events.append((causes.BACKFLOW, {"quantity": quantity}))

    def follow(self, segment):
        """Follow the register of a segment from its beginning; return the new Register."""
        is_power = segment.quantity == grant.ENERGY or segment.is_converted
        rate_per_h = self._rated_power_w if is_power else self._rated_flow_lph
        riser = 0 if is_power else self.riser_l * 1_000_000 // segment.multiplier_ppm
        found = register.Register(segment, rate_per_h, riser)
        if segment.quantity == grant.ENERGY:
            self.energy = found
        else:
            self.water = found
        return found

    def next_number(self):
        """The number of the segment to be opened, of either quantity."""
        return max(self.segment, self.energy.segment.number if self.energy else 0) + 1

    def swap(self, quantity, closing, opening, now_ms):
        """Another meter was put on: see meter_change.swap. Returns causes.NONE or why not, in words."""
        from . import meter_change

        return meter_change.swap(self, quantity, closing, opening, now_ms)

    def confirm(self, quantity, now_ms):
        """A person has looked: see meter_change.confirm. Returns causes.NONE or why not, in words."""
        from . import meter_change

        return meter_change.confirm(self, quantity, now_ms)

    def convert(self, multiplier_ppm, coefficient_version):
        """A new coefficient from now on: see meter_change.convert. Returns causes.NONE or why not."""
        from . import meter_change

        return meter_change.convert(self, multiplier_ppm, coefficient_version)

    def take_over(self, multiplier_ppm, now_ms, coefficient_version=0, opening=None):
        """The other meter rules from now on: see meter_change.take_over. causes.NONE or why not."""
        from . import meter_change

        return meter_change.take_over(self, multiplier_ppm, now_ms, coefficient_version, opening)

    def snapshot(self):
        """Return the values of bookmark.LAYOUT. Save it only after the records of `events`."""
        return bookmark.snapshot(self)

    def restore(self, head):
        """Take a snapshot from before a restart; a head that knows no segments means the binding's last."""
        bookmark.restore(self, head)

    def adopt(self, values, multiplier_ppm=None):
        """Begin the segment of a SEGMENT_OPENED or SEGMENT_CONFIRMED event, unless it is known.

        `values`: its detail, `multiplier_ppm` its subject; oldest first, all that the head may lack.
        """
        bookmark.adopt(self, values, multiplier_ppm)

    def catch_up(self, values):
        """Take W, E and P of a measuring record newer than the head; adopt() goes first."""
        bookmark.catch_up(self, values)
