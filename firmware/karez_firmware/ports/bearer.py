"""What carries the uplink: Ethernet, WLAN, or PPP over a 4G modem. Nobody waits for it.

`step(now_ms, link)` does what is due and returns True while there is a way out; `link` is that part of the
configuration. A port without any of these has no `connect`, and then no uplink is started at all.
"""

from karez_protocols.constant import const

from .modem import Modem

_TRY_MS = const(30_000)  # for an address, before the line is dialled again
_WLAN_MS = const(20_000)


class Wired:
    """Ethernet: a LAN of esp32 or a WIZnet chip. It gets its address by DHCP."""

    def __init__(self, nic):
        self._nic = nic
        nic.active(True)

    def step(self, now_ms, link):  # noqa: ARG002 - a bearer's contract
        """True while the plug is in and there is an address."""
        return self._nic.isconnected()


class Wlan:
    """WLAN as a station, where the configuration names one."""

    def __init__(self, nic):
        self._nic = nic
        self._due_ms = 0

    def step(self, now_ms, link):
        """True while there is an address."""
        if self._nic.isconnected():
            self._due_ms = 0
            return True
        if link.get("ssid") and now_ms >= self._due_ms:
            self._due_ms = now_ms + _WLAN_MS
            try:
                self._nic.active(True)
                self._nic.disconnect()
                self._nic.connect(link["ssid"], link.get("secret", ""))
            except OSError:
                pass  # the radio is not ready; the next try may find it so
        return False


class Ppp:
    """PPP over a modem. `make(uart)` returns a network.PPP."""

    def __init__(self, make, uart, key):
        self._make = make
        self._uart = uart
        self.modem = Modem(uart, key)
        self._ppp = None
        self._until_ms = 0

    def step(self, now_ms, link):
        """True while there is an address."""
        if self._ppp is None:
            self.modem.apn = link.get("apn", "")
            if self.modem.step(now_ms):
                self._dial(now_ms)
            return False
        if self._ppp.isconnected():
            self._until_ms = now_ms + _TRY_MS
            return True
        if now_ms >= self._until_ms:
            self._drop(now_ms)
        return False

    def _dial(self, now_ms):
        try:
            self._ppp = self._make(self._uart)
            self._ppp.connect()
        except OSError:
            self._drop(now_ms)
            return
        self._until_ms = now_ms + _TRY_MS

    def _drop(self, now_ms):
        ppp, self._ppp = self._ppp, None
        try:
            if ppp:
                ppp.disconnect()
        except OSError:
            pass
        self.modem.restart(now_ms)


class Choice:
    """WLAN where the configuration names one, else the other. Either may be None."""

    def __init__(self, other, wlan):
        self._other = other
        self._wlan = wlan

    def step(self, now_ms, link):
        """True while there is an address."""
        chosen = self._wlan if link.get("ssid") else self._other
        return bool(chosen) and chosen.step(now_ms, link)


def choice(other, wlan):
    """Return the bearer of a board, None where there is none, or where this build has no TLS.

    Without TLS the records wait: in the clear nothing leaves a box.
    """
    try:
        import socket

        import tls  # type: ignore[import-not-found]
    except ImportError:
        return None
    del socket, tls
    return Choice(other, wlan) if other or wlan else None
