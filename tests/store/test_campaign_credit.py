"""Replies and STOPs in the figures of campaigns, on a real database: to whom, how often, and in which transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import pytest

from server.domain.campaigns.credit import WITHIN, CampaignText, Credit, Happening, Kind, credit, kind_of
from server.domain.carrier import ErrorClass, Receipt, Rejected, Unknown
from server.domain.messages import CampaignMoved
from server.domain.optout import Heard
from server.ports import Authorised
from tests.store.campaigns import Spring, accepted, add_up, spring
from tests.store.world import ALICE, BOB, NOON, OTHER_NUMBER, World, later, mo

DAY: Final = timedelta(days=1)
FIRST: Final = "SELECT replied_at, opted_out_at FROM campaign_recipient WHERE campaign_id = $1 ORDER BY ord LIMIT 1"
TEXTS: Final = """
SELECT r.thread_id, r.campaign_id, r.ord, r.left_at, c.kind, r.replied_at, r.opted_out_at
FROM campaign_recipient r JOIN campaign c ON c.id = r.campaign_id WHERE r.state = 'wired'
"""
SAID: Final = """
SELECT m.thread_id, m.created_at, m.keyword, v.decision FROM message m
LEFT JOIN review v ON v.thread_id = m.thread_id AND v.seq = m.seq WHERE m.direction = 'in'
"""
LATEST: Final = "SELECT id, campaign_id, campaign_ord, campaign_at FROM thread"


async def test_the_window_is_that_of_the_domain(world: World) -> None:
    assert await world.value("SELECT credit_window()") == WITHIN


async def test_a_reply_counts_once_and_the_campaign_hears_of_it(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE, BOB)
    ours.told()
    await world.receive("Yes please", received_at=later(60))
    assert ours.told()
    assert (await ours.figures())["replied"] == 1
    await world.receive("And soon", received_at=later(90))
    assert not ours.told()
    assert (await ours.figures())["replied"] == 1
    await world.receive("Me too", from_=BOB, received_at=later(90))
    figures = await ours.figures()
    assert (figures["replied"], figures["opted_out"]) == (2, 0)


async def test_a_stop_counts_as_opted_out_in_the_transaction_that_stores_it(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    before = await world.value("SELECT count(*) FROM campaign_stat_delta")
    ours.told()
    await world.receive("STOP", keyword="STOP", received_at=later(1))
    assert ours.told()
    figures = await ours.figures()
    assert (figures["replied"], figures["opted_out"]) == (0, 1)
    assert await world.value("SELECT count(*) FROM campaign_stat_delta") == before + 1
    xids = "SELECT (SELECT max(xmin::text::bigint) FROM campaign_stat_delta) = (SELECT xmin::text::bigint FROM message "
    assert await world.value(xids + "WHERE direction = 'in')")


async def test_a_start_counts_as_nothing(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await world.receive("STOP", keyword="STOP", received_at=later(1))
    await world.receive("START", keyword="START", received_at=later(2))
    figures = await ours.figures()
    assert (figures["replied"], figures["opted_out"]) == (0, 1)
    await world.receive("Hello", received_at=later(3))
    [row] = await world.sql(FIRST, ours.campaign_id)
    assert (row["opted_out_at"], row["replied_at"]) == (later(1), later(3))


@pytest.mark.parametrize(
    ("after", "replied"),
    [(timedelta(), 1), (WITHIN, 1), (WITHIN + timedelta(microseconds=1), 0), (-timedelta(microseconds=1), 0)],
    ids=["at the moment it left", "seven days after", "a moment later", "before it left"],
)
async def test_a_reply_is_credited_for_seven_days(world: World, after: timedelta, replied: int) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await world.receive("Hello", received_at=NOON + after)
    assert (await ours.figures())["replied"] == replied


async def test_a_bulk_text_gets_no_credit_and_takes_none_away(world: World) -> None:
    ours, bulk = await spring(world), await spring(world, kind="bulk")
    await ours.wire(ALICE)
    await bulk.wire(ALICE, now=later(60))
    await world.receive("Hello", received_at=later(90))
    assert ((await ours.figures())["replied"], (await bulk.figures())["replied"]) == (1, 0)


async def test_of_two_campaigns_the_one_that_wrote_last_gets_it(world: World) -> None:
    first, second = await spring(world), await spring(world)
    await first.wire(ALICE)
    await second.wire(ALICE, now=later(60))
    await world.receive("Hello", received_at=later(90))
    assert ((await first.figures())["replied"], (await second.figures())["replied"]) == (0, 1)


async def test_a_reply_that_the_sweep_finds_late_is_of_the_campaign_that_it_answered(world: World) -> None:
    first, second = await spring(world), await spring(world)
    await first.wire(ALICE)
    await second.wire(ALICE, now=later(60))
    await world.receive("Hello", received_at=later(30))
    assert ((await first.figures())["replied"], (await second.figures())["replied"]) == (1, 0)


async def test_who_answers_before_the_carrier_does_is_credited_by_its_answer(world: World) -> None:
    earlier, ours = await spring(world), await spring(world)
    await earlier.wire(ALICE)
    await ours.queue(ALICE, later(60))
    [one] = await world.authorise(now=later(60))
    await world.receive("Hello", received_at=later(61))
    assert ((await earlier.figures())["replied"], (await ours.figures())["replied"]) == (1, 0)
    world.told.clear()
    await world.store.ledger.record_outcome(one.attempt_id, world.gen, accepted(one), later(62))
    assert set(world.heard(CampaignMoved)) == {CampaignMoved(1, one_.campaign_id) for one_ in (earlier, ours)}
    assert ((await earlier.figures())["replied"], (await ours.figures())["replied"]) == (0, 1)


async def test_an_unclear_text_is_a_reply_until_a_person_has_decided_that_it_was_a_stop(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await world.receive("no more of this", keyword="AMBIGUOUS", received_at=later(1))
    assert (await ours.figures())["replied"] == 1
    ours.told()
    await world.store.reviews.decide(1, 1, "opted_out", 1, later(60))
    assert ours.told()
    figures = await ours.figures()
    assert (figures["replied"], figures["opted_out"]) == (0, 1)


async def test_an_unclear_text_that_was_no_stop_stays_a_reply(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await world.receive("no more of this", keyword="AMBIGUOUS", received_at=later(1))
    await world.store.reviews.decide(1, 1, "not_a_revocation", 1, later(60))
    assert (await ours.figures())["replied"] == 1


async def test_what_is_credited_is_the_first_time(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    for seconds in (90, 60, 120):
        await world.receive("Hello", received_at=later(seconds))
    [row] = await world.sql(FIRST, ours.campaign_id)
    assert (row["replied_at"], row["opted_out_at"]) == (later(60), None)
    await add_up(world)


async def test_another_workspaces_contact_with_the_same_number_is_somebody_else(world: World) -> None:
    ours = await spring(world)
    await ours.wire(ALICE)
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'O')")
    await world.sql(
        "INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)"
        " VALUES (2, true, 'simulator', 'AC2', 's', 'http://127.0.0.1:9')"
    )
    await world.sql("UPDATE number SET account_id = 2, workspace_id = 2 WHERE id = 2")
    ours.told()
    await world.store.ledger.record_mo(_to_the_other("Hello"))
    assert not ours.told()
    assert (await ours.figures())["replied"] == 0


def _to_the_other(body: str) -> Any:
    return replace(mo(body, to=OTHER_NUMBER, received_at=later(5)), account_id=2)


# Random histories against domain.credit


class History:
    """A world in which time passes; what left when is known from the grants alone."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.dice, self.now = world, Random(seed), NOON  # noqa: S311 - a test's order of events
        self.campaigns: list[Spring] = []
        self.open: list[Authorised] = []
        self.left: dict[tuple[int, int], datetime] = {}

    async def begin(self) -> None:
        self.campaigns = [await spring(self.world) for _ in range(4)]
        self.campaigns.append(await spring(self.world, kind="bulk"))
        await self.campaigns[0].queue(ALICE, self.now)
        await self.send()
        one = self.open.pop()
        await self.world.store.ledger.record_outcome(one.attempt_id, self.world.gen, accepted(one), self.now)
        await self.world.receive("Hello", received_at=self.now)

    async def step(self) -> None:
        moves = (
            self.queue, self.queue, self.send, self.send, self.answer, self.answer, self.receive, self.receive,
            self.receive, self.decide, self.wait,
        )  # fmt: skip
        await self.dice.choice(moves)()
        self.now += timedelta(microseconds=1)  # nobody answers a text at the moment before it is queued

    async def queue(self) -> None:
        ours, address = self.dice.choice(self.campaigns), self.dice.choice((ALICE, BOB))
        there = (
            "SELECT count(*) FROM campaign_recipient r JOIN endpoint e ON e.id = r.endpoint_id"
            " WHERE r.campaign_id = $1 AND e.address = $2"
        )
        if not await self.world.value(there, ours.campaign_id, address):
            await ours.queue(address, self.now)

    async def send(self) -> None:
        waiting = await self.world.sql("SELECT id, thread_id, seq FROM outbox")
        places = {row["id"]: (row["thread_id"], row["seq"]) for row in waiting}
        for one in await self.world.authorise(now=self.now):
            self.open.append(one)
            self.left[places[one.outbox_id]] = self.now

    async def answer(self) -> None:
        if not self.open:
            return
        one = self.open.pop(self.dice.randrange(len(self.open)))
        record = self.world.store.ledger.record_outcome
        rejected = Rejected(ErrorClass.FILTERED, "30007", "No.")
        answer = self.dice.choice((accepted(one), accepted(one), accepted(one), rejected, Unknown("reset")))
        await record(one.attempt_id, self.world.gen, answer, self.now)
        if isinstance(answer, Unknown):
            if self.dice.random() < 0.3:
                await self.world.store.ledger.give_up(one.attempt_id, self.now)
            await self.wait()
            proof = Receipt(f"SM{one.outbox_id}", "delivered", None, one.attempt_id, None, None)
            await self.world.store.ledger.apply_receipt(1, proof, self.now)

    async def receive(self) -> None:
        keyword = self.dice.choice((None, None, None, "STOP", "START", "START", "YES", "AMBIGUOUS", "HELP"))
        at = self.now - self.dice.choice((0, 0, 0, 1, 40, 4000)) * timedelta(seconds=self.dice.random())
        from_ = self.dice.choice((ALICE, BOB))
        await self.world.receive(keyword or "Hello", from_=from_, keyword=keyword, received_at=at)

    async def decide(self) -> None:
        for row in await self.world.sql("SELECT id FROM review WHERE decided_at IS NULL"):
            decision: Any = self.dice.choice(("opted_out", "not_a_revocation", "wrong_number"))
            await self.world.store.reviews.decide(1, row["id"], decision, 1, self.now)

    async def wait(self) -> None:
        self.now += self.dice.choice((timedelta(seconds=self.dice.random()), timedelta(seconds=50), 3 * DAY))


async def credits_by_the_rules(world: World) -> Mapping[Credit, datetime]:
    """By domain.credit alone, from the texts that left and what came in; each with its first time."""
    texts, found = await world.sql(TEXTS), dict[Credit, datetime]()
    for row in await world.sql(SAID):
        stop = row["decision"] == "opted_out"
        kind = Kind.OPTED_OUT if stop else kind_of(None if row["keyword"] is None else Heard(row["keyword"]))
        known = [
            CampaignText(text["campaign_id"], text["ord"], text["left_at"], bulk=text["kind"] == "bulk")
            for text in texts
            if text["thread_id"] == row["thread_id"]
        ]
        given = None if kind is None else credit(Happening(kind, row["created_at"]), known)
        if given is not None:
            found[given] = min(row["created_at"], found.get(given, row["created_at"]))
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_credit_is_that_of_the_rules_after_every_step(world: World, seed: int) -> None:
    history = History(world, seed)
    await history.begin()
    counted = 0
    before = {row["id"]: (row["replied"], row["opted_out"]) for row in await add_up(world)}
    for _ in range(60):
        world.told.clear()
        await history.step()
        texts = await world.sql(TEXTS)
        stored = {
            Credit(row["campaign_id"], row["ord"], kind): row[column]
            for row in texts
            for kind, column in ((Kind.REPLIED, "replied_at"), (Kind.OPTED_OUT, "opted_out_at"))
            if row[column] is not None
        }
        assert stored == await credits_by_the_rules(world)
        counted = max(counted, len(stored))
        after = {row["id"]: (row["replied"], row["opted_out"]) for row in await add_up(world)}
        told = {one.campaign_id for one in world.heard(CampaignMoved)}
        assert {id_ for id_ in after if after[id_] != before[id_]} <= told
        before = after
        await the_threads_know_what_left_last(history, texts)
    assert counted > 0


async def the_threads_know_what_left_last(history: History, texts: list[Any]) -> None:
    places = await history.world.sql("SELECT thread_id, seq, left_at FROM campaign_recipient WHERE state = 'wired'")
    assert {(row["thread_id"], row["seq"]): row["left_at"] for row in places}.items() <= history.left.items()
    for row in await history.world.sql(LATEST):
        of_it = [text for text in texts if text["thread_id"] == row["id"] and text["kind"] == "campaign"]
        last = max(of_it, key=lambda text: (text["left_at"], text["campaign_id"]), default=None)
        known = None if last is None else (last["campaign_id"], last["ord"], last["left_at"])
        assert (row["campaign_id"], row["campaign_ord"], row["campaign_at"]) == (known or (None, None, None))
