"""What power dialers wait for: a quick text's answer under load, and how soon they hear what happened.

A whole demo server in a process of its own, whose main line may send 200 segments a second, so that every text that is
asked for leaves, and its sending is in all figures. Texts are asked for over kept connections with a token, to people
most of whom were never texted before; every fourth is made of a template; every one must be accepted. Beside them five
texts a second come in, fifty browsers show the inbox, one program reads the stream of events and one takes them by a
webhook. Five loads, one after another, each on a server of its own:

- `team`: fifty agents in sessions, each with a connection of their own, who send a quick text every five seconds, at
  random as people do: ten a second. A power dialer's agent makes a call or two a minute, so this is several times what
  fifty of them do. **The 50 ms that are wanted are meant under this load**;
- `busy`: the same agents, a text each every two and a half seconds: twenty a second;
- `forty`: the same agents, forty a second between them;
- `bursts`: forty a second, but eight at the same instant five times a second, as the figures before this list were
  taken: the eighth waits until seven were served, and p99 is eight times what one costs, whatever the rate;
- `full`: eight connections that ask anew with each answer: what the machine can do at all. Its two cores are full
  then, and p99 is the length of the queue.

`cores_busy` says how near to that a load is: of all cores of the machine, by everybody. `sms` is the answer timed by
the client from its question, and from when that was due where its agent still waited for the one before. `heard` is
from the instant at which an event was written to its arrival on the stream, `posted` the same to a webhook's arrival.
`cpu_ms` is what each process took for each text, with its sending, all that was told of it, and what was going on
beside it; `transactions` and `outbox_rows` (read by index) are PostgreSQL's own counts of the same. `--only team` runs
one. Prints one JSON line. Run it with `./test bench dialer`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from bench.rig import cpu
from bench.rig.socket_client import connect, encode, take_frames
from bench.rig.texts import Line, webhooks

_ROOT: Final = Path(__file__).parents[1]
_KINDS: Final = ["message.received", "message.status"]
_SOCKETS: Final = 50
_INBOUND_PER_S: Final = 5.0
_SENDS_PER_S: Final = 200
_HANDSETS: Final = tuple(f"+1415555{n:04}" for n in range(100, 200))
_LIMITS_READ_S: Final = 6.0
_WARM_UP_S: Final = 3.0
_COUNTS: Final = """
SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()) AS transactions,
       (SELECT idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'outbox') AS outbox_rows
"""


@dataclass(frozen=True, slots=True)
class Load:
    """`each_s`: between two texts of one agent, in the mean; 0: none. Not `at_random`: of all at the same instants."""

    agents: int
    each_s: float
    lasts_s: float
    at_random: bool = True


LOADS: Final = {
    "team": Load(50, 5.0, 60.0),
    "busy": Load(50, 2.5, 30.0),
    "forty": Load(50, 1.25, 20.0),
    "bursts": Load(8, 0.2, 20.0, at_random=False),
    "full": Load(8, 0.0, 15.0),
}


class Api:
    """One kept connection."""

    def __init__(self, url: str, **headers: str) -> None:
        self._http = HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._headers = {"Content-Type": "application/json"} | headers

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, str]:
        data = None if body is None else json.dumps(body)
        self._http.request(method, path, data, self._headers | headers)
        answer = self._http.getresponse()
        said = answer.read()
        return answer.status, json.loads(said) if said else None, answer.headers.get("Set-Cookie", "")


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo server. `line`: its account and main number, with handsets that are nobody's yet."""

    url: str
    pid: int
    dsn: str
    line: Line


@contextmanager
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - the database's own user must get through
        data = Path(folder) / "data"
        command = [sys.executable, "-m", "server", "demo", "--port", "0", "--data", str(data)]
        process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            url = next(line.split()[1] for line in process.stdout if line.startswith("ready "))
            at = (data / "postgres" / "postmaster.pid").read_text().splitlines()[4]
            dsn = f"postgresql://threadline@/threadline?host={at}"
            yield Demo(url, process.pid, dsn, asyncio.run(_widened(dsn)))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


async def _widened(dsn: str) -> Line:
    connection = await asyncpg.connect(dsn)
    row = await connection.fetchrow(
        "UPDATE number n SET rate = $1 FROM carrier_account a "
        "WHERE a.id = n.account_id AND n.id = (SELECT min(id) FROM number) RETURNING n.address, a.sid, a.secret",
        _SENDS_PER_S,
    )
    await connection.close()
    assert row is not None
    return Line(row["sid"], row["secret"], row["address"], _HANDSETS)


async def _counted(dsn: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    row = await connection.fetchrow(_COUNTS)
    await connection.close()
    return dict(row or {})


@dataclass(frozen=True, slots=True)
class Access:
    """A program's token, and a member's login."""

    token: str
    cookie: str


def access_to(url: str) -> Access:
    api = Api(url)
    login = api("GET", "/api/v1/demo")[1]["logins"][0]
    page = {"Origin": url, "X-CSRF": "1"}
    cookie = api("POST", "/api/v1/login", {"email": login["email"], "password": login["password"]}, **page)[2]
    cookie = cookie.partition(";")[0]
    asked = {"name": "Bench", "scopes": ["dialer", "webhooks", "campaigns"], "per_minute": 60_000}
    status, made, _ = api("POST", "/api/v1/tokens", asked, Cookie=cookie, **page)
    assert status == 201, made
    return Access(made["token"], cookie)


# Beside the texts, in a process of its own: whoever times an answer shall not wait for whoever reads frames


def company(demo: Demo, access: Access, until: Connection) -> None:
    """Browsers, texts that come in, and a program that listens, until told to end; then what it heard, and its CPU."""
    heard: list[float] = []
    posted: list[float] = []
    over = Event()
    with receiver(posted) as hook:
        api = Api(demo.url, Authorization=f"Bearer {access.token}")
        assert api("POST", "/api/v1/webhooks", {"url": hook, "kinds": _KINDS})[0] == 201
        Thread(target=listen, args=(demo.url, access.token, heard), daemon=True).start()
        others = [Thread(target=one, args=(demo, access, over)) for one in (browsers, handsets)]
        for other in others:
            other.start()
        while until.recv() != "end":
            heard.clear()
            posted.clear()
            until.send(time.process_time())
        over.set()
        until.send((heard, posted, time.process_time()))
        for other in others:
            other.join()


def browsers(demo: Demo, access: Access, over: Event) -> None:
    poll = select.epoll()
    socks: dict[int, tuple[socket.socket, bytearray]] = {}
    for _ in range(_SOCKETS):
        sock = connect(urlsplit(demo.url).port or 80, access.cookie)
        sock.sendall(encode({"t": "subscribe", "id": 1, "ch": "inbox"}))
        socks[sock.fileno()] = sock, bytearray()
        poll.register(sock, select.EPOLLIN)
    said_at = time.monotonic()
    while not over.is_set():
        for fd, _ in poll.poll(0.5, 256):
            sock, buffer = socks[fd]
            came = sock.recv(1 << 20)
            assert came, "a browser was cut off"
            buffer += came
            for _ in take_frames(buffer):
                pass
        if time.monotonic() - said_at > 10:  # whoever says nothing for long is taken for gone
            said_at = time.monotonic()
            for sock, _ in socks.values():
                sock.sendall(encode({"t": "pong", "id": 1}))


def handsets(demo: Demo, access: Access, over: Event) -> None:
    """Texts that come in, at random."""
    chance = random.Random(3)  # noqa: S311 - the same arrivals in every run
    port = urlsplit(demo.url).port or 80
    with socket.create_connection(("127.0.0.1", port)) as sock:
        for request in webhooks(port, demo.line, 2_000):
            if over.wait(chance.expovariate(_INBOUND_PER_S)):
                return
            sock.sendall(request)
            answer = sock.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 "), answer


def listen(url: str, token: str, late_ms: list[float]) -> None:
    http = HTTPConnection(urlsplit(url).netloc, timeout=60)
    with suppress(OSError, ValueError):
        http.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
        lines = (line for line in http.getresponse() if line.startswith(b"data: "))
        late_ms.extend(_late_ms(json.loads(line[6:])["at"]) for line in lines)


@contextmanager
def receiver(late_ms: list[float]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            late_ms.append(_late_ms(told["timestamp"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


# The texts


def people() -> Iterator[str]:
    """Numbers of nobody, in turn; several agents may ask at once."""
    codes = tomllib.loads((_ROOT / "server" / "domain" / "data" / "area_codes.toml").read_text())["nanp"]
    ours = [code for code, where in codes.items() if where.startswith("US-")][:40]
    return cycle([f"+1{code}5550{number}" for number in range(100, 200) for code in ours])


def template_of(api: Api) -> int:
    asked = {"name": "Bench", "body": "Hi {{first_name|there}}, here is the address. {{agent_name}}", "shared": True}
    status, made, _ = api("POST", "/api/v1/templates", asked)
    assert status == 201, made
    template_id: int = made["template_id"]
    return template_id


def texts(url: str, token: str, agent: int, load: Load, template: int, whom: Iterator[str]) -> list[float]:
    """The milliseconds that each answer took; from when it was due, where the agent still waited for another."""
    chance = random.Random(agent)  # noqa: S311 - the same arrivals in every run
    api, took = Api(url, Authorization=f"Bearer {token}"), list[float]()
    begin = time.perf_counter()
    due, end = _next(load, chance, begin, begin, begin, 0), begin + load.lasts_s
    while due < end:
        if (left := due - time.perf_counter()) > 0:
            time.sleep(left)
            due = time.perf_counter()
        said = {"template_id": template} if len(took) % 4 == 3 else {"text": "Here is the address."}
        asked = {"cmd_id": str(uuid4()), "to": next(whom), "acknowledged_opt_out": True} | said
        status, answer, _ = api("POST", "/api/v1/dialer/sms", asked)
        now = time.perf_counter()
        took.append((now - due) * 1000)
        assert status == 202, answer
        due = _next(load, chance, due, now, begin, len(took))
    return took


def _next(load: Load, chance: random.Random, due: float, now: float, begin: float, count: int) -> float:
    if not load.each_s:
        return now
    return due + chance.expovariate(1 / load.each_s) if load.at_random else begin + count * load.each_s


# Figures


def cpu_s(root: int) -> dict[str, float]:
    """Of a process and all that it has started, ended ones too, by what they are."""
    parents, used = dict[int, int](), dict[int, tuple[str, float]]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            start, _, end = stat.read_text().rpartition(")")
            fields = end.split()
            parents[int(stat.parent.name)] = int(fields[1])
            simulates = b"simulate-carrier" in (stat.parent / "cmdline").read_bytes()
            kind = "postgres" if "postgres" in start else "carrier" if simulates else "server"
            used[int(stat.parent.name)] = kind, sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    below = {root}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    total = {"client": time.process_time(), "server": 0.0, "carrier": 0.0, "postgres": 0.0}
    for pid in below & used.keys():
        kind, took_s = used[pid]
        total[kind] += took_s
    return total


def _late_ms(at: str) -> float:
    return (time.time() - datetime.fromisoformat(at).timestamp()) * 1000


def _points(name: str, values: list[float]) -> dict[str, float]:
    cut = quantiles(values, n=100)
    return {f"{name}_p50_ms": round(cut[49], 1), f"{name}_p99_ms": round(cut[98], 1)}


def measured(load: Load) -> dict[str, Any]:
    with demo() as it:
        access = access_to(it.url)
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        beside = multiprocessing.get_context("spawn").Process(target=company, args=(it, access, theirs), daemon=True)
        beside.start()
        template = template_of(Api(it.url, Authorization=f"Bearer {access.token}"))
        whom = people()
        time.sleep(_LIMITS_READ_S)
        run(it, access, replace(load, lasts_s=_WARM_UP_S), template, whom)
        ours.send("begin")
        own_s: float = ours.recv()
        before_s, counts, began = cpu_s(it.pid), asyncio.run(_counted(it.dsn)), time.perf_counter()
        machine_s = cpu.machine_seconds()
        took = run(it, access, load, template, whom)
        lasted_s, machine_s = time.perf_counter() - began, cpu.machine_seconds() - machine_s
        time.sleep(1.5)  # what is told of the last ones, and PostgreSQL's counts of its backends
        ours.send("end")
        heard, posted, own_end_s = ours.recv()
        now_s, now = cpu_s(it.pid), asyncio.run(_counted(it.dsn))
        now_s["client"] += own_end_s - own_s
        beside.join()
    each = len(took)
    return {
        "texts": each,
        "per_s": round(each / lasted_s, 1),
        "agents": load.agents,
        **_points("sms", took),
        "sms_max_ms": round(max(took), 1),
        **_points("heard", heard),
        **_points("posted", posted),
        "events": len(heard),
        "posts": len(posted),
        "cpu_ms": {kind: round((now_s[kind] - before_s[kind]) * 1000 / each, 2) for kind in now_s},
        **{name: round((now[name] - counts[name]) / each, 1) for name in now},
        "cores_busy": round(machine_s / lasted_s / (os.cpu_count() or 1), 2),
    }


def run(it: Demo, access: Access, load: Load, template: int, whom: Iterator[str]) -> list[float]:
    with ThreadPoolExecutor(load.agents) as pool:
        told = pool.map(lambda agent: texts(it.url, access.token, agent, load, template, whom), range(load.agents))
        return [ms for part in told for ms in part]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few texts: whether it works, not how fast")
    parser.add_argument("--only", choices=sorted(LOADS), help="one load")
    given = parser.parse_args()
    loads = {name: load for name, load in LOADS.items() if given.only in (None, name)}
    if given.quick:
        loads = {"team": Load(4, 0.5, 5.0)}
    figures = {name: measured(load) for name, load in loads.items()}
    told = {"bench": "dialer", "sockets": _SOCKETS, "inbound_per_s": _INBOUND_PER_S, "wanted": {"sms_p99_ms": 50}}
    print(json.dumps({**told, **figures, "machine_load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
