"""Supervision: order of start and stop, who restarts with whom, intensity, escalation, cancellation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.runtime import (
    Actor,
    ChildSpec,
    Escalated,
    Intensity,
    Life,
    Resident,
    Restart,
    State,
    Strategy,
    Supervisor,
)

Up = Callable[..., Awaitable[Supervisor]]


@dataclass
class Stage:
    """Children that tell what happens to them, and crash or end when told to."""

    told: list[str] = field(default_factory=list)
    cues: dict[str, trio.Event] = field(default_factory=dict)
    ends: dict[str, Exception | None] = field(default_factory=dict)

    def child(
        self,
        name: str,
        *,
        restart: Restart = Restart.PERMANENT,
        shutdown_s: float = 5.0,
        stop_takes_s: float = 0.0,
        fails_at_start: int = 0,
    ) -> ChildSpec:
        left = [fails_at_start]

        async def start(life: Life) -> None:
            if left[0]:
                left[0] -= 1
                self.told.append(f"{name} fails")
                raise ValueError(name)
            self.told.append(f"{name} starts")
            self.cues[name] = trio.Event()
            life.started()
            try:
                async with trio.open_nursery() as both:
                    both.start_soon(self._stop, life, stop_takes_s, both.cancel_scope)
                    await self.cues[name].wait()
                    raise self.ends[name] or _EndedWell
            except* _EndedWell:
                self.told.append(f"{name} ends")
            finally:
                self.told.append(f"{name} leaves")

        return ChildSpec(name, start, restart, shutdown_s)

    async def _stop(self, life: Life, takes_s: float, scope: trio.CancelScope) -> None:
        await life.stop_requested.wait()
        await trio.sleep(takes_s)
        scope.cancel()

    async def crash(self, name: str) -> None:
        await self.end(name, ValueError(name))

    async def end(self, name: str, error: Exception | None = None) -> None:
        self.ends[name] = error
        self.cues[name].set()
        await trio.sleep(0.001)


class _EndedWell(Exception):
    pass


@pytest.fixture
def stage() -> Stage:
    return Stage()


# Order


async def test_children_start_first_to_last_and_stop_last_to_first(up: Up, stage: Stage) -> None:
    root = await up(*(stage.child(name) for name in "abc"))
    root.stop()
    await wait_all_tasks_blocked()
    starts = ["a starts", "b starts", "c starts"]
    assert stage.told == [*starts, "c leaves", "b leaves", "a leaves"]
    assert root.tree().state is State.STOPPED


async def test_a_child_waits_until_the_one_before_has_started(nursery: trio.Nursery, stage: Stage) -> None:
    gate = trio.Event()

    async def slow(life: Life) -> None:
        await gate.wait()
        life.started()
        await life.stop_requested.wait()

    root = Supervisor("root", [ChildSpec("slow", slow), stage.child("b")])
    nursery.start_soon(root.run_root)
    await wait_all_tasks_blocked()
    assert (stage.told, root.tree().state) == ([], State.STARTING)
    gate.set()
    await wait_all_tasks_blocked()
    assert (stage.told, root.tree().state) == (["b starts"], State.RUNNING)


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_child_that_fails_to_start_is_tried_again_before_the_next_starts(
    up: Up, stage: Stage, autojump_clock: MockClock, strategy: Strategy
) -> None:
    await up(stage.child("a"), stage.child("b", fails_at_start=2), stage.child("c"), strategy=strategy)
    assert stage.told == ["a starts", "b fails", "b fails", "b starts", "c starts"]


async def test_a_child_that_needs_longer_than_its_time_is_cancelled(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    root = await up(stage.child("a"), stage.child("b", shutdown_s=3, stop_takes_s=60))
    root.stop()
    await trio.sleep(2)
    assert stage.told[-1] == "b starts"
    await trio.sleep(2)
    assert stage.told[-2:] == ["b leaves", "a leaves"]


async def test_cancelling_the_root_stops_in_order_without_grace(stage: Stage, autojump_clock: MockClock) -> None:
    nested = Supervisor("nested", [stage.child("b"), stage.child("c", stop_takes_s=9)])
    root = Supervisor("root", [stage.child("a"), nested.spec()])
    async with trio.open_nursery() as own:
        await own.start(root.run_root)
        own.cancel_scope.cancel()
    assert stage.told[-3:] == ["c leaves", "b leaves", "a leaves"]
    assert trio.current_time() == 0


async def test_a_stop_that_is_cancelled_goes_on_without_grace(stage: Stage, autojump_clock: MockClock) -> None:
    root = Supervisor("root", [stage.child("a"), stage.child("b", shutdown_s=99, stop_takes_s=99)])
    with trio.move_on_after(5):
        async with trio.open_nursery() as own:
            await own.start(root.run_root)
            root.stop()
    assert stage.told[-2:] == ["b leaves", "a leaves"]
    assert trio.current_time() == pytest.approx(5)


async def test_a_stop_during_the_start_is_heard(nursery: trio.Nursery, stage: Stage) -> None:
    async def never_up(life: Life) -> None:
        await life.stop_requested.wait()

    root = Supervisor("root", [stage.child("a"), ChildSpec("b", never_up), stage.child("c")])
    nursery.start_soon(root.run_root)
    await wait_all_tasks_blocked()
    root.stop()
    await wait_all_tasks_blocked()
    assert stage.told == ["a starts", "a leaves"]
    assert root.tree().state is State.STOPPED


async def test_a_callback_registered_after_the_request_to_stop_is_called_at_once() -> None:
    life = Life()
    life.stop(final=True)
    heard: list[bool] = []
    life.on_stop(heard.append)
    assert heard == [True]


# Restarting


async def test_one_for_one_restarts_the_crashed_child_and_nobody_else(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    root = await up(*(stage.child(name) for name in "abc"))
    stage.told.clear()
    await stage.crash("b")
    assert [child.state for child in root.tree().children] == [State.RUNNING, State.BACKING_OFF, State.RUNNING]
    await trio.sleep(1)
    assert stage.told == ["b leaves", "b starts"]


async def test_rest_for_one_stops_the_later_ones_last_first_and_starts_all_in_order(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    await up(*(stage.child(name) for name in "abcd"), strategy=Strategy.REST_FOR_ONE)
    stage.told.clear()
    await stage.crash("b")
    await trio.sleep(1)
    assert stage.told == ["b leaves", "d leaves", "c leaves", "b starts", "c starts", "d starts"]


async def test_rest_for_one_with_two_crashes_at_once_starts_each_once(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    await up(*(stage.child(name) for name in "abcd"), strategy=Strategy.REST_FOR_ONE)
    stage.told.clear()
    for name in "cb":
        stage.ends[name] = ValueError(name)
        stage.cues[name].set()
    await trio.sleep(5)
    assert [line for line in stage.told if "starts" in line] == ["b starts", "c starts", "d starts"]


async def test_rest_for_one_when_an_earlier_one_crashes_while_a_later_one_backs_off(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    await up(*(stage.child(name) for name in "abc"), strategy=Strategy.REST_FOR_ONE)
    await stage.crash("b")
    await stage.crash("a")
    stage.told.clear()
    await trio.sleep(5)
    assert stage.told == ["a starts", "b starts", "c starts"]


async def test_rest_for_one_does_not_cut_a_later_ones_own_back_off_short(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    await up(*(stage.child(name) for name in "ab"), strategy=Strategy.REST_FOR_ONE, intensity=Intensity(50, 1e9))
    for _ in range(6):
        await stage.crash("b")
        await trio.sleep(10)
    await stage.crash("b")
    stage.told.clear()
    await stage.crash("a")
    await trio.sleep(1)
    assert stage.told == ["a leaves", "a starts"]
    await trio.sleep(10)
    assert stage.told[-1] == "b starts"


async def test_one_child_backing_off_does_not_keep_another_from_its_restart(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    await up(stage.child("a"), stage.child("b"), intensity=Intensity(50, 1e9))
    for _ in range(12):
        await stage.crash("a")
        await trio.sleep(30)
    await stage.crash("a")
    stage.told.clear()
    await stage.crash("b")
    await trio.sleep(1)
    assert stage.told == ["b leaves", "b starts"]


async def test_the_back_off_grows_and_is_forgotten_after_a_good_time(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    await up(stage.child("a"), intensity=Intensity(3, 10))

    async def wait_of_a_crash() -> float:
        await stage.crash("a")
        began, cue = trio.current_time(), stage.cues["a"]
        while stage.cues["a"] is cue:  # noqa: ASYNC110 - the new start has no event of its own, and time is virtual
            await trio.sleep(0.01)
        return trio.current_time() - began

    first, second = await wait_of_a_crash(), await wait_of_a_crash()
    assert second > first * 1.5
    await trio.sleep(11)
    assert await wait_of_a_crash() == pytest.approx(first, abs=0.02)


@pytest.mark.parametrize(
    ("restart", "crashes", "comes_back"),
    [
        pytest.param(Restart.PERMANENT, False, True, id="permanent comes back after ending well"),
        pytest.param(Restart.TRANSIENT, False, False, id="transient is done after ending well"),
        pytest.param(Restart.TRANSIENT, True, True, id="transient comes back after a crash"),
        pytest.param(Restart.TEMPORARY, True, False, id="temporary is done after a crash"),
    ],
)
async def test_who_comes_back(
    up: Up, stage: Stage, autojump_clock: MockClock, restart: Restart, crashes: bool, comes_back: bool
) -> None:
    root = await up(stage.child("a", restart=restart), stage.child("b"), strategy=Strategy.REST_FOR_ONE)
    await stage.end("a", ValueError() if crashes else None)
    await trio.sleep(5)
    assert stage.told.count("a starts") == 1 + comes_back
    assert root.tree().children[0].state is (State.RUNNING if comes_back else State.STOPPED)
    assert root.tree().state is State.RUNNING


async def test_a_sibling_that_was_done_is_not_brought_back_by_rest_for_one(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    await up(stage.child("a"), stage.child("b", restart=Restart.TEMPORARY), strategy=Strategy.REST_FOR_ONE)
    await stage.end("b")
    await stage.crash("a")
    await trio.sleep(5)
    assert (stage.told.count("a starts"), stage.told.count("b starts")) == (2, 1)


# Giving up


async def test_too_many_crashes_stop_all_in_order_and_are_raised_as_one_exception(
    stage: Stage, autojump_clock: MockClock
) -> None:
    root = Supervisor("root", [stage.child("a"), stage.child("b"), stage.child("c")], intensity=Intensity(2, 60))

    async def crash_thrice() -> None:
        for _ in range(3):
            await trio.sleep(1)
            await stage.crash("b")

    async with trio.open_nursery() as both:
        both.start_soon(crash_thrice)
        with pytest.raises(Escalated) as raised:
            await root.run_root()
    assert isinstance(raised.value.__cause__, ValueError)
    assert stage.told[-3:] == ["b leaves", "c leaves", "a leaves"]


async def test_a_nested_supervisor_that_gives_up_is_a_crash_of_one_child_above(
    up: Up, stage: Stage, autojump_clock: MockClock
) -> None:
    nested = Supervisor("nested", [stage.child("b"), stage.child("c")], intensity=Intensity(0, 60), jitter=lambda: 0.0)
    root = await up(stage.child("a"), nested.spec())
    stage.told.clear()
    await stage.crash("b")
    await trio.sleep(1)
    assert stage.told == ["b leaves", "c leaves", "b starts", "c starts"]
    error = root.tree().children[1].last_error
    assert error is not None
    assert error.type == "Escalated"


class _Keeps(Actor[int]):
    def __init__(self, kept: list[int]) -> None:
        self.kept = kept

    async def handle(self, message: int) -> None:
        self.kept.append(message)


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_a_mailbox_outlives_the_restart_of_its_actor_of_an_earlier_sibling_and_of_its_supervisor(
    up: Up, stage: Stage, autojump_clock: MockClock, strategy: Strategy
) -> None:
    kept: list[int] = []
    actor = Resident("actor", lambda: _Keeps(kept))
    nested = Supervisor("nested", [stage.child("b"), actor.spec()], intensity=Intensity(1, 60), strategy=strategy)
    await up(stage.child("a"), nested.spec(), strategy=Strategy.REST_FOR_ONE)
    for number, name in enumerate(["b", "b", "a"]):  # b's second crash makes the nested supervisor give up
        await stage.crash(name)
        actor.ref.tell_nowait(number)
        await trio.sleep(5)
    assert kept == [0, 1, 2]


async def test_an_exception_group_is_one_exception_with_a_note_about_the_others(
    up: Up, autojump_clock: MockClock
) -> None:
    async def fails(error: Exception) -> None:
        raise error

    async def start(life: Life) -> None:
        life.started()
        async with trio.open_nursery() as outer, trio.open_nursery() as inner:
            inner.start_soon(fails, KeyError("x"))
            outer.start_soon(fails, ValueError("y"))

    root = await up(ChildSpec("a", start, Restart.TEMPORARY))
    await trio.sleep(1)
    error = root.tree().children[0].last_error
    assert error is not None
    assert error.type in {"KeyError", "ValueError"}


async def test_a_childs_crash_never_cancels_a_sibling(up: Up, stage: Stage, autojump_clock: MockClock) -> None:
    await up(stage.child("a"), stage.child("b"))
    for _ in range(3):
        await stage.crash("a")
        await trio.sleep(5)
    assert "b leaves" not in stage.told


def test_two_children_with_one_id_are_refused(stage: Stage) -> None:
    with pytest.raises(ValueError, match="same id"):
        Supervisor("root", [stage.child("a"), stage.child("a")])
