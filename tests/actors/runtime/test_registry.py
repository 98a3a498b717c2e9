"""Virtual actors: activation, passivation that loses nothing, hot limit, quarantine of one alone, chaos."""

import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
import structlog
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.runtime import (
    Actor,
    ActorCrashed,
    ActorQuarantined,
    ActorStopped,
    ChildSpec,
    Intensity,
    Life,
    MailboxFull,
    QuarantineRecord,
    Registry,
    Reply,
    Resident,
    State,
    Strategy,
    Supervisor,
    WrongDirection,
)

Up = Callable[..., Awaitable[Supervisor]]
USUAL = Intensity(9, 60.0)


class StoreAway(Exception):
    """A fault outside, as the store raises it."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Note:
    """Something to remember under a key."""

    note_id: int
    work: Callable[[], Awaitable[object]] | None = None
    reply: Reply[int] | None = None


@dataclass
class World:
    """What all activations of all keys did, and hooks to hold them up."""

    handled: list[tuple[str, int]] = field(default_factory=list)
    life: list[tuple[str, str]] = field(default_factory=list)
    quarantined: list[QuarantineRecord] = field(default_factory=list)
    on_stop: Callable[[str], Awaitable[None]] | None = None
    on_idle: Callable[[str], Awaitable[None]] | None = None


class Keeper(Actor[Note]):
    def __init__(self, key: str, world: World) -> None:
        self.key, self.world = key, world

    async def on_start(self) -> None:
        self.world.life.append((self.key, "start"))

    async def handle(self, message: Note) -> None:
        if message.work is not None:
            await message.work()
        self.world.handled.append((self.key, message.note_id))
        if message.reply is not None:
            message.reply.answer(message.note_id)

    async def on_idle(self) -> None:
        self.world.life.append((self.key, "idle"))
        if self.world.on_idle is not None:
            await self.world.on_idle(self.key)

    async def on_stop(self) -> None:
        self.world.life.append((self.key, "stop"))
        if self.world.on_stop is not None:
            await self.world.on_stop(self.key)


@pytest.fixture
def world() -> World:
    return World()


def keepers(
    world: World, *, idle_s: float = 120.0, hot_limit: int = 20_000, intensity: Intensity = USUAL
) -> Registry[str, Note]:
    return Registry(
        "keepers",
        lambda key: Keeper(key, world),
        idle_s=idle_s,
        hot_limit=hot_limit,
        capacity=50,
        intensity=intensity,
        on_quarantine=world.quarantined.append,
        jitter=lambda: 0.0,
    )


async def crash() -> None:
    raise ValueError


async def a_second(_: str) -> None:
    await trio.sleep(1)


async def a_moment(_: str) -> None:
    await trio.lowlevel.checkpoint()


def sleep(seconds: float) -> Callable[[], Awaitable[None]]:
    return partial(trio.sleep, seconds)


# Activation and passivation


async def test_the_first_message_activates_and_a_ref_alone_does_not(up: Up, world: World) -> None:
    registry = keepers(world)
    await up(registry.spec())
    ref = registry.ref("a")
    assert registry.hot == 0
    await ref.tell(Note(1))
    await ref.tell(Note(2))
    await wait_all_tasks_blocked()
    assert (registry.hot, world.life) == (1, [("a", "start")])
    assert world.handled == [("a", 1), ("a", 2)]


async def test_an_idle_actor_is_let_go_and_comes_back_with_the_next_message(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world)
    root = await up(registry.spec())
    ref = registry.ref("a")
    await ref.tell(Note(1))
    await trio.sleep(119)
    await ref.tell(Note(2))
    await trio.sleep(119)
    assert registry.hot == 1
    await trio.sleep(2)
    assert registry.hot == 0
    await ref.tell(Note(3))
    await wait_all_tasks_blocked(0.001)
    start, idle, stop = (("a", what) for what in ("start", "idle", "stop"))
    assert world.life == [start, idle, stop, start]
    assert world.handled == [("a", 1), ("a", 2), ("a", 3)]
    node = root.tree().children[0]
    assert (node.passivated, node.handled, node.hot) == (1, 3, 1)


async def test_a_busy_actor_is_not_let_go(up: Up, world: World, autojump_clock: MockClock) -> None:
    registry = keepers(world, idle_s=10)
    await up(registry.spec())
    await registry.ref("a").tell(Note(1, sleep(100)))
    await trio.sleep(95)
    assert world.life == [("a", "start")]
    await trio.sleep(30)
    assert (world.handled, registry.hot) == ([("a", 1)], 0)


async def test_messages_that_come_during_on_stop_are_handled_by_the_next_activation_in_order(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world, idle_s=10)
    await up(registry.spec())

    async def slow_stop(_: str) -> None:
        world.on_stop = None
        await trio.sleep(1)

    world.on_stop = slow_stop
    ref = registry.ref("a")
    await ref.tell(Note(1))
    await trio.sleep(10.5)
    assert world.life[-1] == ("a", "stop")
    for n in (2, 3, 4):
        await ref.tell(Note(n))
    answer: int = await ref.ask(lambda reply: Note(5, reply=reply), timeout_s=5)
    assert answer == 5
    assert [n for _, n in world.handled] == [1, 2, 3, 4, 5]
    assert [what for _, what in world.life] == ["start", "idle", "stop", "start"]


async def test_a_message_that_comes_during_on_idle_keeps_the_activation(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world, idle_s=10)
    await up(registry.spec())

    async def slow_idle(_: str) -> None:
        world.on_idle = None
        await trio.sleep(1)

    world.on_idle = slow_idle
    ref = registry.ref("a")
    await ref.tell(Note(1))
    await trio.sleep(10.5)
    await ref.tell(Note(2))
    await trio.sleep(5)
    assert [what for _, what in world.life] == ["start", "idle"]
    assert [n for _, n in world.handled] == [1, 2]


async def test_a_stop_during_on_idle_still_handles_what_came_before_it(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world, idle_s=10)
    root = await up(registry.spec())
    world.on_idle = a_second
    await registry.ref("a").tell(Note(1))
    await trio.sleep(10.5)
    await registry.ref("a").tell(Note(2))
    root.stop()
    await trio.sleep(5)
    assert [n for _, n in world.handled] == [1, 2]


async def test_above_the_hot_limit_the_least_recently_used_goes_first(up: Up, world: World) -> None:
    registry = keepers(world, hot_limit=3)
    await up(registry.spec())
    for key in ("a", "b", "c", "a", "d", "e"):
        await registry.ref(key).tell(Note(1))
        await wait_all_tasks_blocked()
    assert [key for key, what in world.life if what == "stop"] == ["b", "c"]
    assert registry.hot == 3


async def test_a_burst_of_keys_ends_at_the_hot_limit_with_nothing_lost(up: Up, world: World) -> None:
    registry = keepers(world, hot_limit=10)
    await up(registry.spec())
    for n in range(200):
        registry.ref(f"k{n}").tell_nowait(Note(n))
    await wait_all_tasks_blocked()
    assert registry.hot == 10
    assert sorted(n for _, n in world.handled) == list(range(200))


async def test_a_burst_above_the_limit_sends_away_the_least_recently_used_although_they_part_slowly(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world, hot_limit=40)
    await up(registry.spec())
    for n in range(40):
        await registry.ref(f"old {n}").tell(Note(n))
    await trio.sleep(1)
    world.on_stop = a_second
    for n in range(30):
        registry.ref(f"new {n}").tell_nowait(Note(n))
    await trio.sleep(10)
    assert {key for key, what in world.life if what == "stop"} == {f"old {n}" for n in range(30)}


async def test_busy_actors_above_the_limit_stay_until_they_are_idle(up: Up, world: World) -> None:
    registry = keepers(world, hot_limit=2)
    world.on_stop = a_moment
    await up(registry.spec())
    gate = trio.Event()
    for n in range(5):
        await registry.ref(f"k{n}").tell(Note(n, gate.wait))
    await wait_all_tasks_blocked()
    assert registry.hot == 5
    gate.set()
    await wait_all_tasks_blocked()
    assert registry.hot == 2
    assert len(world.handled) == 5


async def test_an_actor_gets_nothing_of_its_callers_context(up: Up) -> None:
    seen: list[dict[str, object]] = []

    class Looks(Actor[int]):
        async def handle(self, message: int) -> None:
            seen.append(structlog.contextvars.get_contextvars())

    registry: Registry[str, int] = Registry("lookers", lambda _: Looks())
    await up(registry.spec())
    with structlog.contextvars.bound_contextvars(request_id="of the caller"):
        await registry.ref("a").tell(1)
        await wait_all_tasks_blocked()
    assert seen == [{}]


async def test_keyed_actors_ask_down_but_not_each_other(up: Up, world: World) -> None:
    low = Resident("low", lambda: Keeper("low", world))
    registry = keepers(world)
    outcome: list[object] = []

    async def ask_low() -> None:
        answer: int = await low.ref.ask(lambda reply: Note(7, reply=reply), timeout_s=1)
        outcome.append(answer)

    async def ask_sibling() -> None:
        with pytest.raises(WrongDirection):
            await registry.ref("b").ask(lambda reply: Note(8, reply=reply), timeout_s=1)
        outcome.append("refused")

    await up(low.spec(), registry.spec())
    await registry.ref("a").tell(Note(1, ask_low))
    await registry.ref("a").tell(Note(2, ask_sibling))
    await wait_all_tasks_blocked()
    assert outcome == [7, "refused"]


# Crashes


async def test_a_poison_message_is_set_aside_and_the_key_goes_on(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world)
    await up(registry.spec())
    await registry.ref("a").tell(Note(13, crash))
    await registry.ref("a").tell(Note(14))
    await trio.sleep(10)
    assert world.handled == [("a", 14)]
    assert [(record.actor, record.message_repr) for record in world.quarantined] == [("keepers/a", "Note(note_id=13)")]


async def test_a_key_that_crashes_too_often_is_quarantined_alone_until_it_is_released(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world, intensity=Intensity(1, 60))
    root = await up(registry.spec())
    ref = registry.ref("a")
    await registry.ref("b").tell(Note(1))
    with pytest.raises(ActorCrashed):
        await ref.ask(lambda reply: Note(2, crash, reply), timeout_s=60)
    await ref.tell(Note(3))
    with pytest.raises(ActorQuarantined):
        await ref.ask(lambda reply: Note(4, reply=reply), timeout_s=60)
    assert trio.current_time() < 1
    with pytest.raises(ActorQuarantined):
        ref.tell_nowait(Note(5))
    (record,) = world.quarantined
    assert (record.actor, record.message_repr) == ("keepers/a", "Note(note_id=2)")
    assert "ValueError" in record.traceback

    node = root.tree().children[0]
    assert (node.quarantined, node.hot, node.state) == (1, 1, State.RUNNING)
    assert {child.name: child.state for child in node.children} == {"a": State.QUARANTINED, "b": State.RUNNING}

    assert registry.release("a")
    assert not registry.release("a")
    await ref.tell(Note(6))
    await trio.sleep(1)
    assert world.handled == [("b", 1), ("a", 3), ("a", 6)]


async def test_a_key_that_fails_at_its_start_keeps_its_messages_for_the_release(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    broken = [True]

    def spawn(key: str) -> Keeper:
        if broken[0]:
            raise ValueError
        return Keeper(key, world)

    registry = Registry("keepers", spawn, on_quarantine=world.quarantined.append, jitter=lambda: 0.999)
    await up(registry.spec())
    await registry.ref("a").tell(Note(1))
    await trio.sleep(60)  # a crash loop at full back-off is found out within the intensity's window
    assert [record.message_repr for record in world.quarantined] == [None]
    broken[0] = False
    registry.release("a")
    await trio.sleep(1)
    assert world.handled == [("a", 1)]


async def test_a_message_that_waits_for_its_retry_is_not_blamed_for_an_on_start_that_fails(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    failures = [1, 5]

    async def crash_once() -> None:
        if failures[0]:
            failures[0] = 0
            raise ValueError

    def spawn(key: str) -> Keeper:
        if not failures[0] and failures[1]:
            failures[1] -= 1
            raise ValueError
        return Keeper(key, world)

    registry = Registry("keepers", spawn, on_quarantine=world.quarantined.append, jitter=lambda: 0.0)
    await up(registry.spec())
    await registry.ref("a").tell(Note(1, crash_once))
    await trio.sleep(60)
    assert (world.handled, world.quarantined) == ([("a", 1)], [])


async def test_a_handled_message_ends_the_growth_of_the_back_off(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world, intensity=Intensity(10**6, 60))
    await up(registry.spec())
    for n in range(0, 20, 2):
        await registry.ref("a").tell(Note(n))
        await registry.ref("a").tell(Note(n + 1, crash))
    while len(world.quarantined) < 10:  # noqa: ASYNC110 - a bounded look at virtual time
        await trio.sleep(0.01)
    # Ten times the first three delays (0.05, 0.1, 0.2 s); unforgotten, thirty delays would take minutes.
    assert trio.current_time() < 10 * 0.5


async def test_a_stop_does_not_wait_for_a_back_off(up: Up, world: World, autojump_clock: MockClock) -> None:
    registry = keepers(world, intensity=Intensity(10**6, 60))
    root = await up(registry.spec(shutdown_s=100))

    async def away() -> None:
        raise StoreAway

    await registry.ref("a").tell(Note(1, away))
    await trio.sleep(100)
    root.stop()
    await trio.sleep(0.01)
    assert root.tree().state is State.STOPPED


async def test_a_killed_key_repeats_the_message_in_hand(up: Up, world: World, autojump_clock: MockClock) -> None:
    registry = keepers(world, intensity=Intensity(0, 60))
    await up(registry.spec())
    assert not registry.kill("a")
    gate = trio.Event()
    await registry.ref("a").tell(Note(1, gate.wait))
    await trio.sleep(1)
    assert registry.kill("a")
    gate.set()
    await trio.sleep(1)
    assert world.handled == [("a", 1)]
    assert world.life == [("a", "start"), ("a", "start")]


async def test_of_a_thousand_one_crashes_in_a_loop_and_the_others_notice_nothing(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    registry = keepers(world, intensity=Intensity(10**6, 60))
    await up(registry.spec())

    async def steps_for_999() -> int:
        """Scheduler steps and virtual seconds from the tells until the last of 999 has handled its message."""
        steps, before = 0, len(world.handled)
        for n in range(999):
            registry.ref(f"k{n}").tell_nowait(Note(n))
        while len(world.handled) < before + 999:
            steps += 1
            await trio.lowlevel.checkpoint()
        return steps

    await steps_for_999()
    began = trio.current_time()
    quiet = await steps_for_999()
    for n in range(50):
        registry.ref("crashing").tell_nowait(Note(n, crash))
    under_crashes = []
    for _ in range(20):
        await trio.sleep(0.05)
        began = trio.current_time()
        under_crashes.append(await steps_for_999())
        assert trio.current_time() == began
    assert max(under_crashes) == quiet
    assert len(world.quarantined) >= 1
    assert world.life.count(("crashing", "start")) > 3


# Stopping and restarting the registry


async def test_the_stop_handles_what_was_taken_and_parts_from_every_key(up: Up, world: World) -> None:
    registry = keepers(world)
    root = await up(registry.spec())
    for n in range(20):
        registry.ref(f"k{n % 4}").tell_nowait(Note(n))
    root.stop()
    await wait_all_tasks_blocked()
    with pytest.raises(ActorStopped):
        registry.ref("late").tell_nowait(Note(99))
    assert sorted(n for _, n in world.handled) == list(range(20))
    assert Counter(what for _, what in world.life) == {"start": 4, "stop": 4}
    assert root.tree().state is State.STOPPED


async def test_at_the_deadline_whoever_asks_is_answered(up: Up, world: World, autojump_clock: MockClock) -> None:
    registry = keepers(world)
    root = await up(registry.spec(shutdown_s=3))
    refused: list[type[BaseException]] = []

    async def ask(note_id: int) -> None:
        with pytest.raises((ActorCrashed, ActorStopped)) as raised:
            await registry.ref("a").ask(lambda reply: Note(note_id, trio.sleep_forever, reply), timeout_s=600)
        refused.append(raised.type)

    async with trio.open_nursery() as askers:
        for note_id in range(3):
            askers.start_soon(ask, note_id)
        await wait_all_tasks_blocked(0.001)
        root.stop()
    assert sorted(error.__name__ for error in refused) == ["ActorCrashed", "ActorStopped", "ActorStopped"]
    assert trio.current_time() == pytest.approx(3, abs=0.1)


async def test_messages_outlive_a_restart_of_the_registry_itself(
    up: Up, world: World, autojump_clock: MockClock
) -> None:
    cue = trio.Event()

    async def below(life: Life) -> None:
        life.started()
        if not cue.is_set():
            await cue.wait()
            raise ValueError
        await life.stop_requested.wait()

    registry = keepers(world)
    await up(ChildSpec("below", below), registry.spec(), strategy=Strategy.REST_FOR_ONE)
    for n in range(3):
        await registry.ref("a").tell(Note(n, sleep(1)))
    await trio.sleep(0.5)
    cue.set()
    await trio.sleep(0.01)
    await registry.ref("a").tell(Note(3))
    await registry.ref("b").tell(Note(4))
    await trio.sleep(30)
    assert [n for key, n in world.handled if key == "a"] == [0, 1, 2, 3]
    assert ("b", 4) in world.handled


# Random interleavings


class _Chaos:
    """N keys; tells, asks, kills, crashes and passivations in a random order; then the books are balanced."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a test's dice
        self.world = World()
        self.sent: dict[str, list[int]] = defaultdict(list)
        self.poison: set[int] = set()
        self.live: Counter[str] = Counter()
        self.tries: Counter[int] = Counter()
        self.registry = keepers(self.world, idle_s=0.5, hot_limit=5, intensity=Intensity(10**6, 60))

    async def pause(self, _: object = None) -> None:
        if self.dice.random() < 0.6:
            await trio.sleep(self.dice.choice([0, 0, 0.01, 0.3]))

    def note(self, key: str, reply: Reply[int] | None = None) -> Note:
        note_id = len(self.tries)
        fate = self.dice.random()
        crashes_left = 99 if fate < 0.03 else self.dice.choice([1, 2]) if fate < 0.1 else 0
        if crashes_left == 99:
            self.poison.add(note_id)
        self.tries[note_id] = 0

        async def work() -> None:
            self.live[key] += 1
            assert self.live[key] == 1, "two messages of one key at a time"
            try:
                await self.pause()
                self.tries[note_id] += 1
                if self.tries[note_id] <= crashes_left:
                    raise ValueError
            finally:
                self.live[key] -= 1

        return Note(note_id, work, reply)

    async def sender(self, key: str) -> None:
        ref = self.registry.ref(key)
        for _ in range(30):
            if self.dice.random() < 0.3:
                await trio.sleep(self.dice.choice([0.05, 0.5, 0.51, 2.0]))
            note = self.note(key)
            self.sent[key].append(note.note_id)
            if self.dice.random() < 0.5:
                await ref.tell(note)
                continue
            try:
                ref.tell_nowait(note)
            except MailboxFull:
                await ref.tell(note)

    async def killer(self) -> None:
        while True:
            await trio.sleep(self.dice.choice([0.01, 0.1, 0.5]))
            self.registry.kill(self.dice.choice(list(self.sent) or ["none"]))

    async def run(self) -> None:
        self.world.on_stop = self.world.on_idle = self.pause
        root = Supervisor("root", [self.registry.spec(shutdown_s=10_000)])
        async with trio.open_nursery() as outer:
            await outer.start(root.run_root)
            async with trio.open_nursery() as killing:
                killing.start_soon(self.killer)
                async with trio.open_nursery() as sending:
                    for number in range(12):
                        sending.start_soon(self.sender, f"k{number}")
                killing.cancel_scope.cancel()
            with trio.fail_after(3_000):
                while self.registry.hot:  # noqa: ASYNC110 - nobody tells when the last one is gone
                    await trio.sleep(1)
            root.stop()

    def check(self) -> None:
        set_aside = {int(str(record.message_repr).split("=")[1].rstrip(")")) for record in self.world.quarantined}
        assert set_aside == self.poison
        assert len(self.world.quarantined) == len(self.poison)
        handled: dict[str, list[int]] = defaultdict(list)
        for key, note_id in self.world.handled:
            handled[key].append(note_id)
        for key, sent in self.sent.items():
            assert handled[key] == [note_id for note_id in sent if note_id not in self.poison]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_each_message_is_handled_once_or_set_aside_and_each_keys_order_is_kept(seed: int) -> None:
    chaos = _Chaos(seed)
    trio.run(chaos.run, clock=MockClock(autojump_threshold=0))
    chaos.check()
