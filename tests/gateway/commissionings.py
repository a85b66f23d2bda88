"""Commissionings of a synthetic well, as the guide at the well will make them."""

import hashlib
from dataclasses import replace

from karez_gateway.technician import commissioning_file, judgement
from karez_gateway.technician.commissioning import (
    BOX_SWAP,
    COMMISSIONING,
    METER_SWAP,
    Checks,
    Commissioning,
    ContactorCheck,
    Controller,
    CtCheck,
    DialCheck,
    Grant,
    Meter,
    Photo,
    ReplacedBox,
    ReplacedMeter,
    ScanCheck,
    Seal,
    Site,
    Skipped,
    StepCheck,
    Technician,
)
from karez_protocols import chain, technicians

from .synthetic import REGULATOR, START_UTC_S, key_of, public, sign

NUMBER = 12
TECHNICIAN = key_of("technician 12")
BOX = key_of("box")
FINISHED_UTC_S = START_UTC_S + 5400

WATER = Meter(
    quantity="water",
    maker="海峰",
    model="TUF-2000M",
    serial="W2209-0417",
    profile="tuf2000m",
    line=0,
    address="1",
    baud=9600,
    pulse_milli=None,
    multiplier_ppm=1_000_000,
    dial_start=48_211_300,
    verified_until="2028-05-31",
)
ENERGY = Meter(
    quantity="energy",
    maker="Eastron",
    model="SDM630",
    serial="E-771204",
    profile="sdm630",
    line=0,
    address="2",
    baud=9600,
    pulse_milli=None,
    multiplier_ppm=40_000_000,
    dial_start=9_314_200,
    verified_until=None,
)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def checks():
    """All passed; the pulse check is for meters with pulses."""
    return Checks(
        scan=(
            judgement.made(
                ScanCheck,
                quantity="water",
                line=0,
                addresses="1-32",
                bauds=(2400, 9600, 19200),
                profile="tuf2000m",
                address="1",
                baud=9600,
                sure_pct=97,
            ),
            judgement.made(
                ScanCheck,
                quantity="energy",
                line=0,
                addresses="1-32",
                bauds=(2400, 9600, 19200),
                profile="sdm630",
                address="2",
                baud=9600,
                sure_pct=99,
            ),
        ),
        ct=(
            judgement.made(
                CtCheck, power_w=14_620, voltage_dv=3_912, current_ma=25_400, power_factor_permille=860
            ),
        ),
        pulse=(),
        dial=(
            judgement.made(
                DialCheck,
                quantity="water",
                dial_before=48_211_300,
                dial_after=48_223_850,
                dial_step=10,
                register_before=48_211_302,
                register_after=48_223_791,
            ),
        ),
        contactor=(judgement.made(ContactorCheck, feedback="both", close_ms=412, open_ms=287),),
        step=(
            judgement.made(
                StepCheck,
                seconds=1800,
                volume_l=24_980,
                energy_wh=7_310,
                volume_step_l=1,
                energy_step_wh=10,
            ),
        ),
    )


def sample(box_key=None, code="well-12", **values):
    """A commissioning in which nothing has failed; `values` replace its members."""
    box_key = public(BOX) if box_key is None else box_key
    made = Commissioning(
        kind=COMMISSIONING,
        site=Site(
            code=code,
            name_en="Orchard well, Santun village",
            name_zh="三屯村果园井",
            county="昌吉市",
            village="三工镇三屯村",
            latitude_udeg=44_012_345,
            longitude_udeg=87_308_765,
            permit="取水（昌）字〔2026〕第0412号",
            right_holder="三屯村农民用水者协会",
            use="irrigation",
            sub_class="滴灌棉花",
            source="groundwater",
            fail="stopped",
        ),
        controller=Controller(
            name=chain.controller_name(box_key),
            key=box_key.hex(),
            firmware_sha256=digest("firmware"),
            tier="B",
            chain=1,
            volume_l=12_489,
        ),
        meters=(WATER, ENERGY),
        replaced_box=None,
        replaced_meters=(),
        checks=checks(),
        skipped=(Skipped(check="pulse", why="no meter gives pulses · 没有脉冲表"),),
        seals=(
            Seal(number="XJ-0045871", place="水表接线盒", meter="water"),
            Seal(number="XJ-0045872", place="控制箱门", meter=None),
        ),
        photos=(
            Photo(file="well-12-dial.jpg", size_bytes=812_004, sha256=digest("a"), shows="水表表盘"),
            Photo(file="well-12-box.jpg", size_bytes=1_204_882, sha256=digest("b"), shows="控制箱内部"),
        ),
        grant=Grant(
            seq=3,
            sha256=digest("grant"),
            valid_to_utc_s=START_UTC_S + 100 * 86400,
            ceiling_l=61_000_000,
        ),
        technician=Technician(number=NUMBER, key=public(TECHNICIAN).hex()),
        begun_utc_s=START_UTC_S,
        finished_utc_s=FINISHED_UTC_S,
        remarks=("井口水位计待装。 The level meter comes in spring.",),
    )
    return replace(made, **values)


def swapped_box(**values):
    """The same well with a new box."""
    old = ReplacedBox(name="00112233aabbccdd", last_seq=20_411, volume_l=61_300_412, because="雷击损坏")
    return sample(**{"kind": BOX_SWAP, "replaced_box": old, "skipped": ()} | values)


def swapped_meter(**values):
    """The same well with a new water meter."""
    old = ReplacedMeter(
        quantity="water",
        maker="海峰",
        model="TUF-2000M",
        serial="W1807-0093",
        closing=99_120_450,
        opening=WATER.dial_start,
        because="检定到期",
    )
    return sample(**{"kind": METER_SWAP, "replaced_meters": (old,), "skipped": ()} | values)


def filed(says=None, key=TECHNICIAN):
    """The bytes of a signed file."""
    return commissioning_file.encode(sample() if says is None else says, key)


def make_list(seq=1, *rows, key=REGULATOR):
    """A signed list of (number, key, until) of technicians."""
    rows = rows or ((NUMBER, public(TECHNICIAN), None),)
    said = [
        {"number": number, "until_utc_s": until, "roles": technicians.TECHNICIAN, "key": one}
        for number, one, until in rows
    ]
    body = technicians.encode({"seq": seq, "issued_utc_s": START_UTC_S}, said)
    return sign(key, technicians.LABEL, body)
