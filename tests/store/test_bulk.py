"""Texts in bulk on a real database: the snapshot, what is queued of it, what becomes of each recipient, the recall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio

from server.domain.campaigns.audience import BY_MESSAGE, Exclusion, text_id
from server.domain.carrier import Accepted, ErrorClass, Receipt, Rejected, Unknown
from server.domain.delivery import RANK, State
from server.domain.messages import CampaignMoved
from server.ports.bulk import (
    Addresses,
    AudienceRefused,
    BulkText,
    ContactIds,
    CountDiffers,
    LaunchConflict,
    Launched,
    Matching,
    Progress,
)
from server.ports.filters import SavedFilter
from server.store.bulk import audience as bulk_audience
from server.store.bulk import engine as bulk_engine
from server.store.bulk import texts as bulk_module
from server.store.campaigns import queueing
from server.store.ledger import enqueue
from tests.store.world import NOON, World, holding, later

STATES = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")
CONTACTS = """
WITH made AS (
    INSERT INTO contact (workspace_id, first_name) SELECT $1, 'Person ' || n FROM generate_series(1, $2::integer) n
    RETURNING id
), numbers AS (
    INSERT INTO endpoint (workspace_id, address)
    SELECT $1, '+120255501' || lpad((n % 100)::text, 2, '0') FROM generate_series(1, $2) n
    RETURNING id
)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT $1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM numbers) e USING (n)
"""


async def people(world: World, count: int, workspace: int = 1) -> tuple[int, ...]:
    """So many contacts, each with a number."""
    await world.sql(CONTACTS, workspace, count)
    rows = await world.sql("SELECT id FROM contact WHERE workspace_id = $1 ORDER BY id", workspace)
    return tuple(row["id"] for row in rows)


def text(ids: Sequence[int], body: str = "Hi {{first_name|there}}", **more: Any) -> BulkText:
    return BulkText(1, 1, ContactIds(tuple(ids)), body, **more)


async def launch(world: World, given: BulkText, expected: int | None = None, cmd_id: UUID | None = None) -> int:
    if expected is None:
        expected = (await world.store.bulk.preview(given, NOON)).recipients
    result = await world.store.bulk.launch(given, cmd_id or uuid4(), expected, NOON)
    assert isinstance(result, Launched), result
    return result.bulk_id


async def advance(world: World, bulk_id: int) -> None:
    while await world.store.bulk_engine.advance(bulk_id, NOON):
        pass


GATE = 777
AT_THE_GATE = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 777 AND NOT granted)"
ASTRAY = """
SELECT count(*) FROM campaign_recipient r JOIN message m USING (thread_id, seq)
WHERE r.campaign_id = $1 AND r.state <> recipient_state(m.state)
"""


async def stand_still_before_queueing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first transaction that has chosen whose turn it is waits at GATE before it writes their texts."""
    enqueue_turn, first = bulk_engine._Step._enqueue, True

    async def stopped(step: Any, connection: Any, row: Any, turn: Any) -> None:
        nonlocal first
        if first:
            first = False
            await connection.execute(f"SELECT pg_advisory_xact_lock_shared({GATE})")
        await enqueue_turn(step, connection, row, turn)

    monkeypatch.setattr(bulk_engine._Step, "_enqueue", stopped)


async def until(world: World, query: str) -> None:
    while not await world.value(query):
        await trio.lowlevel.checkpoint()


async def figures(world: World, bulk_id: int) -> Progress:
    progress = await world.store.bulk.progress(1, bulk_id)
    assert progress is not None
    assert progress.audience == sum(getattr(progress, state) for state in STATES)
    return progress


async def reasons(world: World, bulk_id: int) -> Counter[str]:
    rows = await world.sql(
        "SELECT reason FROM campaign_recipient WHERE campaign_id = $1 AND reason IS NOT NULL", bulk_id
    )
    return Counter(row["reason"] for row in rows)


async def wire(world: World, outcome: Any = None) -> None:
    """T3 and T4 for all that is queued."""
    for one in await world.authorise():
        answer = outcome or Accepted(f"SM{one.outbox_id}", "queued", 1)
        await world.store.ledger.record_outcome(one.attempt_id, world.gen, answer, NOON)


# The snapshot


async def test_each_gets_the_text_with_the_own_values_in_a_thread_of_its_own(world: World) -> None:
    ids = await people(world, 3)
    bulk_id = await launch(world, text(ids))
    await advance(world, bulk_id)
    rows = await world.sql("SELECT thread_id, body, klass, campaign_id, author_id FROM message ORDER BY body")
    assert [row["body"] for row in rows] == ["Hi Person 1", "Hi Person 2", "Hi Person 3"]
    assert {tuple(row)[2:] for row in rows} == {("bulk", bulk_id, 1)}
    assert len({row["thread_id"] for row in rows}) == 3
    assert await world.value("SELECT array_agg(DISTINCT klass || lane || campaign_id) FROM outbox") == [
        f"bulk2{bulk_id}"
    ]


async def test_a_thread_that_exists_keeps_its_number_and_a_new_one_takes_the_one_that_was_chosen(world: World) -> None:
    ids = await people(world, 2)
    await world.sql("INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) VALUES (1, 1, 1, now())")
    await advance(world, await launch(world, text(ids, number_id=2)))
    assert [tuple(row) for row in await world.sql("SELECT endpoint_id, number_id FROM thread ORDER BY 1")] == [
        (1, 1),
        (2, 2),
    ]


async def test_everybody_who_is_excluded_stands_there_with_the_first_reason(world: World) -> None:
    ids = await people(world, 6)
    await world.sql("UPDATE endpoint SET opted_out = true, held = true WHERE id = 1")
    await world.sql("UPDATE endpoint SET held = true WHERE id = 2")
    await world.sql("UPDATE endpoint SET carrier_blocked = true, opted_out = true WHERE id = 3")
    await world.sql("UPDATE endpoint SET invalid_reason = '30006' WHERE id = 4")
    await world.sql("DELETE FROM contact_phone WHERE endpoint_id = 5")
    bulk_id = await launch(world, text(ids, "Hi {{first_name}}"), 1)
    found = await figures(world, bulk_id)
    assert (found.audience, found.excluded, found.pending) == (6, 5, 1)
    assert await reasons(world, bulk_id) == {"opted_out": 2, "held": 1, "invalid_number": 1, "no_phone": 1}


async def test_a_missing_value_excludes_unless_it_was_answered(world: World) -> None:
    ids = await people(world, 2)
    await world.sql("UPDATE contact SET property_address = '12 Elm St' WHERE id = $1", ids[0])
    body = "About {{property_address}}"
    preview = await world.store.bulk.preview(text(ids, body), NOON)
    assert (preview.recipients, preview.excluded) == (1, {Exclusion.MISSING_VALUE: 1})
    assert (preview.missing, preview.names) == ((1,), {"property_address": 1})
    answered = text(ids, body, answers={"property_address": "your search"})
    await advance(world, await launch(world, answered, 2))
    rows = await world.sql("SELECT body FROM message ORDER BY body")
    assert [row["body"] for row in rows] == ["About 12 Elm St", "About your search"]


async def test_where_an_opt_in_is_required_nobody_without_one_gets_it(world: World) -> None:
    ids = await people(world, 2)
    await world.sql("UPDATE workspace SET opt_in_required = true")
    await world.sql("UPDATE endpoint SET consented_at = now() WHERE id = 2")
    bulk_id = await launch(world, text(ids), 1)
    assert await reasons(world, bulk_id) == {"no_consent": 1}


async def test_one_number_in_three_spellings_is_one_recipient(world: World) -> None:
    written = ("(202) 555-0123", "+12025550123", "1-202-555-0123", "hello", "+12025550124")
    given = BulkText(1, 1, Addresses(written), "Hi {{first_name|there}}")
    preview = await world.store.bulk.preview(given, NOON)
    assert preview.excluded == {Exclusion.INVALID: 1, Exclusion.DUPLICATE: 2}
    bulk_id = await launch(world, given, 2)
    await advance(world, bulk_id)
    assert await world.value("SELECT count(*) FROM thread") == 2
    assert await reasons(world, bulk_id) == {"invalid_number": 1, "duplicate": 2}


async def test_pieces_of_a_snapshot_join_without_a_gap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_audience, "CHUNK", 3)
    monkeypatch.setattr(bulk_module, "CHUNK", 3)
    bulk_id = await launch(world, text(await people(world, 11)), 11)
    rows = await world.sql(
        "SELECT ord, contact_id FROM campaign_recipient WHERE campaign_id = $1 ORDER BY ord", bulk_id
    )
    assert [row["ord"] for row in rows] == list(range(1, 12))
    assert len({row["contact_id"] for row in rows}) == 11


async def test_a_number_of_another_workspace_is_not_there_and_nor_are_its_people(world: World) -> None:
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'O')")
    ids = await people(world, 2)
    await world.sql("UPDATE contact SET workspace_id = 2 WHERE false")
    strangers = await people(world, 3, workspace=2)
    preview = await world.store.bulk.preview(text([*ids, *strangers]), NOON)
    assert (preview.audience, preview.recipients) == (2, 2)
    with pytest.raises(AudienceRefused, match="number to send from"):
        await world.store.bulk.preview(BulkText(2, 1, ContactIds(strangers), "Hi"), NOON)
    with pytest.raises(AudienceRefused):
        await world.store.bulk.preview(text(ids, number_id=99), NOON)
    bulk_id = await launch(world, text(ids))
    assert await world.store.bulk.progress(2, bulk_id) is None
    assert await world.store.bulk.recipients(2, bulk_id, (), 0, 10) is None
    assert await world.store.bulk.recall(2, bulk_id, 1, NOON) is None
    assert (await world.store.bulk.page(2, None, 10)).rows == []
    assert (await figures(world, bulk_id)).state == "active"


async def test_a_template_with_a_fault_is_refused_with_its_place(world: World) -> None:
    with pytest.raises(AudienceRefused, match="frist_name") as refused:
        await world.store.bulk.preview(text([], "Hi {{frist_name}}"), NOON)
    assert (refused.value.field, refused.value.at) == ("body", 3)


# The launch


async def test_a_count_that_is_another_now_launches_nothing_and_tells_the_new_one(world: World) -> None:
    ids = await people(world, 3)
    cmd_id = uuid4()
    assert await world.store.bulk.launch(text(ids), cmd_id, 2, NOON) == CountDiffers(3)
    assert await world.value("SELECT count(*) FROM campaign") == 0
    assert await world.value("SELECT count(*) FROM campaign_recipient") == 0
    assert isinstance(await world.store.bulk.launch(text(ids), cmd_id, 3, NOON), Launched)


async def test_the_same_command_answers_alike_and_another_text_under_it_is_refused(world: World) -> None:
    ids = await people(world, 3)
    cmd_id = uuid4()
    bulk_id = await launch(world, text(ids), cmd_id=cmd_id)
    assert await world.store.bulk.launch(text(ids), cmd_id, 3, NOON) == Launched(bulk_id, again=True)
    assert await world.store.bulk.launch(text(ids, "Other"), cmd_id, 3, NOON) == LaunchConflict()
    assert await world.value("SELECT count(*) FROM campaign") == 1


async def test_twenty_equal_launches_at_once_are_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "CHUNK", 2)
    ids, cmd_id = await people(world, 7), uuid4()
    results: list[Launched] = []

    async def go() -> None:
        result = await world.store.bulk.launch(text(ids), cmd_id, 7, NOON)
        assert isinstance(result, Launched)
        results.append(result)

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(go)
    assert {result.bulk_id for result in results} == {results[0].bulk_id}
    assert [result.again for result in results].count(False) == 1
    assert await world.value("SELECT count(*) FROM campaign_recipient") == 7


async def test_a_launch_that_was_cut_off_goes_on_where_it_broke_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_module, "CHUNK", 2)
    ids, cmd_id = await people(world, 7), uuid4()
    whole, pieces = world.store._postgres.call, 0

    async def call(work: Any, **more: Any) -> Any:
        nonlocal pieces
        pieces += 1
        if pieces == 3:
            raise ConnectionAbortedError
        return await whole(work, **more)

    monkeypatch.setattr(world.store._postgres, "call", call)
    with pytest.raises(ConnectionAbortedError):
        await world.store.bulk.launch(text(ids), cmd_id, 7, NOON)
    assert await world.store.bulk_engine.open() == []
    assert await world.value("SELECT count(*) FROM campaign_recipient") == 4
    await launch(world, text(ids), 7, cmd_id)
    assert await world.value("SELECT count(*) FROM campaign_recipient") == 7


async def test_a_snapshot_that_nobody_launched_is_dropped_after_a_while(world: World) -> None:
    ids = await people(world, 2)
    kept = await launch(world, text(ids))
    await world.sql(
        "INSERT INTO campaign (workspace_id, kind, name, state, cmd_id, created_at)"
        " VALUES (1, 'bulk', '', 'draft', $1, $2)",
        uuid4(), NOON - timedelta(hours=2),
    )  # fmt: skip
    assert await world.store.bulk_engine.drop_abandoned(NOON - timedelta(hours=1)) == 1
    assert [row["id"] for row in await world.sql("SELECT id FROM campaign")] == [kept]


# Queueing


async def test_no_more_is_queued_than_some_seconds_of_the_pace(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 90)))
    await advance(world, bulk_id)
    assert len(await world.queued()) == queueing.AHEAD_S * 10  # segments/s of its number
    await wire(world)
    await advance(world, bulk_id)
    assert (await figures(world, bulk_id)).in_flight == 40
    assert (await figures(world, bulk_id)).wired == 40


async def test_texts_that_wait_for_the_morning_hold_up_nobody_else(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 90)))
    await advance(world, bulk_id)
    await world.sql("UPDATE outbox SET due_at = $1", later(3600))
    await advance(world, bulk_id)
    assert (await figures(world, bulk_id)).in_flight == 80


async def test_two_servers_queue_each_recipient_once(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 30)))
    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(advance, world, bulk_id)
    assert await world.value("SELECT count(*) FROM message") == 30
    assert await world.value("SELECT count(DISTINCT cmd_id) FROM message") == 30


async def test_a_server_that_stood_still_while_queueing_never_calls_back_what_another_has_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk_id = await launch(world, text(await people(world, 3)))
    await stand_still_before_queueing(monkeypatch)
    async with trio.open_nursery() as nursery, holding(world, f"SELECT pg_advisory_xact_lock({GATE})"):
        nursery.start_soon(world.store.bulk_engine.advance, bulk_id, NOON)
        await until(world, AT_THE_GATE)
        await world.store.bulk_engine.advance(bulk_id, NOON)  # by another server
        await wire(world)
    await wire(world)
    found = await figures(world, bulk_id)
    assert (found.in_flight, found.wired) == (0, 3)
    assert await world.value(ASTRAY, bulk_id) == 0


async def test_a_chunk_that_is_rolled_back_is_queued_again_under_the_same_commands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk_id = await launch(world, text(await people(world, 3)))
    tried: list[UUID] = []
    write = enqueue.write

    async def spied(connection: Any, mts: Any) -> Any:
        result = await write(connection, mts)
        tried.extend(mt.cmd_id for mt in mts)
        if len(tried) == 3:
            raise ConnectionResetError
        return result

    monkeypatch.setattr(enqueue, "write", spied)
    await world.store.bulk_engine.advance(bulk_id, NOON)
    assert tried == 2 * [text_id(bulk_id, ord_) for ord_ in (1, 2, 3)]
    assert await world.value("SELECT count(*) FROM message") == 3


async def test_who_opts_out_before_the_turn_comes_is_skipped_without_a_text(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 3)))
    await world.sql("UPDATE endpoint SET opted_out = true, consent_epoch = 1 WHERE id = 2")
    await advance(world, bulk_id)
    found = await figures(world, bulk_id)
    assert (found.in_flight, found.skipped) == (2, 1)
    assert await reasons(world, bulk_id) == {"opted_out": 1}
    assert await world.value("SELECT count(*) FROM thread") == 2


# What becomes of each


async def test_the_database_and_the_domain_agree_where_a_recipient_stands(world: World) -> None:
    for state in State:
        assert await world.value("SELECT recipient_state($1)", state.value) == BY_MESSAGE[state].value


@pytest.mark.parametrize("state", list(State))
async def test_a_recipient_moves_with_its_text(world: World, state: State) -> None:
    bulk_id = await launch(world, text(await people(world, 2)))
    await advance(world, bulk_id)
    await world.sql(
        "SELECT note_status(ARRAY[1::bigint], ARRAY[1::bigint], ARRAY[$1], ARRAY[$2::smallint], ARRAY['gate'],"
        " ARRAY['x'], ARRAY[now()], true)",
        state.value, RANK[state],
    )  # fmt: skip
    [one] = await world.sql("SELECT * FROM campaign_recipient WHERE thread_id = 1")
    assert one["state"] == BY_MESSAGE[state].value
    assert one["delivery"] == (state.value if one["state"] == "wired" else None)
    assert one["reason"] == ("x" if one["state"] == "skipped" else None)


async def test_outcomes_and_receipts_move_the_figures_and_the_end_is_decided_from_rows(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 4)))
    await advance(world, bulk_id)
    one, two, three, four = await world.authorise()
    record = world.store.ledger.record_outcome
    await record(one.attempt_id, world.gen, Accepted("SM1", "queued", 1), NOON)
    await record(two.attempt_id, world.gen, Rejected(ErrorClass.FILTERED, "30007", "No."), NOON)
    await record(three.attempt_id, world.gen, Unknown("reset"), NOON)
    await record(four.attempt_id, world.gen, Accepted("SM4", "queued", 1), NOON)
    await world.store.ledger.apply_receipt(1, Receipt("SM1", "delivered", None, None, None), NOON)
    await world.store.ledger.apply_receipt(1, Receipt("SM4", "undelivered", None, None, None), NOON)
    found = await figures(world, bulk_id)
    assert (found.wired, found.delivered, found.undelivered, found.rejected, found.in_flight) == (2, 1, 1, 1, 1)
    await advance(world, bulk_id)
    assert (await figures(world, bulk_id)).state == "active"
    world.told.clear()
    await world.store.ledger.give_up(three.attempt_id, NOON)
    assert world.heard(CampaignMoved) == [CampaignMoved(1, bulk_id)]
    await advance(world, bulk_id)
    found = await figures(world, bulk_id)
    assert (found.state, found.unconfirmed, found.ended_at) == ("completed", 1, NOON)
    assert await world.store.bulk_engine.open() == []


async def test_a_stop_after_the_text_was_queued_skips_it_at_the_gate(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 2)))
    await advance(world, bulk_id)
    await world.stop(from_="+12025550101")
    await wire(world)
    found = await figures(world, bulk_id)
    assert (found.wired, found.skipped) == (1, 1)
    assert await reasons(world, bulk_id) == {"opted_out_meanwhile": 1}


async def test_a_persons_text_moves_no_campaign(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.send(thread)
    world.told.clear()
    await wire(world)
    assert world.heard(CampaignMoved) == []


async def test_recipients_are_listed_by_place_state_and_delivery(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 5)))
    await world.sql("UPDATE endpoint SET opted_out = true WHERE id = 5")
    await advance(world, bulk_id)
    await wire(world)
    await world.store.ledger.apply_receipt(
        1, Receipt("SM1", "undelivered", None, None, None, ErrorClass.FILTERED), NOON
    )
    bulk = world.store.bulk
    everybody = await bulk.recipients(1, bulk_id, (), 0, 3)
    assert everybody is not None
    assert [row.ord for row in everybody] == [1, 2, 3]
    assert [row.ord for row in await bulk.recipients(1, bulk_id, (), 3, 9) or ()] == [4, 5]
    [skipped] = await bulk.recipients(1, bulk_id, ("skipped",), 0, 9) or ()
    assert (skipped.name, skipped.reason, skipped.thread_id) == ("Person 5", "opted_out", None)
    [failed] = await bulk.recipients(1, bulk_id, ("undelivered",), 0, 9) or ()
    assert (failed.state, failed.error_class, failed.address) == ("wired", "filtered", "+12025550101")


# The recall


async def test_a_recall_takes_back_what_is_queued_and_what_is_pending(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 90)))
    await advance(world, bulk_id)
    first, *_ = await world.authorise(rows=(await world.queued())[:1])
    recalled = await world.store.bulk.recall(1, bulk_id, 1, NOON)
    assert recalled is not None
    assert (recalled.state, recalled.pending, recalled.in_flight, recalled.skipped) == ("cancelled", 0, 1, 89)
    assert await world.authorise() == []
    await world.store.ledger.record_outcome(first.attempt_id, world.gen, Accepted("SM1", "queued", 1), NOON)
    await advance(world, bulk_id)
    found = await figures(world, bulk_id)
    assert (found.state, found.wired, found.skipped, found.ended_at) == ("cancelled", 1, 89, NOON)
    assert await reasons(world, bulk_id) == {"campaign_cancelled": 89}
    assert await world.value("SELECT array_agg(action ORDER BY id) FROM audit") == ["bulk_launched", "bulk_recalled"]


async def test_a_recall_is_safe_to_repeat_and_leaves_what_has_ended_as_it_is(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 2)))
    await advance(world, bulk_id)
    await wire(world)
    await advance(world, bulk_id)
    for _ in range(2):
        found = await world.store.bulk.recall(1, bulk_id, 1, NOON)
        assert found is not None
        assert (found.state, found.wired) == ("completed", 2)


async def test_a_recall_that_was_cut_off_is_tidied_by_whoever_looks_next(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 90)))
    await advance(world, bulk_id)
    await world.sql("UPDATE campaign SET state = 'cancelled'")  # the first transaction, and then a crash
    await advance(world, bulk_id)
    found = await figures(world, bulk_id)
    assert (found.skipped, found.ended_at) == (90, NOON)


async def test_a_recall_waits_for_whoever_queues_at_this_moment(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 3)))
    done = trio.Event()

    async def recall() -> None:
        assert await world.store.bulk.recall(1, bulk_id, 1, NOON) is not None
        done.set()

    async with trio.open_nursery() as nursery:
        async with holding(world, f"SELECT pg_advisory_xact_lock_shared({bulk_id})"):
            nursery.start_soon(recall)
            with trio.fail_after(60):
                while not await world.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await trio.lowlevel.checkpoint()
            assert not done.is_set()
        await done.wait()


async def test_of_a_text_that_may_have_left_already_a_recall_says_that_nobody_knows(world: World) -> None:
    bulk_id = await launch(world, text(await people(world, 1)))
    await advance(world, bulk_id)
    await world.sql("UPDATE outbox SET resends = 1")
    await world.store.bulk.recall(1, bulk_id, 1, NOON)
    assert (await figures(world, bulk_id)).unconfirmed == 1


# The preview


async def test_the_preview_says_what_a_launch_would_cost_and_whose_text_is_longest(world: World) -> None:
    ids = await people(world, 3)
    await world.sql("UPDATE contact SET first_name = repeat('x', 200) WHERE id = $1", ids[1])
    await world.sql("UPDATE contact SET first_name = 'Al' WHERE id = $1", ids[2])
    found = await world.store.bulk.preview(text(ids), NOON)
    assert (found.segments_min, found.segments_max, found.segments_total) == (1, 2, 4)
    assert (found.longest, found.shortest) == (1, 2)
    assert (float(found.cost), found.currency, found.duration_s) == (4 * 0.0079, "USD", 0.4)


async def test_anybodys_text_can_be_looked_at_as_it_would_be_sent(world: World) -> None:
    ids = await people(world, 2)
    await world.sql("UPDATE endpoint SET opted_out = true WHERE id = 2")
    first, second = [await world.store.bulk.shown(text(ids), at, NOON) for at in (0, 1)]
    assert first is not None
    assert second is not None
    assert (first.text, first.of, first.excluded, first.name) == ("Hi Person 1", 2, None, "Person 1")
    assert (second.text, second.excluded) == ("Hi Person 2", Exclusion.OPTED_OUT)
    assert await world.store.bulk.shown(text(ids), 2, NOON) is None


async def test_the_list_of_the_excluded_names_each_with_the_reason(world: World) -> None:
    ids = await people(world, 3)
    await world.sql("UPDATE endpoint SET opted_out = true WHERE id = 2")
    told = [one async for chunk in world.store.bulk.exclusions(text(ids), NOON) for one in chunk]
    assert [(one.name, one.address, one.reason) for one in told] == [("Person 2", "+12025550102", Exclusion.OPTED_OUT)]


async def test_a_filter_words_of_search_and_a_saved_filter_say_who_gets_it(world: World) -> None:
    ids = await people(world, 12)
    await world.sql("INSERT INTO tag (workspace_id, name) VALUES (1, 'Open House')")
    await world.sql(
        "INSERT INTO contact_tag (workspace_id, contact_id, tag_id) SELECT 1, unnest($1::bigint[]), 1", ids[:5]
    )
    tagged = {"field": "tag", "is": "has", "value": 1}
    saved = await world.store.filters.add(1, 1, "Open house", tagged)
    assert isinstance(saved, SavedFilter)

    async def audience(wanted: Matching) -> int:
        return (await world.store.bulk.preview(BulkText(1, 1, wanted, "Hi"), NOON)).recipients

    assert await audience(Matching(tagged)) == 5
    assert await audience(Matching(filter_id=saved.filter_id)) == 5
    assert await audience(Matching()) == 12
    assert await audience(Matching(q="person 11")) == 1
    with pytest.raises(AudienceRefused, match="not there"):
        await audience(Matching(filter_id=99))
    with pytest.raises(AudienceRefused):
        await audience(Matching({"field": "nonsense"}))
