"""Workspaces: each is a team of its own, apart from the others in everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.admin.database import AdminError, in_store
from server.config import Config
from server.domain.campaigns.links import base_fault
from server.ports import Workspace
from server.store.named_sql import statements
from server.store.store import Store
from server.store.text import storable

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("admin")


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """`brand` None is the name. Both it and `contact` are named in the answers to STOP, START and HELP."""

    name: str
    contact: str
    brand: str | None = None


def add_workspace(config: Config, new: NewWorkspace) -> str:
    """Add a real workspace, which nobody can log in to yet. Raises AdminError and as `migrate`."""
    if not new.name.strip() or not new.contact.strip() or new.brand == "":
        raise AdminError("A workspace needs a name, and a contact that the answer to HELP can name.")

    async def work(store: Store) -> str:
        if await insert_workspace(store, new) is None:
            raise AdminError(f"There is a workspace {new.name} already.")
        return f"The workspace {new.name} is there; add its owner with `threadline user add`."

    return in_store(config, work)


@dataclass(frozen=True, slots=True)
class LinkBase:
    """What short links of `workspace` begin with; None: the only one. `base` None: the server's own address."""

    base: str | None
    workspace: str | None = None


def set_link_base(config: Config, asked: LinkBase) -> str:
    """From the next text on; links that have left work wherever they lead here. Raises AdminError and as `migrate`."""
    if asked.base is not None and (fault := base_fault(asked.base)):
        raise AdminError(fault)

    async def work(store: Store) -> str:
        found = await find_workspace(store, asked.workspace)
        await store.call(lambda c: c.execute(_SQL["set_link_base"], found.workspace_id, asked.base))
        if asked.base is None:
            return f"Short links of {found.name} begin with the server's own address."
        host, _, path = asked.base.removeprefix("https://").partition("/")
        told = f"Short links of {found.name} begin with {asked.base}."
        return f"{told} Let {host} lead to this server, which answers at /{path + '/' if path else ''}… there."

    return in_store(config, work)


async def insert_workspace(store: Store, new: NewWorkspace) -> Workspace | None:
    """None where the name is taken."""
    values = [storable(text) for text in (new.name, new.brand or new.name, new.contact)]

    async def add(connection: Connection) -> Workspace | None:
        await connection.execute(_SQL["one_at_a_time"])
        row = await connection.fetchrow(_SQL["add_workspace"], *values)
        return None if row is None else Workspace(row["id"], row["name"], row["simulated"])

    return await store.call(add)


async def find_workspace(store: Store, name: str | None) -> Workspace:
    """The workspace called *name*, None where there is only one. Raises AdminError."""
    known = await store.people.workspaces()
    found = [workspace for workspace in known if name in {None, workspace.name}]
    if len(found) == 1:
        return found[0]
    if not known:
        raise AdminError("There is no workspace yet: add one with `threadline workspace add`.")
    names = ", ".join(workspace.name for workspace in known)
    if name is None:
        raise AdminError(f"Say which workspace with --workspace: {names}.")
    raise AdminError(f"There is no workspace {name}; there is: {names}.")
