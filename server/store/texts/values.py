"""What the tokens of texts stand for: the rows that domain.values makes them of, for one contact or thousands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from server.domain.fields import Field, FieldKind
from server.domain.places import shipped_places
from server.domain.values import Known, home_of, known_names, values_of
from server.ports.compose import Filling
from server.ports.contacts import NOBODY
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("values")


class PostgresValues:
    """`ports.contacts.Values`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def names(self, workspace_id: int) -> frozenset[str]:
        return known_names(await self._postgres.read(lambda c: _fields(c, workspace_id)))

    async def values(
        self, workspace_id: int, member_id: int, contact_ids: Sequence[int], now: datetime
    ) -> Mapping[int, Mapping[str, str | None]]:
        _, values = await self._postgres.read(lambda c: names_and_values(c, workspace_id, member_id, contact_ids, now))
        return values

    async def token_values(
        self, workspace_id: int, contact_id: int, member_id: int, now: datetime
    ) -> Mapping[str, str | None] | None:
        return (await self.values(workspace_id, member_id, [contact_id], now)).get(contact_id)


async def names_and_values(
    connection: Connection, workspace_id: int, member_id: int, contact_ids: Sequence[int], now: datetime
) -> tuple[frozenset[str], Mapping[int, Mapping[str, str | None]]]:
    """The workspace's tokens, and what they stand for: within a transaction that uses them."""
    common = await connection.fetchrow(_SQL["of_workspace"], workspace_id, member_id)
    assert common is not None, "a row of sub-selects is always there"  # noqa: S101 - a bug of ours
    fields = await _fields(connection, workspace_id)
    rows = await connection.fetch(_SQL["known"], workspace_id, list(contact_ids), now)
    places, agent = shipped_places(), common["agent"] or ""
    home = home_of(common["number"], places)
    of_nobody = values_of(Known(), agent, fields, places, home)
    known = {row["id"]: values_of(_known(row), agent, fields, places, home) for row in rows}
    return known_names(fields), {NOBODY: of_nobody} | known


async def filling(
    connection: Connection, workspace_id: int, member_id: int, template_id: int, contact_id: int | None, now: datetime
) -> Filling | None:
    """A template with all that it needs for one contact, in one statement; None where there is no such template."""
    row = await connection.fetchrow(_SQL["to_fill"], workspace_id, member_id, template_id, contact_id, now)
    if row is None:
        return None
    fields = [
        Field(name, label, FieldKind(kind), tuple(choices)) for name, label, kind, choices in json.loads(row["fields"])
    ]
    agent, places = row["agent"] or "", shipped_places()
    if row["id"] is None:
        return Filling(row["body"], {"agent_name": agent}, known_names(fields))
    values = values_of(_known(row), agent, fields, places, home_of(row["number"], places))
    return Filling(row["body"], values, known_names(fields))


async def _fields(connection: Connection, workspace_id: int) -> list[Field]:
    rows = await connection.fetch(_SQL["fields"], workspace_id)
    return [Field(row["name"], row["label"], FieldKind(row["kind"]), tuple(row["choices"])) for row in rows]


def _known(row: Row) -> Known:
    return Known(
        first_name=row["first_name"],
        last_name=row["last_name"],
        property_address=row["property_address"],
        zone=row["zone"],
        address=row["address"],
        showing_at=row["showing_at"],
        showing_address=row["showing_address"] or "",
        custom=json.loads(row["custom"]),
    )
