"""The configuration's rules of people, times and areas: checked whole, turned into what core takes.

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


def _card(card):
    credential = binascii.unhexlify(card)
    if len(credential) != 8:
        raise ValueError("card %r is not 8 bytes" % card)
    return credential


def _whole(what, value, least, greatest):
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
        raise ValueError("%s %r is outside %d..%d" % (what, value, least, greatest))
    return value


def _minute(text):
    """Minutes of the day of "HH:MM"."""
    hour, minute = text.split(":")
    if len(hour) != 2 or len(minute) != 2 or not 0 <= int(minute) < 60 or not 0 <= int(hour) <= 24:
        raise ValueError("time of day %r is not HH:MM" % text)
    return int(hour) * 60 + int(minute)


def _day(text):
    """Days since 1970-01-01 of "YYYY-MM-DD", by the civil calendar."""
    year, month, day = [int(part) for part in text.split("-")]
    _whole("month", month, 1, 12)
    _whole("day", day, 1, 31)
    # Years that begin in March: leap days stand at their ends.
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719_469


def _window(document):
    row = {"from_min": _minute(document["from"]), "to_min": _minute(document["to"])}
    if "days" in document:
        row["days"] = 0
        for letter in document["days"]:
            row["days"] |= 1 << _whole("day of the week", int(letter), 1, 7) - 1
        return row
    row["cycle_days"] = _whole("cycle_days", document["cycle_days"], 1, windows.CYCLE_DAYS_MAX)
    row["open_days"] = _whole("open_days", document["open_days"], 1, windows.CYCLE_DAYS_MAX)
    row["first_day"] = _day(document["first_day"])
    return row


def _accounts(document):
    found = {}
    for card, number in document["accounts"].items():
        found[_card(card)] = _whole("account", number, 1, _ACCOUNT_MAX)
    return found


def check(document):
    """Return the rules of a configuration document. Raises ValueError, KeyError or TypeError."""
    rules = {"accounts": _accounts(document), "ceilings_l": {}}
    for number, litres in document.get("ceilings_l", {}).items():
        rules["ceilings_l"][_whole("account", int(number), 1, _ACCOUNT_MAX)] = _whole(
            "ceiling", litres, 0, _LITRES_MAX
        )
    if len(set(rules["accounts"].values()) | set(rules["ceilings_l"])) > ACCOUNTS_MAX:
        raise ValueError("more than %d accounts" % ACCOUNTS_MAX)
    rules["blocked"] = [_card(card) for card in document.get("blocked", [])]
    rules["windows"] = [_window(window) for window in document.get("windows", [])]
    try:
        windows.check(rules["windows"])
    except NotAllowed as error:
        raise ValueError(str(error))
    rules["areas"] = list(document.get("areas", []))
    for area in rules["areas"]:
        if not isinstance(area, str) or not 0 < len(area.encode()) <= _AREA_BYTES_MAX:
            raise ValueError("area %r has 1..%d bytes" % (area, _AREA_BYTES_MAX))
    return rules
