"""The ledger as a table: a row for each site, period and method, and rows of late litres."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from karez_gateway import figures
from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.exports.due import Period
from karez_gateway.exports.saying import Saying
from karez_gateway.exports.table import Cell, Column
from karez_gateway.figures import Figure
from karez_gateway.places import Places
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
)
FIGURE, LATE = "figure", "late"
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
    ) -> None:
        """Take an open snapshot."""
        self._connection = connection
        self._places = places
        self._civil = civil
        self._step = step
        self._span = span
        self._language = language
        self._saying = saying

    def of(self, sites: Sequence[str]) -> Iterator[Row]:
        """Rows site by site."""
        for site in sites:
            yield from self._figures(site)
            if self._saying is not None:
                yield from self._late(site, self._saying)

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
            if not one.figures:
                yield (*begin, 0, 0, None, None, *known, None, None)
            for each in one.figures:
                if self._saying is not None:
                    self._saying.add(site, one.from_utc_s, each.method, each.volume_l)
                yield (*begin, each.volume_l, 0, *self._method(each.method), *known, *self._evidence(each))

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
            yield (LATE, site, name, begin, civil.iso(end), 0, litres, *self._method(key.method), *nothing)

    def _method(self, number: int) -> tuple[str, str]:
        method = figures.method(number)
        return method.code, method.zh if self._language == "zh" else method.en

    def _evidence(self, one: Figure) -> tuple[str, str]:
        first, last = self._places.of(one.first_entry), self._places.of(one.last_entry)
        return f"{first.log_origin}#{first.log_index}", f"{last.log_origin}#{last.log_index}"
