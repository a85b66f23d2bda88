"""How long a prefecture takes to come into the county's registry, as one import: 6,922 wells and 32 intakes.

From the files' bytes (CSV, and the sites as XLSX) to the commit: 28,084 rows read, every rule asked, versions
and act kept in SQLite. Beside it, in the same run: csv and openpyxl alone, reading the same files.
"""

import csv
import io
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
from sqlalchemy import make_url

from entry import entry
from karez_gateway.county.acts import Deed
from karez_gateway.county.checks.context import Context
from karez_gateway.county.files import importing
from karez_gateway.county.files.importing import File
from karez_gateway.store.database import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

import county_fleet

NAMES = ("registry_import_s",)
QUICK_WELLS = 200
TIMES, QUICK_TIMES = 3, 1


def brought_in(files, rows):
    """Seconds of one import into a new store."""
    with tempfile.TemporaryDirectory() as folder:
        store = Database.open(make_url(f"sqlite:///{folder}/county.sqlite3"))
        try:
            began_s = time.perf_counter()
            wishes = importing.read(files)
            with store.writing() as connection:
                deed = Deed("li", "survey", 1_790_000_000)
                found = importing.bring_in(connection, files, wishes, deed, Context("2026-10-01"))
            took_s = time.perf_counter() - began_s
        finally:
            store.close()
    if found.findings or sum(tally["new"] for tally in found.counts.values()) != rows:
        raise RuntimeError(f"the fleet was not imported: {found.findings[:3]}")
    return took_s


def only_read(files):
    """Seconds that the libraries take for the same files."""
    began_s = time.perf_counter()
    for one in files:
        if one.name.endswith(".csv"):
            list(csv.reader(io.StringIO(one.data.decode(), newline="")))
        else:
            book = openpyxl.load_workbook(io.BytesIO(one.data), read_only=True)
            list(book.worksheets[0].iter_rows())
            book.close()
    return time.perf_counter() - began_s


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    forms = county_fleet.prefecture(QUICK_WELLS if quick else county_fleet.WELLS)
    files = [File(*one) for one in county_fleet.files(forms)]
    rows = sum(len(one) for one in forms.values())
    times = range(QUICK_TIMES if quick else TIMES)
    ours, bare = min(brought_in(files, rows) for _ in times), min(only_read(files) for _ in times)
    say(f"  {rows:,} rows in {sum(len(one.data) for one in files) / 1e6:.1f} MB")
    return [entry(NAMES[0], round(ours, 4), "s", "csv and openpyxl alone", round(bare, 4), at_most=30.0)]
