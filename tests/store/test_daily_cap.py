"""A brand's day in the real database: charged before it is used, never beyond its cap, whoever takes over from whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
import trio

from server.domain.carrier import Accepted, ErrorClass, Receipt
from server.domain.gate import Lane, MessageClass
from server.ports import CampaignPace, DueRow, Fleet, LimitBook, StoreUnavailable
from server.rate.authority import LimiterAuthority
from server.store.store import Store
from tests.store.world import NOON, World, later

TODAY = date(2026, 3, 10)
LEASE_S = 60.0


@pytest.fixture
async def capped(world: World) -> World:
    """Number 1 belongs to a brand with a cap of 250 segments; it could send very fast."""
    await world.sql("INSERT INTO brand (workspace_id, name, daily_cap) VALUES (1, 'Acme', 250)")
    await world.sql("INSERT INTO registration (workspace_id, brand_id, name) VALUES (1, 1, 'CMP1')")
    await world.sql("UPDATE number SET rate = 5000, burst = 100, registration_id = 1 WHERE id = 1")
    await world.sql("UPDATE limiter_authority SET gen = NULL")
    return world


class CutOff:
    """A database that whoever crashes does not reach any more."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def __getattr__(self, name: str) -> object:
        return getattr(self._fleet, name)

    async def give_back_day(self, brand_id: int, day: date, segments: int) -> None:
        raise StoreUnavailable("it crashed")


@dataclass
class Server:
    """Sends what it is offered until nothing more leaves; `left` counts segments by day."""

    store: Store
    wall: Callable[[], datetime] = lambda: NOON
    crashes: bool = False
    left: Counter[date] = field(default_factory=Counter)

    async def run(self, rows: list[DueRow], segments: int) -> None:
        """Until *segments* have left, or half a second passes in which none does; then it ends, or crashes."""
        node = await self.store.fleet.join("host", str(uuid4()), 1, uuid4())
        fleet = CutOff(self.store.fleet) if self.crashes else self.store.fleet
        authority = LimiterAuthority(fleet, node.gen, self._limits, lease_s=LEASE_S, wall=self.wall)  # type: ignore[arg-type]  # cut off
        async with trio.open_nursery() as nursery:
            nursery.start_soon(authority.run)
            while not authority.holds:  # noqa: ASYNC110 - a row of the database sets no event
                await trio.sleep(0.005)
            authority.offer(rows)
            await self._send(authority, segments)
            nursery.cancel_scope.cancel()
        await self.store.fleet.leave(node.gen)

    async def _limits(self) -> LimitBook:
        return await self.store.directory.limits(await self.store.directory.numbers(), self.wall())

    async def _send(self, authority: LimiterAuthority, segments: int) -> None:
        while sum(self.left.values()) < segments:
            with trio.move_on_after(0.5) as idle:
                grants = await authority.grants(8)
            if idle.cancelled_caught:
                return
            for grant in grants:
                while wait_s := authority.depart(grant, trio.current_time()):  # noqa: ASYNC110 - the pace sets no event
                    await trio.sleep(wait_s)
                self.left[TODAY if self.wall() < NOON + timedelta(hours=12) else date.max] += grant.cost


def texts(*ids: int, cost: int = 1, to: str = "tmobile") -> list[DueRow]:
    return [DueRow(each, 1, Lane.BULK, cost, None, to) for each in ids]


async def used(world: World, day: date = TODAY) -> int:
    found: int = await world.value("SELECT used FROM daily_use WHERE brand_id = 1 AND day = $1", day)
    return found


async def test_a_day_ends_at_its_cap(capped: World) -> None:
    server = Server(capped.store)
    await server.run(texts(*range(400)), 400)
    assert server.left[TODAY] == 250
    assert await used(capped) == 250


async def test_what_a_clean_end_leaves_unused_is_given_back(capped: World) -> None:
    first, second = Server(capped.store), Server(capped.store)
    await first.run(texts(*range(30)), 30)
    assert await used(capped) == 30
    await second.run(texts(*range(400)), 400)
    assert (first.left[TODAY], second.left[TODAY]) == (30, 220)


async def test_what_a_crash_leaves_unused_is_lost_and_the_cap_is_never_exceeded(capped: World) -> None:
    crashing = [Server(capped.store, crashes=True) for _ in range(2)]
    for server in crashing:
        await server.run(texts(*range(30)), 30)
    assert await used(capped) == 200
    last = Server(capped.store)
    await last.run(texts(*range(400)), 400)
    assert last.left[TODAY] == 50
    assert sum(one.left[TODAY] for one in [*crashing, last]) == 110


async def test_texts_of_many_segments_take_several_blocks_and_stay_under_the_cap(capped: World) -> None:
    server = Server(capped.store)
    await server.run(texts(*range(60), cost=7), 400)
    assert server.left[TODAY] == 245


async def test_the_next_day_has_a_cap_of_its_own(capped: World) -> None:
    await Server(capped.store).run(texts(*range(400)), 400)
    await Server(capped.store, wall=lambda: later(86_400)).run(texts(*range(400)), 100)
    assert await used(capped) == 250
    assert 100 <= await used(capped, date(2026, 3, 11)) <= 250


async def test_other_carriers_are_not_charged(capped: World) -> None:
    server = Server(capped.store)
    await server.run(texts(*range(400), to="att"), 400)
    assert server.left[TODAY] == 400
    assert await capped.value("SELECT count(*) FROM daily_use") == 0


async def test_who_has_no_authority_charges_nothing(capped: World) -> None:
    gen = (await capped.store.fleet.join("host", "boot", 1, uuid4())).gen
    taken = await capped.store.fleet.take_limiter(gen, LEASE_S)
    assert taken is not None
    assert await capped.store.fleet.charge_day(1, TODAY, 100, gen, taken[0] - 1) is None
    assert await capped.store.fleet.charge_day(1, TODAY, 100, gen + 1, taken[0]) is None
    charge = await capped.store.fleet.charge_day(1, TODAY, 100, gen, taken[0])
    assert charge is not None
    assert (charge.segments, charge.spent) == (100, False)


async def test_two_who_charge_at_once_get_no_more_than_the_cap(capped: World) -> None:
    gen = (await capped.store.fleet.join("host", "boot", 1, uuid4())).gen
    taken = await capped.store.fleet.take_limiter(gen, LEASE_S)
    assert taken is not None
    epoch, got = taken[0], list[int]()

    async def charge() -> None:
        charged = await capped.store.fleet.charge_day(1, TODAY, 100, gen, epoch)
        assert charged is not None
        got.append(charged.segments)

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(charge)
    assert sorted(got) == [0, 0, 0, 50, 100, 100]


async def test_a_day_that_the_carrier_calls_used_up_is_used_up_for_every_authority(capped: World) -> None:
    await capped.store.fleet.spend_day(1, TODAY)
    server = Server(capped.store)
    await server.run(texts(*range(100)), 100)
    assert server.left[TODAY] == 0


async def test_a_receipt_that_speaks_of_the_daily_cap_marks_the_day(capped: World) -> None:
    await capped.sql("UPDATE limiter_authority SET gen = $1", capped.gen)
    thread = (await capped.receive()).thread_id
    await capped.send(thread, klass=MessageClass.PERSON)
    (mt,) = await capped.authorise()
    await capped.store.ledger.record_outcome(mt.attempt_id, capped.gen, Accepted("SM-1", "queued", 1), NOON)
    receipt = Receipt("SM-1", "undelivered", "30027", None, None, ErrorClass.DAILY_CAP)
    assert await capped.store.ledger.apply_receipt(1, receipt, NOON) == "applied"
    book = await capped.store.directory.limits(await capped.store.directory.numbers(), NOON)
    assert (book.day, book.brands[1].spent) == (TODAY, True)
    tomorrow = await capped.store.directory.limits((), datetime(2026, 3, 11, 20, tzinfo=UTC))
    assert not tomorrow.brands[1].spent


async def test_a_stream_that_is_held_up_hides_no_other(capped: World) -> None:
    """The first rows of each stream are due, however many of another stand before them."""
    await capped.sql(
        "INSERT INTO endpoint (workspace_id, address, dest_carrier) VALUES (1, '+12025550111', 'tmobile'), "
        "(1, '+12025550112', 'att')"
    )
    for address, count in (("+12025550111", 30), ("+12025550112", 3)):
        thread = (await capped.receive(from_=address)).thread_id
        for _ in range(count):
            await capped.send(thread, klass=MessageClass.BULK)
    rows = await capped.store.ledger.due(1, later(1), 5)
    assert Counter(row.dest_carrier for row in rows) == {"tmobile": 5, "att": 3}
    assert [row.outbox_id for row in rows if row.dest_carrier == "att"] == sorted(
        row.outbox_id for row in rows if row.dest_carrier == "att"
    )


async def test_a_row_tells_its_campaigns_rate(capped: World) -> None:
    await capped.sql("INSERT INTO campaign (workspace_id, name, state, rate) VALUES (1, 'Spring', 'active', 2.5)")
    thread = (await capped.receive()).thread_id
    await capped.send(thread, klass=MessageClass.BULK)
    await capped.sql("UPDATE outbox SET campaign_id = 1")
    (row,) = await capped.store.ledger.due(1, later(1), 5)
    assert (row.campaign_id, row.campaign_rate, row.dest_carrier) == (1, 2.5, "")
    book = await capped.store.directory.limits((), NOON)
    assert dict(book.campaigns) == {1: CampaignPace(2.5, "Spring", 1)}
