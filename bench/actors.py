"""What the actor runtime costs: tells, asks, and memory per hot and per passivated key. Prints one JSON line.

`python bench/actors.py [--quick]`. One process, real clock, no I/O: the figures are an upper bound for product actors.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
import trio

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from server.actors.runtime import Actor, Registry, Reply, Resident, Supervisor, Timers

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Ping:
    """Counted, and answered if somebody asks."""

    reply: Reply[int] | None = None


class Counts(Actor[Ping]):
    def __init__(self) -> None:
        self.count = 0
        self.until = 0
        self.reached = trio.Event()

    async def handle(self, message: Ping) -> None:
        self.count += 1
        if message.reply is not None:
            message.reply.answer(self.count)
        if self.count == self.until:
            self.reached.set()

    def expect(self, more: int) -> trio.Event:
        self.until, self.reached = self.count + more, trio.Event()
        return self.reached


class Answers(Actor[Ping]):
    """As little as an actor can be, to weigh the runtime alone."""

    __slots__ = ()

    async def handle(self, message: Ping) -> None:
        if message.reply is not None:
            message.reply.answer(1)


async def tells(counts: Counts, resident: Resident[Ping], n: int) -> Figures:
    """One sender that waits its turn with each tell, against bursts of 500 without waiting."""
    ref, ping = resident.ref, Ping()
    reached, began = counts.expect(n), time.perf_counter()
    for _ in range(n):
        await ref.tell(ping)
    await reached.wait()
    single = n / (time.perf_counter() - began)
    began = time.perf_counter()
    for _ in range(n // 500):
        reached = counts.expect(500)
        for _ in range(500):
            ref.tell_nowait(ping)
        await reached.wait()
    return {"tell_per_s": single, "tell_burst_per_s": n / (time.perf_counter() - began)}


async def asks(resident: Resident[Ping], n: int) -> Figures:
    """One asker after another, then 50 side by side."""
    took = []
    for _ in range(n):
        began = time.perf_counter()
        answer: int = await resident.ref.ask(Ping, timeout_s=10)
        took.append(time.perf_counter() - began)
        assert answer
    took.sort()

    async def asker() -> None:
        for _ in range(n // 50):
            await resident.ref.ask(Ping, timeout_s=10)

    began = time.perf_counter()
    async with trio.open_nursery() as askers:
        for _ in range(50):
            askers.start_soon(asker)
    rate = n / (time.perf_counter() - began)
    return {"ask_per_s": rate, "ask_p50_us": took[n // 2] * 1e6, "ask_p99_us": took[n * 99 // 100] * 1e6}


def resident_bytes() -> int:
    """This process's resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def memory(registry: Registry[int, Ping], n: int, idle_s: float) -> Figures:
    """Resident memory per hot idle key; what the registry keeps, and how many objects stay, per key once passivated."""
    gc.collect()
    objects, before, began = len(gc.get_objects()), resident_bytes(), time.perf_counter()
    for key in range(n):
        registry.ref(key).tell_nowait(Ping())
    for _ in range(3):
        await trio.lowlevel.checkpoint()
    activated = time.perf_counter() - began
    gc.collect()
    hot = resident_bytes()
    hot_keys = registry.hot
    with trio.move_on_after(idle_s * 10):
        while registry.hot:  # noqa: ASYNC110 - passivation has no event, and none is needed but here
            await trio.sleep(idle_s / 10)
    gc.collect()
    left = sum(sys.getsizeof(part) for part in (registry._hot, registry._leaving, registry._quarantined))
    return {
        "activate_per_s": n / activated,
        "hot_keys": hot_keys,
        "bytes_per_hot_idle": (hot - before) / n,
        "bytes_per_passivated": left / n,
        "objects_per_passivated": (len(gc.get_objects()) - objects) / n,
    }


async def timers(timers: Timers, n: int) -> Figures:
    """Arm, cancel every other, fire the rest."""
    began = time.perf_counter()
    soon = trio.current_time() + 1e9
    armed = [timers.at(soon + i % 977, list) for i in range(n)]
    for timer in armed[::2]:
        timer.cancel()
    arming = time.perf_counter() - began
    for timer in armed:
        timer.cancel()
    done, left = trio.Event(), [n]

    def fire() -> None:
        left[0] -= 1
        if not left[0]:
            done.set()

    for _ in range(n):
        timers.at(0.0, fire)
    began = time.perf_counter()
    await done.wait()
    return {"timer_arm_cancel_per_s": n / arming, "timer_fire_per_s": n / (time.perf_counter() - began)}


async def measure(*, quick: bool) -> Figures:
    """Everything, in one tree."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    n, keys, idle_s = (20_000, 5_000, 1.0) if quick else (500_000, 20_000, 10.0)
    counts = Counts()
    resident = Resident("counts", lambda: counts)
    registry: Registry[int, Ping] = Registry("keys", lambda _: Answers(), idle_s=idle_s, hot_limit=1_000_000)
    clock = Timers()
    root = Supervisor("bench", [clock.spec(), resident.spec(), registry.spec()])
    figures: Figures = {"n": n, "keys": keys}
    parts: list[Callable[[], Awaitable[Figures]]] = [
        lambda: tells(counts, resident, n),
        lambda: asks(resident, n // 10),
        lambda: memory(registry, keys, idle_s),
        lambda: timers(clock, 100_000),
    ]
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run_root)
        for part in parts:
            figures |= await part()
        root.stop()
    return {name: round(value, 2) for name, value in figures.items()}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of a minute, and noisier")
    sys.stdout.write(json.dumps(trio.run(lambda: measure(quick=parser.parse_args().quick))) + "\n")


if __name__ == "__main__":
    main()
