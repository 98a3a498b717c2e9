"""The demo's carrier: a simulator in a process of its own, kept running, which dies with this one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import httpx2
import trio

READY: Final = "ready "
START_WITHIN_S: Final = 15.0
WRITE_IN_S: Final = 5.0


class SimulatorFailed(Exception):
    """The simulated carrier ended; its own words are in its log."""


@dataclass(frozen=True, slots=True)
class SimulatorPlan:
    """What the simulator is told. `webhook_base` is this server's own address."""

    sid: str
    token: str
    webhook_base: str
    numbers: Sequence[str]
    folder: Path
    contacts: Path | None


class Simulator:
    """`start` gives its URL; `watch` raises when it ends. A restart takes the same port: the database names it."""

    def __init__(self, plan: SimulatorPlan) -> None:
        self._plan = plan
        self._process: trio.Process | None = None
        self._port = 0
        self.url = ""

    async def start(self) -> str:
        log = self._open_log()
        try:
            command = [sys.executable, "-m", "server", "simulate-carrier", *self._arguments()]
            self._process = await trio.lowlevel.open_process(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        finally:
            log.close()
        with trio.move_on_after(START_WITHIN_S):
            self.url = await self._ready_url(self._process)
            self._port = int(self.url.rpartition(":")[2])
            return self.url
        raise SimulatorFailed("the simulated carrier did not start in time")

    async def watch(self) -> None:
        """Until it ends, which it should not."""
        if self._process is None or self._process.poll() is not None:
            await self.start()
        process = self._process
        if process is not None:
            await process.wait()
        raise SimulatorFailed("the simulated carrier ended")

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        with trio.CancelScope(shield=True):
            with trio.move_on_after(2.0):
                await process.wait()
            if process.poll() is None:
                process.kill()
                await process.wait()

    def _arguments(self) -> list[str]:
        plan = self._plan
        arguments = ["--port", str(self._port), "--account", plan.sid, "--token", plan.token]
        arguments += ["--ledger", str(plan.folder / "ledger.jsonl"), "--webhook-base", plan.webhook_base]
        arguments += ["--numbers", ",".join(plan.numbers)]
        if plan.contacts is not None:
            arguments += ["--personas", "--contacts", str(plan.contacts)]
        return arguments

    def _open_log(self) -> IO[bytes]:
        self._plan.folder.mkdir(parents=True, exist_ok=True)
        return (self._plan.folder / "simulator.log").open("ab")

    async def _ready_url(self, process: trio.Process) -> str:
        said = b""
        assert process.stdout is not None  # noqa: S101 - asked for above
        while b"\n" not in said:
            some = await process.stdout.receive_some(4096)
            if not some:
                raise SimulatorFailed("the simulated carrier could not start; see simulator.log in the data folder")
            said += some
        line = said.decode().splitlines()[0]
        return line.removeprefix(READY)


async def write_in_at(url: str, from_: str, to: str, body: str) -> bool:
    """A telephone of the world of the simulator at *url* sends us a text. False: it does not listen at this moment."""
    said = {"mo": {"from": from_, "to": to, "body": body}}
    try:
        async with httpx2.AsyncClient(timeout=WRITE_IN_S, trust_env=False) as client:
            answer = await client.post(f"{url}/_control", json=said)
    except httpx2.HTTPError:
        return False
    return answer.status_code == 200
