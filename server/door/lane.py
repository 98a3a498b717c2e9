"""The fast lane: kept-alive connections between two webhooks, watched by one task instead of by one each.

A carrier, or the proxy before us, sends webhook after webhook over few connections. A task for each of them costs every
text two wake-ups, a deadline and a descriptor armed anew. Here one descriptor tells of all: a webhook that is there as
a whole goes by plain calls to the shared commit, and that commit writes its answer. Whatever is anything else (a head
or a body with a part missing, chunks, a page, an upgrade, an answer that the socket does not take) goes back with all
its bytes to the connection's own task, which waits meanwhile. So the lane decides nothing: the door's rules stand in
one place.
"""

from __future__ import annotations

import math
import select
from collections.abc import Callable
from functools import partial
from typing import Final

import outcome
import structlog
import trio
from trio import lowlevel

from server.door.head import Head, HeadReader, Layer, Refused
from server.door.raw_http import RawRequest, RawResponse, Start, Started, encode
from server.door.wire import READ_SIZE, Wire

_EVENTS_PER_TURN: Final = 64  # then the rest of the server has its turn
_EDGE: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET

log = structlog.get_logger()


class Kept:
    """A connection in the lane. `head` is that of the request under way, None between two requests."""

    __slots__ = ("_lane", "advancing", "fd", "head", "more", "since", "task", "unsent", "wire")

    def __init__(self, lane: FastLane, wire: Wire, task: lowlevel.Task) -> None:
        self._lane, self.wire, self.task = lane, wire, task
        self.fd = wire.sock.fileno()
        self.head: Head | None = None
        self.advancing = False
        self.more = False  # something came while a request was under way
        self.since = trio.current_time()
        self.unsent = b""

    def cancel(self) -> None:
        """End it, as one that is idle: room is needed, or the door closes."""
        self._lane.give_back(self, goes_on=False)


class FastLane:
    """*start* begins to answer a webhook. *may_stay* tells whether connections may stay open for another request."""

    def __init__(self, start: Start, *, body_limit: int, idle_s: float, may_stay: Callable[[], bool]) -> None:
        self._start, self._body_limit, self._idle_s, self._may_stay = start, body_limit, idle_s, may_stay
        self._epoll = select.epoll()
        self._kept: dict[int, Kept] = {}

    async def run(self) -> None:
        """Watch, until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._sweep)
                while True:
                    await lowlevel.wait_readable(self._epoll.fileno())
                    for fd, _ in self._epoll.poll(0, _EVENTS_PER_TURN):
                        kept = self._kept.get(fd)
                        if kept is not None:
                            self._came(kept)
        finally:
            self._epoll.close()

    async def keep(self, wire: Wire) -> bool:
        """Serve *wire*'s webhooks until something else is wanted of it: True, it is in the buffer or `wire.head`.

        False: it is over. Raises PeerGone.
        """
        kept = Kept(self, wire, lowlevel.current_task())
        self._kept[kept.fd] = kept
        wire.idle = kept
        self._epoll.register(kept.fd, _EDGE)

        def abort(_: lowlevel.RaiseCancelT) -> lowlevel.Abort:
            self._forget(kept)
            return lowlevel.Abort.SUCCEEDED

        goes_on: bool = await lowlevel.wait_task_rescheduled(abort)
        if kept.unsent:
            await wire.send(kept.unsent)
        return goes_on

    def give_back(self, kept: Kept, *, goes_on: bool) -> None:
        """Let its own task go on with it."""
        if self._forget(kept):
            lowlevel.reschedule(kept.task, outcome.Value(goes_on))

    def _forget(self, kept: Kept) -> bool:
        if self._kept.pop(kept.fd, None) is None:
            return False
        if not self._epoll.closed:
            self._epoll.unregister(kept.fd)
        kept.wire.idle = None
        return True

    async def _sweep(self) -> None:
        """Nobody's deadline is armed for each request: those that were idle for too long are found by a look."""
        while True:
            await trio.sleep(self._idle_s / 8 if math.isfinite(self._idle_s) else math.inf)
            long_ago = trio.current_time() - self._idle_s
            for kept in [kept for kept in self._kept.values() if kept.head is None and kept.since <= long_ago]:
                self.give_back(kept, goes_on=False)

    # One connection

    def _came(self, kept: Kept) -> None:
        """Bytes, or the end of the stream. Answers keep the order of the requests: what comes too early waits."""
        if kept.head is not None:
            kept.more = True
            return
        try:
            data = kept.wire.sock.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.give_back(kept, goes_on=False)
            return
        kept.more = len(data) == READ_SIZE
        kept.wire.buffer += data
        self._advance(kept)

    def _advance(self, kept: Kept) -> None:
        """Begin with what is in the buffer, one request after the other, until one has to wait for its answer."""
        kept.advancing = True
        while kept.head is None and kept.fd in self._kept and kept.wire.buffer:
            self._next(kept)
        kept.advancing = False
        if kept.more and kept.head is None and kept.fd in self._kept:
            kept.more = False
            self._epoll.modify(kept.fd, _EDGE)  # told again at the next turn, if there is something

    def _next(self, kept: Kept) -> None:
        """Begin with the first request in the buffer, or give the connection back where this lane is not for it."""
        wire = kept.wire
        try:
            head = HeadReader().take(wire.buffer)
        except Refused:
            head = None  # its own task reads it once more, and says why
        if head is None or not self._is_whole_webhook(head, wire.buffer):
            wire.head = head
            self.give_back(kept, goes_on=True)
            return
        length = head.length or 0
        body = bytes(wire.buffer[:length])
        del wire.buffer[:length]
        kept.head, wire.idle = head, None
        request = RawRequest(head.method, head.target, head.headers, body, wire.peer)
        try:
            started = self._start(request, partial(self._answer, kept, head))
        except Exception:
            log.exception("a webhook failed", path=head.path.decode())
            started = RawResponse(500)
        if isinstance(started, RawResponse):
            self._answer(kept, head, started)
        elif started is Started.NOT_HERE:
            wire.request, wire.head = request, head
            self.give_back(kept, goes_on=True)

    def _is_whole_webhook(self, head: Head, buffer: bytearray) -> bool:
        length = head.length or 0
        return (
            head.layer is Layer.WEBHOOKS
            and head.keep_alive
            and head.version == "1.1"
            and head.method == b"POST"
            and not (head.chunked or head.expects_continue)
            and length <= self._body_limit
            and length <= len(buffer)
        )

    def _answer(self, kept: Kept, head: Head, response: RawResponse) -> None:
        """Write the answer and go on with what has come meanwhile."""
        if kept.head is not head or kept.fd not in self._kept:
            return  # the door was closed meanwhile
        stays = self._may_stay()
        answer = encode(response, keep_alive=stays)
        try:
            sent = kept.wire.sock.send(answer)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.give_back(kept, goes_on=False)
            return
        kept.head, kept.wire.idle, kept.since = None, kept, trio.current_time()
        if sent < len(answer) or not stays:
            kept.unsent, kept.wire.lingers = answer[sent:], not stays
            self.give_back(kept, goes_on=stays)
        elif not kept.advancing and (kept.more or kept.wire.buffer):
            self._advance(kept)
