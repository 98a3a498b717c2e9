"""T4 and T5 on a real database: what the carrier said, in any order, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
import trio

from server.domain.carrier import (
    Accepted,
    CarrierStatus,
    ErrorClass,
    NotSent,
    Postponed,
    Receipt,
    Rejected,
    Throttled,
    Unknown,
)
from server.domain.messages import ConsentFlipped, OutboxGrew, StatusChange, ThreadChanged
from server.ports import AttemptOutcome, Authorised, Voided
from tests.store.test_ledger_inbound import GAPS
from tests.store.world import NOON, World, holding, later

ACCEPTED = Accepted("SM-out", "queued", 1)
Sent = tuple[Authorised, int]


async def leave(world: World, **more: Any) -> Sent:
    """A text that T3 has let go: the attempt, and the message's number."""
    thread = (await world.receive()).thread_id
    sent = await world.send(thread, **more)
    [mt] = await world.authorise()
    return mt, sent.seq


async def outcome(world: World, mt: Authorised, what: AttemptOutcome) -> bool:
    return await world.store.ledger.record_outcome(mt.attempt_id, world.gen, what, NOON)


async def receipt(world: World, status: CarrierStatus, mt: Authorised | None = None, **more: Any) -> str:
    told = Receipt("SM-out", status, attempt_id=None if mt is None else mt.attempt_id, **more)
    return await world.store.ledger.apply_receipt(1, told, NOON)


async def attempt(world: World) -> Any:
    return (await world.sql("SELECT * FROM attempt ORDER BY authorised_at DESC LIMIT 1"))[0]


# T4


async def test_an_accepted_text_is_sent_bound_and_off_the_queue(world: World) -> None:
    mt, seq = await leave(world)
    assert await outcome(world, mt, ACCEPTED)
    assert await world.state(mt.thread_id, seq) == "sent"
    assert await world.box(mt.thread_id, seq) is None
    assert await world.value("SELECT attempt_id FROM provider_ref WHERE kind = 'mt'") == mt.attempt_id
    change = world.heard(ThreadChanged)[-1].events[0]
    assert change == StatusChange(mt.thread_id, seq + 1, seq, "sent", NOON)


async def test_an_outcome_counts_once_and_only_for_its_own_generation(world: World) -> None:
    mt, seq = await leave(world)
    assert not await world.store.ledger.record_outcome(mt.attempt_id, world.gen + 1, ACCEPTED, NOON)
    assert await outcome(world, mt, ACCEPTED)
    assert not await outcome(world, mt, Rejected(ErrorClass.INVALID, "21211", "No."))
    assert await world.state(mt.thread_id, seq) == "sent"
    assert not await world.store.ledger.record_outcome(uuid4(), world.gen, ACCEPTED, NOON)


@pytest.mark.parametrize(
    ("what", "due_after_s", "tries"),
    [
        pytest.param(Throttled(7.0, "20429"), 7.0, 1, id="throttled: when the carrier says"),
        pytest.param(Throttled(None, "20429"), 1.0, 1, id="throttled without a word: a second later"),
        pytest.param(Postponed(ErrorClass.DAILY_CAP, "30027", "…"), 900.0, 1, id="a day's cap: after 15 minutes"),
        pytest.param(Postponed(ErrorClass.DAILY_CAP, "30027", "…", 30.0), 30.0, 1, id="a day's cap: when it says"),
        pytest.param(Postponed(ErrorClass.TRANSIENT, "30017", "…"), 60.0, 1, id="transient: a minute later"),
        pytest.param(NotSent("connection refused"), 0.5, 1, id="not sent: after a back-off"),
        pytest.param(NotSent("pushed back", voided=True), 0.0, 0, id="a void of the carrier's adapter: at once"),
        pytest.param(Voided("too late"), 0.0, 0, id="voided: at once, as if never tried"),
    ],
)
async def test_what_the_carrier_surely_has_not_goes_back_to_the_queue(
    world: World, what: AttemptOutcome, due_after_s: float, tries: int
) -> None:
    mt, seq = await leave(world)
    world.told.clear()
    assert await outcome(world, mt, what)
    box = await world.box(mt.thread_id, seq)
    assert box is not None
    assert (box["state"], box["due_at"] - NOON, box["tries"]) == ("queued", timedelta(seconds=due_after_s), tries)
    assert await world.state(mt.thread_id, seq) == "queued"
    assert bool(world.heard(OutboxGrew)) == (due_after_s == 0)
    [again] = await world.authorise(now=later(900))
    assert again.attempt_id != mt.attempt_id


async def test_not_sent_again_and_again_waits_longer_and_longer(world: World) -> None:
    mt, seq = await leave(world)
    waits, now = [], NOON
    for _ in range(4):
        await world.store.ledger.record_outcome(mt.attempt_id, world.gen, NotSent("refused"), now)
        box = await world.box(mt.thread_id, seq)
        assert box is not None
        waits.append((box["due_at"] - now).total_seconds())
        now = box["due_at"]
        [mt] = await world.authorise(now=now)
    assert waits == [0.5, 1.0, 2.0, 4.0]


async def test_what_is_transient_ten_times_is_refused_for_good(world: World) -> None:
    mt, seq = await leave(world)
    transient, now = Postponed(ErrorClass.TRANSIENT, "30017", "The carrier's network is congested."), NOON
    for tried in range(1, 11):
        assert await world.state(mt.thread_id, seq) == "queued", tried
        await world.store.ledger.record_outcome(mt.attempt_id, world.gen, transient, now)
        now += timedelta(seconds=60)
        if tried < 10:
            [mt] = await world.authorise(now=now)
    assert await world.state(mt.thread_id, seq) == "rejected"
    assert await world.box(mt.thread_id, seq) is None


@pytest.mark.parametrize(
    "error_class", [ErrorClass.RATE, ErrorClass.DAILY_CAP, ErrorClass.TRANSIENT, ErrorClass.UNKNOWN]
)
async def test_a_receipts_code_ends_the_text_and_is_no_reason_to_send_it_again(
    world: World, error_class: ErrorClass
) -> None:
    mt, seq = await leave(world)
    await outcome(world, mt, ACCEPTED)
    assert await receipt(world, "failed", error_code="30017", error_class=error_class) == "applied"
    assert await world.state(mt.thread_id, seq) == "undelivered"
    assert await world.box(mt.thread_id, seq) is None


async def test_a_rejection_ends_it_with_its_reason(world: World) -> None:
    mt, seq = await leave(world)
    assert await outcome(world, mt, Rejected(ErrorClass.FILTERED, "30007", "Filtered."))
    assert await world.state(mt.thread_id, seq) == "rejected"
    change = world.heard(ThreadChanged)[-1].events[0]
    assert (change.error_class, change.error_code) == ("filtered", "30007")
    assert await world.queued() == []


OPTED_OUT = Rejected(ErrorClass.OPTED_OUT, "21610", "The recipient replied STOP.")


async def test_the_carriers_own_opt_out_marks_the_endpoint_and_flips_it(world: World) -> None:
    mt, _ = await leave(world)
    await outcome(world, mt, OPTED_OUT)
    [row] = await world.sql("SELECT opted_out, carrier_blocked, consent_epoch FROM endpoint")
    assert tuple(row) == (True, True, 1)
    assert world.heard(ConsentFlipped) == [ConsentFlipped(1, mt.endpoint_id, True, 1)]
    assert await world.value("SELECT kind FROM consent_event") == "carrier_blocked"
    blocked = await world.send(mt.thread_id, acknowledged_opt_out=True)
    assert await world.authorise() == []
    assert await world.state(mt.thread_id, blocked.seq) == "blocked"


async def test_the_carriers_opt_out_of_a_contact_who_had_stopped_raises_no_epoch(world: World) -> None:
    mt, _ = await leave(world)
    await world.stop()
    world.told.clear()
    await outcome(world, mt, OPTED_OUT)
    assert await world.value("SELECT consent_epoch FROM endpoint") == 1
    assert world.heard(ConsentFlipped) == []


async def test_an_invalid_number_is_marked(world: World) -> None:
    mt, _ = await leave(world)
    await outcome(world, mt, Rejected(ErrorClass.INVALID, "21614", "A landline."))
    assert await world.value("SELECT invalid_reason FROM endpoint") == "21614"


async def test_an_unknown_outcome_climbs_the_ladder_and_is_not_queued(world: World) -> None:
    mt, seq = await leave(world)
    assert await outcome(world, mt, Unknown("reset"))
    row = await attempt(world)
    assert (row["state"], row["rung"]) == ("unknown", 0)
    assert (row["next_check_at"] - row["unknown_since"]).total_seconds() == pytest.approx(0.05, abs=0.02)
    box = await world.box(mt.thread_id, seq)
    assert box is not None
    assert box["state"] == "sending"
    assert not await outcome(world, mt, Unknown("again"))
    assert await outcome(world, mt, ACCEPTED)  # the answer was read after all
    assert await world.state(mt.thread_id, seq) == "sent"


async def test_a_hundred_outcomes_at_once_share_commits(world: World) -> None:
    thread = (await world.receive()).thread_id
    for _ in range(60):
        await world.send(thread)
    mts = await world.authorise()
    before = await world.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    async with trio.open_nursery() as nursery:
        for n, mt in enumerate(mts):
            nursery.start_soon(
                world.store.ledger.record_outcome, mt.attempt_id, world.gen, Accepted(f"SM-{n}", "queued", 1), NOON
            )
    assert await world.value("SELECT count(*) FROM message WHERE state = 'sent'") == 60
    assert before is not None
    assert await world.value("SELECT count(DISTINCT xmin::text) FROM provider_ref WHERE kind = 'mt'") < 10
    assert not await world.sql(GAPS)


# T5


async def test_receipts_and_the_outcome_in_any_order_end_in_the_same_state(world: World) -> None:
    async def answer(mt: Authorised, id_: str) -> None:
        await outcome(world, mt, Accepted(id_, "queued", 1))

    def news(status: CarrierStatus) -> Callable[[Authorised, str], Awaitable[object]]:
        return lambda _mt, id_: world.store.ledger.apply_receipt(1, Receipt(id_, status), NOON)

    steps = (answer, news("sent"), news("delivered"), news("undelivered"))
    for n, order in enumerate(permutations(steps)):
        mt, seq = await leave(world)
        for step in order:
            await step(mt, f"SM-{n}")
        await world.store.ledger.join_early_receipts()
        assert await world.state(mt.thread_id, seq) == "delivered", n
    assert not await world.sql(GAPS)
    assert await world.value("SELECT count(*) FROM early_receipt") == 0


async def test_a_receipt_before_its_outcome_is_kept_and_joined_by_it(world: World) -> None:
    mt, seq = await leave(world)
    assert await receipt(world, "delivered") == "kept"
    assert await world.state(mt.thread_id, seq) == "queued"
    await outcome(world, mt, ACCEPTED)
    assert await world.state(mt.thread_id, seq) == "delivered"
    assert await receipt(world, "delivered") == "old"


async def test_a_receipt_that_crosses_its_outcome_is_found_by_the_second_look(world: World) -> None:
    """The outcome commits after the receipt looked, and did not see the receipt: stepped by hand."""
    mt, seq = await leave(world)
    bound = (
        "INSERT INTO provider_ref SELECT 1, 'mt', 'SM-out', id FROM attempt",
        "UPDATE attempt SET state = 'accepted'",
    )
    async with holding(world, *bound) as crossing:
        assert await receipt(world, "delivered") == "kept"
        await world.store.bridge.call(lambda: crossing.execute("COMMIT"))
    assert await world.state(mt.thread_id, seq) == "queued"
    assert await world.store.ledger.join_early_receipts() == 1
    assert await world.state(mt.thread_id, seq) == "delivered"


@pytest.mark.parametrize(
    "before", [None, Unknown("reset"), Voided("we believed")], ids=["authorised", "unknown", "void"]
)
async def test_a_callback_with_our_attempts_id_proves_that_it_was_accepted(
    world: World, before: AttemptOutcome | None
) -> None:
    mt, seq = await leave(world)
    if before is not None:
        await outcome(world, mt, before)
    assert await receipt(world, "queued", mt) == "applied"
    assert (await attempt(world))["state"] == "accepted"
    assert await world.box(mt.thread_id, seq) is None
    assert await world.state(mt.thread_id, seq) == "sent"
    assert await receipt(world, "delivered") == "applied"  # bound: needs no id of ours any more
    assert not await outcome(world, mt, ACCEPTED)


async def test_a_late_receipt_raises_an_unconfirmed_text(world: World) -> None:
    mt, seq = await leave(world)
    await outcome(world, mt, Unknown("reset"))
    await world.store.ledger.give_up(mt.attempt_id, NOON)
    assert await world.state(mt.thread_id, seq) == "unconfirmed"
    assert await world.box(mt.thread_id, seq) is None
    assert await receipt(world, "delivered", mt) == "applied"
    assert await world.state(mt.thread_id, seq) == "delivered"


async def test_a_receipts_error_is_stored_and_never_a_reason_to_send_again(world: World) -> None:
    mt, seq = await leave(world)
    await outcome(world, mt, ACCEPTED)
    assert await receipt(world, "undelivered", error_code="30003", error_class=ErrorClass.TRANSIENT) == "applied"
    page = await world.store.inbox.thread(1, 1, mt.thread_id)
    assert page is not None
    assert (page.messages[-1].state, page.messages[-1].error_code) == ("undelivered", "30003")
    assert await world.sql("SELECT * FROM outbox") == []
    assert seq == page.messages[-1].seq


async def test_an_opt_out_in_a_receipt_marks_the_endpoint(world: World) -> None:
    mt, _ = await leave(world)
    await outcome(world, mt, ACCEPTED)
    await receipt(world, "undelivered", error_code="21610", error_class=ErrorClass.OPTED_OUT)
    assert await world.value("SELECT carrier_blocked FROM endpoint WHERE id = $1", mt.endpoint_id)


@pytest.mark.parametrize("status", ["unknown", "received"])
async def test_a_word_that_proves_nothing_changes_nothing(world: World, status: CarrierStatus) -> None:
    mt, seq = await leave(world)
    await outcome(world, mt, ACCEPTED)
    assert await receipt(world, status) == "old"
    assert await world.state(mt.thread_id, seq) == "sent"


async def test_the_same_receipt_twenty_times_moves_the_text_once(world: World) -> None:
    mt, _ = await leave(world)
    await outcome(world, mt, ACCEPTED)
    results: list[str] = []

    async def one() -> None:
        results.append(await receipt(world, "delivered"))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(one)
    assert await world.value("SELECT count(*) FROM thread_event WHERE state = 'delivered'") == 1
    assert len(results) == 20
    assert not await world.sql(GAPS)
