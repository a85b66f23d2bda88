"""Which table an identifier is looked up in, and what it is called in ASCII."""

from .errors import NotAllowed
from .sl651_elements import ELEMENTS, EXTENDED, Meaning, ident_named, meaning_in
from .sl651_functions import SETTINGS as SETTING_FUNCTIONS
from .sl651_settings import SETTINGS

_DIGITS = "0123456789ABCDEF"


def is_setting(function: int) -> bool:
    """True if the identifiers of a function are settings (annex D), not elements (annex C)."""
    return function in SETTING_FUNCTIONS


def _tables(settings, dialect):
    return (dialect.settings, SETTINGS) if settings else (dialect.elements, ELEMENTS)


def meaning_of(ident, settings: bool, dialect) -> "Meaning | None":
    """The row of an identifier, None if neither standard nor dialect has one."""
    if isinstance(ident, str):
        return None
    for table in _tables(settings, dialect):
        found = meaning_in(table, ident)
        if found:
            return found
    return None


def kind_of(ident, settings: bool, dialect) -> str:
    """The kind of value an identifier has, "?" if it is not known."""
    found = meaning_of(ident, settings, dialect)
    return found.kind if found else "?"


def ident_of(name: str, settings: bool, dialect):
    """The identifier an ASCII name stands for: a name of annex C, or hex digits; else the name itself."""
    if not settings:
        for table in _tables(settings, dialect):
            found = ident_named(table, name)
            if found is not None:
                return found
    if len(name) not in (2, 4) or not all(one in _DIGITS for one in name):
        return name
    ident = int(name, 16)
    if len(name) == 2:
        return ident if 0 < ident < 0xFF else name
    return ident if ident & EXTENDED == EXTENDED else name


def names_column(name: str, dialect) -> bool:
    """True if a word of an ASCII series is a further identifier: one with a meaning, and no number."""
    return not name.isdigit() and meaning_of(ident_of(name, False, dialect), False, dialect) is not None


def name_of(ident, settings: bool, dialect) -> str:
    """What to write in ASCII for an identifier. Raises NotAllowed where it would be read as another."""
    found = meaning_of(ident, settings, dialect)
    if isinstance(ident, str):
        name = ident
    elif found and not settings:
        name = found.name
    else:
        name = "%02X" % ident
    if ident_of(name, settings, dialect) != ident:
        raise NotAllowed("%s is the name of something else" % name)
    return name
