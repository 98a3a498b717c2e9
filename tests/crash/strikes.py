"""How PostgreSQL is struck, by SIGKILL to its postmaster or to one backend, and how it comes back from its log."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from typing import Any, Final

import asyncpg
import trio

from server.ports import StoreUnavailable
from server.store import embedded
from tests.crash.ground import Ground, until
from tests.crash.plan import BACKEND, POSTMASTER
from tests.crash.processes import RunFailed

_HELD_S: Final = 1.5
_POLL_S: Final = 0.002
_BACK_WITHIN_S: Final = 60.0
_OURS: Final = {"application_name": "crash run"}
_TRANSACTIONS: Final = {
    "backend_t1": ("message", "record_mo("),
    "backend_t2": ("message", "enqueue_mt("),
    "backend_t3": ("attempt", "settle_verdicts("),
    "backend_t4": ("provider_ref", "settle_attempts("),  # "attempt" would hold T3 too, and nothing would be answered
    "backend_t5": ("message", "apply_receipts("),
}
"""The table that it writes and the statement that it is in. Whoever locks the table finds it waiting there."""

_WAITING: Final = """SELECT pid FROM pg_stat_activity
    WHERE application_name = 'threadline' AND wait_event_type = 'Lock' AND position($1 IN query) > 0 LIMIT 1"""
_ANY: Final = "SELECT pid FROM pg_stat_activity WHERE application_name = 'threadline' ORDER BY random() LIMIT 1"
_CHECKPOINTER: Final = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"


async def strike(ground: Ground, place: str) -> str | None:
    """Where PostgreSQL was struck: at *place*, or at any backend where nobody was found there; None: it was away.

    The death of one backend makes the postmaster end them all and recover.
    """
    if place == POSTMASTER:
        os.kill(ground.postgres.pid, signal.SIGKILL)
        return place
    ground.checkpointer, found = await checkpointer(ground), None
    if place in _TRANSACTIONS:
        found = await _in_a_loop(_kill_within(ground.dsn, *_TRANSACTIONS[place]))
    if found is None:
        place, found = BACKEND, await _in_a_loop(_kill_any(ground.dsn))
    return None if found is None else place


async def recover(ground: Ground, away_s: float) -> None:
    """Wait until PostgreSQL takes writes again after a strike, started by us where its postmaster died."""
    await trio.sleep(away_s)
    if not await until(partial(_over, ground), _BACK_WITHIN_S):
        raise RunFailed("PostgreSQL did not recover from the death of a backend.")
    if not ground.postgres.alive:
        ground.postgres = await trio.to_thread.run_sync(_again, ground.postgres)
    if not await until(partial(_answers, ground), _BACK_WITHIN_S):
        raise RunFailed("PostgreSQL did not come back.")


async def checkpointer(ground: Ground) -> int:
    """Its pid tells one life of the cluster's processes from the next."""
    pid: int = await ground.value(_CHECKPOINTER)
    return pid


async def _over(ground: Ground) -> bool:
    """The strike has taken effect, which a killed postmaster may need a moment for."""
    return not ground.postgres.alive or await _restarted(ground)


async def _restarted(ground: Ground) -> bool:
    try:
        return await checkpointer(ground) != ground.checkpointer
    except StoreUnavailable:
        return False


async def _answers(ground: Ground) -> bool:
    try:
        ground.checkpointer = await checkpointer(ground)
    except StoreUnavailable:
        return False
    return True


def _again(postgres: embedded.EmbeddedPostgres) -> embedded.EmbeddedPostgres:
    postgres.stop()
    return embedded.start(postgres.data_dir)


# On asyncio's side, in a thread: the run's own store must not be what is struck while it looks


async def _in_a_loop(work: Any) -> int | None:
    pid: int | None = await trio.to_thread.run_sync(asyncio.run, work)
    return pid


async def _kill_any(dsn: str) -> int | None:
    watcher = await asyncpg.connect(dsn, server_settings=_OURS)
    try:
        return _kill(await watcher.fetchval(_ANY))
    finally:
        watcher.terminate()


async def _kill_within(dsn: str, table: str, statement: str) -> int | None:
    """Kill the backend that waits for *table* within *statement*; the lock is let go only when it is dead."""
    holder = await asyncpg.connect(dsn, server_settings=_OURS)
    watcher = await asyncpg.connect(dsn, server_settings=_OURS)
    try:
        await holder.execute(f"BEGIN; SET LOCAL lock_timeout = '1s'; LOCK TABLE {table} IN SHARE MODE")
        async with asyncio.timeout(_HELD_S):
            while (pid := await watcher.fetchval(_WAITING, statement)) is None:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(_POLL_S)
        return _kill(pid)
    except (TimeoutError, asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        return None
    finally:
        holder.terminate()
        watcher.terminate()


def _kill(pid: int | None) -> int | None:
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    return pid
