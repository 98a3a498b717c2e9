"""The rule for rows is the rule of the domain, and follows texts, hands and roles."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from server.domain.messages import SightNarrowed, ThreadChanged
from server.domain.optout import classify
from server.domain.sight import sees
from server.ports import Decided, NoSuchThread, Show
from server.ports.compose import Unreachable, Wanted
from server.ports.team import Assign, NoSuchMember, TeamDone
from server.store.campaigns.queueing import threads
from server.store.conversations import inbox
from server.store.named_sql import statements
from tests.store.reading import rows_read
from tests.store.world import ALICE, BOB, NOON, OTHER_NUMBER, World, later, mt

pytestmark = pytest.mark.integration

DANA, RAJ, KIM = 1, 2, 3
COLLEAGUES = """
    INSERT INTO member (workspace_id, email, name, role, password_hash)
    VALUES (1, 'raj@example.org', 'Raj', 'agent', 'x'), (1, 'kim@example.org', 'Kim', 'manager', 'x')
"""


async def give(world: World, number_id: int, member_id: int | None) -> None:
    assert await world.store.numbers.give(1, number_id, member_id, by=KIM, version=None) in ("given", "again")


async def test_the_statement_says_what_the_rule_says(world: World) -> None:
    await world.sql(COLLEAGUES)
    for first, second in product([None, DANA, RAJ, KIM], repeat=2):
        await give(world, 1, first)
        await give(world, 2, second)
        for (member, role), over in product(((DANA, "agent"), (RAJ, "agent"), (KIM, "manager")), ([1], [2], [1, 2])):
            owners = [(first, second)[number - 1] for number in over]
            told = await world.value("SELECT NOT $2::bigint[] && hidden_from($1)", member, over)
            assert told is sees(member, role, owners), (member, over, owners)
            seen_by = await world.value("SELECT seen_by($1)", over)
            assert (seen_by is None or member in seen_by) is told


async def test_a_text_to_an_own_number_makes_the_whole_thread_its_owners(world: World) -> None:
    await world.sql(COLLEAGUES)
    await give(world, 2, RAJ)
    thread = (await world.receive("to everybody")).thread_id
    assert isinstance(await world.store.team.do(1, DANA, Assign(thread, DANA), NOON), TeamDone)
    world.told.clear()
    await world.receive("to Raj", to=OTHER_NUMBER)
    kinds = [type(one) for one in world.told if isinstance(one, SightNarrowed | ThreadChanged)]
    assert kinds == [SightNarrowed, ThreadChanged], "who may not hear it leaves before it is told"
    assert world.heard(SightNarrowed)[0].seen_by == {RAJ, KIM}
    assert await world.value("SELECT assignee_id FROM thread") is None
    await world.receive("to everybody again")
    assert await world.value("SELECT numbers FROM thread") == [1, 2]
    assert await world.store.inbox.seen_by(thread) == frozenset({RAJ, KIM})


async def test_who_may_not_see_a_thread_can_do_nothing_in_it(world: World) -> None:
    await world.sql(COLLEAGUES)
    await give(world, 1, RAJ)
    thread = (await world.receive()).thread_id
    assert await world.store.ledger.enqueue_mt(mt(thread, author_id=DANA)) == NoSuchThread()
    assert await world.store.inbox.mark_read(1, DANA, thread, 1) is None
    assert await world.store.team.do(1, DANA, Assign(thread, None), NOON) == NoSuchThread()
    assert await world.store.team.do(1, RAJ, Assign(thread, DANA), NOON) == NoSuchMember()
    assert await world.store.inbox.unread_threads([DANA, RAJ, KIM]) == {DANA: 0, RAJ: 1, KIM: 1}
    await give(world, 1, None)
    assert await world.store.inbox.unread_threads([DANA, RAJ, KIM]) == {DANA: 1, RAJ: 1, KIM: 1}
    await give(world, 1, DANA)
    assert await world.store.inbox.unread_threads([DANA, RAJ, KIM]) == {DANA: 1, RAJ: 0, KIM: 1}
    assert (await world.send(thread, author_id=DANA)).thread_id == thread


async def test_without_a_name_the_views_show_what_everybody_sees(world: World) -> None:
    await world.sql(COLLEAGUES)
    await world.receive("to Raj", to=OTHER_NUMBER)
    assert await world.value("SELECT count(*) FROM sight.message") == 1
    await give(world, 2, RAJ)
    assert await world.value("SELECT count(*) FROM sight.message") == 0


async def test_a_webhook_is_told_what_whoever_made_it_may_see(world: World) -> None:
    """Once they run nothing any more, the tries that are still to come are given up too."""
    await world.sql(COLLEAGUES)
    await give(world, 2, DANA)
    made = await world.store.hooks.add(1, KIM, "http://127.0.0.1:9/hook", ("message.received",), "whsec_AAAA")
    for body in ("one", "two"):
        await world.receive(body, to=OTHER_NUMBER)
    await world.store.events.number(100)
    [first] = await world.store.hooks.claim(1, [], 60.0)
    assert first.event.data["body"] == "one"
    await world.sql("UPDATE member SET role = 'agent' WHERE id = $1", KIM)
    await world.receive("three", to=OTHER_NUMBER)
    await world.receive("to everybody", from_=BOB)
    await world.store.events.number(100)
    assert [post.event.data["body"] for post in await world.store.hooks.claim(10, [], 60.0)] == ["to everybody"]
    log = await world.store.hooks.deliveries(1, made.endpoint_id, before=None, limit=10)
    assert log is not None
    assert [(one.event_seq, one.state) for one in log] == [(4, "pending"), (2, "failed"), (1, "pending")]
    assert log[1].error == "Whoever made this endpoint may not see it any more."


async def test_a_click_of_whom_a_colleague_writes_with_is_the_colleagues_to_hear(world: World) -> None:
    await world.sql(COLLEAGUES)
    await world.receive("to everybody", from_=BOB)
    await world.receive("to Raj", to=OTHER_NUMBER)
    await give(world, 2, RAJ)
    click = "SELECT seen_by(numbers_of(1, jsonb_build_object('campaign_id', 7, 'address', $1::text)))"
    assert await world.value(click, BOB) is None
    assert set(await world.value(click, ALICE)) == {RAJ, KIM}


async def test_a_campaign_goes_on_when_its_number_changes_hands_and_leaves_out_whom_others_write_with(
    world: World,
) -> None:
    """Whoever launched it may not even see what it writes by then; new texts over other own numbers are left out."""
    await world.sql(COLLEAGUES)
    hers, another = (await world.receive(from_=BOB)).thread_id, (await world.receive(to=OTHER_NUMBER)).thread_id
    await give(world, 1, RAJ)
    await give(world, 2, RAJ)
    campaign = {"id": 7, "workspace_id": 1, "launched_by": DANA, "number_id": 1}
    endpoints = [row["endpoint_id"] for row in await world.sql("SELECT endpoint_id FROM thread ORDER BY endpoint_id")]

    async def turn(connection: Any) -> Any:
        return await threads(connection, campaign, endpoints, NOON, quiet=False)

    found = (await world.store.call(turn)).values()
    assert {row["id"]: row["hidden"] for row in found} == {hers: False, another: True}


async def test_new_conversations_begin_at_a_number_that_is_everybodys(world: World) -> None:
    await world.sql(COLLEAGUES)
    await give(world, 1, RAJ)
    ways = [world.store.compose, *(world.store.sight.parts(member)["compose"] for member in (DANA, RAJ))]
    for nth, compose in enumerate(ways):
        [thread] = await compose.open_threads(1, [Wanted(uuid4(), f"+1857555010{nth}", None)], None, NOON)
        assert await world.value("SELECT number_id FROM thread WHERE id = $1", thread) == 2


async def test_a_text_over_an_own_number_is_refused_to_who_may_not_use_it(world: World) -> None:
    await world.sql(COLLEAGUES)
    await world.receive()
    await give(world, 1, RAJ)
    compose = world.store.sight.parts(DANA)["compose"]
    fresh = Wanted(uuid4(), "+18575550123", None)
    assert await compose.open_threads(1, [fresh], 1, NOON) == [Unreachable("no_number")]
    known = Wanted(uuid4(), ALICE, None)
    assert await compose.open_threads(1, [known], None, NOON) == [Unreachable("anothers_number")]
    [thread] = await world.store.sight.parts(RAJ)["compose"].open_threads(1, [fresh], 1, NOON)
    refused = await world.store.ledger.enqueue_bulk([mt(thread, author_id=DANA)])
    assert refused == [NoSuchThread()]
    assert (await world.send(thread, author_id=RAJ)).thread_id == thread


async def test_whoever_is_narrowed_decides_a_review_that_they_see_and_all_of_it_is_done(world: World) -> None:
    await world.sql(COLLEAGUES)
    words = "can you stop sending me pictures"
    for known in ({"from_": BOB}, {"to": OTHER_NUMBER}):
        await world.receive(words, keyword=classify(words), **known)
    await give(world, 2, RAJ)
    reviews = world.store.sight.parts(DANA)["reviews"]
    [seen] = (await reviews.page(1)).reviews
    assert seen.address == BOB
    decided = await reviews.decide(1, seen.review_id, "opted_out", DANA, NOON)
    assert isinstance(decided, Decided)
    assert await world.value("SELECT opted_out FROM endpoint WHERE address = $1", BOB) is True
    hidden = await world.value("SELECT max(id) FROM review")
    assert await reviews.decide(1, hidden, "opted_out", DANA, NOON) is None
    assert (await world.store.reviews.open_counts([1])) == {1: (1, {DANA: 0})}


# What it costs whom a number is hidden from

LISTED = """
    INSERT INTO endpoint (workspace_id, address) SELECT 1, '+1202' || 5550000 + n FROM generate_series(1, 10000) n;
    INSERT INTO thread (workspace_id, endpoint_id, number_id, last_seq, in_total, last_at, listed, waiting_since)
    SELECT 1, id, 1 + id % 2, 1, 1, now() - id * interval '1 minute', true, now()
    FROM endpoint WHERE address LIKE '+1202%';
    INSERT INTO message (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, state, created_at)
    SELECT id, 1, 1, 'in', 1, number_id, 'inbound', 'Is it still free?', 'received', last_at FROM thread;
    ANALYZE;
"""
AS_DANA = f"SET LOCAL search_path = sight, public; SET LOCAL threadline.viewer = '{DANA}'"
PASSED_BY = 2  # for each row that is shown, where half of them are hidden


async def crowded(world: World) -> None:
    """Every second of ten thousand conversations goes over Raj's own number."""
    await world.sql(COLLEAGUES)
    await world.store.call(lambda c: c.execute(LISTED))
    await give(world, 2, RAJ)


@pytest.mark.parametrize("show", ["open", "waiting", "unread"])
async def test_a_page_reads_what_it_passes_by_and_no_more(world: World, show: Show) -> None:
    await crowded(world)
    page = inbox._ROWS[show], 1, DANA, None, None, 51
    whole = await rows_read(world, *page)
    narrow = await rows_read(world, *page, after=AS_DANA)
    assert narrow < PASSED_BY * whole + 300


async def test_a_walk_through_all_texts_looks_at_each_ones_thread_and_no_others(world: World) -> None:
    await crowded(world)
    walk = statements("history")["walk"], 1, later(60), 0, 0, NOON - timedelta(days=3650), 200, 51
    read = await rows_read(world, *walk, after=AS_DANA)
    assert read < 200 * 2 * PASSED_BY + 300


# That nothing looks past the views

BOUND = """
    SELECT DISTINCT p.proname FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
    JOIN pg_class c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
    WHERE p.pronamespace = 'public'::regnamespace AND c.relname = ANY ($1)
"""
SEEN_PAST = {
    "hidden_from": "it is the rule",
    "seen_by": "it tells a server whom to tell",
    "numbers_of": "the same",
    "unread_since": "it holds the rule itself",
    "text_of_campaign": "that a text is of a campaign is part of its conversation",
}
"""Functions whose bodies name tables of the whole database, and why they may."""


async def test_every_view_and_function_over_what_may_be_hidden_has_its_place(world: World) -> None:
    """A search path changes what a statement names, and not what a view or a function was made of."""
    narrow = [
        row["relname"]
        for row in await world.sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'sight'::regnamespace AND relkind = 'v'"
        )
    ]
    views = await world.sql(
        "SELECT DISTINCT view_name FROM information_schema.view_table_usage"
        " WHERE view_schema = 'public' AND table_schema = 'public' AND table_name = ANY ($1)",
        narrow,
    )
    assert {row["view_name"] for row in views} <= set(narrow)
    assert {row["proname"] for row in await world.sql(BOUND, narrow)} == set(SEEN_PAST)
