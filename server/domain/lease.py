"""Leases of instants: how a limit's time is cut into stretches, and what a stretch means on the holder's own clock.

Stretches of one limit never overlap. Who holds one departs alone within it, by a bucket that is full where it begins
and full again where it ends; so any number of holders, one after the other, keep together what one bucket would:
rate · w + max(burst, largest cost) in every window. A stretch that nobody uses, whoever crashed, is burnt.

The book is kept in microseconds of one clock, its keeper's; holders count in seconds of their own monotonic ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SLICE_S: Final = 0.25
"""What a stretch is longer than its first text needs: all that is ever reserved ahead."""
DRIFT: Final = 0.001
"""By how much two clocks may differ in a second; chrony and ntpd slew by 0.0005 at most."""
WATCH_S: Final = 5.0
"""So long a holder watches the keeper's clock before it believes in it."""
SLOW_S: Final = 1.0
"""A keeper that has not answered for so long is lost."""
MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """Of one limit: its time is given away up to `free`, `used` of it since the epoch was opened."""

    free: int
    used: int = 0


def cut(entry: Entry | None, opened: int, now: int, length: int, debt: int) -> tuple[Entry, int]:
    """The next stretch of *length* begins at the second value; the entry is what stands in the book afterwards.

    *opened*: nothing has departed since then but in stretches, and what happened before is not known. So the burst
    counts as just spent, by a text as large as any that is to depart now: it takes *debt* to earn that, and only time
    that nobody held counts. None: nobody has held any.

    >>> cut(None, 0, 1_000, 250, 500)
    (Entry(free=1250, used=250), 1000)
    >>> cut(None, 900, 1_000, 250, 500)
    (Entry(free=1650, used=250), 1400)
    """
    free, used = (opened, 0) if entry is None else (entry.free, entry.used)
    begins = max(now, free, opened + used + debt)
    return Entry(begins + length, used + length), begins


@dataclass(frozen=True, slots=True)
class Reading:
    """The keeper's clock showed `shown` µs at some moment between `asked_at` and `answered_at`, in our seconds."""

    asked_at: float
    answered_at: float
    shown: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Ours from `begins` to `ends`, in our seconds, for texts of up to `covers` segments; `until` is its end in the
    book."""

    begins: float
    ends: float
    until: int
    covers: int


def ours(begins: int, length: int, covers: int, reading: Reading) -> Stretch:
    """A stretch of the book on our clock: later than its beginning and earlier than its end, whenever in between the
    keeper looked at its clock, and however far the clocks drift apart meanwhile.
    """
    until = begins + length
    after_s, end_after_s = (begins - reading.shown) / MICRO, (until - reading.shown) / MICRO
    return Stretch(
        reading.answered_at + after_s * (1 + DRIFT), reading.asked_at + end_after_s * (1 - DRIFT), until, covers
    )


def joined(held: tuple[Stretch, ...], new: Stretch, begins: int, now: float) -> tuple[Stretch, ...]:
    """What is held, with *new*, which begins in the book at *begins*; without those that have ended.

    One that follows on ours is its continuation: nobody else can have departed in between.
    """
    if held and held[-1].until == begins:
        last = held[-1]
        longer = replace(last, ends=new.ends, until=new.until, covers=max(last.covers, new.covers))
        return (*held[:-1], longer)
    return (*(each for each in held if each.ends > now), new)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the keeper's clock: it is ahead of ours by `least` to `most` seconds, as of `at`."""

    since: float
    at: float
    least: float
    most: float


def watched(watch: Watch | None, reading: Reading) -> Watch | None:
    """After another reading; None: the keeper's clock has jumped, and all that it said is void."""
    shown_s = reading.shown / MICRO
    least, most = shown_s - reading.answered_at, shown_s - reading.asked_at
    if watch is None:
        return Watch(reading.answered_at, reading.answered_at, least, most)
    drifted = (reading.answered_at - watch.at) * DRIFT
    least, most = max(least, watch.least - drifted), min(most, watch.most + drifted)
    return None if least > most else Watch(watch.since, reading.answered_at, least, most)
