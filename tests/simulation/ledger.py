"""`ports.Ledger`, `Fleet` and `Directory` for one process: the in-memory database behind a line that fails.

A call may be lost before its commit, or after it (then the caller learns nothing), may be slow on both ways, or be the
last thing that its process does. What shares commits in the real store (arrivals, outcomes, receipts) may be committed
although its caller was cancelled. As the real one, it disowns attempts whose T3 was cut off, and announces only what it
knows to be committed; an announcement may be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeVar
from uuid import UUID

import trio
from outcome import Error, Maybe, Value

from server.domain.carrier import ListedMessage, Receipt, Unknown
from server.domain.testimony import Statement
from server.ports import (
    AttemptOutcome,
    Authorised,
    DayCharge,
    DueRow,
    EnqueueMt,
    EnqueueResult,
    Fenced,
    Granted,
    LimitBook,
    LivingNode,
    MoArrival,
    MoResult,
    Node,
    OpenAttempt,
    OwedAnswer,
    Refused,
    StoreUnavailable,
    StreamKey,
    Voided,
)
from server.ports.consent import NotWrittenDown, WrittenDown
from server.ports.leases import Shared
from tests.simulation.machine import Host, NodeKilled, Process
from tests.simulation.memory import Done, Memory
from tests.simulation.recovery import Recovery

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")

_NO: Final = ("opted_out", "carrier_blocked", "revoked", "consent_invalid")
_TIDIED: Final = 3
_NEVER_LEFT: Final[AttemptOutcome] = Voided("the server crashed before it left")
_PERHAPS_LEFT: Final[AttemptOutcome] = Unknown("the server crashed while it was on the wire")


class NodeLedger:
    """Everything of the database that one process calls."""

    def __init__(self, world: World, host: Host, process: Process) -> None:
        self._world, self._host, self._process = world, host, process
        self._memory: Memory = world.memory
        self._recovery: Recovery = world.recovery
        self._disowned: dict[UUID, int] = {}
        self._some_disowned = trio.Event()

    async def _call(self, name: str, work: Callable[[], Done[T]], *, shared: bool = False) -> T:
        process, world = self._process, self._world
        hitch = world.hitch()
        try:
            await process.wait(hitch.before_s)
        except trio.Cancelled:
            if shared and world.coin():
                self._commit(name, work, "though its caller has gone")
            raise
        if hitch.kill == "before":
            world.kill(process)
            process.check()
        if hitch.lost == "before" or world.database_is_away():
            world.trace.note(process.name, f"{name} lost before its commit")
            raise StoreUnavailable("lost before the commit")
        result, told = self._commit(name, work, "")
        if hitch.kill == "after":
            world.kill(process)
        await process.wait(hitch.after_s)
        if hitch.lost == "after":
            world.trace.note(process.name, f"{name} lost after its commit")
            raise StoreUnavailable("lost after the commit")
        if told:
            world.announce(process, told)
        return result

    def _commit(self, name: str, work: Callable[[], Done[T]], how: str) -> Done[T]:
        events = self._memory.tables.consent_events
        before = len(events)
        result, told = work()
        for event in events[before:]:
            if event.kind in _NO:
                self._world.stops.append((event.endpoint_id, trio.current_time()))
        self._world.trace.note(self._process.name, f"{name} {_shown(result)} {how}")
        return result, told

    async def _read(self, name: str, work: Callable[[], T]) -> T:
        return await self._call(name, lambda: (work(), []))

    # T1–T5

    async def record_mo(self, arrival: MoArrival) -> MoResult:
        wall = self._host.clock.wall
        return await self._call("record_mo", lambda: self._memory.record_mo(arrival, wall()), shared=True)

    def record_mo_then(self, arrival: MoArrival, done: Callable[[Maybe[MoResult]], None]) -> None:
        """For those who do not wait. The store's own task answers, and dies with its process."""

        async def answer() -> None:
            try:
                result: Maybe[MoResult] = Value(await self.record_mo(arrival))
            except StoreUnavailable as error:
                result = Error(error)
            except NodeKilled:
                return
            done(result)

        self._world.nursery.start_soon(answer)

    async def enqueue_mt(self, mt: EnqueueMt) -> EnqueueResult:
        return await self._call("enqueue_mt", lambda: self._memory.enqueue_mt(mt))

    async def due(
        self, number_id: int, now: datetime, limit: int, besides: Collection[StreamKey] = ()
    ) -> Sequence[DueRow]:
        return await self._read("due", lambda: self._memory.due(number_id, now, limit, besides))

    async def authorise(
        self, granted: Sequence[Granted], gen: int, limiter_epoch: int, now: datetime
    ) -> Sequence[Authorised | Refused] | Fenced:
        committed: list[UUID] = []

        def work() -> Done[Sequence[Authorised | Refused] | Fenced]:
            answers, told = self._memory.authorise(granted, gen, limiter_epoch, now)
            if not isinstance(answers, Fenced):
                committed.extend(one.attempt_id for one in answers if isinstance(one, Authorised))
            return answers, told

        try:
            return await self._call("authorise", work)
        except BaseException:
            if committed:
                self._disowned.update(dict.fromkeys(committed, gen))
                self._some_disowned.set()
            raise

    async def record_outcome(self, attempt_id: UUID, gen: int, outcome: AttemptOutcome, now: datetime) -> bool:
        work = lambda: self._recovery.record_outcome(attempt_id, gen, outcome, now)  # noqa: E731 - a transaction
        return await self._call(f"record_outcome {type(outcome).__name__}", work, shared=True)

    async def apply_receipt(
        self, account_id: int, receipt: Receipt, now: datetime
    ) -> Literal["applied", "kept", "old"]:
        work = lambda: self._recovery.apply_receipt(account_id, receipt, now)  # noqa: E731 - a transaction
        return await self._call("apply_receipt", work, shared=True)

    async def join_early_receipts(self) -> int:
        return await self._call("join_early_receipts", lambda: self._recovery.join_early_receipts(self._memory.clock()))

    async def release_held(
        self, workspace_id: int, thread_id: int, seq: int, send: bool, member_id: int, now: datetime
    ) -> bool:
        return await self._call("release_held", lambda: self._recovery.release_held(thread_id, seq, send, now))

    async def void_disowned(self) -> None:
        """The store's own task: attempts that nobody has are voided."""
        while True:
            await self._some_disowned.wait()
            attempt_id, gen = next(iter(self._disowned.items()))
            try:
                await self.record_outcome(
                    attempt_id, gen, Voided("its authorisation was cut off"), self._host.clock.wall()
                )
            except StoreUnavailable:
                await trio.sleep(0.5)
                continue
            del self._disowned[attempt_id]
            if not self._disowned:
                self._some_disowned = trio.Event()

    # Lifeline

    async def dead_nodes(self) -> Sequence[Node]:
        return await self._read("dead_nodes", self._recovery.dead_nodes)

    async def crashed_attempts(self, gen: int) -> Sequence[OpenAttempt]:
        return await self._read("crashed_attempts", lambda: self._recovery.crashed_attempts(gen))

    async def resolve_crashed(self, never_on_wire: Sequence[UUID], unknown: Sequence[UUID], now: datetime) -> None:
        for attempts, outcome in ((never_on_wire, _NEVER_LEFT), (unknown, _PERHAPS_LEFT)):
            for one in attempts:
                await self._resolve(one, outcome, now)

    async def _resolve(self, attempt_id: UUID, outcome: AttemptOutcome, now: datetime) -> None:
        work = lambda: self._recovery.record_outcome(attempt_id, None, outcome, now)  # noqa: E731 - a transaction
        await self._call(f"resolve_crashed {type(outcome).__name__}", work, shared=True)

    async def spent_journals(self, written: Collection[UUID]) -> frozenset[UUID]:
        return await self._read("spent_journals", lambda: self._recovery.spent_journals(written))

    async def open_attempts(self, before: datetime, limit: int) -> Sequence[OpenAttempt]:
        return await self._read("open_attempts", lambda: self._recovery.open_attempts(before, limit))

    async def climb(self, attempt_id: UUID, rung: int, next_at: datetime) -> None:
        await self._read("climb", lambda: self._recovery.climb(attempt_id, rung, next_at))

    async def resend(self, attempt_id: UUID, due_at: datetime, expires_at: datetime) -> bool:
        raise AssertionError("the carrier of these worlds knows no keys of idempotency")

    async def bind_listed(self, attempt_id: UUID, listed: ListedMessage, now: datetime) -> bool:
        return await self._call("bind_listed", lambda: self._recovery.bind_listed(attempt_id, listed, now))

    async def give_up(self, attempt_id: UUID, now: datetime) -> None:
        await self._call("give_up", lambda: self._recovery.give_up(attempt_id, now))

    async def unbound(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        return await self._read("unbound", lambda: self._recovery.unbound(account_id, listed))

    async def unheard(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        texts = self._memory.tables.texts
        return await self._read(
            "unheard", lambda: [one for one in listed if (account_id, one.provider_id) not in texts]
        )

    async def owed_answers(self, limit: int) -> Sequence[OwedAnswer]:
        return await self._read("owed_answers", lambda: self._recovery.owed_answers(limit))

    async def enqueue_answer(self, owed: OwedAnswer, body: str, segments: int, now: datetime) -> bool:
        return await self._call("enqueue_answer", lambda: self._recovery.enqueue_answer(owed, body, segments, now))

    async def expire_due(self, now: datetime, limit: int) -> int:
        return await self._call("expire_due", lambda: self._recovery.expire_due(now, limit))

    async def cancel_replied(self, thread_ids: Sequence[int] | None, now: datetime, limit: int) -> int:
        work = lambda: self._recovery.cancel_replied(thread_ids, now, limit)  # noqa: E731 - a transaction
        return await self._call("cancel_replied", work)

    async def swept_until(self, account_id: int) -> datetime | None:
        return await self._read("swept_until", lambda: self._memory.tables.swept_until.get(account_id))

    async def note_sweep(self, account_id: int, until: datetime) -> None:
        swept = self._memory.tables.swept_until
        await self._read(
            "note_sweep",
            lambda: swept.__setitem__(account_id, max(swept.get(account_id, until), until)),
        )

    # Fleet and directory

    async def join(self, host: str, boot_id: str, pid: int, journal_id: UUID) -> Node:
        alive = self._host.is_alive
        return await self._read("join", lambda: self._memory.join(host, boot_id, pid, journal_id, alive))

    async def beat(self, gen: int, lease_s: float) -> bool:
        return await self._read("beat", lambda: self._memory.beat(gen, lease_s))

    async def leave(self, gen: int) -> None:
        await self._read("leave", lambda: self._memory.leave(gen))

    async def join_limiter(self, gen: int, keeper: str | None) -> Shared | None:
        """There is no keeper of leases in this world."""
        return None

    async def share_limiter(self, gen: int, epoch: int, keeper: str) -> int | None:
        return None

    async def take_limiter(self, gen: int, lease_s: float, *, alone: bool = True) -> tuple[int, float] | None:
        return await self._read("take_limiter", lambda: self._memory.take_limiter(gen, lease_s))

    async def hand_over_limiter(self, to: int, lease_s: float) -> tuple[int, float] | None:
        raise NotImplementedError("nobody hands it over here")

    async def living(self) -> Sequence[LivingNode]:
        raise NotImplementedError("nobody asks here")

    async def charge_day(self, brand_id: int, day: date, segments: int, gen: int, epoch: int) -> DayCharge | None:
        return await self._read("charge_day", lambda: self._memory.charge_day(brand_id, day, segments, gen, epoch))

    async def give_back_day(self, brand_id: int, day: date, segments: int) -> None:
        await self._read("give_back_day", lambda: self._memory.give_back_day(brand_id, day, segments))

    async def spend_day(self, brand_id: int, day: date) -> None:
        await self._read("spend_day", lambda: self._memory.spend_day(brand_id, day))

    async def limits(self, now: datetime) -> LimitBook:
        return await self._read("limits", lambda: self._memory.limits(now))

    # What members do

    async def decide_review(self, review_id: int, decision: str, now: datetime) -> str:
        return await self._call("decide_review", lambda: self._memory.decide_review(review_id, decision, now))

    async def tell(self, endpoint_id: int, told: Statement, now: datetime) -> WrittenDown | NotWrittenDown:
        return await self._call("tell", lambda: self._memory.tell(endpoint_id, told, now))

    async def cancel(self, thread_id: int, seq: int, now: datetime) -> str | None:
        return await self._call("cancel", lambda: self._recovery.cancel(thread_id, seq, now))

    async def recall(self, campaign_id: int, now: datetime) -> None:
        """Two transactions at least, as the real one's."""
        await self._read("recall", lambda: self._recovery.recall(campaign_id))
        while await self._call("recall_queued", lambda: self._recovery.recall_queued(campaign_id, now, _TIDIED)):
            pass


def _shown(result: object) -> str:
    """A result without the words that may change, and without what a set's order would show."""
    if isinstance(result, (list, tuple, frozenset)):
        return f"{len(result)}"
    return type(result).__name__ if not isinstance(result, (bool, int, float, str, type(None))) else str(result)
