"""Pages of people against the whole list sorted: however a page is found, it is the list's next rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from server.ports.filters import Sort
from server.store.contacts.finder import PostgresFinder
from tests.store.world import NOON, World, open_world

# 300 people; names, days and instants repeat, so that ids decide. One in eleven is hidden, and these wrote last. Half
# have a number, some two; who is Silent has no conversation, so that by activity nobody who is met first has that tag.
CROWD = """
INSERT INTO contact (workspace_id, first_name, last_name, city, created_at, deleted_at)
SELECT 1, (ARRAY['Maya', 'Zoë', '', 'ana', 'Lee'])[1 + i % 5], (ARRAY['', 'Torres', 'Mayall'])[1 + i % 3],
       CASE WHEN i % 37 = 0 THEN 'Boston' ELSE '' END, '2026-03-01'::timestamptz + i % 9 * interval '1 day',
       CASE WHEN i % 11 = 0 THEN now() END
FROM generate_series(1, 300) i;
INSERT INTO endpoint (workspace_id, address)
SELECT 1, '+1617555' || lpad(i::text, 4, '0') FROM generate_series(1, 400) i;
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, CASE WHEN i > 300 THEN (i - 300) * 3 ELSE i END, e.id
FROM (SELECT id, row_number() OVER (ORDER BY id) AS i FROM endpoint WHERE address LIKE '+1617555%') e
WHERE i % 2 = 0 OR i > 300;
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at)
SELECT 1, p.endpoint_id, (SELECT min(id) FROM number WHERE workspace_id = 1),
       CASE p.contact_id % 11 WHEN 0 THEN '2027-03-01'::timestamptz ELSE '2026-03-01' END
           + p.endpoint_id % 13 * interval '1 hour'
FROM contact_phone p WHERE p.contact_id % 4 <> 1;
INSERT INTO tag (workspace_id, name) VALUES (1, 'Third'), (1, 'Rare'), (1, 'Silent');
INSERT INTO contact_tag (workspace_id, contact_id, tag_id)
SELECT 1, c.id, g.id FROM contact c JOIN tag g ON CASE g.name
    WHEN 'Third' THEN c.id % 3 = 0
    WHEN 'Rare' THEN c.id % 41 = 2
    ELSE NOT EXISTS (SELECT FROM contact_phone p JOIN thread t USING (endpoint_id) WHERE p.contact_id = c.id) END;
"""
SORTED: dict[Sort, str] = {
    "name": "c.sort_name, c.id",
    "created": "c.created_at DESC, c.id DESC",
    "activity": "n.last_at DESC NULLS LAST, n.thread_id DESC, c.created_at DESC, c.id DESC",
}
EVERYBODY = """
SELECT c.id FROM contact c LEFT JOIN LATERAL (
    SELECT t.last_at, t.id AS thread_id FROM contact_phone p JOIN thread t ON t.endpoint_id = p.endpoint_id
    WHERE p.contact_id = c.id ORDER BY t.last_at DESC, t.id DESC LIMIT 1
) n ON true WHERE c.workspace_id = 1 AND c.deleted_at IS NULL ORDER BY """


def tag(name: str) -> dict[str, Any]:
    return {"field": "tag", "is": "has", "value": name}


BOSTON = {"field": "city", "is": "is", "value": "boston"}
LISTS: tuple[tuple[Any, str], ...] = (
    (None, ""),
    (tag("Third"), ""),
    (tag("Rare"), ""),
    (tag("Silent"), ""),
    ({"any": [tag("Third"), tag("Rare"), tag("Silent")]}, ""),  # some have two of these
    ({"all": [tag("Third"), {"not": tag("Rare")}, {"not": BOSTON}]}, ""),
    (BOSTON, ""),
    (None, "mayall"),
    (tag("Rare"), "maya"),
    (tag("Silent"), "maya"),
    ({"field": "last_text", "is": "never"}, ""),
)


@pytest.fixture
async def crowd(dsn: str) -> AsyncIterator[World]:
    async with open_world(dsn) as world:
        await world.store.call(lambda c: c.execute(CROWD))
        yield world


async def pages(finder: PostgresFinder, definition: Any, q: str, sort: Sort, limit: int) -> list[Sequence[int]]:
    found, cursor = list[Sequence[int]](), None
    while True:
        page = await finder.page(1, definition, q, sort=sort, cursor=cursor, limit=limit)
        found.append(page.contact_ids)
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("window", [1, 10, 5_000])
@pytest.mark.parametrize("sort", list(SORTED))
async def test_every_page_is_the_next_piece_of_the_whole_list_sorted(crowd: World, sort: Sort, window: int) -> None:
    """With a window of one, all who match are sorted for most pages; of ten, some are filled farther on."""
    finder = PostgresFinder(crowd.store._postgres, lambda: NOON, window=window)
    everybody = [row["id"] for row in await crowd.sql(EVERYBODY + SORTED[sort])]
    for definition, q in LISTS:
        match = set(await finder.ids_after(1, definition, q))
        listed = [id_ for id_ in everybody if id_ in match]
        assert listed, (definition, q)
        found = await pages(finder, definition, q, sort, 13)
        assert [id_ for page in found for id_ in page] == listed, (definition, q)
        assert {len(page) for page in found[:-1]} <= {13}


@pytest.mark.parametrize("window", [1, 5_000])
async def test_a_text_between_two_pages_by_activity_takes_nobody_else_off_the_list(crowd: World, window: int) -> None:
    """Who is written to moves above the cursor; all who are not stay where they were, once each."""
    finder = PostgresFinder(crowd.store._postgres, lambda: NOON, window=window)
    for definition in (tag("Third"), None):
        before = [id_ for page in await pages(finder, definition, "", "activity", 10) for id_ in page]
        first = await finder.page(1, definition, sort="activity", limit=10)
        moved = (before[4], before[15])  # both have conversations, the second was to come
        await crowd.sql(
            "UPDATE thread SET last_at = now() WHERE endpoint_id IN"
            " (SELECT p.endpoint_id FROM contact_phone p WHERE p.contact_id = ANY ($1))",
            list(moved),
        )
        rest, cursor = list[int](), first.next_cursor
        while cursor is not None:
            page = await finder.page(1, definition, sort="activity", cursor=cursor, limit=10)
            rest += page.contact_ids
            cursor = page.next_cursor
        assert rest == [id_ for id_ in before[10:] if id_ not in moved]
