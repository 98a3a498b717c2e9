"""Decides which parts of a campaign an edit changes, and why it may not change them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from server.domain.campaigns.campaign import CampaignState, Part, Refused, may_edit
from server.ports.campaigns import Plan


@dataclass(frozen=True, slots=True)
class Words:
    """What of a campaign a member writes."""

    name: str
    description: str
    plan: Plan


PART_OF: Final = {
    "sources": Part.AUDIENCE,
    "leaving": Part.AUDIENCE,
    "answers": Part.TEXT,
    "number_id": Part.NUMBER,
    "start": Part.SCHEDULE,
    "drip": Part.DRIP,
    "rate": Part.RATE,
    "until_reply": Part.RULES,
    "quiet": Part.RULES,
    "limits": Part.RULES,
}
"""Of each field of a plan but its variants, which have two: texts and shares."""


def changed(before: Words, after: Words) -> frozenset[Part]:
    """The parts in which *after* is another than *before*."""
    return frozenset(_changed(before, after))


def _changed(before: Words, after: Words) -> Iterator[Part]:
    if before.name != after.name:
        yield Part.NAME
    if before.description != after.description:
        yield Part.DESCRIPTION
    old, new = before.plan, after.plan
    if [one.body for one in old.variants] != [one.body for one in new.variants]:
        yield Part.TEXT
    if [one.share for one in old.variants] != [one.share for one in new.variants]:
        yield Part.SHARES
    yield from (part for field, part in PART_OF.items() if getattr(old, field) != getattr(new, field))


def refusal(state: CampaignState, parts: frozenset[Part], *, launching: bool) -> Refused | None:
    """Why these parts cannot be changed all together; the first reason in the order of `Part`."""
    answers = (may_edit(state, part, launching=launching) for part in Part if part in parts)
    return next((answer for answer in answers if answer is not None), None)
