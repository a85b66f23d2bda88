"""A scenario is read whole before anything starts; what is wrong with it is one clear line."""

import string

import pytest

from karez_protocols import causes
from karez_simulators import scenario, stage_wording, wording
from karez_simulators.acts import CHECKS, HANDS

GOOD = """
title = "A sip"
title_zh = "一口水"
[well]
rated_flow_lph = 60000
[controller]
restart_delay_s = 0
[[act]]
title = "Once"
title_zh = "一次"
speed = 5
steps = [ { do = "grant", litres = 500 }, { check = "stopped_by", cause = "button" } ]
"""


@pytest.fixture
def refusal(tmp_path):
    """The text with which a file of this content is refused: one line that names the file."""

    def of(content, name="my.toml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(scenario.ScenarioError) as caught:
            scenario.load(str(path))
        text = str(caught.value)
        assert "\n" not in text and str(path) in text
        return text

    return of


def changed(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def step(text):
    return changed('{ do = "grant", litres = 500 }', text)


def test_the_shipped_scenarios_load_and_are_told_by_name():
    assert "one-litre" in scenario.names()
    for name in scenario.names():
        found = scenario.load(name)
        assert found.name == name and found.title and found.title_zh and found.acts


def test_a_good_file_is_read(tmp_path):
    path = tmp_path / "sip.toml"
    path.write_text(GOOD, encoding="utf-8")
    found = scenario.load(str(path))
    assert (found.name, found.title, found.title_zh) == ("sip", "A sip", "一口水")
    assert found.well.rated_flow_lph == 60_000 and found.settings == {"restart_delay_s": 0}
    assert found.acts[0].speed == 5
    assert found.acts[0].steps[0] == scenario.Step("grant", False, {"litres": 500})
    assert found.acts[0].steps[1] == scenario.Step("stopped_by", True, {"cause": "button"})


def test_faults_of_parts_and_of_a_probe_are_read(tmp_path):
    path = tmp_path / "parts.toml"
    steps = (
        '{ do = "fault", part = "contactor", name = "welded" }, '
        '{ do = "mend", part = "pump", name = "air" }, '
        '{ do = "fault", meter = "level", name = "hung" }'
    )
    path.write_text(
        step(steps).replace("[controller]", '[meters]\nlevel = "qdy30a@3"\n[controller]'), "utf-8"
    )
    found = scenario.load(str(path))
    assert found.meters == {"level": "qdy30a@3"}
    assert found.acts[0].steps[0] == scenario.Step("fault", False, {"part": "contactor", "name": "welded"})


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ('part = "pump", name = "welded"', "'welded' in act 1, step 1 (fault) is not known; known: dry_run"),
        ('part = "motor", name = "worn"', "'motor' in act 1, step 1 (fault) is not known"),
        ('meter = "level", name = "hung"', "act 1, step 1: no level meter hangs at this well"),
        ('part = 7, name = "worn"', "part = 7 must be a text"),
    ],
)
def test_a_fault_at_a_part_that_is_not_there_is_named_with_its_place(refusal, where, said):
    assert said in refusal(step(f'{{ do = "fault", {where} }}'))


@pytest.mark.parametrize("mark", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n")])
def test_a_file_from_a_windows_editor_is_read(tmp_path, mark):
    path = tmp_path / "sip.toml"
    path.write_bytes(mark.encode())
    assert scenario.load(str(path)).title_zh == "一口水"


def test_a_file_without_the_ending_is_read_too(tmp_path):
    (tmp_path / "sip").write_text(GOOD, encoding="utf-8")
    assert scenario.load(str(tmp_path / "sip")).title == "A sip"


def test_speed_is_1_unless_given(tmp_path):
    path = tmp_path / "sip.toml"
    path.write_text(changed("speed = 5\n", ""), encoding="utf-8")
    assert scenario.load(str(path)).acts[0].speed == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("one-liter", "did you mean 'one-litre'?"),
        ("zzz", f"the ones that ship: {', '.join(scenario.names())}"),
        ("", "Is a directory"),
        ("nowhere.toml", "No such file or directory"),
        (".", "Is a directory"),
        ("x" * 5000, "File name too long"),
        ("nul\0.toml", "null"),
    ],
)
def test_an_unknown_scenario_is_one_line(name, said):
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load(name)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_device_is_no_scenario():
    with pytest.raises(scenario.ScenarioError, match="larger than"):
        scenario.load("/dev/zero")


def test_a_file_that_cannot_be_read_is_one_line():
    with pytest.raises(scenario.ScenarioError, match="Input/output error"):
        scenario.load("/proc/self/mem")  # nobody may read its beginning, not even root


@pytest.mark.parametrize("value", ["0", "21", "-1", "1.0", '"fast"', "true", "[1]", "nan", "1979-05-27"])
def test_a_speed_the_bench_cannot_run_at_is_refused(refusal, value):
    text = refusal(changed("speed = 5", f"speed = {value}"))
    assert "speed = " in text and "act 1: a whole number from 1 to 20" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "A sip"', 'titel = "A sip"', "'titel' in the file is not known; did you mean 'title'?"),
        ('title = "A sip"', "", 'the file needs title = "…"'),
        ('title = "A sip"', "title = 5", 'the file needs title = "…"'),
        ('title = "A sip"', 'title = ""', 'the file needs title = "…"'),
        ('title = "A sip"', 'title = "a\\nb"', "one line of text"),
        ('title = "A sip"', 'title = "\\u001b[31m"', "one line of text"),
        ('title_zh = "一口水"', "", 'the file needs title_zh = "…"'),
        ('title = "Once"', "", 'act 1 needs title = "…"'),
        ('title_zh = "一次"', "", 'act 1 needs title_zh = "…"'),
        ("speed = 5", "sped = 5", "'sped' in act 1 is not known; did you mean 'speed'?"),
        ("[[act]]", "[act]", "write [[act]], with two brackets"),
        ("[well]", "[wells]", "did you mean 'well'?"),
        ("[well]", "[[well]]", "[well] must be a table"),
        ("rated_flow_lph", "rated_flow", "did you mean 'rated_flow_lph'?"),
        ("60000", "-5", "[well]: rated_flow_lph must be a whole number from 1000 to 500000, not -5"),
        ("60000", "6e4", "whole number from 1000"),
        ("60000", '"60000"', "whole number from 1000"),
        ("60000", "true", "whole number from 1000"),
        ("60000", "60000\nrated_drawdown_mm = 100000", "[well]: the drawdown is too large"),
        ("restart_delay_s", "restart_delay", "did you mean 'restart_delay_s'?"),
        ("restart_delay_s", "zzz", "'zzz' in [controller] is not known; known: "),
        ("restart_delay_s = 0", "restart_delay_s = -1", "[controller]: restart_delay_s = -1 is outside"),
        ("restart_delay_s = 0", "restart_delay_s = 3601", "is outside 0..3600"),
        ("restart_delay_s = 0", 'restart_delay_s = "0"', "is not a whole number"),
        ("restart_delay_s = 0", "restart_delay_s = true", "is not a whole number"),
        ("steps = [", "steps = 5 # [", "act 1 needs steps = ["),
        ("steps = [", "steps = [] # [", "act 1 needs steps = ["),
        ("steps = [", "stops = [", "did you mean 'steps'?"),
    ],
)  # fmt: skip
def test_a_wrong_key_or_value_is_named_with_what_to_write(refusal, old, new, said):
    assert said in refusal(changed(old, new))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{ do = "grnat", litres = 5 }', "'grnat' in act 1, step 1 is not known; did you mean 'grant'?"),
        ('{ do = "dance" }', "'dance' in act 1, step 1 is not known; known: "),
        ('{ check = "litre_exact" }', "did you mean 'litres_exact'?"),
        ('{ check = "start" }', 'write { do = "start" }, not check'),
        ('{ do = "receipt" }', 'write { check = "receipt" }, not do'),
        ('{ do = "start", check = "receipt" }', 'write { do = "…" } or { check = "…" }'),
        ("{ }", 'write { do = "…" } or { check = "…" }'),
        ('"start"', 'write { do = "…" } or { check = "…" }'),
        ("{ do = 5 }", "5 is no name of a step"),
        ('{ do = ["start"] }', "is no name of a step"),
        ('{ check = { name = "receipt" } }', "is no name of a step"),
        ('{ do = "pump" }', "pump needs seconds = …"),
        ('{ do = "pump", second = 5 }', "did you mean 'seconds'?"),
        ('{ do = "start", litres = 5 }', "'litres' in act 1, step 1 (start) is not known"),
        ('{ do = "pump", seconds = -1 }', "seconds = -1 is outside 0..86400"),
        ('{ do = "pump", seconds = 86401 }', "is outside 0..86400"),
        ('{ do = "pump", seconds = 1.5 }', "seconds = 1.5 must be a whole number"),
        ('{ do = "pump", seconds = "5" }', "must be a whole number"),
        ('{ do = "pump", seconds = true }', "must be a whole number"),
        ('{ do = "pump", seconds = [5] }', "must be a whole number"),
        ('{ do = "grant", litres = 1000000001 }', "litres = 1000000001 is outside"),
        ('{ do = "grant", litres = 0x' + "f" * 200 + " }", "is outside"),
        ('{ check = "stopped_by", cause = 10 }', "cause = 10 must be a text"),
        ('{ check = "stopped_by", cause = "buton" }', "did you mean 'button'?"),
        ('{ check = "records_wait", at_least = -1 }', "at_least = -1 is outside"),
        ('{ do = "fault", meter = "water" }', "fault needs name = …"),
        ('{ do = "fault", name = "bypass" }', "fault needs meter = …"),
        ('{ do = "fault", meter = "watr", name = "bypass" }', "did you mean 'water'?"),
        ('{ do = "fault", meter = 1, name = "bypass" }', "meter = 1 must be a text"),
        ('{ do = "fault", meter = "water", name = "bypas" }', "did you mean 'bypass'?"),
        ('{ do = "fault", meter = "water", name = 5 }', "name = 5 must be a text"),
        ('{ do = "fault", meter = "water", name = "ct_open" }', "'ct_open' in act 1, step 1 (fault) is not"),
        ('{ do = "mend", meter = "power", name = "empty_pipe" }', "'empty_pipe' in act 1, step 1 (mend)"),
        ('{ do = "mend", meter = "water", name = "swapped" }', "swapped happens once, there is nothing to"),
        ('{ do = "swap_meter" }', "swap_meter needs meter = …"),
        ('{ do = "swap_meter", meter = "gas" }', "'gas' in act 1, step 1 (swap_meter) is not known"),
        ('{ do = "swap_meter", meter = "water", opening = 5 }', "'opening' in act 1, step 1 (swap_meter)"),
        ('{ do = "silent_swap", meter = "level" }', "'level' in act 1, step 1 (silent_swap) is not known"),
        ('{ do = "enter_swap", meter = "water" }', "'meter' in act 1, step 1 (enter_swap) is not known"),
        ('{ do = "mains_cut", seconds = 5 }', "'seconds' in act 1, step 1 (mains_cut) is not known"),
        ('{ do = "mains_back", seconds = 5 }', "'seconds' in act 1, step 1 (mains_back) is not known"),
        ('{ do = "reset", meter = "water" }', "'meter' in act 1, step 1 (reset) is not known"),
        ('{ check = "event" }', "event needs cause = …"),
        ('{ check = "event", cause = "segment opend" }', "did you mean 'segment opened'?"),
        ('{ check = "event", cause = 134 }', "cause = 134 must be a text"),
        ('{ check = "noticed", cause = "energy without water" }', "noticed needs within = …"),
        ('{ check = "noticed", within = 300 }', "noticed needs cause = …"),
        ('{ check = "noticed", cause = "thief", within = 300 }', "'thief' in act 1, step 1 (noticed) is not"),
        ('{ check = "noticed", cause = "door opened", within = 0 }', "within = 0 is outside 1..86400"),
        ('{ check = "noticed", cause = "door opened", within = 86401 }', "is outside 1..86400"),
        ('{ check = "noticed", cause = "door opened", within = 1.5 }', "within = 1.5 must be a whole number"),
        ('{ check = "method" }', "method needs method = …"),
        ('{ check = "method", method = "meterd" }', "did you mean 'metered'?"),
        ('{ check = "method", method = 1 }', "method = 1 must be a text"),
        ('{ check = "converted_exact", within = 1 }', "'within' in act 1, step 1 (converted_exact) is not"),
        ('{ check = "meter_changed", meter = "water" }', "'meter' in act 1, step 1 (meter_changed) is not"),
    ],
)  # fmt: skip
def test_a_wrong_step_is_named_with_its_place(refusal, written, said):
    text = refusal(step(written))
    assert said in text and "act 1, step 1" in text


def test_the_second_act_is_named_as_such(refusal):
    more = GOOD + '\n[[act]]\ntitle = "T"\ntitle_zh = "T"\nsteps = [ { do = "start" }, { do = "strat" } ]\n'
    assert "act 2, step 2" in refusal(more)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "at least one act is needed"),
        ('title = "T"\ntitle_zh = "T"\nact = []', "at least one act is needed"),
        ('title = "T"\ntitle_zh = "T"\nact = [5]', "act 1 must be a table"),
        ("title = \nx = 1", "line 1, column 9"),
        ('title = "a"\ntitle = "b"\n', "line 2"),
        ("{json: true}", "line 1, column 1"),
        (b'title = "\xc0\xfd"', "is not UTF-8 text (byte 9)"),
        (GOOD.encode("utf-16"), "is not UTF-8 text"),
        (b"\0" * 100, "is not TOML"),
        ("x = " + "9" * 5000, "is not TOML"),
        ("x = " + "[" * 5000, "is not TOML"),
        (GOOD + "#" * 1_000_001, "larger than"),
    ],
)  # fmt: skip
def test_what_is_no_scenario_at_all_is_one_line(refusal, content, said):
    assert said in refusal(content)


def test_every_line_of_a_good_file_cut_off_is_a_scenario_or_one_line(tmp_path):
    data = GOOD.encode()
    path = tmp_path / "cut.toml"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        said = ""
        try:
            scenario.load(str(path))
        except scenario.ScenarioError as error:
            said = str(error)
        assert "\n" not in said


# -- the words -------------------------------------------------------------------------------


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_step_and_check_has_a_sentence_in_both_languages(lang):
    assert list(wording.STEPS[lang]) == list(HANDS)
    assert set(wording.CHECKS[lang]) == set(CHECKS)
    assert stage_wording.STAGE[lang].keys() == stage_wording.STAGE["en"].keys()


def test_both_languages_name_the_same_figures():
    for table in (wording.STEPS, stage_wording.STAGE):
        for name, text in table["en"].items():
            if name in ("on the desk", "beside it"):
                continue  # one text on two lines
            assert places(text) == places(table["zh"][name]), name
    for name, (asked, found) in wording.CHECKS["en"].items():
        zh = wording.CHECKS["zh"][name]
        assert not places(asked) and not places(zh[0])
        assert places(found) == places(zh[1]), name


def test_a_step_s_sentence_asks_for_nothing_that_the_scenario_does_not_give():
    for lang in wording.LANGUAGES:
        for name, function in HANDS.items():
            assert places(wording.STEPS[lang][name]) <= set(function.__annotations__), name


def test_every_cause_has_words_in_both_languages():
    for number, words in causes.every():
        assert wording.of_cause("en", number) == words
        assert any("\u4e00" <= letter <= "\u9fff" for letter in wording.of_cause("zh", number)), words


def test_a_cause_of_a_later_version_is_its_number():
    assert wording.of_cause("zh", 250) == "cause 250"


@pytest.mark.parametrize(
    ("meters", "said"),
    [
        ('heat = "tuf2000m"', "'heat' in [meters] is not known"),
        ("water = 3", 'water in [meters] is a text: "PROFILE@ADDRESS"'),
        ('water = "tuf2000x@1"', "did you mean tuf2000m?"),
        ('water = "tuf2000m@300"', "a Modbus address is 1 to 247"),
        ('power = "dlt645-2007@12"', "12 digits"),
        ('water = "tuf2000m@2"', "address 2 is taken"),
        ('water = "None"', "None is not known"),
        ('power = "none"', 'power in [meters] cannot be "none"'),
    ],
)
def test_meters_that_cannot_hang_there_are_one_line(tmp_path, meters, said):
    path = tmp_path / "own.toml"
    path.write_text(
        f'title = "T"\ntitle_zh = "T"\n[meters]\n{meters}\n[[act]]\ntitle = "A"\ntitle_zh = "A"\n'
        'steps = [{ check = "pump_is_off" }]\n',
        encoding="utf-8",
    )
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.load(str(path))
    assert said in str(caught.value) and "\n" not in str(caught.value)


OWN = """
title = "T"
title_zh = "T"
[meters]
{meters}
[[act]]
title = "A"
title_zh = "A"
steps = [{step}]
"""


def test_a_well_without_a_flow_meter_says_none(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN.format(meters='water = "none"', step='{ check = "converted_exact" }'), "utf-8")
    assert scenario.load(str(path)).meters == {"water": "none"}


@pytest.mark.parametrize(
    ("meters", "step", "said"),
    [
        ('water = "none"', '{ do = "fault", meter = "water", name = "bypass" }', "no water meter hangs at"),
        ('water = "none"', '{ do = "swap_meter", meter = "water" }', "no water meter hangs at this well"),
        ('water = "cjt188@00000805000001"', '{ do = "swap_meter", meter = "water" }', "called by its number"),
        (
            'power = "dlt645-2007@000000000001"',
            '{ do = "silent_swap", meter = "power" }',
            "the power meter is called by its number",
        ),
    ],
)
def test_a_step_that_the_mounted_meters_do_not_allow_is_refused(refusal, meters, step, said):
    assert said in refusal(OWN.format(meters=meters, step=step))


def test_what_hangs_at_the_well_knows_its_own_faults(tmp_path):
    path = tmp_path / "own.toml"
    for meters, fault in (('water = "cjt188@00000805000001"', "valve_stuck"), ("", "bypass")):
        step = f'{{ do = "fault", meter = "water", name = "{fault}" }}'
        path.write_text(OWN.format(meters=meters, step=step), "utf-8")
        assert scenario.load(str(path)).acts[0].steps[0].values["name"] == fault


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_a_fault_stands_in_the_sentence_in_words(lang):
    said = {
        wording.of_step(lang, "fault", {"meter": meter, "name": "bypass"}) for meter in ("water", "power")
    }
    wanted = {
        "en": {
            "At the water meter: the water goes around the meter",
            "At the power meter: the motor is fed past the meter: no current, no power, the energy stops",
        },
        "zh": {"水表：水绕过水表", "电表：电机绕表用电：无电流、无功率，电量停止"},
    }
    assert said == wanted[lang]


@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_method_has_words_and_an_unknown_one_is_its_number(lang):
    assert wording.METHODS[lang].keys() == {1, 2, 3, 4}
    for method, words in wording.METHODS[lang].items():
        assert words in wording.of_finding(lang, "method", {"method": method})
    assert "9" in wording.of_finding(lang, "method", {"method": 9})
