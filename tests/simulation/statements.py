"""What the transactions do to the rows, in common: statuses, marks on endpoints, outcomes, receipts.

Each is schema.sql's function of the same name for one item; `test_conformance.py` holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from server.domain.delivery import RANK, State
from server.domain.messages import Announcement, ConsentFlipped, OutboxGrew, StatusChange, ThreadChanged
from tests.simulation.tables import WORKSPACE, Attempt, ConsentEvent, EarlyReceipt, Tables

STILL_OPEN = ("authorised", "unknown", "unconfirmed", "void", "not_sent", "throttled")

TRIES_AT_MOST = 10  # of what the carrier calls transient

Told = list[Announcement]


@dataclass(frozen=True, slots=True)
class News:
    """A state that something proves, with the carrier's reason."""

    state: str
    rank: int
    error_class: str | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """An outcome as T4 stores it. *gen* None: Lifeline's word."""

    gen: int | None
    kind: str
    provider_id: str | None = None
    error_class: str | None = None
    error_code: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    check_s: float | None = None


def note_status(
    tables: Tables, thread_id: int, seq: int, news: list[News], now: datetime, *, decided: bool = False
) -> Told:
    """Move a message up to the highest of *news*. What was wired cannot have been refused before."""
    message, highest = tables.messages[thread_id, seq], max(news, key=lambda one: one.rank)
    refused_late = 20 <= message.rank <= 40 and highest.rank >= 50
    if not decided and (message.rank >= highest.rank or refused_late):
        return []
    message.state, message.rank = highest.state, highest.rank
    message.error_class, message.error_code = highest.error_class, highest.error_code
    thread = tables.threads[thread_id]
    thread.last_seq += 1
    change = StatusChange(thread_id, thread.last_seq, seq, highest.state, now, highest.error_class, highest.error_code)
    return [ThreadChanged(WORKSPACE, thread_id, (change,))]


def mark_endpoint(tables: Tables, endpoint_id: int, error_class: str | None, code: str | None, now: datetime) -> Told:
    """The carrier refused for the recipient's sake: its own opt-out list outranks ours."""
    endpoint = tables.endpoints[endpoint_id]
    if error_class == "invalid" and endpoint.invalid_reason is None:
        endpoint.invalid_reason = code or "invalid_number"
    if error_class != "opted_out" or endpoint.carrier_blocked:
        return []
    already = endpoint.opted_out
    endpoint.carrier_blocked = endpoint.opted_out = True
    endpoint.consented_at = None
    endpoint.consent_epoch += not already
    events = tables.consent_events
    events.append(ConsentEvent(len(events) + 1, endpoint_id, "carrier_blocked", endpoint.consent_epoch, now))
    return [] if already else [ConsentFlipped(WORKSPACE, endpoint_id, True, endpoint.consent_epoch)]


def settle_attempt(
    tables: Tables, attempt: Attempt | None, given: Settled, now: datetime, db_now: datetime
) -> Told | None:
    """T4, fenced by generation and state; None where somebody else has resolved the attempt."""
    if attempt is None or not _may_settle(tables, attempt, given):
        return None
    row = tables.outbox.get(attempt.outbox_id)
    if (given.kind, given.error_class) == ("throttled", "transient") and row is not None and row.tries >= TRIES_AT_MOST:
        given = replace(given, kind="rejected")
    key = (attempt.account_id, given.provider_id or "")
    if given.kind == "accepted" and attempt.id not in tables.bound.values():
        tables.bound.setdefault(key, attempt.id)
    _end_attempt(attempt, given, db_now)
    told = _end_outbox(tables, attempt, given, now)
    early = list(tables.early.pop(key, {}).values()) if given.kind == "accepted" else []
    marks = [(given.error_class, given.error_code)] if given.kind == "rejected" else []
    for error_class, code in [*marks, *((one.error_class, one.error_code) for one in early)]:
        told += mark_endpoint(tables, attempt.endpoint_id, error_class, code, now)
    news = [_news_of(given)] if given.kind in ("accepted", "rejected", "unconfirmed") else []
    news += [News(one.state, one.rank, one.error_class, one.error_code) for one in early]
    return told + (note_status(tables, attempt.thread_id, attempt.seq, news, now) if news else [])


def _may_settle(tables: Tables, attempt: Attempt, given: Settled) -> bool:
    if given.gen is not None:
        unknown_before = attempt.state == "unknown" and given.kind != "unknown"
        return attempt.gen == given.gen and (attempt.state == "authorised" or unknown_before)
    if given.kind == "unconfirmed":
        return attempt.state == "unknown"
    return attempt.state == "authorised" and tables.nodes[attempt.gen].gone


def _end_attempt(attempt: Attempt, given: Settled, db_now: datetime) -> None:
    attempt.state, attempt.provider_id = given.kind, given.provider_id
    attempt.next_check_at, attempt.ended_at = None, db_now
    if given.kind == "unknown":
        attempt.unknown_since = db_now
        attempt.next_check_at = db_now + timedelta(seconds=given.check_s or 0.0)


def _end_outbox(tables: Tables, attempt: Attempt, given: Settled, now: datetime) -> Told:
    row = tables.outbox.get(attempt.outbox_id)
    if given.kind in ("accepted", "rejected", "unconfirmed"):
        tables.outbox.pop(attempt.outbox_id, None)
    elif row is not None and given.kind in ("throttled", "not_sent", "void"):
        row.state, row.reason = "queued", given.reason
        if given.kind == "not_sent":
            row.due_at = now + timedelta(seconds=min(60, 0.25 * 2 ** min(row.tries, 10)))
        elif given.due_at is not None:
            row.due_at = max(row.due_at, given.due_at)
        row.tries -= given.kind == "void"
    return [OutboxGrew(frozenset({attempt.number_id}))] if given.kind == "void" else []


def _news_of(given: Settled) -> News:
    state = State.SENT if given.kind == "accepted" else State(given.kind)
    return News(state.value, RANK[state], given.error_class, given.error_code)


def apply_receipt(
    tables: Tables, account_id: int, provider_id: str, named: Attempt | None, news: News, now: datetime
) -> tuple[str, Told]:
    """T5 for one receipt: its verdict (applied, old, kept, other) and what it told. The caller keeps what is kept."""
    bound = tables.bound.get((account_id, provider_id))
    attempt = tables.attempts[bound] if bound is not None else named
    if attempt is None or attempt.account_id != account_id:
        return "kept", []
    proven = attempt.state in STILL_OPEN and _prove(tables, attempt, provider_id)
    told = mark_endpoint(tables, attempt.endpoint_id, news.error_class, news.error_code, now)
    moved = note_status(tables, attempt.thread_id, attempt.seq, [news], now)
    if bound is not None and named is not None and bound != named.id:
        return "other", told + moved
    return ("applied" if proven or moved else "old"), told + moved


def _prove(tables: Tables, attempt: Attempt, provider_id: str) -> bool:
    key = (attempt.account_id, provider_id)
    if attempt.id not in tables.bound.values():
        tables.bound.setdefault(key, attempt.id)
    if tables.bound.get(key) != attempt.id:
        return False
    attempt.state, attempt.provider_id, attempt.next_check_at = "accepted", provider_id, None
    rivals = (
        other.id != attempt.id
        and (other.thread_id, other.seq) == (attempt.thread_id, attempt.seq)
        and other.state in ("authorised", "unknown")
        for other in tables.attempts.values()
    )
    if not any(rivals):
        tables.outbox.pop(attempt.outbox_id, None)
    return True


def join_early(tables: Tables, now: datetime) -> tuple[int, Told]:
    """Apply what was kept and whose provider id is bound by now."""
    joined, told = 0, []
    for account_id, provider_id in [key for key in tables.early if key in tables.bound]:
        for one in tables.early.pop((account_id, provider_id)).values():
            news = News(one.state, one.rank, one.error_class, one.error_code)
            told += apply_receipt(tables, account_id, provider_id, None, news, now)[1]
            joined += 1
    return joined, told


def keep_early(tables: Tables, account_id: int, provider_id: str, news: News) -> None:
    kept = tables.early.setdefault((account_id, provider_id), {})
    kept.setdefault(news.state, EarlyReceipt(news.state, news.rank, news.error_class, news.error_code))
