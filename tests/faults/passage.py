"""The way of the servers to PostgreSQL or Redis: through here, so that one process can be cut from it and no other.

A connection is known by the process that holds its other end (Linux tells it). Who is cut silently keeps what was
connected and hears nothing; what was said meanwhile arrives when the cut ends, as from a network that comes back. Who
is cut openly loses every connection and gets no new one.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal

import trio

How = Literal["silently", "openly"]

_READ: Final = 65_536
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: a reset, and nothing kept in the kernel


@dataclass(eq=False)
class _Held:
    """A connection and who holds its other end; 0 is nobody that can be cut."""

    pid: int
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


class Passage:
    """*target* gives a stream to the other side; *processes* are those that may be cut."""

    def __init__(
        self, target: Callable[[], Awaitable[trio.SocketStream]], processes: Callable[[], Collection[int]]
    ) -> None:
        self._target, self._processes = target, processes
        self._cut: dict[int, How] = {}
        self._mended = trio.Event()
        self._held: set[_Held] = set()
        self.port = 0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._carry, listeners)

    def cut(self, pid: int, how: How) -> None:
        """From now on, until `mend`."""
        self._cut[pid] = how
        if how == "openly":
            self._drop(lambda held: held.pid == pid)

    def mend(self, pid: int) -> None:
        self._cut.pop(pid, None)
        self._mended.set()
        self._mended = trio.Event()

    def drop_all(self) -> None:
        """Everybody loses what is connected, and may connect anew."""
        self._drop(lambda held: True)

    def _drop(self, whom: Callable[[_Held], bool]) -> None:
        for held in self._held:
            if whom(held):
                held.scope.cancel()

    async def _carry(self, near: trio.SocketStream) -> None:
        with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            await self._carry_on(near)

    async def _carry_on(self, near: trio.SocketStream) -> None:
        held = _Held(holder(near.socket.getpeername()[1], self._processes()))
        self._held.add(held)
        try:
            with held.scope:
                if self._cut.get(held.pid) == "openly":
                    held.scope.cancel()
                    return
                await self._open(held.pid)
                async with await self._target() as far, trio.open_nursery() as nursery:
                    for source, sink in ((near, far), (far, near)):
                        nursery.start_soon(partial(self._pump, source, sink, held.pid, nursery.cancel_scope))
        finally:
            self._held.discard(held)
            if held.scope.cancel_called:
                with suppress(OSError):
                    near.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(near)

    async def _pump(
        self, source: trio.SocketStream, sink: trio.SocketStream, pid: int, all_of_it: trio.CancelScope
    ) -> None:
        """One way, until either side ends."""
        try:
            while data := await source.receive_some(_READ):
                await self._open(pid)
                await sink.send_all(data)
            await self._open(pid)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        all_of_it.cancel()

    async def _open(self, pid: int) -> None:
        while self._cut.get(pid) == "silently":
            await self._mended.wait()


def holder(port: int, processes: Collection[int]) -> int:
    """Which of *processes* has a TCP socket on 127.0.0.1:*port* as its own; 0: none of them."""
    wanted = f"socket:[{inode}]" if (inode := _inode(port)) else ""
    for pid in processes if wanted else ():
        folder = f"/proc/{pid}/fd"
        with suppress(OSError):  # it has ended, or closed one meanwhile
            for fd in os.listdir(folder):
                with suppress(OSError):
                    if os.readlink(f"{folder}/{fd}") == wanted:
                        return pid
    return 0


def _inode(port: int) -> str:
    mine = f"0100007F:{port:04X}"
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == mine and fields[9] != "0":
            return fields[9]
    return ""
