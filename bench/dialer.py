"""What a power dialer waits for: a quick text's answer under load, and how soon it hears what happened.

A whole demo server in a process of its own, texts asked for at an even rate over kept connections with a token, to 800
people, some of whom have opted out and most of whom were never texted before; every fourth is made of a template; every
one must be accepted. `heard` is from the instant at which an event was written to its arrival on the stream, `posted`
the same to a webhook's arrival. `cpu_ms`: what the server with its simulated carrier, PostgreSQL, and this client with
its receivers took for each text, with its sending and all that was told of it. Prints one JSON line. Run it with
`./test bench dialer`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

_ROOT: Final = Path(__file__).parents[1]
_KINDS: Final = ["message.received", "message.status"]


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


@contextmanager
def demo() -> Iterator[tuple[str, int]]:
    """A demo server in a folder of its own; its address and process id."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - the database's own user must get through
        command = [sys.executable, "-m", "server", "demo", "--port", "0", "--data", f"{folder}/data"]
        process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            yield next(line.split()[1] for line in process.stdout if line.startswith("ready ")), process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def token_of(url: str) -> str:
    api = Api(url)
    login = api("GET", "/api/v1/demo")[1]["logins"][0]
    page = {"Origin": url, "X-CSRF": "1"}
    cookie = api("POST", "/api/v1/login", {"email": login["email"], "password": login["password"]}, **page)[2]
    asked = {"name": "Bench", "scopes": ["dialer", "webhooks", "campaigns"], "per_minute": 60_000}
    status, made, _ = api("POST", "/api/v1/tokens", asked, Cookie=cookie.partition(";")[0], **page)
    assert status == 201, made
    token: str = made["token"]
    return token


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


def template_of(api: Api) -> int:
    asked = {"name": "Bench", "body": "Hi {{first_name|there}}, here is the address. {{agent_name}}", "shared": True}
    status, made, _ = api("POST", "/api/v1/templates", asked)
    assert status == 201, made
    template_id: int = made["template_id"]
    return template_id


def cpu_s(root: int) -> dict[str, float]:
    """Of a process and all that it has started, ended ones too: of Python's and of PostgreSQL's; and of this one."""
    parents, used = dict[int, int](), dict[int, tuple[str, float]]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            start, _, end = stat.read_text().rpartition(")")
            fields = end.split()
            parents[int(stat.parent.name)] = int(fields[1])
            kind = "postgres" if "postgres" in start else "server"
            used[int(stat.parent.name)] = kind, sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    below = {root}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    total = {"client": time.process_time(), "server": 0.0, "postgres": 0.0}
    for pid in below & used.keys():
        kind, took_s = used[pid]
        total[kind] += took_s
    return total


def texts(url: str, token: str, worker: int, count: int, every_s: float, template: int) -> list[float]:
    """The milliseconds that each answer took."""
    api, took, begin = Api(url, Authorization=f"Bearer {token}"), [], time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, begin + number * every_s - time.perf_counter()))
        to = f"+1{(205, 206, 207, 212, 213, 214, 215, 216)[worker]}55501{number % 100:02}"
        said = {"template_id": template} if number % 4 == 3 else {"text": "Here is the address."}
        asked = {"cmd_id": str(uuid4()), "to": to, "acknowledged_opt_out": True} | said
        started = time.perf_counter()
        status, answer, _ = api("POST", "/api/v1/dialer/sms", asked)
        took.append((time.perf_counter() - started) * 1000)
        assert status == 202, answer
    return took


def _late_ms(at: str) -> float:
    return (time.time() - datetime.fromisoformat(at).timestamp()) * 1000


def _points(name: str, values: list[float]) -> dict[str, float]:
    cut = quantiles(values, n=100)
    return {f"{name}_p50_ms": round(cut[49], 1), f"{name}_p99_ms": round(cut[98], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few texts: whether it works, not how fast")
    parser.add_argument("--rate", type=float, default=40.0, help="texts a second, over all connections")
    given = parser.parse_args()
    workers, each = (2, 10) if given.quick else (8, 100)
    heard: list[float] = []
    posted: list[float] = []
    with demo() as (url, pid), receiver(posted) as hook:
        token = token_of(url)
        api = Api(url, Authorization=f"Bearer {token}")
        assert api("POST", "/api/v1/webhooks", {"url": hook, "kinds": _KINDS})[0] == 201
        Thread(target=listen, args=(url, token, heard), daemon=True).start()
        template, before_s = template_of(api), cpu_s(pid)
        with ThreadPoolExecutor(workers) as pool:
            told = pool.map(lambda one: texts(url, token, one, each, workers / given.rate, template), range(workers))
            took = [ms for part in told for ms in part]
        now_s = cpu_s(pid)
        cpu_ms = {kind: round((now_s[kind] - before_s[kind]) * 1000 / len(took), 2) for kind in now_s}
        end = time.monotonic() + 30
        while (len(heard) < 20 or len(posted) < 20) and time.monotonic() < end:
            time.sleep(0.1)
        load = os.getloadavg()[0]
        asked = {"bench": "dialer", "texts": len(took), "per_s": given.rate, **_points("sms", took)}
        told_of = {**_points("heard", heard), **_points("posted", posted), "events": len(heard), "posts": len(posted)}
    print(json.dumps({**asked, **told_of, "cpu_ms": cpu_ms, "machine_load": round(load, 1)}))


if __name__ == "__main__":
    main()
