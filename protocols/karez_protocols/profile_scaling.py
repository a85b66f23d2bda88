"""The `scaling` of a field or total: what its scale hangs on besides the fixed exponent.

    value = raw x 10^scale x times... x 10^(exponent_sign x exponent) x 10^offset x factor

Rounded once. `times` (a list) and `exponent` name other fields: CT ratio, decimals,
multiplier. `unit_factors` gives the factor numerator x 10^n, as [numerator, n], for each code
in the field `unit_code` (L/s to l/h: [36, 2]); a meter without such a field has a `factor`. The
fields named are plain ones: a scale that hangs on a scaled value could run in a circle. All
keys are optional.
"""

from .errors import Malformed, NotAllowed
from .profile_shape import index, integer, keys, members, pair

SCALE_MAX = 9  # cubic metres to microlitres, the widest step between two units in use
# An imperial gallon is 4546090 uL: seven digits and then some.
NUMERATOR_MAX = 10**12
FACTOR_MAX = 12
CODE_MAX = 0xFFFF  # of one register

_KEYS = "times exponent exponent_sign offset unit_code unit_factors factor"


def _factor(value):
    return pair("factor", value, 1, NUMERATOR_MAX, -FACTOR_MAX, FACTOR_MAX)


def _factors(scaling):
    """Return {unit code: (numerator, exponent)}; without unit codes the code is None."""
    if "unit_code" not in scaling:
        return {None: _factor(scaling["factor"]) if "factor" in scaling else (1, 0)}
    if "factor" in scaling:
        raise NotAllowed("scaling: either a factor or a unit code")
    table = scaling["unit_factors"]
    if not isinstance(table, dict) or not table:
        raise Malformed("unit_factors is not an object, or empty")
    factors: dict = {}
    for code in table:
        if not 1 <= len(code) <= 5 or any(letter not in "0123456789" for letter in code):
            raise Malformed("unit code %s is not a register's value" % code)
        if str(int(code)) != code or int(code) > CODE_MAX:
            raise NotAllowed("unit code %s is outside 0..%d" % (code, CODE_MAX))
        factors[int(code)] = _factor(table[code])
    return factors


def compiled(owner, names):
    """Return (offset, (times, exponent, sign, unit code, factors)) by indexes; (0, None) without scaling.

    `owner` is the field or split as parsed, `names` all fields. Raises Malformed, NotAllowed.
    """
    if "scaling" not in owner:
        return 0, None
    scaling = owner["scaling"]
    keys(scaling, "", _KEYS, "scaling")
    for one, other in (
        ("unit_code", "unit_factors"),
        ("unit_factors", "unit_code"),
        ("exponent_sign", "exponent"),
    ):
        if one in scaling and other not in scaling:
            raise Malformed("scaling: %s is missing" % other)
    if not scaling:
        raise Malformed("scaling is empty")
    sign = integer(scaling, "exponent_sign", -1, 1) if "exponent_sign" in scaling else 1
    if not sign:
        raise NotAllowed("exponent_sign is 1 or -1")
    return integer(scaling, "offset", -SCALE_MAX, SCALE_MAX) if "offset" in scaling else 0, (
        tuple(members(scaling["times"], names)) if "times" in scaling else (),
        index(names, scaling["exponent"]) if "exponent" in scaling else -1,
        sign,
        index(names, scaling["unit_code"]) if "unit_code" in scaling else -1,
        _factors(scaling),
    )


def sources(scaling):
    """Return the indexes of the fields that a compiled scaling reads."""
    times, exponent, _, unit, _ = scaling
    return [at for at in times + (exponent, unit) if at >= 0]
