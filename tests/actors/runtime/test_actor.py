"""Tell and ask, crashes and poison messages, seen through an actor that does what its messages say."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from server.actors.runtime import (
    HIGH,
    LOW,
    Actor,
    ActorCrashed,
    ActorStopped,
    AskTimeout,
    ChildSpec,
    Intensity,
    MailboxFull,
    QuarantineRecord,
    Ref,
    Reply,
    Resident,
    Restart,
    Supervisor,
    WrongDirection,
)

Up = Callable[..., Awaitable[Supervisor]]


class StoreAway(Exception):
    """A fault outside, as the store raises it."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Do:
    """Do *work* and remember *name*."""

    name: str
    work: Callable[[], Awaitable[object]] | None = None
    reply: Reply[str] | None = None
    body: str = "a secret body"
    thread_id: int = 7


@dataclass
class Story:
    """What one actor lived through, over all its activations."""

    told: list[str] = field(default_factory=list)
    quarantined: list[QuarantineRecord] = field(default_factory=list)


class Doer(Actor[Do]):
    on_stop_s = 2.0

    def __init__(self, story: Story) -> None:
        self.story = story

    async def on_start(self) -> None:
        self.story.told.append("start")

    async def handle(self, message: Do) -> None:
        self.story.told.append(f"try {message.name}")
        answer = await message.work() if message.work else message.name
        self.story.told.append(message.name)
        if message.reply is not None and answer is not None:
            message.reply.answer(str(answer))

    async def on_idle(self) -> None:
        self.story.told.append("idle")

    async def on_stop(self) -> None:
        self.story.told.append("stop")


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def doer(story: Story) -> Resident[Do]:
    return Resident("doer", lambda: Doer(story), capacity=2, on_quarantine=story.quarantined.append)


async def crash() -> None:
    raise ValueError("a secret body is in here")


async def crash_in_a_nursery() -> None:
    async with trio.open_nursery() as inner:
        inner.start_soon(crash)
        inner.start_soon(trio.sleep_forever)


def failing(times: int, error: Callable[[], Exception]) -> Callable[[], Awaitable[str]]:
    left = [times]

    async def work() -> str:
        if left[0]:
            left[0] -= 1
            raise error()
        return "done"

    return work


async def answers_never() -> None:
    """Handled, but nobody is answered."""


# Telling


async def test_messages_are_handled_one_at_a_time_in_order(up: Up, doer: Resident[Do], story: Story) -> None:
    await up(doer.spec())
    for name in "abc":
        await doer.ref.tell(Do(name, trio.lowlevel.checkpoint))
    await wait_all_tasks_blocked()
    assert story.told == ["start", "try a", "a", "try b", "b", "try c", "c"]


async def test_messages_told_before_the_start_wait_for_it(up: Up, doer: Resident[Do], story: Story) -> None:
    await doer.ref.tell(Do("early"))
    await up(doer.spec())
    await wait_all_tasks_blocked()
    assert story.told == ["start", "try early", "early"]


async def test_telling_a_full_mailbox_waits_or_raises(up: Up, doer: Resident[Do], story: Story) -> None:
    gate = trio.Event()
    await up(doer.spec())
    await doer.ref.tell(Do("held", gate.wait))
    await wait_all_tasks_blocked()
    for name in "ab":
        doer.ref.tell_nowait(Do(name))
    with pytest.raises(MailboxFull):
        doer.ref.tell_nowait(Do("c"))
    async with trio.open_nursery() as senders:
        senders.start_soon(doer.ref.tell, Do("d"))
        await wait_all_tasks_blocked()
        gate.set()
    await wait_all_tasks_blocked()
    assert [name for name in story.told if len(name) == 1] == ["a", "b", "d"]


async def test_people_overtake_bulk(up: Up, doer: Resident[Do], story: Story) -> None:
    await doer.ref.tell(Do("bulk"), lane=LOW)
    await doer.ref.tell(Do("person"), lane=HIGH)
    await up(doer.spec())
    await wait_all_tasks_blocked()
    assert story.told.index("person") < story.told.index("bulk")


async def test_a_long_mailbox_lets_others_take_turns(up: Up, story: Story) -> None:
    long = Resident("long", lambda: Doer(story), capacity=1_000)
    for n in range(1_000):
        await long.ref.tell(Do(str(n)))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while len(story.told) < 2_000:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as both:
        both.start_soon(other)
        await up(long.spec())
    assert turns >= 1_000 // 64


async def test_a_tell_that_is_cancelled_beforehand_sends_nothing(up: Up, doer: Resident[Do], story: Story) -> None:
    await up(doer.spec())
    with trio.CancelScope() as scope:
        scope.cancel()
        await doer.ref.tell(Do("never"))
    await wait_all_tasks_blocked()
    assert story.told == ["start"]


async def test_a_tell_whose_message_was_taken_is_never_reported_as_cancelled(
    up: Up, doer: Resident[Do], story: Story
) -> None:
    await up(doer.spec())
    reported = 0
    for n in range(30):  # who runs first after the tell, the actor or the teller, is the scheduler's throw of dice
        await wait_all_tasks_blocked()
        with trio.CancelScope() as scope:

            async def cancel_the_teller(scope: trio.CancelScope = scope) -> None:
                scope.cancel()

            await doer.ref.tell(Do(str(n), cancel_the_teller))
            reported += 1
    await wait_all_tasks_blocked()
    assert reported == 30
    assert story.told[-1] == "29"


# Asking


async def test_asking_gives_the_answer(up: Up, doer: Resident[Do]) -> None:
    await up(doer.spec())
    answer: str = await doer.ref.ask(lambda reply: Do("a", reply=reply), timeout_s=1)
    assert answer == "a"


async def test_the_first_answer_counts(up: Up, doer: Resident[Do]) -> None:
    await up(doer.spec())
    replies: list[Reply[str]] = []

    async def twice() -> None:
        replies[0].answer("first")
        replies[0].answer("second")
        replies[0].refuse(ValueError())

    def build(reply: Reply[str]) -> Do:
        replies.append(reply)
        return Do("a", twice, reply)

    assert await doer.ref.ask(build, timeout_s=1) == "first"


async def test_a_refusal_is_raised_where_it_was_asked_and_is_no_crash(up: Up, doer: Resident[Do], story: Story) -> None:
    await up(doer.spec())

    def build(reply: Reply[str]) -> Do:
        async def refuse() -> None:
            reply.refuse(KeyError("no such thread"))

        return Do("a", refuse, reply)

    with pytest.raises(KeyError, match="no such thread"):
        await doer.ref.ask(build, timeout_s=1)
    assert story.told == ["start", "try a", "a"]


async def test_an_ask_ends_at_its_deadline(up: Up, doer: Resident[Do], autojump_clock: trio.testing.MockClock) -> None:
    await up(doer.spec())
    with pytest.raises(AskTimeout):
        await doer.ref.ask(lambda reply: Do("a", answers_never, reply), timeout_s=3)
    assert trio.current_time() == pytest.approx(3)


async def test_the_deadline_covers_the_wait_for_room(
    up: Up, doer: Resident[Do], story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    gate = trio.Event()
    await up(doer.spec())
    for name in ("held", "a", "b"):
        await doer.ref.tell(Do(name, gate.wait))
    with pytest.raises(AskTimeout):
        await doer.ref.ask(lambda reply: Do("never", reply=reply), timeout_s=3)
    gate.set()
    await wait_all_tasks_blocked()
    assert "never" not in story.told


async def test_an_actor_sees_that_its_asker_has_gone(up: Up, doer: Resident[Do]) -> None:
    gate = trio.Event()
    seen: list[Reply[str]] = []
    await up(doer.spec())

    def build(reply: Reply[str]) -> Do:
        seen.append(reply)
        return Do("a", gate.wait, reply)

    async with trio.open_nursery() as askers:
        askers.start_soon(lambda: doer.ref.ask(build, timeout_s=60))
        await wait_all_tasks_blocked()
        settled = [seen[0].is_settled]
        askers.cancel_scope.cancel()
    settled.append(seen[0].is_settled)
    assert settled == [False, True]
    gate.set()
    await wait_all_tasks_blocked()


async def test_a_crash_answers_its_asker_at_once(
    up: Up, doer: Resident[Do], autojump_clock: trio.testing.MockClock
) -> None:
    await up(doer.spec())
    with pytest.raises(ActorCrashed):
        await doer.ref.ask(lambda reply: Do("a", crash, reply), timeout_s=60)
    assert trio.current_time() == 0


async def test_a_crash_answers_those_whose_answer_was_put_off(
    up: Up, doer: Resident[Do], autojump_clock: trio.testing.MockClock
) -> None:
    await up(doer.spec())

    async def ask() -> None:
        with pytest.raises(ActorCrashed):
            await doer.ref.ask(lambda reply: Do("put off", answers_never, reply), timeout_s=60)

    async with trio.open_nursery() as askers:
        askers.start_soon(ask)
        await wait_all_tasks_blocked(0.01)
        await doer.ref.tell(Do("b", crash))
    assert trio.current_time() < 1


async def test_an_ask_that_waits_in_the_mailbox_survives_a_crash(
    up: Up, doer: Resident[Do], autojump_clock: trio.testing.MockClock
) -> None:
    await up(doer.spec())
    await doer.ref.tell(Do("a", failing(1, ValueError)))
    answer: str = await doer.ref.ask(lambda reply: Do("b", reply=reply), timeout_s=60)
    assert answer == "b"


async def test_a_stopped_actor_answers_at_once(up: Up, doer: Resident[Do]) -> None:
    root = await up(doer.spec())
    root.stop()
    await wait_all_tasks_blocked()
    with pytest.raises(ActorStopped):
        await doer.ref.ask(lambda reply: Do("a", reply=reply), timeout_s=60)
    with pytest.raises(ActorStopped):
        await doer.ref.tell(Do("a"))


async def test_a_cancelled_root_leaves_nobody_asking_in_vain(doer: Resident[Do]) -> None:
    async with trio.open_nursery() as own:
        await own.start(Supervisor("root", [doer.spec()]).run_root)
        own.cancel_scope.cancel()
    with pytest.raises(ActorStopped):
        await doer.ref.tell(Do("a"))


async def test_an_actor_that_is_not_restarted_takes_no_more_messages(
    up: Up, doer: Resident[Do], autojump_clock: trio.testing.MockClock
) -> None:
    await up(doer.spec(restart=Restart.TEMPORARY))
    await doer.ref.tell(Do("a", crash))
    await trio.sleep(1)
    with pytest.raises(ActorStopped):
        await doer.ref.tell(Do("b"))


async def test_a_stop_that_comes_while_the_actor_is_backing_off_answers_whoever_waits(
    up: Up, doer: Resident[Do], autojump_clock: trio.testing.MockClock
) -> None:
    root = await up(doer.spec())
    await doer.ref.tell(Do("a", crash))

    async def ask() -> None:
        with pytest.raises(ActorStopped):
            await doer.ref.ask(lambda reply: Do("b", reply=reply), timeout_s=60)

    async with trio.open_nursery() as askers:
        askers.start_soon(ask)
        await trio.sleep(0.01)
        root.stop()
    assert trio.current_time() < 1


async def test_an_actor_may_ask_only_what_was_started_before_it(up: Up, story: Story) -> None:
    outcome: dict[str, object] = {}

    def asking(target: Ref[Do], name: str) -> Callable[[], Awaitable[object]]:
        async def work() -> str:
            try:
                async with trio.open_nursery() as inner:  # a nursery inside of an actor stands where the actor stands
                    inner.start_soon(ask)
            except* WrongDirection:
                outcome[name] = WrongDirection
            return "asked"

        async def ask() -> None:
            answer: str = await target.ask(lambda reply: Do("asked", reply=reply), timeout_s=1)
            outcome[name] = answer

        return work

    low, middle, high = (Resident(name, lambda: Doer(story)) for name in ("low", "middle", "high"))
    nested = Supervisor("nested", [middle.spec(), high.spec()])
    await up(low.spec(), nested.spec())
    await high.ref.tell(Do("down", asking(low.ref, "down a level")))
    await high.ref.tell(Do("sibling", asking(middle.ref, "to an earlier sibling")))
    await wait_all_tasks_blocked()
    await middle.ref.tell(Do("up", asking(high.ref, "to a later sibling")))
    await low.ref.tell(Do("up", asking(high.ref, "up a level")))
    await low.ref.tell(Do("self", asking(low.ref, "to itself")))
    await wait_all_tasks_blocked()
    assert outcome == {
        "down a level": "asked",
        "to an earlier sibling": "asked",
        "to a later sibling": WrongDirection,
        "up a level": WrongDirection,
        "to itself": WrongDirection,
    }


# Crashing


async def test_a_message_that_crashed_the_actor_is_handled_again_first(
    up: Up, doer: Resident[Do], story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    await up(doer.spec())
    await doer.ref.tell(Do("a", failing(2, ValueError)))
    await doer.ref.tell(Do("b"))
    await trio.sleep(10)
    assert story.told == ["start", "try a", "start", "try a", "start", "try a", "a", "try b", "b"]
    assert story.quarantined == []


@pytest.mark.parametrize(
    "work",
    [pytest.param(crash, id="in handle"), pytest.param(crash_in_a_nursery, id="in a nursery inside handle")],
)
async def test_the_third_crash_sets_the_message_aside_and_the_actor_goes_on(
    up: Up,
    doer: Resident[Do],
    story: Story,
    autojump_clock: trio.testing.MockClock,
    work: Callable[[], Awaitable[object]],
) -> None:
    root = await up(doer.spec())
    await doer.ref.tell(Do("poison", work))
    await doer.ref.tell(Do("next"))
    await trio.sleep(10)
    assert story.told.count("try poison") == 3
    assert story.told[-1] == "next"
    (record,) = story.quarantined
    assert (record.actor, record.message_repr) == ("doer", "Do(thread_id=7)")
    assert "ValueError" in record.traceback
    assert "in crash" in record.traceback
    node = root.tree().children[0]
    assert node.last_error is not None
    assert (node.restarts, node.last_error.type) == (3, "ValueError")


async def test_a_fault_outside_never_costs_a_message_or_the_actor(
    up: Up, doer: Resident[Do], story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    await up(doer.spec(), intensity=Intensity(restarts=1, within_s=1e9))
    await doer.ref.tell(Do("a", failing(40, StoreAway)))
    await trio.sleep(3_600)
    assert story.told[-1] == "a"
    assert story.told.count("try a") == 41
    assert story.quarantined == []


async def test_no_log_line_bears_a_body_or_an_exceptions_text(
    up: Up, doer: Resident[Do], autojump_clock: trio.testing.MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    await up(doer.spec())
    await doer.ref.tell(Do("poison", crash))
    await trio.sleep(10)
    printed = capsys.readouterr()
    assert "actor crashed" in printed.out
    assert "secret" not in printed.out + printed.err


async def test_a_describe_hook_that_fails_costs_only_the_description(
    up: Up, story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    class Mute(Doer):
        def describe(self, message: Do) -> str:
            raise RuntimeError

    mute = Resident("mute", lambda: Mute(story), on_quarantine=story.quarantined.append)
    await up(mute.spec())
    await mute.ref.tell(Do("poison", crash))
    await trio.sleep(10)
    assert [record.message_repr for record in story.quarantined] == ["Do"]


async def test_a_quarantine_callback_that_fails_costs_nobody_anything(
    up: Up, story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    def fails(_: QuarantineRecord) -> None:
        raise RuntimeError

    doer = Resident("doer", lambda: Doer(story), on_quarantine=fails)
    await up(doer.spec())
    await doer.ref.tell(Do("poison", crash))
    await doer.ref.tell(Do("next"))
    await trio.sleep(10)
    assert story.told[-1] == "next"


async def test_a_kill_repeats_the_message_in_hand_and_blames_nobody(
    up: Up, doer: Resident[Do], story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    gate = trio.Event()
    await up(doer.spec(), intensity=Intensity(restarts=1, within_s=1e9))
    await doer.ref.tell(Do("a", gate.wait))
    for _ in range(10):
        await trio.sleep(60)
        assert doer.kill()
    gate.set()
    await trio.sleep(60)
    assert story.told.count("try a") == 11
    assert story.told[-1] == "a"
    assert "stop" not in story.told


# Ending


async def test_a_stop_lets_the_actor_handle_what_it_has_taken(up: Up, doer: Resident[Do], story: Story) -> None:
    root = await up(doer.spec())
    for name in "ab":
        doer.ref.tell_nowait(Do(name))
    root.stop()
    await wait_all_tasks_blocked()
    assert story.told == ["start", "try a", "a", "try b", "b", "stop"]


async def test_at_the_deadline_the_message_in_hand_is_cut_off_and_on_stop_still_runs(
    up: Up, doer: Resident[Do], story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    root = await up(doer.spec(shutdown_s=4))
    doer.ref.tell_nowait(Do("a", trio.sleep_forever))
    await wait_all_tasks_blocked(0.01)

    async def ask() -> None:
        with pytest.raises(ActorStopped):
            await doer.ref.ask(lambda reply: Do("b", reply=reply), timeout_s=60)

    async with trio.open_nursery() as askers:
        askers.start_soon(ask)
        await wait_all_tasks_blocked(0.01)
        root.stop()
    assert story.told == ["start", "try a", "stop"]
    assert trio.current_time() == pytest.approx(4, abs=0.1)


async def test_on_stop_may_wait_although_the_actor_is_cancelled_but_not_for_ever(
    up: Up, nursery: trio.Nursery, story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    class Slow(Doer):
        async def on_stop(self) -> None:
            await trio.sleep(1)
            self.story.told.append("waited")
            await trio.sleep_forever()

    root = Supervisor("root", [Resident("slow", lambda: Slow(story)).spec()])
    async with trio.open_nursery() as own:
        await own.start(root.run_root)
        own.cancel_scope.cancel()
    assert story.told == ["start", "waited"]
    assert trio.current_time() == pytest.approx(2)


async def test_on_idle_comes_once_each_time_nothing_came(
    up: Up, story: Story, autojump_clock: trio.testing.MockClock
) -> None:
    doer = Resident("doer", lambda: Doer(story), idle_s=5)
    await up(doer.spec())
    await trio.sleep(60)
    await doer.ref.tell(Do("a"))
    await trio.sleep(60)
    assert story.told == ["start", "idle", "try a", "a", "idle"]


async def test_with_an_idle_time_of_nothing_on_idle_follows_each_batch(up: Up, story: Story) -> None:
    doer = Resident("doer", lambda: Doer(story), idle_s=0)
    await up(doer.spec())
    await wait_all_tasks_blocked()
    story.told.clear()
    for name in "ab":
        doer.ref.tell_nowait(Do(name))
    await wait_all_tasks_blocked()
    assert story.told == ["try a", "a", "try b", "b", "idle"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
async def test_an_interrupt_inside_an_actor_ends_the_whole_tree(story: Story, error: type[BaseException]) -> None:
    async def interrupt() -> None:
        raise error

    doer = Resident("doer", lambda: Doer(story))
    await doer.ref.tell(Do("a", interrupt))
    sibling_story = Story()
    sibling = Resident("sibling", lambda: Doer(sibling_story))
    with pytest.raises(BaseExceptionGroup) as raised:
        await Supervisor("root", [sibling.spec(), doer.spec()]).run_root()
    assert raised.group_contains(error)
    assert sibling_story.told == ["start", "stop"]


def test_a_ref_is_the_same_address_as_another_to_the_same_place(doer: Resident[Do], story: Story) -> None:
    assert doer.ref == Ref(doer)
    assert len({doer.ref, Ref(doer)}) == 1
    assert doer.ref != Resident("doer", lambda: Doer(story)).ref


def test_a_child_spec_is_made_from_an_actor_with_its_name(doer: Resident[Do]) -> None:
    assert isinstance(doer.spec(), ChildSpec)
    assert doer.spec().id == "doer"
