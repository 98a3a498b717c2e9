"""Reads what a transaction told: the verdict on each item, and what the rest of the server should hear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from server.domain.messages import Announcement, CampaignMoved, ConsentFlipped, OutboxGrew, StatusChange, ThreadChanged
from server.ports import Online
from server.store.options import anybody

Place = tuple[int, int]
"""A message: its thread and its seq."""


class Row(Protocol):
    """A row by column name: asyncpg's Record, or a dict."""

    def __getitem__(self, column: str, /) -> Any: ...


def verdicts(rows: Iterable[Row]) -> dict[int, str]:
    """The verdict on each item that has one, by its position from 0."""
    return {row["ord"] - 1: row["state"] for row in rows if row["what"] == "done"}


def announcements(
    rows: Iterable[Row],
    waits: Mapping[Place, datetime] = MappingProxyType({}),
    bodies: Mapping[Place, str] = MappingProxyType({}),
    online: Online = anybody,
) -> list[Announcement]:
    """What was changed, in the order in which it was written; the events of one thread stay together.

    *waits*: until when the messages wait that were deferred. *bodies*: how messages read that were changed. *online*:
    in which workspaces anybody wants events of threads; to be given only after the commit, where they are told at once.
    """
    consents: list[Announcement] = []
    queued: set[int] = set()
    campaigns: dict[tuple[int, int], None] = {}
    events: dict[tuple[int, int], list[StatusChange]] = {}
    for row in rows:
        what = row["what"]
        if what == "status":
            if online(row["workspace_id"]):
                events.setdefault((row["workspace_id"], row["thread_id"]), []).append(_status(row, waits, bodies))
        elif what == "consent":
            consents.append(ConsentFlipped(row["workspace_id"], row["endpoint_id"], row["opted_out"], row["epoch"]))
        elif what == "queued":
            queued.add(row["number_id"])
        elif what == "campaign":
            campaigns[row["workspace_id"], row["ref"]] = None
    changed = [ThreadChanged(workspace, thread, tuple(changes)) for (workspace, thread), changes in events.items()]
    moved = [CampaignMoved(*campaign) for campaign in campaigns]
    return [*consents, *changed, *moved, *([OutboxGrew(frozenset(queued))] if queued else [])]


def _status(row: Row, waits: Mapping[Place, datetime], bodies: Mapping[Place, str]) -> StatusChange:
    place = row["thread_id"], row["ref"]
    return StatusChange(
        thread_id=row["thread_id"],
        seq=row["seq"],
        ref=row["ref"],
        state=row["state"],
        at=row["at"],
        error_class=row["error_class"],
        error_code=row["error_code"],
        waits_until=waits.get(place),
        body=bodies.get(place),
    )
