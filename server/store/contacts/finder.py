"""Finds people: pages in three orders, counts, and all ids in chunks.

A page is looked for among the next thousand in its order first, and somewhat farther where those who match are not rare
there: where one in two hundred does, it is filled at once, however many match in all. Else all that match are found by
whatever index they have, and sorted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from string import Template
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from server.domain import search as domain_search
from server.domain.filter_fields import REFERENCES, CustomKind, Field, custom_field
from server.domain.filters import (
    EVERYBODY,
    Asked,
    Bound,
    Condition,
    Node,
    Not,
    Vocabulary,
    asked,
    bind,
    leaves,
    parse,
)
from server.ports.filters import Definition, Found, Sort
from server.store.contacts.filters import Parameters, apart, condition, selection
from server.store.contacts.keysets import Keyset, Order, parsed, told
from server.store.contacts.search import Term, found_at_once, found_one_by_one, terms
from server.store.named_sql import statements
from server.store.postgres import Postgres

if TYPE_CHECKING:
    from server.store.postgres import Connection

T = TypeVar("T")

_SQL = statements("finder")
WINDOW: Final = 1_250
FARTHER: Final = 10  # times that, where those who were found promise a whole page by then
LUCK: Final = 2  # times what they promise is looked at: the walk ends with the page, so only a broken promise costs
OFTEN: Final = 32  # times that for what is found often, yet not among the first: by name, last names are everywhere
_BIGINT: Final = 2**63


@dataclass(frozen=True, slots=True)
class _Where:
    """Who is looked for, ready to be put into any statement."""

    workspace_id: int
    node: Node[Asked] | None
    terms: Sequence[Term] | None
    found_often: bool = False

    @property
    def everybody(self) -> bool:
        return self.node in (None, EVERYBODY) and self.terms is None

    def sql(self, parameters: Parameters, *, at_once: bool) -> str:
        parts = []
        if self.terms is not None:
            parts.append((found_at_once if at_once else found_one_by_one)(self.terms, parameters))
        if self.node is not None:
            parts.append(condition(self.node, parameters, at_once=at_once))
        return " AND ".join(f"({part})" for part in parts) or "true"


class PostgresFinder:
    """`ports.filters.Finder`. *window*: how many of an order are looked at before all that match are."""

    def __init__(self, postgres: Postgres, wall: Callable[[], datetime], *, window: int = WINDOW) -> None:
        self._postgres, self._wall, self._window = postgres, wall, window

    async def page(
        self,
        workspace_id: int,
        definition: Definition | None = None,
        q: str = "",
        *,
        sort: Sort = "name",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Found:
        start = Keyset(sort) if cursor is None else parsed(cursor, sort)

        async def read(connection: Connection, where: _Where) -> Found:
            found = await self._page(connection, where, start, limit + 1)
            if start.order == "activity" and len(found) <= limit:
                found += await self._page(connection, where, Keyset("never"), limit + 1 - len(found))
            last = found[limit - 1][1] if len(found) > limit else None
            return Found(tuple(id_ for id_, _ in found[:limit]), None if last is None else told(last))

        return await self._find(workspace_id, definition, q, read)

    async def count(self, workspace_id: int, definition: Definition | None = None, q: str = "") -> int:
        async def read(connection: Connection, where: _Where) -> int:
            parameters = Parameters(workspace_id)
            counted = _count(where, parameters)
            await connection.fetchrow(_SQL["at_once"])
            return cast(int, await connection.fetchval(counted, *parameters.values))

        return await self._find(workspace_id, definition, q, read)

    async def ids_after(
        self,
        workspace_id: int,
        definition: Definition | None = None,
        q: str = "",
        *,
        after: int = 0,
        limit: int = 5_000,
    ) -> Sequence[int]:
        async def read(connection: Connection, where: _Where) -> Sequence[int]:
            rows = await _fetch(connection, "ids_after", where, at_once=True, after=after, limit=limit)
            return [row["id"] for row in rows]

        return await self._find(workspace_id, definition, q, read)

    async def matching(
        self, workspace_id: int, definition: Definition | None = None, q: str = "", *, chunk: int = 5_000
    ) -> AsyncIterator[Sequence[int]]:
        after = 0
        while ids := await self.ids_after(workspace_id, definition, q, after=after, limit=chunk):
            yield ids
            after = ids[-1]

    async def _page(self, connection: Connection, where: _Where, start: Keyset, limit: int) -> list[tuple[int, Keyset]]:
        order: Order = "created" if start.order == "never" else start.order
        given: dict[str, Any] = {"limit": limit, "below": "true"}
        if start.key is not None:
            given |= {"below": _SQL[f"below_{order}"], "key": start.key, "tie": start.tie}
        if start.order == "never":
            rows = await self._sought(connection, order, where, and_also=_filled("never_texted"), **given)
        elif where.everybody:
            rows = await _fetch(connection, f"everybody_{order}", where, at_once=False, **given)
        else:
            rows = await self._sought(connection, order, where, and_also="true", **given)
        return [(row["id"], Keyset(start.order, row["key"], row["tie"])) for row in rows]

    async def _sought(
        self, connection: Connection, order: Order, where: _Where, *, limit: int, **given: Any
    ) -> Sequence[Any]:
        """A page of those who match: near the cursor, farther where that promises to fill it, or of all of them."""

        async def near(window: int) -> Sequence[Any]:
            return await _fetch(connection, f"near_{order}", where, at_once=False, window=window, limit=limit, **given)

        window = self._window * (OFTEN if where.found_often else 1)
        rows = await near(window)
        if 0 < len(rows) < limit:
            promised = window * limit // len(rows)
            if promised <= self._window * FARTHER:
                rows = await near(promised * LUCK)
        return rows if len(rows) == limit else await _fetch_whole(connection, order, where, limit=limit, **given)

    async def _find(
        self,
        workspace_id: int,
        definition: Definition | None,
        q: str,
        read: Callable[[Connection, _Where], Coroutine[Any, Any, T]],
    ) -> T:
        """What *read* gives in one transaction, in which its settings hold."""
        parsed_node = None if definition is None else parse(definition)
        typed, now = domain_search.sought(q), self._wall()

        async def run(connection: Connection) -> T:
            node = None
            if parsed_node is not None:
                node = asked(await bound(connection, workspace_id, parsed_node), now)
            found = None if typed is None else await terms(connection, workspace_id, typed)
            often = node is None and typed is not None and typed.found_often
            return await read(connection, _Where(workspace_id, node, found, often))

        return await self._postgres.call(run, idempotent=True)


def _count(where: _Where, parameters: Parameters) -> str:
    if where.everybody:
        return _filled("everybody")
    if isinstance(where.node, Not) and where.terms is None:
        counted = _count(replace(where, node=where.node.part), parameters)
        return _filled("others", everybody=_filled("everybody"), counted=counted)
    if (chosen := _chosen(where, parameters)) is not None:
        return _filled("count_chosen", of_chosen=_filled("of_chosen", **chosen))
    return _filled("count", where=where.sql(parameters, at_once=True))


def _filled(name: str, **names: str) -> str:
    return Template(_SQL[name]).substitute(names, workspace="$1")


def _chosen(where: _Where, parameters: Parameters) -> dict[str, str] | None:
    """For statements that begin with whom tests select: the selection, and what those are still asked."""
    if where.terms is not None or where.node is None or (found := apart(where.node)) is None:
        return None
    return {
        "chosen": selection(found[0], parameters),
        "where": f"({condition(found[1], parameters, at_once=True)})",
    }


async def bound(connection: Connection, workspace_id: int, node: Node[Condition]) -> Node[Bound]:
    """*node* with what it refers to in this workspace. Raises FilterFault."""
    given = [leaf.given for leaf in leaves(node)]
    ids = [one for one in given if isinstance(one, int) and -_BIGINT <= one < _BIGINT]
    names = [one.strip().lower() for one in given if isinstance(one, str) and "\0" not in one]
    rows: dict[str, dict[int, str]] = {what: {} for what in REFERENCES.values()}
    for row in await connection.fetch(_SQL["vocabulary"], workspace_id, ids, names):
        rows[row["what"]][row["id"]] = row["name"]
    fields = await own_fields(connection, workspace_id)
    return bind(node, Vocabulary(rows, {field.name: field for field in fields}))


async def own_fields(connection: Connection, workspace_id: int) -> list[Field]:
    rows = await connection.fetch(_SQL["own_fields"], workspace_id)
    return [
        custom_field(row["name"], row["label"], cast(CustomKind, row["kind"]), tuple(row["choices"])) for row in rows
    ]


async def _fetch(connection: Connection, name: str, where: _Where, *, at_once: bool, **given: Any) -> Sequence[Any]:
    """The rows of a statement of finder.sql. Of *given* `below` and `and_also` are SQL from there, all else values."""
    parameters = Parameters(where.workspace_id)
    names = {"where": f"({where.sql(parameters, at_once=at_once)}) AND {given.pop('and_also', 'true')}"}
    return await _rows(connection, name, parameters, names, at_once=at_once, **given)


async def _fetch_whole(
    connection: Connection, order: Order, where: _Where, *, and_also: str, **given: Any
) -> Sequence[Any]:
    """`_fetch` for a page from all who match."""
    parameters = Parameters(where.workspace_id)
    names = {"found": _found(where, parameters, and_also, ids_alone=order == "activity")}
    return await _rows(connection, f"whole_{order}", parameters, names, at_once=True, **given)


def _found(where: _Where, parameters: Parameters, and_also: str, *, ids_alone: bool) -> str:
    if (chosen := _chosen(where, parameters)) is None:
        return _filled("found", where=f"({where.sql(parameters, at_once=True)}) AND {and_also}")
    chosen["where"] += f" AND {and_also}"
    if ids_alone:
        return _filled("chosen", of_chosen=_filled("of_chosen", **chosen))
    return _filled("found_chosen", **chosen)


async def _rows(
    connection: Connection, name: str, parameters: Parameters, names: dict[str, str], *, at_once: bool, **given: Any
) -> Sequence[Any]:
    below = given.pop("below", None)
    names |= {"workspace": "$1", "newest": _filled("newest")}
    names |= {key: parameters.add(value) for key, value in given.items()}
    if below is not None:
        names["below"] = Template(below).substitute(names)
    await connection.fetchrow(_SQL["at_once" if at_once else "one_by_one"])
    return await connection.fetch(Template(_SQL[name]).substitute(names), *parameters.values)
