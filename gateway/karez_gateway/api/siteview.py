"""A site as others may see it: when it was last heard, what is missing, up to where it is verified."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from karez_gateway.controllers import registry
from karez_gateway.store import entries, revocations, sites
from karez_gateway.store.controllers import Controller
from karez_gateway.store.sites import Chain, Seen

# Idle wells report every 15 min, those with a full store every hour: two of them missed is silence.
SILENT_S = 2 * 3600

# Word for programs: what it says to people, in English and Chinese.
WORDS = {
    "nothing": ("nothing came yet", "尚无数据"),
    "reporting": ("it reports", "正常上报"),
    "silent": ("nothing came for two hours", "超过两小时无数据"),
    "revoked": ("its controller is believed no more", "控制器已吊销"),
    "broken": ("its chain is broken until the next signed statement", "数据链中断，待下一次签名恢复"),
}


class SiteView(NamedTuple):
    """One site. Times are UTC seconds; None: not known."""

    site: str
    state: str  # of WORDS
    controller: str
    use: str  # class of use, as `karez gateway controllers` says it
    last_seen_utc_s: int | None  # a record came, or the link said that it stands
    last_record_utc_s: int | None  # a record came
    is_online: bool | None  # None: the service does not say
    stored_seq: int
    top_seq: int
    missing_records: int  # numbers below the highest that have not come and are not declared lost
    unjudged_records: int  # came, and wait for those before them
    verified_seq: int
    verified_to_utc_s: int | None  # time of the last good record: figures up to here are settled
    covered_seq: int  # up to here a signature of the controller covers them
    volume_l: int | None  # W of the last good reading


def of_site(
    connection: Connection, site: str, presence: Mapping[str, Mapping[str, Any]], now_utc_s: float
) -> SiteView:
    """How a site stands now. Its newest binding speaks for it; `presence`: what the service heard last."""
    box = sites.boxes(connection, site)[0]
    found = sites.chains(connection, site)
    mine = [one for one in found if one.controller_id == box.id] or found
    newest = mine[-1] if mine else None
    heard = presence.get(box.name, {})
    came = _last_record_utc_s(connection, newest)
    seen = [utc_s for utc_s in (came, heard.get("utc_s")) if utc_s is not None]
    last_seen = max(seen, default=None)
    good = None if newest is None else sites.newest_good(connection, newest)
    ahead = sum(one.top_seq - one.stored_seq for one in found)
    stored_above = sum(sites.count_above(connection, one) for one in found if one.top_seq > one.stored_seq)
    unjudged = sum(one.stored_seq - one.verified_seq for one in found) + stored_above
    return SiteView(
        site=site,
        state=_state(connection, box, newest, last_seen, now_utc_s),
        controller=box.name,
        use=registry.CLASSES[box.site_class],
        last_seen_utc_s=last_seen,
        last_record_utc_s=came,
        is_online=bool(heard["online"]) if "online" in heard else None,
        stored_seq=newest.stored_seq if newest else 0,
        top_seq=newest.top_seq if newest else 0,
        missing_records=ahead - stored_above,
        unjudged_records=max(unjudged, 0),
        verified_seq=newest.verified_seq if newest else 0,
        verified_to_utc_s=_time(good),
        covered_seq=newest.covered_seq if newest else 0,
        volume_l=newest.volume_l if newest else None,
    )


def _last_record_utc_s(connection: Connection, newest: Chain | None) -> int | None:
    """When the record with the highest number came."""
    if newest is None:
        return None
    return entries.received_utc_s(connection, newest.controller_id, newest.chain, newest.top_seq)


def _time(good: Seen | None) -> int | None:
    return None if good is None else good.utc_s


def _state(
    connection: Connection, box: Controller, newest: Chain | None, last_seen: int | None, now_utc_s: float
) -> str:
    if revocations.of_controller(connection, box.id) is not None:
        return "revoked"
    if last_seen is None:
        return "nothing"
    if now_utc_s - last_seen > SILENT_S:
        return "silent"
    return "broken" if newest is not None and newest.broken else "reporting"
