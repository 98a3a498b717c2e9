"""Tells when a plan would begin and be done if it were launched now: what a person sees before they choose."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from server.domain.campaigns.drip import forecast
from server.domain.campaigns.drip_faults import faults
from server.domain.local_time import NoSuchTime, begins_at_home, resolve
from server.http.campaigns.survey_models import TimingOut
from server.ports.campaigns import Plan, Start


def timing(plan: Plan, recipients: int, zones: Collection[str], per_s: float | None, now: datetime) -> TimingOut | None:
    """None where there is no such start, or no such drip: the faults of the plan say why.

    Quiet hours are each recipient's own and put off what falls into them; no plan knows those beforehand.
    """
    begun = _begins(plan.start, zones, now)
    if begun is None:
        return None
    at, sentence = begun
    if plan.drip is None:
        done = at + timedelta(seconds=recipients / per_s) if per_s and recipients else None
        return TimingOut(begins_at=at, sentence=sentence, batches=None, first_at=None, done_at=done, left_over=0)
    if faults(plan.drip, at, now):
        return None
    told = forecast(plan.drip, at, recipients, per_s)
    return TimingOut(
        begins_at=at,
        sentence=sentence,
        batches=told.batches,
        first_at=told.first_at,
        done_at=told.done_at,
        left_over=told.left_over,
    )


def _begins(start: Start, zones: Collection[str], now: datetime) -> tuple[datetime, str | None] | None:
    """The instant, and a sentence where the clock that was chosen skips it or shows it twice."""
    if start.day is None:
        return now, None
    resolved = resolve(datetime.combine(start.day, start.at), start.zone)
    if isinstance(resolved, NoSuchTime):
        return None
    if start.at_home:
        return begins_at_home(start.day, start.at, zones, start.zone), None
    return resolved.instant, resolved.sentence
