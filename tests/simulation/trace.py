"""What happened in a run, line by line, and the hash by which two runs are compared."""

from __future__ import annotations

from hashlib import blake2b

import trio


class Trace:
    """`lines` in order; times are virtual seconds."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, who: str, what: str) -> None:
        self.lines.append(f"{trio.current_time():.6f} {who} {what}")

    @property
    def digest(self) -> str:
        return blake2b("\n".join(self.lines).encode(), digest_size=16).hexdigest()
