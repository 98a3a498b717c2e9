"""The numbers that texts come to and leave from, and their pace."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.admin.accounts import webhooks
from server.admin.database import AdminError, in_store
from server.admin.limits import pace
from server.admin.workspaces import find_workspace
from server.config import Config
from server.domain.bucket import sensible_burst
from server.domain.phone import normalise
from server.ports import Account, Workspace
from server.store.named_sql import statements
from server.store.store import Store
from server.store.text import storable

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("admin")


@dataclass(frozen=True, slots=True)
class NewNumber:
    """`address` in any spelling; `rate` in segments/s, 0 pauses; `burst` in segments, None for a sensible one.

    `workspace` is a name and `account` a SID; None means the only one there is.
    """

    address: str
    rate: float
    burst: int | None = None
    workspace: str | None = None
    account: str | None = None
    label: str = ""


def add_number(config: Config, new: NewNumber) -> str:
    """Add a number to an account of its workspace. A running server takes it up by itself.

    Raises AdminError and as `migrate`.
    """
    address = normalise(new.address)
    if address is None:
        raise AdminError(f"{new.address} is not a phone number; write it like +12125550142.")
    if not math.isfinite(new.rate):
        raise AdminError("The rate must be segments per second; 0 pauses the number.")
    burst = sensible_burst(new.rate) if new.burst is None else new.burst

    async def work(store: Store) -> str:
        workspace = await find_workspace(store, new.workspace)
        if workspace.simulated:
            raise AdminError(f"{workspace.name} is simulated: it has the simulation's numbers and no others.")
        account = await _find_account(store, workspace, new.account)
        values = (workspace.workspace_id, account.account_id, address, storable(new.label), new.rate, burst)
        if await store.call(lambda c: _insert(c, values)) is None:
            raise AdminError(f"{address} is a number of {account.sid} already.")
        told = [f"{address} belongs to {workspace.name}: {pace(new.rate, burst)}."]
        if burst < sensible_burst(new.rate):
            told.append(f"A burst of {sensible_burst(new.rate)} would keep late wake-ups from costing rate.")
        return "\n".join([*told, webhooks(config, account.speaks, account.sid)])

    return in_store(config, work)


def list_numbers(config: Config) -> str:
    """A line for each number. Raises as `migrate`."""

    async def work(store: Store) -> str:
        rows = await store.call(lambda c: c.fetch(_SQL["numbers"]))
        lines = [
            "  ".join(filter(None, (r["address"], r["workspace"], r["sid"], pace(r["rate"], r["burst"]), r["label"])))
            for r in rows
        ]
        return "\n".join(lines) or "There is no number yet: add one with `threadline number add`."

    return in_store(config, work)


async def _find_account(store: Store, workspace: Workspace, sid: str | None) -> Account:
    known = await store.directory.accounts()
    own = [account for account in known if account.workspace_id == workspace.workspace_id]
    found = [account for account in own if sid in {None, account.sid}]
    if len(found) == 1:
        return found[0]
    if sid is not None:
        if any(account.sid == sid for account in known):
            raise AdminError(f"The account {sid} belongs to another workspace than {workspace.name}.")
        raise AdminError(f"There is no account {sid}: add it with `threadline account add`.")
    if not own:
        raise AdminError(f"{workspace.name} has no account yet: add one with `threadline account add`.")
    raise AdminError(f"Say which account with --account: {', '.join(account.sid for account in own)}.")


async def _insert(connection: Connection, values: tuple[int, int, str, str, float, int]) -> int | None:
    added: int | None = await connection.fetchval(_SQL["add_number"], *values)
    return added
