"""Writes the snapshot of a campaign's people: who stands in it, in which order, at which number, with which variant.

A chunk is one statement in one transaction, which also moves the cursor: killed anywhere, a chunk is there once or not
at all. The cursor is the last contact's id, so the memory that it takes does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from string import Template
from typing import TYPE_CHECKING, Final

import asyncpg

from server.domain.campaigns import variants
from server.ports.bulk import AudienceRefused
from server.ports.campaigns import Plan
from server.store.campaigns.judging import Audience, judged, opened
from server.store.campaigns.sources import who
from server.store.contacts.filters import Parameters
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

CHUNK: Final = 10_000  # recipients; some 150 ms of PostgreSQL's
_NO_LINK: Final = "http://localhost/l"  # nothing is rendered here

_SQL = statements("campaign_audience")


@dataclass(frozen=True, slots=True)
class Built:
    """A chunk: so many of the audience were read, and `added` of them get the text. `whole`: nobody is left.

    `taken` is false where there is nothing to build: the campaign is not there, or its snapshot is not being taken.
    """

    read: int
    added: int
    whole: bool
    taken: bool = True


async def may_begin(connection: Connection, campaign_row: Row, plan: Plan) -> bool:
    """Whether the snapshot may be begun, or goes on: in the transaction of its first chunk.

    One that leaves out whom others write to begins once all of its workspace that were begun before are whole, and two
    never begin at once: else neither would see the other's, and whoever stands in both would get both. It does not wait
    here, so it cannot be waited for in a circle; other workspaces are not looked at.
    """
    if campaign_row["build_after"] > 0 or not plan.leaving.in_active_campaign:
        return True
    workspace_id = campaign_row["workspace_id"]
    if not await connection.fetchval(_SQL["alone"], workspace_id):
        return False
    return not await connection.fetchval(_SQL["another"], workspace_id, campaign_row["id"])


async def build_chunk(
    connection: Connection, campaign_row: Row, plan: Plan, now: datetime, *, limit: int = CHUNK
) -> Built:
    """Write the next chunk after ``campaign.build_after``, in the caller's transaction.

    *campaign_row* needs `id` and `workspace_id`; all else is read under the row's lock. The cursor stays where the last
    chunk ended, also of a whole snapshot: asked again, nobody is read, and it is whole again. Raises AudienceRefused
    for an audience or variants that cannot be; the caller then rolls back.
    """
    campaign_id, workspace_id = campaign_row["id"], campaign_row["workspace_id"]
    shares = [variant.share for variant in plan.variants]
    if told := variants.fault(shares):
        raise AudienceRefused(told, "variants")
    row = await connection.fetchrow(_SQL["lock"], campaign_id, workspace_id)
    if row is None:
        return Built(0, 0, whole=False, taken=False)
    audience = await opened(connection, workspace_id, row["launched_by"], plan, now, _NO_LINK)
    try:
        async with connection.transaction():
            added = await _add(connection, audience, row, limit)
    except asyncpg.UniqueViolationError:  # so rare that only then each number's double is looked for
        added = await _add(connection, audience, row, limit, looking_for_doubles=True)
    if added["read"]:
        more = row["build_after"] == 0 and added["read"] == limit
        in_all = added["read"] + await _beyond(connection, audience, added["last"]) if more else None
        await connection.execute(_SQL["advance"], campaign_id, added["last"], in_all)
        excluded = added["read"] - added["added"]
        await connection.execute(_SQL["add_delta"], campaign_id, now, excluded, added["added"])
    return Built(added["read"], added["added"], whole=added["read"] < limit)


async def _beyond(connection: Connection, audience: Audience, after: int) -> int:
    """How many of the audience are still to be looked at: whoever waits is told of how many."""
    parameters = Parameters(audience.workspace_id)
    place = parameters.add(after)
    found = await who(connection, audience.workspace_id, audience.plan.sources, parameters, place, audience.now)
    statement = Template(_SQL["beyond"]).substitute(workspace="$1", after=place, who=found)
    count: int = await connection.fetchval(statement, *parameters.values)
    return count


async def _add(
    connection: Connection, audience: Audience, row: Row, limit: int, *, looking_for_doubles: bool = False
) -> Row:
    parameters = Parameters(audience.workspace_id)
    found = await judged(
        connection,
        audience,
        parameters,
        after=row["build_after"],
        limit=limit,
        campaign=row["id"],
        looking_for_doubles=looking_for_doubles,
    )
    statement = Template(_SQL["add"]).substitute(
        workspace="$1",
        judged=found.sql,
        campaign=(its := parameters.add(row["id"])),
        last_ord=parameters.add(await connection.fetchval(_SQL["last_ord"], row["id"])),
        variant=_variant([variant.share for variant in audience.plan.variants], its, parameters),
    )
    added = await connection.fetchrow(statement, *parameters.values)
    assert added is not None, "an aggregate has a row"  # noqa: S101 - for the type
    return added


def _variant(shares: Sequence[int], campaign: str, parameters: Parameters) -> str:
    """The lot in SQL, where there is one."""
    if len(shares) == 1:
        return _SQL["one_variant"]
    return Template(_SQL["lot"]).substitute(campaign=campaign, ends=parameters.add(list(accumulate(shares))[:-1]))
