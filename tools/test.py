"""`./test`: runs the parts, counts what ran, and ends with the line `N passed, N failed` and an honest status.

Four workers for two cores take the next part as soon as they are free, the longest first: the parts wait a third of
their time, for processes, for time-outs and for the browser. Nothing in them leans on how fast the machine is.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.children import Children, Stopped  # noqa: E402  -- started by its path, so the root must be added first
from tools.test_faults import Fault, told_again  # noqa: E402  -- the same
from tools.test_parts import BY_NAME, PARTS, Count, Part, Workshop, passed_through  # noqa: E402  -- the same

WORKERS = 4
# What stands together is done in turn: the browser's tests are served the client that was built, and tabs lean on its
# packages.
QUEUE = (
    ("client", "ui", "tabs"), ("unit",), ("integration",), ("crash",), ("servers",), ("races",), ("simulation",),
    ("guards",), ("types",), ("lint",), ("imports",), ("gen",), ("nodes",),
)  # fmt: skip
OWN_RUNS = {
    "crash", "races", "tabs", "bulk", "campaign", "campaign_kills", "webhook_kills", "faults", "simulation", "guards",
    "bench", "screenshots",
}  # fmt: skip
USAGE = f"""Usage: ./test [--broad | --whole] [--no-ui] [PART ...] [-- ARGUMENTS OF PYTEST]
       ./test crash [--kills N --out DIR] | races [--n N --seed S] | simulation [--seeds N | --seed S -v]
       ./test tabs [--histories N --length N --seed S --stride N]
       ./test bulk [--recipients N --stops S --kills K --rate R --seed S --out DIR]
       ./test campaign [--n N --rate R --seed S --out DIR] | campaign_kills [--n N --seed S --out DIR]
       ./test webhook_kills [--n N --seed S --out DIR]
       ./test faults [nodes | database] [--faults N --every S --[no-]share --seed S --out DIR]
       ./test guards [NAME ...] | bench NAME [...] | screenshots --out DIR
Parts: {", ".join(PARTS)}"""


def main(arguments: list[str]) -> int:
    """Run what *arguments* name, everything if they name nothing."""
    children = Children()
    workshop = Workshop(ROOT, children)
    try:
        if arguments and arguments[0] in OWN_RUNS:
            return passed_through(workshop, arguments[0], arguments[1:])
        workshop.sweep()
        end = arguments.index("--") if "--" in arguments else len(arguments)
        own, workshop.for_pytest = arguments[:end], arguments[end + 1 :]
        workshop.broad = "--broad" in own
        workshop.whole = workshop.broad or "--whole" in own
        parts = [name for name in own if name not in {"--no-ui", "--whole", "--broad"}] or [
            name for name in PARTS if name not in BY_NAME
        ]
        if unknown := [name for name in parts if name not in PARTS]:
            print(f"There is no part {unknown[0]!r}.\n{USAGE}", file=sys.stderr)
            return 0 if unknown[0] in {"-h", "--help"} else 2
        return _run([name for name in parts if name != "ui" or "--no-ui" not in own], workshop)
    except Stopped as stopped:
        print("Stopped.", file=sys.stderr)
        return 128 + stopped.number


def _run(names: list[str], workshop: Workshop) -> int:
    began = time.monotonic()
    turns = [[name for name in turn if name in names] for turn in QUEUE]
    with ThreadPoolExecutor(WORKERS) as pool:
        ended = [one for turn in pool.map(lambda turn: _in_turn(turn, workshop), turns) for one in turn]
    print(f"\n--- {time.monotonic() - began:.0f} s, of which the longest part last:")
    for name, count, took_s in sorted(ended, key=lambda one: one[2]):
        print(f"{name}: {count} ({took_s:.0f} s)")
    for name, count, _ in ended:
        if count.failed:
            print(told_again(name, count.faults or [Fault(name, "", workshop.said(name))]))
    passed, failed = (sum(getattr(count, field) for _, count, _ in ended) for field in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _in_turn(names: list[str], workshop: Workshop) -> list[tuple[str, Count, float]]:
    return [(name, *_one(name, PARTS[name], workshop)) for name in names]


def _one(name: str, part: Part, workshop: Workshop) -> tuple[Count, float]:
    """Run a part; its count and seconds. All it said is in .cache/test/NAME.log and is shown if it failed."""
    print(f"{name} ...", flush=True)
    began = time.monotonic()
    workshop.log(name).write_bytes(b"")
    count = part(workshop, name)
    said = workshop.said(name) if count.failed else ""
    took_s = time.monotonic() - began
    print(f"{said}{name}: {count} ({took_s:.0f} s)", flush=True)
    return count, took_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
