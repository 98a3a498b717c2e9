"""Makes the statement that judges an audience, for surveys and for the snapshot alike: who gets a text, and why not.

What it decides is `domain.audience.choose`, and `refuse` as far as columns tell; a test holds both to the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Template
from typing import TYPE_CHECKING, Final

from server.domain.campaigns.campaign import OPEN
from server.domain.fields import Field, FieldKind
from server.domain.places import shipped_places
from server.ports.bulk import AudienceRefused
from server.ports.campaigns import Plan
from server.store.campaigns.sources import who
from server.store.campaigns.wordings import Common, Wordings
from server.store.contacts.filters import Parameters
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL, _VALUES = statements("campaign_audience"), statements("values")
NO_CAMPAIGN: Final = 0  # no row has this id
_MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Audience:
    """What is the same for all chunks of one audience. `rules`: the workspace's row, with the plan's number."""

    workspace_id: int
    plan: Plan
    rules: Row
    wordings: Wordings
    now: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """The statement for a chunk, to be put into others; `held`: the names of its columns that texts are made of."""

    sql: str
    held: tuple[str, ...]


async def opened(
    connection: Connection, workspace_id: int, member_id: int | None, plan: Plan, now: datetime, link_base: str
) -> Audience:
    """Raises AudienceRefused where there is no such workspace."""
    rules = await connection.fetchrow(_SQL["rules"], workspace_id, plan.number_id, member_id)
    if rules is None:
        raise AudienceRefused("This workspace is not there any more.", "sources")
    rows = await connection.fetch(_VALUES["fields"], workspace_id)
    fields = [Field(row["name"], row["label"], FieldKind(row["kind"]), tuple(row["choices"])) for row in rows]
    common = Common.of(rules, fields, shipped_places(), link_base)
    return Audience(workspace_id, plan, rules, Wordings(plan, common), now)


async def judged(
    connection: Connection,
    audience: Audience,
    parameters: Parameters,
    *,
    after: int,
    limit: int,
    campaign: int = NO_CAMPAIGN,
    looking_for_doubles: bool = False,
    also: str = "true",
    grouped: bool = False,
    alike: bool = False,
) -> Judged:
    """The first *limit* of the audience after a contact. *campaign*: the one of whose snapshot it is a chunk.

    *looking_for_doubles*: who stands in that snapshot already is told from who does not. A number is one contact's at
    every moment, so it can be a double only where it moved from one to another since.
    *also*: what else is asked of a contact ``c``. *grouped*: with what is asked of groups; *alike*: as
    `Wordings.held` has it. Sets how the transaction's
    statements are planned. Raises AudienceRefused.
    """
    await connection.fetchrow(_SQL["settings"])
    place, workspace_id = parameters.add(after), audience.workspace_id
    found = await who(connection, workspace_id, audience.plan.sources, parameters, place, audience.now)
    names = {"workspace": "$1", "after": place, "limit": parameters.add(limit), "who": f"({found}) AND ({also})"}
    wordings = audience.wordings
    held = wordings.held(parameters, alike=alike) if grouped else []
    columns = [f"{sql} AS h{k}, " for k, sql in enumerate(held)]
    if grouped:
        columns.append(f"{wordings.lacks(parameters)} AS lacks, ")
    sql = Template(_SQL["judged"]).substitute(
        workspace="$1",
        candidates=Template(_SQL["candidates"]).substitute(names),
        showing=wordings.showing(parameters, audience.now),
        lacking=wordings.lacking(parameters),
        columns="".join(columns),
        **await _rules(connection, audience, parameters, campaign, looking_for_doubles=looking_for_doubles),
    )
    return Judged(sql, tuple(f"h{k}" for k in range(len(held))))


async def _rules(
    connection: Connection, audience: Audience, parameters: Parameters, campaign: int, *, looking_for_doubles: bool
) -> dict[str, str]:
    """What is asked of each number, as `domain.audience.AudienceRules` has it."""
    rules, leaving = audience.rules, audience.plan.leaving
    told = {"free": "true", "texted": "false", "awaited": "false", "doubled": "false", "unasked": _SQL["no_best"]}
    told["allowed"] = Template(_SQL["a_test_number"]).substitute() if rules["simulated"] else "true"
    told["seen"] = "true"
    if rules["hidden"]:
        told["seen"] = Template(_SQL["seen"]).substitute(workspace="$1", hidden=parameters.add(rules["hidden"]))
    told["agreed"] = _SQL["agreed"] if rules["opt_in_required"] else "true"
    if campaign != NO_CAMPAIGN:
        free = Template(_SQL["not_in_it"]).substitute(campaign=parameters.add(campaign))
        none_left = Template(_SQL["none_left"])
        told["free"] = free if looking_for_doubles else "true"
        told["doubled"] = none_left.substitute(told, free=free, agreed="true")
        told["unasked"] = none_left.substitute(told, free=free)
    if leaving.texted_within_days is not None:
        since = audience.now - timedelta(days=min(max(leaving.texted_within_days, 0), _MOST_DAYS))
        told["texted"] = Template(_SQL["texted"]).substitute(workspace="$1", since=parameters.add(since))
    if leaving.in_active_campaign:
        states = [state.value for state in OPEN]
        others = await connection.fetch(_SQL["others"], audience.workspace_id, states, campaign)
        if others:
            ids = parameters.add([row["id"] for row in others])
            told["awaited"] = Template(_SQL["awaited"]).substitute(workspace="$1", others=ids)
    return told
