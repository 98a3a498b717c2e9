"""A small workspace in a real database, and short words for what tests do to it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import trio

from server.domain.carrier import InboundText
from server.domain.gate import MessageClass
from server.domain.messages import Announcement
from server.ports import Authorised, Enqueued, EnqueueMt, Granted, MoArrival, MoRecorded
from server.store.options import StoreOptions
from server.store.store import Store, open_store

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
LADDER_S = (0.05, 0.1, 0.2)
ALICE, BOB = "+12025550101", "+12025550102"

_ids = itertools.count(1)

SEED = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Acme', true, 'Acme Realty', '(202) 555-0123');
INSERT INTO member (workspace_id, email, name, role, password_hash)
VALUES (1, 'dana@example.org', 'Dana', 'agent', 'x');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (1, true, 'simulator', 'AC1', 'secret', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate)
VALUES (1, 1, '+12025550199', 10), (1, 1, '+12025550198', 10);
"""
OUR_NUMBER, OTHER_NUMBER = "+12025550199", "+12025550198"


@dataclass
class World:
    """One workspace (1) with an agent (1), a simulated account (1), two numbers (1, 2), and a node that may send."""

    store: Store
    dsn: str
    told: list[Announcement] = field(default_factory=list)
    gen: int = 0
    limiter_epoch: int = 0

    async def take_office(self) -> None:
        """Join as a node that no busy machine outlasts, and take the limiter."""
        self.gen = (await self.store.fleet.join("host", str(uuid4()), 1, uuid4())).gen
        assert await self.store.fleet.beat(self.gen, 3600.0)
        taken = await self.store.fleet.take_limiter(self.gen, 3600.0)
        assert taken is not None
        self.limiter_epoch = taken[0]

    async def sql(self, query: str, *values: Any) -> list[asyncpg.Record]:
        return await self.store.call(lambda c: c.fetch(query, *values))

    async def value(self, query: str, *values: Any) -> Any:
        return await self.store.call(lambda c: c.fetchval(query, *values))

    async def receive(self, body: str = "Hello", *, from_: str = ALICE, keyword: Any = None, **more: Any) -> MoRecorded:
        """An inbound text with an id of its own."""
        result = await self.store.ledger.record_mo(mo(body, from_=from_, keyword=keyword, **more))
        assert isinstance(result, MoRecorded), result
        return result

    async def stop(self, *, from_: str = ALICE) -> MoRecorded:
        return await self.receive("STOP", from_=from_, keyword="STOP")

    async def send(self, thread_id: int, **more: Any) -> Enqueued:
        """Queue a text; a person's unless told otherwise."""
        result = await self.store.ledger.enqueue_mt(mt(thread_id, **more))
        assert isinstance(result, Enqueued), result
        return result

    async def queued(self) -> list[int]:
        return [r["id"] for r in await self.sql("SELECT id FROM outbox WHERE state = 'queued' ORDER BY id")]

    async def authorise(self, *, now: datetime = NOON, rows: Sequence[int] | None = None) -> list[Authorised]:
        """T3 over all queued rows, or *rows*; those that may leave."""
        answers = await self.answers(now=now, rows=rows)
        return [answer for answer in answers if isinstance(answer, Authorised)]

    async def answers(self, *, now: datetime = NOON, rows: Sequence[int] | None = None) -> Sequence[Any]:
        rows = await self.queued() if rows is None else rows
        granted = [Granted(row, now) for row in rows]
        answers = await self.store.ledger.authorise(granted, self.gen, self.limiter_epoch, now)
        assert isinstance(answers, list), answers
        return answers

    async def state(self, thread_id: int, seq: int) -> str:
        found: str = await self.value("SELECT state FROM message WHERE thread_id = $1 AND seq = $2", thread_id, seq)
        return found

    async def box(self, thread_id: int, seq: int) -> asyncpg.Record | None:
        rows = await self.sql("SELECT * FROM outbox WHERE thread_id = $1 AND seq = $2", thread_id, seq)
        return rows[0] if rows else None

    def heard(self, kind: type[Any]) -> list[Any]:
        return [one for one in self.told if isinstance(one, kind)]


@asynccontextmanager
async def open_world(dsn: str, options: StoreOptions | None = None) -> AsyncIterator[World]:
    told: list[Announcement] = []
    options = options or StoreOptions(ladder_s=LADDER_S, wall=lambda: NOON)
    async with open_store(dsn, announce=told.extend, options=options) as store:
        world = World(store, dsn, told)
        await store.call(lambda c: c.execute(SEED))
        await world.take_office()
        yield world


@asynccontextmanager
async def holding(world: World, *statements: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection in a transaction that has run *statements* and keeps their locks; rolled back at the end."""
    bridge = world.store.bridge

    async def begin() -> asyncpg.Connection[asyncpg.Record]:
        connection = await asyncpg.connect(world.dsn)
        await connection.execute(";".join(("BEGIN", *statements)))
        return connection

    connection = await bridge.call(begin)
    try:
        yield connection
    finally:
        with trio.CancelScope(shield=True):
            await bridge.call(connection.close)


def mo(
    body: str = "Hello",
    *,
    from_: str = ALICE,
    to: str = OUR_NUMBER,
    keyword: Any = None,
    provider_id: str | None = None,
    **more: Any,
) -> MoArrival:
    text = InboundText(provider_id or f"SM{next(_ids)}", from_, to, body, **more)
    return MoArrival(1, text, keyword)


def mt(thread_id: int, body: str = "Hi", *, cmd_id: UUID | None = None, **more: Any) -> EnqueueMt:
    given: dict[str, Any] = {
        "workspace_id": 1,
        "fingerprint": body.encode(),
        "klass": MessageClass.PERSON,
        "segments": 1,
        "now": NOON,
        "author_id": 1,
    }
    return EnqueueMt(thread_id=thread_id, cmd_id=cmd_id or uuid4(), body=body, **{**given, **more})


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)
