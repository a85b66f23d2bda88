"""The operator's commands over platforms, and the running service that obeys them."""

import asyncio
import json

import pytest

from karez_gateway import config as configuration
from karez_gateway import data as data_directory
from karez_gateway.operation import doctor
from karez_gateway.service import metrics
from karez_gateway.store import uploadactions
from karez_gateway.uploads import text as uploadtext
from karez_simulators.broker import LinkBroker
from karez_simulators.platform_asks import Ask
from karez_simulators.platform_szy206 import PASSWORD, PlatformSzy206

from .county import create, opened
from .service_process import Box, connected, directory_for, karez, status, until_status
from .synthetic import SyntheticController
from .test_metrics import figures, get
from .uploading import ADDRESS, destination, fed, until


def written(platform, name="county", more=""):
    return (
        f'\n[[destination]]\nname = "{name}"\nkind = "szy206"\nhost = "{platform.host}"\n'
        f'port = {platform.port}\ntimeout_s = 5\n{more}[destination.stations]\nwell-1 = "{ADDRESS}"\n'
    )


async def test_a_running_service_sees_pause_resume_and_resend(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(4)
    async with LinkBroker() as broker, PlatformSzy206(script=[Ask("clock")]) as platform:
        more = f'level = "county"\npassword = "{PASSWORD.hex()}"\n'
        directory = directory_for(tmp_path, broker.port, box, extra=written(platform, more=more))
        done = await asyncio.to_thread(
            karez, "pause", "--data", directory, "county", "--by", "li", "--because", "their server moves"
        )
        assert done.stdout == "county is paused; its reports wait; the service does not run now\n"
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                await end.send()
                found = await until_status(directory, lambda one: one["destinations"][0]["waiting"] == 5)
                assert found["destinations"][0]["state"] == "paused" and platform.reports == []
                shown = await asyncio.to_thread(karez, "uploads", "--data", directory)
                assert "platform county (county szy206): paused, 5 waiting, 0 confirmed" in shown.stdout
                assert "by li: their server moves" in shown.stdout
                await asyncio.to_thread(karez, "resume", "--data", directory, "county", "--by", "li")
                await until_status(directory, lambda one: one["destinations"][0]["confirmed"] == 5)
                words = ["--from", "2026-01-01", "--to", "2027-01-01T00:00Z", "--by", "wang"]
                done = await asyncio.to_thread(karez, "resend", "--data", directory, "county", *words)
                assert done.stdout == "county gets it again; see karez gateway uploads\n"
                found = await until_status(directory, lambda one: one["destinations"][0]["confirmed"] == 10)
                assert found["destinations"][0]["state"] == "up"
                await until(lambda: platform.asked)
            assert platform.asked[0].ask == "clock" and platform.asked[0].answer["clock"]
            code, _ = await running.end()
            assert code == 0
        assert [one.copies for one in platform.reports] == [2] * 5
        found = json.loads(karez("uploads", "--data", directory, "--json").stdout)
        assert [one["verb"] for one in found[0]["actions"]] == ["resend", "resume", "pause"]
        assert found[0]["actions"][0]["reports"] == 5 and found[0]["receipt"]["utc_s"] > 0
        assert status(directory)["destinations"][0]["state"] == "service not running"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pause", "nobody"], "there is no platform nobody; there are: county"),
        (["resume", "county"], "county is not paused"),
        (["resend", "county", "--from", "2026-01-02", "--to", "2026-01-01"], "the first must be earlier"),
        (["resend", "county", "--from", "soon", "--to", "2026-01-01"], "soon is no time"),
        (["pause", "county", "--because", "a\nb"], "in one line"),
    ],
)
def test_what_cannot_be_done_is_refused_with_code_2(tmp_path, words, says):
    at = type("At", (), {"host": "127.0.0.1", "port": 1})
    directory = create(tmp_path / "g", written(at))
    done = karez(words[0], "--data", directory, *words[1:])
    assert done.returncode == 2 and says in done.stderr


def test_a_platform_that_was_taken_out_keeps_its_queue_and_is_shown(tmp_path):
    from karez_gateway.uploads.outbox import Outbox

    box = SyntheticController("a", "well-1")
    box.irrigate(2)
    at = type("At", (), {"host": "127.0.0.1", "port": 1})
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        fed(county, box)
        outbox = Outbox(county.sequencer, destination(at))
        while outbox.step():
            pass
    shown = karez("uploads", "--data", directory).stdout
    assert "platform county: not in gateway.toml any more, 3 waiting" in shown
    assert "name it under [[destination]] again, and its 3 reports go" in shown
    with opened(directory) as county, county.store.writing() as connection:
        uploadactions.add(connection, "county", uploadactions.PAUSE, 5, "li", "")
    with (
        data_directory.beside(configuration.load(directory)) as store,
        metrics.served(store, directory / "service.json", "127.0.0.1", 0) as port,
    ):
        found = figures(get(port, "/metrics")[1])
    assert found["karez_reports", "county", "waiting"] == 3
    assert found["karez_destination_paused", "county"] == 1
    assert found["karez_report_oldest_seconds", "county"] > 0


def test_the_doctor_names_a_paused_platform(tmp_path):
    at = type("At", (), {"host": "127.0.0.1", "port": 1})
    directory = create(tmp_path / "g", written(at))
    with opened(directory) as county, county.store.writing() as connection:
        uploadactions.add(connection, "county", uploadactions.PAUSE, 5, "li", "")
    parts = {one.part: one for one in doctor.examine(configuration.load(directory))}
    assert parts["paused"].state == doctor.WARNING and "county, by li" in parts["paused"].text


def test_a_long_list_is_cut_and_ages_are_for_people():
    one = {
        "name": "c", "level": "city", "kind": "sl651", "state": "down", "waiting": 9, "confirmed": 0,
        "refused": 2, "paused": None, "oldest_age_s": 90_061, "oldest_received_utc_s": 0, "receipt": None,
        "held": "", "problem": "no connection", "aside": 3, "again": [],
        "refusals": [{"controller": "ab", "chain": 1, "seq": 7, "reason": "too large"}],
        "without_address": [f"well-{at}" for at in range(20)], "unknown_stations": ["wel-1"],
        "remainder_l": {f"{at:016x}": 5 for at in range(9)},
    }  # fmt: skip
    found = "\n".join(uploadtext.lines(one))
    assert "platform c (city sl651): down, 9 waiting, 0 confirmed, 2 refused" in found
    assert "20 wells have no address there: well-0" in found and "well-7 and 12 more" in found
    assert "refused last: record 7 of ab: too large" in found
    assert "1 d 1 h" in found and "nobody of that name is enrolled: wel-1" in found
    assert "3 stations get no confirm" in found and "and of 1 more; --json names them all" in found
