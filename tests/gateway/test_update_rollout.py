"""The roll-out's rules alone: who is when, what lets it go on, what stops it, and that a table says so."""

import pytest

from karez_gateway.updates import judging, rollout
from karez_gateway.updates.ears import SPANS_MAX, Ears
from karez_gateway.updates.judging import Times
from karez_gateway.updates.rollout import Settings, Site

NOW_S = 1_800_000_000
SOUND = Settings()
DAY_S = 86_400


def judge(stage, sites, resumed_utc_s=0, **times):
    return judging.judge(stage, sites, SOUND, Times(NOW_S, resumed_utc_s=resumed_utc_s, **times))


def wells(count, kept=0, done_s=NOW_S - 4 * DAY_S, **changed):
    """`count` wells in their order, the first `kept` of them updated and heard a minute ago."""
    return [
        Site(
            f"box-{at}", f"well-{at}", rollout.KEPT if at < kept else rollout.WAITING, "", NOW_S - 60,
            done_s if at < kept else None, **changed,
        )
        for at in range(count)
    ]  # fmt: skip


def changed(sites, at, **values):
    from dataclasses import replace

    return [replace(one, **values) if number == at else one for number, one in enumerate(sites)]


def test_the_order_follows_from_the_digest_and_drinking_water_goes_last():
    boxes = {f"box-{at}": at % 5 == 0 for at in range(100)}
    found = rollout.order(b"1" * 32, boxes)
    assert found == rollout.order(b"1" * 32, dict(reversed(boxes.items())))
    assert found != rollout.order(b"2" * 32, boxes) and sorted(found) == sorted(boxes)
    assert [boxes[name] for name in found] == [False] * 80 + [True] * 20


@pytest.mark.parametrize(
    ("count", "shares"), [(1, (1, 1, 1)), (9, (1, 1, 9)), (100, (1, 10, 100)), (7_001, (71, 701, 7_001))]
)
def test_a_stage_has_one_percent_then_ten_then_all(count, shares):
    assert tuple(rollout.share(count, stage) for stage in rollout.STAGES) == shares


def test_only_the_stages_own_wells_are_sent_to_and_other_boards_are_not_counted():
    sites = wells(100)
    assert judge(rollout.FIRST, sites).targets == ("box-0",)
    sites = changed(sites, 0, state=rollout.OTHER_BOARD)
    assert judge(rollout.FIRST, sites).targets == ("box-1",)
    assert len(judge(rollout.SECOND, wells(100, 1)).targets) == 9
    assert judge(rollout.FIRST, changed(wells(1), 0, state=rollout.NEWER)).targets == ()


def test_the_next_stage_begins_when_enough_were_watched_long_enough():
    watched = NOW_S - SOUND.watch_s
    assert judge(rollout.FIRST, wells(100, 1, watched + 1)).event == ""
    said = judge(rollout.FIRST, wells(100, 1, watched))
    assert said.event == rollout.PASSED and "1 of 1 wells" in said.why
    # Nine of ten are a quorum: one that is offline for weeks holds up nobody; eight are none.
    assert judge(rollout.SECOND, wells(100, 9)).event == rollout.PASSED
    assert judge(rollout.SECOND, wells(100, 8)).event == ""
    # The watch of a stage begins with its own quorum, not with the first stage's.
    late = changed(wells(100, 9), 8, done_utc_s=NOW_S - 60)
    assert judge(rollout.SECOND, late).event == ""
    assert judge(rollout.REST, wells(100, 100)).event == rollout.PASSED
    assert judge(rollout.REST, wells(100, 99)).event == ""


@pytest.mark.parametrize(
    ("at", "values", "said"),
    [
        (0, {"state": rollout.RETURNED}, "well-0 has given it back"),
        (0, {"heard_utc_s": NOW_S - 7 * 3600}, "well-0 is silent for 7 h"),
        (0, {"heard_utc_s": None}, "well-0 is silent for 96 h"),
        (0, {"alarmed_utc_s": NOW_S - 60}, "alarms at 100 % of the updated wells, at 0 % of the others"),
    ],
)
def test_it_stops_itself_and_says_why(at, values, said):
    found = judge(rollout.FIRST, changed(wells(100, 1), at, **values))
    assert found.event == rollout.WORSE and said in found.why and found.targets == ()
    # A person who has seen it lets it go on: it does not stop it twice, the silence starts anew.
    assert judge(rollout.FIRST, changed(wells(100, 1), at, **values), NOW_S).event != rollout.WORSE


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ratio_permille": 1_101}, "110.1 % of before at the updated wells, 100 % at the others"),
        ({"ratio_permille": 899}, "89.9 % of before"),
        ({"ratio_permille": 1_000, "usual_permille": 1_101}, "100 % of before at the updated wells, 110.1 %"),
    ],
)
def test_more_or_less_energy_for_a_cubic_metre_stops_it(values, said):
    found = judge(rollout.FIRST, changed(wells(100, 1), 0, **values))
    assert found.event == rollout.WORSE and said in found.why and found.targets == ()
    near = {"ratio_permille": 1_100, "usual_permille": 1_000}
    assert judge(rollout.FIRST, changed(wells(100, 1), 0, **near)).event == rollout.PASSED


def test_what_is_so_at_all_wells_is_not_the_updates_doing():
    assert judge(rollout.FIRST, wells(100, 1, alarmed_utc_s=NOW_S - 60)).event == rollout.PASSED
    assert (
        judge(rollout.FIRST, wells(100, 1, ratio_permille=1_300, usual_permille=1_300)).event
        == rollout.PASSED
    )
    # A well that sleeps and was not updated says nothing about the update.
    sites = changed(wells(100, 1), 50, heard_utc_s=None)
    assert judge(rollout.FIRST, sites).event == rollout.PASSED


def test_every_pair_of_state_and_event_is_in_the_table_or_refused():
    events = (rollout.PASSED, rollout.WORSE, rollout.PAUSE, rollout.RESUME, rollout.WITHDRAW)
    found = {
        (state, event): rollout.after(state, event, rollout.SECOND)
        for state in rollout.TABLE
        for event in events
    }
    assert found[rollout.STOPPED, rollout.RESUME] == found[rollout.PAUSED, rollout.RESUME] == rollout.SECOND
    assert found[rollout.STOPPED, rollout.PASSED] is None  # nothing but a person lets it go on
    assert {state for (state, _), after in found.items() if after is not None} == {
        *rollout.STAGES, rollout.PAUSED, rollout.STOPPED,
    }  # fmt: skip


HOUR_S = 3600


def test_one_box_alone_stops_nothing_with_its_unsigned_word_several_do():
    """The topic is not signed: one hostile box would hold up a county's security update."""
    sites = wells(100, 1, NOW_S - HOUR_S)
    for at in (1, 2):
        word = {"state": rollout.REFUSED, "reason": "refused: x", "done_utc_s": NOW_S - 60}
        sites = changed(sites, at, **word)
        found = judge(rollout.SECOND, sites)
        assert found.event == "" and f"{at} did not take it" in found.why
        # Others take their turn, and they are asked again, too.
        assert {"box-1", f"box-{9 + at}"} <= set(found.targets)
    found = judge(rollout.SECOND, changed(sites, 3, **word))
    assert (found.event, found.targets) == (rollout.WORSE, ())
    assert "3 wells did not take it, well-1 for instance: refused: x" in found.why
    assert judge(rollout.SECOND, changed(sites, 3, **word), NOW_S).event == ""
    # Three of many are no tenth of them.
    many = wells(100, 40, NOW_S - HOUR_S)
    for at in (40, 41, 42):
        many = changed(many, at, **word)
    assert judge(rollout.REST, many).event == ""


def test_a_resume_does_not_shorten_the_watch():
    watched = wells(100, 1, NOW_S - 4 * DAY_S)
    assert judge(rollout.FIRST, watched).event == rollout.PASSED
    found = judge(rollout.FIRST, watched, NOW_S - HOUR_S)
    assert found.event == "" and "watched for 71 h more" in found.why


def test_who_gave_it_back_and_was_seen_by_a_person_counts_no_more():
    sites = changed(wells(100), 0, state=rollout.RETURNED, done_utc_s=NOW_S - HOUR_S)
    assert judge(rollout.FIRST, sites).event == rollout.WORSE
    assert judge(rollout.FIRST, sites, NOW_S - 60).targets == ("box-1",)
    every = changed(wells(10, 10), 3, state=rollout.RETURNED, done_utc_s=NOW_S - HOUR_S)
    assert judge(rollout.REST, every, NOW_S - 60).event == rollout.PASSED
    again = changed(every, 4, state=rollout.RETURNED, done_utc_s=NOW_S - 30)
    assert judge(rollout.REST, again, NOW_S - 60).event == rollout.WORSE


def test_a_well_that_is_away_gives_its_turn_to_the_next_one():
    away = changed(wells(100), 0, heard_utc_s=NOW_S - 2 * DAY_S)
    assert judge(rollout.FIRST, away).targets == ("box-1",)
    # It has a day from the stage's beginning, and comes back into its place when it is heard.
    assert judge(rollout.FIRST, away, since_utc_s=NOW_S - HOUR_S).targets == ("box-0",)
    gone = changed(away, 0, state=rollout.SENDING)
    assert judge(rollout.FIRST, gone).targets == ("box-1",)
    assert "box-0" in judge(rollout.REST, away).targets
    none = [each for at in range(10) for each in changed(wells(10), at, heard_utc_s=0)[at : at + 1]]
    found = judge(rollout.SECOND, none)
    assert (found.event, found.targets) == ("", ()) and "only 0 of them are heard and willing" in found.why
    found = judge(rollout.FIRST, changed(wells(1), 0, state=rollout.OTHER_BOARD))
    assert "no well left that it is for: withdraw it" in found.why


def test_one_percent_is_of_each_board_and_not_one_percent_of_all_for_one():
    """Of a thousand wells thirty have the board. The gateway learns it by asking."""
    sites = wells(1_000)
    board = set(range(0, 990, 33))
    while True:
        targets = judge(rollout.SECOND, sites).targets
        strange = [name for name in targets if int(name[4:]) not in board]
        if not strange:
            break
        for name in strange:
            sites = changed(sites, int(name[4:]), state=rollout.OTHER_BOARD)
    assert targets == ("box-0", "box-33", "box-66", "box-99")  # of the first hundred, not a hundred of thirty


def test_both_groups_are_held_against_each_other_over_the_same_time():
    """Alarms of the others before the restart say nothing: they would hide what came after it."""
    sites = changed(wells(100, 1, NOW_S - HOUR_S), 0, alarmed_utc_s=NOW_S - 60)
    storm = [sites[0]] + [changed([one], 0, alarmed_utc_s=NOW_S - 2 * HOUR_S)[0] for one in sites[1:]]
    found = judge(rollout.FIRST, storm)
    assert found.event == rollout.WORSE and "at 100 % of the updated wells, at 0 % of the others" in found.why
    both = [changed([one], 0, alarmed_utc_s=NOW_S - 60)[0] for one in sites]
    assert judge(rollout.FIRST, both).event == ""
    # What comes after a person let it go on counts at old wells as at new ones.
    assert judge(rollout.FIRST, sites, NOW_S - HOUR_S // 2).event == rollout.WORSE
    assert judge(rollout.FIRST, sites, NOW_S - 30).event == ""


def test_a_dead_well_that_a_person_has_seen_does_not_stop_it_every_six_hours():
    dead = changed(wells(100, 1), 0, heard_utc_s=NOW_S - 30 * HOUR_S)
    assert judge(rollout.FIRST, dead).event == rollout.WORSE
    resumed = NOW_S - 7 * HOUR_S
    found = judge(rollout.FIRST, dead, resumed)
    assert found.event == "" and found.targets == ("box-1",)  # nothing is learned from it
    back = changed(dead, 0, heard_utc_s=resumed + 60)
    assert "silent for 6 h" in judge(rollout.FIRST, back, resumed).why
    # One that had been silent for an hour only was not seen.
    recent = changed(dead, 0, heard_utc_s=resumed - HOUR_S)
    assert "silent for 8 h" in judge(rollout.FIRST, recent, resumed).why


def test_the_gateways_own_outage_is_no_silence_of_a_well():
    sites = changed(wells(100, 1), 0, heard_utc_s=NOW_S - 10 * HOUR_S)
    outage = (NOW_S - 9 * HOUR_S, NOW_S - 3 * HOUR_S)
    assert judge(rollout.FIRST, sites, deaf=[outage]).event == rollout.PASSED
    assert judge(rollout.FIRST, sites, deaf=[(0, NOW_S - HOUR_S)]).event == rollout.PASSED
    short = (NOW_S - 9 * HOUR_S, NOW_S - 6 * HOUR_S)
    assert "is silent for 7 h" in judge(rollout.FIRST, sites, deaf=[short]).why


def test_ears_know_when_nobody_could_be_heard():
    ears = Ears()
    assert ears.deaf(100) == ((0, 100),)
    for now_s, is_listening in ((100, True), (150, True), (200, False), (250, False), (300, True)):
        ears.note(now_s, is_listening=is_listening)
    assert ears.deaf(400) == ((0, 100), (200, 300))
    for at in range(2 * SPANS_MAX):
        ears.note(1_000 + at, is_listening=bool(at % 2))
    spans = ears.deaf(NOW_S)
    assert len(spans) == SPANS_MAX and spans[0][0] == 0 and sorted(spans) == list(spans)
