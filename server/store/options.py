"""What a composition may choose about the store; the defaults serve a real workspace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from server.domain.caps import Cap
from server.store.facts import Window, always_open


def _real_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """`ladder_s`: seconds until an unknown outcome is asked about; the last one gives up. `wall` times arrivals."""

    ladder_s: tuple[float, ...] = (10.0, 60.0, 300.0, 900.0)
    wall: Callable[[], datetime] = _real_time
    hours: Window = always_open
    caps: tuple[Cap, ...] = ()
    pool_size: int = 8
