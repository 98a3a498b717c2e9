"""What a page of the inbox and of History reads beside what it shows, however much there is."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from server.domain.history import pieces, spans
from server.ports import Show
from server.ports.history import Wanted
from server.store.conversations import history, inbox
from server.store.conversations.sought import sought
from server.store.named_sql import statements
from tests.store.reading import rows_read
from tests.store.world import NOON, World, later

INBOX = statements("inbox")
COUNT = 3_000
THREADS = f"""
INSERT INTO endpoint (workspace_id, address) SELECT 1, '+1202' || 5550000 + n FROM generate_series(1, {COUNT}) n;
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_seq, in_total, last_at, listed, waiting_since)
SELECT 1, id, 1, 1, 1, now() - id * interval '1 minute', true, now() FROM endpoint;
INSERT INTO thread_read (member_id, thread_id, workspace_id, in_ord)
SELECT 1, id, 1, 1 FROM thread WHERE id % 40 <> 0;
ANALYZE;
"""  # noqa: S608 - a number
NOTES = """
INSERT INTO note (thread_id, seq, workspace_id, author_id, at, body)
SELECT id, 2, 1, 1, now() - id * interval '1 minute', 'Call her after six' FROM thread WHERE id % 30 = 0;
ANALYZE;
"""
TEXTS = """
INSERT INTO message (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, state, created_at)
SELECT $1, n, 1, 'in', n, 1, 'inbound', ($2::text[])[1 + n % cardinality($2::text[])], 'received',
       $3::timestamptz - n * interval '1 s'
FROM generate_series(2::bigint, $4::bigint) n
"""
SPREAD = """
INSERT INTO message (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, state, created_at)
SELECT $1, n, 1, 'in', n, 1, 'inbound', $2, 'received',
       (SELECT min(created_at) FROM message) - (n - $3 + 1) * $5::text::interval
FROM generate_series($3::bigint, $4::bigint) n
"""
COUNTED = """
CREATE OR REPLACE FUNCTION history_words(given text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$ BEGIN
    RETURN to_tsvector('simple', spelt(replace(replace(replace(given, '’', ' '), '“', ' '), '”', ' ')));
END $$
"""
CALLS = "SELECT coalesce(sum(calls), 0)::integer FROM pg_stat_xact_user_functions WHERE funcname = 'history_words'"


# The inbox


async def test_a_page_of_what_is_unread_reads_what_stands_beside_a_thread_for_its_own_rows_alone(world: World) -> None:
    """Of each that it passes by, the thread and the mark."""
    await world.store.call(lambda c: c.execute(THREADS))
    read = await rows_read(world, inbox._ROWS["unread"], 1, 1, None, None, 6)
    assert read < 2 * 6 * 40 + 150


@pytest.mark.parametrize("show", ["open", "waiting", "mine", "closed"])
async def test_other_views_read_their_own_rows(world: World, show: Show) -> None:
    await world.store.call(lambda c: c.execute(THREADS))
    assert await rows_read(world, inbox._ROWS[show], 1, 1, None, None, 6) < 200
    middle = await world.value("SELECT last_at FROM thread ORDER BY last_at OFFSET 1500 LIMIT 1")
    cursor = (NOON, 0) if show == "waiting" else (middle, 1)
    assert await rows_read(world, inbox._ROWS[show], 1, 1, *cursor, 6) < 200


async def test_what_changed_is_read_to_its_limit_and_no_further(world: World) -> None:
    """Both what changed and what was read."""
    await world.store.call(lambda c: c.execute(THREADS))
    assert await rows_read(world, INBOX["rows_changed"], 1, 1, "1", 11) < 400


async def test_marks_of_threads_that_the_inbox_does_not_show_hide_none_that_it_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_CHANGED", 2)
    threads = [(await world.receive(from_=f"+1202555{n:04}", received_at=NOON)).thread_id for n in range(100, 105)]
    since = (await world.store.inbox.rows(1, 1)).p
    for thread in threads:
        await world.store.inbox.mark_read(1, 1, thread, 1)
    await world.sql("UPDATE thread SET listed = false, changed_xid = '1' WHERE id <> $1", threads[-1])
    changed = await world.store.inbox.rows(1, 1, since=since)
    assert [row.thread_id for row in changed.rows] == [threads[-1]]


# History


async def written(world: World, count: int, *bodies: str) -> None:
    thread = (await world.receive("Hi", received_at=NOON)).thread_id
    await world.sql(TEXTS, thread, list(bodies), NOON, count)


async def test_the_notes_of_a_page_read_what_stands_beside_them_and_no_other_conversation(world: World) -> None:
    await world.store.call(lambda c: c.execute(THREADS + NOTES))
    threads = [row["thread_id"] for row in await world.sql("SELECT thread_id FROM note ORDER BY thread_id LIMIT 6")]
    assert await rows_read(world, statements("history")["notes"], 1, threads, [2] * 6) < 6 * 40


async def read_words(world: World, typed: str, name: str, *given: object) -> tuple[int, list[int | None]]:
    """Of how many texts a look reads the words, and what it gives in the first column."""

    async def look(connection: Any) -> tuple[int, list[int | None]]:
        asked = await sought(connection, 1, Wanted(typed))
        assert asked is not None
        await connection.execute("SET LOCAL track_functions = 'all'; SET LOCAL enable_seqscan = off")
        if name == "leap":  # of so few texts the planner may rather read all by another index
            await connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off")
        before = await connection.fetchval(CALLS)
        sql, values = asked.statement(name, 1, *given)
        rows = [row[0] for row in await connection.fetch(sql, *values)]
        return await connection.fetchval(CALLS) - before, rows

    return await world.store.call(look)


@pytest.mark.parametrize(
    ("typed", "body", "most"),
    [
        pytest.param("garden", "The garden is large", 500, id="those that have it"),
        pytest.param('"large garden"', "The garden is large", 0, id="not those that have its words in another order"),
        pytest.param("房子", "The garden is large", 0, id="none in ASCII for a word that is not"),
        pytest.param("nowhere", "We don’t know", 0, id="telephones' apostrophes are no reason"),
    ],
)
async def test_a_walk_reads_the_words_of_texts_that_look_like_what_is_asked(
    world: World, typed: str, body: str, most: int
) -> None:
    await world.sql(COUNTED)
    await written(world, 1_000, body, "Is it still free?")
    calls, _ = await read_words(world, typed, "walk", later(60), 0, 0, NOON - timedelta(days=1), 1_000, 1_000)
    assert most <= calls <= most + 1


async def test_a_leap_that_finds_too_many_holds_none_to_what_is_meant(world: World) -> None:
    await world.sql(COUNTED)
    await written(world, 400, "The garden is large")
    keys = spans(1, NOON - timedelta(days=1), NOON)
    given = later(60), 0, 0, NOON - timedelta(days=1), keys
    too_many, fetched = await read_words(world, '"the garden"', "leap", *given, 100, 51)
    assert fetched == [101]
    all_of_them, fetched = await read_words(world, '"the garden"', "leap", *given, 1_000, 51)
    assert fetched == [399] * 51
    # of so few texts the planner may read all by another index, and their words to find out which have them
    assert (too_many, all_of_them) in [(0, 51), (102, 400 + 51)], "the newest that fit, and none behind them"


async def test_a_burst_is_met_once_and_then_walked_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a campaign wrote within minutes, long ago: each look that meets it would cost what all of its texts do."""
    monkeypatch.setattr(history, "TOO_MANY", 100)
    thread = (await world.receive("Hi", received_at=NOON)).thread_id
    for body, first, last, every in (
        ("It is free", 2, 2_000, "1 hour"),
        ("An open house", 2_001, 2_600, "1 s"),
        ("It is free", 2_601, 4_000, "1 hour"),
    ):
        await world.sql(SPREAD, thread, body, first, last, every)
    looked, leap = list[int | None](), history._Search._leap

    async def look(search: Any, reach: timedelta) -> int | None:
        looked.append(found := await leap(search, reach))
        return found

    monkeypatch.setattr(history._Search, "_leap", look)
    page = await world.store.history.page(1, Wanted("open"))
    assert [row.what.seq for row in page.rows] == list(range(2_001, 2_051))
    assert looked == [None, 0]


ODD = (
    "don't", "don’t", "and/or", "end.Begin", "617-555", "me@example.org", "1e5", "-1.5e-3", "450,000", "O'Brien",
    "<b>Maya</b>", "&amp;", "https://example.org/a?b=c", "v1.2.3", "/usr/lib", "JOSÉ", "jose", "100%", "a_b",
    "back\\slash", "😀house😀", "İstanbul", "\u01c5", "\ufb01ne", "\u017fo", "\u212a", "看房", "“Elm”", "x" * 300,
    "C:\\dir", "~me", "#tag", "\u00ad", "e\u0301",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_what_a_text_is_like_leaves_out_none_that_has_the_words(world: World, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    bodies = [dice.choice((" ", "", ", ")).join(dice.choices(ODD, k=dice.randrange(1, 5))) for _ in range(120)]
    await written(world, 121, *bodies)
    fitted = 0
    for _ in range(60):
        typed = " ".join(dice.choices(ODD, k=dice.randrange(1, 3)))
        typed = f'"{typed}"' if dice.random() < 0.4 else typed
        given = pieces(typed)
        plainly = await world.value(
            "SELECT count(*) FROM message, history_query($1, $2) q WHERE history_words(body) @@ q.meant",
            [one.text for one in given],
            [one.whole for one in given],
        )
        page = await world.store.history.page(1, Wanted(typed), limit=200)
        assert len(page.rows) == plainly, typed
        fitted += plainly
    assert fitted > 100
