"""`threadline serve` as a process: what it refuses to start beside, and how it ends while it is busy."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest
import structlog
import trio
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from server.app.ending import FAULT
from server.carriers.simulator.webhooks import twilio_signature
from server.cli import main
from server.store.store import Store, open_store
from tests.integration.server import MAYA, NUMBER, SEED, SID, TOKEN, Tab
from tests.ws.conftest import Client

ROOT: Final = Path(__file__).resolve().parents[2]
STOP_WITHIN_S: Final = 10.0
Refusal = Callable[..., tuple[int, str]]
SERVE: Final = (sys.executable, "-m", "server", "serve", "--port", "0")


def environ(dsn: str, folder: Path, **more: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")}
    return ours | {"DATABASE_URL": dsn, "THREADLINE_DATA": str(folder)} | more


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def refusal(
    _logging_as_before: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Call it for the exit code of a start that fails, and what it says.

    It starts in this process: in one of its own it would import all of the server first.
    """

    def start(env: Mapping[str, str], *options: str) -> tuple[int, str]:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = main(["serve", "--port", "0", *options])
        return code, capsys.readouterr().err.strip()

    return start


REAL: Final = "INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Real Estate', false, 'R', 'r')"


def run_sql(dsn: str, sql: str) -> None:
    async def run() -> None:
        async with open_store(dsn) as store:
            await store.call(lambda connection: connection.execute(sql))

    trio.run(run)


def test_a_rehearsal_does_not_start_beside_a_real_workspace(refusal: Refusal, dsn: str, tmp_path: Path) -> None:
    run_sql(dsn, REAL)
    code, said = refusal(environ(dsn, tmp_path, THREADLINE_SIMULATED="1"))
    assert (code, said.count("\n")) == (1, 0)
    assert said.endswith("This is a rehearsal, but a real workspace lives in the database (Real Estate).")


def test_it_refuses_quiet_hours_that_it_does_not_understand_with_the_place(
    refusal: Refusal, dsn: str, tmp_path: Path
) -> None:
    rules = tmp_path / "ours.toml"
    rules.write_text('version = "1"\n[everywhere]\ndaily = "9 to 5"\n')
    code, said = refusal(environ(dsn, tmp_path, THREADLINE_QUIET_HOURS=str(rules)))
    assert code == 1
    assert said == (
        f'THREADLINE_QUIET_HOURS: {rules}, everywhere: daily must be hours of one day such as "08:00-21:00", or "none".'
    )


@pytest.mark.parametrize(
    ("name", "value"), [("THREADLINE_KILL_AT", "t1_before:1"), ("THREADLINE_WALL_CLOCK", "2026-03-10T15:00:00Z")]
)
async def test_a_real_server_takes_no_kill_point_and_no_other_time(
    dsn: str, tmp_path: Path, name: str, value: str
) -> None:
    env = environ(dsn, tmp_path, **{name: value})
    with trio.fail_after(30):
        done = await trio.run_process(SERVE, cwd=ROOT, env=env, check=False, capture_stderr=True)
    code, said = done.returncode, done.stderr.decode().strip()
    assert (code, said.count("\n")) == (2, 0)
    assert f"{name} is for rehearsals only" in said


def test_a_database_of_another_version_is_left_alone(refusal: Refusal, dsn: str, tmp_path: Path) -> None:
    run_sql(dsn, "UPDATE history SET schema_version = 99")
    code, said = refusal(environ(dsn, tmp_path))
    assert (code, said.count("\n")) == (1, 0)
    assert "schema 99" in said


def test_a_taken_port_is_told_in_a_sentence(refusal: Refusal, dsn: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = refusal(environ(dsn, tmp_path), "--port", str(taken.getsockname()[1]))
    assert (code, said.count("\n")) == (1, 0)
    assert "The port is taken" in said


# Ending


@asynccontextmanager
async def serving(env: Mapping[str, str], *options: str) -> AsyncIterator[tuple[trio.Process, str]]:
    """A server in a session of its own, and its address."""
    process = await trio.lowlevel.open_process(
        (*SERVE, *options), cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert process.stdout is not None
        said = b""
        with trio.fail_after(60):
            while b"\nready " not in b"\n" + said or not said.endswith(b"\n"):
                some = await process.stdout.receive_some()
                assert some, said
                said += some
        yield process, said.decode().split("ready ")[1].split()[0]
    finally:
        with trio.CancelScope(shield=True):
            if process.poll() is None:
                process.kill()
            await process.wait()


async def connected(url: str) -> Tab:
    """A socket of somebody who is logged in as in SESSION."""
    protocol = ClientProtocol(parse_uri(f"{url.replace('http', 'ws', 1)}/ws"))
    request = protocol.connect()
    request.headers.update({"Cookie": "threadline=token", "Origin": url})
    protocol.send_request(request)
    client = Client(await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2])), protocol)
    while protocol.state.name == "CONNECTING":
        await client.pump()
    return Tab(client)


SESSION: Final = (
    "INSERT INTO session (token_hash, workspace_id, member_id, expires_at, ip, agent)"
    " VALUES (sha256('token'), 1, 1, now() + interval '1 day', '', '')"
)


async def test_a_busy_server_stops_in_order_and_keeps_what_it_took(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn) as store:
        await store.call(lambda connection: connection.execute(f"{SEED}; {SESSION}"))
        await store.call(lambda c: c.execute("UPDATE carrier_account SET sid = $1, secret = $2", SID, TOKEN))
        env = environ(dsn, tmp_path, THREADLINE_SIMULATED="1")
        async with (
            serving(env) as (process, url),
            httpx2.AsyncClient(base_url=url, trust_env=False, verify=False) as http,
        ):
            tabs = [await connected(url) for _ in range(5)]
            for tab in tabs:
                await tab.open("inbox")
            taken: list[str] = []
            busy = trio.Event()
            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(_write_in, http, url, taken, busy)
                with trio.fail_after(20):
                    await busy.wait()
                process.send_signal(signal.SIGTERM)
                closes = [await tab.closed() for tab in tabs]
                with trio.move_on_after(STOP_WITHIN_S):
                    await process.wait()
                nursery.cancel_scope.cancel()
            for tab in tabs:
                tab.client.stream.socket.close()
            assert process.returncode == 0
            assert [code for code, _ in closes] == [1012] * 5
            assert all(reason.startswith("retry_after_s=") for _, reason in closes)
            with pytest.raises(ProcessLookupError):
                os.killpg(process.pid, 0)
        assert set(taken) <= await _stored(store)


async def test_a_server_whose_database_goes_on_with_another_history_ends_so_that_everybody_begins_anew(
    dsn: str, tmp_path: Path
) -> None:
    async with open_store(dsn) as store:
        await store.call(lambda connection: connection.execute(f"{SEED}; {SESSION}"))
        async with serving(environ(dsn, tmp_path, THREADLINE_SIMULATED="1")) as (process, url):
            tab = await connected(url)
            await tab.open("inbox")
            await store.call(lambda c: c.execute("UPDATE history SET stream_epoch = gen_random_uuid()"))
            with trio.fail_after(60):
                code, _ = await tab.closed()
                tab.client.stream.socket.close()
                assert (code, await process.wait()) == (1012, FAULT)


async def _write_in(http: httpx2.AsyncClient, url: str, taken: list[str], busy: trio.Event) -> None:
    """Post one text after the other while somebody listens; *taken* are those that were answered with 2xx."""
    path = f"/webhooks/twilio/{SID}/inbound"
    with suppress(httpx2.HTTPError):
        while True:
            sid = f"SM{uuid4().hex}"
            fields = [("MessageSid", sid), ("From", MAYA), ("To", NUMBER), ("Body", "Hello")]
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": twilio_signature(TOKEN, url + path, fields),
            }
            answer = await http.post(path, content=urlencode(fields).encode(), headers=headers)
            if answer.status_code == httpx2.codes.OK:
                taken.append(sid)
            if len(taken) >= 50:
                busy.set()


async def _stored(store: Store) -> set[str]:
    rows = await store.call(lambda c: c.fetch("SELECT provider_id FROM provider_ref WHERE kind = 'mo'"))
    return {row["provider_id"] for row in rows}
