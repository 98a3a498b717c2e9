"""The house over a real database: the members of its two workspaces are rows, and its parts for people are real."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from server.store.store import Store, open_store
from tests.http.house import DANA, EVE, NOW, RAJ, Browser, House

SEED = """
    INSERT INTO workspace (name, simulated, brand, contact)
    VALUES ('Harbor & Pine', true, 'H', 'h'), ('Other Side Realty', true, 'O', 'o');
    INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
    VALUES (1, true, 'simulator', 'AC1', 's', 'http://127.0.0.1:9'),
           (2, true, 'simulator', 'AC2', 's', 'http://127.0.0.1:9');
    INSERT INTO number (workspace_id, account_id, address, label, rate)
    VALUES (1, 1, '+16175550100', 'Main line', 1), (2, 2, '+14045550100', '', 1);
"""
MEMBER = """
    INSERT INTO member (id, workspace_id, email, name, role, password_hash) OVERRIDING SYSTEM VALUE
    VALUES ($1, $2, $3, $4, $5, 'x')
"""


@dataclass
class Office:
    """Dana (owner) and Raj (agent) work in workspace 1, Eve (owner) in workspace 2."""

    house: House
    store: Store

    async def dana(self) -> Browser:
        return await self.house.logged_in(DANA)

    async def raj(self) -> Browser:
        return await self.house.logged_in(RAJ)

    async def eve(self) -> Browser:
        return await self.house.logged_in(EVE)

    async def sql(self, query: str, *values: Any) -> list[Any]:
        return list(await self.store.call(lambda c: c.fetch(query, *values)))


@asynccontextmanager
async def open_office(house: House, dsn: str) -> AsyncIterator[Office]:
    async with open_store(dsn) as store:
        await store.call(lambda c: c.execute(SEED))
        office = Office(house, store)
        for one in (DANA, RAJ, EVE):
            await office.sql(MEMBER, one.member_id, one.workspace_id, one.email, one.name, one.role)
        house.replace(contacts=store.contacts, catalogue=store.catalogue, timeline=store.timeline)
        house.replace(values=store.values, token_values=store.values, consents=store.consents)
        house.replace(settings=store.settings, audit_log=store.audit_log)
        house.replace(mass_edits=store.mass_edits)
        house.replace(imports=store.imports, finder=store.finder, filters=store.filters, bulk=store.bulk)
        house.replace(campaign_drafts=store.campaign_drafts, campaign_survey=store.campaign_survey)
        house.replace(links=store.links, tokens=store.tokens, events=store.events, hooks=store.hooks)
        house.replace(campaign_course=store.campaign_course, campaign_figures=store.campaign_figures)
        house.replace(campaign_tests=store.campaign_tests, own_numbers=store.own_numbers, numbers=store.numbers)
        house.clock.wall_time = NOW
        yield office
