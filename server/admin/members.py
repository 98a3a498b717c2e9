"""The people who log in."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from server.admin.database import AdminError, in_store
from server.admin.workspaces import NewWorkspace, find_workspace, insert_workspace
from server.config import Config
from server.domain.roles import Role
from server.http.passwords import MIN_LENGTH, Passwords
from server.ports import RowRefused, Workspace
from server.store.store import Store


@dataclass(frozen=True, slots=True)
class NewMember:
    """`workspace` is a name; None means the only one there is."""

    email: str
    name: str
    role: Role
    password: str = field(repr=False)
    workspace: str | None = None


def add_member(config: Config, new: NewMember) -> str:
    """Add somebody who can log in; an owner's new workspace too. Raises AdminError and as `migrate`."""
    if len(new.password) < MIN_LENGTH:
        raise AdminError(f"The password is too short: {MIN_LENGTH} characters or more.")
    if "@" not in new.email:
        raise AdminError(f"{new.email} is not an e-mail address.")
    return in_store(config, lambda store: _added(store, new))


async def _added(store: Store, new: NewMember) -> str:
    workspace = await _workspace(store, new)
    stored = await trio.to_thread.run_sync(Passwords().hash, new.password)
    id_, email = workspace.workspace_id, new.email.strip().lower()
    try:
        member = await store.people.add_member(id_, email, new.name, new.role, stored)
    except RowRefused:
        raise AdminError(f"Somebody with the address {new.email} is there already.") from None
    await store.people.audit(id_, None, "member_added", {"member_id": member.member_id, "role": member.role})
    return f"{member.name} can log in to {workspace.name} as {member.email} ({member.role})."


async def _workspace(store: Store, new: NewMember) -> Workspace:
    known = {workspace.name for workspace in await store.people.workspaces()}
    if new.workspace is None and not known:
        raise AdminError("Say the workspace's name with --workspace: it will be the first.")
    if new.workspace is None or new.workspace in known:
        return await find_workspace(store, new.workspace)
    if new.role != "owner":
        raise AdminError(f"There is no workspace {new.workspace} yet: its first member must be its owner.")
    made = await insert_workspace(store, NewWorkspace(new.workspace, new.email))
    return made or await find_workspace(store, new.workspace)  # somebody else was quicker
