"""What a quiet campaign writes stays out of the inbox until the contact answers, or a person writes there."""

from __future__ import annotations

from typing import Any, Final

from server.domain.gate import MessageClass
from server.domain.messages import ThreadChanged
from server.store.named_sql import statements
from tests.store.campaigns import spring
from tests.store.test_bulk import advance, launch, text
from tests.store.world import ALICE, BOB, World, later

MANY: Final = """
WITH numbers AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT 1, '+1202' || $2 || lpad(n::text, 4, '0') FROM generate_series(1, 400) n RETURNING id
)
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at, last_seq, listed)
SELECT 1, id, 1, $1, 1, $3 FROM numbers
"""
CONTACT: Final = """
WITH made AS (INSERT INTO contact (workspace_id, first_name) VALUES (1, 'Alice') RETURNING id)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, m.id, e.id FROM made m, endpoint e WHERE e.address = $1 RETURNING contact_id
"""
READ: Final = "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'thread'"


async def shown(world: World) -> list[int]:
    """The threads of the inbox's first page."""
    return [row.thread_id for row in (await world.store.inbox.rows(1, 1)).rows]


async def quiet_thread(world: World) -> int:
    ours = await spring(world, quiet=True)
    await ours.wire(ALICE)
    found: int = await world.value("SELECT id FROM thread")
    return found


async def test_the_inbox_does_not_show_what_a_quiet_campaign_wrote(world: World) -> None:
    before = (await world.store.inbox.rows(1, 1)).p
    thread_id = await quiet_thread(world)
    assert await shown(world) == []
    assert (await world.store.inbox.rows(1, 1, since=before)).rows == []
    assert await world.store.inbox.rows_by_id([thread_id]) == []
    assert (await world.store.inbox.user(1, 1)).unread_threads == 0
    page = await world.store.inbox.thread(1, 1, thread_id)
    assert page is not None
    assert [message.body for message in page.messages] == ["Hi"]


async def test_a_reply_brings_it_into_the_inbox_and_whoever_looks_hears_of_it(world: World) -> None:
    thread_id = await quiet_thread(world)
    before = (await world.store.inbox.rows(1, 1)).p
    world.told.clear()
    await world.receive("Yes", received_at=later(60))
    assert await shown(world) == [thread_id]
    assert [row.thread_id for row in (await world.store.inbox.rows(1, 1, since=before)).rows] == [thread_id]
    assert [one.thread_id for one in world.heard(ThreadChanged)] == [thread_id]  # the announcer then reads its row
    assert [row.thread_id for row in await world.store.inbox.rows_by_id([thread_id])] == [thread_id]
    assert await world.store.inbox.unread_threads([1]) == {1: 1}


async def test_a_persons_text_brings_it_into_the_inbox(world: World) -> None:
    thread_id = await quiet_thread(world)
    before = (await world.store.inbox.rows(1, 1)).p
    await world.send(thread_id)
    assert await shown(world) == [thread_id]
    assert [row.thread_id for row in (await world.store.inbox.rows(1, 1, since=before)).rows] == [thread_id]


async def test_a_text_to_many_from_people_brings_it_into_the_inbox(world: World) -> None:
    thread_id = await quiet_thread(world)
    contact_id = await world.value(CONTACT, ALICE)
    await advance(world, await launch(world, text([contact_id])))
    assert await shown(world) == [thread_id]


async def test_another_text_of_a_campaign_leaves_it_where_it_is(world: World) -> None:
    thread_id = await quiet_thread(world)
    await (await spring(world, quiet=True)).wire(ALICE, BOB, now=later(60))
    assert await shown(world) == []
    await world.receive("Yes", received_at=later(90))
    await (await spring(world, quiet=True)).wire(ALICE, now=later(120))
    assert await shown(world) == [thread_id]


async def test_what_changes_in_a_quiet_thread_is_no_news_of_the_inbox(world: World) -> None:
    thread_id = await quiet_thread(world)
    await world.receive("Hello", from_=BOB)
    before = (await world.store.inbox.rows(1, 1)).p
    await world.send(thread_id, klass=MessageClass.BULK, campaign_id=1)
    assert await world.store.inbox.mark_read(1, 1, thread_id, 1) is not None
    rows = await world.store.inbox.rows(1, 1, since=before)
    assert thread_id not in [row.thread_id for row in rows.rows]


async def test_a_page_of_the_inbox_reads_no_quiet_thread_and_none_that_is_not_on_it(world: World) -> None:
    await world.sql(MANY, later(60), "556", False)
    await world.sql(MANY, later(30), "557", True)
    await world.sql("ANALYZE thread")

    async def reading(connection: Any) -> int:
        before: int = await connection.fetchval(READ)
        rows = await connection.fetch(statements("inbox")["rows_newest"], 1, 1, None, None, 51)
        assert len(rows) == 51
        after: int = await connection.fetchval(READ)
        return after - before

    # each of the page's twice: when it is picked, and when its row is read
    assert await world.store.call(reading) <= 2 * 51 + 9
