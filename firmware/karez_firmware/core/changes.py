"""What a person at the cable changes: a meter swapped, a segment confirmed, a lock-out reset.

Each is a record before it has any effect elsewhere. Who may do it is the console's to ask.
"""

from karez_protocols import causes, grant
from karez_protocols.constant import const

# Words after the name. A takeover with a third word goes back to a water meter that shows it.
_COUNTS = {
    "swap": (5,), "confirm": (1,), "convert": (2,), "takeover": (2, 3), "reset": (0,), "steptest": (1,),
}  # fmt: skip
_SERIAL_MAX = const(16)  # bytes of text in event_details.METER
_QUANTITIES = {"water": grant.WATER, "energy": grant.ENERGY}
_HELP = "expected: swap water|energy OLD_SERIAL CLOSING NEW_SERIAL OPENING · confirm water|energy · \
convert PPM VERSION · takeover PPM VERSION [OPENING] · reset · steptest SECONDS|end"


def answer(controller, words, now_ms):
    """Carry it out; return the line that tells what became of it."""
    why = carry_out(controller, words, now_ms)
    controller.log.flush(now_ms)  # each segment is told of before the next one is opened
    return "refused %s %s" % (words[0], why) if why else "done " + words[0]


def carry_out(controller, words, now_ms):
    """Do what the words say; return what to answer: "" when it is done, else why not."""
    name, rest = words[0], words[1:]
    if len(rest) not in _COUNTS.get(name, ()):
        return _HELP
    if controller.is_pumping and name != "steptest":
        return "stop the pump first"
    try:
        return _do(controller, name, rest, now_ms) or ""
    except (KeyError, ValueError):
        return _HELP


def _do(controller, name, rest, now_ms):
    books = controller.books
    if name == "swap":
        return _swap(controller, rest, now_ms)
    if name == "confirm":
        return books.confirm(_QUANTITIES[rest[0]], now_ms)
    if name == "convert":
        return books.convert(int(rest[0]), int(rest[1]))
    if name == "steptest":
        from . import trial

        return trial.answer(controller, rest[0])
    if name == "takeover":
        opening = int(rest[2]) if len(rest) > 2 else None
        return books.take_over(int(rest[0]), now_ms, int(rest[1]), opening)
    return controller.parts.protection.lockout.reset()


def _swap(controller, rest, now_ms):
    """Closing and opening reading stand in the log beside the segment they make."""
    quantity = _QUANTITIES[rest[0]]
    closing, opening = int(rest[2]), int(rest[4])
    if max(len(rest[1].encode()), len(rest[3].encode())) > _SERIAL_MAX:
        return "a serial number has at most %d bytes" % _SERIAL_MAX
    refused = controller.books.swap(quantity, closing, opening, now_ms)
    if refused:
        return refused
    for cause, serial, register in (
        (causes.METER_CLOSED, rest[1], closing),
        (causes.METER_OPENED, rest[3], opening),
    ):
        detail = {"quantity": quantity, "serial": serial, "register": register}
        controller.log.event(cause, now_ms, 0, detail)
    return ""
