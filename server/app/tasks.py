"""Plain async functions as children of a supervisor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from server.actors.runtime import ChildSpec, Life


def endless(name: str, run: Callable[[], Awaitable[None]], *, shutdown_s: float = 2.0) -> ChildSpec:
    """`run` loops for ever and holds nothing that needs care: it is cancelled when its turn to stop comes."""

    async def start(life: Life) -> None:
        with trio.CancelScope() as scope:
            life.on_stop(lambda _: scope.cancel())
            life.started()
            await run()

    return ChildSpec(name, start, shutdown_s=shutdown_s)


def graceful(name: str, run: Callable[[trio.Event], Awaitable[None]], *, shutdown_s: float) -> ChildSpec:
    """`run(stopping)` ends by itself within `shutdown_s` of the event."""

    async def start(life: Life) -> None:
        stopping = trio.Event()
        life.on_stop(lambda _: stopping.set())
        life.started()
        await run(stopping)

    return ChildSpec(name, start, shutdown_s=shutdown_s)
