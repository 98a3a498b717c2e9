"""The live tree: names, paths, states, depth and age, and that a big registry shows what matters first."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.runtime import Actor, Kind, Registry, Resident, State, Supervisor, Timers

Up = Callable[..., Awaitable[Supervisor]]
Work = Callable[[], Awaitable[object]]
NOON = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


class Waits(Actor[Work]):
    async def handle(self, message: Work) -> None:
        await message()


async def crash() -> None:
    raise ValueError("why" * 200)


async def test_the_tree_shows_every_place_with_its_path_and_kind(up: Up) -> None:
    threads: Registry[int, Work] = Registry("threads", lambda _: Waits())
    root = await up(Timers().spec(), Supervisor("senders", [Resident("sender-1", Waits).spec()]).spec(), threads.spec())
    await threads.ref(7).tell(trio.lowlevel.checkpoint)
    await wait_all_tasks_blocked()
    assert [(node.path, node.kind, node.state) for node in root.tree().walk()] == [
        ("root", Kind.SUPERVISOR, State.RUNNING),
        ("root/timers", Kind.TASK, State.RUNNING),
        ("root/senders", Kind.SUPERVISOR, State.RUNNING),
        ("root/senders/sender-1", Kind.ACTOR, State.RUNNING),
        ("root/threads", Kind.REGISTRY, State.RUNNING),
        ("root/threads/7", Kind.ACTOR, State.RUNNING),
    ]


async def test_depth_and_age_grow_while_a_message_is_stuck(up: Up, autojump_clock: MockClock) -> None:
    actor = Resident("stuck", Waits)
    root = await up(actor.spec())
    for _ in range(3):
        await actor.ref.tell(trio.sleep_forever)
    await trio.sleep(30)
    node = root.tree().children[0]
    assert (node.depth, node.handled) == (2, 0)
    assert node.oldest_s == pytest.approx(30, abs=0.1)


async def test_the_last_error_has_its_type_a_bounded_text_and_its_wall_time(up: Up, autojump_clock: MockClock) -> None:
    threads: Registry[int, Work] = Registry("threads", lambda _: Waits(), wall_clock=lambda: NOON)
    root = await up(threads.spec())
    await threads.ref(7).tell(crash)
    await trio.sleep(0.001)
    (node,) = root.tree().children[0].children
    assert node.state is State.BACKING_OFF
    assert node.last_error is not None
    assert (node.last_error.type, node.last_error.at) == ("ValueError", NOON)
    assert node.last_error.message.startswith("why")
    assert len(node.last_error.message) == 200


async def test_a_big_registry_counts_all_and_shows_those_in_trouble(up: Up, autojump_clock: MockClock) -> None:
    threads: Registry[int, Work] = Registry("threads", lambda _: Waits())
    root = await up(threads.spec())
    for key in range(500):
        threads.ref(key).tell_nowait(trio.lowlevel.checkpoint)
    for _ in range(4):
        threads.ref(123).tell_nowait(trio.sleep_forever)
    threads.ref(321).tell_nowait(crash)
    await trio.sleep(0.001)
    node = root.tree().children[0]
    assert (node.hot, node.depth, node.handled) == (500, 3, 500)
    assert [child.name for child in node.children[:2]] == ["321", "123"]
    assert len(node.children) == 50
