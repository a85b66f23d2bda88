"""A small county as the forms that people fill in, and files made of them."""

import csv
import io

import xlsxwriter

from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.county.registry.objects import Object, Registry, name_of

COUNTY = {
    "person": [{"name": "李明", "phone": "+86 138 0000 0000"}],
    "region": [
        {"code": "6504", "name_zh": "吐鲁番市", "tree": "admin", "person": "李明"},
        {"code": "650402", "name_zh": "高昌区", "tree": "admin", "parent": "6504", "is_overdrawn": "yes"},
        {"code": "6504-r", "name_zh": "市级预留", "tree": "admin", "parent": "6504", "is_reserve": "yes"},
        {"code": "basin-1", "name_zh": "艾丁湖流域", "tree": "basin"},
    ],
    "limit": [
        {
            "region": "6504",
            "year": "2026",
            "class": "all",
            "source": "ground",
            "volume_m3": "492000000",
            "rounding_m3": "1000000",
        }
    ],
    "level": [
        {
            "region": "650402",
            "year": "2026",
            "warn_m": "50",
            "hours_m": "55.5",
            "stop_m": "60",
            "document": "W-1",
        }
    ],
    "holder": [{"code": "v1", "name_zh": "三屯村", "sort": "village", "region": "650402", "person": "李明"}],
    "permit": [
        {
            "number": "P-1",
            "holder": "v1",
            "volume_m3": "61000.5",
            "class": "farming",
            "source": "ground",
            "from_date": "2022-01-01",
            "to_date": "2030-12-31",
        }
    ],
    "site": [
        {
            "site": "well-1",
            "name_zh": "果园井",
            "sort": "well",
            "region": "650402",
            "basin": "basin-1",
            "holder": "v1",
            "permit": "P-1",
            "class": "farming",
            "source": "ground",
            "point": "wellhead",
            "status": "licensed",
            "allowed_m3": "60000",
            "rated_flow_m3h": "52.5",
            "pipe_m": "0.2",
            "minimum_m3": "5000",
            "probe_m": "80.5",
        },
        {
            "site": "head-1",
            "sort": "intake",
            "region": "650402",
            "class": "farming",
            "source": "surface",
            "point": "canal-head",
            "status": "pending",
        },
    ],
    "account": [{"site": "well-1", "number": "1", "holder": "v1", "share_percent": "62.5"}],
    "meter": [
        {
            "serial": "W-1",
            "site": "well-1",
            "quantity": "water",
            "multiplier": "1",
            "verified_date": "2025-01-05",
            "due_date": "2027-01-05",
            "from_date": "2025-02-01",
            "opening_register": "12.345",
        },
        {
            "serial": "E-1",
            "site": "well-1",
            "quantity": "energy",
            "multiplier": "40",
            "from_date": "2025-02-01",
            "opening_register": "0",
        },
    ],
    "coefficient": [
        {
            "site": "well-1",
            "from_date": "2026-01-01",
            "m3_per_kwh": "2.105",
            "tested_date": "2025-12-01",
            "low_m3_per_kwh": "1.6",
            "high_m3_per_kwh": "2.6",
        }
    ],
    "group_coefficient": [
        {"group": "90m-37kW", "from_date": "2026-01-01", "m3_per_kwh": "2", "document": "水政 5 号"}
    ],
    "norm": [{"crop": "cotton", "irrigation": "drip", "year": "2026", "m3_per_mu": "365"}],
    "ceiling": [{"region": "6504", "year": "2026", "m3_per_mu": "365"}],
    "plot": [{"site": "well-1", "year": "2026", "crop": "cotton", "irrigation": "drip", "area_mu": "120.25"}],
    "round": [
        {"year": "2026", "round": "spring", "from_date": "2026-03-01", "to_date": "2026-04-15"},
        {"year": "2026", "round": "summer", "from_date": "2026-06-01", "to_date": "2026-08-31"},
    ],
    "plan": [
        {"site": "well-1", "year": "2026", "period": "year", "volume_m3": "43891.25", "energy_kwh": "21000"},
        {"site": "well-1", "year": "2026", "period": "spring", "volume_m3": "13891.25"},
        {"site": "well-1", "year": "2026", "period": "summer", "volume_m3": "30000"},
    ],
    "price": [
        {
            "class": "farming",
            "basis": "plan",
            "year": "2026",
            "step": "1",
            "from_percent": "0",
            "yuan_per_m3": "0.2",
        },
        {
            "class": "farming",
            "basis": "plan",
            "year": "2026",
            "step": "2",
            "from_percent": "120",
            "yuan_per_m3": "0.35",
        },
    ],
}


def csv_of(rows, encoding="utf-8"):
    """Rows (mappings by column) as the bytes of a CSV file."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return csv_of_lines([columns, *([row.get(column, "") for column in columns] for row in rows)], encoding)


def csv_of_lines(lines, encoding="utf-8"):
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode(encoding)


def files_of(county):
    """(name, bytes) of a CSV for each kind."""
    return [(f"{kind}.csv", csv_of(rows)) for kind, rows in county.items()]


def xlsx_of(sheets, **options):
    """{sheet: lines of cells} as a workbook; a text that begins with = is a formula, in ("text", x) none."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd", **options}) as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                for at, cell in enumerate(line):
                    if isinstance(cell, tuple):
                        sheet.write_string(number, at, cell[1])
                    elif cell is not None:
                        sheet.write(number, at, cell)
    return file.getvalue()


def values_of(kind, row):
    """What the books hold of a row."""
    keys = {one.column: one for one in KINDS[kind].fields}
    return {keys[column].key: keys[column].sort.read(cell) for column, cell in row.items() if cell != ""}


def registry_of(county):
    """The registry that the forms say."""
    objects = []
    for kind, rows in county.items():
        for row in rows:
            values = values_of(kind, row)
            objects.append(Object(kind, name_of(kind, values), 1, values, 1, 0))
    return Registry.of(objects)


def all_values(registry):
    """{(kind, name): values}."""
    return {(kind, name): dict(values) for kind in KINDS for name, values in registry.of_kind(kind)}
