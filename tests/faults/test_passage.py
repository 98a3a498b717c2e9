"""The passage cuts the process that it is told to, silently or openly, and no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import pytest
import trio

from tests.faults.fleet import children
from tests.faults.passage import Passage, holder

_ECHO: Final = """
import socket, sys
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print("connected", flush=True)
for word in sys.stdin:
    line.sendall(word.encode())
    print(line.recv(64).decode().strip() or "closed", flush=True)
"""


async def _echo(stream: trio.SocketStream) -> None:
    async for some in stream:
        await stream.send_all(some)


@asynccontextmanager
async def _passage() -> AsyncIterator[Passage]:
    """Of which this process and its children may be cut."""
    async with trio.open_nursery() as nursery:
        [target] = await nursery.start(partial(trio.serve_tcp, _echo, 0, host="127.0.0.1"))
        port = target.socket.getsockname()[1]
        passage = Passage(
            partial(trio.open_tcp_stream, "127.0.0.1", port), lambda: [os.getpid(), *children(os.getpid())]
        )
        await nursery.start(passage.run)
        yield passage
        nursery.cancel_scope.cancel()


class _Client:
    """Another process, which says a word and hears it again."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process

    async def say(self, word: str) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.send_all(word.encode() + b"\n")

    async def hear(self) -> str:
        assert self.process.stdout is not None
        with trio.fail_after(30):
            return (await self.process.stdout.receive_some()).decode().strip()


@asynccontextmanager
async def _client(port: int) -> AsyncIterator[_Client]:
    command = [sys.executable, "-c", _ECHO, str(port)]
    process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None)
    client = _Client(process)
    try:
        assert await client.hear() == "connected"
        yield client
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def test_who_is_cut_silently_hears_nothing_until_the_cut_ends_and_then_what_was_said() -> None:
    async with _passage() as passage, _client(passage.port) as cut, _client(passage.port) as other:
        for client in (cut, other):
            await client.say("hello")
            assert await client.hear() == "hello"
        passage.cut(cut.process.pid, "silently")
        await cut.say("anybody?")
        await other.say("here")
        assert await other.hear() == "here"
        with trio.move_on_after(0.2) as waiting:
            await cut.hear()
        assert waiting.cancelled_caught
        passage.mend(cut.process.pid)
        assert await cut.hear() == "anybody?"


async def test_who_is_cut_openly_loses_what_was_connected_and_gets_no_new_one() -> None:
    async with _passage() as passage:
        async with await trio.open_tcp_stream("127.0.0.1", passage.port) as line:
            await line.send_all(b"hello")
            assert await line.receive_some() == b"hello"
            passage.cut(os.getpid(), "openly")
            with pytest.raises(trio.BrokenResourceError):
                await line.receive_some()
        async with await trio.open_tcp_stream("127.0.0.1", passage.port) as again:
            with pytest.raises(trio.BrokenResourceError):
                await again.receive_some()
        passage.mend(os.getpid())
        async with await trio.open_tcp_stream("127.0.0.1", passage.port) as last:
            await last.send_all(b"there again")
            assert await last.receive_some() == b"there again"


async def test_all_may_be_dropped_at_once() -> None:
    async with _passage() as passage, await trio.open_tcp_stream("127.0.0.1", passage.port) as line:
        await line.send_all(b"hello")
        assert await line.receive_some() == b"hello"
        passage.drop_all()
        with pytest.raises(trio.BrokenResourceError):
            await line.receive_some()


def test_a_port_that_nobody_has_is_nobodys() -> None:
    assert holder(1, [os.getpid()]) == 0
