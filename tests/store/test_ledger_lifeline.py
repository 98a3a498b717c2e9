"""What Lifeline does with the ledger: crashed claims, the ladder, answers to keywords, held texts, validity, sweeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import trio

from server.domain.carrier import Accepted, ListedMessage, Unknown
from server.domain.gate import MessageClass
from server.ports import OwedAnswer, Voided
from tests.store.test_ledger_outcomes import ACCEPTED, leave, outcome
from tests.store.world import ALICE, NOON, OUR_NUMBER, World, later


def listed(provider_id: str = "SM-listed", status: str = "delivered") -> ListedMessage:
    return ListedMessage(provider_id, OUR_NUMBER, ALICE, "Hi", "out", status, NOON)  # type: ignore[arg-type]  # a literal


# Crashed claims


async def test_claims_of_a_node_that_left_are_resolved_by_its_journal(world: World) -> None:
    thread = (await world.receive()).thread_id
    sent = [(await world.send(thread)).seq for _ in range(2)]
    never, perhaps = await world.authorise()
    assert await world.store.ledger.dead_nodes() == []
    await world.store.fleet.leave(world.gen)
    [node] = await world.store.ledger.dead_nodes()
    crashed = await world.store.ledger.crashed_attempts(node.gen)
    assert {(a.attempt_id, a.body, a.to) for a in crashed} == {(m.attempt_id, "Hi", ALICE) for m in (never, perhaps)}
    await world.store.ledger.resolve_crashed([never.attempt_id], [perhaps.attempt_id], NOON)
    boxes = [await world.box(thread, seq) for seq in sent]
    assert [box and box["state"] for box in boxes] == ["queued", "sending"]
    assert await world.store.ledger.dead_nodes() == []
    [unknown] = await world.store.ledger.open_attempts(datetime.now(UTC) + timedelta(minutes=1), 10)
    assert unknown.attempt_id == perhaps.attempt_id


async def test_claims_of_a_living_node_are_nobody_elses(world: World) -> None:
    mt, seq = await leave(world)
    assert await world.store.ledger.crashed_attempts(world.gen) == []
    await world.store.ledger.resolve_crashed([mt.attempt_id], [], NOON)
    box = await world.box(mt.thread_id, seq)
    assert box is not None
    assert box["state"] == "sending"


async def test_an_expired_node_may_come_back_until_its_claims_are_taken_over(world: World) -> None:
    await leave(world)
    await world.sql("UPDATE node SET expires_at = clock_timestamp() - interval '6 s'")
    assert [node.gen for node in await world.store.ledger.dead_nodes()] == [world.gen]
    assert await world.store.fleet.beat(world.gen, 10)
    assert await world.store.ledger.crashed_attempts(world.gen) == []
    await world.sql("UPDATE node SET expires_at = clock_timestamp() - interval '6 s'")
    assert len(await world.store.ledger.crashed_attempts(world.gen)) == 1
    assert not await world.store.fleet.beat(world.gen, 10)


async def test_a_journal_is_spent_once_its_server_is_gone_and_nothing_of_it_is_open(world: World) -> None:
    mt, _ = await leave(world)
    ours = await world.value("SELECT journal_id FROM node WHERE gen = $1", world.gen)
    asked = [ours, uuid4()]  # of the second one this database knows nothing: another's, in the same folder
    assert await world.store.ledger.spent_journals(asked) == frozenset()
    await world.store.fleet.leave(world.gen)
    assert await world.store.ledger.spent_journals(asked) == frozenset()
    await world.store.ledger.resolve_crashed([], [mt.attempt_id], NOON)
    assert await world.store.ledger.spent_journals(asked) == {ours}


# The ladder


async def test_the_ladder_asks_climbs_and_gives_up(world: World) -> None:
    mt, seq = await leave(world)
    await outcome(world, mt, Unknown("reset"))
    ledger, soon = world.store.ledger, datetime.now(UTC) + timedelta(seconds=5)
    assert await ledger.open_attempts(datetime.now(UTC) - timedelta(seconds=5), 10) == []
    [asked] = await ledger.open_attempts(soon, 10)
    assert (asked.attempt_id, asked.rung, asked.from_, asked.to) == (mt.attempt_id, 0, OUR_NUMBER, ALICE)
    await ledger.climb(mt.attempt_id, 0, soon + timedelta(seconds=60))
    await ledger.climb(mt.attempt_id, 0, soon + timedelta(seconds=90))  # another server, which had asked as well
    assert await ledger.open_attempts(soon, 10) == []
    [asked] = await ledger.open_attempts(soon + timedelta(seconds=60), 10)
    assert asked.rung == 1
    await ledger.give_up(mt.attempt_id, NOON)
    await ledger.give_up(mt.attempt_id, NOON)
    assert await world.state(mt.thread_id, seq) == "unconfirmed"
    assert await ledger.open_attempts(soon + timedelta(seconds=60), 10) == []


async def test_rivals_of_the_same_thread_are_listed_with_a_due_attempt(world: World) -> None:
    thread = (await world.receive()).thread_id
    for _ in range(2):
        await world.send(thread)
    unknown, rival = await world.authorise()
    await outcome(world, unknown, Unknown("reset"))
    found = await world.store.ledger.open_attempts(datetime.now(UTC) + timedelta(seconds=5), 10)
    assert [(a.attempt_id, a.unknown_since is None) for a in found] == [
        (unknown.attempt_id, False),
        (rival.attempt_id, True),
    ]


async def test_a_listed_message_is_bound_once(world: World) -> None:
    thread = (await world.receive()).thread_id
    sent = [(await world.send(thread)).seq for _ in range(2)]
    one, two = await world.authorise()
    for mt in (one, two):
        await outcome(world, mt, Unknown("reset"))
    ledger = world.store.ledger
    assert await ledger.unbound(1, [listed()]) == [listed()]
    assert await ledger.bind_listed(one.attempt_id, listed(), NOON)
    assert await ledger.unbound(1, [listed(), listed("SM-else")]) == [listed("SM-else")]
    assert not await ledger.bind_listed(two.attempt_id, listed(), NOON)
    assert [await world.state(thread, seq) for seq in sent] == ["delivered", "queued"]
    assert await ledger.bind_listed(one.attempt_id, listed(), NOON)  # repeated: the same answer


# Answers to keywords


async def answer(world: World, owed: OwedAnswer) -> bool:
    return await world.store.ledger.enqueue_answer(owed, f"{owed.brand}: {owed.kind}", 1, NOON)


async def test_a_stop_is_answered_once_even_by_four_lifelines_at_once(world: World) -> None:
    await world.stop()
    [owed] = await world.store.ledger.owed_answers(10)
    assert (owed.kind, owed.brand, owed.contact) == ("STOP", "Acme Realty", "(202) 555-0123")
    results: list[bool] = []

    async def one() -> None:
        results.append(await answer(world, owed))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(one)
    assert sorted(results) == [False, False, False, True]
    assert await world.store.ledger.owed_answers(10) == []
    [mt] = await world.authorise()  # an answer passes the opt-out that it confirms
    assert (mt.klass, mt.request.body) == (MessageClass.KEYWORD_ANSWER, "Acme Realty: STOP")
    assert mt.request.validity_s is not None
    assert 290 <= mt.request.validity_s <= 300


async def test_stop_start_stop_are_three_answers_and_only_the_true_one_leaves(world: World) -> None:
    await world.stop()
    await world.receive("START", keyword="START")
    await world.stop()
    for owed in await world.store.ledger.owed_answers(10):
        assert await answer(world, owed)
    assert [mt.request.body for mt in await world.authorise()] == ["Acme Realty: STOP"]


async def test_help_is_answered_at_most_once_in_five_minutes(world: World) -> None:
    for _ in range(2):
        await world.receive("HELP", keyword="HELP")
    first, second = await world.store.ledger.owed_answers(10)
    assert [await answer(world, first), await answer(world, second)] == [True, False]
    assert await world.store.ledger.owed_answers(10) == []
    await world.sql("UPDATE keyword_answer SET at = at - interval '6 min'")
    await world.receive("HELP", keyword="HELP")
    [third] = await world.store.ledger.owed_answers(10)
    assert await answer(world, third)


async def test_after_five_minutes_nothing_is_owed(world: World) -> None:
    await world.stop()
    [owed] = await world.store.ledger.owed_answers(10)
    await world.sql("UPDATE consent_event SET answer_by = clock_timestamp()")
    assert await world.store.ledger.owed_answers(10) == []
    assert not await answer(world, owed)


# Held texts, validity, sweeps


async def hold(world: World) -> tuple[int, int]:
    thread = (await world.receive()).thread_id
    sent = await world.send(thread)
    await world.stop()
    assert await world.authorise() == []
    return thread, sent.seq


async def test_send_anyway_lets_a_held_text_go(world: World) -> None:
    thread, seq = await hold(world)
    assert await world.store.ledger.release_held(1, thread, seq, True, 1, NOON)
    assert await world.state(thread, seq) == "queued"
    assert not await world.store.ledger.release_held(1, thread, seq, True, 1, NOON)
    [mt] = await world.authorise()
    await outcome(world, mt, ACCEPTED)
    assert await world.state(thread, seq) == "sent"
    assert await world.value("SELECT action FROM audit") == "held_text_sent"


async def test_a_second_stop_flip_holds_a_released_text_again(world: World) -> None:
    thread, seq = await hold(world)
    await world.store.ledger.release_held(1, thread, seq, True, 1, NOON)
    await world.receive("START", keyword="START")
    await world.stop()
    assert await world.authorise() == []
    assert await world.state(thread, seq) == "held"


async def test_cancelling_a_held_text_ends_it(world: World) -> None:
    thread, seq = await hold(world)
    assert not await world.store.ledger.release_held(2, thread, seq, False, 1, NOON)
    assert await world.store.ledger.release_held(1, thread, seq, False, 1, NOON)
    assert await world.state(thread, seq) == "cancelled"
    assert await world.sql("SELECT * FROM outbox") == []


async def test_queued_rows_whose_validity_has_passed_end(world: World) -> None:
    thread = (await world.receive()).thread_id
    late = await world.send(thread, expires_at=later(10))
    await world.send(thread, expires_at=later(30))
    await world.send(thread)
    assert await world.store.ledger.expire_due(later(10), 100) == 1
    assert await world.state(thread, late.seq) == "expired"
    assert len(await world.queued()) == 2


async def test_a_listed_text_that_came_before_is_not_unheard(world: World) -> None:
    ledger = world.store.ledger
    await world.receive(provider_id="SM-mo")
    other = listed("SM-other")
    assert await ledger.unheard(1, [listed("SM-mo"), other]) == [other]
    assert await ledger.unheard(2, [other, listed("SM-mo")]) == [other, listed("SM-mo")]


async def test_a_sweep_that_started_earlier_and_ends_later_moves_nothing_back(world: World) -> None:
    assert await world.store.ledger.swept_until(1) is None
    await world.store.ledger.note_sweep(1, later(10))
    await world.store.ledger.note_sweep(1, NOON)
    assert await world.store.ledger.swept_until(1) == later(10)


@pytest.mark.parametrize("what", [Voided("late"), Accepted("SM-z", "queued", 1)], ids=["void", "accepted"])
async def test_a_zombies_outcome_after_lifeline_took_over_changes_nothing(
    world: World, what: Voided | Accepted
) -> None:
    mt, seq = await leave(world, body="Zombie")
    await world.store.fleet.leave(world.gen)
    await world.store.ledger.resolve_crashed([mt.attempt_id], [], NOON)
    assert not await outcome(world, mt, what)
    box = await world.box(mt.thread_id, seq)
    assert box is not None
    assert box["state"] == "queued"
