"""Which state an MT is in, whatever order the news comes in."""

from datetime import timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.carrier import CarrierStatus
from server.domain.delivery import (
    FAILED,
    NEVER_LEFT,
    RANK,
    TERMINAL,
    WORDS,
    State,
    advance,
    fold_parts,
    is_terminal,
    reported,
)

RECEIPTS = (State.UNCONFIRMED, State.SENT, State.UNDELIVERED, State.DELIVERED)


def learn(state: State, news: list[State]) -> State:
    for observed in news:
        state = advance(state, observed)
    return state


@given(st.sampled_from(list(State)), st.lists(st.sampled_from(RECEIPTS), max_size=8), st.data())
def test_any_order_and_number_of_receipts_ends_in_the_same_state(
    start: State, receipts: list[State], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(receipts))
    repeated = shuffled + data.draw(st.lists(st.sampled_from(receipts), max_size=5) if receipts else st.just([]))
    assert learn(start, receipts) is learn(start, repeated)


def test_what_receipts_and_time_tell_is_a_join() -> None:
    """Of what is not our own decision: it may come twice, in any order, and by any detour."""
    told = [state for state in State if state not in NEVER_LEFT]
    for one, other, third in product(told, repeat=3):
        assert advance(one, one) is one
        assert advance(one, other) is advance(other, one)
        assert advance(advance(one, other), third) is advance(one, advance(other, third))


@given(st.sampled_from(list(State)), st.lists(st.sampled_from(list(State)), max_size=8))
def test_no_news_lowers_the_rank(start: State, news: list[State]) -> None:
    assert RANK[learn(start, news)] >= RANK[start]


@pytest.mark.parametrize("start", sorted(NEVER_LEFT))
@pytest.mark.parametrize("observed", list(State))
def test_what_never_left_stays_so(start: State, observed: State) -> None:
    assert advance(start, observed) is start


@pytest.mark.parametrize("wired", [State.SENT, State.UNDELIVERED, State.DELIVERED])
@pytest.mark.parametrize("late", sorted(NEVER_LEFT))
def test_what_was_wired_cannot_be_refused_or_cancelled_afterwards(wired: State, late: State) -> None:
    assert advance(wired, late) is wired


@pytest.mark.parametrize(
    ("current", "observed", "expected"),
    [
        pytest.param(State.QUEUED, State.SENT, State.SENT, id="accepted"),
        pytest.param(State.UNDELIVERED, State.DELIVERED, State.DELIVERED, id="the handset has it after all"),
        pytest.param(State.DELIVERED, State.UNDELIVERED, State.DELIVERED, id="a late failure after delivery"),
        pytest.param(State.DELIVERED, State.SENT, State.DELIVERED, id="a late sent after delivery"),
        pytest.param(State.UNCONFIRMED, State.SENT, State.SENT, id="the list shows it"),
        pytest.param(State.UNCONFIRMED, State.REJECTED, State.REJECTED, id="asked again, it was refused"),
        pytest.param(State.SENT, State.UNCONFIRMED, State.SENT, id="doubt after proof"),
        pytest.param(State.QUEUED, State.HELD, State.HELD, id="held for a person"),
    ],
)
def test_advance(current: State, observed: State, expected: State) -> None:
    assert advance(current, observed) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *[(word, State.SENT) for word in ("accepted", "scheduled", "queued", "sending", "sent", "partially_delivered")],
        *[(word, State.DELIVERED) for word in ("delivered", "read", "DELIVERED")],
        *[(word, State.UNDELIVERED) for word in ("undelivered", "failed", "canceled", "cancelled")],
        *[(word, None) for word in ("receiving", "received", "unknown", "pondering", "")],
    ],
)
def test_what_a_carrier_reports(status: str, expected: State | None) -> None:
    assert reported(status) is expected


SENT, UNDELIVERED, DELIVERED = State.SENT, State.UNDELIVERED, State.DELIVERED


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([], None, id="nothing was reported"),
        pytest.param([None], None, id="a word that is new to us"),
        pytest.param([None, None], None, id="two of them"),
        pytest.param([SENT], SENT, id="one part, on its way"),
        pytest.param([DELIVERED], DELIVERED, id="one part, there"),
        pytest.param([UNDELIVERED], UNDELIVERED, id="one part, lost"),
        pytest.param([DELIVERED, DELIVERED, DELIVERED], DELIVERED, id="all there"),
        pytest.param([DELIVERED, SENT], SENT, id="one is missing yet"),
        pytest.param([DELIVERED, UNDELIVERED], UNDELIVERED, id="one was lost"),
        pytest.param([SENT, UNDELIVERED], UNDELIVERED, id="one was lost before the others arrived"),
        pytest.param([SENT, None], SENT, id="one on its way, one not understood"),
        pytest.param([DELIVERED, None], SENT, id="one there, one not understood"),
        pytest.param([UNDELIVERED, None], UNDELIVERED, id="one lost, one not understood"),
    ],
)
def test_what_the_parts_prove_of_the_text(parts: list[State | None], expected: State | None) -> None:
    assert fold_parts(parts) is expected


PARTS = st.lists(st.sampled_from([None, SENT, UNDELIVERED, DELIVERED]), max_size=6)


def height(state: State | None) -> int:
    return -1 if state is None else RANK[state]


@given(PARTS, st.data())
def test_the_order_of_the_parts_does_not_count(parts: list[State | None], data: st.DataObject) -> None:
    assert fold_parts(data.draw(st.permutations(parts))) is fold_parts(parts)


@given(PARTS.filter(bool), st.data())
def test_news_of_a_part_never_lowers_the_text(parts: list[State | None], data: st.DataObject) -> None:
    """None, then sent, then one of the two ends. A part that arrives after it was given up is the next test's."""
    at = data.draw(st.integers(0, len(parts) - 1))
    later: dict[State | None, list[State | None]] = {
        None: [SENT, UNDELIVERED, DELIVERED],
        SENT: [UNDELIVERED, DELIVERED],
    }
    changed = [*parts]
    changed[at] = data.draw(st.sampled_from([parts[at], *later.get(parts[at], [])]))
    assert height(fold_parts(changed)) >= height(fold_parts(parts))


@given(st.integers(1, 4), st.data())
def test_reports_on_parts_end_in_one_state_whatever_their_order(count: int, data: st.DataObject) -> None:
    """Even where a part arrives after all: what was learnt before only waits for the report that all of it is there."""
    reports = data.draw(st.lists(st.lists(st.sampled_from([None, *RECEIPTS[1:]]), min_size=count, max_size=count)))
    news = [state for state in map(fold_parts, reports) if state is not None]
    assert learn(SENT, data.draw(st.permutations(news))) is learn(SENT, news)
    assert learn(SENT, [*news, fold_parts([DELIVERED] * count) or SENT]) is DELIVERED


def test_every_outbound_status_of_a_carrier_means_something() -> None:
    assert {word for word in get_args(CarrierStatus) if reported(word) is None} == {"received", "unknown"}


def test_every_state_has_a_rank_and_words() -> None:
    assert set(RANK) == set(WORDS) == set(State)
    assert len(set(WORDS.values())) == len(State)


def test_a_sent_one_without_a_receipt_is_terminal_after_72_hours() -> None:
    assert not is_terminal(State.SENT, timedelta(hours=71, minutes=59))
    assert is_terminal(State.SENT, timedelta(hours=72))


def test_queued_and_held_never_become_terminal_by_waiting() -> None:
    assert {state for state in State if not is_terminal(state, timedelta(days=365))} == {State.QUEUED, State.HELD}


def test_failures_are_terminal() -> None:
    assert FAILED <= TERMINAL
