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

NAMES = {
    NONE: "none",
    BUTTON: "button",
    CARD: "card",
    PHONE: "phone",
    ACCOUNT_EMPTY: "account empty",
    WATER_CEILING: "water ceiling reached",
    ENERGY_CEILING: "energy ceiling reached",
    GRANT_EXPIRED: "grant expired",
    GRANT_MISSING: "no grant",
    MAINS_LOST: "mains lost",
    RESTARTED: "controller restarted",
    FEEDBACK_LOST: "contactor feedback lost",
    BOOKS_UNKNOWN: "books not known yet",
    REMOTE: "remote",
    IDENTITY_UNKNOWN: "card not known here",
    RESTART_DELAY: "motor must rest before it starts again",
    ALREADY_RUNNING: "already running",
    FOREIGN_CURRENT: "contactor is closed by something else",
    NOT_READY: "controller is not ready",
    START_REFUSED: "start refused",
    GRANT_REFUSED_SIGNATURE: "grant refused: signature",
    GRANT_REFUSED_SITE: "grant refused: another site",
    GRANT_REFUSED_SEQ: "grant refused: not newer",
    GRANT_REFUSED_FORM: "grant refused: malformed",
    GRANT_REFUSED_HEAD: "grant refused: unknown head, strict",
    GRANT_HEAD_UNKNOWN: "grant names a head this chain does not hold",
    DID_NOT_STOP: "did not stop",
    DID_NOT_START: "did not start",
    READING_HELD: "reading held",
    SEGMENT_UNCERTAIN: "register needs a person",
    METER_SILENT: "meter silent",
    METER_BACK: "meter answers again",
    WARNING_LINE: "warning line",
    HEAD_REBUILT: "head rebuilt from the ring",
    STORE_FAILED: "store failed",
}
