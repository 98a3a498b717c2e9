"""Who takes part in a crash run: one member, two numbers of ours, and sixty people, some of whom will say STOP."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from server.carriers.simulator.faults import MAGIC_PREFIX

if TYPE_CHECKING:
    from server.store.postgres import Connection

SLOW, FAST = "+12025550198", "+12025550199"
RATES: Final = {SLOW: (10.0, 2), FAST: (50.0, 5)}
"""Segments per second and burst."""

STOPPERS: Final = [f"+12125550{number}" for number in range(100, 124)]
OTHERS: Final = [f"+12125550{number}" for number in range(124, 142)]
# Refused, throttled, cut off, garbled, slow, with receipts early, twice, reversed or never: see the simulator's table.
_DIGITS: Final = "10 12 13 14 15 16 17 18 20 21 30 32 33 40 43 50 51 52 55"
ODD: Final = [MAGIC_PREFIX + digits for digits in _DIGITS.split(" ")]
HANGING: Final = [MAGIC_PREFIX + "11", MAGIC_PREFIX + "22"]
"""They cost a worker its 15 s, so nobody writes to them towards the end."""


@dataclass(frozen=True, slots=True)
class Contact:
    thread_id: int
    address: str
    number: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, with the session token of the member and the names under which the carrier knows us."""

    contacts: dict[str, Contact]
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    sid: str = "AC" + "5" * 32
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def of(self, addresses: list[str]) -> list[Contact]:
        return [self.contacts[address] for address in addresses]


def make_cast() -> Cast:
    people = [*STOPPERS, *OTHERS, *ODD, *HANGING]
    return Cast({a: Contact(i, a, SLOW if i % 3 == 0 else FAST) for i, a in enumerate(people, 1)})


_WORKSPACE: Final = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Crash', true, 'Crash Realty', '(202) 555-0123');
INSERT INTO member (workspace_id, email, name, role, password_hash)
VALUES (1, 'dana@example.org', 'Dana', 'agent', 'x');
"""
_SESSION: Final = """INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)
    VALUES ($1, 1, 1, now() + interval '1 day', '127.0.0.1', 'crash run')"""
_ACCOUNT: Final = """INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
    VALUES (1, true, 'simulator', $1, $2, $3)"""
_NUMBER: Final = "INSERT INTO number (workspace_id, account_id, address, rate, burst) VALUES (1, 1, $1, $2, $3)"
_ENDPOINT: Final = "INSERT INTO endpoint (workspace_id, address) VALUES (1, $1)"
_THREAD: Final = "INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) VALUES (1, $1, $2, now())"


async def seed(connection: Connection, cast: Cast, carrier_url: str) -> None:
    """Fill an empty workspace; ids count from 1 in the order of the cast."""
    await connection.execute(_WORKSPACE)
    await connection.execute(_SESSION, hashlib.sha256(cast.session.encode()).digest())
    await connection.execute(_ACCOUNT, cast.sid, cast.token, carrier_url)
    for address, (rate, burst) in RATES.items():
        await connection.execute(_NUMBER, address, rate, burst)
    for contact in cast.contacts.values():
        await connection.execute(_ENDPOINT, contact.address)
        await connection.execute(_THREAD, contact.thread_id, list(RATES).index(contact.number) + 1)
