"""Texts that may have asked to stop: what waits for a person, and the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from server.domain.messages import Announcement, AnswerOwed, CampaignMoved, ConsentFlipped, ReviewChanged
from server.ports import Announce, Decided, DecidedOtherwise, Review, ReviewDecision, ReviewPage
from server.store.cursors import made_cursor, parsed_cursor
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("review")
_OPEN: Final = "open"


class PostgresReviews:
    """`ports.Reviews`. *writes*: the whole database, where *postgres* is as a member sees it."""

    def __init__(self, postgres: Postgres, announce: Announce, writes: Postgres | None = None) -> None:
        self._postgres, self._announce = postgres, announce
        self._writes = writes or postgres

    async def page(
        self, workspace_id: int, *, thread_id: int | None = None, cursor: str | None = None, limit: int = 50
    ) -> ReviewPage:
        decided_at, below = (None, None) if cursor is None else _parsed(cursor)

        async def read(connection: Connection) -> tuple[Sequence[Row], int]:
            rows = await connection.fetch(_SQL["page"], workspace_id, thread_id, decided_at, below, limit + 1)
            counted = await connection.fetchrow(_SQL["open_counts"], [workspace_id])
            return rows, counted["open"] if counted else 0

        rows, waiting = await self._postgres.read(read)
        shown = rows[:limit]
        return ReviewPage([_review(row) for row in shown], waiting, _cursor(shown[-1]) if len(rows) > limit else None)

    async def decide(
        self, workspace_id: int, review_id: int, decision: ReviewDecision, member_id: int, now: datetime
    ) -> Decided | DecidedOtherwise | None:
        async def run(connection: Connection) -> tuple[Row, Row] | None:
            row = await connection.fetchrow(_SQL["decide"], workspace_id, review_id, decision, member_id, now)
            review = await connection.fetchrow(_SQL["one"], workspace_id, review_id)
            return None if row is None or review is None else (row, review)

        if self._writes is not self._postgres and not await self._sees(workspace_id, review_id):
            return None
        found = await self._writes.call(run, idempotent=True)
        if found is None:
            return None
        row, review = found[0], _review(found[1])
        if row["verdict"] == "conflict":
            return DecidedOtherwise(review)
        if row["verdict"] == "decided":
            self._announce(_announced(workspace_id, row))
        return Decided(review, again=row["verdict"] == "again")

    async def _sees(self, workspace_id: int, review_id: int) -> bool:
        return await self._postgres.read(lambda c: c.fetchrow(_SQL["one"], workspace_id, review_id)) is not None

    async def open_counts(self, workspace_ids: Sequence[int]) -> Mapping[int, tuple[int, Mapping[int, int]]]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["open_counts"], list(workspace_ids)))
        apart: dict[int, dict[int, int]] = {row["id"]: {} for row in rows}
        for row in rows:
            if row["member_id"] is not None:
                apart[row["id"]][row["member_id"]] = row["seen"]
        return {row["id"]: (row["open"], apart[row["id"]]) for row in rows}


def _announced(workspace_id: int, row: Row) -> list[Announcement]:
    told: list[Announcement] = []
    if row["flipped"]:
        told.append(ConsentFlipped(workspace_id, row["endpoint_id"], opted_out=True, epoch=row["epoch"]))
    told.append(ReviewChanged(workspace_id, row["thread_id"], row["endpoint_id"], held=False))
    if row["owed"]:
        told.append(AnswerOwed(workspace_id, row["endpoint_id"]))
    return [*told, *(CampaignMoved(workspace_id, campaign_id) for campaign_id in row["campaigns"] or ())]


def _review(row: Row) -> Review:
    return Review(
        review_id=row["id"],
        thread_id=row["thread_id"],
        seq=row["seq"],
        kind=row["kind"],
        text=row["text"],
        at=row["at"],
        name=row["name"],
        address=row["address"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        decision=row["decision"],
    )


def _cursor(row: Row) -> str:
    return f"{_OPEN}.{row['id']}" if row["decided_at"] is None else made_cursor(row["decided_at"], row["id"])


def _parsed(cursor: str) -> tuple[datetime | None, int]:
    kind, _, id_ = cursor.partition(".")
    if kind == _OPEN and id_.isdecimal() and len(id_) <= 18:
        return None, int(id_)
    return parsed_cursor(cursor)
