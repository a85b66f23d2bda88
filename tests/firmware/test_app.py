"""The app on a board in memory: from power-on to records, and nothing that comes in stops it."""

import binascii

from karez_firmware import bench_line, bring_up
from karez_firmware.core import pump
from karez_firmware.ports import fake, fake_memory
from karez_firmware.store import objects
from karez_protocols import causes, fields, flags, grant, link, record, site_class
from wellhouse import (
    AUTHORITY,
    BASE_L,
    CARD,
    CERTIFICATE,
    KEPT,
    NAME,
    UTC,
    House,
    Well,
    a_binding,
    a_config,
    a_grant,
    memories,
    port_for,
    ready,
)

RING = (objects.SECTORS * 4096, (objects.SECTORS + 4) * 4096)
CARD_HEX = binascii.hexlify(CARD).decode()


def kinds(house):
    return [values["kind"] for values in house.records()]


def running(house):
    house.press()
    house.run(4)
    assert house.state == pump.RUNNING and house.well.closed
    return house


# -- from power-on to records -------------------------------------------------------------


def test_from_power_on_without_a_site_to_records_of_an_irrigation():
    nor, fram = memories(provisioned=False)
    objects.write_once(nor, objects.KEY, KEPT)
    well = Well()
    port = port_for(nor, fram, well)
    port.script("start " + CARD_HEX)  # nothing is running that could close the contactor
    for name, data in (
        ("binding", a_binding()),
        ("certificate", CERTIFICATE),
        ("authority", AUTHORITY),
        ("config", a_config()),
    ):
        port.script("object %s %s" % (name, binascii.hexlify(data).decode()), 2_000)
    assert bring_up.is_bare(port)
    bench_line.run(port)
    assert not bring_up.is_bare(port)
    house = House(nor, fram, well, port=port)
    house.run(4)
    house.offer(a_grant(1000))
    running(house)
    house.press("stop")
    house.run(6)
    assert kinds(house) == [
        record.BINDING, record.CONFIG, record.BOOT, record.STATEMENT, record.SIGNATURE,
        record.GRANT, record.START, record.STOP, record.STATEMENT, record.SIGNATURE,
    ]  # fmt: skip
    start, stop = house.last(record.START), house.last(record.STOP)
    assert stop["volume_l"] - start["volume_l"] == well.litres == house.app.books.volume_l
    assert stop["water_raw"][:4] == (BASE_L + well.litres).to_bytes(4, "big")[2:] + b"\0\0"
    assert port.slots == [binascii.hexlify(slot).decode() for slot in house.slots()]
    assert [line for line in port.said if line.startswith("coil")] == ["coil 1", "coil 0"]
    house.check_chain()


def test_the_panel_says_what_the_farmer_needs_and_the_beat_that_it_lives():
    house = running(ready())
    state, used, left, why = house.port.panel.split("|")
    assert state == "running 60.0 m3/h" and used.startswith("used 0.0") and left.startswith("left 0.9")
    assert why == "" and house.port.beat.split(" ")[:2] == [str(house.app.journal.head["seq"]), "6"]


# -- contactor and records ----------------------------------------------------------------


class Trace:
    """In which order coil and memory are told something."""

    def __init__(self, house):
        self.steps = []
        self._house = house
        house.nor.mains = fake_memory.Mains(on_write=self._write)
        coil = house.port.coil

        def noted(on, now_us):
            self.steps.append(("coil", on))
            coil(on, now_us)

        house.port.coil = noted

    def _write(self, memory, name, arguments):
        if name == "program" and len(arguments[1]) == record.SLOT_SIZE:
            self.steps.append(("record", arguments[1][1]))
            is_stop = arguments[1][1] == record.STOP
            assert is_stop or not self._house.app._is_waiting(), "written while waiting"


def test_a_start_is_committed_before_the_coil_and_a_stop_opens_before_its_record():
    house = ready()
    trace = Trace(house)
    running(house)
    house.press("stop")
    house.run(5)
    assert trace.steps[:2] == [("record", record.START), ("coil", True)]
    assert trace.steps[2:4] == [("coil", False), ("record", record.STOP)]


def test_the_coil_drops_within_100_ms_of_the_button_also_while_a_meter_is_awaited():
    for delay_ms in range(0, 1000, 70):
        house = running(ready())
        house.well.silent = (1, 2)
        house.run(2)
        pressed_us = house.port.us + delay_ms * 1000
        house.port.script("stop", delay_ms)
        while house.well.closed:
            house.turn()
        assert 0 <= house.port.us - pressed_us <= 100_000, house.port.us - pressed_us


def test_no_record_is_written_while_a_meters_answer_is_outstanding():
    house = ready()
    trace = Trace(house)
    house.well.silent = (2,)
    for at in range(40):
        house.port.script("start 00", 37 * at)  # each refused, each an event
        house.port.script("start " + CARD_HEX if at == 20 else "aux 0", 41 * at)
    house.run(6)
    house.app.offers.grant(b"")
    house.run(2)
    assert trace.steps.count(("record", record.EVENT)) > 10


def test_right_used_up_stop_and_no_litre_beyond_the_bound():
    house = ready(200)
    house.press()
    house.run(30)
    assert not house.well.closed and house.last(record.STOP)["cause"] == causes.WATER_CEILING
    assert house.last(record.STOP)["volume_l"] == house.well.litres
    # design §13: flow x (meter refresh 1 s + 1.1 s) + one register step.
    assert house.well.litres - 200 <= 60_000 * 2_100 // 3_600_000 + 1
    house.press()
    house.run(3)
    assert not house.well.closed


def test_a_jammed_contactor_is_never_reported_as_stopped():
    house = running(ready())
    house.well.has_jammed = True
    house.press("stop")
    house.run(12)
    assert record.STOP not in kinds(house) and (record.EVENT, causes.DID_NOT_STOP) in house.kinds()
    assert house.app.books.volume_l >= house.well.litres - 20


def test_a_stop_while_the_start_waits_to_be_written_leaves_the_coil_open():
    house = ready()
    house.well.silent = (1, 2)
    while not house.app._is_waiting():
        house.turn()
    house.press()
    house.port.script("stop", 5)
    house.run(15)
    assert "coil 1" not in house.port.said and house.state == pump.OFF
    assert kinds(house).count(record.START) == kinds(house).count(record.STOP) == 1


# -- what comes in over the cable -----------------------------------------------------------

MALFORMED = (
    "", " ", "aux", "aux ", "aux 2", "aux 1 1", "aux x", "start", "start ", "start 0", "start zz", "start 00",
    "start " + "00" * 8, "start " + "00" * 400, "start \u4e95", "object", "object config", "object config zz",
    "clock", "clock x", "clock 1", "stopp", "STOP", "start\0", "aux\t0", "0" * 9000, "stop\r", "record 00",
)  # fmt: skip


def test_no_line_from_the_cable_stops_the_controller_or_the_pump():
    house = running(ready())
    for at, line in enumerate(MALFORMED):
        house.port.script(line, 50 * at)
    house.run(5)
    assert house.state == pump.RUNNING and house.well.closed
    house.check_chain()


def test_a_stop_is_obeyed_whatever_card_it_names():
    for line in ("stop", "stop ", "stop zz", "stop 0", "stop " + CARD_HEX, "stop 00 11"):
        house = running(ready())
        house.port.script(line)
        house.run(1)
        assert not house.well.closed, line


def test_when_the_bench_is_gone_the_app_ends_with_it():
    house = ready()
    house.port.is_gone = True
    try:
        house.app.run()
        raise AssertionError("runs on without a bench")
    except fake.BenchGone:
        pass


# -- stores that fail ------------------------------------------------------------------------


def test_a_dead_store_refuses_a_start_and_never_closes():
    house = ready()
    house.nor.bad = RING
    house.press()
    house.run(5)
    assert "coil 1" not in house.port.said and house.state == pump.OFF
    assert house.app.controller.recorder.alarms & flags.STORE_FAILED
    assert house.app.journal.head["running"] == 0
    house.nor.bad = (0, 0)
    again = house.again()
    again.run(5)
    assert record.STOP not in kinds(again)


def test_with_a_dead_store_what_runs_may_finish_and_is_closed_by_the_next_start():
    house = running(ready(300))
    house.nor.bad = RING
    house.run(2)
    assert house.well.closed
    house.run(30)
    assert not house.well.closed and house.state == pump.OFF
    house.nor.bad = (0, 0)
    again = house.again()
    again.run(5)
    assert again.last(record.STOP)["cause"] == causes.RESTARTED
    assert again.last(record.STOP)["volume_l"] == again.well.litres
    again.check_chain()


def test_a_store_dead_at_power_on_still_measures_shows_and_refuses():
    house = ready()
    house.nor.bad = RING
    again = House(house.nor, house.fram, house.well.copy(), UTC + 100)
    again.run(5)
    again.press()
    again.run(3)
    assert again.app.books.is_known and again.app.controller.recorder.alarms & flags.STORE_FAILED
    assert "coil 1" not in again.port.said and again.app.rights.seq == 1


def test_drinking_water_runs_with_a_dead_store():
    nor, fram = memories()
    objects.write(nor, objects.BINDING, 0, a_binding(**{"class": site_class.DOMESTIC}))
    house = House(nor, fram)
    house.run(4)
    nor.bad = RING
    running(house)
    assert house.app.controller.recorder.alarms & flags.STORE_FAILED
    house.press("stop")
    house.run(3)
    assert not house.well.closed


def test_a_dead_store_is_given_up_quickly():
    house = ready()
    house.nor.bad = RING
    before = house.nor.mains.writes
    house.press(card=b"stranger")
    house.run(0.5)
    # 3 slots and their burning in 3 sectors, each opened; not 93 slots.
    assert house.nor.mains.writes - before <= 3 * 8


def test_a_memory_that_raises_is_a_store_that_failed():
    house = ready()

    def broken(at, data):
        raise OSError(5)

    house.nor.program = broken
    house.press()
    house.run(3)
    assert house.app.controller.recorder.alarms & flags.STORE_FAILED and house.state == pump.OFF
    del house.nor.program
    running(house)
    house.check_chain()


def test_a_value_that_no_record_holds_stops_nothing():
    house = running(ready())
    house.app.records.event(causes.WARNING_LINE, 1 << 40)
    house.run(3)
    assert house.state == pump.RUNNING and house.app.controller.recorder.alarms & flags.STORE_FAILED
    house.check_chain()


# -- time, meters, link ----------------------------------------------------------------------


def test_with_a_dead_clock_litres_bind_and_dates_stop_nobody():
    house = ready(300)
    again = house.again()
    again.port.utc_s = None
    again.run(5)
    assert not again.app.controller.clock.is_trusted
    again.press()
    again.run(30)
    assert again.last(record.STOP)["cause"] == causes.WATER_CEILING
    assert again.last(record.STOP)["time_state"] == record.TIME_UNKNOWN
    # The floor goes on with uptime: nobody knows what time it is, but not an earlier one.
    assert UTC - 100 < again.last(record.STOP)["utc_s"] <= again.app.controller.clock.floor_utc_s < UTC


def test_a_clock_set_back_revives_no_grant():
    house = House()
    house.run(4)
    row = {"from_utc_s": UTC - 90_000, "to_utc_s": UTC - 200}
    house.offer(a_grant(1000, row=row))
    back = House(house.nor.copy(), house.fram.copy(), Well(), UTC - 80_000)
    back.run(5)
    assert back.app.rights.seq == 1
    back.press()
    back.run(2)
    assert "coil 1" not in back.port.said
    utc_s = back.app.controller.clock.utc_s
    assert back.app.rights.ceiling(grant.WATER, utc_s, False)[1] == causes.GRANT_EXPIRED


def test_time_lost_and_found_while_running_stops_nothing():
    house = running(ready())
    utc_s, house.port.utc_s = house.port.utc_s, None
    house.run(4)
    house.port.utc_s = utc_s
    house.run(4)
    assert house.state == pump.RUNNING
    house.check_chain()


def test_the_outage_reaches_back_to_the_last_reading_not_to_the_last_breath():
    house = ready()
    house.well.silent = (1,)
    house.run(600)
    good_utc_s = house.app.journal.head["good_utc_s"]
    assert UTC <= good_utc_s <= UTC + 20
    house.well.silent = ()
    house.well.extra_l = 5_000  # what ran past the silent meter's controller: less than rated flow x 620 s
    again = house.again()
    again.run(6)
    assert again.app.books.volume_l == again.well.litres and not again.app.books.is_uncertain
    assert again.last(record.GAP)["outage_s"] >= 620


def test_a_meter_silent_in_this_run_is_a_gap_of_that_silence():
    house = ready().again(after_s=86_400)
    house.run(5)
    house.well.silent = (1,)
    house.run(120)
    house.well.silent = ()
    house.run(30)
    gap = house.last(record.GAP)
    assert 100 <= gap["outage_s"] <= 160, gap["outage_s"]
    assert gap["from_utc_s"] >= UTC + 86_400


def test_an_energy_meter_comes_back_after_a_silence_without_a_trusted_outage():
    house = ready().again()
    house.port.utc_s = None
    house.run(5)
    running(house)
    house.well.silent = (2,)
    house.run(30)
    house.press("stop")
    house.run(100)
    house.well.silent = ()
    house.run(60)
    assert house.app.books.energy_wh == house.well.energy_wh > 0


def test_litres_held_before_a_cut_are_held_after_it_and_counted_on():
    house = running(ready())
    house.well.silent = (1,)
    house.run(10)
    held_l = house.app.books.held_l
    assert held_l > 0
    again = house.again()
    again.well.silent = (1,)
    again.run(8)
    assert again.app.books.held_l >= held_l - 30 and again.app.books.held_l > 0
    again.well.silent = ()
    again.run(20)
    assert again.app.books.held_l == 0 and again.app.books.volume_l == again.well.litres


def test_a_register_below_the_bindings_reading_is_not_believed():
    house = House()
    house.well.extra_l = -100
    house.run(15)
    assert not house.app.books.is_known and house.app.books.volume_l is None
    assert (record.EVENT, causes.SEGMENT_UNCERTAIN) in house.kinds()
    house.check_chain()


def test_records_reach_the_gateway_and_its_word_is_kept_over_a_restart():
    house = House(broker=True)
    house.run(10)
    broker = house.port.broker
    up = [payload for topic, payload in broker.published if topic == link.topic(NAME, "up")]
    sent = [payload[12 + 128 * i : 140 + 128 * i] for payload in up for i in range(payload[1])]
    assert sent == house.slots()
    states = [payload for topic, payload in broker.published if topic == link.topic(NAME, "state")]
    assert len(states) == 1 and states[0][1] == 1
    seq = house.app.journal.head["seq"]
    broker.send(b"\x01\x01\0\0" + bytes(4) + (1).to_bytes(4, "little") + seq.to_bytes(4, "little"))
    house.run(1)
    assert house.app.uplink.courier.waiting == 0
    assert house.again().app.journal.head["acknowledged_seq"] == seq


def test_a_broker_that_is_deaf_gone_or_back_changes_nothing_at_the_well():
    house = House(broker=True)
    house.run(10)
    house.offer(a_grant(1000))
    running(house)
    broker = house.port.broker
    broker.is_deaf = True
    house.run(40)
    broker.drop()
    broker.is_reachable = False
    house.run(5)
    broker.is_deaf, broker.is_reachable = False, True
    house.press("stop")
    house.run(150)
    up = [payload for topic, payload in broker.published if topic == link.topic(NAME, "up")]
    seqs = {record.header(p[12 + 128 * i : 140 + 128 * i])["seq"] for p in up for i in range(p[1])}
    assert seqs == set(range(1, house.app.journal.head["seq"] + 1))
    assert house.last(record.STOP)["cause"] == causes.BUTTON


def test_no_room_for_a_frame_is_no_end():
    house = House(broker=True)
    house.run(10)

    def full(now_ms):
        raise MemoryError

    pump_frame, house.app.uplink.courier.pump = house.app.uplink.courier.pump, full
    house.run(3)
    house.app.uplink.courier.pump = pump_frame
    assert house.app.uplink.is_up


def may_block(house):
    """How often the network may block in the turns of a second: between two readings it may."""
    until_us, found = house.port.us + 1_000_000, 0
    while house.port.us < until_us and house.well.closed:
        found += house.app.may_block()
        house.turn()
    return found


def test_a_handshake_may_block_only_while_no_opening_is_near():
    house = ready(2000)
    assert house.app.may_block()
    running(house)
    assert may_block(house)
    house.offer(a_grant(house.app.books.volume_l + 30, seq=2))
    assert house.well.closed and not may_block(house)
    house.app.controller.recorder.water.values["flow_lph"] = None
    assert not may_block(house)


def test_the_step_that_falls_due_while_the_network_blocks_comes_first():
    house = running(ready())
    while not house.app.may_block():
        house.turn()
    steps = []
    step = house.app.controller.step
    house.app.controller.step = lambda inputs, now_ms: steps.append(now_ms) or step(inputs, now_ms)
    house.app._step_ms = house.port.now_ms() - 150  # due in 100 ms, and 50 are asked for
    assert house.app.may_block() and steps == []
    house.app._step_ms = house.port.now_ms() - 210
    assert house.app.may_block() and steps == [house.port.now_ms()]
    house.app._step_ms = house.port.now_ms() - 210
    house.press("stop")  # heard by that step: the pump is no longer simply running
    assert not house.app.may_block() and not house.well.closed


def test_a_stream_is_listened_to_only_while_its_bytes_are_taken():
    house = ready(2000, broker=True)
    heard = []
    house.port.listen_to = heard.append
    house.run(5)
    assert house.app.uplink.is_up
    may_block, house.app.may_block = house.app.may_block, lambda: False
    house.port.broker.drop()
    house.run(20)
    assert heard[-1] is None and not house.app.uplink.is_up  # withheld: nothing is opened, nobody listens
    house.app.may_block = may_block
    house.run(20)
    assert house.app.uplink.is_up and heard[-1] is house.app.uplink.client.stream


def test_control_is_never_late_while_signatures_are_checked():
    house = running(ready())
    late = [0, house.port.us]
    step = house.app.controller.step

    def timed(inputs, now_ms):
        late[0] = max(late[0], house.port.us - late[1])
        late[1] = house.port.us
        return step(inputs, now_ms)

    house.app.controller.step = timed
    for seq in range(2, 8):
        house.app.offers.grant(a_grant(1000 + seq, seq=seq))
    house.run(5)
    assert house.app.rights.seq == 7 and late[0] <= 500_000


# -- what a cut leaves to roll forward --------------------------------------------------------


def rolled(house, act):
    """A restart after a cut between the last record's slot and its head."""
    before = house.fram.copy()
    act()
    house.fram = before
    return house.again()


def test_a_start_that_the_head_does_not_know_is_closed():
    house = ready()
    house.press()
    before = house.fram.copy()
    while record.START not in kinds(house):
        before = house.fram.copy()
        house.turn()
    house.fram = before
    again = house.again()
    assert len(again.app.journal.rolled) == 1 and again.app.journal.head["running"] == 1
    again.run(5)
    assert again.last(record.STOP)["cause"] == causes.RESTARTED
    again.check_chain()


def test_a_stop_that_the_head_does_not_know_is_not_written_twice():
    house = running(ready())
    house.press("stop")
    before = house.fram.copy()
    while record.STOP not in kinds(house):
        before = house.fram.copy()
        house.turn()
    house.fram = before
    again = house.again()
    assert again.app.journal.head["running"] == 0
    again.run(5)
    assert kinds(again).count(record.STOP) == 1


def test_a_grant_that_the_head_does_not_know_is_in_force():
    house = ready(1000)
    again = rolled(house, lambda: house.offer(a_grant(700, seq=2)))
    assert again.app.rights.seq == 2 and again.app.rights.row(grant.WATER, UTC)["ceiling"] == 700
    again.run(4)
    again.check_chain()


# -- what should never happen -------------------------------------------------------------------


def test_a_first_total_that_no_well_gives_is_not_believed():
    house = House()
    house.well.extra_l = 1 << 31  # what the profile's LONG calls minus two million m3
    house.run(4)
    assert not house.app.books.is_known
    house = House()
    table = {8: 0xFFFF, 9: 0x7FFF, 91: 90, 1437: 0, 1438: 7}  # 2 147 483 647 x 10 000 000 l
    house.well.water = lambda: table
    house.run(20)
    assert house.app.books.volume_l is None
    assert not house.app.controller.recorder.alarms & flags.STORE_FAILED
    house.check_chain()


def test_a_gap_under_an_untrusted_clock_names_no_beginning():
    house = ready().again()
    house.run(5)
    house.port.utc_s = None
    house.well.silent = (1,)
    house.run(90)
    house.well.silent = ()
    house.run(30)
    gap = house.last(record.GAP)
    assert gap["outage_s"] > 60 and gap["from_utc_s"] is None


def test_a_grant_whose_object_is_damaged_is_not_reported_as_in_force():
    house = ready()
    for place in (0, 1):
        house.nor.erase(objects.GRANT + place)
    again = house.again(broker=True)
    again.run(10)
    states = [payload for topic, payload in again.port.broker.published if topic == link.topic(NAME, "state")]
    assert again.app.rights.seq == 0
    assert fields.unpack(link.STATE_BODY, states[0])["grant_seq"] == 0
    again.port.broker.send(b"\x02" + a_grant(1000))
    again.run(3)
    assert again.app.rights.seq == 1


def test_an_object_longer_than_its_sector_is_none():
    nor, _ = memories()
    nor.erase(objects.GRANT)
    nor.program(
        objects.GRANT * 4096, b"KZO1" + (60_000).to_bytes(2, "little") + bytes((objects.GRANT, 0)) + bytes(4)
    )
    reads = []
    read = nor.read

    def noted(at, size):
        reads.append(size)
        return read(at, size)

    nor.read = noted
    assert objects.read(nor, objects.GRANT, 0) is None
    assert max(reads) <= 4096
