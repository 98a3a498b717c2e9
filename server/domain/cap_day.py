"""The day by which carriers count a brand's daily cap: from midnight to midnight in Los Angeles.

So says T-Mobile; in March one of these days has 23 hours, in November one has 25. The zone changes at 2:00, so midnight
always exists, once.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True, slots=True)
class CapDay:
    """`begins_at` belongs to it, `ends_at` to the next; both aware UTC."""

    day: date
    begins_at: datetime
    ends_at: datetime


def cap_day(now: datetime) -> CapDay:
    """The day that *now*, any aware time, falls into.

    >>> cap_day(datetime(2026, 3, 8, 12, tzinfo=UTC)).ends_at.isoformat()
    '2026-03-09T07:00:00+00:00'
    """
    day = now.astimezone(ZONE).date()
    return CapDay(day, _midnight(day), _midnight(day + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)
