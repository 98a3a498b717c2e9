"""Carrier accounts of real workspaces, and where the carrier has to send its webhooks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from server.admin.database import AdminError, in_store
from server.admin.workspaces import find_workspace
from server.carriers.telnyx_signature import read_key
from server.config import Config, is_loopback
from server.ports import Workspace
from server.store.named_sql import statements
from server.store.store import Store

if TYPE_CHECKING:
    from server.store.postgres import Connection

BASE_URLS: Final = {"twilio": "https://api.twilio.com", "telnyx": "https://api.telnyx.com"}

_CONSOLES: Final = {
    "twilio": """\
In Twilio's console, under the number's messaging configuration (or its messaging service's), by HTTP POST:
  a message comes in  {base}/inbound
  status callback     {base}/status  (each text names it too)""",
    "telnyx": """\
In Telnyx's portal, under the number's messaging profile (API v2):
  webhook URL         {base}/inbound  (reports go to {base}/status, which each text names)""",
}

_SQL = statements("admin")
_SID: Final = re.compile(r"AC[0-9a-fA-F]{32}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_TOKEN: Final = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """`workspace` is a name; None means the only one there is. `token` is what the carrier knows us by.

    `base_url` None stands for the carrier's own. `public_key` is Telnyx's, which signs its webhooks with it.
    """

    sid: str
    token: str = field(repr=False)
    workspace: str | None = None
    base_url: str | None = None
    carrier: Literal["twilio", "telnyx"] = "twilio"
    public_key: str | None = None

    @property
    def url(self) -> str:
        return (self.base_url or BASE_URLS[self.carrier]).rstrip("/")


def add_account(config: Config, new: NewAccount) -> str:
    """Add a carrier account to a real workspace. A running server takes it up by itself.

    Raises AdminError and as `migrate`.
    """
    _refuse_nonsense(new)

    async def work(store: Store) -> str:
        workspace = await find_workspace(store, new.workspace)
        if workspace.simulated:
            raise AdminError(f"{workspace.name} is simulated: no real account can be added to it.")
        if await _insert(store, workspace, new) is None:
            raise AdminError(f"The account {new.sid} is there already.")
        return f"The account {new.sid} belongs to {workspace.name}.\n{webhooks(config, new.carrier, new.sid)}"

    return in_store(config, work)


def webhooks(config: Config, carrier: str, sid: str) -> str:
    """What to paste into the carrier's console, for people."""
    base = f"{config.public_url or ''}/webhooks/{carrier}/{sid}"
    told = _CONSOLES[carrier].format(base=base).splitlines()
    if config.public_url is None:
        told.append("PUBLIC_URL is not set: put the https URL of this server before both.")
    return "\n".join(told)


def _refuse_nonsense(new: NewAccount) -> None:
    if new.carrier == "twilio" and not _SID.fullmatch(new.sid):
        raise AdminError("An account's SID is AC and 32 hexadecimal digits.")
    if not _NAME.fullmatch(new.sid):
        raise AdminError(
            "The account's name may have 64 letters, digits, hyphens and underscores: it is part of an address."
        )
    if not _TOKEN.fullmatch(new.token):
        raise AdminError("The auth token is empty, or has characters that no token has.")
    _refuse_key(new)
    if not _is_safe(new.url):
        raise AdminError("--base-url must be an https URL, or an http one of this machine.")


def _refuse_key(new: NewAccount) -> None:
    if new.carrier == "twilio":
        if new.public_key is not None:
            raise AdminError("--public-key is for Telnyx: Twilio signs its webhooks with the auth token.")
        return
    if new.public_key is None:
        raise AdminError(
            "Telnyx needs --public-key, from its portal under Keys & Credentials: it signs its webhooks with it."
        )
    try:
        read_key(new.public_key)
    except ValueError:
        raise AdminError(
            "--public-key is not a key: the portal shows 32 bytes in base64, which are 44 characters."
        ) from None


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
        values = (workspace.workspace_id, new.sid, new.token, new.url, new.carrier, new.public_key)
        added: int | None = await connection.fetchval(_SQL["add_account"], *values)
        return added

    return await store.call(add)
