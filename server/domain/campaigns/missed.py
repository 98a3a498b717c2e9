"""Decides what becomes of a campaign whose hour passed while no server was running.

A few minutes late it just begins. Later than that nothing begins by itself: a text that was meant for the morning is
not sent at night because somebody plugged the server in again. The workspace chooses whether it expires or waits for
a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from server.domain.values import showing_time

MAX_GRACE: Final = timedelta(hours=1)  # "a few minutes late" is no longer true beyond


class IfMissed(StrEnum):
    """The workspace's choice."""

    EXPIRE = "expire"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class MissedRule:
    """`grace`: how late a campaign begins all the same."""

    choice: IfMissed = IfMissed.ASK
    grace: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class NotYet:
    """It is not due; `until` is when."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Begin:
    """It begins now."""


@dataclass(frozen=True, slots=True)
class Expire:
    """It is cancelled, its recipients are skipped as expired."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Ask:
    """It is paused until a person resumes or cancels it."""

    sentence: str


def start(due_at: datetime, now: datetime, zone_name: str, rule: MissedRule) -> NotYet | Begin | Expire | Ask:
    """What becomes at *now* of a campaign that was scheduled for *due_at*, both aware.

    *zone_name*: the zone in which it was scheduled, for the sentence.
    """
    late = now - due_at
    if late < timedelta():
        return NotYet(due_at)
    if late <= min(rule.grace, MAX_GRACE):
        return Begin()
    told = (
        f"This campaign was to begin on {showing_time(due_at, zone_name)}, but the server was not running then;"
        f" it came back {lasted(late)} later."
    )
    if rule.choice is IfMissed.EXPIRE:
        return Expire(f"{told} Nothing was sent.")
    return Ask(f"{told} Resume it to send now, or cancel it.")


def fault(rule: MissedRule) -> str | None:
    """Why a workspace cannot have this rule."""
    if timedelta() <= rule.grace <= MAX_GRACE:
        return None
    return f"A campaign may begin 0 to {MAX_GRACE // timedelta(minutes=1)} minutes late by itself."


def lasted(span: timedelta) -> str:
    """A stretch of time in words: its two largest units, rounded down.

    >>> lasted(timedelta(hours=2, minutes=14, seconds=59)), lasted(timedelta(minutes=1)), lasted(timedelta(seconds=9))
    ('2 hours 14 minutes', '1 minute', '9 seconds')
    """
    left, parts = int(span.total_seconds()), []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, left = divmod(left, size)
        parts.append(f"{number} {name}{'' if number == 1 else 's'}" if number else "")
    first = next((index for index, part in enumerate(parts) if part), len(parts) - 1)
    return " ".join(part for part in parts[first : first + 2 if first < 2 else first + 1] if part) or "0 seconds"
