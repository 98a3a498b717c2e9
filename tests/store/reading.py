"""How many rows a statement reads to answer, as PostgreSQL itself counts them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.store.world import World


async def rows_read(world: World, statement: str, *given: object, after: str = "SELECT 1") -> int:
    """Of tables and indexes, with those that were read and thrown away. *after*: what its transaction begins with."""

    async def explain(connection: Any) -> Any:
        await connection.execute(after)
        return await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *given)

    [told] = json.loads(await world.store.call(explain))
    print(json.dumps(told))  # which a failure shows
    scans = [node for node in _nodes(told["Plan"]) if "Relation Name" in node or "Index Name" in node]
    assert scans, told
    return sum(round(node["Actual Loops"] * _of_one(node)) for node in scans)


def _of_one(node: dict[str, Any]) -> float:
    thrown = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
    return sum((node.get(name, 0) for name in thrown), start=float(node["Actual Rows"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
