"""What is said of each platform, as lines for people."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

SHOWN = 8  # names of wells in a line; --json has them all
_STATES = {"held": "held", "idle": "no report sent yet", "absent": "not in gateway.toml any more"}


def utc(seconds: int) -> str:
    """A time for a person."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def lines(one: dict[str, Any]) -> Iterator[str]:
    """Of one platform: its state and figures, then what is wrong with it or being done."""
    what = " ".join(part for part in (one.get("level"), one.get("kind")) if part)
    yield (
        f"platform {one['name']}{f' ({what})' if what else ''}: {_STATES.get(one['state'], one['state'])}, "
        f"{one['waiting']} waiting, {one['confirmed']} confirmed"
        + (f", {one['refused']} refused" if one["refused"] else "")
    )
    if one["paused"]:
        yield f"  paused {utc(one['paused']['utc_s'])} by {_why(one['paused'])}"
    if one["oldest_age_s"] is not None:
        yield f"  the oldest waits since {utc(one['oldest_received_utc_s'])}, {_age(one['oldest_age_s'])}"
    if one["receipt"]:
        yield f"  last receipt {utc(one['receipt']['utc_s'])}, entry {one['receipt']['entry']}"
    for problem in (one.get("held"), one["problem"]):
        if problem:
            yield f"  {problem}"
    for each in one["refusals"][:1]:
        yield f"  refused last: record {each['seq']} of {each['controller']}: {each['reason']}"
    if one.get("aside"):
        yield f"  {one['aside']} stations get no confirm and wait for another try"
    if one["state"] == "absent":
        yield f"  name it under [[destination]] again, and its {one['waiting']} reports go"
    yield from _stations(one)
    for each in one["again"]:
        yield "  " + _again(each)


def _stations(one: dict[str, Any]) -> Iterator[str]:
    if one.get("without_address") and not one["held"]:
        wells = one["without_address"]
        yield f"  {len(wells)} wells have no address there: {_some(wells)}"
    if one.get("unknown_stations"):
        yield f"  addressed, but nobody of that name is enrolled: {_some(one['unknown_stations'])}"
    left = list(one.get("remainder_l", {}).items())
    for name, litres in left[:SHOWN]:
        yield f"  {litres} L of {name} below the reported cubic metre"
    if len(left) > SHOWN:
        yield f"  and of {len(left) - SHOWN} more; --json names them all"


def _again(one: dict[str, Any]) -> str:
    of = f" of {one['controller']}" if one["controller"] else ""
    span = (
        f" from {utc(one['from_utc_s'])} to {utc(one['to_utc_s'])}" if one["from_utc_s"] is not None else ""
    )
    state = "being queued" if one["is_open"] else "queued"
    return f"{one['verb']}{of}{span}: {one['reports']} reports {state}; by {_why(one)}"


def did(one: dict[str, Any]) -> str:
    """One act of a person, or of the gateway itself."""
    if one["verb"] in ("pause", "resume"):
        return f"{utc(one['utc_s'])}  {one['verb']} by {_why(one)}"
    return f"{utc(one['utc_s'])}  {_again(one)}"


def _why(one: dict[str, Any]) -> str:
    return str(one["wished_by"]) + (f": {one['because']}" if one["because"] else "")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _age(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    return f"{days} d {hours} h" if days else f"{hours} h {rest // 60} min"
