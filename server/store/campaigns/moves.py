"""Carries out what moves a campaign, by a member or by the server itself, in a transaction of whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from server.domain.campaigns.campaign import CampaignState, Command, Moved, PausedBy, Refused, Unchanged, after
from server.domain.messages import CampaignStopped
from server.domain.verdict import Reason
from server.store.campaigns import stops
from server.store.named_sql import statements
from server.store.text import storable_json

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("campaign_course")
_STOPS: Final = frozenset({Command.PAUSE, Command.MISS, Command.CANCEL})
_NOTED: Final = {
    Command.UNSCHEDULE: "campaign_unscheduled",
    Command.DUE: "campaign_begun",
    Command.MISS: "campaign_missed",
    Command.PAUSE: "campaign_paused",
    Command.RESUME: "campaign_resumed",
    Command.CANCEL: "campaign_cancelled",
}


@dataclass(frozen=True, slots=True)
class Move:
    """`member_id` None: the server's own. `why`: of a pause. `skip_as`: of a cancel, what becomes of those who are
    pending. `told`: a sentence for the record.
    """

    command: Command
    member_id: int | None = None
    why: PausedBy = PausedBy.MEMBER
    skip_as: Reason = Reason.CAMPAIGN_CANCELLED
    told: str | None = None


async def move(
    connection: Connection, workspace_id: int, campaign_id: int, wanted: Move, now: datetime
) -> CampaignStopped | Refused | None:
    """Do it, if `domain.campaign` lets it be done.

    The answer to what stops it is to be given to `stops.settled` after the commit, also where it was done before: who
    asked then may never have been answered.
    """
    row = await connection.fetchrow(_SQL["held"], workspace_id, campaign_id)
    assert row is not None, "nobody deletes a campaign"  # noqa: S101 - for the type
    stopping = wanted.command in _STOPS
    match after(CampaignState(row["state"]), wanted.command):
        case Refused() as refused:
            return refused
        case Unchanged():
            return CampaignStopped(workspace_id, campaign_id, row["made_after"]) if stopping else None
        case Moved():
            await _write(connection, campaign_id, wanted, now)
            await note(connection, workspace_id, wanted.member_id, _NOTED[wanted.command], campaign_id, wanted.told)
            return await stops.requeue(connection, campaign_id) if stopping else None


async def _write(connection: Connection, campaign_id: int, wanted: Move, now: datetime) -> None:
    match wanted.command:
        case Command.UNSCHEDULE:
            await connection.execute(_SQL["unschedule"], campaign_id)
        case Command.DUE:
            await connection.execute(_SQL["begun"], campaign_id)
        case Command.PAUSE | Command.MISS:
            await connection.execute(_SQL["pause"], campaign_id, wanted.why.value)
        case Command.RESUME:
            await connection.execute(_SQL["resume"], campaign_id, now)
            await connection.execute(_SQL["count_anew"], campaign_id)
        case Command.CANCEL:
            await connection.execute(_SQL["cancel"], campaign_id, wanted.skip_as.value)
        case _:
            raise ValueError(f"{wanted.command} is no command to a campaign that was launched.")


async def note(
    connection: Connection,
    workspace_id: int,
    member_id: int | None,
    action: str,
    campaign_id: int,
    told: str | None = None,
) -> None:
    detail: dict[str, object] = {"campaign": campaign_id} | ({} if told is None else {"why": told})
    await connection.execute(_SQL["note"], workspace_id, member_id, action, storable_json(detail))
