"""`karez decode PROTOCOL`: frames for a person, or as JSON.

Exit code 0 = every frame good, 1 = a bad one, or none found, 2 = wrong use or unreadable input.
"""

import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from . import capture, meter_profiles
from .finding import Finding, Options, WrongOption
from .wording import LANGUAGES, PAGE, PROTOCOLS

ENTRY_POINTS = "karez.decoders"
ALL_GOOD = 0
SOME_BAD = 1
UNUSABLE = 2

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_HELP = """Say what captured bytes are: frame by frame, each field with offset, bytes, meaning and unit.

Without PROTOCOL: the protocols this installation knows. A bad frame is shown with the reason, and the
next one is looked for.

\b
Examples:
  karez decode modbus 01 03 00 00 00 0A C5 CD
  karez decode modbus --file capture.log --profile tuf2000m
  karez decode dlt645 - --json
  karez decode record --file sector.bin --lang zh
  karez decode grant --file grant.bin --set key=HEX

\b
Formats of the input (--format, default auto):
  hex     pairs of digits; blanks, newlines, : , ; - and 0x may stand between bytes
  log     lines of a terminal program: timestamp and direction, then bytes in hex
  dump    offset, bytes, text column (hexdump -C, xxd, Wireshark)
  decimal numbers 0 to 255, blanks or commas between them
  binary  the bytes themselves
auto takes what is no text for binary, and of texts the one that fits.

\b
Exit code: 0 every frame good, 1 a bad frame or none found, 2 wrong use or
unreadable input.
"""


def decoders() -> dict[str, EntryPoint]:
    """Every decoder that is installed, by the name of its protocol."""
    return {one.name: one for one in sorted(entry_points(group=ENTRY_POINTS), key=lambda one: one.name)}


@app.command(help=_HELP)
def decode(
    protocol: Annotated[str | None, typer.Argument(metavar="PROTOCOL", help="Without it: the list.")] = None,
    digits: Annotated[
        list[str] | None, typer.Argument(metavar="HEX", help="The bytes, or - for standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="F", help="Read a file.")] = None,
    form: Annotated[str, typer.Option("--format", metavar="|".join(capture.FORMATS))] = "auto",
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="Meter profile that scales register values.")
    ] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="What the decoder must know.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="Language; default from LANG.")] = None,
) -> None:
    """Decode one capture and leave with the verdict as exit code."""
    language = _language(lang)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal in Latin-1
    if protocol is None:
        _list(language)
        return
    try:
        found, options = _decoder(protocol, profile, settings or [])
        data, skipped = _input(digits or [], file, form)
        findings = found(data, options)
    except (capture.Unusable, WrongOption) as error:
        _refuse(str(error))
    if skipped:
        typer.echo(PAGE[language]["skipped"].format(count=skipped), err=True)
    if as_json:
        _print_json(findings)
    else:
        _print_text(findings, data, language)
    sys.stdout.flush()
    is_good = all(one.is_good for one in findings) and any(one.is_frame for one in findings)
    raise typer.Exit(ALL_GOOD if is_good else SOME_BAD)


def _refuse(message: str) -> NoReturn:
    typer.echo(f"karez decode: {message}", err=True)
    raise typer.Exit(UNUSABLE)


def _language(asked: str | None) -> str:
    if asked is None:
        named = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
        return "zh" if named.lower().startswith("zh") else "en"
    if asked not in LANGUAGES:
        _refuse(f"--lang is one of {', '.join(LANGUAGES)}, not {asked}")
    return asked


def _list(language: str) -> None:
    typer.echo(PAGE[language]["protocols"])
    for name in decoders():
        typer.echo(f"  {name:<8}  {PROTOCOLS[language].get(name, '')}".rstrip())
    typer.echo(PAGE[language]["usage"].format(protocol="modbus"))


def _decoder(
    protocol: str, profile: str, settings: list[str]
) -> tuple[Callable[[bytes, Options], list[Finding]], Options]:
    """The decoder and its options. Raises WrongOption."""
    known = decoders()
    if protocol not in known:
        raise WrongOption(f"{protocol} is not a protocol it knows: {', '.join(known)}")
    if profile:
        _check_profile(protocol, profile)
    found = known[protocol].load()
    takes: dict[str, str] = getattr(sys.modules[found.__module__], "SETTINGS", {})
    pairs: list[tuple[str, str]] = []
    for text in settings:
        name, parted, value = text.partition("=")
        if not parted or name not in takes:
            why = f"--set {text} is not NAME=VALUE" if not parted else f"{protocol} has no setting {name}"
            raise WrongOption(f"{why}. {_settings_of(protocol, takes)}")
        if name in dict(pairs):
            raise WrongOption(f"--set {name} is given twice")
        pairs.append((name, value))
    return found, Options(profile, tuple(pairs))


def _settings_of(protocol: str, takes: dict[str, str]) -> str:
    if not takes:
        return f"{protocol} takes no settings"
    return f"{protocol} takes: " + "; ".join(f"{name}: {text}" for name, text in takes.items())


def _check_profile(protocol: str, profile: str) -> None:
    names = meter_profiles.names(protocol)
    if profile in names:
        return
    if not names:
        raise WrongOption(f"there is no meter profile for {protocol}")
    why = (
        f"{profile} is not a meter of {protocol}"
        if profile in meter_profiles.documents()
        else f"no profile {profile}"
    )
    raise WrongOption(f"{why}; known: {', '.join(names)}")


def _input(digits: list[str], file: Path | None, form: str) -> tuple[bytes, int]:
    """(bytes of the capture, lines of a log without any). Raises Unusable."""
    if form not in capture.FORMATS:
        raise capture.Unusable(f"--format is one of {', '.join(capture.FORMATS)}, not {form}")
    if file is not None and digits:
        raise capture.Unusable("give the bytes or --file, not both")
    if file is not None:
        try:
            with file.open("rb") as opened:
                return capture.from_bytes(opened.read(capture.TEXT_SIZE_MAX + 1), form)
        except OSError as error:
            raise capture.Unusable(f"cannot read {file}: {error.strerror}") from None
    if digits == ["-"]:
        return capture.from_bytes(sys.stdin.buffer.read(capture.TEXT_SIZE_MAX + 1), form)
    if not digits:
        raise capture.Unusable("nothing to decode: give the bytes in hex, --file F, or - for standard input")
    return capture.from_text(" ".join(digits), form)


def _print_json(findings: Iterable[Finding]) -> None:
    """A list with one object a line."""
    between = "[\n"
    for one in findings:
        whole = {"kind": one.facts["kind"], **one.facts, "offset": one.offset, "length": one.length}
        sys.stdout.write(between + _json(whole))
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def _json(value: dict[str, Any]) -> str:
    is_ascii = "utf" not in (sys.stdout.encoding or "").lower()
    try:
        return json.dumps(value, ensure_ascii=is_ascii, allow_nan=False)
    except ValueError:  # a float register may hold NaN, JSON has no word for it
        return json.dumps(_finite(value), ensure_ascii=is_ascii, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print_text(findings: list[Finding], data: bytes, language: str) -> None:
    from .text import Page  # noqa: PLC0415 - rich, which --json does not need

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    page = Page(language, width)
    for number, one in enumerate(findings, 1):
        colour = typer.colors.GREEN if one.is_good else typer.colors.RED
        typer.secho(page.headline(number, one), fg=colour, bold=True)
        for line in page.body(one, data):
            sys.stdout.write(line + "\n")
        sys.stdout.write("\n")
    good = sum(one.is_frame for one in findings)
    bad = sum(not one.is_good for one in findings)
    typer.echo(page.summary(good, bad, len(data)))
