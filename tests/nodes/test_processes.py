"""`threadline serve --nodes 2`: one port, one sender, whoever dies, is replaced, or is told to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import trio

from server.ports import LivingNode
from server.store.store import Store, open_store
from tests.integration.server import eventually
from tests.integration.test_server_process import SESSION, connected, environ, serving
from tests.integration.test_two_servers import (
    ENV,
    all_settled,
    bodies,
    queue,
    senders,
    sent,
    thread_with_maya,
    town,
    worst_excess,
)

pytestmark = pytest.mark.integration

ASK = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
PATIENCE_S = 60.0


whole = pytest.mark.whole


@asynccontextmanager
async def two_nodes(dsn: str, folder: Path) -> AsyncIterator[tuple[trio.Process, str]]:
    async with serving(environ(dsn, folder, **ENV), "--nodes", "2") as (process, url):
        yield process, url


async def living(store: Store, but: Sequence[LivingNode] = ()) -> Sequence[LivingNode]:
    """Both nodes, once two live and none of those."""
    gone = {node.gen for node in but}

    async def both() -> Sequence[LivingNode] | None:
        nodes = await store.fleet.living()
        return nodes if len(nodes) == 2 and not gone & {node.gen for node in nodes} else None

    with trio.fail_after(PATIENCE_S):
        while (nodes := await both()) is None:  # noqa: ASYNC110 - rows set no event
            await trio.sleep(0.05)
    return nodes


async def settled(store: Store) -> None:
    with trio.fail_after(PATIENCE_S):
        while not await all_settled(store):  # noqa: ASYNC110 - rows set no event
            await trio.sleep(0.05)


async def ask(port: int, opened: trio.Event | None = None) -> bytes:
    """A connection of its own, a request, and all that comes."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all(ASK)
        if opened is not None:
            opened.set()
        return b"".join([some async for some in stream])


def is_there(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def are_gone(pids: Sequence[int]) -> None:
    with trio.fail_after(PATIENCE_S):
        while any(map(is_there, pids)):  # noqa: ASYNC110 - they are nobody's children here
            await trio.sleep(0.05)


async def test_one_of_two_nodes_sends_and_who_kills_it_makes_nothing_leave_twice(dsn: str, tmp_path: Path) -> None:
    async with town(dsn) as (store, arrivals):
        thread = await thread_with_maya(store)
        async with two_nodes(dsn, tmp_path):
            nodes = await living(store)
            await queue(store, thread, 50)
            await eventually(sent(store, 8))
            [sends] = [node for node in await store.fleet.living() if node.holds]
            os.kill(sends.pid, signal.SIGKILL)
            await settled(store)
            assert {node.gen for node in await living(store, [sends])} & {node.gen for node in nodes}, "one went on"
        by, in_doubt = await senders(store), await bodies(store, "unconfirmed")
        assert by == sorted(by, key=by.index), "they send one after the other"
        assert len(by) + len(in_doubt) == 50
        assert len(set(by)) == 2
        assert len(set(arrivals.bodies)) == len(arrivals.bodies), "none left twice"
        assert set(await bodies(store, "sent")) <= set(arrivals.bodies)
        assert worst_excess(arrivals.at) <= 0


@whole
async def test_a_node_that_stands_still_is_taken_over_and_sends_nothing_when_it_goes_on(
    dsn: str, tmp_path: Path
) -> None:
    async with town(dsn) as (store, arrivals):
        thread = await thread_with_maya(store)
        async with two_nodes(dsn, tmp_path):
            await living(store)
            await queue(store, thread, 30)
            await eventually(sent(store, 5))
            [sends] = [node for node in await store.fleet.living() if node.holds]
            os.kill(sends.pid, signal.SIGSTOP)
            try:
                await settled(store)
                assert len(set(arrivals.bodies)) == len(arrivals.bodies), "none left twice"
            finally:
                os.kill(sends.pid, signal.SIGCONT)
            await queue(store, thread, 10)
            await settled(store)
        by, in_doubt = await senders(store), await bodies(store, "unconfirmed")
        assert len(by) + len(in_doubt) == 40
        assert by == sorted(by, key=by.index), "the first sent nothing after the second's first text"
        assert len(set(by)) == 2
        assert len(by) <= len(arrivals.bodies) <= 40


async def test_what_nobody_had_accepted_when_the_nodes_were_killed_is_answered(dsn: str, tmp_path: Path) -> None:
    async with town(dsn) as (store, _), two_nodes(dsn, tmp_path) as (_, url):
        port = urlsplit(url).port or 0
        nodes = await living(store)
        for node in nodes:
            os.kill(node.pid, signal.SIGSTOP)
        answers: list[bytes] = []
        waiting = [trio.Event() for _ in range(100)]

        async def one(opened: trio.Event) -> None:
            answers.append(await ask(port, opened))

        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                for opened in waiting:
                    nursery.start_soon(one, opened)
                for opened in waiting:
                    await opened.wait()
                for node in nodes:
                    os.kill(node.pid, signal.SIGKILL)
        assert len(answers) == 100
        assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
        await living(store, nodes)


@whole
async def test_sighup_replaces_both_and_nobody_is_ever_refused(dsn: str, tmp_path: Path) -> None:
    async with town(dsn) as (store, _), two_nodes(dsn, tmp_path) as (process, url):
        port = urlsplit(url).port or 0
        nodes = await living(store)
        answered = cut = 0
        replaced = trio.Event()

        async def come_and_go() -> None:
            """A connection that is taken and closed before its request is read may be cut; none may be refused."""
            nonlocal answered, cut
            while not replaced.is_set():
                try:
                    answered += (await ask(port)).startswith(b"HTTP/1.1 200 ")
                except trio.BrokenResourceError:
                    cut += 1

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(come_and_go)
            process.send_signal(signal.SIGHUP)
            await living(store, nodes)
            replaced.set()
        assert answered > cut
        assert process.poll() is None


async def test_sigterm_ends_everything_and_sockets_are_told_when_to_come_back(dsn: str, tmp_path: Path) -> None:
    async with town(dsn) as (store, _), two_nodes(dsn, tmp_path) as (process, url):
        await store.call(lambda connection: connection.execute(SESSION))
        pids = [node.pid for node in await living(store)]
        tabs = [await connected(url) for _ in range(6)]
        for tab in tabs:
            await tab.open("inbox")
        process.send_signal(signal.SIGTERM)
        closes = [await tab.closed() for tab in tabs]
        for tab in tabs:
            tab.client.stream.socket.close()
        with trio.fail_after(PATIENCE_S):
            assert await process.wait() == 0
        assert [code for code, _ in closes] == [1012] * 6
        assert not any(map(is_there, pids))
        assert not await store.fleet.living(), "they left, so that whoever comes next need not wait for a lease"


@whole
async def test_nodes_whose_parent_was_killed_end_by_themselves(dsn: str, tmp_path: Path) -> None:
    async with town(dsn) as (store, _), two_nodes(dsn, tmp_path) as (process, url):
        pids = [node.pid for node in await living(store)]
        process.kill()
        await process.wait()
        await are_gone(pids)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as http:
            with pytest.raises(httpx2.ConnectError):
                await http.get(f"{url}/healthz")


@whole
async def test_nodes_that_cannot_start_are_a_refusal_and_no_loop(dsn: str, tmp_path: Path) -> None:
    """The parent finds a database that fits; its nodes find another one."""
    async with open_store(dsn) as store:
        rules = tmp_path / "hours.toml"
        rules.write_text("nonsense = [")
        with suppress(AssertionError), trio.fail_after(PATIENCE_S):
            async with serving(environ(dsn, tmp_path, THREADLINE_QUIET_HOURS=str(rules)), "--nodes", "2"):
                pytest.fail("it serves")
        assert not await store.fleet.living()
