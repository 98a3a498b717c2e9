"""Between T3 and the stored outcome: what may leave, what stays here, and what is said about it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.sender import GATHER_S, T3_ROWS, T3_ROWS_AT_LEAST, UNSTORED, Sender
from server.domain.carrier import HELD_UP, Accepted, MtRequest, NotSent, Outcome, Throttled, Unknown
from server.domain.gate import MessageClass
from server.ports import Carrier, Ledger, Voided
from tests.actors.fakes import (
    FakeCarrier,
    FakeClock,
    FakeGrant,
    FakeJournal,
    FakeLimiter,
    FakeSendLedger,
    accept,
    authorised,
)


class Line:
    """A sender with all that it works with."""

    def __init__(self, carrier: FakeCarrier, *, workers: int = 4) -> None:
        self.ledger, self.limiter, self.journal, self.carrier = FakeSendLedger(), FakeLimiter(), FakeJournal(), carrier
        ledger = cast("Ledger", self.ledger)  # the half of it that the sender uses
        carriers = {1: cast("Carrier", carrier)}
        self.sender = Sender(ledger, self.limiter, carriers, self.journal, FakeClock(), 1, workers=workers)
        self.stopping = trio.Event()

    def grant(self, *ids: int, klass: MessageClass = MessageClass.BULK, campaign_id: int | None = None) -> None:
        for n in ids:
            self.ledger.mts[n] = authorised(n, klass, campaign_id=campaign_id)
        self.limiter.grant(*(FakeGrant(n, instant=trio.current_time()) for n in ids))


@asynccontextmanager
async def line(carrier: FakeCarrier | None = None, *, workers: int = 4) -> AsyncIterator[Line]:
    made = Line(carrier or FakeCarrier(), workers=workers)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.sender.run, made.stopping)
        yield made
        made.stopping.set()


async def test_what_was_authorised_is_marked_then_sent_and_its_outcome_stored(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.grant(1, 2, 3)
        await trio.sleep(1)
        assert it.ledger.outcomes == {n: Accepted(f"SM{n}", "queued", 1) for n in (1, 2, 3)}
        assert sorted(it.journal.marks) == sorted(n for n, _ in it.carrier.on_wire) == [1, 2, 3]


async def test_a_stop_voids_bulk_that_is_not_on_the_wire_yet(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(connect_s=0.03)) as it:
        it.grant(1)
        await trio.sleep(0.01)
        it.sender.void_endpoint(7)
        await trio.sleep(1)
        assert it.ledger.outcomes == {1: Voided("the contact opted out")}
        assert it.carrier.on_wire == []
        assert it.journal.marks == []


async def test_a_stop_leaves_other_contacts_people_and_what_is_on_the_wire_alone(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(connect_s=0.03)) as it:
        it.grant(1, klass=MessageClass.PERSON)
        it.grant(2)
        await trio.sleep(0.01)
        it.sender.void_endpoint(8)
        await trio.sleep(0.05)
        it.sender.void_endpoint(7)
        await trio.sleep(1)
        assert [type(it.ledger.outcomes[n]) for n in (1, 2)] == [Accepted, Accepted]


STOPPED = Voided("its campaign was stopped or changed")


async def test_a_stop_of_a_campaign_voids_what_t3_let_go_and_is_not_on_the_wire(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(connect_s=0.03)) as it:
        it.grant(1, 2, campaign_id=5)
        await trio.sleep(0.01)
        it.sender.stop_campaign(5, made_after=2)
        await trio.sleep(1)
        assert it.ledger.outcomes == {1: STOPPED, 2: STOPPED}
        assert it.carrier.on_wire == []
        assert it.journal.marks == []


async def test_a_stop_of_a_campaign_voids_also_what_t3_let_go_while_its_answer_was_on_the_way(
    autojump_clock: MockClock,
) -> None:
    async with line() as it:
        it.ledger.t3_answer_s = 0.1
        it.grant(1, campaign_id=5)
        await trio.sleep(0.05)
        it.sender.stop_campaign(5, made_after=1)
        await trio.sleep(1)
        assert it.ledger.outcomes == {1: STOPPED}
        assert it.carrier.on_wire == []


async def test_what_t3_is_asked_for_after_the_stop_leaves(autojump_clock: MockClock) -> None:
    """The campaign was resumed at once, or this text may have left before and goes on under its key."""
    async with line() as it:
        it.sender.stop_campaign(5, made_after=1)
        await trio.sleep(0.01)
        it.grant(1, campaign_id=5)
        await trio.sleep(1)
        assert [n for n, _ in it.carrier.on_wire] == [1]


@pytest.mark.parametrize(
    "spared",
    [
        pytest.param({"campaign_id": 6}, id="of another campaign"),
        pytest.param({"campaign_id": None}, id="of none"),
        pytest.param({"campaign_id": 5, "klass": MessageClass.PERSON}, id="a person's"),
    ],
)
async def test_a_stop_of_a_campaign_leaves_others_alone(autojump_clock: MockClock, spared: dict[str, Any]) -> None:
    async with line(FakeCarrier(connect_s=0.03)) as it:
        it.grant(1, **spared)
        await trio.sleep(0.01)
        it.sender.stop_campaign(5, made_after=9)
        await trio.sleep(1)
        assert [n for n, _ in it.carrier.on_wire] == [1]


async def test_a_stop_of_a_campaign_leaves_what_was_made_anew_and_what_is_on_the_wire_alone(
    autojump_clock: MockClock,
) -> None:
    async with line(FakeCarrier(connect_s=0.03)) as it:
        it.grant(1, campaign_id=5)
        await trio.sleep(0.02)
        it.grant(8, campaign_id=5)
        await trio.sleep(0.02)
        it.sender.stop_campaign(5, made_after=7)
        await trio.sleep(1)
        assert [n for n, _ in it.carrier.on_wire] == [1, 8]


@pytest.mark.parametrize(
    ("klass", "connect_s", "expected"),
    [
        pytest.param(MessageClass.BULK, 0.039, Accepted, id="bulk within 40 ms"),
        pytest.param(MessageClass.BULK, 0.041, Voided, id="bulk after 40 ms"),
        pytest.param(MessageClass.PERSON, 1.9, Accepted, id="a person's within 2 s"),
        pytest.param(MessageClass.PERSON, 2.1, Voided, id="a person's after 2 s"),
    ],
)
async def test_too_late_after_it_was_authorised_is_void(
    autojump_clock: MockClock, klass: MessageClass, connect_s: float, expected: type
) -> None:
    async with line(FakeCarrier(connect_s=connect_s)) as it:
        it.grant(1, klass=klass)
        await trio.sleep(5)
        assert type(it.ledger.outcomes[1]) is expected
        assert len(it.carrier.on_wire) == (expected is Accepted)


async def test_where_texts_are_late_fewer_are_authorised_at_once_until_they_leave_in_time(
    autojump_clock: MockClock,
) -> None:
    async with line(FakeCarrier(connect_s=0.05), workers=64) as it:
        it.grant(*range(1, 201))
        await trio.sleep(0.2)
        asked = it.ledger.asked
        assert asked[0] == 64
        assert asked[-1] == T3_ROWS_AT_LEAST
        it.carrier.connect_s = 0.0
        it.grant(*range(201, 600))
        await trio.sleep(30)
        it.grant(*range(600, 600 + T3_ROWS))
        await trio.sleep(1)
        assert sum(asked[-2:]) == T3_ROWS, "what stood idle when it last looked, and then the others"
        assert len(it.carrier.on_wire) > 300


async def test_a_stream_is_free_with_its_answer_and_outcomes_that_wait_are_bounded(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(), workers=4) as it:
        it.ledger.outages = 1_000
        it.grant(*range(1, 21))
        await trio.sleep(1)
        assert len(it.carrier.on_wire) == UNSTORED * 4
        it.ledger.outages = 0
        await trio.sleep(5)
        assert len(it.carrier.on_wire) == 20


async def test_where_most_streams_are_busy_a_claim_waits_a_moment_for_more_of_them(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(answer_s=0.1), workers=8) as it:
        it.grant(1, 2)
        await wait_all_tasks_blocked()
        it.carrier.answer_s += GATHER_S / 2
        it.grant(*range(3, 9))
        await wait_all_tasks_blocked()
        it.grant(*range(9, 17))
        await trio.sleep(1)
        assert it.ledger.asked == [2, 6, 8], "not two and then six again"


async def test_a_lone_text_waits_for_nothing(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.grant(1)
        await trio.sleep(1)
        ((_, left_at),) = it.carrier.on_wire
        assert left_at == 0.0


async def test_the_forty_milliseconds_begin_at_the_commit_not_at_the_instant(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(connect_s=0.03)) as it:
        it.ledger.mts[1] = authorised(1)
        it.limiter.grant(FakeGrant(1, instant=trio.current_time() + 0.02))
        await trio.sleep(1)
        assert isinstance(it.ledger.outcomes[1], Voided)


async def test_a_departure_that_was_pushed_back_waits_for_its_turn(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.limiter.waits.append(0.02)
        it.grant(1)
        await trio.sleep(1)
        ((_, left_at),) = it.carrier.on_wire
        assert left_at == pytest.approx(0.02)


async def test_a_push_back_beyond_the_deadline_is_void_and_given_back(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.limiter.waits.append(0.5)
        it.grant(1)
        await trio.sleep(1)
        assert isinstance(it.ledger.outcomes[1], Voided)
        assert it.limiter.withdrawn == [1]


async def test_without_a_journal_nothing_leaves(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.journal.full = True
        it.grant(1)
        await trio.sleep(1)
        assert isinstance(it.ledger.outcomes[1], NotSent)
        assert it.carrier.on_wire == []


async def test_a_fault_of_ours_after_the_first_byte_is_unknown_and_stops_nobody_else(autojump_clock: MockClock) -> None:
    def break_one(request: MtRequest) -> Outcome:
        if request.attempt_id.int == 1:
            raise ZeroDivisionError
        return Accepted("SM", "queued", 1)

    carrier = FakeCarrier()
    carrier.answer = break_one
    async with line(carrier) as it:
        it.grant(1, 2)
        await trio.sleep(1)
        assert isinstance(it.ledger.outcomes[1], Unknown)
        assert isinstance(it.ledger.outcomes[2], Accepted)


async def test_what_may_have_been_accepted_is_submitted_once(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.carrier.answer = lambda request: (
            Unknown("the connection broke") if len(it.carrier.on_wire) == 1 else accept(request)
        )
        it.grant(1)
        await trio.sleep(1)
        assert it.ledger.outcomes == {1: Unknown("the connection broke")}
        assert len(it.carrier.on_wire) == 1


async def test_an_outcome_is_stored_once_the_database_is_back(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.ledger.outages = 5
        it.grant(1)
        await trio.sleep(30)
        assert isinstance(it.ledger.outcomes[1], Accepted)


async def test_a_stop_of_the_server_waits_for_answers_and_claims_nothing_more(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(answer_s=2.0)) as it:
        it.grant(1)
        await trio.sleep(0.1)
        it.stopping.set()
        await trio.testing.wait_all_tasks_blocked()
        it.grant(2)
    assert list(it.ledger.outcomes) == [1]
    assert isinstance(it.ledger.outcomes[1], Accepted)


async def test_an_answer_that_does_not_come_before_the_end_is_unknown(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(answer_s=3600)) as it:
        it.grant(1)
        await trio.sleep(0.1)
        it.stopping.set()
    assert isinstance(it.ledger.outcomes[1], Unknown)


async def test_no_more_is_authorised_than_workers_stand_idle(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(answer_s=10), workers=2) as it:
        it.grant(1, 2, 3)
        await trio.sleep(1)
        assert it.sender.in_flight == 2
        await trio.sleep(30)
        assert sorted(it.ledger.outcomes) == [1, 2, 3]


async def test_bulk_whose_authorisation_was_answered_late_is_void(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.ledger.t3_answer_s = 0.3  # a STOP may have committed since T3 did
        it.grant(1)
        await trio.sleep(1)
        assert it.ledger.outcomes == {1: Voided("too late after it was authorised")}
        assert it.carrier.on_wire == []


async def test_a_persons_text_whose_authorisation_was_answered_late_is_void(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.ledger.t3_answer_s = 2.5
        it.grant(1, klass=MessageClass.PERSON)
        await trio.sleep(5)
        assert it.ledger.outcomes == {1: Voided("too late after it was authorised")}
        assert it.carrier.on_wire == []


@pytest.mark.parametrize("klass", [MessageClass.BULK, MessageClass.PERSON, MessageClass.KEYWORD_ANSWER])
async def test_a_text_whose_sender_stood_still_at_its_mark_does_not_leave(
    autojump_clock: MockClock, klass: MessageClass
) -> None:
    """Meanwhile another server took the claim over, and queued the text again or told people that it is unknown."""
    async with line() as it:
        it.journal.on_mark = lambda: autojump_clock.jump(15)
        it.grant(1, klass=klass)
        await trio.sleep(60)
        assert it.carrier.on_wire == []
        assert it.ledger.outcomes == {1: Voided(HELD_UP)}


@pytest.mark.parametrize(("held_up_s", "leaves"), [(0.01, True), (0.03, False)])
async def test_what_may_leave_only_soon_does_not_leave_later(
    autojump_clock: MockClock, held_up_s: float, leaves: bool
) -> None:
    """The limits are shared: another server may be sending by then."""
    async with line() as it:
        it.limiter.lapses_after_s = 0.02
        it.journal.on_mark = lambda: autojump_clock.jump(held_up_s)
        it.grant(1, klass=MessageClass.PERSON)
        await trio.sleep(5)
        assert (it.ledger.outcomes != {1: Voided(HELD_UP)}) is leaves
        assert bool(it.carrier.on_wire) is leaves


async def test_a_row_may_be_claimed_anew_before_its_last_outcome_is_answered(autojump_clock: MockClock) -> None:
    async with line(FakeCarrier(connect_s=0.02)) as it:
        it.carrier.answer = lambda request: Throttled(0.2, "20429")
        it.ledger.t4_answer_s = 0.5
        it.grant(1)
        await trio.sleep(0.3)  # T4 is committed, its answer is on the way: the row is queued again, and granted
        again = dataclasses.replace(authorised(2, endpoint_id=8), outbox_id=1)
        it.ledger.mts[1] = again
        it.limiter.grant(FakeGrant(1, instant=trio.current_time()))
        await trio.sleep(0.01)
        assert it.limiter.withdrawn == [1]  # the first job's; the new grant is not its to withdraw
        it.sender.void_endpoint(8)
        await trio.sleep(2)
        assert it.ledger.outcomes[again.attempt_id.int] == Voided("the contact opted out")
        assert it.sender.in_flight == 0


class TwoLines(Line):
    """Two carrier accounts; number 1 belongs to the first, number 2 to the second."""

    def __init__(self, first: FakeCarrier, second: FakeCarrier, *, workers: int) -> None:
        super().__init__(first, workers=workers)
        self.carriers = {1: cast("Carrier", first)}
        self.later = {2: cast("Carrier", second)}
        self.sender = Sender(
            cast("Ledger", self.ledger),
            self.limiter,
            self.carriers,
            self.journal,
            FakeClock(),
            1,
            workers=workers,
            account_of=lambda number_id: number_id,
        )

    def grant_for(self, account_id: int, *ids: int) -> None:
        for n in ids:
            self.ledger.mts[n] = authorised(n, account_id=account_id)
        self.limiter.grant(*(FakeGrant(n, account_id, instant=trio.current_time()) for n in ids))


async def test_a_carrier_that_hangs_holds_up_no_other_carriers_texts(autojump_clock: MockClock) -> None:
    hangs, works = FakeCarrier(answer_s=15.0), FakeCarrier(answer_s=0.1)
    it = TwoLines(hangs, works, workers=4)
    it.carriers.update(it.later)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.sender.run, it.stopping)
        it.grant_for(1, *range(1, 11))
        it.grant_for(2, *range(11, 31))
        await trio.sleep(1.0)
        assert sorted(n for n, _ in works.on_wire) == list(range(11, 31))
        assert len(hangs.on_wire) == 4
        assert it.sender.in_flight == 4
        assert sorted(it.limiter.withdrawn) == list(range(11, 31))  # what waits for a stream stays with the limiter
        await trio.sleep(60.0)
        assert sorted(n for n, _ in hangs.on_wire) == list(range(1, 11))
        it.stopping.set()


async def test_an_account_that_is_added_later_is_sent_for(autojump_clock: MockClock) -> None:
    it = TwoLines(FakeCarrier(), FakeCarrier(), workers=4)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.sender.run, it.stopping)
        await trio.sleep(5.0)
        it.carriers.update(it.later)
        it.grant_for(2, 1)
        await trio.sleep(2.0)
        assert list(it.ledger.outcomes) == [1]
        it.stopping.set()


async def test_a_429_slows_the_number(autojump_clock: MockClock) -> None:
    carrier = FakeCarrier()
    carrier.answer = lambda request: Throttled(2.0, "20429")
    async with line(carrier) as it:
        it.grant(1)
        await trio.sleep(1)
        assert it.limiter.slowed == [1]
        assert isinstance(it.ledger.outcomes[1], Throttled)


async def test_a_row_that_t3_does_not_allow_is_given_back_to_the_limiter(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.limiter.grant(FakeGrant(9))
        await trio.sleep(1)
        assert it.limiter.withdrawn == [9]
        assert it.carrier.on_wire == []


async def test_a_fenced_node_sends_nothing_until_it_is_in_force_again(autojump_clock: MockClock) -> None:
    async with line() as it:
        it.ledger.fenced = True
        it.grant(1)
        await trio.sleep(1)
        assert it.carrier.on_wire == []
        assert it.limiter.withdrawn == [1]
        it.ledger.fenced = False
        it.grant(1)
        await trio.sleep(1)
        assert [n for n, _ in it.carrier.on_wire] == [1]
