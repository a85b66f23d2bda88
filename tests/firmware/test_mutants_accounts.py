"""What mutants of the accounts showed: who counts, who gives way, and what is adopted of nothing."""

from karez_firmware.core import accounts
from karez_firmware.core.accounts import Accounts
from karez_protocols.errors import NotAllowed


def credentials(count):
    return {b"card-%03d" % number: number for number in range(1, count + 1)}


def a_full_table():
    """32 accounts have used water; then the last one left the configuration."""
    found = Accounts(credentials(32), {})
    for number in range(1, 33):
        found.begin(number, number)
        found.end(number)
    left = Accounts(credentials(31), {})
    left.from_bytes(found.to_bytes())
    return left


def test_nobody_is_number_nought():
    assert accounts.NOBODY == 0
    assert Accounts({}, {}).number == 0


def test_an_account_with_a_card_and_a_ceiling_counts_once():
    ceilings_l = dict.fromkeys(range(1, 33), 1000)
    Accounts(credentials(32), ceilings_l)
    try:
        Accounts(credentials(33), dict.fromkeys(range(1, 34), 1000))
    except NotAllowed:
        return
    raise AssertionError("33 accounts")


def test_an_account_with_a_card_and_a_ceiling_does_not_give_way():
    found = Accounts(credentials(32), dict.fromkeys(range(1, 33), 1000))
    for number in range(1, 33):
        found.begin(number, 0)
        found.end(10)
    found.begin(40, 10)  # not configured, and no place is free
    assert found.number == 0
    assert [found.used_of(number, 10) for number in range(1, 33)] == [10] * 32


def test_a_start_of_nobody_takes_no_place():
    found = a_full_table()
    before = found.to_bytes()
    found.begin(accounts.NOBODY, 100)
    assert found.to_bytes() == before
    found.begin(40, 100)  # 32 gives way
    assert found.number == 40 and found.to_bytes() != before


def test_no_litre_is_adopted_where_the_books_are_at_nought():
    found = Accounts(credentials(2), {})
    assert not found.adopt(1, 1, 0)
    assert found.adopt(1, 0, 0) and found.adopt(2, 1, 1)


def test_an_account_is_known_by_the_value_of_its_number():
    found = Accounts({b"card-001": 100_000}, {100_000: 50})
    found.begin(100_000, 0)
    same = int("100000")  # equal, and another object
    assert found.used_of(same, 40) == 40 and found.left_l(same, 40) == 10
