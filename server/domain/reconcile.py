"""Which messages of the carrier's list are the attempts whose answer we never read.

A wrong guess here is a text lost (bound to somebody else's message) or sent twice (declared absent), so the rule binds
only where it cannot be wrong: same From, To and body, created no earlier than the attempt's second less five, bound to
no other attempt, and at least as many candidates as attempts that could claim them. The list's absence of a message
proves nothing, since a carrier shows queued messages late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.domain.carrier import ListedMessage

CLOCK_SLACK: Final = timedelta(seconds=5)  # the carrier's clock and ours; its times have whole seconds
LADDER_S: Final = (10.0, 60.0, 300.0, 900.0)
"""Seconds after the attempt became unknown at which to ask; at the last rung it becomes unconfirmed."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An attempt whose outcome is unknown, as the list can show it."""

    attempt_id: UUID
    from_: str
    to: str
    body: str
    authorised_at: datetime


def bind(
    unanswered: Sequence[Unanswered], listed: Sequence[ListedMessage], encode: Callable[[str], str]
) -> dict[UUID, ListedMessage]:
    """Attempts by the listed message that each of them became. `listed` holds none that is bound to another attempt.

    `encode` is the carrier's smart encoding, applied to both sides. Equal texts to one recipient are told apart by
    their order only, which is harmless: they are equal.
    """
    waiting: dict[tuple[str, str, str], list[Unanswered]] = defaultdict(list)
    for one in unanswered:
        waiting[one.from_, one.to, encode(one.body)].append(one)
    shown: dict[tuple[str, str, str], list[ListedMessage]] = defaultdict(list)
    for message in listed:
        if message.direction == "out":
            shown[message.from_, message.to, encode(message.body)].append(message)
    bound: dict[UUID, ListedMessage] = {}
    for key, group in waiting.items():
        bound.update(_bind_equals(group, shown.get(key, [])))
    return bound


def _bind_equals(group: list[Unanswered], shown: list[ListedMessage]) -> dict[UUID, ListedMessage]:
    group = sorted(group, key=lambda one: one.authorised_at)
    candidates = sorted(
        (m for m in shown if m.created_at >= _earliest(group[0])), key=lambda m: (m.created_at, m.provider_id)
    )
    if len(candidates) < len(group):
        return {}
    bound: dict[UUID, ListedMessage] = {}
    for one in reversed(group):  # the latest attempt has the fewest candidates: it chooses first
        fitting = [m for m in candidates if m.created_at >= _earliest(one)]
        if not fitting:
            return {}
        bound[one.attempt_id] = fitting[-1]
        candidates.remove(fitting[-1])
    return bound


def _earliest(one: Unanswered) -> datetime:
    return one.authorised_at.replace(microsecond=0) - CLOCK_SLACK
