"""A campaign's life, and what of it may be edited when."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.campaign import (
    FINAL,
    OPEN,
    PAUSE_WORDS,
    TRANSITIONS,
    WORDS,
    CampaignState,
    Command,
    Moved,
    Part,
    PausedBy,
    Refused,
    Unchanged,
    after,
    may_edit,
)

DRAFT, SCHEDULED, ACTIVE, PAUSED, COMPLETED, CANCELLED = CampaignState
NOW, AT, DUE, MISS, UNSCHEDULE, PAUSE, RESUME, CANCEL, EXHAUSTED = Command

MOVES = {
    (DRAFT, NOW): ACTIVE,
    (DRAFT, AT): SCHEDULED,
    (SCHEDULED, DUE): ACTIVE,
    (SCHEDULED, MISS): PAUSED,
    (SCHEDULED, UNSCHEDULE): DRAFT,
    (SCHEDULED, CANCEL): CANCELLED,
    (ACTIVE, PAUSE): PAUSED,
    (ACTIVE, EXHAUSTED): COMPLETED,
    (ACTIVE, CANCEL): CANCELLED,
    (PAUSED, RESUME): ACTIVE,
    (PAUSED, CANCEL): CANCELLED,
}
REPEATS = {
    *itertools.product([ACTIVE, PAUSED, COMPLETED], [NOW, AT]),
    (SCHEDULED, AT),
    (ACTIVE, DUE),
    (PAUSED, MISS),
    (DRAFT, UNSCHEDULE),
    (PAUSED, PAUSE),
    (ACTIVE, RESUME),
    (CANCELLED, CANCEL),
    (COMPLETED, EXHAUSTED),
}
PAIRS = [
    pytest.param(state, command, id=f"{command} of one that is {state}")
    for state, command in itertools.product(CampaignState, Command)
]


@pytest.mark.parametrize(("state", "command"), PAIRS)
def test_a_command_moves_repeats_or_is_refused(state: CampaignState, command: Command) -> None:
    answer = after(state, command)
    if (state, command) in MOVES:
        assert answer == Moved(MOVES[state, command])
    elif (state, command) in REPEATS:
        assert answer == Unchanged(state)
    else:
        assert isinstance(answer, Refused)


@pytest.mark.parametrize(
    ("state", "command", "sentence"),
    [
        pytest.param(CANCELLED, NOW, "This campaign was cancelled. Duplicate it to send it.", id="what ended"),
        pytest.param(
            COMPLETED, RESUME, "This campaign is completed. Duplicate it to send it again.", id="what ended by itself"
        ),
        pytest.param(
            SCHEDULED,
            NOW,
            "This campaign is scheduled. Unschedule it first to launch it now.",
            id="launched for later, and now at once",
        ),
        pytest.param(
            SCHEDULED, PAUSE, "This campaign has not begun. Unschedule or cancel it instead.", id="not begun yet"
        ),
        pytest.param(ACTIVE, UNSCHEDULE, "This campaign has begun. Pause or cancel it instead.", id="begun meanwhile"),
        pytest.param(DRAFT, RESUME, "Only a paused campaign can be resumed.", id="never paused"),
    ],
)
def test_a_refusal_says_what_to_do(state: CampaignState, command: Command, sentence: str) -> None:
    assert after(state, command) == Refused(sentence)


@settings(deadline=None)
@given(st.sampled_from(CampaignState), st.sampled_from(Command))
def test_a_command_that_comes_twice_changes_nothing_the_second_time(state: CampaignState, command: Command) -> None:
    first = after(state, command)
    if isinstance(first, Moved):
        assert after(first.state, command) == Unchanged(first.state)
    else:
        assert after(state, command) == first


@settings(deadline=None)
@given(st.lists(st.sampled_from(Command), max_size=12))
def test_whatever_comes_after_the_end_it_stays_the_end(commands: list[Command]) -> None:
    for end in FINAL:
        assert not any(isinstance(after(end, command), Moved) for command in commands)


def test_of_many_launches_one_moves() -> None:
    state, moves = DRAFT, 0
    for command in (NOW, NOW, AT, NOW, AT):
        answer = after(state, command)
        assert not isinstance(answer, Refused)
        moves, state = moves + isinstance(answer, Moved), answer.state
    assert (moves, state) == (1, ACTIVE)


def test_the_tables_hold_every_state() -> None:
    assert set(TRANSITIONS) == set(WORDS) == set(CampaignState)
    assert set(PAUSE_WORDS) == set(PausedBy)
    assert OPEN | FINAL | {DRAFT} == set(CampaignState)
    assert all(not TRANSITIONS[state] for state in FINAL)


EDITABLE = {
    Part.NAME: set(CampaignState),
    Part.DESCRIPTION: set(CampaignState),
    Part.TEXT: {DRAFT, SCHEDULED, ACTIVE, PAUSED},
    Part.RATE: {DRAFT, SCHEDULED, ACTIVE, PAUSED},
    Part.DRIP: {DRAFT, SCHEDULED, ACTIVE, PAUSED},
    Part.SCHEDULE: {DRAFT, SCHEDULED},
    Part.SHARES: {DRAFT},
    Part.AUDIENCE: {DRAFT},
    Part.NUMBER: {DRAFT, SCHEDULED},
    Part.RULES: {DRAFT, SCHEDULED, ACTIVE, PAUSED},
}


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("state", CampaignState)
def test_what_may_be_edited_when(state: CampaignState, part: Part) -> None:
    refused = may_edit(state, part)
    assert (refused is None) == (state in EDITABLE[part])
    assert refused is None or refused.sentence.endswith(".")


@pytest.mark.parametrize("part", Part)
@pytest.mark.parametrize("state", [DRAFT, SCHEDULED, ACTIVE])
def test_while_it_is_being_launched_its_name_and_description_alone_can_be_changed(
    state: CampaignState, part: Part
) -> None:
    refused = may_edit(state, part, launching=True)
    assert (refused is None) == (part in {Part.NAME, Part.DESCRIPTION})
    assert refused is None or refused.sentence == "This campaign is being launched. Change it once that is done."


def test_who_wants_other_recipients_is_told_how() -> None:
    assert may_edit(SCHEDULED, Part.AUDIENCE) == Refused(
        "The recipients are fixed at the launch. Unschedule the campaign to change them."
    )
