"""asyncio libraries run inside trio: values, errors, cancellation, timers, fairness and the end."""

from __future__ import annotations

import asyncio
import signal
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import sniffio
import trio
from trio.testing import wait_all_tasks_blocked

from server.store.bridge import Bridge, open_bridge


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    async with open_bridge() as opened:
        yield opened


async def _sleep_then(value: int, seconds: float = 0.0) -> int:
    await asyncio.sleep(seconds)
    return value


async def test_gives_the_value_of_a_coroutine(bridge: Bridge) -> None:
    assert await bridge.call(lambda: _sleep_then(7)) == 7


async def test_each_side_knows_its_own_library(bridge: Bridge) -> None:
    async def library() -> str:
        await asyncio.sleep(0)
        return sniffio.current_async_library()

    assert await bridge.call(library) == "asyncio"
    assert sniffio.current_async_library() == "trio"


async def test_an_error_keeps_its_traceback(bridge: Bridge) -> None:
    async def culprit() -> None:
        await asyncio.sleep(0)
        raise ValueError("here")

    with pytest.raises(ValueError, match="here") as caught:
        await bridge.call(culprit)
    assert "culprit" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


@pytest.mark.parametrize("leaver", [SystemExit, KeyboardInterrupt])
async def test_an_exit_reaches_its_own_caller_only(bridge: Bridge, leaver: type[BaseException]) -> None:
    async def leave() -> None:
        await asyncio.sleep(0)
        raise leaver

    with pytest.raises(leaver):
        await bridge.call(leave)
    assert await bridge.call(lambda: _sleep_then(1)) == 1


async def test_timers_obey_trios_clock(autojump_clock: trio.testing.MockClock) -> None:
    async with open_bridge() as bridge:
        before = trio.current_time()
        assert await bridge.call(lambda: _sleep_then(3, seconds=3600)) == 3
        assert trio.current_time() - before == pytest.approx(3600, abs=1)


async def test_an_earlier_timer_overtakes_a_later_one(autojump_clock: trio.testing.MockClock) -> None:
    order: list[int] = []
    async with open_bridge() as bridge, trio.open_nursery() as nursery:

        async def one(seconds: int) -> None:
            order.append(await bridge.call(lambda: _sleep_then(seconds, seconds)))

        for seconds in (50, 10, 30):
            nursery.start_soon(one, seconds)
            await wait_all_tasks_blocked()
    assert order == [10, 30, 50]


async def test_a_hundred_callers_share_one_crossing_each(bridge: Bridge) -> None:
    answers: list[int] = []

    async def one(value: int) -> None:
        answers.append(await bridge.call(lambda: _sleep_then(value, 0.001)))

    async with trio.open_nursery() as nursery:
        for value in range(100):
            nursery.start_soon(one, value)
    assert sorted(answers) == list(range(100))


async def test_cancelling_waits_for_the_end_of_the_work(bridge: Bridge) -> None:
    ended: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended.append("cleaned up")

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bridge.call, stubborn)
            await wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    assert ended == ["cleaned up"]


async def test_work_that_finished_despite_the_cancellation_gives_its_value(bridge: Bridge) -> None:
    async def committed() -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "committed"

    got: list[str] = []
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def caller() -> None:
                got.append(await bridge.call(committed))

            nursery.start_soon(caller)
            await wait_all_tasks_blocked()
            scope.cancel()
    assert got == ["committed"]


async def test_a_cancelled_caller_starts_nothing(bridge: Bridge) -> None:
    started: list[bool] = []

    async def work() -> None:
        started.append(True)

    with trio.CancelScope() as scope:
        scope.cancel()
        await bridge.call(work)
    assert not started


async def test_work_cancelled_from_within_is_an_error_not_a_cancellation(bridge: Bridge) -> None:
    async def suicidal() -> None:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError, match="asyncio side"):
        await bridge.call(suicidal)


@asynccontextmanager
async def _echo(bridge: Bridge) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(sock=ours)

    async def echo() -> None:
        with theirs:
            echoing = trio.socket.from_stdlib_socket(theirs)
            while piece := await echoing.recv(4096):
                await echoing.send(piece)

    reader, writer = await bridge.call(connect)

    async def close() -> None:
        writer.close()
        await writer.wait_closed()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(echo)
        yield reader, writer
        await bridge.call(close)
        nursery.cancel_scope.cancel()


async def test_a_busy_trio_thread_does_not_starve_asyncio(bridge: Bridge) -> None:
    spins = 0
    async with _echo(bridge) as (reader, writer), trio.open_nursery() as nursery:

        async def spin() -> None:
            nonlocal spins
            while True:
                spins += 1
                await trio.lowlevel.checkpoint()

        async def round_trips() -> int:
            for _ in range(200):
                writer.write(b"x")
                await reader.readexactly(1)
            return 200

        nursery.start_soon(spin)
        assert await bridge.call(round_trips) == 200
        assert spins < 200 * 50  # each round trip may cost a few of trio's turns, never hundreds
        nursery.cancel_scope.cancel()


async def test_a_busy_asyncio_side_leaves_trio_its_turns(bridge: Bridge) -> None:
    turns = 0
    stop = asyncio.Event()

    async def hog() -> None:
        while not stop.is_set():  # noqa: ASYNC110 - being busy is the point
            await asyncio.sleep(0)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bridge.call, hog)
        while turns < 100:
            await trio.lowlevel.checkpoint()
            turns += 1
        stop.set()
    assert turns == 100


async def test_the_end_cancels_and_awaits_what_is_left() -> None:
    ended: list[str] = []

    async def orphan() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("orphan")

    tasks: list[asyncio.Task[None]] = []

    async def leave_one_behind() -> None:
        tasks.append(asyncio.create_task(orphan()))
        await asyncio.sleep(0)

    async with open_bridge() as bridge:
        await bridge.call(leave_one_behind)
    assert ended == ["orphan"]


async def test_a_closed_bridge_says_so() -> None:
    async with open_bridge() as bridge:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        await bridge.call(lambda: _sleep_then(1))


async def test_an_error_of_the_body_comes_out_alone() -> None:
    async def failing() -> None:
        async with open_bridge() as bridge:
            await bridge.call(lambda: _sleep_then(1))
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await failing()


async def test_cancelling_all_around_it_ends_it() -> None:
    with trio.CancelScope() as scope:
        async with open_bridge() as bridge:
            scope.cancel()
            await bridge.call(lambda: _sleep_then(1, 60))
    assert scope.cancelled_caught


def test_an_interrupt_in_the_middle_of_a_step_ends_the_run_and_not_the_loop() -> None:
    finished: list[str] = []

    async def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)  # here: inside asyncio, inside a step
        try:
            await asyncio.sleep(60)
        finally:
            finished.append("cleaned up")

    async def main() -> None:
        async with open_bridge() as bridge:
            await bridge.call(interrupted)

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    assert finished == ["cleaned up"]
