"""What the SZY 206 tests share: a report, a session that is logged in, the platform's confirm."""

from karez_gateway.uploads.stream_events import LoggedIn
from karez_gateway.uploads.szy206_events import FlowReport, SessionSettings
from karez_gateway.uploads.szy206_session import Szy206Session
from karez_protocols import szy206
from karez_protocols import szy206_messages as messages
from karez_protocols.szy206_time import tag_at

A = szy206.address_of("410105", 1)
B = szy206.address_of("410105", 2)
UTC_S = 1_720_750_500  # 2024-07-12 10:15:00 on the platform's clock
ANSWER_MS = 1000
KEEP_MS = 60_000
SETTINGS = SessionSettings(answer_ms=ANSWER_MS, keep_alive_ms=KEEP_MS)
QUESTION = szy206.encode(szy206.Frame(False, A, 0x5E))


def report(volume_m3=12345, utc_s=UTC_S, address=A, flow_lph=50400, alarm=0, state=0x20):
    return FlowReport(address, flow_lph, volume_m3, alarm, state, utc_s)


def confirm(request: bytes, mode: int = 0, dialect=szy206.SZY206_2016) -> bytes:
    message = messages.confirm_of(szy206.decode(request))
    message.mode = mode
    if dialect.confirm_with_tp:
        message.tag = tag_at(UTC_S, 0)
    return message.encode(dialect)


def logged_in(settings=SETTINGS):
    session = Szy206Session(A, settings)
    session.connected(0)
    assert session.receive(confirm(session.data_to_send()), 0) == [LoggedIn(A)]
    return session
