"""From a pause or a STOP to the wire: a slow carrier, a real database, and what has left by then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest
import trio

from server.actors.sender import Sender
from server.domain.campaigns.campaign import Command
from server.domain.carrier import Accepted, MtRequest, NotSent, Outcome, Void
from server.domain.messages import Announcement, CampaignStopped, ConsentFlipped
from server.ports import Carrier
from tests.actors.fakes import FakeGrant, FakeJournal, FakeLimiter
from tests.store.carried import Campaigns
from tests.store.world import ALICE, NOON, World


class Clock:
    """The world's wall, and time as it goes."""

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> object:
        return NOON

    real = wall


class SlowCarrier:
    """Nothing is written before `connected`; `waiting` texts stand before it."""

    def __init__(self) -> None:
        self.connected, self.waiting = trio.Event(), 0
        self.on_wire: list[str] = []

    async def submit(self, request: MtRequest, before_first_byte: Callable[[], None], worker: int) -> Outcome:
        self.waiting += 1
        await self.connected.wait()
        try:
            before_first_byte()
        except Void as void:
            return NotSent(str(void), voided=True)
        self.on_wire.append(request.body)
        return Accepted(f"SM{request.attempt_id}", "queued", 1)


class Line:
    """A server's sender over the world's database, which hears what the store announces."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("server.actors.sender.BULK_MAX_AGE_S", 3600.0)  # not by being late: by the stop
        monkeypatch.setattr("server.actors.sender.BULK_BOUND_S", 3600.0)
        monkeypatch.setattr("server.store.campaigns.stops.BULK_LEAVES_WITHIN_S", 3600.0)
        self.world, self.carrier, self.limiter = world, SlowCarrier(), FakeLimiter()
        self.limiter.epoch = world.limiter_epoch
        self.sender = Sender(
            world.store.ledger,
            self.limiter,
            {1: cast("Carrier", self.carrier)},
            FakeJournal(),
            Clock(),  # type: ignore[arg-type]  # its wall stands still
            world.gen,
        )
        self.stopping = trio.Event()
        self.it = Campaigns(world)
        self.it.course._announce = self._announce

    def _announce(self, told: Sequence[Announcement]) -> None:
        for one in told:
            if isinstance(one, CampaignStopped):
                self.sender.stop_campaign(one.campaign_id, one.made_after)

    async def grant_all(self) -> int:
        rows = await self.world.queued()
        self.limiter.grant(*(FakeGrant(row, instant=trio.current_time()) for row in rows))
        while self.carrier.waiting < len(rows):
            await trio.lowlevel.checkpoint()
        return len(rows)


@asynccontextmanager
async def line(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    made = Line(world, monkeypatch)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.sender.run, made.stopping)
        yield made
        made.stopping.set()


@pytest.mark.parametrize("command", [Command.PAUSE, Command.CANCEL])
async def test_of_what_was_authorised_and_not_on_the_wire_nothing_leaves_once_a_stop_has_answered(
    world: World, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    async with line(world, monkeypatch) as its:
        campaign_id = await its.it.launched(count=5)
        await its.it.advance(campaign_id)
        assert await its.grant_all() == 5
        voided = trio.Event()

        async def stop() -> None:
            await its.it.command(campaign_id, command)
            voided.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop)
            while not await world.value("SELECT state <> 'active' FROM campaign"):
                await trio.lowlevel.checkpoint()
            while campaign_id not in its.sender._stops:
                await trio.lowlevel.checkpoint()
            assert not voided.is_set(), "as long as the carrier may write one, the answer waits"
            its.carrier.connected.set()
        assert its.carrier.on_wire == []
        await its.it.advance(campaign_id)
        expected = {"pending": 5} if command is Command.PAUSE else {"skipped": 5}
        assert await its.it.states(campaign_id) == expected


# A STOP right behind T3


async def let_go_and_stopped(its: Line) -> int:
    """T3 has let go a text to each of three; then Alice's STOP is committed, while none is on the wire."""
    campaign_id = await its.it.launched(count=3)
    await its.it.advance(campaign_id)
    assert await its.grant_all() == 3
    await its.world.stop(from_=ALICE)
    assert its.carrier.on_wire == []
    return campaign_id


async def connected(its: Line) -> None:
    """The carrier takes what is still to leave, and its answers are stored."""
    its.carrier.connected.set()
    while its.sender.in_flight:
        await trio.lowlevel.checkpoint()


async def test_a_text_that_t3_let_go_right_before_its_recipients_stop_stays_here_where_the_stop_was_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line(world, monkeypatch) as its:
        campaign_id = await let_go_and_stopped(its)
        for flip in world.heard(ConsentFlipped):
            its.sender.void_endpoint(flip.endpoint_id)
        await connected(its)
        assert sorted(its.carrier.on_wire) == ["Hi Person 1", "Hi Person 3"]
        assert await world.authorise() == []
        assert await its.it.states(campaign_id) == {"wired": 2, "skipped": 1}
        assert await its.it.reasons(campaign_id) == {"opted_out_meanwhile": 1}


async def test_where_nobody_was_told_of_the_stop_the_text_leaves_under_the_consent_of_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another server. The judge of the crash runs counts it as in flight at the STOP, by this epoch."""
    async with line(world, monkeypatch) as its:
        campaign_id = await let_go_and_stopped(its)
        await connected(its)
        assert len(its.carrier.on_wire) == 3
        assert await its.it.states(campaign_id) == {"wired": 3}
    assert await world.value("SELECT consent_epoch FROM endpoint WHERE address = $1", ALICE) == 1
    assert await world.value("SELECT max(consent_epoch) FROM attempt") == 0
