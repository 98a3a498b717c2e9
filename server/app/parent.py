"""Starts several nodes on one machine, with what they share: the port, the database, the demo's carrier, Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import trio
from pydantic import SecretStr

from server.actors.runtime import ChildSpec, Strategy, Supervisor
from server.app.clock import SystemClock
from server.app.database import open_database
from server.app.ending import Ending
from server.app.main import OnReady, held, refuse_real_workspaces, simulation, url_of
from server.app.node import NodePlan, descriptors
from server.app.nodes import STOP_WITHIN_S, Nodes
from server.app.tasks import endless, graceful
from server.app.valkey import Valkey
from server.config import Config
from server.door.listening import open_listeners
from server.store.options import StoreOptions
from server.store.schema import schema_sql
from server.store.store import open_store


def run_parent(config: Config, on_ready: OnReady) -> int:
    """Keep `config.nodes` nodes until a signal; returns the exit code. `on_ready` gets the URL once all serve."""
    return trio.run(_run, config, on_ready, restrict_keyboard_interrupt_to_checkpoints=True)


async def _run(config: Config, on_ready: OnReady) -> int:
    ending = Ending()
    async with trio.open_nursery() as nursery:
        await nursery.start(ending.listen)
        with ending.starting:
            await _keep(config, on_ready, ending)
        nursery.cancel_scope.cancel()
    return ending.code


async def _keep(config: Config, on_ready: OnReady, ending: Ending) -> None:
    listeners = open_listeners(config.host, config.port)
    url, clock = url_of(config, listeners), SystemClock()
    async with held(listeners), _shared(config, clock, url) as (shared, simulator, children):
        plan = NodePlan(settings=shared, listeners=descriptors(listeners), shift=clock.shift, simulator=simulator)
        count = config.nodes or 1
        nodes = Nodes(count, plan, on_ready=lambda: on_ready(url), on_refused=ending.refuse)
        if config.mode != "demo":  # whose terminal was closed; a service is told so to begin anew
            ending.on_hangup = nodes.replace
        root = Supervisor(
            "parent",
            [*children, graceful("nodes", nodes.run, shutdown_s=STOP_WITHIN_S + 1.0)],
            strategy=Strategy.ONE_FOR_ONE,
            wall_clock=clock.wall,
        )
        ending.hand_over(root.stop)
        await root.run_root()


@asynccontextmanager
async def _shared(
    config: Config, clock: SystemClock, url: str
) -> AsyncIterator[tuple[Config, str | None, list[ChildSpec]]]:
    """The nodes' settings, where the demo's carrier listens, and what is to be kept running for all of them."""
    async with AsyncExitStack() as kept:
        database = await kept.enter_async_context(open_database(config))
        valkey = await kept.enter_async_context(_valkey(config))
        schema = None if config.database_url is not None else schema_sql()
        # The store is for the start only: a parent that speaks with the database could fall with it.
        async with open_store(database.dsn, schema=schema, options=StoreOptions(pool_size=2)) as store:
            await refuse_real_workspaces(config, store)
            simulator, carrier = await kept.enter_async_context(simulation(config, store, clock, url))
        redis_url = config.redis_url if valkey is None else SecretStr(valkey.url)
        ours = {"database_url": SecretStr(database.dsn), "redis_url": redis_url, "port": int(url.rpartition(":")[2])}
        shared = config.model_copy(update={**ours, "reset": False, "nodes": None})
        children = [*database.children(), *carrier, *([] if valkey is None else [endless("valkey", valkey.watch)])]
        yield shared, simulator, children


@asynccontextmanager
async def _valkey(config: Config) -> AsyncIterator[Valkey | None]:
    """Beside the embedded database, where none is given and one can be started; without it nodes look by themselves."""
    valkey = Valkey(config.data_dir / "valkey")
    if config.redis_url is not None or config.database_url is not None or not valkey.possible:
        yield None
        return
    await valkey.start()
    try:
        yield valkey
    finally:
        await valkey.stop()
