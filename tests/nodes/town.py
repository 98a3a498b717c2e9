"""Several servers over one database in memory and one bus that loses, repeats and reorders, in virtual time.

The parts are the real ones, from the announcer to the hub; only the database is a dict, the bus a list, and a browser
is what applies events as the client does: the next one only, else it asks anew.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, cast

import orjson
import trio

from server.actors.hints import Hints
from server.actors.lookout import LOOK_ANYWAY_S, Here, Lookout
from server.actors.notify import Announcer
from server.actors.runtime import ActorError, MailboxFull, Registry, Supervisor
from server.actors.thread import Heard, Published, ThreadActors, ThreadMessage, ThreadPorts
from server.app.tasks import endless
from server.domain.messages import (
    Message,
    ReadMark,
    SettingsChanged,
    ThreadChanged,
    ThreadEvent,
    ThreadHeard,
    ThreadRow,
)
from server.domain.own_number import OwnNumber
from server.ports import Inbox, Ledger, Mentions, Reviews, StoreUnavailable
from server.ports.nodes import BusLost, Changed, Silence, Standing
from server.ports.team import Team
from server.ws.channels import thread_topic
from server.ws.connection import Frame, Key
from server.ws.hub import Gate, Hub, Topic
from server.ws.presence import Presence
from server.ws.publisher import HubPublisher
from tests.actors.fakes import START, FakeClock

WORKSPACE, ANN = 1, 11
READ_S = 0.005


@dataclass
class Thread:
    version: int = 0
    changed_at: int = 0
    events: list[ThreadEvent] = field(default_factory=list)


class Database:
    """Every commit has the next number, which stands for its transaction. While `away` nothing is read."""

    def __init__(self) -> None:
        self.threads: dict[int, Thread] = {}
        self.living: set[int] = set()
        self.commits = 0
        self.away = False
        self.reads: list[tuple[str, int]] = []
        self.silenced: dict[int, Silence] = {}
        self.settings_version = 1
        self.ended_logins: set[bytes] = set()
        self.own_numbers: dict[int, OwnNumber] = {}
        self.epoch: str | None = "one"

    def commit(self, thread_id: int) -> ThreadChanged:
        self.commits += 1
        thread = self.threads.setdefault(thread_id, Thread())
        seq = len(thread.events) + 1
        event: ThreadEvent = Message(thread_id, seq, "in", f"text {seq}", "received", START, in_ord=seq)
        thread.events.append(event)
        thread.version, thread.changed_at = thread.version + 1, self.commits
        return ThreadChanged(WORKSPACE, thread_id, (event,))

    async def _reach(self, what: str, about: int = 0) -> None:
        await trio.sleep(READ_S)
        self.reads.append((what, about))
        if self.away:
            raise StoreUnavailable("away")

    # ports.nodes.Elsewhere

    async def standing(self) -> Standing:
        await self._reach("standing")
        return Standing(self.commits, frozenset(self.living), self.epoch)

    async def changed(
        self, workspace_ids: Collection[int], member_ids: Collection[int], campaign_ids: Collection[int], since: int
    ) -> Changed:
        await self._reach("changed")
        rows = [(WORKSPACE, id_, one.version) for id_, one in self.threads.items() if one.changed_at >= since]
        return Changed(rows, [], [])

    async def marks(self, member_ids: Collection[int], since: int) -> Sequence[ReadMark]:
        return []

    async def silences(self, endpoint_ids: Collection[int]) -> Sequence[Silence]:
        await self._reach("silences")
        return [self.silenced[id_] for id_ in endpoint_ids if id_ in self.silenced]

    async def stops(self, campaign_ids: Collection[int]) -> Mapping[int, int]:
        return {}

    async def settings(self, workspace_ids: Collection[int]) -> Sequence[SettingsChanged]:
        return [SettingsChanged(id_, self.settings_version, suggesting=False) for id_ in workspace_ids]

    async def ended(self, token_hashes: Collection[bytes]) -> Collection[bytes]:
        await self._reach("ended")
        return self.ended_logins & set(token_hashes)

    # ports.Inbox, as far as it is needed

    async def head(self, thread_ids: Sequence[int]) -> Mapping[int, int]:
        await self._reach("head")
        return {id_: len(self.threads[id_].events) for id_ in thread_ids if id_ in self.threads}

    async def seen_by(self, thread_id: int) -> frozenset[int] | None:
        return None

    async def events_after(
        self, workspace_id: int | None, thread_id: int, after: int, limit: int = 200
    ) -> Sequence[ThreadEvent] | None:
        await self._reach("events", thread_id)
        thread = self.threads.get(thread_id)
        return None if thread is None else thread.events[after : after + limit]

    async def rows_by_id(self, thread_ids: Sequence[int]) -> Sequence[ThreadRow]:
        await self._reach("rows")
        return [self.row(thread_id) for thread_id in thread_ids]

    def row(self, thread_id: int) -> ThreadRow:
        thread = self.threads[thread_id]
        seq = len(thread.events)
        return ThreadRow(
            thread_id, WORKSPACE, thread.version, None, None, "+12025550142", "+12025550100", seq, START, "", "in",
            seq, False, False,
        )  # fmt: skip

    async def unread_threads(self, member_ids: Sequence[int]) -> Mapping[int, int]:
        await self._reach("unread")
        return dict.fromkeys(member_ids, len(self.threads))

    async def open_counts(self, workspace_ids: Sequence[int]) -> Mapping[int, tuple[int, Mapping[int, int]]]:
        return {}

    async def mentions(self, member_ids: Sequence[int]) -> Mapping[int, Mentions]:
        return {}


@dataclass
class Faults:
    """Chances of one message at one listener. `cut`: servers that reach the bus no more."""

    drop: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    cut: set[int] = field(default_factory=set)
    down: bool = False


class Wire:
    """The bus that all share."""

    def __init__(self, random: Random) -> None:
        self.faults, self.said = Faults(), 0
        self._random = random
        self._listeners: dict[int, Callable[[bytes], None]] = {}
        self._losses: dict[int, trio.Event] = {}
        self._on_its_way: list[tuple[float, int, int, bytes]] = []
        self._more = trio.Event()

    def bus(self, gen: int) -> Tap:
        return Tap(self, gen)

    async def run(self) -> None:
        while True:
            while not self._on_its_way:
                self._more = trio.Event()
                await self._more.wait()
            at, _, gen, message = heapq.heappop(self._on_its_way)
            await trio.sleep_until(at)
            if gen in self._listeners and not self.is_cut(gen):
                self._listeners[gen](message)

    def is_cut(self, gen: int) -> bool:
        return self.faults.down or gen in self.faults.cut

    def break_connections(self) -> None:
        """As a Redis that is killed, or comes back empty."""
        for loss in self._losses.values():
            loss.set()

    def send(self, message: bytes) -> None:
        for gen in self._listeners:
            for _ in range(2 if self._random.random() < self.faults.twice else 1):
                if self._random.random() >= self.faults.drop:
                    late = self._random.random() * 0.5 if self._random.random() < self.faults.late else 0.0
                    self.said += 1
                    heapq.heappush(self._on_its_way, (trio.current_time() + 0.001 + late, self.said, gen, message))
        self._more.set()

    async def listen(self, gen: int, heard: Callable[[bytes], None]) -> None:
        if self.is_cut(gen):
            raise BusLost("cut")
        self._losses[gen], self._listeners[gen] = trio.Event(), heard
        try:
            await self._losses[gen].wait()
        finally:
            del self._listeners[gen]
        raise BusLost("cut")


class Tap:
    """`ports.nodes.Bus` of one server."""

    def __init__(self, wire: Wire, gen: int) -> None:
        self._wire, self._gen = wire, gen

    async def say(self, message: bytes) -> None:
        await trio.lowlevel.checkpoint()
        if self._wire.is_cut(self._gen):
            raise BusLost("cut")
        self._wire.send(message)

    async def listen(self, heard: Callable[[bytes], None], silence_s: float) -> None:
        await self._wire.listen(self._gen, heard)


class Browser:
    """Applies the next event only, keeps the newest row of each thread, and asks anew where something is missing."""

    def __init__(self, node: Node, thread_id: int) -> None:
        self._node, self._thread_id = node, thread_id
        self.seq = 0
        self.rows: dict[str, int] = {}
        self.gaps = 0
        self._asking = trio.Event()

    def put(self, key: Key, frame: Frame) -> None:
        told = orjson.loads(frame.data[frame.data.index(b"{") :])
        if told["t"] == "event":
            self._apply(told["seq"])
        elif told["t"] == "resync":
            self._asking.set()
        elif told["ch"] == "inbox":
            self.rows[told["key"]] = max(told["v"], self.rows.get(told["key"], 0))

    def _apply(self, seq: int) -> None:
        if seq == self.seq + 1:
            self.seq = seq
        elif seq > self.seq:
            self.gaps += 1
            self._asking.set()

    async def run(self) -> None:
        """Opens its channels, and the thread again whenever that is needed."""
        hub = self._node.hub
        hub.join(cast("Any", self), Topic(WORKSPACE, "inbox"))
        topic = thread_topic(self._thread_id)
        while True:
            self._asking = trio.Event()
            hub.leave(cast("Any", self), topic)
            gate = Gate()
            hub.join(cast("Any", gate), topic)
            try:
                heads = await self._node.database.head([self._thread_id])
                self.seq = max(self.seq, heads.get(self._thread_id, 0))
                gate.open(hub, cast("Any", self), topic, self.seq)
            except StoreUnavailable:
                self._asking.set()
            finally:
                hub.leave_all(cast("Any", gate))
            await self._asking.wait()
            await trio.sleep(0.01)


class Node:
    """One server, as far as hints go."""

    def __init__(self, gen: int, database: Database, wire: Wire | None) -> None:
        self.gen, self.database = gen, database
        self.hub = Hub()
        self.presence = presence = Presence(self.hub, lambda: trio.current_time())
        self.logins: set[bytes] = set()
        inbox = cast("Inbox", database)
        self.publisher = HubPublisher(
            self.hub, presence, "epoch", lambda *_: None, lambda _: [ANN], lambda: trio.current_time()
        )
        self.announcer = Announcer(inbox, cast("Reviews", database), cast("Team", database), self.publisher)
        ports = ThreadPorts(cast("Ledger", database), inbox, cast("Team", database), self.publisher, FakeClock())
        self.threads: Registry[int, ThreadMessage] = Registry("threads", ThreadActors(ports), idle_s=120)
        here = Here(
            present=lambda: {WORKSPACE: [ANN]}, positions=self.publisher.positions, streams=dict, campaigns=list,
            bulks=list, stream=lambda _: None, campaign=lambda _: None, bulk=lambda _: None,
            logins=lambda _: self.logins, end_login=self.logins.discard, own_number=self._own_number,
        )  # fmt: skip
        self.lookout = Lookout(gen, database, inbox, self.announcer, here)
        self.lookout.epoch = database.epoch
        bus = None if wire is None else wire.bus(gen)
        self.hints = Hints(gen, bus, self.lookout.hinted, self.lookout.missed)
        self.lookout.trusted = self.hints.trusted
        self.hints.sights, self.hints.on_seen = presence.sights, presence.heard
        presence.tell = self.hints.tell_seen
        self.announcer.thread_news = lambda change: self._tell(Published(change.thread_id, change.events))
        self.announcer.on_heard = self._heard
        database.living.add(gen)

    def commit(self, thread_id: int, *, hinted: bool = True) -> None:
        """Durable first, then told. Not *hinted*: it dies between the two."""
        change = self.database.commit(thread_id)
        self.announcer.announce([change])
        if hinted:
            self.hints.tell([change])

    def _heard(self, heard: ThreadHeard) -> None:
        self._tell(Heard(heard.thread_id, heard.seq))

    def _tell(self, news: Published | Heard) -> None:
        if self.publisher.watched(news.thread_id):
            try:
                self.threads.ref(news.thread_id).tell_nowait(news)
            except MailboxFull:
                self.publisher.thread_resync(news.thread_id)
            except ActorError:
                return

    async def _own_number(self, workspace_id: int, member_id: int) -> OwnNumber:
        return self.database.own_numbers[member_id]

    def root(self) -> Supervisor:
        children = [
            endless("announcer", self.announcer.run), self.threads.spec(), endless("hints", self.hints.run),
            endless("lookout", self.lookout.run), endless("presence", self.presence.run),
        ]  # fmt: skip
        return Supervisor(f"node {self.gen}", children)


@dataclass
class Town:
    database: Database
    wire: Wire
    nodes: list[Node]
    browsers: list[Browser]

    async def have_just_looked(self) -> None:
        """So that it is long until they look again without a reason."""
        while any(node.lookout.look_at < trio.current_time() + LOOK_ANYWAY_S - 2 for node in self.nodes):  # noqa: ASYNC110 - time is virtual
            await trio.sleep(0.1)

    def is_told(self) -> None:
        """Every browser shows what the database has."""
        for browser in self.browsers:
            thread = self.database.threads[browser._thread_id]
            assert browser.seq == len(thread.events)
            for thread_id, one in self.database.threads.items():
                assert browser.rows.get(str(thread_id)) == one.version


@asynccontextmanager
async def town(nodes: int = 2, threads: int = 2, *, bus: bool = True, seed: int = 0) -> AsyncIterator[Town]:
    """Servers with a browser each at each thread, all of it running."""
    database, wire = Database(), Wire(Random(seed))  # noqa: S311 - chance, not a secret
    servers = [Node(gen, database, wire if bus else None) for gen in range(1, nodes + 1)]
    browsers = [Browser(node, thread_id) for node in servers for thread_id in range(1, threads + 1)]
    for thread_id in range(1, threads + 1):
        database.commit(thread_id)
    roots = [node.root() for node in servers]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wire.run)
        for node in servers:
            await nursery.start(node.hub.run)
        for root in roots:
            await nursery.start(root.run_root)
        for browser in browsers:
            nursery.start_soon(browser.run)
        await trio.sleep(5)  # each has heard each
        for thread_id in range(1, threads + 1):
            servers[0].commit(thread_id)  # every browser has a row
        await trio.sleep(5)
        yield Town(database, wire, servers, browsers)
        for root in roots:
            root.stop()
        nursery.cancel_scope.cancel()


SOON = timedelta(seconds=0.2).total_seconds()
