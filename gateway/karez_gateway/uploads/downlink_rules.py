"""What a platform may ask of a station, and what comes of it: one table a standard, and nothing else.

A question is answered from verified records. A setting or control is refused with its reason, but
for a pump's stop and start, which are wishes to the controller where the destination allows them.
Nothing a platform sends raises a right: a higher quota is a signed grant (design §6, §10), so a
top-up adds nothing, the first time or the tenth, and a repeat finds the same refusal.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from karez_protocols import sl651_functions as sl651
from karez_protocols import szy206_functions as szy206


class Verdict(Enum):
    """What comes of a request."""

    ANSWERED = "answered"
    REFUSED = "refused"
    COMMAND = "command"
    REPEATED = "repeated"  # a repeat of a command: answered as the first, and nothing else done
    DROPPED = "dropped"  # not for us, stale, wrong password: nothing is looked at


@dataclass(frozen=True, slots=True)
class Rule:
    """One function. `what` is its name for people; `verb` of a command: start or stop.

    `tells_state`: a refusal is answered with what is so; others with silence, as the standards have no
    form that says no, and an echo would be read as yes.
    """

    verdict: Verdict
    what: str
    reason: str = ""
    verb: str = ""
    tells_state: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: for the log, and what is sent; `verb` of a command that is allowed in form."""

    verdict: Verdict
    what: str
    reason: str = ""
    reply: Any = None
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a destination is allowed; all is off until somebody allows it.

    `password`: two bytes that commands must carry; None = no command can be believed.
    """

    password: bytes | None = None
    remote_stop: bool = False
    remote_start: bool = False


GRANT = "a right is raised by a signed grant only; nothing was added"
WELL = "settings are changed at the well, under a technician's key"
CLOCK = "our clock follows its own time servers; it was not moved"
GATEWAY = "the gateway is set up by its operator"
DEVICE = "the well has no such device"
NOT_KEPT = "this is not kept here"
LOG = "records and their log are never erased"


def _answered(what: str) -> Rule:
    return Rule(Verdict.ANSWERED, what)


def _refused(what: str, reason: str, *, tells_state: bool = False) -> Rule:
    return Rule(Verdict.REFUSED, what, reason, tells_state=tells_state)


def _command(what: str, verb: str) -> Rule:
    return Rule(Verdict.COMMAND, what, verb=verb, tells_state=True)


SZY206: dict[int, Rule] = {
    szy206.QUERY_ADDRESS: _answered("address"),
    szy206.QUERY_CLOCK: _answered("clock"),
    szy206.QUERY_MODE: _answered("work mode"),
    szy206.QUERY_REPORT_KINDS: _answered("what is reported"),
    szy206.QUERY_REALTIME_KINDS: _answered("what can be asked"),
    szy206.QUERY_TOP_UP: _answered("remaining water"),
    szy206.QUERY_REMAINING_ALARM: _answered("remaining water and its alarm"),
    szy206.QUERY_EVENTS: _answered("event counters"),
    szy206.QUERY_STATUS: _answered("alarms and state"),
    szy206.QUERY_MOTOR: _answered("motor"),
    szy206.QUERY_REALTIME: _answered("readings now"),
    szy206.QUERY_STORED: _answered("stored readings"),
    szy206.SET_CLOCK: _refused("set the clock", CLOCK, tells_state=True),
    szy206.SET_ADDRESS: _refused("set the address", GATEWAY),
    szy206.SET_MODE: _refused("set the work mode", GATEWAY),
    szy206.TOP_UP: _refused("top-up", GRANT),
    szy206.SET_REMAINING_ALARM: _refused("set the alarm of remaining water", GRANT),
    szy206.SET_QUOTA: _refused("set the quota", GRANT),
    szy206.QUOTA_ON: _refused("quota control on", GRANT),
    szy206.QUOTA_OFF: _refused("quota control off", GRANT),
    szy206.CARD_ON: _refused("card payment on", GRANT),
    szy206.CARD_OFF: _refused("card payment off", GRANT),
    szy206.SET_METER_BASE: _refused("set the meter's base", WELL),
    szy206.SET_LEVEL_LIMITS: _refused("set level limits", WELL),
    szy206.SET_PRESSURE_LIMITS: _refused("set pressure limits", WELL),
    szy206.SET_FLOW_LIMITS: _refused("set flow limits", WELL),
    szy206.SET_QUALITY_UPPER: _refused("set quality limits", DEVICE),
    szy206.SET_QUALITY_LOWER: _refused("set quality limits", DEVICE),
    szy206.SET_THRESHOLD: _refused("set thresholds", WELL),
    szy206.SET_REPORT_KINDS: _refused("set what is reported", GATEWAY),
    szy206.SET_REALTIME_KINDS: _refused("set what can be asked", GATEWAY),
    szy206.SET_CHANNELS: _refused("set channels", GATEWAY),
    szy206.SET_RELAY_PREAMBLE: _refused("set the relay", DEVICE),
    szy206.SET_RELAY_ADDRESSES: _refused("set the relay", DEVICE),
    szy206.SET_RELAY_SWITCHING: _refused("set the relay", DEVICE),
    szy206.SWITCH_RADIO: _refused("switch the radio", DEVICE),
    szy206.SWITCH_RELAY: _refused("switch the relay", DEVICE),
    szy206.SET_VALVE_LINK: _refused("link valve and remaining water", GRANT),
    szy206.CHANGE_PASSWORD: _refused("change the password", GATEWAY),
    szy206.RESET: _refused("reset", GATEWAY),
    szy206.CLEAR_HISTORY: _refused("erase the history", LOG),
    szy206.STOP_DEVICE: _command("stop the pump", "stop"),
    szy206.START_DEVICE: _command("start the pump", "start"),
    szy206.QUERY_LEVEL_LIMITS: _refused("level limits", NOT_KEPT),
    szy206.QUERY_PRESSURE_LIMITS: _refused("pressure limits", NOT_KEPT),
    szy206.QUERY_FLOW_LIMITS: _refused("flow limits", NOT_KEPT),
    szy206.QUERY_QUALITY_UPPER: _refused("quality limits", DEVICE),
    szy206.QUERY_QUALITY_LOWER: _refused("quality limits", DEVICE),
    szy206.QUERY_DAILY_HISTORY: _refused("daily history", NOT_KEPT),
    szy206.QUERY_RELAY_PREAMBLE: _refused("relay", DEVICE),
    szy206.QUERY_RELAY_ADDRESSES: _refused("relay", DEVICE),
    szy206.QUERY_RELAY_STATE: _refused("relay", DEVICE),
    szy206.QUERY_PICTURE: _refused("picture", DEVICE),
    szy206.QUERY_CHANNELS: _refused("channels", NOT_KEPT),
    szy206.QUERY_VALVE_LINK: _refused("link of valve and remaining water", DEVICE),
    szy206.QUERY_UNSENT: _refused("unsent reports", NOT_KEPT),
    szy206.QUERY_RUNS: _refused("pump runs", NOT_KEPT),
    szy206.REPORT: _refused("work mode wished in a confirm", GATEWAY),
}

SL651: dict[int, Rule] = {
    sl651.REAL_TIME: _answered("readings now"),
    sl651.PERIOD: _answered("stored readings"),
    sl651.GIVEN: _answered("given elements"),
    sl651.READ_BASIC: _answered("basic settings"),
    sl651.READ_RUN: _answered("settings of the run"),
    sl651.MOTOR: _answered("motor"),
    sl651.VERSION: _answered("version"),
    sl651.STATUS: _answered("alarms and state"),
    sl651.CLOCK: _answered("clock"),
    sl651.COUNTERS: _answered("event counters"),
    sl651.SET_CLOCK: _refused("set the clock", CLOCK, tells_state=True),
    sl651.WRITE_BASIC: _refused("set basic settings", GATEWAY),
    sl651.WRITE_RUN: _refused("set quota, water or settings of the run", GRANT),
    sl651.INITIALISE: _refused("erase the storage", LOG),
    sl651.FACTORY: _refused("factory settings", GATEWAY),
    sl651.PASSWORD: _refused("change the password", GATEWAY),
    sl651.CARD: _refused("card payment", GRANT, tells_state=True),
    sl651.QUOTA: _refused("quota control", GRANT, tells_state=True),
    # One function for both; the bit of pump 1 says which.
    sl651.PUMPS: _command("switch the pump", "stop"),
    sl651.VALVES: _refused("switch valves", DEVICE),
    sl651.GATES: _refused("switch gates", DEVICE),
    sl651.PICTURE: _refused("picture", DEVICE),
    sl651.MANUAL_QUERY: _refused("what a person entered", NOT_KEPT),
}

UNKNOWN = _refused("unknown function", "no source says what it does")
STALE_S_MAX = 300  # ours; beyond it SL 651 itself calls a clock wrong (6.6.4.24)


def rule_of(table: dict[int, Rule], function: int) -> Rule:
    """The rule of a function."""
    return table.get(function, UNKNOWN)


def forbids(verb: str, permissions: Permissions) -> str:
    """Why a destination may not start or stop a pump; "" if it may."""
    if permissions.password is None:
        return "no password is set for this destination: nobody's command can be believed"
    is_allowed = permissions.remote_stop if verb == "stop" else permissions.remote_start
    return "" if is_allowed else f"remote_{verb} is off for this destination"
