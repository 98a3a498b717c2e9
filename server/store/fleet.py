"""Who runs, and who may grant departures. Leases run on the database's clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from server.ports import DayCharge, LivingNode, Node
from server.ports.leases import Shared
from server.ports.nodes import NodeSeen
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

FIRST_LEASE: Final = timedelta(seconds=15)  # until the first beat

_SQL = statements("fleet")


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists on this host; another one may have inherited the id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class PostgresFleet:
    """`ports.Fleet` and `ports.nodes.Trees`. *alive* tells whether a process of this host exists."""

    def __init__(self, postgres: Postgres, alive: Callable[[int], bool] = is_alive) -> None:
        self._postgres, self._alive = postgres, alive

    async def join(self, host: str, boot_id: str, pid: int, journal_id: UUID) -> Node:
        """Older nodes of this host and boot whose process is gone, or had our own pid, are declared gone at once."""

        async def work(connection: Connection) -> int:
            others = await connection.fetch(_SQL["living_here"], host, boot_id)
            gone = [row["gen"] for row in others if row["pid"] == pid or not self._alive(row["pid"])]
            await connection.execute(_SQL["declare_gone"], gone)
            gen: int = await connection.fetchval(_SQL["join"], host, boot_id, pid, journal_id, FIRST_LEASE)
            return gen

        return Node(await self._postgres.call(work), journal_id, host, boot_id, pid)

    async def beat(self, gen: int, lease_s: float) -> bool:
        lease = timedelta(seconds=lease_s)
        status: str = await self._postgres.call(lambda c: c.execute(_SQL["beat"], gen, lease), idempotent=True)
        return status != "UPDATE 0"

    async def leave(self, gen: int) -> None:
        await self._postgres.call(lambda c: c.execute(_SQL["leave"], gen), idempotent=True)

    async def take_limiter(self, gen: int, lease_s: float, *, alone: bool = True) -> tuple[int, float] | None:
        """Waits, where it changes hands, for every T3 under the old epoch."""
        lease = timedelta(seconds=lease_s)
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["take_limiter"], gen, lease, alone), idempotent=True)
        return None if row is None else (row["epoch"], row["wait_s"])

    async def share_limiter(self, gen: int, epoch: int, keeper: str) -> int | None:
        """Waits for every T3 under the old epoch."""
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["share_limiter"], gen, epoch, keeper))
        return None if row is None else row["epoch"]

    async def join_limiter(self, gen: int, keeper: str | None) -> Shared | None:
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["join_limiter"], gen, keeper), idempotent=True)
        return None if row is None else Shared(row["epoch"], row["wait_s"], frozenset(row["gens"]))

    async def hand_over_limiter(self, to: int, lease_s: float) -> tuple[int, float] | None:
        """To the node of generation *to*: (epoch, seconds until it may grant); None where it is gone or has it."""
        lease = timedelta(seconds=lease_s)
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["hand_over_limiter"], to, lease))
        return None if row is None else (row["epoch"], row["wait_s"])

    async def living(self) -> Sequence[LivingNode]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["living"]))
        return [LivingNode(r["gen"], r["host"], r["pid"], r["started_at"], bool(r["holds"])) for r in rows]

    async def tell_tree(self, gen: int, tree: Mapping[str, Any]) -> None:
        told = storable(orjson.dumps(tree).decode())
        await self._postgres.alone(lambda c: c.execute(_SQL["tell_tree"], gen, told), idempotent=True)

    async def seen(self) -> Sequence[NodeSeen]:
        return [_seen(row) for row in await self._postgres.read(lambda c: c.fetch(_SQL["seen"]))]

    async def charge_day(self, brand_id: int, day: date, segments: int, gen: int, epoch: int) -> DayCharge | None:
        asked = (brand_id, day, segments, gen, epoch)
        row = await self._postgres.call(lambda c: c.fetchrow(_SQL["charge_day"], *asked))
        return None if row is None else DayCharge(row["segments"], row["spent"])

    async def give_back_day(self, brand_id: int, day: date, segments: int) -> None:
        await self._postgres.call(lambda c: c.execute(_SQL["give_back_day"], brand_id, day, segments))

    async def spend_day(self, brand_id: int, day: date) -> None:
        await self._postgres.call(lambda c: c.execute(_SQL["spend_day"], brand_id, day), idempotent=True)


def _seen(row: Row) -> NodeSeen:
    return NodeSeen(
        row["gen"], row["host"], row["pid"], row["started_at"], bool(row["holds"]), row["left_at"], row["fenced_at"],
        row["silent_s"], row["told_s"], None if row["tree"] is None else orjson.loads(row["tree"]),
    )  # fmt: skip
