"""What Lifeline needs of the ledger: crashed claims, the ladder of unknown outcomes, answers owed, validity, sweeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from server.domain.carrier import ListedMessage, Unknown
from server.domain.consent import ANSWERED, HELP_EVERY, ConsentKind
from server.domain.delivery import RANK
from server.domain.messages import Message, OutboxGrew, ThreadChanged
from server.ports import Announce, AttemptOutcome, Node, OpenAttempt, OwedAnswer, Voided
from server.store.group_commit import GroupCommit
from server.store.ledger import receipts
from server.store.ledger.outcomes import Outcome
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row, announcements, verdicts

if TYPE_CHECKING:
    from server.store.postgres import Connection

EXPIRED_FOR: Final = timedelta(seconds=5)
"""A node that lost sight of the database may hold a text authorised for 2 s; after this, nothing of it still leaves."""

_SQL = statements("lifeline")
_KEYWORDS: Final[dict[str, Literal["STOP", "START", "HELP"]]] = {
    kind.value: keyword.value for kind, keyword in ANSWERED.items()
}


class Lifeline:
    """Every method is safe to repeat, and to run on several nodes at once."""

    def __init__(self, postgres: Postgres, outcomes: GroupCommit[Outcome, bool], announce: Announce) -> None:
        self._postgres, self._outcomes, self._announce = postgres, outcomes, announce

    # Crashed claims

    async def dead_nodes(self) -> Sequence[Node]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["dead_nodes"], EXPIRED_FOR))
        return [Node(r["gen"], r["journal_id"], r["host"], r["boot_id"], r["pid"]) for r in rows]

    async def crashed_attempts(self, gen: int) -> Sequence[OpenAttempt]:
        """Fences the node first where it only expired: an answer that is acted upon must not change."""

        async def fence_and_read(connection: Connection) -> Sequence[Row]:
            await connection.execute(_SQL["fence_node"], gen, EXPIRED_FOR)
            rows: Sequence[Row] = await connection.fetch(_SQL["crashed_attempts"], gen)
            return rows

        return [_open_attempt(row) for row in await self._postgres.call(fence_and_read, idempotent=True)]

    async def resolve_crashed(self, never_on_wire: Sequence[UUID], unknown: Sequence[UUID], now: datetime) -> None:
        for attempts, outcome in ((never_on_wire, _NEVER_LEFT), (unknown, _PERHAPS_LEFT)):
            for attempt_id in attempts:
                await self._outcomes.submit(Outcome(attempt_id, None, outcome, now))

    async def spent_journals(self, written: Collection[UUID]) -> frozenset[UUID]:
        """Those of the journals *written* whose servers are gone and left no attempt open."""
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["spent_journals"], list(written)))
        return frozenset(row["journal_id"] for row in rows)

    # The ladder

    async def open_attempts(self, before: datetime, limit: int) -> Sequence[OpenAttempt]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["open_attempts"], before, limit))
        return [_open_attempt(row) for row in rows]

    async def climb(self, attempt_id: UUID, rung: int, next_at: datetime) -> None:
        await self._postgres.call(lambda c: c.execute(_SQL["climb"], attempt_id, rung, next_at), idempotent=True)

    async def bind_listed(self, attempt_id: UUID, listed: ListedMessage, now: datetime) -> bool:
        state, provider_id = receipts.of_listed(listed), storable(listed.provider_id)
        rows = await self._postgres.call(
            lambda c: c.fetch(
                _SQL["bind_listed"], attempt_id, provider_id, state.value, RANK[state], listed.error_code, now
            ),
            idempotent=True,
        )
        self._tell(rows)
        return verdicts(rows).get(0) in ("applied", "old")

    async def resend(self, attempt_id: UUID, due_at: datetime, expires_at: datetime) -> bool:
        rows = await self._postgres.call(lambda c: c.fetch(_SQL["resend"], attempt_id, due_at, expires_at))
        self._tell(rows)
        return bool(rows)

    async def give_up(self, attempt_id: UUID, now: datetime) -> None:
        self._tell(await self._postgres.call(lambda c: c.fetch(_SQL["give_up"], attempt_id, now), idempotent=True))

    async def unbound(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        return await self._without_known("mt", account_id, listed)

    async def unheard(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        return await self._without_known("mo", account_id, listed)

    async def _without_known(
        self, kind: str, account_id: int, listed: Sequence[ListedMessage]
    ) -> Sequence[ListedMessage]:
        ids = [storable(message.provider_id) for message in listed]
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["known"], account_id, kind, ids))
        known = {row["provider_id"] for row in rows}
        return [message for message, id_ in zip(listed, ids, strict=True) if id_ not in known]

    # Answers to keywords

    async def owed_answers(self, limit: int) -> Sequence[OwedAnswer]:
        return [_owed(row) for row in await self._postgres.read(lambda c: c.fetch(_SQL["owed_answers"], limit))]

    async def enqueue_answer(self, owed: OwedAnswer, body: str, segments: int, now: datetime) -> bool:
        row = await self._postgres.call(
            lambda c: c.fetchrow(_SQL["enqueue_answer"], owed.event_id, storable(body), segments, now, HELP_EVERY),
            idempotent=True,
        )
        if row is None:
            return False
        message = Message(
            thread_id=row["thread_id"],
            seq=row["seq"],
            direction="out",
            body=storable(body),
            state="queued",
            at=now,
            segments=segments,
            klass="keyword_answer",
        )
        changed = ThreadChanged(row["workspace_id"], row["thread_id"], (message,))
        self._announce([changed, OutboxGrew(frozenset({row["number_id"]}))])
        return True

    # Time

    async def join_early_receipts(self) -> int:
        joined, rows = await receipts.join_early(self._postgres)
        self._tell(rows)
        await self._postgres.call(lambda c: c.execute(_SQL["forget_receipts"]), idempotent=True)
        return joined

    async def expire_due(self, now: datetime, limit: int) -> int:
        rows = await self._postgres.call(lambda c: c.fetch(_SQL["expire_due"], now, limit))
        self._tell(rows)
        return sum(row["what"] == "status" for row in rows)

    async def cancel_replied(self, thread_ids: Sequence[int] | None, now: datetime, limit: int) -> int:
        threads = None if thread_ids is None else list(thread_ids)
        rows = await self._postgres.call(lambda c: c.fetch(_SQL["cancel_replied"], threads, now, limit))
        self._tell(rows)
        return sum(row["what"] == "status" for row in rows)

    async def release_held(
        self, workspace_id: int, thread_id: int, seq: int, send: bool, member_id: int, now: datetime
    ) -> bool:
        rows = await self._postgres.call(
            lambda c: c.fetch(_SQL["release_held"], workspace_id, thread_id, seq, send, member_id, now)
        )
        self._tell(rows)
        return bool(rows)

    async def swept_until(self, account_id: int) -> datetime | None:
        at: datetime | None = await self._postgres.read(lambda c: c.fetchval(_SQL["swept_until"], account_id))
        return at

    async def note_sweep(self, account_id: int, until: datetime) -> None:
        await self._postgres.call(lambda c: c.execute(_SQL["note_sweep"], account_id, until), idempotent=True)

    def _tell(self, rows: Sequence[Row]) -> None:
        if told := announcements(rows):
            self._announce(told)


_NEVER_LEFT: Final[AttemptOutcome] = Voided("the server crashed before it left")
_PERHAPS_LEFT: Final[AttemptOutcome] = Unknown("the server crashed while it was on the wire")


def _open_attempt(row: Row) -> OpenAttempt:
    return OpenAttempt(
        attempt_id=row["id"],
        gen=row["gen"],
        account_id=row["account_id"],
        thread_id=row["thread_id"],
        seq=row["seq"],
        from_=row["from_"],
        to=row["to_"],
        body=row["body"],
        authorised_at=row["authorised_at"],
        unknown_since=row["unknown_since"],
        next_check_at=row["next_check_at"],
        rung=row["rung"],
    )


def _owed(row: Row) -> OwedAnswer:
    return OwedAnswer(
        workspace_id=row["workspace_id"],
        endpoint_id=row["endpoint_id"],
        thread_id=row["thread_id"],
        event_id=row["id"],
        kind=_KEYWORDS[ConsentKind(row["kind"]).value],
        brand=row["brand"],
        contact=row["contact"],
    )
