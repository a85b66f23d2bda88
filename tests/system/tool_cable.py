"""The technician's tool as its own process, at a cable to a controller's console."""

import asyncio
import json
import os
import select
import sys
import threading

from karez_simulators.serial_port import SerialPort
from system.console_line import BAUD

PASSPHRASE = "correct horse"
TOOL = "from karez_gateway.technician.cli import app; app()"


class Cable:
    """Joins the controller's pty with one that the tool opens; `path` is the tool's."""

    def __init__(self, port):
        self._box, self._tool = port, SerialPort(BAUD)
        self.path = self._tool.path
        self._stop_r, self._stop_w = os.pipe()
        self._thread = threading.Thread(target=self._carry)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.close(self._stop_w)
        self._thread.join(10)
        os.close(self._stop_r)
        self._tool.close()

    def _carry(self):
        ends = {self._box.master_fd: (self._box, self._tool), self._tool.master_fd: (self._tool, self._box)}
        while True:
            ready, _, _ = select.select([*ends, self._stop_r], [], [])
            if self._stop_r in ready:
                return
            for one in ready:
                source, other = ends[one]
                other.write(source.read())


class PulledCable(Cable):
    """A cable that somebody pulls when so many pieces of a document have gone over it."""

    def __init__(self, port, words, pieces=2):
        super().__init__(port)
        self.box_sends, self._words, self._left = self._box.write, words, pieces
        self._box.write = self._send

    def _send(self, data):
        self._left -= data.count(self._words)
        return self.box_sends(data) if self._left > 0 else len(data)

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self._box.write = self.box_sends


async def run(cable, *words, code=0, **environment):
    """Run the tool as its own process; return its JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TOOL, *[str(word) for word in words], "--port", cable.path, "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "KAREZ_KEY_PASSPHRASE": PASSPHRASE, "LANG": "C", **environment},
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == code, (words, out, err)
    return json.loads(out)
