"""What a seed stands for: the size of its world, and how often which thing goes wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Literal

from server.domain.caps import Cap

ACCOUNT: Final = 1
TROUBLE_S: Final = 30.0  # from the start on; then everything works, and the world may come to rest

_NUMBERS: Final = ("+12025550199", "+12025550198", "+12025550197")
_RATES: Final = ((1.0, 1), (2.0, 3), (5.0, 1), (10.0, 5), (30.0, 10))

Lost = Literal["no", "before", "after"]


@dataclass(frozen=True, slots=True)
class Hitch:
    """What happens to one call: it waits, is done, waits, answers; or is lost, or its node dies, on the way."""

    before_s: float
    after_s: float
    lost: Lost = "no"
    kill: Lost = "no"


class Plan:
    """The dice of one seed. Each part of the world has a stream of its own, so that they do not shift each other."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        dice = self.stream("world")
        self.numbers = [(address, *dice.choice(_RATES)) for address in _NUMBERS[: dice.randint(1, 3)]]
        self.contacts = [f"+1312555{100 + i:04d}" for i in range(dice.randint(3, 6))]
        self.texts = dice.randint(20, 60)
        self.arrivals = dice.randint(2, 12)
        late = dice.random() < 0.2  # shortly before nine in the evening in Chicago, where all contacts live
        self.start = datetime(2026, 3, 11, 1, 58, 45, tzinfo=UTC) if late else datetime(2026, 3, 10, 16, tzinfo=UTC)
        # A brand's day ends within this world: one of 23 hours, one of 25, or any. In Guam it is afternoon then.
        midnight = dice.choice((None, None, None, (2026, 3, 9, 7), (2026, 11, 2, 8), (2026, 7, 1, 7)))
        if midnight is not None:
            self.contacts = [address.replace("+1312", "+1671") for address in self.contacts]
            self.start = datetime(*midnight, tzinfo=UTC) - timedelta(seconds=dice.uniform(5, TROUBLE_S))
        self.branded = midnight is not None or dice.random() < 0.2
        self.day_cap = dice.choice((10, 30, 70, 130, None))
        self.opt_in_required = dice.random() < 0.15
        self.campaigns = dice.choice((0, 1, 2))
        self.cap = Cap(2, timedelta(seconds=20)) if dice.random() < 0.3 else None
        self.second_host = dice.random() < 0.4
        self.callback_token = dice.random() < 0.7
        self.carrier_answers = dice.random() < 0.15
        self.workers = dice.choice((2, 8, 64))
        self.lease_s = dice.choice((3.0, 10.0))
        self.ladder_s = (10.0, 60.0, 300.0, 900.0) if dice.random() < 0.03 else (2.0, 6.0, 15.0, 40.0)
        self.kills = dice.choice((0, 0, 1, 2, 4))
        self.outages = [
            (dice.uniform(0, TROUBLE_S), dice.choice((0.3, 2.0, 9.0))) for _ in range(dice.choice((0, 0, 1, 2)))
        ]
        self.jumps = [
            (dice.uniform(0, TROUBLE_S), timedelta(seconds=dice.choice((-60, -2, 2, 60))))
            for _ in range(dice.choice((0, 0, 1, 3)))
        ]
        self.ledger_faults = dice.choice((0.0, 0.005, 0.03))
        self.slow_calls = dice.choice((0.0, 0.01, 0.05))
        self.carrier_faults = dice.choice((0.0, 0.1, 0.4))
        self.disk_faults = dice.choice((0.0, 0.0, 0.05))
        self.lost_hints = dice.choice((0.0, 0.0, 0.3))
        self._calls = self.stream("calls")

    def stream(self, name: str) -> Random:
        """Chance of its own for *name*."""
        return Random(f"{self.seed}/{name}")  # noqa: S311 - a repeatable world, not a secret

    def hitch(self, *, troubled: bool) -> Hitch:
        """The next call's."""
        dice = self._calls
        before_s, after_s = dice.uniform(0.0002, 0.004), dice.uniform(0.0001, 0.002)
        if not troubled:
            return Hitch(before_s, after_s)
        if dice.random() < self.slow_calls:
            after_s += dice.choice((0.03, 0.1, 0.5, 4.0, 12.0)) * dice.random()
        if dice.random() < self.slow_calls:
            before_s += dice.choice((0.03, 0.1, 0.5, 4.0, 12.0)) * dice.random()
        lost: Lost = "no"
        if dice.random() < self.ledger_faults:
            lost = dice.choice(("before", "after"))
        kill: Lost = "no"
        if self.kills and dice.random() < 0.004:
            kill = dice.choice(("before", "after"))
        return Hitch(before_s, after_s, lost, kill)
