"""Colleagues on one thread: assign, close, snooze, claim, notes; what each view of the inbox shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio

from server.domain.gate import MessageClass
from server.domain.messages import Activity, Claim, Colleague, Mentioned, Note, ReadMoved, ThreadChanged, ThreadRow
from server.domain.teamwork import CLAIM_FOR
from server.ports import ClaimedByOther, CommandConflict, Enqueued, InboxView, Mentions, NoSuchThread, Overtaken, Show
from server.ports.team import (
    Assign,
    DropClaim,
    HoldClaim,
    NoSuchMember,
    SetClosed,
    Snooze,
    TeamDeed,
    TeamDone,
    TeamResult,
    WriteNote,
)
from tests.store.world import ALICE, BOB, NOON, World, holding, mt

DANA, PRIYA, ELSEWHERE = 1, 2, 3
LATER = NOON + timedelta(hours=3)


@pytest.fixture
async def team(world: World) -> World:
    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash) "
        "VALUES (1, 'priya@example.org', 'Priya Shah', 'agent', 'x')"
    )
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Else', true, 'Else', 'x')")
    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash) "
        "VALUES (2, 'eve@example.org', 'Eve', 'owner', 'x')"
    )
    return world


async def do(team: World, deed: TeamDeed, by: int = DANA, now: datetime = NOON) -> TeamResult:
    return await team.store.team.do(1, by, deed, now)


async def row(team: World, thread_id: int) -> ThreadRow:
    return (await team.store.inbox.rows_by_id([thread_id]))[0]


async def shown(team: World, show: Show, member: int = DANA, campaign_id: int | None = None) -> list[int]:
    page = await team.store.inbox.rows(1, member, view=InboxView(show, campaign_id))
    return [one.thread_id for one in page.rows]


async def events(team: World, thread_id: int) -> list[object]:
    return list(await team.store.inbox.events_after(1, thread_id, 0) or [])


# What is done stands in the thread's history, once


async def test_an_assignment_is_told_once_and_stands_in_the_row_and_in_the_history(team: World) -> None:
    thread = (await team.receive()).thread_id
    team.told.clear()
    assert await do(team, Assign(thread, PRIYA)) == TeamDone(2)
    assert await do(team, Assign(thread, PRIYA)) == TeamDone(None)
    told = team.heard(ThreadChanged)
    written = Activity(thread, 2, "assigned", NOON, by=DANA, by_name="Dana", to=PRIYA, to_name="Priya Shah")
    assert [change.events for change in told] == [(written,)]
    assert (await events(team, thread))[1:] == [written]
    assert (await row(team, thread)).assignee == Colleague(PRIYA, "Priya Shah")
    assert await do(team, Assign(thread, None)) == TeamDone(3)
    assert (await row(team, thread)).assignee is None


async def test_nobody_elses_member_and_nobody_who_left_is_assigned(team: World) -> None:
    thread = (await team.receive()).thread_id
    await team.sql("UPDATE member SET disabled_at = now() WHERE id = $1", PRIYA)
    assert await do(team, Assign(thread, ELSEWHERE)) == NoSuchMember()
    assert await do(team, Assign(thread, PRIYA)) == NoSuchMember()
    assert (await row(team, thread)).assignee is None


@pytest.mark.parametrize(
    "deed",
    [
        lambda thread: Assign(thread, None),
        lambda thread: SetClosed(thread, True),
        lambda thread: Snooze(thread, LATER),
        lambda thread: HoldClaim(thread),
        lambda thread: DropClaim(thread),
        lambda thread: WriteNote(thread, uuid4(), "Hm"),
    ],
)
async def test_another_workspaces_thread_is_not_there(team: World, deed: Callable[[int], TeamDeed]) -> None:
    thread = (await team.receive()).thread_id
    before = await team.sql("SELECT * FROM thread")
    assert await team.store.team.do(2, ELSEWHERE, deed(thread), NOON) == NoSuchThread()
    assert await team.sql("SELECT * FROM thread") == before


async def test_who_resumes_hears_of_what_was_done(team: World) -> None:
    thread = (await team.receive()).thread_id
    p = (await team.store.inbox.rows(1, PRIYA)).p
    await do(team, SetClosed(thread, True))
    changed = await team.store.inbox.rows(1, PRIYA, since=p)
    assert [(one.thread_id, one.closed) for one in changed.rows] == [(thread, True)]


# Closed, snoozed, waiting


async def test_a_text_of_the_contact_opens_what_was_closed_and_wakes_what_was_snoozed(team: World) -> None:
    first, second = (await team.receive(from_=ALICE)).thread_id, (await team.receive(from_=BOB)).thread_id
    await do(team, SetClosed(first, True))
    await do(team, Snooze(second, LATER))
    assert (await shown(team, "open"), await shown(team, "closed"), await shown(team, "snoozed")) == (
        [],
        [first],
        [second],
    )
    await team.receive("Still there?", from_=ALICE)
    await team.receive("Hello?", from_=BOB)
    assert await shown(team, "open") == [second, first]
    assert (await row(team, second)).snoozed_until is None


async def test_closing_ends_a_snooze_and_a_snooze_opens(team: World) -> None:
    thread = (await team.receive()).thread_id
    await do(team, Snooze(thread, LATER))
    await do(team, SetClosed(thread, True))
    one = await row(team, thread)
    assert (one.closed, one.snoozed_until) == (True, None)
    await do(team, Snooze(thread, LATER))
    one = await row(team, thread)
    assert (one.closed, one.snoozed_until) == (False, LATER)


async def test_what_is_due_wakes_once_and_is_unread_again_for_who_snoozed_it(team: World) -> None:
    thread = (await team.receive()).thread_id
    for member in (DANA, PRIYA):
        await team.store.inbox.mark_read(1, member, thread, 1)
    await do(team, Snooze(thread, LATER), by=PRIYA)
    assert await team.store.team.wake_due(LATER - timedelta(seconds=1), 10) == 0
    team.told.clear()
    assert [await team.store.team.wake_due(LATER, 10) for _ in range(2)] == [1, 0]
    assert [one.mark.member_id for one in team.heard(ReadMoved)] == [PRIYA]
    assert await team.store.inbox.unread_threads([DANA, PRIYA]) == {DANA: 0, PRIYA: 1}
    assert (await events(team, thread))[-1] == Activity(thread, 3, "woken", LATER)
    assert await shown(team, "open") == [thread]


async def test_two_servers_wake_each_thread_once(team: World) -> None:
    threads = [(await team.receive(from_=f"+1202555{n:04}")).thread_id for n in range(110, 140)]
    for thread in threads:
        await do(team, Snooze(thread, LATER))
    woken: list[int] = []

    async def wake() -> None:
        while count := await team.store.team.wake_due(LATER, 7):
            woken.append(count)

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(wake)
    assert sum(woken) == len(threads)
    assert await team.value("SELECT count(*) FROM thread_event WHERE data->>'what' = 'woken'") == len(threads)


async def test_what_is_put_off_again_while_others_wake_stays_away(team: World) -> None:
    """The waker found it due, and has not come to it yet: it locks threads a few at a time."""
    threads = [(await team.receive(from_=f"+1202555{n:04}")).thread_id for n in range(110, 140)]
    for thread in threads:
        await do(team, Snooze(thread, LATER))
    await team.store.inbox.mark_read(1, DANA, threads[0], 1)
    woken: list[int] = []

    async def wake() -> None:
        woken.append(await team.store.team.wake_due(LATER, len(threads)))

    async with trio.open_nursery() as nursery, holding(team, "SELECT FROM thread_read FOR NO KEY UPDATE"):
        nursery.start_soon(wake)
        while not woken and not await team.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await trio.lowlevel.checkpoint()
        assert await do(team, Snooze(threads[-1], LATER + timedelta(hours=1))) != TeamDone(None)
    assert woken == [len(threads) - 1]
    assert await shown(team, "snoozed") == [threads[-1]]


async def test_a_thread_waits_from_its_first_unanswered_text_until_somebody_answers(team: World) -> None:
    first = (await team.receive("Is it free?", from_=ALICE, received_at=NOON)).thread_id
    second = (await team.receive("Hello", from_=BOB, received_at=NOON + timedelta(minutes=1))).thread_id
    await team.receive("Anybody?", from_=ALICE, received_at=NOON + timedelta(minutes=2))
    assert (await row(team, first)).waiting_since == NOON
    assert await shown(team, "waiting") == [first, second]
    await team.send(first, klass=MessageClass.BULK)
    assert await shown(team, "waiting") == [first, second]
    await team.send(first)
    assert await shown(team, "waiting") == [second]
    await do(team, SetClosed(second, True))
    assert await shown(team, "waiting") == []
    await do(team, SetClosed(second, False))
    assert await shown(team, "waiting") == []


async def test_a_keyword_waits_for_nobody(team: World) -> None:
    thread = (await team.stop()).thread_id
    assert (await row(team, thread)).waiting_since is None
    await team.receive("But I loved the house", from_=ALICE)
    assert await shown(team, "waiting") == [thread]


async def test_waiting_pages_in_the_order_of_their_wait_without_gap_or_repeat(team: World) -> None:
    threads = [
        (await team.receive(from_=f"+1202555{n:04}", received_at=NOON + timedelta(minutes=n % 3))).thread_id
        for n in range(110, 121)
    ]
    found: list[int] = []
    cursor = None
    while True:
        page = await team.store.inbox.rows(1, DANA, view=InboxView("waiting"), cursor=cursor, limit=4)
        found += [one.thread_id for one in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    waits = {thread: (await row(team, thread)).waiting_since for thread in threads}
    assert found == sorted(threads, key=lambda thread: (waits[thread], thread))


# Views


async def test_each_view_shows_what_it_names(team: World) -> None:
    mine, nobodys, priyas = [(await team.receive(from_=f"+1202555{n:04}")).thread_id for n in (110, 111, 112)]
    await do(team, Assign(mine, DANA))
    await do(team, Assign(priyas, PRIYA))
    await team.store.inbox.mark_read(1, DANA, nobodys, 1)
    await do(team, WriteNote(priyas, uuid4(), "@Dana please look"), by=PRIYA)
    assert await shown(team, "open") == [priyas, nobodys, mine]
    assert await shown(team, "mine") == [mine]
    assert await shown(team, "mine", PRIYA) == [priyas]
    assert await shown(team, "unassigned") == [nobodys]
    assert await shown(team, "unread") == [priyas, mine]
    assert await shown(team, "mentions") == [priyas]
    assert await shown(team, "mentions", PRIYA) == []
    await do(team, SetClosed(mine, True))
    assert await shown(team, "mine") == []
    assert await shown(team, "all") == [priyas, nobodys, mine]
    assert await shown(team, "campaign", campaign_id=4) == []


# One answers at a time


async def answer(team: World, thread: int, by: int, **more: Any) -> object:
    return await team.store.ledger.enqueue_mt(mt(thread, author_id=by, **more))


async def test_only_who_claimed_a_thread_answers_until_they_did(team: World) -> None:
    thread = (await team.receive()).thread_id
    held = await do(team, HoldClaim(thread))
    assert held == TeamDone(None, NOON + CLAIM_FOR)
    assert (await row(team, thread)).claim == Claim(Colleague(DANA, "Dana"), NOON + CLAIM_FOR)
    assert await do(team, HoldClaim(thread), by=PRIYA) == ClaimedByOther("Dana", NOON + CLAIM_FOR)
    assert await answer(team, thread, PRIYA) == ClaimedByOther("Dana", NOON + CLAIM_FOR)
    assert isinstance(await answer(team, thread, DANA), Enqueued)
    assert (await row(team, thread)).claim is None
    assert isinstance(await answer(team, thread, PRIYA), Enqueued)


async def test_a_claim_ends_by_itself_by_being_given_back_or_by_being_taken_over(team: World) -> None:
    thread = (await team.receive()).thread_id
    await do(team, HoldClaim(thread))
    late = NOON + CLAIM_FOR
    assert isinstance(await do(team, HoldClaim(thread), by=PRIYA, now=late), TeamDone)
    assert await do(team, DropClaim(thread)) == TeamDone(None)  # not hers to give
    assert (await row(team, thread)).claim == Claim(Colleague(PRIYA, "Priya Shah"), late + CLAIM_FOR)
    assert await do(team, HoldClaim(thread, over=True), now=late) == TeamDone(2, late + CLAIM_FOR)
    written = Activity(thread, 2, "taken_over", late, by=DANA, by_name="Dana", to=PRIYA, to_name="Priya Shah")
    assert (await events(team, thread))[-1] == written
    await do(team, DropClaim(thread))
    assert (await row(team, thread)).claim is None


async def test_a_claim_stops_neither_campaigns_nor_what_was_written_for_later(team: World) -> None:
    thread = (await team.receive()).thread_id
    await do(team, HoldClaim(thread))
    for klass in (MessageClass.BULK, MessageClass.SEND_LATER, MessageClass.TEST):
        assert isinstance(await answer(team, thread, PRIYA, klass=klass), Enqueued)
    assert (await row(team, thread)).claim is not None


async def test_who_did_not_see_a_colleagues_answer_is_told_of_it(team: World) -> None:
    thread = (await team.receive()).thread_id
    sent = await answer(team, thread, PRIYA, seen=1)
    assert isinstance(sent, Enqueued)
    cmd = uuid4()
    assert await answer(team, thread, DANA, seen=1, cmd_id=cmd) == Overtaken("Priya Shah")
    assert isinstance(await answer(team, thread, DANA, seen=sent.seq, cmd_id=cmd), Enqueued)


async def test_ones_own_answers_campaigns_and_later_arrivals_overtake_nobody(team: World) -> None:
    thread = (await team.receive()).thread_id
    await answer(team, thread, DANA)
    await answer(team, thread, PRIYA, klass=MessageClass.BULK)
    await team.receive("And?")
    assert isinstance(await answer(team, thread, DANA, seen=1), Enqueued)


async def test_of_two_who_answer_at_once_one_is_stopped(team: World) -> None:
    thread = (await team.receive()).thread_id
    answers: list[object] = []

    async def write(by: int) -> None:
        answers.append(await answer(team, thread, by, seen=1))

    async with trio.open_nursery() as nursery:
        for by in (DANA, PRIYA):
            nursery.start_soon(write, by)
    assert sorted(type(one).__name__ for one in answers) == ["Enqueued", "Overtaken"]


# Notes


async def test_a_note_is_written_once_for_its_command(team: World) -> None:
    thread = (await team.receive()).thread_id
    cmd = uuid4()
    assert [await do(team, WriteNote(thread, cmd, "Call him")) for _ in range(2)] == [TeamDone(2), TeamDone(2)]
    assert await do(team, WriteNote(thread, cmd, "Do not")) == CommandConflict()
    assert (await events(team, thread))[1:] == [Note(thread, 2, "Call him", DANA, "Dana", (), NOON)]


async def test_a_commands_id_is_of_a_text_or_of_a_note(team: World) -> None:
    thread = (await team.receive()).thread_id
    cmd = uuid4()
    await team.send(thread, cmd_id=cmd)
    assert await do(team, WriteNote(thread, cmd, "Call him")) == CommandConflict()


async def test_a_note_moves_neither_the_order_nor_the_preview_nor_a_badge(team: World) -> None:
    thread = (await team.receive("Hello")).thread_id
    before = await row(team, thread)
    await do(team, WriteNote(thread, uuid4(), "He sounds keen"))
    after = await row(team, thread)
    assert (after.last_at, after.preview, after.in_total, after.waiting_since) == (
        before.last_at,
        "Hello",
        1,
        before.waiting_since,
    )
    assert (after.last_seq, after.version) == (2, before.version + 1)


async def test_who_is_mentioned_is_asked_to_look_until_they_have(team: World) -> None:
    thread = (await team.receive()).thread_id
    team.told.clear()
    await do(team, WriteNote(thread, uuid4(), "@priya and @Dana and @Eve: see this"))
    assert team.heard(Mentioned) == [Mentioned(1, (PRIYA,))]
    assert (await events(team, thread))[-1] == Note(
        thread, 2, "@priya and @Dana and @Eve: see this", DANA, "Dana", (PRIYA,), NOON
    )
    asked = Mentions(1, (thread,))
    assert (await team.store.inbox.user(1, PRIYA)).mentions == asked
    assert await team.store.team.mentions([DANA, PRIYA]) == {DANA: Mentions(), PRIYA: asked}
    assert await team.store.team.see_mentions(2, PRIYA, thread) is None
    assert [await team.store.team.see_mentions(1, PRIYA, thread) for _ in range(2)] == [True, False]
    assert (await team.store.inbox.user(1, PRIYA)).mentions == Mentions(0, (thread,))


async def test_a_page_bears_the_notes_and_doings_that_lie_beside_its_texts(team: World) -> None:
    thread = (await team.receive()).thread_id
    await do(team, WriteNote(thread, UUID(int=1), "First"))
    for n in range(3):
        await team.receive(str(n))
    await do(team, SetClosed(thread, True))
    newest = await team.store.inbox.thread(1, DANA, thread, limit=2)
    assert newest is not None
    assert ([one.seq for one in newest.messages], [one.seq for one in newest.asides]) == ([4, 5], [6])
    older = await team.store.inbox.thread(1, DANA, thread, before=4, limit=2)
    assert older is not None
    assert ([one.seq for one in older.messages], [one.seq for one in older.asides]) == ([1, 3], [2])


# Beside each other


async def test_deeds_of_many_on_one_thread_each_take_a_number_of_their_own(team: World) -> None:
    thread = (await team.receive()).thread_id
    deeds: list[Callable[[int], Awaitable[object]]] = [
        lambda n: do(team, Assign(thread, DANA if n % 2 else None)),
        lambda n: do(team, SetClosed(thread, bool(n % 2))),
        lambda n: do(team, WriteNote(thread, uuid4(), f"note {n}"), by=PRIYA),
        lambda n: team.receive(f"text {n}"),
        lambda n: answer(team, thread, DANA),
    ]

    async def work(deed: Callable[[int], Awaitable[object]]) -> None:
        for n in range(8):
            await deed(n)

    async with trio.open_nursery() as nursery:
        for deed in deeds:
            nursery.start_soon(work, deed)
    seqs = [event.seq for event in await team.store.inbox.events_after(1, thread, 0, 500) or []]
    assert seqs == list(range(1, len(seqs) + 1))
    assert seqs[-1] == (await row(team, thread)).last_seq
