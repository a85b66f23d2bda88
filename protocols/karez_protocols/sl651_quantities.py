"""Elements and settings as integers in our units, and back: flow_lph, total_l, level_mm, battery_mv."""

from .errors import Malformed, NotAllowed
from .sl651_elements import ELEMENTS, ident_of_field
from .sl651_meanings import meaning_of
from .sl651_parts import Element
from .sl651_settings import SETTINGS
from .sl651_values import size_of_digits

# Of these less than nothing is a mistake, never a reading.
_NEVER_NEGATIVE = ("_l", "_wh", "_ma", "_mv", "_um")


def _nearest(number, divisor):
    """Return number / divisor, rounded to the nearest, halves away from zero."""
    half = (2 * abs(number) + divisor) // (2 * divisor)
    return half if number >= 0 else -half


def _minutes(value, decimals):
    """Minutes of HH.mm; a whole number is hours (E.1.2.3)."""
    if decimals == 0:
        return value * 60
    if decimals != 2 or value < 0 or value % 100 > 59:
        raise Malformed("%d with %d decimals is no duration in hours.minutes" % (value, decimals))
    return value // 100 * 60 + value % 100


def quantity(element: Element, settings: bool, dialect):
    """(field, value in the unit it names) of an element or setting, None if it is not known here.

    A value that is missing comes as None. What is finer than our unit is rounded to the nearest;
    Element.value keeps every digit. Raises Malformed.
    """
    what = meaning_of(element.ident, settings, dialect)
    if what is None:
        return None
    value = element.value
    if value is not None:
        if what.kind == "N":
            value = _nearest(value * what.factor, 10**element.decimals)
        elif what.kind == "D":
            value = _minutes(value, element.decimals)
        elif what.kind in ("R", "L"):
            scale = 10**what.decimals
            value = tuple([None if one is None else one * what.factor // scale for one in value])
    return what.field, value


def element_for(field: str, value, settings: bool, dialect) -> Element:
    """Element of one of our fields in the form the standard gives it, `value` in the field's unit.

    None = missing. Raises NotAllowed on a field nobody knows and on a value outside N(D,d).
    """
    own, standard = (dialect.settings, SETTINGS) if settings else (dialect.elements, ELEMENTS)
    try:
        ident = ident_of_field(own, field)
    except NotAllowed:
        ident = ident_of_field(standard, field)
    what = meaning_of(ident, settings, dialect)
    if what is None or what.field != field:
        raise NotAllowed("%s is not what its identifier means in this dialect" % field)
    size = size_of_digits(what.digits)
    if what.kind in ("X", "A"):
        return Element(ident, size if value is None else len(value), 0, value)
    if what.kind in ("R", "L"):
        return Element(ident, size, 0, _series(what, (None,) * 12 if value is None else value))
    if value is None or what.kind not in ("N", "D"):
        return Element(ident, size, what.decimals, value)
    if what.kind == "D":
        digits = value // 60 * 100 + value % 60
    else:
        digits = _nearest(value * 10**what.decimals, what.factor)
    if abs(digits) >= 10**what.digits or (value < 0 and (what.kind == "D" or _is_never_negative(field))):
        raise NotAllowed("%s = %d does not fit N(%d,%d)" % (field, value, what.digits, what.decimals))
    # FF in front of an even number of digits, FF0 in front of an odd one: a byte more either way.
    return Element(ident, size + (digits < 0), what.decimals, digits)


def quantities(elements, settings: bool, dialect) -> dict:
    """{field: value in its unit} of a group's elements or of settings; what is not known here is left out.

    Where an identifier stands twice the last counts. Raises Malformed.
    """
    found = {}
    for element in elements:
        pair = quantity(element, settings, dialect)
        if pair:
            found[pair[0]] = pair[1]
    return found


def elements_for(pairs, settings: bool, dialect) -> tuple:
    """Elements of (field, value) in the order they are sent. Raises NotAllowed."""
    return tuple([element_for(field, value, settings, dialect) for field, value in pairs])


def _is_never_negative(field):
    return any(field.endswith(end) for end in _NEVER_NEGATIVE)


def _series(what, values):
    scale = 10**what.decimals
    return tuple([None if one is None else _nearest(one * scale, what.factor) for one in values])
