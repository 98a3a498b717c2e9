"""The live trees as the API shows them: of this server, and of all on its database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from server.actors.runtime import Node
from server.domain.fleet import life_of
from server.ports.nodes import NodeSeen

MOST_TOLD: Final = 50
"""Children of one place, told to other servers: there may be 20,000 threads."""


def node_out(node: Node, most: int | None = None) -> dict[str, Any]:
    """A place in the tree and all below it; of each place the first *most* children."""
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
        "children": [node_out(child, most) for child in node.children[:most]],
        "left_out": 0 if most is None else max(0, len(node.children) - most),
    }


def server_out(seen: NodeSeen, own_gen: int, own_tree: Mapping[str, Any]) -> dict[str, Any]:
    """A server and its tree: this one's as it is now, the others' as they told last."""
    here = seen.gen == own_gen
    ended_at: datetime | None = seen.left_at or seen.fenced_at
    return {
        "gen": seen.gen,
        "host": seen.host,
        "pid": seen.pid,
        "started_at": seen.started_at,
        "here": here,
        "sends": seen.holds,
        "life": life_of(seen.left_at, seen.fenced_at, seen.silent_s),
        "ended_at": ended_at,
        "told_s": 0.0 if here else seen.told_s,
        "tree": own_tree if here else seen.tree,
    }
