"""What members do with campaigns besides launching them: drafts, changes, copies, templates, and their list.

A template is a draft with a flag, since it is kept, shown and duplicated as one; the table refuses to launch it. To
save a campaign as one, or to start one from it, is to duplicate it: neither ever changes the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from server.domain.campaigns.campaign import OPEN, CampaignState, Refused
from server.domain.messages import CampaignMoved
from server.ports import Announce
from server.ports.campaigns import Campaign, CampaignPage, Plan, Stale
from server.store.campaigns import campaign_rows, plans
from server.store.campaigns.changes import Words, changed, refusal
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

MOST_WORDS: Final = 20  # of a search
NAME_LENGTH: Final = 120
_COPY: Final = " (copy)"
_RUNNING: Final = frozenset({CampaignState.ACTIVE, CampaignState.PAUSED})

_SQL = statements("campaigns")


async def _nothing_is_queued(_: int) -> None:
    """As long as no part of the server launches campaigns."""


class PostgresCampaignDrafts:
    """`ports.campaigns.CampaignDrafts`.

    *make_anew* takes back what is queued of a campaign whose words or pace were changed, and returns once nothing of it
    can leave: the engine's. It is called after the commit, so that T3 refuses by then what it has not let go.
    """

    def __init__(
        self, postgres: Postgres, announce: Announce, make_anew: Callable[[int], Awaitable[None]] = _nothing_is_queued
    ) -> None:
        self._postgres, self._announce, self._make_anew = postgres, announce, make_anew

    # Reading

    async def get(self, workspace_id: int, campaign_id: int) -> Campaign | None:
        return await self._postgres.read(lambda c: campaign_rows.one(c, workspace_id, campaign_id))

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
        return await self._postgres.call(
            lambda c: _draft(c, workspace_id, member_id, cmd_id, words, now), idempotent=True
        )

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
            words = _words(row)
            plan = replace(words.plan, start=replace(words.plan.start, day=None))
            name = words.name if row["is_template"] != as_template else _copied(words.name)
            copied = Words(name, words.description, plan)
            made_of = {"of": campaign_id}
            return await _draft(connection, workspace_id, member_id, cmd_id, copied, now, as_template, made_of)

        return await self._postgres.call(copy, idempotent=True)

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
    ) -> Campaign | Stale | Refused | None:
        async def write(connection: Connection) -> CampaignState | Stale | Refused | None:
            row = await _held(connection, workspace_id, campaign_id)
            if row is None:
                return None
            state, before = CampaignState(row["state"]), _words(row)
            after = _with(before, name, description, plan)
            parts = changed(before, after)
            if not parts:
                return state
            if row["version"] != version:
                return Stale(row["version"])
            if refused := refusal(state, parts, launching=row["launching"]):
                return refused
            kept = after.name, after.description, plans.written(after.plan), after.plan.rate
            await connection.execute(_SQL["save"], workspace_id, campaign_id, *kept)
            told = {"campaign": campaign_id, "version": version + 1, "parts": sorted(parts)}
            await _note(connection, workspace_id, member_id, "campaign_changed", told)
            return state

        outcome = await self._postgres.call(write, idempotent=True)
        if not isinstance(outcome, CampaignState):
            return outcome
        if outcome in _RUNNING:  # also where nothing was changed: an answer that was lost may have been this one's
            await self._make_anew(campaign_id)
        self._announce([CampaignMoved(workspace_id, campaign_id)])
        return await self.get(workspace_id, campaign_id)

    async def archive(
        self, workspace_id: int, campaign_id: int, member_id: int, archived: bool, now: datetime
    ) -> Campaign | None:
        async def move(connection: Connection) -> Campaign | None:
            given = workspace_id, campaign_id, archived, [state.value for state in OPEN], now
            if await connection.fetchval(_SQL["archive"], *given) is not None:
                action = "campaign_archived" if archived else "campaign_unarchived"
                await _note(connection, workspace_id, member_id, action, {"campaign": campaign_id})
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
        await _note(connection, workspace_id, member_id, "template_made" if template else "campaign_made", told)
    else:
        made = await connection.fetchval(_SQL["drafted"], workspace_id, cmd_id)
    found = await campaign_rows.one(connection, workspace_id, made)
    assert found is not None, "nobody deletes a campaign"  # noqa: S101 - for the type
    return found


async def _held(connection: Connection, workspace_id: int, campaign_id: int) -> Row | None:
    if await connection.fetchval(_SQL["is_there"], workspace_id, campaign_id) is None:
        return None
    await connection.execute(_SQL["lock_exclusive"], campaign_id)
    row: Row | None = await connection.fetchrow(_SQL["held"], workspace_id, campaign_id)
    return row


async def _note(
    connection: Connection, workspace_id: int, member_id: int, action: str, detail: dict[str, object]
) -> None:
    await connection.execute(_SQL["note"], workspace_id, member_id, action, storable_json(detail))


def _words(row: Row) -> Words:
    return Words(row["name"], row["description"], plans.read(row["plan"]))


def _with(before: Words, name: str | None, description: str | None, plan: Plan | None) -> Words:
    """As it will be read again: what differs only in what cannot be stored is no change."""
    return Words(
        before.name if name is None else storable(name),
        before.description if description is None else storable(description),
        before.plan if plan is None else plans.read(plans.written(plan)),
    )


def _copied(name: str) -> str:
    room = NAME_LENGTH - len(_COPY)
    return (name if len(name) <= room else f"{name[: room - 1]}…") + _COPY
