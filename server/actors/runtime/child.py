"""A supervisor's child: how it is to be run, and the one run of it that is under way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import trio

from server.actors.runtime.tree import Node
from server.domain.restart import Restart


class Life:
    """One run of a child, between it and its supervisor."""

    __slots__ = ("_callbacks", "_on_started", "is_final", "stop_requested")

    def __init__(self, on_started: Callable[[], None] | None = None, *, is_final: bool = False) -> None:
        self._on_started = on_started
        self._callbacks: list[Callable[[bool], None]] = []
        self.stop_requested = trio.Event()
        self.is_final = is_final  # of a root, which nobody restarts, even an end that nobody asked for

    def started(self) -> None:
        """Tell the supervisor that this child is up, so the next may start. To be called by every child, once."""
        if self._on_started is not None:
            self._on_started()

    def on_stop(self, callback: Callable[[bool], None]) -> None:
        """Call *callback* when the child is to end, with whether that is for good (False: it will be restarted).

        At once, if that has been asked already.
        """
        self._callbacks.append(callback)
        if self.stop_requested.is_set():
            callback(self.is_final)

    def stop(self, *, final: bool) -> None:
        """Ask the child to end."""
        if not self.stop_requested.is_set():
            self.is_final = final
            self.stop_requested.set()
            for callback in self._callbacks:
                callback(final)


Start: TypeAlias = Callable[[Life], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to run a child.

    *start* runs it from beginning to end: it calls `life.started()` once it is up and returns after
    `life.stop_requested`; after *shutdown_s* it is cancelled. *snapshot* gives its node in the tree for its path;
    *close* is called when it will never run again.
    """

    id: str
    start: Start
    restart: Restart = Restart.PERMANENT
    shutdown_s: float = 5.0
    snapshot: Callable[[str], Node] | None = None
    close: Callable[[], None] | None = None
