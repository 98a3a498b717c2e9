"""What is kept of visits to short links: each of them, and for each recipient the first of a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import trio

from server.domain.campaigns.clicks import Bot
from server.domain.messages import CampaignMoved
from server.ports.campaigns import Variant
from server.ports.links import TargetClicks, Visit
from tests.store.carried import EVERYBODY, Campaigns
from tests.store.world import NOON, World, later

TWO = replace(EVERYBODY, variants=(Variant("acme.com/tour or acme.com/map"),))
AGENT = "Mozilla/5.0 (iPhone)"


@pytest.fixture
def it(world: World) -> Campaigns:
    return Campaigns(world)


async def wired(it: Campaigns, count: int = 3) -> int:
    campaign_id = await it.launched(TWO, count)
    await it.advance(campaign_id)
    assert await it.wire() == count
    it.world.told.clear()
    return campaign_id


async def token(it: Campaigns, ord_: int, path: str = "tour") -> str:
    return str(
        await it.world.value(
            "SELECT k.token FROM link k JOIN link_target t ON t.id = k.target_id"
            " WHERE k.ord = $1 AND t.url = 'http://acme.com/' || $2 ORDER BY k.campaign_id LIMIT 1",
            ord_, path,
        )
    )  # fmt: skip


async def visit(it: Campaigns, token: str, at: datetime, bot: Bot | None = None, agent: str = AGENT) -> None:
    await it.world.store.links.record([Visit(token, agent, at, bot)])


async def clicked(it: Campaigns) -> dict[int, Any]:
    rows = await it.world.sql("SELECT ord, clicked_at FROM campaign_recipient WHERE clicked_at IS NOT NULL")
    return {row["ord"]: row["clicked_at"] for row in rows}


async def figures(it: Campaigns, campaign_id: int) -> Any:
    """Their sums agree with their rows."""
    await it.states(campaign_id)
    found = await it.world.store.campaign_drafts.get(1, campaign_id)
    assert found is not None
    return found


async def test_a_token_leads_to_its_target_and_another_to_nothing(it: Campaigns) -> None:
    await wired(it)
    links = it.world.store.links
    assert await links.target(await token(it, 2)) == "http://acme.com/tour"
    assert await links.target("00000000000") is None


async def test_the_first_visit_of_a_person_counts_the_recipient_and_is_told(it: Campaigns) -> None:
    campaign_id = await wired(it)
    await visit(it, await token(it, 2), later(60))
    assert await clicked(it) == {2: later(60)}
    assert it.world.heard(CampaignMoved) == [CampaignMoved(1, campaign_id)]
    campaign = await figures(it, campaign_id)
    assert (campaign.figures.clicked, campaign.has_links) == (1, True)


async def test_the_second_visit_and_the_other_link_of_the_same_person_count_nobody(it: Campaigns) -> None:
    campaign_id = await wired(it)
    await visit(it, await token(it, 2), later(60))
    it.world.told.clear()
    await visit(it, await token(it, 2), later(90))
    await visit(it, await token(it, 2, "map"), later(120))
    assert await clicked(it) == {2: later(60)}
    assert it.world.told == []
    assert (await figures(it, campaign_id)).figures.clicked == 1
    assert await it.world.value("SELECT count(*) FROM link_click") == 3


async def test_who_is_counted_already_is_not_counted_with_others_who_are_new(it: Campaigns) -> None:
    campaign_id = await wired(it)
    await visit(it, await token(it, 1), later(60))
    both = [Visit(await token(it, ord_), AGENT, later(90), None) for ord_ in (1, 2)]
    await it.world.store.links.record(both)
    assert await clicked(it) == {1: later(60), 2: later(90)}
    assert (await figures(it, campaign_id)).figures.clicked == 2


async def test_of_several_visits_at_once_the_earliest_is_the_first(it: Campaigns) -> None:
    await wired(it)
    tour, plan = await token(it, 1), await token(it, 1, "map")
    await it.world.store.links.record([Visit(tour, AGENT, later(9), None), Visit(plan, AGENT, later(5), None)])
    assert await clicked(it) == {1: later(5)}


async def test_a_bot_is_kept_with_its_reason_and_counts_nobody(it: Campaigns) -> None:
    campaign_id = await wired(it)
    await visit(it, await token(it, 1), later(1), Bot.KNOWN_BOT, "WhatsApp/2.0")
    assert await clicked(it) == {}
    assert it.world.told == []
    assert (await figures(it, campaign_id)).figures.clicked == 0
    [row] = await it.world.sql("SELECT bot, agent, at FROM link_click")
    assert tuple(row) == ("known_bot", "WhatsApp/2.0", later(1))


async def test_a_visit_that_is_told_twice_is_kept_once(it: Campaigns) -> None:
    campaign_id = await wired(it)
    for _ in range(2):
        await visit(it, await token(it, 1), later(60))
    assert await it.world.value("SELECT count(*) FROM link_click") == 1
    assert (await figures(it, campaign_id)).figures.clicked == 1


async def test_visits_of_tokens_that_nobody_made_are_not_kept_and_hold_up_nobodys(it: Campaigns) -> None:
    await wired(it)
    known = Visit(await token(it, 1), AGENT, later(60), None)
    await it.world.store.links.record([Visit("00000000000", AGENT, later(60), None), known])
    assert await it.world.value("SELECT count(*) FROM link_click") == 1
    assert await clicked(it) == {1: later(60)}


async def test_what_cannot_be_stored_of_an_agent_is_left_out(it: Campaigns) -> None:
    await wired(it)
    await visit(it, await token(it, 1), later(60), agent="odd\0one\udcff")
    assert await it.world.value("SELECT count(*) FROM link_click WHERE agent LIKE 'odd%'") == 1


async def test_the_visits_of_minutes_ago_are_counted_in_their_own_minutes(it: Campaigns) -> None:
    """As after an outage."""
    campaign_id = await wired(it)
    told = [Visit(await token(it, ord_), AGENT, later(60 * ord_), None) for ord_ in (1, 2, 3)]
    await it.world.store.links.record(told)
    minutes = await it.world.store.campaign_figures.minutes(1, campaign_id, NOON)
    assert minutes is not None
    assert [one.clicked for one in minutes if one.clicked] == [1, 1, 1]


async def test_two_servers_that_see_the_same_person_count_one(it: Campaigns) -> None:
    campaign_id = await wired(it)
    tour, plan = await token(it, 1), await token(it, 1, "map")
    async with trio.open_nursery() as nursery:
        for one in (tour, plan, tour, plan):
            nursery.start_soon(visit, it, one, later(60), None, str(id(one)))
    assert (await figures(it, campaign_id)).figures.clicked == 1


async def test_when_a_text_left_is_its_departure_even_where_the_carrier_has_not_answered(it: Campaigns) -> None:
    campaign_id = await it.launched(TWO, 2)
    await it.advance(campaign_id)
    links, tokens = it.world.store.links, [await token(it, ord_) for ord_ in (1, 2)]
    assert await links.sent_at(tokens) == {}
    [first, _] = await it.world.queued()
    await it.world.authorise(rows=[first], now=later(5))
    sent = await links.sent_at([*tokens, "00000000000"])
    assert [*sent] == [tokens[0]]
    assert abs(sent[tokens[0]] - later(5)) < timedelta(seconds=1)


async def test_clicks_are_told_by_target_with_bots_apart(it: Campaigns) -> None:
    campaign_id = await wired(it)
    for ord_, seconds in ((1, 60), (1, 70), (2, 60)):
        await visit(it, await token(it, ord_), later(seconds))
    await visit(it, await token(it, 3), later(1), Bot.METHOD)
    await visit(it, await token(it, 3), later(2), Bot.METHOD)
    await visit(it, await token(it, 3), later(1), Bot.TOO_SOON, "other")
    await visit(it, await token(it, 3, "map"), later(80))
    links = it.world.store.links
    assert await links.clicks(1, campaign_id, 10) == [
        TargetClicks("http://acme.com/tour", 3, 2, 3, {Bot.METHOD: 2, Bot.TOO_SOON: 1}),
        TargetClicks("http://acme.com/map", 3, 1, 1, {}),
    ]
    assert [one.url for one in await links.clicks(1, campaign_id, 1) or ()] == ["http://acme.com/tour"]
    assert await links.clicks(2, campaign_id, 10) is None
    assert await links.clicks(1, campaign_id + 1, 10) is None


async def test_a_campaign_whose_texts_have_no_links_says_so(it: Campaigns) -> None:
    campaign_id = await it.launched()
    await it.advance(campaign_id)
    assert not (await figures(it, campaign_id)).has_links
    assert await it.world.store.links.clicks(1, campaign_id, 10) == []
