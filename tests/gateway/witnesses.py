"""A log, real witness servers beside it, and a clock that a test moves."""

from karez_gateway.config import Witness as Settings
from karez_gateway.log.cosigned import CosignedCheckpoints
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.note import Signer, VerifierKey
from karez_gateway.witnesses.http import WitnessHttp
from karez_gateway.witnesses.witnessing import Witnessing
from karez_simulators.witness import Witness
from karez_simulators.witness_notes import LogKey, WitnessKey
from karez_simulators.witness_server import WitnessServer
from karez_simulators.witness_state import WitnessState

ORIGIN = "karez.test/county"
T0 = 1_790_000_000
SIGNER = Signer(ORIGIN, bytes(range(32)))
LOG_KEY = LogKey.parse(str(SIGNER.verifier_key))


class Clock:
    """Stands still until a test moves it."""

    def __init__(self):
        self.now = T0

    def utc_s(self):
        return self.now

    def monotonic_s(self):
        return self.now


def witness_key(name):
    return WitnessKey(f"{name}.example", name.encode().ljust(32, b"."))


def made(directory, name, clock, logs=(LOG_KEY,)):
    """A witness with its state in a directory of its own."""
    return Witness(witness_key(name), logs, WitnessState(directory / name), clock.utc_s)


class Stand:
    """A log in `directory` with named witnesses, all on free ports of this machine."""

    def __init__(self, directory, *names, timeout_s=30.0):
        self.directory = directory
        self.clock = Clock()
        directory.mkdir(parents=True, exist_ok=True)
        self.log = Tlog.create(directory / "log", ORIGIN, SIGNER)
        self.servers = {name: WitnessServer(made(directory, name, self.clock)) for name in names}
        self.settings = [
            Settings(name=name, key=str(one.witness.key), url=one.url, timeout_s=timeout_s)
            for name, one in self.servers.items()
        ]
        self.keys = [VerifierKey.parse(one.key) for one in self.settings]
        self.kept = self.kept_of(self.log)

    def kept_of(self, log):
        return CosignedCheckpoints(
            DirectoryFiles(self.directory / "log"), log.origin, SIGNER.verifier_key, self.keys
        )

    async def __aenter__(self):
        for one in self.servers.values():
            one.__enter__()
        self.http = WitnessHttp()
        self.asking = self.begin()
        return self

    async def __aexit__(self, *raised):
        await self.http.__aexit__(*raised)
        for one in self.servers.values():
            one.__exit__(*raised)
            one.witness._state.close()
        self.log.close()

    def begin(self):
        """What a gateway that has just started has."""
        return Witnessing(
            self.settings,
            self.log,
            self.kept,
            self.http.post,
            self.directory / "witnesses.json",
            10,
            self.clock,
        )

    def grow(self, count, tag=b"entry"):
        """Add so many entries, and let enough time pass that everybody is asked again."""
        self.log.append([b"%s %d" % (tag, self.log.size + at) for at in range(count)])
        self.clock.now += 700

    def standing(self, name):
        return next(one.standing for one in self.asking.asked if one.name == name)

    def sizes(self, name):
        """What the witness itself says it has."""
        return self.servers[name].witness.size_of(ORIGIN)
