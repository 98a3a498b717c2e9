"""What an outbound text costs: queued, authorised, journalled, sent to a carrier, its result stored. One node.

Four ways in, each on a fresh database, medians over the rounds; the carrier is a light fake in a process of its own
that answers at once (the full simulator has costs of its own). `mt_per_s` is from the first T2 to the last stored
result, texts entering by T2 in batches of 64 as a campaign's do; `each` is one T2 for each text with 64 in flight, as
a reply's is; `api` is the whole way, 64 HTTP requests in flight, and `api_batch` the same with 200 texts in each of
four requests. At most 64 texts are on the wire in each. Every text must be found sent once at the carrier and in the
database, or the bench fails. Prints one JSON line: `./test bench send`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, Final

from bench.rig import contenders, send_api
from bench.rig.contenders import running
from bench.rig.figures import rounded
from bench.rig.ground import Ground, Turn, open_ground

IN_FLIGHT: Final = 64
_WITHIN_S: Final = 120.0
_WHOLE: Final = {"batch": 16_000, "each": 8_000, "api": 3_000, "api_batch": 16_000}
_QUICK: Final = {"batch": 500, "each": 250, "api": 100, "api_batch": 800}
_FEEDS: Final = list(_WHOLE)
_AREAS: Final = (205, 206, 207, 212, 213, 214, 215, 216, 303, 304, 305, 312, 313, 404, 405, 415, 503, 504, 602, 617)

_SEED: Final = """
UPDATE carrier_account SET base_url = 'http://127.0.0.1:{port}';
UPDATE number SET rate = 100000, burst = 10000;
INSERT INTO endpoint (workspace_id, address)
SELECT 1, '+1' || area || '5550' || n FROM unnest(ARRAY[{areas}]) area, generate_series(100, 199) n
ON CONFLICT DO NOTHING;
INSERT INTO thread (workspace_id, endpoint_id, number_id, last_at) SELECT 1, id, 1, now() FROM endpoint
ON CONFLICT DO NOTHING;
ANALYZE;
"""

Figures = dict[str, Any]


class LightCarrier:
    """`bench.rig.light_carrier`, running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out, self.pid = process.stdin, process.stdout, process.pid
        self.port = int(self._out.readline())

    def accepted(self) -> dict[str, int]:
        self._in.write("LIST\n")
        self._in.flush()
        told: dict[str, int] = json.loads(self._out.readline())
        return told


@contextmanager
def light_carrier(delay_ms: float) -> Iterator[LightCarrier]:
    process = subprocess.Popen(
        (sys.executable, "-m", "bench.rig.light_carrier", str(delay_ms)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            yield LightCarrier(process)
        finally:
            process.kill()


def measure(ground: Ground, feed: str, texts: int, *, delay_ms: float, profile: str | None = None) -> Figures:
    """One run. Raises RuntimeError where the carrier or the database has any text not exactly once."""
    with ground.turn() as turn, light_carrier(delay_ms) as carrier:
        threads = prepare(ground, turn, carrier.port)
        if feed in {"api", "api_batch"}:
            with running(contenders.threadline(), ground, turn) as server:
                figures = send_api.measure(server, ground.pid, threads, texts, turn.dsn, batches=feed == "api_batch")
        else:
            figures = _in_node(ground, turn, feed, texts, threads, profile)
        _check(ground, turn, carrier, figures["total"])
    return figures


def prepare(ground: Ground, turn: Turn, carrier_port: int) -> list[int]:
    """Threads with people whom one number writes to as fast as it can."""
    ground.run(turn, _SEED.format(port=carrier_port, areas=",".join(map(str, _AREAS))))
    return [row["id"] for row in ground.run(turn, "SELECT id FROM thread ORDER BY id")]


def _in_node(ground: Ground, turn: Turn, feed: str, texts: int, threads: list[int], profile: str | None) -> Figures:
    plan = {
        "feed": feed,
        "texts": texts,
        "warm_up": min(2_000, texts // 4),
        "in_flight": IN_FLIGHT,
        "threads": threads,
        "postgres_pid": ground.pid,
        "profile": profile,
    }
    node = subprocess.run(
        (sys.executable, "-m", "bench.rig.send_node"), env={**os.environ, **contenders.own_environment(turn, port=0)},
        input=json.dumps(plan).encode(), stdout=subprocess.PIPE, check=True, timeout=_WITHIN_S,
    )  # fmt: skip
    figures: Figures = json.loads(node.stdout)
    return figures


def _check(ground: Ground, turn: Turn, carrier: LightCarrier, total: int) -> None:
    (row,) = ground.run(
        turn,
        "SELECT (SELECT count(*) FROM message WHERE state = 'sent') AS sent, (SELECT count(*) FROM message) AS texts, "
        "(SELECT count(*) FROM provider_ref) AS bound, (SELECT count(*) FROM attempt WHERE state = 'void') AS void, "
        "(SELECT count(*) FROM outbox) AS queued",
    )
    accepted = carrier.accepted()
    if {row["sent"], row["texts"], row["bound"], accepted["accepted"], accepted["attempts"]} != {total}:
        raise RuntimeError(f"{total} texts were queued, {dict(row)} are stored, the carrier has {accepted}")
    sys.stderr.write(f"{total} texts once each; {row['void']} attempts were void before their first byte\n")


def told(rounds: dict[str, list[Figures]]) -> Figures:
    """Medians over the rounds."""

    def of(feed: str) -> Figures:
        keys = ("per_s", "server_cpu_ms", "postgres_cpu_ms")
        return {key: rounded(median(one[key] for one in rounds[feed])) for key in keys}

    figures = {feed: of(feed) for feed in rounds}
    return {
        "bench": "send",
        "mt_per_s": figures["batch"]["per_s"] if "batch" in figures else None,
        **figures,
        "rounds_per_s": {feed: [rounded(one["per_s"]) for one in rounds[feed]] for feed in rounds},
        "in_flight": IN_FLIGHT,
        "machine_load": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of a few texts: whether it still runs")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--only", action="append", choices=_FEEDS)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="how long the carrier takes for an answer")
    parser.add_argument("--profile", metavar="FILE", help="the node's profile, by cProfile, which slows it by half")
    asked = parser.parse_args()
    feeds = asked.only or _FEEDS
    texts = _QUICK if asked.quick else _WHOLE
    rounds: dict[str, list[Figures]] = {feed: [] for feed in feeds}
    with open_ground() as ground:
        for number in range(asked.rounds or (1 if asked.quick else 3)):
            for feed in feeds:
                figures = measure(ground, feed, texts[feed], delay_ms=asked.delay_ms, profile=asked.profile)
                rounds[feed].append(figures)
                sys.stderr.write(f"round {number + 1}: {feed}: {json.dumps(figures)}\n")
    sys.stdout.write(json.dumps(told(rounds)) + "\n")


if __name__ == "__main__":
    main()
