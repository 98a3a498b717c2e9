"""Texts that may have asked to stop, on a real database: held at once, judged by one person, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import trio

from server.domain.gate import MessageClass
from server.domain.messages import AnswerOwed, ConsentFlipped, ReviewChanged
from server.domain.verdict import Reason
from server.ports import (
    Decided,
    DecidedOtherwise,
    MoArrival,
    MoRecorded,
    OptOutUnacknowledged,
    Refused,
    Review,
    ReviewDecision,
)
from server.store.ledger.inbound import Inbound
from tests.store.world import ALICE, BOB, NOON, World, holding, later, mo, mt

UNCLEAR, WRONG = "not interested", "Wrong number"


async def arrives(world: World, body: str, **more: Any) -> int:
    """As a webhook hands it over: the wording decides. Returns the thread."""
    arrival = MoArrival.of(1, mo(body, **more).text)
    recorded = await world.store.ledger.record_mo(arrival)
    assert isinstance(recorded, MoRecorded)
    return recorded.thread_id


async def endpoint(world: World, address: str = ALICE) -> tuple[bool, bool, int]:
    """Opted out, held, consent epoch."""
    [row] = await world.sql("SELECT opted_out, held, consent_epoch FROM endpoint WHERE address = $1", address)
    return row["opted_out"], row["held"], row["consent_epoch"]


async def waiting(world: World) -> list[Review]:
    return [one for one in (await world.store.reviews.page(1)).reviews if one.decision is None]


async def kinds(world: World) -> list[str]:
    return [row["kind"] for row in await world.sql("SELECT kind FROM consent_event ORDER BY id")]


async def decide(world: World, review: Review, decision: ReviewDecision, member: int = 1) -> Any:
    return await world.store.reviews.decide(1, review.review_id, decision, member, later(60))


@pytest.mark.parametrize(("body", "kind"), [(UNCLEAR, "ambiguous"), (WRONG, "wrong_number")])
async def test_a_text_that_may_ask_to_stop_holds_the_endpoint_and_waits_for_a_person(
    world: World, body: str, kind: str
) -> None:
    thread_id = await arrives(world, body)
    assert await endpoint(world) == (False, True, 0)
    [review] = await waiting(world)
    assert (review.kind, review.text, review.thread_id, review.seq, review.at) == (kind, body, thread_id, 1, NOON)
    assert await kinds(world) == [kind]
    assert world.heard(ReviewChanged) == [ReviewChanged(1, thread_id, 1, True)]
    assert not world.heard(AnswerOwed)
    assert await world.value("SELECT keyword FROM message") is None
    page = await world.store.inbox.thread(1, 1, thread_id)
    assert page is not None
    assert page.thread.held


async def test_plain_wording_is_a_stop_with_its_exact_text_as_evidence(world: World) -> None:
    await arrives(world, "Please stop texting me!")
    assert await endpoint(world) == (True, False, 1)
    assert await world.value("SELECT keyword FROM message") == "STOP"
    [event] = await world.sql("SELECT kind, text, source, answer_by FROM consent_event")
    assert (event["kind"], event["text"], event["source"]) == ("opted_out", "Please stop texting me!", "text")
    assert event["answer_by"] is not None


async def test_nothing_is_held_where_the_contact_has_opted_out(world: World) -> None:
    await arrives(world, "STOP")
    await arrives(world, UNCLEAR)
    await arrives(world, WRONG)
    assert await endpoint(world) == (True, False, 1)
    assert await waiting(world) == []
    assert await kinds(world) == ["opted_out"]


async def test_a_stop_while_held_opts_out_and_settles_the_review(world: World) -> None:
    await arrives(world, UNCLEAR)
    [review] = await waiting(world)
    await arrives(world, "STOP")
    assert await endpoint(world) == (True, False, 1)
    assert await waiting(world) == []
    told = await decide(world, review, "not_a_revocation")
    assert isinstance(told, DecidedOtherwise)
    assert (told.review.decision, told.review.decided_by) == ("opted_out", None)
    assert await endpoint(world) == (True, False, 1)


async def test_a_start_while_held_lifts_it_and_a_yes_does_not(world: World) -> None:
    await arrives(world, UNCLEAR)
    await arrives(world, "Yes")
    assert await endpoint(world) == (False, True, 0)
    assert len(await waiting(world)) == 1
    await arrives(world, "START")
    assert await endpoint(world) == (False, False, 0)
    assert await waiting(world) == []
    assert await kinds(world) == ["ambiguous", "released"]
    assert not world.heard(AnswerOwed)


@pytest.mark.parametrize("body", ["START", "unstop", "Iniciar", "YES"])
async def test_who_opted_out_starts_again_by_a_keyword(world: World, body: str) -> None:
    await arrives(world, "STOP")
    await arrives(world, body)
    assert await endpoint(world) == (False, False, 2)
    assert await world.value("SELECT keyword FROM message WHERE seq = 2") == "START"


async def test_a_carrier_that_takes_a_bare_yes_for_a_start_lifts_nothing(world: World) -> None:
    await arrives(world, UNCLEAR)
    await arrives(world, "yes", opt_out_type="START")
    assert await endpoint(world) == (False, True, 0)


async def test_a_newer_text_takes_the_place_of_the_one_that_waits(world: World) -> None:
    await arrives(world, UNCLEAR)
    [first] = await waiting(world)
    await arrives(world, WRONG)
    [second] = await waiting(world)
    assert second.kind == "wrong_number"
    told = await decide(world, first, "not_a_revocation")
    assert isinstance(told, DecidedOtherwise)
    assert told.review.decision == "superseded"
    assert await endpoint(world) == (False, True, 0)


@pytest.mark.parametrize(
    ("bodies", "expected", "decisions"),
    [
        pytest.param([UNCLEAR, WRONG], (False, True, 0), ["superseded", None], id="two that wait"),
        pytest.param([UNCLEAR, "STOP"], (True, False, 1), ["opted_out"], id="then a stop"),
        pytest.param([UNCLEAR, "START"], (False, False, 0), ["not_a_revocation"], id="then a start"),
        pytest.param(["STOP", UNCLEAR], (True, False, 1), [], id="after a stop"),
        pytest.param([UNCLEAR, "STOP", "START", WRONG], (False, True, 2), ["opted_out", None], id="and again"),
    ],
)
@pytest.mark.parametrize("held_before", [False, True])
async def test_texts_of_one_batch_take_effect_in_their_order(
    world: World, bodies: list[str], expected: tuple[bool, bool, int], decisions: list[str | None], held_before: bool
) -> None:
    if held_before:
        await arrives(world, "go away")
    batch = [MoArrival.of(1, mo(body).text) for body in bodies]
    await world.store.call(lambda c: Inbound(lambda: NOON).write(c, batch))
    assert await endpoint(world) == expected
    rows = await world.sql("SELECT decision FROM review ORDER BY id")
    assert [row["decision"] for row in rows][held_before:] == decisions
    assert (await world.value("SELECT count(*) FROM review WHERE decided_at IS NULL")) == expected[1]


async def test_queued_bulk_is_stopped_by_the_gate_and_a_persons_text_waits(world: World) -> None:
    thread_id = await arrives(world, "Hello")
    bulk = await world.send(thread_id, klass=MessageClass.BULK)
    person = await world.send(thread_id)
    await arrives(world, UNCLEAR)
    answers = await world.answers()
    assert [type(one) for one in answers] == [Refused, Refused]
    assert {one.reason for one in answers} == {Reason.RECIPIENT_HELD}
    assert await world.state(thread_id, bulk.seq) == "blocked"
    assert await world.state(thread_id, person.seq) == "held"


async def test_a_member_must_know_that_the_contact_is_held(world: World) -> None:
    thread_id = await arrives(world, UNCLEAR)
    assert await world.store.ledger.enqueue_mt(mt(thread_id)) == OptOutUnacknowledged()
    await world.send(thread_id, acknowledged_opt_out=True)
    assert len(await world.authorise()) == 1
    assert (await kinds(world))[-1] == "acknowledged"


async def test_a_hold_that_commits_while_t3_waits_for_its_lock_is_seen(world: World) -> None:
    thread_id = await arrives(world, "Hello")
    await world.send(thread_id, klass=MessageClass.BULK)
    answers: list[Any] = []

    async def authorise() -> None:
        answers.extend(await world.answers())

    async with trio.open_nursery() as nursery, holding(world, "UPDATE endpoint SET held = true") as connection:
        nursery.start_soon(authorise)
        while not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await trio.lowlevel.checkpoint()
        await world.store.bridge.call(lambda: connection.execute("COMMIT"))
    assert [type(one) for one in answers] == [Refused]


async def test_bulk_that_is_authorised_is_told_to_be_voided(world: World) -> None:
    thread_id = await arrives(world, "Hello")
    await world.send(thread_id, klass=MessageClass.BULK)
    [mt_] = await world.authorise()
    await arrives(world, UNCLEAR)
    assert ReviewChanged(1, thread_id, mt_.endpoint_id, True) in world.told


# A person decides


async def test_an_opt_out_by_a_members_word_is_a_stop_and_is_confirmed(world: World) -> None:
    thread_id = await arrives(world, UNCLEAR)
    [review] = await waiting(world)
    told = await decide(world, review, "opted_out")
    assert isinstance(told, Decided)
    assert (told.again, told.review.decided_by, told.review.decided_at) == (False, "Dana", later(60))
    assert await endpoint(world) == (True, False, 1)
    [event] = await world.sql("SELECT * FROM consent_event WHERE kind = 'opted_out'")
    assert (event["source"], event["member_id"], event["text"], event["consent_epoch"]) == ("member", 1, UNCLEAR, 1)
    assert world.heard(ConsentFlipped) == [ConsentFlipped(1, 1, True, 1)]
    assert world.heard(AnswerOwed) == [AnswerOwed(1, 1)]
    [owed] = await world.store.ledger.owed_answers(10)
    assert (owed.kind, owed.thread_id) == ("STOP", thread_id)
    audits = await world.sql("SELECT member_id, action, detail ->> 'decision' AS decision FROM audit")
    assert [tuple(row) for row in audits] == [(1, "review_decided", "opted_out")]


async def test_a_late_decision_is_not_confirmed(world: World) -> None:
    await arrives(world, UNCLEAR)
    await world.sql("UPDATE review SET answer_by = clock_timestamp()")
    [review] = await waiting(world)
    await decide(world, review, "opted_out")
    assert await endpoint(world) == (True, False, 1)
    assert not world.heard(AnswerOwed)
    assert await world.store.ledger.owed_answers(10) == []


async def test_an_old_swept_text_is_late_from_the_start(world: World) -> None:
    await arrives(world, UNCLEAR, received_at=NOON - timedelta(minutes=6))
    [review] = await waiting(world)
    await decide(world, review, "opted_out")
    assert await world.store.ledger.owed_answers(10) == []


async def test_what_was_no_revocation_releases_the_endpoint(world: World) -> None:
    thread_id = await arrives(world, UNCLEAR)
    [review] = await waiting(world)
    before = (await world.store.inbox.rows_by_id([thread_id]))[0].version
    await decide(world, review, "not_a_revocation")
    assert await endpoint(world) == (False, False, 0)
    assert await kinds(world) == ["ambiguous", "released"]
    assert world.heard(ReviewChanged)[-1] == ReviewChanged(1, thread_id, 1, False)
    [row] = await world.store.inbox.rows_by_id([thread_id])
    assert (row.held, row.version) == (False, before + 1)
    await world.send(thread_id, klass=MessageClass.BULK)
    assert len(await world.authorise()) == 1


async def test_a_wrong_number_stays_silent_without_a_confirmation(world: World) -> None:
    await arrives(world, WRONG)
    [review] = await waiting(world)
    await decide(world, review, "wrong_number")
    assert await endpoint(world) == (True, False, 1)
    assert await kinds(world) == ["wrong_number", "consent_invalid"]
    assert await world.store.ledger.owed_answers(10) == []
    assert not world.heard(AnswerOwed)


@pytest.mark.parametrize("decision", ["opted_out", "not_a_revocation", "wrong_number"])
async def test_the_same_decision_twice_is_one(world: World, decision: ReviewDecision) -> None:
    await arrives(world, UNCLEAR)
    [review] = await waiting(world)
    await decide(world, review, decision)
    told, before = len(world.told), await kinds(world)
    again = await decide(world, review, decision)
    assert isinstance(again, Decided)
    assert again.again
    assert (len(world.told), await kinds(world)) == (told, before)
    assert await world.value("SELECT count(*) FROM audit") == 1


async def test_a_second_other_decision_is_told_who_decided_and_when(world: World) -> None:
    await arrives(world, UNCLEAR)
    [review] = await waiting(world)
    await decide(world, review, "not_a_revocation")
    told = await decide(world, review, "opted_out")
    assert isinstance(told, DecidedOtherwise)
    assert (told.review.decision, told.review.decided_by, told.review.decided_at) == (
        "not_a_revocation", "Dana", later(60),
    )  # fmt: skip
    assert await endpoint(world) == (False, False, 0)


async def test_of_two_members_who_decide_at_once_one_is_heard(world: World) -> None:
    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash)"
        " VALUES (1, 'ed@example.org', 'Ed', 'agent', 'x')"
    )
    for round_ in range(12):
        await arrives(world, UNCLEAR, from_=f"+120255501{round_:02}")
    decisions: tuple[ReviewDecision, ...] = ("opted_out", "not_a_revocation")
    for review in await waiting(world):
        told: dict[int, Any] = {}

        async def one(member: int, review: Review = review, told: dict[int, Any] = told) -> None:
            told[member] = await decide(world, review, decisions[member - 1], member)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, 1)
            nursery.start_soon(one, 2)
        assert {type(one) for one in told.values()} == {Decided, DecidedOtherwise}
        assert told[1].review == told[2].review
        opted_out, held, epoch = await endpoint(world, review.address)
        assert (opted_out, held, epoch) == (told[1].review.decision == "opted_out", False, int(opted_out))
    assert await world.value("SELECT count(*) FROM audit") == 12


async def test_a_decision_that_races_a_stop_never_lifts_it(world: World) -> None:
    for round_ in range(12):
        await arrives(world, UNCLEAR, from_=f"+120255501{round_:02}")
    for review in await waiting(world):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(decide, world, review, "not_a_revocation")
            nursery.start_soon(partial(arrives, world, "STOP", from_=review.address))
        assert await endpoint(world, review.address) == (True, False, 1)


async def test_a_review_of_another_workspace_is_not_there(world: World) -> None:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'x')")
    await arrives(world, UNCLEAR)
    [review] = await waiting(world)
    assert await world.store.reviews.decide(2, review.review_id, "opted_out", 1, NOON) is None
    assert (await world.store.reviews.page(2)).reviews == []
    assert await world.store.reviews.open_counts([1, 2]) == {1: (1, {}), 2: (0, {})}
    assert (await world.store.inbox.user(1, 1)).open_reviews == 1


async def test_pages_show_the_open_ones_first_and_then_the_last_decided(world: World) -> None:
    for last in range(6):
        await arrives(world, UNCLEAR, from_=f"+120255501{last:02}")
    by_id = sorted(await waiting(world), key=lambda one: one.review_id)
    for minute, one in enumerate((by_id[1], by_id[4], by_id[0])):
        await world.store.reviews.decide(1, one.review_id, "not_a_revocation", 1, later(minute))
    shown: list[int] = []
    cursor = None
    while True:
        page = await world.store.reviews.page(1, cursor=cursor, limit=2)
        assert page.open == 3
        shown += [one.review_id for one in page.reviews]
        cursor = page.next_cursor
        if cursor is None:
            break
    expected = [by_id[n].review_id for n in (5, 3, 2, 0, 4, 1)]
    assert shown == expected
    with pytest.raises(ValueError, match="cursor"):
        await world.store.reviews.page(1, cursor="open.x")


async def test_the_open_ones_are_those_of_held_endpoints(world: World) -> None:
    for body, from_ in ((UNCLEAR, ALICE), (WRONG, BOB), ("STOP", ALICE), ("Hi", BOB), (UNCLEAR, ALICE)):
        await arrives(world, body, from_=from_)
    held = await world.sql("SELECT id FROM endpoint WHERE held")
    open_ = await world.sql("SELECT endpoint_id AS id FROM review WHERE decided_at IS NULL")
    assert held == open_
    assert replace((await waiting(world))[0], name=None).address == BOB
