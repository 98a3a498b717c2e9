"""T1: an inbound text becomes durable, once, with its place in its thread and what its keyword changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from server.domain.carrier import InboundText
from server.domain.consent import ANSWER_WITHIN
from server.domain.messages import (
    Announcement,
    AnswerOwed,
    CampaignMoved,
    ConsentFlipped,
    Message,
    Replied,
    ReviewChanged,
    SightNarrowed,
    ThreadChanged,
)
from server.killpoints import reach
from server.ports import MoArrival, MoDuplicate, MoRecorded, MoResult, MoUnassigned
from server.store.group_commit import Written
from server.store.named_sql import statements
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_RECORD_MO = statements("inbound")["record_mo"]


class Inbound:
    """Writes batches of inbound texts. *wall* tells when a text arrived where its carrier does not."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall

    async def write(self, connection: Connection, arrivals: Sequence[MoArrival]) -> Written[MoResult]:
        """A batch in one statement. Running it again stores nothing twice."""
        now = self._wall()
        columns = zip(*(_column_values(arrival, now) for arrival in arrivals), strict=True)
        reach("t1_before")
        rows = await connection.fetch(_RECORD_MO, *(list(column) for column in columns), ANSWER_WITHIN)
        reach("t1_committed")
        results: list[MoResult] = [MoDuplicate()] * len(arrivals)
        announcements: list[Announcement] = []
        for row in rows:
            if row["ord"] is None:
                announcements += _moved(row)
                continue
            position = row["ord"] - 1
            if row["thread_id"] is None:
                results[position] = MoUnassigned()
                continue
            results[position] = MoRecorded(row["thread_id"], row["seq"])
            announcements += _announced(row, arrivals[position].text)
        return results, announcements


def _column_values(arrival: MoArrival, now: datetime) -> tuple[Any, ...]:
    text = arrival.text
    return (
        arrival.account_id,
        storable(text.provider_id),
        storable(text.from_),
        storable(text.to),
        storable(text.body),
        arrival.keyword,
        text.opt_out_type is not None,
        storable_json(text.media) if text.media else None,
        text.received_at,
        now,
    )


def _moved(row: Row) -> list[Announcement]:
    """That a campaign got credit; a row that names none says nothing."""
    return [] if row["campaign_id"] is None else [CampaignMoved(row["workspace_id"], row["campaign_id"])]


def _announced(row: Row, text: InboundText) -> list[Announcement]:
    workspace_id, endpoint_id = row["workspace_id"], row["endpoint_id"]
    message = Message(
        thread_id=row["thread_id"],
        seq=row["seq"],
        direction="in",
        body=storable(text.body),
        state="received",
        at=row["at"],
        in_ord=row["in_ord"],
        klass="inbound",
        keyword=row["keyword"],
        media=tuple(storable(url) for url, _ in text.media),
    )
    told: list[Announcement] = []
    if row["seen_by"] is not None:  # before the text itself is told to who looks
        told.append(SightNarrowed(workspace_id, row["thread_id"], frozenset(row["seen_by"])))
    told.append(ThreadChanged(workspace_id, row["thread_id"], (message,)))
    if row["flipped"] is not None:
        told.append(ConsentFlipped(workspace_id, endpoint_id, row["flipped"], row["epoch"]))
    if row["held"] is not None:
        told.append(ReviewChanged(workspace_id, row["thread_id"], endpoint_id, row["held"]))
    if row["cancels"]:
        told.append(Replied(workspace_id, row["thread_id"]))
    if row["owed"]:
        told.append(AnswerOwed(workspace_id, endpoint_id))
    return told
