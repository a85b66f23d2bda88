"""The desk's check of a configuration: every fault named, and none that the controller would not have."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_firmware import configuration
from karez_firmware.core import settings as controller_settings
from karez_gateway import technician
from karez_gateway.technician import rules
from karez_gateway.technician.wording import FAULTS

from .technician_desk import CONFIG

FULL = {
    "settings": {"restart_delay_s": 600, "utc_offset_min": -720, "artesian": 1},
    "accounts": {"04a1b2c3d4e5f601": 7, "04A1B2C3D4E5F602": 8},
    "ceilings_l": {"7": 120_000_000},
    "blocked": ["04a1b2c3d4e5f6ff"],
    "windows": [
        {"days": "1234567", "from": "20:00", "to": "08:00"},
        {"cycle_days": 4, "open_days": 1, "first_day": "2026-04-01", "from": "00:00", "to": "24:00"},
    ],
    "areas": ["410105-N"],
    "link": {"host": "192.0.2.10", "port": 8883, "tls_name": "broker.county.example", "dns": "192.0.2.1:53"},
    "meters": [
        {"quantity": "water", "profile": "tuf2000m", "address": 1, "line": 1, "baud": 9600},
        {"quantity": "energy", "profile": "dlt645-2007", "address": "000000000042"},
        {"quantity": "witness", "pulse_milli": 10_000, "input": 1},
    ],
}
CHANNEL = {
    "settings": {},
    "accounts": {},
    "link": {"host": "192.0.2.10", "port": 8883},
    "meters": [{"quantity": "level", "profile": "qdy30a", "address": 3}],
    "channel": {"version": 1, "kind": "table", "zero_mm": 120, "rows": [[0, 0], [100, 36000], [250, 180000]]},
}
WEIR = {**CHANNEL, "channel": {"version": 2, "kind": "weir", "coefficient": 10_000, "level_max_mm": 500}}
SOUND = (CONFIG, FULL, CHANNEL, WEIR)


class Port:
    """What configuration.profiles asks of a port: two meter lines, and the files of the package."""

    uarts = (None, None)

    @staticmethod
    def resource(name):
        from importlib import resources

        return resources.files("karez_protocols").joinpath(name.partition("/")[2]).read_text(encoding="utf-8")


def controller_says(document):
    """Why the controller would refuse a document by itself; None if it would take it."""
    try:
        found = configuration.read(json.dumps(document).encode())
        configuration.profiles(Port, found.meters)
    except configuration.BadConfiguration as error:
        return str(error)
    return None


def named(document):
    """{place: name} of the faults."""
    return {one.path: one.name for one in rules.check(document)}


def test_what_is_sound_has_no_fault_here_nor_there():
    for document in SOUND:
        assert rules.check(document) == [] and controller_says(document) is None


def test_the_settings_are_those_of_the_controller():
    lines = [line.split() for line in controller_settings._TABLE.strip().splitlines()]
    assert {name: (int(least), int(most)) for name, _, least, most in lines} == rules.SETTINGS


def test_every_one_of_many_faults_is_named():
    document = copy.deepcopy(FULL)
    document["settings"] = {"restart_delay_s": 9_999, "poll_idle_ms": "10", "quite_days": 3, "artesian": True}
    document["accounts"]["short"] = 0
    document["ceilings_l"]["x"] = -1
    document["windows"][0]["from"] = "25:00"
    document["windows"][1]["open_days"] = 5
    document["link"]["port"] = 0
    document["meters"][0]["adress"] = 1
    document["meters"][1]["profile"] = "sdm63"
    document["witness"] = {}
    del document["link"]["host"]
    assert named(document) == {
        "witness": "unknown-name",
        "settings.restart_delay_s": "outside",
        "settings.poll_idle_ms": "no-whole",
        "settings.quite_days": "unknown-setting",
        "settings.artesian": "no-whole",
        "accounts.short": "outside",
        "ceilings_l.x": "outside",
        "windows[0].from": "no-time",
        "windows[1].open_days": "outside",
        "link.host": "missing",
        "link.port": "outside",
        "meters[0].adress": "unknown-name",
        "meters[1].profile": "no-profile",
    }


@pytest.mark.parametrize("at", range(30))
def test_one_bad_field_among_many_is_named_by_its_place(at):
    every = {name: least for name, (least, _) in rules.SETTINGS.items()}
    name = list(every)[at]
    for value in (rules.SETTINGS[name][0] - 1, rules.SETTINGS[name][1] + 1, None, "1", 1.0, True, []):
        document = {**CONFIG, "settings": {**every, name: value}}
        found = rules.check(document)
        assert [one.path for one in found] == [f"settings.{name}"], value
        for language in ("en", "zh"):
            assert found[0].text(language).startswith(f"settings.{name}: ")
        # A float that is whole is one to JSON's reader there as here; the controller says no to it, too.
        assert controller_says(document) is not None, value


ODD = st.sampled_from(
    json.loads(
        """[null, true, false, 0, 1, -1, 2, 247, 248, 1099511627776, 1.5, "", "x", "04a1b2c3d4e5f601",
        "24:00", "00:00", [], {}, [1, 2], {"a": 1}, "2026-02-30", "2026-02-28", "1234", "8", "tuf2000m",
        "sdm630", "water", "level", "井井井井井井"]"""
    )
)


def leaves(value, path=()):
    """Every place of a document, the inner ones too."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in pairs:
        yield from leaves(one, (*path, name))


def changed(document, path, value, is_gone):
    document = copy.deepcopy(document)
    if not path:
        return value
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    if is_gone:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_the_desk_and_the_controller_agree_on_documents_with_changes(data):
    document = data.draw(st.sampled_from(SOUND))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(leaves(document))))
        document = changed(document, path, data.draw(ODD), data.draw(st.booleans()))
    said = controller_says(document)
    found = rules.check(document)
    assert bool(found) == (said is not None), (document, said, found)


def test_a_weir_with_more_flow_than_a_record_holds_is_a_fault_at_both_ends():
    for coefficient, is_fault in ((10_000, False), (1 << 40, True)):
        document = {**WEIR, "channel": {**WEIR["channel"], "coefficient": coefficient}}
        assert bool(rules.check(document)) == (controller_says(document) is not None) == is_fault


def test_a_name_server_is_an_address_here_and_there():
    for text in ("192.0.2.1", "255.0.0.0:1", "10.0.0.1:65535"):
        document = {**CONFIG, "link": {**CONFIG["link"], "dns": text}}
        assert rules.check(document) == [] and controller_says(document) is None, text
    for text in ("dns.example", "1.0.2", "1.0.2.1.1", "1.0.2.256", "1.0.2.1:", "1.0.2.1:0", "1.2.3.4:65536"):
        document = {**CONFIG, "link": {**CONFIG["link"], "dns": text}}
        assert named(document) == {"link.dns": "no-server"} and "dns" in controller_says(document), text


def test_every_fault_has_its_words_in_both_languages():
    assert FAULTS["en"].keys() == FAULTS["zh"].keys()
    folder = Path(technician.__file__).parent
    code = [path for path in folder.glob("*.py") if "wording" not in path.name]
    source = "".join(path.read_text(encoding="utf-8") for path in code)
    for name in FAULTS["en"]:
        assert f'"{name}"' in source, name


def test_what_a_board_goes_out_by_is_a_text_or_not_there():
    document = copy.deepcopy(FULL)
    document["link"].update({"apn": "iot.example", "ssid": None, "secret": "sesame"})
    assert named(document) == {}
    document["link"].update({"apn": 5, "ssid": "", "secret": ["x"]})
    assert set(named(document)) == {"link.apn", "link.ssid", "link.secret"}
