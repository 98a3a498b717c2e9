"""An answer on its way back: a `Reply` travels inside the message, and the asker is parked on it."""

from typing import Any, Generic, TypeVar

import trio

R = TypeVar("R")


class Reply(Generic[R]):
    """Where a message's answer goes. The first answer or refusal counts; later ones change nothing.

    An actor may keep it and answer after handling other messages. If it crashes or stops first, the runtime refuses
    in its place.
    """

    __slots__ = ("_asker", "_error", "_open", "_settled", "_value")

    def __init__(self) -> None:
        self._settled = False
        self._value: Any = None
        self._error: Exception | None = None
        self._asker: trio.lowlevel.Task | None = None
        self._open: set[Reply[Any]] | None = None

    def answer(self, value: R) -> None:
        """Let the asker go on with *value*."""
        self._settle(value, None)

    def refuse(self, error: Exception) -> None:
        """Let the ask raise *error*."""
        self._settle(None, error)

    @property
    def is_settled(self) -> bool:
        """Whether it was answered or refused, or the asker left: nobody will read an answer any more."""
        return self._settled

    def _settle(self, value: object, error: Exception | None) -> None:
        if self._settled:
            return
        self._settled, self._value, self._error = True, value, error
        if self._open is not None:
            self._open.discard(self)
            self._open = None
        if self._asker is not None:
            trio.lowlevel.reschedule(self._asker)
            self._asker = None

    def owed_by(self, open_replies: "set[Reply[Any]]") -> None:
        """Stand in *open_replies* until settled."""
        if not self._settled:
            self._open = open_replies
            open_replies.add(self)

    def leave(self) -> None:
        """The asker has gone."""
        self._settle(None, None)

    async def wait(self) -> R:
        """The answer, or raises what it was refused with. For the one asker; a checkpoint only if it has to wait."""
        if not self._settled:
            self._asker = trio.lowlevel.current_task()

            def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
                self._asker = None
                return trio.lowlevel.Abort.SUCCEEDED

            await trio.lowlevel.wait_task_rescheduled(abort)
        if self._error is not None:
            raise self._error
        value: R = self._value
        return value
