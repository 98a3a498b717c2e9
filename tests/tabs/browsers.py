"""Browsers' tabs: the client's own live code in one process of Node, and the sockets of its tabs in this one.

A tab hears what a browser would have handed to its page: whole messages, in their order, and that the line was cut. All
bytes go through here, so a line can be cut after any of them.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson
import trio
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from tools import web_build

ROOT: Final = Path(__file__).parents[2]
_READ: Final = 65_536
_DONE: Final = frozenset({"call", "visit", "leave"})
"""What a person does with a tab."""


class NoClient(Exception):
    """The client's packages are not there; the text says what brings them."""


def bundled(folder: Path) -> Path:
    """The program of web/tabs in one file below *folder*. Raises NoClient."""
    bundler, made = ROOT / "web" / "node_modules" / "rolldown" / "bin" / "cli.mjs", folder / "tabs.mjs"
    if not bundler.exists():
        raise NoClient("The client's packages are missing: ./test client installs them.")
    source = ROOT / "web" / "tabs" / "tabs.ts"
    command: list[str | Path] = [_node(), bundler, source, "--platform", "node", "--format", "esm", "-o", made]
    subprocess.run(command, cwd=ROOT / "web", check=True, capture_output=True)
    return made


def _node() -> str:
    npm = web_build.find_npm(ROOT)
    found = None if npm is None else shutil.which("node", path=npm.path)
    if found is None:
        raise NoClient("There is no Node that the client is built with: ./test client finds one.")
    return found


class Browsers:
    """The process in which the tabs live. One question at a time; what a tab wants of its socket is done at once."""

    def __init__(self, process: trio.Process, nursery: trio.Nursery) -> None:
        self._process, self._nursery = process, nursery
        self._turn = trio.Lock()
        self._lines = _Lines(process)
        self._tabs: dict[int, Tab] = {}
        self._numbers = list(range(99, -1, -1))

    def tab(self, url: str, headers: Mapping[str, str]) -> Tab:
        """A tab that is not open yet; its socket goes to the server at *url*."""
        made = Tab(self, self._numbers.pop(), url, headers)
        self._tabs[made.number] = made
        return made

    def drop(self, tab: Tab) -> None:
        """Its number is the next one's."""
        del self._tabs[tab.number]
        self._numbers.append(tab.number)

    def start_soon(self, work: Callable[[], Any]) -> None:
        self._nursery.start_soon(work)

    async def ask(self, number: int, ask: str, **more: Any) -> Any:
        async with self._turn:
            told = await self._lines.ask({"tab": number, "ask": ask, **more})
            for effect in told["effects"]:
                await self._tabs[effect["tab"]].do(effect)
        if "fault" in told:
            raise AssertionError(told["fault"])
        return told["value"]

    async def forget(self) -> None:
        """Close all tabs."""
        for tab in tuple(self._tabs.values()):
            await tab.close()


class _Lines:
    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._rest = b""

    async def ask(self, question: Mapping[str, Any]) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with trio.CancelScope(shield=True):  # half a question, or an answer that nobody took, would spoil the next
            await stdin.send_all(orjson.dumps(question) + b"\n")
            pieces = [self._rest]
            while b"\n" not in pieces[-1]:
                piece = await stdout.receive_some(_READ)
                assert piece, "the browsers' process has ended"
                pieces.append(bytes(piece))
        line, _, self._rest = b"".join(pieces).partition(b"\n")
        return orjson.loads(line)


class Tab:
    """One tab and its sockets, of which the last one dialled is the present one. `away`: it is cut off, or will be."""

    def __init__(self, browsers: Browsers, number: int, url: str, headers: Mapping[str, str]) -> None:
        self.browsers, self.number = browsers, number
        self._url, self._headers = url, headers
        self._lines: dict[int, Line] = {}
        self._left: int | None = None  # bytes that still come through
        self.name = ""  # for people, where a number says too little
        self.away = False
        self.played = False  # what it dials is not put through: somebody plays the line to it
        self.recording: list[dict[str, Any] | bytes] | None = None  # of what it is asked, and of what the server says
        self.told: list[str] = []  # frames both ways, for whoever must understand a failure
        self.faults: list[str] = []  # what the client's own code raised while nobody had asked it

    @property
    def lingers(self) -> bool:
        """Whether a line that is to break has not done so yet."""
        return self.away and bool(self._lines)

    # What a person does

    async def ask(self, ask: str, **more: Any) -> Any:
        if self.recording is not None and ask in _DONE:
            self.recording.append({"ask": ask, **more})
        return await self.browsers.ask(self.number, ask, **more)

    async def call(self, method: str, *values: Any) -> Any:
        return await self.ask("call", method=method, values=list(values))

    async def call_store(self, method: str, *values: Any) -> Any:
        return await self.ask("call", of="store", method=method, values=list(values))

    async def held(self, threads: list[int]) -> Any:
        """What the tab shows."""
        return await self.ask("held", threads=threads)

    async def cut(self, after: int = 0) -> None:
        """The line breaks once so many more bytes have come; until `back` none can be had."""
        self.away, self._left = True, after
        if after == 0:
            await self._hang_up()

    async def back(self) -> None:
        self.away = True
        await self._hang_up()
        self.away, self._left = False, None
        await self.ask("online")

    async def reload(self) -> None:
        """The page begins anew; only what the browser's session keeps is known to it."""
        await self.leave()
        self.away, self._left = False, None
        await self.ask("reload")

    async def leave(self) -> None:
        """The page is gone."""
        self.away = True
        await self._hang_up()

    async def close(self) -> None:
        """Nothing of it is kept."""
        await self.leave()
        await self.ask("gone")
        self.browsers.drop(self)

    # Sockets

    async def do(self, effect: Mapping[str, Any]) -> None:
        number = effect["line"]
        match effect["does"]:
            case "dial" if not self.played:
                self._lines[number] = Line(self._url, self._headers)
                self.browsers.start_soon(lambda: self._converse(number, self._lines[number]))
            case "say" if number in self._lines:
                self.told.append(f"said {effect['text']}")
                await self._lines[number].say(effect["text"])
            case "hang up" if number in self._lines:
                self._lines[number].hang_up()

    async def _hang_up(self) -> None:
        for line in tuple(self._lines.values()):
            line.hang_up()
            await line.over.wait()

    async def _converse(self, number: int, line: Line) -> None:
        try:
            if not self.away and await line.dial():
                await self._tell("opened", line=number)
                await self._listen(number, line)
        finally:
            line.hang_up()
            with trio.CancelScope(shield=True):
                await self._tell("closed", line=number, code=line.code)
            del self._lines[number]
            line.over.set()

    async def _tell(self, ask: str, **more: Any) -> None:
        try:
            await self.ask(ask, **more)
        except AssertionError as fault:
            self.faults.append(str(fault))

    async def _listen(self, number: int, line: Line) -> None:
        while data := self._let_through(await line.more()):
            if self.recording is not None:
                self.recording.append(data)
            if texts := await line.take(data):
                self.told += [f"heard {text}" for text in texts]
                await self._tell("heard", line=number, texts=texts)
            if self._left == 0:
                return

    def _let_through(self, data: bytes) -> bytes:
        """What of *data* comes before the cut."""
        if self._left is None:
            return data
        through = data[: self._left]
        self._left -= len(through)
        return through


class Line:
    """One WebSocket by the websockets package."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._port = int(url.rpartition(":")[2])
        self._protocol = ClientProtocol(parse_uri(f"{url.replace('http', 'ws', 1)}/ws"))
        self._stream: trio.SocketStream | None = None
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        self._early = b""
        self._hung_up = False
        self._flushing = trio.Lock()  # one answers a ping while the other says something
        self.over = trio.Event()

    @property
    def code(self) -> int:
        return self._protocol.close_code or 1006

    async def dial(self) -> bool:
        """Connect and shake hands; whether that came about."""
        try:
            self._stream = await trio.open_tcp_stream("127.0.0.1", self._port)
        except OSError:
            return False
        if self._hung_up:
            self._stream.socket.close()
            return False
        await self._flush()
        head = b""
        while b"\r\n\r\n" not in head:
            data = await self._receive()
            if not data:
                return False
            head += data
        head, _, self._early = head.partition(b"\r\n\r\n")
        self._protocol.receive_data(head + b"\r\n\r\n")
        self._protocol.events_received()
        return self._protocol.state.name == "OPEN"

    async def more(self) -> bytes:
        """What the server says next; nothing: it is over."""
        data, self._early = self._early or await self._receive(), b""
        return data

    async def take(self, data: bytes) -> list[str]:
        """The whole texts that *data* ends."""
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        await self._flush()
        return [bytes(one.data).decode() for one in events if isinstance(one, Frame) and one.opcode is Opcode.TEXT]

    async def say(self, text: str) -> None:
        if self._protocol.state.name == "OPEN":
            self._protocol.send_text(text.encode())
            await self._flush()

    def hang_up(self) -> None:
        self._hung_up = True
        if self._stream is not None:
            self._stream.socket.close()

    async def _receive(self) -> bytes:
        assert self._stream is not None
        try:
            return bytes(await self._stream.receive_some(_READ))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return b""

    async def _flush(self) -> None:
        async with self._flushing:
            for data in self._protocol.data_to_send():
                if data and self._stream is not None:
                    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                        await self._stream.send_all(data)


@asynccontextmanager
async def open_browsers(program: Path) -> AsyncIterator[Browsers]:
    """A process for tabs, ended with the block."""
    async with trio.open_nursery() as nursery:
        process = await trio.lowlevel.open_process(
            [_node(), str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None
        )
        try:
            yield Browsers(process, nursery)
        finally:
            process.kill()
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                await process.wait()
