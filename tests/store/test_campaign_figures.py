"""How campaigns stand, on a real database: by minutes, reasons and recipients, and what an automatic pause counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final

import pytest

from server.domain.campaigns.health import Tally
from server.domain.carrier import Accepted, ErrorClass, Receipt, Rejected, Unknown
from server.ports import Authorised
from server.ports.campaigns import CampaignRecipient, Minute
from tests.store.campaigns import Spring, accepted, spring
from tests.store.world import ALICE, BOB, NOON, World, later

CAROL, DAVE, EVE = "+12025550103", "+12025550104", "+12025550105"
NAMED: Final = """
WITH made AS (INSERT INTO contact (workspace_id, first_name, last_name) VALUES (1, $2, $3) RETURNING id)
UPDATE campaign_recipient r SET contact_id = m.id FROM made m, endpoint e
WHERE e.address = $1 AND r.endpoint_id = e.id
"""
EXCLUDED: Final = """
INSERT INTO campaign_recipient (campaign_id, ord, workspace_id, given, state, reason)
SELECT $1, 100 + n, 1, 'Nobody ' || n, 'excluded', CASE WHEN n < 3 THEN 'no_phone' ELSE 'duplicate' END
FROM generate_series(1, 3) n
"""


async def mixed(world: World) -> Spring:
    """Alice's text was delivered, Bob's rejected, Carol's undelivered, Dave's waits and of Eve's nobody knows."""
    ours = await spring(world)
    for person in (ALICE, BOB, CAROL, EVE):
        await ours.queue(person)
    alice, bob, carol, eve = await world.authorise()
    await ours.queue(DAVE)
    record, receive = world.store.ledger.record_outcome, world.store.ledger.apply_receipt
    await record(alice.attempt_id, world.gen, Accepted("SMa", "queued", 1), later(1))
    await record(bob.attempt_id, world.gen, Rejected(ErrorClass.FILTERED, "30007", "No."), later(59))
    await record(carol.attempt_id, world.gen, Accepted("SMc", "queued", 1), later(61))
    await record(eve.attempt_id, world.gen, Unknown("reset"), NOON)
    await world.store.ledger.give_up(eve.attempt_id, later(61))
    await receive(1, Receipt("SMa", "delivered", None, None, None), later(130))
    await receive(1, Receipt("SMc", "undelivered", "30003", None, None, ErrorClass.UNKNOWN), later(130))
    await world.sql(EXCLUDED, ours.campaign_id)
    return ours


def minute(nth: int, *counts: int) -> Minute:
    return Minute(later(60 * nth), *counts)


async def test_what_happened_stands_in_its_minute_folded_or_not(world: World) -> None:
    ours, figures = await mixed(world), world.store.campaign_figures
    await world.receive("Yes", received_at=later(150))  # when it was stored counts: the server's clock stands at noon
    expected = [minute(0, 1, 0, 1, 1, 0, 0), minute(1, 1, 0, 0, 0, 0, 0), minute(2, 0, 1, 1, 0, 0, 0)]
    assert await figures.minutes(1, ours.campaign_id, NOON) == expected
    for _ in range(3):
        assert await world.value("SELECT fold_stats($1, 1, 3)", ours.campaign_id) == 3
        assert await figures.minutes(1, ours.campaign_id, NOON) == expected
    while await world.value("SELECT fold_stats($1, 1, 3)", ours.campaign_id):
        pass
    assert await figures.minutes(1, ours.campaign_id, NOON) == expected
    assert await figures.minutes(1, ours.campaign_id, later(75)) == expected[1:]


async def test_reasons_are_counted_the_most_frequent_first(world: World) -> None:
    ours = await mixed(world)
    await world.sql("UPDATE endpoint SET opted_out = true WHERE address = $1", DAVE)
    await world.authorise()
    found = await world.store.campaign_figures.reasons(1, ours.campaign_id)
    assert found is not None
    told = [(one.state, one.reason, one.error_class, one.error_code, one.count) for one in found]
    assert told[0] == ("excluded", "no_phone", None, None, 2)
    assert set(told[1:]) == {
        ("excluded", "duplicate", None, None, 1),
        ("rejected", None, "filtered", "30007", 1),
        ("undelivered", None, "unknown", "30003", 1),
        ("unconfirmed", None, None, None, 1),
        ("skipped", "opted_out", None, None, 1),
    }
    wrong = await world.value(
        "SELECT count(*) FROM campaign_recipient WHERE state <> 'in_flight' AND delivery IS DISTINCT FROM 'delivered'"
    )
    assert sum(one.count for one in found) == wrong


async def places(world: World, ours: Spring, *states: str, q: str = "", after: int = 0, limit: int = 50) -> list[int]:
    found = await world.store.campaign_figures.recipients(1, ours.campaign_id, states, after, limit, q)
    assert found is not None
    return [one.ord for one in found]


async def test_recipients_are_told_with_what_became_of_them(world: World) -> None:
    ours = await mixed(world)
    await world.sql(NAMED, BOB, "Bob", "Stone")
    found = await world.store.campaign_figures.recipients(1, ours.campaign_id, (), 1, 1)
    assert found is not None
    [bob] = found
    assert isinstance(bob, CampaignRecipient)
    assert (bob.ord, bob.name, bob.address, bob.state) == (2, "Bob Stone", BOB, "rejected")
    assert (bob.delivery, bob.error_class, bob.error_code, bob.segments) == (None, "filtered", "30007", 1)


async def test_recipients_are_found_by_their_states_their_answers_their_names_and_their_numbers(world: World) -> None:
    ours = await mixed(world)
    await world.sql(NAMED, BOB, "Zoë", "Stone")
    await world.receive("Yes", received_at=later(150))
    await world.receive("STOP", keyword="STOP", from_=CAROL, received_at=later(151))
    assert await places(world, ours) == [1, 2, 3, 4, 5, 101, 102, 103]
    assert await places(world, ours, after=3, limit=2) == [4, 5]
    assert await places(world, ours, "excluded") == [101, 102, 103]
    assert await places(world, ours, "delivered", "rejected") == [1, 2]
    assert await places(world, ours, "replied") == [1]
    assert await places(world, ours, "replied", "opted_out") == [1, 3]
    assert await places(world, ours, "clicked") == []
    assert await places(world, ours, q="zoe") == [2]
    assert await places(world, ours, q="sto ZO") == [2]
    assert await places(world, ours, "wired", q="zoe") == []
    assert await places(world, ours, q="(202) 555-0103") == [3]
    assert await places(world, ours, q="nobody 2") == [102]
    assert await places(world, ours, q="05") == []
    assert await places(world, ours, q="\0") == await places(world, ours)


@pytest.mark.parametrize("most", [0, 20_000])
async def test_who_is_looked_for_is_found_alike_among_few_and_among_many(
    world: World, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.campaigns.figures.MOST_FOUND", most)
    ours = await mixed(world)
    await world.sql(NAMED, BOB, "Zoë", "Stone")
    await world.sql("UPDATE campaign_recipient SET given = '+13105550177' WHERE ord = 101")
    assert await places(world, ours, q="zoe") == await places(world, ours, "rejected", q="sto ZO") == [2]
    assert await places(world, ours, q="(202) 555-0103") == await places(world, ours, q="5550103") == [3]
    assert await places(world, ours, q="+1 202 555") == [1, 2, 3, 4, 5]
    assert await places(world, ours, q="202", after=2, limit=2) == [3, 4]
    assert await places(world, ours, q="Nobody") == [102, 103]
    assert await places(world, ours, q="310-555-0177") == [101]
    assert await places(world, ours, q="nobody at all") == await places(world, ours, q="999") == []


async def test_of_another_workspaces_campaign_nothing_is_told(world: World) -> None:
    ours, figures = await mixed(world), world.store.campaign_figures
    assert await figures.minutes(2, ours.campaign_id, NOON) is None
    assert await figures.reasons(2, ours.campaign_id) is None
    assert await figures.recipients(2, ours.campaign_id, (), 0, 10) is None


async def test_what_an_automatic_pause_counts(world: World) -> None:
    ours = await mixed(world)
    await world.receive("STOP", keyword="STOP", received_at=later(140))
    assert await world.store.campaign_figures.tally(ours.campaign_id) == Tally(2, 1, 1, 1)
    assert await world.store.campaign_figures.tally(99) is None


async def test_after_somebody_resumed_only_what_left_since_counts(world: World) -> None:
    ours = await mixed(world)
    await ours.resume(later(600))
    assert await world.store.campaign_figures.tally(ours.campaign_id) == Tally()
    [dave] = await world.authorise(now=later(600))
    await world.store.ledger.record_outcome(dave.attempt_id, world.gen, Accepted("SMd", "queued", 1), later(601))
    await world.receive("STOP", keyword="STOP", received_at=later(602))  # Alice's text had left before
    await world.receive("STOP", keyword="STOP", from_=DAVE, received_at=later(603))
    assert await world.store.campaign_figures.tally(ours.campaign_id) == Tally(wired=1, opted_out=1)
    await ours.resume(later(601))
    assert await world.store.campaign_figures.tally(ours.campaign_id) == Tally()


async def test_a_receipt_of_what_left_before_the_resume_counts_against_no_limit(world: World) -> None:
    """They go on coming for three days."""
    ours = await spring(world)
    alice, _ = await ours.wire(ALICE, BOB)
    await ours.resume(later(60))
    [carol] = await ours.wire(CAROL, now=later(61))
    for one in (alice, carol):
        receipt = Receipt(f"SM{one.outbox_id}", "undelivered", None, None, None)
        await world.store.ledger.apply_receipt(1, receipt, later(70))
    await world.receive("STOP", keyword="STOP", from_=BOB, received_at=later(80))
    assert await world.store.campaign_figures.tally(ours.campaign_id) == Tally(wired=1, undelivered=1)
    assert (await ours.figures())["undelivered"] == 2


async def test_a_text_that_left_before_the_resume_and_was_answered_after_it_counts_against_no_limit(
    world: World,
) -> None:
    ours = await spring(world)
    for person in (ALICE, BOB):
        await ours.queue(person)
    alice, bob = await world.authorise()
    await ours.resume(later(60))
    record = world.store.ledger.record_outcome
    await record(alice.attempt_id, world.gen, Rejected(ErrorClass.FILTERED, "30007", "No."), later(61))
    await record(bob.attempt_id, world.gen, accepted(bob), later(61))
    assert await world.store.campaign_figures.tally(ours.campaign_id) == Tally()
    assert (await ours.figures())["rejected"] == 1


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_judged_is_what_left_since_the_last_resume_after_every_step(world: World, seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a test's order of events
    ours, sent = await spring(world), list[Authorised]()
    people = [f"+1202555{nth:04}" for nth in range(110, 150)]
    now = NOON
    for _ in range(40):
        now, act = now + timedelta(seconds=dice.randrange(1, 30)), dice.randrange(10)
        if act < 3 and people:
            await ours.queue(people.pop(), now)
        elif act < 5:
            sent += await world.authorise(now=now)
        elif act < 8 and sent:
            await answer(world, dice.choice(sent), dice, now)
        elif act == 8:
            await world.value("SELECT fold_stats($1, 1, $2)", ours.campaign_id, dice.choice((1, 5, 1000)))
        elif act == 9:
            await ours.resume(now)
        await ours.figures()


async def answer(world: World, one: Authorised, dice: Random, now: datetime) -> None:
    """Of the carrier, or of whoever got the text; at first, late, or again."""
    sid, act = f"SM{one.outbox_id}", dice.randrange(5)
    record = world.store.ledger.record_outcome
    if act == 0:
        await record(one.attempt_id, world.gen, Rejected(ErrorClass.FILTERED, "30007", "No."), now)
    elif act < 3:
        await record(one.attempt_id, world.gen, accepted(one), now)
    elif act == 3:
        receipt = Receipt(sid, "undelivered", None, one.attempt_id, None)
        await world.store.ledger.apply_receipt(1, receipt, now)
    else:
        await world.receive("STOP", keyword="STOP", from_=one.request.to, received_at=now)
