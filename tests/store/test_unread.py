"""The badge is the count of all threads that hold something unread, however it was come by."""

from __future__ import annotations

import random

import pytest
import trio

from server.ports import InboxView
from server.store.conversations import inbox, unread
from tests.store.world import NOON, World, holding, later

MEMBERS = """
INSERT INTO member (workspace_id, email, name, role, password_hash)
VALUES (1, 'raj@example.org', 'Raj', 'agent', 'x'), (1, 'priya@example.org', 'Priya', 'agent', 'x')
"""
RECOUNT = """
SELECT m.id, count(t.id) FILTER (WHERE t.in_total > coalesce(r.in_ord, 0)) AS n
FROM member m LEFT JOIN thread t ON t.workspace_id = m.workspace_id AND t.listed
LEFT JOIN thread_read r ON r.member_id = m.id AND r.thread_id = t.id GROUP BY 1
"""


def person(number: int) -> str:
    return f"+1202555{100 + number:04}"


async def recounted(world: World) -> dict[int, int]:
    return {row["id"]: row["n"] for row in await world.sql(RECOUNT)}


@pytest.mark.parametrize(("seed", "most"), [(1, 1000), (2, 1000), (3, 4)])
async def test_after_every_step_it_is_what_a_recount_says(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int, most: int
) -> None:
    """Texts, marks up and down, texts of ours; each member looks now and then, and more may change than is read."""
    monkeypatch.setattr(unread, "MOST_CHANGED", most)
    await world.sql(MEMBERS)
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    seen: list[int] = []
    for _ in range(120):
        match dice.randrange(5):
            case 0 | 1:
                text = await world.receive(from_=person(dice.randrange(20)), received_at=NOON)
                seen.append(text.thread_id)
            case 2 if seen:
                await world.store.inbox.mark_read(1, dice.randrange(1, 4), dice.choice(seen), dice.randrange(1, 5))
            case 3 if seen:
                await world.store.inbox.mark_unread(1, dice.randrange(1, 4), dice.choice(seen), dice.randrange(1, 5))
            case 4 if seen:
                await world.send(dice.choice(seen))
        members = [one for one in (1, 2, 3) if dice.random() < 0.5]
        expected = await recounted(world)
        assert await world.store.inbox.unread_threads(members) == {one: expected[one] for one in members}
    assert (await world.store.inbox.user(1, 2)).unread_threads == (await recounted(world))[2]


async def test_what_began_before_a_look_and_was_committed_after_it_counts(world: World) -> None:
    thread = (await world.receive(received_at=NOON)).thread_id
    await world.store.inbox.mark_read(1, 1, thread, 1)
    late = f"UPDATE thread SET in_total = 2, changed_xid = pg_current_xact_id() WHERE id = {thread}"  # noqa: S608 - a number
    async with holding(world, late) as slow:
        await world.receive(from_=person(5), received_at=NOON)  # began later, is committed before
        assert await world.store.inbox.unread_threads([1]) == {1: 1}
        await world.store.bridge.call(lambda: slow.execute("COMMIT"))
    assert await world.store.inbox.unread_threads([1]) == {1: 2}


async def test_looks_at_once_agree_with_the_last(world: World) -> None:
    async def look() -> None:
        await world.store.inbox.unread_threads([1])

    async with trio.open_nursery() as nursery:
        for n in range(10):
            nursery.start_soon(look)
            nursery.start_soon(world.receive, "Hello")
            await world.receive(from_=person(n), received_at=NOON)
    assert await world.store.inbox.unread_threads([1]) == {1: (await recounted(world))[1]}


async def test_another_history_of_the_database_is_counted_anew(world: World) -> None:
    thread = (await world.receive(received_at=NOON)).thread_id
    assert await world.store.inbox.unread_threads([1]) == {1: 1}
    await world.sql("UPDATE thread SET in_total = 0 WHERE id = $1", thread)  # as a backup has it: nothing says so
    assert await world.store.inbox.unread_threads([1]) == {1: 1}
    await world.sql("UPDATE history SET stream_epoch = gen_random_uuid()")
    assert await world.store.inbox.unread_threads([1]) == {1: 0}


async def test_whom_nobody_asked_about_for_long_is_counted_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MOST_KEPT", 1)
    await world.sql(MEMBERS)
    await world.receive(received_at=NOON)
    for _ in range(2):
        assert await world.store.inbox.unread_threads([1, 2, 3, 77]) == {1: 1, 2: 1, 3: 1}


@pytest.mark.parametrize("few", [0, 100])
async def test_the_view_of_what_is_unread_shows_just_that(
    world: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Whether few are unread, and looked at by themselves, or many."""
    monkeypatch.setattr(inbox, "FEW", few)
    texts = [await world.receive(from_=person(n), received_at=later(n)) for n in range(9)]
    for text in texts[::2]:
        await world.store.inbox.mark_read(1, 1, text.thread_id, 1)
    view = InboxView("unread")
    first = await world.store.inbox.rows(1, 1, view=view, limit=3)
    second = await world.store.inbox.rows(1, 1, view=view, cursor=first.next_cursor, limit=3)
    assert [row.thread_id for row in (*first.rows, *second.rows)] == [one.thread_id for one in reversed(texts[1::2])]
    assert second.next_cursor is None
    assert (await world.store.inbox.rows(2, 1, view=view)).rows == []
