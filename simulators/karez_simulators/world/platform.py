"""A platform that gets reports: polite, rude or down. What it keeps is what it believed."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karez_simulators.world.agenda import Agenda
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.gateway_host import GatewayHost

POLITE, RUDE, DOWN = "polite", "rude", "down"
ROUNDS_MAX = 40  # of 64 reports: a backlog of two days at once


class Platform:
    """One platform of the county. `manner` is set from outside."""

    def __init__(self, name: str, agenda: Agenda, chance: Chance, host: GatewayHost, every_ms: int) -> None:
        """Listen from now on."""
        self.name = name
        self.manner = POLITE
        self.volume_l: dict[str, int] = {}  # site -> the highest W that was reported
        self.reports = 0
        self._agenda = agenda
        self._chance = chance
        self._host = host
        self._every_ms = every_ms
        agenda.after(every_ms, self._exchange_regularly)

    def exchange(self) -> None:
        """Let the gateway send what waits, as far as this platform's manners let it."""
        if self.manner == DOWN:
            return
        for _ in range(ROUNDS_MAX):
            waiting = self._host.ask(partial(self._host.county.reports, self.name)) or []
            answers = {name: answer for name, document in waiting if (answer := self._answer(name, document))}
            take = partial(self._host.county.confirmed, self._agenda.utc_s, self.name, answers)
            if not answers or not self._host.ask(take):
                return

    def _answer(self, name: str, document: bytes) -> bytes:
        if self.manner == RUDE:
            what = self._chance.randrange(4)
            if what == 0:
                return b""  # it says nothing
            if what == 1:
                return b"\xff\xfe{"
            if what == 2:
                return json.dumps({"sha256": "0" * 64, "accepted": True}).encode()
        facts = json.loads(document)
        if hashlib.sha256(document).hexdigest() != name:
            return b""
        self.reports += 1
        if facts["volume_l"] is not None:
            self.volume_l[facts["site"]] = max(self.volume_l.get(facts["site"], 0), facts["volume_l"])
        return json.dumps({"sha256": name, "accepted": True}).encode()

    def _exchange_regularly(self) -> None:
        self.exchange()
        self._agenda.after(self._every_ms, self._exchange_regularly)
