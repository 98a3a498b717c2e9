"""Who looks for the codes that members text: at once while one is waited for, and hardly ever otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.own_numbers import GATHER_S, IDLE_S, WAITING_S, OwnNumberFollower
from server.domain.own_number import OwnNumber
from server.ports import StoreUnavailable
from server.ports.own_number import Asked, CannotBeOwn

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class FakeClock:
    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> datetime:
        return NOON

    real = wall


@dataclass
class FakeNumbers:
    """`waiting` codes are waited for."""

    waiting: int = 0
    away: bool = False
    looks: list[float] = field(default_factory=list)

    async def of(self, workspace_id: int, member_id: int, now: datetime) -> OwnNumber:
        raise NotImplementedError

    async def ask(self, workspace_id: int, member_id: int, address: str, now: datetime) -> Asked | CannotBeOwn:
        raise NotImplementedError

    async def remove(self, workspace_id: int, member_id: int, now: datetime) -> bool:
        raise NotImplementedError

    async def look(self, now: datetime) -> int:
        await trio.lowlevel.checkpoint()
        self.looks.append(trio.current_time())
        if self.away:
            raise StoreUnavailable("away")
        return self.waiting


async def looked(numbers: FakeNumbers, follower: OwnNumberFollower, nursery: trio.Nursery) -> None:
    nursery.start_soon(follower.run)
    await wait_all_tasks_blocked()
    assert len(numbers.looks) == 1


async def test_commits_cost_no_look_while_nobody_waits_for_a_code(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    numbers = FakeNumbers()
    follower = OwnNumberFollower(numbers, FakeClock())
    await looked(numbers, follower, nursery)
    for _ in range(1000):
        follower.ring()
    await trio.sleep(IDLE_S - 0.1)
    assert len(numbers.looks) == 1
    await trio.sleep(2.0)
    assert len(numbers.looks) == 2


async def test_a_commit_is_looked_at_at_once_while_a_code_is_waited_for(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    numbers = FakeNumbers()
    follower = OwnNumberFollower(numbers, FakeClock())
    await looked(numbers, follower, nursery)
    await trio.sleep(GATHER_S)
    numbers.waiting = 1
    follower.asked()
    await trio.sleep(GATHER_S + 0.01)
    assert len(numbers.looks) == 2
    for _ in range(1000):
        follower.ring()
    await trio.sleep(GATHER_S + 0.01)
    assert len(numbers.looks) == 3  # a thousand commits are one look


async def test_while_a_code_is_waited_for_somebody_looks_though_no_bell_rings(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    numbers = FakeNumbers(waiting=1)
    await looked(numbers, OwnNumberFollower(numbers, FakeClock()), nursery)
    await trio.sleep(10 * (WAITING_S + GATHER_S) + 0.1)
    assert len(numbers.looks) == 11
    numbers.waiting = 0
    await trio.sleep(2 * WAITING_S)
    before = len(numbers.looks)
    await trio.sleep(IDLE_S / 2)
    assert len(numbers.looks) == before


async def test_what_is_asked_for_while_somebody_looks_is_not_forgotten(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """The look has seen nothing of it yet."""

    class Late(FakeNumbers):
        async def look(self, now: datetime) -> int:
            seen = self.waiting
            await super().look(now)
            if len(self.looks) == 1:
                self.waiting = 1
                follower.asked()
            return seen

    numbers = Late()
    follower = OwnNumberFollower(numbers, FakeClock())
    nursery.start_soon(follower.run)
    await trio.sleep(GATHER_S + 0.1)
    assert len(numbers.looks) == 2


async def test_a_database_that_is_away_is_asked_again(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    numbers = FakeNumbers(away=True)
    await looked(numbers, OwnNumberFollower(numbers, FakeClock()), nursery)
    numbers.away = False
    await trio.sleep(WAITING_S + GATHER_S + 0.1)
    assert len(numbers.looks) == 2
