"""Decides what a run broke that the ledger's judge does not see: answers, views, nodes, faults that did not come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run left beside the ledger.

    *answered*: commands that were taken by the API, with thread and seq as told; *acks*: those of sockets.
    *stored*: all commands that the database has. *views*: what each client shows that is not so, in sentences.
    *living*: processes of nodes that the database takes for living; *running*: those that run. *unsettled*: what was
    still under way at the end. *share*: the limits are to be shared; *together*: texts under epochs in which several
    sent.
    """

    answered: Mapping[UUID, Place] = field(default_factory=dict)
    acks: Mapping[UUID, Place] = field(default_factory=dict)
    stored: Mapping[UUID, Place] = field(default_factory=dict)
    views: Sequence[Sequence[str]] = ()
    living: Sequence[int] = ()
    running: Sequence[int] = ()
    nodes: int = 0
    shortcomings: Sequence[str] = ()
    unsettled: Sequence[str] = ()
    share: bool = False
    together: int = 0


def lost(facts: Facts) -> list[UUID]:
    """Commands that were acknowledged, and are not there, or elsewhere than was said."""
    told = {**facts.answered, **facts.acks}
    return [one for one, place in told.items() if facts.stored.get(one) != place]


def differing(facts: Facts) -> int:
    """Clients that show something else than the database has."""
    return sum(bool(view) for view in facts.views)


def wrong(facts: Facts) -> list[str]:
    """All that was broken, in sentences."""
    told = [*facts.shortcomings, *facts.unsettled]
    if gone := lost(facts):
        told.append(f"{len(gone)} commands were acknowledged, and are not there: {', '.join(map(str, gone[:3]))}.")
    if facts.share and not facts.together:
        told.append("No two nodes sent under limits that they shared.")
    if facts.together and not facts.share:
        told.append(f"{facts.together} texts were let go under an epoch that two nodes had, though nothing was shared.")
    if not facts.views:
        told.append("Nobody looked on.")
    for n, view in enumerate(facts.views):
        told += [f"client {n}: {fault}" for fault in view[:5]]
    if sorted(facts.living) != sorted(facts.running) or len(facts.running) != facts.nodes:
        told.append(f"{len(facts.running)} of {facts.nodes} nodes run, and the database knows {len(facts.living)}.")
    return told


def told(judged: Mapping[str, Any], facts: Facts, figures: Mapping[str, Any]) -> dict[str, Any]:
    """The one line of a run: the ledger's verdict with what is known beside it."""
    return {
        "run": "faults",
        **figures,
        "lost": judged.get("lost", 0) + len(lost(facts)),
        "duplicate": judged.get("duplicate"),
        "after_stop": judged.get("after_stop"),
        "over_rate": judged.get("over_rate"),
        "share": facts.share,
        "sent_together": facts.together,
        "clients": len(facts.views),
        "clients_differing": differing(facts),
        "commands": len(facts.answered),
        "socket_commands": len(facts.acks),
        "wrong": len(wrong(facts)),
        "ledger": {name: value for name, value in judged.items() if name not in _ABOVE},
    }


_ABOVE = frozenset({"lost", "duplicate", "after_stop", "over_rate", "kills", "kills_by", "kills_at", "freezes"})
