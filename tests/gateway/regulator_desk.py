"""An office's desk: its folder with limits, wells that have signed a year's readings, and requests."""

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from typer.testing import CliRunner

from karez_gateway.regulator import limits, request, state
from karez_gateway.regulator.cli import app
from karez_gateway.regulator.judging import Judge
from karez_gateway.regulator.request import Wish, WishRow
from karez_gateway.technician import keys
from karez_gateway.verifier.trust import Trust
from karez_protocols import binding, bundle, chain, grant, record, signed, site_class
from synthetic import (
    BASE_VOLUME_L,
    PROVISIONER,
    REGULATOR,
    SyntheticController,
    public,
    raw_register,
    sign,
)

PASSPHRASE = "ten thousand wells"
YEAR = 2027
FROM_UTC_S, TO_UTC_S = 1_798_732_800, 1_830_268_800  # 2027 at +08:00
NOW_S = FROM_UTC_S + 100 * 86_400
DAY_S = 86_400
USED_L = 300_000
TRUST = Trust(public(PROVISIONER), (public(REGULATOR),))

RULES = "finish_m3 = 20\nemergency_m3 = 50\n"
REGIONS = "region,name,parent\n65,新疆,\n6504,高昌区,65\n650401,亚尔镇,6504\n650402,艾丁湖镇,6504\n"
LIMITS = (
    "region,year,class,source,volume_m3\n"
    "6504,2027,farming,ground,2000\n"
    "650401,2027,all,ground,1500\n"
    "650402,2027,farming,ground,900.5\n"
    "6504,2027,domestic,ground,300\n"
)
SITES = (
    "site,region,class,source\nw1,650401,farming,ground\nw2,650401,farming,ground\n"
    "w3,650402,farming,ground\nd1,650402,domestic,ground\n"
)


def folder(path: Path, **files: str) -> Path:
    """An office's folder; other contents by the file's name before its dot."""
    path.mkdir(parents=True, exist_ok=True)
    told = {"rules.toml": RULES, "regions.csv": REGIONS, "limits.csv": LIMITS, "sites.csv": SITES}
    for name, text in told.items():
        (path / name).write_text(files.get(name.partition(".")[0], text), encoding="utf-8")
    trust = {"provisioner": public(PROVISIONER).hex(), "regulator": [public(REGULATOR).hex()]}
    (path / "trust.json").write_text(json.dumps(trust))
    return path


def with_key(path: Path) -> Path:
    """A folder whose limits are of this year, and the root's key in it."""
    found = folder(path, limits=LIMITS.replace("2027", str(time.gmtime().tm_year)))
    found.joinpath("rules.toml").write_text("utc_offset_h = 0\nemergency_m3 = 50\n")
    keys.keep(found / "root.pem", REGULATOR, PASSPHRASE)
    return found


def run(office: Path, *words: object, ok: int = 0) -> str:
    """What `karez regulator` says in an office's folder; `ok`: the exit code that is expected."""
    done = CliRunner().invoke(app, [*map(str, words), "--office", str(office)], catch_exceptions=False)
    assert done.exit_code == ok, done.output
    return done.output


def digest_in(output: str) -> str:
    """The digest by which what was shown is signed."""
    return output.split("--digest ")[1].split(maxsplit=1)[0]


class Box(SyntheticController):
    """A box bound at a moment, for a class of use; its binding may be another one's work."""

    bound_utc_s = FROM_UTC_S - 30 * DAY_S
    use = site_class.IRRIGATION

    def __post_init__(self):
        super().__post_init__()
        self.bind()

    def append(self, kind, **values):
        return super().append(kind, **({"uptime_s": self.seq} | values))  # it may have begun before START

    def bind(self, signer=PROVISIONER, **changes):
        """Sign the binding anew and begin the chain with it."""
        values, segments, _, _ = binding.open_signed(self.binding)
        values = dict(values) | {"class": self.use, "issued_utc_s": self.bound_utc_s} | changes
        self.binding = sign(signer, binding.LABEL, binding.encode(values, segments))
        self.h = chain.genesis(self.chain, self.binding)


@dataclass
class Well:
    """A box with readings around the year's beginning and some litres since."""

    site: str
    used_l: int = USED_L
    from_utc_s: int = FROM_UTC_S
    now_s: int = NOW_S
    use: int = site_class.IRRIGATION
    seed: str = ""
    box: Box = field(init=False)

    def __post_init__(self):
        made = type("Bound", (Box,), {"bound_utc_s": self.from_utc_s - 30 * DAY_S, "use": self.use})
        self.box = made(self.seed or self.site, self.site)
        self.energy_wh = 5_000
        self.box.utc_s = self.from_utc_s - 4000
        self.read(40_000)
        self.box.checkpoint()
        self.read(10_000, 3000)  # the last reading of the year before
        self.start_l, self.start_wh = self.box.volume_l, self.energy_wh
        self.read(0, 2000)
        self.box.checkpoint()
        self.box.utc_s = self.now_s - 7200
        self.read(self.used_l)
        self.box.checkpoint()

    def read(self, litres: int, after_s: int = 300):
        self.energy_wh += litres // 2
        # One meter from the first box on: what it shows does not fall with a box that was set back.
        shown_l = max(self.box.volume_l + litres - BASE_VOLUME_L, 0)
        raw = raw_register(shown_l)
        return self.box.interval(litres, after_s=after_s, energy_wh=self.energy_wh, water_raw=raw)

    def proof(self, first: int = 1, last: int | None = None, box: Box | None = None) -> bytes:
        """A bundle of some of its records."""
        box = box or self.box
        last = last or box.seq
        h = chain.genesis(box.chain, box.binding)
        for seq in range(1, first):
            h = chain.check(h, box.slots[seq])
        slots = [box.slots[seq] for seq in range(first, last + 1)]
        return bytes(bundle.encode(box.binding, [], box.chain, h, slots, b"", []))

    def wish(self, right_l: int = 500_000, **changes) -> Wish:
        """An honest wish for the whole year."""
        honest = Wish(
            site=self.site,
            policy="warn" if self.use == site_class.DOMESTIC else "stop",
            rows=(WishRow("water", self.from_utc_s, year_end(self.from_utc_s), right_l),),
            interim_l=right_l // 20,
            interim_to_utc_s=year_end(self.from_utc_s) + 60 * DAY_S,
            ledger_l=self.box.volume_l - self.start_l,
            newest=self.proof(),
            year_start=self.proof(),
        )
        return replace(honest, **changes)

    def head(self) -> tuple[int, bytes]:
        """Number and chain value of its newest reading under a signature."""
        h = chain.genesis(self.box.chain, self.box.binding)
        found = (0, bytes(32))
        for seq in sorted(self.box.slots):
            h = chain.check(h, self.box.slots[seq])
            if record.is_measuring(self.box.slots[seq][1]):
                found = seq, h
        return found


def year_end(from_utc_s: int) -> int:
    """Of the year 2027, or one as long."""
    return from_utc_s + 365 * DAY_S


def asked(*wishes: Wish, **changes):
    """A request as the gateway's file would be read."""
    head = {
        "gateway": "test",
        "year": YEAR,
        "from_utc_s": FROM_UTC_S,
        "to_utc_s": TO_UTC_S,
        "made_utc_s": NOW_S,
        "document": "W-2027-3",
    }
    return request.decode(request.encode(head | changes, wishes), "north.request")


def judge(office: Path, known: state.State | None = None, now_s: int = NOW_S, **excused: str) -> Judge:
    return Judge(limits.load(office), known or state.State(), TRUST, public(REGULATOR), now_s, excused)


def opened(data: bytes):
    """(values, rows) of a signed grant."""
    return grant.decode(signed.split(grant.LABEL, data)[0])


def dead_box(site: str = "w1", *, tail_l: int = 0, utc_s: int = FROM_UTC_S - 10 * DAY_S) -> Well:
    """A well whose box signed 40 m³ before the year and died; `tail_l`: recorded after that, never signed."""
    old = Well(site, seed="old")
    old.box = type(old.box)(f"old box of {site}", site)
    old.energy_wh, old.box.utc_s = 5_000, utc_s
    old.read(40_000)
    old.box.checkpoint()
    old.start_l = old.box.volume_l
    if tail_l:
        old.read(tail_l)
    return old


def next_box(
    old: Well,
    base_l: int,
    *,
    litres: int = 20_000,
    bound_utc_s: int = FROM_UTC_S + 5 * DAY_S,
    serial: str = "W2",
    register_base: int = 0,
    base_wh: int | None = None,
) -> Well:
    """The box in its place: bound to go on at a W, by a meter of its own, or by the old one's (`W1`).

    `base_wh`: E at which it begins; None: its binding names no energy meter, and it goes on at the old one's.
    """
    new = Well(old.site, seed="new", use=old.use)
    new.box = type(new.box)(f"new box of {old.site}", old.site)
    values, segments, _, _ = binding.open_signed(new.box.binding)
    values = dict(values) | {"class": old.use, "issued_utc_s": bound_utc_s}
    changed = {"base": base_l, "serial": serial, "register_base": register_base}
    segments = [dict(one) | changed for one in segments]
    if base_wh is not None:
        energy = {"quantity": grant.ENERGY, "base": base_wh, "serial": "E2", "register_base": 0}
        segments.append(segments[0] | energy)
        values["rated_power_w"] = 30_000
    new.box.binding = sign(PROVISIONER, binding.LABEL, binding.encode(values, segments))
    new.box.h = chain.genesis(new.box.chain, new.box.binding)
    new.box.volume_l, new.start_l = base_l, old.start_l
    new.energy_wh = old.energy_wh if base_wh is None else base_wh
    new.box.utc_s = NOW_S - 7200
    new.read(litres)
    new.box.checkpoint()
    return new
