"""What stays of a provisioning for the office: one folder for each controller, named by it.

The binding is written before the box gets it: whoever loses a laptop between the two has lost nothing that
the box has. `registry.csv` and the labels come when the box has proved what it took.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from karez_protocols import binding
from karez_protocols.errors import ProtocolError

from . import document, labels
from .errors import WrongUse
from .provisioning import Papers

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
_NAMES = {"binding": "site.binding", "config": "config.json", "technicians": "technicians"}
_COLUMNS = ("controller", "site", "binding")  # of `karez gateway import`
_FILE_BYTES_MAX = 65_536


@dataclass(frozen=True)
class OfficeFolder:
    """`path`: of one controller."""

    path: Path

    def begin(self, papers: Papers, facts: dict[str, Any]) -> None:
        """Write what the box is about to get. Raises WrongUse."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WrongUse("file-unwritable", file=self.path, why=error.strerror) from None
        for name, file in _NAMES.items():
            if name in papers.objects:
                self._write(file, papers.objects[name])
        certificate = x509.load_der_x509_certificate(papers.objects["certificate"])
        self._write("link.crt", certificate.public_bytes(serialization.Encoding.PEM))
        self._state(papers, facts, is_proved=False)

    def finish(self, papers: Papers, facts: dict[str, Any]) -> list[str]:
        """Write what may be used now that the box has proved it; return the names of all files."""
        values = binding.open_signed(papers.objects["binding"])[0]
        row = io.StringIO()
        out = csv.writer(row, lineterminator="\n")
        out.writerow(_COLUMNS)
        out.writerow([values["controller"], values["site"], papers.objects["binding"].hex()])
        self._write("registry.csv", row.getvalue().encode())
        label = values["controller"], values["controller_key"], values["site"]
        self._write("label.svg", labels.svg(*label).encode())
        self._write("labels.html", labels.page(*label).encode())
        self._state(papers, facts, is_proved=True)
        return sorted(one.name for one in self.path.iterdir())

    def papers(self) -> Papers | None:
        """What an earlier run has written here, None if it is not whole. Raises WrongUse."""
        found = {}
        for name, file in _NAMES.items():
            path = self.path / file
            if path.exists():
                found[name] = _read(path)
        try:
            binding.open_signed(found.get("binding", b""))
        except ProtocolError:
            return None
        certificate = self.path / "link.crt"
        if "config" not in found or not certificate.exists():
            return None
        try:
            loaded = x509.load_pem_x509_certificate(_read(certificate))
        except ValueError:
            return None
        found["certificate"] = loaded.public_bytes(serialization.Encoding.DER)
        return Papers(found)

    def _state(self, papers: Papers, facts: dict[str, Any], *, is_proved: bool) -> None:
        objects = {
            name: {"size": len(data), "sha256": papers.sha256(name)} for name, data in papers.objects.items()
        }
        state = {"format": FORMAT, "proved": is_proved, **facts, "objects": objects}
        self._write("provisioning.json", (json.dumps(state, ensure_ascii=False, indent=1) + "\n").encode())

    def _write(self, name: str, data: bytes) -> None:
        document.write(self.path / name, data, is_replaced=True)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
