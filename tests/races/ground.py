"""The ground of the races: the rows of one workspace, and connections that run the store's own transactions.

All of it runs on asyncio. A transaction of the store is one closure there anyway, and many of them race best with no
bridge between them. Nothing is ever sent: no carrier listens.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from uuid import uuid4

import asyncpg

from server.domain.gate import MessageClass
from server.ports import Enqueued, EnqueueMt
from server.store.ledger.enqueue import Enqueue
from server.store.postgres import Postgres, Work, retried

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

T = TypeVar("T")

NOON: Final = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
OUR_NUMBER: Final = "+12025550199"
ACCOUNT: Final = 1
MEMBER: Final = 1

SETTINGS: Final = {
    "track_commit_timestamp": "on",  # by which committed rows tell who was first
    "fsync": "off",  # no race pulls the plug
    "full_page_writes": "off",
    "max_connections": "200",
}

SEED: Final = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Acme', false, 'Acme Realty', '(202) 555-0123');
INSERT INTO member (workspace_id, email, name, role, password_hash)
VALUES (1, 'dana@example.org', 'Dana', 'agent', 'x');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (1, false, 'twilio', 'AC1', 'secret', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate) VALUES (1, 1, '+12025550199', 10);
INSERT INTO node (host, boot_id, pid, journal_id, expires_at) VALUES ('host', 'boot', 1, gen_random_uuid(), 'infinity');
UPDATE limiter_authority SET epoch = 1, gen = 1, expires_at = 'infinity';
"""

_numbers = itertools.count(2_000_000_000)


class Side:
    """One connection, with the retries of `server.store.postgres`: what the store does through its pool or its lines.

    Stands for a `Postgres` where a part of the store is made of it. `conflicts` counts the deadlocks that were retried.
    """

    def __init__(self, connection: Connection, *, stepped: bool = False) -> None:
        self.connection = connection
        self.conflicts = 0
        self._stepped = stepped

    async def stop(self, place: str) -> None:
        """Where the transaction is stepped, wait here: between statements that no function of the schema holds."""
        if self._stepped:
            await self.connection.execute("SELECT races_stop($1)", place)

    async def call(self, work: Work[T], *, idempotent: bool = False) -> T:
        """*work* in one transaction, again after a conflict."""

        async def whole(connection: Any) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self.write(whole, idempotent=idempotent)

    async def write(self, work: Work[T], *, idempotent: bool = True) -> T:
        """*work* in a transaction of its one statement, again after a conflict: what a writer's line does."""

        async def counted() -> T:
            try:
                return await work(self.connection)
            except asyncpg.DeadlockDetectedError:
                self.conflicts += 1
                raise

        return await retried(counted, lost_once=idempotent)

    async def read(self, work: Work[T]) -> T:
        """One repeatable statement."""
        return await self.write(work)

    @property
    def postgres(self) -> Postgres:
        """This side where the store wants its pool; only `call` and `read` are used of it."""
        return cast(Postgres, self)


@dataclass(frozen=True, slots=True)
class Case:
    """One queued text, to a recipient whom no other case has."""

    endpoint_id: int
    address: str
    thread_id: int
    seq: int
    outbox_id: int
    campaign_id: int | None = None


@dataclass
class Ground:
    """A node (gen) that holds the limiter (epoch), and *sides* to act on."""

    dsn: str
    sides: list[Side]
    gen: int = 1
    epoch: int = 1
    _next: itertools.cycle[int] = field(init=False)

    def __post_init__(self) -> None:
        self._next = itertools.cycle(range(1, len(self.sides)))

    @property
    def judge(self) -> Connection:
        """The connection that seeds and judges; no race runs on it."""
        return self.sides[0].connection

    def side(self) -> Side:
        """The next one, in turn: more at once than there are would wait for each other."""
        return self.sides[next(self._next)]

    @property
    def conflicts(self) -> int:
        return sum(side.conflicts for side in self.sides)

    async def recipients(self, count: int) -> list[tuple[int, str, int]]:
        """New ones: endpoint, address, thread."""
        addresses = [f"+1{next(_numbers)}" for _ in range(count)]
        rows = await self.judge.fetch(
            """WITH e AS (
                   INSERT INTO endpoint (workspace_id, address) SELECT 1, unnest($1::text[]) RETURNING id, address
               ), t AS (
                   INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at)
                   SELECT 1, e.id, 1, $2 FROM e ORDER BY e.id DESC RETURNING id, endpoint_id
               )
               SELECT e.id, e.address, t.id AS thread_id FROM e JOIN t ON t.endpoint_id = e.id ORDER BY 1""",
            addresses,
            NOON,
        )
        return [(r["id"], r["address"], r["thread_id"]) for r in rows]

    async def new_node(self) -> int:
        """A running server's generation."""
        gen: int = await self.judge.fetchval(
            "INSERT INTO node (host, boot_id, pid, journal_id, expires_at)"
            " VALUES ('host', 'boot', 1, gen_random_uuid(), 'infinity') RETURNING gen"
        )
        return gen

    async def renew_office(self, *, held: bool = True) -> None:
        """A new node takes the limiter for the ground; not *held*: with a lease that has run out already."""
        self.gen = await self.new_node()
        self.epoch = await self.judge.fetchval(
            "UPDATE limiter_authority SET epoch = epoch + 1, gen = $1, not_before = '-infinity', expires_at = $2"
            " RETURNING epoch",
            self.gen,
            NOON.replace(year=2999 if held else 2000),
        )

    async def campaigns(self, count: int) -> list[int]:
        """New ones, running."""
        rows = await self.judge.fetch(
            "INSERT INTO campaign (workspace_id, name, state) SELECT 1, 'A', 'active' FROM generate_series(1, $1)"
            " RETURNING id",
            count,
        )
        return [r["id"] for r in rows]

    async def deal(
        self, count: int, klass: MessageClass = MessageClass.BULK, *, campaigns: Sequence[int] | None = None
    ) -> list[Case]:
        """Queued texts to new recipients, each of its own campaign where *campaigns* are given."""
        return await self.queue(await self.recipients(count), klass, campaigns)

    async def queue(
        self, to: Sequence[tuple[int, str, int]], klass: MessageClass, campaigns: Sequence[int] | None = None
    ) -> list[Case]:
        """T2 for each of *to*; a recipient stands there once."""
        texts = [EnqueueMt(1, thread, uuid4(), b"x", klass, "Hello", 1, NOON, author_id=MEMBER) for _, _, thread in to]
        found = await Enqueue(self.sides[0].postgres, _tell_nobody).enqueue_bulk(texts)
        places = [(one.thread_id, one.seq) for one in found if isinstance(one, Enqueued)]
        rows = await self.judge.fetch(
            """UPDATE outbox o SET campaign_id = g.campaign
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS g (thread, seq, campaign)
               WHERE o.thread_id = g.thread AND o.seq = g.seq RETURNING o.id, o.thread_id, o.campaign_id, o.seq""",
            [thread for thread, _ in places],
            [seq for _, seq in places],
            list(campaigns) if campaigns else [None] * len(places),
        )
        of = {row["thread_id"]: row for row in rows}
        return [
            Case(endpoint, address, thread, of[thread]["seq"], of[thread]["id"], of[thread]["campaign_id"])
            for endpoint, address, thread in to
        ]


@asynccontextmanager
async def open_ground(dsn: str, sides: int = 2) -> AsyncIterator[Ground]:
    """The ground in the database at *dsn*, which has schema.sql and no rows, with this many *sides* that race."""
    opened = [Side(one) for one in await asyncio.gather(*(asyncpg.connect(dsn) for _ in range(sides + 1)))]
    try:
        await opened[0].connection.execute(SEED)
        yield Ground(dsn, opened)
    finally:
        for side in opened:
            side.connection.terminate()


Act = Callable[[Side], Awaitable[object]]
"""One transaction of the store, on the side that it is given."""


def _tell_nobody(_: object) -> None:
    pass
