"""What the console can be asked, by whom, and how it is said; the order is the verbs' numbers."""

from karez_protocols.constant import const

HELP = const(0)
JSON = const(1)
TEXT = const(2)
LOGOUT = const(3)
IDENTIFY = const(4)
STATUS = const(5)
LIVE = const(6)
RAW = const(7)
BUS = const(8)
HEALTH = const(9)
ACCOUNTS = const(10)
EVENTS = const(11)
RECORDS = const(12)
BUNDLE = const(13)
CONFIG = const(14)
GRANT = const(15)
ORDERS = const(16)
LOGIN = const(17)
PROVE = const(18)
SWAP = const(19)
STEPTEST = const(24)
TECHNICIANS = const(25)
ASK = const(26)
SCAN = const(27)
RELAY = const(28)
OFFER = const(29)
INHERIT = const(30)
UPDATE = const(31)

# Which module answers: the first verb of each behind the session's own.
LOOKS, LOGS, PAPERS, ACTS = const(4), const(11), const(14), const(17)

# name|role (r reader, t technician)|arguments|what it does. One text: rows of tuples would take 200 B of
# heap each. And bytes, here and in all that the console says: a word of a `str` keeps each public name that
# is spelt like it from being shortened in the image (image_public.py).
TABLE = b"""
help|r|[VERB]|what can be asked
json|r||answer in JSON from here on, without echo
text|r||answer for people from here on
logout|r||be a reader again
identify|r||which box, at which site, with which code and configuration
status|r|[ACCOUNT]|pump, books, and every reason that would refuse a start now
live|r||what each meter said last
raw|r|QUANTITY|the next reading of a meter, byte by byte
bus|r||each meter's readings, counted by how they ended
health|r||heap, lateness, failures, link, memories
accounts|r||what each account has used and has left
events|r|[N]|the newest N events, starts and stops; 10 without N
records|r|FROM [N]|N records as they stand in memory
bundle|r|[FROM]|the well's evidence, from a record on
config|r|[put SIZE SHA256 / piece OFFSET HEX / check / apply SHA256]|read it; a technician replaces it
grant|r||the right in force
orders|r||the orders in force
login|r|NUMBER|ask for a challenge
prove|r|SIGNATURE|answer it: technician from here on
swap|t|QUANTITY OLD_SERIAL CLOSING NEW_SERIAL OPENING|another meter
confirm|t|QUANTITY|a segment is as it should be
convert|t|PPM VERSION|litres from energy by this coefficient
takeover|t|PPM VERSION [OPENING]|the second meter takes over
reset|t||end a lock-out
steptest|t|SECONDS / end|measure litres per Wh
technicians|r|[put SIZE SHA256 / piece OFFSET HEX / apply SHA256]|who may act; anybody brings a newer list
ask|t|PORT SPEED FRAMING HEX|one request on a meter line, byte by byte
scan|t|PORT PROTOCOL SPEED FRAMING FROM TO|which addresses of a meter line answer
relay|t||contactor closed for a moment: how long it and its contact take
offer|r|grant/order/keys put SIZE SHA256 / piece OFFSET HEX / apply SHA256|bring what the regulator signed
inherit|t|ACCOUNT USED_L|what an account had used at the box before
update|r|[put SIZE SHA256 / piece OFFSET HEX / begin / chunk N OFFSET HEX / apply SHA256 / drop]|new firmware
"""


def find(word):
    """Return (number, role) of a verb, (None, "") when there is none."""
    for number, line in enumerate(rows()):
        name, role = line.split("|", 2)[:2]
        if name == word:
            return number, role
    return None, ""


def rows():
    """Yield the table's lines."""
    at = 1
    while at < len(TABLE):
        end = TABLE.find(b"\n", at)
        yield str(TABLE[at:end], "utf-8")
        at = end + 1
