"""Keeps a number of node processes running: starts them, starts again what died, replaces and ends them one by one.

The nodes accept from listening sockets that this process holds and never accepts from: what a node that died had not
accepted, waits in the kernel for the next one.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
import trio

from server.app.node import NodePlan
from server.domain.backoff import delay_s

STOP_WITHIN_S: Final = 6.0
"""All of them, of the ten seconds that everything has: the demo's carrier and PostgreSQL end after them."""
NEXT_AFTER_S: Final = 3.0
"""A node that takes so long to end does not hold up the ends of the others."""
READY_WITHIN_S: Final = 60.0
SETTLED_AFTER_S: Final = 60.0
"""Who lived so long, and dies, begins with the shortest back-off."""
READY: Final = b"ready"
NODE: Final = (sys.executable, "-m", "server", "node")

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Place:
    """One of the nodes, whichever process is it now. `leaving`: it was asked to end, and is started again at once."""

    number: int
    process: trio.Process | None = None
    leaving: bool = False
    ready: trio.Event = field(default_factory=trio.Event)


class Nodes:
    """`run` keeps *count* nodes until it is told to stop; `replace` asks for new processes, one after the other."""

    def __init__(
        self,
        count: int,
        plan: NodePlan,
        *,
        on_ready: Callable[[], None],
        on_refused: Callable[[int], None],
        command: Sequence[str] = NODE,
    ) -> None:
        """`on_ready` is called once all serve for the first time; `on_refused`, with an exit code, where one ended
        before that, which restarting does not mend. `command` starts a node."""
        self._plan, self._on_ready, self._on_refused, self._command = plan, on_ready, on_refused, command
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._replacing = trio.Event()
        self._stopping = trio.Event()
        self._all_were_ready = False

    @property
    def pids(self) -> list[int]:
        """Of the processes that run now."""
        return [place.process.pid for place in self._places if place.process is not None]

    def replace(self) -> None:
        """Returns at once."""
        self._replacing.set()

    async def run(self, stopping: trio.Event) -> None:
        async with trio.open_nursery() as nursery:
            try:
                for place in self._places:
                    nursery.start_soon(self._keep, place)
                nursery.start_soon(self._greet)
                nursery.start_soon(self._replace_when_asked)
                await stopping.wait()
                self._stopping.set()
                await self._end_all()
            finally:
                self._stopping.set()
                self._kill_all()
            nursery.cancel_scope.cancel()

    # One node

    async def _keep(self, place: _Place) -> None:
        deaths = 0
        while not self._stopping.is_set():
            began = trio.current_time()
            code = await self._live(place)
            if self._stopping.is_set():
                return
            if place.leaving:
                deaths, place.leaving = 0, False
                continue
            if not self._all_were_ready and code > 0:
                self._on_refused(code)
                return
            lived_s = trio.current_time() - began
            deaths = 1 if lived_s > SETTLED_AFTER_S else deaths + 1
            log.error("node_ended", node=place.number, code=code, lived_s=round(lived_s, 1))
            await trio.sleep(delay_s(deaths, random.random()))  # noqa: S311 - jitter

    async def _live(self, place: _Place) -> int:
        """From start to end; its exit code, negative for a signal."""
        process = await self._start()
        place.process = process
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_hear, process, place.ready)
                code = await process.wait()
                nursery.cancel_scope.cancel()
            return code
        finally:
            place.process = None
            if place.ready.is_set():  # else somebody waits for the next one to be ready
                place.ready = trio.Event()
            with trio.CancelScope(shield=True):
                if process.poll() is None:
                    process.kill()
                    await process.wait()
                for stream in (process.stdin, process.stdout):
                    if stream is not None:
                        await trio.aclose_forcefully(stream)

    async def _start(self) -> trio.Process:
        with trio.CancelScope(shield=True):  # a process that nobody knows would not be ended
            process = await trio.lowlevel.open_process(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=self._plan.listeners,
                start_new_session=True,  # signals of a terminal are for the parent
            )
            assert process.stdin is not None  # noqa: S101 - asked for above
            try:
                await process.stdin.send_all(self._plan.line())
            except trio.BrokenResourceError:
                log.warning("node_did_not_start")  # its end tells more
        return process

    # All of them

    async def _greet(self) -> None:
        for place in self._places:
            await place.ready.wait()
        self._all_were_ready = True
        self._on_ready()

    async def _replace_when_asked(self) -> None:
        while True:
            await self._replacing.wait()
            self._replacing = trio.Event()
            for place in self._places:
                if not await self._replaced(place):
                    log.error("replacing_stopped", node=place.number)  # the others go on as they are
                    break
            else:
                log.info("nodes_replaced", count=len(self._places))

    async def _replaced(self, place: _Place) -> bool:
        """Whether another process serves in this place now."""
        old = place.process
        if old is not None:
            place.leaving = True
            old.terminate()
            with trio.move_on_after(STOP_WITHIN_S):
                await old.wait()
            if old.poll() is None:
                old.kill()
        with trio.move_on_after(READY_WITHIN_S):
            while place.process is None or place.process is old:  # noqa: ASYNC110 - soon
                await trio.sleep(0.02)
            await place.ready.wait()
            return True
        return False

    async def _end_all(self) -> None:
        """One after the other, so that sockets find a node that is there still; the last ones together."""
        with trio.move_on_after(STOP_WITHIN_S):
            running = [place.process for place in self._places if place.process is not None]
            share_s = NEXT_AFTER_S / max(1, len(running))
            for process in running:
                process.terminate()
                with trio.move_on_after(share_s):
                    await process.wait()
            for process in running:
                await process.wait()

    def _kill_all(self) -> None:
        for place in self._places:
            if place.process is not None and place.process.poll() is None:
                place.process.kill()


async def _hear(process: trio.Process, ready: trio.Event) -> None:
    """Its standard output says when it serves, and nothing else."""
    assert process.stdout is not None  # noqa: S101 - asked for at its start
    said = b""
    async for some in process.stdout:
        said = (said + some)[-256:]
        if READY in said:
            ready.set()
