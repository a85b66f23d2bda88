"""The configuration is taken whole or not at all, and the refusal says why."""

import json

from karez_firmware import configuration
from karez_firmware.core import settings
from wellhouse import CARD, Well, a_config, document, memories, port_for


def refused(data):
    """The text of the refusal of a document."""
    try:
        configuration.read(data if isinstance(data, bytes) else json.dumps(data).encode())
    except configuration.BadConfiguration as error:
        return str(error)
    raise AssertionError("taken: %r" % data)


def without(name):
    values = document()
    del values[name]
    return values


def test_a_good_document_is_taken_with_its_defaults():
    found = configuration.read(a_config())
    assert found.settings["restart_delay_s"] == 0 and found.settings["poll_idle_ms"] == 10_000
    assert found.rules["accounts"] == {CARD: 7} and found.link["port"] == 8883
    assert [meter["quantity"] for meter in found.meters] == ["water", "energy"]


def test_every_missing_part_is_named():
    for name in ("settings", "accounts", "link", "meters"):
        assert name in refused(without(name))
    for name in ("host", "port"):
        values = document()
        del values["link"][name]
        assert name in refused(values)
    for name in ("quantity", "profile", "address"):
        values = document()
        del values["meters"][1][name]
        assert name in refused(values)


def test_what_is_no_document_is_refused():
    for data in (b"", b"{", b"[]", b"3", b"null", b'"x"', b"\xff\xfe", b"{}", b"[" * 4000):
        refused(data)


def test_parts_of_another_type_are_refused():
    for name, values in (
        ("settings", ([], 3, None, "x")),
        ("accounts", ([], 3, None, ["6361"])),
        ("link", ([], 3, None, "x")),
        ("meters", (3, None, {}, [3], [None], "x", [])),
    ):
        for value in values:
            refused(document(**{name: value}))


def test_settings_that_are_unknown_of_another_type_or_out_of_range_are_refused_by_name():
    for name, value in (
        ("no_such_setting", 1),
        ("poll_idle_ms", "1000"),
        ("poll_idle_ms", 1000.5),
        ("poll_idle_ms", True),
        ("poll_idle_ms", None),
        ("poll_idle_ms", 999),
        ("poll_idle_ms", 60_001),
        ("interval_idle_s", 0),
        ("warn_percent", 101),
    ):
        assert name in refused(document(settings={name: value}))


def test_settings_take_their_bounds_themselves():
    for line in settings._TABLE.strip().split("\n"):
        name, default, least, greatest = line.split()
        for value in (least, default, greatest):
            assert settings.check({name: int(value)})[name] == int(value)


def test_cards_are_eight_bytes_and_accounts_are_what_a_record_holds():
    for card in ("zz", "636", "6361", "63" * 9, ""):
        refused(document(accounts={card: 7}))
    for number in (0, -1, 1 << 32, (1 << 32) - 1, "7", None, 7.5, True, []):
        refused(document(accounts={"63" * 8: number}))


def test_a_link_that_no_socket_would_take_is_refused():
    for name, values in (
        ("host", (None, 5, "", ["x"])),
        ("port", (None, 0, -1, 65_536, "8883", 1.5, True)),
        ("tls_name", (5, "", [])),
        ("dns", (5, "", [], "a.example", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4:", "1.2.3.4:0")),
        ("apn", (5, "", [])),
        ("ssid", (True, "", {})),
        ("secret", (12345678, "")),
    ):
        for value in values:
            link = document()["link"]
            link[name] = value
            assert name in refused(document(link=link))
    link = document()["link"]
    del link["tls_name"]
    configuration.read(a_config(link=link))
    link.update({"apn": "iot.example", "ssid": "pump house", "secret": "sesame"})
    assert configuration.read(a_config(link=link)).link == link
    for server in ("192.0.2.1", "192.0.2.1:53"):
        link["dns"] = server
        assert configuration.read(a_config(link=link)).link["dns"] == server


def test_meters_that_no_bus_could_read_are_refused():
    for name, values in (
        ("quantity", ("heat", None, 3)),
        ("profile", (None, "", 3)),
        ("address", (0, 248, "", None, 1.5)),
        ("line", (-1, 2, "0", None)),
        ("baud", (0, -9600, "9600", 9601, 1_000_000)),
    ):
        for value in values:
            meters = document()["meters"]
            meters[0][name] = value
            refused(document(meters=meters))
    water, energy = document()["meters"]
    assert "a site has a water meter" in refused(document(meters=[]))
    for meters in ([water, water], [water, energy, energy]):
        assert "one meter of" in refused(document(meters=meters))
    for meter in (water, energy):  # which of them the site needs is the binding's to say
        assert len(configuration.read(a_config(meters=[meter])).meters) == 1


def profiles(meters):
    return configuration.profiles(port_for(*memories(provisioned=False), well=Well()), meters)


def test_profiles_that_do_not_ship_or_do_not_fit_are_refused():
    water, energy = document()["meters"]
    assert [profile.total for profile in profiles([energy, water])] == ["energy_wh", "volume_l"]
    for change, text in (
        ({"profile": "no-such-meter"}, "no-such-meter"),
        ({"profile": "sdm630"}, "counts no water"),
        ({"address": "1"}, "meter tuf2000m"),
        ({"line": 1}, "no meter line 1"),
        ({"address": 2}, "address 2 is taken"),
        ({"profile": "cjt188"}, "meter cjt188"),  # a station's number is no meter's
    ):
        meter = dict(water)
        meter.update(change)
        found = ""
        try:
            profiles([meter, energy])
        except configuration.BadConfiguration as error:
            found = str(error)
        assert text in found, (change, found)
