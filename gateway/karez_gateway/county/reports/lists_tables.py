"""Lists that follow from figures and registry: overruns, users, limits, meters, idle wells. Pure."""

import datetime as dt
from collections.abc import Collection, Iterable

from karez_gateway.config.reports import Reports, UserList
from karez_gateway.county.ledger.classing import Placed
from karez_gateway.county.ledger.rollup import Line, roll
from karez_gateway.county.registry.objects import Values
from karez_gateway.county.registry.words import ALL, CLASSES, POINTS, QUANTITIES, SOURCES
from karez_gateway.county.reports import planned
from karez_gateway.county.reports.document import Cell, Litres, Permille, Table
from karez_gateway.county.reports.figures_tables import Scope, region_name, table, word
from karez_gateway.county.reports.planned import Standing
from karez_gateway.county.years.wateryear import YEAR

Row = tuple[Cell, ...]


def used(scope: Scope) -> dict[str, int]:
    """Site -> litres with corrections, late ones too: who used water used it, whenever it was told."""
    amounts = roll(scope.lines, lambda line: [line.site])
    return {site: one.total_l + one.late_l for site, one in amounts.items()}


def _litres(value: int | None) -> Cell:
    return None if value is None else Litres(value)


def overruns(scope: Scope, year: int, period: str) -> Table:
    """Sites over their plan or over their norm: two figures, each with its own list to be on (G06)."""
    taken = used(scope)
    plans = planned.plans(scope.registry, year, period)
    norms = planned.norms(scope.registry, year) if period == YEAR else {}
    rows: list[Row] = []
    for site in scope.sites:
        one = Standing(taken.get(site, 0), plans.get(site), norms.get(site))
        if one.over_plan_l or one.over_norm_l:
            part = one.of_plan_permille
            rows.append(
                (
                    site,
                    scope.user(site),
                    Litres(one.used_l),
                    _litres(one.plan_l),
                    None if part is None else Permille(part),
                    _litres(one.over_plan_l),
                    _litres(one.norm_l),
                    _litres(one.over_norm_l),
                )
            )
    heads = ("site", "user", "used", "plan", "of_plan", "over_plan", "norm", "over_norm")
    return table(scope.say, "overruns", heads, rows)


def _by_user(scope: Scope, year: int) -> dict[tuple[str, str], Standing]:
    mine = set(scope.sites)
    plans = {site: litres for site, litres in planned.plans(scope.registry, year).items() if site in mine}
    taken = used(scope)
    sites = {*plans, *taken}
    points = {site: scope.placed(site).point for site in sites}
    return planned.by_user(taken, plans, {site: scope.user(site) for site in sites}, points)


def balance(scope: Scope, year: int, lines: Reports) -> Table:
    """Users who took so much of their yearly plan that they owe a water-balance test (C21)."""
    rows: list[Row] = []
    for (user, point), one in sorted(_by_user(scope, year).items()):
        if one.reaches(lines.balance_percent):
            part = one.of_plan_permille
            shown = None if part is None else Permille(part)
            where = word(scope.say, POINTS, point)
            rows.append(
                (user, where, Litres(one.used_l), _litres(one.plan_l), shown, f"≥ {lines.balance_percent} %")
            )
    return table(scope.say, "balance", ("user", "point", "used", "plan", "of_plan", "line"), rows)


def users(scope: Scope, year: int, lines: Reports) -> Table:
    """Every list of users by yearly volume that is in force in a year."""
    say = scope.say
    lists = lines.lists_of(year)
    rows = [row for one in lists for row in _on(one, scope)]
    made = table(say, "users", ("list", "user", "point", "used", "line", "why"), rows)
    return made if lists else table(say, "users", ("list",), [(say.text("no-lists"),)])


def _on(one: UserList, scope: Scope) -> Iterable[Row]:
    sums: dict[tuple[str, str], int] = {}
    named: set[str] = set()
    taken = used(scope)
    for site in scope.sites:
        user = scope.user(site)
        if user in one.always or site in one.always:
            named.add(user)
        elif not _fits(one, scope, site, user):
            continue
        key = user, scope.placed(site).point
        sums[key] = sums.get(key, 0) + taken.get(site, 0)
    name = one.zh if scope.say.language == "zh" else one.en
    sign, line_m3 = (">", one.over_m3) if one.over_m3 is not None else ("≥", one.at_least_m3)
    for (user, point), litres in sorted(sums.items()):
        reached = one.holds(litres)
        if reached or user in named:
            why = scope.say.text("reached" if reached else "always")
            where = word(scope.say, POINTS, point)
            yield (name, user, where, Litres(litres), f"{sign} {line_m3:,} m³", why)


def _fits(one: UserList, scope: Scope, site: str, user: str) -> bool:
    placed = scope.placed(site)
    holder: Values = scope.registry.get("holder", user) or {}
    return (
        (not one.classes or placed.use in one.classes)
        and (not one.sources or placed.source in one.sources)
        and (not one.holders or holder.get("sort") in one.holders)
    )


def targets(scope: Scope, year: int) -> Table:
    """Limits of this year and years to come, and what is left to each; below zero it is exceeded (T12)."""
    say, place = scope.say, scope.books.placing.of

    def keys(line: Line) -> Iterable[tuple[str, Placed]]:
        placed = place(line.site, line.at)
        bare = placed._replace(admin=(), basin=(), holder="")
        return [(region, bare) for region in scope.regions(placed)]

    amounts = roll(scope.lines, keys)
    regions = {region for site in scope.sites for region in scope.regions(scope.placed(site))}
    rows: list[Row] = []
    for _, limit in scope.registry.of_kind("limit"):
        if int(limit["year"]) < year or limit["region"] not in regions:
            continue
        of_it = {
            placed: amount.total_l + amount.late_l
            for (region, placed), amount in amounts.items()
            if region == limit["region"]
            and limit["class"] in (ALL, placed.use)
            and limit["source"] in (ALL, placed.source)
        }
        is_one = len({placed.point for placed in of_it}) < 2
        rows.append(_target(scope, limit, sum(of_it.values()) if is_one else None))
    heads = ("region", "year", "use", "source", "limit", "used", "distance", "state")
    return table(say, "targets", heads, rows, say.text("point"))


def _target(scope: Scope, limit: Values, taken_l: int | None) -> Row:
    """A limit and what is left to it; `taken_l` None: volumes of several metering points, never added up."""
    say, limit_l = scope.say, int(limit["volume_l"])
    left_l = None if taken_l is None else limit_l - taken_l
    state = "parts" if left_l is None else "within" if left_l >= 0 else "beyond"
    use, source = str(limit["class"]), str(limit["source"])
    return (
        region_name(say, scope.registry, str(limit["region"])),
        str(limit["year"]),
        say.text("every") if use == ALL else word(say, CLASSES, use),
        say.text("every") if source == ALL else word(say, SOURCES, source),
        Litres(limit_l),
        _litres(taken_l),
        _litres(left_l),
        say.text(state),
    )


def meters(scope: Scope, lines: Reports) -> Table:
    """Meters of these sites whose verification has ended or ends soon, and those never verified (C24)."""
    last = scope.civil.local(scope.books.span.to_utc_s - 1).date()
    until = (last + dt.timedelta(days=lines.due_days)).isoformat()
    mine = set(scope.sites)
    rows: list[Row] = []
    for serial, one in scope.registry.of_kind("meter"):
        was_there = str(one["from_date"]) <= last.isoformat() <= str(one.get("to_date", "9999"))
        due = one.get("due_date")
        if one["site"] not in mine or not was_there or (due is not None and str(due) > until):
            continue
        state: Cell = None
        if due is None:
            state = scope.say.text("never")
        elif str(due) < last.isoformat():
            state = scope.say.text("overdue", due=due)
        quantity = word(scope.say, QUANTITIES, str(one["quantity"]))
        verified = one.get("verified_date")
        rows.append((str(one["site"]), serial, quantity, verified, due, state))
    rows.sort(key=lambda row: (str(row[4] or ""), str(row[0])))
    return table(scope.say, "meters", ("site", "serial", "quantity", "verified", "due", "state"), rows)


def idle(scope: Scope, active: Collection[str], lines: Reports) -> Table:
    """Licensed wells without a litre for so long; `active`: sites that had one within that time."""
    rows: list[Row] = []
    for site in scope.sites:
        values = scope.registry.get("site", site)
        is_due = values is not None and values["sort"] == "well" and values["status"] == "licensed"
        if values is not None and is_due and site not in active:
            rows.append((site, str(values.get("name_zh", "")), f"> {lines.idle_days} d"))
    return table(scope.say, "idle", ("site", "name", "since"), rows)
