"""What campaigns lock: a change takes the campaign's own lock, before everything else that it may come to."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any, Final
from uuid import uuid4

import pytest

from server.domain.campaigns.campaign import Command
from server.ports.campaigns import (
    CampaignCourse,
    CampaignDrafts,
    CampaignEngine,
    CampaignFigures,
    CampaignReading,
    CampaignTests,
    Plan,
    Variant,
)
from server.ports.links import Links, Visit
from server.ports.own_number import Asked, OwnNumbers
from tests.store.campaigns import spring
from tests.store.carried import Campaigns
from tests.store.test_campaign_stops import running
from tests.store.test_lock_order import Act, judge, two_threads
from tests.store.test_own_numbers import COLLEAGUE, PROVEN
from tests.store.world import ALICE, BOB, NOON, World, later


async def change(world: World) -> Act:
    """Of one that runs, with a text to each of two in the queue."""
    await two_threads(world)
    campaign_id = await running(world)
    assert campaign_id == 1
    plan = Plan(variants=(Variant("Other words"),))
    return lambda: world.store.campaign_drafts.save(1, 1, 2, plan=plan, member_id=1, now=NOON)


async def commanded(world: World, command: Command) -> Act:
    await two_threads(world)
    assert await running(world) == 1
    course = Campaigns(world).course
    return lambda: course.command(1, 1, 1, command, NOON)


async def pause(world: World) -> Act:
    return await commanded(world, Command.PAUSE)


async def cancel(world: World) -> Act:
    return await commanded(world, Command.CANCEL)


async def take_back(world: World) -> Act:
    await pause(world)
    await world.sql("UPDATE campaign SET state = 'paused', made_after = 99")
    return lambda: Campaigns(world).engine.advance(1, NOON)


async def queue(world: World) -> Act:
    """To two who have threads, in another order than their numbers, and one who has none."""
    await two_threads(world)
    campaigns = Campaigns(world)
    await world.sql("INSERT INTO endpoint (workspace_id, address) VALUES (1, '+12025550103')")
    await world.sql("INSERT INTO contact (workspace_id, first_name) SELECT 1, n FROM unnest('{A,B,C}'::text[]) n")
    await world.sql(
        "INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)"
        " SELECT 1, c.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM contact) c"
        " JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM endpoint) e USING (n)"
    )
    assert await campaigns.launched(count=3) == 1
    return lambda: campaigns.engine.advance(1, NOON)


async def build(world: World) -> Act:
    campaigns = Campaigns(world)
    await campaigns.people(3)
    await campaigns.draft()
    await world.sql("UPDATE campaign SET state = 'active', build_after = 0, expected = 3, launched_by = 1")
    return lambda: campaigns.engine.advance(1, NOON)


async def ask(world: World) -> Act:
    """Another number than the one that is proven."""
    await two_threads(world)
    await world.sql(PROVEN, 1, ALICE)
    return lambda: world.store.own_numbers.ask(1, 1, BOB, NOON)


async def remove(world: World) -> Act:
    await ask(world)
    return lambda: world.store.own_numbers.remove(1, 1, NOON)


async def look_for_codes(world: World) -> Act:
    """Two wait for a code from one number, and the second has texted it."""
    await two_threads(world)
    await world.sql(COLLEAGUE)
    assert isinstance(await world.store.own_numbers.ask(1, 1, BOB, NOON), Asked)
    asked = await world.store.own_numbers.ask(1, 2, BOB, NOON)
    assert isinstance(asked, Asked)
    await world.receive(asked.code or "", from_=BOB)
    return lambda: world.store.own_numbers.look(NOON)


async def rehearse(world: World) -> Act:
    """Over another number than it has been written from."""
    await two_threads(world)
    await world.sql(PROVEN, 1, ALICE)
    campaign_id = await Campaigns(world).draft(Plan(variants=(Variant("See acme.com"),), number_id=2))
    cmd_id = uuid4()
    return lambda: world.store.campaign_tests.send(1, campaign_id, 1, cmd_id, None, None, NOON)


async def visits(world: World) -> Act:
    """Of two, in another order than their numbers, whose texts left."""
    await two_threads(world)
    ours = await spring(world)
    await ours.wire(BOB, ALICE)
    await world.sql("INSERT INTO link_target (workspace_id, url) VALUES (1, 'http://acme.com')")
    await world.sql(
        "INSERT INTO link (token, workspace_id, target_id, campaign_id, ord)"
        " SELECT 'token-' || r.ord, 1, 1, r.campaign_id, r.ord FROM campaign_recipient r"
    )
    people = [Visit(f"token-{ord_}", "Mozilla/5.0", later(60), None) for ord_ in (1, 2)]
    return lambda: world.store.links.record(people)


METHODS = [
    pytest.param(change, {"campaign"}, id="a change"),
    pytest.param(pause, {"campaign"}, id="a pause"),
    pytest.param(cancel, {"campaign"}, id="a cancel"),
    pytest.param(take_back, {"thread"}, id="taking back what was queued"),
    pytest.param(queue, {"campaign", "thread"}, id="a turn"),
    pytest.param(build, {"campaign"}, id="a piece of a snapshot"),
    pytest.param(visits, {"thread"}, id="visits to short links"),
    pytest.param(rehearse, {"endpoint", "thread"}, id="a test"),
    pytest.param(ask, {"endpoint"}, id="a code is asked for"),
    pytest.param(remove, {"endpoint"}, id="an own number is removed"),
    pytest.param(look_for_codes, set(), id="codes are looked for"),
]

# Reads lock nothing; the others write the campaign's row alone, which is locked after its advisory lock by everybody.
READS: Final = "get plan page open minutes reasons recipients export tally target sent_at clicks of"
ALONE: Final = "create duplicate archive launch"
TESTED: Final = "save command advance record send ask remove look"


def test_no_method_of_campaigns_is_forgotten() -> None:
    courses: tuple[Any, ...] = (CampaignReading, CampaignDrafts, CampaignCourse, CampaignEngine, CampaignFigures)
    parts: tuple[Any, ...] = (*courses, CampaignTests, Links, OwnNumbers)
    methods = [name for part in parts for name, what in vars(part).items() if iscoroutinefunction(what)]
    assert sorted(methods) == sorted(f"{READS} {ALONE} {TESTED}".split())


@pytest.mark.parametrize(("prepare", "waits_for"), METHODS)
async def test_a_campaign_takes_its_locks_in_the_order_of_everything_else(
    world: World, prepare: Any, waits_for: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await judge(world, prepare, waits_for, monkeypatch)
