"""The servers of a crash run, one after the other: started, waited for, killed or stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx2
import trio

from tests.crash.journals import SEGMENT_RECORDS
from tests.crash.processes import ANY_HOUR, LOOK_EVERY_S, ROOT, RunFailed, free_port

LADDER: Final = "1,2,3,4"
STOP_WITHIN_S: Final = 10.0


class Server:
    """One place for one server after the other: each leads a session of its own, always at the same port."""

    def __init__(self, dsn: str, out: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.pid = 0
        self.up = trio.Event()  # set while it is ready
        self._out = out
        self._forge: trio.Process | None = None
        self._code: int | None = 0  # None while it lives
        self._started, self._gone, self._still = trio.Event(), trio.Event(), trio.Event()
        self._client = httpx2.AsyncClient(base_url=self.url, timeout=2, trust_env=False, verify=False)
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("THREADLINE_")},
            "DATABASE_URL": dsn,
            "THREADLINE_SIMULATED": "1",
            "THREADLINE_LADDER": LADDER,
            "THREADLINE_QUIET_HOURS": str(ANY_HOUR),
            "THREADLINE_DATA": str(out / "data"),
            "THREADLINE_PORT": str(self.port),
            "THREADLINE_LOG_FORMAT": "json",
            "THREADLINE_JOURNAL_RECORDS": str(SEGMENT_RECORDS),
        }

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open the forge that makes the servers, and hear what becomes of them until cancelled."""
        # The carrier's clock is the witness: on few cores it must not wait behind the server that it times.
        command = ["nice", "-n", "5", sys.executable, "-m", "tests.crash.forge"]
        with (self._out / "server.log").open("ab") as log:
            self._forge = await trio.lowlevel.open_process(
                command, cwd=ROOT, env=self._environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        task_status.started()
        assert self._forge.stdout is not None
        buffer = b""
        async for some in self._forge.stdout:
            *lines, buffer = (buffer + some).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))
        raise RunFailed("The forge of the servers ended by itself; see server.log.")

    def _hear(self, facts: dict[str, int]) -> None:
        if "started" in facts:
            self.pid, self._code, self._gone, self._still = facts["started"], None, trio.Event(), trio.Event()
            self._started.set()
        elif "stopped" in facts:
            self._still.set()
        else:
            self._code = facts["code"]
            if self.up.is_set():  # those who wait already go on waiting for the next one
                self.up = trio.Event()
            self._gone.set()

    async def start(self, kill_at: str | None = None, **settings: str) -> None:
        """A new one, with *settings* of its environment besides those of all."""
        assert self._forge is not None
        assert self._forge.stdin is not None
        self._started = trio.Event()
        armed = {"THREADLINE_KILL_AT": kill_at} if kill_at else {}
        await self._forge.stdin.send_all(json.dumps(armed | settings).encode() + b"\n")
        await self._started.wait()

    @property
    def ended(self) -> bool:
        return self._code is not None

    async def ready(self, within_s: float = 30.0) -> bool:
        """Whether it took up work; False where it ended before."""
        with trio.move_on_after(within_s):
            while not self.ended:
                with suppress(httpx2.HTTPError):
                    if (await self._client.get("/readyz")).status_code == httpx2.codes.OK:
                        self.up.set()
                        return True
                await trio.sleep(LOOK_EVERY_S)
            return False
        raise RunFailed(f"The server was not ready within {within_s:g} s; see server.log.")

    async def ended_by_itself(self, within_s: float) -> int | None:
        """Its exit code; None where it lives on."""
        with trio.move_on_after(within_s):
            await self._gone.wait()
        return self._code

    async def killed_by_itself(self, within_s: float) -> bool:
        """Whether it reached its kill point in time."""
        code = await self.ended_by_itself(within_s)
        if code not in (None, -signal.SIGKILL):
            raise RunFailed(f"The server ended by itself with {code}; see server.log.")
        return code is not None

    async def stands_still(self, within_s: float) -> bool:
        """Whether it reached the point at which it stops in time."""
        with trio.move_on_after(within_s):
            await self._still.wait()
        return self._still.is_set()

    async def stand_still(self) -> None:
        """SIGSTOP, wherever it is."""
        os.kill(self.pid, signal.SIGSTOP)
        await self._still.wait()

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def kill(self) -> None:
        """SIGKILL, and wait until the kernel has let it go."""
        if self.ended:
            raise RunFailed(f"The server ended by itself with {self._code}; see server.log.")
        os.kill(self.pid, signal.SIGKILL)
        await self._gone.wait()

    async def stop(self) -> None:
        """SIGTERM: it must end with 0 within 10 s and leave no child."""
        if self.ended:
            raise RunFailed(f"The server ended by itself with {self._code}; see server.log.")
        os.kill(self.pid, signal.SIGTERM)
        code = await self.ended_by_itself(STOP_WITHIN_S)
        if code is None:
            raise RunFailed(f"The server did not stop within {STOP_WITHIN_S:g} s of SIGTERM.")
        if code != 0:
            raise RunFailed(f"The server answered SIGTERM with {code}; see server.log.")
        with suppress(ProcessLookupError):
            os.killpg(self.pid, 0)
            raise RunFailed("The server left a child behind.")

    async def end(self) -> None:
        """Whatever state they are in: the forge kills what is left of its servers."""
        if self._forge is not None:
            assert self._forge.stdin is not None
            await self._forge.stdin.aclose()
            await self._forge.wait()
