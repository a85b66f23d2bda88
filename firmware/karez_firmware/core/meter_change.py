"""What a person may say about a meter: swapped, confirmed, another coefficient, another meter rules.

Loaded when somebody does, and given back to the heap after. Each function changes the Books or
returns, in words, why it does not; causes.NONE means done. None of them lowers W, and none
corrects what was booked: corrections are the ledger's (design §5).
"""

from karez_protocols import causes, event_details, grant, record
from karez_protocols.constant import const

from .held import is_fresh
from .segment import Segment

_LONGEST_MS = const(400 * 86_400_000)  # the longest silence a person may speak for, as outage.py
_REGISTER_MAX = const(1 << 47)  # as register.py
_MULTIPLIER_MAX = const(0xFFFF_FFFE)
_CONFIRMED = const(0)  # no reason of event_details: the meter has simply run on


def swap(books, quantity, closing, opening, now_ms):
    """Another meter hangs on this register: `closing` of the old one, `opening` of the new one.

    Said in time, W moves to the closing reading, which must be a plausible step from the last
    good one, P ends, and a confirmed segment begins at the opening reading. Where the old meter
    cannot have counted what P shows (less than half of it), the rest of P is booked as converted:
    most meters are swapped because they stood still.

    Said after the books had opened an unconfirmed segment by themselves, it only confirms that.
    Which of the two is meant shows in the closing reading: it goes on from the meter read now,
    or from the one before, whichever is nearer.
    """
    followed = _followed(books, quantity)
    if not followed:
        return "there is no such meter"
    if not (0 <= closing < _REGISTER_MAX and 0 <= opening < _REGISTER_MAX):
        return "a reading that no meter shows"
    for one in followed:
        refused = _refusal(one, closing, opening, now_ms)
        if refused:
            return refused
    for one in followed:
        if _is_late(one, closing):
            _confirm(books, one, event_details.SWAP)
        else:
            _put_on(books, one, closing, opening, now_ms)
    return causes.NONE


def confirm(books, quantity, now_ms):
    """A person has looked at the meter: the unconfirmed segment stands.

    Readings that agree and wait for a person (an outage that nothing bounds) are believed: as a
    step of the same meter if they lie ahead, else as a new and confirmed segment.
    """
    done = False
    for one in _followed(books, quantity):
        if one.is_uncertain and one.agreed():
            _accept(books, one, now_ms)
        elif not one.segment.is_confirmed:
            _confirm(books, one, _CONFIRMED)
        else:
            continue
        done = True
    return causes.NONE if done else "there is nothing to confirm"


def convert(books, multiplier_ppm, coefficient_version):
    """A new coefficient, litres per Wh x 1,000,000, holds from the last good reading on."""
    water = books.water
    if not books.is_converted:
        return "the volume is not converted here"
    if not 0 < multiplier_ppm <= _MULTIPLIER_MAX:
        return "a coefficient that no well has"
    if water.last is None:
        return "the power meter has not been read yet"
    found = water.segment.following(books.next_number(), water.value, water.last, water.last)
    found.multiplier_ppm, found.coefficient_version = multiplier_ppm, coefficient_version
    # The register itself goes on, with all that is held and waits.
    water.segment = found
    _say_opened(books, found, event_details.COEFFICIENT)
    return causes.NONE


def take_over(books, multiplier_ppm, now_ms, coefficient_version, opening):
    """Another meter rules W from now on; what P shows is booked as converted.

    Without `opening` it is the energy meter, x multiplier; with it a water meter that reads
    `opening` now (1,000,000: its register is in litres).
    """
    if not 0 < multiplier_ppm <= _MULTIPLIER_MAX:
        return "a coefficient that no well has"
    water, energy = books.water, books.energy
    first, last_ms, method = opening, now_ms, record.METERED
    if opening is None:
        if books.is_converted:
            return "the power meter rules already"
        if energy is None or not energy.is_current(now_ms):
            return "the power meter does not answer"
        first, last_ms, method = energy.last, energy.last_ms, record.CONVERTED
        if not is_fresh(energy, now_ms):
            water.blind_ms = 0  # the silent meter will tell that itself, in the new segment
    elif not 0 <= opening < _REGISTER_MAX:
        return "a reading that no meter shows"
    before_l = books.volume_l
    if before_l is None:
        before_l = water.segment.base
    base = before_l + books.held.estimate(water, energy, now_ms)
    found = Segment(grant.WATER, books.next_number(), {
        "method": method, "base": base, "register_base": first, "multiplier_ppm": multiplier_ppm,
        "coefficient_version": coefficient_version,
    })  # fmt: skip
    found.closing = water.last
    books.follow(found).reopen(found, first, last_ms)
    books.held.close(books.used_wh)
    _say_opened(books, found, event_details.TAKEOVER)
    return causes.NONE


def _followed(books, quantity):
    """The registers that one meter feeds: both at a converted well."""
    if books.is_converted:
        return [one for one in (books.water, books.energy) if one]
    if quantity == grant.WATER:
        return [] if books.is_estimated else [books.water]
    return [books.energy] if books.energy else []


def _ahead(followed, reading):
    """How far a reading lies ahead of the meter that is read now; of the binding's if none was."""
    if followed.last is None:
        return reading - followed.segment.register_base
    return followed.ahead_of(reading)


def _is_late(followed, closing):
    """True if the closing reading is of the meter before: its segment was closed without a person."""
    segment = followed.segment
    if segment.is_confirmed or segment.closing is None or closing < segment.closing:
        return False
    ahead = _ahead(followed, closing)
    return ahead < 0 or closing - segment.closing < ahead


def _refusal(followed, closing, opening, now_ms):
    if _is_late(followed, closing):
        if opening > followed.segment.register_base:
            return "the opening reading is above the first that was read of the new meter"
        return None
    ahead = _ahead(followed, closing)
    if ahead < 0:
        return "the closing reading is below the last good one"
    since_ms = followed.since_ms(now_ms, None)
    if ahead > followed.bound(_LONGEST_MS if since_ms is None else since_ms):
        return "the closing reading is farther than the well can have come since the last good one"
    return None


def _put_on(books, followed, closing, opening, now_ms):
    """Close the segment at `closing` and begin a confirmed one at `opening`."""
    segment, is_water = followed.segment, followed is books.water
    stood = segment.register_base if followed.last is None else followed.last
    # Water that ran back has been booked before: only what lies above the mark is new.
    base = segment.value(stood + max(0, _ahead(followed, closing) - followed.below))
    if is_water:
        held_l = books.held.estimate(followed, books.energy, now_ms)
        counted_l = base - segment.value(stood)
        base += books.held.uncounted_l
        missed_l = held_l - books.held.uncounted_l - counted_l
        if missed_l > max(counted_l, books.decision_l):
            base += missed_l
    found = segment.following(books.next_number(), base, opening, closing)
    followed.reopen(found, opening, followed.last_ms)
    if is_water:
        books.held.close(books.used_wh)
    _say_opened(books, found, event_details.SWAP)


def _accept(books, followed, now_ms):
    """Believe the agreeing readings that nothing but a person could bound."""
    first, newest = followed.agreed()
    segment, is_water = followed.segment, followed is books.water
    before = (books.volume_l, books.held.energy_wh)
    beside = first[2]
    if is_water:
        estimate_l = books.held.estimate(followed, books.energy, now_ms)
        beside = max(beside, estimate_l - segment.value(newest[0]) + segment.value(first[0]))
        books.gap = None if before[0] is None else before
    if 0 <= _ahead(followed, newest[0]) <= followed.bound(_LONGEST_MS):
        followed.accept(newest[0], newest[1])
        _confirm(books, followed, _CONFIRMED)
        if is_water:
            counted_l = estimate_l if before[0] is None else books.volume_l - before[0]
            books.held.settle(estimate_l, counted_l, books.used_wh)
        return
    value = segment.base if followed.last is None else followed.value
    found = segment.following(books.next_number(), value + beside, first[0], followed.last)
    followed.reopen(found, newest[0], newest[1])
    _say_opened(books, found, event_details.JUMP)
    if is_water:
        books.held.close(books.used_wh)


def _confirm(books, followed, reason):
    followed.segment.is_confirmed = True
    books.events.append((causes.SEGMENT_CONFIRMED, followed.segment.detail(reason)))


def _say_opened(books, found, reason):
    found.is_confirmed = True
    found.opened_utc_s = books.utc_s
    books.events.append((causes.SEGMENT_OPENED, found.detail(reason)))
