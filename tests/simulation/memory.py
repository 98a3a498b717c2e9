"""The in-memory database: T1–T3 and the fleet's statements over `Tables`, each atomic, each returning what it told.

Single-threaded, so it needs no locks: a transaction happens at the instant of its commit. Its clock is a parameter, as
PostgreSQL's is its own. T4, T5 and Lifeline's transactions are in `recovery.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import trio

from server.domain.cap_day import cap_day
from server.domain.caps import Cap, resets_at
from server.domain.carrier import MtRequest
from server.domain.consent import TAKEN_BACK
from server.domain.delivery import RANK, State
from server.domain.gate import LANES, Campaign, GateFacts, MessageClass, Recipient, Route, decide
from server.domain.hours import Hours
from server.domain.ids import uuid7
from server.domain.limits import UNKNOWN
from server.domain.messages import (
    AnswerOwed,
    ConsentFlipped,
    OutboxGrew,
    Replied,
    ReviewChanged,
    ThreadChanged,
    Waiting,
)
from server.domain.messages import Message as Shown
from server.domain.testimony import KINDS, Standing, Statement, objection
from server.domain.timetable import shipped_timetable
from server.domain.verdict import Allowed, Blocked, Decision, Deferred, Held
from server.ports import (
    Authorised,
    BrandDay,
    CommandConflict,
    DayCharge,
    DueRow,
    Enqueued,
    EnqueueMt,
    EnqueueResult,
    Fenced,
    Granted,
    LimitBook,
    MoArrival,
    MoDuplicate,
    MoRecorded,
    MoResult,
    MoUnassigned,
    Node,
    NoSuchThread,
    Number,
    OptOutUnacknowledged,
    Refused,
    Registration,
    StreamKey,
)
from server.ports.consent import NotWrittenDown, WrittenDown
from tests.simulation.statements import News, Told, note_status
from tests.simulation.tables import (
    WORKSPACE,
    Attempt,
    ConsentEvent,
    DayUse,
    Endpoint,
    Message,
    NodeRow,
    Outbox,
    Review,
    Tables,
    Thread,
)

T = TypeVar("T")
Done = tuple[T, Told]

FIRST_LEASE: Final = timedelta(seconds=15)
ANSWER_WITHIN: Final = timedelta(minutes=5)
OPENING: Final = ("ambiguous", "wrong_number")  # kinds of events that open a review
ENDS: Final = {
    "opted_out": "opted_out", "stop_repeated": "opted_out", "opted_in": "not_a_revocation",
    "released": "not_a_revocation", "ambiguous": "superseded", "wrong_number": "superseded",
}  # fmt: skip
"""How a text of the contact decides what waited for a person."""
_ASKED_TO_WAIT: Final = (MessageClass.BULK, MessageClass.SEND_LATER)
_MAY_HAVE_LEFT: Final = ("authorised", "accepted", "unknown", "unconfirmed")


class Memory:
    """*clock*: the database's. *entropy* gives the attempts' random bytes. *cap*: the workspace's own, of bulk.

    *opt_in_required*: the workspace writes in bulk only to those who have consented.
    """

    def __init__(
        self,
        tables: Tables,
        clock: Callable[[], datetime],
        entropy: Callable[[], bytes],
        *,
        cap: Cap | None = None,
        opt_in_required: bool = False,
    ) -> None:
        self.tables, self.clock, self._entropy, self._cap = tables, clock, entropy, cap
        self.opt_in_required = opt_in_required
        self.timetable = shipped_timetable()

    # T1

    def record_mo(self, arrival: MoArrival, wall: datetime) -> Done[MoResult]:
        tables, text = self.tables, arrival.text
        if (arrival.account_id, text.provider_id) in tables.texts:
            return MoDuplicate(), []
        tables.texts.add((arrival.account_id, text.provider_id))
        number = next((n for n in tables.numbers if (n.account_id, n.address) == (arrival.account_id, text.to)), None)
        if number is None:
            return MoUnassigned(), []
        endpoint = tables.endpoint_of(text.from_)
        if endpoint is None:
            endpoint = tables.endpoints[len(tables.endpoints) + 1] = Endpoint(len(tables.endpoints) + 1, text.from_)
        endpoint.invalid_reason = None  # who texts us has a number that works
        at, late = text.received_at or wall, max(wall - (text.received_at or wall), timedelta())
        was_held, (keyword, kind) = endpoint.held, self._consent(endpoint, arrival.keyword, at)
        thread = tables.thread_of(endpoint.id)
        if thread is None:
            thread = Thread(len(tables.threads) + 1, endpoint.id, number.number_id)
            tables.threads[thread.id] = thread
        thread.number_id, thread.last_seq, thread.in_total = number.number_id, thread.last_seq + 1, thread.in_total + 1
        seq = thread.last_seq
        tables.messages[thread.id, seq] = Message(
            thread.id, seq, "in", text.body, "inbound", "received", 0, at, keyword=keyword
        )
        told: Told = [
            ThreadChanged(
                WORKSPACE, thread.id, (Shown(thread.id, seq, "in", text.body, "received", at, thread.in_total),)
            )
        ]
        if kind is not None:
            told += self._consent_event(endpoint, kind, at, thread.id, late, answered=text.opt_out_type is not None)
        if kind in OPENING:
            self._open_review(endpoint, thread.id, seq, kind, late)
        if kind in OPENING or was_held != endpoint.held:
            told.append(ReviewChanged(WORKSPACE, thread.id, endpoint.id, endpoint.held))
        if any(row.thread_id == thread.id and row.cancel_after_in is not None for row in tables.outbox.values()):
            told.append(Replied(WORKSPACE, thread.id))
        return MoRecorded(thread.id, seq), told

    def _consent(self, endpoint: Endpoint, heard: str | None, at: datetime) -> tuple[str | None, str | None]:
        """The keyword that is stored and the kind of event; flips, holds and releases the endpoint."""
        keyword, kind = _heard(endpoint, heard)
        if kind in ENDS:
            self._end_reviews(endpoint, ENDS[kind])
        if kind in ("opted_out", "opted_in"):
            endpoint.opted_out, endpoint.held = not endpoint.opted_out, False
            endpoint.consent_epoch += 1
            endpoint.carrier_blocked = endpoint.carrier_blocked and kind == "opted_out"
            endpoint.consented_at = at if kind == "opted_in" else None
        elif kind in ("ambiguous", "wrong_number"):
            endpoint.held = True
        elif kind in ("released", "consent_given"):
            endpoint.held, endpoint.consented_at = False, endpoint.consented_at or at
        elif kind == "stop_repeated":
            endpoint.held = False
        return keyword, kind

    # Reviews

    def _open_review(self, endpoint: Endpoint, thread_id: int, seq: int, kind: str, late: timedelta) -> None:
        reviews, answer_by = self.tables.reviews, self.clock() + ANSWER_WITHIN - late
        reviews[len(reviews) + 1] = Review(len(reviews) + 1, endpoint.id, thread_id, seq, kind, answer_by)

    def _end_reviews(self, endpoint: Endpoint, decision: str) -> None:
        for one in self.tables.open_reviews(endpoint.id):
            one.decision = decision

    def decide_review(self, review_id: int, decision: str, now: datetime) -> Done[str]:
        """A person's: its verdict, as schema.sql's function of this name gives it."""
        asked, tables = self.tables.reviews[review_id], self.tables
        if asked.decision is not None:
            return ("again" if asked.decision == decision else "conflict"), []
        endpoint, events = tables.endpoints[asked.endpoint_id], tables.consent_events
        flipped = decision != "not_a_revocation" and not endpoint.opted_out
        owed = flipped and decision == "opted_out" and asked.answer_by > self.clock()
        endpoint.held, endpoint.opted_out = False, endpoint.opted_out or flipped
        endpoint.consent_epoch += flipped
        endpoint.consented_at = None if flipped else endpoint.consented_at
        asked.decision = decision
        said = {"wrong_number": "consent_invalid", "not_a_revocation": "released"}
        kind = said.get(decision, "opted_out" if flipped else "stop_repeated")
        answer_by = asked.answer_by if owed else None
        event = ConsentEvent(
            len(events) + 1, endpoint.id, kind, endpoint.consent_epoch, now, asked.thread_id, answer_by
        )
        events.append(event)
        told: Told = [ConsentFlipped(WORKSPACE, endpoint.id, True, endpoint.consent_epoch)] if flipped else []
        told.append(ReviewChanged(WORKSPACE, asked.thread_id, endpoint.id, held=False))
        return "decided", [*told, AnswerOwed(WORKSPACE, endpoint.id)] if owed else told

    def _consent_event(
        self, endpoint: Endpoint, kind: str, at: datetime, thread_id: int, late: timedelta, *, answered: bool
    ) -> Told:
        owed = kind in ("opted_out", "opted_in", "help_asked") and not answered and late < ANSWER_WITHIN
        answer_by = self.clock() + ANSWER_WITHIN - late if owed else None
        events = self.tables.consent_events
        events.append(
            ConsentEvent(len(events) + 1, endpoint.id, kind, endpoint.consent_epoch, at, thread_id, answer_by)
        )
        told: Told = []
        if kind in ("opted_out", "opted_in"):
            told.append(ConsentFlipped(WORKSPACE, endpoint.id, endpoint.opted_out, endpoint.consent_epoch))
        return [*told, AnswerOwed(WORKSPACE, endpoint.id)] if owed else told

    # A member's word

    def tell(self, endpoint_id: int, told: Statement, now: datetime) -> Done[WrittenDown | NotWrittenDown]:
        """What a member writes down about a contact's consent, as `consent_standing` and `write_consent` do it."""
        endpoint, events = self.tables.endpoints[endpoint_id], self.tables.consent_events
        said_no = [one.at for one in events if one.endpoint_id == endpoint_id and one.kind in TAKEN_BACK]
        standing = Standing(
            endpoint.opted_out, endpoint.carrier_blocked, endpoint.consent_epoch, max(said_no, default=None)
        )
        refused = objection(told, standing, now)
        if refused is not None:
            return NotWrittenDown(refused), []
        kind, at = KINDS[told.entry].value, told.at or now
        flipped = kind != "consent_given" and endpoint.opted_out == (kind == "undone")
        endpoint.opted_out, endpoint.consent_epoch = endpoint.opted_out != flipped, endpoint.consent_epoch + flipped
        if kind == "revoked" and endpoint.held:
            self._end_reviews(endpoint, "opted_out")
        endpoint.held = endpoint.held and kind != "revoked"
        if kind == "consent_given":
            endpoint.consented_at = max(endpoint.consented_at or at, at)
        else:
            endpoint.consented_at = at if kind == "undone" else None
        shown = "stop_repeated" if kind == "revoked" and not flipped else kind
        events.append(ConsentEvent(len(events) + 1, endpoint_id, shown, endpoint.consent_epoch, at))
        flips: Told = [ConsentFlipped(WORKSPACE, endpoint_id, endpoint.opted_out, endpoint.consent_epoch)]
        return WrittenDown(len(events), flipped, endpoint.consent_epoch), flips if flipped else []

    # T2

    def enqueue_mt(self, mt: EnqueueMt) -> Done[EnqueueResult]:
        tables = self.tables
        if (known := tables.commands.get(mt.cmd_id)) is not None:
            same = known[:2] == (mt.fingerprint, mt.thread_id)
            return (Enqueued(mt.thread_id, known[2], again=True) if same else CommandConflict()), []
        thread = tables.threads.get(mt.thread_id) if mt.workspace_id == WORKSPACE else None
        if thread is None:
            return NoSuchThread(), []
        endpoint = tables.endpoints[thread.endpoint_id]
        silent = endpoint.opted_out or endpoint.held
        unheard = mt.klass is MessageClass.PERSON and not mt.acknowledged_opt_out
        if silent and (unheard or mt.klass is MessageClass.SEND_LATER):
            return OptOutUnacknowledged(), []
        seq = self.queue(thread, endpoint.consent_epoch, mt.klass, mt.body, mt.segments, mt.now, mt)
        tables.commands[mt.cmd_id] = (mt.fingerprint, thread.id, seq)
        if silent and mt.acknowledged_opt_out:
            events = tables.consent_events
            events.append(
                ConsentEvent(len(events) + 1, endpoint.id, "acknowledged", endpoint.consent_epoch, mt.now, thread.id)
            )
        return Enqueued(thread.id, seq, again=False), self.queued(
            thread, seq, now=mt.due_at is None or mt.due_at <= mt.now
        )

    def queue(
        self,
        thread: Thread,
        epoch: int,
        klass: MessageClass,
        body: str,
        cost: int,
        now: datetime,
        mt: EnqueueMt | None = None,
        expires_at: datetime | None = None,
    ) -> int:
        """A message with its outbox row; returns its seq."""
        tables = self.tables
        thread.last_seq += 1
        key = thread.id, thread.last_seq
        tables.messages[key] = Message(*key, "out", body, klass.value, State.QUEUED.value, RANK[State.QUEUED], now)
        tables.outbox_ids += 1
        tables.outbox[tables.outbox_ids] = Outbox(
            tables.outbox_ids, thread.endpoint_id, thread.number_id, *key, klass, LANES[klass].value, epoch, cost,
            due_at=(mt and mt.due_at) or now,
            expires_at=mt.expires_at if mt else expires_at,
            acknowledged=mt is not None and mt.acknowledged_opt_out,
            cancel_after_in=thread.in_total if mt and mt.cancel_on_reply else None,
            campaign_id=mt.campaign_id if mt else None,
        )  # fmt: skip
        return thread.last_seq

    def queued(self, thread: Thread, seq: int, *, now: bool = True) -> Told:
        """What a new MT tells."""
        message = self.tables.messages[thread.id, seq]
        shown = Shown(thread.id, seq, "out", message.body, "queued", message.at, klass=message.klass)
        told: Told = [ThreadChanged(WORKSPACE, thread.id, (shown,))]
        if not now:
            return told
        row = next(row for row in reversed(self.tables.outbox.values()) if (row.thread_id, row.seq) == (thread.id, seq))
        waits = () if row.campaign_id else (Waiting(row.id, row.number_id, row.lane, row.cost),)
        return [*told, OutboxGrew(frozenset({thread.number_id}), waits)]

    # T3

    def due(self, number_id: int, now: datetime, limit: int, besides: Collection[StreamKey] = ()) -> Sequence[DueRow]:
        rows = [
            row
            for row in self.tables.outbox.values()
            if row.number_id == number_id and row.state == "queued" and row.due_at <= now
        ]
        rows.sort(key=lambda row: (row.lane, row.due_at, row.id))
        due = [DueRow(row.id, row.number_id, row.lane, row.cost, row.campaign_id) for row in rows]
        return [row for row in due if row.stream not in besides][:limit]

    def authorise(
        self, granted: Sequence[Granted], gen: int, epoch: int, now: datetime
    ) -> Done[Sequence[Authorised | Refused] | Fenced]:
        found = sorted(one.outbox_id for one in granted if one.outbox_id in self.tables.outbox)
        rows = [row for id_ in found if (row := self.tables.outbox[id_]).state == "queued" and row.due_at <= now]
        if not rows:
            return [], []
        if not self._node_valid(gen):
            return Fenced("this node's generation is no longer in force"), []
        if not self._limiter_current(gen, epoch):
            return Fenced("the limiter's epoch is not in force"), []
        answers: list[Authorised | Refused] = []
        told: Told = []
        slots = {one.outbox_id: one.slot_at for one in granted}
        for row in rows:
            hours = self._hours(row, now)
            verdict = decide(self._facts(row, hours, now))
            told += self._settle_verdict(row, verdict, now)
            if isinstance(verdict, Allowed):
                answers.append(self._attempt(row, hours, gen, slots[row.id], now))
            else:
                answers.append(Refused(row.id, type(verdict).__name__.lower(), verdict.reason.value))
        return answers, told

    def _node_valid(self, gen: int) -> bool:
        node = self.tables.nodes.get(gen)
        return node is not None and not node.gone and node.expires_at > self.clock()

    def _limiter_current(self, gen: int, epoch: int) -> bool:
        authority = self.tables.authority
        return (authority.gen, authority.epoch) == (gen, epoch) and authority.not_before <= self.clock()

    def _hours(self, row: Outbox, now: datetime) -> Hours:
        address = self.tables.endpoints[row.endpoint_id].address
        if row.klass in _ASKED_TO_WAIT:
            return self.timetable.to_set_out(address, (), now)
        return self.timetable.at(address, (), now) if row.klass is MessageClass.PERSON else Hours(True, None)

    def _cap_resets_at(self, row: Outbox, now: datetime) -> datetime | None:
        if row.klass is not MessageClass.BULK:
            return None
        caps = list(self.timetable.caps(self.tables.endpoints[row.endpoint_id].address))
        caps += [self._cap] if self._cap else []
        sent = [
            one.slot_at
            for one in self.tables.attempts.values()
            if (one.endpoint_id, one.klass) == (row.endpoint_id, MessageClass.BULK)
            and one.state in _MAY_HAVE_LEFT
            and one.outbox_id != row.id
        ]
        return resets_at(caps, sent, now)

    def _facts(self, row: Outbox, hours: Hours, now: datetime) -> GateFacts:
        endpoint, cap_resets_at = self.tables.endpoints[row.endpoint_id], self._cap_resets_at(row, now)
        return GateFacts(
            message_class=row.klass,
            consent_epoch=row.consent_epoch,
            recipient=Recipient(
                address=endpoint.address,
                consent_epoch=endpoint.consent_epoch,
                opted_out=endpoint.opted_out,
                held=endpoint.held,
                carrier_blocked=endpoint.carrier_blocked,
                invalid=endpoint.invalid_reason is not None,
                consented=endpoint.consented_at is not None,
            ),
            route=Route(workspace_simulated=True, simulator=True, loopback=True),
            node_valid=True,
            limiter_epoch_current=True,
            acknowledged_opt_out=row.acknowledged,
            opt_in_required=self.opt_in_required,
            replied=self.replied(row),
            in_campaign=row.campaign_id is not None,
            campaign=None if row.campaign_id is None else Campaign(cancelled=self._recalled(row)),
            expired=row.expires_at is not None and row.expires_at <= now,
            hours_open=hours.open,
            opens_at=None if hours.open else hours.until,
            cap_reached=cap_resets_at is not None,
            cap_resets_at=cap_resets_at,
        )

    def replied(self, row: Outbox) -> bool:
        """Whether a reply has cancelled it."""
        limit = row.cancel_after_in
        return limit is not None and self.tables.threads[row.thread_id].in_total > limit

    def _recalled(self, row: Outbox) -> bool:
        return row.campaign_id is not None and self.tables.campaigns[row.campaign_id] == "cancelled"

    def _against(self, row: Outbox) -> tuple[str, ...]:
        """What stands against a text at this moment: told from rows, so that the judge need not believe the gate."""
        endpoint, bulk = self.tables.endpoints[row.endpoint_id], row.klass is MessageClass.BULK
        objections = {
            "while its contact was held for a person": endpoint.held and row.klass in _ASKED_TO_WAIT,
            "after its contact had written": self.replied(row),
            "after its campaign had been recalled": bulk and self._recalled(row),
            "without the consent that its workspace asks for": (
                bulk and self.opt_in_required and endpoint.consented_at is None
            ),
            "under a consent that had changed since": (
                row.klass in _ASKED_TO_WAIT and row.consent_epoch != endpoint.consent_epoch
            ),
            "though it was held and nobody had decided": row.was_held,
        }
        return tuple(what for what, stands in objections.items() if stands)

    def _settle_verdict(self, row: Outbox, verdict: Decision, now: datetime) -> Told:
        match verdict:
            case Allowed(warning):
                row.state, row.reason, row.tries = "sending", warning and warning.value, row.tries + 1
                return []
            case Deferred(until, reason):
                row.due_at, row.reason = until or row.due_at, reason.value
                if until is None:
                    return []
                news = News(State.QUEUED.value, RANK[State.QUEUED], "gate", reason.value)
                return note_status(self.tables, row.thread_id, row.seq, [news], now, decided=True)
            case Held(reason):
                row.state, row.reason, row.was_held, state = "held", reason.value, True, State.HELD
            case Blocked(reason):
                del self.tables.outbox[row.id]
                state = verdict.state
        news = News(state.value, RANK[state], "gate", reason.value)
        return note_status(self.tables, row.thread_id, row.seq, [news], now)

    def _attempt(self, row: Outbox, hours: Hours, gen: int, slot_at: datetime, now: datetime) -> Authorised:
        tables = self.tables
        endpoint, number = tables.endpoints[row.endpoint_id], self._number(row.number_id)
        at = self.clock()
        id_ = uuid7(int(at.timestamp() * 1000), self._entropy())
        tables.attempts[id_] = Attempt(
            id_, row.id, number.account_id, row.number_id, row.endpoint_id, row.thread_id, row.seq, row.klass, row.cost,
            gen, endpoint.consent_epoch, at, slot_at, trio.current_time(), endpoint.opted_out, row.acknowledged,
            self._against(row),
        )  # fmt: skip
        closes = hours.until if row.klass in _ASKED_TO_WAIT else None
        ends = [end for end in (row.expires_at, closes) if end is not None]
        left_s = max(1, int((min(ends) - now).total_seconds())) if ends else None
        body = tables.messages[row.thread_id, row.seq].body
        row.key = row.key or id_
        request = MtRequest(id_, number.address, endpoint.address, body, validity_s=left_s, key=row.key)
        return Authorised(
            id_, row.id, number.account_id, row.number_id, row.endpoint_id, row.thread_id, row.klass, row.cost, request
        )

    def _number(self, number_id: int) -> Number:
        return next(number for number in self.tables.numbers if number.number_id == number_id)

    # Days of brands

    def charge_day(self, brand_id: int, day: date, segments: int, gen: int, epoch: int) -> DayCharge | None:
        if (self.tables.authority.gen, self.tables.authority.epoch) != (gen, epoch):
            return None
        use, cap = self.tables.days.setdefault((brand_id, day), DayUse()), self.tables.brands[brand_id]
        granted = 0 if use.spent else segments if cap is None else max(0, min(segments, cap - use.used))
        use.used += granted
        return DayCharge(granted, spent=use.spent or (cap is not None and use.used >= cap))

    def give_back_day(self, brand_id: int, day: date, segments: int) -> None:
        if (use := self.tables.days.get((brand_id, day))) is not None:
            use.used = max(0, use.used - segments)

    def spend_day(self, brand_id: int, day: date) -> None:
        self.tables.days.setdefault((brand_id, day), DayUse()).spent = True

    def limits(self, now: datetime) -> LimitBook:
        tables, today = self.tables, cap_day(now)
        days = {id_: tables.days.get((id_, today.day), DayUse()) for id_ in tables.brands}
        brands = {
            id_: BrandDay("Acme", cap, frozenset({UNKNOWN}), days[id_].used, days[id_].spent)
            for id_, cap in tables.brands.items()
        }
        registrations = {id_: Registration("Acme", id_, {}) for id_ in tables.brands}  # one each, of the brand's id
        return LimitBook(tables.numbers, {}, registrations, {}, brands, today.day, today.ends_at)

    # The fleet

    def join(self, host: str, boot_id: str, pid: int, journal_id: UUID, alive: Callable[[int], bool]) -> Node:
        nodes, now = self.tables.nodes, self.clock()
        for node in nodes.values():
            here = (node.host, node.boot_id) == (host, boot_id) and node.left_at is None
            if here and (node.pid == pid or not alive(node.pid)):
                node.left_at, node.expires_at = now, min(node.expires_at, now)
        gen = len(nodes) + 1
        nodes[gen] = NodeRow(gen, host, boot_id, pid, journal_id, now + FIRST_LEASE)
        return Node(gen, journal_id, host, boot_id, pid)

    def beat(self, gen: int, lease_s: float) -> bool:
        node = self.tables.nodes[gen]
        if not node.gone:
            node.expires_at = self.clock() + timedelta(seconds=lease_s)
        return not node.gone

    def leave(self, gen: int) -> None:
        node, now = self.tables.nodes[gen], self.clock()
        if node.left_at is None:
            node.left_at, node.expires_at = now, min(node.expires_at, now)

    def take_limiter(self, gen: int, lease_s: float) -> tuple[int, float] | None:
        node, held, now = self.tables.nodes.get(gen), self.tables.authority, self.clock()
        if node is None or node.gone:
            return None
        if held.gen != gen:
            before = self.tables.nodes.get(held.gen or 0)
            certainly = before is None or before.left_at is not None
            if not certainly and held.expires_at > now:
                return None
            held.not_before = now if certainly else max(now, held.expires_at + timedelta(seconds=2))
            held.epoch, held.gen = held.epoch + 1, gen
        held.expires_at = now + timedelta(seconds=lease_s)
        return held.epoch, max(0.0, (held.not_before - now).total_seconds())


def _heard(endpoint: Endpoint, heard: str | None) -> tuple[str | None, str | None]:
    match heard:
        case "STOP":
            return "STOP", "stop_repeated" if endpoint.opted_out else "opted_out"
        case "START" | "YES" if endpoint.opted_out:
            return "START", "opted_in"
        case "START" if endpoint.held:
            return "START", "released"
        case "START" if endpoint.consented_at is None:
            return None, "consent_given"
        case "HELP":
            return "HELP", "help_asked"
        case "AMBIGUOUS" | "WRONG_NUMBER" if not endpoint.opted_out:
            return None, heard.lower()
        case _:
            return None, None
