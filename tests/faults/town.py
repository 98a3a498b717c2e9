"""Where a run takes place: a database, a Valkey, the carrier and the fleet, and the passages before the first two."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import trio

from server.app.valkey import Valkey
from server.store import embedded
from server.store.embedded.cluster import DATABASE, ROLE
from server.store.schema import schema_sql
from server.store.store import open_store
from tests.crash.cast import make_cast, seed
from tests.crash.ground import Ground, make_folder
from tests.crash.processes import RunFailed, carrier
from tests.faults.fleet import Fleet
from tests.faults.passage import Passage
from tests.faults.replicas import Replicas

_SOCKET: Final = ".s.PGSQL.5432"


@dataclass
class Town:
    """*replicas*: where the database has a standby. The ground's store comes through the passage, and is never cut."""

    ground: Ground
    fleet: Fleet
    to_database: Passage
    to_redis: Passage
    valkey: Valkey
    replicas: Replicas | None = None

    async def flush(self) -> None:
        """FLUSHALL."""
        async with await _to(_socket_of(self.valkey)) as stream:
            await stream.send_all(b"FLUSHALL\r\n")
            if not (await stream.receive_some(64)).startswith(b"+OK"):
                raise RunFailed("Valkey was not emptied.")


@asynccontextmanager
async def open_town(out: Path, *carrier_options: str, pair: bool) -> AsyncIterator[Town]:
    """All but the nodes, which `Fleet.start` begins; everything is ended, and the data deleted."""
    folder = make_folder()
    valkey = Valkey(folder / "valkey")
    try:
        async with _database(folder, pair=pair) as postgres, trio.open_nursery() as nursery:
            await valkey.start()
            pids: list[Fleet] = []  # once there is one

            def nodes() -> list[int]:
                return [pid for fleet in pids for pid in fleet.nodes()]

            to_database = Passage(lambda: _to(_socket_of(postgres)), nodes)
            to_redis = Passage(lambda: _to(_socket_of(valkey)), nodes)
            await nursery.start(to_database.run)
            await nursery.start(to_redis.run)
            dsn = f"postgresql://{ROLE}@127.0.0.1:{to_database.port}/{DATABASE}?sslmode=disable"
            fleet, people = Fleet(dsn, f"redis://127.0.0.1:{to_redis.port}", out), make_cast()
            pids.append(fleet)
            async with (
                open_store(dsn, schema=schema_sql()) as store,
                carrier(people, out, fleet.url, *carrier_options) as simulator,
            ):
                await nursery.start(fleet.listen)
                await store.call(lambda connection: seed(connection, people, simulator.url))
                ground = Ground(out, folder, cast("Any", postgres), people, fleet, simulator, store)
                replicas = postgres if isinstance(postgres, Replicas) else None
                try:
                    yield Town(ground, fleet, to_database, to_redis, valkey, replicas)
                finally:
                    with trio.CancelScope(shield=True):
                        await fleet.end()
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await valkey.stop()
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _database(folder: Path, *, pair: bool) -> AsyncIterator[embedded.EmbeddedPostgres | Replicas]:
    """With a standby, or alone."""
    if pair:
        replicas = Replicas(folder)
        try:
            await trio.to_thread.run_sync(replicas.begin)
            yield replicas
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(replicas.end)
        return
    postgres = await trio.to_thread.run_sync(embedded.start, folder)
    try:
        yield postgres
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(postgres.stop)
            await trio.to_thread.run_sync(embedded.destroy, folder)


def _socket_of(server: embedded.EmbeddedPostgres | Replicas | Valkey) -> Path:
    match server:
        case Valkey(url=url):
            return Path(url.removeprefix("unix://"))
        case Replicas(socket=path):
            return path
        case _:
            return server.socket_folder / _SOCKET


async def _to(path: Path) -> trio.SocketStream:
    return await trio.open_unix_socket(path)
