"""Files that a person brings: CSV and XLSX as sheets of cells, each with its place."""

from collections.abc import Callable

from karez_gateway.county.files.sheets import ABOUT, Sheet
from karez_gateway.errors import Refused

FILE_BYTES_MAX = 64 << 20


def read(data: bytes, file: str, encoding: str = "") -> list[Sheet]:
    """The sheets of a file, whatever its ending says. Raises Refused saying what to do."""
    if len(data) > FILE_BYTES_MAX:
        raise Refused(f"{file} is larger than {FILE_BYTES_MAX >> 20} MB: split it")
    for magic, reader in _READERS:
        if data.startswith(magic):
            return reader(data, file, encoding)
    raise AssertionError("the last reader takes anything")


def only(sheets: list[Sheet]) -> Sheet:
    """A file's only sheet; empty ones and those for people do not count. Raises Refused."""
    full = [one for one in sheets if one.rows and one.name.lower() not in ABOUT]
    if len(full) > 1:
        names = ", ".join(one.name for one in full)
        raise Refused(
            f"{full[0].file} has more than one sheet with rows ({names}): keep the one that is meant"
        )
    return full[0] if full else sheets[0]._replace(rows=[])


def _xlsx(data: bytes, file: str, encoding: str) -> list[Sheet]:
    from karez_gateway.county.files import xlsx_file  # noqa: PLC0415 - openpyxl takes 0.2 s to come

    if encoding:
        raise Refused(f"{file} is a workbook: leave --encoding out, it is for CSV")
    return xlsx_file.sheets(data, file)


def _old(_data: bytes, file: str, _encoding: str) -> list[Sheet]:
    raise Refused(f"{file} is an old .xls workbook or has a password: save it as .xlsx without one")


def _csv(data: bytes, file: str, encoding: str) -> list[Sheet]:
    from karez_gateway.county.files import csv_file  # noqa: PLC0415 - as above

    return [csv_file.sheet(data, file, encoding)]


_READERS: tuple[tuple[bytes, Callable[[bytes, str, str], list[Sheet]]], ...] = (
    (b"PK\x03\x04", _xlsx),
    (b"\xd0\xcf\x11\xe0", _old),
    (b"", _csv),
)
