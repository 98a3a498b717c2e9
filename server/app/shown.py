"""The live tree as the API shows it."""

from __future__ import annotations

from typing import Any

from server.actors.runtime import Node


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
