"""Who is on duty believes what the gateway has signed, and nothing else."""

import asyncio
import hashlib
import hmac
import json
import tomllib

import httpx
import pytest

from karez_gateway.config.alarms import Alarms
from karez_gateway.notify.webhook import NotDelivered, Webhooks
from karez_protocols import causes, flags
from karez_simulators.acts import Play
from karez_simulators.cable import DeskError
from karez_simulators.desk import Desk, Plan
from karez_simulators.duty import BODY_BYTES_MAX, Duty

NOW_S = 1_800_000_000
SILENT = f"alarm:{flags.WATER_SILENT.bit_length() - 1}"


@pytest.fixture
async def duty(tmp_path):
    async with Duty(tmp_path) as one:
        yield one


def receiver(duty):
    """The one who is told, as the gateway reads it."""
    settings = Alarms.model_validate(tomllib.loads(duty.toml(minutes=1))["alarms"])
    assert settings.escalate_after_min == settings.steps == 1
    return settings.notify[0]


def document(word="escalated", **alarm):
    alarm = {"line": SILENT, "subject": "410105-0001", "step": 1} | alarm
    return json.dumps({"notices": [{"word": word, "alarm": alarm}]}).encode()


async def post(duty, body, secret=None):
    """As the gateway posts it."""
    told = receiver(duty)
    own = told.secret_file.read_text(encoding="utf-8")
    async with Webhooks() as hooks:
        await hooks.post(told.to, body, secret or own, "1-1", NOW_S, 10)


async def test_what_the_gateway_posts_is_kept(duty):
    await post(duty, document())
    assert [one["alarm"]["line"] for one in duty.told] == [SILENT] and duty.refused == 0


async def test_what_another_has_signed_is_refused(duty):
    with pytest.raises(NotDelivered, match="answered 400"):
        await post(duty, document(), "another secret")
    assert duty.told == [] and duty.refused == 1


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[]", b'{"notices": 5}', "不是".encode("gb18030")])
async def test_what_is_signed_and_no_document_is_taken_and_says_nothing(duty, body):
    await post(duty, body)
    assert duty.told == [] and duty.refused == 0


@pytest.mark.parametrize("length", ["-1", "x", str(BODY_BYTES_MAX + 1), "9" * 400, "²"])
async def test_a_length_that_cannot_be_is_refused(duty, length):
    address = httpx.URL(receiver(duty).to)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(f"POST / HTTP/1.0\r\nContent-Length: {length}\r\n\r\n".encode())
    assert b" 400 " in await reader.readline()
    writer.close()
    assert duty.told == [] and duty.refused == 0


@pytest.mark.parametrize("signature", ["", "t=1", "v1=00", ",v1=", f"t={NOW_S},v1={'0' * 64}", "t=1,v1=²"])
async def test_a_signature_that_is_none_is_refused(duty, signature):
    assert not duty.take(signature, document()) and duty.refused == 1


@pytest.fixture
def play(tmp_path, monkeypatch):
    """A play in which nothing is waited for."""

    async def at_once(is_so, _seconds, what):
        if not is_so():
            raise DeskError(what)

    play = Play(Desk(tmp_path, Plan()))
    monkeypatch.setattr(play.desk, "until", at_once)
    return play


def signed(duty, body):
    mac = hmac.new(duty._secret.encode(), f"{NOW_S}.".encode() + body, hashlib.sha256).hexdigest()
    return duty.take(f"t={NOW_S},v1={mac}", body)


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ({}, True),
        ({"subject": "410105-0002"}, False),
        ({"step": 2}, False),
        ({"line": "alarm:0"}, None),
        ({"word": "raised"}, None),
    ],
)
async def test_an_alarm_is_escalated_once_the_next_person_was_told_of_it(play, duty, told, holds):
    play.duty = duty
    assert signed(duty, document(**told))
    if holds is None:
        with pytest.raises(DeskError, match="who is on duty is told: meter silent"):
            await play.escalated("meter silent")
        return
    held, figures = await play.escalated("meter silent")
    assert held is holds and figures == {"cause": causes.METER_SILENT}


async def test_without_anybody_on_duty_nobody_is_told(play, duty):
    with pytest.raises(DeskError, match="nobody is on duty: on_duty does that"):
        await play.escalated("meter silent")
    play.duty = duty
    with pytest.raises(DeskError, match="already"):
        await play.on_duty()
