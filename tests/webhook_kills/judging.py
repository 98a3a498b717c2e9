"""Decides whether every event was told to everybody who wanted it, from what was heard and what the database says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

TEXTS: Final = "message.received"
FLIPS: Final = ("contact.opted_out", "contact.opted_in")
FAITHFUL: Final = ("steady", "slow", "flaky", "hangs")
"""Receivers that take everything in the end."""


@dataclass
class Heard:
    """One post. `answered` None: the receiver had not answered when it ended."""

    receiver: str
    webhook_id: str
    at: float
    body: bytes
    ours: bool
    answered: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery as the log has it; `late_s`: how long after its endpoint was turned off its last try began."""

    receiver: str
    webhook_id: str
    event_seq: int
    kind: str
    state: str
    tries: int
    late_s: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened (`texts` as thread and seq, `flips` by kind), and what the server made of it."""

    texts: Sequence[tuple[int, int]]
    flips: Mapping[str, int]
    events: Sequence[tuple[int, str, tuple[int, int] | None]]
    rows: Sequence[Row]
    kinds: Mapping[str, Sequence[str]]
    disabled: Mapping[str, str | None]


def faults(facts: Facts, heard: Sequence[Heard], retries_s: Sequence[float]) -> Iterator[str]:
    """A sentence for each promise that was broken."""
    yield from _of_the_stream(facts)
    yield from _of_the_queue(facts)
    posts = defaultdict[str, list[Heard]](list)
    for one in heard:
        posts[one.webhook_id].append(one)
    for row in facts.rows:
        yield from _of_a_delivery(row, posts.pop(row.webhook_id, []), retries_s)
    yield from (f"{webhook_id} was posted and is no delivery." for webhook_id in posts)
    yield from _of_who_has_gone(facts)


def _of_the_stream(facts: Facts) -> Iterator[str]:
    if [seq for seq, _, _ in facts.events] != list(range(1, len(facts.events) + 1)):
        yield "The stream has a gap."
    told = [text for _, kind, text in facts.events if kind == TEXTS]
    if sorted(text for text in told if text) != sorted(facts.texts):
        yield f"{len(facts.texts)} texts came in, and the stream tells of {len(set(told))}, {len(told)} times."
    for kind in FLIPS:
        count = sum(one == kind for _, one, _ in facts.events)
        if count != facts.flips.get(kind, 0):
            yield f"{facts.flips.get(kind, 0)} contacts flipped to {kind}, and the stream tells of {count}."


def _of_the_queue(facts: Facts) -> Iterator[str]:
    queued = defaultdict[str, list[int]](list)
    for row in facts.rows:
        queued[row.receiver].append(row.event_seq)
    for name in (*FAITHFUL, "never"):
        wanted = [seq for seq, kind, _ in facts.events if kind in facts.kinds[name]]
        if sorted(queued[name]) != wanted:
            yield f"{name} wants {len(wanted)} events, and {len(queued[name])} are queued for it."


def _of_a_delivery(row: Row, posts: Sequence[Heard], retries_s: Sequence[float]) -> Iterator[str]:
    took = any(one.answered is not None and 200 <= one.answered < 300 for one in posts)
    if row.receiver in FAITHFUL and not took:
        yield f"{row.webhook_id} was lost: {row.receiver} never took it."
    if row.receiver in FAITHFUL and row.state != "delivered":
        yield f"{row.webhook_id} is {row.state} in the log of {row.receiver}."
    if row.state == "delivered" and not took:
        yield f"{row.webhook_id} is delivered in the log, and {row.receiver} did not take it."
    if row.receiver == "never" and (row.state != "failed" or row.tries <= len(retries_s)):
        yield f"{row.webhook_id} was given up after {row.tries} tries: it is {row.state}."
    if len(posts) > row.tries:
        yield f"{row.webhook_id} was posted {len(posts)} times, and the log counts {row.tries} tries."
    if any(not one.ours for one in posts):
        yield f"{row.webhook_id} was not signed as Standard Webhooks wants it."
    if len({(one.receiver, one.body) for one in posts}) > 1:
        yield f"{row.webhook_id} said different things, or to different receivers."
    for nth, (before, after) in enumerate(pairwise(posts)):
        if after.at - before.at < retries_s[min(nth, len(retries_s) - 1)]:
            yield f"{row.webhook_id} was tried again after {after.at - before.at:.2f} s: too soon."


def _of_who_has_gone(facts: Facts) -> Iterator[str]:
    for name, why in facts.disabled.items():
        if (why is not None) != (name == "gone"):
            yield f"{name} is turned {'on' if why is None else 'off'}: {why}"
    if any(row.late_s is not None and row.late_s > 5 for row in facts.rows if row.receiver == "gone"):
        yield "gone was told something long after it had said 410."
