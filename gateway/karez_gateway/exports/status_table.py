"""How wells stand now, as a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from karez_gateway.api import siteview
from karez_gateway.api.siteview import WORDS
from karez_gateway.calendars import Calendar
from karez_gateway.exports.table import Cell, Column

COLUMNS = (
    Column("site", "取水口"),
    Column("state", "状态代码"),
    Column("state_text", "状态"),
    Column("controller", "控制器"),
    Column("use", "用途"),
    Column("last_seen", "最近在线"),
    Column("last_record", "最近记录"),
    Column("stored_seq", "连续收到序号"),
    Column("top_seq", "最高序号"),
    Column("missing_records", "缺失记录数"),
    Column("unjudged_records", "待核记录数"),
    Column("verified_seq", "已核序号"),
    Column("verified_to", "已核至"),
    Column("covered_seq", "签名覆盖至序号"),
    Column("well_register_l", "累计取水量（升）"),
)


def rows(
    connection: Connection,
    named: Sequence[str],
    civil: Calendar,
    language: str,
    presence: Mapping[str, Mapping[str, Any]],
    now_utc_s: float,
) -> Iterator[tuple[Cell, ...]]:
    """A row for each site."""

    def time(utc_s: int | None) -> str | None:
        return None if utc_s is None else civil.iso(utc_s)

    for site in named:
        one = siteview.of_site(connection, site, presence, now_utc_s)
        yield (
            site,
            one.state,
            WORDS[one.state][1 if language == "zh" else 0],
            one.controller,
            one.use,
            time(one.last_seen_utc_s),
            time(one.last_record_utc_s),
            one.stored_seq,
            one.top_seq,
            one.missing_records,
            one.unjudged_records,
            one.verified_seq,
            time(one.verified_to_utc_s),
            one.covered_seq,
            one.volume_l,
        )
