"""Workspaces of two agents each, with a number and a carrier of their own. Whatever happens in one, the next is new."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

import trio

from server.carriers.simulator.api import Api
from server.carriers.simulator.carrier import SimulatedCarrier
from server.carriers.simulator.command import start as start_simulator
from server.carriers.simulator.faults import Faults
from server.carriers.simulator.ledger import Ledger
from server.carriers.simulator.webhooks import Webhooks
from tests.integration.server import ANN, BOB, NUMBER, SID, TOKEN, Live, eventually

_AT_ONCE: Final = 8
_BUILD: Final = """
WITH w AS (
    INSERT INTO workspace (name, simulated, brand, contact) VALUES ($1, true, 'Brand', '(617) 555-0100') RETURNING id
), ann AS (
    INSERT INTO member (workspace_id, email, name, role, password_hash)
    SELECT id, 'ann' || id || '@example.org', 'Ann', 'agent', 'x' FROM w RETURNING id
), bob AS (
    INSERT INTO member (workspace_id, email, name, role, password_hash)
    SELECT w.id, 'bob' || w.id || '@example.org', 'Bob', 'agent', 'x' FROM w, ann RETURNING id
), account AS (
    INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
    SELECT id, true, 'simulator', $1, $2, $3 FROM w RETURNING workspace_id, id
), own AS (
    INSERT INTO number (workspace_id, account_id, address, rate, burst)
    SELECT workspace_id, id, $4, 100, 1 FROM account RETURNING id
)
SELECT w.id AS workspace, ann.id AS ann, bob.id AS bob, own.id AS number FROM w, ann, bob, own
"""


@dataclass(frozen=True)
class House:
    """`ann` and `bob` are members; `sid` names the account of its number."""

    workspace: int
    ann: int
    bob: int
    sid: str


FIRST: Final = House(1, ANN, BOB, SID)
"""What every server here begins with."""


class Street:
    """New houses on a server. They are built some at a time: the limiter needs a moment to hear of their numbers."""

    def __init__(self, it: Live, nursery: trio.Nursery) -> None:
        self._it, self._nursery = it, nursery
        self._empty: list[House] = []
        self._built = 0

    async def house(self) -> House:
        """One that nobody has lived in."""
        if not self._empty:
            await self._build()
        return self._empty.pop(0)

    async def _build(self) -> None:
        numbers = {await self._build_one() for _ in range(_AT_ONCE)}
        await self._it.wiring.accounts.refresh()

        async def are_known() -> bool:
            return numbers <= {one.number_id for one in self._it.wiring.limiter.book.numbers}

        await eventually(are_known)

    async def _build_one(self) -> int:
        """Its number's id."""
        self._built += 1
        sid, ledger = f"AC{self._built:032x}", Ledger(None)
        faults = Faults(Random(1))  # noqa: S311 - chance, not a secret
        carrier = SimulatedCarrier(sid, ledger, Webhooks(ledger, TOKEN, None), faults, inbound_url=None)
        url = await start_simulator(self._nursery, carrier, Api(carrier, TOKEN, frozenset({NUMBER})))
        [row] = await self._it.sql(_BUILD, sid, TOKEN, url, NUMBER)
        carrier.post_to(self._it.url)
        self._empty.append(House(row["workspace"], row["ann"], row["bob"], sid))
        number: int = row["number"]
        return number
