"""A prefecture's forms: 6,922 wells and 32 intakes with their meters and permits (requirement T01)."""

from county_forms import COUNTY, csv_of, xlsx_of

WELLS, INTAKES, VILLAGES = 6922, 32, 180
WELL, INTAKE, PERMIT = COUNTY["site"][0], COUNTY["site"][1], COUNTY["permit"][0]


def prefecture(wells=WELLS):
    """Rows by kind: three counties, villages below them, wells in the villages, each with two meters."""
    top = {"code": "6504", "name_zh": "吐鲁番市", "tree": "admin"}
    counties = [
        {"code": f"65040{n}", "name_zh": f"县{n}", "tree": "admin", "parent": "6504"} for n in (2, 3, 4)
    ]
    codes = [f"v{n}" for n in range(VILLAGES)]
    villages = [
        {"code": code, "name_zh": f"村{n}", "tree": "admin", "parent": counties[n % 3]["code"]}
        for n, code in enumerate(codes)
    ]
    at = [(n, codes[n % VILLAGES]) for n in range(wells)]
    sites = [
        {**WELL, "site": f"w{n}", "region": code, "basin": "", "holder": code, "permit": f"P{n}"}
        for n, code in at
    ]
    sites += [{**INTAKE, "site": f"i{n}", "region": "6504"} for n in range(INTAKES)]
    return {
        "region": [top, *counties, *villages],
        "holder": [
            {"code": code, "name_zh": f"村{n}", "sort": "village", "region": code}
            for n, code in enumerate(codes)
        ],
        "permit": [{**PERMIT, "number": f"P{n}", "holder": code} for n, code in at],
        "site": sites,
        "meter": [
            {**meter, "serial": f"{meter['serial']}-{n}", "site": f"w{n}"}
            for n, _ in at
            for meter in COUNTY["meter"]
        ],
    }


def files(forms):
    """(name, bytes): sites as a workbook, the rest as CSV."""
    made = [(f"{kind}.csv", csv_of(rows)) for kind, rows in forms.items() if kind != "site"]
    columns = list(dict.fromkeys(column for row in forms["site"] for column in row))
    lines = [columns, *([row.get(column) for column in columns] for row in forms["site"])]
    return [*made, ("site.xlsx", xlsx_of({"site": lines}))]
