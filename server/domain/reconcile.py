"""What to do about a request whose answer we never read: which question its carrier can be asked, and what it proves.

A carrier that knows keys of idempotency gets the same request again under the same key, at which it acts once. One with
a list of its messages is asked for it. Of one with neither nothing can be learnt but from a callback, should it come.
At the end of the ladder the text is unconfirmed, for a person to decide.

Which messages of a list are ours:

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
from enum import StrEnum
from typing import Final
from uuid import UUID

from server.domain.carrier import Capabilities, ListedMessage

CLOCK_SLACK: Final = timedelta(seconds=5)  # the carrier's clock and ours; its times have whole seconds
LADDER_S: Final = (10.0, 60.0, 300.0, 900.0)
"""Seconds after the attempt became unknown at which to ask; at the last rung it becomes unconfirmed."""


class Step(StrEnum):
    """What follows a rung at which nothing was learnt."""

    NEXT = "next"  # the list is asked again at the next rung
    RESEND = "resend"  # back to the queue, past the gate and the limiter, and out under the same key
    LAST = "last"  # nothing can be asked: wait for a callback until the last rung
    GIVE_UP = "give_up"


def asks_list(offers: Capabilities) -> bool:
    """Whether a rung is a look at the carrier's list. A key is the better question: its answer is always proof."""
    return offers.list_query and not offers.idempotency_key


def step(offers: Capabilities, rung: int, rungs: int) -> Step:
    """What follows *rung* (from 0) of *rungs*, where it brought nothing.

    >>> step(Capabilities(idempotency_key=False, callback_token=True, list_query=False), 0, 4)
    <Step.LAST: 'last'>
    """
    if rung + 1 >= rungs:
        return Step.GIVE_UP
    if offers.idempotency_key:
        return Step.RESEND
    if offers.list_query:
        return Step.NEXT
    return Step.LAST if rung == 0 else Step.GIVE_UP


def resend_in_s(rung: int, ladder_s: Sequence[float]) -> float:
    """How long the request waits in the queue: the same as between two rungs, less the look that found it unknown.

    >>> [resend_in_s(rung, (10.0, 60.0, 300.0, 900.0)) for rung in range(3)]
    [0.0, 40.0, 230.0]
    """
    return max(0.0, ladder_s[rung] - ladder_s[rung - 1] - ladder_s[0]) if rung else 0.0


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
