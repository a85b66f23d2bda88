"""What a check found, a few lines of labelled figures. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .report_figures import decimal, dial, percent, thousands

if TYPE_CHECKING:
    from collections.abc import Callable

    from .report_say import Say


def _lines(say: Say, *pairs: tuple[str, str]) -> list[str]:
    return [f"{say.label(name)}: {value}" for name, value in pairs]


def _scan(say: Say, one: Any) -> list[str]:
    bauds = "/".join(str(speed) for speed in one.bauds)
    lines = [say.word(one.quantity)]
    lines += _lines(say, ("tried", f"{one.line + 1}: {one.addresses} @ {bauds} bit/s"))
    if one.profile is not None:
        at = f"{one.profile}, {one.address or '–'} @ {one.baud or '–'} bit/s"
        sure = "" if one.sure_pct is None else f" ({say.label('sure')} {one.sure_pct} %)"
        lines += _lines(say, ("proposal", at + sure))
    return lines


def _ct(say: Say, one: Any) -> list[str]:
    volt, ampere = decimal(one.voltage_dv, 1), decimal(one.current_ma, 3)
    factor = decimal(one.power_factor_permille, 3)
    clamp = f"√3 × {volt} V × {ampere} A × {factor} = {decimal(one.reckoned_w, 3)} kW"
    return _lines(
        say,
        ("by_meter", f"{decimal(one.power_w, 3)} kW"),
        ("by_clamp", clamp),
        ("error", percent(one.error_ppm)),
    )


def _between(quantity: str, before: int, after: int) -> str:
    return f"{dial(quantity, before)} – {dial(quantity, after)} ({dial(quantity, after - before)})"


def _pulse(say: Say, one: Any) -> list[str]:
    weight = dial(one.quantity, one.pulse_milli, thousandths=True)
    return [
        say.word(one.quantity),
        *_lines(
            say,
            ("pulses", f"{thousands(one.pulses)} × {weight}"),
            ("dial", _between(one.quantity, one.dial_before, one.dial_after)),
            ("error", percent(one.error_ppm)),
        ),
    ]


def _dial(say: Say, one: Any) -> list[str]:
    return [
        say.word(one.quantity),
        *_lines(
            say,
            ("dial", _between(one.quantity, one.dial_before, one.dial_after)),
            ("registers", _between(one.quantity, one.register_before, one.register_after)),
            ("error", percent(one.error_ppm)),
        ),
    ]


def _ms(value: int | None) -> str:
    return "–" if value is None else f"{value} ms"


def _contactor(say: Say, one: Any) -> list[str]:
    times = f"{say.label('closes')} {_ms(one.close_ms)}, {say.label('opens')} {_ms(one.open_ms)}"
    return [*_lines(say, ("feedback", say.word(one.feedback))), times]


def _step(say: Say, one: Any) -> list[str]:
    minutes, seconds = divmod(one.seconds, 60)
    amounts = f"{decimal(one.volume_l, 3)} m³, {decimal(one.energy_wh, 3)} kWh, {minutes} min {seconds} s"
    lines = _lines(say, ("measured", amounts))
    if one.l_per_kwh is not None:
        lines += _lines(
            say,
            ("ratio", f"{decimal(one.l_per_kwh, 3)} m³/kWh"),
            ("uncertainty", percent(one.uncertainty_ppm).replace("+", "±")),
        )
    return lines


_DESCRIBE: dict[str, Callable[[Say, Any], list[str]]] = {
    "scan": _scan,
    "ct": _ct,
    "pulse": _pulse,
    "dial": _dial,
    "contactor": _contactor,
    "step": _step,
}


def described(say: Say, check: Any) -> list[str]:
    """Lines that say what was read and what follows from it."""
    return _DESCRIBE[check.kind](say, check)
