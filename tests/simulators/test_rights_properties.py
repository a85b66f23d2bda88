"""What no sequence of grants, orders, accounts, times and restarts can break (design §6).

Hypothesis plays the regulator, two offices, a gateway that delays, repeats and reorders, a
farmer with a clock to turn and a mains switch. Each machine has a simple model beside it.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from karez_firmware.core import clock
from karez_firmware.core.accounts import NOBODY, Accounts
from karez_firmware.core.clock import Clock
from karez_firmware.core.orders import IN_FORCE_MAX, KeyList, Orders
from karez_firmware.core.rights import Rights
from karez_firmware.core.windows import Windows
from karez_protocols import causes, grant, order, record

UTC = 1_790_000_000
DAY_S = 86_400
RUN = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


# -- grants -------------------------------------------------------------------------------

rows_of_grants = st.lists(
    st.builds(
        lambda quantity, begin, length, ceiling, finish, emergency: {
            "quantity": quantity,
            "from_utc_s": UTC + begin,
            "to_utc_s": UTC + begin + length,
            "ceiling": ceiling,
            "finish_100l": finish,
            "emergency_100l": emergency,
        },
        st.sampled_from((grant.WATER, grant.ENERGY)),
        st.integers(0, 1000),
        st.integers(1, 1000),
        st.integers(0, 10_000),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=6,
)
grants = st.dictionaries(
    st.integers(1, 30),  # one grant to a number
    st.tuples(rows_of_grants, st.sampled_from((grant.STOP, grant.FINISH, grant.WARN)), st.booleans()),
    min_size=1,
    max_size=8,
)


def deliver(sequence, given_grants):
    """Rights after grants came in this order; "boot" restores the one in force from its object."""
    rights = Rights("site-1")
    for seq in sequence:
        if seq == "boot":
            before, rights = rights, Rights("site-1")
            if before.values:
                rights.install(before.values, before._rows)
            continue
        rows, policy, is_strict = given_grants[seq]
        values = {
            "seq": seq, "site": "site-1", "policy": policy, "head_volume_l": 0,
            "flags": grant.FLAG_STRICT if is_strict else 0,
        }  # fmt: skip
        if not rights.judge(values, holds_head=True):
            rights.install(values, rows)
    return rights


@given(st.data(), grants)
@settings(max_examples=60, deadline=None)
def test_replay_duplicates_and_any_order_of_delivery_end_in_the_highest_number(data, given_grants):
    once = list(given_grants)
    more = data.draw(st.lists(st.sampled_from([*once, "boot"]), max_size=20))
    sequence = data.draw(st.permutations(once + more))
    found = deliver(sequence, given_grants)
    assert found.seq == max(given_grants)
    simple = deliver([max(given_grants)], given_grants)
    for utc_s in range(UTC, UTC + 2000, 211):
        for flags in range(8):
            asked = (grant.WATER, utc_s, bool(flags & 1), bool(flags & 2), bool(flags & 4))
            assert found.ceiling(*asked) == simple.ceiling(*asked)


@given(
    rows_of_grants, st.sampled_from((grant.STOP, grant.FINISH)), st.integers(0, 2000), st.integers(0, 2000)
)
@settings(max_examples=150, deadline=None)
def test_without_a_clock_no_more_than_the_greatest_and_no_less_than_the_lawful_ceiling(
    rows, policy, now, behind
):
    rights = Rights("site-1")
    rights.install({"seq": 1, "site": "site-1", "policy": policy, "flags": 0, "head_volume_l": 0}, rows)
    utc_s, floor = UTC + now, UTC + now - min(behind, now)
    for in_progress in (False, True):
        lawful, _ = rights.ceiling(grant.WATER, utc_s, in_progress)
        found, cause = rights.ceiling(grant.WATER, floor, in_progress, is_trusted=False)
        living = [
            row["ceiling"] + (row["finish_100l"] * 100 if in_progress and policy == grant.FINISH else 0)
            for row in rows
            if row["quantity"] == grant.WATER and row["to_utc_s"] > floor
        ]
        assert found == (max(living) if living else None) and bool(cause) == (not living)
        if lawful is not None:
            assert found is not None and found >= lawful


@given(rows_of_grants, st.integers(-50, 2100))
@settings(max_examples=100, deadline=None)
def test_between_two_changes_no_row_in_force_changes(rows, at):
    rights = Rights("site-1")
    rights.install({"seq": 1, "policy": grant.STOP, "head_volume_l": 0}, rows)
    end = rights.changes_at(UTC + at)
    for utc_s in range(UTC + at, min(end or UTC + 2200, UTC + 2200), 13):
        for quantity in (grant.WATER, grant.ENERGY):
            assert rights.row(quantity, utc_s) == rights.row(quantity, UTC + at)


# -- accounts -----------------------------------------------------------------------------


class SharedWell(RuleBasedStateMachine):
    """Households draw from one well; the model adds every litre to whoever pumped it."""

    @initialize()
    def begin_anew(self):
        self.accounts = self.fresh()
        self.volume_l = 0
        self.model = {}
        self.running = NOBODY
        self.start_l = 0
        self.stops = []

    @staticmethod
    def fresh():
        return Accounts({bytes([number]) * 8: number for number in range(1, 5)}, {1: 500})

    @rule(number=st.integers(0, 6))
    def start(self, number):
        self.accounts.begin(number, self.volume_l)
        if self.running != NOBODY:  # another card in the middle: its stop is written, too
            self.stops.append((self.running, self.model.get(self.running, 0), self.volume_l))
        self.running, self.start_l = number, self.volume_l

    @rule(litres=st.integers(0, 200))
    def pump(self, litres):
        self.volume_l += litres
        if self.running != NOBODY:
            self.model[self.running] = self.model.get(self.running, 0) + litres

    @rule()
    def stop(self):
        used_l = self.accounts.end(self.volume_l)
        if self.running != NOBODY:
            assert used_l == self.model.get(self.running, 0)
            self.stops.append((self.running, used_l, self.volume_l))
        self.running = NOBODY

    @rule()
    def cut_the_mains(self):
        again = self.fresh()
        again.from_bytes(self.accounts.to_bytes())
        again.begin(self.running, self.start_l)
        self.accounts = again

    @precondition(lambda self: self.running == NOBODY and self.stops)
    @rule(data=st.data())
    def swap_the_box(self, data):
        self.accounts = self.fresh()
        order_of_records = data.draw(st.permutations(self.stops + self.stops[:3]))
        for number, used_l, volume_l in order_of_records:
            self.accounts.adopt(number, used_l, volume_l)

    @rule(number=st.integers(1, 6), used_l=st.integers(0, 10**6))
    def forge_a_record(self, number, used_l):
        true_l = self.model.get(number, 0)
        if used_l > true_l + self.volume_l - sum(self.model.values()):
            assert not self.accounts.adopt(number, used_l, self.volume_l)

    @invariant()
    def the_sum_is_w(self):
        if not hasattr(self, "accounts"):
            return
        total_l = self.accounts.total_l(self.volume_l)
        assert total_l == sum(self.accounts.used_of(number, self.volume_l) for number in range(7))
        assert total_l == sum(self.model.values()) <= self.volume_l
        for number in range(1, 7):
            assert self.accounts.used_of(number, self.volume_l) == self.model.get(number, 0)
        is_empty = self.accounts.cause(1, self.volume_l) == causes.ACCOUNT_EMPTY
        assert is_empty == (self.model.get(1, 0) >= 500)


# -- orders -------------------------------------------------------------------------------


def an_order(kind, office, seq, until=None, **more):
    """A signed order; the signature is the caller's business."""
    values = dict.fromkeys(("from_min", "to_min", "lift_office", "lift_seq"))
    values.update(
        {"kind": kind, "scope": order.SITE, "basis": 0, "office": office, "seq": seq, "target": "site-1",
         "issued_utc_s": UTC, "until_utc_s": until, "document": "d"}
    )  # fmt: skip
    values.update(more)
    return order.encode(values) + bytes(64)


class Offices(RuleBasedStateMachine):
    """Root and two offices order and lift; a gateway repeats and reorders; mains and clock fail."""

    @initialize()
    def begin_anew(self):
        self.keys = KeyList(b"r" * 32)
        rows = [{"office": office, "may": 2, "key": bytes([office]) * 32} for office in (1, 2)]
        self.keys.install({"seq": 1}, rows)
        self.orders = Orders("site-1", ("area",), self.keys, 0)
        self.next = {0: 1, 1: 1, 2: 1}
        self.sent = []
        self.model = {}  # (office, seq) -> (kind, until)
        self.last = {0: 0, 1: 0, 2: 0}
        self.floor = UTC

    def issue(self, kind, office, **more):
        data = an_order(kind, office, self.next[office], **more)
        self.next[office] += 1
        self.sent.append(data)
        return data

    @rule(office=st.integers(0, 2), until=st.one_of(st.none(), st.integers(UTC + 1, UTC + 500)))
    def order_a_stop(self, office, until):
        self.deliver(self.issue(order.STOP, office, until=until))

    @rule(office=st.integers(0, 2))
    def seal(self, office):
        self.deliver(self.issue(order.SEAL, office))

    @rule(office=st.integers(0, 2))
    def limit_hours(self, office):
        self.deliver(self.issue(order.HOURS, office, from_min=0, to_min=1))

    @rule(office=st.integers(0, 2), kind=st.sampled_from((order.STOP, order.SEAL)))
    def issue_for_later(self, office, kind):
        self.issue(kind, office)

    @rule(data=st.data(), office=st.integers(0, 2), is_late=st.booleans())
    def lift(self, data, office, is_late):
        of_office = data.draw(st.integers(0, 2)) if office == 0 else office
        most = self.next[of_office] - 1
        signed = self.issue(
            order.LIFT, office, lift_office=of_office, lift_seq=data.draw(st.integers(0, most))
        )
        if not is_late:
            self.deliver(signed)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def repeat(self, data):
        self.deliver(data.draw(st.sampled_from(self.sent)))

    def deliver(self, data):
        before = dict(self.model)
        values = order.open_signed(data)[0]
        values["data"] = data
        office, seq = values["office"], values["seq"]
        if not self.orders.judge(values):
            written = self.orders.preview(values)
            assert self.orders.accept(values) == causes.NONE
            assert self.orders.to_bytes() == written
            assert seq > self.last[office]
            self.last[office] = seq
            if values["kind"] != order.LIFT:
                self.model[office, seq] = (values["kind"], values["until_utc_s"])
            else:
                assert office in (values["lift_office"], order.ROOT)
                for key in list(self.model):
                    if key[0] == values["lift_office"] and values["lift_seq"] in (0, key[1]):
                        del self.model[key]
            return
        assert self.model == before
        if seq > self.last[office] and values["kind"] in (order.STOP, order.SEAL):
            # A stop is refused only where the pump is stopped already.
            assert len(self.model) == IN_FORCE_MAX
            assert self.orders.cause(UTC, False, True) in (causes.ORDER_STOP, causes.SEALED)

    @rule()
    def cut_the_mains(self):
        again = Orders("site-1", ("area",), self.keys, 0)
        again.from_bytes(self.orders.to_bytes())
        self.orders = again

    @rule(moved=st.integers(-(10**6), 600))
    def turn_the_clock(self, moved):
        date = max(self.floor, self.floor + moved)  # what clock.date_utc_s never is below
        self.floor = date
        self.orders.end(date)
        for key, (_, until) in list(self.model.items()):
            if until is not None and until <= date:
                del self.model[key]

    @invariant()
    def what_holds_is_what_was_ordered_and_not_lifted(self):
        if not hasattr(self, "orders"):
            return
        assert {(one["office"], one["seq"]) for one in self.orders.listing()} == set(self.model)
        assert self.orders.count <= IN_FORCE_MAX and len(self.orders.to_bytes()) <= 3000
        kinds = {kind for kind, _ in self.model.values()}
        assert self.orders.is_sealed == (order.SEAL in kinds)
        stopped = order.SEAL in kinds or order.STOP in kinds
        assert (self.orders.cause(UTC, False, True) != causes.NONE) == stopped
        assert {office: self.orders.seq_of(office) for office in self.last} == self.last


# -- clock --------------------------------------------------------------------------------


class TurnedClock(RuleBasedStateMachine):
    """True time runs; the port's clock stops, jumps and is set; the gateway lies."""

    @initialize()
    def begin_anew(self):
        self.true_s = UTC
        self.now_ms = 0
        self.rtc_s = UTC
        self.rtc_state = record.TIME_SYNCHRONISED
        self.clock = Clock(UTC - 100)
        self.floor = self.clock.floor_utc_s
        self.gateway_moves = []
        self.look()

    def look(self):
        self.clock.set(self.rtc_s, self.rtc_state, self.now_ms)

    @rule(seconds=st.integers(0, 3 * DAY_S))
    def wait(self, seconds):
        self.true_s += seconds
        self.now_ms += seconds * 1000
        self.rtc_s += seconds
        before = self.clock.floor_utc_s
        self.look()
        assert self.clock.floor_utc_s >= before + seconds  # uptime

    @rule(seconds=st.integers(0, 3 * DAY_S))
    def cut_the_mains(self, seconds):
        self.true_s += seconds
        self.rtc_s += seconds
        self.now_ms = 0
        self.gateway_moves = []
        self.clock = Clock(self.clock.floor_utc_s, self.clock.authenticated_utc_s)
        self.look()

    @rule(seconds=st.integers(-1000 * DAY_S, 1000 * DAY_S))
    def turn_the_rtc(self, seconds):
        reach = self.clock._base_utc_s + 400 * DAY_S
        self.rtc_s += seconds
        self.look()
        if self.clock.is_trusted:
            assert self.clock.utc_s == self.rtc_s <= reach

    @rule()
    def stop_the_rtc(self):
        self.rtc_state = record.TIME_UNKNOWN
        self.look()
        assert not self.clock.is_trusted

    @rule(back=st.integers(0, 100 * DAY_S))
    def take_a_grant(self, back):
        self.clock.raise_floor(self.true_s - back)
        assert self.clock.floor_utc_s >= self.true_s - back

    @rule(seconds=st.integers(-2000, 2000), far=st.sampled_from((0, 0, 0, 500 * DAY_S, -500 * DAY_S)))
    def hear_the_gateway(self, seconds, far):
        was_trusted, before = self.clock.is_trusted, self.clock.utc_s
        said = self.clock.adjust(before + seconds + far, clock.GATEWAY, self.now_ms)
        if was_trusted:
            moved = abs(self.clock.utc_s - before)
            self.gateway_moves.append((self.now_ms, moved))
            day = [one for at_ms, one in self.gateway_moves if self.now_ms - at_ms < DAY_S * 1000]
            assert sum(day) <= 600
        elif self.clock.is_trusted:
            raise AssertionError("the gateway made a clock trusted")
        self.keep(said)

    @rule(seconds=st.integers(-DAY_S, DAY_S))
    def a_technician_sets_it(self, seconds):
        self.keep(self.clock.adjust(self.true_s + seconds, clock.SIGNED, self.now_ms))

    def keep(self, said):
        """The port keeps what it is told, state and all."""
        if said:
            self.rtc_s, self.rtc_state = said
            self.look()

    @invariant()
    def the_floor_never_falls(self):
        if not hasattr(self, "clock"):
            return
        assert self.clock.floor_utc_s >= self.floor
        self.floor = self.clock.floor_utc_s
        assert self.clock.utc_s >= self.clock.floor_utc_s
        assert self.clock.date_utc_s >= self.floor
        assert len(self.clock.events) <= 8


# -- windows ------------------------------------------------------------------------------

minutes = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] != pair[1])
weeks = st.builds(
    lambda days, pair: {"days": days, "from_min": pair[0], "to_min": pair[1]}, st.integers(1, 127), minutes
)
rounds = st.builds(
    lambda cycle, open_days, first, pair: {
        "cycle_days": cycle,
        "open_days": min(cycle, open_days),
        "first_day": first,
        "from_min": pair[0],
        "to_min": pair[1],
    },
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(20_000, 21_000),
    minutes,
)


@given(
    st.lists(st.one_of(weeks, rounds), min_size=1, max_size=5), st.integers(0, 10**7), st.integers(-720, 840)
)
@settings(max_examples=100, deadline=None)
def test_windows_change_when_they_say_and_not_before(rows, at, offset_min):
    found = Windows(rows, offset_min, 0)
    utc_s = UTC + at
    is_open = found.is_open(utc_s)
    change = found.next_change(utc_s)
    if change is None:
        change = utc_s + 31 * DAY_S
    else:
        assert change > utc_s and found.is_open(change) != is_open
    for between in range(utc_s, change, max(60, (change - utc_s) // 300)):
        assert found.is_open(between) == is_open
    assert found.is_open(change - 1) == is_open


TestSharedWell = SharedWell.TestCase
TestOffices = Offices.TestCase
TestTurnedClock = TurnedClock.TestCase
TestSharedWell.settings = RUN
TestOffices.settings = RUN
TestTurnedClock.settings = RUN
