"""Starts a server, keeps it running, and ends it in order."""

from __future__ import annotations

import gc
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

import orjson
import trio

from server import killpoints
from server.actors.runtime import ChildSpec, Strategy, Supervisor
from server.app.clock import SystemClock
from server.app.database import open_database
from server.app.ending import Ending
from server.app.hours import read_timetable
from server.app.node import NodePlan, end_with_parent
from server.app.simulation import Simulator, SimulatorPlan, write_in_at
from server.app.tasks import endless
from server.app.wiring import Ground, Wiring
from server.config import Config
from server.demo.people import ACCOUNT_SID, MEMBERS, NUMBERS, PASSWORD
from server.demo.seed import SimulatorAccount, demo_wall, seed_demo, simulated_people
from server.domain.clock import demo_start
from server.door.listening import open_listeners
from server.http.deps import DemoFacts, DemoLogin
from server.http.passwords import Passwords
from server.observe import Meters
from server.ports import Announce, Online
from server.ports.leases import LeaseBook
from server.ports.nodes import Bus
from server.store.embedded import EmbeddedError
from server.store.ledger.journal import boot_id
from server.store.options import StoreOptions
from server.store.redis_bus import open_redis_bus
from server.store.redis_leases import open_redis_leases
from server.store.schema import schema_sql
from server.store.store import Store, UnfitDatabase, open_store

OnReady = Callable[[str], None]
_COLLECT_AFTER: Final = (10_000, 20, 20)
"""By default every 700 new objects are looked through, which is a few texts: a tenth of what sending one costs."""


def run(config: Config, on_ready: OnReady) -> int:
    """Serve until a signal; returns the exit code. `on_ready` gets the URL once the door listens."""
    killpoints.arm(config.kill_at)
    return trio.run(_run, config, on_ready, restrict_keyboard_interrupt_to_checkpoints=True)


def run_node(plan: NodePlan, on_ready: OnReady) -> int:
    """As `run`, as one of several nodes of a parent."""
    killpoints.arm(plan.settings.kill_at)
    return trio.run(_run, plan.settings, on_ready, plan, restrict_keyboard_interrupt_to_checkpoints=True)


async def _run(config: Config, on_ready: OnReady, plan: NodePlan | None = None) -> int:
    ending = Ending()
    async with trio.open_nursery() as nursery:
        await nursery.start(ending.listen)
        if plan is not None:
            nursery.start_soon(end_with_parent, ending.ask)
        with ending.starting:
            await serve(config, on_ready, ending, plan=plan)
        nursery.cancel_scope.cancel()
    return ending.code


@dataclass(slots=True)
class _Ears:
    """Stands in for the announcer until there is one: at the start nobody listens yet."""

    announce: Announce = lambda announcements: None
    online: Online = lambda workspace_id: False


async def serve(
    config: Config,
    on_ready: OnReady,
    ending: Ending,
    on_wired: Callable[[Wiring], None] = lambda wiring: None,
    plan: NodePlan | None = None,
) -> None:
    """Serve until `ending` is asked to. `on_wired` gets the parts before any of them runs. `plan`: of the parent."""
    timetable = read_timetable(config.quiet_hours)
    listeners = open_listeners(config.host, config.port) if plan is None else plan.inherited()
    url = url_of(config, listeners)
    clock, ears = SystemClock(), _Ears()
    options = StoreOptions(
        ladder_s=config.ladder_s,
        wall=clock.wall,
        timetable=timetable,
        online=lambda workspace_id: ears.online(workspace_id),
        link_base=f"{config.public_url or url}/l",
    )
    async with (
        held(listeners),
        open_database(config) as database,
        open_store(
            database.dsn,
            announce=lambda announcements: ears.announce(announcements),
            options=options,
            schema=None if config.database_url is not None else schema_sql(),
        ) as store,
        _simulation(config, store, clock, url, plan) as (demo, simulator),
        _redis(config, store) as (bus, leases),
    ):
        await refuse_real_workspaces(config, store)
        node = await store.fleet.join(socket.gethostname(), boot_id(), os.getpid(), uuid4())
        ground = Ground(
            config, clock, store, node, listeners, config.public_url or url, await store.inbox.epoch(), Meters(), demo,
            bus, leases,
        )  # fmt: skip
        wiring = Wiring(ground, on_ready=_once(lambda: on_ready(url)), stop=ending.fault)
        ears.announce, ears.online = wiring.announce, wiring.online
        on_wired(wiring)
        try:
            await _run_root(wiring, [*database.children(), *simulator], ending)
        finally:
            wiring.close()
            with trio.move_on_after(2.0, shield=True):
                await store.fleet.leave(node.gen)


@asynccontextmanager
async def _redis(config: Config, store: Store) -> AsyncIterator[tuple[Bus | None, LeaseBook | None]]:
    """A name for each history of a database: whoever restores one, or shares a Redis, hears no other's hints."""
    if config.redis_url is None:
        yield None, None
        return
    url, name = config.redis_url.get_secret_value(), f"threadline:{await store.inbox.epoch()}"
    async with open_redis_bus(store.bridge, url, name) as bus, open_redis_leases(store.bridge, url, name) as leases:
        yield bus, leases if config.share_limits else None


@asynccontextmanager
async def held(listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Also a start that is refused gives its port back."""
    try:
        yield
    finally:
        for listener in listeners:
            listener.close()


async def _run_root(wiring: Wiring, first: Sequence[ChildSpec], ending: Ending) -> None:
    await wiring.accounts.refresh()
    # One for one: the parts hold each other as objects, not as processes, and a crash of one must not cut the sockets.
    root = Supervisor(
        "threadline", wiring.children(first), strategy=Strategy.ONE_FOR_ONE, wall_clock=wiring.ground.clock.wall
    )
    wiring.tree = root.tree
    ending.hand_over(root.stop)
    # What stands by now lives as long as the process: a full collection need not walk it (55 ms at a time otherwise).
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    await root.run_root()


async def refuse_real_workspaces(config: Config, store: Store) -> None:
    real = [workspace.name for workspace in await store.people.workspaces() if not workspace.simulated]
    if config.rehearsal and real:
        raise UnfitDatabase(f"This is a rehearsal, but a real workspace lives in the database ({real[0]}).")


def url_of(config: Config, listeners: Sequence[socket.socket]) -> str:
    """Where a server of this machine is spoken to."""
    return f"http://{config.host}:{listeners[0].getsockname()[1]}"


@asynccontextmanager
async def _simulation(
    config: Config, store: Store, clock: SystemClock, url: str, plan: NodePlan | None
) -> AsyncIterator[tuple[DemoFacts | None, list[ChildSpec]]]:
    """The demo's data and its carrier; nothing on a real server. A node finds both as its parent left them."""
    if plan is not None:
        clock.show_shifted(plan.shift)
        yield None if plan.simulator is None else demo_facts(plan.simulator), []
        return
    async with simulation(config, store, clock, url) as (simulator, children):
        yield None if simulator is None else demo_facts(simulator), children


@asynccontextmanager
async def simulation(
    config: Config, store: Store, clock: SystemClock, url: str
) -> AsyncIterator[tuple[str | None, list[ChildSpec]]]:
    """Where the demo's carrier listens; the demo's data is there then. Nothing on a real server."""
    clock.show(config.wall_clock)
    if config.mode != "demo":
        yield None, []
        return
    if config.wall_clock is None:
        clock.show(demo_start(clock.real()) if config.reset else await demo_wall(store, clock.real()))
    secret = secrets.token_hex(16)
    simulator = Simulator(_plan(config, secret, url))
    try:
        account = SimulatorAccount(secret, await simulator.start())
        base = f"{config.public_url or url}/l"
        await seed_demo(store, clock.wall(), account, Passwords().hash, reset=config.reset, link_base=base)
        yield simulator.url, [endless("simulator", simulator.watch)]
    finally:
        await simulator.stop()


def demo_facts(simulator: str) -> DemoFacts:
    """What the demo's pages tell."""
    logins = tuple(DemoLogin(member.email, PASSWORD, member.name, member.role) for member in MEMBERS)
    return DemoFacts(logins, simulator, partial(write_in_at, simulator))


def _plan(config: Config, secret: str, url: str) -> SimulatorPlan:
    folder = config.data_dir / "simulator"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        contacts = folder / "contacts.json"
        contacts.write_bytes(orjson.dumps(simulated_people()))
    except OSError as error:
        raise EmbeddedError(f"The data folder cannot be written to: {error.strerror}.") from error
    numbers = [number.address for number in NUMBERS]
    return SimulatorPlan(ACCOUNT_SID, secret, url, numbers, folder, contacts)


def _once(call: Callable[[], None]) -> Callable[[], None]:
    """The door may open again after a crash; the greeting is said once."""
    calls = iter([call])
    return lambda: next(calls, lambda: None)()
