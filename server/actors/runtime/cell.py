"""What outlives an actor's activations: its mailbox, the message in hand, its counts; and how one activation runs.

A crash costs the activation and nothing else. The message in hand is kept for the next one and is set aside the third
time; whoever waits for its answer is told at once.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

import trio

from server.actors.runtime.actor import Actor
from server.actors.runtime.ask import Reply
from server.actors.runtime.crash import (
    LastError,
    OnQuarantine,
    QuarantineRecord,
    WallClock,
    described,
    frames,
    full_traceback,
    is_our_fault,
    last_error,
    log,
    report,
    sole,
)
from server.actors.runtime.errors import ActorCrashed, ActorError, ActorQuarantined, ActorStopped
from server.actors.runtime.mailbox import Envelope, Mailbox
from server.actors.runtime.tree import Kind, Node, State

M = TypeVar("M")

MESSAGES_PER_TURN: Final = 64  # then everybody else gets a turn, however full the mailbox is
CRASHES_PER_MESSAGE: Final = 3


class Leave(Enum):
    """When the activation is to end."""

    NOT = "not"
    IF_IDLE = "if idle"  # passivation: a message that comes meanwhile cancels it
    DRAINED = "drained"  # the final stop: what was taken is handled first
    AT_ONCE = "at once"  # a restart: after the message in hand, the mailbox waits for the next activation


@dataclass(frozen=True, slots=True)
class Terms:
    """What all cells of one host have in common. *gives_way* says whether an idle cell should make room for others."""

    capacity: int
    idle_s: float | None
    on_quarantine: OnQuarantine | None
    wall_clock: WallClock
    gives_way: "Callable[[Cell[Any]], bool]"


class Cell(Generic[M]):
    """One actor's place."""

    __slots__ = (
        "_accused",
        "_host_name",
        "_is_handling",
        "_killed_by",
        "_leave",
        "_owed",
        "_pause",
        "_scope",
        "_terms",
        "crashes",
        "failures",
        "handled",
        "in_hand",
        "key",
        "last_error",
        "mailbox",
        "restarts",
        "state",
        "touched_at",
    )

    def __init__(self, host_name: str, key: Hashable, terms: Terms) -> None:
        self._host_name = host_name
        self.key = key
        self._terms = terms
        self.mailbox: Mailbox[M] = Mailbox(terms.capacity)
        self.in_hand: Envelope[M] | None = None
        self.state = State.STARTING
        self.handled = 0
        self.restarts = 0
        self.crashes: tuple[float, ...] = ()  # those within the restart intensity's window
        self.failures = 0  # in a row, without a handled message between them
        self.last_error: LastError | None = None
        self.touched_at = 0.0
        self._leave = Leave.NOT
        self._owed: set[Reply[Any]] | None = None
        self._scope: trio.CancelScope | None = None
        self._pause: trio.CancelScope | None = None
        self._killed_by: Exception | None = None
        self._is_handling = False
        self._accused: str | None = None  # the message that crashed the last activation, described

    @property
    def name(self) -> str:
        """As in logs and records."""
        return self._host_name if self.key is None else f"{self._host_name}/{self.key}"

    @property
    def is_empty(self) -> bool:
        """Whether no message is waiting or in hand."""
        return self.in_hand is None and not self.mailbox.depth

    @property
    def is_leaving(self) -> bool:
        """Whether the activation was asked to end."""
        return self._leave is not Leave.NOT

    # One activation

    async def live(self, spawn: Callable[[], Actor[M]], started: Callable[[], None]) -> None:
        """Run one activation from `on_start` to `on_stop`. Calls *started* after `on_start`.

        Raises what crashed it, as one exception, after the message in hand was dealt with.
        """
        self.state = State.STARTING
        self._killed_by = self._accused = None
        self._is_handling = False
        actor: Actor[M] | None = None
        error: Exception | None = None
        with trio.CancelScope() as self._scope:
            try:
                actor = spawn()
                await actor.on_start()
                self.state = State.RUNNING
                started()
                await self._serve_and_part(actor)
            except (Exception, BaseExceptionGroup) as raised:  # noqa: BLE001 - whatever it is, it is this actor's crash
                error = sole(raised)
        killed = self._scope.cancelled_caught
        self._scope = None
        error = error or (self._killed_by if killed else None)
        if error is not None:
            self._settle(error, actor)
            raise error

    async def _serve_and_part(self, actor: Actor[M]) -> None:
        try:
            await self._serve(actor)
        except BaseException as raised:
            if self._killed_by is None and _is_cancellation(raised):
                await self._part(actor)
            raise
        await self._part(actor)

    async def _serve(self, actor: Actor[M]) -> None:
        turn = 0
        while self._leave is not Leave.AT_ONCE:
            envelope = self.in_hand or self.mailbox.take_nowait()
            if envelope is None:
                if await self._leaves_when_idle(actor):
                    return
                turn = 0
                continue
            self.in_hand = envelope
            self._is_handling = True
            await actor.handle(envelope.message)
            self._finish(envelope)
            turn += 1
            if turn >= MESSAGES_PER_TURN:
                turn = 0
                await trio.lowlevel.checkpoint()

    def _finish(self, envelope: Envelope[M]) -> None:
        self._is_handling = False
        self.in_hand = None
        self.handled += 1
        self.failures = 0
        if envelope.reply is not None:
            if self._owed is None:
                self._owed = set()
            envelope.reply.owed_by(self._owed)

    async def _leaves_when_idle(self, actor: Actor[M]) -> bool:
        if self._leave is Leave.NOT and self._terms.gives_way(self):
            self._leave = Leave.IF_IDLE
        if self._leave is Leave.NOT:
            await self._wait(actor)
            return False
        if self._leave is Leave.IF_IDLE:
            await actor.on_idle()
        return self.is_leaving and not self.mailbox.depth

    async def _wait(self, actor: Actor[M]) -> None:
        if self._terms.idle_s is not None:
            with trio.move_on_after(self._terms.idle_s) as waited:
                await self.mailbox.wait()
            if self.mailbox.depth or not waited.cancelled_caught:
                return
            await actor.on_idle()
            if self.mailbox.depth or self.is_leaving:
                return
        await self.mailbox.wait()

    async def _part(self, actor: Actor[M]) -> None:
        self.state = State.STOPPING
        try:
            with trio.move_on_after(actor.on_stop_s, shield=True) as scope:
                await actor.on_stop()
            if scope.cancelled_caught:
                log.warning("on_stop was cut off", actor=self.name, after_s=actor.on_stop_s)
        except (Exception, BaseExceptionGroup) as raised:  # noqa: BLE001 - as for every crash of an actor
            # It is leaving anyway: a failure here must not look like a crash that calls for a restart.
            error = sole(raised)
            self.last_error = last_error(error, self._terms.wall_clock())
            log.error("on_stop failed", actor=self.name, reason=type(error).__name__, frames=frames(error))
        self._refuse_owed(f"{self.name} stopped without answering")

    # After a crash

    def _settle(self, error: Exception, actor: Actor[M] | None) -> None:
        self.failures += 1
        self.last_error = last_error(error, self._terms.wall_clock())
        self._refuse_owed(f"{self.name} crashed before it answered")
        # A message that waits for its retry is not to blame for an on_start that fails.
        envelope = self.in_hand if self._is_handling else None
        if envelope is not None:
            self._accused = _description(actor, envelope.message)
            envelope.crashes += is_our_fault(error)
            if envelope.reply is not None:
                envelope.reply.refuse(ActorCrashed(f"{self.name} crashed"))
        log.error(
            "actor crashed",
            actor=self.name,
            message=self._accused,
            reason=type(error).__name__,
            restarts=self.restarts,
            frames=frames(error),
        )
        if envelope is not None and envelope.crashes >= CRASHES_PER_MESSAGE:
            self._set_aside(error)

    def _set_aside(self, error: Exception) -> None:
        record = QuarantineRecord(self.name, self._accused, full_traceback(error), self._terms.wall_clock())
        if self._accused is not None:
            self.in_hand = self._accused = None
        report(self._terms.on_quarantine, record)

    def quarantine(self, error: Exception) -> None:
        """Set the actor aside with the message it had in hand, after *error* has exceeded its restart intensity.

        What waits in the mailbox is kept for `release`; asks among it are refused, since their askers will not wait.
        """
        self._set_aside(error)
        self.state = State.QUARANTINED
        reason = ActorQuarantined(f"{self.name} is quarantined")
        self.mailbox.close(reason)
        self._refuse_asks(reason)

    def release(self) -> None:
        """Let a quarantined actor try again with a clean record."""
        self.crashes, self.failures = (), 0
        self.mailbox.open()

    def dismiss(self) -> int:
        """Take nothing any more and refuse whoever waits for an answer; returns how many messages are dropped."""
        self.state = State.STOPPED
        self._refuse_owed(f"{self.name} stopped without answering")
        if self.in_hand is not None and self.in_hand.reply is not None:
            self.in_hand.reply.refuse(ActorCrashed(f"{self.name} was cut off"))
        reason = ActorStopped(f"{self.name} has stopped")
        self.mailbox.close(reason)
        self._refuse_asks(reason)
        return len(self.mailbox.clear()) + (self.in_hand is not None)

    def _refuse_asks(self, reason: ActorError) -> None:
        for envelope in self.mailbox.clear(asks_only=True):
            if envelope.reply is not None:
                envelope.reply.refuse(type(reason)(*reason.args))

    def _refuse_owed(self, why: str) -> None:
        for reply in tuple(self._owed or ()):
            reply.refuse(ActorCrashed(why))

    # From outside

    def leave(self, how: Leave) -> None:
        """Ask the activation to end, and a back-off too."""
        self._leave = how
        self.mailbox.wake()
        if self._pause is not None and how is not Leave.IF_IDLE:
            self._pause.cancel()

    def stay(self) -> None:
        """Let the next activation live."""
        self._leave = Leave.NOT

    def come_back(self) -> None:
        """A message has come: take back the request to leave when idle, and no other."""
        if self._leave is Leave.IF_IDLE:
            self._leave = Leave.NOT

    def retire(self) -> bool:
        """Ask the activation to end if it is parked with nothing to do; whether it was."""
        if self.mailbox.has_reader:
            self.leave(Leave.IF_IDLE)
            return True
        return False

    def kill(self, error: Exception) -> bool:
        """Crash the activation with *error* at its next checkpoint; whether there was one to crash."""
        if self._scope is None:
            return False
        self._killed_by = error
        self._scope.cancel()
        return True

    async def back_off(self, delay_s: float) -> None:
        """Wait before the next activation; `leave` cuts it short."""
        self.state = State.BACKING_OFF
        with trio.move_on_after(delay_s) as self._pause:
            await trio.sleep_forever()
        self._pause = None

    def node(self, name: str, path: str, now: float) -> Node:
        """This actor in the tree."""
        since = self.mailbox.oldest_since
        if self.in_hand is not None:
            since = min(self.in_hand.since, self.in_hand.since if since is None else since)
        return Node(
            name=name,
            path=path,
            kind=Kind.ACTOR,
            state=self.state,
            depth=self.mailbox.depth,
            oldest_s=0.0 if since is None else now - since,
            handled=self.handled,
            restarts=self.restarts,
            last_error=self.last_error,
        )


def _is_cancellation(raised: BaseException) -> bool:
    if isinstance(raised, BaseExceptionGroup):
        return raised.subgroup(trio.Cancelled) is not None
    return isinstance(raised, trio.Cancelled)


def _description(actor: Actor[M] | None, message: M) -> str:
    if actor is None:
        return described(message)
    try:
        return actor.describe(message)
    except Exception:  # noqa: BLE001 - a hook that fails must not turn one crash into another
        return type(message).__name__
