"""Write the pump table into safety.md from the controller's own.

    python docs/safety_table.py            write it
    python docs/safety_table.py --check    exit 1 if the page does not say what the code says

An event, action or state without words here stops the generator.
"""

import sys
from pathlib import Path

from karez_firmware.core import pump

PAGE = Path(__file__).with_name("safety.md")
BEGIN = "<!-- pump table: written by docs/safety_table.py from firmware/karez_firmware/core/pump.py -->"
END = "<!-- end of the pump table -->"

STATES = {
    pump.OFF: "nothing is wanted, the contactor is open",
    pump.COMMITTING: "the start is being written; the contactor is still open",
    pump.STARTING: "closed, waiting for the feedback",
    pump.RUNNING: "closed and confirmed",
    pump.STOPPING: "opened, waiting for the feedback to fall",
    pump.STUCK: "it did not stop",
    pump.SETTLING: "stopped; the meters' last litres are coming in",
    pump.AWAITING: "a permitted start waits for the signature over the last stop",
}
EVENTS = {
    pump.START: "a start that nothing forbids",
    pump.COMMITTED: "the start record is stored",
    pump.COMMIT_FAILED: "the start record cannot be stored",
    pump.FEEDBACK_ON: "contact and power say that it runs",
    pump.FEEDBACK_OFF: "contact or power is lost; after a stop, both are gone",
    pump.STOP: "a stop, for whatever cause",
    pump.OVERDUE: "the state has lasted too long",
    pump.SETTLED: "both meters say that nothing runs",
    pump.SIGNED: "the last stop is signed",
}
ACTIONS = {
    pump.CLOSE: "close",
    pump.OPEN: "open",
    pump.WRITE_START: "write the start",
    pump.WRITE_STOP: "write the stop",
    pump.ALARM_NOT_STARTED: "alarm *did not start*",
    pump.ALARM_NOT_STOPPED: "alarm *did not stop*",
    pump.TRIP: "second trip",
    pump.RELEASE_TRIP: "let go of the second trip",
    pump.FLAG_UNSIGNED: "say that the last stop is unsigned",
}


def actions(bits: int) -> str:
    """Words for a set of actions."""
    unknown = bits & ~sum(ACTIONS)
    if unknown:
        raise SystemExit(f"actions {unknown:#x} of the pump table have no words in docs/safety_table.py")
    return ", ".join(words for bit, words in ACTIONS.items() if bits & bit) or "none"


def rows() -> list[str]:
    """Both tables as lines of Markdown."""
    if set(STATES) != set(range(len(pump.STATE_NAMES))):
        raise SystemExit("docs/safety_table.py does not describe exactly the states of the pump table")
    table = {
        (state, event): pump.row(state, event)
        for state, event in zip(pump.TABLE[:: pump.ROW], pump.TABLE[1 :: pump.ROW], strict=True)
    }
    missing = {event for _, event in table} - set(EVENTS)
    if missing:
        raise SystemExit(f"events {sorted(missing)} of the pump table have no words in docs/safety_table.py")
    out = ["| State | Meaning | Lasts at most |", "|---|---|---|"]
    for state, meaning in STATES.items():
        limit_ms = pump.LIMITS_MS.get(state)
        limit = "" if limit_ms is None else f"{limit_ms / 1000:g} s"
        out.append(f"| {pump.STATE_NAMES[state]} | {meaning} | {limit} |")
    out += ["", "| In state | when | do | then |", "|---|---|---|---|"]
    for (state, event), (after, bits) in sorted(table.items()):
        names = pump.STATE_NAMES[state], EVENTS[event], actions(bits), pump.STATE_NAMES[after]
        out.append("| {} | {} | {} | {} |".format(*names))
    return [*out, "", f"All other pairs of {len(STATES)} states and {len(EVENTS)} events change nothing."]


def page(text: str) -> str:
    """The page with its table as the code has it now."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} has lost the two lines between which the pump table stands")
    return "\n".join([before + BEGIN, "", *rows(), "", END + after])


def main(arguments: list[str]) -> int:
    """Write or check the page; return the exit code."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = page(text)
    if fresh == text:
        return 0
    if "--check" in arguments:
        print(f"{PAGE.name} is out of date: run python docs/safety_table.py")
        return 1
    PAGE.write_text(fresh, encoding="utf-8")
    print(f"written: {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
