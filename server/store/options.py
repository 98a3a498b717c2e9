"""What a composition may choose about the store; the defaults serve a real workspace."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from server.domain.timetable import Timetable, shipped_timetable
from server.ports import Online


def _real_time() -> datetime:
    return datetime.now(UTC)


def anybody(workspace_id: int) -> bool:
    """Stands in where nobody can say who looks on: everything is told."""
    return True


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """`ladder_s`: seconds until an unknown outcome is asked about; the last one gives up. `wall` times arrivals.

    `timetable`: quiet hours and the law's caps, which the gate obeys. `online`: asked before news of a workspace's
    threads are made, at thousands of texts a second mostly for nobody. `link_base`: what short links of workspaces
    without a domain of their own begin with, no slash at the end.
    """

    ladder_s: tuple[float, ...] = (10.0, 60.0, 300.0, 900.0)
    wall: Callable[[], datetime] = _real_time
    timetable: Timetable = field(default_factory=shipped_timetable)
    online: Online = anybody
    link_base: str = "http://localhost/l"
    pool_size: int = 8
