"""Decides what the wall clock of a simulation shows; real workspaces know the real time only."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EASTERN: Final = ZoneInfo("America/New_York")
_OPENING: Final = time(11, 0)  # inside every state's texting hours at once
_SATURDAY: Final = 5


def parse_wall_clock(text: str) -> datetime:
    """Read THREADLINE_WALL_CLOCK, e.g. ``2026-03-10T15:00:00Z``, as aware UTC.

    Raises ValueError with a sentence for the owner; a time without a zone is refused, since it means two things.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 2026-03-10T15:00:00Z.") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} lacks its zone; write for example {text.strip()}Z for UTC.")
    return moment.astimezone(UTC)


def offset(shown: datetime, real: datetime) -> timedelta:
    """What to add to the real time so that the clock shows *shown* at *real* and runs on from there."""
    return shown - real


def demo_start(real: datetime) -> datetime:
    """11:00 Eastern of the day of *real*, or of the Friday before where that is a weekend; aware UTC.

    >>> demo_start(datetime(2026, 11, 22, 3, 0, tzinfo=UTC)).isoformat()  # Saturday evening in New York
    '2026-11-20T16:00:00+00:00'
    """
    day = real.astimezone(EASTERN).date()
    day -= timedelta(days=max(0, day.weekday() - _SATURDAY + 1))
    return datetime.combine(day, _OPENING, EASTERN).astimezone(UTC)
