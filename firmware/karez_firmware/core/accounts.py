"""Accounts divide the well's right and never widen it (design §6, T46).

Each account has a register A of litres, computed from W since its irrigation began, never
accumulated: so the sum of all A and of what nobody was charged is W. Ceilings on A are
configuration, set by the right holder; the grant's ceiling on W stands beside them.
"""

from karez_protocols import causes, fields
from karez_protocols.errors import Malformed, NotAllowed

NOBODY = 0  # a start without an account, and what no account was charged
ACCOUNTS_MAX = 32  # households at one well; the table is 321 bytes of FRAM

_HEADER = """
accounts u1
"""
_ROW = """
number u4
used_l u6
"""


class Accounts:
    """Who may start here, and what each account has used.

    `credentials`: 8 bytes -> account number. `ceilings_l`: account number -> litres on A,
    absent or None = none of its own. `blocked`: credentials that start nothing.
    Raises NotAllowed on more accounts than the table holds.
    """

    def __init__(self, credentials, ceilings_l, blocked=()):
        self._credentials = credentials
        self._ceilings_l = ceilings_l
        self._blocked = blocked
        self._configured = set(credentials.values()) | set(ceilings_l)
        if len(self._configured) > ACCOUNTS_MAX:
            raise NotAllowed("%d accounts, %d fit" % (len(self._configured), ACCOUNTS_MAX))
        self._used_l: dict = {}  # A at the end of the account's last irrigation
        self.number = NOBODY  # account of the irrigation in progress
        self._start_l = None  # W when it began
        self._adopted_l = 0  # the greatest W of a record whose A was taken

    def account_of(self, credential):
        """Return the account of a credential, None when it is not known here or blocked."""
        if credential in self._blocked:
            return None
        return self._credentials.get(credential)

    # -- the register A -----------------------------------------------------------------

    def begin(self, number, volume_l):
        """An irrigation of an account begins at W; another one in progress ends there.

        `volume_l` None (a protected well whose books are unread): A counts from the first W known.
        """
        self.end(volume_l)
        if number != NOBODY and number not in self._used_l and not self._make_room():
            number = NOBODY
        if number != NOBODY:
            self._used_l.setdefault(number, 0)
        self.number = number
        self._start_l = volume_l

    def _make_room(self):
        """True when an account more fits; one that left the configuration gives way."""
        if len(self._used_l) < ACCOUNTS_MAX:
            return True
        for number in sorted(self._used_l):
            if number not in self._configured:
                del self._used_l[number]  # its litres are nobody's now; the records still name them
                return True
        return False

    def used(self, volume_l):
        """Return A of the account in progress with W where it is now, litres; None of nobody."""
        if self.number == NOBODY:
            return None
        if self._start_l is None:
            self._start_l = volume_l
        used_l = self._used_l[self.number]
        return used_l if volume_l is None else used_l + max(0, volume_l - self._start_l)

    def end(self, volume_l):
        """The irrigation in progress ends at W; return A of its account, None of nobody."""
        used_l = self.used(volume_l)
        if used_l is not None:
            self._used_l[self.number] = used_l
        self.number = NOBODY
        self._start_l = None
        return used_l

    def used_of(self, number, volume_l):
        """Return A of any account with W where it is now, litres; 0 before its first irrigation."""
        if number == self.number and number != NOBODY:
            return self.used(volume_l)
        return self._used_l.get(number, 0)

    def total_l(self, volume_l):
        """Return the sum of all A with W where it is now; W less this is nobody's."""
        total_l = sum(self._used_l.values())
        if self.number != NOBODY:
            total_l += self.used(volume_l) - self._used_l[self.number]
        return total_l

    # -- its ceiling --------------------------------------------------------------------

    def cause(self, number, volume_l, held_l=0):
        """Return causes.ACCOUNT_EMPTY when A has come to the account's ceiling, else NONE.

        `held_l`: P, litres that count while the meter is not believed; they test the ceiling
        of whoever pumps, and are charged to him only once W has them.
        """
        ceiling_l = self._ceilings_l.get(number)
        if ceiling_l is None or self.used_of(number, volume_l) + held_l < ceiling_l:
            return causes.NONE
        return causes.ACCOUNT_EMPTY

    def left_l(self, number, volume_l, held_l=0):
        """Return the litres left to an account, None without a ceiling of its own."""
        ceiling_l = self._ceilings_l.get(number)
        return None if ceiling_l is None else ceiling_l - self.used_of(number, volume_l) - held_l

    # -- over a restart -----------------------------------------------------------------

    def adopt(self, number, used_l, volume_l):
        """Take A of an account from a stop record, with the W it was written at; True if it is taken.

        For proved records of this site, in any order: rolled forward, or of the box that stood
        here before. A never falls, and no sum of accounts is above W: what claims so is not
        taken. Nor is anything while an irrigation runs.
        """
        if number == NOBODY or used_l is None or volume_l is None or self.number != NOBODY:
            return False
        before_l = self._used_l.get(number, 0)
        known_l = max(self._adopted_l, volume_l)
        if used_l < before_l or self.total_l(known_l) - before_l + used_l > known_l:
            return False
        if number not in self._used_l and not self._make_room():
            return False
        self._used_l[number] = used_l
        self._adopted_l = known_l
        return True

    def to_bytes(self):
        """Return the table for FRAM: A of every account at the end of its last irrigation."""
        out = fields.pack(_HEADER, {"accounts": len(self._used_l)})
        for number in sorted(self._used_l):
            out += fields.pack(_ROW, {"number": number, "used_l": self._used_l[number]})
        return out

    def from_bytes(self, data):
        """Take a table of to_bytes; nothing changes on an error. Raises Malformed."""
        count = fields.unpack(_HEADER, data)["accounts"]
        if count is None or count > ACCOUNTS_MAX:
            raise Malformed("a table of %s accounts" % count)
        at, width = fields.size_of(_HEADER), fields.size_of(_ROW)
        used_l = {}
        for _ in range(count):
            row = fields.unpack(_ROW, data, at)
            if not row["number"] or row["used_l"] is None or row["number"] in used_l:
                raise Malformed("account %s in the table" % row["number"])
            used_l[row["number"]] = row["used_l"]
            at += width
        self._used_l = used_l
