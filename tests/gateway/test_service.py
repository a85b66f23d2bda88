"""The whole service as its own process, over a real MQTT broker: what a bench or a county starts."""

import json
import signal

import pytest

from karez_gateway.verifier import bundle_check, trust
from karez_protocols import causes, link
from karez_simulators.broker import LinkBroker
from karez_simulators.pki import LinkAuthority
from karez_simulators.platform_szy206 import PlatformSzy206

from .county import create
from .service_process import Box, connected, directory_for, enrol, karez, service, status, until_status
from .synthetic import SyntheticController, key_of, make_grant, zeros


async def test_records_go_from_the_broker_to_the_platform_and_into_a_proved_bundle(tmp_path):
    box = SyntheticController("a", "well-1")
    grant = make_grant("well-1", 1, 9_000_000)
    async with LinkBroker() as broker, PlatformSzy206() as platform:
        extra = (
            f'\n[[destination]]\nname = "county"\nkind = "szy206"\nhost = "{platform.host}"\n'
            f'port = {platform.port}\naddress = "4101050100"\n'
        )
        directory = directory_for(tmp_path, broker.port, box, extra=extra)
        async with service(directory) as running:
            assert (await running.event("ready"))["origin"] == "karez.test/county"
            await running.event("connected")
            async with Box(box, broker) as end:
                state = zeros(link.STATE_BODY) | {"volume_l": 0}
                await end.publish(link.encode_state(state), "state")
                (tmp_path / "g.grant").write_bytes(grant)
                assert karez("grant", "--data", directory, tmp_path / "g.grant").returncode == 0
                assert await end.received(link.GRANT) == grant
                box.accept_grant(grant)
                box.irrigate(20)
                await end.send()
                await platform.received(21)
                found = await until_status(
                    directory,
                    lambda one: (
                        one["destinations"][0]["confirmed"] == 21
                        and one["downlinks"][0]["state"] == "accepted"
                    ),
                )
            assert found["running"] and found["broker"] == "connected"
            (shown,) = found["controllers"]
            assert shown["chains"][0]["signed_seq"] == box.seq and shown["litres_booked"] == 21 * 4000
            assert shown["state"]["online"] == 1
            exported = karez("export", "--data", directory, "--site", "well-1", tmp_path / "w.kzb", "--json")
            assert json.loads(exported.stdout)["receipts"] == 21
            code, log = await running.end()
            assert code == 0
            assert all(json.loads(line)["level"] in ("info", "warning") for line in log)
        report = bundle_check.check((tmp_path / "w.kzb").read_bytes(), trust.load(directory / "trust.json"))
        assert report.is_proved and len(report.uploads) == 21
        assert json.loads(karez("status", "--data", directory, "--json").stdout) == status(directory)
        assert not status(directory)["running"]
        ledger = json.loads(karez("ledger", "--data", directory, "--json").stdout)
        assert sum(row["litres"] for row in ledger) == 21 * 4000


async def test_a_killed_service_has_everything_it_acknowledged(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(200)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        acknowledged = 0
        for kill_at in (3, 9):
            async with connected(directory) as running:
                async with Box(box, broker) as end:
                    for nth, payload in enumerate(box.payloads(acknowledged + 1)):
                        if nth == kill_at:
                            running.process.kill()
                            break
                        await end.publish(payload)
                        acknowledged = (await end.received(link.ACK))["seq"]
                await running.process.wait()
            (chain,) = status(directory)["controllers"][0]["chains"]
            assert chain["stored_seq"] >= acknowledged > 0
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                await end.send()
            await until_status(
                directory, lambda one: one["controllers"][0]["chains"][0]["signed_seq"] == box.seq
            )
            code, _ = await running.end(signal.SIGINT)
            assert code == 0
    assert status(directory)["controllers"][0]["litres_booked"] == 201 * 4000


async def test_a_broker_that_is_not_there_is_waited_for(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    broker = LinkBroker()
    await broker.start()
    await broker.stop()
    directory = directory_for(tmp_path, broker.port, box)
    async with service(directory) as running:
        await running.event("ready")
        await running.event("disconnected")
        assert (await until_status(directory, lambda one: one["running"]))["broker"].startswith(
            "not connected"
        )
        async with broker:
            await running.event("connected")
            async with Box(box, broker) as end:
                await end.send()
                await broker.stop()
                await running.event("disconnected")
                await broker.start()
                await running.event("connected")
            code, log = await running.end()
        assert code == 0
        events = [json.loads(line)["event"] for line in log]
        assert events.count("broker not reachable, trying on") == 2  # one line for each outage


async def test_over_tls_the_gateway_shows_its_certificate_and_asks_for_the_brokers_name(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    authority = LinkAuthority()
    async with LinkBroker(authority, "broker.karez.test") as broker:
        directory = directory_for(tmp_path, broker.port)
        authority.gateway().write(directory, "gateway")
        (directory / "ca.crt").write_bytes(authority.credential.certificate_pem)
        path = directory / "gateway.toml"
        tls = 'ca = "ca.crt"\ncertificate = "gateway.crt"\nkey = "gateway.key"\n'
        tls += 'tls_name = "broker.karez.test"\n'
        path.write_text(path.read_text().replace("# tls_name", tls + "# tls_name"))
        enrol(directory, box)
        async with connected(directory) as running:
            assert (await running.end())[0] == 0
        path.write_text(
            path.read_text().replace('tls_name = "broker.karez.test"', 'tls_name = "other.karez.test"')
        )
        async with service(directory) as running:
            found = await running.event("disconnected")
            assert "CERTIFICATE_VERIFY_FAILED" in found["broker"]
            assert (await running.end())[0] == 0


async def test_what_the_controller_refuses_is_shown_with_its_reason(tmp_path):
    box = SyntheticController("a", "well-1")
    forged = make_grant("well-1", 3, 9_000_000, key=key_of("forger"))
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        (tmp_path / "g.grant").write_bytes(forged)
        done = karez("grant", "--data", directory, tmp_path / "g.grant")
        assert done.returncode == 2 and "did not sign this grant" in done.stderr
        assert karez("grant", "--data", directory, tmp_path / "g.grant", "--unchecked").returncode == 0
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                assert await end.received(link.GRANT) == forged
                box.refuse(causes.GRANT_REFUSED_SIGNATURE, forged, 3)
                await end.send()
                found = await until_status(directory, lambda one: one["downlinks"][0]["state"] == "refused")
            assert found["downlinks"][0]["cause"] == "grant refused: signature"
            assert (await running.end())[0] == 0


async def test_a_log_that_cannot_be_written_ends_the_service_without_an_acknowledgement(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                await end.publish(box.frame(1))
                await end.acknowledged(1)
                (directory / "log").rename(directory / "gone")
                await end.publish(box.frame(2))
                assert await running.process.wait() == 1
                assert not len(end.client.messages)
            log = [json.loads(line) for line in (await running.log).decode().splitlines()]
            assert log[-1]["event"] == "stopped by an error" and "open the log again" in log[-1]["reason"]
        (directory / "gone").rename(directory / "log")
        async with connected(directory) as running, Box(box, broker) as end:
            await end.publish(box.frame(2))
            await end.acknowledged(2)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda one: (one / "gateway.toml").unlink(), "run karez gateway init"),
        (lambda one: (one / "log.key").unlink(), "log.key: no such file"),
        (lambda one: (one / "log.key").chmod(0o644), "chmod 600"),
        (lambda one: (one / "karez.sqlite3").write_bytes(b"x" * 5000), "restore it from a backup"),
        (lambda one: (one / "log" / "checkpoint").write_bytes(b"x"), "checkpoint"),
    ],
)
def test_what_cannot_start_ends_with_one_line_and_code_2(tmp_path, break_it, says):
    directory = create(tmp_path / "g")
    break_it(directory)
    done = karez("run", "--data", directory)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and says in done.stderr
