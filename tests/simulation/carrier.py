"""The simulated world's carrier: takes texts, loses answers, sends receipts in every wrong way, lists what it has.

Its record (`departures`, `accepted`, `statuses`, `inbound`) is what a run is judged by, beside the database's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import trio

from server.domain.carrier import (
    Accepted,
    Capabilities,
    CarrierStatus,
    ErrorClass,
    InboundText,
    ListedMessage,
    ListFailed,
    MtRequest,
    NotSent,
    Outcome,
    Postponed,
    Receipt,
    Rejected,
    Throttled,
    Unknown,
    Void,
)
from server.domain.segments import count, smart_encode
from tests.simulation.machine import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

ANSWER_S: Final = 15.0
_REFUSALS: Final = (
    (ErrorClass.INVALID, "21211"), (ErrorClass.FILTERED, "30007"), (ErrorClass.CONFIG, "21606"),
    (ErrorClass.UNKNOWN, "1"),
)  # fmt: skip
_COURSES: Final[tuple[tuple[tuple[CarrierStatus, str | None], ...], ...]] = (
    (("sent", None), ("delivered", None)),
    (("sent", None), ("delivered", None)),
    (("sent", None), ("undelivered", "30003")),
    (("failed", "30005"),),
    (("queued", None), ("sent", None), ("undelivered", "30008"), ("delivered", None)),
)


@dataclass(frozen=True, slots=True)
class Departure:
    """The first byte of a request left at virtual time *at*."""

    attempt_id: UUID
    from_: str
    cost: int
    at: float


@dataclass(slots=True)
class Taken:
    """A text that the carrier accepted. `told`: receipts that we answered with 2xx."""

    sid: str
    attempt_id: UUID
    from_: str
    to: str
    body: str
    at: float
    created_at: datetime
    listed_from: float
    statuses: list[CarrierStatus] = field(default_factory=lambda: ["queued"])
    told: list[CarrierStatus] = field(default_factory=list)


@dataclass(slots=True)
class Written:
    """A text that a contact wrote. `taken`: we said 2xx."""

    sid: str
    from_: str
    to: str
    body: str
    at: datetime
    opt_out_type: Literal["STOP", "START", "HELP"] | None
    taken: bool = False


class Carrier:
    """One account's carrier."""

    def __init__(self, world: World, chance: Random, faults: float, *, callback_token: bool, answers: bool) -> None:
        self._world, self._chance, self._faults = world, chance, faults
        self._token, self._answers = callback_token, answers
        self._skew = timedelta(seconds=chance.choice((0.0, -2.0, 2.0)))
        self._blocked: set[str] = set()
        self.departures: list[Departure] = []
        self.accepted: list[Taken] = []
        self.inbound: list[Written] = []
        self.busy = 0  # things that are still to happen

    # What our side calls

    async def submit(self, process: Process, request: MtRequest, before_first_byte: Callable[[], None]) -> Outcome:
        await process.wait(self._chance.uniform(0, 0.002) + (self._chance.uniform(0, 0.3) if self._fault(0.2) else 0))
        if self._fault(0.2):
            return NotSent("no connection")
        try:
            before_first_byte()
        except Void as void:
            return NotSent(str(void), voided=True)
        except OSError as error:
            return NotSent(str(error))
        process.check()
        cost = count(request.body).count
        self.departures.append(Departure(request.attempt_id, request.from_, cost, trio.current_time()))
        self._world.trace.note("carrier", f"first byte of {request.attempt_id}")
        if self._world.dies_at_first_byte(process):
            if self._chance.random() < 0.5:
                self._later(self._chance.uniform(0, 0.1), lambda: self._accept(request))
            process.check()
        await process.wait(self._chance.uniform(0.001, 0.05))
        return await self._answer(process, request)

    async def _answer(self, process: Process, request: MtRequest) -> Outcome:
        if request.to in self._blocked:
            return Rejected(ErrorClass.OPTED_OUT, "21610", "The carrier blocks it.")
        if not self._fault(1.0):
            taken = self._accept(request)
            if self._chance.random() < 0.1:  # receipts overtake the answer
                await process.wait(self._chance.uniform(0, 1.0))
            return Accepted(taken.sid, "queued", 1)
        which = self._chance.randrange(9)
        return self._refuse() if which < 3 else await self._leave_open(process, request, which)

    def _refuse(self) -> Outcome:
        """A proof that nothing was accepted."""
        chance = self._chance
        match chance.randrange(3):
            case 0 if self._world.tables.brands and chance.random() < 0.1:
                self._world.trace.note("carrier", "says that the day is used up")
                return Postponed(ErrorClass.DAILY_CAP, "30023", "The day is used up.", None)
            case 0:
                return Throttled(chance.choice((None, 0.2, 2.0)), "20429")
            case 1:
                return Postponed(ErrorClass.TRANSIENT, "30017", "Busy.", chance.choice((0.5, 3.0)))
            case _:
                error_class, code = chance.choice(_REFUSALS)
                return Rejected(error_class, code, "Refused.")

    async def _leave_open(self, process: Process, request: MtRequest, which: int) -> Outcome:
        """Accepted or not, at once or later: the answer does not say."""
        if which in (3, 4, 5):
            self._accept(request)
        elif which == 6:  # a proxy in between takes its time
            self._later(self._chance.uniform(0, 5), partial(self._accept, request))
        if which in (3, 7):
            await process.wait(ANSWER_S)
        elif which == 5:
            await process.wait(self._chance.uniform(0, ANSWER_S))
        return Unknown("no answer that can be read")

    async def list_outbound(self, process: Process, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
        await process.wait(self._chance.uniform(0.001, 0.3))
        if self._fault(0.5):
            raise ListFailed("the list could not be read")
        second, now = since.replace(microsecond=0), trio.current_time()
        return [
            ListedMessage(one.sid, one.from_, one.to, smart_encode(one.body), "out", one.statuses[-1], one.created_at)
            for one in reversed(self.accepted)
            if (one.to, one.from_) == (to, from_) and one.created_at >= second and one.listed_from <= now
        ]

    async def list_inbound(self, process: Process, since: datetime) -> Sequence[ListedMessage]:
        await process.wait(self._chance.uniform(0.001, 0.3))
        if self._fault(0.5):
            raise ListFailed("the list could not be read")
        second = since.replace(microsecond=0)
        return [
            ListedMessage(one.sid, one.from_, one.to, one.body, "in", "received", one.at)
            for one in reversed(self.inbound)
            if one.at >= second
        ]

    # What happens out there

    def _accept(self, request: MtRequest) -> Taken:
        now, chance = trio.current_time(), self._chance
        lag = chance.uniform(0, 5) if self._fault(1.0) else 0.0
        created_at = (self._world.clock.real() + self._skew).replace(microsecond=0)
        taken = Taken(
            f"SM{len(self.accepted):04d}", request.attempt_id, request.from_, request.to, request.body, now, created_at,
            now + lag,
        )  # fmt: skip
        self.accepted.append(taken)
        self._world.trace.note("carrier", f"accepted {taken.sid} for {taken.attempt_id}")
        at = 0.0
        for status, code in chance.choice(_COURSES):
            at += chance.uniform(0.005, 2.0)
            self._later(at, partial(taken.statuses.append, status))
            for _ in range(2 if self._fault(0.5) else 1):
                if not self._fault(0.3):
                    delay_s = chance.uniform(0, 12) if self._fault(0.5) else chance.uniform(0, 0.2)
                    self._later(at + delay_s, partial(self._report, taken, status, code))
        return taken

    def _report(self, taken: Taken, status: CarrierStatus, code: str | None) -> None:
        attempt_id = taken.attempt_id if self._token else None
        error_class = {"30005": ErrorClass.INVALID, None: None}.get(code, ErrorClass.TRANSIENT)
        receipt = Receipt(taken.sid, status, code, attempt_id, error_class=error_class)
        self._spawn(self._deliver_receipt, taken, receipt)

    async def _deliver_receipt(self, taken: Taken, receipt: Receipt) -> None:
        if await self._world.post_receipt(receipt):
            taken.told.append(receipt.status)

    def write(self, from_: str, to: str, body: str, keyword: Literal["STOP", "START", "HELP"] | None) -> None:
        """A contact writes; the webhook comes once, twice, or after a connection that failed, and else never."""
        answered = keyword if self._answers else None
        if answered == "STOP":
            self._blocked.add(from_)
        elif answered == "START":
            self._blocked.discard(from_)
        at = self._world.clock.real().replace(microsecond=0)
        written = Written(f"SI{len(self.inbound):04d}", from_, to, body, at, answered)
        self.inbound.append(written)
        self._world.trace.note("contact", f"{from_} writes {body!r} {written.sid}")
        self._spawn(self._deliver_text, written)
        if self._fault(0.5):
            self._later(self._chance.uniform(0, 3), lambda: self._spawn(self._deliver_text, written))

    async def _deliver_text(self, written: Written) -> None:
        await trio.sleep(self._chance.uniform(0.001, 0.1))
        if self._fault(0.2):
            return
        text = InboundText(written.sid, written.from_, written.to, written.body, opt_out_type=written.opt_out_type)
        for _ in range(2):  # once more after a connection that could not be made
            answer = await self._world.post_text(text)
            if answer is not None:
                written.taken |= answer
                return
            await trio.sleep(1.0)

    # Chance

    def _fault(self, weight: float) -> bool:
        return self._world.troubled and self._chance.random() < self._faults * weight

    def _later(self, after_s: float, what: Callable[[], object]) -> None:
        async def wait() -> None:
            await trio.sleep(after_s)
            what()

        self._spawn(wait)

    def _spawn(self, work: Callable[..., object], *values: object) -> None:
        async def counted() -> None:
            try:
                await work(*values)  # type: ignore[misc]  # each of them is an async function
            finally:
                self.busy -= 1

        self.busy += 1
        self._world.nursery.start_soon(counted)


class Account:
    """`ports.Carrier` for one process."""

    capabilities = Capabilities(idempotency_key=False, callback_token=True, list_query=True)

    def __init__(self, carrier: Carrier, process: Process) -> None:
        self._carrier, self._process = carrier, process

    async def submit(self, request: MtRequest, before_first_byte: Callable[[], None], worker: int) -> Outcome:
        return await self._carrier.submit(self._process, request, before_first_byte)

    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
        return await self._carrier.list_outbound(self._process, to, from_, since)

    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]:
        return await self._carrier.list_inbound(self._process, since)
