"""The in-memory database beside the real one: every step is done by both, and what can be seen of them must be equal.

Ids differ between the two, so each thing is called by what it is about: a thread by its contact, a text by contact and
seq, an attempt by its text and its number among that text's attempts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

from server.domain.cap_day import cap_day
from server.domain.caps import Cap
from server.domain.carrier import (
    Accepted,
    ErrorClass,
    InboundText,
    ListedMessage,
    NotSent,
    Postponed,
    Receipt,
    Rejected,
    Throttled,
    Unknown,
)
from server.domain.gate import MessageClass
from server.domain.testimony import Channel, Entry, Statement
from server.ports import (
    Account,
    Authorised,
    Decided,
    DecidedOtherwise,
    EnqueueMt,
    Fenced,
    Granted,
    MoArrival,
    MoRecorded,
    Number,
    OwedAnswer,
    ReviewDecision,
    Voided,
)
from server.ports.consent import NewEntry, WrittenDown
from tests.simulation.memory import Memory
from tests.simulation.recovery import Recovery
from tests.simulation.tables import Authority, Tables
from tests.store.world import LADDER_S, NOON, OTHER_NUMBER, OUR_NUMBER, World

CONTACTS: Final = tuple(f"+1202555{100 + i:04d}" for i in range(1, 9))
_CLASSES: Final = (MessageClass.PERSON, MessageClass.BULK, MessageClass.SEND_LATER)
_STATUSES: Final[tuple[Any, ...]] = ("queued", "sent", "delivered", "undelivered", "failed", "pondering")
_CODES: Final = (*((None, None),) * 8, (ErrorClass.INVALID, "30005"), (ErrorClass.OPTED_OUT, "21610"))
NIGHT_S: Final = 40_000
CAP: Final = Cap(3, timedelta(seconds=30))
DAY_CAP: Final = 250
_BRAND: Final = 1
_CAMPAIGNS: Final = (1, 2, 3)
_DECISIONS: Final[tuple[ReviewDecision, ...]] = ("opted_out", "not_a_revocation", "wrong_number")
_VERDICTS: Final[dict[Any, str]] = {Decided: "decided", DecidedOtherwise: "conflict"}
SETTING: Final = """
INSERT INTO brand (workspace_id, name, daily_cap) VALUES (1, 'Acme', 250);
INSERT INTO campaign (workspace_id, kind, name, state, launched_at)
SELECT 1, 'bulk', 'Offer ' || n, 'active', now() FROM generate_series(1, 3) n;
"""
"""What the real one has besides, before the first step."""

Text = tuple[str, int]  # contact, seq
Try = tuple[str, int, int]  # contact, seq, number among the text's attempts

_TEXTS = """SELECT e.address, m.seq, m.direction, m.state, m.rank::int, m.keyword, m.error_class, m.error_code, m.klass
FROM message m JOIN thread t ON t.id = m.thread_id JOIN endpoint e ON e.id = t.endpoint_id ORDER BY 1, 2"""
_THREADS = """SELECT e.address, t.last_seq, t.in_total, t.number_id FROM thread t
JOIN endpoint e ON e.id = t.endpoint_id ORDER BY 1"""
_ENDPOINTS = """SELECT address, opted_out, held, carrier_blocked, consent_epoch, invalid_reason, consented_at
    FROM endpoint ORDER BY 1"""
_OUTBOX = """SELECT e.address, o.seq, o.state, o.reason, o.tries::int, o.acknowledged_opt_out, o.consent_epoch,
o.due_at, o.cancel_after_in, o.campaign_id FROM outbox o JOIN endpoint e ON e.id = o.endpoint_id ORDER BY 1, 2"""
_ATTEMPTS = "SELECT id, state, provider_id, rung::int, unknown_since IS NULL, next_check_at IS NULL FROM attempt"
_EVENTS = """SELECT e.address, c.kind, c.consent_epoch, c.answer_by IS NULL FROM consent_event c
JOIN endpoint e ON e.id = c.endpoint_id ORDER BY e.address, c.id"""
_ANSWERS = """SELECT e.address, k.consent_epoch, k.kind, k.seq FROM keyword_answer k
JOIN endpoint e ON e.id = k.endpoint_id ORDER BY 1, 2, 3, 4 NULLS FIRST"""
_REVIEWS = "SELECT e.address, r.seq, r.kind, r.decision FROM review r JOIN endpoint e ON e.id = r.endpoint_id"
_EARLY = "SELECT provider_id, state FROM early_receipt ORDER BY 1, 2"


class Twins:
    """Steps of chance, each done twice. `log` tells them, for whoever reads a difference."""

    def __init__(self, world: World, seed: int) -> None:
        self.real, self.log = world, list[str]()
        self.dice = Random(seed)  # noqa: S311 - a repeatable test, not a secret
        numbers = [Number(i, 1, 1, address, 10.0, 1) for i, address in enumerate((OUR_NUMBER, OTHER_NUMBER), 1)]
        account = Account(1, 1, "simulator", "AC1", "secret", "http://127.0.0.1:9")
        self.tables = Tables([account], numbers, Authority(NOON, NOON))
        self.tables.brands, self.tables.campaigns = {_BRAND: DAY_CAP}, dict.fromkeys(_CAMPAIGNS, "active")
        self.memory = Memory(
            self.tables,
            lambda: datetime.now(UTC),
            lambda: self.dice.randbytes(10),
            cap=CAP,
            opt_in_required=seed % 2 == 1,
        )
        self.recovery = Recovery(self.memory, LADDER_S[0])
        self.tries: dict[Try, tuple[UUID, UUID]] = {}
        self.provider_ids = [f"SM{i}" for i in range(40)]
        self.commands: list[tuple[UUID, str, str]] = []
        self.gens = (world.gen, self._join())
        self.texts = 0

    def _join(self) -> int:
        gen = self.memory.join("host", str(uuid4()), 1, uuid4(), lambda pid: True).gen
        self.memory.take_limiter(gen, 60.0)
        return gen

    # Names

    @property
    def threads(self) -> dict[str, int]:
        """Contacts by the in-memory thread's id."""
        return {self.tables.endpoints[t.endpoint_id].address: t.id for t in self.tables.threads.values()}

    async def _real_thread(self, contact: str) -> int:
        query = "SELECT t.id FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE e.address = $1"
        return int(await self.real.value(query, contact))

    def _contact(self, thread_id: int) -> str:
        return self.tables.endpoints[self.tables.threads[thread_id].endpoint_id].address

    async def _real_rows(self) -> dict[Text, int]:
        rows = await self.real.sql(
            "SELECT o.id, e.address, o.seq FROM outbox o JOIN endpoint e ON e.id = o.endpoint_id"
        )
        return {(row["address"], row["seq"]): row["id"] for row in rows}

    def _rows(self) -> dict[Text, int]:
        return {(self._contact(row.thread_id), row.seq): row.id for row in self.tables.outbox.values()}

    # Steps

    async def step(self) -> None:
        """One of everything that can happen, then a look at both."""
        kinds = (
            (self.receive, 5), (self.enqueue, 9), (self.authorise, 8), (self.settle, 8), (self.report, 8),
            (self.join, 2), (self.crash, 1), (self.climb, 3), (self.answer, 3), (self.expire, 1), (self.release, 2),
            (self.replied, 2), (self.cancel, 1), (self.look, 2), (self.tell, 3), (self.review, 3), (self.recall, 0.5),
            (self.charge, 1),
        )  # fmt: skip
        kind = self.dice.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        await kind()
        await self.compare()

    async def same(self, what: str, real: Awaitable[Any], memory: Any) -> None:
        """What both answered."""
        told = await real
        self.log.append(f"{what} -> {memory}")
        assert told == memory, self.log[-30:]

    async def receive(self) -> None:
        dice = self.dice
        body = dice.choice(("STOP", "START", "START", "HELP", "Hello", "stop by?", "yes", "please stop", "Stop it?"))
        provider_id = dice.choice(("again", f"MO{len(self.tables.texts)}")) if self.texts else "again"
        self.texts += 1
        at = dice.choice((None, NOON - timedelta(minutes=1), NOON - timedelta(minutes=6)))
        answered: Any = dice.choice((None, None, None, "STOP"))
        text = InboundText(
            provider_id, dice.choice(CONTACTS), dice.choice((OUR_NUMBER, OTHER_NUMBER, "+12025550111")), body,
            received_at=at, opt_out_type=answered,
        )  # fmt: skip
        arrival = MoArrival.of(1, text)
        told, _ = self.memory.record_mo(arrival, NOON)
        real = await self.real.store.ledger.record_mo(arrival)
        seqs = [one.seq if isinstance(one, MoRecorded) else type(one).__name__ for one in (real, told)]
        self.log.append(f"{text} -> {seqs}")
        assert seqs[0] == seqs[1], self.log[-30:]

    async def tell(self) -> None:
        """What a member writes down about a contact's consent."""
        if not self.tables.endpoints:
            return
        dice = self.dice
        endpoint = dice.choice(list(self.tables.endpoints.values()))
        told = Statement(
            dice.choice(tuple(Entry)), dice.choice(tuple(Channel)), dice.choice(("", "as they said")),
            dice.choice((None, NOON, NOON + timedelta(minutes=1), NOON - timedelta(minutes=2))),
            epoch=dice.choice((None, endpoint.consent_epoch, endpoint.consent_epoch, endpoint.consent_epoch - 1)),
        )  # fmt: skip
        mine = self.memory.tell(endpoint.id, told, NOON)[0]
        real_id = await self.real.value("SELECT id FROM endpoint WHERE address = $1", endpoint.address)
        real = await self.real.store.consents.tell(1, 1, real_id, NewEntry(told), NOON)
        if isinstance(real, WrittenDown) and isinstance(mine, WrittenDown):
            real = replace(real, event_id=mine.event_id)
        self.log.append(f"tell {endpoint.address} {told} -> {mine}")
        assert real == mine, self.log[-30:]

    async def review(self) -> None:
        """A member decides what a text was; now and then one that was decided before."""
        asked = list(self.tables.reviews.values())
        asked = [one for one in asked if one.decision is None] or asked
        if not asked:
            return
        one, decision = self.dice.choice(asked), self.dice.choice(_DECISIONS)
        query = "SELECT r.id FROM review r JOIN endpoint e ON e.id = r.endpoint_id WHERE e.address = $1 AND r.seq = $2"
        real_id = await self.real.value(query, self._contact(one.thread_id), one.seq)
        told = await self.real.store.reviews.decide(1, real_id, decision, 1, NOON)
        verdict = "again" if isinstance(told, Decided) and told.again else _VERDICTS[type(told)]
        mine = self.memory.decide_review(one.id, decision, NOON)[0]
        self.log.append(f"review {self._contact(one.thread_id)} {one.seq}: {decision} -> {mine}")
        assert verdict == mine, self.log[-30:]

    async def recall(self) -> None:
        campaign_id = self.dice.choice(_CAMPAIGNS)
        self.log.append(f"recall {campaign_id}")
        await self.real.store.bulk.recall(1, campaign_id, 1, NOON)
        self.recovery.recall(campaign_id)
        self.recovery.recall_queued(campaign_id, NOON, 1000)

    async def charge(self) -> None:
        """Of a brand's day: a block, what is given back, or the carrier's word that it is used up."""
        dice, fleet, day = self.dice, self.real.store.fleet, cap_day(NOON).day
        segments, late = dice.choice((20, 100)), dice.random() < 0.2
        epochs = self.real.limiter_epoch - late, self.tables.authority.epoch - late
        what = dice.choice(("charge", "charge", "charge", "give back", "spend"))
        if what == "give back":
            await fleet.give_back_day(_BRAND, day, segments)
            self.memory.give_back_day(_BRAND, day, segments)
        elif what == "spend" and dice.random() < 0.3:
            await fleet.spend_day(_BRAND, day)
            self.memory.spend_day(_BRAND, day)
        real = fleet.charge_day(_BRAND, day, segments, self.gens[0], epochs[0])
        mine = self.memory.charge_day(_BRAND, day, segments, self.gens[1], epochs[1])
        await self.same(f"{what} {segments} of the day", real, mine)
        numbers = self.tables.numbers
        book, known = await self.real.store.directory.limits(numbers, NOON), self.memory.limits(NOON)
        days = [
            (one.day, one.day_ends_at, one.brands[_BRAND].cap, one.brands[_BRAND].used, one.brands[_BRAND].spent)
            for one in (book, known)
        ]
        assert days[0] == days[1], self.log[-30:]

    async def enqueue(self) -> None:
        if not self.threads:
            return
        dice = self.dice
        contact, body, cmd_id = (
            dice.choice(list(self.threads)),
            dice.choice(("Hi", "Ho")),
            UUID(int=dice.getrandbits(128)),
        )
        if self.commands and dice.random() < 0.2:
            cmd_id, contact, body = dice.choice(self.commands)
            body = dice.choice((body, "other"))
        self.commands.append((cmd_id, contact, body))
        due_at = dice.choice((None, None, NOON + timedelta(seconds=30)))
        expires_at = dice.choice((None, NOON + timedelta(seconds=20), NOON + timedelta(hours=1)))
        klass, knowing, cost = dice.choice(_CLASSES), dice.random() < 0.3, dice.randint(1, 3)
        until_reply = dice.random() < 0.3
        campaign_id = dice.choice((None, None, *_CAMPAIGNS))

        def mt(thread_id: int) -> EnqueueMt:
            return EnqueueMt(
                1, thread_id, cmd_id, body.encode(), klass, body, cost, NOON, 1, acknowledged_opt_out=knowing,
                due_at=due_at, expires_at=expires_at, cancel_on_reply=until_reply, campaign_id=campaign_id,
            )  # fmt: skip

        told, _ = self.memory.enqueue_mt(mt(self.threads[contact]))
        real = await self.real.store.ledger.enqueue_mt(mt(await self._real_thread(contact)))
        shown = [(type(one).__name__, getattr(one, "seq", 0), getattr(one, "again", None)) for one in (real, told)]
        self.log.append(f"enqueue {contact} {klass} knowing={knowing} {due_at} {expires_at} {until_reply} -> {shown}")
        assert shown[0] == shown[1], self.log[-30:]

    async def authorise(self) -> None:
        mine, theirs = self._rows(), await self._real_rows()
        assert mine.keys() == theirs.keys(), self.log[-30:]
        # Ids rise in the order of commits in both, so both judge in this order.
        texts = [text for text in sorted(mine, key=mine.__getitem__) if self.dice.random() < 0.7]
        seconds = NIGHT_S if self.dice.random() < 0.05 else self.dice.choice((0, 0, 25, 40))
        now = NOON + timedelta(seconds=seconds)
        epochs = (self.real.limiter_epoch, self.tables.authority.epoch)
        if self.dice.random() < 0.1:
            epochs = (epochs[0] - 1, epochs[1] - 1)
        ledger = self.real.store.ledger
        real = await ledger.authorise([Granted(theirs[text], now) for text in texts], self.gens[0], epochs[0], now)
        told, _ = self.memory.authorise([Granted(mine[text], now) for text in texts], self.gens[1], epochs[1], now)
        names = {id_: text for text, id_ in theirs.items()}, {id_: text for text, id_ in mine.items()}
        shown = [_verdicts(answers, named) for answers, named in zip((real, told), names, strict=True)]
        self.log.append(f"authorise at {now:%S} -> {shown[1]}")
        assert shown[0] == shown[1], self.log[-30:]
        if isinstance(real, Fenced) or isinstance(told, Fenced):
            return
        for one, other in zip(real, told, strict=True):
            if isinstance(one, Authorised) and isinstance(other, Authorised):
                text = names[1][other.outbox_id]
                nth = sum(key[:2] == text for key in self.tries)
                self.tries[*text, nth] = one.attempt_id, other.attempt_id

    async def settle(self) -> None:
        if not self.tries:
            return
        dice = self.dice
        name = dice.choice(list(self.tries)[-8:])
        outcome: Any = dice.choice(
            (
                Accepted(dice.choice(self.provider_ids), "queued", 1),
                Accepted(dice.choice(self.provider_ids), "queued", 1),
                Accepted(dice.choice(self.provider_ids), "queued", 1),
                Rejected(ErrorClass.FILTERED, "30007", "no"),
                Rejected(ErrorClass.INVALID, "21211", "no"),
                Rejected(ErrorClass.OPTED_OUT, "21610", "no"),
                Throttled(2.0, "20429"),
                Throttled(None, "20429"),
                Postponed(ErrorClass.TRANSIENT, "30017", "busy", 2.0),
                Postponed(ErrorClass.DAILY_CAP, "30023", "full"),
                NotSent("no connection"),
                NotSent("late", voided=True),
                Voided("late"),
                Unknown("reset"),
                Unknown("reset"),
            )
        )
        gens = self.gens if dice.random() < 0.9 else (999, 999)
        real_id, id_ = self.tries[name]
        real = self.real.store.ledger.record_outcome(real_id, gens[0], outcome, NOON)
        await self.same(f"settle {name} {outcome}", real, self.recovery.record_outcome(id_, gens[1], outcome, NOON)[0])

    async def report(self) -> None:
        dice = self.dice
        error_class, code = dice.choice(_CODES)
        named = dice.choice(list(self.tries)) if self.tries and dice.random() < 0.4 else None
        provider_id, status = dice.choice(self.provider_ids), dice.choice(_STATUSES)
        real_id, id_ = (None, None) if named is None else self.tries[named]
        theirs = Receipt(provider_id, status, code, real_id, error_class=error_class)
        mine = Receipt(provider_id, status, code, id_, error_class=error_class)
        real = self.real.store.ledger.apply_receipt(1, theirs, NOON)
        await self.same(
            f"report {provider_id} {status} {code} of {named}", real, self.recovery.apply_receipt(1, mine, NOON)[0]
        )

    async def join(self) -> None:
        real = self.real.store.ledger.join_early_receipts()
        await self.same("join", real, self.recovery.join_early_receipts(NOON)[0])

    async def crash(self) -> None:
        """The node leaves; what it left open is resolved; another one takes over."""
        await self.real.store.fleet.leave(self.gens[0])
        self.memory.leave(self.gens[1])
        dead = [len(await self.real.store.ledger.dead_nodes()), len(self.recovery.dead_nodes())]
        assert dead[0] == dead[1], self.log[-30:]
        real = {one.attempt_id for one in await self.real.store.ledger.crashed_attempts(self.gens[0])}
        mine = {one.attempt_id for one in self.recovery.crashed_attempts(self.gens[1])}
        left = [name for name, (real_id, _) in self.tries.items() if real_id in real]
        assert left == [name for name, (_, id_) in self.tries.items() if id_ in mine], self.log[-30:]
        never = [name for name in left if self.dice.random() < 0.5]
        unknown = [name for name in left if name not in never]
        self.log.append(f"crash: never {never}, unknown {unknown}")
        of_real, of_unknown = ([self.tries[name][0] for name in names] for names in (never, unknown))
        await self.real.store.ledger.resolve_crashed(of_real, of_unknown, NOON)
        for name in never:
            self.recovery.record_outcome(self.tries[name][1], None, Voided("the server crashed before it left"), NOON)
        for name in unknown:
            self.recovery.record_outcome(self.tries[name][1], None, Unknown("on the wire"), NOON)
        await self.real.take_office()
        self.gens = (self.real.gen, self._join())

    async def climb(self) -> None:
        """The ladder: what is open, then one of the things that become of it."""
        later = datetime.now(UTC) + timedelta(hours=1)
        names = {id_: name for name, ids in self.tries.items() for id_ in ids}
        real = await self.real.store.ledger.open_attempts(later, 500)
        mine = self.recovery.open_attempts(later, 500)
        shown = [sorted((names[a.attempt_id], a.rung, a.body, a.to) for a in found) for found in (real, mine)]
        assert shown[0] == shown[1], self.log[-30:]
        due = [names[one.attempt_id] for one in mine if one.unknown_since is not None]
        if not due:
            return
        name, what = self.dice.choice(due), self.dice.choice(("climb", "bind", "give up"))
        rung = self.dice.choice((0, 1))
        real_id, id_ = self.tries[name]
        self.log.append(f"{what} {name}")
        if what == "climb":
            await self.real.store.ledger.climb(real_id, rung, datetime.now(UTC))
            self.recovery.climb(id_, rung, datetime.now(UTC))
        elif what == "give up":
            await self.real.store.ledger.give_up(real_id, NOON)
            self.recovery.give_up(id_, NOON)
        else:
            status: Any = self.dice.choice(("sent", "delivered"))
            provider_id = self.dice.choice(self.provider_ids)
            listed = ListedMessage(provider_id, OUR_NUMBER, name[0], "Hi", "out", status, NOON)
            free = await self.real.store.ledger.unbound(1, [listed])
            assert free == self.recovery.unbound(1, [listed]), self.log[-30:]
            bound = self.real.store.ledger.bind_listed(real_id, listed, NOON)
            await self.same(f"bind {listed.provider_id}", bound, self.recovery.bind_listed(id_, listed, NOON)[0])

    async def answer(self) -> None:
        real, mine = await self.real.store.ledger.owed_answers(100), self.recovery.owed_answers(100)
        kinds = [await self._owed(real), [(self._contact(one.thread_id), one.kind) for one in mine]]
        assert kinds[0] == kinds[1], (kinds, self.log[-30:])
        for one, other in zip(real, mine, strict=True):
            if self.dice.random() < 0.7:
                done = self.real.store.ledger.enqueue_answer(one, "Answer", 1, NOON)
                told = self.recovery.enqueue_answer(other, "Answer", 1, NOON)[0]
                await self.same(f"answer {self._contact(other.thread_id)} {other.kind}", done, told)

    async def _owed(self, owed: Sequence[OwedAnswer]) -> list[tuple[str, str]]:
        query = "SELECT e.address FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE t.id = $1"
        return [(await self.real.value(query, one.thread_id), one.kind) for one in owed]

    async def expire(self) -> None:
        now = NOON + timedelta(seconds=25)
        await self.same("expire", self.real.store.ledger.expire_due(now, 100), self.recovery.expire_due(now, 100)[0])

    async def release(self) -> None:
        held = [row for row in self.tables.outbox.values() if row.state == "held"]
        if not held:
            return
        row, send = self.dice.choice(held), self.dice.random() < 0.5
        thread_id = await self._real_thread(self._contact(row.thread_id))
        real = self.real.store.ledger.release_held(1, thread_id, row.seq, send, 1, NOON)
        mine = self.recovery.release_held(row.thread_id, row.seq, send, NOON)[0]
        await self.same(f"release {self._contact(row.thread_id)} {row.seq} send={send}", real, mine)

    async def replied(self) -> None:
        real = self.real.store.ledger.cancel_replied(None, NOON, 100)
        await self.same("what replies cancel", real, self.recovery.cancel_replied(None, NOON, 100)[0])

    async def cancel(self) -> None:
        if not self.tables.messages:
            return
        thread_id, seq = self.dice.choice(list(self.tables.messages))
        contact = self._contact(thread_id)
        real = self.real.store.compose.cancel(1, await self._real_thread(contact), seq, 1, NOON)
        await self.same(f"cancel {contact} {seq}", real, self.recovery.cancel(thread_id, seq, NOON)[0])

    async def look(self) -> None:
        mine, theirs = self._rows(), await self._real_rows()
        names = {id_: text for text, id_ in theirs.items()}, {id_: text for text, id_ in mine.items()}
        now = NOON + timedelta(seconds=self.dice.choice((0, 40)))
        real = await self.real.store.ledger.due(1, now, 50)
        due = [(names[0][one.outbox_id], one.lane, one.cost) for one in real]
        assert due == [(names[1][one.outbox_id], one.lane, one.cost) for one in self.memory.due(1, now, 50)], self.log[
            -30:
        ]

    # Looking at both

    async def compare(self) -> None:
        """Everything that both store and that does not hang on when it was stored."""
        tables = self.tables
        address = {one.id: one.address for one in tables.endpoints.values()}
        names = {id_: name for name, ids in self.tries.items() for id_ in ids}
        shown: dict[str, list[tuple[Any, ...]]] = {
            _TEXTS: [
                (self._contact(m.thread_id), m.seq, m.direction, m.state, m.rank, m.keyword, m.error_class,
                 m.error_code, m.klass) for m in tables.messages.values()
            ],
            _THREADS: [(address[t.endpoint_id], t.last_seq, t.in_total, t.number_id) for t in tables.threads.values()],
            _ENDPOINTS: [
                (e.address, e.opted_out, e.held, e.carrier_blocked, e.consent_epoch, e.invalid_reason, e.consented_at)
                for e in tables.endpoints.values()
            ],
            _OUTBOX: [
                (address[o.endpoint_id], o.seq, o.state, o.reason, o.tries, o.acknowledged, o.consent_epoch, o.due_at,
                 o.cancel_after_in, o.campaign_id)
                for o in tables.outbox.values()
            ],
            _ATTEMPTS: [
                (a.id, a.state, a.provider_id, a.rung, a.unknown_since is None, a.next_check_at is None)
                for a in tables.attempts.values()
            ],
            _EARLY: [(key[1], state) for key, kept in tables.early.items() for state in kept],
            _EVENTS: [(address[c.endpoint_id], c.kind, c.epoch, c.answer_by is None) for c in tables.consent_events],
            _REVIEWS: [(self._contact(r.thread_id), r.seq, r.kind, r.decision) for r in tables.reviews.values()],
            _ANSWERS: [(address[k[0]], k[1], k[2], one.seq) for k, one in tables.keyword_answers.items()],
        }  # fmt: skip
        for query, mine in shown.items():
            theirs: list[tuple[Any, ...]] = [tuple(row) for row in await self.real.sql(query)]
            if query is _ATTEMPTS:
                theirs, mine = ([(names[row[0]], *row[1:]) for row in rows] for rows in (theirs, mine))
            only = [row for row in theirs if row not in mine], [row for row in mine if row not in theirs]
            assert sorted(theirs, key=repr) == sorted(mine, key=repr), (*only, self.log[-30:])


def _verdicts(answers: Any, names: dict[int, Text]) -> Any:
    if isinstance(answers, Fenced):
        return "fenced"
    return [
        (names[one.outbox_id], one.request.body, _validity(one), one.klass)
        if isinstance(one, Authorised)
        else (names[one.outbox_id], one.verdict, one.reason)
        for one in answers
    ]


def _validity(one: Authorised) -> int | None:
    """An answer's runs on the database's clock, which the two read at different moments."""
    return None if one.klass is MessageClass.KEYWORD_ANSWER else one.request.validity_s
