"""Two server processes on one database: one sends, the other serves pages until it is its turn; never both."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx2
import trio

from server.carriers.simulator.api import Api
from server.carriers.simulator.carrier import SimulatedCarrier, body_sha256
from server.carriers.simulator.command import start as start_simulator
from server.carriers.simulator.faults import Faults
from server.carriers.simulator.ledger import Ledger
from server.carriers.simulator.webhooks import Webhooks
from server.domain.gate import MessageClass
from server.ports import EnqueueMt
from server.store.store import Store, open_store
from tests.integration.server import ANN, EVE, MAYA, NUMBER, SID, TOKEN, _seed, eventually
from tests.integration.test_server_process import environ, serving

RATE, BURST = 10.0, 1
LATE_S = 0.5
"""What a busy machine may shift a first byte by on its way; two that sent at once would be seen by far more."""


class Arrivals(Ledger):
    """Keeps when the first byte of each accepted text came, and a digest of what it says."""

    def __init__(self) -> None:
        super().__init__(None)
        self.at: list[float] = []
        self.bodies: list[str] = []

    def record_soon(self, kind: str, *, mono_ns: int | None = None, **fields: Any) -> None:
        super().record_soon(kind, mono_ns=mono_ns, **fields)
        if kind == "accepted":
            self.at.append((mono_ns or time.monotonic_ns()) / 1e9)
            self.bodies.append(fields["body_sha256"])


def worst_excess(at: list[float]) -> float:
    at = sorted(at)
    return max(
        last - first + 1 - RATE * (ends - begins + LATE_S) - BURST
        for first, begins in enumerate(at)
        for last, ends in enumerate(at)
        if last >= first
    )


class Browser:
    """Somebody logged in, at either server."""

    def __init__(self, http: httpx2.AsyncClient, url: str, token: str) -> None:
        self._http, self._url = http, url
        self._headers = {"Cookie": f"threadline={token}", "Origin": url, "X-CSRF": "1"}

    async def get(self, path: str) -> Any:
        answer = await self._http.get(self._url + path, headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object) -> int:
        return (await self._http.post(self._url + path, json=body, headers=self._headers)).status_code


async def log_in(store: Store, member_id: int) -> str:
    token = uuid4().hex
    await store.call(
        lambda c: c.execute(
            "INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)"
            " SELECT $1, workspace_id, id, now() + interval '1 day', '', '' FROM member WHERE id = $2",
            hashlib.sha256(token.encode()).digest(),
            member_id,
        )
    )
    return token


async def thread_with_maya(store: Store) -> int:
    thread: int = await store.call(
        lambda c: c.fetchval(
            "WITH e AS (INSERT INTO endpoint (workspace_id, address) VALUES (1, $1) RETURNING id)"
            " INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at)"
            " SELECT 1, id, 1, now() FROM e RETURNING id",
            MAYA,
        )
    )
    await store.call(lambda c: c.execute("UPDATE number SET rate = $1, burst = $2", RATE, BURST))
    return thread


async def queue(store: Store, thread: int, count: int) -> None:
    now = await store.call(lambda c: c.fetchval("SELECT clock_timestamp()"))
    texts = [
        EnqueueMt(1, thread, uuid4(), b"x", MessageClass.PERSON, f"Text {n}", 1, now, author_id=ANN)
        for n in range(count)
    ]
    await store.ledger.enqueue_bulk(texts)


async def senders(store: Store) -> list[int]:
    """Of every accepted text, oldest first: the server that sent it."""
    query = "SELECT gen FROM attempt WHERE state = 'accepted' ORDER BY authorised_at, id"
    return [row["gen"] for row in await store.call(lambda c: c.fetch(query))]


def sent(store: Store, count: int) -> Callable[[], Any]:
    async def enough() -> bool:
        return len(await senders(store)) >= count

    return enough


@asynccontextmanager
async def town(dsn: str, numbers: Collection[str] = (NUMBER,)) -> AsyncIterator[tuple[Store, Arrivals]]:
    """A database with people in it, and a carrier with these numbers, that two servers share."""
    arrivals = Arrivals()
    async with trio.open_nursery() as around, open_store(dsn) as store:
        faults = Faults(Random(1))  # noqa: S311 - chance, not a secret
        webhooks = Webhooks(arrivals, TOKEN, None)
        carrier = SimulatedCarrier(SID, arrivals, webhooks, faults, inbound_url=None, receipts=False)
        simulator = await start_simulator(around, carrier, Api(carrier, TOKEN, frozenset(numbers)))
        await store.call(lambda c: _seed(c, simulator))
        yield store, arrivals
        around.cancel_scope.cancel()


ENV: Final = {"THREADLINE_SIMULATED": "1", "THREADLINE_NODE_LEASE": "3", "THREADLINE_LADDER": "1,2,3,4"}


async def test_one_sends_until_it_hands_over_or_ends_and_no_window_holds_more(dsn: str, tmp_path: Path) -> None:
    async with town(dsn) as (store, arrivals), httpx2.AsyncClient(trust_env=False, verify=False) as http:
        thread, ann, eve = await thread_with_maya(store), await log_in(store, ANN), await log_in(store, EVE)
        async with serving(environ(dsn, tmp_path / "one", **ENV)) as (_, one):
            async with serving(environ(dsn, tmp_path / "two", **ENV)) as (process, two):
                at_two = Browser(http, two, ann)
                path = f"/api/v1/threads/{thread}/messages"
                for _ in range(3):
                    assert await at_two.post(path, {"cmd_id": str(uuid4()), "body": "Hello"}) == 202
                await eventually(sent(store, 3))
                assert await senders(store) == [1, 1, 1], "the first sends what the second took"
                pace = await at_two.get("/api/v1/system/pace")
                assert (pace["holds"], [(node["gen"], node["sends"]) for node in pace["servers"]]) == (
                    False,
                    [(1, True), (2, False)],
                )

                await queue(store, thread, 60)
                await eventually(sent(store, 13))
                assert await Browser(http, two, eve).post("/api/v1/system/hand-over", {"gen": 2}) == 200
                await eventually(sent(store, 63))
                by = await senders(store)
                assert by == sorted(by), "after the first text of the second none is the first's"
                assert {1, 2} == set(by)

                await queue(store, thread, 40)
                await eventually(sent(store, 70))
                process.send_signal(signal.SIGTERM)
                with trio.fail_after(60):
                    await process.wait()
            await eventually(sent(store, 103))
            assert (await senders(store))[-1] == 1, "the first took over from the second"
            assert (await Browser(http, one, ann).get("/api/v1/system/pace"))["holds"]
    assert len(arrivals.at) == 103
    assert worst_excess(arrivals.at) <= 0


async def test_the_other_takes_over_from_one_that_was_killed_and_nothing_leaves_twice(dsn: str, tmp_path: Path) -> None:
    """Each has a folder of its own, as on two machines: the killed one's journal is not there to be read."""
    async with town(dsn) as (store, arrivals):
        thread = await thread_with_maya(store)
        one, two = (serving(environ(dsn, tmp_path / folder, **ENV)) for folder in ("one", "two"))
        async with one as (process, _), two:
            await queue(store, thread, 60)
            await eventually(sent(store, 13))
            process.kill()
            await process.wait()
            await eventually(partial(all_settled, store))
        by = await senders(store)
        in_doubt = await bodies(store, "unconfirmed")
        assert len(by) + len(in_doubt) == 60
        assert by == sorted(by), "after the first text of the second none is the first's"
        assert set(by) == {1, 2}
        assert len(set(arrivals.bodies)) == len(arrivals.bodies), "none left twice"
        assert set(await bodies(store, "sent")) <= set(arrivals.bodies)
        assert set(arrivals.bodies) <= {*await bodies(store, "sent"), *in_doubt}
        assert worst_excess(arrivals.at) <= 0


async def test_two_servers_together_allow_ten_tries_to_log_in(dsn: str, tmp_path: Path) -> None:
    """Each alone would allow ten. A try more is earned every six seconds, however long all this takes."""
    wrong, answers = {"email": "nobody@example.org", "password": "guess"}, list[httpx2.Response]()
    async with town(dsn), httpx2.AsyncClient(trust_env=False, verify=False) as http:
        one, two = (serving(environ(dsn, tmp_path / folder, **ENV)) for folder in ("one", "two"))
        async with one as (_, at_one), two as (_, at_two):

            async def guess(url: str) -> None:
                for _ in range(10):
                    headers = {"Origin": url, "X-CSRF": "1"}
                    answers.append(await http.post(f"{url}/api/v1/login", json=wrong, headers=headers, timeout=60))

            began = time.monotonic()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(guess, at_one)
                nursery.start_soon(guess, at_two)
            earned = (time.monotonic() - began) // 6
    statuses = [answer.status_code for answer in answers]
    assert 10 <= statuses.count(401) <= 10 + earned
    assert statuses.count(401) + statuses.count(429) == 20
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429)


async def all_settled(store: Store) -> bool:
    return not await store.call(lambda c: c.fetchval("SELECT EXISTS (SELECT FROM outbox)"))


async def bodies(store: Store, state: str) -> list[str]:
    rows = await store.call(lambda c: c.fetch("SELECT body FROM message WHERE state = $1", state))
    return [body_sha256(row["body"]) for row in rows]
