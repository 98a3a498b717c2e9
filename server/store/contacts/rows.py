"""Reads contacts as lists and pages show them: one statement for any ids, which other parts use as well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from server.domain.contact import full_name
from server.ports.contacts import ContactPhone, ContactRow, ContactStage, ContactTag, Owner
from server.store.named_sql import statements
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_ROWS = statements("contacts")["rows"]


async def contact_rows(connection: Connection, workspace_id: int, contact_ids: Sequence[int]) -> list[ContactRow]:
    """The rows of these contacts of the workspace, in this order. Those that are deleted or elsewhere are left out."""
    return [_contact(row) for row in await connection.fetch(_ROWS, workspace_id, list(contact_ids))]


def _contact(row: Row) -> ContactRow:
    return ContactRow(
        contact_id=row["contact_id"],
        name=full_name(row["first_name"], row["last_name"]) or "",
        first_name=row["first_name"],
        last_name=row["last_name"],
        email=row["email"],
        phones=tuple(_phone(*one) for one in _array(row["phones"])),
        tags=tuple(ContactTag(*one) for one in _array(row["tags"])),
        stages=tuple(ContactStage(*one) for one in _array(row["stages"])),
        owner=Owner(row["owner_id"], row["owner"]) if row["owner_id"] is not None else None,
        street=row["street"],
        city=row["city"],
        state=row["state"],
        zip=row["zip"],
        zone=row["zone"],
        property_address=row["property_address"],
        custom=json.loads(row["custom"]),
        source=row["source"],
        last_in_at=row["last_in_at"],
        last_out_at=row["last_out_at"],
        created_at=row["created_at"],
        version=row["version"],
    )


def _array(text: str | None) -> list[list[Any]]:
    return [] if text is None else json.loads(text)


def _phone(
    endpoint_id: int,
    address: str,
    label: str,
    priority: int,
    opted_out: bool,
    held: bool,
    carrier_blocked: bool,
    invalid_code: str | None,
    consented_at: str | None,
    thread_id: int | None,
) -> ContactPhone:
    since = None if consented_at is None else datetime.fromisoformat(consented_at)
    return ContactPhone(
        endpoint_id, address, label, priority, opted_out, held, carrier_blocked, invalid_code, since, thread_id
    )
