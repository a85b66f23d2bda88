"""The table of corrections: what each one adds, who decided it and why, and where the log holds it."""

from sqlalchemy import Connection

from karez_gateway.county.ledger.corrections import KINDS
from karez_gateway.county.reports.document import Cell, Litres, Table
from karez_gateway.county.reports.figures_tables import Scope, table
from karez_gateway.entries.places import Places
from karez_gateway.ledger.figures import method
from karez_gateway.store import acts

HEADS = ("act", "entry", "site", "kind", "from", "to", "method", "volume", "by", "because")


def corrections(connection: Connection, scope: Scope, places: Places) -> Table:
    """A row for each correction in force that counts in the period."""
    say, civil = scope.say, scope.civil
    mine = set(scope.sites)
    known: dict[int, acts.Act] = {}
    rows: list[tuple[Cell, ...]] = []
    for one in scope.books.corrections:
        if one.site not in mine or one.log_index is None:
            continue
        if one.act_id not in known:
            found = acts.get(connection, one.act_id)
            if found is not None:
                known[one.act_id] = found
        act, place, way = known[one.act_id], places.of(one.log_index), method(one.method)
        why = f"{act.because} [{act.document}]" if act.document else act.because
        rows.append(
            (
                one.act_id,
                f"{place.log_origin}#{place.log_index}",
                one.site,
                say.pick(KINDS.get(one.kind, (one.kind, one.kind))),
                civil.iso(one.from_utc_s),
                civil.iso(one.to_utc_s),
                way.zh if say.language == "zh" else way.en,
                Litres(one.litres),
                act.by,
                why,
            )
        )
    return table(say, "corrections", HEADS, rows)
