"""What the wall clock of a simulation shows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.clock import EASTERN, demo_start, offset, parse_wall_clock


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-10T15:00:00Z", datetime(2026, 3, 10, 15, tzinfo=UTC)),
        (" 2026-03-10T11:00:00-04:00 ", datetime(2026, 3, 10, 15, tzinfo=UTC)),
    ],
)
def test_a_wall_clock_is_read_as_utc(text: str, moment: datetime) -> None:
    assert parse_wall_clock(text) == moment
    assert parse_wall_clock(text).tzinfo is UTC


@pytest.mark.parametrize(("text", "sentence"), [("noon", "is not a time"), ("2026-03-10T15:00:00", "lacks its zone")])
def test_a_wrong_wall_clock_is_told_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_wall_clock(text)


def test_the_offset_moves_the_clock_and_lets_it_run() -> None:
    real, shown = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 3, 10, 15, tzinfo=UTC)
    assert real + offset(shown, real) == shown


@given(st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds are naive by contract
def test_the_demo_starts_at_eleven_eastern_of_a_weekday_at_most_three_days_away(real: datetime) -> None:
    shown = demo_start(real).astimezone(EASTERN)
    assert (shown.hour, shown.minute) == (11, 0)
    assert shown.weekday() < 5
    assert 0 <= (real.astimezone(EASTERN).date() - shown.date()).days <= 2
