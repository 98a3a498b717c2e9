"""Every method of the store takes its locks in one order, so that no two of them can wait for each other.

The order is observed, not declared. Another connection holds the first row of one class; while the method waits for it,
the other rows of that class and all rows of the later classes must still be free for a third connection. What a method
does is rolled back, so that each class finds the same rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from inspect import iscoroutinefunction
from typing import Any, Final, Literal
from uuid import uuid4

import pytest
import trio

from server import ports
from server.domain.carrier import Accepted, CarrierStatus, ErrorClass, Receipt, Rejected, Unknown
from server.domain.delivery import State
from server.domain.gate import MessageClass
from server.domain.testimony import Channel, Entry, Statement
from server.ports import AttemptOutcome, Authorised, Voided
from server.ports.audit import AuditLog
from server.ports.bulk import Addresses, BulkText, Launched
from server.ports.campaigns import CampaignSurvey
from server.ports.compose import Change, Compose, Drafts, Pictures, Wanted
from server.ports.consent import Consents, NewEntry
from server.ports.logins import LoginTries
from server.ports.numbers import Numbers
from server.ports.settings import WorkspaceSettings
from server.store.conversations.consent import record_opt_ins
from server.store.ledger import receipts
from server.store.ledger.inbound import Inbound
from server.store.ledger.outcomes import Outcome, Outcomes
from server.store.ledger.receipts import News
from tests.store.campaigns import spring
from tests.store.test_ledger_lifeline import listed
from tests.store.world import ALICE, BOB, NOON, World, holding, later, mo, mt

# Class, how to hold its first row, and which of its rows and of the later ones somebody holds.
HOLD: Final = {
    "outbox": "SELECT FROM outbox ORDER BY id LIMIT 1 FOR NO KEY UPDATE",
    "limiter": "SELECT pg_advisory_xact_lock(-1)",
    "limiter_authority": "SELECT FROM limiter_authority FOR NO KEY UPDATE",
    "campaign": "SELECT pg_advisory_xact_lock(1)",
    "node": "SELECT FROM node ORDER BY gen LIMIT 1 FOR NO KEY UPDATE",
    "attempt": "SELECT FROM attempt ORDER BY id LIMIT 1 FOR NO KEY UPDATE",
    "contact": "SELECT FROM contact ORDER BY id LIMIT 1 FOR NO KEY UPDATE",
    "endpoint": "SELECT FROM endpoint ORDER BY id LIMIT 1 FOR NO KEY UPDATE",
    "review": "SELECT FROM review ORDER BY id LIMIT 1 FOR NO KEY UPDATE",
    "thread": "SELECT FROM thread ORDER BY endpoint_id LIMIT 1 FOR NO KEY UPDATE",
    "message": "SELECT FROM message ORDER BY thread_id, seq LIMIT 1 FOR NO KEY UPDATE",
    "campaign_recipient": "SELECT FROM campaign_recipient ORDER BY campaign_id, ord LIMIT 1 FOR NO KEY UPDATE",
    "daily_use": "SELECT FROM daily_use LIMIT 1 FOR NO KEY UPDATE",
    "thread_read": "SELECT FROM thread_read ORDER BY member_id, thread_id LIMIT 1 FOR NO KEY UPDATE",
    "login_try": "SELECT FROM login_try ORDER BY key LIMIT 1 FOR NO KEY UPDATE",
}
HELD: Final = {
    "limiter": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 4294967295",
    "campaign": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid IN (1, 2)",
    **{
        table: f"SELECT (SELECT count(*) FROM {table})"  # noqa: S608 - names of this file
        f" - count(*) FROM (SELECT FROM {table} FOR NO KEY UPDATE SKIP LOCKED) q"
        for table in HOLD
        if table not in ("limiter", "campaign")
    },
}
ORDER: Final = tuple(HOLD)
OF_THE_THREAD: Final = {"message", "campaign_recipient"}
"""Written under their thread's lock only, or a recipient without a text under its campaign's: in any order, and whether
somebody waits for one says nothing more."""

Act = Callable[[], Awaitable[object]]
Prepare = Callable[[World], Awaitable[Act]]


@dataclass(frozen=True)
class Undone(Exception):
    """Carries a method's value out of a transaction that is rolled back."""

    value: object


async def two_threads(world: World) -> tuple[int, int]:
    """Alice has the lower endpoint and the higher thread, so that the order of one is not the order of the other.

    Their numbers are nobody's.
    """
    for person in (ALICE, BOB):
        await world.sql("INSERT INTO endpoint (workspace_id, address) VALUES (1, $1)", person)
    bob = (await world.receive(from_=BOB)).thread_id
    alice = (await world.receive(from_=ALICE)).thread_id
    assert bob < alice
    await world.sql("DELETE FROM contact_phone")
    await world.sql("DELETE FROM contact")
    return alice, bob


async def sent(world: World, klass: MessageClass = MessageClass.BULK, **more: Any) -> list[Authorised]:
    alice, bob = await two_threads(world)
    await world.send(alice, klass=klass, **more)
    await world.send(bob, klass=klass, **more)
    return await world.authorise()


async def sent_to_alice(world: World) -> Authorised:
    alice, _ = await two_threads(world)
    await world.send(alice)
    [one] = await world.authorise()
    return one


def t4(*outcomes: AttemptOutcome) -> Prepare:
    async def prepare(world: World) -> Act:
        told = zip(reversed(await sent(world)), outcomes, strict=True)
        batch = [Outcome(one.attempt_id, world.gen, outcome, NOON) for one, outcome in told]
        return lambda: world.store.call(lambda c: Outcomes(1.0).write(c, batch))

    return prepare


def t5(status: CarrierStatus, *, by_attempt: bool, error_class: ErrorClass | None = None) -> Prepare:
    async def prepare(world: World) -> Act:
        attempts = await sent(world)
        if not by_attempt:
            for one in attempts:
                answer = Accepted(f"SM-{one.outbox_id}", "queued", 1)
                await world.store.ledger.record_outcome(one.attempt_id, world.gen, answer, NOON)
        told = [
            Receipt(f"SM-{one.outbox_id}", status, None, one.attempt_id if by_attempt else None, None, error_class)
            for one in reversed(attempts)
        ]
        batch = [News(1, one, receipts.proven(one) or State.SENT, NOON) for one in told]
        return lambda: world.store.call(lambda c: receipts.write(c, batch))

    return prepare


async def t1(world: World) -> Act:
    await two_threads(world)
    batch = [replace(mo("STOP", from_=person), keyword="STOP") for person in (BOB, ALICE)]
    return lambda: world.store.call(lambda c: Inbound(lambda: NOON).write(c, batch))


async def t2(world: World) -> Act:
    alice, bob = await two_threads(world)
    return lambda: world.store.ledger.enqueue_bulk([mt(bob), mt(alice)])


def t3(change: str | None = None) -> Prepare:
    async def prepare(world: World) -> Act:
        for name in ("A", "B"):
            await world.sql("INSERT INTO campaign (workspace_id, name, state) VALUES (1, $1, 'active')", name)
        for thread in reversed(await two_threads(world)):
            await world.send(thread, klass=MessageClass.BULK)
        await world.sql("UPDATE outbox SET campaign_id = 3 - id")
        if change:
            await world.sql(change)
        rows = [*reversed(await world.queued())]
        return lambda: world.answers(rows=rows)

    return prepare


async def give_up(world: World) -> Act:
    one = await sent_to_alice(world)
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Unknown("reset"), NOON)
    return lambda: world.store.ledger.give_up(one.attempt_id, NOON)


async def resend(world: World) -> Act:
    one = await sent_to_alice(world)
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Unknown("reset"), NOON)
    return lambda: world.store.ledger.resend(one.attempt_id, NOON, NOON)


async def bind(world: World) -> Act:
    one = await sent_to_alice(world)
    return lambda: world.store.ledger.bind_listed(one.attempt_id, listed(), NOON)


async def release(world: World) -> Act:
    alice, _ = await two_threads(world)
    text = await world.send(alice)
    await world.stop()
    await world.answers()
    return lambda: world.store.ledger.release_held(1, alice, text.seq, True, 1, NOON)


async def hold(world: World) -> Act:
    for thread in await two_threads(world):
        assert thread
    for person in (ALICE, BOB):
        await world.receive("Hm", from_=person, keyword="AMBIGUOUS")
    batch = [mo("Hm again", from_=BOB, keyword="AMBIGUOUS"), mo("STOP", from_=ALICE, keyword="STOP")]
    return lambda: world.store.call(lambda c: Inbound(lambda: NOON).write(c, batch))


async def decide(world: World) -> Act:
    await two_threads(world)
    await world.receive("Hm", keyword="AMBIGUOUS")
    return lambda: world.store.reviews.decide(1, 1, "opted_out", 1, NOON)


def told(entry: Literal["opted_in", "revoked", "undo"]) -> Prepare:
    async def prepare(world: World) -> Act:
        await two_threads(world)
        if entry == "revoked":
            await world.receive("Hm", keyword="AMBIGUOUS")
        elif entry == "undo":
            await world.stop()
        epoch = await world.value("SELECT consent_epoch FROM endpoint WHERE address = $1", ALICE)
        testimony = Statement(Entry(entry), Channel.VERBAL, "As they said", later(1), epoch=epoch)
        return lambda: world.store.consents.tell(1, 1, 1, NewEntry(testimony), later(2))

    return prepare


async def opt_ins(world: World) -> Act:
    await two_threads(world)

    async def work(connection: Any) -> object:
        return await record_opt_ins(
            connection, 1, [2, 1], source="import", member_id=1, words="I agree", at=NOON, evidence={}
        )

    return lambda: world.store.call(work)


async def answer(world: World) -> Act:
    await two_threads(world)
    await world.stop()
    [owed] = await world.store.ledger.owed_answers(1)
    return lambda: world.store.ledger.enqueue_answer(owed, "Bye", 1, NOON)


async def expire(world: World) -> Act:
    for thread in await two_threads(world):
        await world.send(thread, expires_at=later(1))
    return lambda: world.store.ledger.expire_due(later(2), 10)


async def join(world: World) -> Act:
    for one in await sent(world):
        id_ = f"SM-{one.outbox_id}"
        answer = Accepted(id_, "queued", 1)
        await world.store.ledger.record_outcome(one.attempt_id, world.gen, answer, NOON)
        await world.sql(
            "INSERT INTO early_receipt (account_id, provider_id, state, rank, error_class)"
            " VALUES (1, $1, 'undelivered', 30, 'opted_out')",
            id_,
        )
    return world.store.ledger.join_early_receipts


async def bulk(world: World, count: int = 2) -> int:
    """A text to some who have threads, in another order than their numbers, and some who have none."""
    await two_threads(world)
    given = Addresses((BOB, ALICE, "+12025550103")[:count])
    launched = await world.store.bulk.launch(BulkText(1, 1, given, "Hi"), uuid4(), count, NOON)
    assert isinstance(launched, Launched)
    return launched.bulk_id


async def queue_bulk(world: World) -> Act:
    bulk_id = await bulk(world, 3)
    return lambda: world.store.bulk_engine.advance(bulk_id, NOON)


async def recall_bulk(world: World) -> Act:
    bulk_id = await bulk(world)
    assert await world.store.bulk_engine.advance(bulk_id, NOON)
    await world.sql("UPDATE campaign SET state = 'cancelled'")
    return lambda: world.store.bulk_engine.advance(bulk_id, NOON)


async def credited(world: World) -> None:
    """Two recipients of a campaign whose texts left, in another order than their numbers."""
    await two_threads(world)
    await (await spring(world)).wire(BOB, ALICE)


async def t1_credited(world: World) -> Act:
    await credited(world)
    batch = [mo("STOP", from_=ALICE, keyword="STOP", received_at=later(1)), mo(from_=BOB, received_at=later(1))]
    return lambda: world.store.call(lambda c: Inbound(lambda: NOON).write(c, batch))


async def decide_credited(world: World) -> Act:
    await credited(world)
    await world.receive("Hm", keyword="AMBIGUOUS", received_at=later(1))
    return lambda: world.store.reviews.decide(1, 1, "opted_out", 1, NOON)


async def t4_answered(world: World) -> Act:
    """Of two texts whose recipients have answered before the carrier."""
    await two_threads(world)
    ours = await spring(world)
    for person in (BOB, ALICE):
        await ours.queue(person)
    attempts = await world.authorise()
    for person in (BOB, ALICE):
        await world.receive(from_=person, received_at=later(1))
    batch = [Outcome(one.attempt_id, world.gen, Accepted(f"SM{one.outbox_id}", "queued", 1), NOON) for one in attempts]
    return lambda: world.store.call(lambda c: Outcomes(1.0).write(c, batch))


async def fold(world: World) -> Act:
    await credited(world)
    return lambda: world.value("SELECT fold_stats(1, 1, 100)")


async def climb(world: World) -> Act:
    one = await sent_to_alice(world)
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Unknown("reset"), NOON)
    return lambda: world.store.ledger.climb(one.attempt_id, 0, NOON)


def crashed(*, known: bool) -> Prepare:
    """Lifeline's word on the attempts of a node that is gone; `resolve_crashed` writes it in such a batch."""

    async def prepare(world: World) -> Act:
        attempts = await sent(world)
        await world.store.fleet.leave(world.gen)
        if known:
            batch = [Outcome(one.attempt_id, None, Voided("crashed"), NOON) for one in reversed(attempts)]
            return lambda: world.store.call(lambda c: Outcomes(1.0).write(c, batch))
        await world.sql("UPDATE node SET left_at = NULL, expires_at = '-infinity'")
        return lambda: world.store.ledger.crashed_attempts(world.gen)

    return prepare


async def note_sweep(world: World) -> Act:
    return lambda: world.store.ledger.note_sweep(1, NOON)


def marked(*, read: bool) -> Prepare:
    async def prepare(world: World) -> Act:
        thread, _ = await two_threads(world)
        assert await world.store.inbox.mark_read(1, 1, thread, 1) is not None
        if read:
            await world.receive(from_=ALICE)
            return lambda: world.store.inbox.mark_read(1, 1, thread, 2)
        return lambda: world.store.inbox.mark_unread(1, 1, thread, 1)

    return prepare


async def join_fleet(world: World) -> Act:
    """As the process did that has our id now: it is declared gone."""
    return lambda: world.store.fleet.join("host", "boot", 1, uuid4())


def of_the_node(method: Callable[[World], Awaitable[object]]) -> Prepare:
    async def prepare(world: World) -> Act:
        return lambda: method(world)

    return prepare


async def hand_over(world: World) -> Act:
    await world.sql("UPDATE limiter_authority SET expires_at = '-infinity'")
    other = (await world.store.fleet.join("other", "boot", 1, uuid4())).gen
    return lambda: world.store.fleet.take_limiter(other, 1.0)


async def hand_over_by_hand(world: World) -> Act:
    other = (await world.store.fleet.join("other", "boot", 1, uuid4())).gen
    return lambda: world.store.fleet.hand_over_limiter(other, 1.0)


async def share(world: World) -> Act:
    other = (await world.store.fleet.join("other", "boot", 1, uuid4())).gen
    for gen in (world.gen, other):
        await world.store.fleet.join_limiter(gen, "keeper")
    return lambda: world.store.fleet.share_limiter(world.gen, world.limiter_epoch, "keeper")


def of_a_day(method: Callable[[World], Awaitable[object]]) -> Prepare:
    async def prepare(world: World) -> Act:
        await world.sql("INSERT INTO brand (workspace_id, name, daily_cap) VALUES (1, 'Acme', 1000)")
        assert await world.store.fleet.charge_day(1, NOON.date(), 1, world.gen, world.limiter_epoch) is not None
        return lambda: method(world)

    return prepare


async def open_threads(world: World) -> Act:
    """Of two strangers whose threads have no text yet: contacts are made and the threads get another line."""
    await two_threads(world)
    await world.sql("UPDATE thread SET last_seq = 0")
    wanted = [Wanted(uuid4(), address=person) for person in (BOB, ALICE)]
    return lambda: world.store.compose.open_threads(1, wanted, 2, NOON)


def waiting(method: Callable[[World, int, int], Awaitable[object]]) -> Prepare:
    """Of a text for later that a reply cancels."""

    async def prepare(world: World) -> Act:
        alice, _ = await two_threads(world)
        text = await world.send(alice, klass=MessageClass.SEND_LATER, due_at=later(60), cancel_on_reply=True)
        return lambda: method(world, alice, text.seq)

    return prepare


async def cancel_replied(world: World) -> Act:
    for thread in reversed(await two_threads(world)):
        await world.send(thread, cancel_on_reply=True)
    for person in (ALICE, BOB):
        await world.receive(from_=person)
    return lambda: world.store.ledger.cancel_replied(None, NOON, 10)


async def t3_until_reply(world: World) -> Act:
    for thread in reversed(await two_threads(world)):
        await world.send(thread, klass=MessageClass.SEND_LATER, cancel_on_reply=True)
    return lambda: world.answers(rows=[2, 1])


async def set_hours(world: World) -> Act:
    await sent(world)
    wanted = {"sending_hours": ("09:00-18:00",) * 7}
    return lambda: world.store.settings.change(1, 1, wanted, None)


async def give_number(world: World) -> Act:
    await two_threads(world)
    await world.sql("UPDATE thread SET assignee_id = 1")
    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash)"
        " VALUES (1, 'kim@x.org', 'Kim', 'agent', 'x')"
    )
    return lambda: world.store.numbers.give(1, 1, 2, by=1, version=None)


def logging_in(method: Callable[[World, str, str], Awaitable[object]], *, first: str) -> Prepare:
    """From an address and at a person whose keys are there already; *first* is whose key is the lower one."""

    async def prepare(world: World) -> Act:
        address, email = ("203.0.113.4", "a@x.org") if first == "address" else ("203.0.113.7", "b@x.org")
        assert await world.store.login_tries.take(address, "nobody@x.org") is None
        await world.sql("DELETE FROM login_try WHERE key <> sha256($1::text::bytea)", f"ip {address}")
        assert await world.store.login_tries.take("192.0.2.1", email) is None
        await world.sql("DELETE FROM login_try WHERE key = sha256('ip 192.0.2.1'::bytea)")
        lower = await world.value("SELECT key FROM login_try ORDER BY key LIMIT 1")
        assert (lower == sha256(f"ip {address}".encode()).digest()) is (first == "address")
        return lambda: method(world, address, email)

    return prepare


async def add_member(world: World) -> Act:
    await two_threads(world)
    return lambda: world.store.people.add_member(1, "eve@example.org", "Eve", "agent", "x")


OPTED_OUT = Rejected(ErrorClass.OPTED_OUT, "21610", "No.")
ACCEPTED = Accepted("SM-a", "queued", 1)

METHODS = [
    pytest.param(t1, {"endpoint", "thread"}, id="T1 with keywords"),
    pytest.param(hold, {"endpoint", "review", "thread"}, id="T1 that holds and settles"),
    pytest.param(decide, {"endpoint", "review", "thread"}, id="deciding a review"),
    pytest.param(told("revoked"), {"endpoint", "review", "thread"}, id="a revocation that ends a review"),
    pytest.param(told("undo"), {"endpoint", "thread"}, id="undoing an opt-out"),
    pytest.param(told("opted_in"), {"endpoint", "thread"}, id="an opt-in"),
    pytest.param(opt_ins, {"endpoint"}, id="opt-ins of an import"),
    pytest.param(t2, {"thread"}, id="T2"),
    pytest.param(t3(), {"limiter", "campaign", "node", "endpoint"}, id="T3 that allows"),
    pytest.param(
        t3("UPDATE endpoint SET opted_out = true"),
        {"limiter", "campaign", "node", "endpoint", "thread"},
        id="T3 that blocks",
    ),
    pytest.param(
        t3("UPDATE endpoint SET places = '{Asia/Tokyo}'"),
        {"limiter", "campaign", "node", "endpoint", "thread"},
        id="T3 that defers",
    ),
    pytest.param(t4(ACCEPTED, OPTED_OUT), {"outbox", "attempt", "endpoint", "thread"}, id="T4 accepted and refused"),
    pytest.param(t4(Unknown("reset"), Voided("late")), {"outbox", "attempt"}, id="T4 unknown and void"),
    pytest.param(t5("sent", by_attempt=True), {"outbox", "attempt", "thread"}, id="T5 with our attempt's id"),
    pytest.param(
        t5("failed", by_attempt=False, error_class=ErrorClass.OPTED_OUT), {"endpoint", "thread"}, id="T5 by provider id"
    ),
    pytest.param(give_up, {"outbox", "attempt", "thread"}, id="the last rung"),
    pytest.param(resend, {"outbox", "attempt"}, id="the same again under its key"),
    pytest.param(bind, {"outbox", "attempt", "thread"}, id="binding a listed message"),
    pytest.param(release, {"outbox", "endpoint", "thread"}, id="releasing a held text"),
    pytest.param(answer, {"thread"}, id="answering a keyword"),
    pytest.param(expire, {"thread"}, id="expiring"),
    pytest.param(join, {"endpoint", "thread"}, id="joining early receipts"),
    pytest.param(climb, {"attempt"}, id="the next rung"),
    pytest.param(queue_bulk, {"campaign", "thread"}, id="queueing a text to many"),
    pytest.param(recall_bulk, {"thread"}, id="tidying after a recall"),
    pytest.param(t1_credited, {"endpoint", "thread"}, id="T1 of what a campaign is credited with"),
    pytest.param(decide_credited, {"endpoint", "review", "thread"}, id="deciding that a reply was a STOP"),
    pytest.param(t4_answered, {"outbox", "attempt", "thread"}, id="T4 of texts that are answered already"),
    pytest.param(fold, set(), id="folding the sums of a campaign"),
    pytest.param(crashed(known=True), {"outbox", "attempt"}, id="attempts of a dead node"),
    pytest.param(crashed(known=False), {"node"}, id="fencing a node"),
    pytest.param(note_sweep, set(), id="a sweep"),
    pytest.param(marked(read=True), {"thread_read"}, id="reading"),
    pytest.param(marked(read=False), {"thread_read"}, id="unreading"),
    pytest.param(join_fleet, set(), id="a server starts"),
    pytest.param(of_the_node(lambda w: w.store.fleet.beat(w.gen, 1.0)), {"node"}, id="a beat"),
    pytest.param(of_the_node(lambda w: w.store.fleet.leave(w.gen)), {"node"}, id="a server leaves"),
    pytest.param(
        of_the_node(lambda w: w.store.fleet.take_limiter(w.gen, 1.0)), {"limiter_authority"}, id="renewing the limiter"
    ),
    pytest.param(hand_over, {"limiter", "limiter_authority"}, id="handing the limiter over"),
    pytest.param(share, {"limiter", "limiter_authority"}, id="sharing the limiter"),
    pytest.param(
        of_the_node(lambda w: w.store.fleet.join_limiter(w.gen, "keeper")), {"node"}, id="who shares the limiter"
    ),
    pytest.param(hand_over_by_hand, {"limiter", "limiter_authority"}, id="handing the limiter over by hand"),
    pytest.param(
        of_a_day(lambda w: w.store.fleet.charge_day(1, NOON.date(), 1, w.gen, w.limiter_epoch)),
        {"daily_use"},
        id="charging a day",
    ),
    pytest.param(
        of_a_day(lambda w: w.store.fleet.give_back_day(1, NOON.date(), 1)), {"daily_use"}, id="giving back of a day"
    ),
    pytest.param(of_a_day(lambda w: w.store.fleet.spend_day(1, NOON.date())), {"daily_use"}, id="a day used up"),
    pytest.param(
        waiting(lambda w, t, s: w.store.compose.cancel(1, t, s, 1, NOON)), {"outbox", "thread"}, id="taking back"
    ),
    pytest.param(
        waiting(lambda w, t, s: w.store.compose.change(1, t, s, 1, Change("Ho", 1, later(9), later(99)), NOON)),
        {"outbox", "thread"},
        id="changing what is for later",
    ),
    pytest.param(cancel_replied, {"thread"}, id="what a reply cancels"),
    pytest.param(t3_until_reply, {"limiter", "node", "endpoint", "thread"}, id="T3 of what a reply would cancel"),
    pytest.param(open_threads, {"endpoint", "thread"}, id="where texts to numbers go"),
    pytest.param(add_member, set(), id="a new member"),
    *(
        pytest.param(logging_in(method, first=first), {"login_try"}, id=f"{deed}, the {first}'s key first")
        for first in ("address", "email")
        for deed, method in (
            ("a try to log in", lambda w, a, e: w.store.login_tries.take(a, e)),
            ("a try given back", lambda w, a, e: w.store.login_tries.give_back(a, e)),
        )
    ),
    pytest.param(set_hours, set(), id="other sending hours"),
    pytest.param(give_number, {"thread"}, id="a number changes hands"),
]

# Every other method of the store's ports: reads, which lock nothing, and writes of rows that nobody else waits for.
READS: Final = """
due dead_nodes spent_journals open_attempts unbound unheard owed_answers swept_until accounts numbers limits living
epoch rows page page hours get open_counts rows_by_id seen_by thread hours events_after head user unread_threads
credentials session workspaces
ledger proof whole_ledger opt_in_required endpoint_of
whereabouts quick draft content planned said
faults survey faults_and_survey brands sample people
"""
ALONE: Final = "save_draft add of open_session close_session audit add_proof"
TESTED: Final = """
record_mo enqueue_mt authorise record_outcome apply_receipt join_early_receipts release_held decide crashed_attempts
resolve_crashed climb resend bind_listed give_up enqueue_answer expire_due note_sweep join beat leave take_limiter
mark_read mark_unread add_member hand_over_limiter charge_day give_back_day spend_day open_threads enqueue_bulk
tell share_limiter join_limiter
cancel change change cancel_replied give take give_back
"""


def test_no_method_of_the_store_is_forgotten() -> None:
    """A new one is a case above, or among those that lock nothing."""
    old = (ports.Ledger, ports.Fleet, ports.Directory, ports.Inbox, ports.Reviews, ports.People)
    parts: tuple[type, ...] = (*old, Compose, Drafts, Pictures, Consents, CampaignSurvey, AuditLog)
    parts += (WorkspaceSettings, Numbers, LoginTries)
    methods = [name for part in parts for name, what in vars(part).items() if iscoroutinefunction(what)]
    assert sorted(methods) == sorted(f"{READS} {ALONE} {TESTED}".split())


@pytest.mark.parametrize(("prepare", "waits_for"), METHODS)
async def test_locks_are_taken_in_one_order(
    world: World, prepare: Prepare, waits_for: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await judge(world, prepare, waits_for, monkeypatch)


async def judge(world: World, prepare: Prepare, waits_for: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails unless what *prepare* gives waits for exactly these classes, in their order."""
    act = await prepare(world)
    undo_everything(world, monkeypatch)
    waited = set()
    for position, first in enumerate(ORDER):
        async with holding(world, HOLD[first]), _waiting(world, act) as waiting:
            if not waiting:
                continue
            waited.add(first)
            held = {name: await _held(world, name) for name in ORDER[position:]}
            held[first] = 0 if first in OF_THE_THREAD else held[first] - 1  # ours
            assert not any(held.values()), f"waits for {first} and holds already {held}"
    waited -= OF_THE_THREAD
    assert waited == waits_for


def undo_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on each transaction of the store is rolled back, and its value given all the same."""
    whole = world.store._postgres.call

    async def call(work: Callable[[Any], Coroutine[Any, Any, object]], **_more: Any) -> object:
        async def undone(connection: Any) -> object:
            raise Undone(await work(connection))

        try:
            return await whole(undone)
        except Undone as done:
            return done.value

    for way in ("call", "alone"):
        monkeypatch.setattr(world.store._postgres, way, call)


@asynccontextmanager
async def _waiting(world: World, act: Act) -> AsyncIterator[bool]:
    """Runs *act* until it waits for a lock (true) or has ended (false); cancelled at the end."""
    ended = False

    async def run() -> None:
        nonlocal ended
        await act()
        ended = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        with trio.fail_after(60):
            while not ended and not await _probe(world, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await trio.lowlevel.checkpoint()
        yield not ended
        nursery.cancel_scope.cancel()


async def _held(world: World, name: str) -> int:
    return int(await _probe(world, HELD[name]))


async def _probe(world: World, query: str) -> int:
    found: int = await world.store._postgres.read(lambda c: c.fetchval(query))
    return found
