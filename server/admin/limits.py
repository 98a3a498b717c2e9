"""What carriers allow: paces of numbers and accounts, brands with their daily caps, registered campaigns' rates.

A running server takes every change up with its next look, within seconds; a change never hands out a whole burst.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from server.admin.database import AdminError, in_store
from server.admin.workspaces import find_workspace
from server.config import Config
from server.domain.bucket import sensible_burst
from server.domain.phone import normalise
from server.ports import LivingNode
from server.store.named_sql import statements
from server.store.store import Store
from server.store.text import storable

if TYPE_CHECKING:
    from server.store.postgres import Connection

LEAST_CAP: Final = 100  # segments: as many are charged at a time
_SQL = statements("admin")
_CARRIER: Final = re.compile(r"[a-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class NumberChange:
    """None leaves a thing as it is. `registration` "" takes the number out of its registered campaign."""

    address: str
    rate: float | None = None
    burst: int | None = None
    registration: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class BrandCap:
    """`daily_cap` in segments, None for none. `capped`: destination carriers that count, and "unknown"."""

    name: str
    daily_cap: int | None = None
    capped: tuple[str, ...] = ("tmobile", "unknown")
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class RegistrationRate:
    """What `carrier` allows the registered campaign `name`, in segments/s; `rate` None: no limit.

    `brand` is needed for a new one. `carrier` None changes no rate.
    """

    name: str
    brand: str | None = None
    carrier: str | None = None
    rate: float | None = None
    burst: int | None = None
    workspace: str | None = None


def set_number(config: Config, change: NumberChange) -> str:
    """Change a number's pace or registered campaign. Raises AdminError and as `migrate`."""
    address = normalise(change.address)
    if address is None:
        raise AdminError(f"{change.address} is not a phone number; write it like +12125550142.")
    _refuse_infinite(change.rate)
    if (change.rate, change.burst, change.registration) == (None, None, None):
        raise AdminError("Say what to change: --rate, --burst or --registration.")

    async def work(connection: Connection) -> str:
        rows = await connection.fetch(_SQL["number_ids"], address, change.account)
        if not rows:
            raise AdminError(f"There is no number {address}: add it with `threadline number add`.")
        if len(rows) > 1:
            raise AdminError(f"Say which account with --account: {', '.join(row['sid'] for row in rows)}.")
        registration = await _registration_of(connection, rows[0]["workspace_id"], change.registration)
        burst = change.burst
        if burst is None and change.rate is not None:
            burst = max(rows[0]["burst"], sensible_burst(change.rate))
        changed = await connection.fetchrow(_SQL["set_number"], rows[0]["id"], change.rate, burst, registration)
        assert changed is not None  # noqa: S101 - the same transaction has just found it
        return f"{address}: {pace(changed['rate'], changed['burst'])}."

    return in_store(config, lambda store: store.call(work))


def set_account(config: Config, sid: str, rate: float | None, burst: int | None) -> str:
    """What an account may send over all its numbers; *rate* None: no limit. Raises AdminError and as `migrate`."""
    _refuse_infinite(rate)
    burst = burst or sensible_burst(rate or 0.0)

    async def work(connection: Connection) -> str:
        if await connection.fetchval(_SQL["set_account"], sid, rate, burst) is None:
            raise AdminError(f"There is no account {sid}: add it with `threadline account add`.")
        return f"{sid}: {'no limit of its own' if rate is None else pace(rate, burst)}."

    return in_store(config, lambda store: store.call(work))


def set_brand(config: Config, brand: BrandCap) -> str:
    """Add a brand or change its daily cap. Raises AdminError and as `migrate`."""
    if brand.daily_cap is not None and brand.daily_cap < LEAST_CAP:
        raise AdminError(f"A daily cap is {LEAST_CAP} segments or more; a rate of 0 pauses.")
    for carrier in brand.capped:
        _refuse_carrier(carrier)

    async def work(store: Store) -> str:
        workspace = await find_workspace(store, brand.workspace)
        values = (workspace.workspace_id, storable(brand.name), brand.daily_cap, list(brand.capped))
        await store.call(lambda c: c.fetchval(_SQL["put_brand"], *values))
        return f"{brand.name}: {_cap(brand.daily_cap, brand.capped)}."

    return in_store(config, work)


def set_registration(config: Config, asked: RegistrationRate) -> str:
    """Add a registered campaign, or change what a carrier allows it. Raises AdminError and as `migrate`."""
    _refuse_infinite(asked.rate)
    if asked.carrier is not None:
        _refuse_carrier(asked.carrier)
        if asked.carrier == "unknown":
            raise AdminError("An unknown carrier has no rate: such texts are charged to the slowest one.")

    async def work(store: Store) -> str:
        workspace = await find_workspace(store, asked.workspace)
        return await store.call(lambda c: _put(c, workspace.workspace_id, asked))

    return in_store(config, work)


async def _put(connection: Connection, workspace_id: int, asked: RegistrationRate) -> str:
    name = storable(asked.name)
    if asked.brand is not None:
        brand_id = await connection.fetchval(_SQL["brand_id"], workspace_id, storable(asked.brand))
        if brand_id is None:
            raise AdminError(f"There is no brand {asked.brand}: add it with `threadline brand set`.")
        id_ = await connection.fetchval(_SQL["put_registration"], workspace_id, brand_id, name)
    else:
        id_ = await _registration_of(connection, workspace_id, name)
    if asked.carrier is None:
        return f"{asked.name} is there."
    if asked.rate is None:
        await connection.execute(_SQL["drop_rate"], id_, asked.carrier)
        told = f"{asked.name} at {asked.carrier}: no limit of its own."
    else:
        # Two at least: a stream that is held up by two limits in turn would else lose what it waits for the second.
        burst = asked.burst or max(2, sensible_burst(asked.rate))
        await connection.execute(_SQL["put_rate"], id_, asked.carrier, asked.rate, burst)
        told = f"{asked.name} at {asked.carrier}: {pace(asked.rate, burst)}."
    await connection.execute(_SQL["audit_rate"], workspace_id, id_, asked.carrier, asked.rate)
    return told


def list_limits(config: Config) -> str:
    """Every brand, its registered campaigns, and their rates. Raises as `migrate`."""

    async def work(store: Store) -> str:
        rows = await store.call(lambda c: c.fetch(_SQL["limits"]))
        lines: list[str] = []
        for (workspace, brand), own in groupby(rows, key=lambda r: (r["workspace"], r["brand"])):
            first, *_ = found = list(own)
            lines.append(f"{workspace}  {brand}  {_cap(first['daily_cap'], first['capped'])}")
            lines += [f"  {line}" for row in found for line in _rate_line(row)]
        return "\n".join(lines) or "There is no brand yet: add one with `threadline brand set`."

    return in_store(config, work)


def list_servers(config: Config) -> str:
    """The servers that run on the database, and which of them sends. Raises as `migrate`."""

    async def work(store: Store) -> str:
        return "\n".join(_server_line(node) for node in await store.fleet.living()) or "No server runs."

    return in_store(config, work)


def hand_over(config: Config, gen: int) -> str:
    """Let the server of generation *gen* send. Raises AdminError and as `migrate`."""

    async def work(store: Store) -> str:
        handed = await store.fleet.hand_over_limiter(gen, config.node_lease_s)
        if handed is None:
            raise AdminError(f"Server {gen} does not run, or sends already; `threadline limiter show` lists them.")
        return f"Server {gen} sends from {handed[1]:.0f} s from now on."

    return in_store(config, work)


def pace(rate: float, burst: int) -> str:
    """`1 segment/s, burst 1`; 0 says so."""
    if rate == 0:
        return "paused"
    return f"{rate:g} segment{'' if rate == 1 else 's'}/s, burst {burst}"


async def _registration_of(connection: Connection, workspace_id: int, name: str | None) -> int | None:
    if not name:
        return None if name is None else 0
    id_: int | None = await connection.fetchval(_SQL["registration_id"], workspace_id, name)
    if id_ is None:
        raise AdminError(f"There is no registered campaign {name}: add it with `threadline registration set --brand`.")
    return id_


def _rate_line(row: Any) -> list[str]:
    if row["registration"] is None:
        return []
    rate = (
        "no rates yet" if row["dest_carrier"] is None else f"{row['dest_carrier']}  {pace(row['rate'], row['burst'])}"
    )
    return [f"{row['registration']}  {rate}  ({row['numbers']} number{'' if row['numbers'] == 1 else 's'})"]


def _server_line(node: LivingNode) -> str:
    return f"{node.gen}  {node.host}  pid {node.pid}  {'sends' if node.holds else 'does not send'}"


def _cap(cap: int | None, capped: tuple[str, ...] | list[str]) -> str:
    return "no daily cap" if cap is None else f"{cap} segments a day to {', '.join(capped)}"


def _refuse_carrier(name: str) -> None:
    if not _CARRIER.fullmatch(name):
        raise AdminError(f"{name} is no carrier's short name: att, tmobile, verizon, other.")


def _refuse_infinite(rate: float | None) -> None:
    if rate is not None and not math.isfinite(rate):
        raise AdminError("The rate must be segments per second; 0 pauses.")
