"""Composes the transactions T1–T5 and Lifeline's into one ledger, with the writers that share commits."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any, Literal, cast
from uuid import UUID

import outcome
import trio

from server.domain.carrier import ErrorClass, Receipt
from server.ports import Announce, AttemptOutcome, EnqueueMt, EnqueueResult, MoArrival, MoResult
from server.store.group_commit import GroupCommit
from server.store.ledger import enqueue, receipts
from server.store.ledger.authorise import Authorise
from server.store.ledger.inbound import Inbound
from server.store.ledger.lifeline import Lifeline
from server.store.ledger.outcomes import Disowned, Outcome, Outcomes
from server.store.options import StoreOptions
from server.store.postgres import Postgres

ReceiptResult = Literal["applied", "kept", "old"]


class PostgresLedger:
    """`ports.Ledger`. `run` holds its writers; without it nothing that is submitted is ever written."""

    def __init__(self, postgres: Postgres, announce: Announce, options: StoreOptions) -> None:
        bridge, self._postgres = postgres.bridge, postgres
        inbound, outcomes = Inbound(options.wall), Outcomes(options.ladder_s[0], options.online)
        self._arrivals = GroupCommit[MoArrival, MoResult](bridge, postgres.line(), inbound.write, announce)
        self._outcomes = GroupCommit[Outcome, bool](bridge, postgres.line(), outcomes.write, announce)
        self._receipts = GroupCommit[receipts.News, str](bridge, postgres.line(), receipts.write, announce)
        replies = partial(enqueue.write, online=options.online)
        self._replies = GroupCommit[EnqueueMt, EnqueueResult](bridge, postgres.line(), replies, announce)
        self._disowned = Disowned(self._outcomes)

        self.enqueue_mt: Callable[[EnqueueMt], Coroutine[Any, Any, EnqueueResult]] = self._replies.submit
        self.enqueue_bulk = enqueue.Enqueue(postgres, announce, options.online).enqueue_bulk
        authorise = Authorise(postgres, announce, self._disowned.add, options.timetable)
        self.due, self.authorise = authorise.due, authorise.authorise
        lifeline = Lifeline(postgres, self._outcomes, announce)
        self.release_held, self.expire_due = lifeline.release_held, lifeline.expire_due
        self.cancel_replied = lifeline.cancel_replied
        self.dead_nodes, self.crashed_attempts = lifeline.dead_nodes, lifeline.crashed_attempts
        self.resolve_crashed, self.open_attempts = lifeline.resolve_crashed, lifeline.open_attempts
        self.spent_journals = lifeline.spent_journals
        self.climb, self.resend, self.give_up = lifeline.climb, lifeline.resend, lifeline.give_up
        self.bind_listed, self.unbound, self.unheard = lifeline.bind_listed, lifeline.unbound, lifeline.unheard
        self.owed_answers, self.enqueue_answer = lifeline.owed_answers, lifeline.enqueue_answer
        self.join_early_receipts = lifeline.join_early_receipts
        self.swept_until, self.note_sweep = lifeline.swept_until, lifeline.note_sweep

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            for writer in (self._arrivals.run, self._outcomes.run, self._receipts.run, self._replies.run):
                await nursery.start(writer)
            nursery.start_soon(self._disowned.run)
            task_status.started()

    async def record_mo(self, arrival: MoArrival) -> MoResult:
        """T1. When it returns, the text is durable: answer 2xx only then."""
        return await self._arrivals.submit(arrival)

    def record_mo_then(self, arrival: MoArrival, done: Callable[[outcome.Maybe[MoResult]], None]) -> None:
        """`record_mo` for those who do not wait: *done* gets its result, or what it would have raised."""
        self._arrivals.submit_then(arrival, done)

    async def record_outcome(self, attempt_id: UUID, gen: int, outcome: AttemptOutcome, now: datetime) -> bool:
        """T4, fenced by attempt, generation and state. False where the attempt is resolved already."""
        return await self._outcomes.submit(Outcome(attempt_id, gen, outcome, now))

    async def apply_receipt(self, account_id: int, receipt: Receipt, now: datetime) -> ReceiptResult:
        """T5. A status word that proves nothing changes nothing."""
        state = receipts.proven(receipt)
        if state is None:
            return "old"
        result = await self._receipts.submit(receipts.News(account_id, receipt, state, now))
        if receipt.error_class is ErrorClass.DAILY_CAP and result == "applied":
            await receipts.spend_day(self._postgres, account_id, receipt.provider_id, now)
        return cast(ReceiptResult, "old" if result == "other" else result)
