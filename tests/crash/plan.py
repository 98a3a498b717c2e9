"""Decides where a run kills what: the shares of each kind, the misses, and what a long run must have hit.

Two thirds of the kills are the server's: half of them at named points, each equally often, half at random moments. A
sixth is PostgreSQL's, while the server lives: its postmaster, any backend, or the one that is within a certain
transaction. A sixth strikes both within 200 ms, in each order. Some servers' journals are lost after their death, and
some servers find the journal's disk full.

Besides the kills some servers are frozen, with a text between T3 and T4, until a second server has taken over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal, TypeVar

from server.killpoints import POINTS

Kind = Literal["server", "postgres", "mixed", "freeze"]

RANDOM: Final = "random"
POSTMASTER, BACKEND = "postmaster", "backend"
WITHIN: Final = ("backend_t1", "backend_t2", "backend_t3", "backend_t4", "backend_t5")
PLACES: Final = (POSTMASTER, *WITHIN, BACKEND)
ORDERS: Final = ("server_first", "postgres_first", "at_once")
LOSSES: Final = ("deleted", "cut_in_record", "cut_between_records", "segment_lost")
FULL: Final = ("full_at_start", "full_in_life")

LONG_RUN: Final = 200  # from here on a third of the kills suffices for five at each point
OFTEN: Final = 5
SELDOM: Final = 3  # of each place in PostgreSQL and of each order
FROZEN: Final = ("t3_committed", "looked", "journal_written", "first_byte", "answered")
"""Where a server stands still: everywhere between the commit of T3 and T4."""
_FROZEN_IN_VAIN: Final = 3  # until a point is given up
_FROZEN_FOR_EACH: Final = 1 / 40  # kill
_POSTMASTERS: Final = 3  # as often as three of the other places together
_STARTING: Final = 0.2  # share of random kills that do not wait until the server is ready
_LONGEST_S: Final = 1.0
_APART_S: Final = 0.200
_LOST: Final = 0.04  # share of the kills after which a journal is lost, for each way
_FILLED: Final = 0.03
_OPEN: Final = frozenset({"t3_committed", "journal_written", "first_byte", "answered", "t4_before"})
"""Where a server dies with attempts open: that is where the journal matters."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kill:
    """*at* is what is counted: a point or `random`, a place in PostgreSQL, or an order of the two.

    The server dies (*kind* freeze: stands still) at *point*, the *nth* time that it is reached, or *after_s* from being
    ready (*starting*: from its start). *place* is where PostgreSQL is struck, *apart_s* the time between the two.
    *loss*: what becomes of the dead server's journal; *full*: when it finds its disk full.
    """

    kind: Kind
    at: str
    point: str = RANDOM
    nth: int = 1
    after_s: float = 0.0
    starting: bool = False
    place: str = POSTMASTER
    apart_s: float = 0.0
    loss: str | None = None
    full: str | None = None

    @property
    def setting(self) -> str | None:
        how = ":stop" if self.kind == "freeze" else ""
        return None if self.point == RANDOM else f"{self.point}:{self.nth}{how}"

    @property
    def fresh(self) -> bool:
        """Whether it needs a server that starts now."""
        return self.point != RANDOM or self.starting or self.full is not None


class Plan:
    """The kills to come. What was not reached takes the place of an unnamed kill of its kind later on."""

    def __init__(self, kills: int, rng: Random) -> None:
        self._rng = rng
        postgres = mixed = round(kills / 6)
        server = kills - postgres - mixed
        points = [self._at(point) for point in _dealt(POINTS, server // 2, rng)]
        points += [self._random() for _ in range(server - len(points))]
        both = [self._mixed(order) for order in _dealt(ORDERS, mixed, rng)]
        mortal = self._with_full_disks(self._with_losses([*points, *both], kills), kills)
        places = _dealt((*[POSTMASTER] * _POSTMASTERS, *PLACES[1:]), postgres, rng)
        frozen = [self._freeze(point) for point in _dealt(FROZEN, freezes(kills), rng)]
        self._ahead = [*mortal, *(self._postgres(place) for place in places), *frozen]
        rng.shuffle(self._ahead)
        self.missed: Counter[str] = Counter()

    def __iter__(self) -> Plan:
        return self

    def __next__(self) -> Kill:
        if not self._ahead:
            raise StopIteration
        return self._ahead.pop(0)

    def miss(self, kill: Kill) -> None:
        """*kill* did not happen where it should."""
        self.missed[kill.at] += 1
        if kill.kind == "freeze" and self.missed[kill.at] < _FROZEN_IN_VAIN:
            self._ahead.append(replace(kill, nth=1))
        unnamed = BACKEND if kill.kind == "postgres" else RANDOM
        for position, other in enumerate(self._ahead):
            if (other.kind, other.at) == (kill.kind, unnamed) and other.full is None:
                again = {"at": kill.at, "point": kill.point, "place": kill.place, "nth": 1, "starting": False}
                self._ahead[position] = replace(other, **again)  # type: ignore[arg-type]  # one value type for each name
                return

    # One of each kind

    def _at(self, point: str) -> Kill:
        # The sweep at each start goes through T1 with everything of the last minutes: webhooks come later.
        return self._named(point, self._rng.choice((1, 1, 2, 20) if point.startswith("t1") else (1, 1, 2)))

    def _named(self, point: str, nth: int) -> Kill:
        return Kill("server", point, point, nth)

    def _random(self) -> Kill:
        starting = self._rng.random() < _STARTING
        return Kill("server", RANDOM, after_s=self._rng.uniform(0, _LONGEST_S), starting=starting)

    def _postgres(self, place: str) -> Kill:
        return Kill("postgres", place, after_s=self._rng.uniform(0, _LONGEST_S / 2), place=place)

    def _freeze(self, point: str) -> Kill:
        return Kill("freeze", point, point, self._rng.choice((1, 1, 2)))

    def _mixed(self, order: str) -> Kill:
        at_point = order == "server_first" and self._rng.random() < 0.5
        return Kill(
            "mixed",
            order,
            point=self._rng.choice(POINTS) if at_point else RANDOM,
            after_s=self._rng.uniform(0, _LONGEST_S),
            place=self._rng.choice((POSTMASTER, POSTMASTER, BACKEND)),
            apart_s=0.0 if order == "at_once" else self._rng.uniform(0, _APART_S),
        )

    # Journals

    def _with_losses(self, mortal: list[Kill], kills: int) -> list[Kill]:
        """Half of the losses follow deaths with attempts open."""
        each = round(kills * _LOST)
        where = self._rng.sample(range(len(mortal)), len(mortal))
        risky = [position for position in where if mortal[position].point in _OPEN]
        for way in LOSSES:
            for nth in range(each):
                position = risky.pop() if risky and nth % 2 == 0 else where.pop()
                if mortal[position].loss is None:
                    mortal[position] = replace(mortal[position], loss=way)
        return mortal

    def _with_full_disks(self, mortal: list[Kill], kills: int) -> list[Kill]:
        calm = [position for position, kill in enumerate(mortal) if kill.at == RANDOM and kill.loss is None]
        for when in FULL:
            for _ in range(min(round(kills * _FILLED), len(calm))):
                position = calm.pop()
                mortal[position] = replace(mortal[position], full=when, starting=False, after_s=_LONGEST_S)
        return mortal


def freezes(kills: int) -> int:
    """How many servers are frozen in a run of so many kills."""
    return max(1, round(kills * _FROZEN_FOR_EACH))


def thawed(frozen_at: Counter[str], kills: int) -> list[str]:
    """What the freezes of a run fall short of, in sentences."""
    wanted, named = freezes(kills), sum(frozen_at[point] for point in FROZEN)
    wrong = [] if named == wanted else [f"{named} servers were frozen at their points instead of {wanted}."]
    never = [point for point in FROZEN if not frozen_at[point]] if wanted >= len(FROZEN) else []
    return wrong + [f"None was frozen at {point}." for point in never]


def shortcomings(killed_at: Counter[str], kills: int) -> list[str]:
    """What the kills of a run fall short of, in sentences."""
    if killed_at.total() != kills:
        return [f"{killed_at.total()} kills instead of {kills}."]
    if kills < LONG_RUN:
        return []
    wanted = dict.fromkeys(POINTS, OFTEN) | dict.fromkeys((*PLACES, *ORDERS), SELDOM)
    return [f"{at} was hit {killed_at[at]} times only." for at, times in wanted.items() if killed_at[at] < times]


def _dealt(cards: Sequence[T], count: int, rng: Random) -> list[T]:
    """*count* of *cards*, each as often as the others."""
    shuffled = rng.sample(cards, len(cards))
    return [shuffled[position % len(shuffled)] for position in range(count)]
