"""T1 on a real database: stored once, numbered without a gap, with what its keyword changes."""

from __future__ import annotations

import random
import secrets
from datetime import timedelta
from typing import Any

import pytest
import trio

from server.domain.messages import AnswerOwed, ConsentFlipped, ThreadChanged
from server.ports import MoArrival, MoDuplicate, MoRecorded, MoUnassigned, RowRefused
from server.store.ledger.inbound import Inbound
from server.store.store import Store, open_store
from tests.store.world import ALICE, BOB, NOON, OTHER_NUMBER, OUR_NUMBER, World, holding, mo

GAPS = """
SELECT t.id FROM thread t LEFT JOIN (
    SELECT thread_id, count(*) AS n, min(seq) AS low, max(seq) AS high, count(DISTINCT seq) AS different
    FROM thread_event GROUP BY 1) e ON e.thread_id = t.id
LEFT JOIN (
    SELECT thread_id, count(*) AS n, max(in_ord) AS high, count(DISTINCT in_ord) AS different
    FROM message WHERE direction = 'in' GROUP BY 1) m ON m.thread_id = t.id
WHERE (t.last_seq, e.low, e.high, e.n, e.different) IS DISTINCT FROM (e.n, 1, e.n, e.n, e.n)
   OR (t.in_total, m.high, m.different) IS DISTINCT FROM (m.n, m.n, m.n)
"""


async def together(store: Store, arrivals: list[MoArrival]) -> list[object]:
    """All at once, so that they share commits; results in their order, a refusal as its exception."""
    results: list[object] = [None] * len(arrivals)

    async def one(position: int) -> None:
        try:
            results[position] = await store.ledger.record_mo(arrivals[position])
        except RowRefused as refused:
            results[position] = refused

    async with trio.open_nursery() as nursery:
        for position in range(len(arrivals)):
            nursery.start_soon(one, position)
    return results


async def test_a_text_gets_a_thread_a_number_and_is_told(world: World) -> None:
    recorded = await world.receive("Hi there")
    assert recorded.seq == 1
    page = await world.store.inbox.thread(1, 1, recorded.thread_id)
    assert page is not None
    assert [(m.body, m.in_ord, m.at) for m in page.messages] == [("Hi there", 1, NOON)]
    assert (page.thread.preview, page.thread.in_total, page.thread.address) == ("Hi there", 1, ALICE)
    [changed] = world.heard(ThreadChanged)
    assert changed.events == (page.messages[0],)


async def test_the_same_text_twenty_times_at_once_and_once_more_is_stored_once(world: World) -> None:
    results = await together(world.store, [mo(provider_id="SMx") for _ in range(20)])
    results.append(await world.store.ledger.record_mo(mo(provider_id="SMx")))
    assert [type(r) for r in results].count(MoRecorded) == 1
    assert [type(r) for r in results].count(MoDuplicate) == 20
    assert await world.value("SELECT count(*) FROM message") == 1
    assert len(world.heard(ThreadChanged)) == 1


async def test_a_text_that_comes_again_after_days_is_known(world: World) -> None:
    await world.store.ledger.record_mo(mo(provider_id="SMx"))
    await world.sql("UPDATE provider_ref SET at = at - interval '40 days'")
    assert isinstance(await world.store.ledger.record_mo(mo(provider_id="SMx")), MoDuplicate)
    assert await world.value("SELECT count(*) FROM message") == 1


async def test_four_servers_writing_the_same_texts_store_each_once_without_a_gap(world: World) -> None:
    ids = [f"SM-{n}" for n in range(800)]
    returned: list[str] = []

    async def server(seed: int) -> None:
        shuffled = random.Random(seed)  # noqa: S311 - neighbours in time, so that servers meet on the same ids
        order = sorted(ids, key=lambda i: int(i[3:]) + shuffled.random() * 120)
        async with open_store(world.dsn) as store, trio.open_nursery() as nursery:

            async def one(id_: str) -> None:
                number = int(id_[3:])
                text = mo(id_, provider_id=id_, from_=f"+1202555{number % 23:04}")
                if isinstance(await store.ledger.record_mo(text), MoRecorded):
                    returned.append(id_)

            for start in range(0, len(order), 40):
                async with trio.open_nursery() as wave:
                    for id_ in order[start : start + 40]:
                        wave.start_soon(one, id_)
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for seed in range(4):
            nursery.start_soon(server, seed)
    assert sorted(returned) == sorted(ids)
    assert await world.value("SELECT count(*) FROM message") == len(ids)
    assert not await world.sql(GAPS)


async def test_numbers_are_given_in_the_order_of_commits(world: World) -> None:
    """Two writers race for one thread until a reader saw it grow ten times; who sees a number sees all smaller ones."""
    thread = (await world.receive()).thread_id
    seen: list[list[int]] = []

    async def write(store: Store) -> None:
        while len({len(seqs) for seqs in seen}) < 10:
            await together(store, [mo() for _ in range(5)])

    with trio.fail_after(60):
        async with open_store(world.dsn) as other, trio.open_nursery() as nursery:
            nursery.start_soon(write, world.store)
            nursery.start_soon(write, other)
            while len({len(seqs) for seqs in seen}) < 10:
                rows = await world.sql("SELECT seq FROM thread_event WHERE thread_id = $1 ORDER BY seq", thread)
                seen.append([row["seq"] for row in rows])
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in seen)
    assert not await world.sql(GAPS)


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        pytest.param("nul\x00l", "null", id="U+0000 is dropped"),
        pytest.param("half \ud83d", "half \ufffd", id="half a surrogate pair becomes U+FFFD"),
        pytest.param("a" * 100_000, "a" * 100_000, id="a very long text"),
        pytest.param("🏡" * 200, "🏡" * 200, id="emoji, whose preview is cut by characters"),
        pytest.param("", "", id="an empty text"),
    ],
)
async def test_any_body_among_49_good_ones_is_stored(world: World, body: str, stored: str) -> None:
    results = await together(world.store, [*(mo(f"good {n}") for n in range(49)), mo(body, from_=BOB)])
    assert {type(result) for result in results} == {MoRecorded}
    assert await world.value("SELECT body FROM message WHERE thread_id = $1", results[-1].thread_id) == stored  # type: ignore[attr-defined]  # an object by type, a MoRecorded by the line above


async def test_one_row_that_the_database_refuses_takes_no_neighbour_along(world: World) -> None:
    noise = secrets.token_hex(20_000)  # too long for any index
    arrivals = [mo(f"good {n}") for n in range(30)]
    arrivals[17] = mo("bad", provider_id=noise)
    results = await together(world.store, arrivals)
    assert [n for n, result in enumerate(results) if isinstance(result, RowRefused)] == [17]
    assert sum(isinstance(result, MoRecorded) for result in results) == 29
    assert not await world.sql(GAPS)


async def test_a_text_to_a_number_that_is_not_configured_is_kept_apart(world: World) -> None:
    stray = mo("Lost", to="+12025550150")
    assert await world.store.ledger.record_mo(stray) == MoUnassigned()
    assert isinstance(await world.store.ledger.record_mo(stray), MoDuplicate)
    assert await world.value("SELECT body FROM unassigned_mo") == "Lost"
    assert await world.value("SELECT count(*) FROM message") == 0


async def test_replies_leave_from_the_number_last_written_to(world: World) -> None:
    thread = (await world.receive()).thread_id
    await world.receive(to=OTHER_NUMBER)
    [row] = await world.store.inbox.rows_by_id([thread])
    assert row.number == OTHER_NUMBER
    await world.receive(to=OUR_NUMBER)
    [row] = await world.store.inbox.rows_by_id([thread])
    assert (row.number, row.in_total) == (OUR_NUMBER, 3)


async def test_a_swept_old_text_does_not_move_the_thread_back_in_time(world: World) -> None:
    thread = (await world.receive("new")).thread_id
    await world.receive("old", received_at=NOON - timedelta(hours=2))
    [row] = await world.store.inbox.rows_by_id([thread])
    assert (row.last_at, row.in_total) == (NOON, 2)


async def test_media_are_kept(world: World) -> None:
    recorded = await world.receive("Look", media=(("https://m.example/1.jpg", "image/jpeg"),))
    page = await world.store.inbox.thread(1, 1, recorded.thread_id)
    assert page is not None
    assert page.messages[0].media == ("https://m.example/1.jpg",)


# Keywords


async def consent(world: World) -> list[tuple[str, int, bool]]:
    rows = await world.sql("SELECT kind, consent_epoch, answer_by IS NOT NULL AS owed FROM consent_event ORDER BY id")
    return [(row["kind"], row["consent_epoch"], row["owed"]) for row in rows]


async def test_a_stop_flips_the_endpoint_once_and_a_repeated_one_changes_nothing(world: World) -> None:
    await world.stop()
    await world.stop()
    assert await consent(world) == [("opted_out", 1, True), ("stop_repeated", 1, False)]
    assert world.heard(ConsentFlipped) == [ConsentFlipped(1, 1, True, 1)]
    assert world.heard(AnswerOwed) == [AnswerOwed(1, 1)]
    [row] = await world.sql("SELECT opted_out, consent_epoch FROM endpoint")
    assert (row["opted_out"], row["consent_epoch"]) == (True, 1)


async def test_keywords_of_one_batch_take_effect_in_their_order(world: World) -> None:
    bodies = ["STOP", "START", "STOP", "HELP", "START"]
    write = Inbound(lambda: NOON).write
    batch = [mo(body, keyword=body) for body in bodies]
    await world.store.call(lambda connection: write(connection, batch))
    assert [(kind, epoch) for kind, epoch, _ in await consent(world)] == [
        ("opted_out", 1),
        ("opted_in", 2),
        ("opted_out", 3),
        ("help_asked", 3),
        ("opted_in", 4),
    ]
    assert await world.value("SELECT opted_out FROM endpoint") is False


async def test_a_yes_that_answers_a_question_is_no_keyword(world: World) -> None:
    recorded = await world.receive("Yes", keyword="YES")
    assert await consent(world) == []
    assert await world.value("SELECT keyword FROM message WHERE seq = $1", recorded.seq) is None


async def test_a_start_lifts_the_carriers_block_too(world: World) -> None:
    await world.receive()
    await world.sql("UPDATE endpoint SET opted_out = true, carrier_blocked = true, consent_epoch = 1")
    await world.receive("START", keyword="START")
    [row] = await world.sql("SELECT opted_out, carrier_blocked, consent_epoch FROM endpoint")
    assert (row["opted_out"], row["carrier_blocked"], row["consent_epoch"]) == (False, False, 2)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"opt_out_type": "STOP"}, id="the carrier has answered"),
        pytest.param({"received_at": NOON - timedelta(minutes=6)}, id="it was found by a sweep, too late"),
    ],
)
async def test_a_stop_is_owed_no_answer_where(world: World, more: dict[str, Any]) -> None:
    await world.receive("STOP", keyword="STOP", **more)
    assert await consent(world) == [("opted_out", 1, False)]
    assert await world.store.ledger.owed_answers(10) == []


async def test_inbound_never_touches_the_outbox_or_an_attempt(world: World) -> None:
    """A STOP commits while another connection holds both tables whole."""
    thread = (await world.receive()).thread_id
    await world.send(thread)
    await world.authorise()
    async with holding(world, "LOCK TABLE outbox, attempt IN ACCESS EXCLUSIVE MODE"):
        with trio.fail_after(10):
            await world.stop()
