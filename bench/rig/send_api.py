"""The load of `bench.send` by the API: texts of one member over kept-alive connections, until all are settled.

One epoll loop in the bench's own process, requests made beforehand, as in `bench.rig.load`.
"""

from __future__ import annotations

import asyncio
import json
import select
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final
from uuid import uuid4

import asyncpg

from bench.rig import cpu
from bench.rig.contenders import Running
from bench.rig.ground import SESSION
from bench.rig.load import Exchange

IN_FLIGHT: Final = 64
BATCH: Final = 200
BATCHES_IN_FLIGHT: Final = 4


def measure(
    server: Running, postgres_pid: int, threads: Sequence[int], texts: int, dsn: str, *, batches: bool
) -> dict[str, Any]:
    """*texts* after a warm-up, each in a request of its own or 200 in one. CPU is milliseconds for each text."""
    warm_up = texts // 4 // BATCH * BATCH if batches else texts // 4
    made = _batches if batches else _replies
    exchanges = [Exchange(server.port) for _ in range(BATCHES_IN_FLIGHT if batches else IN_FLIGHT)]
    _post(exchanges, made(server.port, threads, warm_up))
    _settled(dsn)
    requests = made(server.port, threads, texts)
    own, theirs, began = cpu.seconds(server.pid), cpu.seconds_with_children(postgres_pid), time.perf_counter()
    _post(exchanges, requests)
    fed_s = time.perf_counter() - began
    _settled(dsn)
    took_s = time.perf_counter() - began
    for exchange in exchanges:
        exchange.sock.close()
    return {
        "texts": texts,
        "per_s": texts / took_s,
        "fed_s": fed_s,
        "server_cpu_ms": (cpu.seconds(server.pid) - own) / texts * 1e3,
        "postgres_cpu_ms": (cpu.seconds_with_children(postgres_pid) - theirs) / texts * 1e3,
        "total": warm_up + texts,
    }


def _replies(port: int, threads: Sequence[int], count: int) -> list[bytes]:
    return [
        _request(port, f"threads/{threads[n % len(threads)]}/messages", {"cmd_id": str(uuid4()), "body": _text(n)})
        for n in range(count)
    ]


def _batches(port: int, threads: Sequence[int], count: int) -> list[bytes]:
    items = ({"cmd_id": str(uuid4()), "thread_id": threads[n % len(threads)], "body": _text(n)} for n in range(count))
    made = []
    while batch := list(islice(items, BATCH)):
        made.append(_request(port, "messages/batch", {"messages": batch}))
    return made


def _text(n: int) -> str:
    return f"Text {n:07d}: the house on Main Street is still for sale. Shall we meet there on Saturday?"


def _request(port: int, path: str, told: object) -> bytes:
    body = json.dumps(told)
    return (
        f"POST /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Origin: http://127.0.0.1:{port}\r\nCookie: threadline={SESSION}\r\nX-CSRF: 1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )


def _post(exchanges: Sequence[Exchange], requests: Sequence[bytes]) -> None:
    """All *requests*, one on each connection at a time."""
    epoll, waiting = select.epoll(), iter(requests)
    by_fd = {exchange.sock.fileno(): exchange for exchange in exchanges}
    under_way = 0
    for exchange, request in zip(exchanges, waiting, strict=False):
        epoll.register(exchange.sock, select.EPOLLIN)
        exchange.sock.send(request)
        under_way += 1
    while under_way:
        for fd, _ in epoll.poll(5.0):
            if by_fd[fd].take(by_fd[fd].sock.recv(65536)):
                under_way -= 1
                for following in islice(waiting, 1):
                    by_fd[fd].sock.send(following)
                    under_way += 1
    epoll.close()


def _settled(dsn: str) -> None:
    async def wait() -> None:
        connection = await asyncpg.connect(dsn)
        while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.02)
        await connection.close()

    asyncio.run(wait())
