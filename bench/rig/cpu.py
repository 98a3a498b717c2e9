"""CPU seconds and resident memory of processes, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE_KIB: Final = os.sysconf("SC_PAGE_SIZE") / 1024


def seconds(pid: int) -> float:
    """CPU seconds that *pid* has used, with those of its children that have ended."""
    return sum(int(field) for field in _stat(pid)[11:15]) / _TICK


def seconds_with_children(pid: int) -> float:
    """The same with the children that still run: PostgreSQL is a process for each connection."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return seconds(pid) + sum(_seconds_or_none(int(child)) for child in children)


def children(pid: int) -> list[int]:
    """Those that run; the kernel keeps them by the thread that started each."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text().split()]


def machine_seconds() -> float:
    """What all cores together have worked since the boot."""
    user, nice, system, *_ = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return (int(user) + int(nice) + int(system)) / _TICK


def resident_kib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB


def _seconds_or_none(pid: int) -> float:
    try:
        return seconds(pid)
    except FileNotFoundError:  # it ended meanwhile, and is counted by its parent next time
        return 0.0


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
