"""What members do with campaigns besides launching them: drafts, changes, copies, templates, and their list.

A template is a draft with a flag, since it is kept, shown and duplicated as one; the table refuses to launch it. To
save a campaign as one, or to start one from it, is to duplicate it: neither ever changes the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from server.domain.campaigns.campaign import OPEN, CampaignState, Refused
from server.domain.messages import CampaignMoved
from server.domain.timetable import Timetable
from server.ports import Announce
from server.ports.campaigns import Campaign, CampaignPage, CampaignSurvey, Plan, Sources, Stale
from server.store.campaigns import campaign_rows, plans, stops
from server.store.campaigns.changes import Words
from server.store.campaigns.saving import Edit, Saved, note, save, words_of
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable

if TYPE_CHECKING:
    from server.store.postgres import Connection

MOST_WORDS: Final = 20  # of a search
NAME_LENGTH: Final = 120
_COPY: Final = " (copy)"

_SQL = statements("campaigns")


class PostgresCampaignDrafts:
    """`ports.campaigns.CampaignDrafts`."""

    def __init__(self, postgres: Postgres, announce: Announce, survey: CampaignSurvey, timetable: Timetable) -> None:
        self._postgres, self._announce = postgres, announce
        self._survey, self._timetable = survey, timetable

    # Reading

    async def get(self, workspace_id: int, campaign_id: int) -> Campaign | None:
        return await self._postgres.read(lambda c: campaign_rows.one(c, workspace_id, campaign_id))

    async def plan(self, workspace_id: int, campaign_id: int) -> Plan | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_SQL["kept"], workspace_id, campaign_id))
        return None if row is None else words_of(row).plan

    async def page(
        self,
        workspace_id: int,
        *,
        states: Sequence[CampaignState] = (),
        q: str = "",
        archived: bool = False,
        templates: bool = False,
        before: int | None = None,
        limit: int = 50,
    ) -> CampaignPage:
        rows = await self._postgres.read(
            lambda c: campaign_rows.page(
                c,
                workspace_id,
                archived=archived,
                templates=templates,
                states=[state.value for state in states],
                words=storable(q).split()[:MOST_WORDS],
                before=before,
                limit=limit + 1,
            )
        )
        shown = rows[:limit]
        return CampaignPage(shown, shown[-1].campaign_id if len(rows) > limit else None)

    # Making

    async def create(self, workspace_id: int, member_id: int, cmd_id: UUID, name: str, now: datetime) -> Campaign:
        words = Words(storable(name), "", Plan())
        made = await self._postgres.call(
            lambda c: _draft(c, workspace_id, member_id, cmd_id, words, now), idempotent=True
        )
        self._announce([CampaignMoved(workspace_id, made.campaign_id)])
        return made

    async def duplicate(
        self,
        workspace_id: int,
        campaign_id: int,
        member_id: int,
        cmd_id: UUID,
        now: datetime,
        *,
        as_template: bool = False,
    ) -> Campaign | None:
        async def copy(connection: Connection) -> Campaign | None:
            row = await connection.fetchrow(_SQL["kept"], workspace_id, campaign_id)
            if row is None:
                return None
            words = words_of(row)
            plan = replace(words.plan, start=replace(words.plan.start, day=None))
            name = words.name if row["is_template"] != as_template else _copied(words.name)
            copied = Words(name, words.description, plan)
            made_of = {"of": campaign_id}
            return await _draft(connection, workspace_id, member_id, cmd_id, copied, now, as_template, made_of)

        made = await self._postgres.call(copy, idempotent=True)
        self._announce([] if made is None else [CampaignMoved(workspace_id, made.campaign_id)])
        return made

    # Changing

    async def save(
        self,
        workspace_id: int,
        campaign_id: int,
        version: int,
        *,
        name: str | None = None,
        description: str | None = None,
        plan: Plan | None = None,
        member_id: int,
        now: datetime,
    ) -> Campaign | Stale | Refused | None:
        edit = Edit(version, name, description, plan, member_id, now)
        if refused := await self._worse(workspace_id, campaign_id, edit):
            return refused
        done = await self._postgres.call(
            lambda c: save(c, workspace_id, campaign_id, edit, self._timetable), idempotent=True
        )
        if not isinstance(done, Saved):
            return done
        if done.stop is not None:
            await stops.settled(self._postgres, self._announce, done.stop, now)
        else:
            self._announce([CampaignMoved(workspace_id, campaign_id)])
        return await self.get(workspace_id, campaign_id)

    async def _worse(self, workspace_id: int, campaign_id: int, edit: Edit) -> Refused | None:
        """Why one that was launched cannot go on with another plan: a fault that the present one does not have.

        Looked at before the transaction: whoever launches it meanwhile raises its version.
        """
        standing = None if edit.plan is None else await self.get(workspace_id, campaign_id)
        if edit.plan is None or standing is None or standing.state not in OPEN or standing.version != edit.version:
            return None
        nobody = Sources()  # the audience is what it is, and none of it need be read
        before = await self._survey.faults(workspace_id, replace(standing.plan, sources=nobody), edit.now)
        after = await self._survey.faults(workspace_id, replace(edit.plan, sources=nobody), edit.now)
        return next((Refused(fault.sentence) for fault in after if fault not in before), None)

    async def archive(
        self, workspace_id: int, campaign_id: int, member_id: int, archived: bool, now: datetime
    ) -> Campaign | None:
        async def move(connection: Connection) -> Campaign | None:
            given = workspace_id, campaign_id, archived, [state.value for state in OPEN], now
            if await connection.fetchval(_SQL["archive"], *given) is not None:
                action = "campaign_archived" if archived else "campaign_unarchived"
                await note(connection, workspace_id, member_id, action, {"campaign": campaign_id})
            return await campaign_rows.one(connection, workspace_id, campaign_id)

        moved = await self._postgres.call(move, idempotent=True)
        self._announce([] if moved is None else [CampaignMoved(workspace_id, campaign_id)])
        return moved


async def _draft(
    connection: Connection,
    workspace_id: int,
    member_id: int,
    cmd_id: UUID,
    words: Words,
    now: datetime,
    template: bool = False,
    made_of: dict[str, int] | None = None,
) -> Campaign:
    """What the command makes, or has made before."""
    given = workspace_id, words.name, words.description, plans.written(words.plan), member_id, cmd_id, template, now
    made = await connection.fetchval(_SQL["draft"], *given)
    if made is not None:
        told = {"campaign": made, **(made_of or {})}
        await note(connection, workspace_id, member_id, "template_made" if template else "campaign_made", told)
    else:
        made = await connection.fetchval(_SQL["drafted"], workspace_id, cmd_id)
    found = await campaign_rows.one(connection, workspace_id, made)
    assert found is not None, "nobody deletes a campaign"  # noqa: S101 - for the type
    return found


def _copied(name: str) -> str:
    room = NAME_LENGTH - len(_COPY)
    return (name if len(name) <= room else f"{name[: room - 1]}…") + _COPY
