"""Parts of a JSON document, each taken with its kind and range checked.

Everything raises Malformed for a wrong shape and NotAllowed for a value outside its range.
"""

from .errors import Malformed, NotAllowed

ENTRIES_MAX = 64  # twice the longest map in use; bounds the planner's time


def keys(value, required, optional, where):
    """Refuse a value that is not an object with exactly these keys (texts with spaces between)."""
    if not isinstance(value, dict):
        raise Malformed("%s is not an object" % where)
    for key in required.split():
        if key not in value:
            raise Malformed("%s: %s is missing" % (where, key))
    for key in value:
        if key not in required.split() and key not in optional.split():
            raise NotAllowed("%s: nobody reads the key %s" % (where, key))


def whole(what, number, low, high):
    """Return an integer between two limits."""
    if not isinstance(number, int) or isinstance(number, bool):
        raise Malformed("%s is not an integer" % what)
    if not low <= number <= high:
        raise NotAllowed("%s = %d is outside %d..%d" % (what, number, low, high))
    return number


def integer(value, key, low, high):
    """Return value[key], an integer between two limits."""
    return whole(key, value[key], low, high)


def choice(value, key, choices):
    """Return the index of value[key] among its choices (a list of texts)."""
    if value[key] not in choices:
        raise NotAllowed("%s is none of: %s" % (key, " ".join(choices)))
    return choices.index(value[key])


def entries(value, key):
    """Return value[key], a list that is not too long."""
    if not isinstance(value[key], list) or len(value[key]) > ENTRIES_MAX:
        raise Malformed("%s is not a list of at most %d" % (key, ENTRIES_MAX))
    return value[key]


def text(value, key):
    """Return value[key], a text that is not empty."""
    if not isinstance(value[key], str) or not value[key]:
        raise Malformed("%s is not a text" % key)
    return value[key]


def pair(what, value, low, high, low_2, high_2):
    """Return two integers of a list, each between its own limits."""
    if not isinstance(value, list) or len(value) != 2:
        raise Malformed("%s is not a pair" % what)
    return whole(what, value[0], low, high), whole(what, value[1], low_2, high_2)


def index(names, name):
    """Return where a name stands in a list of names."""
    if name not in names:
        raise NotAllowed("%s is not a field" % name)
    return names.index(name)


def members(value, names):
    """Return the indexes of a list of names, which must not be empty."""
    if not isinstance(value, list) or not value:
        raise Malformed("a list of fields is empty or no list")
    return [index(names, name) for name in value]
