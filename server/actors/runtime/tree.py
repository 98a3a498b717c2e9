"""The live tree as plain values: what the API and the page show of supervisors, actors and registries."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from server.actors.runtime.crash import LastError


class State(StrEnum):
    """Where an actor or another child is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing_off"
    QUARANTINED = "quarantined"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Kind(StrEnum):
    """What stands at a place in the tree."""

    SUPERVISOR = "supervisor"
    ACTOR = "actor"
    REGISTRY = "registry"
    TASK = "task"  # a child that has no mailbox


@dataclass(frozen=True, slots=True)
class Node:
    """One place in the tree at one moment.

    Of a registry, *children* are the actors most worth a look (quarantined, backing off, fullest) and not all of them;
    *hot*, *quarantined* and *passivated* (how many activations have been let go since the start) count all.
    """

    name: str
    path: str
    kind: Kind
    state: State
    depth: int = 0
    oldest_s: float = 0.0
    handled: int = 0
    restarts: int = 0
    last_error: LastError | None = None
    hot: int = 0
    quarantined: int = 0
    passivated: int = 0
    children: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()
