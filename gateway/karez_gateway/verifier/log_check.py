"""The gateway's log: its checkpoint signed, the entries in its tree, and no other record of the same seq."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from karez_protocols import entry, record
from karez_protocols.errors import ProtocolError

from . import merkle, revocation_check, uploads_check
from .chain_check import Chain
from .checkpoint import Checkpoint
from .errors import BadSignature, VerificationError
from .findings import Finding, found
from .note import Note, open_note
from .parts import Part, Parts
from .trust import Trust
from .uploads_check import Upload


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A trusted witness that has seen this very tree, at the second it says."""

    name: str
    time_s: int


@dataclass(frozen=True, slots=True)
class Former:
    """What this log's first entry says of the one before it; both are the gateway's own words."""

    origin: str
    size: int
    reason: str
    opened_utc_s: int | None


@dataclass(frozen=True, slots=True)
class Log:
    """The log section in short. `is_verified`: a trusted log key signed it.

    `witnesses` counts the trusted ones that cosigned it, `cosigned` names them; `quorum` is how many the
    trust file asks for, `unknown_signatures` how many lines carry names nobody here can check.
    """

    origin: str
    size: int
    entries: int
    is_verified: bool
    witnesses: int
    holds_covering: bool
    quorum: int = 0
    cosigned: tuple[Cosigner, ...] = ()
    unknown_signatures: int = 0
    follows: Former | None = None


@dataclass(slots=True)
class LogResult:
    """The log, the reports proved by it, and what is wrong."""

    log: Log | None = None
    uploads: list[Upload] = field(default_factory=list)
    orders: list[bytes] = field(default_factory=list)  # signed orders that lie in the log
    follows: Former | None = None
    revocations: list[tuple[int, Part, dict[str, Any]]] = field(default_factory=list)  # of this controller
    findings: list[Finding] = field(default_factory=list)


def check(parts: Parts, chain: Chain, controller: str, trust: Trust | None) -> LogResult:
    """Check note, inclusion proofs and entries."""
    out = LogResult()
    quorum = trust.quorum if trust else 0
    if not parts.note.data:
        out.findings.append(found("log_absent"))
        if quorum:
            out.findings.append(found("witness_quorum", count=0, quorum=quorum))
        return out
    signed = _note(parts, trust, out)
    if signed is None:
        return out
    checkpoint = signed.checkpoint
    if len(signed.cosigned) < quorum:
        out.findings.append(
            found("witness_quorum", span=parts.note.span, count=len(signed.cosigned), quorum=quorum)
        )
    entries = _Entries(parts, chain, controller, out)
    count = 0
    for index, part in _included(parts, checkpoint, out):
        count += 1
        entries.read(index, part)
    if chain.covering is not None and not entries.holds_covering:
        seq = next(link.head.seq for link in chain.links if link.index == chain.covering)
        out.findings.append(found("signature_not_logged", seq=seq))
    out.findings += revocation_check.check(parts, chain, out.revocations)
    out.log = Log(
        origin=checkpoint.origin,
        size=checkpoint.size,
        entries=count,
        is_verified=signed.is_verified,
        witnesses=len(signed.cosigned),
        holds_covering=entries.holds_covering,
        quorum=quorum,
        cosigned=signed.cosigned,
        unknown_signatures=signed.unknown,
        follows=out.follows,
    )
    return out


def _included(parts: Parts, checkpoint: Checkpoint, out: LogResult) -> Iterator[tuple[int, Part]]:
    """Each entry that its proof puts into this log, once, with its index."""
    seen: set[int] = set()
    for index, part, hashes in parts.proofs:
        try:
            merkle.verify_inclusion(
                index, checkpoint.size, merkle.leaf_hash(part.data), hashes, checkpoint.root
            )
        except VerificationError as error:
            out.findings.append(found("proof_wrong", span=part.span, entry=index, reason=str(error)))
            continue
        if index in seen:
            out.findings.append(found("entry_repeated", span=part.span, entry=index))
            continue
        seen.add(index)
        yield index, part


@dataclass(frozen=True, slots=True)
class _Signed:
    """The checkpoint, and who has signed it."""

    checkpoint: Checkpoint
    is_verified: bool
    cosigned: tuple[Cosigner, ...]
    unknown: int


def _note(parts: Parts, trust: Trust | None, out: LogResult) -> _Signed | None:
    """The checkpoint, if it can be read and no trusted key contradicts it."""
    span = parts.note.span
    try:
        note = Note.parse(parts.note.data)
        checkpoint = Checkpoint.parse(note.text)
    except VerificationError as error:
        out.findings.append(found("note_malformed", span=span, reason=str(error)))
        return None
    if trust is None or not trust.logs:
        out.findings.append(found("note_unchecked", span=span, origin=checkpoint.origin))
        return _Signed(checkpoint, False, (), len(note.signatures))
    keys = [key for key in trust.logs if key.name == checkpoint.origin]
    try:
        if not keys:
            raise BadSignature(f"no trusted log is called {checkpoint.origin}")
        opened = open_note(parts.note.data, [*keys, *trust.witnesses])
        if not any(one.key in keys for one in opened.verified):
            raise BadSignature(f"the log {checkpoint.origin} has not signed this checkpoint")
    except VerificationError as error:
        out.findings.append(found("note_signature", span=span, reason=str(error)))
        return None
    cosigned = [Cosigner(one.key.name, one.time_s) for one in opened.verified if one.time_s is not None]
    return _Signed(checkpoint, True, tuple(cosigned), opened.unknown)


class _Entries:
    """Compares logged entries with the records of the bundle."""

    def __init__(self, parts: Parts, chain: Chain, controller: str, out: LogResult) -> None:
        self._parts = parts
        self._chain = chain
        self._controller = controller
        self._out = out
        self._links = {link.head.seq: link for link in chain.links}
        self.holds_covering = False

    def read(self, index: int, part: Part) -> None:
        """Take in one entry that is proved to lie in the log."""
        try:
            values = entry.decode(part.data)
        except ProtocolError as error:
            self._out.findings.append(
                found("entry_malformed", span=part.span, entry=index, reason=str(error))
            )
            return
        if values["entry"] == entry.OBJECT:
            if values["sort"] == record.ORDER:
                self._out.orders.append(values["object"])
            return
        if values["entry"] == entry.ORIGIN:
            self._origin(index, part, values)
            return
        if values["entry"] == entry.ACT:
            return  # the county's own books: says nothing about a controller's records
        if values["entry"] == entry.REVOCATION:
            if values["controller"] == self._controller:
                self._out.revocations.append((index, part, values))
            return
        if values["controller"] != self._controller or values["chain"] != self._parts.chain:
            return  # another box's entry, or another chain's: says nothing about these records
        if values["entry"] == entry.RECORD:
            self._record(index, part, values["slot"])
        else:
            self._upload(index, part, values)

    def _origin(self, index: int, part: Part, values: dict[str, Any]) -> None:
        """A log says once, at its beginning, which one it follows: its own word, not that one's."""
        if index:
            self._out.findings.append(
                found("entry_malformed", span=part.span, entry=index, reason="only entry 0 may be an origin")
            )
            return
        origin, size = "", 0
        if values["note"]:
            try:
                before = Checkpoint.parse(Note.parse(values["note"]).text)
            except VerificationError as error:
                self._out.findings.append(
                    found("entry_malformed", span=part.span, entry=index, reason=str(error))
                )
                return
            origin, size = before.origin, before.size
        self._out.follows = Former(origin, size, values["reason"], values["opened_utc_s"])

    def _record(self, index: int, part: Part, slot: bytes) -> None:
        seq = record.header(slot)["seq"]
        link = self._links.get(seq)
        if link is None or link.run is None:
            return
        if link.slot != slot:
            self._out.findings.append(found("log_fork", seq=seq, span=part.span, entry=index))
        elif link.index == self._chain.covering:
            self.holds_covering = True

    def _upload(self, index: int, part: Part, values: dict[str, object]) -> None:
        seq = values["seq"]
        link = self._links.get(seq) if isinstance(seq, int) else None
        named = None
        if link is not None and link.run is not None:
            try:
                named = record.decode(link.slot)
            except ProtocolError:
                named = None  # the record itself is refused elsewhere
        upload, findings = uploads_check.check(values, index, part.span, named)
        self._out.findings += findings
        if upload is not None:
            self._out.uploads.append(upload)
