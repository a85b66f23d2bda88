"""The people of a small county through one water year, each with his own commands; and the truth beside them.

Two villages, three farming wells (one of them without a water meter: 以电折水), a well for drinking water, a
canal intake. Clock, wells and broker are the story's own; store, log, stages and commands are the product's.
"""

import csv
import json

from typer.testing import CliRunner

from karez_gateway.alarms.records import AlarmRecords
from karez_gateway.alarms.rules import AlarmRules
from karez_gateway.calendars import Calendar
from karez_gateway.cli.main import app as gateway
from karez_gateway.county.alarms import engine
from karez_gateway.county.ledger import usage
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.intake.ingest import Frame
from karez_gateway.regulator.cli import app as regulator
from karez_gateway.technician import keys
from karez_protocols import record, site_class
from season import SeasonWell, at
from synthetic import PROVISIONER, REGULATOR, public

YEAR = 2027
M3 = 1000
YEARS = WaterYears(Calendar(8))
RUNNER = CliRunner()
PASSPHRASE = "ten thousand wells"

REGIONS = (
    ("65", "昌吉试点县", "", "no"),
    ("6501", "北乡", "65", "no"),
    ("650101", "一村", "6501", "no"),
    ("650102", "二村", "6501", "no"),
    ("6599", "县级预留", "65", "yes"),
)
# site, village, class, source, sort, point, allowed m³, minimum m³, permit m³
SITES = (
    ("well-1", "650101", "farming", "ground", "well", "wellhead", "40000", "", "39000"),
    ("well-2", "650101", "farming", "ground", "well", "wellhead", "30000", "", "22000"),
    ("well-3", "650102", "farming", "ground", "well", "wellhead", "20000", "", "14000"),
    ("well-d", "650102", "domestic", "ground", "well", "wellhead", "9000", "2000", "4000"),
    ("canal-1", "650101", "farming", "surface", "intake", "canal-head", "60000", "", "50000"),
)
# class, source -> m³ of the county; the reserve's part of it
CELLS = {
    ("farming", "ground"): (80_000, 5_000),
    ("domestic", "ground"): (4_000, 0),
    ("farming", "surface"): (50_000, 0),
}
LIMITS = {YEAR: CELLS, YEAR + 1: CELLS}
# Numbers of the power company's meters, behind current transformers of 200/5.
SUPPLY = {site: f"00004{at:03d}" for at, (site, *_) in enumerate(SITES, 101)}


def table(path, header, rows):
    """A CSV file as a spreadsheet saves it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split())
        writer.writerows(rows)
    return path


class Story:
    """`now_s` is everybody's clock; `county` the open gateway; `wells` the truth."""

    def __init__(self, folder, county, monkeypatch):
        self.folder, self.county = folder, county
        self.data = county.config.data
        self.office = folder / "office"
        self.now_s = at("2026-12-20T08")
        monkeypatch.setattr("time.time", lambda: float(self.now_s))
        monkeypatch.setenv("KAREZ_KEY_PASSPHRASE", PASSPHRASE)
        monkeypatch.setenv("LANG", "C.UTF-8")
        self.records = AlarmRecords(county.config, county.store, now=lambda: self.now_s)
        self.rules = AlarmRules(county.config, county.store, lambda: None, now=lambda: self.now_s)
        self.held = set()  # sites that nothing comes from
        self.wells = {}
        for site, _, use, *_ in SITES:
            self.wells[site] = SeasonWell(
                site,
                begins_utc_s=at("2026-12-20T08"),
                method=record.CONVERTED if site == "well-3" else record.METERED,
                use=site_class.DOMESTIC if use == "domestic" else site_class.IRRIGATION,
            )
        county.enrol(*self.wells.values())

    # -- everybody -----------------------------------------------------------------------

    def until(self, moment):
        """Time passes."""
        self.now_s = at(moment)

    def run(self, *words, ok=0, app=gateway):
        """One command; its output."""
        done = RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == ok, f"{' '.join(map(str, words))}\n{done.output}"
        return done.output

    def gateway(self, *words, ok=0):
        """A verb of the county's side, on this county."""
        spoken = 3 if words[:2] == ("quota", "close") else 1 if words[0] in ("trace", "report") else 2
        return self.run(*words[:spoken], "--data", self.data, *words[spoken:], ok=ok)

    def facts(self, *words, ok=0):
        """The same, as a program reads it."""
        return json.loads(self.gateway(*words, "--json", ok=ok))

    # -- the service -----------------------------------------------------------------------

    def serve(self):
        """What the running service does: log, carry, take in, judge, book, watch."""
        for _ in range(3):
            while self.county.acts.log_queued(self.now_s):
                pass
            self.county.downlinks.log_queued(self.now_s)
            self._carry()
            self._take_in()
            self.county.work()
            while self.records.step():
                pass
        self.rules.look(tuple(engine.LOOKS), self.now_s)

    def _carry(self):
        names = {well.name: well for well in self.wells.values()}
        due = self.county.downlinks.due(self.now_s)
        for one in due:
            names[one.controller].offer(one.body)
        self.county.downlinks.sent(due, self.now_s)

    def _take_in(self):
        for well in self.wells.values():
            if well.site in self.held:
                continue
            frames = [Frame(well.name, one, max(self.now_s, well.utc_s)) for one in well.fresh_payloads()]
            for start in range(0, len(frames), 64):
                self.county.ingest.take(frames[start : start + 64])

    # -- the water bureau --------------------------------------------------------------------

    def import_registry(self):
        """The whole registry in one import."""
        write = self.folder.joinpath
        limits = []
        for year, cells in LIMITS.items():
            for (use, source), (whole, reserve) in cells.items():
                limits.append(("65", year, use, source, whole, 0))
                limits.append(("6599", year, use, source, reserve, 0))
                limits.append(("6501", year, use, source, whole - reserve, 0))
        days = (f"{YEAR}-01-01", f"{YEAR + 1}-12-31")
        files = [
            table(write("person.csv"), "name role email", [("李水政", "officer", "li@county.example")]),
            table(
                write("region.csv"),
                "code name_zh parent is_reserve tree person",
                [
                    *((*one, "admin", "李水政") for one in REGIONS),
                    ("B1", "头屯河流域", "", "no", "basin", ""),
                ],
            ),
            table(write("limit.csv"), "region year class source volume_m3 rounding_m3", limits),
            table(
                write("holder.csv"),
                "code name_zh sort region",
                [("v1", "一村村委会", "village", "650101"), ("v2", "二村村委会", "village", "650102")],
            ),
            table(
                write("permit.csv"),
                "number holder volume_m3 class source from_date to_date",
                [
                    (f"P-{site}", "v1" if village == "650101" else "v2", volume, use, source, *days)
                    for site, village, use, source, _, _, _, _, volume in SITES
                ],
            ),
            table(
                write("site.csv"),
                "site region class source sort point allowed_m3 minimum_m3 holder permit status basin",
                [
                    (*one[:8], "v1" if one[1] == "650101" else "v2", f"P-{one[0]}", "licensed", "B1")
                    for one in SITES
                ],
            ),
            table(
                write("meter.csv"),
                "serial site quantity multiplier from_date due_date opening_register",
                [
                    row
                    for site, *_ in SITES
                    for row in (
                        (f"W-{site}", site, "water", "1", "2026-12-01", "2028-12-01", "0"),
                        (SUPPLY[site], site, "supply", "40", "2026-12-01", "", "0"),
                    )
                    if not (site == "well-3" and row[2] == "water")
                ],
            ),
            table(
                write("coefficient.csv"),
                "site from_date m3_per_kwh tested_date method",
                [("well-3", "2026-12-01", "2.5", "2026-11-20", "volumetric")],
            ),
            table(
                write("norm.csv"),
                "crop irrigation year m3_per_mu",
                [("cotton", "drip", year, "330") for year in LIMITS],
            ),
            table(
                write("plot.csv"),
                "site year crop irrigation area_mu",
                [
                    (site, year, "cotton", "drip", area)
                    for year in LIMITS
                    for site, area in (("well-1", 110), ("well-2", 90), ("well-3", 60), ("canal-1", 150))
                ],
            ),
            table(
                write("price.csv"),
                "class basis year step from_percent yuan_per_m3",
                [
                    ("farming", "plan", year, step, at, fen)
                    for year in LIMITS
                    for step, at, fen in ((1, 0, "0.20"), (2, 100, "0.40"))
                ],
            ),
        ]
        return self.gateway("registry", "import", *files, "--because", "survey of 2026", "--by", "li")

    def decompose(self, year):
        """Every limit of the county down to its wells; each proof adds up. Return {site: litres}."""
        for use, source in LIMITS[year]:
            proof = self.folder / f"proof-{year}-{use}-{source}.csv"
            cell = ("--class", use, "--source", source, "--cap", "permit")
            cell += (
                ("--weight", "allowed") if use == "domestic" else ("--weight", "demand", "--cap", "demand")
            )
            more = ("--because", f"plan of {year}", "--document", f"P-{year}", "--by", "li", "--out", proof)
            self.gateway("quota", "decompose", "--year", year, "--region", "65", *cell, *more)
            self.run("quota", "verify", proof)
            self.serve()  # the next class is shared out after what was decided is in the log
        self.gateway("quota", "check", "--year", year)
        return self.plans(year)

    def plans(self, year):
        """{site: m³ of the year} as the registry has them."""
        names = [f"{site}/{year}/year" for site, *_ in SITES]
        return {
            one["site"]: one["volume_m3"]
            for one in (self.facts("registry", "show", "plan", name)["values"] for name in names)
        }

    # -- the regulator's office ----------------------------------------------------------------

    def set_up_office(self):
        """Its own limits, keys and trust; nothing of it comes from the gateway."""
        self.office.mkdir()
        table(
            self.office / "regions.csv", "region name parent", [one[:3] for one in REGIONS if one[3] == "no"]
        )
        table(self.office / "sites.csv", "site region class source", [one[:4] for one in SITES])
        rows = [
            ("65", year, use, source, whole)
            for year, cells in LIMITS.items()
            for (use, source), (whole, _) in cells.items()
        ]
        table(self.office / "limits.csv", "region year class source volume_m3", rows)
        (self.office / "rules.toml").write_text("evidence_days = 366\n")
        trust = {"provisioner": public(PROVISIONER).hex(), "regulator": [public(REGULATOR).hex()]}
        (self.office / "trust.json").write_text(json.dumps(trust))
        keys.keep(self.office / "root.pem", REGULATOR, PASSPHRASE)
        self.run("limits", "check", "--office", self.office, app=regulator)

    def give_rights(self, year, name, *more, office=()):
        """Ask, look, sign, deliver; the wells answer. Return what the office was shown."""
        request, grants = self.folder / f"{name}.request", self.folder / f"{name}.grants"
        words = ("grants", "prepare", "--year", year, "--out", request, "--because", name, "--document", name)
        self.gateway(*words, *more)
        sign = (
            "grant",
            request,
            "--office",
            self.office,
            "--key",
            self.office / "root.pem",
            "--out",
            grants,
            *office,
        )
        shown = json.loads(self.run(*sign, "--json", ok=3, app=regulator))
        self.run(*sign, "--json", "--digest", shown["digest"], app=regulator)
        self.gateway("grants", "deliver", grants)
        self.serve()
        return shown

    def in_force(self, year):
        """{site: litres of its right} of wells that run with their newest grant."""
        return {
            one["site"]: one["right_l"]
            for one in self.facts("grants", "state", "--year", year)
            if one["state"] == "accepted"
        }

    # -- farmers ------------------------------------------------------------------------------

    def irrigate(self, site, moment, hours):
        """A start that somebody presses; what came of it is in the well's records."""
        taken = self.wells[site].irrigate_from(at(moment), hours)
        self.now_s = max(self.now_s, self.wells[site].utc_s)
        return taken

    def drink(self, month):
        """The village's drinking water of a month, 480 m³; no right stops it."""
        moment = f"{YEAR}-{month:02d}-15T06"
        assert self.irrigate("well-d", moment, 8) == 480 * M3

    def rest(self, moment):
        """Every well idles until then and signs."""
        self.now_s = max(self.now_s, at(moment))
        for well in self.wells.values():
            if well.utc_s < at(moment):
                well.rest_until(at(moment))
                well.checkpoint()

    # -- the office, every month ---------------------------------------------------------------

    def close_month(self, month, *, despite=False):
        """On the fifth of the month after."""
        year, number = map(int, month.split("-"))
        after = f"{year + number // 12}-{number % 12 + 1:02d}-05T08"
        self.rest(after)
        self.serve()
        words = ("ledger", "close", "--month", month, "--because", "monthly dispatch")
        self.gateway(*words, *(("--despite",) if despite else ()))
        self.serve()

    def report(self, kind, period):
        """A report as a program reads it."""
        path = self.folder / f"{kind}-{period}.json"
        self.gateway("report", kind, "--period", period, "--format", "json", "--out", path, "--force")
        return json.loads(path.read_text())

    def trust(self):
        """What a verifier brings along: the office's keys, and that of the log."""
        path = self.folder / "trust.json"
        log = (self.data / "log.vkey").read_text().strip()
        path.write_text(json.dumps(json.loads((self.office / "trust.json").read_text()) | {"log": [log]}))
        return path

    def of_wells(self, kind, period):
        """The county's row of a report, of what is measured at wellheads."""
        (row,) = (
            one
            for one in self.report(kind, period)["tables"]["regions"]
            if (one["region"], one["point"]) == ("65", "wellhead")
        )
        return row

    def alarms(self):
        """{(rule, subject, line)} of all that are open."""
        return {(one["rule"], one["subject"], one["line"]) for one in self.facts("alarms", "list")}

    def hold_back(self, site):
        """A well's modem is broken from now on."""
        self.held.add(site)

    def send_again(self, site):
        """It is repaired."""
        self.held.discard(site)

    def booked(self, span):
        """{site: litres} by the county's books."""
        with self.county.store.reading() as connection:
            found = usage.of_sites(connection, span)
        return {site: sum(by_method.values()) for site, by_method in found.items() if any(by_method.values())}

    # -- the truth ------------------------------------------------------------------------------

    def truth(self, span):
        """{site: litres} that the wells gave, by nobody's books."""
        return {site: well.litres_in(span) for site, well in self.wells.items() if well.litres_in(span)}
