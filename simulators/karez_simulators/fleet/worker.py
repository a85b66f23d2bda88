"""A process that plays some of a fleet's controllers: commands on stdin, JSON lines on stdout.

    connect | begin UTC_S | end        preparing, prepared, progress, result

It ends when its stdin does: whoever started it is gone.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from karez_simulators.fleet import roster
from karez_simulators.fleet.engine import Engine
from karez_simulators.fleet.plan import Plan
from karez_simulators.fleet.port import BrokerAddress

SAY_EVERY_S = 1.0


def say(event: str, **facts: Any) -> None:
    """One JSON line for whoever started us."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


class Worker:
    """Obeys and reports while its engine runs."""

    def __init__(self, orders: dict[str, Any]) -> None:
        """`orders`: the plan, the file of members, the broker, the file for the result."""
        host, port = orders["address"]
        broker = BrokerAddress((host, port), orders["tls_name"], bytes.fromhex(orders["authority"]))
        self.engine = Engine(Plan.of(orders["plan"]), roster.read(Path(orders["members"])), broker)
        self._result = Path(orders["result"])
        self._begin_ms = 0
        self._last_say_s = 0.0
        self._is_over = False
        self._commands = b""

    def run(self) -> None:
        """Play until told to end."""
        stdin = sys.stdin.fileno()
        os.set_blocking(stdin, False)
        engine = self.engine
        engine.prepare(lambda made: say("preparing", made=made))
        gc.collect()
        gc.freeze()  # thousands of boxes live to the end: no need to look at them again and again
        engine.sockets.listen(stdin, None)
        say("prepared", made=engine.made)
        try:
            while not self._is_over:
                if stdin in engine.step():
                    self._obey(os.read(stdin, 4096))
                self._report()
            self._write()
        finally:
            engine.close()

    def _obey(self, data: bytes) -> None:
        if not data:
            raise SystemExit(1)
        *lines, self._commands = (self._commands + data).split(b"\n")
        for line in lines:
            verb, *words = line.decode().split()
            if verb == "connect":
                self.engine.connect(draining=False)
            elif verb == "begin":
                self._begin_ms = self.engine.sockets.now_ms()
                self.engine.begin(float(words[0]))
            else:
                self._is_over = True

    def _report(self) -> None:
        now_s = time.monotonic()
        if now_s - self._last_say_s < SAY_EVERY_S:
            return
        self._last_say_s = now_s
        say("progress", **self.engine.standing(), making=self.engine.is_making)

    def _write(self) -> None:
        """Write what was counted and, for each box, what the gateway must have."""
        facts = self.engine.document(self._begin_ms)
        facts["boxes"] = [one.box.facts() for one in self.engine.playing]
        self._result.write_text(json.dumps(facts), encoding="utf-8")
        say("result")


def main() -> None:
    """Read the orders' path from the command line and play."""
    Worker(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).run()


if __name__ == "__main__":
    main()
