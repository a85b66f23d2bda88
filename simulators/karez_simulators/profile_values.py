"""What a meter of any profile tells: physical quantities of the well, scaled back into raw fields.

The profile says where a value stands and how it is scaled; here the same sentences are
read backwards. Constructed: the settings such a meter has (CT ratio, decimals, unit
codes), its serial number and its healthy signal quality.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from karez_simulators import register_encoding
from karez_simulators.meter_faults import ACTS, LEVEL, POWER, WATER
from karez_simulators.quantities import Quantities, phases_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from karez_simulators.well import Well

CT_RATIO = 30  # 150/5 A
# Which word in the name of a status bit or alarm register speaks of which fault.
TELLING = (
    ("no_signal", "signal"),
    ("no_signal", "system_alarm"),
    ("empty_pipe", "empty"),
    ("reverse", "reverse"),
)
# Registers that say it in numbers of their own: (healthy, nothing measured).
STATES = {("xintai", "pipe_state"): (0x00AA, 0x0055)}
HEALTHY_QUALITY = 61  # as in the TUF dump
SERIAL = 20_260_517
FAULTS_OF_UNIT = {"l": WATER, "lph": WATER, "mms": WATER, "wh": POWER, "w": POWER, "mm": LEVEL, "pa": LEVEL}


class ProfileValues:
    """Raw values of all fields of a profile document, measured at one well.

    `settings` holds what a master may change: raw values of the fields that scale others.
    """

    def __init__(self, document: dict[str, Any], well: Well, active: AbstractSet[str]) -> None:
        self.document = document
        self.fields: dict[str, dict[str, Any]] = {field["name"]: field for field in document["fields"]}
        self.measured = Quantities(well, active, 1 if self._is_single_phase else 3)
        self.settings: dict[str, Fraction] = {}
        self.serial = SERIAL
        self._active = active
        self._parts: dict[str, tuple[dict[str, Any], bool]] = {}  # field: (split, is the fraction)
        for split in document["splits"]:
            self._parts[split["whole"]] = (split, False)
            self._parts[split["fraction"]] = (split, True)
        self._choose_settings()

    @property
    def faults(self) -> dict[str, str]:
        """The faults that make sense here: of a water meter, a power meter, a level probe."""
        found: dict[str, str] = {}
        for one in (*self.document["splits"], *self.document["fields"]):
            found |= FAULTS_OF_UNIT.get(one["unit"], {})
        if not any(
            one["unit"] in ("l", "wh") for one in (*self.document["splits"], *self.document["fields"])
        ):
            found = {name: text for name, text in found.items() if name not in ACTS}
        if self._is_single_phase:
            found.pop("phase_loss", None)
        return found

    @property
    def _is_single_phase(self) -> bool:
        """A meter whose values speak of phase A and of no other."""
        return {phase for name in self.fields for phase in phases_of(name)} == {0}

    # -- from outside

    def count(self, passed_ms: int) -> None:
        """Count what the well has done since the last call."""
        self.measured.count(passed_ms)

    def act(self, name: str) -> None:
        """reset, rollover or swapped happens now."""
        self.measured.act(name, self._modulus("l"), self._modulus("wh"))
        if name == "swapped":
            self.serial += 1_111

    def raw(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield every field with its bytes on the wire, as of now."""
        self.measured.begin()
        for name, field in self.fields.items():
            yield field, self._bytes_of(name, field)

    def quantity(self, name: str, unit: str) -> Fraction:
        """A measured value in its base unit (l, wh, dv ...), as the meter believes it since `raw`."""
        # The profile says the meaning of its total, the names of all others say it themselves.
        meaning = self.document.get("meaning", "forward") if name == self.document["total"] else ""
        return self.measured.value(name, unit, meaning)

    # -- one field

    def _bytes_of(self, name: str, field: dict[str, Any]) -> bytes:
        kind, order = field["type"], field["order"]
        if name in self.settings:
            return register_encoding.encode(kind, order, self.settings[name])
        if field.get("invalid") and field["unit"] in ("lph", "mm", "pa", "mms") and self.measured.is_blind:
            mark = field["invalid"][0]
            size = register_encoding.length_of(kind)
            return register_encoding.ordered(int(mark).to_bytes(size, "big"), order)
        if name in self._parts:
            raw = self._part(*self._parts[name], field)
        elif field["unit"]:
            raw = self.quantity(name, field["unit"]) / self.factor(field)
            if field["unit"] in ("l", "wh"):
                raw %= self._raw_modulus(field)
            elif kind != "f32":
                raw = Fraction(_nearest(raw))
        else:
            raw = Fraction(self._plain(name, field))
        return register_encoding.encode(kind, order, raw)

    def _part(self, split: dict[str, Any], is_fraction: bool, field: dict[str, Any]) -> Fraction:
        """Whole part or the rest of a total that stands in two registers."""
        value = self.quantity(split["name"], split["unit"]) / self.factor(split)
        whole = value.numerator // value.denominator
        if not is_fraction:
            return Fraction(whole % self._raw_modulus(field))
        rest = value - whole
        if "fraction_exponent" in split:
            exponent: int = split["fraction_exponent"]
            return rest * Fraction(10) ** -exponent
        # 0.99999999 is 1.0 in single precision; a meter's fraction stays below it.
        return min(rest, Fraction((1 << 24) - 1, 1 << 24))

    def _plain(self, name: str, field: dict[str, Any]) -> int:
        """A field without a unit: status, quality, or something nobody scales by."""
        status = self.document["status"]
        if status is not None and name == status["field"]:
            return self._status_bits(status["bits"])
        if (self.document["name"], name) in STATES:
            healthy, blind = STATES[self.document["name"], name]
            return blind if self.measured.is_blind else healthy
        for rule in self.document["unmeasured"]:
            if rule["field"] == name and "below" in rule:
                return 0 if self.measured.is_blind else max(int(rule["below"]), HEALTHY_QUALITY)
            if rule["field"] == name:
                return _lowest_bit(rule["mask"]) if self._is_told(name) else 0
        if "serial" in name:
            return self.serial
        return max(0, int(field.get("min", 0)))

    def _is_told(self, name: str) -> bool:
        """Whether an alarm of this name speaks of a fault that is on."""
        return any(word in name for fault, word in TELLING if fault in self._active)

    def _status_bits(self, meanings: list[str]) -> int:
        bits = 0
        for fault, word in TELLING:
            at = next((at for at, meaning in enumerate(meanings) if word in meaning), None)
            if fault in self._active and at is not None:
                bits |= 1 << at
        return bits

    # -- scaling

    def factor(self, item: dict[str, Any]) -> Fraction:
        """What one count of a field or split is worth in its base unit, with the present settings."""
        scaling = item.get("scaling", {})
        factor = Fraction(10) ** (item.get("scale", 0) + scaling.get("offset", 0))
        for name in scaling.get("times", ()):
            factor *= self._setting(name)
        if "factor" in scaling:
            numerator, exponent = scaling["factor"]
            factor *= numerator * Fraction(10) ** exponent
        if "exponent" in scaling:
            factor *= Fraction(10) ** (
                scaling.get("exponent_sign", 1) * int(self._setting(scaling["exponent"]))
            )
        if "unit_code" in scaling:
            code = str(int(self._setting(scaling["unit_code"])))
            numerator, exponent = scaling["unit_factors"].get(code, (1, 0))
            factor *= numerator * Fraction(10) ** exponent
        return factor or Fraction(1)  # a ratio of 0 is a meter that nobody has set up

    def _setting(self, name: str) -> Fraction:
        field = self.fields[name]
        raw = self.settings[name]
        if "mask" in field:
            raw = Fraction(int(raw) & field["mask"])
        scale: int = field.get("scale", 0)
        return raw * Fraction(10) ** scale

    def _choose_settings(self) -> None:
        for item in (*self.document["splits"], *self.document["fields"]):
            scaling = item.get("scaling", {})
            for name in scaling.get("times", ()):
                self.settings.setdefault(name, self._ratio(name, scaling))
            if "unit_code" in scaling:
                self.settings.setdefault(scaling["unit_code"], _usual_code(scaling["unit_factors"]))
            if "exponent" in scaling:
                self.settings.setdefault(scaling["exponent"], self._exponent(item, scaling))

    def _ratio(self, name: str, scaling: dict[str, Any]) -> Fraction:
        """A voltage ratio of 1 (10 where it counts in tenths), a current ratio of 150/5."""
        field = self.fields[name]
        if "ct" in name.split("_") or "current" in name:
            wanted = Fraction(CT_RATIO)
        else:
            wanted = Fraction(10) ** int(-scaling.get("offset", 0))
        raw = wanted / Fraction(10) ** int(field.get("scale", 0))
        return min(max(raw, Fraction(field.get("min", 1))), Fraction(field.get("max", 1 << 31)))

    def _exponent(self, item: dict[str, Any], scaling: dict[str, Any]) -> Fraction:
        """As many decimals as bring a count to one base unit, or a split's whole part to m3 and kWh."""
        fixed = item.get("scale", 0) + scaling.get("offset", 0)
        if "unit_code" in scaling:
            code = str(int(self.settings[scaling["unit_code"]]))
            fixed += scaling["unit_factors"][code][1]
        wanted = 3 if "whole" in item else 0
        raw = (wanted - fixed) * scaling.get("exponent_sign", 1)
        field = self.fields[scaling["exponent"]]
        return Fraction(min(max(raw, field.get("min", 0), 0), field.get("max", 9)))

    def _raw_modulus(self, field: dict[str, Any]) -> int:
        if self.document["modulus"] is not None and self._is_total(field["name"]):
            return int(self.document["modulus"])
        return register_encoding.modulus_of(field["type"])

    def _is_total(self, name: str) -> bool:
        names = (self.document["total"], self.document.get("reverse"))
        return name in names or (name in self._parts and self._parts[name][0]["name"] in names)

    def _modulus(self, unit: str) -> Fraction:
        """Where the total in this unit rolls over, in the unit itself."""
        for item in (*self.document["splits"], *self.document["fields"]):
            if item["name"] == self.document["total"] and item["unit"] == unit:
                whole = self.fields[item["whole"]] if "whole" in item else item
                return self._raw_modulus(whole) * self.factor(item)
        return Fraction(10**9)


def _usual_code(unit_factors: dict[str, list[int]]) -> Fraction:
    """The decimal unit nearest to a thousand base units: m3, m3/h, m, kWh."""
    best = min(unit_factors, key=lambda code: (unit_factors[code][0] != 1, abs(unit_factors[code][1] - 3)))
    return Fraction(int(best))


def _lowest_bit(mask: int) -> int:
    return mask & -mask


def _nearest(value: Fraction) -> int:
    """Rounded, half away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole
