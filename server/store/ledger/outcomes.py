"""T4: what became of attempts. Also the undoing of attempts whose T3 was committed while its caller could not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import trio

from server.domain.carrier import Accepted, ErrorClass, NotSent, Postponed, Rejected, Throttled, Unknown
from server.killpoints import reach
from server.ports import AttemptOutcome, Online, StoreUnavailable, Voided
from server.store.columns import columns
from server.store.group_commit import GroupCommit, Written
from server.store.named_sql import statements
from server.store.options import anybody
from server.store.told import announcements, verdicts

if TYPE_CHECKING:
    from server.store.postgres import Connection

THROTTLED_S: Final = 1.0  # where the carrier does not say how long; the bucket slows as well
LATER_S: Final = {ErrorClass.DAILY_CAP: 900.0, ErrorClass.TRANSIENT: 60.0}
"""When a postponed text is tried again, where the carrier does not say. What a day's cap held back waits no longer than
this after midnight; until then the limiter, which knows the brand's day, holds the others."""
_AGAIN_S: Final = 0.5

_SETTLE = statements("sending")["settle_attempts"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt. `gen` None: Lifeline's word, on attempts of dead nodes only."""

    attempt_id: UUID
    gen: int | None
    outcome: AttemptOutcome
    now: datetime


class Outcomes:
    """Writes batches of outcomes. *first_rung_s*: when the carrier is first asked about an unknown one."""

    def __init__(self, first_rung_s: float, online: Online = anybody) -> None:
        self._first_rung_s, self._heard = first_rung_s, online

    async def write(self, connection: Connection, outcomes: Sequence[Outcome]) -> Written[bool]:
        """True for each that was recorded; False where somebody else had resolved the attempt."""
        given = columns(map(self._column_values, outcomes))
        reach("t4_before")
        rows = await connection.fetch(_SETTLE, *given)
        reach("t4_committed")
        done = verdicts(rows)
        return [position in done for position in range(len(outcomes))], announcements(rows, online=self._heard)

    def _column_values(self, one: Outcome) -> tuple[Any, ...]:
        """Kind, provider id, class, code, reason, due time, seconds to the first question."""
        rest: tuple[Any, ...]
        match one.outcome:
            case Accepted(provider_id):
                rest = ("accepted", provider_id, None, None, None, None, None)
            case Rejected(error_class, code, sentence):
                rest = ("rejected", None, error_class.value, code, sentence, None, None)
            case Throttled(retry_after_s, code):
                due_at = one.now + timedelta(seconds=THROTTLED_S if retry_after_s is None else retry_after_s)
                rest = ("throttled", None, None, code, "the carrier slowed us down", due_at, None)
            case Postponed(error_class, code, sentence, retry_after_s):
                wait_s = LATER_S[error_class] if retry_after_s is None else retry_after_s
                due_at = one.now + timedelta(seconds=wait_s)
                rest = ("throttled", None, error_class.value, code, sentence, due_at, None)
            case Voided(reason) | NotSent(reason, voided=True):
                rest = ("void", None, None, None, reason, None, None)
            case NotSent(reason):
                rest = ("not_sent", None, None, None, reason, None, None)
            case Unknown(reason):
                rest = ("unknown", None, None, None, reason, None, self._first_rung_s)
        return (one.attempt_id, one.gen, *rest, one.now)


class Disowned:
    """Attempts that T3 may have committed while its caller learnt nothing: no worker has them, so they are voided.

    Without this they would stay authorised under a node that lives, where Lifeline must not touch them.
    """

    def __init__(self, writer: GroupCommit[Outcome, bool]) -> None:
        self._writer = writer
        self._attempts: dict[UUID, int] = {}
        self._some = trio.Event()

    def add(self, attempts: Sequence[UUID], gen: int) -> None:
        if attempts:
            self._attempts.update(dict.fromkeys(attempts, gen))
            self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            attempt_id, gen = next(iter(self._attempts.items()))
            outcome = Voided("its authorisation was cut off")
            try:
                await self._writer.submit(Outcome(attempt_id, gen, outcome, datetime.now(UTC)))
            except StoreUnavailable:
                await trio.sleep(_AGAIN_S)
                continue
            del self._attempts[attempt_id]
            if not self._attempts:
                self._some = trio.Event()
