"""Random lives of a log with backups, restores and witnesses: none of them ever signs two histories."""

import copy
import random

import pytest

from karez_gateway.config import Witness as Settings
from karez_gateway.log.cosigned import CosignedCheckpoints
from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.note import VerifierKey
from karez_gateway.witnesses.witness import Answer, BadAnswer
from karez_gateway.witnesses.witnessing import Witnessing
from karez_simulators.witness import Witness
from karez_simulators.witness_state import WitnessState

from .power_cut_disk import PowerCutDisk
from .witnesses import LOG_KEY, ORIGIN, SIGNER, Clock, witness_key

STEPS = 60
NAMES = ("w1", "w2")


class Life:
    """One seed: a gateway's disk, what each witness has signed, and what the log held each time."""

    def __init__(self, directory, chance):
        self.directory = directory
        self.chance = chance
        self.clock = Clock()
        self.disk = PowerCutDisk()
        self.backup = None
        self.signed = {name: [] for name in NAMES}  # entries at each cosignature, in turn
        self.witnesses = {name: self.born(name) for name in NAMES}
        self.down = set()
        self.told = 0
        self.log = Tlog.create(self.disk, ORIGIN, SIGNER)
        self.entries = []
        self.begin()

    def born(self, name):
        return Witness(witness_key(name), [LOG_KEY], WitnessState(self.directory / name), self.clock.utc_s)

    def begin(self):
        """A new process of the gateway over the same disk."""
        keys = [VerifierKey.parse(str(one.key)) for one in self.witnesses.values()]
        kept = CosignedCheckpoints(self.disk, ORIGIN, SIGNER.verifier_key, keys)
        settings = [
            Settings(name=name, key=str(one.key), url=f"http://127.0.0.1/{name}/")
            for name, one in self.witnesses.items()
        ]
        file = self.directory / "witnesses.json"
        self.kept = kept
        self.asking = Witnessing(settings, self.log, kept, self.post, file, 10, self.clock)

    async def post(self, url, body, _timeout_s):
        name = url.split("/")[-2]
        if name in self.down:
            raise BadAnswer("is not reachable")
        reply = self.witnesses[name].add_checkpoint(body)
        if reply.status == 200:
            self.signed[name].append(list(self.entries))
        return Answer(reply.status, reply.content_type, reply.body)

    def grow(self):
        count = self.chance.randrange(1, 6)
        fresh = [b"%d" % self.chance.randrange(1 << 30) for _ in range(count)]
        self.log.append(fresh)
        self.entries += fresh

    def reopen(self):
        self.log.close()
        self.log = Tlog.open(self.disk, ORIGIN, SIGNER)
        self.begin()

    def back_up(self):
        self.backup = copy.deepcopy(self.disk), list(self.entries)

    def restore(self):
        if self.backup is not None:
            self.log.close()
            self.disk, self.entries = copy.deepcopy(self.backup[0]), list(self.backup[1])
            self.disk.is_locked = False
            self.log = Tlog.open(self.disk, ORIGIN, SIGNER)
            self.begin()

    def kill_witness(self):
        name = self.chance.choice(NAMES)
        self.witnesses[name]._state.close()
        self.witnesses[name] = self.born(name)

    def cut_off(self):
        self.down = {name for name in NAMES if self.chance.random() < 0.4}

    async def round(self):
        self.clock.now += 700
        signed_before = {one.name: one.has_cosigned for one in self.asking.asked}
        due = {one.name for one in self.asking.asked if one.is_due}
        await self.asking.round()
        for one in self.asking.asked:
            seen = self.signed[one.name][-1] if self.signed[one.name] else []
            contradicts = self.entries[: len(seen)] != seen
            if one.name in due and one.name not in self.down:
                assert bool(one.standing.problem) == contradicts, one.standing
                if not signed_before[one.name]:
                    assert bool(one.standing.claim) == contradicts
                self.told += contradicts
                assert contradicts or (one.standing.size, seen) == (len(self.entries), self.entries)

    def check(self):
        """Each witness signed one history, and every kept note is of the log that keeps it."""
        for name, trees in self.signed.items():
            for before, after in zip(trees, trees[1:], strict=False):
                assert after[: len(before)] == before, name
        for one in self.kept.read():
            assert one.size <= self.log.size and self.log.root_at(one.size) == one.root

    async def live(self):
        acts = [self.grow] * 5 + [self.reopen, self.back_up, self.kill_witness, self.cut_off]
        for _ in range(STEPS):
            if self.chance.random() < 0.04:
                self.restore()
            if self.chance.random() < 0.4:
                await self.round()
            else:
                self.chance.choice(acts)()
            self.check()
        for one in self.witnesses.values():
            one._state.close()
        return self.told


@pytest.mark.parametrize("seeds", [range(20, 30), range(30, 40)])
async def test_whatever_is_restored_no_witness_signs_two_histories_and_says_so(tmp_path, seeds):
    told = 0
    for seed in seeds:
        print(f"seed {seed}")
        (tmp_path / str(seed)).mkdir()
        told += await Life(tmp_path / str(seed), random.Random(seed)).live()
    assert told >= 5  # else nothing was tried
