"""Every operation that the API describes, asked by an owner, an agent and a program over the demo's data."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import trio

from server.app import wiring
from server.domain.scopes import Scope
from server.http.passwords import Passwords
from server.http.tokens import new_token
from server.ports.events import Answered, Post
from tests.http.house import QUICK
from tests.http.parsed_routes import routes_are_parsed_once
from tests.integration.server import Live, running
from tests.short_form import CASES as CASES_VARIABLE
from tests.spec.asking import Credential, Findings, ask, operations, walk
from tests.spec.course import UNREACHED, course

__all__ = ["routes_are_parsed_once"]

pytestmark = [pytest.mark.integration, pytest.mark.always]

_ALL: Final = 4
CASES: Final = int(os.environ.get(CASES_VARIABLE, _ALL))
"""Allowed ones of each operation; half as many that are not. Of fewer than four some may reach nothing."""
_AT_WORK: Final = "SELECT min(id) FROM campaign WHERE kind = 'campaign' AND state = 'active'"
_FIRST: Final = "SELECT min(id) FROM member WHERE role = $1"
NOON: Final = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


class NobodyPosts:
    """In place of what posts to webhooks: the addresses here are made up, and may be somebody's."""

    async def __call__(self, post: Post, body: bytes, headers: Sequence[tuple[str, str]]) -> Answered:
        return Answered(None, "nothing is posted here")

    async def aclose(self) -> None:
        """Nothing is open."""


# Cases are drawn in a thread beside the server, which draws from `random` too.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_every_operation_answers_as_it_is_described(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "Passwords", lambda: Passwords(QUICK))
    monkeypatch.setattr(wiring, "WebPoster", NobodyPosts)
    found = Findings()
    async with running(dsn, tmp_path, demo_at=NOON) as it:
        document = (await it.http.get("/api/openapi.json")).json()
        owner, agent = [await it.value(_FIRST, role) for role in ("owner", "agent")]
        every = list(operations(document))
        told = course(NOON, await it.value(_AT_WORK))
        await trio.to_thread.run_sync(walk, told, every, it.url, await _credentials(it, owner, agent), found)
        assert not found.faults, "\n".join(found.faults)
        for operation in every:
            asking = await _credentials(it, owner, agent)
            await trio.to_thread.run_sync(ask, operation, it.url, asking, CASES, found)
    described = {f"{method.upper()} {path}" for path, of in document["paths"].items() for method in of}
    assert not found.faults, "\n".join(found.faults)
    assert {label for label, _ in found.statuses} == described
    print(f"{found.asked} requests; {len(found.reached)} of {len(described)} operations did what they are for")
    if CASES >= _ALL:
        assert described - found.reached == set(UNREACHED), (
            "each operation is granted once, or says here why it cannot be"
        )


async def _credentials(it: Live, owner: int, agent: int) -> list[Credential]:
    """New ones for each operation: some of them end a login, or a token."""
    token, new = new_token(secrets.token_hex(4), frozenset(Scope))
    await it.store.tokens.add(1, owner, new)
    return [
        Credential("owner", await it.log_in(owner)),
        Credential("agent", await it.log_in(agent)),
        Credential("token", {"Authorization": f"Bearer {token}"}),
    ]
