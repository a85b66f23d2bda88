"""Keys at the live page, pressed on a real terminal's line: what a person sees of it."""

import asyncio
import os
import pty
import re
import signal
import struct
import sys
import termios
from fcntl import ioctl

import pytest

from bench_process import processes_of

pytestmark = pytest.mark.timeout(600)
COLUMNS, ROWS = 150, 45
WAIT_S = 200  # a desk comes up in about 5 s, and in a minute on a machine with ten times the work
IDLE = """
title = "A quiet desk"
title_zh = "安静的台面"
[controller]
restart_delay_s = 0
interval_idle_s = 60
interval_pumping_s = 60
[[act]]
title = "Waiting"
title_zh = "等待"
speed = 1
steps = [ { do = "grant", litres = 5000 }, WAIT { check = "pump_is_off" } ]
"""
LONG = IDLE.replace("WAIT", '{ do = "wait", seconds = 3600 },')
SHORT = IDLE.replace("WAIT", "")


class Terminal:
    """`karez bench run` on a terminal of its own, everything that it has drawn so far in `screen`."""

    def __init__(self, folder, text, *words):
        (folder / "desk.toml").write_text(text, encoding="utf-8")
        (folder / "tmp").mkdir()
        self.folder, self.words, self.screen = folder, words, ""

    async def __aenter__(self):
        self.ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        mine = {key: value for key, value in os.environ.items() if not key.startswith(("LANG", "LC_"))}
        environment = mine | {"TMPDIR": str(self.folder / "tmp"), "TERM": "xterm-256color", "PYTHONUTF8": "1"}
        environment.pop("COLUMNS", None)
        command = [sys.executable, "-m", "karez_gateway", "bench", "run", "desk.toml", *self.words]
        self.process = await asyncio.create_subprocess_exec(
            *command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.folder, env=environment,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        os.set_blocking(self.ours, False)
        asyncio.get_running_loop().add_reader(self.ours, self._read)
        self._news = asyncio.Event()
        return self

    async def __aexit__(self, *_):
        asyncio.get_running_loop().remove_reader(self.ours)
        if self.process.returncode is None:
            self.process.kill()
        for pid in processes_of(self.folder / "tmp"):
            os.kill(pid, signal.SIGKILL)
        await self.process.wait()
        os.close(self.ours)

    def _read(self):
        try:
            data = os.read(self.ours, 65_536)
        except OSError:  # the other end is closed: it has ended
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.ours)
        self.screen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode("utf-8", "replace"))
        self._news.set()

    async def shows(self, text):
        """Wait until this was drawn behind what was looked for last."""
        try:
            async with asyncio.timeout(WAIT_S):
                while text not in self.screen:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} was never drawn; {self.screen[-4000:]}") from None
        self.screen = self.screen[self.screen.index(text) + len(text) :]

    def press(self, key):
        """A person presses a key."""
        os.write(self.ours, key.encode())

    async def ended(self):
        """Its exit code, once it has ended and left nothing running."""
        async with asyncio.timeout(WAIT_S):
            await self.process.wait()
        assert processes_of(self.folder / "tmp") == {}
        return self.process.returncode


async def test_every_key_is_a_hand_at_the_desk_and_the_line_below_names_them(tmp_path):
    async with Terminal(tmp_path, LONG) as terminal:
        await terminal.shows("3600 s pass")
        await terminal.shows("Keys: s start")
        terminal.press("?")  # no key of ours
        for key, said, then in (
            ("s", "presses start", "running"),
            ("m", "a magnet is put on the meter", None),
            ("x", "somebody presses stop", "used 0."),
            ("d", "the door of the cabinet is opened", None),
            ("a", "the antenna is pulled", None),
            ("a", "the antenna is put on again", None),
            ("c", "the mains are cut", None),
            ("s", "Nobody heard the key: the controller does not run", None),
            ("c", "the mains are back", "used "),
        ):
            terminal.press(key)
            await terminal.shows(said)
            if then:
                await terminal.shows(then)
        terminal.press("q")  # leaves nothing that is being played
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.ended() == 130


async def test_a_desk_that_stays_is_left_with_q_and_ends_with_its_verdict(tmp_path):
    async with Terminal(tmp_path, SHORT, "--stay") as terminal:
        await terminal.shows("The desk stays up: q or Ctrl-C ends it.")
        terminal.press("d")
        await terminal.shows("the door of the cabinet is opened")
        terminal.press("q")
        await terminal.shows("Every check held: 1 checks")
        assert await terminal.ended() == 0


async def test_ctrl_c_ends_a_stay_with_the_verdict_of_what_was_played(tmp_path):
    wrong = SHORT.replace("pump_is_off", "pump_runs")
    async with Terminal(tmp_path, wrong, "--stay") as terminal:
        await terminal.shows("The desk stays up")
        terminal.process.send_signal(signal.SIGINT)
        await terminal.shows("A check did not hold")
        assert await terminal.ended() == 1
