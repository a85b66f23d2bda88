"""The report of a commissioning file as pages; needs `karez[tech]` (segno for the code, fpdf2 for paper)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from . import report_html
from .errors import WrongUse
from .report_content import Report, report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .commissioning_file import CommissioningFile

_QUIET_MODULES = 4  # the code's own standard asks for as many light modules around it


def html(file: CommissioningFile, language: str) -> bytes:
    """One page that needs no network. Raises WrongUse."""
    found = report(file, language)
    return report_html.page(found, _svg(found))


def pdf(file: CommissioningFile, language: str) -> tuple[bytes, str]:
    """(the PDF, the characters that its fonts lack). Raises WrongUse."""
    found = report(file, language)
    try:
        from . import report_pdf  # noqa: PLC0415 - 0.3 s of import that only this one needs
    except ImportError as error:
        raise WrongUse("report-package", name=error.name) from None
    return report_pdf.paper(found, _modules(found))


def _svg(found: Report) -> str:
    out = io.BytesIO()
    _code(found).save(out, kind="svg", xmldecl=False, svgns=True, border=_QUIET_MODULES, omitsize=True)
    return out.getvalue().decode().strip()


def _modules(found: Report) -> Sequence[Sequence[int]]:
    return [list(row) for row in _code(found).matrix_iter(border=_QUIET_MODULES)]


def _code(found: Report):  # type: ignore[no-untyped-def]  # noqa: ANN202 - segno.QRCode, loaded late
    try:
        import segno  # noqa: PLC0415 - only pages need it
    except ImportError as error:
        raise WrongUse("report-package", name=error.name) from None
    # M bears 15 % of dirt; a sticker's code is as good on a sheet.
    return segno.make(found.qr, error="m", micro=False)
