"""History finds every text and note that is asked for, once, in the order of time, and none of another workspace."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain.history import STATES, author_key, campaign_key, number_key, spans
from server.domain.messages import Message, Note
from server.ports.history import Found, Newer, Wanted
from server.store.conversations import history
from server.store.conversations.sought import sought
from tests.store.campaigns import spring
from tests.store.test_taken_back import take_back
from tests.store.world import ALICE, BOB, NOON, OTHER_NUMBER, World, holding, later

ELSEWHERE = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'Other', 'o');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (2, true, 'simulator', 'AC2', 's', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate) VALUES (2, 2, '+14045550100', 1);
INSERT INTO endpoint (workspace_id, address) VALUES (2, '+14045550142');
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at, last_seq)
SELECT 2, id, 3, now(), 1 FROM endpoint WHERE workspace_id = 2;
INSERT INTO message (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, state, created_at)
SELECT id, 1, 2, 'in', 1, 3, 'inbound', 'Hello from elsewhere', 'received', '2026-03-10 16:00+00'
FROM thread WHERE workspace_id = 2;
"""
RAJ = """
INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (1, 'r@example.org', 'Raj', 'agent', 'x')
"""
WRITTEN = """
INSERT INTO message
    (thread_id, seq, workspace_id, direction, in_ord, number_id, klass, body, state, author_id, created_at)
VALUES ($1, $2, 1, $3, CASE $3 WHEN 'in' THEN 1 END, $4, 'person', $5, $6, $7, $8)
"""
NOTED = "INSERT INTO note (thread_id, seq, workspace_id, author_id, body, at) VALUES ($1, $2, 1, $3, $4, $5)"
NOTED_ELSEWHERE = """
INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (2, 'e@example.org', 'Eve', 'owner', 'x');
INSERT INTO note (thread_id, seq, workspace_id, author_id, body, at)
SELECT t.id, 2, 2, m.id, 'A note from elsewhere', '2026-03-10 16:01+00' FROM thread t, member m
WHERE t.workspace_id = 2 AND m.workspace_id = 2;
"""


def bodies(rows: Sequence[Found]) -> list[str]:
    return [row.what.body for row in rows]


async def found(world: World, typed: str = "", workspace_id: int = 1, **wanted: Any) -> list[str]:
    """The bodies of all pages, the oldest first."""
    rows = await every(world, Wanted(typed, **wanted), workspace_id=workspace_id)
    return bodies(rows)[::-1]


async def every(world: World, wanted: Wanted, *, limit: int = 50, workspace_id: int = 1) -> list[Found]:
    rows: list[Found] = []
    cursor: str | None = None
    while True:
        page = await world.store.history.page(workspace_id, wanted, cursor=cursor, limit=limit)
        assert len(page.rows) <= limit
        assert page.searched_to is None or page.next_cursor is not None
        assert page.next_cursor is None or page.next_cursor != cursor, "a search goes on"
        rows += page.rows
        if (cursor := page.next_cursor) is None:
            return rows


# Words


@pytest.mark.parametrize(
    ("body", "typed", "is_found"),
    [
        pytest.param("Is the house still free?", "house", True, id="a word"),
        pytest.param("Is the house still free?", "HOUSE", True, id="in capitals"),
        pytest.param("Is the house still free?", "hou", True, id="as it begins"),
        pytest.param("Is the house still free?", "ouse", False, id="as it ends"),
        pytest.param("Is the house still free?", '"hou"', False, id="in quotes it is whole"),
        pytest.param("Is the house still free?", "free house", True, id="all words, in any order"),
        pytest.param("Is the house still free?", "free flat", False, id="not some of the words"),
        pytest.param("Is the house still free?", '"house still"', True, id="side by side"),
        pytest.param("Is the house still free?", '"still house"', False, id="not the other way round"),
        pytest.param("Is the house still free?", '"the still"', False, id="not side by side"),
        pytest.param("Is the house still free?", "th", False, id="a letter or two are a word of their own"),
        pytest.param("Is the house still free?", "is", True, id="and may be found as such"),
        pytest.param("Is the house still free?", "?!", False, id="no words"),
        pytest.param("The end.Begin and/or stop", "begin or", True, id="no space after the stop"),
        pytest.param("Call 617-555-0123 or me@example.org", "617-555-0123", True, id="a number as it is written"),
        pytest.param("Call 617-555-0123 or me@example.org", "555 0123", True, id="a part of it"),
        pytest.param("Call 617-555-0123 or me@example.org", "0123-555", False, id="in its order"),
        pytest.param("Call 617-555-0123 or me@example.org", "me@example.org", True, id="an address"),
        pytest.param("It is $450,000", "450,000", True, id="an amount"),
        pytest.param("We don’t know", "don't", True, id="an apostrophe as telephones type it"),
        pytest.param("We don't know", "don’t", True, id="and the other way round"),
        pytest.param("“Elm Street” it is", "elm", True, id="quotation marks"),
        pytest.param("José está aquí", "jose esta", True, id="without accents"),
        pytest.param("Jose esta aqui", "José", True, id="with accents that were not written"),
        pytest.param("Ещё свободна?", "еще", True, id="Cyrillic"),
        pytest.param("Ещё свободна?", "СВОБ", True, id="Cyrillic capitals, as it begins"),
        pytest.param("这套房子还在吗?", "房子", True, id="Chinese, which has no spaces"),
        pytest.param("这套房子还在吗?", "子房", False, id="Chinese in another order"),
        pytest.param("บ้านยังว่างไหม", "บ้าน", True, id="Thai"),
        pytest.param("Nice 😀house😀", "house", True, id="between emoji"),
        pytest.param("<b>Maya</b> & Co", "maya co", True, id="what looks like markup"),
        pytest.param("It's 5'10\" \\ tall' OR '1'='1", "tall' OR", True, id="marks of SQL"),
        pytest.param("a & b | !c:* <-> d", "b c", True, id="marks of a tsquery"),
        pytest.param("x" * 1600, "xxx", True, id="one very long word"),
    ],
)
@pytest.mark.parametrize("walked", [0, 1000])
async def test_words(
    world: World, monkeypatch: pytest.MonkeyPatch, body: str, typed: str, is_found: bool, walked: int
) -> None:
    """Whether they are found by walking or by the index is the same."""
    monkeypatch.setattr(history, "WALK", walked + 1)
    await world.receive(body, received_at=NOON)
    await world.receive("Something else altogether", received_at=later(60))
    await world.receive("Another one", received_at=later(90))
    assert await found(world, typed) == ([body] if is_found else [])


async def test_the_keys_are_those_that_a_look_asks_for(world: World) -> None:
    for seconds in (0.0, 0.4999, 0.5, 4095.6, 131_071.9, 123_456_789.25):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        keys = await world.value("SELECT history_keys(9, $1, 3, 5, 7)", at)
        assert keys[3:] == [number_key(3), author_key(5), campaign_key(7)]
        assert set(keys) & set(spans(9, at, at))
        assert set(keys) & set(spans(9, at - timedelta(days=100), at))
        assert set(keys) & set(spans(9, at, at + timedelta(days=100)))


# Filters


async def test_filters(world: World) -> None:
    await world.sql(RAJ)
    alice = (await world.receive("one", received_at=NOON)).thread_id
    bob = (await world.receive("two", from_=BOB, to=OTHER_NUMBER, received_at=later(60))).thread_id
    await world.send(alice, body="three", now=later(120))
    await world.send(bob, body="four", now=later(180), author_id=2)
    await world.sql("UPDATE message SET state = 'undelivered', rank = 30 WHERE body = 'three'")
    contact = await world.value(
        "SELECT contact_id FROM contact_phone p JOIN endpoint e ON e.id = p.endpoint_id WHERE e.address = $1", BOB
    )
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["one", "two", "three", "four"]),
        ({"direction": "in"}, ["one", "two"]),
        ({"direction": "out"}, ["three", "four"]),
        ({"number_id": 2}, ["two", "four"]),
        ({"agent_id": 2}, ["four"]),
        ({"agent_id": 1}, ["three"]),
        ({"contact_id": contact}, ["two", "four"]),
        ({"contact_id": contact, "direction": "out"}, ["four"]),
        ({"contact_id": contact + 1000}, []),
        ({"status": "received"}, ["one", "two"]),
        ({"status": "waiting"}, ["four"]),
        ({"status": "failed"}, ["three"]),
        ({"status": "delivered"}, []),
        ({"since": later(60)}, ["two", "three", "four"]),
        ({"until": later(60)}, ["one"]),
        ({"since": later(60), "until": later(120)}, ["two"]),
        ({"since": later(500)}, []),
        ({"until": NOON}, []),
        ({"campaign_id": 1}, []),
        ({"number_id": 1, "agent_id": 2}, []),
        ({"number_id": 2, "direction": "out", "status": "waiting", "agent_id": 2, "since": NOON, "until": later(999)},
         ["four"]),
    ]  # fmt: skip
    for asked, expected in cases:
        assert await found(world, **asked) == expected, asked
    assert await found(world, "t", since=NOON) == []
    assert await found(world, "two", since=NOON, number_id=2) == ["two"]


async def test_a_campaigns_texts_are_found_by_it_and_those_that_were_taken_back_are_nowhere(world: World) -> None:
    await world.receive("Hello")
    ours = await spring(world)
    await ours.queue(ALICE, now=later(60))
    assert len(await found(world, campaign_id=ours.campaign_id)) == 1
    assert len(await found(world)) == 2
    head = (await world.store.history.page(1, Wanted(), limit=1)).head
    assert head is not None
    await take_back(world, ours)
    assert await found(world, campaign_id=ours.campaign_id) == []
    assert await found(world) == ["Hello"]
    assert [line.body async for piece in await world.store.history.export(1, Wanted()) for line in piece] == ["Hello"]


async def test_a_text_bears_who_stands_at_either_end(world: World) -> None:
    await world.receive("Hello", to=OTHER_NUMBER, received_at=NOON)
    await world.sql("UPDATE contact SET first_name = 'Ana', last_name = 'Lee'")
    [row] = (await world.store.history.page(1, Wanted("hello"))).rows
    assert (row.name, row.contact_id, row.address, row.number) == ("Ana Lee", 1, ALICE, OTHER_NUMBER)
    assert isinstance(row.what, Message)
    assert (row.what.at, row.what.seq, row.what.direction) == (NOON, 1, "in")


# Workspaces


async def test_no_filter_and_no_cursor_finds_a_text_of_another_workspace(world: World) -> None:
    await world.sql("SELECT 1")
    await world.store.call(lambda c: c.execute(ELSEWHERE))
    await world.receive("Hello from here", received_at=NOON)
    theirs = (await world.store.history.page(2, Wanted())).head
    assert theirs is not None
    assert await found(world, "hello") == ["Hello from here"]
    assert await found(world, "hello", workspace_id=2) == ["Hello from elsewhere"]
    assert await found(world, "elsewhere") == []
    for asked in ({"number_id": 3}, {"contact_id": 2}, {"since": NOON}, {}):
        assert "Hello from elsewhere" not in await found(world, **asked)
    assert await found(world, workspace_id=3) == []
    page = await world.store.history.page(1, Wanted(), cursor=f"{int(later(9999).timestamp() * 1e6)}.999.9")
    assert bodies(page.rows) == ["Hello from here"]
    assert (await world.store.history.newer(1, Wanted(), "0.0.0")).count == 1
    told = [line.body async for piece in await world.store.history.export(1, Wanted()) for line in piece]
    assert told == ["Hello from here"]


# Pages


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or, without a direction, a note."""

    thread_id: int
    seq: int
    direction: str | None
    number_id: int | None
    author_id: int | None
    state: str | None
    body: str
    at: datetime

    @property
    def key(self) -> tuple[datetime, int, int]:
        return self.at, self.thread_id, self.seq


FROM, TO = NOON - timedelta(days=300), NOON - timedelta(days=100)
WORDS = ("alpha", "alps", "beta", "gamma", "delta", "rare")


async def crowd(world: World, dice: random.Random, count: int = 300) -> list[Text]:
    """Texts and notes of two years, many at the same instant and many within minutes of each other."""
    await world.sql(RAJ)
    threads = [
        (await world.receive("zero", from_=f"+1202555{100 + n:04}", received_at=NOON)).thread_id for n in range(5)
    ]
    await world.sql("DELETE FROM message")
    seqs = dict.fromkeys(threads, 1)
    texts = []
    burst = NOON - timedelta(days=200)
    for _ in range(count):
        thread = dice.choice(threads)
        seqs[thread] += 1
        way = dice.choice(("in", "in", "out", "out", None))
        at = (
            burst + timedelta(seconds=dice.randrange(60))
            if dice.random() < 0.5
            else NOON - timedelta(days=dice.randrange(700))
        )
        texts.append(
            Text(
                thread, seqs[thread], way, None if way is None else dice.choice((1, 2)),
                None if way == "in" else dice.choice((1, 2)),
                {"in": "received", "out": dice.choice(("sent", "delivered", "undelivered"))}.get(way or ""),
                " ".join(dice.choices(WORDS, weights=(9, 3, 5, 5, 2, 0.2), k=dice.randrange(1, 6))), at,
            )
        )  # fmt: skip
    rows = [(t.thread_id, t.seq, t.direction, t.number_id, t.body, t.state, t.author_id, t.at) for t in texts]
    await world.store.call(lambda c: c.executemany(WRITTEN, [row for row in rows if row[2]]))
    notes = [(t.thread_id, t.seq, t.author_id, t.body, t.at) for t in texts if t.direction is None]
    await world.store.call(lambda c: c.executemany(NOTED, notes))
    return sorted(texts, key=lambda text: text.key, reverse=True)


def begins(word: str) -> Callable[[Text], bool]:
    return lambda text: any(one.startswith(word) for one in text.body.split())


FIELDS: Sequence[tuple[dict[str, Any], Callable[[Text], bool]]] = [
    ({}, lambda _: True),
    ({"typed": "rare"}, begins("rare")),
    ({"typed": "alp"}, begins("alp")),
    ({"typed": "alpha beta"}, lambda t: begins("alpha")(t) and begins("beta")(t)),
    ({"typed": '"alpha beta"'}, lambda t: "alpha beta" in t.body),
    ({"typed": "nowhere"}, lambda _: False),
    ({"number_id": 2}, lambda t: t.number_id == 2),
    ({"agent_id": 2}, lambda t: t.author_id == 2),
    ({"agent_id": 2, "typed": "delta"}, lambda t: t.author_id == 2 and begins("delta")(t)),
    ({"direction": "in", "typed": "gamma"}, lambda t: t.direction == "in" and begins("gamma")(t)),
    ({"status": "failed"}, lambda t: t.state in STATES["failed"]),
    ({"typed": "beta", "since": FROM, "until": TO, "number_id": 1},
     lambda t: begins("beta")(t) and FROM <= t.at < TO and t.number_id == 1),
    ({"kind": "note"}, lambda t: t.direction is None),
    ({"kind": "note", "typed": "rare"}, lambda t: t.direction is None and begins("rare")(t)),
    ({"kind": "note", "typed": '"beta gamma"', "agent_id": 1},
     lambda t: t.direction is None and "beta gamma" in t.body and t.author_id == 1),
    ({"kind": "text", "typed": "alpha"}, lambda t: t.direction is not None and begins("alpha")(t)),
    ({"kind": "note", "since": FROM, "until": TO}, lambda t: t.direction is None and FROM <= t.at < TO),
    ({"kind": "note", "direction": "in"}, lambda _: False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("walk", "too_many", "enough"), [(1000, 1200, 10_000), (1, 1200, 10_000), (4, 3, 10_000), (4, 3, 10)]
)
async def test_all_pages_are_a_plain_reading_of_all_texts(
    world: World, monkeypatch: pytest.MonkeyPatch, walk: int, too_many: int, enough: int
) -> None:
    """Whether by one walk, by leaps, by leaps into a crowd, or given up and gone on."""
    monkeypatch.setattr(history, "WALK", walk)
    monkeypatch.setattr(history, "TOO_MANY", too_many)
    monkeypatch.setattr(history, "ENOUGH", enough)
    texts = await crowd(world, random.Random(walk))  # noqa: S311 - not for secrets
    gave_up = False
    for asked, fits in FIELDS:
        rows = await every(world, Wanted(**asked), limit=7)
        expected = [text.key for text in texts if fits(text)]
        assert [(row.what.at, row.what.thread_id, row.what.seq) for row in rows] == expected, asked
        gave_up |= (await world.store.history.page(1, Wanted(**asked), limit=7)).searched_to is not None
        lines = [line async for piece in await world.store.history.export(1, Wanted(**asked)) for line in piece]
        assert [(one.at, one.body, one.direction, one.state) for one in lines] == [
            (t.at, t.body, t.direction, t.state) for t in texts if fits(t)
        ], asked
    assert gave_up is (enough == 10)


async def test_pages_stay_as_they_are_while_texts_arrive(world: World) -> None:
    for n in range(9):
        await world.receive(f"text {n}", received_at=later(n // 3))
    first = await world.store.history.page(1, Wanted("text"), limit=4)
    await world.receive("text new", received_at=later(99))
    await world.receive("text at the same instant", from_=BOB, received_at=later(2))
    second = await world.store.history.page(1, Wanted("text"), cursor=first.next_cursor, limit=4)
    third = await world.store.history.page(1, Wanted("text"), cursor=second.next_cursor, limit=4)
    assert bodies([*first.rows, *second.rows, *third.rows]) == [f"text {n}" for n in range(8, -1, -1)]
    assert third.next_cursor is None


async def test_how_many_are_new_is_told_beside_a_page_that_stays(world: World) -> None:
    await world.receive("old house", received_at=NOON)
    head = (await world.store.history.page(1, Wanted("flat"))).head
    assert head is not None
    newer = world.store.history.newer
    assert await newer(1, Wanted(), head) == Newer(0, more=False)
    await world.receive("a house", from_=BOB, received_at=later(60))
    await world.receive("a flat", received_at=later(61))
    assert (await newer(1, Wanted(), head)).count == 2
    assert (await newer(1, Wanted("flat"), head)).count == 1
    assert (await newer(1, Wanted("flat", direction="out"), head)).count == 0
    assert (await newer(1, Wanted("!"), head)).count == 0


async def test_beyond_what_is_looked_at_there_are_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_NEWER", 2)
    for n in range(3):
        await world.receive(f"text {n}", received_at=later(n))
    assert await world.store.history.newer(1, Wanted(), "0.0.0") == Newer(2, more=True)


@pytest.mark.parametrize(
    "cursor", ["", "x", "1", "1.x", "1.1", "1.1.x", "-1.-1.-1", "9" * 30 + ".1.1", "1.1." + "9" * 25]
)
async def test_a_cursor_from_elsewhere_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await world.store.history.page(1, Wanted(), cursor=cursor)
    with pytest.raises(ValueError, match="cursor"):
        await world.store.history.newer(1, Wanted(), cursor)


async def test_where_there_are_no_texts_a_page_is_empty(world: World) -> None:
    page = await world.store.history.page(1, Wanted("house"))
    assert (list(page.rows), page.next_cursor, page.searched_to, page.head) == ([], None, None, None)


async def test_a_text_is_found_before_and_after_its_words_are_merged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "WALK", 1)
    await world.receive("a house", received_at=NOON)
    for n in range(3):
        await world.receive("something else", received_at=later(60 + n))
    assert await found(world, "house") == ["a house"]
    assert await world.store.history.merge_words() > 0
    assert await world.store.history.merge_words() == 0
    assert await found(world, "house") == ["a house"]


async def test_a_file_is_of_one_moment(world: World) -> None:
    for n in range(3):
        await world.receive(f"text {n}", received_at=later(n))
    file = await world.store.history.export(1, Wanted())
    await world.receive("text 3", received_at=later(3))
    assert [line.body async for piece in file for line in piece] == ["text 2", "text 1", "text 0"]


async def test_a_text_that_is_not_committed_is_not_found(world: World) -> None:
    await world.receive("a house", received_at=NOON)
    async with holding(world, "UPDATE message SET body = 'a flat'"):
        assert await found(world, "house") == ["a house"]
        assert await found(world, "flat") == []


# Notes


async def test_a_note_bears_whose_conversation_it_stands_in_and_whom_it_names(world: World) -> None:
    await world.receive("a house", received_at=NOON)
    await world.sql(RAJ)
    await world.sql("UPDATE contact SET first_name = 'Maya', last_name = 'Chen'")
    await world.store.call(lambda c: c.execute(NOTED, 1, 2, 1, "@Raj this house?", later(60)))
    await world.sql("INSERT INTO mention (member_id, thread_id, seq, workspace_id) VALUES (2, 1, 2, 1)")
    [note, text] = (await world.store.history.page(1, Wanted("house"))).rows
    assert isinstance(text.what, Message)
    assert note.what == Note(1, 2, "@Raj this house?", 1, "Dana", (2,), later(60))
    assert (note.name, note.contact_id, note.address, note.number) == ("Maya Chen", 1, ALICE, text.number)
    [alone] = (await world.store.history.page(1, Wanted("house", contact_id=1, kind="note"))).rows
    assert alone == note


async def test_a_note_of_another_workspace_is_never_found(world: World) -> None:
    await world.store.call(lambda c: c.execute(ELSEWHERE + NOTED_ELSEWHERE))
    await world.receive("Hello from here", received_at=NOON)
    assert await found(world, "elsewhere") == []
    assert await found(world, kind="note") == []
    assert await found(world, "note", workspace_id=2) == ["A note from elsewhere"]
    told = [line.body async for piece in await world.store.history.export(1, Wanted()) for line in piece]
    assert told == ["Hello from here"]


async def test_new_notes_are_told_beside_new_texts(world: World) -> None:
    await world.receive("old house", received_at=NOON)
    head = (await world.store.history.page(1, Wanted())).head
    assert head is not None
    await world.receive("a house", from_=BOB, received_at=later(60))
    await world.store.call(lambda c: c.execute(NOTED, 1, 2, 1, "a note", later(61)))
    for wanted, count in (
        (Wanted(), 2),
        (Wanted(kind="note"), 1),
        (Wanted(kind="text"), 1),
        (Wanted(direction="in"), 1),
    ):
        assert (await world.store.history.newer(1, wanted, head)).count == count, wanted
    assert (await world.store.history.page(1, Wanted())).head != head


async def test_notes_are_looked_for_no_further_back_than_a_full_page_of_texts_came(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So what texts cost does not hang on how many notes there are below them."""
    asked: list[tuple[str, datetime]] = []

    class Watched(history._Search):
        async def run(self) -> None:
            asked.append((self.asked.kinds[0], self.since))
            await super().run()

    monkeypatch.setattr(history, "_Search", Watched)
    for n in range(9):
        await world.receive(f"text {n}", received_at=later(n))
    await world.store.call(lambda c: c.execute(NOTED, 1, 99, 1, "a note of text", later(4)))
    page = await world.store.history.page(1, Wanted("text"), limit=3)
    assert bodies(page.rows) == ["text 8", "text 7", "text 6"]
    assert asked == [("text", NOON), ("note", later(5))]
    rest = await world.store.history.page(1, Wanted("text"), cursor=page.next_cursor)
    assert bodies(rest.rows)[:3] == ["text 5", "a note of text", "text 4"]


@pytest.mark.parametrize(
    ("name", "given", "index"),
    [
        pytest.param("leap", ([1], 9, 9), "note_found", id="by words"),
        pytest.param("walk", (9, 9), "note_by_time", id="by time"),
    ],
)
async def test_notes_are_found_by_an_index(world: World, name: str, given: Sequence[Any], index: str) -> None:
    plan = await plan_of(world, Wanted("house", kind="note"), name, 1, NOON, 1, 1, NOON, *given)
    assert index in plan
    assert "Seq Scan on note" not in plan


async def test_a_file_of_texts_and_notes_is_merged_by_their_indexes_of_time_and_not_sorted(world: World) -> None:
    plan = await plan_of(world, Wanted(), "export", 1, NOON, later(60), plain="SET LOCAL enable_sort = off")
    assert "note_by_time" in plan
    assert "Merge Append" in plan
    assert "Sort Key: m" not in plan.partition("Merge Append")[0]


async def plan_of(world: World, wanted: Wanted, name: str, *given: Any, plain: str = history._PLANS) -> str:
    """How a statement is carried out where tables are not read whole."""

    async def read(connection: Any) -> str:
        async with connection.transaction():
            await connection.execute("SET LOCAL enable_seqscan = off")
            await connection.execute(plain)
            asked = await sought(connection, 1, wanted)
            assert asked is not None
            sql, values = asked.statement(name, *given)
            return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql.rstrip().rstrip(';')}", *values))

    return await world.store.call(read)
