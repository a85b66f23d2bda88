"""Contacts and buttons of a board as the words that hands.py takes.

A contact is believed when it has stood still for 20 ms. Nobody's finger is quicker, and a spike on a
cable of 100 m is shorter.
"""

from karez_protocols.constant import const

_STILL_MS = const(20)


class Contact:
    """One input. `pin.value()` is 0 while the contact is closed: it pulls the pin down."""

    def __init__(self, pin):
        self._pin = pin
        self._seen = None  # what it showed last, and since when
        self._since_ms = 0
        self.is_closed = None  # None: not yet known

    def has_changed(self, now_ms):
        """Look at the pin; True when what is believed of it is news."""
        closed = not self._pin.value()
        if closed != self._seen:
            self._seen = closed
            self._since_ms = now_ms
        if closed == self.is_closed or now_ms - self._since_ms < _STILL_MS:
            return False
        self.is_closed = closed
        return True


class State:
    """A contact that says how things stand: `aux 1`, `door 0`. `closed`: what a closed one means."""

    def __init__(self, name, pin, closed=1):
        self._name = name
        self._contact = Contact(pin)
        self._closed = closed

    def words(self, now_ms):
        """Return its words when they are news, else None."""
        if not self._contact.has_changed(now_ms):
            return None
        return [self._name, "%d" % (self._closed if self._contact.is_closed else 1 - self._closed)]


class Button:
    """A push button: its words go with the press. `credential() -> hex` names who stands there."""

    def __init__(self, name, pin, credential):
        self._name = name
        self._contact = Contact(pin)
        self._credential = credential
        self._is_free = False  # it was seen open: one that is stuck at the start presses nothing

    def words(self, now_ms):
        """Return its words at a press, else None."""
        if not self._contact.has_changed(now_ms):
            return None
        if not self._contact.is_closed:
            self._is_free = True
        elif self._is_free:
            return [self._name, self._credential()]
        return None
