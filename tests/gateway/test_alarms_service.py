"""From a record on the broker to a receiver's door, with the whole service between."""

import asyncio
import json
import urllib.request

from karez_protocols import flags
from karez_simulators.broker import LinkBroker

from .receiving import Hook
from .service_process import Box, directory_for, karez, service, until_status
from .synthetic import SyntheticController


async def test_an_alarm_of_a_record_reaches_its_receiver_and_a_person_s_word_the_service(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("KAREZ_TEST_SECRET", "a secret")
    box = SyntheticController("a", "well-1")
    with Hook() as hook:
        extra = (
            "\n[[alarms.rule]]\nrule = 'record'\nset = { oldest_days = 36500 }\n"
            f"\n[[alarms.notify]]\nname = 'desk'\nkind = 'webhook'\nto = '{hook.url}'\n"
            "secret_env = 'KAREZ_TEST_SECRET'\n"
        )
        async with LinkBroker() as broker:
            directory = directory_for(tmp_path, broker.port, box, extra=extra)
            async with service(directory) as running:
                await running.event("connected")
                async with Box(box, broker) as end:
                    box.interval(10, alarms=flags.FOREIGN_RUN)
                    await end.send()
                    assert await asyncio.to_thread(hook.came.wait, 60)
                (notice,) = json.loads(hook.kept[0][2])["notices"]
                assert (notice["word"], notice["alarm"]["line"]) == ("raised", "alarm:3")
                found = await until_status(directory, lambda one: one["alarms"]["urgent"] == 1)
                assert found["running"]
                words = ("--data", directory, notice["alarm"]["id"], "--because", "patrol went", "--by", "li")
                done = karez("alarms", "acknowledge", *words)
                assert done.returncode == 0, done.stderr
                while not acts_logged(directory):
                    pass
                code, log = await running.end()
                assert code == 0 and not [line for line in log if json.loads(line)["level"] == "error"], log
    checked = json.loads(karez("acts", "check", "--data", directory, "--json").stdout)
    assert checked["good"] == 2  # who brought the box in, and who acknowledged


def acts_logged(directory):
    found = json.loads(karez("acts", "list", "--data", directory, "--sort", "alarm", "--json").stdout)
    return all(one["log_index"] is not None for one in found)


def test_open_alarms_are_figures_for_prometheus(tmp_path):
    from karez_gateway.service import metrics

    from .alarm_desk import Desk
    from .county import create, opened

    with opened(create(tmp_path / "g")) as county:
        desk = Desk(county)
        box = SyntheticController("a", "well-1")
        box.interval(10, alarms=flags.FOREIGN_RUN)
        desk.take(box)
        served = metrics.served(county.store, tmp_path / "service.json", "127.0.0.1", 0)
        with served as port, urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
        assert 'karez_alarms{severity="urgent",state="raised"} 1.0' in text
