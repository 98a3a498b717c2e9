"""Puts the audience of a plan into SQL: everybody in any of its sources, as one condition on a contact.

Where all sources select people, their statements are one selection that is read from the place where a chunk begins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from string import Template
from typing import TYPE_CHECKING, Any, Final

from server.domain.filter_values import FilterFault
from server.domain.filters import Asked, Group, Node, asked, parse
from server.ports.bulk import AudienceRefused
from server.ports.campaigns import Sources
from server.store.contacts.filters import Parameters, apart, condition, selection
from server.store.contacts.finder import bound
from server.store.named_sql import statements

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("campaign_audience")
_UNFINISHED: Final = frozenset({"uploading", "uploaded", "running", "undoing"})


async def who(
    connection: Connection, workspace_id: int, sources: Sources, parameters: Parameters, after: str, now: datetime
) -> str:
    """True of a contact ``c`` that stands in any of *sources*; *after* is where the chunk begins, of *parameters*.

    Of the workspace, and deleted or not: whoever reads contacts asks that of each. Raises AudienceRefused.
    """
    nodes = await _nodes(connection, workspace_id, sources, now)
    await _look_at_imports(connection, workspace_id, sources)
    if sources.everybody:
        return "true"
    selected = []
    for name, ids in (("picked", sources.contact_ids), ("imported", sources.import_ids)):
        if ids:
            selected.append(Template(_SQL[name]).substitute(ids=parameters.add(list(ids))))
    asked_of_all: list[str] = []
    for node in nodes:
        found = apart(node)
        if found is not None and found[1] == _NOTHING_MORE:
            selected.append(selection(found[0], parameters))
        elif found is not None:
            first = _among([selection(found[0], parameters)], after)
            asked_of_all.append(f"{first} AND ({condition(found[1], parameters, at_once=True)})")
        else:
            asked_of_all.append(condition(node, parameters, at_once=True))
    if selected:
        asked_of_all.insert(0, _among(selected, after))
    return " OR ".join(f"({one})" for one in asked_of_all) or "false"


_NOTHING_MORE: Final[Group[Any]] = Group("all", ())


def _among(selected: Sequence[str], after: str) -> str:
    return Template(_SQL["among"]).substitute(selected=" UNION ALL ".join(selected), after=after)


async def _nodes(connection: Connection, workspace_id: int, sources: Sources, now: datetime) -> list[Node[Asked]]:
    given: list[tuple[str | None, object]] = [
        (None, {"field": "stage", "is": "is", "value": n}) for n in sources.stage_ids
    ]
    given += await _saved(connection, workspace_id, sources.filter_ids)
    if sources.definition is not None:
        given.append((None, sources.definition))
    nodes = []
    for name, definition in given:
        try:
            nodes.append(_bare(asked(await bound(connection, workspace_id, parse(definition)), now)))
        except FilterFault as fault:
            told = fault.sentence if name is None else f'The filter "{name}" cannot be used any more: {fault.sentence}'
            raise AudienceRefused(told, "sources") from None
    return nodes


async def _saved(connection: Connection, workspace_id: int, ids: Sequence[int]) -> list[tuple[str | None, object]]:
    if not ids:
        return []
    rows = await connection.fetch(_SQL["filters"], workspace_id, list(ids))
    if len(rows) < len(set(ids)):
        raise AudienceRefused("A filter of this audience is not there any more.", "sources")
    return [(row["name"], json.loads(row["definition"])) for row in rows]


async def _look_at_imports(connection: Connection, workspace_id: int, sources: Sources) -> None:
    if not sources.import_ids:
        return
    rows = await connection.fetch(_SQL["imports"], workspace_id, list(sources.import_ids))
    if len(rows) < len(set(sources.import_ids)):
        raise AudienceRefused("A list of this audience is not there any more.", "sources")
    for row in rows:
        if row["state"] in _UNFINISHED:
            raise AudienceRefused(f'The list "{row["name"]}" has not been imported yet.', "sources")


def _bare(node: Node[Asked]) -> Node[Asked]:
    """Without groups of one, which mean what their part means."""
    while isinstance(node, Group) and len(node.parts) == 1:
        node = node.parts[0]
    return node


def is_empty(sources: Sources) -> bool:
    """Whether nobody has chosen anybody yet."""
    chosen: tuple[Sequence[int] | Mapping[str, Any] | bool | None, ...] = (
        sources.everybody, sources.filter_ids, sources.stage_ids, sources.contact_ids, sources.import_ids,
    )  # fmt: skip
    return not any(chosen) and sources.definition is None
