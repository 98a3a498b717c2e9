"""The processes of a crash run: the simulated carrier, which lives through it, and the server, which does not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx2
import trio

from tests.crash.cast import RATES, Cast
from tests.crash.journals import SEGMENT_RECORDS

ROOT: Final = Path(__file__).resolve().parents[2]
ANY_HOUR: Final = ROOT / "tools" / "any_hour.toml"
"""A run goes at any time of day: its bulk waits for no morning and no cap."""
LOOK_EVERY_S: Final = 0.02
LADDER: Final = "1,2,3,4"
STOP_WITHIN_S: Final = 10.0


class RunFailed(Exception):
    """The run itself went wrong; the text is a sentence."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Carrier:
    """The simulator's control."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx2.AsyncClient(base_url=url, timeout=10, trust_env=False)

    async def control(self, **command: Any) -> dict[str, Any]:
        """Its state after *command*."""
        answer = await self._client.post("/_control", json=command)
        answer.raise_for_status()
        state: dict[str, Any] = answer.json()
        return state


@asynccontextmanager
async def carrier(cast: Cast, out: Path, server_url: str, *options: str) -> AsyncIterator[Carrier]:
    """A simulator with an fsynced ledger in *out*, posting webhooks to *server_url*."""
    command = [sys.executable, "-m", "server", "simulate-carrier", "--account", cast.sid, "--token", cast.token]
    command += ["--ledger", str(out / "ledger.jsonl"), "--webhook-base", server_url]
    command += ["--numbers", ",".join(RATES), *options]
    with (out / "simulator.log").open("ab") as log:
        process = await trio.lowlevel.open_process(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
    try:
        yield Carrier(await _ready_url(process))
    finally:
        with trio.CancelScope(shield=True):
            process.terminate()
            await process.wait()


async def _ready_url(process: trio.Process) -> str:
    assert process.stdout is not None
    said = b""
    while b"\n" not in said:
        some = await process.stdout.receive_some()
        if not some:
            raise RunFailed("The simulated carrier could not start; see simulator.log.")
        said += some
    return said.decode().splitlines()[0].removeprefix("ready ")


class Server:
    """One place for one server after the other: a child of ours in a session of its own, always at the same port."""

    def __init__(self, dsn: str, out: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.pid = 0
        self.up = trio.Event()  # set while it is ready
        self._out = out
        self._process: trio.Process | None = None
        self._client = httpx2.AsyncClient(base_url=self.url, timeout=2, trust_env=False)
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

    async def start(self, kill_at: str | None = None) -> None:
        environ = self._environ | ({"THREADLINE_KILL_AT": kill_at} if kill_at else {})
        # The carrier's clock is the witness: on few cores it must not wait behind the server that it times.
        command = ["nice", "-n", "5", sys.executable, "-m", "server", "serve"]
        with (self._out / "server.log").open("ab") as log:
            self._process = await trio.lowlevel.open_process(
                command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.pid = self._process.pid

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

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

    async def killed_by_itself(self, within_s: float) -> bool:
        """Whether it reached its kill point in time."""
        assert self._process is not None
        with trio.move_on_after(within_s):
            code = await self._gone()
            if code != -signal.SIGKILL:
                raise RunFailed(f"The server ended by itself with {code}; see server.log.")
            return True
        return False

    async def ended_by_itself(self, within_s: float) -> int | None:
        """Its exit code; None where it lives on."""
        with trio.move_on_after(within_s):
            return await self._gone()
        return None

    async def kill(self) -> None:
        """SIGKILL, and wait until the kernel has let it go."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise RunFailed(f"The server ended by itself with {self._process.returncode}; see server.log.")
        self._process.kill()
        await self._gone()

    async def _gone(self) -> int:
        assert self._process is not None
        code = await self._process.wait()
        self._forget_up()
        return code

    def _forget_up(self) -> None:
        if self.up.is_set():  # those who wait already go on waiting for the next one
            self.up = trio.Event()

    async def stop(self) -> None:
        """SIGTERM: it must end with 0 within 10 s and leave no child."""
        assert self._process is not None
        self._process.terminate()
        with trio.move_on_after(STOP_WITHIN_S):
            await self._process.wait()
        self._forget_up()
        if self._process.returncode is None:
            raise RunFailed(f"The server did not stop within {STOP_WITHIN_S:g} s of SIGTERM.")
        if self._process.returncode != 0:
            raise RunFailed(f"The server answered SIGTERM with {self._process.returncode}; see server.log.")
        with suppress(ProcessLookupError):
            os.killpg(self.pid, 0)
            raise RunFailed("The server left a child behind.")

    async def end(self) -> None:
        """Whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            await self._process.wait()
