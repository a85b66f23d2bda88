"""How long the loop may be away: asked before a call of the network that blocks (design §4).

Pure: told what control knows and when a meter line wants its turn. A port states for how long a
handshake's arithmetic blocks, `tls_block_ms`; nothing that control must do in time may fall within
twice that and two readings, for the last one is as old as a poll, and the next one comes late.
"""

from karez_protocols.constant import const

from ..core import pump

_STILL = bytes((pump.OFF, pump.STUCK))  # nothing switches by itself here, or not for minutes
_PATIENCE_US = const(5_000_000)  # a line that never rests is made to wait once in so long


class Leeway:
    """Judges one controller's leeway for the port's `block_ms`."""

    def __init__(self, block_ms):
        self._block_ms = block_ms
        self._since_us = None  # since when only the meter lines have stood against it

    def is_open(self, controller, line_us, now_us):
        """True if nothing falls due meanwhile. `line_us`: when the next meter line wants its turn."""
        if not self._is_control_far(controller, now_us // 1000):
            self._since_us = None
            return False
        if line_us < now_us + self._block_ms * 1000:
            if self._since_us is None:
                self._since_us = now_us
            if now_us - self._since_us < _PATIENCE_US:
                return False
        self._since_us = None
        return True

    def _is_control_far(self, controller, now_ms):
        state = controller.pump.state
        if state != pump.RUNNING:
            return state in _STILL
        ahead_ms = 2 * self._block_ms + 2 * controller.poll_ms()
        run_ms = now_ms - controller.contactor.switched_ms
        return not (
            controller.parts.protection.is_ripening(now_ms)
            or controller.permission.ends_soon(controller.account, run_ms, ahead_ms, now_ms)
        )
