"""Keeps a member's change of a campaign, in one transaction: if it may be changed, and nobody else was faster.

The row is held from the first look on, so that of two who save at once one hears of the other. What stops texts takes
the campaign's advisory lock after it, exclusively: T3 and the engine have done by then what they do with the words of
before, and neither of them ever waits for the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from server.domain.campaigns.campaign import CampaignState, Part, Refused
from server.domain.campaigns.drip import next_batch
from server.domain.messages import CampaignStopped
from server.domain.timetable import Timetable
from server.ports.campaigns import Plan, Stale
from server.store.campaigns import campaign_rows, plans, stops
from server.store.campaigns.changes import Words, changed, refusal
from server.store.campaigns.hours import due
from server.store.named_sql import statements
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_RUNNING: Final = frozenset({CampaignState.ACTIVE, CampaignState.PAUSED})
_OF_NO_TEXT: Final = frozenset({Part.NAME, Part.DESCRIPTION})

_SQL = statements("campaigns")


@dataclass(frozen=True, slots=True)
class Edit:
    """What a member has made of the version that was read. None: as it is."""

    version: int
    name: str | None
    description: str | None
    plan: Plan | None
    member_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """It is as was asked for. `stop`: what is queued of it is older, and is to be given to `stops.settled`."""

    stop: CampaignStopped | None


async def save(
    connection: Connection, workspace_id: int, campaign_id: int, edit: Edit, timetable: Timetable
) -> Saved | Stale | Refused | None:
    row = await connection.fetchrow(_SQL["held"], workspace_id, campaign_id)
    if row is None:
        return None
    state, before = CampaignState(row["state"]), words_of(row)
    after = _with(before, edit)
    parts = changed(before, after)
    if not parts:  # whose answer was lost may have stopped what is queued, and not have heard that it has
        again = state in _RUNNING and row["version"] != edit.version
        return Saved(CampaignStopped(workspace_id, campaign_id, row["made_after"]) if again else None)
    if row["version"] != edit.version:
        return Stale(row["version"])
    if refused := refusal(state, parts, launching=row["launching"]):
        return refused
    beginning = await _beginning(connection, row, parts, after.plan, edit.now, timetable)
    if isinstance(beginning, Refused):
        return beginning
    kept = after.name, after.description, plans.written(after.plan), after.plan.rate, *beginning
    await connection.execute(
        _SQL["save"], workspace_id, campaign_id, *kept, *_next_batch(row, parts, after.plan, edit.now)
    )
    told = {"campaign": campaign_id, "version": edit.version + 1, "parts": sorted(parts)}
    if state is CampaignState.DRAFT:  # a wizard saves each step by itself
        given = workspace_id, edit.member_id, "campaign_changed", storable_json(told), edit.now
        await connection.execute(_SQL["note_sitting"], *given)
    else:
        await note(connection, workspace_id, edit.member_id, "campaign_changed", told)
    stops_it = state in _RUNNING and parts - _OF_NO_TEXT
    return Saved(await stops.requeue(connection, campaign_id) if stops_it else None)


async def _beginning(
    connection: Connection, row: Row, parts: frozenset[Part], plan: Plan, now: datetime, timetable: Timetable
) -> tuple[datetime | None, int | None] | Refused:
    """When a scheduled campaign begins by now, and from which number; None: as it was."""
    due_at = number_id = None
    if row["state"] == CampaignState.SCHEDULED and Part.SCHEDULE in parts:
        begins = await due(connection, row["id"], plan.start, timetable, now)
        if not isinstance(begins, datetime):
            return Refused(begins or "Unschedule this campaign to launch it at once.")
        if begins < now:
            return Refused("The start lies in the past.")
        due_at = begins
    if row["state"] == CampaignState.SCHEDULED and Part.NUMBER in parts:
        number_id = await campaign_rows.sender(connection, row["workspace_id"], plan.number_id)
        if number_id is None:
            return Refused("The number that it is to be sent from is not there any more. Choose another one.")
    return due_at, number_id


def _next_batch(row: Row, parts: frozenset[Part], plan: Plan, now: datetime) -> tuple[bool, datetime | None]:
    """Whether another drip lets the next batch begin at another time, and when; None: there is none."""
    if row["last_batch_at"] is None or Part.DRIP not in parts:
        return False, None
    return True, None if plan.drip is None else next_batch(plan.drip, row["last_batch_at"], now)


def words_of(row: Row) -> Words:
    return Words(row["name"], row["description"], plans.read(row["plan"]))


def _with(before: Words, edit: Edit) -> Words:
    """As it will be read again: what differs only in what cannot be stored is no change."""
    return Words(
        before.name if edit.name is None else storable(edit.name),
        before.description if edit.description is None else storable(edit.description),
        before.plan if edit.plan is None else plans.read(plans.written(edit.plan)),
    )


async def note(
    connection: Connection, workspace_id: int, member_id: int, action: str, detail: dict[str, object]
) -> None:
    """Who did what."""
    await connection.execute(_SQL["note"], workspace_id, member_id, action, storable_json(detail))
