"""What the command line does to a database without starting a server. Each gives sentences for the person who asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import trio

from server.config import Config
from server.http.passwords import MIN_LENGTH, Passwords
from server.http.rules import Role
from server.ports import RowRefused, Workspace
from server.store import embedded
from server.store.schema import schema_sql
from server.store.store import SCHEMA_VERSION, Store, open_store

if TYPE_CHECKING:
    from server.store.postgres import Connection

_ADD_WORKSPACE: Final = """
    INSERT INTO workspace (name, simulated, brand, contact) VALUES ($1, false, $1, $2) RETURNING id
"""


class AdminError(Exception):
    """What was asked for cannot be done; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class NewMember:
    """`workspace` is a name; None means the only one there is."""

    email: str
    name: str
    role: Role
    password: str = field(repr=False)
    workspace: str | None = None


@contextmanager
def database(config: Config) -> Iterator[str]:
    """The DSN of the database that *config* means; the embedded one runs inside this context. Raises EmbeddedError."""
    if config.database_url is not None:
        yield config.database_url.get_secret_value()
        return
    with embedded.start(config.data_dir) as postgres:
        yield postgres.dsn


def migrate(config: Config) -> str:
    """Put the schema into an empty database, or check the one that is there. Raises UnfitDatabase, StoreUnavailable."""

    async def run(dsn: str) -> None:
        async with open_store(dsn, schema=schema_sql()):
            pass

    with database(config) as dsn:
        trio.run(run, dsn)
    return f"The database is ready (schema {SCHEMA_VERSION})."


def check(config: Config) -> list[str]:
    """What would keep a server with these settings from working; empty where nothing would."""
    told: list[str] = []

    async def run(dsn: str) -> None:
        async with open_store(dsn) as store:
            told.extend(await _complaints(store, config))

    with database(config) as dsn:
        trio.run(run, dsn)
    return told


def add_member(config: Config, new: NewMember) -> str:
    """Add somebody who can log in, and the workspace too where it is the first. Raises AdminError and as `migrate`."""
    if len(new.password) < MIN_LENGTH:
        raise AdminError(f"The password is too short: {MIN_LENGTH} characters or more.")
    if "@" not in new.email:
        raise AdminError(f"{new.email} is not an e-mail address.")
    told: list[str] = []

    async def run(dsn: str) -> None:
        async with open_store(dsn, schema=schema_sql()) as store:
            told.append(await _added(store, new))

    with database(config) as dsn:
        trio.run(run, dsn)
    return told[0]


async def _complaints(store: Store, config: Config) -> list[str]:
    workspaces, accounts = await store.people.workspaces(), await store.directory.accounts()
    told = []
    if not workspaces:
        told.append("Nobody can log in yet: add the first person with `threadline user add`.")
    told += _mixed(workspaces, config)
    if workspaces and not accounts:
        told.append("No carrier account is configured: texts can neither come nor go.")
    if accounts and not await store.directory.numbers():
        told.append("No number is configured: texts can neither come nor go.")
    if config.public_url is None and any(account.kind != "simulator" for account in accounts):
        told.append("PUBLIC_URL is missing: carriers cannot reach this server, and their signatures cannot be checked.")
    return told


def _mixed(workspaces: Sequence[Workspace], config: Config) -> list[str]:
    real = [workspace.name for workspace in workspaces if not workspace.simulated]
    if config.rehearsal and real:
        return [f"This is a rehearsal, but {real[0]} is a real workspace: the server will refuse to start."]
    return []


async def _added(store: Store, new: NewMember) -> str:
    workspace_id, name = await _workspace(store, new)
    stored = await trio.to_thread.run_sync(Passwords().hash, new.password)
    try:
        member = await store.people.add_member(workspace_id, new.email.strip().lower(), new.name, new.role, stored)
    except RowRefused:
        raise AdminError(f"Somebody with the address {new.email} is there already.") from None
    await store.people.audit(workspace_id, None, "member_added", {"member_id": member.member_id, "role": member.role})
    return f"{member.name} can log in to {name} as {member.email} ({member.role})."


async def _workspace(store: Store, new: NewMember) -> tuple[int, str]:
    known: dict[str, Workspace] = {workspace.name: workspace for workspace in await store.people.workspaces()}
    if new.workspace is None and len(known) == 1:
        (only,) = known.values()
        return only.workspace_id, only.name
    if new.workspace in known:
        return known[new.workspace].workspace_id, new.workspace
    if new.workspace is None:
        choice = ", ".join(known) or "its name, it will be the first"
        raise AdminError(f"Say which workspace with --workspace: {choice}.")
    if new.role != "owner":
        raise AdminError(f"There is no workspace {new.workspace} yet: its first member must be its owner.")
    name, contact = new.workspace, new.email

    async def add(connection: Connection) -> int:
        workspace_id: int = await connection.fetchval(_ADD_WORKSPACE, name, contact)
        return workspace_id

    return await store.call(add), name
