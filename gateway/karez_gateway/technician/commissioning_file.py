r"""The file of a commissioning: JSON with a digest of each member and the technician's signature at its end.

    body      = the file from its first byte to the end of the line before `"signature"`
    signature = Ed25519(technician's key, "KZ commissioning 1\n" ‖ body)

There is one spelling of each file (that of `encode`), so that its bytes can be signed: `decode` refuses every
other and names the place. The digests name the member that was changed, and are signed like the rest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import signed

from . import commissioning_rules, document
from .commissioning import FORMAT, VERSION, Commissioning, Photo, Signature
from .commissioning_fields import names, plain, read
from .errors import Faulty, WrongUse
from .faults import Faults

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LABEL = b"KZ commissioning 1"
SIZE_MAX = 256 << 10  # 64 photos and 64 seals with long names have 40 kB
TOP = ("format", "version", *names(Commissioning), "digests", "signature")
_SIGNATURE_LINE = '\n "signature": '
_FIRST = "format"
_LAST = b"\n}\n"  # inner ones are indented


@dataclass(frozen=True)
class CommissioningFile:
    """A file as it was read: what it says, who signed it (None: nobody yet), and its bytes."""

    says: Commissioning
    signature: Signature | None
    data: bytes

    @property
    def sha256(self) -> bytes:
        """The digest by which others name it."""
        return hashlib.sha256(self.data).digest()


def encode(says: Commissioning, key: Ed25519PrivateKey | None = None) -> bytes:
    """The file of a commissioning, signed if there is a key. Raises Faulty on what no file may say.

    The key must be the one that `says.technician` names.
    """
    faults = Faults()
    members = plain(says)
    if read(Commissioning, members, "", faults) is not None:
        faults.found += commissioning_rules.check(says)
    if faults.found:
        raise Faulty(says.site.code, faults.found, "commissioning-faults")
    unsigned = _spelt(members, None)
    if key is None:
        return unsigned
    signature = Signature(
        number=says.technician.number,
        key=key.public_key().public_bytes_raw().hex(),
        ed25519=key.sign(signed.message(LABEL, _body(unsigned))).hex(),
    )
    data = _spelt(members, plain(signature))
    decode(data, says.site.code)  # a key that is another's is found out before the file is anywhere
    return data


def _spelt(members: dict[str, Any], signature: dict[str, Any] | None) -> bytes:
    whole = {
        "format": FORMAT,
        "version": VERSION,
        **members,
        "digests": {name: _digest(value) for name, value in members.items()},
        "signature": signature,
    }
    return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _body(data: bytes) -> bytes:
    return data[: data.rindex(_SIGNATURE_LINE.encode()) + 1]


def decode(data: bytes, name: object) -> CommissioningFile:
    """What a file says, its own signature checked; `name`: where it is from. Raises WrongUse, Faulty.

    Whether the signer may, tells the list of technicians (docs/wire/technicians.md).
    """
    value = _parsed(data, name)
    faults = Faults()
    if not isinstance(value, dict) or value.get(_FIRST) != FORMAT:
        raise WrongUse("commissioning-shape", file=name, why=f'it does not say "{_FIRST}": "{FORMAT}"')
    if value.get("version") != VERSION:
        raise WrongUse("commissioning-version", file=name, version=value.get("version"), ours=VERSION)
    faults.is_object("", value, " ".join(TOP))
    faults.needs("", value, " ".join(TOP))
    says = read(Commissioning, {one: value[one] for one in names(Commissioning) if one in value}, "", faults)
    signature = None
    if value.get("signature") is not None:
        signature = read(Signature, value["signature"], "signature", faults)
    _check_digests(faults, value)
    if not faults.found:
        faults.found += commissioning_rules.check(says)
    if not faults.found:
        _check_spelling(faults, data, says, signature)
    if not faults.found and signature is not None:
        _check_signature(faults, data, says, signature)
    if faults.found:
        raise Faulty(name, _each_once(faults), "commissioning-faults")
    return CommissioningFile(says, signature, data)


def _each_once(faults: Faults) -> list[Any]:
    """A member that is missing is said once, although nothing fits its digest either."""
    return list({(one.path, one.name): one for one in faults.found}.values())


def _parsed(data: bytes, name: object) -> Any:
    if len(data) > SIZE_MAX:
        raise WrongUse("commissioning-large", file=name, size=len(data), most=SIZE_MAX)
    try:
        return document.value_of(data)
    except document.Twice as error:
        raise WrongUse("document-twice", file=name, name=str(error)) from None
    except ValueError as error:
        raise _unreadable(error, data, name) from None
    except RecursionError as error:
        raise WrongUse("commissioning-shape", file=name, why=error) from None


def _unreadable(error: ValueError, data: bytes, name: object) -> WrongUse:
    if not data.endswith(_LAST):  # whatever the parser stumbled over: the end is missing
        return WrongUse("commissioning-cut", file=name, line=data.count(b"\n") + 1)
    if isinstance(error, json.JSONDecodeError):
        return WrongUse("commissioning-json", file=name, line=error.lineno, column=error.colno, why=error.msg)
    if isinstance(error, UnicodeDecodeError):
        line = data[: error.start].count(b"\n") + 1
        return WrongUse("commissioning-json", file=name, line=line, column=1, why="the line is not UTF-8")
    return WrongUse("commissioning-shape", file=name, why=error)


def _check_digests(faults: Faults, value: dict[str, Any]) -> None:
    digests = value.get("digests")
    if not faults.is_object("digests", digests, " ".join(names(Commissioning))) or digests is None:
        return
    for name in names(Commissioning):
        if name in value and digests.get(name) != _digest(value[name]):
            faults.add(name, "changed")


def _check_spelling(faults: Faults, data: bytes, says: Commissioning, signature: Signature | None) -> None:
    right = _spelt(plain(says), None if signature is None else plain(signature))
    if data != right:
        lines = zip_longest(data.split(b"\n"), right.split(b"\n"))
        first = next(at for at, (one, other) in enumerate(lines, 1) if one != other)
        faults.add(f"line {first}", "written-otherwise")


def _check_signature(faults: Faults, data: bytes, says: Commissioning, signature: Signature) -> None:
    if (signature.number, signature.key) != (says.technician.number, says.technician.key):
        faults.add("signature", "signature-other")
        return
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.key))
    try:
        key.verify(bytes.fromhex(signature.ed25519), signed.message(LABEL, _body(data)))
    except InvalidSignature:
        faults.add("signature", "signature-wrong")


def load(path: Path) -> CommissioningFile:
    """What a file says. Raises WrongUse, Faulty."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    return decode(data, path)


def write(path: Path, data: bytes, *, is_replaced: bool = False) -> None:
    """Write a file whole or not at all. Raises WrongUse."""
    document.write(path, data, is_replaced=is_replaced)


def photo(path: Path, shows: str) -> Photo:
    """A photo by name, size and digest. Raises WrongUse."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise WrongUse("photo-unreadable", file=path, why=error.strerror) from None
    return Photo(file=path.name, size_bytes=size, sha256=digest.hexdigest(), shows=shows)


def photo_troubles(says: Commissioning, folder: Path) -> list[tuple[str, str]]:
    """(name, `missing` or `differs`) of every photo that does not lie there as the file says."""
    found = []
    for one in says.photos:
        try:
            here = photo(folder / one.file, one.shows)
        except WrongUse:
            found.append((one.file, "missing"))
            continue
        if here != one:
            found.append((one.file, "differs"))
    return found
