"""Decides how much of a text to many may be queued, and puts a turn's texts there: campaigns' and texts' in bulk alike.

What is queued stays little, so that a stop bites. Texts go through T2 like everybody's, in the transaction that marks
their recipients, under commands that are made from the campaign and the place: killed anywhere, a turn is there once
or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from server.domain.campaigns.audience import AudienceRules, Exclusion, Phone, choose, text_id
from server.domain.gate import MessageClass
from server.domain.messages import Announcement, OfCampaign
from server.ports import Enqueued, EnqueueMt
from server.store.ledger import enqueue
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row, announcements

if TYPE_CHECKING:
    from server.store.postgres import Connection

AHEAD_S: Final = 4.0  # what is queued at the pace of its numbers; the engine looks every half second
AT_LEAST: Final = 16  # segments, however slow the numbers are: an idle sender costs more than these
CHUNK: Final = 256  # texts in one transaction; its threads are locked for some 50 ms
TIDIED: Final = 500  # texts taken back in one transaction; their threads are locked
FOLD_FROM: Final = 64  # differences: whoever asks for figures reads that many in some 50 µs
FOLDED: Final = 2_000

_PHONE: Final = ("address", "endpoint_id", "opted_out", "held", "carrier_blocked", "invalid", "consented")
_SQL = statements("queueing")
_Any = TypeVar("_Any")


@dataclass(frozen=True, slots=True)
class Text:
    """What one recipient gets. `round`: rises when one that waited was taken back to be made anew. `variant`: which of
    several wordings.
    """

    ord: int
    endpoint_id: int
    body: str
    segments: int
    round: int = 0
    variant: int | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """What all texts of a turn have in common."""

    workspace_id: int
    campaign: OfCampaign
    author_id: int | None
    now: datetime
    expires_at: datetime | None
    cancel_on_reply: bool = False


async def lock_shared(connection: Connection, campaign_id: int) -> None:
    """A stop waits for whoever adds to the queue, and whoever comes later sees it."""
    await connection.execute(_SQL["lock_shared"], campaign_id)


async def room(
    connection: Connection, campaign_id: int, number_id: int, own_rate: float | None, now: datetime
) -> float:
    """For how many segments, a few seconds ahead of the pace of its numbers, and of its own where it has one."""
    ahead = await connection.fetchrow(_SQL["ahead"], campaign_id, number_id, now)
    assert ahead is not None, "an aggregate has a row"  # noqa: S101 - for the type
    return room_for(ahead["queued"], ahead["rate"], own_rate)


def room_for(queued: int, pace: float, own_rate: float | None) -> float:
    """The same of what was read: segments that are queued, and what the numbers send in a second."""
    return max(AT_LEAST, AHEAD_S * (pace if own_rate is None else min(pace, own_rate))) - queued


def fitting(found: Sequence[_Any], room: float, segments: Callable[[_Any], int]) -> Sequence[_Any]:
    """As many as there is room for; the last one may reach beyond it."""
    taken: list[_Any] = []
    for one in found:
        if room <= 0:
            break
        taken.append(one)
        room -= segments(one)
    return taken


def phone_of(row: Row) -> Phone:
    return Phone(*(row[column] for column in _PHONE))


def objection(row: Row) -> str | None:
    """What came up about a number since the snapshot. What comes up later is the gate's to say."""
    chosen = choose([phone_of(row)], AudienceRules())
    return chosen.value if isinstance(chosen, Exclusion) else None


# Writing


async def skip(connection: Connection, campaign_id: int, reasons: Mapping[int, str], now: datetime) -> None:
    """These places get no text after all."""
    if reasons:
        await connection.execute(_SQL["skip"], campaign_id, [*reasons], [*reasons.values()], now)


async def threads(
    connection: Connection, campaign: Row, endpoints: Sequence[int], now: datetime, *, quiet: bool
) -> Mapping[int, Row]:
    """By number, made where there is none, and locked: nothing is stored in them between this look and the commit.

    *campaign*: its claimed row.
    """
    if not endpoints:
        return {}
    workspace_id = campaign["workspace_id"]
    await connection.execute(_SQL["make_threads"], workspace_id, endpoints, campaign["number_id"], now, quiet)
    asked = workspace_id, endpoints, campaign["id"], campaign["launched_by"], campaign["number_id"]
    rows = await connection.fetch(_SQL["threads"], *asked)
    return {row["endpoint_id"]: row for row in rows}


async def put(
    connection: Connection, sending: Sending, texts: Sequence[Text], threads: Mapping[int, Row]
) -> Sequence[Announcement]:
    """Queue them, under the locks of their threads; what the commit has to tell."""
    if not texts:
        return ()
    mts = [_mt(sending, one, threads[one.endpoint_id]["id"]) for one in texts]
    results, told = await enqueue.write(connection, mts)
    places: list[tuple[Any, ...]] = []
    for one, result in zip(texts, results, strict=True):
        assert isinstance(result, Enqueued), result  # noqa: S101 - its thread is locked, its command is nobody else's
        places.append((one.ord, result.thread_id, result.seq, one.segments))
    columns = map(list, zip(*places, strict=True))
    await connection.execute(_SQL["queued"], sending.campaign.campaign_id, *columns, sending.now)
    return told


def _mt(sending: Sending, text: Text, thread_id: int) -> EnqueueMt:
    return EnqueueMt(
        workspace_id=sending.workspace_id,
        thread_id=thread_id,
        cmd_id=text_id(sending.campaign.campaign_id, text.ord, text.round),
        fingerprint=hashlib.sha256(text.body.encode()).digest(),
        klass=MessageClass.BULK,
        body=text.body,
        segments=text.segments,
        now=sending.now,
        author_id=sending.author_id,
        campaign_id=sending.campaign.campaign_id,
        expires_at=sending.expires_at,
        cancel_on_reply=sending.cancel_on_reply,
        campaign=replace(sending.campaign, variant=text.variant),
    )


# Tidying


async def recalled(connection: Connection, campaign_id: int, now: datetime) -> list[Announcement]:
    """A piece of what a cancelled one has queued goes. Threads are locked, so campaigns' own locks come before."""
    return announcements(await connection.fetch(_SQL["recall_queued"], campaign_id, now, TIDIED))


async def fold(postgres: Postgres, campaign_id: int) -> bool:
    """Add differences to the sums; True where there may be more."""
    given = campaign_id, FOLD_FROM, FOLDED
    folded = await postgres.call(lambda c: c.fetchval(_SQL["fold"], *given), idempotent=True)
    return bool(folded == FOLDED)
