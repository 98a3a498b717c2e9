"""Decides how often somebody may try: a bucket of tries for each key, in memory and bounded."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final

from server.ports import Clock

_KEYS: Final = 20_000


class Throttle:
    """*burst* tries at once, then one each *every_s* seconds, for each key.

    The keys that were quiet for the longest are forgotten beyond 20,000: a flood of new keys can then buy an old one a
    fresh bucket, which costs less than memory without bounds.
    """

    def __init__(self, clock: Clock, burst: int, every_s: float) -> None:
        self._clock: Final = clock
        self._burst: Final = burst
        self._every_s: Final = every_s
        self._full_at: Final[OrderedDict[str, float]] = OrderedDict()

    def take(self, key: str) -> int | None:
        """None where the try is allowed; else whole seconds until the next one is. A refused try costs nothing."""
        now = self._clock.monotonic()
        full_at = max(self._full_at.get(key, now), now) + self._every_s
        too_early_s = full_at - now - self._burst * self._every_s
        if too_early_s > 0:
            return ceil(too_early_s)
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        while len(self._full_at) > _KEYS:
            self._full_at.popitem(last=False)
        return None

    def give_back(self, key: str) -> None:
        """A try that turned out right does not count."""
        if key in self._full_at:
            self._full_at[key] -= self._every_s


class TokenPace:
    """How often each API token may ask: by the minute, of which an eighth, and ten at least, may come at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._of_rate: Final[dict[int, Throttle]] = {}

    def take(self, token_id: int, per_minute: int) -> int | None:
        """As `Throttle.take`."""
        throttle = self._of_rate.get(per_minute)
        if throttle is None:
            burst = max(10, per_minute // 8)
            throttle = self._of_rate[per_minute] = Throttle(self._clock, burst, 60.0 / per_minute)
        return throttle.take(str(token_id))


def throttle_key(address: str) -> str:
    """The key of a client's address: IPv6 by its /64, which one household owns whole."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else str(ip)
