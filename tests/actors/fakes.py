"""In-memory ports for the actors' tests: they keep the promises of the real ones, over lists and dicts."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import trio

from server.domain.carrier import Accepted, MtRequest, NotSent, Outcome, Void
from server.domain.gate import MessageClass
from server.domain.limits import LimitScope
from server.ports import Authorised, DueRow, Fenced, Grant, Granted, Refused, StoreUnavailable, StreamKey

START = datetime(2026, 3, 10, 15, tzinfo=UTC)


class FakeClock:
    """Virtual time: trio's clock, and a wall that goes with it."""

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> datetime:
        return START + timedelta(seconds=trio.current_time())

    real = wall


@dataclass(frozen=True, slots=True)
class FakeGrant:
    outbox_id: int
    number_id: int = 1
    cost: int = 1
    lane: int = 2
    instant: float = 0.0
    dest_carrier: str = ""


class FakeLimiter:
    """Grants what the test puts into it. `waits` are the answers of `depart`, 0.0 once they are used up."""

    epoch = 1

    def __init__(self) -> None:
        self.ready: deque[FakeGrant] = deque()
        self.waits: deque[float] = deque()
        self.withdrawn: list[int] = []
        self.slowed: list[int] = []
        self.spent: list[int] = []
        self.offered: list[int] = []
        self.kept: list[tuple[int, frozenset[int]]] = []
        self._more = trio.Event()

    def grant(self, *grants: FakeGrant) -> None:
        self.ready.extend(grants)
        self._more.set()
        self._more = trio.Event()

    async def grants(self, at_most: int, numbers: Callable[[int], bool] | None = None) -> Sequence[FakeGrant]:
        while not (found := [g for g in self.ready if numbers is None or numbers(g.number_id)][:at_most]):
            await self._more.wait()
        for grant in found:
            self.ready.remove(grant)
        return found

    lapses_after_s = math.inf

    def depart(self, grant: object, now: float) -> float:
        return self.waits.popleft() if self.waits else 0.0

    def withdraw(self, outbox_ids: Iterable[int]) -> None:
        self.withdrawn.extend(outbox_ids)

    def throttled(self, grant: Grant, retry_after_s: float | None, scope: LimitScope) -> None:
        self.slowed.append(grant.number_id)

    def day_spent(self, number_id: int) -> None:
        self.spent.append(number_id)

    def sends_for(self, number_id: int) -> bool:
        return True

    def offer(self, rows: Sequence[DueRow]) -> int:
        self.offered.extend(row.outbox_id for row in rows)
        return len(rows)

    def keep_only(self, number_id: int, outbox_ids: Collection[int]) -> None:
        self.kept.append((number_id, frozenset(outbox_ids)))

    def waiting(self, stream: StreamKey) -> int:
        return 0


@dataclass
class FakeSendLedger:
    """T3 allows what is in `mts`; T4's outcomes are kept by outbox id. `outages` is how often T4 fails first; `asked`
    tells how many rows each T3 was asked for."""

    mts: dict[int, Authorised] = field(default_factory=dict)
    outcomes: dict[int, object] = field(default_factory=dict)
    outages: int = 0
    fenced: bool = False
    t3_answer_s: float = 0.0
    t4_answer_s: float = 0.0
    asked: list[int] = field(default_factory=list)

    async def authorise(
        self, granted: Sequence[Granted], gen: int, limiter_epoch: int, now: datetime
    ) -> Sequence[Authorised | Refused] | Fenced:
        self.asked.append(len(granted))
        await trio.lowlevel.checkpoint()
        await trio.sleep(self.t3_answer_s)
        if self.fenced:
            return Fenced("node")
        return [self.mts[one.outbox_id] for one in granted if one.outbox_id in self.mts]

    async def record_outcome(self, attempt_id: UUID, gen: int, outcome: object, now: datetime) -> bool:
        await trio.lowlevel.checkpoint()
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable("away")
        self.outcomes[attempt_id.int] = outcome
        await trio.sleep(self.t4_answer_s)
        return True


def accept(request: MtRequest) -> Outcome:
    return Accepted(f"SM{request.attempt_id.int}", "queued", 1)


class FakeCarrier:
    """Accepts after `connect_s` (before the first byte) and `answer_s` (after it). `on_wire` is its ledger."""

    def __init__(self, *, connect_s: float = 0.0, answer_s: float = 0.1) -> None:
        self.connect_s, self.answer_s = connect_s, answer_s
        self.on_wire: list[tuple[int, float]] = []
        self.answer: Callable[[MtRequest], Outcome] = accept

    async def submit(self, request: MtRequest, before_first_byte: Callable[[], None], worker: int) -> Outcome:
        await trio.sleep(self.connect_s)
        try:
            before_first_byte()
        except Void as void:
            return NotSent(str(void), voided=True)
        except OSError as error:
            return NotSent(str(error))
        self.on_wire.append((request.attempt_id.int, trio.current_time()))
        await trio.sleep(self.answer_s)
        return self.answer(request)


class FakeJournal:
    def __init__(self) -> None:
        self.marks: list[int] = []
        self.full = False
        self.on_mark: Callable[[], None] = lambda: None

    def mark(self, attempt_id: UUID) -> None:
        if self.full:
            raise OSError("No space left on device")
        self.on_mark()
        self.marks.append(attempt_id.int)


def authorised(
    n: int,
    klass: MessageClass = MessageClass.BULK,
    endpoint_id: int = 7,
    account_id: int = 1,
    campaign_id: int | None = None,
) -> Authorised:
    """The number that it leaves from bears the account's id."""
    request = MtRequest(UUID(int=n), "+12025550100", "+13125550123", f"text {n}")
    return Authorised(UUID(int=n), n, account_id, account_id, endpoint_id, 70 + n, klass, 1, request, campaign_id)
