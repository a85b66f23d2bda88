"""Running a platform from the command line: ready, what arrives line by line, a summary at the end."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import asyncio
import contextlib
import json
import os
import resource
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from karez_simulators.cli_meters import Screen

if TYPE_CHECKING:
    from io import TextIOWrapper

    from karez_simulators.platform_books import Platform
    from karez_simulators.platform_kept import Entry

UNUSABLE = 2
LINE_MAX = 1000  # characters; `--keep` has all of it
BEIJING = timezone(timedelta(hours=8))  # what platforms show


class Unusable(ValueError):
    """What was asked for cannot be done; the text says why."""


def refuse(text: str) -> typer.Exit:
    """One line on the error stream, and the exit code for it."""
    typer.echo(f"karez bench platform: {text}", err=True)
    return typer.Exit(UNUSABLE)


def run(
    standard: str,
    build: Callable[..., "Platform"],
    manner: list[str],
    asks: tuple[list[str], dict[str, tuple[str, Any]]],
    keep: Path | None,
    seconds: float,
    as_json: bool,
) -> None:
    from karez_simulators.platform_asks import Ask, BadAsk
    from karez_simulators.platform_manners import BadManner, lines_of, manners_of

    screen = Screen()
    words, known = asks
    if "list" in manner:
        screen.show("\n".join(lines_of(standard)))
        return
    if "list" in words:
        screen.show("\n".join(name + usage for name, (usage, _) in known.items()))
        return
    try:
        with contextlib.ExitStack() as stack:
            manners = manners_of(manner, standard)
            file = stack.enter_context(keep.open("a", encoding="utf-8", buffering=1)) if keep else None
            diary = Diary(file, None if as_json else screen.show)
            platform = build(manners, [Ask.parse(one) for one in words], diary.write)
            asyncio.run(_serve(platform, screen, diary, (manner, seconds, as_json)))
    except (BadManner, BadAsk, Unusable) as error:
        raise refuse(str(error)) from None
    except OSError as error:
        raise refuse(f"{error.filename or ''} {error.strerror or error}".strip()) from None
    except KeyboardInterrupt:  # before it served, or after
        pass


class Diary:
    """Where the platform's journal goes: the file, and the screen line by line; counts by kind."""

    def __init__(self, file: "TextIOWrapper | None", show: Callable[[str], None] | None) -> None:
        self._file = file
        self._show = show
        self.counts: dict[str, int] = {}

    def write(self, entry: "Entry") -> None:
        """Take an entry. Raises OSError if the file cannot be written."""
        if self._file is not None:
            self._file.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")
        self.counts[entry["kind"]] = self.counts.get(entry["kind"], 0) + 1
        if self._show is not None:
            self._show(printable(line_of(entry)))


async def _serve(
    platform: "Platform", screen: Screen, diary: Diary, how: tuple[list[str], float, bool]
) -> None:
    manner, seconds, as_json = how
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    screen.gone = ended.set
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    _allow_many_connections()
    async with platform:
        manners = ", ".join(manner) or "polite"
        if as_json:
            ready = {"event": "ready", "standard": platform.standard, "host": platform.host}
            screen.show(json.dumps({**ready, "port": platform.port, "pid": os.getpid()}))
        else:
            where = f"{platform.host}:{platform.port}"
            screen.show(
                f"{platform.standard} platform on {where}, manners: {manners}; times are UTC+8; Ctrl-C ends"
            )
        platform.on_failure = ended.set
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds or None):
                await ended.wait()
    if platform.failure is not None:
        raise platform.failure
    _sum_up(platform, screen, diary, as_json=as_json)


def _allow_many_connections() -> None:
    """A thousand stations are a thousand open files; systems begin with 1,024 for all of a process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _sum_up(platform: "Platform", screen: Screen, diary: Diary, *, as_json: bool) -> None:
    reports = platform.books.reports.values()
    found = {
        "stations": len({one.station for one in reports}),
        "reports": len(reports),
        "copies": sum(one.copies - 1 for one in reports),
        "contradicted": sum(one.is_contradicted for one in reports),
        "confirmed": sum(bool(one.confirm_bytes) for one in reports),
        "links": diary.counts.get("link", 0),
        "asked": len(platform.asked),
        "answered": sum(one.answer is not None for one in platform.asked),
        **vars(platform.counters),
    }
    if as_json:
        screen.show(json.dumps({"event": "ended", **found}))
    else:
        screen.show("ended: " + ", ".join(f"{name.replace('_', ' ')} {one}" for name, one in found.items()))


def printable(text: str) -> str:
    """A line as a terminal may have it: texts and names come from whoever connects."""
    text = text if len(text) <= LINE_MAX else text[:LINE_MAX] + "…"
    return "".join(one if one.isprintable() else "?" for one in text)


def line_of(entry: "Entry") -> str:
    """A journal entry as a person reads it while it runs."""
    clock = datetime.fromtimestamp(entry["received_utc_s"], UTC).astimezone(BEIJING).strftime("%H:%M:%S")
    kind = entry["kind"]
    if kind == "report":
        moment = datetime.fromtimestamp(entry["utc_s"], UTC).astimezone(BEIJING)
        values = " ".join(f"{name}={value}" for name, value in entry["quantities"].items())
        copy = f" (copy {entry['copy']})" if entry["copy"] > 1 else ""
        against = " CONTRADICTS the first" if entry["contradicts"] else ""
        said = f"{entry['station']} report {entry['function']} {moment:%Y-%m-%d %H:%M:%S} {values}"
        return f"{clock} {said}{copy}{against}"
    if kind == "answer":
        said = json.dumps(entry["answer"], ensure_ascii=False) if entry["answer"] is not None else "no answer"
        return f"{clock} {entry['station']} asked {entry['ask']}: {said} (attempt {entry['attempts']})"
    facts = [str(value) for name, value in entry.items() if name not in ("kind", "received_utc_s")]
    return f"{clock} {kind} {' '.join(facts)}"
