"""What the controller says of itself: the retained state, the panel's lines, the beat."""

from . import panel


def state(app):
    """Return the values of link.STATE_BODY."""
    head, controller = app.journal.head, app.controller
    return {
        "pump": controller.pump.state,
        "time_state": controller.clock.state,
        "chain": head["chain"],
        "last_seq": head["seq"],
        "acknowledged_seq": head["acknowledged_seq"],
        "boot": head["boot"],
        "uptime_s": app.port.now_ms() // 1000,
        "grant_seq": app.rights.seq,
        "order_seq": app.parts.orders.last_seq,
        "segment": app.books.segment,
        "volume_l": app.books.volume_l,
        "held_l": app.books.held_l,
    }


def show(app):
    """Draw the panel."""
    app.port.say("panel " + "|".join(panel.lines(app.controller, app.records.last_stop)))


def beat(app):
    """Send the beat, which feeds the bench's watchdog and dead-man, with what health is to tell."""
    health = app.supervisor.health()
    if app.update:
        app.update.look()
    line = "beat %d %d %r" % app.uplink.health
    app.port.say("%s %d %d %s" % (line, health["late_ms"], health["failures"], health["free"]))
