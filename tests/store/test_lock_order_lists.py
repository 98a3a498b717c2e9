"""What lists of people and saved texts lock: an import and its undoing people before numbers before threads."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any, Final
from uuid import uuid4

import pytest

from server.domain.imports.csv_rows import rows_of
from server.domain.imports.row import Columns, Person, fold, read_row
from server.ports.imports import Import, Imports, Slice
from server.ports.pruning import Pruning
from server.ports.suggest import Budgets, Suggestions
from server.ports.templates import Templates
from tests.store.test_imports import bring, confirm, put
from tests.store.test_lock_order import Act, judge, two_threads
from tests.store.test_lock_order_people import contact
from tests.store.world import ALICE, BOB, NOON, World

LIST: Final = f"First name,Phone,Time zone\nBo,{BOB},America/Chicago\nAl,{ALICE},America/Chicago\n"
ONE_OF_TWO: Final = f"First name,Phone,Time zone\nBo,{BOB},America/Chicago\n"
LEASE_S: Final = 600.0


async def part_of(world: World, job: Import, text: str = LIST) -> Slice:
    known = await world.store.imports.vocabulary(1)
    rows = [read_row(row, Columns(job.columns.places, job.columns.names), known) for row in rows_of(text, ",")[1:]]
    people = [row for row in rows if isinstance(row, Person)]
    assert len(people) == len(rows)
    return Slice(0, len(rows), fold(people), ())


async def two_people(world: World) -> None:
    await two_threads(world)
    for address in (BOB, ALICE):
        await contact(world, address)


async def bring_in(world: World) -> Act:
    """A list with both, whose numbers and threads are there; the zones of the numbers are not what they will be."""
    await two_people(world)
    await world.sql("UPDATE endpoint SET places = '{}'")
    assert await confirm(world, await put(world, LIST))
    runner = uuid4()
    job = await world.store.imports.take(runner, LEASE_S)
    assert job is not None
    part = await part_of(world, job)
    return lambda: world.store.imports.store_slice(job, runner, part, LEASE_S)


async def bring_in_one_number_of_two(world: World) -> Act:
    """The other number, whose rows are the first, is not in the list; the person's places become its places too."""
    await two_threads(world)
    await contact(world, BOB, ALICE)
    await world.sql("UPDATE endpoint SET places = '{}'")
    assert await confirm(world, await put(world, ONE_OF_TWO))
    runner = uuid4()
    job = await world.store.imports.take(runner, LEASE_S)
    assert job is not None
    part = await part_of(world, job, ONE_OF_TWO)
    return lambda: world.store.imports.store_slice(job, runner, part, LEASE_S)


async def take_back(world: World) -> Act:
    """Both were there before, so their names, zones and consents are taken back."""
    await two_people(world)
    done = await bring(world, LIST)
    assert done.updated == 2
    assert await world.store.imports.undo(1, 1, done.import_id)
    runner = uuid4()
    job = await world.store.imports.take(runner, LEASE_S)
    assert job is not None
    return lambda: world.store.imports.undo_some(job.import_id, runner, 100, LEASE_S, NOON)


METHODS = [
    pytest.param(bring_in, {"contact", "endpoint", "thread"}, id="a slice of a list"),
    pytest.param(bring_in_one_number_of_two, {"contact", "endpoint"}, id="a slice that names one of two numbers"),
    pytest.param(take_back, {"contact", "endpoint"}, id="a slice of its undoing"),
]

# Reads, of exports too, lock nothing; the others write rows that no other part waits for.
READS: Final = """
chunk page get refusals vocabulary
rows one folders fields contact_of
situation stored latest team settings figures
"""
ALONE: Final = """
begin add_chunk uploaded drop describe confirm undo take finish tidy
add change remove use add_folder rename_folder remove_folder
prune
keep judge pick charge settle
"""
TESTED: Final = "store_slice undo_some"


def test_no_method_of_lists_and_saved_texts_is_forgotten() -> None:
    parts: tuple[Any, ...] = (Imports, Templates, Pruning, Suggestions, Budgets)
    methods = [name for part in parts for name, what in vars(part).items() if iscoroutinefunction(what)]
    assert sorted(methods) == sorted(f"{READS} {ALONE} {TESTED}".split())


@pytest.mark.parametrize(("prepare", "waits_for"), METHODS)
async def test_a_list_takes_its_locks_in_the_order_of_everything_else(
    world: World, prepare: Any, waits_for: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await judge(world, prepare, waits_for, monkeypatch)
