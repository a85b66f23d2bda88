"""Telling: real HTTP and mail servers; a dead one delays nobody, a storm is one message, nothing is lost."""

import asyncio
import hashlib
import hmac
import json
import socket
import ssl

import pytest

from karez_gateway.county.alarms import states
from karez_gateway.county.alarms.signs import URGENT, WARNING, Key, Sign
from karez_gateway.notify import queueing
from karez_gateway.notify.notifier import GIVE_UP_S, Notifier
from karez_gateway.store import alarms
from karez_gateway.worker import Worker
from karez_simulators.pki import LinkAuthority

from .alarm_county import person, region, site
from .alarm_desk import Desk
from .county import create, opened
from .receiving import Hook, mail_server

HOUR_S = 3600
ABOUT = {"energy_wh": 7000, "day_l": 1500}
SECRET = "what only both sides know"


def hook_settings(url, name="desk", **more):
    lines = {"name": name, "kind": "webhook", "to": url, "secret_env": "KAREZ_TEST_SECRET"} | more
    return "\n[[alarms.notify]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())


def mail_settings(port, *receivers, security="plain", **more):
    lines = {"host": "localhost", "port": port, "security": security, "sender": "karez@county.example"} | more
    text = "\n[alarms.mail]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
    for one in receivers:
        text += "\n[[alarms.notify]]\n"
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in ({"kind": "email"} | one).items())
    return text


@pytest.fixture
def told(tmp_path, monkeypatch):
    """A function that opens a desk with some settings; all are closed at the end."""
    monkeypatch.setenv("KAREZ_TEST_SECRET", SECRET)
    kept = []

    def open_desk(settings):
        context = opened(create(tmp_path / f"g{len(kept)}", settings))
        kept.append(context)
        desk = Desk(context.__enter__())
        desk.put(
            person("li", email="li@county.example"),
            person("wang", email="wang@county.example"),
            region("65", person="wang"),
            region("651", "65", person="li"),
            site("w1", "651"),
            site("w2", "66"),
        )
        return desk

    yield open_desk
    for context in kept:
        context.__exit__(None, None, None)


def raise_alarms(desk, *subjects, severity=WARNING, holds=True):
    signs = [Sign(Key("no-right", "site", one, "unlicensed"), holds, severity, 0, ABOUT) for one in subjects]
    with desk.county.store.writing() as connection:
        found = queueing.happenings(connection, signs, ["no-right"])
        queueing.take(connection, desk.county.config, found, desk.now_s)


def deliver(desk):
    """Tell every receiver what is due now; how many messages went."""

    async def run():
        worker = Worker()
        try:
            async with Notifier(
                desk.county.config, desk.county.store, worker, lambda: desk.now_s
            ) as notifier:
                return [await notifier.step(one) for one in desk.county.config.alarms.notify]
        finally:
            worker.close()

    return sum(asyncio.run(run()))


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_a_webhook_gets_a_document_that_its_secret_vouches_for(told):
    with Hook() as hook:
        desk = told(hook_settings(hook.url + "/alarms"))
        raise_alarms(desk, "w1", "w2")
        assert deliver(desk) == 1
        ((path, headers, body),) = hook.kept
        assert path == "/alarms"
        time_s, mac = (part.partition("=")[2] for part in headers["Karez-Signature"].split(","))
        expected = hmac.new(SECRET.encode(), f"{time_s}.".encode() + body, hashlib.sha256).hexdigest()
        assert mac == expected and int(time_s) == desk.now_s
        said = json.loads(body)
        assert said["format"] == "karez-alarms/1" and said["delivery"] == headers["Karez-Delivery"]
        assert [one["alarm"]["subject"] for one in said["notices"]] == ["w1", "w2"]
        assert said["notices"][0]["alarm"]["text_zh"]
        assert deliver(desk) == 0 and len(hook.kept) == 1


@pytest.mark.parametrize("answer", [500, 404, 301])
def test_what_is_not_taken_is_tried_again_under_the_same_name(told, answer):
    with Hook() as hook:
        hook.answers = [answer, answer]
        desk = told(hook_settings(hook.url))
        raise_alarms(desk, "w1")
        assert deliver(desk) == 0
        assert deliver(desk) == 0 and len(hook.kept) == 1  # not before its time
        desk.now_s += 1
        assert deliver(desk) == 0 and len(hook.kept) == 2
        desk.now_s += 2
        assert deliver(desk) == 1
        assert len({headers["Karez-Delivery"] for _, headers, _ in hook.kept}) == 1
        assert {path for path, _, _ in hook.kept} == {"/"}  # nobody is followed elsewhere


def test_a_dead_receiver_delays_no_other_and_is_given_up_after_days(told):
    with Hook() as hook:
        dead = f"http://127.0.0.1:{free_port()}"
        desk = told(hook_settings(dead, "dead") + hook_settings(hook.url))
        raise_alarms(desk, "w1")
        assert deliver(desk) == 1 and len(hook.kept) == 1
        desk.now_s += GIVE_UP_S + 1
        deliver(desk)
        assert [state for receiver, *_, state in desk.told() if receiver == "dead"] == ["dropped"]
        assert [state for receiver, *_, state in desk.told() if receiver == "desk"] == ["sent"]


def test_a_receiver_that_never_answers_is_left_after_its_time(told):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        desk = told(hook_settings(url, timeout_s=0.2))
        raise_alarms(desk, "w1")
        assert deliver(desk) == 0
        with desk.county.store.reading() as connection:
            from karez_gateway.store import notices

            (kept,) = notices.of_alarm(connection, 1)
        assert kept["problem"] == "no answer within 0.2 s" and kept["state"] == "waiting"


def test_a_secret_that_is_not_there_is_said_and_nothing_is_lost(told, monkeypatch):
    with Hook() as hook:
        desk = told(hook_settings(hook.url))
        monkeypatch.delenv("KAREZ_TEST_SECRET")
        raise_alarms(desk, "w1")
        assert deliver(desk) == 0 and not hook.kept
        monkeypatch.setenv("KAREZ_TEST_SECRET", SECRET)
        desk.now_s += 1
        assert deliver(desk) == 1


def test_one_alarm_is_one_mail_in_the_language_of_who_reads_it(told):
    with mail_server() as (box, port):
        duty = {"name": "duty", "to": "duty@county.example", "language": "zh"}
        desk = told(mail_settings(port, duty))
        raise_alarms(desk, "w1", severity=URGENT)
        assert deliver(desk) == 1
        ((to, one),) = box.kept
        assert to == ["duty@county.example"] and one["Subject"] == "Karez test: ［紧急］w1：无证或封停井取水"
        assert (
            "未办许可的井" in one.get_content() and "karez gateway alarms acknowledge 1" in one.get_content()
        )
        assert one["Auto-Submitted"] == "auto-generated"


def test_a_storm_is_one_mail_and_no_more_than_so_many_an_hour(told):
    with mail_server() as (box, port):
        desk = told(mail_settings(port, {"name": "duty", "to": "d@e.example", "language": "en"}, per_hour=2))
        raise_alarms(desk, *(f"x{at}" for at in range(300)))
        assert deliver(desk) == 1
        text = box.kept[0][1].get_content()
        assert "and 250 more" in text and box.kept[0][1]["Subject"].endswith("300 alarms, 0 of them urgent")
        desk.now_s += 1
        raise_alarms(desk, "y1")
        assert deliver(desk) == 1
        desk.now_s += 1
        raise_alarms(desk, "y2", "y3")
        assert deliver(desk) == 0 and len(box.kept) == 2
        desk.now_s += HOUR_S
        assert deliver(desk) == 1 and len(box.kept) == 3
        assert {state for *_, state in desk.told()} == {"sent"}


def test_in_quiet_hours_only_what_is_urgent_is_told(told):
    with mail_server() as (box, port):
        duty = {"name": "duty", "to": "d@e.example", "quiet": "22:00-06:00"}
        desk = told(mail_settings(port, duty))
        desk.now_s = 1_790_013_600  # 01:59 local
        raise_alarms(desk, "w1")
        assert deliver(desk) == 0
        raise_alarms(desk, "w2", severity=URGENT)
        assert deliver(desk) == 1 and len(box.kept) == 1  # and takes the other along
        raise_alarms(desk, "w3")
        assert deliver(desk) == 0
        desk.now_s += 5 * HOUR_S
        assert deliver(desk) == 1


def test_an_address_that_the_server_refuses_holds_up_no_other(told):
    with mail_server() as (box, port):
        bad = {"name": "bad", "to": "x@nowhere.example"}
        desk = told(mail_settings(port, bad, {"name": "good", "to": "x@here.example"}))
        raise_alarms(desk, "w1")
        assert deliver(desk) == 1 and len(box.kept) == 1
        with desk.county.store.reading() as connection:
            from karez_gateway.store import notices

            (kept, _) = notices.of_alarm(connection, 1)
        assert kept["problem"] == "the mail server refuses x@nowhere.example: 550 no such mailbox"


# The library does not see that its connection is private from the first byte.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_over_tls_to_a_server_whose_authority_is_known_and_with_a_password(
    told, tmp_path, monkeypatch, security
):
    authority = LinkAuthority()
    certificate, key = authority.broker("localhost").write(tmp_path, "mail")
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("KAREZ_TEST_MAIL", "right")
    servers = {"tls": context} if security == "tls" else {"starttls": context}
    with mail_server(**servers, password="right") as (box, port):
        duty = {"name": "duty", "to": "d@e.example"}
        more = {"ca": str(tmp_path / "ca.pem"), "user": "karez", "secret_env": "KAREZ_TEST_MAIL"}
        desk = told(mail_settings(port, duty, security=security, **more))
        raise_alarms(desk, "w1")
        monkeypatch.setenv("KAREZ_TEST_MAIL", "wrong")
        assert deliver(desk) == 0 and not box.kept
        monkeypatch.setenv("KAREZ_TEST_MAIL", "right")
        desk.now_s += 1
        assert deliver(desk) == 1 and len(box.kept) == 1
        stranger = told(
            mail_settings(port, duty, security=security, user="karez", secret_env="KAREZ_TEST_MAIL")
        )
        raise_alarms(stranger, "w1")
        assert deliver(stranger) == 0 and len(box.kept) == 1  # nobody vouches for that server


def test_nobody_answers_and_the_next_person_up_the_tree_is_told(told):
    with mail_server() as (box, port):
        settings = "\n[alarms]\nescalate_after_min = 60\n"
        desk = told(settings + mail_settings(port, {"name": "people", "to": "responsible"}))
        raise_alarms(desk, "w1")
        assert deliver(desk) == 1 and box.kept[-1][0] == ["li@county.example"]
        assert escalate(desk) == 0
        desk.now_s += HOUR_S
        assert escalate(desk) == 1 and deliver(desk) == 1
        assert box.kept[-1][0] == ["wang@county.example"]
        acknowledge(desk, 1)
        desk.now_s += 10 * HOUR_S
        assert escalate(desk) == 0


def escalate(desk):
    with desk.county.store.writing() as connection:
        return queueing.escalate(connection, desk.county.config, desk.now_s)


def acknowledge(desk, number):
    from karez_gateway.alarms import acts as alarmacts
    from karez_gateway.county.acts import Deed

    deed = Deed("li", "seen", desk.now_s)
    return alarmacts.acknowledge(desk.county.store, desk.county.config, [number], deed)


def test_a_receiver_of_the_second_step_hears_when_nobody_has_answered_the_first(told):
    with mail_server() as (box, port):
        first, second = ({"name": f"s{at}", "to": f"s{at}@e.example", "step": at} for at in (0, 1))
        desk = told(mail_settings(port, first, second))
        raise_alarms(desk, "w1")
        raise_alarms(desk, "w1", holds=False)
        assert desk.open()["no-right", "w1", "unlicensed"] == (states.LATCHED, 1)
        deliver(desk)
        desk.now_s += 2 * HOUR_S
        assert escalate(desk) == 1
        deliver(desk)
        desk.now_s += 2 * HOUR_S
        assert escalate(desk) == 0  # there is no third
        assert [to for to, _ in box.kept] == [["s0@e.example"], ["s1@e.example"]]


def test_who_watches_a_region_or_only_what_is_urgent_hears_nothing_else(told):
    with Hook() as north, Hook() as urgent:
        desk = told(
            hook_settings(north.url, "north", region="65")
            + hook_settings(urgent.url, "red", severity="urgent")
        )
        raise_alarms(desk, "w1", "w2")
        raise_alarms(desk, "w3", severity=URGENT)
        deliver(desk)
        assert [one["alarm"]["subject"] for one in json.loads(north.kept[0][2])["notices"]] == ["w1"]
        assert [one["alarm"]["subject"] for one in json.loads(urgent.kept[0][2])["notices"]] == ["w3"]


def test_a_webhook_hears_every_step_and_mail_only_the_first(told):
    with Hook() as hook, mail_server() as (box, port):
        desk = told(hook_settings(hook.url) + mail_settings(port, {"name": "duty", "to": "d@e.example"}))
        for holds in (True, False, True, False):
            raise_alarms(desk, "w1", holds=holds)
        acknowledge(desk, 1)
        deliver(desk)
        words = [one["word"] for one in json.loads(hook.kept[0][2])["notices"]]
        assert words == ["raised", "over", "raised again", "over", "cleared"]
        assert len(box.kept) == 1
        with desk.county.store.reading() as connection:
            assert [one.word for one in alarms.history(connection, 1)] == words


def test_two_messages_of_one_second_are_two_of_the_hour(told):
    with mail_server() as (box, port):
        desk = told(mail_settings(port, {"name": "duty", "to": "d@e.example"}, per_hour=2))
        for name in ("a", "b", "c"):
            raise_alarms(desk, name)
            deliver(desk)
        assert len(box.kept) == 2


@pytest.mark.parametrize("address", ["@", "two words@e.example", '"@e.example', "x@nowhere.example"])
def test_an_address_that_is_none_is_a_problem_of_its_receiver_only(told, address):
    with mail_server() as (box, port):
        desk = told(
            mail_settings(port, {"name": "bad", "to": address}, {"name": "good", "to": "x@here.example"})
        )
        raise_alarms(desk, "w1")
        deliver(desk)
        assert [to for to, _ in box.kept][-1] == ["x@here.example"]
        states_now = {receiver: state for receiver, *_, state in desk.told()}
        assert states_now["good"] == "sent"
