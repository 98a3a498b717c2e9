"""Filters on a real database: what SQL lets through is what a plain reading of the same definition lets through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.filter_fields import Field
from server.domain.filter_values import FilterFault
from server.domain.filters import MOST_DEEP
from server.ports.filters import SavedFilter, Sort
from server.store.contacts.finder import PostgresFinder
from server.store.options import StoreOptions
from server.store.store import open_store
from tests.store.plain_reading import every_operator, matches
from tests.store.population import DAYS, Town, people, settle
from tests.store.world import NOON, World, open_world

OTHER = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'Other', 'x');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (2, true, 'simulator', 'AC2', 'secret', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate)
VALUES (2, 2, '+12025550199', 10), (2, 2, '+12025550198', 10);
"""


@dataclass
class Towns:
    world: World
    ours: Town
    theirs: Town

    async def found(self, definition: Any = None, q: str = "", *, workspace_id: int = 1) -> set[int]:
        finder = self.world.store.finder
        ids = list(await finder.ids_after(workspace_id, definition, q))
        assert await finder.count(workspace_id, definition, q) == len(ids) == len(set(ids))
        return set(ids)


@pytest.fixture
async def towns(dsn: str) -> AsyncIterator[Towns]:
    async with open_world(dsn) as world:
        yield await two_towns(world, 1)


async def two_towns(world: World, seed: int) -> Towns:
    await world.store.call(lambda c: c.execute(OTHER))
    return Towns(world, await settle(world, 1, people(seed)), await settle(world, 2, people(seed + 1)))


def expected(town: Town, definition: Any) -> set[int]:
    return {person.contact_id for person in town.living if matches(person, definition, town)}


# Every condition alone

VALUES: dict[str, tuple[Any, ...]] = {
    "none": (None,),
    "text": ("maya", "É", "%", "_", "x"),
    "number": (100, 250.5, 0),
    "days": (0, 7, 30, 365),
    "phone": ("(202) 555-0004", "+1 617 555 0010"),
    "digits": ("202", "1202", "0004", "4"),
    "area_code": ("202", "617"),
}


def values(town: Town, known: Field, op: str) -> tuple[Any, ...]:
    asks = known.operators[op].input
    if asks == "choice":
        return known.choices
    if asks == "date":
        more = () if known.kind == "custom_date" else ("2026-03-10T11:00:00-05:00",)
        return (*DAYS, *more)
    return VALUES[asks] if asks in VALUES else tuple(town.ids[asks].values())


def conditions(town: Town) -> list[dict[str, Any]]:
    told = []
    for known, op in every_operator():
        for value in values(town, known, op):
            one = {"field": known.name, "is": op}
            told.append(one if value is None else {**one, "value": value})
    return told


async def test_every_condition_alone_means_in_sql_what_it_means_in_words(towns: Towns) -> None:
    asked = conditions(towns.ours)
    wrong = [one for one in asked if await towns.found(one) != expected(towns.ours, one)]
    assert wrong == []
    assert len(asked) > 200


# Several together


def definitions(town: Town) -> st.SearchStrategy[dict[str, Any]]:
    condition = st.sampled_from(conditions(town))

    def group(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        several = st.lists(parts, min_size=1, max_size=3)
        joined = st.builds(lambda join, some: {join: some}, st.sampled_from(("all", "any")), several)
        return joined | parts.map(lambda part: {"not": part})

    return st.recursive(condition, group, max_leaves=5).filter(lambda one: deep(one) <= MOST_DEEP)


def deep(node: dict[str, Any]) -> int:
    inside = [part for parts in node.values() if isinstance(parts, list) for part in parts if isinstance(part, dict)]
    inside += [part for part in node.values() if isinstance(part, dict)]
    return 1 + max(map(deep, inside), default=0)


@pytest.fixture
def populated(dsn: str) -> Towns:
    """Two towns that stay; the world that they were made in is closed."""

    async def populate() -> Towns:
        async with open_world(dsn) as world:
            return await two_towns(world, 3)

    return trio.run(populate)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.data())
def test_any_definition_finds_whom_a_plain_reading_of_it_finds_and_nobody_next_door(
    populated: Towns, dsn: str, chance: st.DataObject
) -> None:
    asked = [(town, chance.draw(definitions(town))) for town in (populated.ours, populated.theirs) for _ in range(4)]

    async def ask() -> None:
        async with open_store(dsn, options=StoreOptions(wall=lambda: NOON)) as store:
            for town, definition in asked:
                ids = await store.finder.ids_after(town.workspace_id, definition)
                assert set(ids) == expected(town, definition)

    trio.run(ask)


# Pages

ORDERS: dict[Sort, str] = {
    "name": "ORDER BY c.sort_name, c.id",
    "created": "ORDER BY c.created_at DESC, c.id DESC",
    "activity": "ORDER BY n.last_at DESC NULLS LAST, n.thread_id DESC, c.created_at DESC, c.id DESC",
}
ORDERED = """
SELECT c.id FROM contact c LEFT JOIN LATERAL (
    SELECT t.last_at, t.id AS thread_id FROM contact_phone p JOIN thread t ON t.endpoint_id = p.endpoint_id
    WHERE p.contact_id = c.id ORDER BY t.last_at DESC, t.id DESC LIMIT 1
) n ON true WHERE c.workspace_id = $1 AND c.deleted_at IS NULL
"""
SIEVES: tuple[tuple[Any, str], ...] = (
    (None, ""),
    ({"field": "opted_out", "is": "no"}, ""),
    ({"field": "tag", "is": "has", "value": "Buyer"}, ""),
    ({"field": "custom.kind", "is": "is", "value": "Flat"}, ""),
    (None, "maya"),
    (None, "202"),
    ({"field": "phone", "is": "filled"}, "buyer 617"),
)


@pytest.mark.parametrize("window", [1, 7, 5_000])
@pytest.mark.parametrize("sort", list(ORDERS))
async def test_pages_follow_each_other_in_their_order_without_a_gap_or_a_repetition(
    towns: Towns, sort: Sort, window: int
) -> None:
    """However few are looked at before all that match are sorted."""
    finder = PostgresFinder(towns.world.store._postgres, lambda: NOON, window=window)
    ordered = [row["id"] for row in await towns.world.sql(ORDERED + ORDERS[sort], 1)]
    for definition, q in SIEVES:
        found = await towns.found(definition, q)
        for limit in (3, 200):
            paged, cursor = list[int](), None
            while True:
                page = await finder.page(1, definition, q, sort=sort, cursor=cursor, limit=limit)
                paged += page.contact_ids
                cursor = page.next_cursor
                if cursor is None:
                    break
                assert len(page.contact_ids) == limit
            assert paged == [one for one in ordered if one in found], (definition, q, limit)


async def test_names_are_sorted_without_their_accents_and_who_has_none_comes_last(world: World) -> None:
    names = ("Zoë", "", "élan", "Eve", "ÁNA")
    for name in names:
        await world.sql("INSERT INTO contact (workspace_id, first_name) VALUES (1, $1)", name)
    page = await world.store.finder.page(1)
    assert [names[id_ - 1] for id_ in page.contact_ids] == ["ÁNA", "élan", "Eve", "Zoë", ""]


async def test_what_is_renamed_between_two_pages_is_neither_lost_nor_repeated_for_the_others(towns: Towns) -> None:
    finder = towns.world.store.finder
    first = await finder.page(1, limit=10)
    moved = first.contact_ids[-1]
    await towns.world.sql("UPDATE contact SET first_name = '', last_name = '', deleted_at = now() WHERE id = $1", moved)
    rest = await finder.page(1, cursor=first.next_cursor, limit=200)
    assert {*first.contact_ids, *rest.contact_ids} == await towns.found() | {moved}
    assert not set(first.contact_ids) & set(rest.contact_ids)


async def test_all_ids_come_in_chunks_ascending(towns: Towns) -> None:
    definition = {"field": "opted_out", "is": "no"}
    chunks = [list(chunk) async for chunk in towns.world.store.finder.matching(1, definition, chunk=7)]
    assert [len(chunk) for chunk in chunks[:-1]] == [7] * (len(chunks) - 1)
    assert [one for chunk in chunks for one in chunk] == sorted(await towns.found(definition))


# What counts read of custom fields stands beside the contacts

KEPT = "SELECT workspace_id, name, value, contact_id FROM contact_value"
STANDS = "SELECT c.workspace_id, v.key, v.value, c.id FROM contact c, jsonb_each(c.custom) v"


async def test_custom_fields_are_counted_as_they_are_after_every_change(towns: Towns) -> None:
    world = towns.world
    assert await world.value(f"SELECT count(*) FROM ({KEPT}) q") > 0  # noqa: S608 - of constants
    for custom in (
        '{"budget": 250.5, "kind": "Flat"}',
        '{"kind": "House", "first_time": true}',
        "{}",
        '{"kind": "House"}',
    ):
        await world.sql("UPDATE contact SET custom = $1 WHERE workspace_id = 1 AND id % 3 = 0", custom)
        await world.sql("UPDATE contact SET custom = custom || $1 WHERE workspace_id = 2 AND id % 2 = 0", custom)
        for one, other in ((KEPT, STANDS), (STANDS, KEPT)):
            left = f"SELECT count(*) FROM ({one} EXCEPT {other}) q"  # noqa: S608 - of constants
            assert await world.value(left) == 0
        for kind in ("House", "Flat"):
            rows = await world.sql(
                "SELECT id FROM contact WHERE workspace_id = 1 AND deleted_at IS NULL AND custom->>'kind' = $1", kind
            )
            found = await towns.found({"field": "custom.kind", "is": "is", "value": kind})
            assert found == {row["id"] for row in rows}


# Search


@pytest.mark.parametrize(
    ("q", "found"),
    [
        pytest.param("jose", True, id="without its accent"),
        pytest.param("JOSÉ", True, id="in capitals"),
        pytest.param("o'brien", True, id="two words that the name has as one"),
        pytest.param("garcía lo", True, id="the beginning of each word"),
        pytest.param("arcia", False, id="not the middle of a word"),
        pytest.param("jg@mail.example", True, id="an e-mail address"),
        pytest.param("open", True, id="a tag"),
        pytest.param("jose elan", True, id="a name and a tag with an accent"),
        pytest.param("jose buyer", False, id="a tag of somebody else"),
        pytest.param("(202) 555-0123", True, id="a phone as people write it"),
        pytest.param("+1 202.555.0123", True, id="with its country"),
        pytest.param("011 1 202", True, id="as from abroad"),
        pytest.param("202555", True, id="first digits"),
        pytest.param("0123", True, id="last digits"),
        pytest.param("555-0123", True, id="without the area code"),
        pytest.param("5550", False, id="digits in the middle"),
        pytest.param("1985", True, id="digits of the e-mail address"),
        pytest.param("jose 0123", True, id="a name and last digits"),
        pytest.param("jose 0124", False, id="a name and other digits"),
        pytest.param("'; DROP TABLE contact; --", False, id="SQL is words like others"),
        pytest.param("jose & ! | :* ()", True, id="the operators of a search are none"),
        pytest.param("हिंदी", False, id="other scripts"),
        pytest.param("\u0000", True, id="an invisible character is nothing typed"),
        pytest.param("…", False, id="nothing that a word could begin with"),
    ],
)
@pytest.mark.parametrize("window", [1, 5_000])
async def test_what_is_typed_finds_somebody_or_not(world: World, q: str, found: bool, window: int) -> None:
    await world.store.call(lambda c: c.execute(JOSE))
    finder = PostgresFinder(world.store._postgres, lambda: NOON, window=window)
    assert (await finder.page(1, q=q)).contact_ids == ((2,) if found else ()), q
    assert await finder.count(1, q=q) == (1 if found else 0)


JOSE = """
INSERT INTO contact (workspace_id, first_name, last_name, email, deleted_at)
VALUES (1, 'José', 'García López', 'jg@mail.example', now()),
       (1, 'José O’Brien', 'García López', '1985.jg@mail.example', NULL);
INSERT INTO tag (workspace_id, name) VALUES (1, 'Open house / Élan'), (1, 'Buyer');
INSERT INTO contact_tag (workspace_id, contact_id, tag_id) VALUES (1, 1, 1), (1, 1, 2), (1, 2, 1);
INSERT INTO endpoint (workspace_id, address) VALUES (1, '+12025550123');
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id) VALUES (1, 2, 1);
"""


# What is gone


async def test_a_saved_filter_whose_tag_is_gone_finds_nobody_but_a_fault(towns: Towns) -> None:
    filters, finder = towns.world.store.filters, towns.world.store.finder
    definition = {"not": {"field": "tag", "is": "has", "value": "buyer"}}
    saved = await filters.add(1, 1, "No buyers", definition)
    assert isinstance(saved, SavedFilter)
    assert saved.definition["not"]["value"] == towns.ours.ids["tag"]["Buyer"]
    await towns.world.sql("DELETE FROM tag WHERE id = $1", towns.ours.ids["tag"]["Buyer"])
    for asked in (finder.count, finder.page, finder.ids_after):
        with pytest.raises(FilterFault, match=r"There is no such tag, or it is gone\.") as fault:
            await asked(1, saved.definition)
        assert fault.value.at == "not.value"


async def test_nothing_of_another_workspace_can_be_named(towns: Towns) -> None:
    for what, known in towns.theirs.ids.items():
        field, op = next((f.name, op) for f, op in every_operator() if f.operators[op].input == what)
        with pytest.raises(FilterFault, match="There is no such"):
            await towns.found({"field": field, "is": op, "value": max(known.values())})
