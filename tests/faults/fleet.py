"""The servers of a run: `threadline serve --nodes N` as a real process, and the nodes that it keeps."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import trio

from tests.crash.processes import ROOT, RunFailed
from tests.crash.serving import Server

NODES: Final = 3
LEASE_S: Final = 4
_RECORDS: Final = 512
_ENDED_WITHIN_S: Final = 30.0  # ten are promised, of a machine of its own


class Fleet(Server):
    """A parent and its nodes, where a crash run has one server. *dsn* and *redis_url* lead through the passages."""

    def __init__(self, dsn: str, redis_url: str, out: Path) -> None:
        super().__init__(dsn, out)
        self._environ |= {
            "REDIS_URL": redis_url,
            "THREADLINE_NODE_LEASE": str(LEASE_S),
            "THREADLINE_JOURNAL_RECORDS": str(_RECORDS),
        }
        self._nursery: trio.Nursery | None = None
        self._parent: trio.Process | None = None

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Watch over what is started, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    async def start(self, kill_at: str | None = None, **settings: str) -> None:
        assert kill_at is None, "nodes die by a signal"
        assert self._nursery is not None
        # The carrier's clock is the witness: on few cores it must not wait behind the servers that it times.
        command = ["nice", "-n", "5", sys.executable, "-m", "server", "serve", "--nodes", str(NODES)]
        with (self._out / "server.log").open("ab") as log:
            self._parent = await trio.lowlevel.open_process(
                command, cwd=ROOT, env=self._environ | settings, stdout=log, stderr=log, start_new_session=True
            )
        self.pid, self._code, self._gone = self._parent.pid, None, trio.Event()
        self._nursery.start_soon(self._watch, self._parent)

    def nodes(self) -> list[int]:
        """The processes of the nodes that run now."""
        return [] if self._parent is None else children(self._parent.pid)

    def replace(self) -> None:
        """One by one."""
        os.kill(self.pid, signal.SIGHUP)

    async def stop(self) -> None:
        """SIGTERM: it must end with 0 and leave no child."""
        if self.ended:
            raise RunFailed(f"The parent ended by itself with {self._code}; see server.log.")
        nodes = self.nodes()
        os.kill(self.pid, signal.SIGTERM)
        if (code := await self.ended_by_itself(_ENDED_WITHIN_S)) != 0:
            raise RunFailed(f"The parent answered SIGTERM with {code}; see server.log.")
        if left := [pid for pid in nodes if is_node(pid)]:
            raise RunFailed(f"{len(left)} nodes outlived their parent.")

    async def end(self) -> None:
        """Whatever state they are in."""
        nodes = self.nodes()
        for pid in [self.pid, *nodes] if self._parent is not None else []:
            with suppress(ProcessLookupError):
                if pid in nodes or self._code is None:
                    os.kill(pid, signal.SIGKILL)
        if self._parent is not None:
            await self._parent.wait()

    async def _watch(self, parent: trio.Process) -> None:
        self._code = await parent.wait()
        self._gone.set()


def children(pid: int) -> list[int]:
    """Of all its threads: the kernel notes which of them started one."""
    found: list[int] = []
    for of_thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended
            found += map(int, of_thread.read_text(encoding="ascii").split())
    return found


def is_node(pid: int) -> bool:
    """Whether the process lives, and is one of ours still: numbers are given again."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"\0node\0" in command
