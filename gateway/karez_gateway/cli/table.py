"""`karez gateway table`: the same files that [[export]] makes, by hand and for any span."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.calendars import DAY, DEFAULT_OFFSET_H, OFFSET_H_MAX, OFFSET_H_MIN, STEPS, Calendar
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken
from karez_gateway.config.api import FORMATS, KINDS
from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from karez_gateway.exports.due import Period

TABLE = (
    "Example: karez gateway table --data /var/lib/karez --kind ledger --from 2026-10-01 --to 2026-11-01 "
    "--format csv --out october.csv"
)


def table(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="File to write; its SHA-256 stands beside it.")],
    kind: Annotated[str, typer.Option(help=f"What: {', '.join(KINDS)}.")] = "ledger",
    begin: Annotated[str, typer.Option("--from", help="First day, or a time with its zone.")] = "",
    end: Annotated[str, typer.Option("--to", help="End, in the same form; not part of it.")] = "",
    form: Annotated[str, typer.Option("--format", help=f"How: {', '.join(FORMATS)}.")] = "csv",
    step: Annotated[str, typer.Option(help=f"Length of a ledger's periods: {', '.join(STEPS)}.")] = DAY,
    site: Annotated[list[str] | None, typer.Option(help="Only this site; repeatable.")] = None,
    language: Annotated[str, typer.Option(help="Headers and words: en or zh.")] = "en",
    bom: Annotated[bool, typer.Option("--bom", help="Mark CSV as UTF-8, for spreadsheet programs.")] = False,
    utc_offset_h: Annotated[
        int, typer.Option(min=OFFSET_H_MIN, max=OFFSET_H_MAX, help="Civil time: hours before UTC.")
    ] = DEFAULT_OFFSET_H,
    force: Annotated[bool, typer.Option("--force", help="Replace the file, and its sum.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write litres, records or states as CSV, XLSX or JSON.

    Litres are those of the ledger, each with its method and its entries of the log; what came late stands in
    its own period. The running service is not disturbed. A bundle that proves a well is another verb: export.
    """
    from karez_gateway.exports import making
    from karez_gateway.store.readonly import ReadOnlyDatabase

    with spoken():
        config = configuration.load(data)
        for name, value, known in (
            ("--kind", kind, KINDS),
            ("--format", form, FORMATS),
            ("--step", step, STEPS),
            ("--language", language, ("en", "zh")),
        ):
            if value not in known:
                raise Refused(f"{name} is one of {', '.join(known)}, not {value}")
        if out.exists() and not force:
            raise Refused(f"{out} exists already: name another file, or say --force")
        wish = making.Wish(
            kind,
            form,
            _span(kind, step, begin, end, utc_offset_h),
            step,
            utc_offset_h,
            site or (),
            language,
            bom,
        )
        store = ReadOnlyDatabase.open(config.store_url)
        try:
            sha256, rows = making.by_hand(store, config, wish, out, time.time())
        finally:
            store.close()
        if as_json:
            print_json({"file": str(out), "rows": rows, "sha256": sha256})
            return
        typer.echo(f"{out}: {rows} rows, SHA-256 {sha256}")


def _span(kind: str, step: str, begin: str, end: str, offset_h: int) -> "Period":
    """What was asked for; how wells stand is of now."""
    from karez_gateway.exports.due import Period

    civil = Calendar(offset_h)
    if kind == "status":
        if begin or end:
            raise Refused("status is of now: leave --from and --to out")
        now = int(time.time())
        return Period(now, now)
    if not begin or not end:
        raise Refused("say of which span: --from 2026-10-01 --to 2026-11-01")
    span = Period(civil.moment(begin), civil.moment(end))
    if kind == "ledger":
        civil.span(step, *span)
    elif span.to_utc_s <= span.from_utc_s:
        raise Refused("the span ends before it begins: its end is not part of it")
    return span
