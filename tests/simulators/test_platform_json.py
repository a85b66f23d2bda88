"""The platform behind a broker as a gateway sees it: documents out, answers in, by a plain MQTT client."""

import asyncio
import hashlib
import json

import aiomqtt
import pytest

from karez_simulators.platform_broker import OpenBroker
from karez_simulators.platform_json import Manners, PlatformJson

DOCUMENT = {
    "format": "karez-report/1",
    "station": "well-7",
    "controller": "2b1dd61ea3f54aee",
    "record": "interval",
    "utc_s": 1790000000,
    "volume_l": 4321,
    "energy_wh": None,
    "pump": "running",
    "evidence": {"chain": 1, "seq": 9},
}
IDS = ["2b1dd61ea3f54aee.1.0", "2b1dd61ea3f54aee.1.2"]
PAYLOAD = json.dumps(DOCUMENT).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def changed(**facts):
    return json.dumps({**DOCUMENT, **facts}).encode()


class Gateway:
    """Publishes documents and collects what comes on every topic of the platform."""

    def __init__(self, platform, topic="karez/upload"):
        self._client = aiomqtt.Client(platform.host, platform.port)
        self._topic = topic

    async def __aenter__(self):
        await self._client.__aenter__()
        await self._client.subscribe("+/+/confirm", 1)
        return self

    async def __aexit__(self, *error):
        await self._client.__aexit__(None, None, None)

    async def publish(self, data):
        await self._client.publish(f"{self._topic}/report", data, 1)

    async def ask(self, data, count=1):
        """Publish, and return the next answers as (topic, bytes)."""
        await self.publish(data)
        got = []
        async with asyncio.timeout(30):
            while len(got) < count:
                message = await anext(aiter(self._client.messages))
                got.append((str(message.topic), message.payload))
        return got


def platform_of(manners=None, **more):
    return PlatformJson(manners or Manners(), broker=OpenBroker(), **more)


async def test_a_document_is_accepted_with_its_digest():
    async with platform_of() as platform, Gateway(platform) as gateway:
        ((topic, answer),) = await gateway.ask(PAYLOAD)
        assert topic == "karez/upload/confirm"
        assert json.loads(answer) == {"sha256": sha256(PAYLOAD), "accepted": True}
        (got,) = platform.reports
        assert (got.station, got.function, got.utc_s, got.id) == (
            "well-7",
            "interval",
            1790000000,
            "2b1dd61ea3f54aee.1.9",
        )
        assert got.quantities == {"volume_l": 4321, "energy_wh": None}
        assert (got.request_bytes, got.confirm_bytes) == (PAYLOAD, answer)


async def test_a_repeat_is_counted_once_and_another_word_under_its_number_is_a_contradiction():
    async with platform_of() as platform, Gateway(platform) as gateway:
        await gateway.ask(PAYLOAD)
        await gateway.ask(PAYLOAD)
        assert [(got.copies, got.is_contradicted) for got in platform.reports] == [(2, False)]
        await gateway.ask(changed(volume_l=4322))
        assert [(got.copies, got.is_contradicted) for got in platform.reports] == [(3, True)]
        await gateway.ask(changed(evidence={"chain": 1, "seq": 10}))
        assert len(platform.reports) == 2


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "not a JSON object"),
        (b"[" * 5000, "not a JSON object"),
        (b"[]", "not a JSON object"),
        (changed(station=""), "station is no text"),
        (changed(station=5), "station is no text"),
        (changed(utc_s="now"), "utc_s is no time in whole seconds"),
        (changed(utc_s=True), "utc_s is no time in whole seconds"),
        (changed(utc_s=1 << 40), "utc_s is no time in whole seconds"),
    ],
)
async def test_what_is_no_report_is_refused_with_the_reason(payload, reason):
    async with platform_of() as platform, Gateway(platform) as gateway:
        ((_, answer),) = await gateway.ask(payload)
        assert json.loads(answer) == {"sha256": sha256(payload), "accepted": False, "reason": reason}
        assert platform.reports == [] and platform.counters.frames_not_understood == 1


async def test_a_time_that_nobody_knows_is_the_time_of_arrival():
    async with platform_of(utc_s=lambda: 1790000123.9) as platform, Gateway(platform) as gateway:
        await gateway.ask(changed(utc_s=None))
        assert platform.reports[0].utc_s == 1790000123


@pytest.mark.parametrize(
    ("manners", "topic", "digest", "is_accepted"),
    [
        (Manners(is_checksum_wrong=True), "karez/upload/confirm", sha256(PAYLOAD + b" "), True),
        (Manners(is_station_wrong=True), "karez/upload-other/confirm", sha256(PAYLOAD), True),
        (Manners(refuses=True), "karez/upload/confirm", sha256(PAYLOAD), False),
    ],
    ids=["digest", "topic", "refused"],
)
async def test_a_wrong_answer_is_wrong_in_one_thing(manners, topic, digest, is_accepted):
    async with platform_of(manners) as platform, Gateway(platform) as gateway:
        ((came_on, answer),) = await gateway.ask(PAYLOAD)
        found = json.loads(answer)
        assert (came_on, found["sha256"], found["accepted"]) == (topic, digest, is_accepted)
        assert len(platform.reports) == 1


async def test_silence_a_lost_answer_two_answers_and_rubbish_around_them():
    async with platform_of(Manners(is_silent=True)) as platform, Gateway(platform) as gateway:
        await gateway.publish(PAYLOAD)
        await platform.until(lambda: platform.counters.frames_ignored == 1)
        platform.behave(Manners(confirms_lost=1))
        await gateway.publish(PAYLOAD)
        await platform.received(1)
        platform.behave(Manners(confirms_twice=True))
        first, second = await gateway.ask(PAYLOAD, 2)
        assert first == second and json.loads(first[1])["accepted"]
        platform.behave(Manners(has_rubbish=True))
        got = await gateway.ask(PAYLOAD, 7)
        assert [sha256(PAYLOAD).encode() in data for _, data in got] == [False] * 3 + [True] + [False] * 3


async def test_an_answer_comes_late_and_goes_with_the_platform():
    async with platform_of(Manners(delay_s=0.05)) as platform, Gateway(platform) as gateway:
        assert json.loads((await gateway.ask(PAYLOAD))[0][1])["accepted"]
        platform.behave(Manners(delay_s=3600))
        await gateway.publish(PAYLOAD)
        await platform.until(lambda: platform.reports[0].copies == 2)
        await platform.until(lambda: len(platform._late) == 1)
        await platform.stop()
        assert platform._late == set()


async def test_each_second_document_is_accepted_and_forgotten():
    written = []
    async with platform_of(Manners(forgets_each=2), journal=written.append) as platform:
        async with Gateway(platform) as gateway:
            for seq in range(4):
                ((_, answer),) = await gateway.ask(changed(evidence={"chain": 1, "seq": seq}))
                assert json.loads(answer)["accepted"]
        assert [got.id for got in platform.reports] == IDS
    assert [one["id"] for one in written if one["kind"] == "report"] == IDS


async def test_several_gateways_are_answered_on_their_own_topics():
    async with platform_of(topic="county/+") as platform:
        async with Gateway(platform, "county/a") as one, Gateway(platform, "county/b") as other:
            assert [topic for topic, _ in await one.ask(PAYLOAD)] == ["county/a/confirm"]
            await other.publish(changed(station="b"))
            assert (await other.ask(changed(station="c"), 2))[1][0] == "county/b/confirm"
        assert {got.topic for got in platform.reports} == {"county/a/report", "county/b/report"}


async def test_a_broker_that_is_not_there_is_said_at_once_and_one_that_comes_back_is_used_again():
    broker = OpenBroker()
    await broker.start()
    async with PlatformJson(broker_port=broker.port) as platform:
        await broker.stop()
        again = OpenBroker(port=broker.port)
        with pytest.raises(OSError, match="no broker on"):
            await PlatformJson(broker_port=broker.port).start()
        await again.start()
        await platform.until(lambda: platform.counters.connections == 2)
        async with Gateway(platform) as gateway:
            await gateway.ask(PAYLOAD)
        assert len(platform.reports) == 1
    await again.stop()
