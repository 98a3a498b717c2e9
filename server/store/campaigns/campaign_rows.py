"""Reads campaigns as people see them: one, or a page, with figures of one moment, and the number they write from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from server.domain.campaigns.campaign import CampaignState, PausedBy
from server.ports.campaigns import Campaign, Figures
from server.store.campaigns import plans
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("campaigns")

_AUDIENCE: Final = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")
_OTHERS: Final = ("delivered", "undelivered", "replied", "opted_out", "clicked", "segments")


async def one(connection: Connection, workspace_id: int, campaign_id: int) -> Campaign | None:
    row = await connection.fetchrow(_SQL["told"], workspace_id, campaign_id, None, None, [], [], None, 1)
    return None if row is None else campaign_of(row)


async def page(
    connection: Connection,
    workspace_id: int,
    *,
    archived: bool,
    templates: bool,
    states: Sequence[str],
    words: Sequence[str],
    before: int | None,
    limit: int,
) -> Sequence[Campaign]:
    given = workspace_id, None, archived, templates, list(states), list(words), before, limit
    return [campaign_of(row) for row in await connection.fetch(_SQL["told"], *given)]


async def sender(connection: Connection, workspace_id: int, chosen: int | None) -> int | None:
    """The number that a campaign's new threads are written from; None: there is none, or the chosen one is gone."""
    number_id: int | None = await connection.fetchval(_SQL["number"], workspace_id, chosen)
    return number_id


def campaign_of(row: Row) -> Campaign:
    """Of a row of the statement `told`."""
    return Campaign(
        campaign_id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        description=row["description"],
        state=CampaignState(row["state"]),
        version=row["version"],
        plan=plans.read(row["plan"]),
        author=row["author"],
        created_at=row["created_at"],
        launched_at=row["launched_at"],
        ended_at=row["ended_at"],
        archived_at=row["archived_at"],
        moved_at=row["moved_at"],
        due_at=row["due_at"],
        next_batch_at=row["next_batch_at"],
        paused_why=None if row["paused_why"] is None else PausedBy(row["paused_why"]),
        refused=row["refused"],
        built=row["built"],
        to_look_at=row["to_look_at"],
        whole=row["whole"],
        template=row["is_template"],
        figures=figures_of(row),
        has_links=row["has_links"],
        seen_by=None if row["seen_by"] is None else frozenset(row["seen_by"]),
    )


def figures_of(row: Row) -> Figures:
    """Of a row with all sums."""
    return Figures(
        audience=sum(row[name] for name in _AUDIENCE), **{name: row[name] for name in (*_AUDIENCE, *_OTHERS)}
    )
