"""Tells when a plan would begin and be done if it were launched now: what a person sees before they choose."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta
from functools import partial

from server.domain.campaigns.drip import Drip, forecast
from server.domain.campaigns.drip_faults import faults
from server.domain.campaigns.outlook import asleep, outlook
from server.domain.hours import Hours
from server.domain.local_time import NoSuchTime, Resolved, begins_at_home, resolve
from server.domain.places import is_zone
from server.http.campaigns.survey_models import BarOut, HomeOut, OutlookOut, StretchOut, TimingOut
from server.ports.campaigns import Plan, Start

HoursAt = Callable[[Collection[str], datetime], Hours]
"""Zones and an instant → whether people in all of them may be texted then."""


def timing(
    plan: Plan, recipients: int, zones: Collection[str], per_s: float | None, now: datetime, hours: HoursAt
) -> TimingOut | None:
    """None where there is no such start, or no such drip: the faults of the plan say why.

    Quiet hours are each recipient's own and put off what falls into them; no plan knows those beforehand.
    """
    begun = _begins(plan.start, zones, now)
    if begun is None:
        return None
    at, sentence = begun
    homes = _homes(plan.start, zones) if plan.start.at_home else []
    if plan.drip is None:
        done = at + timedelta(seconds=recipients / per_s) if per_s and recipients else None
        return TimingOut(
            begins_at=at, sentence=sentence, batches=None, first_at=None, done_at=done, left_over=0, homes=homes
        )
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
        outlook=drawn(plan.drip, at, recipients, zones, per_s, hours),
        homes=homes,
    )


def drawn(
    drip: Drip, begins: datetime, recipients: int, zones: Collection[str], per_s: float | None, hours: HoursAt
) -> OutlookOut | None:
    """The drip as it is drawn from *begins* on. Where nobody's zone is known, quiet hours are those of its own."""
    found = outlook(drip, begins, recipients, per_s)
    if found is None:
        return None
    first, last = found.bars[0].at, found.bars[-1].at + timedelta(seconds=found.bar_s)
    quiet = asleep(partial(hours, zones or [drip.zone]), first, last)
    return OutlookOut(
        bar_s=found.bar_s,
        bars=[BarOut(at=bar.at, count=bar.count) for bar in found.bars],
        closed=[StretchOut(begins=one.begins, ends=one.ends) for one in found.closed],
        quiet=[StretchOut(begins=one.begins, ends=one.ends) for one in quiet],
        ends_at=None if drip.ends_on is None else _end_of(drip.ends_on, drip.zone),
    )


def _end_of(day: date, zone: str) -> datetime | None:
    midnight = resolve(datetime.combine(day + timedelta(days=1), time()), zone)
    return midnight.instant if isinstance(midnight, Resolved) else None


def _homes(start: Start, zones: Collection[str]) -> list[HomeOut]:
    """Where a recipient may be in several zones it is the latest of theirs; each of them is told here by itself."""
    if start.day is None:
        return []
    wall = datetime.combine(start.day, start.at)
    found = [(name, resolve(wall, name)) for name in sorted(zones) if is_zone(name)]
    told = [
        HomeOut(zone=name, at=one.instant, sentence=one.sentence) for name, one in found if isinstance(one, Resolved)
    ]
    return sorted(told, key=lambda one: one.at)


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
