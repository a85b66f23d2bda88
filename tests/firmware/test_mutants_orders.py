"""What mutants of the orders showed: late ends, full lists, unknown issuers, offices with large numbers."""

from karez_firmware.core import orders
from karez_firmware.core.orders import KeyList, Orders
from karez_protocols import causes, errors, key_list, order

ROOT_KEY, KEY = b"r" * 32, b"c" * 32
OFFICE = 1000  # above the small whole numbers that are one object in CPython
ISSUED = 1_790_000_000


def desk(office=OFFICE):
    keys = KeyList(ROOT_KEY)
    keys.install({"seq": 1, "issued_utc_s": ISSUED}, [{"office": office, "may": 3, "key": KEY}])
    return Orders("site-1", (), keys, 480)


def an_order(kind, seq, office=OFFICE, **more):
    values = dict.fromkeys(("from_min", "to_min", "lift_office", "lift_seq", "until_utc_s"))
    values.update(
        {"kind": kind, "scope": order.SITE, "basis": order.PLAIN, "office": office, "seq": seq,
         "target": "site-1", "issued_utc_s": ISSUED, "document": "d"}
    )  # fmt: skip
    values.update(more)
    return order.encode(values) + bytes(64)


def give(found, data):
    values = order.open_signed(data)[0]
    values["data"] = data
    return found.accept(values)


def test_an_order_ends_at_its_time_and_any_time_after():
    for late_s, is_ended in ((-1, False), (0, True), (1, True), (1000, True)):
        found = desk()
        assert give(found, an_order(order.STOP, 1, until_utc_s=ISSUED + 50)) == causes.NONE
        assert found.end(ISSUED + 50 + late_s) == is_ended
        assert found.count == (not is_ended) and found.end(ISSUED + 50 + late_s) is False


def test_hours_find_no_place_where_stops_have_taken_all():
    found = desk()
    for seq in range(1, orders.IN_FORCE_MAX + 1):
        assert give(found, an_order(order.STOP, seq)) == causes.NONE
    hours = an_order(order.HOURS, 9, from_min=0, to_min=60)
    assert give(found, hours) == causes.ORDER_REFUSED_FULL
    assert give(found, an_order(order.STOP, 9)) == causes.ORDER_REFUSED_FULL


def test_a_grant_of_an_issuer_that_is_not_in_the_list_is_the_roots():
    keys = desk()._keys
    for issuer in (bytes(8), b"\xff" * 8):
        assert keys.grant_key(issuer) == ROOT_KEY


def test_an_office_may_lift_what_it_has_not_ordered_yet():
    # Its own lower numbers come too late anyway; only another office's order would come after, and stay.
    found = desk()
    lift = an_order(order.LIFT, 9, lift_office=OFFICE, lift_seq=8)
    assert give(found, lift) == causes.NONE
    assert give(found, an_order(order.STOP, 8)) == causes.ORDER_REFUSED_SEQ


def test_an_office_with_a_large_number_lifts_its_own_stop_and_no_other():
    for office in (1, 256, 257, OFFICE, 65_534):
        found = desk(office)
        give(found, an_order(order.STOP, 1, office))
        give(found, an_order(order.STOP, 2, office))
        assert give(found, an_order(order.LIFT, 3, office, lift_office=office, lift_seq=1)) == causes.NONE
        assert [one["seq"] for one in found.listing()] == [2]


def test_the_blob_is_of_version_one_and_no_other_is_read():
    found = desk()
    give(found, an_order(order.STOP, 1))
    blob = found.to_bytes()
    assert blob[0] == 1
    for version in (0, 2, 255):
        try:
            desk().from_bytes(bytes((version,)) + blob[1:])
        except errors.ProtocolError:
            continue
        raise AssertionError(version)


def test_seventeen_offices_are_remembered_and_no_eighteenth():
    found = desk()
    for office in range(1, 30):
        rows = [{"office": office, "may": key_list.ORDERS, "key": KEY}]
        found._keys.install({"seq": office + 1, "issued_utc_s": ISSUED}, rows)
        assert give(found, an_order(order.LIFT, 1, office, lift_office=office, lift_seq=0)) == causes.NONE
        assert found.to_bytes()[1] == min(office, 17)
        assert found.seq_of(office) == 1


def test_an_office_is_known_by_the_value_of_its_number():
    keys = desk()._keys
    assert keys.holds(int("1000")) and not keys.holds(1001) and keys.holds(order.ROOT)
