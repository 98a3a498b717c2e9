"""What a push costs: one event to 1,000 sockets, 1,000 pushes to a user each, and the memory of a socket that waits.

The real door and socket layer in one process, without a database; the sockets are held by another process. Latency is
measured from the publication to the frame's arrival at the last socket, ten publications a second; throughput with one
publication behind the other, each sent for itself. Prints one JSON line. Run it with `./test bench fanout`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from bench.rig import cpu
from bench.rig.crowd import Crowd
from bench.rig.socket_server import THREAD
from bench.rig.texts import MARK

EVERY_S: Final = 0.1
_FRAMES_WITHIN_S: Final = 30.0
_READ: Final = re.compile(rb'"key":"read:(\d+)"')
_ROOT: Final = Path(__file__).parents[1]

Figures = dict[str, Any]


class Server:
    """The publishing process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.port: int = self.heard()

    def publish(self, what: str, first: int, count: int, every_s: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, first, count, every_s]).encode() + b"\n")
        self._process.stdin.flush()

    def heard(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def hear(server: Server, crowd: Crowd, what: str, first: int, count: int, every_s: float) -> tuple[list[float], float]:
    """Publish *count* times: seconds until the last socket had each, and from the first to the very end."""
    arrived, last = [0] * count, [0.0] * count
    until = time.monotonic() + count * every_s + _FRAMES_WITHIN_S
    server.publish(what, first, count, every_s)
    left = count * crowd.size
    while left:
        if time.monotonic() > until:
            raise RuntimeError(f"{left} of {count * crowd.size} frames did not come")
        for fd, _ in crowd.epoll.poll(1.0, 256):
            for number in crowd.numbers(fd):
                arrived[number - first] += 1
                last[number - first] = time.monotonic()
                left -= 1
    assert set(arrived) == {crowd.size}
    published = server.heard()
    return [at - begun for at, begun in zip(last, published, strict=True)], max(last) - published[0]


def measure(server: Server, *, size: int, rounds: int) -> Figures:
    """Both kinds of push, one crowd after the other."""
    before = cpu.resident_kib(server.pid)
    viewers = Crowd(server.port, ["member=1"] * size, f"thread:{THREAD}", MARK)
    idle_kib = (cpu.resident_kib(server.pid) - before) / size
    gc.disable()
    event = _pushes(server, viewers, "events", rounds)
    viewers.close()
    members = Crowd(server.port, (f"member={number}" for number in range(1, size + 1)), "user", _READ)
    user = _pushes(server, members, "marks", rounds)
    members.close()
    return {
        "bench": "fanout", "sockets": size, "event": event, "per_user": user, "kib_per_idle_socket": round(idle_kib, 1),
        "machine_load": os.getloadavg()[0],
    }  # fmt: skip


def _pushes(server: Server, crowd: Crowd, what: str, rounds: int) -> Figures:
    hear(server, crowd, what, 1, 5, 0.0)
    to_last, _ = hear(server, crowd, what, 6, rounds, EVERY_S)
    used = cpu.seconds(server.pid)
    _, took_s = hear(server, crowd, what, 6 + rounds, rounds, 0.0)
    frames = rounds * crowd.size
    return {
        "frames_per_s": round(frames / took_s),
        "frames_per_cpu_s": round(frames / (cpu.seconds(server.pid) - used)),
        "last_p50_ms": round(quantiles(to_last, n=100)[49] * 1e3, 1),
        "last_p99_ms": round(quantiles(to_last, n=100)[98] * 1e3, 1),
    }


@contextmanager
def started_server() -> Iterator[Server]:
    command = (sys.executable, "-m", "bench.rig.socket_server")
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sockets and publications")
    quick = parser.parse_args().quick
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with started_server() as server:
        figures = measure(server, size=200 if quick else 1000, rounds=20 if quick else 100)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
