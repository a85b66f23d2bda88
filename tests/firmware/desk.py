"""A site on a desk for tests of the pure controller: a pump that runs when told, exact meters.

What can go wrong with mains, contactor, motor, pipe, meters, clock and memory is an attribute.
"""

from karez_firmware.core.books import Books
from karez_firmware.core.controller import Controller, Inputs
from karez_firmware.core.parts import Parts
from karez_firmware.core.settings import check
from karez_firmware.store import head
from karez_protocols import binding, causes, event_details, grant, order, record, site_class

CARD = b"card-001"
SITE = {
    "site": "site-1",
    "class": site_class.IRRIGATION,
    "fail": binding.FAIL_STOPPED,
    "rated_flow_lph": 60_000,
    "rated_power_w": 22_000,
    "upper_ml_per_wh": 3000,
    "reference_ml_per_wh": None,
    "physical_ml_per_wh": None,
    "riser_l": 0,
}
FLOW_LPH = 60_000
POWER_W = 22_000
SEGMENTS = [
    {
        "quantity": quantity, "method": record.METERED, "base": 0, "register_base": register_base,
        "multiplier_ppm": 1_000_000, "coefficient_version": 0,
    }
    for quantity, register_base in ((binding.WATER, 23_879), (binding.ENERGY, 1_000))
]  # fmt: skip
# Energy is the water meter: 2.727272 L per Wh, which is what the desk's pump lifts.
CONVERTED = [dict(SEGMENTS[0]), SEGMENTS[1]]
CONVERTED[0].update(
    {
        "method": record.CONVERTED,
        "register_base": 1_000,
        "multiplier_ppm": 2_727_272,
        "coefficient_version": 3,
    }
)
UTC = 1_790_000_000


def domestic():
    """The site as a well that feeds people."""
    site = dict(SITE)
    site["class"] = site_class.DOMESTIC
    return site


def rules(**changed):
    """What the configuration says of people, times and areas."""
    values = {
        "accounts": {CARD: 7}, "ceilings_l": {}, "blocked": (), "windows": [], "areas": (),
        "root_key": bytes(32),
    }  # fmt: skip
    values.update(changed)
    return values


def a_row(quantity, ceiling, **changed):
    """A row of a grant."""
    row = {
        "quantity": quantity, "from_utc_s": UTC - 100, "to_utc_s": UTC + 100_000,
        "ceiling": ceiling, "finish_100l": 0, "emergency_100l": 0,
    }  # fmt: skip
    row.update(changed)
    return row


def a_grant(ceiling, seq=1, policy=grant.STOP, to_utc_s=UTC + 100_000, finish_100l=0, **changed):
    """(values, rows) as the app hands them over once the signature holds."""
    values = {"seq": seq, "site": "site-1", "policy": policy, "flags": 0, "head_volume_l": 0}
    return values, [a_row(grant.WATER, ceiling, to_utc_s=to_utc_s, finish_100l=finish_100l, **changed)]


def an_order(kind=order.STOP, seq=1, **changed):
    """The values of an order as its office signed it."""
    values = {
        "kind": kind, "scope": order.SITE, "basis": order.PLAIN, "office": order.ROOT, "from_min": None,
        "to_min": None, "lift_office": None, "lift_seq": None, "seq": seq, "target": "site-1",
        "issued_utc_s": UTC, "until_utc_s": None, "document": "d",
    }  # fmt: skip
    values.update(changed)
    return values


class Desk:
    """Steps a controller every 100 ms; meters answer every second with exact values."""

    def __init__(self, site=None, settings=None, restored=None, segments=SEGMENTS, seed=0, **changed):
        values = {"restart_delay_s": 0}
        values.update(settings or {})
        self.settings = check(values)
        self.books = Books(site or SITE, segments)
        self.parts = Parts(site or SITE, self.settings, rules(**changed), self.books, UTC - 1000)
        self.rights = self.parts.rights
        self.controller = Controller(site or SITE, self.settings, self.parts)
        if restored:
            self.books.restore(restored)
        self.controller.restart((5, 5, 5), restored or head.fresh(), seed)
        self.now_ms = 0
        self.step_ms, self.read_ms = 100, 1000
        self.records, self.out = [], None
        self._stands_on(23_879, 1_000)
        self._hears_nothing()

    def _stands_on(self, register_l, register_wh):
        """The world: everything sound, at rest."""
        self.litres_mlh = self.metered_mlh = self.work_mwh = 0  # litres in 1/3,600,000, Wh likewise
        self.closed = self.welded = self.tripped = False
        self.has_mains, self.is_thermal_open = True, False
        self.aux_says = None  # what a lying contact says
        self.power_says = None  # what the power meter shows, wherever its transformers are
        self.energy_grain_wh = 1  # the energy register moves by so much at a time
        self.is_read_apart = False  # the power meter renews its values between register and power
        self._work_before_mwh = 0
        self.is_bypassed = False  # water flows, and not through the meter
        self.foreign_lph = 0  # water that another pump, or the well itself, sends through the meter
        self.voltages = None  # of the three phases, tenths of a volt, as the meter shows them
        self.currents = None
        self.water_status = self.energy_status = 0
        self.no_signal = False  # the meter answers, its total stands still and its flow is void
        self._stood_l = 0
        self.run_down_l = 0
        self.register_l, self.register_wh = register_l, register_wh
        self.modulus = self.reverse_l = self.level_mm = self.door = None
        self.level_status = self.witness_status = None
        self.witness_permille = 1000  # of what the ruling meter counts

    def _hears_nothing(self):
        """What the box hears, and whether its memory and its clock do their work."""
        self.commit, self.is_signed, self.fill_percent = True, True, 0
        self.clock_s, self.time_state = UTC, record.TIME_SYNCHRONISED
        self.opened_ms = None
        self._committed = None
        self._buttons, self._remote, self._changes = [], [], []

    def press(self, kind="start", card=CARD):
        """Press a button before the next step."""
        self._buttons.append((kind, card))

    def command(self, *words):
        """A command over the network, for the next step."""
        self._remote.append(words)

    def change(self, *words):
        """What a person types at the cable, for the next step."""
        self._changes.append(words)

    @property
    def is_made(self):
        """True while the contactor's own contacts touch."""
        return self.closed or self.welded

    @property
    def aux(self):
        """The auxiliary contact."""
        return self.is_made if self.aux_says is None else self.aux_says

    @property
    def runs(self):
        """True while the motor turns."""
        return self.is_made and self.has_mains and not self.tripped and not self.is_thermal_open

    @property
    def litres(self):
        """Litres really pumped."""
        return self.litres_mlh // 3_600_000

    def step(self):
        """One step of the world and one of the controller."""
        self.now_ms += self.step_ms
        if not self.has_mains:
            self.closed = False  # the coil drops
        if self.runs:
            self.litres_mlh += FLOW_LPH * self.step_ms
            self.metered_mlh += 0 if self.is_bypassed else FLOW_LPH * self.step_ms
            self.work_mwh += (POWER_W if self.power_says is None else self.power_says) * self.step_ms
        self.metered_mlh += self.foreign_lph * self.step_ms
        inputs = self._inputs()
        if self.now_ms % self.read_ms == 0:
            self._read(inputs)
        self.out = out = self.controller.step(inputs, self.now_ms)
        if self.closed and not out.close:
            self.opened_ms = self.now_ms
        if not out.close:
            self.closed = False
        self.tripped = out.trip
        self.records.extend(out.records)
        if any(values["kind"] == record.START for values in out.records):
            self._committed = self.commit
        if out.close and self.has_mains:
            self.closed = True
        return out

    def _inputs(self):
        inputs = Inputs()
        inputs.aux, inputs.door = self.aux, self.door
        if self.clock_s is not None:
            inputs.utc_s = self.clock_s + self.now_ms // 1000
        inputs.time_state = self.time_state
        inputs.buttons, self._buttons = self._buttons, []
        inputs.remote, self._remote = self._remote, []
        inputs.changes, self._changes = self._changes, []
        inputs.committed, self._committed = self._committed, None
        inputs.is_signed, inputs.fill_percent = self.is_signed, self.fill_percent
        return inputs

    def _read(self, inputs):
        if not self.no_signal:
            self._stood_l = self.metered_mlh // 3_600_000 + (0 if self.aux else self.run_down_l)
        inputs.water = self._reading(self.water_status, {
            "volume_l": self.register_l + self._stood_l, "flow_lph": self._flow_lph(),
            "volume_rev_l": self.reverse_l,
        })  # fmt: skip
        inputs.water["measuring"] = not self.no_signal
        inputs.water["modulus"] = self.modulus
        power_w = POWER_W if self.runs else 0
        work_mwh = self._work_before_mwh if self.is_read_apart else self.work_mwh
        self._work_before_mwh = self.work_mwh
        values = {
            "energy_wh": self.register_wh + self._seen_wh(work_mwh),
            "power_w": power_w if self.power_says is None else self.power_says,
        }
        for name, unit, found in (("voltage", "dv", self.voltages), ("current", "ca", self.currents)):
            for phase, value in zip("abc", found or ()):
                values["%s_%s_%s" % (name, phase, unit)] = value if self.has_mains else 0
        inputs.energy = self._reading(self.energy_status, values)
        if self.level_status is not None:
            inputs.level = self._reading(self.level_status, {"level_mm": self.level_mm})
        if self.witness_status is not None:
            seen_l = self.metered_mlh // 3_600_000 * self.witness_permille // 1000
            inputs.witness = self._reading(self.witness_status, {"volume_l": seen_l})

    def _seen_wh(self, work_mwh):
        return work_mwh // (3_600_000 * self.energy_grain_wh) * self.energy_grain_wh

    def _flow_lph(self):
        if self.no_signal:
            return None
        return self.foreign_lph + (FLOW_LPH if self.runs and not self.is_bypassed else 0)

    def _reading(self, status, values):
        return {
            "status": status, "at_ms": self.now_ms, "raw": bytes(8), "step": 1, "measuring": None,
            "modulus": None, "values": values,
        }  # fmt: skip

    def run(self, seconds):
        """Step for so many seconds."""
        for _ in range(seconds * 1000 // self.step_ms):
            self.step()

    def refusal(self, *pressed):
        """Press, and return why it was refused; causes.NONE when it was not."""
        self.press(*pressed)
        self.step()
        return self.controller.refused

    def kinds(self):
        """(kind, cause) of every record so far."""
        return [(values["kind"], values["cause"]) for values in self.records]

    def count(self, kind, cause):
        """How many records of a kind and cause there are."""
        return self.kinds().count((kind, cause))

    def last(self, kind):
        """The newest record of a kind."""
        return [values for values in self.records if values["kind"] == kind][-1]

    def event(self, cause):
        """The newest event of a cause."""
        return [v for v in self.records if v["kind"] == record.EVENT and v["cause"] == cause][-1]

    def check_records(self):
        """Every record encodes, and each segment is told of before anything is counted in it."""
        told = [1]
        for values in self.records:
            if values["kind"] == record.EVENT and values["cause"] == causes.SEGMENT_OPENED:
                told.append(detail_of(values)["number"])
            assert values["segment"] in told, values
            found = dict(values)
            found.update({"seq": 1, "utc_s": 1, "boot": 1, "uptime_s": 1, "time_state": 2, "grant_seq": 1})
            assert len(record.encode(found)) == 112


def detail_of(values):
    """The detail of an event."""
    return event_details.decode(values["cause"], values["detail"])


def ready(ceiling=1000, **named):
    """A desk with known books and a grant."""
    desk = Desk(**named)
    desk.rights.install(*a_grant(ceiling))
    desk.run(4)
    return desk


def pumping(ceiling=1000, **named):
    """A desk whose pump runs."""
    desk = ready(ceiling, **named)
    desk.press()
    desk.run(4)
    assert desk.closed, desk.controller.refused
    return desk
