"""One row of an answer, as bytes: a line of JSON with its check, or text for people.

A row is (names as bytes of one text, values in their order): see verbs.TABLE.
"""

import json

from karez_protocols import console

END = "\r\n"
_DAYS_BEFORE_1970 = 719_468  # days from 1 March of year 0


def in_json(tag, state, names, values):
    """Return the bytes of one answer; `state`: the text of the member that says how it stands."""
    parts = [] if tag is None else ['"tag":%d' % tag]
    parts.append(state)
    for name, value in zip(str(names, "utf-8").split(), values):
        parts.append('"%s":%s' % (name, json.dumps(value)))
    return console.sealed("{" + ",".join(parts) + "}")


def in_text(names, values, is_last):
    """Return the bytes for people: a column for what is one thing, one line for what is one of many."""
    if not names:  # as it stands
        return (values[0] + END).encode()
    parts = []
    for name, value in zip(str(names, "utf-8").split(), values):
        if value is not None or is_last:
            text = _date(value) if name.endswith("utc_s") and value is not None else _words(value)
            parts.append("%-18s %s" % (name, text) if is_last else "%s %s" % (name, text))
    return ((END if is_last else "  ").join(parts) + END).encode()


def _words(value):
    if value is None:
        return "--"
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(["%s %s" % (name, _words(value[name])) for name in sorted(value)])
    if isinstance(value, (list, tuple)):
        return ", ".join([_words(one) for one in value]) or "none"
    return str(value)


def _date(utc_s):
    """UTC seconds as date and time, by the Gregorian calendar's own arithmetic."""
    days, second = utc_s // 86_400 + _DAYS_BEFORE_1970, utc_s % 86_400
    era, day_of_era = days // 146_097, days % 146_097
    year = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    year += 400 * era + (month <= 2)
    clock = second // 3600, second // 60 % 60, second % 60
    return "%04d-%02d-%02d %02d:%02d:%02d" % ((year, month, day) + clock)
