"""A server with its browsers in a thread of its own, for tests whose steps are not of trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TypeVar

import trio

from tests.integration.server import running
from tests.tabs.browsers import open_browsers
from tests.tabs.desks import Desks, sit_down
from tests.tabs.houses import Street

T = TypeVar("T")


class Hall:
    """`do` carries out in the server's thread what the caller waits for. It stands for all examples of a test."""

    def __init__(self) -> None:
        self._opened = Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._ended: Future[None] | None = None

    def do(self, work: Callable[..., Awaitable[T]], *values: object) -> T:
        assert self._ended is not None
        if not self._ended.done():
            return trio.from_thread.run(work, *values, trio_token=self._token)
        self._ended.result()
        raise AssertionError("the server has ended")

    async def sit_down(self, patience_s: float) -> Desks:
        """In a house that nobody has lived in."""
        return await sit_down(self._it, self._browsers, await self._street.house(), patience_s)

    async def _stand(self, dsn: str, folder: Path, program: Path) -> None:
        try:
            async with running(dsn, folder) as it, open_browsers(program) as browsers, trio.open_nursery() as nursery:
                self._it, self._browsers, self._street = it, browsers, Street(it, nursery)
                self._leaving = trio.Event()
                self._token = trio.lowlevel.current_trio_token()
                self._opened.set()
                await self._leaving.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._opened.set()

    async def _leave(self) -> None:
        self._leaving.set()

    @classmethod
    @contextmanager
    def standing(cls, dsn: str, folder: Path, program: Path) -> Iterator[Hall]:
        """One over an empty database, gone with the block."""
        hall = cls()
        with ThreadPoolExecutor(1) as pool:
            hall._ended = pool.submit(trio.run, hall._stand, dsn, folder, program)
            hall._opened.wait()
            try:
                yield hall
            finally:
                if not hall._ended.done():
                    trio.from_thread.run(hall._leave, trio_token=hall._token)
                hall._ended.result()
