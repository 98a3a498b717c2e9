"""Lifeline: resolves what a crash, a time-out or an outage left open, and never by sending again.

An attempt of a dead node that its journal proves was never on the wire is queued again; every other one is unknown and
climbs the ladder. What its rungs are is told by what the carrier offers (`domain.reconcile`): the list is asked after
some seconds, a minute, five; where the carrier knows keys of idempotency the text goes back to the queue under its key,
which is no second text for that carrier. At the last rung it becomes unconfirmed, for a person to decide.

Inbound texts that the carrier could not deliver are swept from its list through
the same door as any other. Answers to keywords that were not enqueued are enqueued. Journals that nothing can ask for
any more are removed.

Of several servers one climbs, tidies and sweeps, under its term. What a crash left is looked for by all, since the
journals are on the machine of the dead one; so is what a text here has made due, or an outage here may have missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog
import trio

from server.actors.stager import Doorbell
from server.domain.carrier import Capabilities, ListedMessage, ListFailed
from server.domain.consent import answer_text
from server.domain.optout import Keyword
from server.domain.reconcile import LADDER_S, Step, Unanswered, asks_list, bind, resend_in_s, step
from server.domain.segments import count, smart_encode
from server.domain.shards import LIFELINE
from server.ports import (
    Account,
    Carrier,
    Clock,
    Ledger,
    MoArrival,
    MoRecorded,
    OpenAttempt,
    RowRefused,
    StoreUnavailable,
)
from server.ports.terms import Duty, alone

FIRST_SWEEP_BACK: Final = timedelta(days=1)
SWEEP_OVERLAP: Final = timedelta(minutes=2)

_Line = tuple[int, str, str]  # account, from, to: what a carrier's list is asked for

GATHER_S: Final = 0.1  # replies share a look: one for each cost as much as storing it, and T3 looks by itself

log = structlog.get_logger(__name__)


class Journals(Protocol):
    """The wire journals on this machine, those of earlier servers too. Each method may block and raise OSError."""

    def marks(self, journal_id: UUID) -> frozenset[UUID] | None:
        """The attempts marked in it; None where it proves nothing."""

    def written(self) -> frozenset[UUID]: ...
    def forget(self, journal_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often each duty is looked at, in seconds; crash runs scale the ladder down."""

    ladder_s: tuple[float, ...] = LADDER_S
    look_s: float = 1.0
    tidy_s: float = 10.0
    sweep_s: float = 600.0


class Lifeline:
    """One infrastructure actor. Every duty survives the others' faults: a carrier that is away stops nothing else."""

    def __init__(
        self,
        ledger: Ledger,
        carriers: Mapping[int, Carrier],
        accounts: Callable[[], Sequence[Account]],
        journals: Journals,
        clock: Clock,
        *,
        cadence: Cadence | None = None,
        holding: Duty = alone,
    ) -> None:
        self._holding = holding
        self._ledger, self._carriers, self._accounts = ledger, carriers, accounts
        self._journals, self._clock, self._cadence = journals, clock, cadence or Cadence()
        self.answers = Doorbell()
        self.sweeps = Doorbell()
        self._missed = True  # whatever came before this server began
        self._replies = Doorbell()
        self._replied: dict[int, None] = {}

    async def run(self) -> None:
        cadence = self._cadence
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._every, cadence.look_s, self.resolve_crashed, "resolve_crashed")
            nursery.start_soon(self._every, cadence.look_s, self._if_ours(self.climb_ladder), "climb_ladder")
            nursery.start_soon(self._every, cadence.tidy_s, self._if_ours(self.tidy), "tidy")
            nursery.start_soon(self._every, cadence.tidy_s, self.answer_keywords, "answer_keywords", self.answers)
            nursery.start_soon(self._every, cadence.tidy_s, self.cancel_replied, "cancel_replied", self._replies)
            nursery.start_soon(self._every, cadence.sweep_s, self._sweep_where_due, "sweep", self.sweeps)
            nursery.start_soon(self._every, cadence.sweep_s, self.forget_journals, "forget_journals")

    async def _every(
        self, period_s: float, duty: Callable[[], Awaitable[None]], name: str, bell: Doorbell | None = None
    ) -> None:
        bell = bell or Doorbell()
        while True:
            wait_s = period_s
            try:
                await duty()
            except (StoreUnavailable, ListFailed, OSError) as error:
                log.warning("duty_failed", duty=name, reason=str(error))
                wait_s = min(period_s, 2.0)  # an outage ends at some time: be there soon after
            await bell.wait(wait_s)

    def _if_ours(self, duty: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            with self._holding(LIFELINE) as ours:
                if ours:
                    await duty()

        return run

    def missed(self) -> None:
        """Texts may have come that were not taken: look soon, whoever has the shard. Returns at once."""
        self._missed = True
        self.sweeps.ring()

    async def _sweep_where_due(self) -> None:
        """What was missed here is looked for here; else one server looks now and then."""
        if not self._missed:
            await self._if_ours(self.sweep)()
            return
        self._missed = False
        try:
            await self.sweep()
        except (StoreUnavailable, ListFailed):
            self._missed = True
            raise

    # Crashed claims

    async def resolve_crashed(self) -> None:
        """Attempts that a dead node left authorised: queued again where its journal proves that they never left."""
        for node in await self._ledger.dead_nodes():
            attempts = await self._ledger.crashed_attempts(node.gen)
            marked = await trio.to_thread.run_sync(self._journals.marks, node.journal_id)
            never, unknown = _sort_by_journal(attempts, marked)
            log.info(
                "crashed_claims", gen=node.gen, requeued=len(never), unknown=len(unknown), journal=marked is not None
            )
            await self._ledger.resolve_crashed(never, unknown, self._clock.wall())

    # Unknown outcomes

    async def climb_ladder(self) -> None:
        """Ask the carrier's list about every unknown attempt whose next question is due."""
        now = self._clock.real()
        for line, attempts in (await self._open_by_line(now)).items():
            offers = self._carriers[line[0]].capabilities
            if not asks_list(offers):
                await self._step(attempts, offers)
                continue
            try:
                await self._ask(line, attempts, now)
            except ListFailed as error:
                log.warning("list_failed", account=line[0], reason=str(error))
                await self._step(attempts, offers)

    async def _open_by_line(self, now: datetime) -> dict[_Line, list[OpenAttempt]]:
        lines: dict[_Line, list[OpenAttempt]] = defaultdict(list)
        for attempt in await self._ledger.open_attempts(now, 500):
            lines[attempt.account_id, attempt.from_, attempt.to].append(attempt)
        return lines

    async def _ask(self, line: _Line, attempts: list[OpenAttempt], now: datetime) -> None:
        account_id, from_, to = line
        since = min(attempt.authorised_at for attempt in attempts) - timedelta(seconds=6)
        listed = await self._carriers[account_id].list_outbound(to=to, from_=from_, since=since)
        # Read anew, after the list: it may show an equal text that was authorised meanwhile and is a rival since.
        attempts = (await self._open_by_line(now)).get(line, [])
        free = await self._ledger.unbound(account_id, listed)
        asked = [Unanswered(a.attempt_id, a.from_, a.to, a.body, a.authorised_at) for a in attempts]
        found = bind(asked, free, smart_encode)
        for attempt_id, message in found.items():
            await self._ledger.bind_listed(attempt_id, message, self._clock.wall())
        left = [attempt for attempt in attempts if attempt.attempt_id not in found]
        await self._step(left, self._carriers[account_id].capabilities)

    async def _step(self, attempts: Sequence[OpenAttempt], offers: Capabilities) -> None:
        """The next rung, or the end of the ladder. Attempts that are only rivals for a message stay as they are."""
        now = self._clock.real()
        for attempt in attempts:
            if attempt.unknown_since is None or attempt.next_check_at is None or attempt.next_check_at > now:
                continue
            await self._follow(attempt, step(offers, attempt.rung, len(self._cadence.ladder_s)), attempt.unknown_since)

    async def _follow(self, attempt: OpenAttempt, what: Step, since: datetime) -> None:
        ladder, real, wall = self._cadence.ladder_s, self._clock.real(), self._clock.wall()
        match what:
            case Step.NEXT | Step.LAST:
                rung_s = ladder[attempt.rung + 1] if what is Step.NEXT else ladder[-1]
                await self._ledger.climb(attempt.attempt_id, attempt.rung, max(since + timedelta(seconds=rung_s), real))
            case Step.RESEND:
                due_at = wall + timedelta(seconds=resend_in_s(attempt.rung, ladder))
                ends_at = wall + timedelta(seconds=ladder[-1]) - (real - since)
                await self._ledger.resend(attempt.attempt_id, due_at, ends_at)
            case Step.GIVE_UP:
                await self._ledger.give_up(attempt.attempt_id, wall)

    # Answers, early receipts, validity

    async def answer_keywords(self) -> None:
        """Enqueue what STOP, START and HELP are owed."""
        for owed in await self._ledger.owed_answers(100):
            body = answer_text(Keyword(owed.kind), brand=owed.brand, contact=owed.contact)
            await self._ledger.enqueue_answer(owed, body, count(body).count, self._clock.wall())

    async def tidy(self) -> None:
        """Receipts that came before their answer was stored; texts whose validity has passed."""
        await self._ledger.join_early_receipts()
        await self._ledger.expire_due(self._clock.wall(), 1000)

    def replied(self, thread_id: int) -> None:
        """A text of the contact was stored: what it cancels ends soon."""
        self._replied[thread_id] = None
        self._replies.ring()

    async def cancel_replied(self) -> None:
        """End what replies cancel: in the threads that were told, and when nobody told anything, in all."""
        if self._replied:
            await trio.sleep(GATHER_S)
        threads = list(self._replied) or None
        await self._ledger.cancel_replied(threads, self._clock.wall(), 1000)
        for thread_id in threads or ():
            del self._replied[thread_id]

    # Inbound texts that we missed

    async def sweep(self) -> None:
        """Read each carrier's inbound list since the last complete sweep; each text goes through T1 like any other.

        A carrier without a list posts again by itself what we did not take.
        Raises the last ListFailed once every other account has been read.
        """
        failed: ListFailed | None = None
        for account in self._accounts():
            if not self._carriers[account.account_id].capabilities.list_query:
                continue
            try:
                await self._sweep_account(account.account_id)
            except ListFailed as error:
                failed = error
        if failed is not None:
            raise failed

    async def _sweep_account(self, account_id: int) -> None:
        """How far the list was read is told in the carrier's own time: our clock may run ahead of it."""
        swept = await self._ledger.swept_until(account_id)
        since = swept - SWEEP_OVERLAP if swept else self._clock.real() - FIRST_SWEEP_BACK
        shown = sorted(await self._carriers[account_id].list_inbound(since=since), key=_by_time)
        found = 0
        # What is known costs a commit each: a server that is killed again and again would never come to the end.
        for listed in await self._ledger.unheard(account_id, shown):
            found += await self._record(account_id, listed)
        if shown:
            await self._ledger.note_sweep(account_id, shown[-1].created_at)
        if found:
            log.info("sweep_found", account=account_id, count=found)

    async def _record(self, account_id: int, listed: ListedMessage) -> bool:
        """Whether the text was new here. A carrier speaks real time, and what people see is the wall's."""
        real, wall = self._clock.real(), self._clock.wall()
        text = replace(listed.as_inbound(), received_at=listed.created_at + (wall - real))
        try:
            result = await self._ledger.record_mo(MoArrival.of(account_id, text))
        except RowRefused:
            # It would be refused for ever, and no sweep after it would ever be complete.
            log.exception("swept_text_refused", account=account_id, provider_id=listed.provider_id)
            return False
        return isinstance(result, MoRecorded)

    # Journals

    async def forget_journals(self) -> None:
        """Each server start leaves a journal behind. What is written is looked up before what is spent: a new one is
        registered before it is written, so it is never taken for an old one."""
        written = await trio.to_thread.run_sync(self._journals.written)
        for journal_id in await self._ledger.spent_journals(written):
            await trio.to_thread.run_sync(self._journals.forget, journal_id)


def _by_time(message: ListedMessage) -> tuple[float, str]:
    return message.created_at.timestamp(), message.provider_id


def _sort_by_journal(attempts: Sequence[OpenAttempt], marked: frozenset[UUID] | None) -> tuple[list[UUID], list[UUID]]:
    ids = [attempt.attempt_id for attempt in attempts]
    if marked is None:
        return [], ids
    return [i for i in ids if i not in marked], [i for i in ids if i in marked]
