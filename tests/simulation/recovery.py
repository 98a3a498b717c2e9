"""Lifeline's transactions over the in-memory database, and T4 and T5."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from server.domain.carrier import (
    Accepted,
    ErrorClass,
    ListedMessage,
    NotSent,
    Postponed,
    Receipt,
    Rejected,
    Throttled,
    Unknown,
)
from server.domain.consent import ANSWERED, ConsentKind
from server.domain.delivery import RANK, State, reported
from server.domain.gate import MessageClass
from server.ports import AttemptOutcome, Node, OpenAttempt, OwedAnswer, Voided
from tests.simulation.memory import Done, Memory
from tests.simulation.statements import (
    News,
    Settled,
    Told,
    apply_receipt,
    join_early,
    keep_early,
    note_status,
    settle_attempt,
)
from tests.simulation.tables import BRAND, CONTACT, WORKSPACE, Attempt, ConsentEvent, KeywordAnswer, Outbox

EXPIRED_FOR: Final = timedelta(seconds=5)
LATER_S: Final = {ErrorClass.DAILY_CAP: 900.0, ErrorClass.TRANSIENT: 60.0}
_KEYWORDS: Final[dict[str, Literal["STOP", "START", "HELP"]]] = {k.value: v.value for k, v in ANSWERED.items()}


class Recovery:
    """*first_rung_s*: when the carrier is first asked about an unknown outcome."""

    def __init__(self, memory: Memory, first_rung_s: float) -> None:
        self._memory, self._tables, self._first_rung_s = memory, memory.tables, first_rung_s

    # T4 and T5

    def record_outcome(self, attempt_id: UUID, gen: int | None, outcome: AttemptOutcome, now: datetime) -> Done[bool]:
        match outcome:
            case Accepted(provider_id):
                given = Settled(gen, "accepted", provider_id)
            case Rejected(error_class, code, sentence):
                given = Settled(gen, "rejected", None, error_class.value, code, sentence)
            case Postponed(error_class, code, sentence, retry_after_s):
                wait_s = LATER_S[error_class] if retry_after_s is None else retry_after_s
                due_at = now + timedelta(seconds=wait_s)
                given = Settled(gen, "throttled", None, error_class.value, code, sentence, due_at)
            case Throttled(retry_after_s, code):
                due_at = now + timedelta(seconds=1.0 if retry_after_s is None else retry_after_s)
                given = Settled(gen, "throttled", None, None, code, "the carrier slowed us down", due_at)
            case Voided(reason) | NotSent(reason, voided=True):
                given = Settled(gen, "void", reason=reason)
            case NotSent(reason):
                given = Settled(gen, "not_sent", reason=reason)
            case Unknown(reason):
                given = Settled(gen, "unknown", reason=reason, check_s=self._first_rung_s)
        told = settle_attempt(self._tables, self._tables.attempts.get(attempt_id), given, now, self._memory.clock())
        return told is not None, told or []

    def apply_receipt(
        self, account_id: int, receipt: Receipt, now: datetime
    ) -> Done[Literal["applied", "kept", "old"]]:
        state = reported(receipt.status) or (State.SENT if receipt.attempt_id is not None else None)
        if state is None:
            return "old", []
        error_class = receipt.error_class and receipt.error_class.value
        news = News(state.value, RANK[state], error_class, receipt.error_code)
        named = None if receipt.attempt_id is None else self._tables.attempts.get(receipt.attempt_id)
        verdict, told = apply_receipt(self._tables, account_id, receipt.provider_id, named, news, now)
        if verdict == "kept":
            keep_early(self._tables, account_id, receipt.provider_id, news)
            return "kept", told
        return ("applied" if verdict == "applied" else "old"), told

    def join_early_receipts(self, now: datetime) -> Done[int]:
        return join_early(self._tables, now)

    # Crashed claims

    def dead_nodes(self) -> Sequence[Node]:
        late = self._memory.clock() - EXPIRED_FOR
        owing = {a.gen for a in self._tables.attempts.values() if a.state == "authorised"}
        dead = [n for n in self._tables.nodes.values() if (n.gone or n.expires_at < late) and n.gen in owing]
        return [Node(n.gen, n.journal_id, n.host, n.boot_id, n.pid) for n in dead]

    def crashed_attempts(self, gen: int) -> Sequence[OpenAttempt]:
        node, now = self._tables.nodes[gen], self._memory.clock()
        if not node.gone and node.expires_at < now - EXPIRED_FOR:
            node.fenced_at = now
        if not node.gone:
            return []
        return self._shown(a for a in self._tables.attempts.values() if a.gen == gen and a.state == "authorised")

    def spent_journals(self, written: Collection[UUID]) -> frozenset[UUID]:
        owing = {a.gen for a in self._tables.attempts.values() if a.state == "authorised"}
        gone = (n for n in self._tables.nodes.values() if n.gone and n.gen not in owing)
        return frozenset(n.journal_id for n in gone if n.journal_id in written)

    # The ladder

    def open_attempts(self, before: datetime, limit: int) -> Sequence[OpenAttempt]:
        unknown = [a for a in self._tables.attempts.values() if a.state == "unknown" and a.next_check_at is not None]
        due = sorted((a for a in unknown if _check(a) <= before), key=_check)[:limit]
        threads = {a.thread_id for a in due}
        found = [
            a for a in self._tables.attempts.values() if a.thread_id in threads and a.state in ("authorised", "unknown")
        ]
        found.sort(key=lambda a: (a.next_check_at is None, _check(a).timestamp(), a.id))
        return self._shown(found)

    def climb(self, attempt_id: UUID, rung: int, next_at: datetime) -> None:
        attempt = self._tables.attempts[attempt_id]
        if (attempt.state, attempt.rung) == ("unknown", rung):
            attempt.rung, attempt.next_check_at = rung + 1, next_at

    def give_up(self, attempt_id: UUID, now: datetime) -> Done[None]:
        given = Settled(None, "unconfirmed", reason="the carrier never confirmed it")
        attempt = self._tables.attempts.get(attempt_id)
        return None, settle_attempt(self._tables, attempt, given, now, self._memory.clock()) or []

    def bind_listed(self, attempt_id: UUID, listed: ListedMessage, now: datetime) -> Done[bool]:
        attempt = self._tables.attempts[attempt_id]
        state = reported(listed.status) or State.SENT
        news = News(state.value, RANK[state], None, listed.error_code)
        verdict, told = apply_receipt(self._tables, attempt.account_id, listed.provider_id, attempt, news, now)
        return verdict in ("applied", "old"), told

    def unbound(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        return [one for one in listed if (account_id, one.provider_id) not in self._tables.bound]

    def _shown(self, attempts: Iterable[Attempt]) -> list[OpenAttempt]:
        tables = self._tables
        return [
            OpenAttempt(
                a.id,
                a.gen,
                a.account_id,
                a.thread_id,
                a.seq,
                next(n.address for n in tables.numbers if n.number_id == a.number_id),
                tables.endpoints[a.endpoint_id].address,
                tables.messages[a.thread_id, a.seq].body,
                a.authorised_at,
                a.unknown_since,
                a.next_check_at,
                a.rung,
            )
            for a in attempts
        ]

    # Answers, validity, sweeps, people's decisions

    def owed_answers(self, limit: int) -> Sequence[OwedAnswer]:
        now, answers = self._memory.clock(), self._tables.keyword_answers
        owed = [
            event
            for event in self._tables.consent_events
            if event.answer_by is not None and event.answer_by > now and _answer_key(event) not in answers
        ]
        return [
            OwedAnswer(
                WORKSPACE, e.endpoint_id, e.thread_id or 0, e.id, _KEYWORDS[ConsentKind(e.kind).value], BRAND, CONTACT
            )
            for e in owed[:limit]
        ]

    def enqueue_answer(self, owed: OwedAnswer, body: str, segments: int, now: datetime) -> Done[bool]:
        tables, db_now = self._tables, self._memory.clock()
        event = tables.consent_events[owed.event_id - 1]
        if event.answer_by is None or event.answer_by <= db_now or _answer_key(event) in tables.keyword_answers:
            return False, []
        thread = tables.threads[owed.thread_id]
        lately = db_now - timedelta(minutes=5)
        quiet = event.kind == "help_asked" and any(
            key[0] == event.endpoint_id and key[2] == "help_asked" and answer.seq is not None and answer.at > lately
            for key, answer in tables.keyword_answers.items()
        )
        answer = tables.keyword_answers[_answer_key(event)] = KeywordAnswer(thread.id, None, db_now)
        if quiet:
            return False, []
        klass, until = MessageClass.KEYWORD_ANSWER, now + (event.answer_by - db_now)
        answer.seq = self._memory.queue(thread, event.epoch, klass, body, segments, now, expires_at=until)
        return True, self._memory.queued(thread, answer.seq)

    def expire_due(self, now: datetime, limit: int) -> Done[int]:
        rows = [r for r in self._tables.outbox.values() if r.state == "queued" and r.expires_at is not None]
        late = [row for row in rows if row.expires_at is not None and row.expires_at <= now][:limit]
        told = []
        for row in late:
            del self._tables.outbox[row.id]
            news = News(State.EXPIRED.value, RANK[State.EXPIRED], "gate", "expired")
            told += note_status(self._tables, row.thread_id, row.seq, [news], now)
        return len(late), told

    def cancel_replied(self, thread_ids: Sequence[int] | None, now: datetime, limit: int) -> Done[int]:
        waiting = [row for row in self._tables.outbox.values() if row.state in ("queued", "held")]
        asked = [row for row in waiting if thread_ids is None or row.thread_id in thread_ids]
        late = [row for row in asked if self._memory.replied(row)][:limit]
        told: Told = []
        for row in late:
            told += self._end(row, News(State.CANCELLED.value, RANK[State.CANCELLED], "gate", "replied"), now)
        return len(late), told

    def cancel(self, thread_id: int, seq: int, now: datetime) -> Done[str | None]:
        message = self._tables.messages.get((thread_id, seq))
        if message is None or message.direction == "in":
            return None, []
        rows = [row for row in self._tables.outbox.values() if (row.thread_id, row.seq) == (thread_id, seq)]
        if not rows:
            return message.state, []
        if rows[0].state == "sending":
            return "sending", []
        return "cancelled", self._end(rows[0], News(State.CANCELLED.value, RANK[State.CANCELLED], None, None), now)

    def recall(self, campaign_id: int) -> None:
        self._tables.campaigns[campaign_id] = "cancelled"

    def recall_queued(self, campaign_id: int, now: datetime, limit: int) -> Done[int]:
        if self._tables.campaigns[campaign_id] != "cancelled":
            return 0, []
        waiting = (row for row in self._tables.outbox.values() if row.campaign_id == campaign_id)
        rows = [row for row in waiting if row.state in ("queued", "held")][:limit]
        news, told = News(State.CANCELLED.value, RANK[State.CANCELLED], "gate", "campaign_cancelled"), Told()
        for row in rows:
            told += self._end(row, news, now)
        return len(rows), told

    def _end(self, row: Outbox, news: News, now: datetime) -> Told:
        del self._tables.outbox[row.id]
        return note_status(self._tables, row.thread_id, row.seq, [news], now)

    def release_held(self, thread_id: int, seq: int, send: bool, now: datetime) -> Done[bool]:
        tables = self._tables
        held = [r for r in tables.outbox.values() if (r.thread_id, r.seq, r.state) == (thread_id, seq, "held")]
        if not held:
            return False, []
        row, state = held[0], State.QUEUED if send else State.CANCELLED
        told = []
        if send:
            row.state, row.acknowledged, row.due_at, row.reason = "queued", True, now, None
            row.cancel_after_in, row.was_held = None, False
            row.consent_epoch = tables.endpoints[row.endpoint_id].consent_epoch
        else:
            del tables.outbox[row.id]
        told += note_status(tables, thread_id, seq, [News(state.value, RANK[state])], now, decided=True)
        return True, told + (self._memory.queued(tables.threads[thread_id], seq)[1:] if send else [])


def _check(attempt: Attempt) -> datetime:
    return attempt.next_check_at or attempt.authorised_at


def _answer_key(event: ConsentEvent) -> tuple[int, int, str, int]:
    return event.endpoint_id, event.epoch, event.kind, event.id if event.kind == "help_asked" else 0
