"""The simulated carrier of a crash run, which lives through all of it, and what its processes share."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import trio

from tests.crash.cast import RATES, Cast

ROOT: Final = Path(__file__).resolve().parents[2]
ANY_HOUR: Final = ROOT / "tools" / "any_hour.toml"
"""A run goes at any time of day: its bulk waits for no morning and no cap."""
LOOK_EVERY_S: Final = 0.02


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
        self._client = httpx2.AsyncClient(base_url=url, timeout=10, trust_env=False, verify=False)

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
