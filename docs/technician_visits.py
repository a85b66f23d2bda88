"""Two guided visits to a well in memory, for this folder's pictures: a commissioning and a meter swap.

With what goes wrong in the field: the clamp meter lies at another wire, the pump is stopped too early, a
closing reading is misread. The commissioning is played to its end, the swap until the new meter hangs there.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import technician_house
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from technician_talk import Line, Person, run

import wellhouse
from karez_gateway.technician.commissioning import COMMISSIONING, METER_SWAP

if TYPE_CHECKING:
    from technician_talk import Answer

CEILING_L = 500_000
WRONG_ADDRESS = 7  # of the water meter, in the office's configuration
NEW_SERIAL, NEW_DIAL_L = "2611002", 7
MISREAD_L = 1_000
WRONG_CURRENT_MA = 20_000
EARLY_MS = 20_000  # after which the pump is stopped, and the dials have not moved enough
SETTLED_S, STARTED_S = 60, 10  # what the meters need after a stop, and the pump after a start
COMMISSION = "karez tech commission well-12.visit --key li.pem --number 12"
SWAP = "karez tech swap-meter well-12-meter.visit --key li.pem --number 12"

Runs = dict[str, list[Line]]

_NAMES = {
    "en": {
        "name_en": "Demonstration well 1", "county": "Demonstration county", "village": "East village",
        "right_holder": "East village committee", "place": "flange", "shows": "the well head",
        "because": "the display is dark", "skip": "level still falls",
    },
    "zh": {
        "name_zh": "示范一号井", "county": "示范县", "village": "城关镇东村", "right_holder": "东村村委会",
        "place": "法兰", "shows": "井口", "because": "表盘无显示", "skip": "水位仍在下降",
    },
}  # fmt: skip


def _dial(house: Any) -> str:
    return str(house.well.register_l)


def _energy_dial(house: Any) -> str:
    return str(wellhouse.BASE_WH + house.well.energy_wh)


def _mounted(house: Any) -> str:
    """The new meter hangs there from now on."""
    house.well.shift_l += NEW_DIAL_L - house.well.register_l
    return NEW_SERIAL


def _start(house: Any) -> None:
    house.press("start")


def _stop(house: Any) -> None:
    house.press("stop")


def _stop_early(house: Any) -> None:
    house.port.script(f"stop {wellhouse.CARD.hex()}", EARLY_MS)


def answers(language: str) -> dict[str, list[Answer]]:
    """What both visits have in common."""
    names = _NAMES[language]
    out: dict[str, list[Answer]] = {
        f"site.{name}": [names[name]]
        for name in ("name_zh", "name_en", "county", "village", "right_holder")
        if name in names
    }
    out |= {
        "site.permit": ["D410105-0001"], "site.source": ["groundwater"],
        "meter-water.maker": ["TUF"], "meter-water.model": ["TUF-2000M"],
        "meter-water.verified_until": ["2028-5-1", "2028-05-01"],
        "meter-energy.maker": ["Eastron"], "meter-energy.model": ["SDM630"],
        "dial-before-water.dial": [_dial], "dial-after-water.dial": [_dial],
        "dial-before-energy.dial": [_energy_dial], "dial-after-energy.dial": [_energy_dial],
        "class.use": ["irrigation"], "class.fail": ["stopped"],
        "seals.number": ["A-0001", ""], "seals.place": [names["place"]], "seals.meter": ["water"],
        "photos.file": ["well-head.jpg", ""], "photos.shows": [names["shows"]],
    }  # fmt: skip
    for meter, serial in technician_house.SERIALS.items():
        out[f"meter-{meter}.serial"] = [serial]
        out |= {f"scan-{meter}.line": ["0"], f"scan-{meter}.first": ["1"], f"scan-{meter}.last": ["8"]}
        out[f"dial-before-{meter}.dial_step"] = ["10"]
    return out


def commission(wire: technician_house.HouseWire, language: str) -> Runs:
    """A commissioning: until the pump is stopped too early, and from there on."""
    person = Person(answers(language), {"visit-start": _start, "visit-stop": _stop})
    person.answers |= {
        "grant.grant": ["grant.bin"], "contactor.feedback": ["both"],
        "ct.current_ma": [str(WRONG_CURRENT_MA), str(technician_house.CURRENT_MA)],
        "ct.power_factor_permille": ["850"], "ct.keep": ["again"],
        "step-test.skip": [_NAMES[language]["skip"]],
    }  # fmt: skip
    person.hands["visit-flow"] = _stop_early
    first = run(wire, language, COMMISSIONING, COMMISSION, person)
    del person.hands["visit-flow"]
    wire.house.run(SETTLED_S)
    _start(wire.house)
    wire.house.run(STARTED_S)
    return {
        "commission": first,
        "resumed": run(wire, language, COMMISSIONING, COMMISSION + " --resume", person),
    }


def swap(wire: technician_house.HouseWire, language: str) -> Runs:
    """Another water meter: the closing reading is misread once; ends before the new one is looked for."""
    person = Person(answers(language))
    person.answers |= {
        "old-meter.quantity": ["water"], "old-meter.serial": [technician_house.SERIALS["water"]],
        "old-meter.closing": [lambda house: str(house.well.register_l - MISREAD_L)],
        "old-meter.because": [_NAMES[language]["because"]],
        "new-meter.serial": [_mounted], "new-meter.opening": [str(NEW_DIAL_L)], "scan-water.skip": [None],
    }  # fmt: skip
    first = run(wire, language, METER_SWAP, SWAP, person)
    person.answers["old-meter.closing"] = [_dial]
    return {"swap": first, "swap-resumed": run(wire, language, METER_SWAP, SWAP + " --resume", person)}


def runs(language: str) -> Runs:
    """What stood on the terminal, by name of the run."""
    wire = technician_house.HouseWire(technician_house.house(WRONG_ADDRESS))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        key = Ed25519PrivateKey.from_private_bytes(technician_house.SEED)
        Path("li.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        Path("grant.bin").write_bytes(wellhouse.a_grant(CEILING_L, site=technician_house.SITE))
        Path("well-head.jpg").write_bytes(b"a photo of the well head")
        return {**commission(wire, language), **swap(wire, language)}
