"""Keeps PostgreSQL's sessions over the tests of one run, below asyncpg: each test has connections of its own.

A new session compiles every function and loads every table's description again, half of what a test of the store costs.
So a connection that says goodbye leaves its socket here, and the next one that begins with the same words continues on
it: it is greeted with what the server said to the first. In between the session forgets all that a client can leave in
it but what it compiled. A connection that breaks, is cut, or is left in the middle of something ends as it always does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from server.store import bridge

_GOODBYE = b"X\x00\x00\x00\x04"
_FORGET = (
    b"CLOSE ALL; DEALLOCATE ALL; RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *;"
    b"SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES\x00"
)
_IDLE = b"Z\x00\x00\x00\x05I"  # ready, and in no transaction
_KEY, _ERROR = b"KE"
_ANSWER_S = 10.0


@dataclass
class _Session:
    opening: bytes  # names user, database and settings
    greeting: bytes
    socket: socket.socket


class KeptSessions:
    """The free sessions of the server whose unix socket is *path*."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.keeping = True
        self._free: list[_Session] = []

    @property
    def pids(self) -> list[int]:
        """The server processes of the free sessions."""
        return [pid for one in self._free for kind, body in _messages(one.greeting) if kind == _KEY
                for pid in struct.unpack_from("!i", body)]  # fmt: skip

    def take(self, opening: bytes) -> tuple[bytes, socket.socket] | None:
        """The greeting and the socket of a session that was opened with the same words, the last one first."""
        wanted = [one for one in reversed(self._free) if one.opening == opening] if self.keeping else []
        for session in wanted:
            self._free.remove(session)
            if _has_forgotten(session.socket):
                return session.greeting, session.socket
            session.socket.close()
        return None

    def give(self, opening: bytes, greeting: bytes, line: socket.socket) -> None:
        """Keep what a client left, if the server still listens, unless none are kept now."""
        if not self.keeping:
            line.close()
            return
        try:
            line.sendall(b"Q" + struct.pack("!i", len(_FORGET) + 4) + _FORGET)
        except OSError:
            line.close()
        else:
            self._free.append(_Session(opening, greeting, line))

    def end(self, database: str | None = None) -> None:
        """End the free sessions, those of *database* only where it is named."""
        ending = [one for one in self._free if database is None or b"\0%b\0" % database.encode() in one.opening]
        for session in ending:
            self._free.remove(session)
            session.socket.close()

    @contextlib.contextmanager
    def none(self) -> Iterator[None]:
        """While this is open, each connection is a session of its own: one that was told to end, and had not heard it
        yet, would greet the next client.
        """
        self.end()
        self.keeping = False
        try:
            yield
        finally:
            self.keeping = True

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """While this is open, every bridge to asyncio connects through here."""
        plain, kept = bridge._Loop, self

        class Loop(plain):  # type: ignore[misc, valid-type]  # the class that is there, whichever
            async def create_unix_connection(self, factory: Callable[[], Any], path: str, **more: Any) -> Any:
                if path != kept.path or more:
                    return await super().create_unix_connection(factory, path, **more)
                seam = _Seam(factory(), kept)
                return await seam.connect(super().create_unix_connection)

        bridge._Loop = Loop  # type: ignore[misc]
        try:
            yield
        finally:
            bridge._Loop = plain  # type: ignore[misc]
            self.end()


class _Seam(asyncio.Protocol):
    """Between a client's protocol, for which this is the transport, and a session, for which it is the protocol."""

    def __init__(self, client: Any, kept: KeptSessions) -> None:
        self._client = client
        self._kept = kept
        self._opening = self._greeting = b""
        self._line: Any = None
        self._greeted = self._idle = False

    async def connect(self, connect: Callable[..., Any]) -> tuple[_Seam, Any]:
        """The pair that asyncio's own would give."""
        self._client.connection_made(self)  # it writes its opening
        found = self._kept.take(self._opening)
        if found is None:
            self._line, _ = await connect(lambda: self, self._kept.path)
            self._line.write(self._opening)
        else:
            self._greeted, self._idle, self._greeting = True, True, found[0]
            self._line, _ = await connect(lambda: self, sock=found[1])
            self._client.data_received(self._greeting)
        return self, self._client

    # For the client

    def write(self, said: Any) -> None:
        if self._line is None:
            self._opening += bytes(said)
        elif self._idle and len(said) == len(_GOODBYE) and bytes(said) == _GOODBYE:
            left = socket.socket(fileno=os.dup(self._line.get_extra_info("socket").fileno()))
            self._kept.give(self._opening, self._greeting, left)
            self._line.abort()  # of this end only: the client hears that its connection is lost, as it is
        else:
            self._idle = False
            self._line.write(said)

    def writelines(self, said: Iterable[Any]) -> None:
        self._idle = False
        self._line.writelines(said)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self._line is None else self._line.get_extra_info(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    # For the session

    def data_received(self, data: bytes) -> None:
        if not self._greeted:
            self._greeting += data
            self._greeted = data.endswith(_IDLE)
        self._idle = data.endswith(_IDLE)
        self._client.data_received(data)

    def eof_received(self) -> Any:
        return self._client.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._client.connection_lost(error)

    def pause_writing(self) -> None:
        self._client.pause_writing()

    def resume_writing(self) -> None:
        self._client.resume_writing()


def _messages(said: bytes) -> Iterator[tuple[int, bytes]]:
    """The whole messages of a server, each as its kind and body."""
    at = 0
    while at + 5 <= len(said):
        end = at + 1 + int.from_bytes(said[at + 1 : at + 5], "big")
        if end > len(said):
            return
        yield said[at], said[at + 5 : end]
        at = end


def _has_forgotten(line: socket.socket) -> bool:
    """Whether the session answered, to the end and without an error, that it forgot its last client."""
    said = b""
    line.settimeout(_ANSWER_S)
    with contextlib.suppress(OSError):
        while more := line.recv(65536):
            said += more
            if said.endswith(_IDLE):
                return all(kind != _ERROR for kind, _ in _messages(said))
    return False
