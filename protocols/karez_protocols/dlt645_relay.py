"""What a DL/T 645 meter says about its relay, and about a refusal.

**Accepted is not moved.** The reply 9CH to a relay command says that the command was taken.
`read_relay` asks for status word 3, which says where the relay stands; voltage or current
behind the meter is the last word. A meter may also refuse the plain command (error bit 2)
because it wants ESAM authentication first.
"""

from collections import namedtuple

from .dlt645 import question
from .errors import Malformed

TRIP = 0x1A
CLOSE_PERMITTED = 0x1B  # the user closes by hand
CLOSE_DIRECT = 0x1C
ALARM = 0x2A
ALARM_OFF = 0x2B
KEEP_SUPPLY = 0x3A  # blocks trips
END_KEEP_SUPPLY = 0x3B

ACTIONS = {
    TRIP: "trip",
    CLOSE_PERMITTED: "close_permitted",
    CLOSE_DIRECT: "close_direct",
    ALARM: "alarm",
    ALARM_OFF: "alarm_off",
    KEEP_SUPPLY: "keep_supply",
    END_KEEP_SUPPLY: "end_keep_supply",
}

# Error byte and security error word SERR, a name a bit from bit 0 on.
ERROR_BITS = (
    "other",
    "no_such_data",
    "wrong_password_or_not_authorised",
    "rate_cannot_change",
    "too_many_year_zones",
    "too_many_day_periods",
    "too_many_tariffs",
)
SECURITY_ERROR_BITS = (
    "other",
    "repeated_top_up",
    "esam_check_failed",
    "identity_check_failed",
    "customer_number_mismatch",
    "top_up_count_wrong",
    "over_hoarding_limit",
)

STATUS_WORD_3 = 0x04000503
SUPPLIES = ("mains", "auxiliary", "battery")
METER_TYPES = ("ordinary", "prepaid_energy", "prepaid_money")

# is_open: contacts open, the load has no supply; was_told_to_trip: the last command taken.
# Of the two-bit fields a value without a meaning is None.
StatusWord3 = namedtuple(  # noqa: PYI024 - no typing on MicroPython
    "StatusWord3",
    "is_open was_told_to_trip is_about_to_trip supply meter_type may_program "
    "second_period_table second_year_zone second_tariff second_step is_authenticated has_no_account",
)


def bit_names(code, names):
    """Return the names of the bits set in an error byte or word; a bit without a name is `bit_N`."""
    bits = [at for at in range(16) if code >> at & 1]
    return [names[at] if at < len(names) else "bit_%d" % at for at in bits]


def _choice(names, at):
    return names[at] if at < len(names) else None


def status_word_3(word):
    """Return the StatusWord3 of a 16-bit word. Raises Malformed outside 16 bits."""
    if not 0 <= word <= 0xFFFF:
        raise Malformed("%d is no status word" % word)
    return StatusWord3(
        is_open=bool(word & 0x0010),
        was_told_to_trip=bool(word & 0x0040),
        is_about_to_trip=bool(word & 0x0080),
        supply=_choice(SUPPLIES, word >> 1 & 3),
        meter_type=_choice(METER_TYPES, word >> 8 & 3),
        may_program=bool(word & 0x0008),
        second_period_table=bool(word & 0x0001),
        second_year_zone=bool(word & 0x0020),
        second_tariff=bool(word & 0x0400),
        second_step=bool(word & 0x0800),
        is_authenticated=bool(word & 0x2000),
        has_no_account=bool(word & 0x4000),
    )


def read_relay(address):
    """Return the Request for status word 3, the truth after an accepted relay command."""
    return question(address, None, STATUS_WORD_3, 2)


def relay_of(reply):
    """Return the StatusWord3 in the Reply to `read_relay`. Raises Malformed."""
    if len(reply.data) != 2:
        raise Malformed("status word 3 has 2 bytes, not %d" % len(reply.data))
    return status_word_3(int.from_bytes(reply.data, "little"))
