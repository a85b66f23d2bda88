"""What a run of a fleet says: one object for programs, a dozen lines for people, from the same figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_simulators.fleet import roster, tally
from karez_simulators.fleet.tally import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from karez_simulators.fleet.audit import Audit
    from karez_simulators.fleet.phases import Phases
    from karez_simulators.fleet.plan import Plan

TLS = "TLS 1.2, each controller with its own P-256 certificate, and the gateway with its own"


def of(
    plan: Plan, broker: str, phases: Phases, results: list[dict[str, Any]], audit: Audit
) -> dict[str, Any]:
    """Return the report of a run."""
    counted = tally.merged([one["tally"] for one in results])
    latencies = {name: counted.pop(name) for name in ("made_to_ack_ms", "sent_to_ack_ms", "late_ms")}
    is_held = audit.is_clean and not counted["wrong_count"] and not audit.not_verified
    measured_s = phases.measured_s
    report: dict[str, Any] = {
        "held": is_held,
        "plan": plan.document(),
        "wells": plan.sites - roster.intakes(plan.sites),
        "intakes": roster.intakes(plan.sites),
        "broker": broker,
        "link": TLS,
        "processes": plan.processes,
        "connecting_s": round(phases.connected_s, 1),
        "measured_s": round(measured_s, 1),
        "records": {
            "made": counted.pop("records_made"),
            "measured": counted.pop("records_live"),
            "acknowledged": counted.pop("acknowledged"),
            "in_log": audit.records,
            "lost": audit.lost,
            "twice": audit.twice,
        },
        "link_counts": {name: value for name, value in counted.items() if name != "wrong"},
        "latency_ms": {name.removesuffix("_ms"): figures(one) for name, one in latencies.items()},
        "live_late_s": figures(audit.live_late_s),
        "drained_s": round(phases.drained_s, 1),
        "waiting_most": phases.waiting_most,
        "audit": {
            "not_verified": audit.not_verified,
            "litres_wrong": audit.litres_wrong,
            "acknowledged_not_stored": audit.acknowledged_not_stored,
            "strangers": audit.strangers,
        },
        "faults": [*counted["wrong"], *audit.faults],
        "cost": {
            name: {
                "core_share": round(one.share, 4),
                "rss_mb": round(one.rss_mb),
                "peak_mb": round(one.peak_mb),
            }
            for name, one in phases.costs.items()
        },
    }
    report["records_per_s"] = round(report["latency_ms"]["made_to_ack"]["count"] / measured_s, 1)
    if plan.draining:
        report["backlog"] = _backlog(plan, results)
    if phases.outage_s is not None:
        report["storm"] = _storm(phases)
    return report


def _backlog(plan: Plan, results: list[dict[str, Any]]) -> dict[str, Any]:
    drained_s = max(one["drained_ms"] for one in results) / 1000
    records = plan.draining * plan.backlog_records
    return {
        "sites": plan.draining,
        "records": records,  # of intervals; starts, stops and checkpoints come on top
        "drained_s": round(drained_s, 1),
        "records_per_s": round(records / drained_s, 1) if drained_s else None,
    }


def _storm(phases: Phases) -> dict[str, Any]:
    def shown(value: float | None) -> float | None:
        return None if value is None else round(value, 1)

    return {
        "outage_s": shown(phases.outage_s),
        "reconnected_s": shown(phases.reconnected_s),
        "caught_up_s": shown(phases.caught_up_s),
    }


def lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield the report for people, in English."""
    plan, records = report["plan"], report["records"]
    yield (
        f"{plan['shape']}: {report['wells']:,} wells and {report['intakes']} intakes, every "
        f"{plan['interval_s']} s, {report['measured_s']:,} s measured; broker {report['broker']}"
    )
    yield f"link       {report['link']}; all connected after {report['connecting_s']} s"
    yield (
        f"records    {records['made']:,} made, {records['acknowledged']:,} acknowledged, "
        f"{records['in_log']:,} in the gateway's log; {records['lost']} lost, {records['twice']} twice"
    )
    for name, title in (("made_to_ack", "made to acknowledged"), ("sent_to_ack", "sent to acknowledged")):
        yield f"latency    {title}, ms: {_percentiles(report['latency_ms'][name])}"
    yield f"late       own time to arrival at the gateway, s: {_percentiles(report['live_late_s'])}"
    yield f"generator  behind its own plan, ms: {_percentiles(report['latency_ms']['late'])}"
    counts = report["link_counts"]
    yield (
        f"frames     {counts['frames']:,} up, {counts['acknowledgements']:,} acknowledgements, "
        f"{counts['resent']} times sent again, {counts['losses']} connections lost"
    )
    if backlog := report.get("backlog"):
        yield (
            f"backlog    {backlog['records']:,} records of {backlog['sites']} sites "
            f"in {backlog['drained_s']:,} s, {backlog['records_per_s']:,} a second"
        )
    if storm := report.get("storm"):
        yield (
            f"storm      {storm['outage_s']} s without a broker; all connected "
            f"{_seconds(storm['reconnected_s'])} after it was back, nothing waiting "
            f"{_seconds(storm['caught_up_s'])} after it"
        )
    for name, cost in report["cost"].items():
        yield f"cost       {name}: {cost['core_share']:.1%} of one core, {cost['rss_mb']:,} MB"
    for fault in report["faults"]:
        yield f"fault      {fault}"
    yield "held: nothing lost, every acknowledgement true" if report["held"] else "NOT held: see faults"


def _percentiles(one: dict[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', '.')} {one[name]}" for name in ("p50", "p90", "p99", "p99_9", "max")
    )


def _seconds(value: float | None) -> str:
    return "not in time" if value is None else f"{value} s"
