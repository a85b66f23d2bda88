"""How long the loop may be away: asked before a call of the network that blocks (design §4).

A port states for how long the arithmetic of a handshake blocks, `tls_block_ms`. Nothing that control
must do in time may fall within twice that and two readings, for the last one is as old as a poll and
the next one comes late.
"""

from ..core import pump


def may_block(controller, block_ms, now_ms):
    """True if nothing falls due that `block_ms` without a step of the control could make late."""
    state = controller.pump.state
    if state != pump.RUNNING:
        # At rest, or stuck, nothing switches by itself; every other state is over in seconds.
        return state in (pump.OFF, pump.STUCK)
    ahead_ms = 2 * block_ms + 2 * controller.poll_ms()
    run_ms = now_ms - controller.contactor.switched_ms
    return not (
        controller.parts.protection.is_pending(now_ms)
        or controller.permission.is_due(controller.account, run_ms, ahead_ms, now_ms)
    )
