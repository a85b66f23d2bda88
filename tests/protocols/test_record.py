"""Records, chain, signed objects, link and bundle: round trips, and every byte refused when changed."""

import hashlib

from karez_protocols import (
    binding,
    bundle,
    chain,
    entry,
    errors,
    fields,
    grant,
    link,
    link_gateway,
    record,
    signed,
)

HEADER = {
    "cause": 0,
    "time_state": record.TIME_SYNCHRONISED,
    "seq": 1,
    "utc_s": 1_790_000_000,
    "boot": 1,
    "uptime_s": 12,
    "grant_seq": 0,
}
MEASURING = {
    "segment": 1,
    "method": record.METERED,
    "pump": 0,
    "water_raw": b"\x17\x00\x00\x00\x93\x36\x61\x3f",
    "energy_raw": bytes(8),
    "water_age_ds": 3,
    "energy_age_ds": None,
    "volume_l": 23879,
    "held_l": 0,
    "energy_wh": 1000,
    "flow_lph": 60_000,
    "power_w": -1,
    "status": 1,
    "meters": 0,
    "alarms": 0,
}
TAILS = {
    record.INTERVAL: {
        "voltage_a_dv": 2302, "voltage_b_dv": 2310, "voltage_c_dv": None,
        "current_a_ca": 3000, "current_b_ca": 3001, "current_c_ca": 2999,
        "level_mm": None, "pressure_pa": None,
    },
    record.START: {"account": 1, "credential": bytes(8), "account_l": 0, "ceiling_l": 100_000, "actor": 0},
    record.EVENT: {"subject": 5, "detail": bytes(24)},
    record.BOOT: {"chain": 1, "order_seq": 0, "last_seq": 9, "outage_s": None, "tier": 2},
    record.GAP: {"outage_s": 60, "from_utc_s": 1, "volume_before_l": 2, "energy_before_wh": 3},
}  # fmt: skip
BODIES = {
    record.LOSS: {"first_seq": 1, "last_seq": 31, "first_volume_l": 0, "last_volume_l": 5},
    record.GRANT: {"object_seq": 2, "digest": bytes(range(32)), "length": 300},
    record.STATEMENT: {
        "covered_seq": 3, "covered_h": bytes(32), "chain": 1,
        "core_digest": bytes(24), "config_digest": bytes(24),
    },
    record.SIGNATURE: {"statement_seq": 4, "signature": bytes(range(64))},
}  # fmt: skip


def refused(kinds, call, *args):
    """True if the call raises one of the declared errors."""
    try:
        call(*args)
    except kinds:
        return True
    return False


def values_of(kind):
    """A full set of plausible values for one record kind."""
    values = dict(HEADER)
    values["kind"] = kind
    if kind in TAILS:
        values.update(MEASURING)
        values.update(TAILS[kind])
    else:
        values.update(BODIES[kind])
    return values


def some_slots(count, h):
    """`count` sealed slots after h."""
    slots = []
    for i in range(count):
        values = values_of(record.INTERVAL if i % 3 else record.EVENT)
        values["seq"] = i + 1
        slot, h = chain.seal(h, record.encode(values))
        slots.append(slot)
    return slots


def a_grant():
    """(values, rows) of a grant with a water and an energy row."""
    values = {
        "flags": 0, "policy": grant.STOP, "seq": 7, "site": "653124-0001", "issuer": 99, "issued_utc_s": 5,
        "document": "库水发〔2026〕12号", "head_chain": 1, "head_seq": 4, "head_h": bytes(32),
        "head_volume_l": 1000, "head_ledger_l": 900,
    }  # fmt: skip
    row = {
        "quantity": 0, "from_utc_s": 1, "to_utc_s": 2,
        "ceiling": 150_000, "finish_100l": 0, "emergency_100l": 0,
    }  # fmt: skip
    energy = dict(row)
    energy["quantity"] = grant.ENERGY
    return values, [row, energy]


def a_binding():
    """A signed binding's bytes, signature all zeros."""
    values = {
        "class": 0, "fail": 0, "seq": 1, "controller": "0123456789abcdef", "site": "653124-0001",
        "gateway": "county", "controller_key": bytes(32), "regulator_key": bytes(32), "issued_utc_s": 5,
        "rated_flow_lph": 60_000, "rated_power_w": 22_000, "upper_ml_per_wh": 3000,
        "reference_ml_per_wh": None, "physical_ml_per_wh": None, "riser_l": 0,
    }  # fmt: skip
    segment = {
        "quantity": 0, "method": 1, "address": 1, "profile_version": 1, "from_seq": 1, "profile": "tuf2000m",
        "serial": "TUF-001", "base": 0, "register_base": 23879, "multiplier_ppm": 1_000_000,
        "coefficient_version": 0,
    }  # fmt: skip
    return binding.encode(values, [segment]) + bytes(64)


def test_every_kind_round_trips_in_128_bytes():
    for kind in list(TAILS) + list(BODIES):
        content = record.encode(values_of(kind))
        assert len(content) == 112
        decoded = record.decode(content)
        for name, value in values_of(kind).items():
            assert decoded[name] == value, (kind, name)
        assert record.encode(decoded) == content


def test_the_layout_of_an_interval_is_fixed_byte_by_byte():
    content = record.encode(values_of(record.INTERVAL))
    assert content[:24] == (
        b"\x01\x01\x00\x02"  # version, interval, no cause, synchronised
        b"\x01\x00\x00\x00"  # seq 1
        b"\x80\x3b\xb1\x6a"  # 1,790,000,000
        b"\x01\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00"  # boot, uptime, grant
    )
    assert content[24:28] == b"\x01\x00\x01\x00"  # segment 1, metered, pump state 0
    assert content[28:36] == MEASURING["water_raw"] and content[44:48] == b"\x03\x00\xff\xff"
    assert content[48:54] == (23879).to_bytes(6, "little")
    assert content[68:72] == b"\xff\xff\xff\xff"  # -1 W


def test_unknown_kinds_versions_and_reserved_bytes_are_refused():
    content = record.encode(values_of(record.INTERVAL))
    for offset, byte in ((0, 2), (1, 0), (1, 99), (80, 1), (111, 1)):
        bad = bytearray(content)
        bad[offset] = byte
        assert refused(errors.Malformed, record.decode, bytes(bad)), offset
    assert refused(errors.Malformed, record.decode, content[:-1])


def test_a_chain_accepts_what_was_sealed_and_no_changed_byte():
    h = chain.genesis(1, a_binding())
    for slot in some_slots(4, h):
        for i in range(len(slot)):
            bad = bytearray(slot)
            bad[i] ^= 0x10
            assert refused(errors.BadChecksum, chain.check, h, bytes(bad)), i
        h = chain.check(h, slot)


def test_a_dropped_or_swapped_slot_breaks_the_chain():
    h = chain.genesis(1, a_binding())
    slots = some_slots(3, h)
    assert refused(errors.BadChecksum, chain.check, h, slots[1])
    assert chain.genesis(2, a_binding()) != h


def test_the_code_of_a_record_has_eight_unmistakable_letters():
    slot = some_slots(1, bytes(32))[0]
    assert len(chain.code(slot)) == 8 and not set(chain.code(slot)) & set("ILOU")
    assert chain.code(bytes(112) + b"\xff" * 16) == "ZZZZZZZZ"
    assert chain.code(bytes(112) + b"\x00\x00\x00\x00\x01" + bytes(11)) == "00000001"


def test_grants_round_trip_and_refuse_what_no_grant_may_say():
    values, rows = a_grant()
    body = grant.encode(values, rows)
    decoded, decoded_rows = grant.decode(body)
    assert decoded_rows == rows and decoded["document"] == values["document"]
    assert len(grant.encode(values, rows * 8)) + 64 <= grant.SIZE_MAX
    assert refused(errors.NotAllowed, grant.encode, values, [])
    assert refused(errors.NotAllowed, grant.encode, values, rows * 9)
    for name, value in (("ceiling", None), ("from_utc_s", 2), ("quantity", 2), ("ceiling", 1 << 40)):
        bad = dict(rows[0])
        bad[name] = value
        assert refused(errors.NotAllowed, grant.encode, values, [bad]), name
    for end in range(len(body)):
        assert refused(errors.ProtocolError, grant.decode, body[:end])
    assert refused(errors.TooLarge, grant.decode, bytes(501))


def test_a_signature_over_one_sort_of_object_is_none_over_another():
    body, message, signature = signed.split(grant.LABEL, b"body" + bytes(64))
    assert body == b"body" and signature == bytes(64)
    assert message != signed.split(binding.LABEL, b"body" + bytes(64))[1]
    assert refused(errors.Malformed, signed.split, grant.LABEL, bytes(64))


def test_bindings_round_trip_and_refuse_cut_ones():
    data = a_binding()
    values, segments, message, signature = binding.open_signed(data)
    assert values["site"] == "653124-0001" and segments[0]["register_base"] == 23879
    assert message == binding.LABEL + b"\n" + data[:-64] and signature == bytes(64)
    for end in range(len(data)):
        assert refused(errors.ProtocolError, binding.open_signed, data[:end])


def test_link_payloads_round_trip_and_refuse_every_other_length():
    slots = some_slots(3, bytes(32))
    payload = link_gateway.encode_up(9, 1, slots)
    assert link_gateway.decode_up(payload) == (9, 1, slots)
    for end in range(len(payload)):
        assert refused(errors.Malformed, link_gateway.decode_up, payload[:end])
    assert refused(errors.NotAllowed, link_gateway.encode_up, 1, 1, slots * 6)
    kind, values = link.decode_down(link_gateway.encode_ack(9, 1, 41))
    assert kind == link.ACK and (values["frame"], values["seq"]) == (9, 41)
    assert link.decode_down(link_gateway.encode_grant(b"g")) == (link.GRANT, b"g")
    for bad in (
        b"",
        b"\x09",
        link_gateway.encode_ack(9, 1, 41)[:-1],
        link_gateway.encode_ack(9, 1, 41) + b"\0",
        bytes(601),
    ):
        assert refused(errors.ProtocolError, link.decode_down, bad)
    state = dict.fromkeys(("pump", "time_state", "chain", "last_seq", "boot", "uptime_s", "grant_seq"), 1)
    state.update(dict.fromkeys(("acknowledged_seq", "order_seq", "segment", "volume_l", "held_l"), 2))
    assert link_gateway.decode_state(link.encode_state(state))["volume_l"] == 2
    assert link_gateway.decode_state(link.OFFLINE) == {"online": 0}
    assert refused(errors.Malformed, link_gateway.decode_state, b"\x01\x01")


def test_the_gateways_time_and_commands_round_trip_and_refuse_what_is_none():
    assert link.decode_down(link_gateway.encode_time(1_790_000_000))[1]["utc_s"] == 1_790_000_000
    kind, values = link.decode_down(link_gateway.encode_start(7, 3, 500))
    assert kind == link.COMMAND and values["verb"] == link.START
    assert (values["account"], values["boot"], values["until_s"]) == (7, 3, 500)
    stop = link_gateway.encode_stop()
    assert link.decode_down(stop)[1]["verb"] == link.STOP
    for bad in (
        stop[:-1],
        stop + b"\0",
        stop[:2] + b"\1" + stop[3:],  # a start that quotes nothing
        stop[:2] + b"\3" + stop[3:],
        stop[:1] + b"\2" + stop[2:],
        link_gateway.encode_time(5)[:-1],
    ):
        assert refused(errors.Malformed, link.decode_down, bad)


def test_log_entries_round_trip():
    slot = some_slots(1, bytes(32))[0]
    values = entry.decode(entry.encode_record("0123456789abcdef", 1, 77, slot))
    assert (values["entry"], values["slot"], values["received_utc_s"]) == (entry.RECORD, slot, 77)
    values = entry.decode(entry.encode_object(record.GRANT, 78, b"grant"))
    assert values["object"] == b"grant" and values["sort"] == record.GRANT
    data = entry.encode_upload("county", "0123456789abcdef", 1, 5, 79, b"request", b"confirm")
    values = entry.decode(data)
    assert values["request"] == b"request" and values["confirm"] == b"confirm" and values["seq"] == 5
    for bad in (b"", b"\x01", b"\x02\x01", b"\x01\x09", data[:-1], data + b"\0", bytes(3000)):
        assert refused(errors.ProtocolError, entry.decode, bad)


def test_a_command_is_an_object_that_names_who_wished_it():
    said = {
        "controller": "0123456789abcdef", "verb": 1, "account": 7, "boot": 3, "until_s": 999,
        "wished_by": "li",
    }  # fmt: skip
    values = entry.decode(entry.encode_command(80, said))
    assert (values["entry"], values["sort"], values["received_utc_s"]) == (entry.OBJECT, entry.COMMAND, 80)
    assert entry.decode_command(values["object"]) == said
    for bad in (b"", values["object"][:-1], values["object"] + b"\0"):
        assert refused(errors.Malformed, entry.decode_command, bad)
    for name, bad in (("wished_by", "x" * 25), ("account", 1 << 32), ("verb", 255)):
        assert refused(errors.NotAllowed, entry.encode_command, 80, dict(said, **{name: bad}))


def test_a_bundle_has_one_encoding_and_notices_every_changed_bit():
    h = chain.genesis(1, a_binding())
    slots = some_slots(2, h)
    proofs = [(5, b"entry", [bytes(32), bytes(range(32))]), (6, b"e", [])]
    data = bundle.encode(a_binding(), [b"grant-1" * 20], 1, h, slots, b"note\n", proofs)
    found = bundle.decode(data)
    assert found["digest_ok"] and found["slots"] == slots and found["proofs"] == proofs
    assert data[found["slots_at"] : found["slots_at"] + 128] == slots[0]
    again = bundle.encode(
        found["binding"], found["grants"], found["chain"], found["h_before"], found["slots"],
        found["note"], found["proofs"],
    )  # fmt: skip
    assert again == data
    for i in range(len(data)):
        bad = bytearray(data)
        bad[i] ^= 1 << (i % 8)
        try:
            assert not bundle.decode(bytes(bad))["digest_ok"], i
        except errors.ProtocolError:
            pass
    for end in range(0, len(data), 7):
        assert refused(errors.ProtocolError, lambda end=end: bundle.require_digest(bundle.decode(data[:end])))


def test_names_and_ids_follow_from_keys():
    assert len(chain.controller_name(bytes(32))) == 16
    assert chain.controller_name(bytes(32)) != chain.controller_name(bytes(31) + b"\x01")
    assert signed.key_id(bytes(32)) != signed.key_id(bytes(31) + b"\x01")
    assert signed.digest(b"x") == hashlib.sha256(b"x").digest()
    assert fields.size_of(record.HEADER) == 24
