"""What may be wrong with a gateway, looked for part by part; each part says what to do.

Nothing is changed, and a running service is not disturbed.
"""

import datetime as dt
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from karez_gateway import data
from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.entries import logview, origins, restored
from karez_gateway.errors import GatewayError
from karez_gateway.exports import status as exportstatus
from karez_gateway.intake.fieldlink import tls_context
from karez_gateway.operation import logstatus
from karez_gateway.service import servicestate
from karez_gateway.store import entries, objects, uploadactions
from karez_gateway.verifier.checkpoint import open_checkpoint

OK, WARNING, FAILED = "ok", "warning", "failed"

CONNECT_S = 3.0
# A day of 10,000 wells at a record every 5 minutes is 0.9 GB in table and log together.
DISK_FAILED_BYTES = 1 << 30
DISK_WARNING_BYTES = 30 << 30
CERTIFICATE_WARNING_DAYS = 30
# Behind the newest entry by more than this, this machine's clock is wrong, not the records' order.
CLOCK_SLACK_S = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: how it is, and what to do unless it is `ok`."""

    part: str
    state: str
    text: str


def examine(config: Config, now_utc_s: float | None = None) -> list[Finding]:
    """Look at every part; a part that cannot be looked at has failed."""
    now_utc_s = time.time() if now_utc_s is None else now_utc_s
    parts: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("disk", lambda: _disk(config.data)),
        ("store", lambda: _store(config, now_utc_s)),
        ("log", lambda: _log(config)),
        ("witness", lambda: _witnesses(config)),
        ("service", lambda: _service(config)),
        ("broker", lambda: _broker(config)),
        ("certificate", lambda: _certificates(config, now_utc_s)),
        ("destination", lambda: _destinations(config)),
        ("paused", lambda: _paused(config)),
        ("export", lambda: _exports(config, now_utc_s)),
        ("report", lambda: _half_year(config, now_utc_s)),
    ]
    found = []
    for part, look in parts:
        try:
            found += list(look())
        except (GatewayError, OSError, ValueError) as error:
            found.append(Finding(part, FAILED, str(error)))
    return found


def _disk(directory: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(directory).free
    state = OK if free >= DISK_WARNING_BYTES else WARNING if free >= DISK_FAILED_BYTES else FAILED
    text = f"{free / 1e9:.1f} GB free in {directory}"
    yield Finding("disk", state, text if state == OK else f"{text}: make room, or move the data directory")


def _store(config: Config, now_utc_s: float) -> Iterator[Finding]:
    with data.beside(config) as store, store.reading() as connection:
        count = entries.next_index(connection)
        newest_utc_s = entries.newest_received_utc_s(connection)
    yield Finding("store", OK, f"{config.store_url}: {count} entries")
    if newest_utc_s is not None and now_utc_s < newest_utc_s - CLOCK_SLACK_S:
        behind_s = int(newest_utc_s - now_utc_s)
        text = f"this machine's clock is {behind_s} s behind the newest entry: set it, and keep NTP running"
        yield Finding("clock", FAILED, text)
    else:
        yield Finding("clock", OK, dt.datetime.fromtimestamp(now_utc_s, dt.UTC).strftime("%F %T UTC"))


def _log(config: Config) -> Iterator[Finding]:
    restored.refuse_if_halted(config.data)
    origin = origins.current(config)
    key = origin.verifier_key()
    note, _ = logview.prove(origin.directory, origin.name, str(key), [])
    signed = open_checkpoint(note, origin.name, key).checkpoint.size
    size = origin.numbering().number_of(signed)
    with data.beside(config) as store, store.reading() as connection:
        count = entries.next_index(connection)
    if size > count:
        text = f"the log has {size} entries, the store only {count}: it was restored from an older backup"
        yield Finding("log", FAILED, f"{text}; begin a new origin: karez gateway new-origin")
    else:
        yield Finding("log", OK, f"{origin.name}: {signed} entries signed, {count - size} to be logged")


def _witnesses(config: Config) -> Iterator[Finding]:
    for one in logstatus.facts(config, 0)["witnesses"]:
        text = f"{one['name']}: {logstatus.witness_line(one)}"
        yield Finding("witness", OK if one["time_s"] and not one["problem"] else WARNING, text)


def _service(config: Config) -> Iterator[Finding]:
    facts = servicestate.read(config.data / data.SERVICE)
    if servicestate.is_running(facts):
        yield Finding("service", OK, f"process {facts['pid']}, broker {facts.get('broker', 'unknown')}")
    else:
        text = f"it does not run: karez gateway run --data {config.data}"
        yield Finding("service", WARNING, text)


def _broker(config: Config) -> Iterator[Finding]:
    broker = config.broker
    where = f"{broker.host}:{broker.port}"
    context = tls_context(broker)
    try:
        with closing(socket.create_connection((broker.host, broker.port), CONNECT_S)) as plain:
            if context is not None:
                with closing(context.wrap_socket(plain, server_hostname=broker.tls_name or broker.host)):
                    pass
    except ssl.SSLError as error:
        text = f"{where} refuses our TLS, or we its: {error.reason}; see certificate, key and ca"
        yield Finding("broker", FAILED, text)
    except OSError as error:
        text = f"{where} does not answer ({error.strerror or error}): start it, or correct [broker]"
        yield Finding("broker", FAILED, text)
    else:
        yield Finding("broker", OK, f"{where} answers" + ("" if context is None else " over TLS"))


def _certificates(config: Config, now_utc_s: float) -> Iterator[Finding]:
    for name in ("ca", "certificate"):
        path = getattr(config.broker, name)
        if path is None:
            continue
        for one in x509.load_pem_x509_certificates(path.read_bytes()):
            days = int((one.not_valid_after_utc.timestamp() - now_utc_s) // 86_400)
            if days < 0:
                yield Finding("certificate", FAILED, f"{path} ended {-days} days ago: renew it")
            elif days < CERTIFICATE_WARNING_DAYS:
                yield Finding("certificate", WARNING, f"{path} ends in {days} days: renew it")
            else:
                yield Finding("certificate", OK, f"{path} holds for {days} days")


def _destinations(config: Config) -> Iterator[Finding]:
    for one in config.destination:
        where = f"{one.name} at {one.host}:{one.port}"
        try:
            socket.create_connection((one.host, one.port), CONNECT_S).close()
        except OSError as error:
            text = f"{where} does not answer ({error.strerror or error}); its reports wait, nobody else's do"
            yield Finding("destination", WARNING, text)
        else:
            yield Finding("destination", OK, f"{where} answers")


def _paused(config: Config) -> Iterator[Finding]:
    with data.beside(config) as store, store.reading() as connection:
        for one in config.destination:
            held = uploadactions.pause(connection, one.name)
            if held is not None:
                text = f"{one.name}, by {held.wished_by}: karez gateway resume lets it have its reports"
                yield Finding("paused", WARNING, text)


def _exports(config: Config, now_utc_s: float) -> Iterator[Finding]:
    with data.beside(config) as store, store.reading() as connection:
        found = exportstatus.facts(connection, config, now_utc_s)
    for one in found:
        state = OK if exportstatus.is_well(one) else WARNING
        yield Finding("export", state, f"{one['name']}: {exportstatus.line(one)}")


def _half_year(config: Config, now_utc_s: float) -> Iterator[Finding]:
    """The half-year report is due some days into January and July, where a county keeps its books here."""
    now = Calendar(config.county.utc_offset_h).local(int(now_utc_s))
    day = config.county.reports.half_year_day
    if now.month not in (1, 7) or now.day > day:
        return
    with data.beside(config) as store, store.reading() as connection:
        is_county = any(True for _ in objects.registry(connection).of_kind("site"))
    if is_county:
        period = f"{now.year - 1}-H2" if now.month == 1 else f"{now.year}-H1"
        text = f"half-year report {period} is due on {now:%Y-%m}-{day:02}: karez gateway report half-year"
        yield Finding("report", WARNING, text)


def is_sound(findings: list[Finding]) -> bool:
    """True unless something has failed."""
    return all(one.state != FAILED for one in findings)
