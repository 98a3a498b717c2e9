"""A whole server in this process: the real composition over a real database, a simulated carrier, browsers' sockets."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import httpx2
import trio
from pydantic import SecretStr
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from server.app.ending import Ending
from server.app.main import serve
from server.app.wiring import Wiring
from server.carriers.simulator.api import Api
from server.carriers.simulator.carrier import SimulatedCarrier, handset_text
from server.carriers.simulator.command import start as start_simulator
from server.carriers.simulator.faults import Faults
from server.carriers.simulator.ledger import Ledger
from server.carriers.simulator.webhooks import Webhooks, twilio_signature
from server.config import Config
from server.demo.people import ACCOUNT_SID
from server.demo.seed import SimulatorAccount, seed_demo
from server.store.store import Store, open_store
from tests.http.house import QUICK
from tests.ws.conftest import Client

if TYPE_CHECKING:
    from server.store.postgres import Connection

SID: Final = ACCOUNT_SID
TOKEN: Final = "the secret of the account"
NUMBER: Final = "+16175550100"
MAYA, LIAM = "+16175550142", "+16175550143"
CARRIER_BLOCKS: Final = "+18025550132"
"""A magic recipient of the simulator: its carrier answers 21610."""
ANN, BOB, EVE = 1, 2, 3
WITHIN_S: Final = 60.0
"""How long anything may take at most; a machine under load takes its time."""

SEED: Final = """
INSERT INTO workspace (name, simulated, brand, contact) VALUES
    ('Harbor & Pine', true, 'Harbor & Pine', '(617) 555-0100'), ('Other Side', true, 'Other Side', '(404) 555-0100');
INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES
    (1, 'ann@example.org', 'Ann', 'agent', 'x'), (1, 'bob@example.org', 'Bob', 'agent', 'x'),
    (2, 'eve@example.org', 'Eve', 'owner', 'x');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url) VALUES
    (1, true, 'simulator', 'AC', 'secret', 'http://127.0.0.1:9');
INSERT INTO number (workspace_id, account_id, address, rate, burst) VALUES (1, 1, '+16175550100', 100, 1);
"""


async def eventually(condition: Callable[[], Awaitable[Any]]) -> Any:
    """What *condition* gives once it gives something."""
    with trio.fail_after(WITHIN_S):
        while not (found := await condition()):  # noqa: ASYNC110 - rows and sockets set no event of ours
            await trio.sleep(0.01)
    return found


@dataclass
class Live:
    """The server at *url*. *store* is the test's own way to the database."""

    url: str
    wiring: Wiring
    carrier: SimulatedCarrier
    store: Store
    ending: Ending
    dsn: str
    http: httpx2.AsyncClient

    # The database

    async def sql(self, query: str, *values: Any) -> list[asyncpg.Record]:
        return await self.store.call(lambda c: c.fetch(query, *values))

    async def value(self, query: str, *values: Any) -> Any:
        return await self.store.call(lambda c: c.fetchval(query, *values))

    async def states(self, thread_id: int) -> list[str]:
        """Of what was sent in this thread, in order."""
        rows = await self.sql(
            "SELECT state FROM message WHERE thread_id = $1 AND direction = 'out' ORDER BY seq", thread_id
        )
        return [row["state"] for row in rows]

    async def becomes(self, thread_id: int, *states: str) -> None:
        async def are_there() -> bool:
            return await self.states(thread_id) == list(states)

        await eventually(are_there)

    async def thread_of(self, address: str) -> int:
        """The thread with this person, once it is there."""
        query = "SELECT t.id FROM thread t JOIN endpoint e ON e.id = t.endpoint_id WHERE e.address = $1"
        found: int = await eventually(lambda: self.value(query, address))
        return found

    async def tree(self, name: str) -> Any:
        """A child of the root, as the API shows it."""
        answer = await self.http.get("/api/v1/system/actors", headers=await self.log_in(ANN))
        return next(child for child in answer.json()["children"] if child["name"] == name)

    @asynccontextmanager
    async def no_text_leaves(self) -> AsyncIterator[None]:
        """Whatever is being authorised meanwhile waits, with its row claimed and nothing decided."""

        async def begin() -> asyncpg.Connection[asyncpg.Record]:
            connection = await asyncpg.connect(self.dsn)
            await connection.execute("BEGIN; SELECT pg_advisory_xact_lock(-1)")
            return connection

        connection = await self.store.bridge.call(begin)
        try:
            yield
        finally:
            with trio.CancelScope(shield=True):
                await self.store.bridge.call(connection.close)

    # The carrier

    def wired(self, to: str = MAYA) -> list[str]:
        """What the carrier has accepted for this person, oldest first."""
        listed = self.carrier.messages.page(SID, {"To": to})["messages"]
        return [message["body"] for message in reversed(listed) if message["direction"] != "inbound"]

    def write_in(self, body: str = "Hello", *, from_: str = MAYA, to: str = NUMBER) -> str:
        """A handset writes; gives the carrier's id of the text."""
        message = handset_text(from_, to, body)
        self.carrier.write_in(message)
        return message.sid

    async def meet(self, address: str = MAYA) -> int:
        """The thread of somebody who has just written in for the first time."""
        self.write_in(from_=address)
        return await self.thread_of(address)

    async def post_inbound(
        self, fields: Sequence[tuple[str, str | bytes]], *, sign: bool = True, sid: str = SID
    ) -> httpx2.Response:
        """An inbound webhook with just these fields, of the account *sid*."""
        return await self.post_form("inbound", urlencode(fields).encode(), fields if sign else None, sid=sid)

    async def post_form(
        self, kind: str, body: bytes, signed: Sequence[tuple[str, str | bytes]] | None, sid: str = SID, **headers: str
    ) -> httpx2.Response:
        path = f"/webhooks/twilio/{sid}/{kind}"
        head = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        if signed is not None:
            texts = [(name, value if isinstance(value, str) else value.decode()) for name, value in signed]
            head["X-Twilio-Signature"] = twilio_signature(TOKEN, self.url + path, texts)
        return await self.http.post(path, content=body, headers=head)

    # Browsers

    async def log_in(self, member_id: int) -> dict[str, str]:
        """The headers of a browser of this member, a login of its own."""
        token = secrets.token_urlsafe()
        await self.sql(
            "INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)"
            " SELECT $1, workspace_id, id, now() + interval '1 day', '', '' FROM member WHERE id = $2",
            hashlib.sha256(token.encode()).digest(),
            member_id,
        )
        return {"Cookie": f"threadline={token}", "Origin": self.url}

    @asynccontextmanager
    async def socket(
        self, member_id: int = ANN, *channels: str, headers: Mapping[str, str] | None = None, path: str = "/ws"
    ) -> AsyncIterator[Tab]:
        """A browser's socket with these channels open."""
        protocol = ClientProtocol(parse_uri(f"{self.url.replace('http', 'ws', 1)}{path}"))
        request = protocol.connect()
        request.headers.update(await self.log_in(member_id) if headers is None else headers)
        protocol.send_request(request)
        port = int(self.url.rpartition(":")[2])
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        try:
            tab = Tab(Client(stream, protocol))
            with trio.fail_after(WITHIN_S):
                while protocol.state.name == "CONNECTING":
                    await tab.client.pump()
            for channel in channels:
                await tab.open(channel)
            yield tab
        finally:
            stream.socket.close()


class Tab:
    """A browser's socket, spoken with in words. What nobody has asked for yet is kept."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._asked = 0
        self._kept: list[dict[str, Any]] = []

    async def say(self, **frame: Any) -> None:
        await self.client.say(**frame)

    async def hear(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The earliest frame of this kind with these fields that was not heard yet."""
        return await self._first(lambda frame: frame["t"] == kind and fields.items() <= frame.items())

    async def _first(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for kept in self._kept:
            if wanted(kept):
                self._kept.remove(kept)
                return kept
        with trio.fail_after(WITHIN_S):
            while not wanted(frame := await self.client.hear()):
                self._kept.append(frame)
        return frame

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes."""
        protocol = self.client.protocol
        with trio.fail_after(WITHIN_S):
            while protocol.close_rcvd is None:
                await self.client.pump()
        return protocol.close_rcvd.code, protocol.close_rcvd.reason

    async def quiet(self) -> list[dict[str, Any]]:
        """All else that has come, or was on its way: a channel that is not there is refused after it."""
        await self.open("nowhere")
        heard, self._kept = self._kept, []
        return heard

    async def open(self, channel: str, **position: Any) -> dict[str, Any]:
        """Subscribe; gives the answer: subscribed, or err."""
        self._asked += 1
        asked = self._asked
        await self.say(t="subscribe", id=asked, ch=channel, **position)
        return await self._first(lambda frame: frame.get("id") == asked and frame["t"] in ("subscribed", "err"))

    async def command(self, name: str, cmd_id: str | None = None, **data: Any) -> dict[str, Any]:
        """Carry out; gives the ack or the err."""
        cmd_id = cmd_id or str(uuid4())
        await self.say(t="command", cmd_id=cmd_id, data={"name": name, **data})
        return await self._first(lambda frame: frame.get("cmd_id") == cmd_id and frame["t"] in ("ack", "err"))


@asynccontextmanager
async def running(
    dsn: str, folder: Path, *, receipts: bool = True, demo_at: datetime | None = None, **settings: Any
) -> AsyncIterator[Live]:
    """A server on the database at *dsn* (seeded where it is empty), ready; it has ended in order when this is left.

    With *demo_at* it has the demo's data as of then, and its wall shows that time.
    """
    async with trio.open_nursery() as around:
        ledger = Ledger(None)
        faults = Faults(Random(1))  # noqa: S311 - chance, not a secret
        carrier = SimulatedCarrier(
            SID, ledger, Webhooks(ledger, TOKEN, None), faults, inbound_url=None, receipts=receipts
        )
        simulator = await start_simulator(around, carrier, Api(carrier, TOKEN, frozenset({NUMBER})))
        async with open_store(dsn) as store, trio.open_nursery() as nursery:
            if demo_at is None:
                await store.call(lambda connection: _seed(connection, simulator))
            else:
                await seed_demo(store, demo_at, SimulatorAccount(TOKEN, simulator), QUICK.hash)
            given: dict[str, Any] = {
                "mode": "serve",
                "port": 0,
                "simulated": True,
                "ladder_s": (0.5, 1, 2, 3),
                "wall_clock": demo_at,
            } | settings
            config = Config(database_url=SecretStr(dsn), data_dir=folder, **given)
            async with (
                _serving(nursery, config) as (url, wiring, ending),
                httpx2.AsyncClient(base_url=url, timeout=WITHIN_S, trust_env=False, verify=False) as http,
            ):
                carrier.post_to(url)
                yield Live(url, wiring, carrier, store, ending, dsn, http)
        around.cancel_scope.cancel()


async def _seed(connection: Connection, simulator: str) -> None:
    if not await connection.fetchval("SELECT count(*) FROM workspace"):
        await connection.execute(SEED)
    await connection.execute("UPDATE carrier_account SET base_url = $1, secret = $2, sid = $3", simulator, TOKEN, SID)


@asynccontextmanager
async def _serving(nursery: trio.Nursery, config: Config) -> AsyncIterator[tuple[str, Wiring, Ending]]:
    ending, ready, ended = Ending(), trio.Event(), trio.Event()
    urls: list[str] = []
    wirings: list[Wiring] = []

    def listens(url: str) -> None:
        urls.append(url)
        ready.set()

    async def run() -> None:
        try:
            await serve(config, listens, ending, wirings.append)
        finally:
            ready.set()
            ended.set()

    nursery.start_soon(run)
    with trio.fail_after(WITHIN_S):
        await ready.wait()
    try:
        yield urls[0], wirings[0], ending
    finally:
        ending.ask()
        with trio.CancelScope(shield=True), trio.move_on_after(WITHIN_S):
            await ended.wait()
