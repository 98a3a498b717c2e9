"""The snapshot of a campaign's people on a real database: held to the rules in Python, and taken in pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest
import trio

from server.domain.campaigns.audience import Exclusion
from server.domain.campaigns.variants import variant_of
from server.ports.bulk import AudienceRefused
from server.ports.campaigns import Leaving, Plan, Sources, Variant
from server.store.campaigns import plans
from server.store.campaigns.snapshot import Built, build_chunk
from tests.store.audiences import Judgement, Rules, Somebody, crowd, moved, settle
from tests.store.world import NOON, World

EVERYBODY = Sources(everybody=True)
FIELDS = """
INSERT INTO custom_field (workspace_id, name, label, kind, choices)
VALUES (1, 'kind', 'Kind', 'text', '{}'), (1, 'budget', 'Budget', 'number', '{}'),
       (1, 'first_time', 'First', 'boolean', '{}'), (1, 'moving_on', 'Moving on', 'date', '{}')
"""


def plan(*bodies: str, sources: Sources = EVERYBODY, leaving: Leaving | None = None, **more: Any) -> Plan:
    """Texts of equal shares, as far as 100 can be shared."""
    texts = bodies or ("Hello",)
    shares = [100 // len(texts)] * len(texts)
    shares[0] += 100 - sum(shares)
    variants = tuple(Variant(body, share) for body, share in zip(texts, shares, strict=True))
    return Plan(sources, leaving or Leaving(), variants, **more)


async def begun(world: World, its: Plan, workspace: int = 1) -> int:
    """A draft whose snapshot is being taken."""
    campaign: int = await world.value(
        "INSERT INTO campaign (workspace_id, name, state, plan, launched_by, build_after) "
        "VALUES ($1, 'Spring', 'draft', $2, 1, 0) RETURNING id",
        workspace,
        plans.written(its),
    )
    return campaign


async def chunk(world: World, campaign: int, its: Plan, limit: int = 10_000, workspace: int = 1) -> Built:
    row: Any = {"id": campaign, "workspace_id": workspace}
    return await world.store.call(lambda c: build_chunk(c, row, its, NOON, limit=limit))


async def build(world: World, campaign: int, its: Plan, limit: int = 10_000, workspace: int = 1) -> Built:
    read = added = 0
    for _ in range(100):
        built = await chunk(world, campaign, its, limit, workspace)
        read, added = read + built.read, added + built.added
        if built.whole:
            return Built(read, added, whole=True)
    raise AssertionError("it comes to no end")


async def rows(world: World, campaign: int) -> list[Any]:
    return await world.sql("SELECT * FROM campaign_recipient WHERE campaign_id = $1 ORDER BY ord", campaign)


async def judgements(world: World, campaign: int) -> list[Judgement]:
    found = await rows(world, campaign)
    assert [row["ord"] for row in found] == list(range(1, len(found) + 1))
    assert all((row["state"] == "excluded") == (row["reason"] is not None) for row in found)
    return [Judgement(row["contact_id"], row["endpoint_id"], row["reason"]) for row in found]


async def figures(world: World, campaign: int) -> tuple[int, int]:
    [row] = await world.sql(
        "SELECT sum(excluded)::integer AS excluded, sum(pending)::integer AS pending FROM campaign_stat_delta "
        "WHERE campaign_id = $1",
        campaign,
    )
    return row["excluded"], row["pending"]


# Held to the rules in Python

PLANS = [
    pytest.param(plan("Hello", leaving=Leaving(None, in_active_campaign=False)), False, id="nothing is asked"),
    pytest.param(plan("Hi {{first_name}}"), False, id="a name, and no other campaign"),
    pytest.param(plan("Hi {{first_name}}"), True, id="the same with consent"),
    pytest.param(
        plan("Hi {{first_name|there}}", leaving=Leaving(7)), False, id="a fallback, and not texted for a week"
    ),
    pytest.param(plan("Hi {{first_name}} {{kind}}", answers={"Kind": "home"}), False, id="an answer"),
    pytest.param(plan("{{first_name}} {{last_name|}}"), False, id="a fallback that is nothing"),
    pytest.param(plan("{{first_name|}}\n{{last_name| }}"), False, id="a text that may be blank"),
    pytest.param(
        plan("{{first_name|}} {{kind|}}", "Hello", leaving=Leaving(8)), False, id="a variant that may be blank"
    ),
    pytest.param(
        plan("About {{property_address}}", "Your {{kind}}", "Hi"), False, id="variants with needs of their own"
    ),
    pytest.param(plan("See you {{showing_time}}", leaving=Leaving(0)), True, id="a showing"),
    pytest.param(plan("{{budget}} {{first_time}} {{agent_name}}"), False, id="numbers, truth, and who writes"),
    pytest.param(plan("https://acme.com/{{kind}}/{{first_name|you}}"), False, id="a link made of values"),
]


@pytest.mark.parametrize(("its", "opt_in_required"), PLANS)
async def test_every_reason_and_every_number_is_what_the_rules_say(
    world: World, its: Plan, opt_in_required: bool
) -> None:
    """Some thousand people, in chunks; after the first one numbers move to people whose turn has not come."""
    await world.sql(FIELDS)
    await world.sql("UPDATE workspace SET opt_in_required = $1", opt_in_required)
    people = crowd(1, 1_200)
    await settle(world, people)
    campaign = await begun(world, its)
    rules = Rules.of(its, opt_in_required=opt_in_required, simulated=True)
    expected, taken = await _expected(world, rules, people[:400], set())
    assert (await chunk(world, campaign, its, 400)) == Built(400, len(taken), whole=False)
    await _let_numbers_move(world, people)
    later, taken = await _expected(world, rules, people[400:], taken)
    await build(world, campaign, its, 300)
    found = await judgements(world, campaign)
    assert found == expected + later
    assert {"duplicate", "opted_out", "held", "no_phone", "invalid_number", "not_a_test_number"} <= {
        one.reason for one in found
    }
    assert await figures(world, campaign) == (len(found) - len(taken), len(taken))


async def test_every_reason_that_sql_gives_is_found_by_the_test_above(world: World) -> None:
    """In a workspace where all rules hold; the carrier's block always comes with an opt-out, which is told first."""
    await world.sql(FIELDS)
    await world.sql("UPDATE workspace SET opt_in_required = true")
    people = crowd(2, 3_000)
    await settle(world, people)
    its = plan("Hi {{first_name}}", leaving=Leaving(7))
    campaign = await begun(world, its)
    found = Counter([one.reason for one in (await _expected(world, _all_rules(its), people, set()))[0]])
    await build(world, campaign, its, 1_000)
    assert Counter(one.reason for one in await judgements(world, campaign)) == found
    never = {Exclusion.CARRIER_BLOCKED, Exclusion.DUPLICATE, Exclusion.TOO_LONG}
    assert set(found) == {None} | {one.value for one in set(Exclusion) - never}


def _all_rules(its: Plan) -> Rules:
    return Rules.of(its, opt_in_required=True, simulated=True)


async def _expected(
    world: World, rules: Rules, people: Sequence[Somebody], taken: set[int]
) -> tuple[list[Judgement], set[int]]:
    ids = [one.contact_id for one in people]
    values = await world.store.values.values(1, 1, ids, NOON)
    return [rules.judge(one, values[one.contact_id], taken) for one in people], taken


async def _let_numbers_move(world: World, people: Sequence[Somebody]) -> None:
    givers = list(islice((n for n in range(400) if people[n].cells), 150))
    for endpoint, contact in moved(people, givers, range(500, 500 + 4 * len(givers), 4)):
        await world.sql("UPDATE contact_phone SET contact_id = $1 WHERE endpoint_id = $2", contact, endpoint)


# In pieces

NUMBERED = """
WITH made AS (
    INSERT INTO contact (workspace_id, first_name) SELECT $1, 'Person ' || n FROM generate_series(1, $2::integer) n
    RETURNING id
), numbers AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT $1, '+1' || 202 + (n - 1) / 100 || '55501' || lpad((n % 100)::text, 2, '0') FROM generate_series(1, $2) n
    RETURNING id
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT $1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM numbers) e USING (n)
"""
WORKSPACE = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'Other', 'x');
INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (2, 'raj@example.org', 'Raj', 'agent', 'x');
"""


async def people(world: World, how_many: int, workspace: int = 1) -> list[int]:
    await world.sql(NUMBERED, workspace, how_many)
    found = await world.sql("SELECT id FROM contact WHERE workspace_id = $1 ORDER BY id", workspace)
    return [row["id"] for row in found]


async def names_of(world: World, campaign: int) -> list[int]:
    return [row["contact_id"] for row in await rows(world, campaign)]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(4, 7, id="a large one is counted once, without who is deleted or not of the audience"),
        pytest.param(7, 7, id="one that may go on"),
        pytest.param(8, None, id="one piece is whole at once"),
    ],
)
async def test_of_how_many_is_told_while_a_large_one_is_taken(world: World, limit: int, expected: int | None) -> None:
    ids = await people(world, 10)
    await world.store.call(lambda c: c.execute(WORKSPACE))
    await people(world, 5, workspace=2)
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = $1", ids[8])
    its = plan(sources=Sources(contact_ids=tuple(ids[2:])))
    campaign = await begun(world, its)
    assert await told_to_look_at(world, campaign) is None
    await chunk(world, campaign, its, limit)
    assert await told_to_look_at(world, campaign) == expected
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = $1", ids[9])
    await chunk(world, campaign, its, 2)
    assert await told_to_look_at(world, campaign) == expected
    await world.sql("UPDATE campaign SET build_after = NULL, launched_at = now() WHERE id = $1", campaign)
    assert await told_to_look_at(world, campaign) is None


async def told_to_look_at(world: World, campaign: int) -> int | None:
    found = await world.store.campaign_drafts.get(1, campaign)
    assert found is not None
    return found.to_look_at


async def test_a_chunk_that_is_cut_off_is_not_there_and_the_next_one_goes_on_where_the_last_ended(world: World) -> None:
    ids, its = await people(world, 10), plan()
    campaign = await begun(world, its)
    assert await chunk(world, campaign, its, 4) == Built(4, 4, whole=False)

    async def cut_off(connection: Any) -> None:
        await build_chunk(connection, {"id": campaign, "workspace_id": 1}, its, NOON, limit=4)
        raise KeyError("killed before its commit")

    with pytest.raises(KeyError):
        await world.store.call(cut_off)
    assert await names_of(world, campaign) == ids[:4]
    assert await figures(world, campaign) == (0, 4)
    assert await build(world, campaign, its, 4) == Built(6, 6, whole=True)
    assert await names_of(world, campaign) == ids
    assert await figures(world, campaign) == (0, 10)


async def test_a_whole_snapshot_stays_as_it_is_whoever_asks_again(world: World) -> None:
    await people(world, 3)
    campaign = await begun(world, plan())
    assert await chunk(world, campaign, plan(), 3) == Built(3, 3, whole=False), "nobody knows yet that these were all"
    for _ in range(2):
        assert await chunk(world, campaign, plan(), 3) == Built(0, 0, whole=True)
    assert await figures(world, campaign) == (0, 3)
    assert await world.value("SELECT count(*) FROM campaign_stat_delta WHERE campaign_id = $1", campaign) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE campaign SET build_after = NULL", id="not being taken"),
        pytest.param("UPDATE campaign SET kind = 'bulk', plan = NULL", id="a text in bulk"),
        pytest.param("SELECT 1", id="another workspace's"),
    ],
)
async def test_what_is_not_being_taken_is_left_alone(world: World, change: str) -> None:
    await people(world, 3)
    campaign = await begun(world, plan())
    await world.sql(change)
    workspace = 2 if change == "SELECT 1" else 1
    assert await chunk(world, campaign, plan(), workspace=workspace) == Built(0, 0, whole=False, taken=False)
    assert await rows(world, campaign) == []


async def test_two_who_build_at_once_write_each_place_once(world: World) -> None:
    ids = await people(world, 40)
    campaign = await begun(world, plan())
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(build, world, campaign, plan(), 3)
    assert await names_of(world, campaign) == ids
    assert [row["ord"] for row in await rows(world, campaign)] == list(range(1, 41))
    assert await figures(world, campaign) == (0, 40)


async def test_who_is_deleted_or_of_another_workspace_is_in_no_snapshot(world: World) -> None:
    await world.store.call(lambda c: c.execute(WORKSPACE))
    ids, others = await people(world, 4), await people(world, 3, workspace=2)
    await world.sql("UPDATE contact SET deleted_at = now() WHERE id = ANY ($1)", [ids[1], others[0]])
    for sources in (EVERYBODY, Sources(contact_ids=(*ids, *others))):
        its = plan(sources=sources)
        campaign = await begun(world, its)
        await build(world, campaign, its)
        assert await names_of(world, campaign) == [ids[0], ids[2], ids[3]]


async def test_what_is_open_in_another_workspace_excludes_nobody_here(world: World) -> None:
    """A number is another endpoint there, but rows of campaigns name endpoints without asking whose they are."""
    await world.store.call(lambda c: c.execute(WORKSPACE))
    await people(world, 1)
    theirs = await world.value(
        "INSERT INTO campaign (workspace_id, name, state) VALUES (2, 'Theirs', 'active') RETURNING id"
    )
    await world.sql(
        "INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id) "
        "SELECT $1, 1, 2, id FROM endpoint",
        theirs,
    )
    campaign = await begun(world, plan())
    assert (await build(world, campaign, plan())).added == 1


# Variants


async def test_the_lot_in_sql_is_the_lot_of_the_rules_and_falls_alike_when_it_is_built_again(world: World) -> None:
    ids, its = await people(world, 300), plan("A", "B", "C")
    campaign = await begun(world, its)
    await build(world, campaign, its, 70)
    drawn = [(row["ord"], row["variant"]) for row in await rows(world, campaign)]
    shares = [variant.share for variant in its.variants]
    assert drawn == [(ord_, variant_of(campaign, ord_, shares)) for ord_ in range(1, len(ids) + 1)]
    assert {variant for _, variant in drawn} == {0, 1, 2}
    await world.sql("DELETE FROM campaign_recipient")
    await world.sql("UPDATE campaign SET build_after = 0")
    await build(world, campaign, its, 110)
    assert [(row["ord"], row["variant"]) for row in await rows(world, campaign)] == drawn


async def test_shares_that_cannot_be_build_nothing(world: World) -> None:
    await people(world, 1)
    its = Plan(EVERYBODY, variants=(Variant("A", 50), Variant("B", 49)))
    campaign = await begun(world, its)
    with pytest.raises(AudienceRefused, match="99 %"):
        await chunk(world, campaign, its)
    assert await rows(world, campaign) == []


# Sources

STANDING = """
INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Leads'), (2, 'Leads');
INSERT INTO stage (workspace_id, pipeline_id, name) VALUES (1, 1, 'New'), (1, 1, 'Old'), (2, 2, 'New');
INSERT INTO tag (workspace_id, name) VALUES (1, 'Buyer'), (1, 'Seller');
INSERT INTO contact_stage (workspace_id, contact_id, pipeline_id, stage_id)
VALUES (1, 1, 1, 1), (1, 2, 1, 2), (1, 3, 1, 1);
INSERT INTO contact_tag (workspace_id, contact_id, tag_id) VALUES (1, 3, 1), (1, 4, 1), (1, 5, 2);
UPDATE contact SET city = 'Boston' WHERE id IN (4, 6);
INSERT INTO import (workspace_id, member_id, name, state, consent)
VALUES (1, 1, 'done.csv', 'done', '{}'), (1, 1, 'new.csv', 'running', '{}'), (2, 2, 'theirs.csv', 'done', '{}');
INSERT INTO import_change (import_id, contact_id, kind, line, version)
VALUES (1, 7, 'created', 1, 1), (1, 8, 'updated', 2, 1);
INSERT INTO saved_filter (workspace_id, name, definition) VALUES
(1, 'Buyers', '{"field": "tag", "is": "has", "value": 1}'),
(1, 'Bostonians', '{"field": "city", "is": "is", "value": "boston"}'),
(1, 'Buyers of Boston', '{"all": [{"field": "tag", "is": "has", "value": 1},
  {"field": "city", "is": "is", "value": "Boston"}]}'),
(1, 'Buyers or sellers, not new', '{"all": [{"any": [{"field": "tag", "is": "has", "value": 1},
  {"field": "tag", "is": "has", "value": 2}]},
  {"not": {"field": "stage", "is": "is", "value": 1}}]}'),
(1, 'Broken', '{"field": "tag", "is": "has", "value": 77}'),
(2, 'Theirs', '{"all": []}');
"""


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param(Sources(), [], id="none"),
        pytest.param(Sources(stage_ids=(1,)), [1, 3], id="a stage"),
        pytest.param(Sources(stage_ids=(1, 2)), [1, 2, 3], id="two stages"),
        pytest.param(Sources(filter_ids=(1,)), [3, 4], id="a filter"),
        pytest.param(Sources(filter_ids=(2,)), [4, 6], id="a filter by a column"),
        pytest.param(Sources(filter_ids=(3,)), [4], id="a filter by a tag and a column"),
        pytest.param(Sources(filter_ids=(4,)), [4, 5], id="alternatives, and more that is asked"),
        pytest.param(Sources(filter_ids=(1, 2)), [3, 4, 6], id="two filters"),
        pytest.param(Sources(filter_ids=(4,), stage_ids=(2,)), [2, 4, 5], id="a filter of several tests, or a stage"),
        pytest.param(Sources(definition={"field": "city", "is": "is", "value": "Boston"}), [4, 6], id="an inline one"),
        pytest.param(Sources(definition={"all": []}), list(range(1, 11)), id="an inline one that asks nothing"),
        pytest.param(Sources(contact_ids=(9, 2, 9)), [2, 9], id="picked"),
        pytest.param(Sources(import_ids=(1,)), [7, 8], id="a list"),
        pytest.param(
            Sources(filter_ids=(2,), stage_ids=(1,), contact_ids=(9, 3), import_ids=(1,)),
            [1, 3, 4, 6, 7, 8, 9],
            id="all together",
        ),
        pytest.param(Sources(everybody=True, contact_ids=(3,)), list(range(1, 11)), id="everybody"),
    ],
)
@pytest.mark.parametrize("limit", [2, 100])
async def test_an_audience_is_whoever_stands_in_any_of_its_sources(
    world: World, sources: Sources, expected: Sequence[int], limit: int
) -> None:
    await world.store.call(lambda c: c.execute(WORKSPACE))
    assert await people(world, 10) == list(range(1, 11))
    await world.store.call(lambda c: c.execute(STANDING))
    campaign = await begun(world, plan(sources=sources))
    await build(world, campaign, plan(sources=sources), limit)
    assert await names_of(world, campaign) == expected


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        pytest.param(Sources(filter_ids=(1, 99)), "A filter of this audience is not there any more.", id="gone"),
        pytest.param(Sources(filter_ids=(6,)), "A filter of this audience is not there any more.", id="theirs"),
        pytest.param(
            Sources(filter_ids=(5,)),
            'The filter "Broken" cannot be used any more: There is no such tag, or it is gone.',
            id="broken",
        ),
        pytest.param(Sources(definition={"field": "x", "is": "is"}), "There is no field of that name.", id="inline"),
        pytest.param(Sources(stage_ids=(99,)), "There is no such stage, or it is gone.", id="a stage that is gone"),
        pytest.param(Sources(stage_ids=(3,)), "There is no such stage, or it is gone.", id="their stage"),
        pytest.param(Sources(import_ids=(99,)), "A list of this audience is not there any more.", id="a list gone"),
        pytest.param(Sources(import_ids=(3,)), "A list of this audience is not there any more.", id="their list"),
        pytest.param(Sources(import_ids=(2,)), 'The list "new.csv" has not been imported yet.', id="half a list"),
        pytest.param(
            Sources(everybody=True, filter_ids=(99,)),
            "A filter of this audience is not there any more.",
            id="gone, beside everybody",
        ),
    ],
)
async def test_an_audience_that_cannot_be_read_is_refused_with_a_sentence(
    world: World, sources: Sources, sentence: str
) -> None:
    await world.store.call(lambda c: c.execute(WORKSPACE))
    await people(world, 10)
    await world.store.call(lambda c: c.execute(STANDING))
    campaign = await begun(world, plan(sources=sources))
    with pytest.raises(AudienceRefused) as refused:
        await chunk(world, campaign, plan(sources=sources))
    assert str(refused.value) == sentence
    assert await rows(world, campaign) == []


# What it costs


async def test_each_number_is_looked_up_by_itself_also_where_hardly_any_rows_were_when_they_were_last_counted(
    world: World,
) -> None:
    """Else it reads all who wait in another campaign, or stand in its own already, for each number: the square of an
    audience.
    """
    how_many, chunks = 2_000, 4
    await people(world, how_many)
    other = await world.value("INSERT INTO campaign (workspace_id, name, state) VALUES (1, 'A', 'active') RETURNING id")
    await world.sql(
        "INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id) VALUES ($1, 1, 1, 1)", other
    )
    await world.store._postgres.read(lambda c: c.execute("VACUUM ANALYZE campaign_recipient"))
    await world.sql(
        "INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, endpoint_id)"
        " SELECT $1, 1 + e.id, 1, e.id FROM endpoint e WHERE e.id > 1 AND e.id % 2 = 0",
        other,
    )
    its = plan("Hi {{last_name}}", "Hi", leaving=Leaving(7))  # nobody has one: those are looked for among the doubles
    plans = (its, plan(leaving=Leaving(7)))
    before = await _rows_read(world)  # of both together: what one reads may be told while the next is under way
    for wanted in plans:
        campaign = await begun(world, wanted)
        for _ in range(chunks):

            async def one(connection: Any, campaign: int = campaign, wanted: Plan = wanted) -> Built:
                await connection.fetch("SELECT pg_stat_force_next_flush()")
                row: Any = {"id": campaign, "workspace_id": 1}
                return await build_chunk(connection, row, wanted, NOON, limit=how_many // chunks)

            assert (await world.store.call(one)).read == how_many // chunks
    assert await _rows_read(world) - before < len(plans) * 20 * how_many


async def _rows_read(world: World) -> int:
    """Of recipients, by any index or by none."""
    read: int = await world.value(
        "SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'campaign_recipient')::bigint"
        " + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'campaign_recipient')::bigint"
    )
    return read
