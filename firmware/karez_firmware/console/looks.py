"""What the box knows just now: itself, pump, meters, lines, health, accounts."""

import binascii

from karez_protocols import causes, flag_names
from karez_protocols.constant import const

from ..core import pump
from ..core.accounts import NOBODY
from ..drivers import master
from ..store import objects
from . import verbs
from .refusal import Refused, number_in

_QUANTITIES = b"water energy level witness"
_SITE, _SITE_END = const(24), const(40)  # where its name stands in a binding (binding.HEADER)
_RAW_MS = const(15_000)  # a poll at rest, or a silent meter's longest pause
_FRAMES_MAX = const(24)  # of one reading: six requests, tried again
_FRAME_MAX = const(256)  # bytes; what is longer is noise


def rows(session, number, words):
    """Yield the rows of one of these verbs; return the last."""
    app = session.app
    yield
    if number == verbs.IDENTIFY:
        return _identity(app)
    if number == verbs.STATUS:
        return (yield from _status(app, number_in(words, 1, NOBODY)))
    if number == verbs.LIVE:
        return (yield from _live(app))
    if number == verbs.RAW:
        return (yield from _raw(app, words))
    if number == verbs.BUS:
        return (yield from _lines(app))
    if number == verbs.HEALTH:
        return _health(app)
    return (yield from _accounts(app))


# Phases of the link (mqtt_client.py), and what ends one.
_PHASES = "down connecting tls connack subscribing up waiting"
_LOSSES = {
    "overdue": "no answer in time",
    "closed": "closed by the other side",
    "refused": "refused by the broker, code %s",
    "Malformed": "what came is no MQTT",
    "MemoryError": "no memory for it",
}
# errno of Linux, and mbedTLS.
_ERRORS = {
    101: "no network leads there",
    104: "closed by the other side",
    110: "no answer in time",
    111: "nobody listens there",
    113: "no network leads there",
    -0x7200: "what came is no TLS",
    -0x7280: "closed by the other side",
    -0x7780: "the broker refuses our certificate or our TLS",
}


def _loss(last_loss):
    """Say how the last connection ended; None where none has."""
    if last_loss is None:
        return None
    phase, why, detail = last_loss
    words = _LOSSES.get(why)
    if words is None:
        words = detail if isinstance(detail, str) else _ERRORS.get(detail, "error %s")
    return _PHASES.split()[phase] + ": " + (words % detail if "%s" in words else words)


def _hex(data):
    return binascii.hexlify(data).decode()


def _identity(app):
    port, head = app.port, app.journal.head
    binding = objects.read_any(port.nor, objects.BINDING) or b""
    site = binding[_SITE:_SITE_END].rstrip(b"\0").decode()
    utc_s, time_state = port.utc()
    return (
        b"controller site key core_digest config_digest chain seq boot uptime_s tier utc_s time_state",
        (
            app.identity.name, site, _hex(app.identity.public), _hex(app.evidence.core_digest),
            _hex(app.evidence.config_digest), head["chain"], head["seq"], head["boot"], port.now_ms() // 1000,
            port.tier, utc_s, time_state,
        ),
    )  # fmt: skip


def _reasons(app, account, now_ms):
    """Yield every cause that stands against a start, one perhaps twice."""
    controller, parts, books = app.controller, app.parts, app.books
    permission, clock = controller.permission, parts.clock
    if controller.is_pumping or controller.pump.state != pump.OFF:
        yield causes.ALREADY_RUNNING
    if account not in parts.account_numbers and account != NOBODY:
        yield causes.IDENTITY_UNKNOWN
    if controller.contactor.runs and not controller.is_pumping:
        yield causes.FOREIGN_CURRENT
    if controller.cut_off.is_pending:
        yield causes.NOT_READY
    if controller.starting.rest_s(now_ms) and not controller.is_pumping:
        yield causes.RESTART_DELAY
    if controller.pump.state == pump.OFF:
        yield controller.protect(now_ms)
    yield parts.protection.lockout.refusal(now_ms)
    # Asked as if the time were trusted: else the question would write the event that it is not.
    ordered = parts.orders.cause(clock.date_utc_s, True, permission.is_protected)
    if clock.is_trusted:
        # What a start would be told first; what it hides comes below.
        yield permission.refusal(account, False, now_ms)
        yield parts.windows.cause(clock.utc_s, True)
    if clock.is_trusted or ordered != causes.ORDER_HOURS:
        yield ordered
    if permission.is_protected:
        return
    if not books.is_known or books.is_uncertain:
        yield causes.BOOKS_UNKNOWN
    yield parts.rights.exceeded(
        books.charged_l, books.energy_wh, clock.date_utc_s, False, False, clock.is_trusted
    )
    yield parts.accounts.cause(account, books.volume_l, books.held_l)


def _status(app, account):
    controller, books, now_ms = app.controller, app.books, app.port.now_ms()
    reasons: list = []
    for cause in _reasons(app, account, now_ms):
        if cause and cause not in reasons:
            reasons.append(cause)
    status, alarms = controller.recorder.status, controller.recorder.alarms
    yield (
        b"status alarms",
        (
            flag_names.named(status, flag_names.STATUS_NAMES),
            flag_names.named(alarms, flag_names.ALARM_NAMES),
        ),
    )
    return (
        b"pump refused_by refused_causes last_refused last_stop volume_l held_l left_l method segment \
rest_s lockout_s",
        (
            pump.STATE_NAMES[controller.pump.state], [causes.name(one) for one in reasons], reasons,
            causes.name(controller.refused), causes.name(controller.stop_cause), books.volume_l, books.held_l,
            controller.left_l(), books.method, books.segment, controller.starting.rest_s(now_ms),
            app.parts.protection.lockout.left_s(now_ms),
        ),
    )  # fmt: skip


def _meter(app, quantity):
    recorder = app.controller.recorder
    found = (recorder.water, recorder.energy, recorder.level, recorder.witness)
    return found[_QUANTITIES.split().index(quantity.encode())]


def _state(state):
    return master.STATUS_NAMES[state] if state < len(master.STATUS_NAMES) else None


def _live(app):
    now_ms, books = app.port.now_ms(), app.books
    for quantity, _, _ in _readers(app):
        meter = _meter(app, quantity)
        values = {name: meter.values[name] for name in meter.values if meter.values[name] is not None}
        row = quantity, _state(meter.state), meter.age_ds(now_ms), _hex(meter.raw), values
        yield b"quantity state age_ds raw values", row
    return (
        b"pump contactor volume_l held_l energy_wh left_l testing",
        (
            pump.STATE_NAMES[app.controller.pump.state], bool(app.controller.contactor.aux), books.volume_l,
            books.held_l, books.energy_wh, app.controller.left_l(), app.controller.trial is not None,
        ),
    )  # fmt: skip


def _readers(app):
    """Yield (quantity, reader or None for pulses, bus) of every meter."""
    for bus in app.buses:
        for quantity, reader in bus.readers:
            yield quantity, reader, bus


def _lines(app):
    for quantity, reader, _ in _readers(app):
        if reader is None:
            yield b"quantity kind", (quantity, "pulses")
            continue
        counts = dict(zip(master.STATUS_NAMES, reader.counts))
        disturbed = dict(zip(master.STATUS_NAMES, reader.disturbed))
        row = quantity, reader.address, reader.line[0], counts, disturbed, reader.failed
        yield b"quantity address baud readings disturbed failed_in_row", row
    for bus in app.buses:
        if bus.readers[0][1]:
            line = bus.master
            yield b"tries stray_bytes", (dict(zip(master.STATUS_NAMES, line.counts)), line.stray_bytes)


def _raw(app, words):
    quantity = words[1] if len(words) == 2 else ""
    found = [one[1:] for one in _readers(app) if one[0] == quantity and one[1] is not None]
    if not found:
        raise Refused(b"usage: expected a quantity whose meter is read in bytes")
    reader, bus = found[0]
    frames: list = []
    line, first = bus.master, reader.profile.request(0, reader.address)
    wanted, begin = first.address, reader.codec.encode_request(first)

    def tap(is_ours, data):
        # From the reading's first request on: one that is half through tells half of it.
        is_ours_alone = line.request is not None and line.request.address == wanted
        if not is_ours_alone or (not frames and data != begin):
            return
        if not is_ours and not frames[-1][0] and len(frames[-1][1]) < _FRAME_MAX:
            frames[-1] = False, (frames[-1][1] + data)[:_FRAME_MAX]  # an answer comes as the UART hands it on
        elif len(frames) < _FRAMES_MAX:
            frames.append((is_ours, bytes(data[:_FRAME_MAX])))

    before = sum(reader.counts) + sum(reader.disturbed)
    until_ms = app.port.now_ms() + _RAW_MS
    line.tap = tap
    try:
        while app.port.now_ms() < until_ms:
            yield False
            count = sum(reader.counts) + sum(reader.disturbed)
            if count != before and frames:
                break
            before = count
    finally:
        line.tap = None
    for is_ours, data in frames:
        yield (b"request" if is_ours else b"answer"), (_hex(data),)
    return b"quantity state", (quantity, _state(_meter(app, quantity).state))


def _health(app):
    health, head = app.supervisor.health(), app.journal.head
    waiting, phase, last_loss = app.uplink.health
    dead, last_dead = app.journal.dead_sectors
    return (
        b"free late_ms failures tasks resets waiting fill_percent phase last_loss fram_dead dead_sectors \
last_dead acknowledged_seq refused_jobs",
        (
            health["free"], health["late_ms"], health["failures"], health["tasks"], health["resets"], waiting,
            app.journal.fill_percent(), _PHASES.split()[phase], _loss(last_loss),
            app.journal.is_fram_dead, dead, last_dead,
            head["acknowledged_seq"], app.background.refused,
        ),
    )  # fmt: skip


def _accounts(app):
    accounts, books = app.parts.accounts, app.books
    for number in sorted(app.parts.account_numbers):
        left_l = accounts.left_l(number, books.volume_l, books.held_l)
        yield b"account used_l left_l", (number, accounts.used_of(number, books.volume_l), left_l)
    return b"volume_l nobody_l", (
        books.volume_l,
        books.volume_l and books.volume_l - accounts.total_l(books.volume_l),
    )
