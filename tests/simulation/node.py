"""One server of the simulated world: the product's own sender, stager, lifeline, limiter, threads and webhooks.

Put together as `server/app/wiring.py` does it, over ports of this world; a `stop` ends it in order, a kill at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import trio

from server.actors.commands import ThreadAsker
from server.actors.lifeline import Cadence, Lifeline
from server.actors.notify import Announcer
from server.actors.runtime import Registry, Supervisor
from server.actors.sender import Sender
from server.actors.stager import Stager
from server.actors.thread import ThreadActors, ThreadMessage, ThreadPorts
from server.domain.carrier import FORM, Form, InboundText, Receipt
from server.domain.messages import Announcement, ConsentFlipped
from server.door.raw_http import RawRequest
from server.door.webhooks import Webhooks
from server.ports import EnqueueMt, EnqueueResult, Inbox, LimitBook, Publisher, Reviews, StoreUnavailable
from server.ports.team import Team
from server.rate.authority import LimiterAuthority
from tests.simulation.carrier import Account
from tests.simulation.ledger import NodeLedger
from tests.simulation.machine import Host, NodeKilled, Process, ProcessJournal
from tests.simulation.plan import ACCOUNT

if TYPE_CHECKING:
    from tests.simulation.world import World

SWEEP_S: Final = 20.0


class Silence:
    """`ports.Publisher` without sockets."""

    def watched(self, thread_id: int) -> bool:
        return False

    def online_members(self, workspace_id: int) -> Sequence[int]:
        return ()

    def __getattr__(self, name: str) -> Any:
        return lambda *values: None


class Posted:
    """`CarrierWebhooks`: what was posted is handed over as it is, under the number in the form."""

    content_type = FORM

    def __init__(self) -> None:
        self.posts: dict[bytes, Any] = {}

    def request(self, kind: str, content: InboundText | Receipt) -> RawRequest:
        name = b"%d" % len(self.posts)
        self.posts[name] = content
        target = f"/webhooks/twilio/AC1/{kind}".encode()
        return RawRequest(b"POST", target, [(b"content-type", FORM)], b"n=" + name, "127.0.0.1")

    def verify(self, target: bytes, headers: object, form: Form | None, body: bytes = b"") -> bool:
        return True

    def parse_inbound(self, form: Form, body: bytes = b"") -> InboundText:
        return cast(InboundText, self.posts[form[0][1]])

    def parse_receipt(self, form: Form, query: Form, body: bytes = b"") -> Receipt:
        return cast(Receipt, self.posts[form[0][1]])


class SimNode:
    """Runs from `run`'s start until it is killed, stops, or was declared dead."""

    def __init__(self, world: World, host: Host, process: Process) -> None:
        self.world, self.host, self.process = world, host, process
        self.ledger = NodeLedger(world, host, process)
        self.up = False
        self.stopping = trio.Event()

    async def run(self) -> None:
        """Never raises: a process that dies takes nothing with it."""
        try:
            await self._live()
        except* NodeKilled:
            pass
        except* Exception as faults:  # noqa: BLE001 - whatever it is, the world goes on and tells of it
            self.world.broken.append(f"{self.process.name} broke: {_first(faults)!r}")
        finally:
            self.up = False
            self.host.alive.pop(self.process.pid, None)
            self.world.gone(self)

    async def _live(self) -> None:
        async with trio.open_nursery() as all_of_it:
            all_of_it.start_soon(self._die, all_of_it.cancel_scope)
            await self._join()
            self._build()
            async with trio.open_nursery() as nursery:
                await self._start(nursery)
                await self.stopping.wait()
                self.up = False
                self._rest.cancel()
                self._sender_stops.set()
                await self._sender_done.wait()
                nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                await self._leave()
            all_of_it.cancel_scope.cancel()

    async def _die(self, scope: trio.CancelScope) -> None:
        await self.process.killed.wait()
        self.up = False
        scope.cancel()

    async def _join(self) -> None:
        host, pid, ids = self.host, self.process.pid, self.world.ids
        self.node = await self._tried(lambda: self.ledger.join(host.name, host.boot_id, pid, uuid(ids)))
        self.journal = ProcessJournal(host, self.process, self.node.journal_id)
        self.journal.troubled = self.world.troubled
        self.journal.on_mark = lambda attempt_id: self.world.marked(self.process, attempt_id)
        self.world.trace.note(self.process.name, f"joined as generation {self.node.gen}")

    async def _leave(self) -> None:
        with trio.move_on_after(2.0):
            await self._tried(lambda: self.ledger.leave(self.node.gen))

    async def _tried(self, call: Any) -> Any:
        while True:
            try:
                return await call()
            except StoreUnavailable:
                await trio.sleep(0.5)

    # Wiring

    def _build(self) -> None:
        world, clock, gen = self.world, self.host.clock, self.node.gen
        carriers = {ACCOUNT: Account(world.carrier, self.process)}
        self.limiter = LimiterAuthority(
            self.ledger,
            gen,
            self._limits,
            lease_s=world.plan.lease_s,
            wall=clock.wall,
            on_taken=lambda: self.stager.ring_for_all(),
            on_departed=lambda number_id: self.stager.ring_if_low(number_id),
        )
        self.sender = Sender(self.ledger, self.limiter, carriers, self.journal, clock, gen, workers=world.plan.workers)
        numbers, accounts = world.tables.numbers, world.tables.accounts
        self.stager = Stager(self.ledger, self.limiter, clock, lambda: numbers)
        cadence = Cadence(ladder_s=world.plan.ladder_s, sweep_s=SWEEP_S)
        self.lifeline = Lifeline(self.ledger, carriers, lambda: accounts, self.host, clock, cadence=cadence)
        publisher, inbox = cast(Publisher, Silence()), cast(Inbox, None)
        self.announcer = Announcer(inbox, cast(Reviews, None), cast(Team, None), publisher)
        self.announcer.on_consent = self._consent_flipped
        self.announcer.on_held = self._held
        self.announcer.on_outbox = self.stager.grew
        self.announcer.on_reply = self.lifeline.replied
        self.announcer.on_answer_owed = self.lifeline.answers.ring
        actors = ThreadActors(ThreadPorts(self.ledger, inbox, cast(Team, None), publisher, clock))
        self.threads: Registry[int, ThreadMessage] = Registry(
            "threads", actors, wall_clock=clock.wall, jitter=lambda: 0.5
        )
        self.asker = ThreadAsker(self.threads)
        self.posted = Posted()
        self.webhooks = Webhooks(
            self.ledger, lambda carrier, name: (ACCOUNT, self.posted), clock, outage=self.lifeline.missed
        )

    async def _limits(self) -> LimitBook:
        return await self.ledger.limits(self.host.clock.wall())

    def _consent_flipped(self, flip: ConsentFlipped) -> None:
        if flip.opted_out:
            self.sender.void_endpoint(flip.endpoint_id)

    def _held(self, endpoint_id: int) -> None:
        self.sender.void_endpoint(endpoint_id, "the contact may have asked to stop")

    async def _start(self, nursery: trio.Nursery) -> None:
        self._rest, self._sender_stops, self._sender_done = trio.CancelScope(), trio.Event(), trio.Event()
        nursery.start_soon(self._beat)
        nursery.start_soon(self.ledger.void_disowned)
        nursery.start_soon(self.limiter.run)
        nursery.start_soon(self._send)
        nursery.start_soon(self._others)
        self.up = True

    async def _send(self) -> None:
        await self.sender.run(self._sender_stops)
        self._sender_done.set()

    async def _others(self) -> None:
        with self._rest:
            async with trio.open_nursery() as nursery:
                supervisor = Supervisor("sim", [self.threads.spec()], wall_clock=self.host.clock.wall)
                nursery.start_soon(supervisor.run_root)
                nursery.start_soon(self.stager.run)
                nursery.start_soon(self.lifeline.run)

    async def _beat(self) -> None:
        lease_s = self.world.plan.lease_s
        while True:
            lives = await self._tried(lambda: self.ledger.beat(self.node.gen, lease_s))
            if not lives:
                self.world.trace.note(self.process.name, "was declared dead and stops")
                self.stopping.set()
                await trio.sleep_forever()
            await trio.sleep(lease_s / 3)

    # What comes from outside

    def announce(self, told: Sequence[Announcement]) -> None:
        self.announcer.announce(told)

    async def post(self, kind: str, content: InboundText | Receipt) -> bool | None:
        """Whether we answered 2xx; None where no answer came, for we were killed meanwhile."""
        try:
            response = await self.webhooks(self.posted.request(kind, content))
        except NodeKilled:
            return None
        return response.status < 300

    @property
    def is_sending(self) -> bool:
        """Whether the sender or the limiter believes that something is on its way."""
        if not self.up:
            return False
        stats = self.limiter.stats()
        return self.sender.in_flight > 0 or any(one.on_their_way for one in (stats.numbers if stats else ()))

    async def enqueue(self, mt: EnqueueMt) -> EnqueueResult:
        return await self.ledger.enqueue_mt(mt)


def uuid(chance: Random) -> UUID:
    """A random one, of the world's own chance."""
    return UUID(int=chance.getrandbits(128), version=4)


def _first(faults: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = faults
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
