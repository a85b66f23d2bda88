"""Integers as people read them: no float comes near a register. Pure."""

from __future__ import annotations

_UNITS = {"water": "m³", "witness": "m³", "energy": "kWh", "level": "m"}


def thousands(value: int) -> str:
    """12 489 with the comma that both languages take."""
    return f"{value:,}"


def decimal(value: int, places: int) -> str:
    """A value in units of 10^-places, all places written: 12489, 3 -> 12.489."""
    sign, value = ("−" if value < 0 else ""), abs(value)
    whole, rest = divmod(value, 10**places)
    return f"{sign}{whole:,}" + (f".{rest:0{places}d}" if places else "")


def short(value: int, places: int) -> str:
    """The same without zeros at the end: 40000000, 6 -> 40."""
    text = decimal(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def cubic_metres(litres: int | None) -> str | None:
    """Litres as m³."""
    return None if litres is None else f"{decimal(litres, 3)} m³"


def dial(quantity: str, value: int | None, *, thousandths: bool = False) -> str:
    """L, Wh or mm (or thousandths of them) as the dial has them; nothing where unknown."""
    if value is None:
        return ""
    text = short(value, 6) if thousandths else decimal(value, 3)
    return f"{text} {_UNITS[quantity]}"


def multiplier(ppm: int) -> str:
    """40000000 -> ×40."""
    return f"×{short(ppm, 6)}"


def percent(ppm: int | None) -> str:
    """Millionths as per cent of two places, with their sign; a dash where there is none."""
    if ppm is None:
        return "–"
    hundredths = (abs(ppm) + 50) // 100
    sign = "" if not hundredths else "−" if ppm < 0 else "+"
    return f"{sign}{decimal(hundredths, 2)} %"


def coordinates(latitude_udeg: int | None, longitude_udeg: int | None) -> str | None:
    """Microdegrees with their halves of the world."""
    if latitude_udeg is None or longitude_udeg is None:
        return None
    north, east = "N" if latitude_udeg >= 0 else "S", "E" if longitude_udeg >= 0 else "W"
    return f"{decimal(abs(latitude_udeg), 6)}° {north}, {decimal(abs(longitude_udeg), 6)}° {east}"
