"""Figures for Prometheus and a health answer, over HTTP on a port of this machine.

Sums over all controllers, never a line per well: a prefecture's 10,000 would cost more to scrape
than to run. `karez gateway status --json` tells of each.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Metric, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from karez_gateway.exports import status as exportstatus
from karez_gateway.service import servicestate
from karez_gateway.store import alarms, entries, exports, notices, outboxes, platforms, uploadactions
from karez_gateway.store.database import Database
from karez_gateway.store.schema import chain_state, controller, finding, fork, verdict

_TEXT = ("Content-Type", "text/plain; charset=utf-8")

# name, what it says, (connection) -> number
_SUMS: tuple[tuple[str, str, Callable[[Connection], Any]], ...] = (
    ("karez_log_entries", "Entries in table and log.", entries.next_index),
    ("karez_controllers", "Enrolled controllers.", lambda c: _count(c, controller)),
    (
        "karez_records_missing",
        "Numbers below the highest that have not come.",
        lambda c: c.execute(select(func.sum(chain_state.c.top_seq - chain_state.c.stored_seq))).scalar(),
    ),
    (
        "karez_records_unverified",
        "Records stored and not judged yet.",
        lambda c: c.execute(select(func.sum(chain_state.c.stored_seq - chain_state.c.verified_seq))).scalar(),
    ),
    (
        "karez_records_quarantined",
        "Records that failed a check; kept, and booked nowhere.",
        lambda c: c.execute(select(func.count()).where(verdict.c.reason.is_not(None))).scalar(),
    ),
    ("karez_forks", "Numbers under which two different records came.", lambda c: _count(c, fork)),
    ("karez_findings", "What good records show that a person should see.", lambda c: _count(c, finding)),
)


def _count(connection: Connection, table: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


class Figures(Collector):
    """Looks at store and service file at each scrape."""

    def __init__(self, store: Database, service_file: Path) -> None:
        """Take an open store; `service_file` is service.json."""
        self._store = store
        self._service_file = service_file

    def collect(self) -> Iterator[Metric]:
        """All figures of one moment."""
        with self._store.reading() as connection:
            for name, text, look in _SUMS:
                yield GaugeMetricFamily(name, text, value=look(connection) or 0)
            yield from self._outboxes(connection)
            yield from self._exports(connection)
            yield from self._alarms(connection)
        yield from self._live()

    @staticmethod
    def _outboxes(connection: Connection) -> Iterator[Metric]:
        reports = GaugeMetricFamily("karez_reports", "Reports by state.", labels=["destination", "state"])
        age = GaugeMetricFamily(
            "karez_report_oldest_seconds",
            "Since the oldest waiting report's record came; 0: none waits.",
            labels=["destination"],
        )
        paused = GaugeMetricFamily(
            "karez_destination_paused", "1 while a person has paused it.", labels=["destination"]
        )
        for name, tally in platforms.tallies(connection).items():
            for state in (outboxes.WAITING, outboxes.CONFIRMED, outboxes.REFUSED):
                reports.add_metric([name, state], getattr(tally, state))
            oldest = outboxes.oldest_received_utc_s(connection, name)
            age.add_metric([name], 0 if oldest is None else max(0, time.time() - oldest))
            paused.add_metric([name], int(uploadactions.pause(connection, name) is not None))
        yield from (reports, age, paused)

    @staticmethod
    def _alarms(connection: Connection) -> Iterator[Metric]:
        opened = GaugeMetricFamily("karez_alarms", "Alarms not cleared.", labels=["severity", "state"])
        told = GaugeMetricFamily("karez_notices", "Notices by state.", labels=["receiver", "state"])
        for labels, count in alarms.count_open(connection).items():
            opened.add_metric(list(labels), count)
        for labels, count in notices.totals(connection).items():
            told.add_metric(list(labels), count)
        yield from (opened, told)

    def _exports(self, connection: Connection) -> Iterator[Metric]:
        until = GaugeMetricFamily(
            "karez_export_until_seconds", "End of the newest exported period, UTC.", labels=["export"]
        )
        fails = GaugeMetricFamily(
            "karez_export_failing", "1 while its last attempt failed.", labels=["export"]
        )
        failing = exportstatus.failing(self._service_file.parent)
        for name, to_utc_s in exports.newest(connection).items():
            until.add_metric([name], to_utc_s)
        for name in failing:
            fails.add_metric([name], 1)
        yield until
        yield fails

    def _live(self) -> Iterator[Metric]:
        facts = servicestate.read(self._service_file)
        is_up = servicestate.is_running(facts)
        broker = is_up and facts.get("broker") == "connected"
        yield GaugeMetricFamily("karez_broker_up", "1 while the broker is connected.", value=int(broker))
        online = sum(1 for one in facts.get("presence", {}).values() if one.get("online")) if broker else 0
        yield GaugeMetricFamily(
            "karez_controllers_online", "Controllers whose link stands, as they say.", value=online
        )
        platforms = GaugeMetricFamily(
            "karez_destination_up", "1 while a platform is connected.", labels=["destination"]
        )
        for name, one in facts.get("destinations", {}).items():
            platforms.add_metric([name], int(is_up and bool(one.get("up"))))
        yield platforms
        for name, count in facts.get("counters", {}).items():
            yield CounterMetricFamily(f"karez_ingest_{name}", "Since the service started.", value=count)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """A scrape every few seconds is no news."""


@contextmanager
def served(store: Database, service_file: Path, host: str, port: int) -> Iterator[int]:
    """Answer /metrics and /health in a thread of its own; give the port. Raises OSError when it is taken."""
    registry = CollectorRegistry()
    registry.register(Figures(store, service_file))
    scrape = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            found: Iterable[bytes] = scrape(environ, start)
            return found
        if path != "/health":
            start("404 Not Found", [_TEXT])
            return [b"/metrics or /health\n"]
        is_up = servicestate.is_running(servicestate.read(service_file))
        status = HTTPStatus.OK if is_up else HTTPStatus.SERVICE_UNAVAILABLE
        start(f"{status.value} {status.phrase}", [_TEXT])
        return [b"running\n" if is_up else b"not running\n"]

    server = make_server(host, port, answer, _Server, _Silent)
    thread = threading.Thread(target=server.serve_forever, name="karez-metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
