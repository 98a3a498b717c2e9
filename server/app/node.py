"""What a parent tells each of its nodes: the settings, the sockets that it inherits, the clock, the demo's carrier.

The plan comes as one line of JSON on the node's standard input, since it holds secrets that neither a command line nor
an environment should show. The pipe stays open after it: its end is the end of the parent.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, BinaryIO

import trio
from pydantic import BaseModel, ConfigDict, SecretStr

from server.config import Config


class NodePlan(BaseModel):
    """`listeners`: descriptors. `simulator`: where the demo's carrier listens."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    settings: Config
    listeners: tuple[int, ...]
    shift: timedelta = timedelta(0)
    simulator: str | None = None

    def inherited(self) -> list[socket.socket]:
        """The sockets, which the parent keeps too."""
        listeners = [socket.socket(fileno=fd) for fd in self.listeners]
        for listener in listeners:
            # Python takes it for a blocking one, and would make it so with the first copy, for all who share it: who
            # comes too late for a connection would then wait for the next one, with all of his tasks.
            listener.setblocking(False)
        return listeners

    def line(self) -> bytes:
        """With its secrets: for a pipe only."""
        settings: dict[str, Any] = self.settings.model_dump(mode="json", exclude_unset=True)
        for name in settings:
            value = getattr(self.settings, name)
            if isinstance(value, SecretStr):
                settings[name] = value.get_secret_value()
        written = self.model_copy(update={"settings": settings}).model_dump_json(warnings=False)
        return written.encode() + b"\n"


def read_plan(source: BinaryIO) -> NodePlan:
    """As `NodePlan.line` wrote it."""
    return NodePlan.model_validate_json(source.readline())


async def end_with_parent(end: Callable[[], None]) -> None:
    """Call *end* when nobody holds the other side of our standard input any more."""
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as held:
        while await held.receive_some(64):
            pass
    end()


def descriptors(listeners: Sequence[socket.socket]) -> tuple[int, ...]:
    return tuple(listener.fileno() for listener in listeners)
