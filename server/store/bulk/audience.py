"""Reads who stands in an audience, and decides for each of them, in order, what the text is or why there is none.

Everybody has a place from 0: people by their id, numbers as they were written. The same audience is read for a preview,
for one place of it, for the list of those who are excluded, and for the snapshot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final

import trio

from server.domain.campaigns.audience import AudienceRules, Exclusion, Phone, choose, refuse
from server.domain.filling import one_line_end
from server.domain.filter_values import FilterFault
from server.domain.phone import normalise
from server.domain.segments import Segments, count
from server.domain.tokens import Rendered, Template, parse, render
from server.ports.bulk import Addresses, AudienceRefused, BulkText, ContactIds, Matching
from server.ports.contacts import NOBODY, Values
from server.ports.filters import Finder, SavedFilters
from server.store.campaigns.queueing import phone_of
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable
from server.store.told import Row

CHUNK: Final = 500  # some 10 ms of work between two looks at the rest of the server
MAX_AUDIENCE: Final = 100_000

_SQL = statements("bulk")


@dataclass(frozen=True, slots=True)
class Judged:
    """One of the audience: written to at `phone`, or `excluded`."""

    at: int
    contact_id: int | None
    name: str
    written: str
    phone: Phone | None
    text: str
    segments: Segments
    missing: tuple[str, ...]
    excluded: Exclusion | None


@dataclass(frozen=True, slots=True)
class _Number:
    """A bare number as it was written, and as it is stored; None: it is none."""

    written: str
    address: str | None


_Members = Sequence[int] | Sequence[_Number]


@dataclass(frozen=True, slots=True)
class _Candidate:
    at: int
    contact_id: int | None
    name: str
    written: str
    phones: tuple[Phone, ...]


class Audiences:
    """Opens audiences."""

    def __init__(self, postgres: Postgres, values: Values, finder: Finder, filters: SavedFilters) -> None:
        self._postgres, self._values, self._finder, self._filters = postgres, values, finder, filters

    async def open(self, text: BulkText, now: datetime) -> Crowd:
        """Raises AudienceRefused where the audience or the text cannot be used."""
        asked = text.workspace_id, text.number_id, text.member_id
        rules = await self._postgres.read(lambda c: c.fetchrow(_SQL["rules"], *asked))
        if rules is None or rules["number_id"] is None:
            raise AudienceRefused("There is no number to send from.", "number_id")
        template = parse(one_line_end(text.body), await self._values.names(text.workspace_id))
        if template.faults:
            raise AudienceRefused(template.faults[0].sentence, "body", template.faults[0].at)
        members = await self._members(text)
        if len(members) > MAX_AUDIENCE:
            raise AudienceRefused(f"At most {MAX_AUDIENCE:,} can get a text at once.", "audience")
        return Crowd(self._postgres, self._values, text, now, rules, template, members)

    async def _members(self, text: BulkText) -> _Members:
        match text.audience:
            case Addresses(written):
                return await _normalised(written)
            case ContactIds(ids):
                rows = await self._postgres.read(lambda c: c.fetch(_SQL["contacts"], text.workspace_id, list(ids)))
                return [row["id"] for row in rows]
            case Matching() as wanted:
                return await self._found(text.workspace_id, wanted)

    async def _found(self, workspace_id: int, wanted: Matching) -> list[int]:
        definition = wanted.definition
        if wanted.filter_id is not None:
            saved = await self._filters.get(workspace_id, wanted.filter_id)
            if saved is None:
                raise AudienceRefused("This filter is not there any more.", "audience.filter_id")
            definition = saved.definition
        ids: list[int] = []
        try:
            async for chunk in self._finder.matching(workspace_id, definition, wanted.q):
                ids += chunk
                if len(ids) > MAX_AUDIENCE:
                    break
        except FilterFault as fault:
            raise AudienceRefused(fault.sentence, "audience.filter") from None
        return ids


async def _normalised(written: Sequence[str]) -> list[_Number]:
    numbers = []
    for nth, one in enumerate(written[: MAX_AUDIENCE + 1]):
        numbers.append(_Number(storable(one), normalise(one)))
        if not nth % CHUNK:
            await trio.lowlevel.checkpoint()
    return numbers


class Crowd:
    """One audience, for one text. `rules` is the workspace's row, `number_id` what new threads are written from."""

    def __init__(
        self,
        postgres: Postgres,
        values: Values,
        text: BulkText,
        now: datetime,
        rules: Row,
        template: Template,
        members: _Members,
    ) -> None:
        self._postgres, self._values, self._text, self._now = postgres, values, text, now
        self.rules, self._template, self._members = rules, template, members
        self.number_id: int = rules["number_id"]
        self._asked = AudienceRules(opt_in_required=rules["opt_in_required"], simulated=rules["simulated"])
        self._first: dict[str, int] = {}  # bare numbers: where each stands first
        for at, one in enumerate(members):
            if isinstance(one, _Number) and one.address is not None:
                self._first.setdefault(one.address, at)

    def __len__(self) -> int:
        return len(self._members)

    async def chunks(self) -> AsyncIterator[list[Judged]]:
        for start in range(0, len(self), CHUNK):
            yield await self.judged(start, CHUNK)
            await trio.lowlevel.checkpoint()

    async def judged(self, start: int, limit: int) -> list[Judged]:
        """Those who stand at `start` and after it."""
        candidates = await self._candidates(start, limit)
        ids = {one.contact_id for one in candidates if one.contact_id is not None}
        text = self._text
        values = await self._values.values(text.workspace_id, text.member_id, [*ids], self._now)
        return [self._judge(one, values.get(one.contact_id or NOBODY) or values.get(NOBODY, {})) for one in candidates]

    def _judge(self, one: _Candidate, values: Mapping[str, str | None]) -> Judged:
        known = {**self._text.answers, **{name: value for name, value in values.items() if value and value.strip()}}
        rendered = render(self._template, known)
        text = Rendered(storable(rendered.text), rendered.missing)
        chosen = choose(one.phones, self._asked, lambda phone: self._first.get(phone.address or "", one.at) != one.at)
        phone = chosen if isinstance(chosen, Phone) else None
        excluded = refuse(text) if isinstance(chosen, Phone) else chosen
        segments = count(text.text)
        return Judged(one.at, one.contact_id, one.name, one.written, phone, text.text, segments, text.missing, excluded)

    # Reading

    async def _candidates(self, start: int, limit: int) -> list[_Candidate]:
        part = self._members[start : start + limit]
        people = [one for one in part if isinstance(one, int)]
        if people:
            rows = await self._postgres.read(
                lambda c: c.fetch(_SQL["phones"], self._text.workspace_id, people, self.rules["hidden"])
            )
            return _people(people, start, rows)
        numbers = [one for one in part if isinstance(one, _Number)]
        wanted = [one.address for one in numbers if one.address is not None]
        rows = await self._postgres.read(
            lambda c: c.fetch(_SQL["endpoints"], self._text.workspace_id, wanted, self.rules["hidden"])
        )
        known = {row["address"]: row for row in rows}
        return [_bare(start + n, one, known.get(one.address)) for n, one in enumerate(numbers)]


def _people(people: Sequence[int], start: int, rows: Sequence[Row]) -> list[_Candidate]:
    """Who was deleted meanwhile keeps the place and has no phone: places stay what they were."""
    found = {contact_id: list(own) for contact_id, own in groupby(rows, lambda row: row["contact_id"])}
    return [_person(start + n, contact_id, found.get(contact_id, ())) for n, contact_id in enumerate(people)]


def _person(at: int, contact_id: int, rows: Sequence[Row]) -> _Candidate:
    phones = tuple(replace(phone_of(row), hidden=row["hidden"]) for row in rows if row["endpoint_id"] is not None)
    written = (phones[0].address or "") if phones else ""
    return _Candidate(at, contact_id, rows[0]["name"] if rows else "", written, phones)


def _bare(at: int, number: _Number, row: Row | None) -> _Candidate:
    if row is None:
        return _Candidate(at, None, "", number.written, (Phone(number.address),))
    return _Candidate(
        at, row["contact_id"], row["name"] or "", number.written, (replace(phone_of(row), hidden=row["hidden"]),)
    )
