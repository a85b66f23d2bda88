"""Makes a report of a period: what it holds by its kind, and what every page of it says."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.calendars import DAY, MONTH, Calendar
from karez_gateway.config import Config
from karez_gateway.county.ledger import books as ledger_books
from karez_gateway.county.ledger.books import Books
from karez_gateway.county.ledger.hearing import Rates
from karez_gateway.county.reports import acts_table, figures_tables, lists_tables
from karez_gateway.county.reports.document import Litres, Permille, Report, Table, shown
from karez_gateway.county.reports.figures_tables import Scope
from karez_gateway.county.reports.words import FACTS, TITLES, Say
from karez_gateway.county.years.periods import HALF, QUARTER, YEAR, Period
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.entries.places import Places
from karez_gateway.errors import Refused
from karez_gateway.ledger.figures import STATISTIC_EN, STATISTIC_ZH
from karez_gateway.store import closings, rollups

KINDS = (DAY, MONTH, QUARTER, HALF, YEAR)
DAY_S = 86_400

# What each kind holds, in this order.
TABLES: Mapping[str, tuple[str, ...]] = {
    DAY: ("regions", "classes", "sites", "corrections"),
    MONTH: ("regions", "classes", "overruns", "sites", "meters", "corrections", "late"),
    QUARTER: ("regions", "months", "classes", "sites", "corrections", "late"),
    HALF: ("regions", "months", "classes", "targets", "sites", "meters", "corrections", "late"),
    YEAR: (
        "regions",
        "months",
        "classes",
        "targets",
        "overruns",
        "balance",
        "users",
        "sites",
        "meters",
        "idle",
        "corrections",
        "late",
    ),
}
GROUND_ONLY = (QUARTER,)  # 地下水季报


class Log(NamedTuple):
    """The log that the figures can be proved with: its newest checkpoint."""

    origin: str
    size: int
    root: str  # hexadecimal; empty: no checkpoint yet


class Wish(NamedTuple):
    """What is asked for."""

    period: Period
    region: str
    language: str


class Maker:
    """One report over one snapshot of the store."""

    def __init__(self, connection: Connection, config: Config, log: Log, now_s: int) -> None:
        """Take the snapshot, and what stands in the log."""
        self._connection = connection
        self._config = config
        self._log = log
        self._now_s = now_s
        civil = ledger_calendar(config)
        self._years = WaterYears(civil, config.county.water_year_month)
        self._civil = civil

    def make(self, wish: Wish) -> Report:
        """The report. Raises Refused for a region that is not there, or a period that has not begun."""
        if wish.period.span.from_utc_s >= self._now_s:
            raise Refused(f"{wish.period.name} has not begun")
        if wish.period.kind not in KINDS:
            raise Refused(f"there is no report of an hour: one of {', '.join(KINDS)}")
        say = Say(wish.language)
        books = ledger_books.read(self._connection, wish.period.span, self._civil, self._now_s)
        scope = self._scope(books, wish, say)
        makers = self._makers(scope, wish.period)
        tables = tuple(makers[name]() for name in TABLES[wish.period.kind])
        facts = self._facts(scope, wish)
        line = " · ".join(facts[key] for key in ("period", "complete", "state", "made"))
        return Report(
            language=wish.language,
            kind=wish.period.kind,
            title=say.pick(TITLES[wish.period.kind]),
            subtitle=f"{wish.period.name} · {facts['region']}",
            line=f"{self._method(say, short=True)} · {line}",
            facts=tuple((say.pick(FACTS[key]), value) for key, value in facts.items()),
            tables=tables,
            page=say.text("page", page="{page}", pages="{pages}"),
            made_utc_s=min(self._now_s, wish.period.span.to_utc_s),
        )

    def _scope(self, books: Books, wish: Wish, say: Say) -> Scope:
        registry = books.registry
        if wish.region and registry.get("region", wish.region) is None:
            raise Refused(f"region {wish.region} is not in the registry")
        only_ground = wish.period.kind in GROUND_ONLY

        def belongs(site: str, at: int) -> bool:
            placed = books.placing.of(site, at)
            fits = not wish.region or wish.region in (*placed.admin, *placed.basin)
            return fits and (not only_ground or placed.source == "ground")

        lines = [one for one in books.lines if belongs(one.site, one.at)]
        last = len(books.months) - 1
        seen = {one.site for one in lines}
        sites = [site for site in books.sites if site in seen or belongs(site, last)]
        return Scope(books, registry, lines, sites, self._civil, say, wish.region)

    def _makers(self, scope: Scope, period: Period) -> dict[str, Callable[[], Table]]:
        lines = self._config.county.reports
        year = self._years.of(period.span.from_utc_s)
        month = self._civil.local(period.span.from_utc_s).strftime("%m")
        of_plan = month if period.kind == MONTH else YEAR
        return {
            "regions": lambda: figures_tables.by_region(scope),
            "classes": lambda: figures_tables.by_class(scope),
            "months": lambda: figures_tables.by_month(scope),
            "sites": lambda: figures_tables.by_site(scope),
            "late": lambda: figures_tables.late(scope),
            "corrections": lambda: acts_table.corrections(self._connection, scope, Places(self._config)),
            "overruns": lambda: lists_tables.overruns(scope, year, of_plan),
            "balance": lambda: lists_tables.balance(scope, year, lines),
            "users": lambda: lists_tables.users(scope, year, lines),
            "targets": lambda: lists_tables.targets(scope, year),
            "meters": lambda: lists_tables.meters(scope, lines),
            "idle": lambda: lists_tables.idle(scope, self._active(scope, lines.idle_days), lines),
        }

    def _active(self, scope: Scope, days: int) -> set[str]:
        """Sites that had a litre within so many days of the period's end."""
        end = scope.books.span.to_utc_s
        found = rollups.sums(self._connection, (max(end - days * DAY_S, 0), end))
        return {one.site for one in found if one.litres > 0}

    def _method(self, say: Say, *, short: bool = False) -> str:
        text = STATISTIC_ZH if say.language == "zh" else STATISTIC_EN
        if not short:
            return text
        return "计量方式逐项列示" if say.language == "zh" else "each figure by its method"

    def _facts(self, scope: Scope, wish: Wish) -> dict[str, str]:
        say, civil, log = scope.say, self._civil, self._log
        span = wish.period.span
        region = (
            figures_tables.region_name(say, scope.registry, wish.region) if wish.region else say.text("all")
        )
        facts = {
            "gateway": self._config.gateway.name,
            "period": f"{wish.period.name} ({civil.iso(span.from_utc_s)} – {civil.iso(span.to_utc_s)})",
            "region": f"{wish.region} {region}".strip(),
            "method": self._method(say),
            "figure": say.text("figure"),
            "point": say.text("point"),
            "uncertain": say.text("uncertain"),
            "complete": _complete(scope),
            "state": self._state(scope, wish.period),
            "late": _late(scope),
            "made": say.text(
                "made", entries=scope.books.entries, origin=log.origin, size=log.size,
                root=log.root[:16] or say.text("no-log"),
            ),
        }  # fmt: skip
        if wish.period.kind == HALF:
            facts["due"] = say.text("due", day=self._config.county.reports.half_year_day)
        return facts

    def _state(self, scope: Scope, period: Period) -> str:
        books, say, civil = scope.books, scope.say, self._civil
        if period.kind == DAY:
            month = civil.start(MONTH, period.span.from_utc_s)
            of_month = closings.between(self._connection, month, civil.after(MONTH, month))
            if of_month and of_month[0].log_index is not None:
                return say.text("inside-closed", month=civil.name(MONTH, month))
            return say.text("open")
        if not books.closed:
            return say.text("open")
        names = [civil.name(MONTH, one.from_utc_s) for one in books.months]
        opened = [at for at in range(len(names)) if at not in books.closed]
        told = _runs(names, opened) or say.text("none")
        return say.text("closed-months", closed=_runs(names, sorted(books.closed)), open=told)


def ledger_calendar(config: Config) -> Calendar:
    """The civil time at which the county counts."""
    return Calendar(config.county.utc_offset_h)


def _late(scope: Scope) -> str:
    late = [one.late_l for one in scope.lines if one.late_l]
    volume = shown(Litres(sum(late)))
    return scope.say.text("late", volume=volume, rows=len(late)) if late else scope.say.text("none")


def _complete(scope: Scope) -> str:
    rates = figures_tables.summed(scope.books.rates.get(site, Rates()) for site in scope.sites)
    both = rates.arrival_permille, rates.online_permille
    arrival, online = (shown(None if one is None else Permille(one)) for one in both)
    return scope.say.text(
        "complete", arrival=arrival, online=online, sites=len(scope.sites),
        heard=f"{rates.heard:,}", expected=f"{rates.expected:,}",
    )  # fmt: skip


def _runs(names: Sequence[str], wanted: Sequence[int]) -> str:
    """Some months of a span, those that follow one another as one: 2026-01 – 2026-08, 2026-10."""
    runs: list[list[int]] = []
    for at in wanted:
        if runs and runs[-1][1] == at - 1:
            runs[-1][1] = at
        else:
            runs.append([at, at])
    return ", ".join(names[a] if a == b else f"{names[a]} – {names[b]}" for a, b in runs)
