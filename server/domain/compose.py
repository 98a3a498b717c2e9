"""Decides of a text that a person writes when it leaves, until when it may, and which class of the gate it is of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.domain.gate import MessageClass

MAX_RECIPIENTS: Final = 200
"""Of one request; a list of people is a bulk text or a campaign."""

MAX_UNDO_S: Final = 30

MAX_MEDIA: Final = 10
"""Pictures in one text, as carriers take them."""

PERSON_VALID_FOR: Final = timedelta(hours=1)
"""A reply that could not leave for an hour (an outage, a paused number) no longer answers what it was written for."""

PATIENT_VALID_FOR: Final = timedelta(days=3)
"""What waits for hours anyway, bulk and texts for later: a weekend with a holiday behind it may be quiet that long."""

SOONEST: Final = timedelta(seconds=MAX_UNDO_S)
"""A text "for later" that is due sooner than this is one for now."""

LATEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Timing:
    """`due_at` None: now."""

    klass: MessageClass
    due_at: datetime | None
    expires_at: datetime


class TooLate(ValueError):
    """The time for sending lies further ahead than anybody can mean."""


def timing(now: datetime, *, send_at: datetime | None = None, undo_s: int = 0) -> Timing:
    """When one person's text to one recipient leaves. Raises TooLate.

    A time that has passed means now: it was in the future when it was chosen.
    """
    if send_at is None or send_at < now + SOONEST:
        due_at = now + timedelta(seconds=undo_s) if undo_s else None
        return Timing(MessageClass.PERSON, due_at, (due_at or now) + PERSON_VALID_FOR)
    return patient_timing(now, send_at)


def patient_timing(now: datetime, send_at: datetime) -> Timing:
    """When a text for later leaves. Raises TooLate."""
    if send_at > now + LATEST:
        raise TooLate("That is more than a year ahead.")
    return Timing(MessageClass.SEND_LATER, max(send_at, now), max(send_at, now) + PATIENT_VALID_FOR)


def bulk_timing(now: datetime) -> Timing:
    """When one of several recipients' texts leaves: as soon as hours, caps and pace let it."""
    return Timing(MessageClass.BULK, None, now + PATIENT_VALID_FOR)
