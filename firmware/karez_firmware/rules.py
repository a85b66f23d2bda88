"""The configuration's rules of people, times and areas: checked whole, turned into what core takes.

Its parts (docs/configuration.md):

    "accounts": {"04a1b2c3d4e5f601": 7}     card -> account
    "ceilings_l": {"7": 120000}             litres on an account's register
    "blocked": ["04a1b2c3d4e5f602"]         cards that start nothing
    "windows": [{"days": "1234567", "from": "06:00", "to": "18:00"},
                {"cycle_days": 4, "open_days": 1, "first_day": "2026-04-01", "from": "00:00", "to": "24:00"}]
    "areas": ["410105-N"]                   areas whose orders hold here
"""

import binascii

from karez_protocols.errors import NotAllowed

from .core import windows
from .core.accounts import ACCOUNTS_MAX

_ACCOUNT_MAX = (1 << 32) - 2  # what a record's u4 holds; all ones is unknown
_LITRES_MAX = 1 << 40
_AREA_BYTES_MAX = 16  # as an order names one


NAMES = "accounts ceilings_l blocked windows areas"  # parts of the document that are read here
_WEEKLY = "days from to"
_CYCLE = "cycle_days open_days first_day from to"
_MONTH_DAYS = b"\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"


def known(what, document, names):
    """Refuse a part that is no object, or has a name nobody reads: a typo must not pass for silence."""
    if not isinstance(document, dict):
        raise TypeError("%s is no object" % what)
    for name in document:
        if name not in names.split():
            raise ValueError("%s: %r is not known" % (what, name))


def whole(what, value, least, greatest):
    """Return a whole number of the document. Raises ValueError outside least..greatest."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
        raise ValueError("%s %r is outside %d..%d" % (what, value, least, greatest))
    return value


def _list(document, name):
    value = document.get(name, [])
    if not isinstance(value, list):
        raise TypeError("%s is no list" % name)
    return value


def _card(card):
    if not isinstance(card, str):
        raise TypeError("card %r is no text" % card)
    credential = binascii.unhexlify(card)
    if len(credential) != 8:
        raise ValueError("card %r is not 8 bytes" % card)
    return credential


def _number(what, text, digits):
    """The number in a text of so many digits, and nothing else: int() takes signs and spaces."""
    if len(text) != digits or not all(letter in "0123456789" for letter in text):
        raise ValueError("%s %r has not %d digits" % (what, text, digits))
    return int(text)


def _minute(text):
    """Minutes of the day of "HH:MM"."""
    hour, minute = text.split(":")
    found = _number("hour", hour, 2) * 60 + _number("minute", minute, 2)
    if found > 1_440 or int(minute) > 59:
        raise ValueError("time of day %r is not HH:MM" % text)
    return found


def _day(text):
    """Days since 1970-01-01 of "YYYY-MM-DD", by the civil calendar."""
    year, month, day = text.split("-")
    year, month, day = _number("year", year, 4), _number("month", month, 2), _number("day", day, 2)
    whole("year", year, 2000, 2099)
    whole("month", month, 1, 12)
    is_leap = year % 4 == 0 and month == 2  # 2000 is one, too
    whole("day", day, 1, _MONTH_DAYS[month - 1] + is_leap)
    # Years that begin in March: leap days stand at their ends.
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719_469


def _window(document):
    known("window", document, _WEEKLY if "days" in document else _CYCLE)
    row = {"from_min": _minute(document["from"]), "to_min": _minute(document["to"])}
    if "days" in document:
        row["days"] = 0
        if not isinstance(document["days"], str):
            raise TypeError("days %r is no text" % document["days"])
        for letter in document["days"]:
            row["days"] |= 1 << whole("day of the week", _number("day", letter, 1), 1, 7) - 1
        return row
    row["cycle_days"] = whole("cycle_days", document["cycle_days"], 1, windows.CYCLE_DAYS_MAX)
    row["open_days"] = whole("open_days", document["open_days"], 1, windows.CYCLE_DAYS_MAX)
    row["first_day"] = _day(document["first_day"])
    return row


def _accounts(document):
    found: dict = {}
    cards = document["accounts"]
    left = len(cards.keys())
    while left:  # one after the other is let go: there may be a hundred
        card, number = cards.popitem()
        left -= 1
        credential = _card(card)
        if credential in found:
            raise ValueError("card %s stands there twice" % card)
        found[credential] = whole("account", number, 1, _ACCOUNT_MAX)
    return found


def _ceilings_l(document):
    found = {}
    for number, litres in document.get("ceilings_l", {}).items():
        account = whole("account", _number("account", number, len(number)), 1, _ACCOUNT_MAX)
        if account in found:
            raise ValueError("account %s stands there twice" % number)
        found[account] = whole("ceiling", litres, 0, _LITRES_MAX)
    return found


def check(document):
    """Return the rules of a document. Raises ValueError, KeyError, TypeError or AttributeError."""
    rules = {"accounts": _accounts(document), "ceilings_l": _ceilings_l(document)}
    if len(set(rules["accounts"].values()) | set(rules["ceilings_l"])) > ACCOUNTS_MAX:
        raise ValueError("more than %d accounts" % ACCOUNTS_MAX)
    rules["blocked"] = [_card(card) for card in _list(document, "blocked")]
    rules["windows"] = [_window(window) for window in _list(document, "windows")]
    try:
        windows.check(rules["windows"])
    except NotAllowed as error:
        raise ValueError(str(error))
    rules["areas"] = _list(document, "areas")
    for area in rules["areas"]:
        if not isinstance(area, str) or not 0 < len(area.encode()) <= _AREA_BYTES_MAX:
            raise ValueError("area %r has 1..%d bytes" % (area, _AREA_BYTES_MAX))
    return rules
