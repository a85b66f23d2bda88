"""Both verifiers read SL 651 receipts, each in its own way, and say the same of them."""

import json
import random
from pathlib import Path

import pytest

from karez_gateway.uploads import sl651
from karez_gateway.uploads.sl651_message import message_of
from karez_protocols import entry, record
from karez_protocols import sl651 as codec
from karez_protocols import sl651_messages as messages
from karez_protocols.sl651_frames import ACK, ENQ, EOT, ESC
from karez_protocols.sl651_stations import INTAKE
from karez_protocols.sl651_times import time_at
from karez_protocols.sl651_writing import encode_message

from . import second_sl651
from .bundles import season_with_log
from .second_sl651 import crc16
from .test_verifier_second import agree

STATION = bytes.fromhex("4101050100")
VECTORS = Path(__file__).parents[1] / "vectors" / "sl651.json"
FORMS = tuple(sl651.DIALECTS)


@pytest.fixture(scope="module")
def season():
    well, entries = season_with_log()
    seq = next(at for at, slot in enumerate(well.slots, 1) if slot[1] == record.STOP)
    return well, entries, seq


def receipt(
    slot, form="651", *, serial=7, station=STATION, end=EOT, answer_serial=None, extra=None, **changes
):
    """Frames of a report and of its confirm; `changes` of the report's values."""
    spoken = sl651.DIALECTS[form]
    report = sl651.report_of(slot, STATION, 0)
    values = vars(report) | changes
    message = message_of(type(report)(**values), INTAKE, spoken, serial, time_at(1_790_000_000, 28800))
    line = messages.Line(1, STATION, 0x1234, spoken.is_ascii)
    request = codec.encode(encode_message(message, line, dialect=spoken.dialect), spoken.dialect)
    confirm = messages.Confirm(
        report.function, serial if answer_serial is None else answer_serial, message.sent, end, None
    )
    answered = messages.Line(1, station, 0x1234, spoken.is_ascii if extra is None else extra)
    return request, codec.encode(encode_message(confirm, answered, dialect=spoken.dialect), spoken.dialect)


def judged(season, request, confirm):
    well, entries, seq = season
    upload = entry.encode_upload("city", well.controller, 1, seq, 9, request, confirm)
    return agree(well.bundle(entries=[*entries, upload]))


def slot_of(season):
    return season[0].slots[season[2] - 1]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", [EOT, ESC, ACK])
def test_both_prove_a_receipt_in_every_form_and_with_every_end(season, form, end):
    assert judged(season, *receipt(slot_of(season), form, end=end))


@pytest.mark.parametrize("form", FORMS)
def test_both_refuse_another_volume_wherever_it_is_told(season, form):
    litres = record.decode(slot_of(season))["volume_l"]
    for other in (litres + 1, litres - 1, litres * 10, 0, None):
        told = judged(season, *receipt(slot_of(season), form, total_l=other))
        assert told is (form == "651-plain"), (form, other)  # there no volume is told at all


@pytest.mark.parametrize(
    "changes",
    [
        {"answer_serial": 8},
        {"station": bytes.fromhex("4101050101")},
        {"extra": True},  # in the other writing
    ],
)
def test_both_refuse_a_confirm_that_belongs_to_something_else(season, changes):
    assert not judged(season, *receipt(slot_of(season), **changes))


def test_both_refuse_what_is_no_confirm(season):
    request, confirm = receipt(slot_of(season))
    for end in (ENQ, 0x15, 0x03):
        assert not judged(season, request, again(confirm[:-3] + bytes([end]) + confirm[-2:]))
    for wrong in (b"", request, confirm[:-1], confirm + b"\x00", confirm[:20], b"\x7e\x7e", b"\x01"):
        assert not judged(season, request, wrong)
    for wrong in (confirm, request[:-1], request + b"\x00", request[:20], b"\x7e\x7e", b"\x01"):
        assert not judged(season, wrong, confirm)
    other = bytearray(confirm)
    other[10] = 0x32 ^ 0x33 ^ other[10]  # of a timed report
    assert not judged(season, request, again(bytes(other)))


def again(frame):
    """A HEX frame with a checksum that fits again."""
    return frame[:-2] + crc16(frame[:-2]).to_bytes(2, "big")


@pytest.mark.parametrize("form", ["651", "651-ascii"])
def test_both_notice_every_byte_that_was_changed(season, form):
    request, confirm = receipt(slot_of(season), form)
    assert judged(season, b"\x02" + request[1:], confirm)  # a protocol that neither knows: told, not blamed
    for at in range(1, len(request)):
        assert not judged(season, request[:at] + bytes([request[at] ^ 1]) + request[at + 1 :], confirm), at
    for at in range(len(confirm)):
        assert not judged(season, request, confirm[:at] + bytes([confirm[at] ^ 1]) + confirm[at + 1 :]), at


def test_both_say_the_same_of_a_report_that_was_changed_and_given_a_new_checksum(season):
    request, confirm = receipt(slot_of(season))
    total = request.index(b"\xff\x01\x33")
    told = range(total + 3, total + 9)
    rng = random.Random(651)
    for at in range(2, len(request) - 2):
        for value in (request[at] ^ 1, rng.randrange(256)):
            changed = again(request[:at] + bytes([value]) + request[at + 1 :])
            if at in told and value != request[at]:
                assert not judged(season, changed, confirm), at
            else:
                agree_about(season, changed, confirm, at)


def agree_about(season, request, confirm, at):
    """Both prove it or both refuse it; `agree` says who did not."""
    try:
        judged(season, request, confirm)
    except AssertionError as error:
        raise AssertionError(f"byte {at}: {error}") from error


def test_the_published_frames_are_read_as_their_sources_say():
    """Whole frames upward, from public captures; `decoded` was not written by our codec."""
    seen = 0
    for one in json.loads(VECTORS.read_text()):
        said = one["decoded"]
        if not one["checksum_ok"]:
            with pytest.raises(ValueError, match="SL 651"):
                second_sl651.Frame(bytes.fromhex(one["hex"]))
        elif (said["direction"], said["start"]) == ("up", "STX") and said["end"] in ("ETX", "ETB"):
            found = second_sl651.Frame(bytes.fromhex(one["hex"]))
            assert (found.station.hex().upper(), f"{found.function:02X}") == (said["station"], said["func"])
            assert found.serial == said["serial"]
            if found.function in second_sl651.REPORTS:
                second_sl651.totals_hex(found.rest)
                seen += 1
    assert seen > 5
