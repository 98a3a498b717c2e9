"""The day of a daily cap: from midnight to midnight in Los Angeles, whatever its length."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.cap_day import ZONE, cap_day


@pytest.mark.parametrize(
    ("now", "day", "hours", "ends_at"),
    [
        pytest.param("2026-01-15T20:00+00:00", "2026-01-15", 24, "2026-01-16T08:00+00:00", id="winter"),
        pytest.param("2026-07-04T06:59+00:00", "2026-07-03", 24, "2026-07-04T07:00+00:00", id="late in the evening"),
        pytest.param("2026-07-04T07:00+00:00", "2026-07-04", 24, "2026-07-05T07:00+00:00", id="at midnight"),
        pytest.param("2026-03-08T12:00+00:00", "2026-03-08", 23, "2026-03-09T07:00+00:00", id="the day of 23 hours"),
        pytest.param("2026-11-01T12:00+00:00", "2026-11-01", 25, "2026-11-02T08:00+00:00", id="the day of 25 hours"),
        pytest.param("2026-11-02T07:59+00:00", "2026-11-01", 25, "2026-11-02T08:00+00:00", id="its last minute"),
        pytest.param("2026-03-09T02:00-04:00", "2026-03-08", 23, "2026-03-09T07:00+00:00", id="told in another zone"),
    ],
)
def test_a_moment_has_one_day(now: str, day: str, hours: int, ends_at: str) -> None:
    found = cap_day(datetime.fromisoformat(now))
    assert found.day == date.fromisoformat(day)
    assert found.ends_at - found.begins_at == timedelta(hours=hours)
    assert found.ends_at == datetime.fromisoformat(ends_at)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)))  # noqa: DTZ001  # made aware here
def test_days_follow_each_other_without_gap_or_overlap(now: datetime) -> None:
    today = cap_day(now)
    assert today.begins_at <= now < today.ends_at
    assert timedelta(hours=23) <= today.ends_at - today.begins_at <= timedelta(hours=25)
    tomorrow, yesterday = cap_day(today.ends_at), cap_day(today.begins_at - timedelta(microseconds=1))
    assert tomorrow.begins_at == today.ends_at
    assert yesterday.ends_at == today.begins_at
    assert tomorrow.day - today.day == today.day - yesterday.day == timedelta(days=1)
    assert today.begins_at.astimezone(ZONE).time().isoformat() == "00:00:00"


def test_it_is_the_same_moment_for_whoever_asks() -> None:
    now = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    assert cap_day(now) == cap_day(now.astimezone(ZoneInfo("Asia/Tokyo")))
