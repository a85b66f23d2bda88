"""A terminal at a house's console (wellhouse.py), and a tool that checks each line."""

import json

from karez_protocols import console


class Terminal:
    """The console's line in memory. `room`: bytes it takes before it is full; None: any number."""

    def __init__(self):
        self.typed = b""
        self.shown = b""
        self.room = None
        self.most = 64  # bytes a read brings, as a UART's own buffer

    def read(self):
        data, self.typed = self.typed[: self.most], self.typed[self.most :]
        return data

    def write(self, data):
        taken = len(data) if self.room is None else min(self.room, len(data))
        if self.room is not None:
            self.room -= taken
        self.shown += bytes(data[:taken])
        return taken


class Tool:
    """A program at the console of a house."""

    def __init__(self, house, is_json=True):
        self.house = house
        house.app._drop_console()
        self.terminal = house.app.terminal = Terminal()
        self._tag = 0
        if is_json:
            self.terminal.typed = b"\r"  # whatever noise there was before ends here
            self.ask("json")

    def ask(self, *words, seconds=30):
        """Return (last answer, those before it) to a request, each as a dict."""
        self._tag += 1
        self.terminal.typed += console.request(list(words), self._tag)
        return self.answers(self._tag, seconds)

    def answers(self, tag, seconds=30):
        """Wait for the answers to a tag."""
        before: list = []
        until_us = self.house.port.us + seconds * 1_000_000
        while self.house.port.us < until_us:
            self.house.turn()
            while b"\n" in self.terminal.shown:
                line, self.terminal.shown = self.terminal.shown.split(b"\n", 1)
                try:
                    found = json.loads(console.unsealed(line))
                except console.Malformed:
                    continue  # echo and prompt, before `json`
                assert found.pop("tag", None) == tag, found
                if "more" not in found:
                    return found, before
                before.append(found)
        raise AssertionError("no end of the answer to %s within %d s" % (tag, seconds))

    def type(self, data, seconds=2):
        """Type bytes as a person does; return what the terminal shows then."""
        self.terminal.typed += data
        self.house.run(seconds)
        shown, self.terminal.shown = self.terminal.shown, b""
        return str(shown, "utf-8")
