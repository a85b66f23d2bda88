"""The panel's four lines: what the farmer sees."""

from karez_protocols import causes, chain

from .core import pump

_WIDTH = 20  # characters of the smallest display in use


def _volume(litres):
    """Litres as cubic metres with three decimals, "--" when unknown."""
    if litres is None:
        return "--"
    sign = "-" if litres < 0 else ""
    litres = abs(litres)
    return "%s%d.%03d m3" % (sign, litres // 1000, litres % 1000)


def lines(controller, last_stop):
    """Return four lines; `last_stop` is the slot of the last stop record, or None."""
    flow_lph = controller.recorder.water.value("flow_lph")
    flow = "--" if flow_lph is None else "%d.%d m3/h" % (flow_lph // 1000, flow_lph % 1000 // 100)
    shown = pump.STATE_NAMES[controller.pump.state] + " " + flow
    why = ""
    if controller.refused:
        why = causes.name(controller.refused)
    elif controller.stop_cause:
        why = causes.name(controller.stop_cause)
    code = chain.code(last_stop) if last_stop else ""
    return (
        shown[:_WIDTH],
        "used " + _volume(controller.books.volume_l),
        "left " + _volume(controller.left_l()),
        (code + " " + why).strip()[: 2 * _WIDTH],
    )
