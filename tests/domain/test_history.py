"""What typed words ask for, and which spans of time cover a look."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.delivery import State
from server.domain.history import (
    NARROWEST,
    STATES,
    Burst,
    Crowd,
    Piece,
    author_key,
    burst_of,
    campaign_key,
    first_leap,
    next_leap,
    number_key,
    pieces,
    spans,
    towards,
    worth_fetching,
)

TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
WIDTHS = (1 << 12, 1 << 17, 1 << 22)


def loose(text: str) -> Piece:
    return Piece(text, whole=False)


def whole(text: str) -> Piece:
    return Piece(text, whole=True)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("  \t", [], id="only space"),
        pytest.param("open house", [loose("open"), loose("house")], id="two words"),
        pytest.param('"open house"', [whole("open house")], id="in quotes"),
        pytest.param("“open house”", [whole("open house")], id="in quotes as telephones type them"),
        pytest.param('maya "open house" elm', [loose("maya"), whole("open house"), loose("elm")], id="both"),
        pytest.param('"open hou', [loose("open"), loose("hou")], id="a quote that is still being typed"),
        pytest.param('"" a', [loose("a")], id="empty quotes"),
        pytest.param("don't 450,000", [loose("don't"), loose("450,000")], id="marks within a word stay"),
        pytest.param("a\0b", [loose("a"), loose("b")], id="what no database stores"),
        pytest.param("x " * 90, [loose("x")] * 12, id="more than anybody types"),
    ],
)
def test_what_is_typed_is_taken_in_pieces(typed: str, expected: list[Piece]) -> None:
    assert list(pieces(typed)) == expected


def test_every_state_of_a_text_can_be_asked_for_once() -> None:
    every = [state for states in STATES.values() for state in states]
    assert sorted(every) == sorted([*State, "received"])


def test_keys_of_different_kinds_are_never_the_same() -> None:
    keys = [kind(n) for kind in (number_key, author_key, campaign_key) for n in range(1, 100)]
    assert len(set(keys)) == len(keys)
    assert max(keys) < 0 < min(spans(1, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)))


def of(workspace_id: int, at: datetime) -> list[int]:
    """As schema.sql's history_keys has them; that it does is held in tests/store."""
    seconds = round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    return [workspace_id << 24 | level << 22 | seconds // width for level, width in enumerate(WIDTHS)]


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=900)), st.floats(0, 1))
def test_a_text_within_a_look_bears_one_of_its_keys(since: datetime, reach: timedelta, where: float) -> None:
    keys = spans(7, since, since + reach)
    assert len(set(of(7, since + reach * where)) & set(keys)) == 1


@given(
    TIMES,
    st.timedeltas(timedelta(0), timedelta(days=900)),
    st.timedeltas(timedelta(hours=2, seconds=20), timedelta(days=90)),
)
def test_a_text_well_outside_of_a_look_or_of_another_workspace_bears_none(
    since: datetime, reach: timedelta, off: timedelta
) -> None:
    keys = set(spans(7, since, since + reach))
    assert not keys & set(of(7, since - off))
    assert not keys & set(of(7, since + reach + off))
    assert not keys & set(of(8, since))


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=3650)))
def test_ten_years_are_few_keys(since: datetime, reach: timedelta) -> None:
    assert len(spans(1, since, since + reach)) <= 4 * 31 + 78


@pytest.mark.parametrize(
    ("minutes", "is_one"),
    [
        pytest.param(0, True, id="all at one instant"),
        pytest.param(119, True, id="within the narrowest look"),
        pytest.param(120, False, id="as wide as the narrowest look"),
        pytest.param(60 * 24 * 30, False, id="a month's"),
    ],
)
def test_too_many_of_a_short_time_are_a_burst(minutes: int, is_one: bool) -> None:
    first = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert (burst_of(first, first + timedelta(minutes=minutes)) is not None) is is_one


def test_a_burst_is_walked_through_from_shortly_after_it_to_what_is_known_of_it() -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    burst = Burst(noon)
    assert burst.ahead == noon + NARROWEST
    assert burst.is_next(burst.ahead)
    assert burst.is_next(noon + timedelta(microseconds=1))
    assert not burst.is_next(burst.ahead + timedelta(microseconds=1))
    assert not burst.is_next(noon)


def test_a_leap_reaches_the_farther_the_less_was_found() -> None:
    hours = timedelta(hours=12)
    assert first_leap(hours, 0) > first_leap(hours, 10) > first_leap(hours, 49)
    assert next_leap(hours, 0) > hours > next_leap(hours, 2000)
    assert next_leap(hours, 300, 900) > next_leap(hours, 300, 300)


def test_no_look_is_narrower_than_the_spans_are() -> None:
    assert first_leap(timedelta(0), 0) == NARROWEST
    assert next_leap(timedelta(minutes=1), 10_000) == NARROWEST
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert towards(Crowd(noon - timedelta(minutes=1), 1200), timedelta(days=9), noon, 300) == NARROWEST


@pytest.mark.parametrize(
    ("wants", "fetched", "fit", "expected"),
    [
        pytest.param(50, 0, 0, 300, id="nothing is known yet"),
        pytest.param(50, 300, 300, 300, id="all of them fit"),
        pytest.param(50, 300, 30, 500, id="one in ten"),
        pytest.param(50, 300, 0, 2400, id="none so far"),
        pytest.param(2, 3000, 60, 300, id="hardly any more is wanted"),
    ],
)
def test_a_look_fetches_the_more_the_fewer_of_them_are_meant(wants: int, fetched: int, fit: int, expected: int) -> None:
    assert worth_fetching(wants, fetched, fit) == expected


def test_a_crowd_is_forgotten_once_as_many_were_met() -> None:
    crowd = Crowd(datetime(2026, 3, 10, tzinfo=UTC), 1201)
    assert crowd.without(1200) == Crowd(crowd.back_to, 1)
    assert crowd.without(1201) is None
