"""What ships of meter profiles, in one small text: a controller checks a meter by it without any codec.

A row of `profiles/index.txt` is `name protocol counts address`: `counts` is the total that the meter
brings (`volume_l`, `energy_wh`), `level_mm` for a probe, `-` for neither; `address` is what its protocol
takes, one of the words below. `python -m karez_simulators.profile_index` writes it from the profiles.
"""

RESOURCE = "karez_protocols/profiles/index.txt"
STATION = "1-247"  # a whole number
DIGITS = "12"  # digits in a text, whole pairs of A in front for any
TYPED = (
    "2:14"  # the meter's type, a colon and digits; AA for any type, all A for any meter; type 10 if left out
)
_NUMERIC = "0123456789"


def find(text, name):
    """Return (protocol, counts, address) of a profile by its name, None when there is none."""
    at = 0
    while at < len(text):  # row by row: a list of all of them would fill the heap
        end = text.find(b"\n", at)
        row = str(text[at:end], "utf-8").split(" ")
        if row[0] == name:
            return row[1], row[2], row[3]
        at = end + 1
    return None


def is_address(kind, address):
    """True if a meter of this kind of address can have this one."""
    if kind == STATION:
        return isinstance(address, int) and not isinstance(address, bool) and 1 <= address <= 247
    if not isinstance(address, str):
        return False
    if kind == DIGITS:
        digits = address.lstrip("A")
        return len(address) == 12 and len(digits) % 2 == 0 and _is_numeric(digits)
    sort, _, number = (address if ":" in address else "10:" + address).upper().partition(":")
    if len(sort) != 2 or len(number) != 14:
        return False
    return (sort == "AA" or _is_numeric(sort)) and (number == "A" * 14 or _is_numeric(number))


def _is_numeric(text):
    return all(letter in _NUMERIC for letter in text)
