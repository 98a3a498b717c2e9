"""Campaigns besides their launch, on a real database: drafts, what may be changed when, copies, templates, the list."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest
import trio

from server.domain.campaigns.campaign import OPEN, CampaignState, Part, PausedBy, Refused
from server.domain.campaigns.drip import Drip
from server.domain.campaigns.health import Limits
from server.domain.messages import CampaignMoved, CampaignStopped
from server.domain.quiet_rules import Span
from server.domain.timetable import shipped_timetable
from server.ports import Voided
from server.ports.campaigns import (
    Campaign,
    CampaignSurvey,
    Figures,
    Leaving,
    Plan,
    PlanFault,
    Sources,
    Stale,
    Start,
    Variant,
)
from server.store.campaigns import plans, stops
from server.store.campaigns.changes import PART_OF, Words, changed
from server.store.campaigns.drafts import NAME_LENGTH, PostgresCampaignDrafts
from tests.store.test_campaign_stops import running
from tests.store.world import NOON, World, holding, later

DRIP = Drip(100, 3600, frozenset(range(5)), Span(9 * 3600, 17 * 3600), "America/New_York")
PLAN = Plan(
    sources=Sources(contact_ids=(3, 4)),
    variants=(Variant("Hi {{first_name|there}}", 60), Variant("Hello", 40)),
    start=Start(date(2026, 4, 1), time(10)),
    rate=5.0,
)
OTHERS = {
    Part.TEXT: replace(PLAN, variants=(Variant("Hey", 60), Variant("Hello", 40))),
    Part.SHARES: replace(PLAN, variants=(Variant("Hi {{first_name|there}}", 50), Variant("Hello", 50))),
    Part.AUDIENCE: replace(PLAN, sources=Sources(everybody=True)),
    Part.RATE: replace(PLAN, rate=1.5),
    Part.DRIP: replace(PLAN, drip=DRIP),
    Part.SCHEDULE: replace(PLAN, start=Start(date(2026, 4, 2), time(10))),
    Part.NUMBER: replace(PLAN, number_id=2),
    Part.RULES: replace(PLAN, limits=Limits(failed_percent=50.0)),
}
"""PLAN with one part changed."""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
async def world(world: World) -> World:
    """With another workspace (2), whose only member is 2."""
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'o')")
    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash)"
        " VALUES (2, 'e@example.org', 'Eve', 'owner', 'x')"
    )
    return world


def drafts(world: World) -> PostgresCampaignDrafts:
    return world.store.campaign_drafts


async def made(world: World, name: str = "Spring", plan: Plan | None = None) -> Campaign:
    campaign = await drafts(world).create(1, 1, uuid4(), name, NOON)
    return campaign if plan is None else await saved(world, campaign, plan=plan)


async def saved(world: World, campaign: Campaign, **what: Any) -> Campaign:
    answer = await drafts(world).save(1, campaign.campaign_id, campaign.version, member_id=1, now=NOON, **what)
    assert isinstance(answer, Campaign), answer
    return answer


async def put(world: World, campaign: Campaign, state: CampaignState, more: str = "") -> Campaign:
    """As a launch and what follows would leave it."""
    launched = f", launched_at = '{NOON}'" if state is not CampaignState.DRAFT else ""
    due = f", due_at = '{NOON}'" if state is CampaignState.SCHEDULED else ""
    await world.sql(
        f"UPDATE campaign SET state = $2{launched}{due}{more} WHERE id = $1",  # noqa: S608 - of this file
        campaign.campaign_id,
        state.value,
    )
    found = await drafts(world).get(1, campaign.campaign_id)
    assert found is not None
    return found


async def audits(world: World) -> list[tuple[int, str, Any]]:
    rows = await world.sql("SELECT member_id, action, detail FROM audit WHERE action <> 'workspace_added' ORDER BY id")
    return [(row["member_id"], row["action"], json.loads(row["detail"])) for row in rows]


async def names(world: World, **asked: Any) -> list[str]:
    return [row.name for row in (await drafts(world).page(1, **asked)).rows]


# Making


async def test_a_new_campaign_is_an_empty_draft_of_its_author(world: World) -> None:
    campaign = await drafts(world).create(1, 1, uuid4(), "Spring", NOON)
    assert (campaign.name, campaign.description, campaign.state) == ("Spring", "", CampaignState.DRAFT)
    assert (campaign.plan, campaign.version, campaign.author) == (Plan(), 1, "Dana")
    assert (campaign.created_at, campaign.moved_at, campaign.launched_at) == (NOON, NOON, None)
    assert (campaign.built, campaign.whole, campaign.figures, campaign.template) == (0, False, Figures(), False)
    assert await drafts(world).get(1, campaign.campaign_id) == campaign
    assert await audits(world) == [(1, "campaign_made", {"campaign": campaign.campaign_id})]


async def test_a_command_makes_one_draft_however_often_and_at_once_it_is_said(world: World) -> None:
    cmd_id, found = uuid4(), []

    async def create() -> None:
        found.append(await drafts(world).create(1, 1, cmd_id, "Spring", NOON))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(create)
    await create()
    assert len({campaign.campaign_id for campaign in found}) == 1
    assert await world.value("SELECT count(*) FROM campaign") == 1
    assert len(await audits(world)) == 1


async def test_the_same_command_in_another_workspace_makes_another_draft(world: World) -> None:
    cmd_id = uuid4()
    ours = await drafts(world).create(1, 1, cmd_id, "Ours", NOON)
    for _ in range(2):
        theirs = await drafts(world).create(2, 2, cmd_id, "Theirs", NOON)
        assert theirs.campaign_id != ours.campaign_id
        assert theirs.author == "Eve"


# Changing


async def test_what_was_saved_is_read_again_with_a_higher_version(world: World) -> None:
    campaign = await made(world)
    after = await saved(world, campaign, name="Summer", description="For June", plan=PLAN)
    assert (after.name, after.description, after.plan, after.version) == ("Summer", "For June", PLAN, 2)
    assert await drafts(world).get(1, campaign.campaign_id) == after
    [_, told] = await audits(world)
    assert told == (
        1,
        "campaign_changed",
        {
            "campaign": campaign.campaign_id,
            "version": 2,
            "parts": ["audience", "description", "name", "rate", "schedule", "shares", "text"],
        },
    )


async def saved_by(world: World, campaign: Campaign, member_id: int, minute: int, **what: Any) -> Campaign:
    at = later(60 * minute)
    answer = await drafts(world).save(1, campaign.campaign_id, campaign.version, member_id=member_id, now=at, **what)
    assert isinstance(answer, Campaign), answer
    return answer


async def changes(world: World) -> list[tuple[int, int, list[str]]]:
    """Who has changed something, how often, and what, as the audit log tells it."""
    rows = [(member, told) for member, action, told in await audits(world) if action == "campaign_changed"]
    return [(member, told.get("saves", 1), told["parts"]) for member, told in rows]


async def test_what_a_member_saves_of_a_draft_in_one_sitting_is_one_line_of_the_audit_log(world: World) -> None:
    campaign = await made(world)
    campaign = await saved_by(world, campaign, 1, 0, name="Summer")
    other = await drafts(world).create(1, 1, uuid4(), "Other", NOON)
    campaign = await saved_by(world, campaign, 1, 20, description="For June")
    await saved_by(world, other, 1, 21, name="Another")
    campaign = await saved_by(world, campaign, 1, 45, name="Late summer")
    assert await changes(world) == [(1, 3, ["description", "name"]), (1, 1, ["name"])]
    [told] = [
        told for _, _, told in await audits(world) if told["campaign"] == campaign.campaign_id and "saves" in told
    ]
    assert (told["version"], datetime.fromisoformat(told["until"])) == (campaign.version, later(45 * 60))


async def test_after_half_an_hour_or_somebody_else_another_line_begins(world: World) -> None:
    colleague = await world.value(
        "INSERT INTO member (workspace_id, email, name, role, password_hash)"
        " VALUES (1, 'kim@example.com', 'Kim', 'agent', '!') RETURNING id"
    )
    campaign = await made(world)
    campaign = await saved_by(world, campaign, 1, 0, name="One")
    campaign = await saved_by(world, campaign, 1, 31, name="Two")
    campaign = await saved_by(world, campaign, colleague, 32, name="Three")
    campaign = await saved_by(world, campaign, 1, 33, name="Four")
    assert [member for member, _, _ in await changes(world)] == [1, 1, colleague, 1]


async def test_each_change_of_one_that_runs_has_a_line_of_its_own(world: World) -> None:
    campaign = await put(world, await made(world, plan=PLAN), CampaignState.ACTIVE)
    before = len(await changes(world))
    for minute, name in enumerate(("One", "Two", "Three")):
        campaign = await saved_by(world, campaign, 1, minute, name=name)
    assert len(await changes(world)) == before + 3


async def test_what_is_not_named_stays(world: World) -> None:
    campaign = await made(world, plan=PLAN)
    after = await saved(world, campaign, description="For June")
    assert (after.name, after.plan) == ("Spring", PLAN)


async def test_an_older_version_writes_nothing_and_hears_the_present_one(world: World) -> None:
    campaign = await made(world)
    await saved(world, campaign, name="Summer")
    answer = await drafts(world).save(1, campaign.campaign_id, campaign.version, name="Autumn", member_id=1, now=NOON)
    assert answer == Stale(2)
    assert await names(world) == ["Summer"]


async def test_of_two_saves_at_once_one_is_stale(world: World) -> None:
    campaign, answers = await made(world), []

    async def save(name: str) -> None:
        answers.append(await drafts(world).save(1, campaign.campaign_id, 1, name=name, member_id=1, now=NOON))

    async with trio.open_nursery() as nursery:
        for name in ("Summer", "Autumn"):
            nursery.start_soon(save, name)
    assert [answer for answer in answers if isinstance(answer, Stale)] == [Stale(2)]
    [kept] = [answer for answer in answers if isinstance(answer, Campaign)]
    assert await drafts(world).get(1, campaign.campaign_id) == kept


async def test_the_same_save_twice_answers_alike_and_is_one_change(world: World) -> None:
    campaign = await made(world)
    for _ in range(2):
        answer = await drafts(world).save(1, campaign.campaign_id, 1, name="Summer", plan=PLAN, member_id=1, now=NOON)
        assert isinstance(answer, Campaign), answer
        assert (answer.name, answer.version) == ("Summer", 2)
    assert len(await audits(world)) == 2


async def test_what_no_column_can_hold_is_taken_away_and_is_no_change_the_next_time(world: World) -> None:
    campaign = await made(world)
    plan = replace(PLAN, variants=(Variant("a\x00b"),), start=Start())
    first = await saved(world, campaign, name="Sum\x00mer", plan=plan)
    assert (first.name, first.plan.variants) == ("Summer", (Variant("ab"),))
    assert await saved(world, first, name="Sum\x00mer", plan=plan) == first


@pytest.mark.parametrize("part", [*OTHERS, Part.NAME])
@pytest.mark.parametrize("state", CampaignState)
async def test_a_part_can_be_changed_as_long_as_the_state_lets_it(
    world: World, state: CampaignState, part: Part
) -> None:
    everywhere = {Part.NAME}
    until_the_end = everywhere | {Part.TEXT, Part.RATE, Part.DRIP, Part.RULES}
    allowed = {
        CampaignState.DRAFT: set(Part),
        CampaignState.SCHEDULED: until_the_end | {Part.SCHEDULE, Part.NUMBER},
        CampaignState.ACTIVE: until_the_end,
        CampaignState.PAUSED: until_the_end,
        CampaignState.COMPLETED: everywhere,
        CampaignState.CANCELLED: everywhere,
    }[state]
    campaign = await put(world, await made(world, plan=PLAN), state)
    what = {"name": "Summer"} if part is Part.NAME else {"plan": OTHERS[part]}
    answer = await drafts(world).save(1, campaign.campaign_id, campaign.version, member_id=1, now=NOON, **what)
    if part in allowed:
        assert isinstance(answer, Campaign), answer
        assert (answer.name, answer.plan) == (what.get("name", "Spring"), what.get("plan", PLAN))
        assert answer.version == campaign.version + 1
    else:
        assert isinstance(answer, Refused), answer
        assert await drafts(world).get(1, campaign.campaign_id) == campaign


async def test_one_forbidden_part_keeps_the_others_from_being_written(world: World) -> None:
    campaign = await put(world, await made(world, plan=PLAN), CampaignState.ACTIVE)
    plan = replace(PLAN, rate=1.0, sources=Sources(everybody=True))
    answer = await drafts(world).save(
        1, campaign.campaign_id, campaign.version, name="X", plan=plan, member_id=1, now=NOON
    )
    assert answer == Refused("The recipients are fixed at the launch.")
    assert await drafts(world).get(1, campaign.campaign_id) == campaign


async def test_while_the_snapshot_is_taken_the_name_can_be_changed_and_the_audience_cannot(world: World) -> None:
    campaign = await put(world, await made(world, plan=PLAN), CampaignState.DRAFT, ", build_after = 0")
    answer = await drafts(world).save(
        1, campaign.campaign_id, campaign.version, plan=OTHERS[Part.AUDIENCE], member_id=1, now=NOON
    )
    assert answer == Refused("This campaign is being launched. Change it once that is done.")
    assert (await saved(world, campaign, name="Summer")).name == "Summer"


@pytest.mark.parametrize(
    ("state", "rate"),
    [
        pytest.param(CampaignState.ACTIVE, 1.5, id="one that runs goes at its new pace"),
        pytest.param(CampaignState.DRAFT, None, id="a draft's is set at its launch"),
    ],
)
async def test_a_changed_pace_is_the_limiters(world: World, state: CampaignState, rate: float | None) -> None:
    campaign = await put(world, await made(world, plan=PLAN), state)
    await saved(world, campaign, plan=OTHERS[Part.RATE])
    assert await world.value("SELECT rate FROM campaign") == rate


@pytest.mark.parametrize(
    ("part", "states"),
    [
        pytest.param(Part.TEXT, ["cancelled"] * 2, id="other words"),
        pytest.param(Part.RATE, ["cancelled"] * 2, id="another pace"),
        pytest.param(Part.NAME, ["queued"] * 2, id="another name"),
    ],
)
async def test_what_is_queued_with_older_words_is_taken_back_before_the_change_is_answered(
    world: World, part: Part, states: list[str]
) -> None:
    campaign_id = await running(world)
    what = {"name": "Summer"} if part is Part.NAME else {"plan": OTHERS[part]}
    await world.sql("UPDATE campaign SET plan = $1::jsonb", plans.written(PLAN))
    campaign = await drafts(world).get(1, campaign_id)
    assert campaign is not None
    await saved(world, campaign, **what)
    assert [row["state"] for row in await world.sql("SELECT state FROM message ORDER BY thread_id")] == states
    assert len(await world.authorise()) == states.count("queued")


async def test_a_change_is_answered_once_what_t3_had_let_go_has_left_or_never_will(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says the same again, since no answer came, waits for it too."""
    monkeypatch.setattr(stops, "BULK_LEAVES_WITHIN_S", 3600.0)
    campaign_id = await running(world)
    before = await drafts(world).get(1, campaign_id)
    assert before is not None
    allowed = await world.authorise()
    answered = looked = 0
    read = world.store._postgres.read

    async def counted(work: Any) -> Any:
        nonlocal looked
        looked += 1
        return await read(work)

    async def save() -> None:
        nonlocal answered
        await saved(world, before, name="Summer", plan=replace(before.plan, rate=1.5))
        answered += 1

    monkeypatch.setattr(world.store._postgres, "read", counted)
    async with trio.open_nursery() as nursery:
        for nth in (1, 2):
            nursery.start_soon(save)
            while not answered and len(world.heard(CampaignStopped)) < nth:
                await trio.lowlevel.checkpoint()
        looked = 0
        while (
            not answered and looked < 6
        ):  # a read of the campaign for each of the two is the most that could come without waiting
            await trio.lowlevel.checkpoint()
        assert answered == 0
        for one in allowed:
            await world.store.ledger.record_outcome(one.attempt_id, world.gen, Voided("stopped"), NOON)
    assert answered == 2


@pytest.mark.parametrize(
    ("drip", "next_at"),
    [
        pytest.param(replace(DRIP, interval_s=7200), later(7200), id="another interval counts from the last batch"),
        pytest.param(None, None, id="no drip any more"),
    ],
)
async def test_with_another_drip_the_next_batch_is_told_anew(
    world: World, drip: Drip | None, next_at: datetime | None
) -> None:
    batches = f", last_batch_at = '{NOON}', next_batch_at = '{later(3700)}'"
    campaign = await put(world, await made(world, plan=replace(PLAN, drip=DRIP)), CampaignState.ACTIVE, batches)
    renamed = await saved(world, campaign, name="Summer")
    assert renamed.next_batch_at == later(3700), "only another drip changes it"
    assert (await saved(world, renamed, plan=replace(PLAN, drip=drip))).next_batch_at == next_at


@dataclass
class Looked:
    """A survey that finds nothing, and keeps the plans that it was asked about."""

    plans: list[Plan] = field(default_factory=list)

    async def faults(self, workspace_id: int, plan: Plan, now: datetime) -> Sequence[PlanFault]:
        self.plans.append(plan)
        return ()


@pytest.mark.parametrize("state", CampaignState)
async def test_nobody_of_a_launched_audience_is_read_for_a_change_and_a_draft_is_not_surveyed(
    world: World, state: CampaignState
) -> None:
    campaign = await put(world, await made(world, plan=PLAN), state)
    survey = Looked()
    store = PostgresCampaignDrafts(
        world.store._postgres, lambda _: None, cast(CampaignSurvey, survey), shipped_timetable()
    )
    plan = OTHERS[Part.TEXT]
    await store.save(1, campaign.campaign_id, campaign.version, plan=plan, member_id=1, now=NOON)
    nobody = [replace(PLAN, sources=Sources()), replace(plan, sources=Sources())]
    assert survey.plans == (nobody if state in OPEN else [])


async def waits(world: World, act: Callable[[], Awaitable[object]]) -> bool:
    """Whether *act* comes to wait for the campaign's lock, which the engine or T3 holds shared; else it has ended."""
    ended = False

    async def run() -> None:
        nonlocal ended
        await act()
        ended = True

    async with trio.open_nursery() as nursery, holding(world, "SELECT pg_advisory_xact_lock_shared(1)"):
        nursery.start_soon(run)
        while not ended and not await world.value(WAITING):
            await trio.lowlevel.checkpoint()
        waited = not ended
        assert not waited or await world.value("SELECT version FROM campaign") == 2, "nothing is written meanwhile"
    return waited


async def test_a_change_waits_for_whoever_queues_or_authorises_of_it(world: World) -> None:
    """What they do at that moment they do with the words of before."""
    campaign = await put(world, await made(world, plan=PLAN), CampaignState.ACTIVE)
    assert (campaign.campaign_id, campaign.version) == (1, 2)
    assert await waits(world, lambda: saved(world, campaign, plan=OTHERS[Part.TEXT]))
    assert await world.value("SELECT version FROM campaign") == 3


@pytest.mark.parametrize(
    "what",
    [
        pytest.param({"name": "Summer"}, id="another name"),
        pytest.param({}, id="nothing"),
    ],
)
async def test_what_touches_no_text_waits_for_nobody(world: World, what: dict[str, Any]) -> None:
    campaign = await put(world, await made(world, plan=PLAN), CampaignState.ACTIVE)
    assert not await waits(world, lambda: saved(world, campaign, **what))


async def test_every_change_is_announced(world: World) -> None:
    campaign = await saved(world, await made(world), name="Summer")
    await drafts(world).archive(1, campaign.campaign_id, 1, True, NOON)
    copy = await drafts(world).duplicate(1, campaign.campaign_id, 1, uuid4(), NOON)
    assert copy is not None
    told = [CampaignMoved(1, campaign.campaign_id)] * 3
    assert world.heard(CampaignMoved) == [*told, CampaignMoved(1, copy.campaign_id)]


def test_every_field_of_a_plan_belongs_to_a_part() -> None:
    assert {one.name for one in fields(Plan)} == {*PART_OF, "variants"}


@pytest.mark.parametrize(
    ("after", "parts"),
    [
        *(pytest.param(plan, {part}, id=part.value) for part, plan in OTHERS.items()),
        pytest.param(PLAN, set(), id="nothing"),
        pytest.param(replace(PLAN, variants=PLAN.variants[:1]), {Part.TEXT, Part.SHARES}, id="a variant less"),
        pytest.param(replace(PLAN, variants=PLAN.variants[::-1]), {Part.TEXT, Part.SHARES}, id="variants exchanged"),
        pytest.param(replace(PLAN, answers={"first_name": "you"}), {Part.TEXT}, id="an answer"),
        pytest.param(replace(PLAN, leaving=Leaving(7)), {Part.AUDIENCE}, id="who is left out"),
        pytest.param(replace(PLAN, until_reply=False), {Part.RULES}, id="what a reply does"),
        pytest.param(replace(PLAN, quiet=False), {Part.RULES}, id="what the inbox shows"),
    ],
)
def test_which_parts_a_change_is_of(after: Plan, parts: set[Part]) -> None:
    assert changed(Words("Spring", "", PLAN), Words("Spring", "", after)) == parts


# Copies and templates


async def test_a_copy_is_a_draft_of_whoever_made_it_with_the_same_plan_and_no_start_day(world: World) -> None:
    campaign = await saved(world, await made(world, plan=PLAN), description="For June")
    await put(world, campaign, CampaignState.COMPLETED, ", refused = 'x', expected = 3")
    copy = await drafts(world).duplicate(1, campaign.campaign_id, 1, uuid4(), later(60))
    assert copy is not None
    assert (copy.name, copy.description, copy.state) == ("Spring (copy)", "For June", CampaignState.DRAFT)
    assert copy.plan == replace(PLAN, start=replace(PLAN.start, day=None))
    assert (copy.version, copy.created_at, copy.launched_at, copy.refused) == (1, later(60), None, None)
    assert (await audits(world))[-1] == (
        1,
        "campaign_made",
        {"campaign": copy.campaign_id, "of": campaign.campaign_id},
    )


async def test_a_command_copies_once(world: World) -> None:
    campaign, cmd_id = await made(world), uuid4()
    copies = [await drafts(world).duplicate(1, campaign.campaign_id, 1, cmd_id, NOON) for _ in range(2)]
    assert copies[0] is not None
    assert copies[0] == copies[1]
    assert await world.value("SELECT count(*) FROM campaign") == 2


async def test_a_copy_of_a_long_name_is_no_longer_than_a_name_may_be(world: World) -> None:
    campaign = await made(world, "x" * NAME_LENGTH)
    copy = await drafts(world).duplicate(1, campaign.campaign_id, 1, uuid4(), NOON)
    assert copy is not None
    assert len(copy.name) == NAME_LENGTH
    assert copy.name.endswith("x… (copy)")


async def test_a_template_is_in_a_list_of_its_own_and_a_campaign_starts_from_it_under_its_name(world: World) -> None:
    campaign = await put(world, await made(world, plan=PLAN), CampaignState.ACTIVE)
    template = await drafts(world).duplicate(1, campaign.campaign_id, 1, uuid4(), NOON, as_template=True)
    assert template is not None
    assert (template.template, template.name, template.state) == (True, "Spring", CampaignState.DRAFT)
    assert (await audits(world))[-1][1] == "template_made"
    assert [row.campaign_id for row in (await drafts(world).page(1)).rows] == [campaign.campaign_id]
    assert (await drafts(world).page(1, templates=True)).rows == [template]
    started = await drafts(world).duplicate(1, template.campaign_id, 1, uuid4(), NOON)
    assert started is not None
    assert (started.template, started.name, started.plan) == (False, "Spring", template.plan)


@pytest.mark.parametrize(
    "launch",
    [
        pytest.param("state = 'active', launched_at = now()", id="launched"),
        pytest.param("state = 'scheduled', due_at = now()", id="scheduled"),
        pytest.param("build_after = 0", id="its snapshot taken"),
    ],
)
async def test_no_template_is_launched(world: World, launch: str) -> None:
    campaign = await made(world)
    template = await drafts(world).duplicate(1, campaign.campaign_id, 1, uuid4(), NOON, as_template=True)
    assert template is not None
    with pytest.raises(asyncpg.CheckViolationError, match="a_template_is_never_launched"):
        await world.sql(f"UPDATE campaign SET {launch} WHERE id = $1", template.campaign_id)  # noqa: S608 - ours


# The list


async def test_the_list_is_newest_first_and_goes_on_after_its_cursor(world: World) -> None:
    for name in ("A", "B", "C", "D", "E"):
        await made(world, name)
    first = await drafts(world).page(1, limit=2)
    assert [row.name for row in first.rows] == ["E", "D"]
    second = await drafts(world).page(1, before=first.next_cursor, limit=2)
    assert [row.name for row in second.rows] == ["C", "B"]
    third = await drafts(world).page(1, before=second.next_cursor, limit=2)
    assert ([row.name for row in third.rows], third.next_cursor) == (["A"], None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({}, ["Open house", "Spring news"], id="nothing asked"),
        pytest.param({"q": "OPEN"}, ["Open house"], id="a word of the name, whatever its case"),
        pytest.param({"q": "june"}, ["Spring news"], id="a word of the description"),
        pytest.param({"q": "spring june"}, ["Spring news"], id="a word of each"),
        pytest.param({"q": "spring house"}, [], id="words of two"),
        pytest.param({"q": "%"}, [], id="a sign that patterns know"),
        pytest.param({"states": [CampaignState.PAUSED]}, ["Open house"], id="a state"),
        pytest.param({"states": [CampaignState.DRAFT, CampaignState.PAUSED]}, ["Open house", "Spring news"], id="two"),
        pytest.param({"archived": True}, ["Winter"], id="the archived"),
        pytest.param({"archived": True, "q": "open"}, [], id="a word among the archived"),
        pytest.param({"templates": True}, [], id="the templates"),
    ],
)
async def test_the_list_shows_what_is_asked_for(world: World, asked: dict[str, Any], expected: Sequence[str]) -> None:
    winter = await made(world, "Winter")
    await drafts(world).archive(1, winter.campaign_id, 1, True, NOON)
    await saved(world, await made(world, "Spring news"), description="For June")
    await put(world, await made(world, "Open house"), CampaignState.PAUSED)
    await world.sql(
        "INSERT INTO campaign (workspace_id, kind, name, state) VALUES (1, 'bulk', 'A bulk text', 'active')"
    )
    assert await names(world, **asked) == expected


@pytest.mark.parametrize("state", CampaignState)
async def test_what_may_still_send_stays_in_the_list(world: World, state: CampaignState) -> None:
    campaign = await put(world, await made(world), state)
    after = await drafts(world).archive(1, campaign.campaign_id, 1, True, NOON)
    assert after is not None
    stays = state in {CampaignState.SCHEDULED, CampaignState.ACTIVE, CampaignState.PAUSED}
    assert after.archived_at == (None if stays else NOON)
    assert after.version == campaign.version + (not stays)
    assert [action for _, action, _ in await audits(world)][1:] == ([] if stays else ["campaign_archived"])


async def test_what_is_being_launched_stays_in_the_list(world: World) -> None:
    campaign = await put(world, await made(world), CampaignState.DRAFT, ", build_after = 0")
    after = await drafts(world).archive(1, campaign.campaign_id, 1, True, NOON)
    assert after is not None
    assert after.archived_at is None


async def test_archiving_twice_is_once_and_can_be_undone(world: World) -> None:
    campaign = await made(world)
    for at in (NOON, later(60)):
        after = await drafts(world).archive(1, campaign.campaign_id, 1, True, at)
        assert after is not None
        assert (after.archived_at, after.version) == (NOON, 2)
    back = await drafts(world).archive(1, campaign.campaign_id, 1, False, later(90))
    assert back is not None
    assert (back.archived_at, back.version) == (None, 3)
    assert [action for _, action, _ in await audits(world)] == [
        "campaign_made",
        "campaign_archived",
        "campaign_unarchived",
    ]


# Figures


async def test_figures_are_what_is_folded_and_what_is_not(world: World) -> None:
    campaign, other = await made(world), await made(world, "Other")
    await world.sql(
        "INSERT INTO campaign_stat (campaign_id, excluded, pending, wired, delivered, segments, moved_at)"
        " VALUES ($1, 2, 10, 5, 3, 7, $2)",
        campaign.campaign_id,
        later(10),
    )
    for id_, pending, wired in (
        (campaign.campaign_id, -3, 2),
        (campaign.campaign_id, -1, 1),
        (other.campaign_id, 9, 0),
    ):
        await world.sql(
            "INSERT INTO campaign_stat_delta (campaign_id, at, pending, in_flight, wired, delivered, segments, replied)"
            " VALUES ($1, $2, $3, -($3::integer + $4::integer), $4, 1, 1, 1)",
            id_,
            later(20),
            pending,
            wired,
        )
    found = await drafts(world).get(1, campaign.campaign_id)
    assert found is not None
    assert found.moved_at == later(20)
    assert found.figures == Figures(
        audience=17, excluded=2, pending=6, in_flight=1, wired=8, delivered=5, segments=9, replied=2
    )
    page = await drafts(world).page(1)
    assert page.rows[1] == found
    assert (page.rows[0].figures.pending, page.rows[0].figures.wired) == (9, 0)


@pytest.mark.parametrize(
    ("more", "built", "whole"),
    [
        pytest.param("", 0, False, id="a draft whose last snapshot was given up"),
        pytest.param(", build_after = 17", 3, False, id="a snapshot that is being taken"),
        pytest.param(", audience = 3, launched_at = now()", 3, True, id="one that is whole"),
    ],
)
async def test_how_far_the_snapshot_is(world: World, more: str, built: int, whole: bool) -> None:
    campaign = await made(world)
    await world.sql(
        "INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, state, reason)"
        " SELECT $1, n, 1, 'excluded', 'no_phone' FROM generate_series(1, 3) n",
        campaign.campaign_id,
    )
    found = await put(world, campaign, CampaignState.DRAFT, more)
    assert (found.built, found.whole) == (built, whole)


async def test_why_it_is_paused_and_when_it_goes_on_are_told(world: World) -> None:
    campaign = await made(world)
    more = f", paused_why = 'opt_outs', next_batch_at = '{later(60)}', refused = 'No.'"
    found = await put(world, campaign, CampaignState.PAUSED, more)
    assert (found.paused_why, found.next_batch_at, found.refused) == (PausedBy.OPT_OUTS, later(60), "No.")


# Another workspace


async def test_another_workspace_sees_and_changes_nothing(world: World) -> None:
    campaign, before = await made(world), await audits(world)
    id_ = campaign.campaign_id
    assert await drafts(world).get(2, id_) is None
    assert (await drafts(world).page(2)).rows == []
    assert await drafts(world).save(2, id_, 1, name="Theirs", member_id=2, now=NOON) is None
    assert await drafts(world).duplicate(2, id_, 2, uuid4(), NOON) is None
    assert await drafts(world).archive(2, id_, 2, True, NOON) is None
    assert await drafts(world).get(1, id_) == campaign
    assert (await audits(world))[1:] == before[1:]
    assert await world.value("SELECT count(*) FROM campaign") == 1


async def test_a_text_in_bulk_is_no_campaign(world: World) -> None:
    bulk_id = await world.value(
        "INSERT INTO campaign (workspace_id, kind, name, state) VALUES (1, 'bulk', 'A bulk text', 'draft') RETURNING id"
    )
    assert await drafts(world).get(1, bulk_id) is None
    assert await drafts(world).save(1, bulk_id, 1, name="Mine", member_id=1, now=NOON) is None
    assert await drafts(world).duplicate(1, bulk_id, 1, uuid4(), NOON) is None
    assert await drafts(world).archive(1, bulk_id, 1, True, NOON) is None
    assert await world.value("SELECT archived_at FROM campaign") is None
