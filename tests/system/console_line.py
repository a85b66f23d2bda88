"""A console on a pty for a controller in the VM, and a program at its other end."""

import asyncio
import json
from dataclasses import dataclass

from karez_protocols import console, errors
from karez_simulators.serial_port import SerialPort
from karez_simulators.vm_start import Start

BAUD = 115_200
ANSWER_S = 90  # a loaded machine


@dataclass
class WithConsole(Start):
    """The same start, with the path of a console behind the other arguments."""

    console: str = ""

    def command(self, image, *arguments):
        return super().command(image, *arguments, self.console)


class ConsoleLine:
    """The technician's end. `port`: SerialPort, whose path the controller is started with."""

    def __init__(self):
        self.port = SerialPort(BAUD)
        self.lines = console.Lines()
        self.waiting = []
        self.tag = 0

    def start(self, how):
        """Return a Start that names this console."""
        return WithConsole(how.module, how.is_in_place, how.heap_kb, how.path, self.port.path)

    async def shown(self, until, seconds=ANSWER_S):
        """Return the text the terminal shows, up to where it holds a word."""
        text = b""
        async with asyncio.timeout(seconds):
            while until not in text:
                text += self.port.read()
                await asyncio.sleep(0.005)
        return text.decode()

    async def ask(self, *words, seconds=ANSWER_S):
        """Return (last answer, those before it), each as a dict."""
        self.tag += 1
        self.port.write(console.request(list(words), self.tag))
        return await self.answer(seconds)

    async def answer(self, seconds=ANSWER_S):
        """The same for a request that was sent already, with the newest tag."""
        before = []
        async with asyncio.timeout(seconds):
            while True:
                self.waiting += self.lines.feed(self.port.read())
                while self.waiting:
                    line = self.waiting.pop(0)
                    try:
                        found = json.loads(console.unsealed(line))
                    except errors.Malformed:
                        continue
                    assert next(iter(found)) == "tag" and found.pop("tag") == self.tag, found
                    if "more" not in found:
                        return found, before
                    before.append(found)
                await asyncio.sleep(0.005)
