"""Every rung under an unknown outcome: the real store, the real Lifeline, and the simulated carrier over its API.

What the carrier accepted is judged by its own ledger; no text may be there twice.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import trio

from server.actors.lifeline import Cadence, Lifeline
from server.carriers.simulator.api import Api
from server.carriers.simulator.carrier import SimulatedCarrier
from server.carriers.simulator.command import start
from server.carriers.simulator.faults import Faults
from server.carriers.simulator.ledger import Ledger
from server.carriers.simulator.webhooks import Webhooks
from server.carriers.twilio import Twilio
from server.domain.carrier import (
    Accepted,
    BeforeFirstByte,
    Capabilities,
    ListedMessage,
    ListFailed,
    MtRequest,
    Outcome,
    Receipt,
    Throttled,
    Unknown,
)
from server.domain.gate import MessageClass
from server.ports import Authorised, Carrier
from server.store.ledger.journal import JournalFolder, WireJournal
from tests.carriers.scripted import chance
from tests.store.world import ALICE, LADDER_S, NOON, OUR_NUMBER, World, later

SID, TOKEN = "AC1", "secret"
KEYS = Capabilities(idempotency_key=True, callback_token=True, list_query=False)


class Clock:
    """Wall time stands still at noon; the ladder climbs in real time."""

    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> datetime:
        return NOON

    def real(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Scene:
    world: World
    carrier: Carrier
    faults: Faults
    ledger: Path
    journals: JournalFolder

    def lifeline(self) -> Lifeline:
        return Lifeline(
            self.world.store.ledger,
            {1: self.carrier},
            lambda: (),
            self.journals,
            Clock(),
            cadence=Cadence(ladder_s=LADDER_S, look_s=0.02, tidy_s=0.02),
        )

    async def send(self, *behaviours: str, body: str = "Saturday at 11?") -> list[int]:
        """One text for each of the carrier's *behaviours*, all equal, out of T3 and onto the wire; their numbers."""
        thread = (await self.world.receive()).thread_id
        seqs = [(await self.world.send(thread, body=body)).seq for _ in behaviours]
        await self.leave(*behaviours)
        return seqs

    async def leave(self, *behaviours: str) -> list[Authorised]:
        mts = await self.world.authorise()
        assert len(mts) == len(behaviours)
        for mt, behaviour in zip(mts, behaviours, strict=True):
            self.faults.scripted.append(behaviour)
            outcome = await self.carrier.submit(mt.request, lambda: None, 0)
            await self.world.store.ledger.record_outcome(mt.attempt_id, self.world.gen, outcome, NOON)
        return mts

    async def states(self, seqs: Sequence[int]) -> list[str]:
        """`taken`: sent, or delivered already, as the carrier's list has it at that moment."""
        states = [await self.world.state(1, seq) for seq in seqs]
        return ["taken" if state in {"sent", "delivered"} else state for state in states]

    async def climb_until(self, seqs: Sequence[int], *wanted: str) -> None:
        """Lifeline climbs until the texts are in these states."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.lifeline().run)
            with trio.fail_after(60):
                while await self.states(seqs) != list(wanted):  # noqa: ASYNC110 - a database rings no bell
                    await trio.sleep(0.01)
            nursery.cancel_scope.cancel()

    def accepted(self) -> list[str]:
        lines = [json.loads(line) for line in self.ledger.read_text().splitlines()]
        return [line["sid"] for line in lines if line["t"] == "accepted"]


@pytest.fixture
async def scene(world: World, nursery: trio.Nursery, tmp_path: Path) -> AsyncIterator[Scene]:
    """The simulator posts no webhooks: what the ladder learns it learns from the carrier's list."""
    ledger, faults = Ledger(tmp_path / "ledger.jsonl"), Faults(chance(7))
    simulator = SimulatedCarrier(SID, ledger, Webhooks(ledger, TOKEN, None), faults, inbound_url=None)
    url = await start(nursery, simulator, Api(simulator, TOKEN))
    adapter = Twilio(SID, TOKEN, url, public_url="http://127.0.0.1:9", answer_s=0.5)
    yield Scene(world, adapter, faults, tmp_path / "ledger.jsonl", JournalFolder(tmp_path))
    adapter.close()


# A carrier with a list


@pytest.mark.parametrize("lost", ["accept_reset", "accept_500", "accept_garbage", "accept_hang", "accept_302"])
async def test_what_the_carrier_took_though_its_answer_was_lost_is_found_in_its_list(scene: Scene, lost: str) -> None:
    seqs = await scene.send(lost)
    await scene.climb_until(seqs, "taken")
    assert len(scene.accepted()) == 1
    assert await scene.world.queued() == []


@pytest.mark.parametrize("lost", ["refuse_500", "refuse_reset"])
async def test_what_no_list_shows_is_unconfirmed_at_the_end_and_never_sent_again(scene: Scene, lost: str) -> None:
    seqs = await scene.send(lost)
    await scene.climb_until(seqs, "unconfirmed")
    assert scene.accepted() == []
    assert await scene.world.sql("SELECT * FROM outbox") == []


async def test_of_two_equal_texts_each_is_bound_to_a_message_of_its_own(scene: Scene) -> None:
    seqs = await scene.send("accept_reset", "accept_500")
    await scene.climb_until(seqs, "taken", "taken")
    assert len(set(scene.accepted())) == 2
    assert await scene.world.value("SELECT count(*) FROM provider_ref WHERE kind = 'mt'") == 2


async def test_fewer_messages_than_unknown_texts_bind_none(scene: Scene) -> None:
    seqs = await scene.send("accept_reset", "refuse_500")
    # At the last rung together: where one was given up before, the only message would be the other's.
    await scene.world.sql(
        "UPDATE attempt SET (unknown_since, next_check_at) = "
        "(SELECT max(a.unknown_since), max(a.next_check_at) FROM attempt a)"
    )
    await scene.climb_until(seqs, "unconfirmed", "unconfirmed")
    assert len(scene.accepted()) == 1
    assert await scene.world.value("SELECT count(*) FROM provider_ref WHERE kind = 'mt'") == 0


async def test_a_message_that_is_another_texts_is_bound_to_no_second_one(scene: Scene) -> None:
    seqs = await scene.send("normal", "refuse_500")
    await scene.climb_until(seqs, "taken", "unconfirmed")
    assert len(scene.accepted()) == 1


async def test_while_the_list_is_away_nothing_is_concluded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    reachable = scene.carrier.list_outbound

    async def away_at_first(*, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise ListFailed("away")
        return await reachable(to=to, from_=from_, since=since)

    monkeypatch.setattr(scene.carrier, "list_outbound", away_at_first)
    seqs = await scene.send("accept_reset")
    await scene.climb_until(seqs, "taken")
    assert asked == 3


async def test_a_callback_with_our_token_needs_no_list(scene: Scene) -> None:
    [seq] = await scene.send("accept_reset")
    attempt_id = UUID(int=(await scene.world.value("SELECT id FROM attempt")).int)
    [sid] = scene.accepted()
    told = Receipt(sid, "delivered", attempt_id=attempt_id)
    assert await scene.world.store.ledger.apply_receipt(1, told, NOON) == "applied"
    await scene.climb_until([seq], "taken")
    assert await scene.world.value("SELECT rung FROM attempt") == 0


async def test_after_a_crash_the_journal_tells_what_never_left_and_the_list_the_rest(
    scene: Scene, tmp_path: Path
) -> None:
    world = scene.world
    thread = (await world.receive()).thread_id
    seqs = [(await world.send(thread, body="Saturday at 11?")).seq for _ in range(2)]
    left, stayed = await world.authorise()
    journal_id = UUID(int=(await world.value("SELECT journal_id FROM node WHERE gen = $1", world.gen)).int)
    journal = WireJournal(tmp_path, journal_id)
    await scene.carrier.submit(left.request, lambda: journal.mark(left.attempt_id), 0)
    journal.close()
    await world.store.fleet.leave(world.gen)
    await scene.climb_until(seqs, "taken", "queued")
    await world.take_office()
    [again] = await scene.leave("normal")
    assert again.attempt_id not in {left.attempt_id, stayed.attempt_id}
    assert await scene.states(seqs) == ["taken", "taken"]
    assert len(scene.accepted()) == 2


# A carrier with keys, and one with neither

PATIENT_S = (*LADDER_S[:-1], 3600.0)  # a resend is valid until the last rung, however slow the machine is


@dataclass
class Keyed:
    """Acts on a key once, whatever becomes of its answers. `answers` are lost while there is a False in front."""

    capabilities: Capabilities = KEYS
    texts: dict[UUID | None, str] = field(default_factory=dict)
    requests: list[MtRequest] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    async def submit(self, request: MtRequest, before_first_byte: BeforeFirstByte, worker: int) -> Outcome:
        await trio.lowlevel.checkpoint()
        self.requests.append(request)
        provider_id = self.texts.setdefault(request.key, str(uuid4()))
        return Accepted(provider_id, "queued", 1) if not self.answers or self.answers.pop(0) else Unknown("reset")

    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
        raise AssertionError("it has no list")

    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]:
        raise AssertionError("it has no list")


@dataclass
class KeyedScene:
    world: World
    carrier: Keyed
    thread: int = 0
    seq: int = 0

    async def leave(self) -> list[Authorised]:
        mts = await self.world.authorise()
        for mt in mts:
            outcome = await self.carrier.submit(mt.request, lambda: None, 0)
            await self.world.store.ledger.record_outcome(mt.attempt_id, self.world.gen, outcome, NOON)
        return mts

    @asynccontextmanager
    async def climbing(self, ladder_s: tuple[float, ...] = PATIENT_S) -> AsyncIterator[None]:
        lifeline = Lifeline(
            self.world.store.ledger,
            {1: self.carrier},
            lambda: (),
            JournalFolder(Path("/nonexistent")),
            Clock(),
            cadence=Cadence(ladder_s=ladder_s, look_s=0.02, tidy_s=3600.0, sweep_s=3600.0),
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lifeline.run)
            with trio.fail_after(60):
                yield
            nursery.cancel_scope.cancel()

    async def until_queued(self) -> None:
        async with self.climbing():
            while not await self.world.queued():  # noqa: ASYNC110 - a database rings no bell
                await trio.sleep(0.01)

    async def state(self) -> str:
        return await self.world.state(self.thread, self.seq)


@pytest.fixture
async def keyed(world: World) -> KeyedScene:
    """A text is on the wire, and the answer to it was lost."""
    scene = KeyedScene(world, Keyed(answers=[False]))
    scene.thread = (await world.receive()).thread_id
    scene.seq = (await world.send(scene.thread, klass=MessageClass.BULK, author_id=None)).seq
    await scene.leave()
    assert await world.queued() == []
    return scene


async def test_with_a_key_the_same_request_goes_out_again_and_is_one_text(keyed: KeyedScene) -> None:
    await keyed.until_queued()
    [again] = await keyed.leave()
    first, second = keyed.carrier.requests
    assert (first.key, second.key, len(keyed.carrier.texts)) == (first.attempt_id, first.attempt_id, 1)
    assert again.attempt_id != first.attempt_id
    assert (second.to, second.from_, second.body) == (first.to, first.from_, first.body) == (ALICE, OUR_NUMBER, "Hi")
    assert await keyed.state() == "sent"
    assert await keyed.world.sql("SELECT * FROM outbox") == []


async def test_a_resend_goes_through_the_gate_and_after_a_stop_it_is_unconfirmed_not_sent(keyed: KeyedScene) -> None:
    await keyed.until_queued()
    await keyed.world.stop()
    assert await keyed.leave() == []
    assert len(keyed.carrier.requests) == 1
    assert await keyed.state() == "unconfirmed"
    assert await keyed.world.sql("SELECT * FROM outbox WHERE klass = 'bulk'") == []


async def test_a_resend_that_stays_unknown_climbs_and_ends(keyed: KeyedScene) -> None:
    keyed.carrier.answers = [False] * 10
    async with keyed.climbing():
        while await keyed.state() != "unconfirmed":
            for mt in await keyed.world.authorise(now=later(1)):
                outcome = await keyed.carrier.submit(mt.request, lambda: None, 0)
                await keyed.world.store.ledger.record_outcome(mt.attempt_id, keyed.world.gen, outcome, NOON)
            await keyed.world.store.ledger.expire_due(later(0), 10)
            await trio.sleep(0.01)
    assert 1 <= len(keyed.carrier.requests) <= len(LADDER_S)
    assert len(keyed.carrier.texts) == 1
    assert await keyed.world.sql("SELECT * FROM outbox") == []


async def test_a_resend_that_waits_beyond_the_last_rung_is_unconfirmed_not_expired(keyed: KeyedScene) -> None:
    await keyed.until_queued()
    assert await keyed.world.store.ledger.expire_due(later(PATIENT_S[-1]), 10) == 1
    assert await keyed.state() == "unconfirmed"


async def test_a_callback_of_the_first_try_ends_the_second_before_it_leaves(keyed: KeyedScene) -> None:
    await keyed.until_queued()
    [first] = keyed.carrier.requests
    told = Receipt(keyed.carrier.texts[first.key], "delivered", attempt_id=first.attempt_id)
    assert await keyed.world.store.ledger.apply_receipt(1, told, NOON) == "applied"
    assert await keyed.leave() == []
    assert await keyed.state() == "delivered"


async def test_a_callback_of_the_first_try_ends_the_ladder_of_the_second(keyed: KeyedScene) -> None:
    await keyed.until_queued()
    keyed.carrier.answers = [False]
    await keyed.leave()
    first = keyed.carrier.requests[0]
    told = Receipt(keyed.carrier.texts[first.key], "sent", attempt_id=first.attempt_id)
    await keyed.world.store.ledger.apply_receipt(1, told, NOON)
    async with keyed.climbing():
        while await keyed.world.sql("SELECT * FROM outbox"):  # noqa: ASYNC110 - a database rings no bell
            await trio.sleep(0.01)
    assert len(keyed.carrier.requests) == 2
    assert await keyed.state() == "sent"


async def test_a_report_that_names_the_first_try_tells_of_the_text_that_the_second_sent(keyed: KeyedScene) -> None:
    """Under a key the token in the address is the first try's for good, whichever try brought the answer."""
    await keyed.until_queued()
    await keyed.leave()
    first = keyed.carrier.requests[0]
    told = Receipt(keyed.carrier.texts[first.key], "delivered", attempt_id=first.attempt_id)
    await keyed.world.store.ledger.apply_receipt(1, told, NOON)
    assert await keyed.state() == "delivered"


async def test_a_report_that_names_a_throttled_try_may_come_before_the_answer_to_the_next(world: World) -> None:
    thread = (await world.receive()).thread_id
    seq = (await world.send(thread, klass=MessageClass.BULK, author_id=None)).seq
    ledger = world.store.ledger
    [first] = await world.authorise()
    await ledger.record_outcome(first.attempt_id, world.gen, Throttled(None, "10011"), NOON)
    [second] = await world.authorise(now=later(60))
    assert second.request.key == first.attempt_id
    await ledger.apply_receipt(1, Receipt("m1", "sent", attempt_id=first.attempt_id), NOON)
    await ledger.record_outcome(second.attempt_id, world.gen, Accepted("m1", "queued", 1), NOON)
    await ledger.apply_receipt(1, Receipt("m1", "delivered", attempt_id=first.attempt_id), NOON)
    assert await world.state(thread, seq) == "delivered"
    assert await world.sql("SELECT * FROM outbox") == []


async def test_without_list_and_key_a_text_is_unconfirmed_at_the_last_rung(keyed: KeyedScene) -> None:
    keyed.carrier.capabilities = Capabilities(idempotency_key=False, callback_token=True, list_query=False)
    async with keyed.climbing(LADDER_S):
        while await keyed.state() != "unconfirmed":  # noqa: ASYNC110 - a database rings no bell
            await trio.sleep(0.01)
    assert len(keyed.carrier.requests) == 1
    row = (await keyed.world.sql("SELECT ended_at, unknown_since, rung FROM attempt"))[0]
    assert row["rung"] == 1  # nothing was asked in between
