"""Texts for later, what a reply cancels, and taking a text back: on a real database, raced against T3."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from server.domain.carrier import Accepted, Unknown
from server.domain.gate import MessageClass
from server.domain.messages import OutboxGrew, Replied, StatusChange, ThreadChanged
from server.ports import OptOutUnacknowledged, Refused
from server.ports.compose import Change
from tests.store.world import ALICE, BOB, NOON, World, holding, later, mt

LATER = MessageClass.SEND_LATER


async def for_later(world: World, **more: Any) -> tuple[int, int]:
    """A text for later to Alice, who has written once: its thread and seq."""
    thread = (await world.receive()).thread_id
    text = await world.send(thread, klass=LATER, due_at=later(3600), cancel_on_reply=True, **more)
    return thread, text.seq


async def cancel(world: World, thread: int, seq: int) -> str | None:
    return await world.store.compose.cancel(1, thread, seq, 1, NOON)


async def error_of(world: World, thread: int, seq: int) -> str:
    found: str = await world.value("SELECT error_code FROM message WHERE thread_id = $1 AND seq = $2", thread, seq)
    return found


# A reply cancels


async def test_a_text_for_later_waits_is_shown_with_its_time_and_leaves_then(world: World) -> None:
    thread, seq = await for_later(world)
    page = await world.store.inbox.thread(1, 1, thread)
    assert page is not None
    assert (page.messages[-1].state, page.messages[-1].waits_until) == ("queued", later(3600))
    assert world.heard(ThreadChanged)[-1].events[0].waits_until == later(3600)
    assert await world.authorise(now=later(3599)) == []
    assert len(await world.authorise(now=later(3600))) == 1
    assert await world.state(thread, seq) == "queued"


async def test_a_reply_cancels_it_at_the_gate_even_before_anybody_tidied(world: World) -> None:
    thread, seq = await for_later(world)
    await world.receive("I am free at four")
    assert await world.answers(now=later(3600)) == [Refused(1, "blocked", "replied")]
    assert (await world.state(thread, seq), await error_of(world, thread, seq)) == ("cancelled", "replied")


async def test_without_the_wish_a_reply_cancels_nothing(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=LATER, due_at=later(60))
    await world.receive("Something else")
    assert await world.store.ledger.cancel_replied([thread], NOON, 10) == 0
    assert len(await world.authorise(now=later(60))) == 1


async def test_a_reply_says_where_a_text_waits_that_it_cancels_and_nowhere_else(world: World) -> None:
    thread, _ = await for_later(world)
    other = (await world.receive(from_=BOB)).thread_id
    await world.send(other, klass=LATER, due_at=later(60))
    world.told.clear()
    await world.receive("And I", from_=BOB)
    await world.receive("I am free at four")
    assert world.heard(Replied) == [Replied(1, thread)]


async def test_replies_say_it_until_nothing_waits_there_any_more(world: World) -> None:
    thread, _ = await for_later(world)
    kept = await world.send(thread, klass=LATER, due_at=later(3600))

    async def says_it() -> bool:
        world.told.clear()
        await world.receive("I am free at four")
        return world.heard(Replied) == [Replied(1, thread)]

    assert await says_it()
    assert await says_it(), "nobody has looked yet"
    assert await world.store.ledger.cancel_replied([thread], NOON, 10) == 1
    assert not await says_it()
    await world.store.compose.change(1, thread, kept.seq, 1, Change(cancel_on_reply=True), NOON)
    assert await says_it()
    async with holding(world, "SELECT FROM outbox FOR UPDATE"):
        assert await world.store.ledger.cancel_replied([thread], NOON, 10) == 0
    assert await says_it(), "what somebody else held is not forgotten"
    assert await world.store.ledger.cancel_replied([thread], NOON, 10) == 1
    assert not await says_it()


async def test_what_a_reply_cancels_ends_at_once_in_its_thread_only(world: World) -> None:
    thread, seq = await for_later(world)
    other = (await world.receive(from_=BOB)).thread_id
    kept = await world.send(other, klass=LATER, due_at=later(60), cancel_on_reply=True)
    await world.receive("I am free at four")
    world.told.clear()
    assert await world.store.ledger.cancel_replied([other], NOON, 10) == 0
    assert await world.store.ledger.cancel_replied([thread], NOON, 10) == 1
    [change] = world.heard(ThreadChanged)
    assert (change.events[0].ref, change.events[0].state, change.events[0].error_code) == (seq, "cancelled", "replied")
    await world.receive("And I", from_=BOB)
    assert await world.store.ledger.cancel_replied(None, NOON, 10) == 1
    assert await world.state(other, kept.seq) == "cancelled"
    assert await world.value("SELECT count(*) FROM outbox") == 0


async def test_a_reply_that_is_stored_while_t3_looks_comes_before_or_after_it_and_never_between(world: World) -> None:
    """T3 holds the thread from its look at the replies to its commit."""
    await for_later(world)
    answers: list[Any] = []

    async def authorise() -> None:
        answers.extend(await world.answers(rows=[1], now=later(3600)))

    reply = ("SELECT FROM thread FOR NO KEY UPDATE", "UPDATE thread SET in_total = 2")
    async with trio.open_nursery() as nursery, holding(world, *reply) as other:
        nursery.start_soon(authorise)
        while not answers and not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await trio.lowlevel.checkpoint()
        assert answers == []
        await world.store.bridge.call(lambda: other.execute("COMMIT"))
    assert answers == [Refused(1, "blocked", "replied")]


async def test_a_person_who_sends_it_anyway_is_not_stopped_by_an_older_reply(world: World) -> None:
    thread, seq = await for_later(world)
    await world.sql("UPDATE outbox SET state = 'held'")
    await world.sql("UPDATE message SET state = 'held', rank = 5 WHERE direction = 'out'")
    await world.receive("I am free at four")
    assert await world.store.ledger.release_held(1, thread, seq, True, 1, later(0))
    assert len(await world.authorise()) == 1


@pytest.mark.parametrize("acknowledged", [False, True])
async def test_nothing_is_planned_for_whom_has_opted_out(world: World, acknowledged: bool) -> None:
    thread = (await world.stop()).thread_id
    text = mt(thread, klass=LATER, due_at=later(60), acknowledged_opt_out=acknowledged)
    assert await world.store.ledger.enqueue_mt(text) == OptOutUnacknowledged()


# Taking back


async def test_what_waits_is_taken_back_once_and_for_all(world: World) -> None:
    thread, seq = await for_later(world)
    assert [await cancel(world, thread, seq) for _ in range(2)] == ["cancelled", "cancelled"]
    assert await world.authorise(now=later(3600)) == []
    assert await world.value("SELECT array_agg(action) FROM audit") == ["text_cancelled"]
    change = world.heard(ThreadChanged)[-1].events[0]
    assert isinstance(change, StatusChange)
    assert (change.ref, change.state, change.error_code) == (seq, "cancelled", None)


async def test_the_inbox_shows_the_text_before_the_one_that_was_taken_back(world: World) -> None:
    thread, seq = await for_later(world)
    await cancel(world, thread, seq)
    page = await world.store.inbox.thread(1, 1, thread)
    assert page is not None
    assert (page.thread.preview, page.thread.direction) == ("Hello", "in")


async def test_what_t3_took_is_not_taken_back(world: World) -> None:
    thread = (await world.receive()).thread_id
    text = await world.send(thread)
    [one] = await world.authorise()
    assert await cancel(world, thread, text.seq) == "sending"
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Accepted("SM1", "queued", 1), NOON)
    assert await cancel(world, thread, text.seq) == "sent"
    assert await world.state(thread, text.seq) == "sent"


async def test_what_may_have_left_is_not_taken_back_though_it_waits_again(world: World) -> None:
    thread = (await world.receive()).thread_id
    text = await world.send(thread)
    [one] = await world.authorise()
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, Unknown("reset"), NOON)
    await world.store.ledger.resend(one.attempt_id, NOON, later(60))
    assert await cancel(world, thread, text.seq) == "sending"
    assert await world.box(thread, text.seq) is not None


async def test_what_waits_for_a_person_can_be_taken_back_too(world: World) -> None:
    thread = (await world.receive()).thread_id
    text = await world.send(thread)
    await world.stop()
    await world.answers()
    assert await world.state(thread, text.seq) == "held"
    assert await cancel(world, thread, text.seq) == "cancelled"


async def test_there_is_nothing_to_take_back_of_theirs_of_nobodys_or_in_another_workspace(world: World) -> None:
    thread, seq = await for_later(world)
    assert await cancel(world, thread, 1) is None
    assert await cancel(world, thread, seq + 5) is None
    assert await world.store.compose.cancel(2, thread, seq, 1, NOON) is None
    assert await world.store.compose.change(2, thread, seq, 1, Change(body="Ho", segments=1), NOON) is None
    assert await world.state(thread, seq) == "queued"


@pytest.mark.parametrize("rounds", [12])
async def test_a_text_that_is_taken_back_and_sent_at_once_is_one_or_the_other(world: World, rounds: int) -> None:
    """Two of three run at a time: who has the outbox row first wins, and the other sees what the first did."""
    thread = (await world.receive()).thread_id
    ends = set()
    for _ in range(rounds):
        text = await world.send(thread)
        [row] = await world.queued()
        left: list[Any] = []
        states: list[str | None] = []

        async def authorise(row: int = row, left: list[Any] = left) -> None:
            left.extend(await world.authorise(rows=[row]))

        async def take_back(seq: int = text.seq, states: list[str | None] = states) -> None:
            states.append(await cancel(world, thread, seq))

        async with trio.open_nursery() as nursery:
            for one in (authorise, take_back, authorise):
                nursery.start_soon(one)
        assert (len(left), states) in ((1, ["sending"]), (0, ["cancelled"]))
        ends.add(states[0])
        await world.sql("DELETE FROM outbox")
    assert ends <= {"sending", "cancelled"}


@pytest.mark.parametrize(("first", "expected"), [("cancel", ("cancelled", 0)), ("t3", ("sending", 1))])
async def test_who_has_the_row_first_wins(world: World, first: str, expected: tuple[str, int]) -> None:
    """The loser is started while the winner's transaction is open: T3 skips the row, a cancellation waits for T3."""
    thread = (await world.receive()).thread_id
    text = await world.send(thread)
    begun = (
        f"SELECT cancel_mt(1, {thread}, {text.seq}, 1, now())"
        if first == "cancel"
        else f"SELECT claim_granted('{{1}}', {world.gen}, {world.limiter_epoch}, now() + '100 years', 0, '0 s')"
    )
    ended = "SELECT" if first == "cancel" else "UPDATE outbox SET state = 'sending'"
    async with holding(world, begun, ended) as winner:
        outcome: list[Any] = []

        async def lose() -> None:
            outcome.append(await (world.authorise(rows=[1]) if first == "cancel" else cancel(world, thread, text.seq)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(lose)
            while not outcome and not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await trio.lowlevel.checkpoint()
            await world.store.bridge.call(lambda: winner.execute("COMMIT"))
    expected_outcome: list[Any] = [[]] if first == "cancel" else ["sending"]
    assert outcome == expected_outcome
    state, rows = expected
    assert await world.value("SELECT count(*) FROM outbox") == rows
    assert await cancel(world, thread, text.seq) == state


# Changing


async def test_the_words_and_the_time_of_a_text_for_later_can_be_changed(world: World) -> None:
    thread, seq = await for_later(world)
    changed = Change("Ho ho", 3, later(7200), later(9000))
    assert await world.store.compose.change(1, thread, seq, 1, changed, NOON) == "queued"
    told = world.heard(ThreadChanged)[-1].events[0]
    assert (told.body, told.state, told.waits_until) == ("Ho ho", "queued", later(7200))
    assert await world.store.inbox.events_after(1, thread, seq) == [told]
    page = await world.store.inbox.thread(1, 1, thread)
    assert page is not None
    assert (page.messages[-1].body, page.messages[-1].segments, page.thread.preview) == ("Ho ho", 3, "Ho ho")
    assert await world.authorise(now=later(3600)) == []
    [one] = await world.authorise(now=later(7200))
    assert (one.request.body, one.cost) == ("Ho ho", 3)


async def test_what_is_not_said_stays_as_it_is(world: World) -> None:
    thread, seq = await for_later(world)
    await world.store.compose.change(1, thread, seq, 1, Change(cancel_on_reply=False), NOON)
    await world.receive("I am free at four")
    [one] = await world.authorise(now=later(3600))
    assert one.request.body == "Hi"


async def test_a_time_that_has_come_rings_for_the_stager(world: World) -> None:
    thread, seq = await for_later(world)
    await world.store.compose.change(1, thread, seq, 1, Change(due_at=NOON, expires_at=later(60)), NOON)
    assert world.heard(OutboxGrew) == [OutboxGrew(frozenset({1}))]
    assert len(await world.authorise()) == 1


async def test_only_what_waits_for_its_time_can_be_changed(world: World) -> None:
    thread, seq = await for_later(world)
    reply = await world.send(thread)
    assert await world.store.compose.change(1, thread, reply.seq, 1, Change("Ho", 1), NOON) == "not_later"
    await world.authorise(now=later(3600))
    assert await world.store.compose.change(1, thread, seq, 1, Change("Ho", 1), NOON) == "sending"
    assert await world.value("SELECT count(*) FROM message WHERE body = 'Ho'") == 0


async def test_a_person_who_changes_a_text_lets_a_later_reply_cancel_it(world: World) -> None:
    thread, seq = await for_later(world)
    await world.store.compose.change(1, thread, seq, 1, Change(cancel_on_reply=False), NOON)
    await world.receive("One")
    await world.store.compose.change(1, thread, seq, 1, Change(cancel_on_reply=True), NOON)
    assert await world.store.ledger.cancel_replied(None, NOON, 9) == 0
    await world.receive("Two", from_=ALICE)
    assert await world.store.ledger.cancel_replied(None, NOON, 9) == 1
