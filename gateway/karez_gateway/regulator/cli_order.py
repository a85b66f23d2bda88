"""`karez regulator order`: stop, limit hours, seal, lift; signed with an office's key."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - the same
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import Trouble
from .speech import HERE, AsJson, By, Digest, Folder, Key, Lang, Speech, signer, spoken

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .office import Office

EPILOG = "Example: karez regulator order stop --site well-12 --document W-7 --key root.pem --out w12.order"


class Kind(StrEnum):
    """What an order may be."""

    STOP = "stop"
    HOURS = "hours"
    SEAL = "seal"
    LIFT = "lift"


class Basis(StrEnum):
    """Why an area is stopped."""

    PLAIN = "plain"
    LEVEL = "level"
    VOLUME = "volume"


def order(
    key: Key,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="What is written, never replaced; a folder for several."),
    ],
    kind: Annotated[Kind | None, typer.Argument(help="stop, hours, seal or lift.")] = None,
    request: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Sign what `karez gateway alarms propose` wrote.")
    ] = None,
    document: Annotated[
        str, typer.Option(help="Number of the administrative document, at most 24 bytes.")
    ] = "",
    site: Annotated[str, typer.Option(help="Site it is for.")] = "",
    area: Annotated[str, typer.Option(help="Area it is for; stop and hours only.")] = "",
    number: Annotated[
        int, typer.Option("--as", metavar="OFFICE", help="Office that orders; 0: the root.")
    ] = 0,
    until: Annotated[str, typer.Option(help="Day or time at which it ends; default: until lifted.")] = "",
    hours: Annotated[str, typer.Option(help="Hours in which the pump may run: 22:00-06:00.")] = "",
    basis: Annotated[Basis, typer.Option(help="Of an area: its level or volume.")] = Basis.PLAIN,
    lifts: Annotated[str, typer.Option(metavar="OFFICE[:NUMBER]", help="Order that is lifted.")] = "",
    after: Annotated[int, typer.Option(help="Last number signed elsewhere, if there is one.")] = 0,
    office: Folder = HERE,
    digest: Digest = "",
    by: By = "",
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Show what an order does, and sign it with the key of the office that gives it.

    Orders are numbered by each office; this folder's journal knows the last number. The root is office 0;
    another office's key must stand in the list that `keylist sign` has put in force. With --request the file
    says what is ordered, for whom and until when: all of it is signed, a file an order, or nothing.
    """
    from . import cli_order_request, keys, ordering
    from .cli_order_request import Asked
    from .office import opened

    with spoken(lang, as_json=as_json) as speech:
        who = signer(by)
        with opened(office) as here:
            if here.was_mended:
                speech.say("mended")
            if request is not None:
                if kind or site or area or until or hours or lifts or basis is not Basis.PLAIN:
                    raise Trouble("order-request-options")
                asked = Asked(request, number, document, after, key, out, digest, who)
                cli_order_request.sign(here, asked, speech)
                return
            if kind is None:
                raise Trouble("order-kind")
            now_s = int(time.time())
            values: dict[str, Any] = {
                "kind": ordering.KINDS[kind],
                "scope": ordering.AREA if area else ordering.SITE,
                "basis": ordering.BASES[basis],
                "office": number,
                "seq": 1 + max(here.state.orders.get(str(number), 0), after),
                "target": _target(site, area),
                "issued_utc_s": now_s,
                "document": document,
                **_ends(until, hours, lifts, _offset_h(here)),
            }
            ordering.body(values)  # before anybody is asked for a passphrase
            _order(here, values, keys.load(key, speech), out, digest, who, speech)


def _order(
    here: Office,
    values: dict[str, Any],
    key: Ed25519PrivateKey,
    out: Path,
    digest: str,
    by: str,
    speech: Speech,
) -> None:
    from . import ordering, outfile, state

    ordering.check_office(here, values["office"], key.public_key().public_bytes_raw())
    if out.exists():
        raise Trouble("file-exists", file=out)
    shown = list(ordering.words(values, speech))
    speech.show(shown)
    speech.confirm(ordering.digest(values), digest, {"says": shown, "seq": values["seq"]})
    body = ordering.body(values)
    data = body + key.sign(ordering.message(body))
    names = ("office", "seq", "target", "document")
    entry = {"utc_s": values["issued_utc_s"], "sort": state.ORDER, "by": by, "object": data.hex()}
    line = here.keep(entry | {name: values[name] for name in names})
    outfile.write(out, data)
    here.remember()
    speech.tell(
        {"ok": True, "file": str(out), "office": values["office"], "seq": values["seq"], "line": line}
    )
    speech.say("written", file=out, count=1, line=line)


def _target(site: str, area: str) -> str:
    if bool(site) == bool(area):
        raise Trouble("order-target")
    return site or area


def _ends(until: str, hours: str, lifts: str, offset_h: int) -> dict[str, int | None]:
    from . import ordering

    from_min, to_min = ordering.hours(hours) if hours else (None, None)
    office, seq = ordering.lifted(lifts) if lifts else (None, None)
    return {
        "until_utc_s": ordering.moment(until, offset_h) if until else None,
        "from_min": from_min,
        "to_min": to_min,
        "lift_office": office,
        "lift_seq": seq,
    }


def _offset_h(here: Office) -> int:
    from . import limits

    path = here.folder / limits.RULES
    return limits.read_rules(path).utc_offset_h if path.exists() else limits.Rules().utc_offset_h
