"""The door as a child of the root: opened, drained, closed, and opened anew after a crash, on the same port."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import trio

from server.door.listener import Door
from server.ws.sockets import Sockets


class Front:
    """`listeners` stay bound while the server lives; each opening accepts through copies of them."""

    def __init__(
        self,
        make_door: Callable[[], Door],
        sockets: Sockets,
        listeners: Sequence[socket.socket],
        on_open: Callable[[], None],
    ) -> None:
        self._make_door, self._sockets, self._listeners, self._on_open = make_door, sockets, listeners, on_open
        self.ready = False

    async def run(self, stopping: trio.Event) -> None:
        """Requests in flight are finished first, then every socket is told to come back later."""
        door = self._make_door()
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(door.run, [listener.dup() for listener in self._listeners])
                self.ready = True
                self._on_open()
                await stopping.wait()
                self.ready = False
                nursery.start_soon(self._sockets.drain)
                await door.drain()
                await self._sockets.drain()
                door.close()
        finally:
            self.ready = False

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
