"""What the two sides of a race do: each is a transaction of the store, through the store's own functions."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal
from uuid import UUID

from server.domain.caps import Cap
from server.domain.carrier import CarrierStatus, ErrorClass, InboundText, ListedMessage, Receipt
from server.domain.delivery import State
from server.domain.gate import MessageClass
from server.domain.places import shipped_places
from server.domain.quiet_rules import Rule, Rules, Span
from server.domain.testimony import Channel, Entry, Statement
from server.domain.timetable import Timetable
from server.ports import AttemptOutcome, Authorised, Granted, MoArrival
from server.ports.consent import NewEntry
from server.store.conversations.consent import PostgresConsents
from server.store.fleet import PostgresFleet
from server.store.ledger import receipts
from server.store.ledger.authorise import Authorise
from server.store.ledger.inbound import Inbound
from server.store.ledger.lifeline import Lifeline
from server.store.ledger.outcomes import Outcome, Outcomes
from server.store.ledger.receipts import News
from server.store.named_sql import statements
from tests.races.ground import ACCOUNT, MEMBER, NOON, OUR_NUMBER, Act, Case, Ground, Side

LEASE_S: Final = 3600.0

CAP_OF_ONE: Final = Cap(1, timedelta(days=1))

_LEAVE: Final = statements("fleet")["leave"]

_AS_CAMPAIGN: Final = "UPDATE message SET campaign_id = $3 WHERE thread_id = $1 AND seq = $2"
_RECIPIENT: Final = """
WITH one AS (
    INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id, state, thread_id, seq, segments)
    VALUES ($1, 1, 1, $2, 'in_flight', $3, $4, 1)
)
SELECT note_moved($1, $5, NULL, 'in_flight', 1)
"""

_texts = itertools.count(1)


@dataclass(frozen=True, slots=True)
class OnWire:
    """An authorised text, and the provider id that the carrier gives it."""

    case: Case
    attempt: Authorised

    @property
    def provider_id(self) -> str:
        return f"MT{self.attempt.outbox_id}"


def send(
    ground: Ground, cases: Sequence[Case], *, slot_at: datetime = NOON, cap: Cap | None = None
) -> Callable[[Side], Awaitable[list[Authorised]]]:
    """T3 over the rows of *cases*, by the ground's node. Gives the attempts that may leave."""
    granted = [Granted(case.outbox_id, slot_at) for case in cases]
    gen, epoch, timetable = ground.gen, ground.epoch, _at_any_hour(cap)

    async def act(side: Side) -> list[Authorised]:
        authorise = Authorise(side.postgres, _quiet, _disowned, timetable)
        answers = await authorise.authorise(granted, gen, epoch, NOON)
        return [one for one in answers if isinstance(one, Authorised)] if isinstance(answers, list) else []

    return act


@cache
def _at_any_hour(cap: Cap | None) -> Timetable:
    rule = Rule((Span(0, 86_400),) * 7, False, None, cap, "the races", date(2026, 11, 22))
    return Timetable(Rules("races", rule, {}, ()), shipped_places())


def say(cases: Sequence[Case], *words: Literal["STOP", "stop", "START"], at: datetime | None = None) -> Act:
    """T1: each recipient of *cases* says each of *words*, all in one batch, at noon unless told otherwise."""
    keywords: dict[str, Literal["STOP", "START"]] = {"STOP": "STOP", "stop": "STOP", "START": "START"}
    arrivals = [
        MoArrival(
            ACCOUNT, InboundText(f"SM{next(_texts)}", case.address, OUR_NUMBER, word, received_at=at), keywords[word]
        )
        for word in words
        for case in cases
    ]
    return lambda side: side.write(lambda c: Inbound(lambda: NOON).write(c, arrivals))


def answer(cases: Sequence[Case], *, at: datetime = NOON) -> Act:
    """T1: each recipient of *cases* writes what is no keyword."""
    texts = [InboundText(f"SM{next(_texts)}", case.address, OUR_NUMBER, "On Sunday?", received_at=at) for case in cases]
    arrivals = [MoArrival(ACCOUNT, text, None) for text in texts]
    return lambda side: side.write(lambda c: Inbound(lambda: NOON).write(c, arrivals))


def write_down(case: Case, entry: Entry, *, at: datetime = NOON, epoch: int | None = None) -> Act:
    """A member writes down what the recipient said elsewhere."""
    told = NewEntry(Statement(entry, Channel.VERBAL, "as they said", at, epoch=epoch))
    return lambda side: PostgresConsents(side.postgres, _quiet).tell(1, MEMBER, case.endpoint_id, told, at)


def close_campaign(campaign_id: int, state: Literal["paused", "cancelled"]) -> Act:
    """A pause or a cancel: the campaign's advisory lock first, then its one row."""

    async def act(side: Side) -> None:
        async def work(connection: object) -> None:
            await side.connection.execute("SELECT pg_advisory_xact_lock($1)", campaign_id)
            await side.stop("campaign locked")
            await side.connection.execute("UPDATE campaign SET state = $2 WHERE id = $1", campaign_id, state)
            await side.stop("campaign closed")

        await side.call(work)

    return act


def take_limiter(gen: int) -> Act:
    """A hand-over to *gen*, which waits for every T3 under the old epoch."""
    return lambda side: PostgresFleet(side.postgres).take_limiter(gen, LEASE_S)


def leave(gen: int) -> Act:
    """The node says that it is gone."""

    async def act(side: Side) -> None:
        async def work(connection: Any) -> None:
            await connection.execute(_LEAVE, gen)
            await side.stop("left")

        await side.call(work)

    return act


def learn(attempt_id: UUID, gen: int | None, outcome: AttemptOutcome) -> Act:
    """T4."""
    batch = [Outcome(attempt_id, gen, outcome, NOON)]
    return lambda side: side.write(lambda c: Outcomes(1.0).write(c, batch))


def call_back(
    provider_id: str, status: CarrierStatus, attempt_id: UUID | None, error_class: ErrorClass | None = None
) -> Act:
    """T5: a receipt, with our attempt's id or without."""
    receipt = Receipt(provider_id, status, None, attempt_id, None, error_class)
    news = [News(ACCOUNT, receipt, receipts.proven(receipt) or State.SENT, NOON)]
    return lambda side: side.write(lambda c: receipts.write(c, news))


def give_up(attempt_id: UUID) -> Act:
    """The last rung of the ladder."""
    return lambda side: _lifeline(side).give_up(attempt_id, NOON)


def bind(attempt_id: UUID, provider_id: str, case: Case) -> Act:
    """The carrier's list shows it."""
    listed = ListedMessage(provider_id, OUR_NUMBER, case.address, "Hello", "out", "sent", NOON)
    return lambda side: _lifeline(side).bind_listed(attempt_id, listed, NOON)


def decide(case: Case, *, send: bool) -> Act:
    """A person releases a held text, or cancels it."""
    return lambda side: _lifeline(side).release_held(1, case.thread_id, case.seq, send, MEMBER, NOON)


async def on_wire(ground: Ground, count: int) -> list[OnWire]:
    """New texts that T3 has let go."""
    cases = await ground.deal(count)
    attempts = {one.outbox_id: one for one in await send(ground, cases)(ground.sides[0])}
    return [OnWire(case, attempts[case.outbox_id]) for case in cases]


async def campaign_queued(ground: Ground) -> Case:
    """A campaign's text to its one recipient."""
    campaigns = await ground.campaigns(1)
    [case] = await ground.deal(1, campaigns=campaigns)
    await ground.judge.execute(_AS_CAMPAIGN, case.thread_id, case.seq, campaigns[0])
    await ground.judge.execute(_RECIPIENT, campaigns[0], case.endpoint_id, case.thread_id, case.seq, NOON)
    return case


async def campaign_on_wire(ground: Ground) -> OnWire:
    """The same, and T3 has let it go."""
    case = await campaign_queued(ground)
    [attempt] = await send(ground, [case])(ground.sides[0])
    return OnWire(case, attempt)


async def held(ground: Ground, count: int) -> list[Case]:
    """New texts of a person, held because their recipients said STOP meanwhile."""
    cases = await ground.deal(count, MessageClass.PERSON)
    await say(cases, "STOP")(ground.sides[0])
    await send(ground, cases)(ground.sides[0])
    return cases


def _lifeline(side: Side) -> Lifeline:
    return Lifeline(side.postgres, None, _quiet)  # type: ignore[arg-type]  # only resolve_crashed wants the outcomes' writer


def _quiet(_: object) -> None:
    pass


def _disowned(_attempts: object, _gen: int) -> None:
    pass
