"""Servers that share limits by a book of leases, in true time: clocks that differ and drift, answers that take long,
crashes, books that are lost, and one that grants alone in between.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from server.domain.lease import MICRO, Entry, Reading, cut
from server.ports import DueRow, LimitBook
from server.ports.leases import Ask, Cuts
from server.rate.leased import LeasedLimit
from server.rate.leases import OPENS_AFTER_S
from server.rate.limit import Limit
from server.rate.pacer import Grant, Pacer
from tests.rate.world import Left

STEP_S = 0.004
ALLOWED_S = 2.0
"""What T3 allowed under an epoch that is over leaves within this."""


class Book:
    """What the scripts do, in Python: `tests/nodes/test_redis_leases.py` holds the two to each other."""

    def __init__(self, opened: int) -> None:
        self.opened = opened
        self.entries: dict[str, Entry] = {}

    def cut(self, now: int, asks: Sequence[Ask]) -> Cuts:
        begins = []
        for ask in asks:
            entry, at = cut(self.entries.get(ask.name), self.opened, now, ask.length, ask.debt)
            self.entries[ask.name] = entry
            begins.append(at)
        return Cuts(now, begins)


@dataclass(slots=True)
class Clock:
    """Seconds, ahead of true time by `ahead`, and faster by `drift`."""

    ahead: float
    drift: float

    def at(self, true: float) -> float:
        return self.ahead + true * (1 + self.drift)


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances in a second, and the longest that a question or an answer is on its way, in seconds."""

    crashes: float = 0.0
    losses: float = 0.0
    slow_s: float = 0.01
    late_s: float = 0.01


@dataclass(slots=True)
class Node:
    """One server's limiter under one epoch. `ends`: of its epoch, in true time, where that is over."""

    number: int
    clock: Clock
    pacer: Pacer
    asking: bool = False
    ends: float = math.inf
    begins: float = 0.0
    grants: list[tuple[float, int, Grant]] = field(default_factory=list)


class World:
    """`left` is what departed, in true time; `held` the stretches that were given away, as true times, by limit."""

    def __init__(self, limits: LimitBook, nodes: int, faults: Faults, random: Random) -> None:
        self.limits, self.faults, self.random = limits, faults, random
        self.now, self.left, self.changes = 0.0, list[Left](), 0
        self.held: list[tuple[str, float, float, int, int]] = []
        self._serial, self._epoch = 0, 0
        self._keeper = Clock(1e9 + random.random(), random.uniform(-4e-4, 4e-4))
        self._clocks = [Clock(random.uniform(0, 1e6), random.uniform(-4e-4, 4e-4)) for _ in range(nodes)]
        self._events: list[tuple[float, int, object]] = []
        self._rows: list[list[DueRow]] = [[] for _ in range(nodes)]
        self.book: Book | None = None
        self.nodes: list[Node] = []
        self.share(0.0)

    # Epochs

    def share(self, begins: float) -> None:
        self._epoch += 1
        self.book = Book(int(self._keeper.at(self.now) * MICRO) + int(OPENS_AFTER_S * MICRO))
        self.nodes += [self._node(number, begins, LeasedLimit) for number in range(len(self._clocks))]

    def grant_alone(self, number: int, begins: float) -> None:
        self._epoch += 1
        self.book = None
        self.nodes.append(self._node(number, begins, Limit))

    def end_epoch(self) -> None:
        """T3 allows no more of it; what it had allowed may still leave."""
        self.changes += 1
        for node in self.nodes:
            node.ends = min(node.ends, self.now + self.random.random() * ALLOWED_S)

    def _node(self, number: int, begins: float, make: type[Limit]) -> Node:
        clock = self._clocks[number]
        node = Node(number, clock, Pacer(self._epoch, make=make), begins=begins)
        node.pacer.configure(self.limits, clock.at(begins), math.inf)
        return node

    # Time

    def offer(self, number: int, *rows: DueRow) -> None:
        self._rows[number] += rows

    def run(self, until: float) -> None:
        while self.now < until:
            self._chance()
            while self._events and self._events[0][0] <= self.now:
                event = heapq.heappop(self._events)[2]
                assert callable(event)
                event()
            self.nodes = [node for node in self.nodes if node.ends > self.now]
            for node in self.nodes:
                if node.begins <= self.now:
                    self._turn(node)
            self.now += STEP_S

    def _chance(self) -> None:
        if self.random.random() < self.faults.losses * STEP_S:
            self.end_epoch()
            if self.book is None or self.random.random() < 0.5:
                self.share(self.now + OPENS_AFTER_S)
            else:
                self.grant_alone(self.random.randrange(len(self._clocks)), self.now + OPENS_AFTER_S)
        for place, node in enumerate(self.nodes):
            shares = node.ends == math.inf and self.book is not None
            if shares and self.random.random() < self.faults.crashes * STEP_S:
                self.nodes[place] = self._node(node.number, max(node.begins, self.now), LeasedLimit)

    def _turn(self, node: Node) -> None:
        local = node.clock.at(self.now)
        node.pacer.offer(self._rows[node.number], local)
        for grant in node.pacer.due(local):
            at = max(local, grant.instant) + self.random.random() * self.faults.late_s
            heapq.heappush(node.grants, (at, self._next(), grant))
        if not node.asking and self.book is not None and node.ends == math.inf:
            self._ask(node, self.book)
        while node.grants and node.grants[0][0] <= local:
            self._depart(node, heapq.heappop(node.grants)[2], local)

    def _depart(self, node: Node, grant: Grant, local: float) -> None:
        wait_s = node.pacer.depart(grant, local)
        if wait_s == math.inf:
            node.pacer.withdraw([grant.outbox_id], local)
        elif wait_s:
            heapq.heappush(node.grants, (local + wait_s, self._next(), grant))
        else:
            row = next(row for row in self._rows[node.number] if row.outbox_id == grant.outbox_id)
            self._rows[node.number].remove(row)
            keys = tuple(limit.key for limit in node.pacer.shelf.of(row.stream, local))
            self.left.append(Left(row, self.now, self.limits.day, keys))

    # The book

    def _ask(self, node: Node, book: Book) -> None:
        limits = node.pacer.asks()
        if not limits:
            return
        node.asking = True
        asked_at = node.clock.at(self.now)
        asks = [limit.ask(self.faults.slow_s) for limit in limits]

        def reach() -> None:
            cuts = book.cut(int(self._keeper.at(self.now) * MICRO), asks)

            def answered() -> None:
                node.asking = False
                reading = Reading(asked_at, node.clock.at(self.now), cuts.now)
                for limit, ask, begins in zip(limits, asks, cuts.begins, strict=True):
                    limit.answered(begins, reading)
                    self._note(node, limit, ask)
                node.pacer.answered(limits, node.clock.at(self.now))

            self._later(answered)

        self._later(reach)

    def _note(self, node: Node, limit: LeasedLimit, ask: Ask) -> None:
        for stretch in limit._held:
            true = [(at - node.clock.ahead) / (1 + node.clock.drift) for at in (stretch.begins, stretch.ends)]
            self.held.append((f"{node.pacer.epoch}:{ask.name}", true[0], true[1], node.number, id(node)))

    def _later(self, event: object) -> None:
        after_s = self.random.random() * self.faults.slow_s
        heapq.heappush(self._events, (self.now + after_s, self._next(), event))

    def _next(self) -> int:
        self._serial += 1
        return self._serial
