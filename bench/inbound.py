"""What an inbound text costs: a signed webhook of Twilio, durable in PostgreSQL, then a frame on a socket.

The whole server (`threadline serve`, one process) beside fastify + pg + ws and FastAPI + asyncpg, which do the same
work in the best code we know for them (`bench/peers/`): the same SQL, one text for each call. `node_light` is Node once
more with a shorter SQL function of its own, which does less than ours. One after another on a fresh database each,
several rounds, medians; ratios are taken within a round, since a shared machine changes from minute to minute. Prints
one JSON line. Run it with `./test bench inbound`; the peers' packages are installed into `.cache/bench/` the first
time, and Node is needed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any, Final

from bench.rig import contenders
from bench.rig.contenders import Contender, running
from bench.rig.figures import rounded
from bench.rig.ground import LINE, SESSION, Ground, open_ground

IN_FLIGHT: Final = 64
RATE: Final = 200.0
_LOAD_WITHIN_S: Final = 120.0

Figures = dict[str, Any]
Round = dict[str, Figures]


def measure(contender: Contender, ground: Ground, *, quick: bool) -> Figures:
    """One run of one server. Raises where a text got no 2xx, is not stored once, or was not seen on the socket."""
    with ground.turn() as turn, running(contender, ground, turn) as server:
        plan = {
            "port": server.port,
            "line": asdict(LINE),
            "cookie": f"threadline={SESSION}",
            "threads": turn.threads,
            "server_pid": server.pid,
            "postgres_pid": ground.pid,
            "in_flight": IN_FLIGHT,
            "warm_up_s": 0.2 if quick else 2.0,
            "rate": RATE,
            "open_s": 0.5 if quick else 8.0,
            "closed_s": 0.5 if quick else 6.0,
            "texts": 10_000 if quick else 80_000,
        }
        load = subprocess.run(
            (sys.executable, "-m", "bench.rig.load"),
            input=json.dumps(plan).encode(), stdout=subprocess.PIPE, check=True, timeout=_LOAD_WITHIN_S,
        )  # fmt: skip
        figures: Figures = json.loads(load.stdout)
        stored = ground.count_texts(turn)
        if stored != figures["texts"]:
            raise RuntimeError(f"{figures['texts']} texts were answered with 2xx, {stored} are stored")
    return figures


def told(rounds: Sequence[Round]) -> Figures:
    """Medians over the rounds."""

    def figure(name: str, phase: str, key: str) -> float:
        return rounded(median(one[name][phase][key] for one in rounds))

    def ratio(name: str) -> float | None:
        if name not in rounds[0]:
            return None
        return rounded(median(one["threadline"]["closed"]["per_s"] / one[name]["closed"]["per_s"] for one in rounds))

    def phase_of(name: str, phase: str, *keys: str) -> Figures:
        return {key: figure(name, phase, key) for key in keys}

    latencies = ("p50_ms", "p99_ms", "answer_p50_ms", "answer_p99_ms")
    cpu = ("server_cpu_s", "postgres_cpu_s")
    return {
        "bench": "inbound",
        **phase_of("threadline", "closed", "per_s", *latencies),
        "ratio_node": ratio("node"),
        "ratio_node_light": ratio("node_light"),
        "ratio_fastapi": ratio("fastapi"),
        "at_200": {name: phase_of(name, "open", *latencies) for name in rounds[0]},
        "cpu_s_per_1000": {name: phase_of(name, "closed", *cpu) for name in rounds[0]},
        "peers": {name: phase_of(name, "closed", "per_s", *latencies) for name in rounds[0] if name != "threadline"},
        "load_busy": {name: figure(name, "closed", "busy") for name in rounds[0]},
        "in_flight": IN_FLIGHT,
        "rounds": len(rounds),
        "rounds_per_s": {name: [rounded(one[name]["closed"]["per_s"]) for one in rounds] for name in rounds[0]},
        "machine_load": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of moments: whether it still runs")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument(
        "--only", action="append", choices=["threadline", "node", "node_light", "fastapi"], help="leave others out"
    )
    asked = parser.parse_args()
    makers = {
        "threadline": contenders.threadline,
        "node": contenders.node,
        "node_light": contenders.node_light,
        "fastapi": contenders.fastapi,
    }
    field = [makers[name]() for name in makers if asked.only is None or name in asked.only]
    rounds: list[Round] = []
    with open_ground() as ground:
        for number in range(asked.rounds or (1 if asked.quick else 3)):
            rounds.append({})
            for contender in field:
                rounds[-1][contender.name] = figures = measure(contender, ground, quick=asked.quick)
                sys.stderr.write(f"round {number + 1}: {contender.name}: {json.dumps(figures)}\n")
    sys.stdout.write(json.dumps(told(rounds)) + "\n")


if __name__ == "__main__":
    main()
