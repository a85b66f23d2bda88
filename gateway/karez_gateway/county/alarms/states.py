"""The life of one alarm, as a table. Latched: what a person has not acknowledged does not go by itself.

raised        what it says holds, and nobody has said that he knows
acknowledged  it holds, and a person knows
latched       it is over, and nobody has said that he knows
cleared       it is over, and a person knows: the end; the next time is another alarm
"""

from typing import NamedTuple

RAISED, ACKNOWLEDGED, LATCHED, CLEARED = "raised", "acknowledged", "latched", "cleared"
STATES = (RAISED, ACKNOWLEDGED, LATCHED, CLEARED)
OPEN = (RAISED, ACKNOWLEDGED, LATCHED)

HOLDS, OVER, ACKNOWLEDGE, DUE = "holds", "over", "acknowledge", "due"
EVENTS = (HOLDS, OVER, ACKNOWLEDGE, DUE)

# What the history and those who are notified call it.
AGAIN, ENDED, KNOWN, ESCALATED, GONE = "raised again", "over", "acknowledged", "escalated", "cleared"


class Step(NamedTuple):
    """Where an event leads, and what it is called; pairs that are not in the table change nothing."""

    state: str
    word: str


TABLE = {
    (RAISED, OVER): Step(LATCHED, ENDED),
    (RAISED, ACKNOWLEDGE): Step(ACKNOWLEDGED, KNOWN),
    (RAISED, DUE): Step(RAISED, ESCALATED),
    (LATCHED, HOLDS): Step(RAISED, AGAIN),
    (LATCHED, ACKNOWLEDGE): Step(CLEARED, GONE),
    (LATCHED, DUE): Step(LATCHED, ESCALATED),
    (ACKNOWLEDGED, OVER): Step(CLEARED, GONE),
}


def step(state: str, event: str) -> Step | None:
    """What an event does to an alarm; None: nothing."""
    return TABLE.get((state, event))
