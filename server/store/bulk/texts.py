"""Texts in bulk as members see them: what a launch would do, the launch, its figures and its recipients, its recall.

A launch takes its snapshot in pieces, each in a transaction of its own; the rows are the cursor, so whoever says the
same command again goes on where it broke off. The campaign is a draft until the last transaction has counted its rows
and found as many as the member was told; nothing is sent of a draft.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Final
from uuid import UUID

import trio

from server.domain.campaigns.audience import Exclusion
from server.domain.messages import CampaignMoved, CampaignStopped
from server.killpoints import reach
from server.ports import Announce
from server.ports.bulk import (
    BulkText,
    CountDiffers,
    Excluded,
    LaunchConflict,
    Launched,
    LaunchResult,
    Preview,
    Progress,
    ProgressPage,
    RecipientRow,
    Shown,
)
from server.ports.contacts import Values
from server.ports.filters import Finder, SavedFilters
from server.store.bulk.audience import CHUNK, Audiences, Crowd, Judged
from server.store.bulk.engine import PostgresBulkEngine, drop_draft, progress_of
from server.store.campaigns import stops
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

NAME_LENGTH: Final = 60
MISSING_SHOWN: Final = 100  # places of those who miss a value; enough to look at
AGAIN_S: Final = 0.05

_SQL = statements("bulk")


class PostgresBulk:
    """`ports.bulk.Bulk`."""

    def __init__(
        self,
        postgres: Postgres,
        announce: Announce,
        engine: PostgresBulkEngine,
        values: Values,
        finder: Finder,
        filters: SavedFilters,
    ) -> None:
        self._postgres, self._announce, self._engine = postgres, announce, engine
        self._audiences = Audiences(postgres, values, finder, filters)

    # Before the launch

    async def preview(self, text: BulkText, now: datetime) -> Preview:
        crowd, sums = await self._audiences.open(text, now), _Sums()
        async for chunk in crowd.chunks():
            for one in chunk:
                sums.add(one)
        return sums.preview(crowd)

    async def shown(self, text: BulkText, at: int, now: datetime) -> Shown | None:
        crowd = await self._audiences.open(text, now)
        found = await crowd.judged(at, 1)
        return _shown(found[0], len(crowd)) if found else None

    async def exclusions(self, text: BulkText, now: datetime) -> AsyncIterator[Sequence[Excluded]]:
        crowd = await self._audiences.open(text, now)
        async for chunk in crowd.chunks():
            yield [
                Excluded(one.name, one.written, one.excluded, one.missing) for one in chunk if one.excluded is not None
            ]

    # Launch

    async def launch(self, text: BulkText, cmd_id: UUID, expected: int, now: datetime) -> LaunchResult:
        fingerprint = _fingerprint(text)
        while True:
            begun = await self._by_command(text, cmd_id)
            if begun is not None and begun["fingerprint"] != fingerprint:
                return LaunchConflict()
            if begun is not None and begun["launched_at"] is not None:
                return Launched(begun["id"], again=True)
            crowd = await self._audiences.open(text, now)
            if begun is None:
                await self._draft(text, cmd_id, fingerprint, crowd.number_id, now)
            elif result := await self._build_and_begin(text, begun["id"], crowd, expected, now):
                return result

    async def _by_command(self, text: BulkText, cmd_id: UUID) -> Row | None:
        return await self._postgres.read(lambda c: c.fetchrow(_SQL["by_command"], text.workspace_id, cmd_id))

    async def _draft(self, text: BulkText, cmd_id: UUID, fingerprint: bytes, number_id: int, now: datetime) -> None:
        body, answers = storable(text.body), storable_json(dict(text.answers))
        name = shorten(body, NAME_LENGTH, placeholder="…")
        given = text.workspace_id, name, cmd_id, fingerprint, text.member_id, number_id, body, answers, now
        await self._postgres.read(lambda c: c.execute(_SQL["draft"], *given))

    async def _build_and_begin(
        self, text: BulkText, bulk_id: int, crowd: Crowd, expected: int, now: datetime
    ) -> LaunchResult | None:
        """None where somebody else has ended this draft meanwhile, either way."""
        done: int | None = 0
        while done is not None and done < len(crowd):
            piece = _Piece(text.workspace_id, bulk_id, crowd, await crowd.judged(done, CHUNK), now)
            done = await self._postgres.call(piece)
            reach("bulk_piece")
            await trio.lowlevel.checkpoint()
        if done is None:
            return None
        result = await self._postgres.call(lambda c: _begin(c, text, bulk_id, expected, now))
        if isinstance(result, Launched):
            reach("bulk_launched")
            self._announce([CampaignMoved(text.workspace_id, bulk_id)])
        return result

    # Afterwards

    async def page(self, workspace_id: int, before: int | None, limit: int) -> ProgressPage:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["progress"], workspace_id, None, before, limit + 1))
        shown = [progress_of(row) for row in rows[:limit]]
        return ProgressPage(shown, shown[-1].bulk_id if len(rows) > limit else None)

    async def progress(self, workspace_id: int, bulk_id: int) -> Progress | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["progress"], workspace_id, bulk_id, None, 1))
        return None if row is None else progress_of(row)

    async def recipients(
        self, workspace_id: int, bulk_id: int, states: Sequence[str], after: int, limit: int
    ) -> Sequence[RecipientRow] | None:
        async def read(connection: Connection) -> Sequence[Row] | None:
            if await connection.fetchval(_SQL["is_there"], workspace_id, bulk_id) is None:
                return None
            return await connection.fetch(_SQL["recipients"], bulk_id, list(states), after, limit)

        rows = await self._postgres.read(read)
        return None if rows is None else [_recipient(row) for row in rows]

    async def recall(self, workspace_id: int, bulk_id: int, member_id: int, now: datetime) -> Progress | None:
        """Two transactions at least: the first stops T3, the others tidy and may be repeated by the engine."""

        async def close(connection: Connection) -> CampaignStopped | None:
            await connection.execute(_SQL["lock_exclusive"], bulk_id)
            if await connection.fetchval(_SQL["recall"], bulk_id, workspace_id) is None:
                return None
            await _note(connection, workspace_id, member_id, "bulk_recalled", bulk_id)
            return await stops.requeue(connection, bulk_id)

        if await self.progress(workspace_id, bulk_id) is None:
            return None
        stop = await self._postgres.call(close, idempotent=True)
        if stop is not None:
            await stops.settled(self._postgres, self._announce, stop, now)
            await self._tidy(bulk_id, now)
        return await self.progress(workspace_id, bulk_id)

    async def _tidy(self, bulk_id: int, now: datetime) -> None:
        """Until nothing is queued and nobody pending; another server may be at it too."""
        while True:
            more = await self._engine.advance(bulk_id, now)
            told = await self._engine.told(bulk_id)
            if not more and (told is None or not told.pending):
                return
            if not more:
                await trio.sleep(AGAIN_S)


class _Piece:
    """A piece of a snapshot in its transaction; gives how far the snapshot has come, None where it is no draft."""

    def __init__(self, workspace_id: int, bulk_id: int, crowd: Crowd, judged: Sequence[Judged], now: datetime) -> None:
        self._workspace_id, self._bulk_id, self._crowd = workspace_id, bulk_id, crowd
        self._judged, self._now = judged, now

    async def __call__(self, connection: Connection) -> int | None:
        if await connection.fetchval(_SQL["lock_draft"], self._bulk_id) is None:
            return None
        done: int = await connection.fetchval(_SQL["done_until"], self._bulk_id)
        if done != self._judged[0].at:
            return done  # somebody else has written it
        ids = await self._endpoints(connection)
        taken = await connection.fetch(_SQL["taken"], self._bulk_id, [id_ for id_ in ids if id_ is not None])
        given = {row["endpoint_id"] for row in taken}
        columns = []
        for one, endpoint_id in zip(self._judged, ids, strict=True):
            columns.append(_columns(one, endpoint_id, twice=endpoint_id in given))
            given.add(endpoint_id)
        lists = [list(column) for column in zip(*columns, strict=True)]
        await connection.execute(_SQL["add_recipients"], self._bulk_id, self._workspace_id, *lists, self._now)
        return done + len(self._judged)

    async def _endpoints(self, connection: Connection) -> list[int | None]:
        """Of those who get the text, and of those excluded whose number is known."""
        strangers = [
            one.phone.address
            for one in self._judged
            if one.phone is not None and one.phone.endpoint_id is None and one.excluded is None
        ]
        known: dict[str | None, int] = {}
        if strangers:
            await connection.execute(_SQL["make_endpoints"], self._workspace_id, strangers)
            rows = await connection.fetch(_SQL["endpoints"], self._workspace_id, strangers, [])
            known = {row["address"]: row["endpoint_id"] for row in rows}
        return [
            None if one.phone is None else one.phone.endpoint_id or known.get(one.phone.address) for one in self._judged
        ]


def _columns(one: Judged, endpoint_id: int | None, *, twice: bool) -> tuple[object, ...]:
    """ord, contact_id, endpoint_id, given, reason, body, segments."""
    twice = twice and endpoint_id is not None
    reason = one.excluded or (Exclusion.DUPLICATE if twice else None)
    if reason is not None:
        return one.at + 1, one.contact_id, None if twice else endpoint_id, one.written, reason.value, None, None
    return one.at + 1, one.contact_id, endpoint_id, "", None, one.text, one.segments.count


async def _begin(
    connection: Connection, text: BulkText, bulk_id: int, expected: int, now: datetime
) -> LaunchResult | None:
    if await connection.fetchval(_SQL["lock_draft"], bulk_id) is None:
        return None
    counted = await connection.fetchrow(_SQL["counted"], bulk_id)
    assert counted is not None, "an aggregate has a row"  # noqa: S101 - for the type
    if counted["recipients"] != expected:
        await drop_draft(connection, bulk_id)
        return CountDiffers(counted["recipients"])
    await connection.execute(_SQL["begin"], bulk_id, counted["audience"], now)
    await _note(connection, text.workspace_id, text.member_id, "bulk_launched", bulk_id)
    return Launched(bulk_id, again=False)


async def _note(connection: Connection, workspace_id: int, member_id: int, action: str, bulk_id: int) -> None:
    await connection.execute(_SQL["note"], workspace_id, member_id, action, storable_json({"bulk": bulk_id}))


def _fingerprint(text: BulkText) -> bytes:
    """What makes two launches with one id the same: who, to whom, and which text."""
    parts = (text.member_id, text.audience, text.body, sorted(text.answers.items()), text.number_id)
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()


class _Sums:
    """Adds up what a launch would do."""

    def __init__(self) -> None:
        self._excluded: Counter[Exclusion] = Counter()
        self._names: Counter[str] = Counter()
        self._missing: list[int] = []
        self._segments: Counter[int] = Counter()
        self._longest: tuple[int, int] | None = None  # length, place
        self._shortest: tuple[int, int] | None = None

    def add(self, one: Judged) -> None:
        if one.excluded is not None:
            self._excluded[one.excluded] += 1
        if one.excluded is Exclusion.MISSING_VALUE:
            self._names.update(one.missing)
            if len(self._missing) < MISSING_SHOWN:
                self._missing.append(one.at)
        if one.excluded is None:
            self._segments[one.segments.count] += 1
            length = one.segments.count * 10_000 + len(one.text)
            self._longest = _first(self._longest, (length, one.at), lambda a, b: a > b)
            self._shortest = _first(self._shortest, (length, one.at), lambda a, b: a < b)

    def preview(self, crowd: Crowd) -> Preview:
        total = sum(count * times for count, times in self._segments.items())
        rate = crowd.rules["rate"]
        return Preview(
            audience=len(crowd),
            recipients=self._segments.total(),
            excluded={reason: self._excluded[reason] for reason in Exclusion if self._excluded[reason]},
            segments_min=min(self._segments, default=0),
            segments_max=max(self._segments, default=0),
            segments_total=total,
            cost=crowd.rules["segment_price"] * total,
            currency=crowd.rules["price_currency"],
            opt_in_required=crowd.rules["opt_in_required"],
            longest=self._longest[1] if self._longest else None,
            shortest=self._shortest[1] if self._shortest else None,
            missing=tuple(self._missing),
            names=dict(self._names),
            duration_s=total / rate if rate else None,
        )


def _first(
    known: tuple[int, int] | None, other: tuple[int, int], better: Callable[[int, int], bool]
) -> tuple[int, int]:
    return other if known is None or better(other[0], known[0]) else known


def _shown(one: Judged, of: int) -> Shown:
    address = one.phone.address if one.phone else None
    return Shown(
        one.at,
        of,
        one.contact_id,
        one.name or None,
        address or one.written or None,
        one.text,
        one.segments.count,
        one.segments.encoding,
        one.missing,
        one.excluded,
    )


def _recipient(row: Row) -> RecipientRow:
    columns = (
        "ord", "contact_id", "name", "address", "state", "delivery", "reason", "error_class", "error_code", "thread_id",
        "seq", "segments",
    )  # fmt: skip
    return RecipientRow(*(row[column] for column in columns))
