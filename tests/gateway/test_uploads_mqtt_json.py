"""JSON over MQTT: what a document says, and whose answer counts."""

import asyncio
import contextlib
import getpass
import hashlib
import json
import re
import socket
import ssl
import subprocess
from pathlib import Path

import aiomqtt
import pytest
from jsonschema import Draft202012Validator

from karez_gateway.config import Destination
from karez_gateway.uploads import LinkDown, NoConfirm, NotTaken, adapters, mqtt_json
from karez_gateway.uploads.mqtt_json_client import MqttJsonClient, connect_packet
from karez_gateway.uploads.subject import Subject
from karez_protocols import causes, entry, mqtt, record
from karez_protocols.errors import Malformed
from karez_simulators import mosquitto
from karez_simulators.broker import client_context
from karez_simulators.pki import LinkAuthority

from .json_platform import JsonPlatform
from .synthetic import START_UTC_S, SyntheticController

SCHEMA = json.loads(Path(mqtt_json.__file__).with_name("mqtt_json.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
ANSWERS = Draft202012Validator({"$ref": "#/$defs/answer", "$defs": SCHEMA["$defs"]})
PAGE = (Path(__file__).parents[2] / "docs" / "wire" / "upload-json.md").read_text(encoding="utf-8")

REPORT = b'{"format":"karez-report/1","controller":"a","record":"stop","evidence":{"chain":1,"seq":2}}'


def subject_of(slot, box, received_utc_s=START_UTC_S + 7, index=5):
    head = record.header(slot)
    return Subject(
        address="4101050100",
        controller=box.name,
        site=box.site,
        chain=box.chain,
        seq=head["seq"],
        received_utc_s=received_utc_s,
        entry=bytes(entry.encode_record(box.name, box.chain, received_utc_s, slot)),
        slot=slot,
        origin="karez.test/county",
        log_index=index,
    )


def said(slot, box, **settings):
    return json.loads(mqtt_json.document(subject_of(slot, box, **settings)))


def to(platform, **settings):
    return Destination(
        **{"name": "city", "kind": "mqtt-json", "host": platform.host, "port": platform.port, "timeout_s": 5}
        | settings
    )


def test_a_document_says_what_the_record_says_with_its_place_in_the_log():
    box = SyntheticController("a", "well-1")
    box.grant_seq = 3
    box.start(account=7)
    slot = box.stop(1999, cause=causes.WATER_CEILING, account=7, account_l=12, alarms=1 << 4 | 1, status=1)
    found = said(slot, box)
    assert found["format"] == "karez-report/1"
    assert (found["station"], found["site"], found["controller"]) == ("4101050100", "well-1", box.name)
    assert (found["record"], found["cause"], found["pump"]) == ("stop", "water ceiling reached", "off")
    assert (found["utc_s"], found["time"]) == (box.utc_s, "synchronised")
    assert (found["volume_l"], found["volume_method"], found["grant_seq"]) == (1_001_999, "metered", 3)
    assert found["alarms"] == ["did not stop", "water meter silent"]
    assert found["status"] == ["commanded closed"]
    assert (found["account"], found["account_l"]) == (7, 12)
    subject = subject_of(slot, box)
    assert found["evidence"] == {
        "chain": 1,
        "seq": 2,
        "slot_sha256": hashlib.sha256(slot).hexdigest(),
        "log_origin": "karez.test/county",
        "log_index": 5,
        "leaf_sha256": hashlib.sha256(b"\0" + subject.entry).hexdigest(),
    }
    assert "credential" not in mqtt_json.document(subject).decode()  # a card's number is a person's


def test_what_is_not_known_is_null_and_what_does_not_belong_is_absent():
    box = SyntheticController("a", "well-1")
    unknown = {"utc_s": None, "volume_l": None, "flow_lph": None, "level_mm": None, "alarms": None}
    found = said(box.interval(1, **unknown, method=9, pump=200, time_state=0), box)
    for name in ("utc_s", "volume_l", "flow_lph", "level_mm", "alarms", "volume_method", "pump"):
        assert name in found and found[name] is None
    assert found["cause"] == "none" and found["time"] == "unknown"
    assert "account" not in found and "outage_s" not in found


def test_the_same_record_makes_the_same_bytes_and_every_kind_has_its_own_fields():
    box = SyntheticController("a", "well-1")
    slots = [
        box.interval(1),
        box.start(),
        box.stop(5),
        box.event(causes.WARNING_LINE, 2),
        box.measure(record.BOOT, outage_s=60),
        box.measure(record.GAP, outage_s=60, from_utc_s=box.utc_s, volume_before_l=9),
    ]
    own = ["level_mm", "account", "account", "subject", "outage_s", "volume_before_l"]
    for slot, name in zip(slots, own):
        subject = subject_of(slot, box)
        assert mqtt_json.document(subject) == mqtt_json.document(subject)
        assert name in said(slot, box)


def test_the_longest_document_and_an_answer_fit_an_entry_of_the_log():
    box = SyntheticController("a", "well-1")
    longest = 0
    for kind, names in mqtt_json.OWN.items():
        values = dict.fromkeys(names, (1 << 31) - 2) | dict.fromkeys(mqtt_json.SHARED, (1 << 16) - 2)
        slot = box.measure(
            kind,
            **values | {"grant_seq": (1 << 32) - 2, "volume_l": (1 << 48) - 2, "energy_wh": (1 << 48) - 2},
            cause=causes.GRANT_REFUSED_HEAD,
            status=(1 << 16) - 2,
            alarms=(1 << 32) - 2,
        )
        far = subject_of(slot, box, index=(1 << 48) - 1)
        far = Subject(**{name: getattr(far, name) for name in far.__slots__} | {
            "address": "井" * 10 + "12", "site": "水" * 5, "origin": "o" * 40 + "/" + "x" * 30,
        })  # fmt: skip
        longest = max(longest, len(mqtt_json.document(far)))
    print(f"longest document: {longest} bytes")
    assert longest <= mqtt_json.DOCUMENT_BYTES_MAX


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"{}",
        b'{"sha256":1,"accepted":true}',
        b'{"sha256":"a","accepted":1}',
        b'{"sha256":"a","accepted":false,"reason":5}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(Malformed):
        mqtt_json.answer(data)


async def test_the_platforms_own_answer_is_the_receipt():
    async with JsonPlatform() as platform, MqttJsonClient(to(platform), lambda: 77) as client:
        receipt = await client.send(REPORT)
        assert receipt.request_bytes == REPORT and receipt.utc_s == 77
        assert json.loads(receipt.confirm_bytes) == {
            "sha256": hashlib.sha256(REPORT).hexdigest(),
            "accepted": True,
        }


async def test_an_acknowledgement_of_the_broker_is_no_answer_unless_it_is_said_so():
    async with JsonPlatform() as platform:
        platform.is_silent = True
        async with MqttJsonClient(to(platform, timeout_s=0.3)) as client:
            with pytest.raises(NoConfirm, match="the broker has the report, but karez/upload/confirm"):
                await client.send(REPORT)
            assert not client.is_over
        async with MqttJsonClient(to(platform, confirm="puback")) as client:
            receipt = await client.send(REPORT)
            assert receipt.confirm_bytes[:2] == b"\x40\x02" and len(receipt.confirm_bytes) == 4


async def test_a_no_is_told_with_its_reason_and_concerns_one_report():
    async with JsonPlatform() as platform, MqttJsonClient(to(platform)) as client:
        platform.refuses = {"stop": "no such\nstation"}
        with pytest.raises(NotTaken, match="does not take it: no such station"):
            await client.send(REPORT)
        await client.send(REPORT.replace(b"stop", b"start"))


async def test_answers_to_others_and_noise_are_ignored_and_many_may_be_under_way():
    async with JsonPlatform() as platform, MqttJsonClient(to(platform)) as client:
        foreign = json.dumps({"sha256": "00" * 32, "accepted": True})
        long = json.dumps({"sha256": hashlib.sha256(REPORT).hexdigest(), "accepted": True, "x": "y" * 1950})
        platform.answers_before = [b"noise", foreign, long, b"x" * 5000]
        reports = [REPORT.replace(b'"seq":2', b'"seq":%d' % seq) for seq in range(20)]
        receipts = await asyncio.gather(*[client.send(one) for one in [REPORT, *reports[:2], *reports[3:]]])
        assert all(
            json.loads(one.confirm_bytes)["sha256"] == hashlib.sha256(one.request_bytes).hexdigest()
            for one in receipts
        )
        assert client.answers_ignored >= 20 * 4
        assert len(platform.reports) == 20


async def test_a_broker_that_goes_away_is_noticed_at_once():
    platform = JsonPlatform()
    await platform.start()
    platform.is_silent = True
    async with MqttJsonClient(to(platform)) as client:
        sending = asyncio.create_task(client.send(REPORT))
        await asyncio.sleep(0.05)
        await platform.stop()
        with pytest.raises(LinkDown):
            await sending
        assert client.is_over
        with pytest.raises(LinkDown, match="the connection is over"):
            await client.send(REPORT)
    with pytest.raises(LinkDown, match="no connection to 127"):
        await MqttJsonClient(to(platform)).__aenter__()


async def test_a_peer_that_accepts_and_says_nothing_leaves_nothing_behind():
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    at = Destination(name="c", kind="mqtt-json", host=host, port=port, timeout_s=0.02)
    before = len(asyncio.all_tasks())
    for _ in range(20):
        with pytest.raises(LinkDown, match="no answer within"):
            await MqttJsonClient(at).__aenter__()
    server.close()
    await server.wait_closed()
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) <= before


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"\x20\x02\x00\x05", "refuses us: it does not let us in"),
        (b"\x20\x02\x00\x04", "user or password is wrong"),
        (b"HTTP/1.1 400 Bad Request" + b" " * 80, "does not speak MQTT"),
        (b"\x20\x02\x00\x00\x90\x03\x00\x01\x80", "does not let us hear karez/upload/confirm"),
        (b"", "closed the connection"),
    ],
)
async def test_a_broker_that_refuses_is_quoted(answer, says):
    async def rude(reader, writer):
        await reader.read(10)
        writer.write(answer)
        await writer.drain()
        if not answer:
            writer.close()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    with pytest.raises(LinkDown, match=says):
        await MqttJsonClient(
            Destination(name="c", kind="mqtt-json", host=host, port=port, timeout_s=5)
        ).__aenter__()
    server.close()
    await server.wait_closed()


def test_user_and_password_stand_in_the_connect_packet_where_the_standard_has_them():
    plain = bytes(mqtt.connect("karez-1", 60))
    named = connect_packet("karez-1", "county", "s" * 200)
    assert connect_packet("karez-1", "", "") == plain
    flags_at = named.index(b"MQTT") + 5
    assert named[flags_at] == plain[plain.index(b"MQTT") + 5] | 0xC0
    assert named.endswith(b"\0\x07karez-1" + b"\0\x06county" + b"\0\xc8" + b"s" * 200)
    body = 10 + 9 + 8 + 202
    assert named[:3] == bytes([0x10, body & 127 | 128, body >> 7]) and len(named) == body + 3


async def test_tls_with_user_and_password_and_a_name_apart_from_the_address(tmp_path):
    authority = LinkAuthority()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*authority.broker("upper.example", "127.0.0.1").write(tmp_path, "broker"))
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(authority.certificate_der))
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "wrong").write_text("guess\n")
    inside = client_context(authority, None)
    async with JsonPlatform(context=server, client_context=inside, known={"county": "secret"}) as platform:
        settings = {
            "ca": tmp_path / "ca.pem",
            "tls_name": "upper.example",
            "user": "county",
            "password_file": tmp_path / "password",
        }
        async with MqttJsonClient(to(platform, **settings)) as client:
            await client.send(REPORT)
        for wrong, says in [
            ({"password_file": tmp_path / "wrong"}, "user or password is wrong|does not let us in"),
            ({"tls_name": "other.example"}, "certificate verify failed"),
            ({"password_file": tmp_path / "none"}, "No such file"),
        ]:
            with pytest.raises(LinkDown, match=says):
                await MqttJsonClient(to(platform, **settings | wrong)).__aenter__()


def write_users(path, user, password):
    subprocess.run(["mosquitto_passwd", "-b", "-c", path, user, password], check=True, capture_output=True)


@contextlib.asynccontextmanager
async def mosquitto_with(folder, user, password):
    """The real broker on a free port, for one user."""
    program = mosquitto.find()
    if program is None:
        pytest.skip("mosquitto is not installed: " + mosquitto.INSTALL)
    write_users(folder / "users", user, password)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {folder}/users\n"
        f"user {getpass.getuser()}\nlog_dest stderr\nlog_type information\n"
    )
    process = await asyncio.create_subprocess_exec(
        program, "-c", folder / "mosquitto.conf", stderr=subprocess.PIPE
    )
    try:
        while mosquitto.READY not in await process.stderr.readline():
            assert process.returncode is None
        yield port
    finally:
        process.terminate()
        await process.communicate()


async def test_the_real_mosquitto_takes_user_documents_and_answers(tmp_path):
    (tmp_path / "password").write_text("secret\n")
    async with mosquitto_with(tmp_path, "county", "secret") as port:
        settings = {"user": "county", "password_file": tmp_path / "password", "timeout_s": 5}
        at = Destination(name="c", kind="mqtt-json", host="127.0.0.1", port=port, **settings)
        async with (
            aiomqtt.Client("127.0.0.1", port, username="county", password="secret") as platform,
            MqttJsonClient(at) as client,
        ):
            await platform.subscribe("karez/upload/report", qos=1)
            sending = asyncio.create_task(client.send(REPORT))
            message = await anext(platform.messages)
            assert message.payload == REPORT and message.qos == 1 and not message.retain
            answer = json.dumps({"sha256": mqtt_json.digest(message.payload), "accepted": True})
            await platform.publish("karez/upload/confirm", answer, qos=1)
            assert (await sending).confirm_bytes == answer.encode()
        (tmp_path / "password").write_text("guess")
        with pytest.raises(LinkDown, match=r"does not let us in|password is wrong"):
            await MqttJsonClient(at).__aenter__()


def every_kind():
    """A document of every kind of record, one of them with nothing known."""
    box = SyntheticController("a", "well-1")
    for kind, names in mqtt_json.OWN.items():
        yield said(box.measure(kind, 5, cause=causes.WATER_CEILING), box)
        unknown = dict.fromkeys((*names, *mqtt_json.SHARED, "status", "alarms", "cause", "pump", "method"))
        yield said(box.measure(kind, **unknown), box)


def test_every_document_passes_the_schema_and_a_changed_one_does_not():
    Draft202012Validator.check_schema(SCHEMA)
    for document in every_kind():
        assert [error.message for error in VALIDATOR.iter_errors(document)] == []
        for name in document:
            assert not VALIDATOR.is_valid({key: value for key, value in document.items() if key != name})
            assert not VALIDATOR.is_valid(document | {name: 1.5})
        assert not VALIDATOR.is_valid(document | {"surprise": 1})
    for wrong in ({}, {"sha256": "00" * 32}, {"sha256": "0", "accepted": True}):
        assert not ANSWERS.is_valid(wrong)


def test_the_page_names_every_field_and_its_examples_are_what_it_says():
    report, answer = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert [error.message for error in VALIDATOR.iter_errors(report)] == []
    assert ANSWERS.is_valid(answer) and mqtt_json.answer(json.dumps(answer).encode())[1] is None
    tables = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`(\w+)`", tables))
    for name in (*SCHEMA["properties"], *SCHEMA["$defs"]["evidence"]["properties"]):
        assert name in named, name
    for figure in (mqtt_json.DOCUMENT_BYTES_MAX, mqtt_json.FRAMES_BYTES_MAX):
        assert f"at most {figure} bytes" in PAGE
    assert f"Up to {adapters.MqttJson.at_once} reports" in PAGE
    for words in (mqtt_json.METHODS, mqtt_json.TIMES, dict(enumerate(record.KIND_NAMES[1:7]))):
        assert all(f"`{word}`" in PAGE for word in words.values())


def test_the_words_are_those_of_the_record_page():
    page = (Path(__file__).parents[2] / "docs" / "wire" / "record.md").read_text(encoding="utf-8")
    pumps = page.split("## Pump states")[1].split("\n## ")[0]
    assert dict(re.findall(r"\| (\d) \| (\w+) \|", pumps)) == {
        str(at): word for at, word in mqtt_json.PUMPS.items()
    }
