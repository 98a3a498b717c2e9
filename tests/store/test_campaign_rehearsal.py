"""A campaign's text on its writer's own telephone: what it says, what it leaves alone, and how often it is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio

from server.domain.campaigns.campaign import CampaignState
from server.domain.carrier import Accepted, Receipt
from server.domain.delivery import State
from server.domain.messages import CampaignMoved
from server.ports import CommandConflict
from server.ports.campaigns import CannotTest, Leaving, Plan, Sources, Tried, Variant
from server.ports.links import Visit
from tests.store.carried import EVERYBODY, Campaigns
from tests.store.test_own_numbers import COLLEAGUE, ELSEWHERE, PROVEN
from tests.store.world import BOB, NOON, World, later

DANA, RAJ = 1, 2
OWN = "+12025550177"
TOUR = replace(EVERYBODY, variants=(Variant("Hi {{first_name}}: acme.com/tour from {{agent_name}}"),))
TWO = replace(EVERYBODY, variants=(Variant("One {{first_name}}", 50), Variant("Two {{first_name}}", 50)))


@pytest.fixture
async def it(world: World) -> Campaigns:
    """Three people, and Dana's own telephone."""
    campaigns = Campaigns(world)
    await campaigns.people(3)
    await world.sql(PROVEN, DANA, OWN)
    return campaigns


async def sent(it: Campaigns, campaign_id: int, cmd_id: UUID | None = None, **more: Any) -> Any:
    asked = more.get("contact_id"), more.get("variant")
    return await it.world.store.campaign_tests.send(
        1, campaign_id, more.get("member", DANA), cmd_id or uuid4(), *asked, more.get("now", NOON)
    )


async def tried(it: Campaigns, campaign_id: int, cmd_id: UUID | None = None, **more: Any) -> Tried:
    told = await sent(it, campaign_id, cmd_id, **more)
    assert isinstance(told, Tried), told
    return told


async def bodies(it: Campaigns) -> list[str]:
    rows = await it.world.sql("SELECT body FROM message WHERE klass = 'test' ORDER BY thread_id, seq")
    return [row["body"] for row in rows]


# What it says


async def test_it_says_what_the_first_recipient_would_get_to_the_members_own_number_and_leaves(it: Campaigns) -> None:
    told = await tried(it, await it.draft(TOUR))
    [text] = told.texts
    assert text.text.startswith("Hi Person 1: http://localhost/l/")
    assert text.text.endswith(" from Dana")
    assert (told.address, told.again, text.name, text.variant) == (OWN, False, "Person 1", 0)
    [authorised] = await it.world.authorise()
    assert (authorised.request.to, authorised.request.body) == (OWN, text.text)
    assert authorised.klass == "test"
    [audit] = await it.world.sql("SELECT member_id, detail FROM audit WHERE action = 'campaign_tested'")
    assert audit["member_id"] == DANA


async def test_whose_values_it_bears_can_be_chosen(it: Campaigns) -> None:
    [third] = await it.world.sql("SELECT id FROM contact ORDER BY id DESC LIMIT 1")
    await tried(it, await it.draft(TWO), contact_id=third["id"], variant=1)
    assert await bodies(it) == ["Two Person 3"]


async def test_all_wordings_are_sent_where_none_is_named(it: Campaigns) -> None:
    told = await tried(it, await it.draft(TWO))
    assert [text.variant for text in told.texts] == [0, 1]
    assert await bodies(it) == ["One Person 1", "Two Person 1"]


async def test_whoever_would_get_nothing_is_passed_over(it: Campaigns) -> None:
    await it.world.sql("UPDATE endpoint SET opted_out = true WHERE id = 1")
    await tried(it, await it.draft(TWO), variant=0)
    assert await bodies(it) == ["One Person 2"]


async def test_words_without_tokens_need_nobody(it: Campaigns) -> None:
    told = await tried(it, await it.draft(Plan(variants=(Variant("See you on Sunday"),))))
    assert [text.name for text in told.texts] == [None]


async def test_it_leaves_from_the_campaigns_number_whatever_its_thread_has(it: Campaigns) -> None:
    await it.world.receive(from_=OWN)
    await tried(it, await it.draft(replace(TWO, number_id=2)), variant=0)
    [authorised] = await it.world.authorise()
    assert authorised.request.from_ == "+12025550198"


async def test_it_leaves_within_minutes_or_never(it: Campaigns) -> None:
    await tried(it, await it.draft(TWO), variant=0)
    assert await it.world.authorise(now=NOON + timedelta(minutes=10)) == []
    assert await it.world.value("SELECT state FROM message WHERE klass = 'test'") == "expired"


async def test_it_leaves_at_night(it: Campaigns) -> None:
    night = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
    await tried(it, await it.draft(TWO), variant=0, now=night)
    assert len(await it.world.authorise(now=night)) == 1


# Refused


@pytest.mark.parametrize(
    ("plan", "more", "why", "sentence"),
    [
        pytest.param(TWO, {"member": RAJ}, "no_own_number", "Say which telephone is yours first", id="no number"),
        pytest.param(TWO, {"contact_id": 99}, "no_contact", "no such contact", id="nobody of that name"),
        pytest.param(TWO, {"variant": 2}, "no_such_text", "no such text", id="no such wording"),
        pytest.param(replace(TWO, number_id=9), {}, "no_number", "no number here", id="its number is gone"),
        pytest.param(
            replace(TWO, variants=(Variant("Hi {{frist_name}}"),)), {}, "faulty", "frist_name", id="a broken token"
        ),
        pytest.param(replace(TWO, variants=(Variant(" "),)), {}, "cannot_be_made", "missing", id="no words"),
        pytest.param(
            replace(TWO, variants=(Variant("Hi {{last_name}}"),)),
            {},
            "cannot_be_made",
            "Person 1 would get nothing: last name is not known.",
            id="a value that they lack",
        ),
        pytest.param(
            replace(TWO, sources=Sources()), {}, "cannot_be_made", "Nobody is in the audience", id="no audience"
        ),
        pytest.param(
            replace(TWO, variants=(Variant("a" * 1601),)), {}, "cannot_be_made", "1,600 characters", id="too long"
        ),
    ],
)
async def test_what_cannot_be_tried_is_said_in_a_sentence(
    it: Campaigns, plan: Plan, more: dict[str, Any], why: str, sentence: str
) -> None:
    await it.world.sql(COLLEAGUE)
    told = await sent(it, await it.draft(plan), **more)
    assert isinstance(told, CannotTest)
    assert told.why == why
    assert sentence in told.sentence
    assert await bodies(it) == []


async def test_another_workspaces_campaign_contact_and_number_are_not_there(it: Campaigns) -> None:
    await it.world.store.call(lambda c: c.execute(ELSEWHERE))
    await it.world.sql("INSERT INTO member_number SELECT 2, 2, $1, NULL, NULL, now(), 5, 0, now()", BOB)
    campaign_id = await it.draft(TWO)
    assert await it.world.store.campaign_tests.send(2, campaign_id, 2, uuid4(), None, None, NOON) is None
    theirs = await it.world.value("INSERT INTO contact (workspace_id, first_name) VALUES (2, 'Theo') RETURNING id")
    told = await sent(it, campaign_id, contact_id=theirs)
    assert isinstance(told, CannotTest)
    assert told.why == "no_contact"


async def test_a_number_that_was_removed_after_it_was_queued_gets_nothing(it: Campaigns) -> None:
    await tried(it, await it.draft(TWO), variant=0)
    await it.world.store.own_numbers.remove(1, DANA, NOON)
    assert await it.world.authorise() == []
    assert await it.world.value("SELECT error_code FROM message WHERE klass = 'test'") == "not_own_number"


# Once


async def test_the_same_command_sends_once_and_answers_alike(it: Campaigns) -> None:
    campaign_id, cmd_id = await it.draft(TWO), uuid4()
    first = await tried(it, campaign_id, cmd_id)
    await it.reword(campaign_id, "Other words")
    await it.world.sql("DELETE FROM member_number")
    again = await tried(it, campaign_id, cmd_id)
    assert again.again
    assert [(t.thread_id, t.seq, t.text) for t in again.texts] == [(t.thread_id, t.seq, t.text) for t in first.texts]
    assert len(await bodies(it)) == 2


async def test_twenty_equal_commands_at_once_are_one_test(it: Campaigns) -> None:
    campaign_id, cmd_id, answers = await it.draft(TOUR), uuid4(), list[Tried]()

    async def click() -> None:
        answers.append(await tried(it, campaign_id, cmd_id))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(click)
    assert len(await bodies(it)) == 1
    assert len({(one.texts[0].thread_id, one.texts[0].seq) for one in answers}) == 1
    assert [one.again for one in answers].count(False) == 1
    assert await it.world.value("SELECT count(*) FROM audit WHERE action = 'campaign_tested'") == 1


async def test_one_command_for_another_test_is_a_conflict(it: Campaigns) -> None:
    campaign_id, cmd_id = await it.draft(TWO), uuid4()
    await tried(it, campaign_id, cmd_id, variant=0)
    assert isinstance(await sent(it, campaign_id, cmd_id, variant=1), CommandConflict)
    assert len(await bodies(it)) == 1


# It counts nowhere


async def test_nothing_of_a_campaign_moves_by_a_test_its_receipt_or_its_answer(it: Campaigns) -> None:
    """Its writer's number stands in the audience too, and gets the campaign's own text all the same."""
    await it.world.sql("UPDATE endpoint SET address = $1 WHERE id = 1", OWN)
    await it.world.sql("UPDATE workspace SET bulk_cap_texts = 1, bulk_cap_window = '1 day'")
    campaign_id = await it.draft(replace(TWO, leaving=Leaving(texted_within_days=7), variants=(Variant("Hi"),)))
    await tried(it, campaign_id)
    [left] = await it.world.authorise()
    ledger = it.world.store.ledger
    await ledger.record_outcome(left.attempt_id, it.world.gen, Accepted("SM1", "queued", 1), NOON)
    await ledger.apply_receipt(1, Receipt("SM1", "delivered", attempt_id=left.attempt_id), NOON)
    await it.world.receive("Looks good", from_=OWN)
    assert await it.world.value("SELECT state FROM message WHERE klass = 'test'") == State.DELIVERED
    assert it.world.heard(CampaignMoved) == []
    assert await it.world.value("SELECT count(*) FROM campaign_stat_delta") == 0
    [thread] = await it.world.sql("SELECT campaign_id, campaign_at, last_out_at FROM thread")
    assert [*thread] == [None, None, None]

    assert (await it.launch(campaign_id, 3, now=later(60))).campaign.state is CampaignState.ACTIVE
    await it.advance(campaign_id, later(60))
    assert await it.wire(later(60)) == 3
    assert await it.states(campaign_id) == {"wired": 3}
    [sums] = await it.world.sql("SELECT audience, replied, clicked FROM campaign c, campaign_sums(c.id)")
    assert [*sums] == [3, 0, 0]


async def test_its_links_lead_there_and_whoever_follows_them_is_counted_nowhere(it: Campaigns) -> None:
    campaign_id = await it.draft(TOUR)
    [text] = (await tried(it, campaign_id)).texts
    token = text.text.partition("/l/")[2][:11]
    assert await it.world.store.links.target(token) == "http://acme.com/tour"
    await it.world.store.links.record([Visit(token, "Mozilla/5.0", later(60), None)])
    clicks = await it.world.store.links.clicks(1, campaign_id, 10)
    assert clicks == []
    for table in ("link", "link_click", "link_made", "link_stat", "campaign_stat_delta"):
        assert await it.world.value(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - names of this file
    assert it.world.heard(CampaignMoved) == []


async def test_one_that_runs_can_be_tried_as_it_reads_by_now(it: Campaigns) -> None:
    campaign_id = await it.launched(TWO)
    before = await it.states(campaign_id)
    await tried(it, campaign_id, variant=1)
    assert await it.states(campaign_id) == before


async def test_the_members_own_thread_is_not_taken_for_an_answered_one(it: Campaigns) -> None:
    """A test is no answer: who waits in that thread waits on."""
    thread = (await it.world.receive("Are you there?", from_=OWN)).thread_id
    await tried(it, await it.draft(TWO), variant=0)
    assert await it.world.value("SELECT waiting_since FROM thread WHERE id = $1", thread) is not None
