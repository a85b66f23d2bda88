"""The ledger as a table: a row for each site, period and method, rows of late litres, rows of corrections."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from karez_gateway.calendars import HOUR_S, MONTH, Calendar
from karez_gateway.county.years.wateryear import Span
from karez_gateway.entries.places import Places
from karez_gateway.exports.due import Period
from karez_gateway.exports.saying import Saying
from karez_gateway.exports.table import Cell, Column
from karez_gateway.ledger import figures
from karez_gateway.ledger.figures import Figure
from karez_gateway.store import corrections
from karez_gateway.store.exports import OLDER

COLUMNS = (
    Column("row", "行类型"),
    Column("site", "取水口"),
    Column("period", "时段"),
    Column("from", "起"),
    Column("to", "止"),
    Column("volume_l", "水量（升）"),
    Column("late_l", "迟到水量（升）"),
    Column("method", "计量方式代码"),
    Column("method_text", "计量方式"),
    Column("records_good", "有效记录数"),
    Column("records_missing", "缺失记录数"),
    Column("records_quarantined", "隔离记录数"),
    Column("records_unjudged", "待核记录数"),
    Column("first_entry", "首条证据（日志#序号）"),
    Column("last_entry", "末条证据（日志#序号）"),
    Column("correction_l", "更正水量（升）"),
)
FIGURE, LATE, CORRECTION = "figure", "late", "correction"
Row = tuple[Cell, ...]


class LedgerRows:
    """Rows of one span; `saying` is there where earlier files of an export are to be kept in mind."""

    def __init__(
        self,
        connection: Connection,
        places: Places,
        civil: Calendar,
        step: str,
        span: Period,
        language: str,
        saying: Saying | None = None,
        entered: tuple[int, int] | None = None,
    ) -> None:
        """Take an open snapshot. `entered`: corrections by the entries that hold them, not by their span."""
        self._connection = connection
        self._places = places
        self._civil = civil
        self._step = step
        self._span = span
        self._language = language
        self._saying = saying
        self._entered = entered

    def of(self, sites: Sequence[str]) -> Iterator[Row]:
        """Rows site by site."""
        for site in sites:
            yield from self._figures(site)
            if self._saying is not None:
                yield from self._late(site, self._saying)
            yield from self._corrections(site)

    def _figures(self, site: str) -> Iterator[Row]:
        found = figures.of_site(self._connection, site, self._civil, self._step, *self._span)
        for one in found:
            counts = one.counts
            known = (counts.good, counts.missing, counts.quarantined, counts.unjudged)
            begin = (
                FIGURE,
                site,
                self._civil.name(self._step, one.from_utc_s),
                self._civil.iso(one.from_utc_s),
                self._civil.iso(one.to_utc_s),
            )
            if not one.figures and one.counts:
                yield (*begin, 0, 0, None, None, *known, None, None, 0)
            for each in one.figures:
                if self._saying is not None:
                    self._saying.add(site, one.from_utc_s, each.method, each.volume_l)
                evidence = self._evidence(each)
                yield (*begin, each.volume_l, 0, *self._method(each.method), *known, *evidence, 0)

    def _late(self, site: str, saying: Saying) -> Iterator[Row]:
        civil = self._civil
        for key, litres in saying.late(site).items():
            if key.month_utc_s == OLDER:
                end = saying.older_to_utc_s
                name, begin = f"< {civil.name(MONTH, end)}", None
            else:
                end = min(civil.after(MONTH, key.month_utc_s), self._span.from_utc_s)
                name, begin = civil.name(MONTH, key.month_utc_s), civil.iso(key.month_utc_s)
            nothing = (None,) * 6
            yield (LATE, site, name, begin, civil.iso(end), 0, litres, *self._method(key.method), *nothing, 0)

    def _corrections(self, site: str) -> Iterator[Row]:
        """Those of the span; of an export's file those that came into force since the file before."""
        if self._entered is None:
            found = corrections.in_force(self._connection, Span(*self._span), site)
        else:
            found = corrections.entered(self._connection, site, *self._entered)
        civil = self._civil
        for one in found:
            hour = civil.start(self._step, one.hour_utc * HOUR_S)
            span = civil.iso(one.from_utc_s), civil.iso(one.to_utc_s)
            place = self._places.of(one.log_index or 0)
            entry = f"{place.log_origin}#{place.log_index}"
            head = (CORRECTION, site, civil.name(self._step, hour), *span, 0, 0, *self._method(one.method))
            yield (*head, *(None,) * 4, entry, entry, one.litres)

    def _method(self, number: int) -> tuple[str, str]:
        method = figures.method(number)
        return method.code, method.zh if self._language == "zh" else method.en

    def _evidence(self, one: Figure) -> tuple[str, str]:
        first, last = self._places.of(one.first_entry), self._places.of(one.last_entry)
        return f"{first.log_origin}#{first.log_index}", f"{last.log_origin}#{last.log_index}"
