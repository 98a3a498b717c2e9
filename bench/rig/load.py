"""The load of `bench.inbound`, in a process of its own: webhooks over kept-alive connections, frames on one socket.

One epoll loop, requests made beforehand, no collector: it must never be what limits the server. Reads a plan as JSON
from its input and prints what it measured as JSON. `busy` says how much of a core it used.
"""

from __future__ import annotations

import gc
import json
import random
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any, Final

import httptools

from bench.rig import cpu
from bench.rig.socket_client import connect, encode, take_frames
from bench.rig.texts import MARK, Line, webhooks

_FRAMES_WITHIN_S: Final = 5.0


@dataclass(slots=True)
class Plan:
    """`texts` is how many webhooks are made; a phase that has none left ends early and says so."""

    port: int
    line: Line
    cookie: str
    threads: list[int]
    server_pid: int
    postgres_pid: int
    in_flight: int
    warm_up_s: float
    rate: float
    open_s: float
    closed_s: float
    texts: int


class Exchange:
    """One kept-alive connection with at most one request under way. `text` is its number, None while idle."""

    __slots__ = ("done", "parser", "sock", "status", "text")

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.text: int | None = None
        self.done = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_complete(self) -> None:
        self.status = self.parser.get_status_code()
        self.done = True

    def take(self, data: bytes) -> bool:
        """Whether the answer is complete now. Raises where it is not a 2xx, or where the connection was closed."""
        if not data:
            raise RuntimeError("the server closed a connection")
        self.parser.feed_data(data)
        if not self.done:
            return False
        if not 200 <= self.status < 300:
            raise RuntimeError(f"the server answered {self.status}")
        self.done, self.parser = False, httptools.HttpResponseParser(self)
        return True


@dataclass(slots=True)
class Phase:
    """When each text left, was answered and was seen, by its number."""

    sent: dict[int, float] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    seen: dict[int, float] = field(default_factory=dict)


class Load:
    """Opens its connections at once and subscribes to all threads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = webhooks(plan.port, plan.line, plan.texts)
        self._next = 0
        self._epoll = select.epoll()
        self._by_fd: dict[int, Exchange] = {}
        self._idle = [self._open() for _ in range(plan.in_flight)]
        self._ws = connect(plan.port, plan.cookie)
        self._frames = bytearray()
        self._subscribe()
        self._ws.setblocking(False)
        self._epoll.register(self._ws, select.EPOLLIN)
        self._phase = Phase()

    def run(self) -> dict[str, Any]:
        self._closed(self._plan.warm_up_s)
        self._finish()
        return {
            "open": self._measured(lambda: self._open_loop(self._plan.open_s)),
            "closed": self._measured(lambda: self._closed(self._plan.closed_s)),
            "texts": self._next,
        }

    # Phases

    def _measured(self, phase: Any) -> dict[str, float]:
        plan, self._phase = self._plan, Phase()
        server, postgres = cpu.seconds(plan.server_pid), cpu.seconds_with_children(plan.postgres_pid)
        began, own = time.perf_counter(), time.process_time()
        phase()
        busy = (time.process_time() - own) / (time.perf_counter() - began)
        self._finish()
        texts = len(self._phase.sent)
        return {
            **_told(self._phase),
            "busy": busy,
            "server_cpu_s": (cpu.seconds(plan.server_pid) - server) / texts * 1000,
            "postgres_cpu_s": (cpu.seconds_with_children(plan.postgres_pid) - postgres) / texts * 1000,
        }

    def _closed(self, seconds: float) -> None:
        """As many requests in flight as there are connections, for *seconds*."""
        until = time.perf_counter() + seconds
        for exchange in tuple(self._idle[: self._plan.in_flight]):
            self._idle.remove(exchange)
            self._send(exchange)
        while time.perf_counter() < until and self._next < len(self._requests):
            for exchange in self._answers(0.1):
                if self._next < len(self._requests):
                    self._send(exchange)
                else:
                    self._idle.append(exchange)

    def _open_loop(self, seconds: float) -> None:
        """Texts come as they do in life, at random, whatever became of the ones before them."""
        chance = random.Random(200)  # noqa: S311 - the same arrivals for every server
        due = time.perf_counter()
        until = due + seconds
        while due < until and self._next < len(self._requests):
            while (left := due - time.perf_counter()) > 0:
                self._idle.extend(self._answers(left))
            self._send(self._idle.pop() if self._idle else self._open())
            due += chance.expovariate(self._plan.rate)

    def _finish(self) -> None:
        """Let what is under way be answered and seen."""
        until = time.perf_counter() + _FRAMES_WITHIN_S
        phase = self._phase
        while len(phase.answered) < len(phase.sent) or len(phase.seen) < len(phase.sent):
            if time.perf_counter() > until:
                raise RuntimeError(f"{len(phase.sent)} sent, {len(phase.answered)} answered, {len(phase.seen)} seen")
            self._idle.extend(self._answers(0.1))

    # The wire

    def _open(self) -> Exchange:
        exchange = Exchange(self._plan.port)
        self._by_fd[exchange.sock.fileno()] = exchange
        self._epoll.register(exchange.sock, select.EPOLLIN)
        return exchange

    def _send(self, exchange: Exchange) -> None:
        exchange.text = n = self._next
        self._next += 1
        self._phase.sent[n] = time.perf_counter()
        exchange.sock.send(self._requests[n])

    def _answers(self, timeout_s: float) -> list[Exchange]:
        """Connections whose answer is complete; frames are taken on the way."""
        free = []
        for fd, _ in self._epoll.poll(timeout_s):
            exchange = self._by_fd.get(fd)
            if exchange is None:
                self._take_frames()
            elif exchange.take(exchange.sock.recv(65536)):
                assert exchange.text is not None
                self._phase.answered[exchange.text] = time.perf_counter()
                free.append(exchange)
        return free

    def _take_frames(self) -> None:
        self._frames += self._ws.recv(1 << 20)
        now = time.perf_counter()
        for frame in take_frames(self._frames):
            if (mark := MARK.search(frame)) is not None:
                self._phase.seen[int(mark[1])] = now

    def _subscribe(self) -> None:
        waiting = len(self._plan.threads)
        for number, thread_id in enumerate(self._plan.threads):
            self._ws.sendall(encode({"t": "subscribe", "id": number, "ch": f"thread:{thread_id}"}))
        while waiting:
            self._frames += self._ws.recv(65536)
            waiting -= sum(b'"t":"subscribed"' in frame for frame in take_frames(self._frames))


def _told(phase: Phase) -> dict[str, float]:
    took_s = max(phase.answered.values()) - min(phase.sent.values())
    to_answer = quantiles([phase.answered[n] - at for n, at in phase.sent.items()], n=100)
    to_frame = quantiles([phase.seen[n] - at for n, at in phase.sent.items()], n=100)
    return {
        "texts": len(phase.sent),
        "per_s": len(phase.sent) / took_s,
        "p50_ms": to_frame[49] * 1e3,
        "p99_ms": to_frame[98] * 1e3,
        "answer_p50_ms": to_answer[49] * 1e3,
        "answer_p99_ms": to_answer[98] * 1e3,
    }


def main() -> None:
    given = json.load(sys.stdin)
    line = given.pop("line")
    load = Load(Plan(line=Line(**{**line, "handsets": tuple(line["handsets"])}), **given))
    gc.disable()
    json.dump(load.run(), sys.stdout)


if __name__ == "__main__":
    main()
