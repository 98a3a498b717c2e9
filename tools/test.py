"""`./test`: runs the parts, counts what ran, and ends with the line `N passed, N failed` and an honest status.

Two lanes side by side for two cores, about equally long. Nothing in them leans on how fast the machine is.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.children import Children, Stopped  # noqa: E402  -- started by its path, so the root must be added first
from tools.test_parts import PARTS, Count, Part, Workshop, passed_through  # noqa: E402  -- the same

LANES = (
    ("integration", "races"),
    ("lint", "imports", "gen", "types", "client", "unit", "simulation", "guards", "ui", "crash"),
)
USAGE = f"""Usage: ./test [--no-ui] [PART ...] [-- ARGUMENTS OF PYTEST]
       ./test crash [--kills N --out DIR] | races [--n N --seed S] | simulation [--seeds N | --seed S -v]
       ./test guards [NAME ...] | bench NAME [...] | screenshots --out DIR
Parts: {", ".join(PARTS)}"""


def main(arguments: list[str]) -> int:
    """Run what *arguments* name, everything if they name nothing."""
    children = Children()
    workshop = Workshop(ROOT, children)
    try:
        if arguments and arguments[0] in {"crash", "races", "simulation", "guards", "bench", "screenshots"}:
            return passed_through(workshop, arguments[0], arguments[1:])
        end = arguments.index("--") if "--" in arguments else len(arguments)
        own, workshop.for_pytest = arguments[:end], arguments[end + 1 :]
        parts = [name for name in own if name != "--no-ui"] or list(PARTS)
        if unknown := [name for name in parts if name not in PARTS]:
            print(f"There is no part {unknown[0]!r}.\n{USAGE}", file=sys.stderr)
            return 0 if unknown[0] in {"-h", "--help"} else 2
        return _run([name for name in parts if name != "ui" or "--no-ui" not in own], workshop)
    except Stopped as stopped:
        print("Stopped.", file=sys.stderr)
        return 128 + stopped.number


def _run(names: list[str], workshop: Workshop) -> int:
    began = time.monotonic()
    lanes = [[name for name in lane if name in names] for lane in LANES]
    with ThreadPoolExecutor(len(lanes)) as pool:
        counts = dict(pair for lane in pool.map(lambda lane: _in_turn(lane, workshop), lanes) for pair in lane)
    print(f"\n--- {time.monotonic() - began:.0f} s")
    for name, count in counts.items():
        print(f"{name}: {count}")
    passed, failed = (sum(getattr(count, field) for count in counts.values()) for field in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def _in_turn(names: list[str], workshop: Workshop) -> list[tuple[str, Count]]:
    return [(name, _one(name, PARTS[name], workshop)) for name in names]


def _one(name: str, part: Part, workshop: Workshop) -> Count:
    """Run a part; all it said is in .cache/test/NAME.log and is shown if it failed. Its last line is its count."""
    print(f"{name} ...", flush=True)
    began = time.monotonic()
    log = workshop.log(name)
    log.write_bytes(b"")
    count = part(workshop, name)
    said = log.read_text(encoding="utf-8", errors="replace") if count.failed else ""
    print(f"{said}{name}: {count} ({time.monotonic() - began:.0f} s)", flush=True)
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
