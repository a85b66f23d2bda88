"""The stage shows the same sentences on a terminal and in a pipe, and the live page fits 100 x 40.

Scenarios that are played at the same time are told one after the other.
"""

import io
import itertools
import re
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len
from rich.console import Console

from karez_simulators import cli, scenario, wording
from karez_simulators.clock import Clock
from karez_simulators.physical_site import PhysicalSite
from karez_simulators.stage import Stage

COLUMNS, LINES = 100, 40
SEEN = {
    "level": "province",
    "flow": "62.2", "power": "20.6", "booked": 1_234_567, "metered": 1_234_567, "cause": 21,
    "code": "49XQJ54T", "ceiling": 1_234_567, "over": 9, "bound": 31, "seqs": "1, 2, 3", "waiting": 10,
    "new": 10, "last": 1234,
    "volume": 1_234_000, "rest": 253, "ledger": 1_234_567, "litres": 99, "outage": 6, "verdict": "proved",
    "irrigations": 17, "seq": 25, "first": 4063, "seconds": 189, "within": 300, "method": 2,
    "closing": 12_345_678, "opening": 12_345_678, "base": 1_234_567,
    "started": 7, "stopped": 7, "count": 3, "covered": 1234, "state": 2, "number": 3, "before": 1_234_567,
    "held": 1_234_567, "states": "acknowledged, raised", "wells": "1234.56", "feeder": "1234.56",
    "unexplained": "1234.56",
    "energy": "1234.56", "coefficient": "2.884", "lifted": 1_234_567,
    "site": "410105-0001", "gone": "40f33d", "spare": "576b9b", "spare_state": "active",
    "gone_state": "replaced", "gone_seq": 1, "told": 1_234_567,
    "strength": 100, "found": 200, "runs": 200, "half": 100, "most": 100,
    "alarms": 10, "years": "1234", "apart": 123, "own": 123, "account": 4_294_967_294,
    "rule": "laid-up", "who": "farmer", "against": "violation", "outcome": "withdrawn",
}  # fmt: skip
SECONDS = re.compile(r"\d+(?= s\b| 秒)")


DEMO = cli.DEMO


def stage_on(console, lang="en", names=("one-litre",)):
    return Stage([scenario.load(name) for name in names], lang, console)


def pipe():
    return Console(file=io.StringIO(), width=80)


def terminal():
    """A terminal of 100 x 40 whose every byte is kept."""
    return Console(file=io.StringIO(), width=COLUMNS, height=LINES, force_terminal=True)


def play(lane, held=True):
    """Everything holds, with figures of the usual length; with `held` False the newest step does not."""
    lane.setting_up("mosquitto")
    lane.set_up(5.4)
    for act in lane._scenario.acts:
        lane.act(act)
        for step in act.steps:
            is_last = step is lane._scenario.acts[-1].steps[-1]
            lane.done(lane.step(step), held or not is_last, SEEN if step.is_check else None)
            if is_last and not held:
                return
        lane.act_ends()
    lane.ends()


def wanted(lane):
    """How many sentences a scenario that was played to its end is told with."""
    acts = lane._scenario.acts
    return 4 + sum(len(act.steps) + 2 for act in acts) + (lane._first > 1)


def desk(meters=None):
    """What the stage looks at of a desk."""
    return SimpleNamespace(
        site=PhysicalSite(Clock(), meters=meters),
        slots=[b""] * 47,
        waiting=3,
        panel=["PUMP OFF", "used 2449 L", "left 48864 L", "063RGWHW"],
        platforms=SimpleNamespace(
            receipts=1, county=SimpleNamespace(reports=[SimpleNamespace(confirm_bytes=b"1", volume_m3=2)])
        ),
    )


def said(console):
    """The sentences on a console, without drawing, colours and seconds."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue()).replace("\r", "\n")
    lines = (line.strip() for line in text.split("\n"))
    return [SECONDS.sub("N", line) for line in lines if line and line[0] not in "╭│╰"]


@pytest.mark.parametrize("names", [("one-litre",), DEMO])
@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_a_pipe_and_a_terminal_are_told_the_same(lang, names):
    told = []
    for console in (pipe(), terminal()):
        stage = stage_on(console, lang, names)
        with stage:
            for lane in stage.lanes:
                play(lane)
        stage.close()
        told.append(said(console))
    assert told[0] == told[1]
    assert len(told[0]) == sum(map(wanted, stage.lanes)) + 1


@pytest.mark.parametrize(
    ("make", "order"),
    [(terminal, (2, 1, 0)), *((pipe, order) for order in itertools.permutations(range(len(DEMO))))],
)
def test_in_whatever_order_desks_are_ready_people_read_one_after_the_other(make, order):
    told = []
    for console, numbers in ((pipe(), range(len(DEMO))), (make(), order)):
        stage = stage_on(console, names=DEMO)
        with stage:
            for number in numbers:
                play(stage.lanes[number])
        stage.close()
        told.append(said(console))
    assert told[0] == told[1]
    heads = [line for line in told[0] if re.match(r"\d+\. ", line)]
    assert [int(line.split(".")[0]) for line in heads] == list(range(1, len(heads) + 1))


def test_a_later_scenario_is_not_shown_before_its_turn_and_then_with_all_it_has_done():
    console = pipe()
    stage = stage_on(console, names=DEMO)
    first, second, _ = stage.lanes
    with stage:
        second.setting_up("in-process")
        second.act(second._scenario.acts[0])
        assert said(console) == []
        play(first)
        assert said(console)[-1].startswith(f"{second._first}. ")
        second.step(second._scenario.acts[0].steps[0])
        second.done(second.acts[0].lines[0], True, None)
        assert said(console)[-1].startswith("· ")


@pytest.mark.parametrize("make", [pipe, terminal])
def test_a_scenario_that_fails_behind_the_one_that_is_shown_is_told_before_the_verdict(make):
    console = make()
    stage = stage_on(console, names=DEMO)
    first, second, _ = stage.lanes
    with stage:
        first.act(first._scenario.acts[0])
        first.step(first._scenario.acts[0].steps[0])  # it was in the middle of something
        play(second, held=False)
    stage.close()
    told = said(console)
    assert told[-2].startswith("✗ Not so: karez verify") and told[-1].startswith("A check did not hold; ")


def test_a_pipe_gets_one_line_per_step_however_narrow_and_no_colours():
    console = Console(file=io.StringIO(), width=20)
    stage = stage_on(console)
    with stage:
        play(stage.lanes[0])
    stage.close()
    text = console.file.getvalue()
    checks = sum(step.is_check for act in scenario.load("one-litre").acts for step in act.steps)
    assert "\x1b" not in text
    assert "\n   ✓ The gateway's log holds records 1 to 1234, each once, byte for byte\n" in text
    assert text.endswith(" s\n") and f"Every check held: {checks} checks" in text


@pytest.mark.parametrize("name", scenario.names())
@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_the_live_page_fits_at_every_step(lang, name):
    console = terminal()
    stage = stage_on(console, lang, (name,))
    lane = stage.lanes[0]
    lane.shows(desk(scenario.load(name).meters))
    for act in lane._scenario.acts:
        lane.act(act)
        for step in act.steps:
            line = lane.step(step)
            for _ in range(2):
                lines = console.render_lines(stage.page())
                assert len(lines) < LINES
                assert all(sum(one.cell_length for one in row) <= COLUMNS for row in lines)
                lane.done(line, True, SEEN if step.is_check else None)
        lane.act_ends()


@pytest.mark.parametrize("height", [6, 24])
def test_on_a_small_terminal_the_newest_lines_and_the_desk_stay(height):
    console = Console(file=io.StringIO(), width=80, height=height, force_terminal=True)
    stage = stage_on(console)
    lane = stage.lanes[0]
    lane.shows(desk())
    lane.act(lane._scenario.acts[4])
    for step in lane._scenario.acts[4].steps:
        line = lane.step(step)
    text = "\n".join("".join(one.text for one in row) for row in console.render_lines(stage.page()))
    assert line.text[:40] in text and "used 2449 L" in text


@pytest.mark.parametrize("name", scenario.names())
@pytest.mark.parametrize("lang", wording.LANGUAGES)
def test_every_sentence_fits_the_live_page_in_full(lang, name):
    for act in scenario.load(name).acts:
        for step in act.steps:
            if step.is_check:
                text = wording.of_finding(lang, step.name, SEEN)
            else:
                text = wording.of_step(lang, step.name, step.values)
            assert cell_len(text) <= COLUMNS - len("│    ✓   │"), text


def test_a_check_that_does_not_hold_is_marked_and_called_so():
    console = pipe()
    stage = stage_on(console)
    with stage:
        lane = stage.lanes[0]
        act = lane._scenario.acts[0]
        lane.act(act)
        lane.done(lane.step(act.steps[0]), True, None)
        exact = next(step for step in act.steps if step.name == "litres_exact")
        lane.done(lane.step(exact), False, {"booked": 4, "metered": 5})
    stage.close()
    assert said(console)[-2:] == [
        "✗ Not so: The controller has booked 4 L; the water meter has counted 5 L",
        "A check did not hold; 1 were looked at in N s",
    ]


def test_a_step_that_could_not_be_done_is_marked_with_its_reason():
    console = pipe()
    stage = stage_on(console)
    with stage:
        lane = stage.lanes[0]
        lane.act(lane._scenario.acts[0])
        lane.failed(lane.step(lane._scenario.acts[0].steps[1]), "did not happen within 25 s")
    stage.close()
    last = said(console)[-2:]
    assert last[0].startswith("✗ A farmer holds the card") and last[0].endswith(": did not happen within N s")
    assert last[1].startswith("A step could not be done")


def test_what_was_interrupted_is_shown_as_unfinished_on_a_terminal():
    console = terminal()
    stage = stage_on(console)
    with stage:
        lane = stage.lanes[0]
        lane.act(lane._scenario.acts[0])
        lane.step(lane._scenario.acts[0].steps[2])
    assert said(console)[-1] == "… The pump runs for N s"


def test_the_picture_is_an_svg_that_asks_nothing_of_a_network(tmp_path):
    stage = stage_on(pipe(), "zh", DEMO)
    stage.lanes[-1].shows(desk())
    with stage:
        for lane in stage.lanes:
            play(lane)
    stage.save_picture(tmp_path / "demo.svg", "karez bench demo")
    svg = (tmp_path / "demo.svg").read_text(encoding="utf-8")
    root = ET.fromstring(svg)
    text = "".join(root.itertext()).replace("\xa0", " ")
    for lane in stage.lanes:
        assert lane._scenario.title_zh in text
        for act in lane._scenario.acts:
            assert act.title_zh in text
    assert "karez bench demo" in text and "used 2449 L" in text
    assert re.findall(r"(?:url\(\"?|href=\"|src=)(?!#)[^)\"]*", svg) == []
    assert set(re.findall(r"https?://[\w./]+", svg)) == {
        "http://www.w3.org/2000/svg",
        "https://www.textualize.io",
    }


def test_the_shipped_acts_have_titles_that_fit_a_line():
    # What the terminal shows as the frame's title is cut, not wrapped.
    for act in (act for name in scenario.names() for act in scenario.load(name).acts):
        assert cell_len(act.title) <= COLUMNS - 6 and cell_len(act.title_zh) <= COLUMNS - 6
