"""Timers: order, cancelling, full and stopped actors, a hundred thousand of them."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.runtime import Actor, Life, Resident, Supervisor, Timers

Up = Callable[..., Awaitable[Supervisor]]


@pytest.fixture
async def timers(nursery: trio.Nursery) -> Timers:
    timers = Timers()
    nursery.start_soon(timers.run, Life())
    await wait_all_tasks_blocked()
    return timers


async def test_timers_fire_when_due_and_in_order_whatever_the_order_of_arming(
    timers: Timers, autojump_clock: MockClock
) -> None:
    fired: list[tuple[str, float]] = []
    for delay_s, name in ((5, "c"), (1, "a"), (3, "b"), (3, "b again")):
        timers.after(delay_s, lambda name=name: fired.append((name, trio.current_time())))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    await trio.sleep(10)
    assert [name for name, _ in fired] == ["a", "b", "b again", "c"]
    assert [round(at, 6) for _, at in fired] == [1, 3, 3, 5]


async def test_a_cancelled_timer_never_fires(timers: Timers, autojump_clock: MockClock) -> None:
    fired: list[int] = []
    timer = timers.after(1, lambda: fired.append(1))
    timers.after(2, lambda: fired.append(2))
    timer.cancel()
    timer.cancel()
    assert (timers.armed, timer.is_armed) == (1, False)
    await trio.sleep(3)
    assert fired == [2]
    assert timers.armed == 0


async def test_a_timer_that_is_due_in_the_past_fires_at_once(timers: Timers, autojump_clock: MockClock) -> None:
    fired = trio.Event()
    timers.at(-5, fired.set)
    await fired.wait()
    assert trio.current_time() == 0


async def test_a_timer_armed_by_a_timer_fires(timers: Timers, autojump_clock: MockClock) -> None:
    fired = trio.Event()
    timers.after(1, lambda: timers.after(1, fired.set))
    await fired.wait()
    assert trio.current_time() == pytest.approx(2)


async def test_a_timer_that_fails_costs_no_other_its_turn(timers: Timers, autojump_clock: MockClock) -> None:
    fired = trio.Event()
    timers.after(1, lambda: [][0])
    timers.after(1, fired.set)
    await fired.wait()


async def test_a_hundred_thousand_fire_on_time_while_others_get_their_turns(
    timers: Timers, autojump_clock: MockClock
) -> None:
    late: list[float] = []
    all_timers = []
    for n in range(100_000):
        at = 1 + (n * 7919 % 5_000) / 50
        all_timers.append(timers.at(at, lambda at=at: late.append(trio.current_time() - at)))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    for timer in all_timers[::3]:
        timer.cancel()
    assert timers.armed == 66_666
    await trio.sleep(200)
    assert len(late) == 66_666
    assert max(late) < 0.001
    assert timers.armed == 0


async def test_many_due_at_once_leave_turns_to_others(timers: Timers, autojump_clock: MockClock) -> None:
    fired = [0]

    def fire() -> None:
        fired[0] += 1

    for _ in range(10_000):
        timers.at(1, fire)
    await trio.sleep(1)
    turns = 0
    while fired[0] < 10_000:
        turns += 1
        await trio.lowlevel.checkpoint()
    assert turns >= 10_000 // 64


async def test_cancelled_timers_do_not_pile_up(timers: Timers) -> None:
    kept = [timers.at(1e9, list) for _ in range(10)]
    for _ in range(100_000):
        timers.at(1e9, list).cancel()
    assert timers.armed == len(kept)
    assert len(timers._heap) < 3_000


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=60))
def test_what_is_not_cancelled_fires_exactly_once_in_order(plan: list[tuple[int, bool]]) -> None:
    fired: list[tuple[int, int]] = []

    async def main() -> None:
        timers = Timers()
        armed = [timers.at(at, lambda n=n, at=at: fired.append((at, n))) for n, (at, _) in enumerate(plan)]  # type: ignore[misc]  # mypy cannot infer a lambda's default
        for timer, (_, cancel) in zip(armed, plan, strict=True):
            if cancel:
                timer.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(timers.run, Life())
            await trio.sleep(30)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert fired == sorted((at, n) for n, (at, cancel) in enumerate(plan) if not cancel)


class _Slow(Actor[int]):
    def __init__(self, gate: trio.Event, got: list[int]) -> None:
        self.gate, self.got = gate, got

    async def handle(self, message: int) -> None:
        await self.gate.wait()
        self.got.append(message)


async def test_telling_by_timer_waits_for_room_and_can_still_be_cancelled(
    up: Up, timers: Timers, autojump_clock: MockClock
) -> None:
    gate, got = trio.Event(), list[int]()
    actor = Resident("slow", lambda: _Slow(gate, got), capacity=1)
    await up(actor.spec())
    await actor.ref.tell(1)
    await wait_all_tasks_blocked(0.001)
    await actor.ref.tell(2)
    timers.tell_after(1, actor.ref, 3)
    unwanted = timers.tell_after(1, actor.ref, 4)
    await trio.sleep(5)
    assert timers.armed == 2
    unwanted.cancel()
    gate.set()
    await trio.sleep(1)
    assert got == [1, 2, 3]


async def test_telling_a_stopped_actor_by_timer_is_let_go(up: Up, timers: Timers, autojump_clock: MockClock) -> None:
    actor = Resident("slow", lambda: _Slow(trio.Event(), []))
    root = await up(actor.spec())
    root.stop()
    timers.tell_after(1, actor.ref, 1)
    await trio.sleep(5)
    assert timers.armed == 0


async def test_armed_timers_outlive_the_restart_of_their_task(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    timers, life, fired = Timers(), Life(), trio.Event()
    timers.after(5, fired.set)
    nursery.start_soon(timers.run, life)
    await trio.sleep(1)
    life.stop(final=False)
    await trio.sleep(1)
    nursery.start_soon(timers.run, Life())
    await fired.wait()
    assert trio.current_time() == pytest.approx(5)
