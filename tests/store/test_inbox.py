"""What the inbox shows, how marks move, and that a resume never skips a late commit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server.domain.messages import Message, ReadMark, ReadMoved, StatusChange
from tests.store.test_ledger_outcomes import ACCEPTED, leave, outcome
from tests.store.world import ALICE, BOB, NOON, World, holding


def person(number: int) -> str:
    return f"+1202555{number:04}"


async def test_pages_go_through_all_threads_newest_first_without_a_repetition(world: World) -> None:

    for n in range(25):
        at = NOON + timedelta(seconds=n // 3)  # several share an instant
        await world.receive(from_=person(100 + n), received_at=at)
    seen, cursor = [], None
    while True:
        page = await world.store.inbox.rows(1, 1, cursor=cursor, limit=4)
        seen += [(row.last_at, row.thread_id) for row in page.rows]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == 25
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x", "-1.-1", "9" * 30 + ".1"])
async def test_a_cursor_from_elsewhere_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await world.store.inbox.rows(1, 1, cursor=cursor)


async def test_an_empty_inbox_has_a_horizon_too(world: World) -> None:
    page = await world.store.inbox.rows(1, 1)
    assert (list(page.rows), page.next_cursor) == ([], None)
    assert page.p > 0
    changed = await world.store.inbox.rows(1, 1, since=page.p)
    assert (list(changed.rows), changed.partial) == ([], True)


async def test_a_contacts_name_stands_beside_its_thread(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.sql("UPDATE contact SET first_name = 'Ana', last_name = 'Lee'")
    [row] = (await world.store.inbox.rows(1, 1)).rows
    assert (row.thread_id, row.name, row.contact_id, row.address) == (thread, "Ana Lee", 1, ALICE)


async def test_a_resume_sees_what_committed_late_though_it_began_first(world: World) -> None:
    """Two transactions commit in the other order than they began: a time or a sequence would skip the first one."""
    first = (await world.receive(from_=ALICE)).thread_id
    second = (await world.receive(from_=BOB)).thread_id
    update = f"UPDATE thread SET changed_xid = pg_current_xact_id(), version = 9 WHERE id = {first}"  # noqa: S608 - a number
    async with holding(world, update) as slow:
        await world.receive(from_=BOB)  # began later, is committed before
        p = (await world.store.inbox.rows(1, 1)).p
        await world.store.bridge.call(lambda: slow.execute("COMMIT"))
    changed = await world.store.inbox.rows(1, 1, since=p)
    assert changed.partial
    assert {row.thread_id: row.version for row in changed.rows}[first] == 9
    assert second in {row.thread_id for row in changed.rows}  # a repetition, which does no harm


async def test_a_resume_with_too_many_changes_is_a_first_page(world: World) -> None:
    p = (await world.store.inbox.rows(1, 1)).p
    for n in range(201):
        await world.receive(from_=person(100 + n))
    page = await world.store.inbox.rows(1, 1, since=p, limit=10)
    assert (page.partial, len(page.rows)) == (False, 10)


async def test_another_workspace_sees_nothing(world: World) -> None:
    thread = (await world.receive()).thread_id
    inbox = world.store.inbox
    assert (await inbox.rows(2, 1)).rows == []
    assert await inbox.thread(2, 1, thread) is None
    assert await inbox.events_after(2, thread, 0) is None
    assert await inbox.mark_read(2, 1, thread, 1) is None
    assert await inbox.mark_unread(2, 1, thread, 1) is None


# A thread


async def test_a_thread_is_read_backwards_in_pages(world: World) -> None:
    for n in range(7):
        thread = (await world.receive(f"{n}")).thread_id
    newest = await world.store.inbox.thread(1, 1, thread, limit=3)
    assert newest is not None
    assert ([m.body for m in newest.messages], newest.head, newest.has_more) == (["4", "5", "6"], 7, True)
    older = await world.store.inbox.thread(1, 1, thread, before=newest.messages[0].seq, limit=4)
    assert older is not None
    assert ([m.body for m in older.messages], older.has_more) == (["0", "1", "2", "3"], False)


async def test_events_after_a_number_come_without_a_gap(world: World) -> None:
    mt, seq = await leave(world)
    await outcome(world, mt, ACCEPTED)
    events = await world.store.inbox.events_after(1, mt.thread_id, 0)
    assert events is not None
    assert [(type(e), e.seq) for e in events] == [(Message, 1), (Message, 2), (StatusChange, 3)]
    assert events[2] == StatusChange(mt.thread_id, 3, seq, "sent", NOON)
    assert await world.store.inbox.events_after(None, mt.thread_id, 2, limit=1) == [events[2]]
    assert await world.store.inbox.head([mt.thread_id, 999]) == {mt.thread_id: 3}


# Reading and unread


async def test_marks_rise_to_what_was_shown_and_never_above_what_arrived(world: World) -> None:
    for _ in range(3):
        thread = (await world.receive()).thread_id
    inbox = world.store.inbox
    assert await inbox.unread_threads([1, 77]) == {1: 1}
    assert await inbox.mark_read(1, 1, thread, 2) == ReadMark(1, thread, 2, 1)
    assert (await inbox.user(1, 1)).unread_threads == 1
    assert await inbox.mark_read(1, 1, thread, 99) == ReadMark(1, thread, 3, 2)
    assert await inbox.mark_read(1, 1, thread, 1) == ReadMark(1, thread, 3, 2)
    assert await inbox.unread_threads([1]) == {1: 0}
    assert [moved.mark.in_ord for moved in world.heard(ReadMoved)] == [2, 3]
    page = await inbox.thread(1, 1, thread)
    assert page is not None
    assert page.in_ord == 3


async def test_mark_unread_lowers_a_mark_under_a_new_version(world: World) -> None:
    for _ in range(3):
        thread = (await world.receive()).thread_id
    inbox = world.store.inbox
    await inbox.mark_read(1, 1, thread, 3)
    assert await inbox.mark_unread(1, 1, thread, 2) == ReadMark(1, thread, 1, 2)
    assert await inbox.mark_unread(1, 1, thread, 3) == ReadMark(1, thread, 1, 2)
    assert await inbox.unread_threads([1]) == {1: 1}


async def test_a_members_own_marks_resume_by_horizon(world: World) -> None:
    thread = (await world.receive()).thread_id
    p = (await world.store.inbox.user(1, 1)).p
    mark = await world.store.inbox.mark_read(1, 1, thread, 1)
    state = await world.store.inbox.user(1, 1, since=p)
    assert (list(state.reads), state.unread_threads) == ([mark], 0)
    [row] = (await world.store.inbox.rows(1, 1, since=p)).reads
    assert row == mark


async def test_a_new_member_starts_at_the_present(world: World) -> None:
    thread = (await world.receive()).thread_id
    member = await world.store.people.add_member(1, "Eli@Example.org", "Eli", "agent", "hash")
    assert member.email == "eli@example.org"
    assert (await world.store.inbox.user(1, member.member_id)).unread_threads == 0
    await world.receive()
    assert await world.store.inbox.unread_threads([member.member_id]) == {member.member_id: 1}
    assert (await world.store.inbox.rows(1, member.member_id)).reads[0].thread_id == thread


async def test_outbound_texts_and_statuses_do_not_count_as_unread(world: World) -> None:
    mt, _ = await leave(world)
    await world.store.inbox.mark_read(1, 1, mt.thread_id, 1)
    await outcome(world, mt, ACCEPTED)
    assert await world.store.inbox.unread_threads([1]) == {1: 0}


async def test_the_epoch_is_that_of_this_history_alone(world: World) -> None:
    epoch = await world.store.inbox.epoch()
    assert (await world.store.inbox.epoch(), (await world.store.elsewhere.standing()).epoch) == (epoch, epoch)
    await world.value("UPDATE history SET stream_epoch = gen_random_uuid() RETURNING one")
    assert await world.store.inbox.epoch() != epoch
