"""The service and its witnesses: bundles carry cosignatures, and a log that was put back is not continued."""

import asyncio
import json
import shutil

import pytest

from karez_gateway import config as configuration
from karez_gateway import data as data_directory
from karez_gateway.entries import neworigin, origins, restored
from karez_gateway.entries.logview import prove
from karez_gateway.errors import StoreError
from karez_gateway.operation import doctor
from karez_gateway.operation.status import status
from karez_gateway.operation.statustext import lines
from karez_gateway.proofs import evidence
from karez_gateway.verifier import bundle_check, trust
from karez_gateway.verifier.checkpoint import open_checkpoint
from karez_gateway.verifier.note import VerifierKey
from karez_gateway.witnesses.cosigning import Cosigning, cosigned
from karez_gateway.worker import Worker
from karez_simulators.broker import LinkBroker
from karez_simulators.witness import Witness
from karez_simulators.witness_manners import SILENT
from karez_simulators.witness_notes import LogKey
from karez_simulators.witness_server import WitnessServer
from karez_simulators.witness_state import WitnessState

from .county import create, opened
from .service_process import Box, connected, directory_for, service
from .synthetic import SyntheticController
from .witnesses import witness_key

SECTION = '\n[[witness]]\nname = "{name}"\nkey = "{key}"\nurl = "{url}"\ntimeout_s = 10\n'


class Auditors:
    """Witness servers that know a county's log by its real clock."""

    def __init__(self, directory, *names):
        self.directory = directory
        self.servers = {}
        for name in names:
            state = WitnessState(directory / f"auditor-{name}")
            self.servers[name] = WitnessServer(Witness(witness_key(name), [], state, _now))

    def __enter__(self):
        for one in self.servers.values():
            one.__enter__()
        return self

    def __exit__(self, *raised):
        for one in self.servers.values():
            one.__exit__(*raised)
            one.witness._state.close()

    @property
    def toml(self):
        return "".join(
            SECTION.format(name=name, key=one.witness.key, url=one.url) for name, one in self.servers.items()
        )

    def know(self, directory):
        key = LogKey.parse(str(origins.current(configuration.load(directory)).verifier_key()))
        for one in self.servers.values():
            one.witness.trust(key)

    def size(self, name, origin="karez.test/county"):
        return self.servers[name].witness.size_of(origin)


def _now():
    import time

    return int(time.time())


class Part:
    """The service's cosigning part over an open county, without a broker."""

    def __init__(self, county, states=None):
        self.states = states or {}
        self.worker = Worker()
        self.cosigning = Cosigning(county.config, county.sequencer, self.worker, lambda: self.states)

    async def __aenter__(self):
        return await self.cosigning.__aenter__()

    async def __aexit__(self, *raised):
        await self.cosigning.__aexit__(*raised)
        self.worker.close()


def well(checkpoints=2):
    box = SyntheticController("a", "well-1")
    for _ in range(checkpoints):
        box.irrigate(3)
    return box


def trusting(directory, auditors, quorum):
    path = directory / data_directory.TRUST
    text = json.loads(path.read_text())
    text |= {"witness": [str(one.witness.key) for one in auditors.servers.values()], "quorum": quorum}
    path.write_text(json.dumps(text))
    return trust.load(path)


def facts(directory):
    config = configuration.load(directory)
    with data_directory.beside(config) as store:
        return status(store, config)


async def test_a_bundle_carries_the_cosignatures_of_the_checkpoint_that_has_the_most(tmp_path):
    box = well()
    with Auditors(tmp_path, "w1", "w2") as auditors:
        directory = create(tmp_path / "g", auditors.toml)
        auditors.know(directory)
        keys = trusting(directory, auditors, 2)
        with opened(directory) as county:
            county.enrol(box)
            county.take(box, *box.payloads())
            county.work()

            def export():
                return evidence.export(county.store, county.config, site="well-1").data

            before = bundle_check.check(export(), keys)
            assert [one.code for one in before.rejections] == ["witness_quorum"]
            async with Part(county) as part:
                await part.begin()
                first = export()
                report = bundle_check.check(first, keys)
                assert report.is_proved and report.log.size == box.seq
                assert {one.name for one in report.log.cosigned} == {"w1.example", "w2.example"}
                # The log grows while one witness is out of order: what is older keeps both.
                box.interval(7)
                county.take(box, *box.payloads(box.seq))
                auditors.servers["w2"].manner = "failing"
                await part._witnessing.round()
                assert [one.size for one in cosigned(county.config).read()] == [box.seq - 1, box.seq]
                assert export() == first
                # What is newer has one.
                older = box.seq - 1
                box.irrigate(1)
                county.take(box, *box.payloads(older + 2))
                county.work()
                await part._witnessing.round()
                report = bundle_check.check(export(), keys)
                assert [one.name for one in report.log.cosigned] == ["w1.example"] and not report.is_proved
                assert report.log.size == box.seq
        shown = facts(directory)
        assert [one["size"] for one in shown["log"]["witnesses"]] == [box.seq, older]
        text = "\n".join(lines(shown))
        assert "witness w2: answered 500, since 20" in text and f"; {older} entries cosigned 20" in text
        told = [one for one in doctor.examine(configuration.load(directory)) if one.part == "witness"]
        assert [one.state for one in told] == [doctor.OK, doctor.WARNING] and "answered 500" in told[1].text
        (directory / "witnesses.json").unlink()  # without the service's word: what is kept beside the log
        shown = facts(directory)
        assert [one["size"] for one in shown["log"]["witnesses"]] == [box.seq, older]


async def test_a_proof_at_an_older_size_holds_at_any_size(tmp_path):
    with Auditors(tmp_path, "w1") as auditors:
        directory = create(tmp_path / "g", auditors.toml)
        auditors.know(directory)
        config = configuration.load(directory)
        with data_directory.opened(config) as found:
            log = found.sequencer.log
            log.append([b"%d" % number for number in range(259)])
            county = type("Open", (), {"config": config, "sequencer": found.sequencer})
            async with Part(county) as part:
                await part.begin()
            log.append([b"%d" % number for number in range(259, 700)])
            one = origins.current(config)
            keys = [VerifierKey.parse(config.witness[0].key)]
            for indexes, size in (([0, 255, 258], 259), ([258, 259], 700), ([], 259)):
                note, proofs = prove(one.directory, one.name, str(one.verifier_key()), indexes, keys)
                signed = open_checkpoint(note, one.name, one.verifier_key(), keys).checkpoint
                assert signed.size == size
                assert proofs == [log.inclusion_proof(index, size) for index in indexes]
            # A kept checkpoint that is not of this tree is not used.
            kept = one.directory / "cosigned" / "259"
            kept.write_bytes(kept.read_bytes().replace(b"\n259\n", b"\n260\n"))
            assert (
                prove(one.directory, one.name, str(one.verifier_key()), [3], keys)[0] == log.checkpoint_note()
            )


async def test_an_older_backup_is_found_out_before_anything_is_added(tmp_path):
    """The acceptance test of the house: restore an old backup of the gateway, and it refuses to sign."""
    box = well()
    with Auditors(tmp_path, "w1", "w2") as auditors:
        directory = create(tmp_path / "g", auditors.toml)
        auditors.know(directory)
        with opened(directory) as county:
            county.enrol(box)
            county.take(box, box.frame(1, 2, 3))
        shutil.copytree(directory, tmp_path / "backup")
        with opened(directory) as county:
            county.take(box, *box.payloads(4))
            async with Part(county) as part:
                await part.begin()
        shutil.rmtree(directory)
        (tmp_path / "backup").rename(directory)
        auditors.servers["w2"].manner = SILENT  # one is enough
        with opened(directory) as county:
            before = county.sequencer.log.checkpoint_note()
            async with Part(county) as part:
                with pytest.raises(
                    StoreError, match=f"w1 has seen {box.seq} entries of this log, which holds 3"
                ):
                    await part.begin(within_s=0.5)
            assert county.sequencer.log.checkpoint_note() == before
        # From now on it is known here, witnesses or not.
        log = next(one for one in doctor.examine(configuration.load(directory)) if one.part == "log")
        assert log.state == doctor.FAILED and "the witness w1 has seen" in log.text
        with pytest.raises(StoreError, match="the witness w1 has seen"), opened(directory):
            pass
        neworigin.open_new(configuration.load(directory), "put back", None)
        auditors.know(directory)
        auditors.servers["w2"].manner = ""
        with opened(directory) as county:
            async with Part(county) as part:
                await part.begin()
                county.take(box, *box.payloads(1))
                await part._witnessing.round()
            assert auditors.size("w2", "karez.test/county.2") == county.sequencer.log.size == 1 + box.seq - 3
        assert auditors.size("w1") == box.seq  # of the old one nothing more


async def test_a_person_may_say_that_the_witness_is_wrong_until_it_is_right_again(tmp_path):
    with Auditors(tmp_path, "w1") as auditors:
        directory = create(tmp_path / "g", auditors.toml)
        auditors.know(directory)
        auditors.servers["w1"].manner = "larger"
        box = well()
        with opened(directory) as county:
            county.enrol(box)
            county.take(box, box.frame(1, 2))
            async with Part(county) as part:
                with pytest.raises(StoreError):
                    await part.begin()
        restored.keep(directory, "w1 lies", against_witnesses=True)
        told = {box.name: {"chain": 1, "acknowledged_seq": 2}}
        with opened(directory) as county:
            async with Part(county, told) as part:
                await part.begin()
                assert restored.kept(directory) == ("w1 lies", True)
                auditors.servers["w1"].manner = ""
                county.take(box, box.frame(3))
                for one in part._witnessing.asked:
                    one._next_s = 0  # its pause after a failure is over
                await part._witnessing.round()
                await part.check()
                assert restored.kept(directory) == ("", False)
                assert auditors.size("w1") == 3


async def test_controllers_that_were_told_of_more_stop_the_log_and_are_explained_by_a_new_origin(tmp_path):
    box = well()
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, box.frame(1, 2, 3))
        told = {box.name: {"chain": 1, "acknowledged_seq": box.seq}}
        async with Part(county, told) as part:
            with pytest.raises(StoreError, match="1 controllers were told of more than is stored here"):
                await part.run()  # the states come when the broker is there: while it runs
    assert box.name in restored.halted(directory)
    neworigin.open_new(configuration.load(directory), "put back", None)
    with opened(directory) as county:
        part = Part(county, told)
        async with part as running:
            await running.check()
            assert restored.kept(directory)[0]
            county.take(box, *box.payloads(1))
            await running.check()
            assert restored.kept(directory)[0] == ""
            # and the next restore is noticed again
            part.states = {box.name: {"chain": 1, "acknowledged_seq": box.seq + 1}}
            with pytest.raises(StoreError):
                await running.check()


async def test_the_real_service_is_cosigned_shows_it_and_does_not_start_on_an_older_log(tmp_path):
    box = well()
    with Auditors(tmp_path, "w1", "w2") as auditors:
        auditors.servers["w2"].manner = "failing"
        async with LinkBroker() as broker:
            extra = "\n" + auditors.toml
            directory = directory_for(tmp_path, broker.port, extra=extra)
            path = directory / "gateway.toml"
            path.write_text(path.read_text().replace("[log]\n", "[log]\ncosign_every_s = 1\n"))
            auditors.know(directory)
            with opened(directory) as county:
                county.enrol(box)
            shutil.copytree(directory, tmp_path / "backup")
            async with connected(directory) as running:
                async with Box(box, broker) as link:
                    await link.send()
                async with asyncio.timeout(30):
                    # Another process: nothing here is told when it is done.
                    while facts(directory)["log"]["witnesses"][0]["size"] < box.seq:  # noqa: ASYNC110 - the service is another process
                        await asyncio.sleep(0.05)
                assert auditors.size("w1") == box.seq
                shown = facts(directory)["log"]["witnesses"]
                assert "answered 500" in shown[1]["problem"] and not shown[0]["problem"]
                assert (await running.end())[0] == 0
            shutil.rmtree(directory)
            (tmp_path / "backup").rename(directory)
            async with service(directory) as running:
                assert await running.process.wait() == 2
                assert (
                    f"the witness w1 has seen {box.seq} entries of this log" in (await running.log).decode()
                )
