"""Records as a table: raw registers, books and verdict of each."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection

from karez_gateway.api import recordview
from karez_gateway.calendars import Calendar
from karez_gateway.entries.places import Places
from karez_gateway.exports.due import Period
from karez_gateway.exports.table import Cell, Column
from karez_gateway.store import bindings, outboxes, sites
from karez_gateway.store.sites import Chain, Whole

COLUMNS = (
    Column("site", "取水口"),
    Column("controller", "控制器"),
    Column("chain", "链"),
    Column("seq", "序号"),
    Column("kind", "记录类型"),
    Column("time", "记录时间"),
    Column("time_state", "时间状态"),
    Column("received", "接收时间"),
    Column("is_late", "迟到"),
    Column("verdict", "核验结果"),
    Column("reason", "隔离原因"),
    Column("cause", "事由"),
    Column("pump", "水泵状态"),
    Column("method", "计量方式代码"),
    Column("well_register_l", "累计取水量（升）"),
    Column("held_l", "待核水量（升）"),
    Column("energy_register_wh", "累计电量（瓦时）"),
    Column("water_register", "水表原始寄存器"),
    Column("energy_register", "电表原始寄存器"),
    Column("flow_lph", "流量（升/时）"),
    Column("power_w", "功率（瓦）"),
    Column("segment", "表计段"),
    Column("grant_seq", "用水指标号"),
    Column("status", "状态"),
    Column("alarms", "报警"),
    Column("entry", "证据（日志#序号）"),
    Column("slot_sha256", "记录 SHA-256"),
)
PAGE = 500
Row = tuple[Cell, ...]


class RecordRows:
    """Rows of records; late is what was taken before the span."""

    def __init__(self, connection: Connection, places: Places, civil: Calendar, span: Period) -> None:
        """Take an open snapshot."""
        self._connection = connection
        self._places = places
        self._civil = civil
        self._span = span

    def taken(self, named: Sequence[str]) -> Iterator[Row]:
        """Records whose own time lies in the span, site by site; those without a time between them, too."""
        for site in named:
            for chain in sites.chains(self._connection, site):
                for one in self._of_chain(chain):
                    yield self._row(site, chain.controller, chain.chain, one)

    def _of_chain(self, chain: Chain) -> Iterator[Whole]:
        first = sites.first_at(self._connection, chain, self._span.from_utc_s)
        behind: tuple[int, int] | None = None
        while True:
            page = sites.whole_records(self._connection, chain, first, behind, PAGE)
            for one in page:
                utc_s = one.seen.utc_s
                is_good = one.seen.reason is None and sites.is_sure(one.seen.head)
                if is_good and one.seen.head.utc_s >= self._span.to_utc_s:
                    return
                if utc_s is None or self._span.from_utc_s <= utc_s < self._span.to_utc_s:
                    yield one
            if len(page) < PAGE:
                return
            behind = page[-1].seen.seq, page[-1].seen.log_index

    def arrived(self, first_index: int, end_index: int, named: Collection[str] | None) -> Iterator[Row]:
        """Records between two places of the store, as they came: each in exactly one file, however late."""
        names = {one.id: one.name for one in outboxes.wells(self._connection)}
        owners: dict[tuple[int, int], str] = {}
        for one in sites.arrived(self._connection, first_index, end_index):
            key = (one.controller_id, one.chain)
            if key not in owners:
                owners[key] = bindings.of_chain(self._connection, key).site
            if named is None or owners[key] in named:
                yield self._row(owners[key], names[one.controller_id], one.chain, one.whole)

    def _row(self, site: str, controller: str, chain: int, one: Whole) -> Row:
        seen, civil = one.seen, self._civil
        view = recordview.of_slot(one.slot)
        place = self._places.of(seen.log_index)
        verdict = "unjudged" if not seen.is_judged else "good" if seen.reason is None else "quarantined"
        is_late = seen.utc_s is not None and seen.utc_s < self._span.from_utc_s
        return (
            site,
            controller,
            chain,
            seen.seq,
            view.kind,
            None if seen.utc_s is None else civil.iso(seen.utc_s),
            view.time_state,
            civil.iso(seen.received_utc_s),
            int(is_late),
            verdict,
            seen.reason,
            view.cause,
            view.pump,
            view.method,
            view.well_register_l,
            view.held_l,
            view.energy_register_wh,
            view.water_register,
            view.energy_register,
            view.flow_lph,
            view.power_w,
            view.segment,
            view.grant_seq,
            None if view.status is None else "; ".join(view.status),
            None if view.alarms is None else "; ".join(view.alarms),
            f"{place.log_origin}#{place.log_index}",
            view.slot_sha256,
        )
