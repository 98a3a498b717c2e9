"""The sender: takes what the limiter granted through T3 to the carrier, and stores what came of it.

Each carrier account has a claimer and a bounded share of streams of its own, so that a carrier that hangs holds up no
other's texts. The claimer turns grants into authorised attempts, in batches no larger than the streams that stand idle:
nothing is authorised that nobody can write at once. A stream is free again with its answer, while the outcome is being
stored; how many outcomes may wait for that is bounded too. Where most streams are busy the claimer waits a moment for
more of them, since a batch twice as large costs the database little more.
Between T3's answer and the first byte lie at most 40 ms, and 250 ms from asking for it (a person's text: 2 s); later
than that the attempt is voided and queued again. The last look before the first byte is synchronous: voided by a STOP
or its campaign's end, too late, too early for the pace, journal written, held up meanwhile; nothing can come between it
and the send call. A process can be stopped at any line of it, for so long that another server takes its claims over:
once marked, a text is queued again by nobody else, and a look at the clock after the mark sees what was allowed too
long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Final, Protocol
from uuid import UUID

import structlog
import trio

from server.domain.carrier import HELD_UP, ErrorClass, NotSent, Outcome, Postponed, Throttled, Unknown, Void
from server.domain.gate import BULK_LEAVES_WITHIN_S, MessageClass
from server.killpoints import reach
from server.ports import (
    AttemptOutcome,
    Authorised,
    Carrier,
    Clock,
    Fenced,
    Grant,
    Granted,
    Journal,
    Ledger,
    RateLimiter,
    StoreUnavailable,
    Voided,
)

UNSTORED: Final = 2  # times its streams: so many texts of an account may be on the wire or wait for T4
GATHER_S: Final = 0.005  # far less than a carrier takes for an answer
T3_ROWS: Final = 64
T3_ROWS_AT_LEAST: Final = 4  # where the machine is too slow to write more of them in time
LOOK_EVERY_S: Final = 1.0  # for carrier accounts that were added
FENCED_PAUSE_S: Final = 0.2
BULK_MAX_AGE_S: Final = 0.040  # from the answer of T3 to the first byte
BULK_BOUND_S: Final = (
    BULK_LEAVES_WITHIN_S  # from asking for T3: by so much a text may pass a STOP that commits after its T3
)
PERSON_MAX_AGE_S: Final = 2.0  # from asking for T3
_RETRY_S: Final = (0.05, 0.2, 1.0)  # an outcome that cannot be stored is tried again until it can

log = structlog.get_logger(__name__)


class Counter(Protocol):
    def __call__(self, outcome: str) -> None: ...


@dataclass(slots=True)
class _Share:
    """Of one carrier account: the numbers of its streams that stand idle, and for how many texts there is `room` until
    outcomes are stored. A stream is no task.

    `rows` is how many are authorised at once. A starved machine cannot write 64 within 40 ms, and each that is late
    costs two transactions for nothing: it shrinks by an eighth with each, and grows by one with each that left.
    """

    idle: list[int]
    room: int
    many: int
    rows: int = T3_ROWS
    freed: trio.Event = field(default_factory=trio.Event)

    async def some(self) -> int:
        """For how many texts there is room now: one or more, and mostly many."""
        await self._until_free(1)
        if self._free() < (many := min(self.many, self.rows)):
            with trio.move_on_after(GATHER_S):
                await self._until_free(many)
        return self._free()

    async def _until_free(self, count: int) -> None:
        while self._free() < count:
            self.freed = trio.Event()
            await self.freed.wait()

    def _free(self) -> int:
        return min(len(self.idle), self.room)

    def take(self) -> int:
        self.room -= 1
        return self.idle.pop()

    def give_back(self, stream: int) -> None:
        self.idle.append(stream)
        self.freed.set()

    def was_stored(self) -> None:
        self.room += 1
        self.freed.set()

    def was_late(self) -> None:
        self.rows = max(T3_ROWS_AT_LEAST, self.rows * 7 // 8)

    def was_in_time(self) -> None:
        self.rows = min(T3_ROWS, self.rows + 1)


@dataclass(slots=True)
class _Job:
    """An authorised attempt on its way to the first byte, on a stream of a share."""

    mt: Authorised
    grant: Grant
    asked_at: float
    deadline: float
    share: _Share
    stream: int
    voided: str | None = None
    wait_s: float = 0.0
    wrote: bool = False

    def void(self, reason: str) -> None:
        if not self.wrote:
            self.voided = reason


@dataclass(frozen=True, slots=True)
class _Stop:
    """Of a campaign: texts with places in the outbox up to `made_after` that T3 was asked for before `at`."""

    at: float
    made_after: int


class Sender:
    """Runs as one infrastructure actor for each node.

    *workers* bounds the texts on the wire of each carrier account: its latency × rate. *account_of* gives the account
    that a number belongs to; without it all numbers share one account's part.
    """

    def __init__(
        self,
        ledger: Ledger,
        limiter: RateLimiter,
        carriers: Mapping[int, Carrier],
        journal: Journal,
        clock: Clock,
        gen: int,
        *,
        workers: int = 64,
        account_of: Callable[[int], int | None] | None = None,
        drain_s: float = 6.0,
        count: Counter = lambda outcome: None,
    ) -> None:
        self._ledger, self._limiter, self._carriers, self._journal = ledger, limiter, carriers, journal
        self._clock, self._gen, self._count, self._drain_s = clock, gen, count, drain_s
        self._workers, self._account_of = workers, account_of
        self._shares: dict[int, _Share] = {}
        self._jobs: dict[UUID, _Job] = {}  # by attempt: a row may be claimed anew before its last outcome is answered
        self._stops: dict[int, _Stop] = {}  # by campaign
        self._ended = trio.Event()
        self._giving_up = False

    @property
    def in_flight(self) -> int:
        return len(self._jobs)

    def void_endpoint(self, endpoint_id: int, reason: str = "the contact opted out") -> None:
        """A STOP, or what may be one, was committed: bulk for this endpoint that is not on the wire yet stays here."""
        for job in self._jobs.values():
            if job.mt.endpoint_id == endpoint_id and job.mt.klass is MessageClass.BULK:
                job.void(reason)

    def stop_campaign(self, campaign_id: int, made_after: int) -> None:
        """It was paused, ended or changed, which is committed: what T3 let go before stays here, also where its answer
        is still to come. What T3 is asked for from now on has seen it, and is not meant.
        """
        now = self._clock.monotonic()
        self._stops = {id_: stop for id_, stop in self._stops.items() if now - stop.at < BULK_BOUND_S}
        self._stops[campaign_id] = _Stop(now, made_after)
        for job in self._jobs.values():
            if job.mt.campaign_id == campaign_id:
                self._void_if_stopped(job)

    def _void_if_stopped(self, job: _Job) -> None:
        stop = self._stops.get(job.mt.campaign_id or 0)
        if stop is None or job.mt.klass is not MessageClass.BULK:
            return
        if job.mt.outbox_id <= stop.made_after and job.asked_at <= stop.at:
            job.void("its campaign was stopped or changed")

    async def run(self, stopping: trio.Event) -> None:
        """Until `stopping` is set and every text in flight has its outcome stored."""
        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as claiming:
                nursery.start_soon(_cancel_when, stopping, claiming)
                await self._claim_for_all(nursery)
            with trio.move_on_after(self._drain_s):
                while self._jobs:
                    self._ended = trio.Event()
                    await self._ended.wait()
            self._giving_up = True
            nursery.cancel_scope.cancel()

    async def _claim_for_all(self, nursery: trio.Nursery) -> None:
        """A claimer for each account, also for those that come later."""
        claimed: set[int] = set()
        async with trio.open_nursery() as claimers:
            while True:
                for account_id in set(self._accounts()) - claimed:
                    claimers.start_soon(self._claim_for, account_id, nursery)
                    claimed.add(account_id)
                await trio.sleep(LOOK_EVERY_S)

    def _accounts(self) -> Collection[int]:
        return (0,) if self._account_of is None else tuple(self._carriers)

    async def _claim_for(self, account_id: int, nursery: trio.Nursery) -> None:
        workers = self._workers
        share = _Share(list(range(workers)), room=UNSTORED * workers, many=workers // 2)
        share = self._shares.setdefault(account_id, share)
        account_of = self._account_of
        numbers = None if account_of is None else lambda number_id: account_of(number_id) == account_id
        while True:
            room = await share.some()
            granted = await self._limiter.grants(min(room, share.rows), numbers)
            grants = {grant.outbox_id: grant for grant in granted}
            asked_at = self._clock.monotonic()
            with trio.CancelScope(shield=True):  # once committed, an attempt must reach a stream
                for mt in await self._authorise(grants):
                    self._start(nursery, mt, grants.pop(mt.outbox_id), share, asked_at)
            self._limiter.withdraw(grants)

    async def _authorise(self, grants: Mapping[int, Grant]) -> list[Authorised]:
        wall, mono = self._clock.wall(), self._clock.monotonic()
        granted = [Granted(grant.outbox_id, _at(wall, grant.instant - mono)) for grant in grants.values()]
        try:
            answers = await self._ledger.authorise(granted, self._gen, self._limiter.epoch, wall)
        except StoreUnavailable:
            answers = Fenced("the database is away")
        if isinstance(answers, Fenced):
            # Whether this node is dead for good is its heartbeat's to find out; a lease that only ran late is renewed.
            log.warning("nothing_authorised", rows=len(granted), reason=answers.reason)
            await trio.sleep(FENCED_PAUSE_S)
            return []
        return [answer for answer in answers if isinstance(answer, Authorised)]

    def _start(self, nursery: trio.Nursery, mt: Authorised, grant: Grant, share: _Share, asked_at: float) -> None:
        deadline = _deadline(mt.klass, asked_at, self._clock.monotonic())
        job = _Job(mt, grant, asked_at, deadline, share, share.take())
        self._jobs[mt.attempt_id] = job
        self._void_if_stopped(job)
        nursery.start_soon(self._deliver, job)

    async def _deliver(self, job: _Job) -> None:
        """Whatever happens here, the attempt gets an outcome: what was on the wire is unknown, the rest is void."""
        outcome: AttemptOutcome = Voided("the sender stopped")
        try:
            if job.grant.instant > self._clock.monotonic():
                await trio.sleep_until(job.grant.instant)
            outcome = await self._submit(job)
        except Exception as error:
            # A fault of ours in one text must not cut off the answers that the others are waiting for.
            log.exception("send_crashed", attempt=str(job.mt.attempt_id))
            outcome = Voided(f"a fault of ours: {type(error).__name__}")
        finally:
            with trio.CancelScope(shield=True):
                if job.wrote and isinstance(outcome, Voided):
                    outcome = Unknown(outcome.reason)
                await self._settle(job, outcome)

    async def _settle(self, job: _Job, outcome: AttemptOutcome) -> None:
        self._count(type(outcome).__name__.lower())
        job.share.give_back(job.stream)
        if isinstance(outcome, Throttled):
            self._limiter.throttled(job.grant, outcome.retry_after_s, outcome.scope)
        elif isinstance(outcome, Postponed) and outcome.error_class is ErrorClass.DAILY_CAP:
            self._limiter.day_spent(job.mt.number_id)
        # First: once the outcome is stored the row may be granted anew, and that grant is not this job's to withdraw.
        self._limiter.withdraw([job.mt.outbox_id])
        await self._record(job.mt, outcome)
        del self._jobs[job.mt.attempt_id]
        job.share.was_stored()
        self._ended.set()

    async def _submit(self, job: _Job) -> AttemptOutcome:
        carrier = self._carriers[job.mt.account_id]
        while True:
            job.wait_s = 0.0
            outcome: Outcome = await carrier.submit(job.mt.request, lambda: self._last_look(job), job.stream)
            if not (isinstance(outcome, NotSent) and outcome.voided):
                reach("answered")
                return outcome
            if not job.wait_s:
                return Voided(outcome.reason)
            await trio.sleep(job.wait_s)

    def _last_look(self, job: _Job) -> None:
        """Nothing but the first send call follows. Raises `Void`, or OSError where the journal cannot be written."""
        if job.voided:
            raise Void(job.voided)
        now = self._clock.monotonic()
        if now > job.deadline:
            job.share.was_late()
            raise Void("too late after it was authorised")
        job.wait_s = self._limiter.depart(job.grant, now)
        if job.wait_s > 0.0:
            if now + job.wait_s > job.deadline:
                job.wait_s = 0.0
            raise Void("pushed back by a late departure")
        job.deadline = min(job.deadline, now + self._limiter.lapses_after_s)
        reach("looked")
        self._journal.mark(job.mt.attempt_id)
        reach("journal_written")
        if self._clock.monotonic() > job.deadline:
            raise Void(HELD_UP)
        job.wrote = True
        job.share.was_in_time()

    async def _record(self, mt: Authorised, outcome: AttemptOutcome) -> None:
        """Tried while the database is away; what a shutdown cuts off is resolved by Lifeline after the next start."""
        retries = chain(_RETRY_S, repeat(_RETRY_S[-1]))
        while True:
            try:
                await self._ledger.record_outcome(mt.attempt_id, self._gen, outcome, self._clock.wall())
            except StoreUnavailable:
                if self._giving_up:
                    return
                await trio.sleep(next(retries))
            else:
                return


def _deadline(klass: MessageClass, asked_at: float, answered_at: float) -> float:
    """T3 committed at some moment between the two; where its answer was slow, the earlier one counts."""
    if klass is not MessageClass.BULK:
        return asked_at + PERSON_MAX_AGE_S
    return min(answered_at + BULK_MAX_AGE_S, asked_at + BULK_BOUND_S)


async def _cancel_when(stopping: trio.Event, scope: trio.CancelScope) -> None:
    await stopping.wait()
    scope.cancel()


def _at(wall: datetime, after_s: float) -> datetime:
    return wall + timedelta(seconds=after_s)
