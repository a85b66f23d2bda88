"""A site on a desk for tests of the pure controller: a pump that runs when told, exact meters."""

from karez_firmware.core.books import Books
from karez_firmware.core.controller import Controller, Inputs
from karez_firmware.core.parts import Parts
from karez_firmware.core.settings import check
from karez_firmware.store import head
from karez_protocols import binding, grant, record, site_class

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
SEGMENTS = [
    {
        "quantity": quantity, "method": record.METERED, "base": 0, "register_base": register_base,
        "multiplier_ppm": 1_000_000, "coefficient_version": 0,
    }
    for quantity, register_base in ((binding.WATER, 23_879), (binding.ENERGY, 1_000))
]  # fmt: skip
UTC = 1_790_000_000


def rules(**changed):
    """What the configuration says of people, times and areas."""
    values = {
        "accounts": {CARD: 7}, "ceilings_l": {}, "blocked": (), "windows": [], "areas": (),
        "root_key": bytes(32),
    }  # fmt: skip
    values.update(changed)
    return values


def a_grant(ceiling, seq=1, policy=grant.STOP, to_utc_s=UTC + 100_000, finish_100l=0):
    """(values, rows) as the app hands them over once the signature holds."""
    values = {"seq": seq, "site": "site-1", "policy": policy, "flags": 0, "head_volume_l": 0}
    row = {
        "quantity": grant.WATER, "from_utc_s": UTC - 100, "to_utc_s": to_utc_s,
        "ceiling": ceiling, "finish_100l": finish_100l, "emergency_100l": 0,
    }  # fmt: skip
    return values, [row]


class Desk:
    """Steps a controller every 100 ms; meters answer every second with exact values."""

    def __init__(self, site=None, settings=None, restored=None, **changed):
        values = {"restart_delay_s": 0}
        values.update(settings or {})
        self.settings = check(values)
        self.books = Books(site or SITE, SEGMENTS)
        self.parts = Parts(site or SITE, self.settings, rules(**changed), self.books, UTC - 1000)
        self.rights = self.parts.rights
        self.controller = Controller(site or SITE, self.settings, self.parts)
        if restored:
            self.books.restore(restored)
        self.controller.restart(5, restored or head.fresh())
        self.now_ms = 0
        self.litres_mlh = 0  # litres pumped, in 1/3,600,000
        self.closed = self.welded = False
        self.water_status = self.energy_status = 0
        self.no_signal = False  # the meter answers, its total stands still and its flow is void
        self._stood_l = 0
        self.run_down_l = 0
        self.commit = True
        self.records = []
        self.opened_ms = None
        self._committed = None
        self._buttons = []
        self.register_l = 23_879

    def press(self, kind="start", card=CARD):
        """Press a button before the next step."""
        self._buttons.append((kind, card))

    @property
    def aux(self):
        """The auxiliary contact."""
        return self.closed or self.welded

    @property
    def litres(self):
        """Litres really pumped."""
        return self.litres_mlh // 3_600_000

    def step(self):
        """100 ms of the world and one step of the controller."""
        self.now_ms += 100
        if self.aux:
            self.litres_mlh += 60_000 * 100
        inputs = Inputs()
        inputs.aux = self.aux
        inputs.utc_s, inputs.time_state = UTC + self.now_ms // 1000, record.TIME_SYNCHRONISED
        inputs.buttons, self._buttons = self._buttons, []
        inputs.committed, self._committed = self._committed, None
        if self.now_ms % 1000 == 0:
            self._read(inputs)
        out = self.controller.step(inputs, self.now_ms)
        if self.closed and not out.close:
            self.opened_ms = self.now_ms
        if not out.close:
            self.closed = False
        self.records.extend(out.records)
        if any(values["kind"] == record.START for values in out.records):
            self._committed = self.commit
        if out.close:
            self.closed = True
        return out

    def _read(self, inputs):
        power_w = 22_000 if self.aux else 0
        if not self.no_signal:
            self._stood_l = self.litres + (0 if self.aux else self.run_down_l)
        flow_lph = None if self.no_signal else 60_000 if self.aux else 0
        inputs.water = {
            "measuring": not self.no_signal, "status": self.water_status,
            "at_ms": self.now_ms, "raw": bytes(8), "step": 1, "modulus": None,
            "values": {"volume_l": self.register_l + self._stood_l, "flow_lph": flow_lph},
        }  # fmt: skip
        inputs.energy = {
            "status": self.energy_status, "at_ms": self.now_ms, "raw": bytes(8), "step": 1,
            "measuring": None, "modulus": None,
            "values": {"energy_wh": 1_000 + self.litres_mlh * 22 // 60 // 3_600_000, "power_w": power_w},
        }  # fmt: skip

    def run(self, seconds):
        """Step for so many seconds."""
        for _ in range(seconds * 10):
            self.step()

    def kinds(self):
        """(kind, cause) of every record so far."""
        return [(values["kind"], values["cause"]) for values in self.records]

    def last(self, kind):
        """The newest record of a kind."""
        return [values for values in self.records if values["kind"] == kind][-1]


def ready(ceiling=1000, **named):
    """A desk with known books and a grant."""
    desk = Desk(**named)
    desk.rights.install(*a_grant(ceiling))
    desk.run(4)
    return desk
