"""Owns the connections to PostgreSQL: the pool, the writers' own lines, and what each fault of the database means.

A fault is one of three: a conflict with a neighbour (tried again here, the caller never hears of it), the loss of the
database (`StoreUnavailable`), or the data's own (the caller's bug, or one bad row).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Final, TypeVar

import asyncpg
import trio

from server.domain.backoff import delay_s
from server.ports import StoreUnavailable
from server.ports.terms import BORNE, Term, TermOver
from server.store.bridge import Bridge
from server.store.named_sql import statements

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]

T = TypeVar("T")
Work = Callable[["Connection"], Coroutine[Any, Any, T]]

_SQL: Final = statements("shards")

NARROW_SIZE: Final = 4  # connections for members from whom a number is hidden
COMMAND_TIMEOUT_S: Final = 15.0
CONNECT_TIMEOUT_S: Final = 5.0
CLOSE_TIMEOUT_S: Final = 2.0
_TRIES: Final = 8  # of a transaction that meets its neighbours; each waits longer, with jitter
_FIRST_WAIT_S: Final = 0.004

_SETTINGS: Final = {
    "application_name": "threadline",
    "synchronous_commit": "on",  # a 2xx that is lost with the power would break the promise of T1
    "jit": "off",  # compiling costs more than our longest statement
    "idle_in_transaction_session_timeout": "5s",  # a stuck node must not hold its locks
    # It has asked how a statement is to be run, and not yet run it: that is not idle. Twice COMMAND_TIMEOUT_S.
    "transaction_timeout": "30s",
    "timezone": "UTC",
}

_CONFLICTS: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_LOSSES: Final = (
    OSError,  # TimeoutError too
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.PostgresIOError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a primary that was demoted
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InternalClientError,  # a goodbye of the server that met our next request
)


def is_loss(error: BaseException) -> bool:
    """Whether the database could not be reached or refuses everybody, whatever the row."""
    if isinstance(error, asyncpg.InterfaceError):  # "connection is closed" is one, a value of the wrong type another
        return not isinstance(error, ValueError)
    return isinstance(error, _LOSSES)


async def retried(attempt: Callable[[], Coroutine[Any, Any, T]], *, lost_once: bool) -> T:
    """``await attempt()`` on the asyncio side, again after a conflict, and with *lost_once* after one loss too.

    A loss leaves open what was committed: *lost_once* is for reads and for what its keys make idempotent.
    """
    for tried in range(1, _TRIES + 1):
        try:
            return await attempt()
        except _CONFLICTS as error:
            if tried == _TRIES:
                raise StoreUnavailable("The database is too busy to commit this now.") from error
            await asyncio.sleep(delay_s(tried, random.random(), first_s=_FIRST_WAIT_S))  # noqa: S311 - jitter
        except Exception as error:
            if not is_loss(error):
                raise
            if not lost_once:
                raise StoreUnavailable(f"The database cannot be used now ({type(error).__name__}).") from error
            lost_once = False
    raise AssertionError("unreachable: the last try returns or raises")


class Postgres:
    """The database behind a fair queue. Every method is one crossing of the bridge and ends its connection's use."""

    def __init__(
        self,
        bridge: Bridge,
        dsn: str,
        pool: asyncpg.Pool[asyncpg.Record],
        size: int,
        narrow: asyncpg.Pool[asyncpg.Record],
    ) -> None:
        self.bridge = bridge
        self._dsn = dsn
        self._pool = pool
        self._room = trio.CapacityLimiter(size)  # first come, first served
        self._narrow, self._narrow_room = narrow, trio.CapacityLimiter(NARROW_SIZE)
        self._member: int | None = None

    def seen_by(self, member_id: int) -> Postgres:
        """The same database as that member sees it: its tables are the views of the schema `sight`."""
        seen = copy(self)
        seen._pool, seen._room, seen._member = self._narrow, self._narrow_room, member_id
        return seen

    async def _name(self, connection: Connection) -> None:
        """Whom the views of `sight` show it to; whoever had the connection before was another member."""
        if self._member is not None:
            await connection.execute("SELECT set_config('threadline.viewer', $1, false)", str(self._member))

    async def call(self, work: Work[T], *, idempotent: bool = False) -> T:
        """*work* in one READ COMMITTED transaction, run again where it met a neighbour. Raises StoreUnavailable.

        It bears the term under which the caller works, and is refused where that is over (TermOver).

        *idempotent*: *work* may also run again after the connection was lost, when the first run may be committed.
        """

        term = BORNE.get()

        async def once() -> T:
            async with self._pool.acquire() as connection, connection.transaction():
                await self._name(connection)
                if term is not None:
                    await _refuse_old(connection, term)
                return await work(connection)

        async with self._room:
            return await self.bridge.call(lambda: retried(once, lost_once=idempotent))

    async def read(self, work: Work[T]) -> T:
        """*work* without a transaction around it: reads, or one repeatable statement. Raises StoreUnavailable."""
        return await self._run(work, idempotent=True)

    async def alone(self, work: Work[T], *, idempotent: bool = False) -> T:
        """As `call` for a *work* of one statement, which is a transaction by itself: one turn instead of three."""
        if BORNE.get() is not None:
            return await self.call(work, idempotent=idempotent)
        return await self._run(work, idempotent=idempotent)

    async def by_itself(self, work: Work[T]) -> T:
        """As `alone` for a statement that looks at the term by itself, before it writes: one turn instead of four."""
        return await self._run(work, idempotent=False)

    async def _run(self, work: Work[T], *, idempotent: bool) -> T:
        async def once() -> T:
            async with self._pool.acquire() as connection:
                await self._name(connection)
                return await work(connection)

        async with self._room:
            return await self.bridge.call(lambda: retried(once, lost_once=idempotent))

    def line(self) -> Line:
        """A connection of its own, opened when it is first used."""
        return Line(self._dsn)


class Line:
    """One connection for one writer, used on the asyncio side only; after a loss the next use opens another."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def run(self, work: Work[T]) -> T:
        """*work* on this connection, without a transaction around it."""
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = self._connection = await asyncpg.connect(self._dsn, **_connect_options())
        try:
            return await work(connection)
        except BaseException as error:
            if is_loss(error) or isinstance(error, asyncio.CancelledError):
                self.drop()  # what it is still doing is not known
            raise

    def drop(self) -> None:
        """Close at once, whatever is under way."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@asynccontextmanager
async def open_postgres(bridge: Bridge, dsn: str, *, pool_size: int) -> AsyncIterator[Postgres]:
    """The database at *dsn* with a pool of at most *pool_size* connections. Raises StoreUnavailable."""

    async def connect() -> asyncpg.Pool[asyncpg.Record]:
        return await asyncpg.create_pool(
            dsn,
            min_size=min(2, pool_size),
            max_size=pool_size,
            reset=_keep_nothing,
            **_connect_options(),
        )

    async def connect_narrow() -> asyncpg.Pool[asyncpg.Record]:
        return await asyncpg.create_pool(
            dsn, min_size=0, max_size=NARROW_SIZE, reset=_keep_nothing, **_connect_options("sight, public")
        )

    pool = await bridge.call(lambda: retried(connect, lost_once=False))
    narrow = await bridge.call(connect_narrow)  # nothing is opened before somebody needs it
    try:
        yield Postgres(bridge, dsn, pool, pool_size, narrow)
    finally:
        with trio.CancelScope(shield=True):
            await bridge.call(lambda: _close(pool))
            await bridge.call(lambda: _close(narrow))


async def _refuse_old(connection: Connection, term: Term) -> None:
    """Raises TermOver where another server has the shard by now; if not, none takes it before this commits."""
    if not await connection.fetchval(_SQL["bears_term"], term.shard, term.term):
        raise TermOver(f"Another server has {term.shard} now.")


async def _close(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    try:
        await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT_S)
    except TimeoutError:
        pool.terminate()


def _connect_options(search_path: str | None = None) -> dict[str, Any]:
    settings = dict(_SETTINGS) if search_path is None else {**_SETTINGS, "search_path": search_path}
    return {
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": COMMAND_TIMEOUT_S,
        "server_settings": settings,
    }


async def _keep_nothing(_: object) -> None:
    """Instead of asyncpg's reset, a round trip on every release: no lock, LISTEN or SET is ever left behind."""
