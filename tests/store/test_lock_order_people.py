"""Changes of contacts take their locks in the order of everything else: the contact before its numbers and threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, Final

import pytest

from server.ports.catalogue import Catalogue
from server.ports.contacts import ContactRow, Contacts, NewPhone, Values
from server.ports.timeline import NewCall, Timeline
from tests.store.test_lock_order import Act, Prepare, judge, two_threads
from tests.store.world import ALICE, BOB, NOON, World

ZONE: Final = "America/Denver"


async def contact(world: World, *addresses: str) -> ContactRow:
    made = await world.store.contacts.create(1, 1, {"first_name": "M", "zone": ZONE}, [NewPhone(a) for a in addresses])
    assert isinstance(made, ContactRow), made
    return made


def of_both(method: Callable[[World, ContactRow], Awaitable[object]]) -> Prepare:
    """On a contact with two numbers and their threads. The zones of the numbers are not what they will be."""

    async def prepare(world: World) -> Act:
        await two_threads(world)
        row = await contact(world, BOB, ALICE)
        await world.sql("UPDATE endpoint SET places = '{}'")
        return lambda: method(world, row)

    return prepare


def of_one(method: Callable[[World, ContactRow], Awaitable[object]]) -> Prepare:
    """On a contact with Bob's number; Alice's, whose rows are the first, is free."""

    async def prepare(world: World) -> Act:
        await two_threads(world)
        row = await contact(world, BOB)
        await world.sql("UPDATE endpoint SET places = '{}'")
        return lambda: method(world, row)

    return prepare


async def merge(world: World) -> Act:
    await two_threads(world)
    other, kept = await contact(world, BOB), await contact(world, ALICE)
    await world.sql("UPDATE endpoint SET places = '{}'")
    return lambda: world.store.contacts.merge(1, 1, kept.contact_id, other.contact_id)


async def create(world: World) -> Act:
    await two_threads(world)
    return lambda: contact(world, BOB, ALICE)


async def forget_a_field(world: World) -> Act:
    await world.sql(
        "INSERT INTO custom_field (workspace_id, name, label, kind) VALUES (1, 'budget', 'Budget', 'number')"
    )
    await world.sql("INSERT INTO contact (workspace_id, custom) SELECT 1, '{\"budget\": 5}' FROM generate_series(1, 3)")
    return lambda: world.store.catalogue.remove_field(1, 1)


RENAMED: Final = {"first_name": "Mia", "zone": "America/Chicago"}

METHODS = [
    pytest.param(create, {"endpoint", "thread"}, id="a new contact"),
    pytest.param(
        of_both(lambda w, k: w.store.contacts.change(1, 1, k.contact_id, RENAMED, None)),
        {"contact", "endpoint", "thread"},
        id="another name and zone",
    ),
    pytest.param(merge, {"contact", "endpoint", "thread"}, id="two become one"),
    pytest.param(
        of_both(lambda w, k: w.store.contacts.delete(1, 1, k.contact_id)), {"contact", "thread"}, id="deleting"
    ),
    pytest.param(
        of_one(lambda w, k: w.store.contacts.add_phone(1, 1, k.contact_id, NewPhone(ALICE))),
        {"contact", "endpoint", "thread"},
        id="another number",
    ),
    pytest.param(
        of_both(lambda w, k: w.store.contacts.remove_phone(1, 1, k.contact_id, k.phones[1].endpoint_id)),
        {"contact", "thread"},
        id="a number less",
    ),
    pytest.param(
        of_both(lambda w, k: w.store.contacts.change_phone(1, 1, k.contact_id, k.phones[0].endpoint_id, priority=1)),
        {"contact"},
        id="another order of numbers",
    ),
    pytest.param(
        of_both(lambda w, k: w.store.contacts.set_tags(1, 1, k.contact_id, names=["Hot"])), {"contact"}, id="tags"
    ),
    pytest.param(
        of_both(lambda w, k: w.store.contacts.add_showing(1, 1, k.contact_id, "", NOON, "")),
        {"contact"},
        id="a showing",
    ),
    pytest.param(forget_a_field, {"contact"}, id="a field goes"),
    pytest.param(
        of_one(lambda w, k: w.store.timeline.record_call(1, 1, NewCall("c", "out", NOON, address=ALICE))),
        {"endpoint"},
        id="a call",
    ),
]

# Reads lock nothing; what changes tags and pipelines locks nothing that another part waits for.
READS: Final = "rows get showings names values token_values tags pipelines fields members numbers page call_of"
ALONE: Final = """
add_tag rename_tag remove_tag add_pipeline change_pipeline remove_pipeline add_stage change_stage remove_stage add_field
change_field
"""
TESTED: Final = """
create change merge delete add_phone change_phone remove_phone set_tags set_stage add_showing remove_showing
remove_field record_call
"""


def test_no_method_about_people_is_forgotten() -> None:
    parts: tuple[Any, ...] = (Contacts, Values, Catalogue, Timeline)
    methods = [name for part in parts for name, what in vars(part).items() if iscoroutinefunction(what)]
    assert sorted(methods) == sorted(f"{READS} {ALONE} {TESTED}".split())


@pytest.mark.parametrize(("prepare", "waits_for"), METHODS)
async def test_a_contact_is_locked_before_what_hangs_on_it(
    world: World, prepare: Prepare, waits_for: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await judge(world, prepare, waits_for, monkeypatch)
