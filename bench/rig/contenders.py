"""The servers that are compared: how each is installed, started and stopped. One runs at a time."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.rig.ground import Ground, Turn

_ROOT: Final = Path(__file__).parents[2]
_PEERS: Final = _ROOT / "bench" / "peers"
_CACHE: Final = _ROOT / ".cache" / "bench"
_READY_WITHIN_S: Final = 20.0
_STOP_WITHIN_S: Final = 15.0

Environment = Callable[[Ground, Turn, int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Environment


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    port: int


def threadline() -> Contender:
    """The whole server, as an owner runs it over a PostgreSQL of their own."""
    return Contender("threadline", (sys.executable, "-m", "server", "serve"), _ROOT, _own_environment)


def node() -> Contender:
    """fastify + pg + ws with our SQL. Installs its packages the first time."""
    return _node("node", "record_same")


def node_light() -> Contender:
    """The same with an SQL function of its own, which leaves out what our rows are refused and held for."""
    return _node("node_light", "record_light")


def fastapi() -> Contender:
    """FastAPI + asyncpg on uvicorn, with our SQL. Installs its packages the first time."""
    folder = _installed("fastapi_asyncpg", _venv)
    python = str(folder / ".venv" / "bin" / "python")
    return Contender("fastapi", (python, "server.py"), folder, _peer_environment("record_same"))


def _node(name: str, record: str) -> Contender:
    folder = _installed("fastify_pg", lambda folder: [["npm", "ci", "--no-audit", "--no-fund", "--silent"]])
    return Contender(name, ("node", "server.js"), folder, _peer_environment(record))


@contextmanager
def running(contender: Contender, ground: Ground, turn: Turn) -> Iterator[Running]:
    """*contender* on a free port, over the database of *turn*. Raises RuntimeError with its own words if it ends."""
    port = free_port()
    environment = {**os.environ, **contender.environment(ground, turn, port)}
    log = _CACHE / f"{contender.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        server = subprocess.Popen(
            contender.command,
            cwd=contender.folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _await_ready(server, port, log)
        yield Running(server.pid, port)
    finally:
        server.terminate()
        try:
            server.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _own_environment(ground: Ground, turn: Turn, port: int) -> Mapping[str, str]:
    return own_environment(turn, port)


def own_environment(turn: Turn, port: int) -> Mapping[str, str]:
    """The settings of our own server over the database of *turn*."""
    return {
        "DATABASE_URL": turn.dsn,
        "THREADLINE_SIMULATED": "1",  # the workspace is a simulated one; nothing else differs from real use
        "THREADLINE_QUIET_HOURS": str(_ROOT / "tools" / "any_hour.toml"),  # bulk shall not wait for morning
        "THREADLINE_PORT": str(port),
        "THREADLINE_DATA": str(_CACHE / "data"),
    }


def _peer_environment(record: str) -> Environment:
    """*record* is the SQL function that stores a text."""

    def environment(ground: Ground, turn: Turn, port: int) -> Mapping[str, str]:
        return {
            "PGHOST": str(ground.socket_folder),
            "PGUSER": "threadline",
            "PGDATABASE": turn.name,
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "RECORD": record,
            "NODE_ENV": "production",
        }

    return environment


def _installed(name: str, commands: Callable[[Path], list[list[str]]]) -> Path:
    """A copy of the peer *name* with its packages beside it, renewed when what it asks for has changed."""
    source, folder = _PEERS / name, _CACHE / name
    asks = b"".join(
        (source / file).read_bytes() for file in ("package-lock.json", "requirements.txt") if (source / file).exists()
    )
    wanted = hashlib.sha256(asks).hexdigest()
    stamp = folder / ".installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copytree(source, folder, dirs_exist_ok=True)
        sys.stderr.write(f"installing the packages of {name} ...\n")
        for command in commands(folder):
            subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)
        stamp.write_text(wanted)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def _venv(folder: Path) -> list[list[str]]:
    pip = str(folder / ".venv" / "bin" / "pip")
    return [[sys.executable, "-m", "venv", ".venv"], [pip, "install", "--quiet", "-r", "requirements.txt"]]


def _await_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not listen in time: {log.read_text()[-2000:]}")


def free_port() -> int:
    """That nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
