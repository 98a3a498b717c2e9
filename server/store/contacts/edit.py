"""One change of one contact: its row is locked before anything that hangs on it, and what came of it is read back.

Lock order: contact < endpoint < thread, contacts by ascending id. So the phones that a change sees are still the
contact's when it commits, and every thread whose name it changes is told of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from server.domain.contact import full_name, places_of
from server.domain.fields import Field, FieldFault, FieldKind, checked
from server.domain.messages import RowsChanged
from server.ports import Announce
from server.ports.contacts import Changed, ContactRow, MergedAway, NewPhone, PhoneTaken, Refused, Stale
from server.store.contacts.rows import contact_rows
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable, storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("contacts")


class Undone(Exception):
    """Ends a transaction without a trace; `outcome` is what the caller gets."""

    def __init__(self, outcome: Any) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(slots=True)
class Edit:
    """A transaction on a contact that is locked. `threads` gathers those whose row in the inbox it changes."""

    connection: Connection
    workspace_id: int
    member_id: int | None
    contact: Row
    threads: list[int] = field(default_factory=list)

    @property
    def contact_id(self) -> int:
        found: int = self.contact["id"]
        return found

    async def run(self, name: str, *values: Any) -> list[Any]:
        """A statement that begins with the workspace and the contact."""
        return list(await self.connection.fetch(_SQL[name], self.workspace_id, self.contact_id, *values))

    async def touch(self, action: str, **detail: Any) -> None:
        """The contact's version rises, and the audit says why."""
        await self.run("touch")
        await self.audit(action, **detail)

    async def audit(self, action: str, **detail: Any) -> None:
        told = storable_json({"contact": self.contact_id, **detail})
        await self.connection.execute(_SQL["audit"], self.workspace_id, self.member_id, action, told)

    async def renamed(self, endpoint_ids: Sequence[int]) -> None:
        rows = await self.connection.fetch(_SQL["renamed"], self.workspace_id, list(endpoint_ids))
        self.threads += [row["id"] for row in rows]

    async def endpoint_ids(self) -> list[int]:
        """By priority."""
        return [row["endpoint_id"] for row in await self.run("phones")]

    async def attach(self, phones: Sequence[NewPhone]) -> None:
        """The numbers become the contact's, and their threads bear its name. Raises Undone(PhoneTaken)."""
        addresses = [phone.address for phone in phones]
        await self.connection.execute(_SQL["meet"], self.workspace_id, addresses)
        found = await self.connection.fetch(_SQL["endpoints"], self.workspace_id, addresses)
        ids = {row["address"]: row["id"] for row in found}
        for phone in phones:
            if not await self.run("attach", ids[phone.address], storable(phone.label)):
                raise Undone(await self._taken(phone.address, ids[phone.address]))
        await self.place(known_only=True)
        await self.renamed(sorted(ids.values()))

    async def _taken(self, address: str, endpoint_id: int) -> PhoneTaken:
        holder = await self.connection.fetchrow(_SQL["holder"], self.workspace_id, endpoint_id)
        assert holder is not None, "a number that cannot be taken is somebody's"  # noqa: S101 - a bug of ours
        name = full_name(holder["first_name"], holder["last_name"]) or ""
        return PhoneTaken(address, holder["id"], name)

    async def place(self, *, known_only: bool = False) -> None:
        """The places that each of its numbers may be in follow what is known of where the contact lives.

        *known_only*: where that says nothing of a number, what is known of the number stays.
        """
        now = await self.connection.fetchrow(_SQL["lock"], self.workspace_id, self.contact_id)
        assert now is not None, "it is locked"  # noqa: S101 - a bug of ours
        numbers = await self.run("addresses")
        places = {row["id"]: places_of(row["address"], now["zone"], now["zip"]) for row in numbers}
        told = {id_: " ".join(some) for id_, some in places.items() if some or not known_only}
        if told:
            await self.connection.execute(_SQL["place"], self.workspace_id, list(told), list(told.values()))

    async def row(self) -> ContactRow:
        [row] = await contact_rows(self.connection, self.workspace_id, [self.contact_id])
        return row


Work = Callable[[Edit], Awaitable[None]]


async def edited(
    postgres: Postgres,
    announce: Announce,
    workspace_id: int,
    member_id: int | None,
    contact_id: int,
    work: Work,
    *,
    version: int | None = None,
) -> Changed:
    """Run *work* on the locked contact and give the row as it is then; what *work* raises as Undone leaves no trace."""

    async def run(connection: Connection) -> tuple[ContactRow | MergedAway | None, list[int]]:
        locked = await connection.fetchrow(_SQL["lock"], workspace_id, contact_id)
        if locked is None:
            return await gone(connection, workspace_id, contact_id), []
        edit = Edit(connection, workspace_id, member_id, locked)
        if version is not None and version != locked["version"]:
            raise Undone(Stale(await edit.row()))
        await work(edit)
        return await edit.row(), edit.threads

    try:
        outcome, threads = await postgres.call(run)
    except Undone as undone:
        refused: Changed = undone.outcome
        return refused
    tell(announce, workspace_id, threads)
    return outcome


def tell(announce: Announce, workspace_id: int, threads: Sequence[int]) -> None:
    if threads:
        announce([RowsChanged(workspace_id, tuple(dict.fromkeys(threads)))])


async def gone(connection: Connection, workspace_id: int, contact_id: int) -> MergedAway | None:
    """What became of a contact that is not there."""
    row = await connection.fetchrow(_SQL["whereabouts"], workspace_id, contact_id)
    return None if row is None or row["gone"] or row["id"] == contact_id else MergedAway(row["id"])


async def checked_custom(
    connection: Connection, workspace_id: int, written: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The values to keep and the names to empty. Raises Undone(Refused) for what does not fit its field."""
    if not written:
        return {}, []
    rows = await connection.fetch(_SQL["fields"], workspace_id, [storable(name) for name in written])
    fields = {r["name"]: Field(r["name"], r["label"], FieldKind(r["kind"]), tuple(r["choices"])) for r in rows}
    kept: dict[str, Any] = {}
    for name, value in written.items():
        if name not in fields:
            raise Undone(Refused("custom", "There is no custom field of that name."))
        try:
            kept[name] = checked(fields[name], value)
        except FieldFault as fault:
            raise Undone(Refused(f"custom.{name}", str(fault))) from None
    return {name: value for name, value in kept.items() if value is not None}, [
        name for name, value in kept.items() if value is None
    ]


async def check_owner(connection: Connection, workspace_id: int, values: Mapping[str, Any]) -> None:
    """Raises Undone(Refused) where the owner is nobody of this workspace."""
    owner_id = values.get("owner_id")
    if owner_id is not None and not await connection.fetchval(_SQL["owner_is_there"], workspace_id, owner_id):
        raise Undone(Refused("owner_id", "There is no such member."))
