"""The live tree and the pace as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.actors.runtime import Node
from server.rate.stats import NumberStats


def node_out(node: Node) -> dict[str, Any]:
    """A place in the tree and all below it."""
    error = node.last_error  # its words may quote a text, of any workspace: the type and the time are shown
    return {
        "name": node.name,
        "path": node.path,
        "kind": node.kind,
        "state": node.state,
        "depth": node.depth,
        "oldest_age_s": node.oldest_s,
        "handled": node.handled,
        "restarts": node.restarts,
        "hot": node.hot,
        "quarantined": node.quarantined,
        "passivated": node.passivated,
        "last_error": None if error is None else {"type": error.type, "at": error.at},
        "children": [node_out(child) for child in node.children],
    }


def pace_out(stats: NumberStats, addresses: Mapping[int, str]) -> dict[str, Any]:
    """One number: segments per second, and rows that wait by lane."""
    return {
        "number": addresses.get(stats.number_id, ""),
        "rate": stats.rate,
        "configured_rate": stats.configured_rate,
        "queued": list(stats.waiting),
        "achieved_per_s": stats.achieved_rate,
        "eta_s": stats.eta_s,
    }
