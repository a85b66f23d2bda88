"""`karez regulator grant`: check a gateway's requests, show what they would give, sign."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import Trouble
from .speech import HERE, AsJson, By, Digest, Folder, Key, Lang, Speech, signer, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .draft import Draft
    from .office import Office
    from .request import Request

EPILOG = "Example: karez regulator grant north.request --office /srv/office --key root.pem --out north.grants"
_DOCUMENT_BYTES_MAX = 24  # on the wire


def grant(
    requests: Annotated[list[Path], typer.Argument(metavar="REQUEST…", help="Files of `grants prepare`.")],
    key: Key,
    out: Annotated[
        Path, typer.Option("--out", help="File for all grants; or a folder that is there, a file a site.")
    ],
    office: Folder = HERE,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="SITE=REASON", help="Interim rule without evidence; repeatable."),
    ] = None,
    document: Annotated[
        str, typer.Option(help="Document that the grants name; default: the request's.")
    ] = "",
    digest: Digest = "",
    by: By = "",
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Check requests against limits, memory and signed checkpoints; show what they would give; sign.

    W comes from what each controller signed, the limits from this office's own files. Nothing is signed
    when one site has a fault or one sum is above its limit. `--digest` is that of what was shown.
    """
    from .office import opened

    with spoken(lang, as_json=as_json) as speech:
        who = signer(by)
        excused = _excused(without or [])
        _check_document(document)
        with opened(office) as here:
            if here.was_mended:
                speech.say("mended")
            _check_free(out)
            read = _read(requests)
            names = {wish.site for one in read for wish in one.wishes}
            if set(excused) - names:
                raise Trouble("excuse-unknown", sites=", ".join(sorted(set(excused) - names)))
            _grant(here, read, key, out, excused, document, digest, who, speech)


def _grant(
    here: Office,
    requests: Sequence[Request],
    key_file: Path,
    out: Path,
    excused: dict[str, str],
    document: str,
    digest: str,
    by: str,
    speech: Speech,
) -> None:
    """Judge, show, ask, sign: the journal first, then the file, then the memory."""
    from . import draft, keys, limits, showing
    from .judging import Judge

    trust, found = here.trust(), limits.load(here.folder)
    key = keys.load(key_file, speech)
    public = key.public_key().public_bytes_raw()
    if public not in trust.regulators:
        raise Trouble("root-untrusted", key=public.hex())
    now_s = int(time.time())
    plan = draft.make(Judge(found, here.state, trust, public, now_s, excused), requests, document)
    speech.show(showing.lines(plan, speech))
    speech.confirm(plan.digest, digest, plan.facts())
    line = _signed(here, plan, key, out, by, now_s)
    facts = {"ok": True, "file": str(out), "sites": len(plan.planned), "line": line, "digest": plan.digest}
    speech.tell(facts)
    speech.say("written", file=out, count=len(plan.planned), line=line)


def _signed(here: Office, plan: Draft, key: Ed25519PrivateKey, out: Path, by: str, now_s: int) -> int:
    from . import draft
    from .outfile import grants

    signed = draft.sign(plan, key, now_s)
    line = here.keep(draft.entry(plan, signed, by, now_s))
    numbered = [(one.site, one.seq, data) for one, data in zip(plan.planned, signed, strict=True)]
    grants(out, plan.year, plan.document, numbered)
    here.remember()
    return line


def _read(paths: Sequence[Path]) -> list[Request]:
    from . import request
    from .outfile import read

    return [request.decode(read(path, request.SIZE_MAX), path.name) for path in paths]


def _excused(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in given:
        site, equals, because = text.partition("=")
        if not site or not equals or not because.strip() or not because.isprintable():
            raise Trouble("excuse", text=text)
        found[site] = because.strip()
    return found


def _check_document(document: str) -> None:
    if len(document.encode()) > _DOCUMENT_BYTES_MAX or (document and not document.isprintable()):
        raise Trouble("document", most=_DOCUMENT_BYTES_MAX)


def _check_free(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise Trouble("file-exists", file=out)
