"""The server that the browser tests and the screenshots look at: the demo, a process of its own on fresh data."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from server.store.embedded.account import CLUSTER
from server.store.embedded.cluster import DATABASE, ROLE

REPOSITORY: Final = Path(__file__).resolve().parents[2]
BROWSER_ARGUMENTS: Final = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # On a machine whose cores are all at work nothing is won by threads that compile and collect beside the page's own.
    # Pages that live for a second are done before their young objects need to be collected at all, and before code that
    # was compiled a second time, to run quicker, has paid for it; what was compiled once is kept.
    "--js-flags=--single-threaded,--min-semi-space-size=32,--no-maglev,--no-opt,--no-flush-bytecode",
)
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_ENOUGH_BYTES: Final = 2 * 1024**3
READY: Final = re.compile(r"^ready (http://\S+)$")
START_S: Final = 300.0
STOP_S: Final = 15.0
TIMEOUT_S: Final = 60.0
"""How long anything may take before it counts as never: a machine that does much else is slow, not wrong."""


@dataclass(frozen=True, slots=True)
class Live:
    """A running server with a simulated carrier."""

    url: str
    simulator: str
    logins: list[dict[str, str]]
    data: Path

    @property
    def dsn(self) -> str:
        """Its database, for what no page can do yet."""
        socket_folder = (self.data / CLUSTER / "postmaster.pid").read_text().splitlines()[4]
        return f"postgresql://{ROLE}@/{DATABASE}?host={socket_folder}"

    @property
    def agent(self) -> int:
        """Which of the logins is an agent's: who may do the least."""
        return next(n for n, login in enumerate(self.logins) if login["role"] == "agent")

    def silence(self) -> None:
        """From now on simulated people write only what they are made to write."""
        self._control({"personas": "silent"})

    def text_in(self, sender: str, number: str, body: str) -> None:
        """Make a simulated person write to one of our numbers."""
        self._control({"mo": {"from": sender, "to": number, "body": body}})

    def _control(self, order: dict[str, Any]) -> None:
        request = urllib.request.Request(  # noqa: S310 - the simulator's own loopback address
            f"{self.simulator}/_control", json.dumps(order).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
            pass


@contextmanager
def running(*, lively: bool = False, **settings: str) -> Iterator[Live]:
    """Start the demo on a free port, with *settings* in its environment; it has ended when the context is left.

    Its people answer and write by themselves only where it is *lively*.
    """
    folder = Path(tempfile.mkdtemp(prefix="threadline-ui-", dir=_quickest_place()))
    folder.chmod(0o711)  # root's PostgreSQL runs as somebody else
    # An unknown outcome is looked up after 10 s, and given up after 15 minutes, in real life.
    environment = {**os.environ, "THREADLINE_LADDER": "1,2,3,4", **settings}
    process = subprocess.Popen(_command(folder), cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        url = _ready(process)
        with urllib.request.urlopen(f"{url}/api/v1/demo", timeout=10) as answer:  # noqa: S310 - our own address
            facts = json.load(answer)
        live = Live(url, facts["simulator"], facts["logins"], folder / "data")
        if not lively:
            live.silence()
        yield live
    finally:
        _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _quickest_place() -> Path | None:
    """Memory where there is plenty: nobody pulls the plug of this server, and a disk is shared with all that runs."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ENOUGH_BYTES:
        return None
    return _MEMORY


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "server", "demo", "--port", "0", "--data", str(folder / "data")]


def _ready(process: subprocess.Popen[str]) -> str:
    """The address from the line that says so. What is said later is read too, or the pipe would fill."""
    found: list[str] = []
    said: list[str] = []
    looked = threading.Event()

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            said.append(line)
            if match := READY.match(line.strip()):
                found.append(match[1])
                looked.set()
        looked.set()

    threading.Thread(target=read, daemon=True).start()
    looked.wait(START_S)
    if not found:
        raise RuntimeError(f"The demo did not start:\n{''.join(said)}")
    return found[0]


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
