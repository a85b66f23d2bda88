"""Who asks for the pump, and what must agree before it starts (design §6, domain §7)."""

from karez_protocols import causes
from karez_protocols.constant import const

from . import pump
from .accounts import NOBODY

_COMMAND_S = const(180)  # a remote start is dead after three minutes (design §6)


class Starting:
    """The start conditions of one controller: what its parts say, and its own state."""

    def __init__(self, controller, settings, parts):
        self._controller = controller
        self._settings = settings
        self._parts = parts
        self.boot = 0  # counter that a remote start has to quote
        self._rested_ms = 0  # when the motor has rested

    def rest(self, rest_s, outage_s):
        """Say at boot how long the motor still had to rest, and what of it is certainly over."""
        self._rested_ms = max(rest_s - (outage_s or 0), 0) * 1000

    def stopped(self, now_ms):
        """The motor has stopped: it rests."""
        self._rested_ms = now_ms + self._settings["restart_delay_s"] * 1000

    def rest_s(self, now_ms):
        """Return the seconds the motor has to rest, from the moment it stops if it runs."""
        if self._controller.is_pumping:
            return self._settings["restart_delay_s"]
        return max(self._rested_ms - now_ms + 999, 0) // 1000

    def hear(self, inputs, now_ms):
        """Buttons and cards, then the network's wishes."""
        controller = self._controller
        for kind, credential in inputs.buttons:
            if kind == "stop":
                controller.stop(causes.BUTTON, now_ms)
            else:
                account = self._parts.accounts.account_of(credential)
                cause = causes.EMERGENCY if kind == "emergency" else causes.CARD
                self.start(account, credential, cause, now_ms)
        for words in inputs.remote:
            if words[0] == "start":
                self._start_remotely(words, now_ms)
            elif words[0] == "stop" and not controller.permission.is_protected:
                controller.stop(causes.REMOTE, now_ms)

    def _start_remotely(self, words, now_ms):
        """A start that quotes this boot and a near deadline; any other start is dead (design §6)."""
        _, account, boot, until_s = words
        left_s = until_s - now_ms // 1000
        if boot != self.boot or not 0 <= left_s <= _COMMAND_S:
            self.refuse(causes.COMMAND_STALE, now_ms)
            return
        if account != NOBODY and account not in self._parts.account_numbers:
            account = None
        self.start(account, bytes(8), causes.REMOTE, now_ms)

    def start(self, account, credential, cause, now_ms):
        """Permit a start for a cause of causes.py, or say why not."""
        is_emergency = cause == causes.EMERGENCY
        refused = self._refusal(account, is_emergency, now_ms)
        if refused:
            self.refuse(refused, now_ms)
            return
        controller = self._controller
        controller.refused = causes.NONE
        controller.permit(account, credential, cause, now_ms)
        if is_emergency:
            controller.log.event(causes.EMERGENCY_OPENED, now_ms, account)

    def refuse(self, cause, now_ms):
        """The panel tells why, and so does a record."""
        self._controller.refused = cause
        self._controller.log.note(causes.START_REFUSED, now_ms, cause)

    def _refusal(self, account, is_emergency, now_ms):
        """Return why a start is refused, causes.NONE when every condition holds."""
        controller = self._controller
        if controller.pump.state != pump.OFF:
            return causes.ALREADY_RUNNING
        if account is None:
            return causes.IDENTITY_UNKNOWN
        if controller.contactor.runs:
            return causes.FOREIGN_CURRENT
        if controller.cut_off.is_pending:
            return causes.NOT_READY
        cause = controller.protect(now_ms) or controller.permission.refusal(account, is_emergency, now_ms)
        if cause:
            return cause
        return causes.RESTART_DELAY if now_ms < self._rested_ms else causes.NONE
