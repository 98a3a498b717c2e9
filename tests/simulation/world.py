"""A seed's world: two machines at most, one database, one carrier, some people; run until it rests, then judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final
from uuid import UUID

import trio

from server.domain.carrier import InboundText, Receipt
from server.domain.delivery import State
from server.domain.messages import Announcement
from server.domain.verdict import Reason
from server.ports import Account, MoArrival, Number
from tests.simulation import scheduler
from tests.simulation.carrier import Carrier
from tests.simulation.judge import judge
from tests.simulation.machine import Host, HostClock, Process
from tests.simulation.memory import Memory
from tests.simulation.node import SimNode
from tests.simulation.people import live, settle
from tests.simulation.plan import ACCOUNT, TROUBLE_S, Hitch, Plan
from tests.simulation.recovery import Recovery
from tests.simulation.tables import WORKSPACE, Authority, Outbox, Tables
from tests.simulation.trace import Trace

LONGEST_S: Final = 2_000.0
BRAND_ID: Final = 1
_RESTING: Final = {State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNCONFIRMED, State.REJECTED,
                   State.BLOCKED, State.CANCELLED, State.EXPIRED}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one seed."""

    seed: int
    events: int
    accepted: int
    unknown: int
    unconfirmed: int
    stops: int
    reviews: int
    revoked: int
    decided: int
    replied: int
    recalled: int
    capped_days: int
    crashes: int
    takeovers: int
    digest: str
    violations: Sequence[str]
    trace: Sequence[str]


class World:
    """Everything of one seed. `troubled` while things may go wrong."""

    nursery: trio.Nursery
    violations: list[str]

    def __init__(self, seed: int) -> None:
        self.plan = plan = Plan(seed)
        self.trace = Trace()
        self.ids: Random = plan.stream("ids")
        self._coin: Random = plan.stream("coin")
        brand = BRAND_ID if plan.branded else None
        numbers = [Number(i, WORKSPACE, ACCOUNT, *one, brand) for i, one in enumerate(plan.numbers, 1)]
        account = Account(ACCOUNT, WORKSPACE, "simulator", "AC1", "secret", "http://127.0.0.1:9")
        self.clock = HostClock(plan.start)
        self.tables = Tables([account], numbers, Authority(plan.start, plan.start))
        self.tables.brands = {BRAND_ID: plan.day_cap} if plan.branded else {}
        self.tables.campaigns = dict.fromkeys(range(1, plan.campaigns + 1), "active")
        self.memory = Memory(
            self.tables, self.clock.real, lambda: self.ids.randbytes(10),
            cap=plan.cap, opt_in_required=plan.opt_in_required,
        )  # fmt: skip
        self.recovery = Recovery(self.memory, plan.ladder_s[0])
        self.carrier = Carrier(
            self, plan.stream("carrier"), plan.carrier_faults,
            callback_token=plan.callback_token, answers=plan.carrier_answers,
        )  # fmt: skip
        hosts = ("ada", "bob") if plan.second_host else ("ada",)
        self.hosts = [Host(name, plan.stream(name), plan.disk_faults, HostClock(plan.start)) for name in hosts]
        self.nodes: list[SimNode] = []
        self.kills_left, self.crashes, self._pids = plan.kills, 0, 0
        self.troubled = True
        self.lost_journals: set[int] = set()
        self.stops: list[tuple[int, float]] = []
        self.marks: set[UUID] = set()
        self.broken: list[str] = []
        self.decided = 0  # texts that were held, by a person

    async def run(self) -> None:
        """Until everything rests, or `LONGEST_S` have passed."""
        for address in self.plan.contacts:
            number = self.ids.choice(self.tables.numbers)
            text = InboundText(f"hello {address}", address, number.address, "Hello")
            self.memory.record_mo(MoArrival(ACCOUNT, text, None), self.clock.wall())
        async with trio.open_nursery() as self.nursery:
            for host in self.hosts:
                self.nursery.start_soon(self._keep_running, host)
            for at, shift in self.plan.jumps:
                self.nursery.start_soon(self._jump, at, shift)
            await live(self)
            await trio.sleep_until(TROUBLE_S)
            self._heal()
            self.nursery.start_soon(settle, self)
            with trio.move_on_after(LONGEST_S):
                while not self.rests():  # noqa: ASYNC110 - no event tells of rest, and time costs nothing here
                    await trio.sleep(1.0)  # of virtual time
            self.violations = judge(self) + self.broken
            self.nursery.cancel_scope.cancel()

    # Machines

    async def _keep_running(self, host: Host) -> None:
        chance = self.plan.stream(f"restarts {host.name}")
        await trio.sleep(chance.uniform(0, 1))
        while True:
            self._pids += 1
            process = Process(f"{host.name}{self._pids}", self._pids)
            host.alive[process.pid] = process
            node = SimNode(self, host, process)
            self.nodes.append(node)
            if self.troubled and self.plan.kills and chance.random() < 0.5:
                self.nursery.start_soon(self._end, node, chance.uniform(1, TROUBLE_S), chance.random() < 0.5)
            await node.run()
            self._after_death(host, node, chance)
            await trio.sleep(chance.choice((0.1, 2.0, 8.0)) * chance.random())

    async def _end(self, node: SimNode, after_s: float, in_order: bool) -> None:
        await trio.sleep(after_s)
        if not self.troubled or node.process.dead:
            return
        if in_order:
            node.stopping.set()
        else:
            self.kill(node.process)

    def _after_death(self, host: Host, node: SimNode, chance: Random) -> None:
        lot = chance.random() if self.troubled and self.plan.disk_faults and hasattr(node, "node") else 1.0
        if lot < 0.2:
            host.lose_journal([node.node.journal_id])
            self.lost_journals.add(node.node.gen)
        elif lot < 0.3:
            host.boots += 1
            self.lost_journals.update(n.gen for n in self.tables.nodes.values() if n.host == host.name)

    async def _jump(self, at: float, shift: object) -> None:
        await trio.sleep(at)
        host = self.ids.choice(self.hosts)
        host.clock.shift += shift  # type: ignore[operator]  # a timedelta
        self.trace.note(host.name, f"its clock jumps by {shift}")

    def kill(self, process: Process) -> None:
        if process.dead or self.kills_left <= 0:
            return
        self.kills_left -= 1
        self.crashes += 1
        self.trace.note(process.name, "is killed")
        process.kill()

    def gone(self, node: SimNode) -> None:
        self.trace.note(node.process.name, "is gone")
        self.nodes.remove(node)

    def _heal(self) -> None:
        self.trace.note("world", "is well again")
        self.troubled = False
        for host in self.hosts:
            host.faults = 0.0

    # What the ports ask

    def hitch(self) -> Hitch:
        return self.plan.hitch(troubled=self.troubled)

    def coin(self) -> bool:
        return self._coin.random() < 0.5

    def database_is_away(self) -> bool:
        now = trio.current_time()
        return any(at <= now < at + for_s for at, for_s in self.plan.outages)

    def dies_at_first_byte(self, process: Process) -> bool:
        if self.troubled and self.kills_left and self._coin.random() < 0.03:
            self.kill(process)
        return process.dead

    def marked(self, process: Process, attempt_id: UUID) -> None:
        self.marks.add(attempt_id)
        self.trace.note(process.name, f"journal marks {attempt_id}")
        if self.troubled and self.kills_left and self._coin.random() < 0.02:
            self.kill(process)

    def announce(self, process: Process, told: Sequence[Announcement]) -> None:
        if self.troubled and self._coin.random() < self.plan.lost_hints:
            return
        for node in self.nodes:
            if node.process is process and node.up:
                node.announce(told)

    def someone(self) -> SimNode | None:
        """A server that takes requests now."""
        up = [node for node in self.nodes if node.up]
        return self._coin.choice(up) if up else None

    async def post_text(self, text: InboundText) -> bool | None:
        """Whether it was answered with 2xx; None where no connection could be made."""
        node = self.someone()
        return None if node is None else bool(await node.post("inbound", text))

    async def post_receipt(self, receipt: Receipt) -> bool:
        node = self.someone()
        return node is not None and bool(await node.post("status", receipt))

    # Rest

    def waits_for_morning(self, row: Outbox) -> bool:
        """Whether a text is queued for the end of quiet hours."""
        return row.reason == Reason.QUIET_HOURS and row.due_at > self.clock.wall() + timedelta(minutes=5)

    def waits_for_the_day(self, row: Outbox) -> bool:
        """Whether its brand's day has too little left for it, or for one that may stand before it at its number."""
        if not self.plan.branded or row.state != "queued":
            return False
        holders = [node for node in self.nodes if node.up and node.limiter.holds]
        days = [day for node in holders if (stats := node.limiter.stats()) for day in stats.days]
        queued = [one for one in self.tables.outbox.values() if one.state == "queued"]
        most = max(one.cost for one in queued if one.number_id == row.number_id)
        return any(day.left < most and (day.spent or day.cap is not None) for day in days)

    def waits(self, row: Outbox) -> bool:
        return self.waits_for_morning(row) or self.waits_for_the_day(row)

    def rests(self) -> bool:
        tables = self.tables
        waits = {(row.thread_id, row.seq) for row in tables.outbox.values() if self.waits(row)}
        waiting = [
            m
            for key, m in tables.messages.items()
            if m.direction == "out" and m.state not in _RESTING and key not in waits
        ]
        open_ = [a for a in tables.attempts.values() if a.state in ("authorised", "unknown")]
        unswept = [one for one in self.carrier.inbound if (ACCOUNT, one.sid) not in tables.texts]
        owed = self.recovery.owed_answers(1)
        early = any(key in tables.bound for key in tables.early)
        leaving = any(node.is_sending for node in self.nodes)
        up = all(any(n.host is host and n.up for n in self.nodes) for host in self.hosts)
        asked = any(one.decision is None for one in tables.reviews.values())
        return not (waiting or open_ or unswept or owed or early or leaving or asked or self.carrier.busy) and up


def run_seed(seed: int) -> Result:
    """The whole life of one world."""
    world: list[World] = []

    async def main() -> None:
        world.append(World(seed))
        await world[0].run()

    logged: list[tuple[str, str]] = []
    scheduler.run(seed, main, lambda level, event: logged.append((level, event)))
    one = world[0]
    violations = one.violations
    violations += [f"logged {event}" for level, event in logged if level in ("error", "critical", "exception")]
    attempts, messages = one.tables.attempts.values(), one.tables.messages.values()
    return Result(
        seed=seed,
        events=len(one.trace.lines),
        accepted=len(one.carrier.accepted),
        unknown=sum(a.unknown_since is not None for a in attempts),
        unconfirmed=sum(m.state == State.UNCONFIRMED for m in messages),
        stops=sum(e.kind == "opted_out" for e in one.tables.consent_events),
        reviews=len(one.tables.reviews),
        revoked=sum(e.kind == "revoked" for e in one.tables.consent_events),
        decided=one.decided,
        replied=sum(m.error_code == "replied" for m in messages),
        recalled=sum(m.error_code == "campaign_cancelled" for m in messages),
        capped_days=sum(use.spent or use.used == one.plan.day_cap for use in one.tables.days.values()),
        crashes=one.crashes,
        takeovers=one.tables.authority.epoch - 1,
        digest=one.trace.digest,
        violations=violations,
        trace=one.trace.lines,
    )
