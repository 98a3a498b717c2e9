"""What a workspace sets for itself, in a real database: its versions, its entries, and that it counts at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio

from server.domain.caps import Cap
from server.domain.gate import MessageClass
from server.domain.messages import SettingsChanged
from server.ports import Authorised, Refused
from server.ports.campaigns import Variant
from server.ports.compose import Unreachable, Whom
from server.ports.settings import NameTaken, Outdated, Versioned
from server.ports.suggest import Suggested
from tests.store.carried import EVERYBODY, Campaigns
from tests.store.test_campaign_gates import BOXES
from tests.store.world import ALICE, NOON, World

PERSON, LATER, BULK = MessageClass.PERSON, MessageClass.SEND_LATER, MessageClass.BULK
OFFICE = ("09:00-18:00",) * 5 + (None, None)
EVENING = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)  # Tuesday, 6:30 PM in Washington
MORNING = datetime(2026, 3, 11, 13, 0, tzinfo=UTC)  # 9:00 AM there
FRIDAY = datetime(2026, 3, 13, 22, 30, tzinfo=UTC)
MONDAY = datetime(2026, 3, 16, 13, 0, tzinfo=UTC)


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


async def change(world: World, version: int | None = None, **wanted: Any) -> Versioned | Outdated | NameTaken:
    return await world.store.settings.change(1, 1, wanted, version)


async def entries(world: World) -> list[Any]:
    rows = await world.sql("SELECT member_id, detail FROM audit WHERE action = 'setting_changed' ORDER BY id")
    return [(row["member_id"], json.loads(row["detail"])) for row in rows]


async def waiting(world: World) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await world.sql(BOXES)]


# Versions and entries


async def test_a_change_is_another_version_and_an_entry_for_each_setting(world: World) -> None:
    before = await world.store.settings.get(1)
    done = await change(world, before.version, brand="Harbor", bulk_cap=Cap(500, timedelta(days=1)))
    assert isinstance(done, Versioned)
    assert (done.version, done.settings.brand) == (before.version + 1, "Harbor")
    assert await world.store.settings.get(1) == done
    assert sorted(await entries(world), key=lambda one: str(one[1]["setting"])) == [
        (1, {"setting": "brand", "from": "Acme Realty", "to": "Harbor"}),
        (1, {"setting": "bulk_cap", "from": None, "to": {"texts": 500, "window_h": 24}}),
    ]
    assert world.heard(SettingsChanged) == [SettingsChanged(1, done.version, suggesting=True)]


async def test_what_is_so_already_is_neither_a_version_nor_an_entry(world: World) -> None:
    before = await world.store.settings.get(1)
    assert await change(world, before.version, brand=before.settings.brand, sending_hours=None) == before
    assert await entries(world) == []


async def test_of_two_who_change_one_version_the_second_is_shown_what_the_first_has_set(world: World) -> None:
    version = (await world.store.settings.get(1)).version
    first = await change(world, version, brand="Harbor")
    second = await change(world, version, contact="help@harbor.example")
    assert isinstance(first, Versioned)
    assert second == Outdated(first)
    assert len(await entries(world)) == 1


async def test_two_at_once_with_one_version_make_one_change(world: World) -> None:
    version = (await world.store.settings.get(1)).version
    done: list[str] = []

    async def one(brand: str) -> None:
        done.append(type(await change(world, version, brand=brand)).__name__)

    async with trio.open_nursery() as nursery:
        for brand in ("Harbor", "Pine", "Bay"):
            nursery.start_soon(one, brand)
    assert sorted(done) == ["Outdated", "Outdated", "Versioned"]
    assert len(await entries(world)) == 1


async def test_a_change_that_was_answered_and_lost_is_the_same_when_it_is_said_again(world: World) -> None:
    version = (await world.store.settings.get(1)).version
    assert await change(world, version, brand="Harbor") == await change(world, version, brand="Harbor")


async def test_no_two_workspaces_have_one_name(world: World) -> None:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'x')")
    assert await change(world, name="Other") == NameTaken()
    assert isinstance(await change(world, name="Another"), Versioned)


async def test_another_workspaces_settings_stay(world: World) -> None:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'x')")
    other = await world.store.settings.get(2)
    await change(world, brand="Harbor", sending_hours=OFFICE)
    assert await world.store.settings.get(2) == other


# Hours


@pytest.mark.parametrize("klass", [LATER, BULK])
@pytest.mark.parametrize(("now", "opens"), [(EVENING, MORNING), (FRIDAY, MONDAY)])
async def test_a_changed_hour_defers_the_next_text(
    world: World, klass: MessageClass, now: datetime, opens: datetime
) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=klass, now=NOON)
    assert len(await world.authorise(now=now)) == 1
    await change(world, sending_hours=OFFICE)
    await world.send(thread, klass=klass, now=NOON)
    [answer] = await world.answers(now=now)
    assert isinstance(answer, Refused)
    assert (answer.verdict, answer.reason) == ("deferred", "sending_hours")
    assert (await waiting(world))[-1] == ("queued", opens, "sending_hours")
    assert await world.authorise(now=opens - timedelta(microseconds=1)) == []
    assert len(await world.authorise(now=opens)) == 1


async def test_what_a_person_writes_does_not_wait_for_the_office(world: World) -> None:
    await change(world, sending_hours=OFFICE)
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=PERSON, now=NOON)
    [answer] = await world.answers(now=EVENING)
    assert isinstance(answer, Authorised)
    assert await world.value("SELECT reason FROM attempt") is None


async def test_the_laws_hours_hold_whatever_a_row_says(world: World) -> None:
    """The page refuses wider ones; a row that has them all the same lets nobody be texted at night."""
    await world.sql("""UPDATE workspace SET sending_hours = '["00:00-24:00","00:00-24:00","00:00-24:00","00:00-24:00",
        "00:00-24:00","00:00-24:00","00:00-24:00"]'""")
    thread = (await world.receive()).thread_id
    await world.send(thread, klass=BULK, now=NOON)
    night = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
    [answer] = await world.answers(now=night)
    assert isinstance(answer, Refused)
    assert answer.reason == "quiet_hours"


async def test_the_carrier_gives_up_when_the_office_closes(world: World) -> None:
    await change(world, sending_hours=OFFICE)
    await world.send((await world.receive()).thread_id, klass=BULK)
    [answer] = await world.authorise(now=EVENING - timedelta(hours=1))
    assert answer.request.validity_s == 30 * 60


async def test_who_plans_a_text_is_told_the_offices_hours_and_who_writes_now_the_laws(world: World) -> None:
    await world.receive()
    await change(world, sending_hours=OFFICE)
    for whom in (Whom(ALICE, None, None), Whom("+12025550177", None, None)):
        told = [await world.store.compose.whereabouts(1, whom, EVENING, later=later) for later in (False, True)]
        assert [isinstance(one, Unreachable) or one.local.hours.open for one in told] == [True, False]


async def test_other_hours_wake_a_campaign_that_looked_whom_to_let_sleep(it: Campaigns) -> None:
    await it.world.sql("UPDATE workspace SET sending_hours = '[null,null,null,null,null,null,\"09:00-10:00\"]'")
    campaign_id = await it.launched(count=2)
    await it.advance(campaign_id)
    assert await it.world.sql(BOXES) == []
    await change(it.world, sending_hours=None)
    await it.advance(campaign_id)
    assert len(await it.world.sql(BOXES)) == 2


# The cap, the opt-in, names, suggestions


async def test_a_changed_cap_counts_for_the_next_text_in_bulk(world: World) -> None:
    thread = (await world.receive()).thread_id
    for cap, passes in ((Cap(1, timedelta(days=1)), 1), (Cap(2, timedelta(days=1)), 1), (None, 1)):
        await change(world, bulk_cap=cap)
        await world.sql("DELETE FROM outbox WHERE state = 'queued'")
        for _ in range(2):
            await world.send(thread, klass=BULK)
        assert len(await world.authorise()) == (passes if cap else 2)


async def test_links_of_the_next_texts_begin_as_the_workspace_says(it: Campaigns) -> None:
    campaign_id = await it.launched(replace(EVERYBODY, variants=(Variant("acme.com"),)), 1)
    await change(it.world, link_base="https://go.acme.example/l")
    await it.advance(campaign_id)
    [body] = await it.bodies()
    assert body.startswith("https://go.acme.example/l/")


async def test_a_days_budget_is_the_one_that_is_set_by_then(world: World) -> None:
    await change(world, ai_day_requests=1, ai_day_tokens=1500)
    asked = [await world.store.suggestions.charge(1, NOON.date(), 1000) for _ in range(2)]
    assert asked == [True, False]
    await change(world, ai_day_requests=9)
    assert not await world.store.suggestions.charge(1, NOON.date(), 1000)
    await change(world, ai_day_tokens=9000)
    assert await world.store.suggestions.charge(1, NOON.date(), 1000)


async def test_the_next_suggestions_are_told_the_tone_the_mode_and_the_brand_as_they_are(world: World) -> None:
    told = await world.receive("Is it free?")
    await change(world, ai_tone="Warm and short", ai_mode="offline", brand="Harbor")
    found = await world.store.suggestions.situation(told.thread_id, NOON)
    assert found is not None
    assert (found.tone, found.mode, found.brand) == ("Warm and short", "offline", "Harbor")


async def test_the_next_request_of_everybody_who_is_logged_in_bears_the_new_name(world: World) -> None:
    await world.store.people.open_session(1, b"token", NOON + timedelta(hours=1), "127.0.0.1", "Firefox")
    await change(world, name="Harbor & Pine")
    found = await world.store.people.session(b"token", NOON)
    assert found is not None
    assert found[1].name == "Harbor & Pine"


async def test_the_answer_to_stop_names_the_brand_as_it_is_by_then(world: World) -> None:
    await change(world, brand="Harbor", contact="help@harbor.example")
    await world.stop()
    [owed] = await world.store.ledger.owed_answers(10)
    assert (owed.brand, owed.contact) == ("Harbor", "help@harbor.example")


async def test_without_suggestions_none_is_kept_and_none_is_given(world: World) -> None:
    told = await world.receive("Is it free?")
    made = Suggested(told.seq, "model", "tiny", ("Yes!",))
    await world.store.suggestions.keep(1, told.thread_id, made, NOON)
    assert await world.store.suggestions.latest(1, told.thread_id) == made
    await change(world, ai_mode="off")
    assert await world.store.suggestions.latest(1, told.thread_id) is None
    state = await world.store.inbox.user(1, 1)
    assert (state.suggesting, state.settings_version) == (False, 2)
    again = await world.receive("Hello?")
    await world.store.suggestions.keep(1, again.thread_id, Suggested(again.seq, "model", "tiny", ("Yes!",)), NOON)
    assert await world.value("SELECT count(*) FROM suggestion") == 1
