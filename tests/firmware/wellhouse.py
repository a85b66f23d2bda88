"""A provisioned box in memory: offices that sign, a well that flows, meters that count it."""

import binascii
import json
import struct

from karez_firmware import bring_up
from karez_firmware.app import App
from karez_firmware.identity import Identity
from karez_firmware.ports import fake, fake_broker, fake_memory
from karez_firmware.store import devices, objects
from karez_protocols import binding, chain, ed25519, ed25519_keys, grant, record, signed, site_class
from karez_protocols.errors import ProtocolError
from karez_protocols.slices import finish

UTC = 1_790_000_000
CARD = b"card-001"
FLOW_LPH = 60_000
POWER_W = 22_000
BASE_L, BASE_WH = 23_879, 1_000
REGULATOR = finish(ed25519_keys.secret_slices(b"r" * 32))
BENCH = finish(ed25519_keys.secret_slices(b"b" * 32))
SEED = b"k" * 32
PUBLIC = finish(ed25519_keys.secret_slices(SEED))[64:]
NAME = chain.controller_name(PUBLIC)
KEPT = SEED + b"\x30" + bytes(55) + b"\x04" + b"p" * 64
CERTIFICATE = b"\x30\x82\x00\x48" + bytes(7) + KEPT[-65:]
AUTHORITY = b"\x30\x03\x02\x01\x05"


def sealed(label, body, secret):
    """A signed object."""
    return body + finish(ed25519.sign_slices(secret, signed.message(label, body)))


def binding_values(**changed):
    values = {
        "class": site_class.IRRIGATION, "fail": binding.FAIL_STOPPED, "seq": 1, "controller": NAME,
        "site": "site-1", "gateway": "gw", "controller_key": PUBLIC, "regulator_key": REGULATOR[64:],
        "issued_utc_s": UTC - 500, "rated_flow_lph": FLOW_LPH, "rated_power_w": POWER_W,
        "upper_ml_per_wh": 3000, "reference_ml_per_wh": None, "physical_ml_per_wh": None, "riser_l": 0,
    }  # fmt: skip
    values.update(changed)
    return values


def segment(quantity, profile, register_base, **changed):
    values = {
        "quantity": quantity, "method": 1, "address": 1 + quantity, "profile_version": 1, "from_seq": 1,
        "profile": profile, "serial": "S", "base": 0, "register_base": register_base,
        "multiplier_ppm": 1_000_000, "coefficient_version": 0,
    }  # fmt: skip
    values.update(changed)
    return values


SEGMENTS = [
    segment(binding.WATER, "tuf2000m", BASE_L),
    segment(binding.ENERGY, "sdm630", BASE_WH),
]


def a_binding(segments=None, **changed):
    body = binding.encode(binding_values(**changed), SEGMENTS if segments is None else segments)
    return sealed(binding.LABEL, body, BENCH)


def document(**changed):
    """The configuration as a dict."""
    values = {
        "settings": {"restart_delay_s": 0},
        "accounts": {binascii.hexlify(CARD).decode(): 7},
        "link": {"host": "127.0.0.1", "port": 8883, "tls_name": "gw"},
        "meters": [
            {"quantity": "water", "profile": "tuf2000m", "address": 1},
            {"quantity": "energy", "profile": "sdm630", "address": 2},
        ],
    }
    values.update(changed)
    return values


def a_config(**changed):
    return json.dumps(document(**changed)).encode()


def a_grant(ceiling, seq=1, secret=REGULATOR, row=None, **changed):
    """A signed grant's bytes."""
    values = {
        "flags": 0, "policy": grant.STOP, "seq": seq, "site": "site-1", "issuer": 0,
        "issued_utc_s": UTC - 100, "document": "d", "head_chain": 0, "head_seq": 0,
        "head_h": bytes(32), "head_volume_l": 0, "head_ledger_l": 0,
    }  # fmt: skip
    values.update(changed)
    rows = [{
        "quantity": grant.WATER, "from_utc_s": UTC - 100, "to_utc_s": UTC + 1_000_000,
        "ceiling": ceiling, "finish_100l": 0, "emergency_100l": 0,
    }]  # fmt: skip
    if row:
        rows[0].update(row)
    return sealed(grant.LABEL, grant.encode(values, rows), secret)


class Well:
    """What is there whether a controller runs or not: water, energy, contactor."""

    def __init__(self):
        self.closed = False
        self.mlh = 0  # litres pumped, in 1/3,600,000,000
        self.at_us = 0
        self.silent = ()  # addresses that do not answer
        self.extra_l = 0
        self.has_jammed = False  # the contactor does not open
        self.shift_l = 0  # of the register, since another meter was put on

    def copy(self):
        other = Well()
        other.mlh, other.extra_l, other.shift_l = self.mlh, self.extra_l, self.shift_l
        return other

    def go_on(self, now_us):
        if self.closed:
            self.mlh += FLOW_LPH * (now_us - self.at_us)
        self.at_us = now_us

    @property
    def litres(self):
        return self.mlh // 3_600_000_000 + self.extra_l

    @property
    def energy_wh(self):
        return self.mlh * 22 // 60 // 3_600_000_000

    @property
    def register_l(self):
        return BASE_L + self.litres + self.shift_l

    def water(self):
        table = {8: self.register_l & 0xFFFF, 9: self.register_l >> 16, 91: 90, 1437: 0, 1438: 0}
        flow = struct.pack(">f", FLOW_LPH / 1000 if self.closed else 0)
        table[1], table[0] = flow[0] << 8 | flow[1], flow[2] << 8 | flow[3]
        return table

    def energy(self):
        table = {}
        for start, value in (
            (0, 220), (2, 220), (4, 220),
            (52, POWER_W if self.closed else 0), (72, (BASE_WH + self.energy_wh) / 1000),
        ):  # fmt: skip
            raw = struct.pack(">f", value)
            table[start], table[start + 1] = raw[0] << 8 | raw[1], raw[2] << 8 | raw[3]
        return table


class Station:
    """One meter of the well on the bus."""

    def __init__(self, well, address):
        self._well = well
        self._address = address

    def registers(self, start, count, now_us):
        self._well.go_on(now_us)
        if self._address in self._well.silent:
            return None
        table = self._well.water() if self._address == 1 else self._well.energy()
        return b"".join(struct.pack(">H", table.get(at, 0)) for at in range(start, start + count))


def memories(sectors=4, provisioned=True, mains=None, signed_binding=None, config=None):
    """NOR and FRAM, with what the bench gives a box in them."""
    nor = fake_memory.RamNor((objects.SECTORS + sectors) * devices.SECTOR, mains)
    fram = fake_memory.RamFram(4096, mains)
    if provisioned:
        objects.write_once(nor, objects.KEY, KEPT)
        objects.write(nor, objects.BINDING, 0, signed_binding or a_binding())
        objects.write(nor, objects.LINK_CERTIFICATE, 0, CERTIFICATE)
        objects.write(nor, objects.LINK_AUTHORITY, 0, AUTHORITY)
        objects.write(nor, objects.CONFIG, 0, config or a_config())
    return nor, fram


def port_for(nor, fram, well, utc_s=UTC):
    """A port whose meters count this well."""
    port = fake.Port(nor, fram, utc_s)
    port.stations = {1: Station(well, 1), 2: Station(well, 2)}
    well.at_us = 0
    well.closed = False

    def coil(on, now_us):
        well.go_on(now_us)
        was = well.closed
        well.closed = on or (was and well.has_jammed)
        if well.closed != was:
            port.script("aux %d" % well.closed, 60)

    port.coil = coil
    return port


_SITES: dict = {}


def site_of(port):
    """What bring_up makes of a port's memories, once for each configuration."""
    key = objects.read_any(port.nor, objects.BINDING), objects.newest(port.nor, objects.CONFIG)[0]
    if key not in _SITES:
        _SITES.clear()
        _SITES[key] = bring_up.bring_up(port)
    return _SITES[key]


class House:
    """One run of the app over memories and a well."""

    def __init__(self, nor=None, fram=None, well=None, utc_s=UTC, broker=False, port=None):
        if nor is None:
            nor, fram = memories()
        self.nor, self.fram = nor, fram
        self.well = well or Well()
        self.port = port or port_for(nor, fram, self.well, utc_s)
        if broker:
            self.port.broker = fake_broker.Broker("karez/1/%s/down" % NAME)
        self.app = App(self.port, site_of(self.port))

    def turn(self):
        """As App.run does it, once."""
        self.app.turn()
        self.port.wait(self.app._deadline_us())

    def run(self, seconds):
        """Run for simulated seconds."""
        until_us = self.port.us + int(seconds * 1_000_000)
        while self.port.us < until_us:
            self.turn()

    def press(self, kind="start", card=CARD):
        self.port.script("%s %s" % (kind, binascii.hexlify(card).decode()))

    def offer(self, data):
        """A grant, as the uplink hands it on; wait until it is judged."""
        self.app.offers.grant(data)
        while self.app.background.is_busy:
            self.turn()

    def again(self, after_s=20, **named):
        """Power off, and a new run over the same memories `after_s` later."""
        utc_s = UTC + self.port.us // 1_000_000 + after_s
        self.well.go_on(self.port.us)
        return House(self.nor.copy(), self.fram.copy(), self.well.copy(), utc_s, **named)

    @property
    def state(self):
        return self.app.controller.pump.state

    def slots(self, first=1):
        return [self.app.journal.slot(seq) for seq in range(first, self.app.journal.head["seq"] + 1)]

    def records(self, first=1):
        """Every record of the chain that the ring holds, decoded."""
        return [record.decode(slot) for slot in self.slots(first) if slot is not None]

    def kinds(self):
        return [(values["kind"], values["cause"]) for values in self.records()]

    def last(self, kind):
        return [values for values in self.records() if values["kind"] == kind][-1]

    def check_chain(self):
        """Every record from h_0 to the head follows the one before; return how many."""
        h = chain.genesis(1, objects.read_any(self.nor, objects.BINDING))
        head = self.app.journal.head
        for at, slot in enumerate(self.slots()):
            assert slot is not None, "record %d of %d is missing" % (at + 1, head["seq"])
            values = record.decode(slot)
            assert values["seq"] == at + 1
            try:
                h = chain.check(h, slot)
            except ProtocolError as error:
                raise AssertionError("record %d: %s" % (at + 1, error))
            if values["kind"] == record.STATEMENT:
                assert values["covered_seq"] == at, "statement %d covers %d" % (at + 1, values["covered_seq"])
        assert h == head["h"]
        return head["seq"]


def ready(ceiling=1000, broker=False, **named):
    """A house whose books are known and that has a grant."""
    house = House(broker=broker, **named)
    house.run(4)
    house.offer(a_grant(ceiling))
    return house


def identity():
    return Identity(KEPT)
