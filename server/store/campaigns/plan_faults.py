"""Tells why a plan cannot be launched: one sentence for each fault, at the step of the wizard that mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

from server.domain.campaigns import health, variants
from server.domain.campaigns.audience import MAX_TEXT, SENTENCES, Exclusion
from server.domain.campaigns.drip_faults import faults as drip_faults
from server.domain.local_time import NoSuchTime, begins_at_home, passed_at_home, resolve
from server.ports.campaigns import Plan, PlanFault, Start
from server.store.campaigns.sources import is_empty
from server.store.campaigns.wordings import Wordings

_MOST_DAYS: Final = 365
_FIRST_MORNING: Final = "Pacific/Kiritimati"  # no clock is ahead of this one


@dataclass(frozen=True, slots=True)
class Facts:
    """What the workspace has of what a plan names. `refused`: why nobody can say who stands in its audience.

    `excluded` is told of an audience in which nobody gets a text. `zones`: those of the recipients, where they matter.
    """

    wordings: Wordings | None
    has_number: bool
    refused: str | None = None
    recipients: bool = True
    excluded: Mapping[Exclusion, int] = field(default_factory=dict)
    zones: tuple[str, ...] = ()


def faults(plan: Plan, facts: Facts, now: datetime) -> tuple[PlanFault, ...]:
    """All of them in the order of the wizard's steps; none: it can be launched."""
    steps = (_audience(plan, facts), _message(plan, facts), _schedule(plan, facts, now), _numbers(plan, facts))
    return tuple(fault for step in steps for fault in step)


def zones_matter(start: Start, now: datetime) -> bool:
    """Whether its hour may have passed for somebody, wherever people may be."""
    if not start.at_home or start.day is None:
        return False
    first = resolve(datetime.combine(start.day, start.at), _FIRST_MORNING)
    return not isinstance(first, NoSuchTime) and first.instant < now + timedelta(days=1)


def _audience(plan: Plan, facts: Facts) -> Iterator[PlanFault]:
    days = plan.leaving.texted_within_days
    if days is not None and not 1 <= days <= _MOST_DAYS:
        yield PlanFault("audience", f"Who was texted within 1 to {_MOST_DAYS} days can be left out.")
    if is_empty(plan.sources):
        yield PlanFault("audience", "Choose who gets this campaign.")
    elif facts.refused is not None:
        yield PlanFault("audience", facts.refused)
    elif not facts.recipients:
        yield PlanFault("audience", _nobody(facts.excluded))


def _nobody(excluded: Mapping[Exclusion, int]) -> str:
    if not excluded:
        return "Nobody stands in this audience."
    reason, most = max(excluded.items(), key=lambda one: one[1])
    told = "everybody" if most == sum(excluded.values()) else f"{most:,} of them"
    return f"Nobody of this audience would get a text. Of {told} it is said: {SENTENCES[reason]}."


def _message(plan: Plan, facts: Facts) -> Iterator[PlanFault]:
    if told := variants.fault([variant.share for variant in plan.variants]):
        yield PlanFault("message", told)
    several = len(plan.variants) > 1
    for nth, variant in enumerate(plan.variants):
        name = f"Variant {chr(ord('A') + nth)}: " if several else ""
        if not variant.body.strip():
            yield PlanFault("message", f"{name}Write the text.")
        elif facts.wordings is not None:
            for fault in facts.wordings.faults[nth]:
                yield PlanFault("message", f"{name}{fault.sentence}")
            if len(facts.wordings.text(nth, {}).text) > MAX_TEXT:
                yield PlanFault("message", f"{name}{SENTENCES[Exclusion.TOO_LONG]}.")


def _schedule(plan: Plan, facts: Facts, now: datetime) -> Iterator[PlanFault]:
    begins = _begins(plan.start, facts, now)
    if isinstance(begins, str):
        yield PlanFault("schedule", begins)
    if plan.drip is not None:
        at = now if isinstance(begins, str) else begins
        for fault in drip_faults(plan.drip, at, now):
            yield PlanFault("schedule", fault.sentence)
    if plan.rate is not None and not (plan.rate > 0 and isfinite(plan.rate)):
        yield PlanFault("schedule", "The rate must be above zero segments per second.")
    if told := health.fault(plan.limits):
        yield PlanFault("schedule", told)


def _begins(start: Start, facts: Facts, now: datetime) -> datetime | str:
    """When it begins, or why it cannot."""
    if start.day is None:
        if start.at_home:
            return "Choose the day on which people get it at an hour of their own."
        return now
    resolved = resolve(datetime.combine(start.day, start.at), start.zone)
    if isinstance(resolved, NoSuchTime):
        return resolved.sentence
    if not start.at_home:
        return "The start lies in the past." if resolved.instant < now else resolved.instant
    if zones_matter(start, now):
        passed = passed_at_home(start.day, start.at, facts.zones, start.zone, now)
        if passed is not None:
            return passed
    return begins_at_home(start.day, start.at, facts.zones, start.zone)


def _numbers(plan: Plan, facts: Facts) -> Iterator[PlanFault]:
    if not facts.has_number:
        gone = plan.number_id is not None
        yield PlanFault(
            "numbers",
            "The number that it is to be sent from is not there any more. Choose another one."
            if gone
            else "There is no number to send from. Add one first.",
        )
