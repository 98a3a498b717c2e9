"""What plans come to before anybody launches them: faults, figures, texts to look at, and who is left out.

An audience is read in chunks by the statement that takes the snapshot, so what a member confirms is what a launch
finds. The people of a chunk are grouped by what their texts are made of, and each group's texts are rendered once. A
value of which only the length counts is grouped by that: else texts with full names would be almost as many groups.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from string import Template
from typing import TYPE_CHECKING, Any, Final, TypeVar

from server.domain import search as domain_search
from server.domain.campaigns.audience import Exclusion
from server.domain.segments import count
from server.ports.bulk import AudienceRefused
from server.ports.campaigns import LeftOut, Plan, PlanFault, Sample, Sources, Survey
from server.store.campaigns.judging import Audience, judged, opened
from server.store.campaigns.plan_faults import Facts, zones_matter
from server.store.campaigns.plan_faults import faults as faults_of
from server.store.campaigns.survey_sums import MISSING_SHOWN, Sums
from server.store.contacts.filters import Parameters
from server.store.contacts.search import found_at_once, terms
from server.store.named_sql import statements
from server.store.postgres import Postgres, Work
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

T = TypeVar("T")

CHUNK: Final = 20_000  # people; less than half a second of PostgreSQL's
FIRST_LOOK: Final = 500  # whether there is anybody at all

_SQL = statements("campaign_audience")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose plan, and who would launch it; None: that is not known yet."""

    workspace_id: int
    member_id: int | None
    plan: Plan
    now: datetime


class PostgresCampaignSurvey:
    """`ports.campaigns.CampaignSurvey`. *link_base*: of workspaces that have none of their own."""

    def __init__(self, postgres: Postgres, link_base: str) -> None:
        self._postgres, self._link_base = postgres, link_base

    async def faults(self, workspace_id: int, plan: Plan, now: datetime) -> Sequence[PlanFault]:
        asked = _Asked(workspace_id, None, plan, now)
        audience = await self._opened(asked)
        facts = _facts(audience)
        whole = zones_matter(plan.start, now)
        sums = Sums(audience, rendered=False)
        try:
            await self._add_up(asked, sums, anybody=not whole)
        except AudienceRefused as refused:
            return faults_of(plan, replace(facts, refused=str(refused)), now)
        return faults_of(plan, _counted(facts, sums), now)

    async def survey(self, workspace_id: int, member_id: int, plan: Plan, now: datetime) -> Survey:
        asked = _Asked(workspace_id, member_id, plan, now)
        sums = Sums(await self._opened(asked))
        await self._add_up(asked, sums)
        return sums.survey()

    async def faults_and_survey(
        self, workspace_id: int, member_id: int, plan: Plan, now: datetime
    ) -> tuple[Sequence[PlanFault], Survey | None]:
        asked = _Asked(workspace_id, member_id, plan, now)
        audience = await self._opened(asked)
        facts, sums = _facts(audience), Sums(audience)
        try:
            await self._add_up(asked, sums)
        except AudienceRefused as refused:
            if found := faults_of(plan, replace(facts, refused=str(refused)), now):
                return found, None
            raise
        return faults_of(plan, _counted(facts, sums), now), sums.survey()

    async def brands(self, workspace_id: int) -> Sequence[str]:
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["brands"], workspace_id))
        return [row["name"] for row in rows]

    async def sample(
        self, workspace_id: int, member_id: int, plan: Plan, contact_id: int, now: datetime, variant: int = 0
    ) -> Sample | None:
        if not 0 <= variant < len(plan.variants):
            return None
        alone = replace(plan, sources=Sources(contact_ids=(contact_id,)))
        asked = _Asked(workspace_id, member_id, alone, now)
        audience, rows = await self._listed(asked, 0, 1, held=True)
        return _sample(rows[0], audience, variant) if rows else None

    async def whose(
        self, workspace_id: int, member_id: int, plan: Plan, contact_id: int | None, now: datetime
    ) -> tuple[Audience, Row | None]:
        """The row whose values a test bears: this contact's, or of the audience the first who would get a text."""
        chosen = plan if contact_id is None else replace(plan, sources=Sources(contact_ids=(contact_id,)))
        asked = _Asked(workspace_id, member_id, chosen, now)
        try:
            audience, rows = await self._listed(asked, 0, FIRST_LOOK if contact_id is None else 1, held=True)
        except AudienceRefused:
            return await self._opened(asked), None
        return audience, min(rows, key=lambda row: row["reason"] is not None, default=None)

    async def people(
        self, workspace_id: int, member_id: int, plan: Plan, after: int, limit: int, now: datetime, q: str = ""
    ) -> Sequence[Sample]:
        asked = _Asked(workspace_id, member_id, plan, now)
        _, rows = await self._listed(asked, after, limit, q=q)
        return [Sample(*_face(row), 0, "", 0, "GSM-7", (), _reason(row)) for row in rows]

    async def left_out(
        self, workspace_id: int, member_id: int, plan: Plan, now: datetime
    ) -> AsyncIterator[Sequence[LeftOut]]:
        asked, after = _Asked(workspace_id, member_id, plan, now), 0
        while True:
            _, rows = await self._listed(asked, after, CHUNK, asked_for="j.reason IS NOT NULL")
            told = [LeftOut(row["id"], row["name"], row["address"], reason) for row in rows if (reason := _reason(row))]
            if told:
                yield told
            if not rows or rows[0]["read"] < CHUNK:
                return
            after = rows[0]["last"]

    # Reading

    async def _opened(self, asked: _Asked) -> Audience:
        return await self._postgres.read(lambda c: _open(c, asked, self._link_base))

    async def _add_up(self, asked: _Asked, sums: Sums, *, anybody: bool = False) -> None:
        """One chunk after another; until there is a recipient, where *anybody* will do."""
        after: int | None = 0
        limit = FIRST_LOOK if anybody else CHUNK
        while after is not None and not (anybody and sums.recipients):
            rows, after = await self._call(_counting(asked, self._link_base, after, limit))
            await sums.add(rows)
            limit = CHUNK

    async def _listed(
        self,
        asked: _Asked,
        after: int,
        limit: int,
        *,
        held: bool = False,
        q: str = "",
        asked_for: str = "true",
    ) -> tuple[Audience, Sequence[Row]]:
        async def run(connection: Connection) -> tuple[Audience, Sequence[Row]]:
            audience, parameters = await _open(connection, asked, self._link_base), Parameters(asked.workspace_id)
            also = await _found(connection, asked.workspace_id, q, parameters)
            found = await judged(connection, audience, parameters, after=after, limit=limit, also=also, grouped=held)
            statement = Template(_SQL["listed"]).substitute(
                workspace="$1",
                judged=found.sql,
                held="".join(f"j.{name}, " for name in found.held),
                asked_for=asked_for,
            )
            return audience, await connection.fetch(statement, *parameters.values)

        return await self._call(run)

    async def _call(self, work: Work[T]) -> T:
        """In a transaction, where what is set for its statements ends with it."""
        return await self._postgres.call(work, idempotent=True)


def _facts(audience: Audience) -> Facts:
    return Facts(audience.wordings, audience.rules["number_id"] is not None)


def _counted(facts: Facts, sums: Sums) -> Facts:
    return replace(facts, recipients=bool(sums.recipients), excluded=sums.excluded, zones=sums.zones())


async def _open(connection: Connection, asked: _Asked, link_base: str) -> Audience:
    return await opened(connection, asked.workspace_id, asked.member_id, asked.plan, asked.now, link_base)


def _counting(
    asked: _Asked, link_base: str, after: int, limit: int
) -> Callable[[Connection], Coroutine[Any, Any, tuple[Sequence[Row], int | None]]]:
    """The groups of a chunk, and where the next one begins; None: this was the last."""

    async def run(connection: Connection) -> tuple[Sequence[Row], int | None]:
        audience, parameters = await _open(connection, asked, link_base), Parameters(asked.workspace_id)
        found = await judged(connection, audience, parameters, after=after, limit=limit, grouped=True, alike=True)
        statement = Template(_SQL["counted"]).substitute(
            judged=found.sql,
            held="".join(f"j.{name}, " for name in found.held),
            held_of_recipients="".join(f"CASE WHEN j.reason IS NULL THEN j.{n} END AS {n}, " for n in found.held),
            shown=parameters.add(MISSING_SHOWN),
        )
        rows = await connection.fetch(statement, *parameters.values)
        groups = [row for row in rows if not row["is_place"]]
        whole = sum(row["n"] for row in groups) < limit
        return rows, None if whole else max(row["last"] for row in groups)

    return run


async def _found(connection: Connection, workspace_id: int, q: str, parameters: Parameters) -> str:
    typed = domain_search.sought(q)
    if typed is None:
        return "true"
    return found_at_once(await terms(connection, workspace_id, typed), parameters)


# Telling


def _reason(row: Row) -> Exclusion | None:
    return None if row["reason"] is None else Exclusion(row["reason"])


def _face(row: Row) -> tuple[int, str | None, str | None]:
    return row["id"], row["name"] or None, row["address"] or None


def _sample(row: Row, audience: Audience, variant: int) -> Sample:
    wordings = audience.wordings
    held = [row[f"h{k}"] for k in range(wordings.width)]
    linked = wordings.text(variant, wordings.values(held))
    cost = count(linked.text)
    return Sample(*_face(row), variant, linked.text, cost.count, cost.encoding, linked.missing, _reason(row))
