"""When what nobody needs goes: now and then, all of it, in small pieces, whatever becomes of the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import trio
from trio.testing import MockClock

from server.actors.pruner import AT_ONCE, EVERY_S, KEPT_FOR, Pruner
from server.ports import StoreUnavailable
from server.ports.pruning import Pruned
from tests.actors.fakes import START, FakeClock


class Attic:
    """Gives what is *found*, one after the other; then nothing."""

    def __init__(self, found: Sequence[Pruned | Exception]) -> None:
        self._found = list(found)
        self.asked: list[tuple[float, datetime, int]] = []

    async def prune(self, before: datetime, limit: int) -> Pruned:
        self.asked.append((trio.current_time(), before, limit))
        match self._found.pop(0) if self._found else Pruned(0, 0, 0, 0, 0, 0):
            case Exception() as error:
                raise error
            case Pruned() as gone:
                return gone


async def looked_in(attic: Attic, for_s: float) -> list[float]:
    """When it was looked into, within *for_s* from now."""
    began = trio.current_time()
    with trio.move_on_after(for_s):
        await Pruner(attic, FakeClock()).run()
    return [at - began for at, _, _ in attic.asked]


async def test_every_hour_what_is_older_than_a_week_goes(autojump_clock: MockClock) -> None:
    attic = Attic([])
    assert await looked_in(attic, 2 * EVERY_S + 1) == [0, EVERY_S, 2 * EVERY_S]
    since = {START + timedelta(seconds=at) - before for at, before, _ in attic.asked}
    assert (since, {limit for _, _, limit in attic.asked}) == ({KEPT_FOR}, {AT_ONCE})
    assert timedelta(days=7) == KEPT_FOR


async def test_while_pieces_are_full_there_is_more(autojump_clock: MockClock) -> None:
    full = [
        Pruned(AT_ONCE, 0, 0, 0, 0, 0),
        Pruned(3, AT_ONCE, 0, 0, 0, 0),
        Pruned(0, 1, AT_ONCE, 0, 0, 0),
        Pruned(0, 0, 0, AT_ONCE, 0, 0),
        Pruned(0, 0, 0, 0, 0, AT_ONCE),
    ]
    attic = Attic([*full, Pruned(0, 0, 5, 0, 0, 0)])
    assert await looked_in(attic, EVERY_S - 1) == [0] * 6


async def test_a_database_that_is_away_is_asked_again_in_an_hour(autojump_clock: MockClock) -> None:
    attic = Attic([StoreUnavailable("gone")])
    assert await looked_in(attic, EVERY_S + 1) == [0, EVERY_S]
