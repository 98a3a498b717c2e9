"""Filters on a real database: what SQL lets through is what a plain reading of the same definition lets through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from server.domain.filter_fields import Field
from tests.store.plain_reading import every_operator, matches
from tests.store.population import DAYS, Town, people, settle
from tests.store.world import World, open_world

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
