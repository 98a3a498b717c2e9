"""What a crash or an outage left open: who is asked, when, and what is concluded from the answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
import trio
from trio.testing import MockClock

from server.actors.lifeline import Cadence, Lifeline
from server.domain.carrier import Capabilities, ListedMessage, ListFailed
from server.ports import (
    Account,
    Carrier,
    Ledger,
    MoArrival,
    MoDuplicate,
    MoRecorded,
    MoResult,
    Node,
    OpenAttempt,
    OwedAnswer,
    RowRefused,
    StoreUnavailable,
)
from tests.actors.fakes import START, FakeClock

OURS, ALICE = "+12025550100", "+12025550142"
LADDER = (10.0, 60.0, 300.0, 900.0)
AHEAD = timedelta(hours=8)


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual time would run on while a thread reads."""

    async def at_once(work: Callable[..., Any], *values: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return work(*values)

    monkeypatch.setattr("trio.to_thread.run_sync", at_once)


class DemoClock(FakeClock):
    """A wall that is eight hours ahead of the real time."""

    def wall(self) -> datetime:
        return self.real() + AHEAD


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def uid(n: int) -> UUID:
    return UUID(int=n)


def attempt(n: int, body: str = "Hi", *, account_id: int = 1, to: str = ALICE) -> OpenAttempt:
    """Authorised and unknown at the start of the test; the first question is due after 10 s."""
    return OpenAttempt(uid(n), 1, account_id, 70, n, OURS, to, body, START, START, at(LADDER[0]), 0)


def rival(n: int, body: str = "Hi") -> OpenAttempt:
    """Still authorised: nobody asks for its own sake."""
    return dataclasses.replace(attempt(n, body), unknown_since=None, next_check_at=None)


def listed(sid: str, body: str = "Hi", *, created_s: float = 0, direction: str = "out") -> ListedMessage:
    ends = (OURS, ALICE) if direction == "out" else (ALICE, OURS)
    return ListedMessage(sid, *ends, body, direction, "delivered", at(created_s))  # type: ignore[arg-type]  # a literal


@dataclass
class Rows:
    """The ledger's half that Lifeline uses. While `away`, every method fails; `refused` are provider ids."""

    nodes: dict[int, tuple[Node, list[OpenAttempt]]] = field(default_factory=dict)
    attempts: dict[UUID, OpenAttempt] = field(default_factory=dict)
    bound: dict[UUID, str] = field(default_factory=dict)
    ended: dict[UUID, datetime] = field(default_factory=dict)
    resent: dict[UUID, tuple[datetime, datetime]] = field(default_factory=dict)
    owed: list[OwedAnswer] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    texts: dict[str, MoArrival] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    offered: list[str] = field(default_factory=list)
    swept: dict[int, datetime] = field(default_factory=dict)
    spent: set[UUID] = field(default_factory=set)
    resolved: list[tuple[list[UUID], list[UUID]]] = field(default_factory=list)
    tidied: int = 0
    replied: list[Sequence[int] | None] = field(default_factory=list)
    away: bool = False

    async def _reach(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreUnavailable("away")

    async def dead_nodes(self) -> Sequence[Node]:
        await self._reach()
        return [node for node, attempts in self.nodes.values() if attempts]

    async def crashed_attempts(self, gen: int) -> Sequence[OpenAttempt]:
        await self._reach()
        return tuple(self.nodes[gen][1])

    async def resolve_crashed(self, never: Sequence[UUID], unknown: Sequence[UUID], now: datetime) -> None:
        await self._reach()
        self.resolved.append((list(never), list(unknown)))
        for _, attempts in self.nodes.values():
            attempts[:] = [one for one in attempts if one.attempt_id not in {*never, *unknown}]

    async def spent_journals(self, written: Collection[UUID]) -> frozenset[UUID]:
        await self._reach()
        return frozenset(self.spent & set(written))

    async def open_attempts(self, before: datetime, limit: int) -> Sequence[OpenAttempt]:
        await self._reach()
        due = [a for a in self.attempts.values() if a.next_check_at and a.next_check_at <= before]
        return list(self.attempts.values()) if due else []

    async def climb(self, attempt_id: UUID, rung: int, next_at: datetime) -> None:
        await self._reach()
        one = self.attempts[attempt_id]
        if one.rung != rung:
            return
        self.attempts[attempt_id] = dataclasses.replace(one, rung=one.rung + 1, next_check_at=next_at)

    async def unbound(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        await self._reach()
        return [message for message in listed if message.provider_id not in self.bound.values()]

    async def unheard(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        await self._reach()
        return [message for message in listed if message.provider_id not in self.texts]

    async def bind_listed(self, attempt_id: UUID, listed: ListedMessage, now: datetime) -> bool:
        await self._reach()
        self.bound[attempt_id] = listed.provider_id
        del self.attempts[attempt_id]
        return True

    async def resend(self, attempt_id: UUID, due_at: datetime, expires_at: datetime) -> bool:
        await self._reach()
        self.resent[attempt_id] = due_at, expires_at
        del self.attempts[attempt_id]
        return True

    async def give_up(self, attempt_id: UUID, now: datetime) -> None:
        await self._reach()
        self.ended[attempt_id] = now
        del self.attempts[attempt_id]

    async def owed_answers(self, limit: int) -> Sequence[OwedAnswer]:
        await self._reach()
        return tuple(self.owed)

    async def enqueue_answer(self, owed: OwedAnswer, body: str, segments: int, now: datetime) -> bool:
        await self._reach()
        self.answers.append(body)
        self.owed.remove(owed)
        return True

    async def join_early_receipts(self) -> int:
        await self._reach()
        self.tidied += 1
        return 0

    async def cancel_replied(self, thread_ids: Sequence[int] | None, now: datetime, limit: int) -> int:
        await self._reach()
        self.replied.append(thread_ids)
        return 0

    async def expire_due(self, now: datetime, limit: int) -> int:
        await self._reach()
        return 0

    async def swept_until(self, account_id: int) -> datetime | None:
        await self._reach()
        return self.swept.get(account_id)

    async def note_sweep(self, account_id: int, until: datetime) -> None:
        await self._reach()
        self.swept[account_id] = until

    async def record_mo(self, arrival: MoArrival) -> MoResult:
        await self._reach()
        sid = arrival.text.provider_id
        self.offered.append(sid)
        if sid in self.refused:
            raise RowRefused("this one")
        if sid in self.texts:
            return MoDuplicate()
        self.texts[sid] = arrival
        return MoRecorded(70, len(self.texts))


class Lists:
    """A carrier's lists, which is all that it offers.

    `asked` are the seconds at which it was asked for sends, `since` what its inbound list was asked for.
    """

    capabilities = Capabilities(idempotency_key=False, callback_token=True, list_query=True)

    def __init__(self, *outbound: ListedMessage) -> None:
        self.outbound, self.inbound = list(outbound), list[ListedMessage]()
        self.away = False
        self.asked: list[float] = []
        self.since: list[datetime] = []

    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
        self.asked.append(round(trio.current_time()))
        await self._reach()
        return [message for message in self.outbound if message.to == to and message.created_at >= since]

    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]:
        self.since.append(since)
        await self._reach()
        return [message for message in self.inbound if message.created_at >= since]

    async def _reach(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise ListFailed("away")


class JournalsInMemory:
    def __init__(self) -> None:
        self.marked: dict[UUID, frozenset[UUID] | None] = {}

    def marks(self, journal_id: UUID) -> frozenset[UUID] | None:
        return self.marked.get(journal_id)

    def written(self) -> frozenset[UUID]:
        return frozenset(self.marked)

    def forget(self, journal_id: UUID) -> None:
        del self.marked[journal_id]


class Scene:
    def __init__(self, *accounts: Lists, clock: FakeClock | None = None, cadence: Cadence | None = None) -> None:
        self.rows, self.journals = Rows(), JournalsInMemory()
        self.carriers = dict(enumerate(accounts or (Lists(),), 1))
        self._clock, self._cadence = clock or FakeClock(), cadence
        self.lifeline = self.make(self.carriers)

    def make(self, carriers: Mapping[int, Lists]) -> Lifeline:
        return Lifeline(
            cast("Ledger", self.rows),  # the half of it that Lifeline uses
            {account_id: cast("Carrier", lists) for account_id, lists in carriers.items()},
            lambda: [Account(account_id, 1, "simulator", "AC", "s", "http://127.0.0.1:9") for account_id in carriers],
            self.journals,
            self._clock,
            cadence=self._cadence,
        )

    def open(self, *attempts: OpenAttempt) -> None:
        self.rows.attempts = {one.attempt_id: one for one in attempts}

    def die(self, *attempts: OpenAttempt) -> UUID:
        """A node has died with *attempts* authorised; the id of its journal."""
        self.rows.nodes[1] = (Node(1, uid(900), "host", "boot", 1), list(attempts))
        return uid(900)

    async def live(self, seconds: float) -> None:
        """Let it run so long."""
        with trio.move_on_after(seconds):
            await self.lifeline.run()


# Crashed claims


@pytest.mark.parametrize(
    ("marked", "never", "unknown"),
    [
        pytest.param(frozenset({uid(2)}), [1, 3], [2], id="marked ones are unknown, the others never left"),
        pytest.param(frozenset(), [1, 2, 3], [], id="an empty journal proves that none left"),
        pytest.param(None, [], [1, 2, 3], id="a lost journal proves nothing"),
    ],
)
async def test_crashed_claims_are_sorted_by_the_journal(
    marked: frozenset[UUID] | None, never: list[int], unknown: list[int]
) -> None:
    scene = Scene()
    scene.journals.marked[scene.die(attempt(1), attempt(2), attempt(3))] = marked
    await scene.lifeline.resolve_crashed()
    assert scene.rows.resolved == [([uid(n) for n in never], [uid(n) for n in unknown])]


# The ladder


async def test_each_rung_asks_once_at_its_time_and_the_last_one_gives_up(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.open(attempt(1))
    await scene.live(2_000)
    assert scene.carriers[1].asked == [10, 60, 300, 900]
    assert list(scene.rows.ended) == [uid(1)]


async def test_nothing_is_given_up_before_the_last_rung(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.open(attempt(1))
    await scene.live(LADDER[-1] - 1)
    assert scene.rows.ended == {}


async def test_a_match_binds_and_nobody_asks_again(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(listed("SM1")))
    scene.open(attempt(1))
    await scene.live(2_000)
    assert scene.rows.bound == {uid(1): "SM1"}
    assert scene.carriers[1].asked == [10]


async def test_a_message_that_shows_late_is_found_by_a_later_rung(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.open(attempt(1))
    await scene.live(100)
    scene.carriers[1].outbound.append(listed("SM1"))
    await scene.live(2_000)
    assert scene.rows.bound == {uid(1): "SM1"}


async def test_fewer_candidates_than_unknowns_bind_none(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(listed("SM1")))
    scene.open(attempt(1), attempt(2))
    await scene.live(100)
    assert scene.rows.bound == {}
    assert {one.rung for one in scene.rows.attempts.values()} == {2}


async def test_an_equal_text_that_was_authorised_while_the_list_was_read_is_a_rival_too(
    autojump_clock: MockClock,
) -> None:
    scene = Scene()
    scene.open(attempt(1))

    class Slow(Lists):
        async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
            scene.open(attempt(1), rival(2))  # its request is on its way, and the list shows what became of it
            return [listed("SM2", created_s=10)]

    scene.lifeline = scene.make({1: Slow()})
    await trio.sleep(LADDER[0])
    await scene.lifeline.climb_ladder()
    assert scene.rows.bound == {}
    assert scene.rows.attempts[uid(1)].rung == 1


async def test_a_rival_keeps_a_message_from_being_bound_and_is_left_as_it_is(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(listed("SM1")))
    scene.open(attempt(1), rival(2))
    await scene.live(2_000)
    assert scene.rows.bound == {}
    assert list(scene.rows.ended) == [uid(1)]
    assert scene.rows.attempts == {uid(2): rival(2)}


async def test_an_unknown_whose_question_is_not_due_stays_on_its_rung(autojump_clock: MockClock) -> None:
    scene = Scene()
    later = dataclasses.replace(attempt(2), next_check_at=at(200))
    scene.open(attempt(1), later)
    await scene.live(100)
    assert scene.rows.attempts[uid(2)] == later
    assert scene.rows.attempts[uid(1)].rung == 2


async def test_a_message_that_is_another_attempts_is_no_candidate(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(listed("SM1")))
    scene.rows.bound[uid(8)] = "SM1"
    scene.open(attempt(1))
    await scene.live(100)
    assert scene.rows.bound == {uid(8): "SM1"}


async def test_a_list_that_fails_steps_on_and_concludes_nothing(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(listed("SM1")))
    scene.carriers[1].away = True
    scene.open(attempt(1))
    await scene.live(100)
    assert (scene.rows.attempts[uid(1)].rung, scene.rows.ended) == (2, {})
    scene.carriers[1].away = False
    await scene.live(2_000)
    assert scene.rows.bound == {uid(1): "SM1"}


async def test_a_carrier_that_is_away_keeps_no_other_carriers_attempt_waiting(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(), Lists(listed("SM2")))
    scene.carriers[1].away = True
    scene.open(attempt(1), attempt(2, account_id=2))
    await scene.live(15)
    assert scene.rows.bound == {uid(2): "SM2"}


async def test_two_servers_that_ask_at_once_climb_one_rung(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.open(attempt(1))
    await trio.sleep(LADDER[0])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.lifeline.climb_ladder)
        nursery.start_soon(scene.lifeline.climb_ladder)
    assert len(scene.carriers[1].asked) == 2
    assert scene.rows.attempts[uid(1)].rung == 1


async def test_without_a_list_and_a_key_nothing_is_asked_and_the_last_rung_gives_up(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.carriers[1].capabilities = Capabilities(idempotency_key=False, callback_token=True, list_query=False)
    scene.open(attempt(1))
    await scene.live(LADDER[-1] - 1)
    assert scene.rows.ended == {}
    await scene.live(10)
    assert list(scene.rows.ended) == [uid(1)]
    assert scene.carriers[1].asked == []
    assert scene.carriers[1].since == []  # nor is its inbound list swept


async def test_with_a_key_the_text_is_queued_again_and_no_list_is_asked(autojump_clock: MockClock) -> None:
    scene = Scene(clock=DemoClock())
    scene.carriers[1].capabilities = Capabilities(idempotency_key=True, callback_token=True, list_query=True)
    scene.open(attempt(1), dataclasses.replace(attempt(2), rung=2))
    await scene.live(15)
    assert scene.rows.resent == {
        uid(1): (at(10) + AHEAD, at(LADDER[-1]) + AHEAD),
        uid(2): (at(10 + LADDER[2] - LADDER[1] - LADDER[0]) + AHEAD, at(LADDER[-1]) + AHEAD),
    }
    assert scene.carriers[1].asked == []


async def test_with_a_key_the_last_rung_gives_up_too(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.carriers[1].capabilities = Capabilities(idempotency_key=True, callback_token=True, list_query=False)
    scene.open(dataclasses.replace(attempt(1), rung=3))
    await scene.live(15)
    assert (list(scene.rows.ended), scene.rows.resent) == ([uid(1)], {})


async def test_the_end_of_the_ladder_bears_the_time_that_people_see(autojump_clock: MockClock) -> None:
    scene = Scene(clock=DemoClock())
    scene.open(attempt(1))
    await scene.live(2_000)
    assert scene.rows.ended[uid(1)] >= at(LADDER[-1]) + AHEAD


# Answers


async def test_an_answer_names_the_brand_and_goes_out_at_the_bell(autojump_clock: MockClock) -> None:
    scene = Scene()
    with trio.move_on_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.lifeline.run)
            await trio.sleep(1)
            scene.rows.owed.append(OwedAnswer(1, 7, 70, 3, "HELP", "Harbor & Pine", "(617) 555-0100"))
            scene.lifeline.answers.ring()
            await trio.testing.wait_all_tasks_blocked()
            said, owed = list(scene.rows.answers), list(scene.rows.owed)
            nursery.cancel_scope.cancel()
    assert owed == []
    assert len(said) == 1
    assert said[0].startswith("Harbor & Pine: For help contact (617) 555-0100.")


async def test_an_answer_whose_bell_was_lost_goes_out_all_the_same(autojump_clock: MockClock) -> None:
    scene = Scene()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.live, 30)
        await trio.sleep(1)
        scene.rows.owed.append(OwedAnswer(1, 7, 70, 3, "STOP", "Harbor & Pine", ""))
    assert len(scene.rows.answers) == 1


# The sweep


def inbound(sid: str, created_s: float = 0, body: str = "Hello") -> ListedMessage:
    return listed(sid, body, created_s=created_s, direction="in")


async def test_the_sweep_stores_what_was_missed_in_order_and_the_rest_not_twice(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.carriers[1].inbound = [inbound("SM3", 30), inbound("SM1", 10), inbound("SM2", 20)]
    await scene.lifeline.sweep()
    await scene.lifeline.sweep()
    assert list(scene.rows.texts) == ["SM1", "SM2", "SM3"]


async def test_what_one_sweep_stored_costs_the_next_no_transaction(autojump_clock: MockClock) -> None:
    """A server that was killed in the middle of a long sweep is followed by one that begins where it ended."""
    scene = Scene()
    scene.carriers[1].inbound = [inbound(f"SM{n}", n) for n in range(5)]
    await scene.lifeline.sweep()
    scene.carriers[1].inbound.append(inbound("SM5", 5))
    await scene.lifeline.sweep()
    assert scene.rows.offered == [f"SM{n}" for n in range(6)]


async def test_a_swept_stop_is_a_stop(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.carriers[1].inbound = [inbound("SM1", body=" stop. ")]
    await scene.lifeline.sweep()
    assert scene.rows.texts["SM1"].keyword == "STOP"


async def test_a_swept_text_bears_the_time_that_people_see(autojump_clock: MockClock) -> None:
    scene = Scene(clock=DemoClock())
    scene.carriers[1].inbound = [inbound("SM1", 10)]
    await scene.lifeline.sweep()
    assert scene.rows.texts["SM1"].text.received_at == at(10) + AHEAD


async def test_the_next_sweep_begins_shortly_before_the_newest_text_of_the_last(autojump_clock: MockClock) -> None:
    scene = Scene()
    await scene.lifeline.sweep()
    scene.carriers[1].inbound = [inbound("SM1", 40), inbound("SM2", 10)]
    await scene.lifeline.sweep()
    await scene.lifeline.sweep()
    first, second, third = scene.carriers[1].since
    assert first == second < at(0) - timedelta(hours=23)  # an empty list says nothing about how far it was read
    assert at(40) - timedelta(minutes=5) < third < at(40)


async def test_a_clock_that_runs_ahead_of_the_carriers_hides_no_text_from_the_sweep(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.carriers[1].inbound = [inbound("SM1", -600)]  # ten minutes ago by our clock, this moment by the carrier's
    await scene.lifeline.sweep()
    scene.carriers[1].inbound.append(inbound("SM2", -590))
    await scene.lifeline.sweep()
    assert list(scene.rows.texts) == ["SM1", "SM2"]


async def test_an_incomplete_sweep_is_not_noted_and_soon_tried_again(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.carriers[1].away = True
    scene.carriers[1].inbound = [inbound("SM1")]
    await scene.live(30)
    assert scene.rows.swept == {}
    scene.carriers[1].away = False
    await scene.live(5)
    assert list(scene.rows.texts) == ["SM1"]
    assert list(scene.rows.swept) == [1]


async def test_an_account_that_cannot_be_listed_keeps_no_other_from_being_swept(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(), Lists())
    scene.carriers[1].away = True
    scene.carriers[2].inbound = [inbound("SM2")]
    await scene.live(5)
    assert list(scene.rows.swept) == [2]
    assert list(scene.rows.texts) == ["SM2"]


async def test_a_text_that_the_database_refuses_keeps_no_other_from_being_swept(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.rows.refused.add("SM1")
    scene.carriers[1].inbound = [inbound("SM1", 1), inbound("SM2", 2)]
    await scene.lifeline.sweep()
    assert list(scene.rows.texts) == ["SM2"]
    assert list(scene.rows.swept) == [1]


async def test_an_outage_of_webhooks_rings_for_a_sweep(autojump_clock: MockClock) -> None:
    scene = Scene()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.live, 60)
        await trio.sleep(30)
        scene.carriers[1].inbound = [inbound("SM1", 30)]
        scene.lifeline.missed()
    assert list(scene.rows.texts) == ["SM1"]


# Outages


async def test_an_outage_of_the_database_ends_no_duty(autojump_clock: MockClock) -> None:
    scene = Scene(Lists(listed("SM1")))
    scene.rows.away = True
    scene.open(attempt(1))
    scene.die(attempt(2))
    scene.carriers[1].inbound = [inbound("SM9")]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.live, 70)
        await trio.sleep(60)
        tidied = scene.rows.tidied
        scene.rows.away = False
    assert scene.rows.bound == {uid(1): "SM1"}
    assert scene.rows.resolved == [([], [uid(2)])]
    assert list(scene.rows.texts) == ["SM9"]
    assert (tidied, scene.rows.tidied > 0) == (0, True)


async def test_a_carrier_that_is_away_stops_nothing_else(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.carriers[1].away = True
    scene.rows.owed.append(OwedAnswer(1, 7, 70, 3, "STOP", "Harbor & Pine", ""))
    await scene.live(60)
    assert len(scene.rows.answers) == 1
    assert scene.rows.tidied > 1


# Journals


async def test_spent_journals_are_forgotten_and_no_others(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.journals.marked = dict.fromkeys(map(uid, (1, 2, 3)))
    scene.rows.spent = {uid(1), uid(9)}
    await scene.lifeline.forget_journals()
    assert set(scene.journals.marked) == {uid(2), uid(3)}


async def test_a_folder_that_cannot_be_read_ends_nothing(autojump_clock: MockClock) -> None:
    scene = Scene()

    def unreadable() -> frozenset[UUID]:
        raise PermissionError("journal")

    scene.journals.written = unreadable  # type: ignore[method-assign]  # a folder whose mode was changed
    await scene.live(30)
    assert scene.rows.tidied > 1


async def test_a_reply_is_looked_after_in_its_thread_and_all_threads_by_and_by(autojump_clock: MockClock) -> None:
    scene = Scene()
    scene.lifeline.replied(7)
    scene.lifeline.replied(7)
    await scene.lifeline.cancel_replied()
    await scene.lifeline.cancel_replied()
    assert scene.rows.replied == [[7], None]
