"""What moves campaigns: the launch, and the commands of members and of the server itself, by `domain.campaign`.

A launch is a promise to as many as were confirmed. It makes the draft one whose snapshot is being taken, which the
engine does in pieces, whoever waits; nothing is sent of it before it is whole and found to be of that size. Else the
campaign is a draft again and says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import trio

from server.domain.campaigns.campaign import CampaignState, Command, Moved, Refused, Unchanged, after
from server.domain.messages import CampaignMoved
from server.ports import Announce
from server.ports.campaigns import Campaign, CampaignSurvey, Launching, OtherCount, Plan, PlanFault
from server.store.campaigns import campaign_rows, plans, stops
from server.store.campaigns.campaign_engine import PostgresCampaignEngine
from server.store.campaigns.hours import begins_at
from server.store.campaigns.moves import Move, move, note
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

LAUNCH_WAITS_S: Final = 5.0
_AGAIN_S: Final = 0.02
_OF_MEMBERS: Final = frozenset({Command.UNSCHEDULE, Command.PAUSE, Command.RESUME, Command.CANCEL})

_SQL = statements("campaign_course")

_Launched = Launching | OtherCount | Refused | Sequence[PlanFault] | None


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants to launch what, and for how many."""

    workspace_id: int
    campaign_id: int
    member_id: int
    cmd_id: UUID
    expected: int


class PostgresCampaignCourse:
    """`ports.campaigns.CampaignCourse`."""

    def __init__(
        self, postgres: Postgres, announce: Announce, engine: PostgresCampaignEngine, survey: CampaignSurvey
    ) -> None:
        self._postgres, self._announce, self._engine, self._survey = postgres, announce, engine, survey

    # Launch

    async def launch(
        self, workspace_id: int, campaign_id: int, member_id: int, cmd_id: UUID, expected: int, now: datetime
    ) -> _Launched:
        order = Order(workspace_id, campaign_id, member_id, cmd_id, expected)
        while True:
            before = await self._get(workspace_id, campaign_id)
            if before is None:
                return None
            if before.state is CampaignState.DRAFT:
                if faults := await self._survey.faults(workspace_id, before.plan, now):
                    return faults
                await self._engine.drop_leftovers(campaign_id, now)
            version = before.version
            begun = await self._postgres.call(lambda c: begin(c, order, version, now), idempotent=True)  # noqa: B023 - awaited here
            if isinstance(begun, Refused):
                return begun
            if begun:
                break
        self._announce([CampaignMoved(workspace_id, campaign_id)])
        return await self._become(workspace_id, campaign_id, now)

    async def _become(self, workspace_id: int, campaign_id: int, now: datetime) -> _Launched:
        """What has become of it: as soon as that is known, or it takes too long to wait for."""
        with trio.move_on_after(LAUNCH_WAITS_S):
            while await self._is_building(workspace_id, campaign_id):
                if not await self._engine.advance(campaign_id, now):
                    await trio.sleep(_AGAIN_S)  # another server is at it
        row = await self._standing(workspace_id, campaign_id)
        if row["state"] == CampaignState.DRAFT and row["refused"] is not None:
            return Refused(row["refused"]) if row["expected"] is None else OtherCount(row["expected"])
        found = await self._get(workspace_id, campaign_id)
        return None if found is None else Launching(found)

    async def _is_building(self, workspace_id: int, campaign_id: int) -> bool:
        return (await self._standing(workspace_id, campaign_id))["build_after"] is not None

    async def _standing(self, workspace_id: int, campaign_id: int) -> Row:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["standing"], workspace_id, campaign_id))
        assert row is not None, "nobody deletes a campaign"  # noqa: S101 - for the type
        return row

    async def _get(self, workspace_id: int, campaign_id: int) -> Campaign | None:
        return await self._postgres.read(lambda c: campaign_rows.one(c, workspace_id, campaign_id))

    # Commands

    async def command(
        self, workspace_id: int, campaign_id: int, member_id: int, command: Command, now: datetime
    ) -> Campaign | Refused | None:
        if await self._get(workspace_id, campaign_id) is None:
            return None
        if command not in _OF_MEMBERS:
            raise ValueError(f"{command} is not a member's to give.")
        wanted = Move(command, member_id)
        done = await self._postgres.call(lambda c: move(c, workspace_id, campaign_id, wanted, now), idempotent=True)
        if isinstance(done, Refused):
            return done
        if done is not None:
            await stops.settled(self._postgres, self._announce, done, now)
        self._announce([CampaignMoved(workspace_id, campaign_id)])
        return await self._get(workspace_id, campaign_id)


async def begin(connection: Connection, order: Order, version: int, now: datetime) -> bool | Refused:
    """Let the snapshot be taken. False where the plan is another one than was looked at."""
    row = await connection.fetchrow(_SQL["held"], order.workspace_id, order.campaign_id)
    assert row is not None, "nobody deletes a campaign"  # noqa: S101 - for the type
    if row["cmd_id"] == order.cmd_id:
        return True
    if row["is_template"]:
        return Refused("This is a template: duplicate it, and launch the copy.")
    if row["archived_at"] is not None and row["state"] == CampaignState.DRAFT:
        return Refused("This campaign is archived. Take it back into the list first.")
    plan, state = plans.read(row["plan"]), CampaignState(row["state"])
    command = Command.LAUNCH_NOW if plan.start.day is None else Command.LAUNCH_AT
    match after(state, command):
        case Refused() as refused:
            return refused
        case Unchanged():
            return True
        case Moved(then):
            if row["version"] != version or row["audience"]:
                return False
            return await _take_snapshot(connection, order, plan, then, now)


async def _take_snapshot(
    connection: Connection, order: Order, plan: Plan, then: CampaignState, now: datetime
) -> bool | Refused:
    if order.expected < 1:
        return Refused("Nobody would get this campaign: choose an audience with at least one recipient.")
    number_id = await campaign_rows.sender(connection, order.workspace_id, plan.number_id)
    if number_id is None:
        return Refused("There is no number to send from.")
    due_at = begins_at(plan.start, ()) if then is CampaignState.SCHEDULED else None
    if isinstance(due_at, str):
        return Refused(due_at)
    given = then.value, order.cmd_id, order.member_id, order.expected, due_at, number_id, plan.rate
    await connection.execute(_SQL["launch"], order.campaign_id, *given)
    await note(connection, order.workspace_id, order.member_id, "campaign_launched", order.campaign_id)
    return True
