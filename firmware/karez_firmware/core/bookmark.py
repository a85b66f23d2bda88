"""What the books must know again when power returns, and where a cut may have left it (design §5).

A decision is taken in memory first; then the caller writes its record, then the head:

    cut before the record    the head is the old one: old segment, its P; the readings decide again
    between record and head  adopt() begins the segment that the record tells of, P is in its base;
                             catch_up() takes the registers and P the record was written with
    after the head           restore() is all

W comes out the same each time. A rollover needs no adopt(): the old head meets it once more,
or catch_up() brings it.
"""

from karez_protocols import grant
from karez_protocols.constant import const

from . import segment as segments

# What must survive a loss of power (fields.py); water, energy: their segments (segment.LAYOUT).
LAYOUT = """
volume_l u6
register_l u6
energy_wh u6
energy_register_wh u6
held_l u4
water_below u4
water_uncounted_l u4
water_is_doubted u1
water b38
energy b38
"""

_STILL = const(2)  # water_is_doubted: beyond what is uncounted, held_l is Held.still_l


def snapshot(books):
    """Return the values of LAYOUT."""
    water, energy, held = books.water, books.energy, books.held
    # Kept as P, and told apart by the next field: what P would begin with if a standing register is stuck.
    still_l = held.still_l(water, energy, water.last_ms or 0) if held.litres == held.uncounted_l else 0
    is_doubted = held.is_doubted or water.is_behind or books.was_stuck
    return {
        "volume_l": books.volume_l,
        "register_l": water.last,
        "energy_wh": books.energy_wh,
        "energy_register_wh": energy.last if energy else None,
        "held_l": held.litres + still_l,
        "water_below": water.below,
        "water_uncounted_l": held.uncounted_l,
        "water_is_doubted": 1 if is_doubted else _STILL if still_l else 0,
        "water": water.segment.snapshot(),
        "energy": energy.segment.snapshot() if energy else segments.unknown(),
    }


def restore(books, head):
    """Take a snapshot; what it lacks or does not know is as the binding's last segment says."""
    _restore(books, books.water, head.get("water"), head.get("register_l"), head.get("water_below"))
    if books.energy:
        _restore(books, books.energy, head.get("energy"), head.get("energy_register_wh"), 0)
    held_l, uncounted_l = head.get("held_l") or 0, head.get("water_uncounted_l") or 0
    is_doubted = head.get("water_is_doubted")
    still_l = held_l - uncounted_l if is_doubted == _STILL else 0
    books.held.restore(held_l - still_l, uncounted_l, books.used_wh, is_doubted == 1, still_l)


def _restore(books, followed, data, last, below):
    values = segments.known(data)
    if values:
        if not followed.segment.restore(values):
            return  # the bench has signed a later one: its reading is where this begins
        followed = books.follow(followed.segment)
    if last is not None:
        followed.restore(last, below or 0)


def adopt(books, values, multiplier_ppm):
    """Begin the segment of an event, unless it is known."""
    is_water = values["quantity"] == grant.WATER
    followed = books.water if is_water else books.energy
    number = values["number"]
    if followed is None or number is None or number < followed.segment.number:
        return
    if number == followed.segment.number:
        followed.segment.is_confirmed = followed.segment.is_confirmed or bool(values["is_confirmed"])
        return
    found = followed.segment.following(number, values["base"], values["register_base"], values["closing"])
    found.method = values["method"]
    found.is_confirmed = bool(values["is_confirmed"])
    found.multiplier_ppm = multiplier_ppm or found.multiplier_ppm
    books.follow(found).restore(found.register_base)
    if is_water:
        books.held.close(books.used_wh)


def catch_up(books, values):
    """Take W, E and P of a measuring record that the head does not know."""
    before_l = books.volume_l
    if not books.is_estimated:
        books.water.catch_up(values["volume_l"])
    if books.energy:
        books.energy.catch_up(values["energy_wh"])
    held = books.held
    still_l = held.still_l(books.water, None, 0) if books.volume_l == before_l else 0
    held.restore(values["held_l"] or 0, held.uncounted_l, books.used_wh, held.is_doubted, still_l)
