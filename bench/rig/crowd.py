"""Many sockets that listen to one channel, held by one thread: each frame is looked at for the number that it bears."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterable, Iterator
from typing import Final

from bench.rig.socket_client import connect, encode, take_frames

_READ: Final = 65536


class Crowd:
    """A socket for each of *cookies*. The first group of *mark* is the number of a publication in a frame."""

    def __init__(self, port: int, cookies: Iterable[str], channel: str, mark: re.Pattern[bytes]) -> None:
        self._mark = mark
        self._socks: dict[int, tuple[socket.socket, bytearray]] = {}
        self.epoll = select.epoll()
        for cookie in cookies:
            sock = connect(port, cookie)
            sock.sendall(encode({"t": "subscribe", "id": 1, "ch": channel}))
            self._socks[sock.fileno()] = (sock, bytearray())
            _await_opening(sock)
            sock.setblocking(False)
            self.epoll.register(sock, select.EPOLLIN)

    @property
    def size(self) -> int:
        return len(self._socks)

    def numbers(self, fd: int) -> Iterator[int]:
        """Of the whole frames that have come to *fd*. Raises RuntimeError where the server has closed it."""
        sock, buffer = self._socks[fd]
        buffer += _received(sock)
        for frame in take_frames(buffer):
            if (found := self._mark.search(frame)) is not None:
                yield int(found[1])

    def close(self) -> None:
        for sock, _ in self._socks.values():
            sock.close()
        self.epoll.close()


def _await_opening(sock: socket.socket) -> None:
    buffer = bytearray()
    while True:
        buffer += _received(sock)
        if any(b'"t":"snapshot"' in frame for frame in take_frames(buffer)):
            return


def _received(sock: socket.socket) -> bytes:
    data = sock.recv(_READ)
    if not data:
        raise RuntimeError("the server closed a socket")
    return data
