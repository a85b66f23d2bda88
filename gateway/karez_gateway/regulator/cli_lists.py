"""`karez regulator keylist …` and `technicians …`: the root's lists, shown as what changes, then signed."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import Trouble
from .speech import HERE, AsJson, By, Digest, Folder, Key, Lang, Out, Speech, signer, spoken

if TYPE_CHECKING:
    from .lists import List, Sort
    from .office import Office

_OPTIONS: dict[str, Any] = {"no_args_is_help": True, "add_completion": False, "rich_markup_mode": None}
keylist = typer.Typer(
    help="The root's list of offices, what each may sign, and its key of today.", **_OPTIONS
)
technicians = typer.Typer(help="The root's list of technicians, their keys and until when.", **_OPTIONS)

SignedFile = Annotated[Path, typer.Argument(metavar="FILE", help="A signed list.")]
Table = Annotated[Path, typer.Argument(metavar="TABLE", help="CSV: what the new list holds.")]
Former = Annotated[
    Path | None,
    typer.Option("--former", metavar="FILE", help="List in force, if this folder did not sign it."),
]


@keylist.command("show", epilog="Example: karez regulator keylist show offices-3.keys --office /srv/office")
def show_offices(file: SignedFile, office: Folder = HERE, as_json: AsJson = False, lang: Lang = "") -> None:
    """Show a signed list of offices, if a root of trust.json signed it."""
    from .lists import OFFICES

    _show(OFFICES, file, office, as_json, lang)


@keylist.command(
    "sign", epilog="Example: karez regulator keylist sign offices.csv --key root.pem --out offices-3.keys"
)
def sign_offices(
    table: Table,
    key: Key,
    out: Out,
    office: Folder = HERE,
    former: Former = None,
    digest: Digest = "",
    by: By = "",
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Show what changes against the list in force, and sign the new one with the root's key.

    The table has the columns office, may (grants, orders) and key. A successor key is another key in an
    office's row: what the office ordered, it can lift.
    """
    from .lists import OFFICES

    _sign(OFFICES, table, key, out, office, former, digest, by, as_json, lang)


@technicians.command("show", epilog="Example: karez regulator technicians show county.technicians")
def show_technicians(
    file: SignedFile, office: Folder = HERE, as_json: AsJson = False, lang: Lang = ""
) -> None:
    """Show a signed list of technicians, if a root of trust.json signed it."""
    from .lists import TECHNICIANS

    _show(TECHNICIANS, file, office, as_json, lang)


@technicians.command(
    "sign",
    epilog="Example: karez regulator technicians sign people.csv --key root.pem --out county.technicians",
)
def sign_technicians(
    table: Table,
    key: Key,
    out: Out,
    office: Folder = HERE,
    former: Former = None,
    digest: Digest = "",
    by: By = "",
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Show what changes against the list in force, and sign the new one with the root's key.

    The table has the columns number, until (first day without trust, or empty) and key.
    """
    from .lists import TECHNICIANS

    _sign(TECHNICIANS, table, key, out, office, former, digest, by, as_json, lang)


def _show(sort: Sort, file: Path, folder: Path, as_json: bool, lang: str) -> None:
    from . import lists, outfile
    from .office import opened
    from .ordering import stamp

    with spoken(lang, as_json=as_json) as speech, opened(folder) as here:
        found = lists.read_signed(outfile.read(file, _SIZE_MAX), sort, here.trust().regulators, str(file))
        speech.tell({"ok": True, "seq": found.seq, "issued_utc_s": found.issued_utc_s, "rows": _rows(found)})
        speech.say("list-head", seq=found.seq, date=stamp(found.issued_utc_s), count=len(found.rows))
        speech.show("  " + sort.say(row, speech) for row in found.rows)


def _sign(
    sort: Sort,
    table: Path,
    key_file: Path,
    out: Path,
    folder: Path,
    former_file: Path | None,
    digest: str,
    by: str,
    as_json: bool,
    lang: str,
) -> None:
    from . import keys, limits, lists
    from .office import opened

    with spoken(lang, as_json=as_json) as speech:
        who = signer(by)
        with opened(folder) as here:
            if here.was_mended:
                speech.say("mended")
            rules = folder / limits.RULES
            offset_h = (limits.read_rules(rules) if rules.exists() else limits.Rules()).utc_offset_h
            rows = lists.read_table(table, sort, offset_h)
            former = _former(here, sort, former_file)
            seq = former.seq + 1 if former else 1
            fresh = lists.List(seq, int(time.time()), tuple(rows))
            lists.body(fresh, sort)  # before anybody is asked for a passphrase
            if former and former.rows == fresh.rows:
                raise Trouble("list-same", seq=former.seq)
            key = keys.load(key_file, speech)
            public = key.public_key().public_bytes_raw()
            if public not in here.trust().regulators:
                raise Trouble("root-untrusted", key=public.hex())
            shown = list(lists.changes(fresh, former, sort, speech))
            speech.show(shown)
            facts = {"seq": seq, "changes": shown, "rows": _rows(fresh)}
            speech.confirm(lists.digest(fresh, former, sort), digest, facts)
            body = lists.body(fresh, sort)
            _keep(here, sort, fresh, body + key.sign(lists.message(body, sort)), out, who, speech)


def _keep(here: Office, sort: Sort, fresh: List, data: bytes, out: Path, by: str, speech: Speech) -> None:
    from . import outfile

    if out.exists():
        raise Trouble("file-exists", file=out)
    entry = {"utc_s": fresh.issued_utc_s, "sort": sort.name, "by": by, "seq": fresh.seq, "object": data.hex()}
    line = here.keep(entry)
    outfile.write(out, data)
    here.remember()
    speech.tell({"ok": True, "file": str(out), "seq": fresh.seq, "line": line})
    speech.say("written", file=out, count=1, line=line)


_SIZE_MAX = 10_000  # a list has 4 kB at most


def _former(here: Office, sort: Sort, given: Path | None) -> List | None:
    """The list in force: the newer of what this office signed and of what it is given. Raises Trouble."""
    from . import lists, outfile

    kept = getattr(here.state, sort.name)
    found = []
    if kept:
        found.append(lists.read_signed(bytes.fromhex(kept), sort, here.trust().regulators, "journal"))
    if given:
        data = outfile.read(given, _SIZE_MAX)
        found.append(lists.read_signed(data, sort, here.trust().regulators, str(given)))
    return max(found, key=lambda one: one.seq, default=None)


def _rows(found: List) -> list[dict[str, Any]]:
    return [
        {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
        for row in found.rows
    ]
