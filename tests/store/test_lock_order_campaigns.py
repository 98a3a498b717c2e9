"""What campaigns lock: a change takes the campaign's own lock, before everything else that it may come to."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any, Final

import pytest

from server.ports.campaigns import CampaignDrafts, Plan, Variant
from tests.store.test_campaign_stops import running
from tests.store.test_lock_order import Act, judge, two_threads
from tests.store.world import NOON, World


async def change(world: World) -> Act:
    """Of one that runs, with a text to each of two in the queue."""
    await two_threads(world)
    campaign_id = await running(world)
    assert campaign_id == 1
    plan = Plan(variants=(Variant("Other words"),))
    return lambda: world.store.campaign_drafts.save(1, 1, 2, plan=plan, member_id=1, now=NOON)


METHODS = [
    pytest.param(change, {"campaign"}, id="a change"),
]

# Reads lock nothing; the others write the campaign's row alone, which is locked after its advisory lock by everybody.
READS: Final = "get page"
ALONE: Final = "create duplicate archive"
TESTED: Final = "save"


def test_no_method_of_campaigns_is_forgotten() -> None:
    parts: tuple[Any, ...] = (CampaignDrafts,)
    methods = [name for part in parts for name, what in vars(part).items() if iscoroutinefunction(what)]
    assert sorted(methods) == sorted(f"{READS} {ALONE} {TESTED}".split())


@pytest.mark.parametrize(("prepare", "waits_for"), METHODS)
async def test_a_campaign_takes_its_locks_in_the_order_of_everything_else(
    world: World, prepare: Any, waits_for: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await judge(world, prepare, waits_for, monkeypatch)
