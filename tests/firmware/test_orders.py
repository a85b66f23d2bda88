"""Orders at a site: what is accepted, what holds, who lifts it, and what a restart keeps."""

from karez_firmware.core import orders
from karez_firmware.core.orders import KeyList, Orders
from karez_protocols import causes, errors, key_list, order, signed

ROOT_KEY, COUNTY_KEY, CITY_KEY = b"r" * 32, b"c" * 32, b"z" * 32
COUNTY, CITY = 1, 2
ISSUED = 1_790_000_000
DAY_S = 86_400
NOON = 1_790_035_200 + 4 * 3600  # 2026-09-22, 12:00 at UTC+8
NONE = causes.NONE


def a_key_list(seq=1, offices=((COUNTY, 3, COUNTY_KEY), (CITY, 2, CITY_KEY))):
    """(values, rows) of a list whose signature holds."""
    rows = [{"office": office, "may": may, "key": key} for office, may, key in offices]
    return {"seq": seq, "issued_utc_s": ISSUED}, rows


def desk(areas=("KC-07",)):
    """Orders of a site that knows two offices."""
    keys = KeyList(ROOT_KEY)
    keys.install(*a_key_list())
    return Orders("site-1", areas, keys, 480)


def an_order(kind, seq, office=COUNTY, **more):
    """A signed order, the signature all zeros: checking it is the caller's."""
    values = dict.fromkeys(("from_min", "to_min", "lift_office", "lift_seq", "until_utc_s"))
    values.update(
        {"kind": kind, "scope": order.SITE, "basis": order.PLAIN, "office": office, "seq": seq,
         "target": "site-1", "issued_utc_s": ISSUED, "document": "d"}
    )  # fmt: skip
    values.update(more)
    return order.encode(values) + bytes(64)


def a_lift(seq, of_seq, office=COUNTY, of_office=None):
    """A signed lift."""
    of_office = office if of_office is None else of_office
    return an_order(order.LIFT, seq, office, lift_office=of_office, lift_seq=of_seq)


def some_hours(seq, from_min, to_min, **more):
    """A signed order of hours."""
    return an_order(order.HOURS, seq, from_min=from_min, to_min=to_min, **more)


def area(kind, seq, basis=order.PLAIN, **more):
    """A signed order to the area the site lies in."""
    return an_order(kind, seq, scope=order.AREA, target="KC-07", basis=basis, **more)


def opened(data):
    """Values of a signed order, as the one who checks its signature hands them over."""
    values = order.open_signed(data)[0]
    values["data"] = data
    return values


def refusal(found, data):
    """Why it would be refused now, NONE if it would not."""
    return found.judge(opened(data))


def give(found, data):
    """Accept an order; return the cause of its refusal, NONE if it is in force."""
    return found.accept(opened(data))


def cause(found, utc_s=NOON, is_trusted=True, is_protected=False):
    """Why orders forbid pumping."""
    return found.cause(utc_s, is_trusted, is_protected)


def malformed(found, data):
    """True if the blob is refused and changes nothing."""
    before = found.to_bytes()
    try:
        found.from_bytes(data)
    except errors.ProtocolError:
        return found.to_bytes() == before
    return False


# -- the key list -------------------------------------------------------------------------


def test_without_a_list_the_root_alone_signs():
    keys = KeyList(ROOT_KEY)
    assert keys.seq == 0
    assert keys.key_of(0, key_list.ORDERS) == keys.key_of(0, key_list.GRANTS) == ROOT_KEY
    assert keys.key_of(COUNTY, key_list.ORDERS) is None
    assert keys.grant_key(signed.key_id(COUNTY_KEY)) == ROOT_KEY


def test_an_office_signs_what_the_list_says_and_a_newer_list_replaces_it_whole():
    keys = KeyList(ROOT_KEY)
    keys.install(*a_key_list(5))
    assert keys.key_of(CITY, key_list.ORDERS) == CITY_KEY and keys.key_of(CITY, key_list.GRANTS) is None
    assert keys.grant_key(signed.key_id(COUNTY_KEY)) == COUNTY_KEY
    assert (
        keys.grant_key(signed.key_id(CITY_KEY)) == ROOT_KEY
    )  # may order, not grant: its grant will not hold
    for seq in (1, 5):
        assert keys.judge(a_key_list(seq)[0]) == causes.ORDER_REFUSED_SEQ
    successor = a_key_list(6, ((COUNTY, 3, b"n" * 32),))
    assert keys.judge(successor[0]) == NONE
    keys.install(*successor)
    assert keys.key_of(COUNTY, key_list.ORDERS) == b"n" * 32 and not keys.holds(CITY)
    assert keys.holds(0) and keys.holds(COUNTY)


# -- what is accepted ---------------------------------------------------------------------


def test_to_judge_an_order_puts_nothing_in_force():
    found = desk()
    assert refusal(found, an_order(order.STOP, 1)) == NONE
    assert found.count == 0 and cause(found) == NONE  # nobody has checked its signature
    assert give(found, an_order(order.STOP, 1)) == NONE
    assert found.count == 1 and cause(found) == causes.ORDER_STOP


def test_what_is_not_for_here_not_from_an_office_or_not_newer_is_refused_with_its_cause():
    found = desk()
    assert refusal(found, an_order(order.STOP, 1, target="site-2")) == causes.ORDER_REFUSED_SITE
    # A site and an area of one name are two things.
    assert refusal(found, an_order(order.STOP, 1, target="KC-07")) == causes.ORDER_REFUSED_SITE
    elsewhere = an_order(order.STOP, 1, scope=order.AREA, target="site-1")
    assert refusal(found, elsewhere) == causes.ORDER_REFUSED_SITE
    assert refusal(found, an_order(order.STOP, 1, office=9)) == causes.ORDER_REFUSED_OFFICE
    assert give(found, an_order(order.STOP, 4)) == NONE
    for seq in (1, 3, 4):
        assert refusal(found, an_order(order.STOP, seq)) == causes.ORDER_REFUSED_SEQ
    assert found.count == 1 and found.seq_of(COUNTY) == found.last_seq == 4
    assert found.seq_of(CITY) == 0


def test_an_office_that_may_only_grant_orders_nothing():
    keys = KeyList(ROOT_KEY)
    keys.install(*a_key_list(1, ((COUNTY, key_list.GRANTS, COUNTY_KEY),)))
    found = Orders("site-1", (), keys, 480)
    assert refusal(found, an_order(order.STOP, 1)) == causes.ORDER_REFUSED_OFFICE
    assert found.last_seq == 0


def test_every_office_counts_for_itself():
    found = desk()
    assert give(found, an_order(order.STOP, 7)) == NONE
    assert give(found, an_order(order.STOP, 1, office=CITY)) == NONE
    assert give(found, an_order(order.SEAL, 1, office=0)) == NONE
    assert [found.seq_of(office) for office in (0, COUNTY, CITY)] == [1, 7, 1]
    assert [one["office"] for one in found.listing()] == [COUNTY, CITY, 0]


def test_an_order_is_judged_again_when_its_signature_is_done():
    found = desk()
    first, second = opened(an_order(order.STOP, 1)), opened(an_order(order.SEAL, 2))
    assert found.accept(second) == NONE
    assert found.accept(first) == causes.ORDER_REFUSED_SEQ
    assert cause(found) == causes.SEALED and found.count == 1


# -- what holds ---------------------------------------------------------------------------


def test_the_gravest_order_is_the_cause():
    found = desk()
    seen = []
    for data in (
        some_hours(1, 60, 120),
        area(order.STOP, 2, order.AREA_VOLUME),
        area(order.STOP, 3, order.AREA_LEVEL),
        an_order(order.STOP, 4),
        an_order(order.SEAL, 5),
    ):
        assert give(found, data) == NONE
        seen.append(cause(found))
    assert seen == [
        causes.ORDER_HOURS, causes.AREA_VOLUME, causes.AREA_LEVEL, causes.ORDER_STOP, causes.SEALED,
    ]  # fmt: skip
    for seq, left in ((5, causes.ORDER_STOP), (4, causes.AREA_LEVEL), (3, causes.AREA_VOLUME)):
        assert give(found, a_lift(20 - seq, seq)) == NONE
        assert cause(found) == left


def test_a_seal_is_a_seal_until_it_is_lifted():
    found = desk()
    assert not found.is_sealed
    give(found, an_order(order.STOP, 1))
    assert not found.is_sealed
    give(found, an_order(order.SEAL, 2))
    assert found.is_sealed
    give(found, a_lift(3, 2))
    assert not found.is_sealed and cause(found) == causes.ORDER_STOP


def test_drinking_water_is_stopped_by_order_and_seal_and_never_rationed_by_an_area():
    for data, for_drinking, for_others in (
        (an_order(order.STOP, 1), causes.ORDER_STOP, causes.ORDER_STOP),
        (an_order(order.SEAL, 1), causes.SEALED, causes.SEALED),
        (some_hours(1, 60, 120), causes.ORDER_HOURS, causes.ORDER_HOURS),
        (area(order.STOP, 1), causes.ORDER_STOP, causes.ORDER_STOP),  # an aquifer that is poisoned
        (area(order.STOP, 1, order.AREA_LEVEL), NONE, causes.AREA_LEVEL),
        (area(order.STOP, 1, order.AREA_VOLUME), NONE, causes.AREA_VOLUME),
        (area(order.HOURS, 1, order.AREA_LEVEL, from_min=60, to_min=120), NONE, causes.ORDER_HOURS),
    ):
        found = desk()
        assert give(found, data) == NONE
        assert cause(found, is_protected=True) == for_drinking
        assert cause(found) == for_others


def test_hours_open_and_close_by_the_local_minute():
    for from_min, to_min, open_at, closed_at in (
        (480, 1200, (480, 719, 1199), (0, 479, 1200, 1439)),
        (1320, 360, (1320, 1439, 0, 359), (360, 720, 1319)),
        (480, 0, (480, 1439), (0, 479)),
    ):
        found = desk()
        give(found, some_hours(1, from_min, to_min))
        midnight = NOON - 720 * 60
        for minute in open_at:
            assert cause(found, midnight + minute * 60) == cause(found, midnight + minute * 60 + 59) == NONE
        for minute in closed_at:
            assert cause(found, midnight + minute * 60) == causes.ORDER_HOURS, minute


def test_hours_without_trusted_time_are_recorded_once_and_stop_nobody():
    found = desk()
    give(found, some_hours(3, 60, 120))
    give(found, some_hours(4, 60, 120))
    for _ in range(5):
        assert cause(found, is_trusted=False) == NONE
    assert found.events == [(causes.WINDOW_IGNORED, 3), (causes.WINDOW_IGNORED, 4)]
    assert cause(found) == causes.ORDER_HOURS
    inside = NOON - 720 * 60 + 90 * 60
    assert cause(found, inside, is_trusted=False) == NONE


def test_a_stop_needs_no_clock():
    found = desk()
    give(found, an_order(order.STOP, 1))
    assert cause(found, 0, is_trusted=False) == causes.ORDER_STOP


# -- the end of an order ------------------------------------------------------------------


def test_an_order_ends_with_its_date_and_says_so_once():
    found = desk()
    give(found, an_order(order.STOP, 1, until_utc_s=ISSUED + 100))
    give(found, an_order(order.STOP, 2))
    assert not found.end(ISSUED + 99) and found.count == 2
    assert found.end(ISSUED + 100) and found.count == 1
    assert not found.end(ISSUED + 10**9)
    assert found.events == [(causes.ORDER_ENDED, 1)]
    assert cause(found) == causes.ORDER_STOP


def test_a_clock_set_back_brings_no_order_back_and_ends_none():
    found = desk()
    give(found, an_order(order.STOP, 1, until_utc_s=ISSUED + 100))
    assert not found.end(ISSUED - 10**6) and cause(found) == causes.ORDER_STOP
    assert found.end(ISSUED + 100)
    found.end(ISSUED - 10**6)
    assert cause(found) == NONE
    assert refusal(found, an_order(order.STOP, 1, until_utc_s=ISSUED + 100)) == causes.ORDER_REFUSED_SEQ


def test_events_that_nobody_takes_fill_no_heap():
    found = desk()
    for seq in range(1, 41):
        assert give(found, an_order(order.STOP, seq, until_utc_s=ISSUED + seq)) == NONE
        found.end(ISSUED + seq)
    assert len(found.events) == 16 and found.count == 0


# -- lifting ------------------------------------------------------------------------------


def test_only_the_office_that_ordered_lifts_and_the_root_lifts_anything():
    found = desk()
    give(found, an_order(order.STOP, 1))
    assert give(found, a_lift(2, 0, office=CITY)) == NONE  # lifts what the city ordered: nothing
    assert cause(found) == causes.ORDER_STOP
    try:
        a_lift(3, 1, office=CITY, of_office=COUNTY)
        raise SystemError("a lift by another office was encoded")
    except errors.NotAllowed:
        pass
    forged = bytearray(a_lift(3, 1))
    forged[4] = CITY  # the city's own signature over a lift of the county's order
    try:
        opened(bytes(forged))
        raise SystemError("a lift by another office was read")
    except errors.NotAllowed:
        pass
    assert give(found, a_lift(1, 1, office=0, of_office=COUNTY)) == NONE
    assert cause(found) == NONE


def test_the_same_numbers_of_two_offices_are_two_orders():
    found = desk()
    give(found, an_order(order.STOP, 5))
    give(found, an_order(order.SEAL, 5, office=CITY))
    give(found, a_lift(6, 5))
    assert cause(found) == causes.SEALED
    give(found, a_lift(6, 5, office=CITY))
    assert cause(found) == NONE


def test_a_lift_of_every_order_lifts_what_its_office_ordered_and_no_more():
    found = desk()
    for seq in (1, 2, 3):
        give(found, an_order(order.STOP, seq))
    give(found, an_order(order.STOP, 1, office=CITY))
    assert give(found, a_lift(4, order.EVERY)) == NONE
    assert [one["office"] for one in found.listing()] == [CITY]
    assert give(found, a_lift(1, order.EVERY, office=0, of_office=CITY)) == NONE
    assert found.count == 0


def test_a_well_is_released_from_an_areas_order_by_itself():
    found = desk()
    give(found, area(order.STOP, 1, order.AREA_LEVEL))
    assert give(found, a_lift(2, 1)) == NONE
    assert cause(found) == NONE


def test_a_replayed_lift_lifts_nothing():
    found = desk()
    lift = a_lift(2, 1)
    give(found, an_order(order.SEAL, 1))
    give(found, lift)
    give(found, an_order(order.SEAL, 3))
    assert give(found, lift) == causes.ORDER_REFUSED_SEQ
    assert found.is_sealed
    every = a_lift(4, order.EVERY)
    give(found, every)
    give(found, an_order(order.SEAL, 5))
    assert give(found, every) == causes.ORDER_REFUSED_SEQ and found.is_sealed


def test_an_offices_lift_that_overtakes_its_order_leaves_nothing_in_force():
    found = desk()
    stop = an_order(order.STOP, 1)
    assert give(found, a_lift(2, 1)) == NONE
    assert give(found, stop) == causes.ORDER_REFUSED_SEQ
    assert cause(found) == NONE


def test_the_roots_lift_of_an_order_that_has_not_come_waits_for_it():
    found = desk()
    lift = a_lift(1, 1, office=0, of_office=COUNTY)
    assert give(found, lift) == causes.ORDER_REFUSED_SEQ and found.seq_of(0) == 0
    give(found, an_order(order.STOP, 1))
    assert give(found, lift) == NONE and found.count == 0


# -- the limit ----------------------------------------------------------------------------


def test_a_ninth_order_is_refused_by_name_and_can_be_offered_again():
    found = desk()
    for seq in range(1, 9):
        assert give(found, an_order(order.STOP, seq)) == NONE
    ninth = an_order(order.SEAL, 9)
    assert refusal(found, ninth) == causes.ORDER_REFUSED_FULL and found.seq_of(COUNTY) == 8
    assert found.count == orders.IN_FORCE_MAX == 8 and cause(found) == causes.ORDER_STOP
    assert give(found, a_lift(1, 8, office=0, of_office=COUNTY)) == NONE
    assert give(found, ninth) == NONE and cause(found) == causes.SEALED


def test_a_lift_is_taken_when_all_places_are():
    found = desk()
    for seq in range(1, 9):
        give(found, an_order(order.STOP, seq))
    assert give(found, a_lift(9, order.EVERY)) == NONE and found.count == 0


def test_hours_leave_a_place_for_a_stop():
    found = desk()
    for seq in range(1, 8):
        assert give(found, some_hours(seq, 60, 120)) == NONE
    assert give(found, some_hours(8, 60, 120)) == causes.ORDER_REFUSED_FULL
    assert give(found, an_order(order.STOP, 9)) == NONE
    assert cause(found) == causes.ORDER_STOP


def test_numbers_of_offices_that_are_gone_give_way_and_of_those_at_work_never():
    keys = KeyList(ROOT_KEY)
    found = Orders("site-1", (), keys, 480)
    give(found, an_order(order.STOP, 3, office=0))
    for office in range(1, 60):
        keys.install(*a_key_list(office, ((office, 2, bytes([office]) * 32),)))
        assert give(found, an_order(order.STOP, office + 10, office=office)) == NONE
        if office > 5:
            assert give(found, a_lift(office + 11, order.EVERY, office=office)) == NONE
        for kept in (1, 2, 3, 4, 5):
            assert found.seq_of(kept) == (kept + 10 if kept <= office else 0)
        assert found.seq_of(0) == 3 and found.seq_of(office) >= office + 10
    assert found.to_bytes()[1] == orders.OFFICES_MAX
    assert found.count == 6


# -- over a restart -----------------------------------------------------------------------


def test_orders_survive_power_loss_with_their_numbers():
    found = desk()
    for data in (
        an_order(order.STOP, 4), some_hours(5, 60, 120), area(order.STOP, 6, order.AREA_LEVEL),
        an_order(order.SEAL, 2, office=CITY), a_lift(7, 4),
    ):  # fmt: skip
        assert give(found, data) == NONE
    again = desk()
    again.from_bytes(found.to_bytes())
    assert again.to_bytes() == found.to_bytes()
    assert again.is_sealed and again.seq_of(COUNTY) == 7 and again.seq_of(CITY) == 2
    assert [one["data"] for one in again.listing()] == [one["data"] for one in found.listing()]
    assert refusal(again, a_lift(7, order.EVERY)) == causes.ORDER_REFUSED_SEQ
    give(again, a_lift(3, 2, office=CITY))
    assert cause(again) == causes.AREA_LEVEL


def test_an_empty_blob_is_nothing_in_force():
    found = desk()
    give(found, an_order(order.STOP, 1))
    found.from_bytes(desk().to_bytes())
    assert found.count == found.last_seq == 0 and cause(found) == NONE


def test_the_blob_of_a_lift_can_be_written_before_it_acts():
    found = desk()
    give(found, an_order(order.SEAL, 1))
    values = opened(a_lift(2, 1))
    written = found.preview(values)
    assert found.is_sealed  # commit, then act
    found.accept(values)
    assert found.to_bytes() == written and not found.is_sealed


def test_the_largest_blob_stays_below_three_kilobytes():
    keys = KeyList(ROOT_KEY)
    found = Orders("site-1", (), keys, 480)
    for office in range(1, 18):
        keys.install(*a_key_list(office, ((office, 2, bytes([office]) * 32),)))
        give(found, an_order(order.STOP, 1 << 31, office=office))
        if office > 8:
            give(found, a_lift((1 << 31) + 1, order.EVERY, office=office))
    assert found.count == 8 and len(found.to_bytes()) == 3 + 17 * 6 + 8 * 132 < 3000


def test_a_blob_that_is_cut_or_longer_or_odd_changes_nothing():
    found = desk()
    give(found, an_order(order.STOP, 1))
    data = found.to_bytes()
    for end in range(len(data)):
        assert malformed(found, data[:end]), end
    assert malformed(found, data + b"\0")
    for at, byte in ((0, 2), (1, 255), (2, 255), (1, 0), (1, 2), (2, 0), (2, 2)):
        assert malformed(found, data[:at] + bytes([byte]) + data[at + 1 :]), at
    for odd in (b"\xff\xff\x01\x00\x00\x00", b"\x01\x00\xff\xff\xff\xff"):
        assert malformed(found, data[:3] + odd + data[9:])
    assert cause(found) == causes.ORDER_STOP
