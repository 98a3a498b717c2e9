"""What a look at a campaign costs: one statement where nothing is to be done, and nothing for each who is asleep."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from server.domain.campaigns.campaign import Command
from server.domain.campaigns.drip import Drip
from server.domain.quiet_rules import Span
from server.ports.campaigns import Start
from server.store.campaigns import plans
from server.store.postgres import Postgres
from tests.store.carried import EVERYBODY, ZONE, Campaigns
from tests.store.world import World, later

EVENING = datetime(2026, 3, 11, 2, tzinfo=UTC)  # 22:00 in the east, 16:00 in Honolulu
NIGHT = EVENING + timedelta(hours=8)  # 6:00 and midnight
MORNING = EVENING + timedelta(hours=12)  # 10:00 and 4:00
DAYS = frozenset(range(7))
EAST = [
    *(201, 202, 203, 207, 212, 215, 216, 301, 302, 305, 315, 401, 404, 407, 410),
    *(412, 413, 419, 440, 443, 478, 508, 513, 516, 518, 540, 561, 570, 585, 603),
]
HONOLULU = 808
PEOPLE = 100 * (len(EAST) + 1)  # every 31st in Honolulu
MANY = """
WITH made AS (
    INSERT INTO contact (workspace_id, first_name) SELECT 1, 'Person ' || n FROM generate_series(1, $2::integer) n
    RETURNING id
), numbers AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT 1, '+1' || a || '5550' || n FROM generate_series(100, 199) n, unnest($1::text[]) WITH ORDINALITY q (a, nth)
    ORDER BY n, q.nth RETURNING id
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM numbers) e USING (n)
"""
TOUCHED = "SELECT count(*) FROM campaign_recipient WHERE campaign_id = $1 AND xmin::text::bigint > $2"


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Transactions, and statements that stand alone."""
    count: Counter[str] = Counter()
    call, read = Postgres.call, Postgres.read

    async def counting_call(self: Postgres, work: Any, **given: Any) -> Any:
        count["transactions"] += 1
        return await call(self, work, **given)

    async def counting_read(self: Postgres, work: Any) -> Any:
        count["reads"] += 1
        return await read(self, work)

    monkeypatch.setattr(Postgres, "call", counting_call)
    monkeypatch.setattr(Postgres, "read", counting_read)
    return count


async def many(it: Campaigns) -> int:
    """A campaign to all of them, whose pace bounds nothing."""
    await it.world.sql(MANY, [str(area) for area in (*EAST, HONOLULU)], PEOPLE)
    await it.world.sql("UPDATE number SET rate = 100000")
    campaign_id = await it.draft(EVERYBODY)
    await it.launch(campaign_id, PEOPLE, now=NIGHT)
    return campaign_id


async def carry_on(it: Campaigns, campaign_id: int, now: datetime) -> None:
    while await it.engine.advance(campaign_id, now):
        pass


async def untouched_since(it: Campaigns) -> Any:
    return await it.world.value("SELECT pg_current_xact_id()::text::bigint")


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(EVERYBODY, id="all at once"),
        pytest.param(replace(EVERYBODY, drip=Drip(2, 600, DAYS, Span(9 * 3600, 18 * 3600), ZONE)), id="a drip"),
    ],
)
async def test_a_look_that_finds_nothing_to_do_is_one_statement(
    it: Campaigns, counted: Counter[str], plan: Any
) -> None:
    campaign_id = await it.launched(plan, 4)
    await it.advance(campaign_id)
    counted.clear()
    assert not await it.engine.advance(campaign_id, later(1))
    assert counted == {"reads": 1}


async def test_who_is_asleep_is_not_touched_until_the_promised_instant(it: Campaigns, counted: Counter[str]) -> None:
    campaign_id = await many(it)
    before = await untouched_since(it)
    counted.clear()
    await carry_on(it, campaign_id, NIGHT)
    assert counted == {"transactions": 1, "reads": 1}  # by turns of 256 there were thirty-nine transactions
    assert await it.world.value(TOUCHED, campaign_id, before) == 0
    counted.clear()
    for minute in range(1, 60):
        assert not await it.engine.advance(campaign_id, NIGHT + timedelta(minutes=minute))
    assert counted == {"reads": 59}
    await it.advance(campaign_id, MORNING)
    assert await it.states(campaign_id) == {"in_flight": PEOPLE - 100, "pending": 100}


async def test_who_is_awake_among_many_who_sleep_gets_the_text_at_once(it: Campaigns, counted: Counter[str]) -> None:
    campaign_id = await many(it)
    before = await untouched_since(it)
    counted.clear()
    await carry_on(it, campaign_id, EVENING)
    assert counted["transactions"] == 1
    assert await it.states(campaign_id) == {"in_flight": 100, "pending": PEOPLE - 100}
    assert await it.world.value(TOUCHED, campaign_id, before) == 100
    assert await it.world.value(
        "SELECT bool_and(e.address LIKE '+1808%') FROM outbox o JOIN endpoint e ON e.id = o.endpoint_id"
    )
    await it.advance(campaign_id, MORNING)
    assert await it.states(campaign_id) == {"in_flight": PEOPLE}


async def test_whoever_there_was_no_room_for_comes_next_though_others_sleep_beyond_them(it: Campaigns) -> None:
    campaign_id = await many(it)
    await it.world.sql("UPDATE number SET rate = 10")
    await it.advance(campaign_id, EVENING)
    assert await it.states(campaign_id) == {"in_flight": 40, "pending": PEOPLE - 40}
    await it.wire(EVENING)
    await it.advance(campaign_id, EVENING + timedelta(seconds=4))
    assert await it.states(campaign_id) == {"wired": 40, "in_flight": 40, "pending": PEOPLE - 80}


async def test_who_was_taken_back_comes_first_though_all_places_around_were_passed(it: Campaigns) -> None:
    campaign_id = await many(it)
    await it.advance(campaign_id, EVENING)
    await it.command(campaign_id, Command.PAUSE, EVENING)
    await it.command(campaign_id, Command.RESUME, EVENING)
    await it.world.sql("UPDATE campaign SET asleep_to = 9999, asleep_until = $1", MORNING)  # before they came back
    await it.advance(campaign_id, EVENING)
    assert await it.states(campaign_id) == {"in_flight": 100, "pending": PEOPLE - 100}


async def test_hours_that_were_changed_wake_whoever_was_passed(it: Campaigns) -> None:
    tomorrow = Start(date(2026, 3, 12), time(9), at_home=True)
    campaign_id = await it.launched(replace(EVERYBODY), 3)
    await it.world.sql(
        "UPDATE campaign SET plan = $1 WHERE id = $2", plans.written(replace(EVERYBODY, start=tomorrow)), campaign_id
    )
    await it.advance(campaign_id)
    assert (await it.row(campaign_id))["asleep_to"] == 3
    await it.edit(campaign_id, "Other words")
    await it.world.sql("UPDATE campaign SET plan = $1 WHERE id = $2", plans.written(EVERYBODY), campaign_id)
    await it.advance(campaign_id)
    assert await it.states(campaign_id) == {"in_flight": 3}
