"""What is asked of a large campaign again and again does not read all of it: by the rows that PostgreSQL reads."""

from __future__ import annotations

import pytest

from server.ports.links import TargetClicks
from server.store.named_sql import statements
from tests.store.reading import rows_read
from tests.store.world import World

MANY = 5_000
LINKS = statements("links")
_CAMPAIGN = "INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Spring', 'active') RETURNING id"
_TARGETS = """
INSERT INTO link_target (workspace_id, url) SELECT 1, 'http://acme.com/' || n FROM generate_series(1, $1::integer) n
"""


async def linked(world: World, campaign: int, targets: int) -> None:
    """A link for each of many recipients, to these targets in turn."""
    await world.sql(_TARGETS, targets)
    ords = range(1, MANY + 1)
    given = [*ords], [1 + ord_ % targets for ord_ in ords], [f"{campaign:05}{ord_:06}" for ord_ in ords]
    await world.sql(LINKS["make_links"], 1, campaign, *given)


async def analysed(world: World) -> None:
    await world.store._postgres.read(lambda c: c.execute("ANALYZE"))


@pytest.mark.parametrize("targets", [pytest.param(2, id="few targets"), pytest.param(MANY, id="one for each")])
async def test_clicks_are_told_from_sums_and_not_from_links_and_visits(world: World, targets: int) -> None:
    campaign = await world.value(_CAMPAIGN)
    await linked(world, campaign, targets)
    tokens = await world.sql("SELECT token FROM link ORDER BY token LIMIT 1000")
    visited = [row["token"] for row in tokens]
    now = await world.value("SELECT now()")
    await world.sql(LINKS["visits"], visited, [now] * 1_000, [None] * 1_000, ["Mozilla"] * 1_000)
    await world.sql(LINKS["visits"], visited, [now] * 1_000, ["method"] * 1_000, ["curl"] * 1_000)
    await analysed(world)
    found = await world.store.links.clicks(1, campaign, 10)
    assert found is not None
    assert sum(one.people for one in found) == (1_000 if targets == 2 else 10)
    assert isinstance(found[0], TargetClicks)
    assert await rows_read(world, LINKS["clicks"], 1, campaign, 10) < 100
    ids = [row["id"] for row in await world.sql("SELECT id FROM link_target ORDER BY id LIMIT 10")]
    assert await rows_read(world, LINKS["bots"], campaign, ids) < 100
