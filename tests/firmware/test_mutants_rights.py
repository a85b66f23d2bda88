"""What mutants of the right to pump showed: above a ceiling as at it, and older grants than the last."""

from karez_firmware.core.rights import Rights, Warnings
from karez_protocols import causes, grant

W, E = grant.WATER, grant.ENERGY
UTC = 1_790_000_000


def a_row(ceiling, quantity=W, from_utc_s=UTC - 100, to_utc_s=UTC + 100):
    return {
        "quantity": quantity, "from_utc_s": from_utc_s, "to_utc_s": to_utc_s, "ceiling": ceiling,
        "finish_100l": 0, "emergency_100l": 0,
    }  # fmt: skip


def values_of(seq=1, site="site-1", flags=0):
    return {
        "seq": seq, "site": site, "policy": grant.STOP, "flags": flags,
        "head_volume_l": 0, "head_ledger_l": 0,
    }  # fmt: skip


def rights(*rows, seq=1):
    found = Rights("site-1")
    found.install(values_of(seq), rows)
    return found


def test_a_grant_for_any_other_site_is_refused_wherever_its_name_is_in_the_alphabet():
    for site in ("site-0", "site-2", "", "a", "z"):
        assert rights().judge(values_of(2, site), True) == causes.GRANT_REFUSED_SITE
    same = bytes(
        (115, 105, 116, 101, 45, 49)
    ).decode()  # equal, and another object: names come out of received bytes
    assert rights().judge(values_of(2, same), True) == causes.NONE


def test_every_older_grant_is_refused_and_not_only_the_last_one_repeated():
    found = rights(seq=1000)
    for seq in (0, 1, 999, 500 + 500):
        assert found.judge(values_of(seq), True) == causes.GRANT_REFUSED_SEQ
    assert found.judge(values_of(1001), True) == causes.NONE


def test_of_the_flags_only_strict_refuses_a_strange_head():
    for flags in range(256):
        cause = rights().judge(values_of(2, flags=flags), False)
        assert cause == (causes.GRANT_REFUSED_HEAD if flags & grant.FLAG_STRICT else causes.NONE), flags


def test_litres_and_watt_hours_above_the_ceiling_stop_as_those_at_it():
    found = rights(a_row(1000), a_row(5000, E))
    for charged_l, energy_wh, cause in (
        (999, 4999, causes.NONE),
        (1000, 4999, causes.WATER_CEILING), (1001, 4999, causes.WATER_CEILING),
        (10**9, 0, causes.WATER_CEILING),
        (999, 5000, causes.ENERGY_CEILING), (999, 5001, causes.ENERGY_CEILING),
        (0, 10**9, causes.ENERGY_CEILING),
    ):  # fmt: skip
        assert found.exceeded(charged_l, energy_wh, UTC, False) == cause, (charged_l, energy_wh)
        assert found.exceeded(charged_l, energy_wh, UTC, True) == cause, (charged_l, energy_wh)


def test_litres_without_a_network_stop_at_their_ceiling_and_above():
    found = rights(a_row(1000))
    for charged_l, cause in (
        (199, causes.NONE),
        (200, causes.OFFLINE_CEILING),
        (201, causes.OFFLINE_CEILING),
    ):
        assert found.offline_exceeded(charged_l, 100, 100) == cause, charged_l


def test_a_grant_of_energy_alone_gives_no_water_and_one_of_water_limits_no_energy():
    energy = rights(a_row(5000, E))
    water = rights(a_row(1000, W))
    for is_trusted in (True, False):
        assert energy.ceiling(W, UTC, False, False, is_trusted) == (None, causes.GRANT_EXPIRED)
        assert energy.ceiling(E, UTC, False, False, is_trusted) == (5000, causes.NONE)
        assert water.ceiling(E, UTC, False, False, is_trusted) == (None, causes.GRANT_EXPIRED)
        assert water.ceiling(W, UTC, False, False, is_trusted) == (1000, causes.NONE)
    assert (energy.has_row(W), energy.has_row(E)) == (False, True)
    assert (water.has_row(W), water.has_row(E)) == (True, False)


def test_a_right_of_nothing_is_zero_litres_also_without_a_clock():
    for is_trusted in (True, False):
        assert rights(a_row(0)).ceiling(W, UTC, False, False, is_trusted) == (0, causes.NONE)


def test_without_a_litre_acknowledged_the_offline_litres_count_from_zero():
    found = rights(a_row(1000))
    assert found.offline_ceiling_l(None, 50) == found.offline_ceiling_l(0, 50) == 50
    found.values["head_volume_l"] = None
    assert found.offline_ceiling_l(None, 50) == 0 and found.offline_ceiling_l(0, 50) == 50


def test_a_line_is_told_once_for_a_grant_whatever_its_number():
    warnings = Warnings(80, 90)
    for seq in (1000, 100_000):
        assert warnings.passed(values_of(seq), 1000, 850) == [80]
        assert warnings.passed(values_of(int(str(seq))), 1000, 850) == []  # the same number, read again
