"""What is asked of a large campaign again and again does not read all of it: by the rows that PostgreSQL reads."""

from __future__ import annotations

import pytest

from server.ports.links import TargetClicks
from server.store.campaigns.figures import MOST_FOUND
from server.store.named_sql import statements
from tests.store.campaigns import spring
from tests.store.reading import rows_read
from tests.store.world import NOON, World, later

MANY = 5_000
LINKS, FIGURES, ENGINE = statements("links"), statements("figures"), statements("campaign_engine")
PAGE = FIGURES["page_of_few"]
_CAMPAIGN = "INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'Spring', 'active') RETURNING id"
_PEOPLE = """
WITH made AS (
    INSERT INTO contact (workspace_id, first_name) SELECT 1, 'Person ' || n FROM generate_series(1, $1::integer) n
    RETURNING id
), numbers AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT 1, '+1202555' || lpad(n::text, 4, '0') FROM generate_series(1, $1) n RETURNING id
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM numbers) e USING (n)
"""
_RECIPIENTS = """
INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, contact_id, endpoint_id)
SELECT $1, row_number() OVER (ORDER BY p.contact_id), 1, p.contact_id, p.endpoint_id FROM contact_phone p
"""
_WIRED = """
UPDATE campaign_recipient SET state = 'wired', delivery = 'sent', thread_id = ord, seq = 1, left_at = $1
"""
_TARGETS = """
INSERT INTO link_target (workspace_id, url) SELECT 1, 'http://acme.com/' || n FROM generate_series(1, $1::integer) n
"""


async def linked(world: World, campaign: int, targets: int) -> None:
    """A link for each of many recipients, to these targets in turn."""
    await world.sql(_TARGETS, targets)
    ords = range(1, MANY + 1)
    given = [*ords], [1 + ord_ % targets for ord_ in ords], [f"{campaign:05}{ord_:06}" for ord_ in ords]
    await world.sql(LINKS["make_links"], 1, campaign, *given)


async def crowd(world: World, campaign: int) -> None:
    """Many people in a campaign, one of whom has a rare name; each has a number.

    What other tests left dead in the table would have it measured as one that has pages and no rows.
    """
    await world.store._postgres.read(lambda c: c.execute("VACUUM campaign_recipient"))
    await world.sql(_PEOPLE, MANY)
    await world.sql("UPDATE contact SET first_name = 'Zebulon' WHERE id = $1", MANY - 7)
    await analysed(world)
    await world.sql(_RECIPIENTS, campaign)


async def analysed(world: World) -> None:
    await world.store._postgres.read(lambda c: c.execute("ANALYZE"))


@pytest.mark.parametrize(
    ("q", "digits"), [("zeb", ""), ("nobody", ""), ("202 555 4321", "2025554321"), ("4321", "4321")]
)
@pytest.mark.parametrize("counted", [True, False], ids=["counted", "just launched"])
async def test_who_is_looked_for_among_recipients_is_found_without_reading_them_all(
    world: World, q: str, digits: str, counted: bool
) -> None:
    campaign = await world.value(_CAMPAIGN)
    await crowd(world, campaign)
    if counted:
        await analysed(world)
    ords = await world.value(FIGURES["found"], 1, campaign, q, digits, MOST_FOUND)
    assert len(ords) == (q != "nobody")
    assert await rows_read(world, FIGURES["found"], 1, campaign, q, digits, MOST_FOUND, after=PAGE) < 100
    assert await rows_read(world, FIGURES["recipients"], 1, campaign, [], 0, 50, q, digits, ords, after=PAGE) < 100


async def test_a_page_of_those_who_are_found_too_often_ends_when_it_is_full(world: World) -> None:
    campaign = await world.value(_CAMPAIGN)
    await crowd(world, campaign)
    await analysed(world)
    assert await world.value(FIGURES["found"], 1, campaign, "person", "", 100) is None
    assert await rows_read(world, FIGURES["found"], 1, campaign, "person", "", 100, after=PAGE) < 1_000
    assert (
        await rows_read(world, FIGURES["recipients"], 1, campaign, [], 1_000, 50, "person", "", None, after=PAGE)
        < 1_000
    )


@pytest.mark.parametrize("resumed", [False, True])
async def test_whether_it_does_badly_is_told_from_sums_also_after_somebody_has_resumed_it(
    world: World, resumed: bool
) -> None:
    ours = await spring(world)
    await crowd(world, ours.campaign_id)
    await world.sql(_WIRED, NOON)
    if resumed:
        await ours.resume(later(0))
    await analysed(world)
    assert await rows_read(world, FIGURES["tally"], ours.campaign_id) < 10
    assert await rows_read(world, ENGINE["look"], ours.campaign_id, NOON, 64) < 100


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
