"""What a second node gives: texts in, texts out, and pushes, of one node and of two, in turn.

Both are `threadline serve --nodes N`, with a Valkey between them, over one PostgreSQL; load, nodes, PostgreSQL, Valkey
and the carrier share the machine. Texts in: signed webhooks, 64 in flight, each durable and seen on one socket. Texts
out: by the API in batches of 200 to a light carrier, from eight numbers of one account, until each result is stored;
`shared` is two nodes that both send, under limits that they share, and `of_alone` its rate to two nodes' of which one
sends for both. Pushes: texts in one thread that
every socket has open, whichever node it is at; each must reach all. `ratio` is two nodes' rate to one's, within a
round. CPU is that of the nodes together; `cores` says how much of the machine was busy, all included: where that is all
of it, more nodes have nothing to run on. Prints one JSON line. Run it with `./test bench nodes`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import trio

from bench.rig import contenders, cpu, send_api
from bench.rig.contenders import Running
from bench.rig.crowd import Crowd
from bench.rig.figures import rounded
from bench.rig.ground import LINE, SESSION, Ground, Turn, open_ground
from bench.rig.load import Exchange
from bench.rig.texts import MARK, webhooks
from bench.send import light_carrier, prepare
from server.app.valkey import Valkey

COUNTS: Final = (1, 2)
IN_FLIGHT: Final = 64
PUSHES_IN_FLIGHT: Final = 8
_READY_WITHIN_S: Final = 120.0
_WITHIN_S: Final = 300.0
_ROOT: Final = Path(__file__).parents[1]
# An event tells of one text; a snapshot has many.
_TEXT: Final = re.compile(rb'^(?=.*"t":"event").*?' + MARK.pattern, re.DOTALL)

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """Of one run."""

    warm_up_s: float = 2.0
    closed_s: float = 6.0
    texts: int = 60_000
    sends: int = 8_000
    sockets: int = 500
    pushes: int = 400


_NUMBERS: Final = """
INSERT INTO number (workspace_id, account_id, address, rate, burst)
SELECT workspace_id, account_id, '+1312555' || 7000 + n, rate, burst FROM number, generate_series(1, 7) n WHERE id = 1;
UPDATE thread t SET number_id = (SELECT o.id FROM number o ORDER BY o.id OFFSET t.id % 8 LIMIT 1);
"""

QUICK: Final = Size(warm_up_s=0.2, closed_s=0.5, texts=10_000, sends=400, sockets=50, pushes=20)


# One round


def measure(ground: Ground, size: Size, count: int, redis_url: str) -> Figures:
    """All three, each on a fresh database. Raises RuntimeError where a text is not stored, sent or pushed once."""
    return {
        "inbound": _inbound(ground, size, count, redis_url),
        "send": _send(ground, size, count, redis_url),
        "push": _push(ground, size, count, redis_url),
        **({"shared": _send(ground, size, count, redis_url, share=True)} if count > 1 else {}),
    }


def _inbound(ground: Ground, size: Size, count: int, redis_url: str) -> Figures:
    with ground.turn() as turn, _nodes(turn, count, redis_url) as server:
        plan = {
            "port": server.port, "line": asdict(LINE), "cookie": f"threadline={SESSION}", "threads": turn.threads,
            "server_pid": server.pid, "postgres_pid": ground.pid, "in_flight": IN_FLIGHT,
            "warm_up_s": size.warm_up_s, "rate": 100.0, "open_s": 0.5, "closed_s": size.closed_s, "texts": size.texts,
        }  # fmt: skip
        used = Used(server.pid, ground.pid)
        load = subprocess.run(
            (sys.executable, "-m", "bench.rig.load"),
            input=json.dumps(plan).encode(), stdout=subprocess.PIPE, check=True, timeout=_WITHIN_S,
        )  # fmt: skip
        figures: Figures = json.loads(load.stdout)
        if (stored := ground.count_texts(turn)) != figures["texts"]:
            raise RuntimeError(f"{figures['texts']} texts were answered with 2xx, {stored} are stored")
        return {"per_s": figures["closed"]["per_s"], "p99_ms": figures["closed"]["p99_ms"], **used.told(stored)}


def _send(ground: Ground, size: Size, count: int, redis_url: str, *, share: bool = False) -> Figures:
    with ground.turn() as turn, light_carrier(0.0) as carrier:
        threads = prepare(ground, turn, carrier.port)
        ground.run(turn, _NUMBERS)
        with _nodes(turn, count, redis_url, THREADLINE_SHARE_LIMITS="1" if share else "0") as server:
            if share:
                _await_shared(ground, turn)
            used = Used(server.pid, ground.pid)
            figures = send_api.measure(server, ground.pid, threads, size.sends, turn.dsn, batches=True)
            accepted = carrier.accepted()
            if {accepted["accepted"], accepted["attempts"]} != {figures["total"]}:
                raise RuntimeError(f"{figures['total']} texts were queued, the carrier has {accepted}")
            if share and not _is_shared(ground, turn):
                raise RuntimeError("the limits were not shared to the end")
            void = ground.run(turn, "SELECT count(*) AS void FROM attempt WHERE state = 'void'")[0]["void"]
            return {"per_s": figures["per_s"], "void": void, **used.told(figures["total"])}


def _await_shared(ground: Ground, turn: Turn) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while not _is_shared(ground, turn):
        if time.monotonic() > until:
            raise RuntimeError("the nodes never shared the limits")
        time.sleep(0.2)


def _is_shared(ground: Ground, turn: Turn) -> bool:
    """Whether all grant together by now; else one grants alone, or nobody may yet."""
    return bool(ground.run(turn, "SELECT FROM limiter_authority WHERE keeper IS NOT NULL AND not_before <= now()"))


def _push(ground: Ground, size: Size, count: int, redis_url: str) -> Figures:
    with ground.turn() as turn, _nodes(turn, count, redis_url) as server:
        crowd = Crowd(server.port, [f"threadline={SESSION}"] * size.sockets, f"thread:{turn.threads[0]}", _TEXT)
        # Every text of the first handset: they all come in one thread.
        requests = [
            request
            for n, request in enumerate(webhooks(server.port, LINE, size.pushes * len(LINE.handsets)))
            if n % len(LINE.handsets) == 0
        ]
        used = Used(server.pid, ground.pid)
        took_s, to_last = hear(crowd, server.port, requests)
        crowd.close()
        frames = size.pushes * size.sockets
        return {
            "per_s": frames / took_s,
            "last_p50_ms": quantiles(to_last, n=100)[49] * 1e3,
            "last_p99_ms": quantiles(to_last, n=100)[98] * 1e3,
            **used.told(frames),
        }


class Texts:
    """When each was posted, and when the last of *size* sockets had it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._posted, self._left, self.last = dict[int, float](), dict[int, int](), dict[int, float]()

    def post(self, number: int) -> None:
        self._posted[number], self._left[number] = time.perf_counter(), self._size

    def hear(self, numbers: Iterable[int]) -> None:
        """One socket has these."""
        for number in numbers:
            self._left[number] -= 1
            if not self._left[number]:
                self.last[number] = time.perf_counter()

    def missing(self) -> int:
        """Frames that have not come."""
        return sum(self._left.values())

    def took_s(self) -> list[float]:
        return [self.last[number] - at for number, at in self._posted.items()]


def hear(crowd: Crowd, port: int, requests: Sequence[bytes]) -> tuple[float, list[float]]:
    """Post *requests*; seconds until every socket had every text, and of each from its post to the last socket."""
    exchanges = [Exchange(port) for _ in range(min(PUSHES_IN_FLIGHT, len(requests)))]
    by_fd = {exchange.sock.fileno(): exchange for exchange in exchanges}
    texts, waiting, began = Texts(crowd.size), list(reversed(requests)), time.perf_counter()

    def post(exchange: Exchange) -> None:
        if waiting:
            texts.post(_number(waiting[-1]))
            exchange.sock.send(waiting.pop())

    for exchange in exchanges:
        crowd.epoll.register(exchange.sock, select.EPOLLIN)
        post(exchange)
    until = time.monotonic() + _WITHIN_S
    while len(texts.last) < len(requests):
        if time.monotonic() > until:
            raise RuntimeError(f"{texts.missing()} frames did not come")
        for fd, _ in crowd.epoll.poll(1.0, 256):
            if fd not in by_fd:
                texts.hear(crowd.numbers(fd))
            elif by_fd[fd].take(by_fd[fd].sock.recv(65536)):
                post(by_fd[fd])
    for exchange in exchanges:
        exchange.sock.close()
    return max(texts.last.values()) - began, texts.took_s()


def _number(request: bytes) -> int:
    found = MARK.search(request.replace(b"+", b" ").replace(b"%3A", b":"))
    assert found is not None
    return int(found[1])


# The nodes


@contextmanager
def _nodes(turn: Turn, count: int, redis_url: str, **settings: str) -> Iterator[Running]:
    port = contenders.free_port()
    environment = {**os.environ, **contenders.own_environment(turn, port=port), "REDIS_URL": redis_url, **settings}
    command = (sys.executable, "-m", "server", "serve", "--nodes", str(count))
    log = _ROOT / ".cache" / "bench" / "nodes.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        parent = subprocess.Popen(
            command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, stderr=output, start_new_session=True
        )
    try:
        _await_ready(parent, log)
        yield Running(parent.pid, port)
    finally:
        parent.terminate()
        try:
            parent.wait(15.0)
        except subprocess.TimeoutExpired:
            parent.kill()
            parent.wait()


def _await_ready(parent: subprocess.Popen[bytes], log: Path) -> None:
    """All nodes serve: the parent says so."""
    assert parent.stdout is not None
    with select.epoll() as epoll:
        epoll.register(parent.stdout, select.EPOLLIN)
        said, until = b"", time.monotonic() + _READY_WITHIN_S
        while b"ready " not in said:
            if time.monotonic() > until or parent.poll() is not None:
                raise RuntimeError(f"the nodes did not serve: {log.read_text()[-2000:]}")
            for _ in epoll.poll(1.0):
                said += os.read(parent.stdout.fileno(), 4096)


class Used:
    """CPU from here on: of the parent and its nodes, of PostgreSQL, and of the whole machine."""

    def __init__(self, parent: int, postgres: int) -> None:
        self._parent, self._postgres = parent, postgres
        self._nodes, self._theirs, self._busy, self._began = self._now()

    def told(self, units: int) -> Figures:
        """For each unit, in milliseconds; and how many cores were busy."""
        nodes, theirs, busy, now = self._now()
        return {
            "nodes_cpu_ms": (nodes - self._nodes) / units * 1e3,
            "postgres_cpu_ms": (theirs - self._theirs) / units * 1e3,
            "cores": (busy - self._busy) / (now - self._began),
        }

    def _now(self) -> tuple[float, float, float, float]:
        nodes = cpu.seconds(self._parent) + sum(map(cpu.seconds, cpu.children(self._parent)))
        return nodes, cpu.seconds_with_children(self._postgres), cpu.machine_seconds(), time.monotonic()


@contextmanager
def _valkey() -> Iterator[str]:
    """Its address; it needs trio to start, and nothing afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="threadline-bench-"))
    valkey = Valkey(folder)
    trio.run(valkey.start)
    try:
        yield valkey.url
    finally:
        trio.run(valkey.stop)
        shutil.rmtree(folder)


def told(rounds: Sequence[dict[int, Figures]]) -> Figures:
    """Medians over the rounds; ratios are those within a round, since a shared machine changes all the time."""

    def of(what: str) -> Figures:
        figures: Figures = {
            str(count): {
                key: rounded(median(one[count][what][key] for one in rounds)) for key in rounds[0][count][what]
            }
            for count in COUNTS
        }
        ratio = median(one[COUNTS[1]][what]["per_s"] / one[COUNTS[0]][what]["per_s"] for one in rounds)
        return {"ratio": rounded(ratio), **figures}

    both = [one[COUNTS[1]] for one in rounds]
    shared = {key: rounded(median(one["shared"][key] for one in both)) for key in both[0]["shared"]}
    of_alone = median(one["shared"]["per_s"] / one["send"]["per_s"] for one in both)
    return {
        "bench": "nodes", **{what: of(what) for what in ("inbound", "send", "push")},
        "shared": {"of_alone": rounded(of_alone), **shared},
        "rounds": len(rounds),
        "machine_cores": os.cpu_count(), "machine_load": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of moments: whether it still runs")
    parser.add_argument("--rounds", type=int, default=None)
    asked = parser.parse_args()
    rounds: list[dict[int, Figures]] = []
    with open_ground() as ground, _valkey() as redis_url:
        for number in range(asked.rounds or (1 if asked.quick else 3)):
            counts = COUNTS if number % 2 == 0 else tuple(reversed(COUNTS))  # neither always has the cooler machine
            rounds.append({})
            for count in counts:
                rounds[-1][count] = figures = measure(ground, QUICK if asked.quick else Size(), count, redis_url)
                sys.stderr.write(f"round {number + 1}: {count} nodes: {json.dumps(figures)}\n")
    sys.stdout.write(json.dumps(told(rounds)) + "\n")


if __name__ == "__main__":
    main()
