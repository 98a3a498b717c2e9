"""The demo's campaigns: in every state, as the rules would have left them, and one that drips at any hour."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from server.demo.campaigns import RUNNING_BATCH, Standing, make_campaigns
from server.demo.fates import GOODBYES, REPLIES
from server.demo.guests import NEIGHBORS, guests
from server.demo.people import NUMBERS, WORKSPACE, contacts
from server.demo.seed import simulated_people
from server.demo.world import SEED
from server.domain.campaigns.campaign import CampaignState, PausedBy
from server.domain.campaigns.wording_warnings import warnings
from server.domain.clock import demo_start
from server.domain.optout import Heard, classify
from server.domain.phone import is_test_number
from server.domain.segments import count
from server.domain.timetable import shipped_timetable
from server.ports.campaigns import Campaign
from server.store.store import Store, open_store
from tests.demo_databases import LINK_BASE, WALL, workspace_of

if TYPE_CHECKING:
    from server.store.postgres import Connection

AFTER_A_CLOCK_CHANGE = datetime(2027, 3, 15, 15, 0, tzinfo=UTC)


class Demo:
    def __init__(self, store: Store, workspace_id: int) -> None:
        self.store, self.workspace_id = store, workspace_id

    async def rows(self, sql: str, *values: object) -> list[Any]:
        async def ask(connection: Connection) -> list[Any]:
            return list(await connection.fetch(sql, *values))

        return await self.store.call(ask)

    async def named(self, name: str) -> Campaign:
        [found] = [one for one in await self.all() if one.name == name]
        return found

    async def all(self) -> list[Campaign]:
        drafts, found = self.store.campaign_drafts, list[Campaign]()
        for archived, templates in ((False, False), (True, False), (False, True)):
            page = await drafts.page(self.workspace_id, archived=archived, templates=templates)
            found += page.rows
        return found


@pytest.fixture(params=[pytest.param(WALL, id="a Friday"), pytest.param(AFTER_A_CLOCK_CHANGE, id="the clocks changed")])
def seeded_at(request: pytest.FixtureRequest) -> datetime:
    moment: datetime = request.param
    return moment


@pytest.fixture
async def demo(demo_dsn: str) -> AsyncIterator[Demo]:
    async with open_store(demo_dsn) as store:
        yield Demo(store, await workspace_of(store))


async def test_there_is_a_campaign_in_every_state_and_all_add_up(demo: Demo) -> None:
    campaigns = await demo.all()
    assert {one.state for one in campaigns} == set(CampaignState)
    assert {one.paused_why for one in campaigns} == {None, PausedBy.MEMBER, PausedBy.OPT_OUTS}
    assert sum(one.archived_at is not None for one in campaigns) == 1
    assert sum(one.template for one in campaigns) == 2
    for row in await demo.rows(
        "SELECT c.name, c.audience, c.launched_at, s.*, to_jsonb(s) - 'moved_at' AS kept, to_jsonb(r) AS counted"
        " FROM campaign c, campaign_sums(c.id) s, campaign_recount(c.id) r"
    ):
        assert row["kept"] == row["counted"], row["name"]
        states = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")
        assert sum(row[state] for state in states) == row["audience"], row["name"]
    over_time = await demo.rows(
        "SELECT s.campaign_id, (SELECT sum(m.wired) FROM campaign_minute m"
        " WHERE m.campaign_id = s.campaign_id) AS minutes, s.wired FROM campaign_stat s WHERE s.wired > 0"
    )
    assert len(over_time) == 7
    assert all(row["minutes"] == row["wired"] for row in over_time)


async def test_who_looks_at_a_past_one_sees_what_campaigns_bring(demo: Demo) -> None:
    open_house = await demo.named("Waterfront open house")
    seen = open_house.figures
    assert open_house.state is CampaignState.COMPLETED
    assert min(seen.delivered, seen.undelivered, seen.replied, seen.clicked, seen.excluded) > 0
    assert seen.delivered < seen.wired < seen.audience
    reasons = await demo.store.campaign_figures.reasons(demo.workspace_id, open_house.campaign_id)
    assert reasons is not None
    assert len({reason.error_code or reason.reason for reason in reasons}) >= 4
    minutes = await demo.store.campaign_figures.minutes(
        demo.workspace_id, open_house.campaign_id, WALL - timedelta(days=900)
    )
    assert minutes is not None
    assert len(minutes) > 12, "a chart with two points tells nothing"
    people = await demo.store.campaign_figures.recipients(
        demo.workspace_id, open_house.campaign_id, ["replied"], 0, 500
    )
    assert people is not None
    for one in people[:3]:
        assert one.thread_id is not None
        assert one.replied_at is not None
        member = (await demo.rows("SELECT min(id) AS id FROM member"))[0]["id"]
        thread = await demo.store.inbox.thread(demo.workspace_id, member, one.thread_id)
        assert thread is not None
        sent = [message for message in thread.messages if message.seq == one.seq]
        assert LINK_BASE in sent[0].body
        assert one.replied_at in [message.at for message in thread.messages if message.direction == "in"]


async def test_nothing_waits_that_no_carrier_is_ever_going_to_take(demo: Demo) -> None:
    assert await demo.rows("SELECT FROM outbox") == []
    assert await demo.store.ledger.owed_answers(10) == []
    assert await demo.rows("SELECT FROM campaign_recipient WHERE state = 'in_flight'") == []
    assert await demo.rows("SELECT FROM thread WHERE reply_cancels") == []


async def test_every_thread_of_a_campaign_is_numbered_without_a_gap_and_in_the_order_of_time(demo: Demo) -> None:
    broken = await demo.rows(
        "SELECT t.id FROM thread t JOIN LATERAL (SELECT count(*) AS events, max(e.seq) AS last FROM thread_event e"
        " WHERE e.thread_id = t.id) q ON true WHERE q.events <> t.last_seq OR q.last <> t.last_seq"
    )
    assert broken == []
    backwards = await demo.rows(
        "SELECT FROM (SELECT m.created_at, lead(m.created_at) OVER (PARTITION BY m.thread_id ORDER BY m.seq) AS later"
        " FROM message m) q WHERE later < created_at"
    )
    assert backwards == []
    ahead = await demo.rows(
        "SELECT FROM message m, (SELECT max(last_at) AS at FROM thread) t WHERE m.created_at > t.at"
    )
    assert ahead == []


async def test_the_server_goes_on_with_the_one_that_drips_and_leaves_the_others_alone(demo: Demo) -> None:
    running = await demo.named("New on Linden Street")
    assert running.state is CampaignState.ACTIVE
    assert running.next_batch_at is not None
    wall = running.next_batch_at
    scheduled = await demo.named("Saturday showings")
    assert scheduled.due_at is not None
    assert timedelta(days=3) < scheduled.due_at - wall < timedelta(days=14)
    assert set(await demo.store.campaign_engine.open()) == {running.campaign_id, scheduled.campaign_id}
    for campaign_id in (scheduled.campaign_id, running.campaign_id):
        while await demo.store.campaign_engine.advance(campaign_id, wall):
            pass
    assert (await demo.named("Saturday showings")).state is CampaignState.SCHEDULED
    figures = (await demo.named("New on Linden Street")).figures
    assert figures.in_flight == RUNNING_BATCH
    assert figures.pending >= 10 * RUNNING_BATCH, "ten minutes and more"


def test_the_pace_is_a_text_every_few_seconds_for_ten_minutes_and_more() -> None:
    [running] = [one for one in make_campaigns(WALL) if one.standing is Standing.RUNNING]
    drip, rate = running.plan.drip, running.plan.rate
    assert drip is not None
    assert rate is not None
    assert 3 <= 1 / rate <= 8
    assert drip.batch / rate == pytest.approx(drip.interval_s), "no pause between two batches"
    assert len(drip.days) == 7
    left = NEIGHBORS.size - drip.batch * (running.rounds or 0)
    assert left / rate > 15 * 60


def test_none_of_its_people_sleeps_whenever_the_demo_begins() -> None:
    timetable, rounds = shipped_timetable(), timedelta(minutes=60)
    places = {
        (guest.contact.address[:5], guest.contact.zone, guest.life.zip, guest.life.state) for guest in guests(SEED)
    }
    for day in range(370):
        begins = demo_start(datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(days=day))
        for at in (begins, begins + rounds):
            asleep = [place for place in places if not timetable.at(f"{place[0]}5550100", [place[1]], at).open]
            assert asleep == [], at


def test_no_guest_shares_a_number_with_anybody_and_all_belong_to_nobody() -> None:
    addresses = [guest.contact.address for guest in guests(SEED)]
    others = {person.address for person in contacts(SEED)} | {number.address for number in NUMBERS}
    assert len(set(addresses)) == len(addresses)
    assert others.isdisjoint(addresses)
    assert all(is_test_number(address) for address in addresses)


def test_guests_answer_now_and_then_and_all_others_as_they_did() -> None:
    people = simulated_people()
    listed = [person for person in people if "answers" in person]
    assert {person["number"] for person in listed} == {
        guest.contact.address for guest in guests(SEED) if guest.life.tags == (NEIGHBORS.tag,)
    }
    assert len(people) - len(listed) == 120


def test_what_people_say_is_heard_as_it_is_meant() -> None:
    assert {classify(body) for body in GOODBYES} == {Heard.STOP}
    assert {classify(body) for body in REPLIES} == {None}


def test_nobody_is_warned_of_the_words_of_a_campaign_that_was_launched() -> None:
    bodies = [variant.body for one in make_campaigns(WALL) if one.began is not None for variant in one.plan.variants]
    assert len(bodies) == 9
    assert [warnings(body, [WORKSPACE], count(body).count) for body in bodies] == [()] * 9


def test_the_same_moment_gives_the_same_campaigns() -> None:
    assert make_campaigns(WALL) == make_campaigns(WALL)
    for wall in (WALL, AFTER_A_CLOCK_CHANGE):
        assert all(
            one.made < wall and (one.began is None or one.made <= one.began < wall) for one in make_campaigns(wall)
        )
