"""A small county for tests of alarms: registry objects in memory, and facts about them."""

from karez_gateway.calendars import Calendar
from karez_gateway.county.alarms.facts import Facts, Well
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.settings import Settings
from karez_gateway.county.registry.objects import Object, Registry, name_of
from karez_gateway.county.years.wateryear import WaterYears
from karez_protocols import record

NOW_S = 1_790_000_000  # 2026-09-21 22:13 at UTC+8
YEAR = 2026
M3 = 1000


def region(code, parent="", **values):
    above = {"parent": parent} if parent else {}
    return ("region", {"code": code, "name_zh": f"区{code}", "tree": "admin"} | above | values)


def site(name, region_code="651", **values):
    plain = {
        "sort": "well",
        "class": "farming",
        "source": "ground",
        "point": "wellhead",
        "status": "licensed",
    }
    return ("site", {"site": name, "region": region_code} | plain | values)


def plan(name, cubic_metres, period="year", year=YEAR):
    return ("plan", {"site": name, "year": year, "period": period, "volume_l": cubic_metres * M3})


def limit(code, cubic_metres, source="all", year=YEAR):
    values = {"region": code, "year": year, "class": "all", "source": source}
    return ("limit", values | {"volume_l": cubic_metres * M3})


def person(name, **values):
    return ("person", {"name": name} | values)


def registry(*objects):
    rows = [Object(kind, name_of(kind, values), 1, values, 1, 0) for kind, values in objects]
    return Registry.of(rows)


def facts(*objects, overrides=(), now_s=NOW_S, **more):
    return Facts(now_s, Places(registry(*objects)), Settings(overrides), WaterYears(Calendar(8)), **more)


def litres(**cubic_metres):
    """Use of sites, metered; `w1` stands for site w1."""
    return {name: {record.METERED: one * M3} for name, one in cubic_metres.items()}


def well(name, silent_h=0, **values):
    plain = {"controller_id": 1, "chain": 1, "energy_wh": 0, "alarms": 0, "log_index": 0}
    received = NOW_S - silent_h * 3600
    return Well(**{"site": name, "utc_s": received, "received_utc_s": received} | plain | values)


def said(signs):
    """{(rule, subject, line): holds}."""
    return {(one.key.rule, one.key.subject, one.key.line): one.holds for one in signs}
