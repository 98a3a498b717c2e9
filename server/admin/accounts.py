"""Carrier accounts of real workspaces, and where the carrier has to send its webhooks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from server.admin.database import AdminError, in_store
from server.admin.workspaces import find_workspace
from server.config import Config, is_loopback
from server.ports import Workspace
from server.store.named_sql import statements
from server.store.store import Store

if TYPE_CHECKING:
    from server.store.postgres import Connection

TWILIO: Final = "https://api.twilio.com"

_SQL = statements("admin")
_SID: Final = re.compile(r"AC[0-9a-fA-F]{32}", re.ASCII)
_TOKEN: Final = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """`workspace` is a name; None means the only one there is."""

    sid: str
    token: str = field(repr=False)
    workspace: str | None = None
    base_url: str = TWILIO


def add_account(config: Config, new: NewAccount) -> str:
    """Add a Twilio account to a real workspace. A running server takes it up by itself.

    Raises AdminError and as `migrate`.
    """
    _refuse_nonsense(new)

    async def work(store: Store) -> str:
        workspace = await find_workspace(store, new.workspace)
        if workspace.simulated:
            raise AdminError(f"{workspace.name} is simulated: no real account can be added to it.")
        if await _insert(store, workspace, new) is None:
            raise AdminError(f"The account {new.sid} is there already.")
        return f"The account {new.sid} belongs to {workspace.name}.\n{webhooks(config, new.sid)}"

    return in_store(config, work)


def webhooks(config: Config, sid: str) -> str:
    """What to paste into the carrier's console, for people."""
    base = f"{config.public_url or ''}/webhooks/twilio/{sid}"
    told = [
        "In Twilio's console, under the number's messaging configuration (or its messaging service's), by HTTP POST:",
        f"  a message comes in  {base}/inbound",
        f"  status callback     {base}/status  (each text names it too)",
    ]
    if config.public_url is None:
        told.append("PUBLIC_URL is not set: put the https URL of this server before both.")
    return "\n".join(told)


def _refuse_nonsense(new: NewAccount) -> None:
    if not _SID.fullmatch(new.sid):
        raise AdminError("An account's SID is AC and 32 hexadecimal digits.")
    if not _TOKEN.fullmatch(new.token):
        raise AdminError("The auth token is empty, or has characters that no token has.")
    if not _is_safe(new.base_url):
        raise AdminError("--base-url must be an https URL, or an http one of this machine.")


def _is_safe(url: str) -> bool:
    """The token goes there with every request."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


async def _insert(store: Store, workspace: Workspace, new: NewAccount) -> int | None:
    async def add(connection: Connection) -> int | None:
        await connection.execute(_SQL["one_at_a_time"])
        values = (workspace.workspace_id, new.sid, new.token, new.base_url.rstrip("/"))
        added: int | None = await connection.fetchval(_SQL["add_account"], *values)
        return added

    return await store.call(add)
