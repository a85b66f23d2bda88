"""Why something happened: the `cause` byte of a record, one meaning for ever (domain §7).

Stop causes keep their group for people and courts: user 1x, entitlement 2x, schedule 3x,
authority 4x, protection 5x, technical 6x, remote 7x. Refused starts and events share the
byte in other records, from 100 up.
"""

NONE = 0

# A stop, and a start by the same hand.
BUTTON = 10
CARD = 11
PHONE = 12
ACCOUNT_EMPTY = 20
WATER_CEILING = 21
ENERGY_CEILING = 22
GRANT_EXPIRED = 24
GRANT_MISSING = 25
MAINS_LOST = 60
RESTARTED = 61
FEEDBACK_LOST = 62
BOOKS_UNKNOWN = 63
REMOTE = 70

# Further reasons for which a start is refused.
IDENTITY_UNKNOWN = 80
RESTART_DELAY = 81
ALREADY_RUNNING = 82
FOREIGN_CURRENT = 83
NOT_READY = 84

# Events, from 100.
START_REFUSED = 100
GRANT_REFUSED_SIGNATURE = 110
GRANT_REFUSED_SITE = 111
GRANT_REFUSED_SEQ = 112
GRANT_REFUSED_FORM = 113
GRANT_REFUSED_HEAD = 114
GRANT_HEAD_UNKNOWN = 115
DID_NOT_STOP = 120
DID_NOT_START = 121
READING_HELD = 130
SEGMENT_UNCERTAIN = 131
METER_SILENT = 132
METER_BACK = 133
WARNING_LINE = 140
HEAD_REBUILT = 150
STORE_FAILED = 151

# One text, not a table: a table of names would cost the controller 4 kB of heap.
_NAMES = """
0 none
10 button
11 card
12 phone
20 account empty
21 water ceiling reached
22 energy ceiling reached
24 grant expired
25 no grant
60 mains lost
61 controller restarted
62 contactor feedback lost
63 books not known yet
70 remote
80 card not known here
81 motor must rest before it starts again
82 already running
83 contactor is closed by something else
84 controller is not ready
100 start refused
110 grant refused: signature
111 grant refused: another site
112 grant refused: not newer
113 grant refused: malformed
114 grant refused: unknown head, strict
115 grant names a head this chain does not hold
120 did not stop
121 did not start
130 reading held
131 register needs a person
132 meter silent
133 meter answers again
140 warning line
150 head rebuilt from the ring
151 store failed
"""


def name(cause):
    """Return the words for a cause, its number when this version does not know it."""
    # Found in place: splitting the text would cost the panel 3 kB of heap each time it is drawn.
    key = "\n%d " % cause
    at = _NAMES.find(key)
    if at < 0:
        return "cause %d" % cause
    at += len(key)
    return _NAMES[at : _NAMES.find("\n", at)]


def every():
    """Yield (cause, words) in rising order."""
    for line in _NAMES.strip().split("\n"):
        number, words = line.split(" ", 1)
        yield int(number), words
