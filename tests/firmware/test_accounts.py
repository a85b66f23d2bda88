"""Accounts: A is computed from W, the sum is W, ceilings divide, a new box resumes."""

from karez_firmware.core.accounts import ACCOUNTS_MAX, NOBODY, Accounts
from karez_protocols import causes, errors

CARD_7, CARD_8, LOST = b"card-007", b"card-008", b"card-999"
NONE = causes.NONE


def desk(ceilings_l=None):
    """Two households and a lost card."""
    return Accounts({CARD_7: 7, CARD_8: 8, LOST: 8}, ceilings_l or {}, (LOST,))


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def test_a_card_names_its_account_and_a_blocked_or_strange_one_none():
    found = desk()
    assert [found.account_of(card) for card in (CARD_7, CARD_8, LOST, b"stranger")] == [7, 8, None, None]


def test_a_is_what_w_moved_by_since_the_start():
    found = desk()
    found.begin(7, 1000)
    assert [found.used(volume_l) for volume_l in (1000, 1500, 1500, 1501)] == [0, 500, 500, 501]
    assert found.end(1600) == 600 and found.number == NOBODY
    found.begin(7, 2000)  # 400 L ran for nobody in between
    assert found.used(2100) == 700 and found.end(2100) == 700
    assert found.used_of(7, 5000) == 700 and found.used_of(8, 5000) == 0


def test_a_reading_behind_the_start_charges_nothing_and_takes_nothing():
    found = desk()
    found.begin(7, 1000)
    assert found.used(990) == 0 and found.end(990) == 0


def test_the_sum_of_all_accounts_and_of_nobody_is_w():
    found = desk()
    found.begin(7, 100)
    assert found.total_l(150) == 50
    found.end(300)
    found.begin(8, 400)
    assert found.total_l(450) == 250 and found.used_of(8, 450) == 50 and found.used_of(7, 450) == 200
    found.end(500)
    assert found.total_l(600) == 300
    found.begin(7, 600)  # an account that has used some before
    assert found.total_l(610) == 310 and found.used_of(7, 610) == 210


def test_another_card_in_the_middle_ends_the_first_account_there():
    found = desk()
    found.begin(7, 100)
    found.begin(8, 150)
    assert found.number == 8 and found.used_of(7, 999) == 50 and found.used(170) == 20


def test_litres_without_an_account_are_nobodys():
    found = desk()
    found.begin(NOBODY, 0)
    assert found.used(100) is None and found.end(100) is None
    assert found.total_l(100) == 0 and found.to_bytes() == b"\0"
    assert found.used_of(NOBODY, 100) == 0 and found.cause(NOBODY, 100) == NONE


def test_with_unread_books_a_counts_from_the_first_w_that_is_known():
    found = desk()
    found.begin(7, None)
    assert found.used(None) == 0
    assert found.used(500) == 0 and found.used(600) == 100
    assert found.used(None) == 0  # what is unknown now is not guessed
    assert found.end(650) == 150
    found.begin(7, None)
    assert found.end(None) == 150


def test_an_account_is_empty_at_its_ceiling_whatever_the_well_has_left():
    found = desk({7: 1000, 8: None})
    found.begin(7, 0)
    assert found.cause(7, 999) == NONE and found.left_l(7, 999) == 1
    assert found.cause(7, 1000) == causes.ACCOUNT_EMPTY and found.left_l(7, 1000) == 0
    found.end(1200)
    assert found.cause(7, 1200) == causes.ACCOUNT_EMPTY and found.left_l(7, 1200) == -200
    for number in (8, 9):
        assert found.cause(number, 10**9) == NONE and found.left_l(number, 10**9) is None


def test_litres_held_test_the_ceiling_and_are_charged_only_once_booked():
    found = desk({7: 1000})
    found.begin(7, 0)
    assert found.cause(7, 600, 399) == NONE and found.left_l(7, 600, 399) == 1
    assert found.cause(7, 600, 400) == causes.ACCOUNT_EMPTY
    assert found.end(600) == 600


def test_a_ceiling_of_zero_is_a_ceiling():
    assert desk({7: 0}).cause(7, 0) == causes.ACCOUNT_EMPTY


# -- over a restart -----------------------------------------------------------------------


def test_the_table_survives_a_restart_and_what_ran_is_resumed():
    found = desk()
    found.begin(7, 0)
    found.end(800)
    found.begin(8, 800)
    again = desk()
    again.from_bytes(found.to_bytes())
    again.begin(8, 800)  # the head kept account and W of the start
    assert again.end(950) == 150 and again.total_l(950) == 950
    assert again.to_bytes() == b"\2" + b"\7\0\0\0\x20\3\0\0\0\0" + b"\x08\0\0\0\x96\0\0\0\0\0"


def test_a_table_that_is_cut_or_odd_changes_nothing():
    found = desk()
    found.begin(7, 0)
    found.end(800)
    data = found.to_bytes()
    for bad in (
        b"", b"\xff", bytes([ACCOUNTS_MAX + 1]) + bytes(400), b"\1" + bytes(10),
        b"\1" + b"\xff" * 4 + bytes(6), b"\1" + b"\7\0\0\0" + b"\xff" * 6, b"\2" + data[1:] * 2,
    ):  # fmt: skip
        assert refused(errors.Malformed, found.from_bytes, bad), bad
    for end in range(len(data)):
        assert refused(errors.Malformed, found.from_bytes, data[:end])
    assert found.to_bytes() == data


def test_a_new_box_resumes_from_the_stop_records_of_the_old_one():
    found = desk()
    assert found.adopt(7, 300, 1000) and found.adopt(8, 700, 1000)
    assert found.adopt(7, 300, 1000)  # the same record once more
    found.begin(7, 1000)
    assert found.used(1010) == 310


def test_records_of_one_site_are_taken_in_any_order():
    records = [(7, 300, 300), (8, 200, 500), (7, 700, 900), (8, 900, 1600)]
    for first in range(4):
        found = desk()
        for number, used_l, volume_l in records[first:] + records[:first][::-1]:
            found.adopt(number, used_l, volume_l)
        assert (found.used_of(7, 0), found.used_of(8, 0)) == (700, 900), first


def test_a_record_that_is_older_or_says_too_much_is_not_taken():
    found = desk()
    assert found.adopt(7, 300, 1000)
    assert not found.adopt(7, 299, 1000)
    assert not found.adopt(8, 701, 1000)  # the sum would be above W
    assert not found.adopt(NOBODY, 5, 1000) and not found.adopt(8, None, 1000) and not found.adopt(8, 5, None)
    found.begin(8, 1000)
    assert not found.adopt(7, 301, 2000)
    found.end(1000)
    assert found.adopt(7, 301, 2000) and found.total_l(2000) == 301


# -- the table's room ---------------------------------------------------------------------


def full():
    """As many accounts as fit, of whom the first has left the configuration."""
    cards = {b"card%04d" % number: number for number in range(2, ACCOUNTS_MAX + 1)}
    found = Accounts(cards, {})
    for number in range(1, ACCOUNTS_MAX + 1):
        found.begin(number, number * 10)
    found.end(ACCOUNTS_MAX * 10 + 10)
    return found


def test_more_accounts_than_fit_are_no_configuration():
    cards = {b"card%04d" % number: number for number in range(1, ACCOUNTS_MAX + 1)}
    Accounts(cards, {1: 5})
    assert refused(errors.NotAllowed, Accounts, cards, {99: 5})


def test_the_full_table_fits_its_room():
    data = full().to_bytes()
    assert len(data) == 321
    again = desk()
    again.from_bytes(data)
    assert again.to_bytes() == data


def test_an_account_that_left_gives_way_and_its_litres_are_nobodys():
    found = full()
    found.begin(40, 1000)
    assert found.number == 40 and found.used_of(1, 1000) == 0
    found.end(1005)
    assert found.used_of(40, 2000) == 5 and len(found.to_bytes()) == 321
    assert found.total_l(2000) == 31 * 10 + 5


def test_where_nobody_gives_way_a_stranger_is_nobody():
    cards = {b"card%04d" % number: number for number in range(1, ACCOUNTS_MAX + 1)}
    found = Accounts(cards, {})
    for number in range(1, ACCOUNTS_MAX + 1):
        assert found.adopt(number, 1, 1000)
    found.begin(77, 1000)
    assert found.number == NOBODY and found.used(2000) is None
    assert not found.adopt(77, 1, 1000) and found.total_l(1000) == 32
