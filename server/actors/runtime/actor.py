"""What a product's actor is written against: `Actor` to subclass, `Ref` to send to."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, Protocol, TypeVar

import trio

from server.actors.runtime.ask import Reply
from server.actors.runtime.crash import described
from server.actors.runtime.errors import AskTimeout
from server.actors.runtime.mailbox import HIGH, Envelope, Lane, Mailbox
from server.actors.runtime.order import Order, check_direction

M = TypeVar("M")
R = TypeVar("R")

ON_STOP_S: Final = 5.0  # what a graceful end may take beyond a deadline; a lost on_stop costs a cache and never a fact


class Actor(ABC, Generic[M]):
    """One coroutine that handles one message at a time and may die at any `await`.

    A crash throws the object away; the next activation is a new one, and the message in hand is handled again by it.
    So `handle` must bear being repeated, and state is adopted only once it is durable.
    """

    on_stop_s: float = ON_STOP_S

    async def on_start(self) -> None:
        """Load what the actor needs. Messages wait meanwhile; raising counts as a crash."""

    @abstractmethod
    async def handle(self, message: M) -> None:
        """Handle one message."""

    async def on_idle(self) -> None:
        """Nothing came for the idle time. A virtual actor is let go afterwards unless a message comes meanwhile."""

    async def on_stop(self) -> None:
        """Last words after a graceful end, never after a crash. Shielded, and cut off after `on_stop_s`."""

    def describe(self, message: M) -> str:
        """How a message is named in logs, records and the tree: its type and ids. Never let a text out here."""
        return described(message)


class Host(Protocol[M]):
    """Who keeps actors' mailboxes: a `Resident` one, a `Registry` one per key."""

    name: str
    order: Order | None

    def mailbox(self, key: Hashable) -> Mailbox[M]:
        """The mailbox to put into now. Raises `ActorStopped` when nothing is taken any more."""


class Ref(Generic[M]):
    """An actor's address. It stays valid over restarts and passivation, and activates on demand."""

    __slots__ = ("_host", "key")

    def __init__(self, host: Host[M], key: Hashable = None) -> None:
        self._host = host
        self.key = key

    async def tell(self, message: M, *, lane: Lane = HIGH) -> None:
        """Send, waiting for room behind those who already wait. Always a checkpoint; cancelled means not sent.

        Raises `ActorStopped` (or `ActorQuarantined`) when the message was not taken.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        await self._put(Envelope(message, lane, trio.current_time()))
        # Sent is sent: from here on a cancellation must not say otherwise.
        await trio.lowlevel.cancel_shielded_checkpoint()

    def tell_nowait(self, message: M, *, lane: Lane = HIGH) -> None:
        """Send, or raise `MailboxFull`, `ActorStopped` or `ActorQuarantined`."""
        self._host.mailbox(self.key).put_nowait(Envelope(message, lane, trio.current_time()))

    async def ask(self, build: Callable[[Reply[R]], M], timeout_s: float, *, lane: Lane = HIGH) -> R:
        """Send `build(reply)` and wait for what the actor answers through that reply.

        *timeout_s* covers the wait for room too. Raises `AskTimeout`; `ActorCrashed` as soon as the actor crashes with
        the message in hand; `ActorStopped` or `ActorQuarantined` if it will never be handled; `WrongDirection` when the
        asking actor was not started after the asked one; and whatever the actor refuses with.
        """
        check_direction(self._host.order, str(self))
        reply: Reply[R] = Reply()
        message = build(reply)
        try:
            with trio.move_on_after(timeout_s):
                await trio.lowlevel.checkpoint_if_cancelled()
                await self._put(Envelope(message, lane, trio.current_time(), reply))
                return await reply.wait()
        finally:
            reply.leave()
        raise AskTimeout(f"{self} did not answer within {timeout_s} s")

    async def _put(self, envelope: Envelope[M]) -> None:
        await self._host.mailbox(self.key).put(envelope)

    def __str__(self) -> str:
        return self._host.name if self.key is None else f"{self._host.name}/{self.key}"

    __repr__ = __str__

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Ref) and self._host is other._host and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self._host), self.key))
