"""Decides who looks at a thread, and who types there, at the other servers, by what they say of it.

It is shown and nothing else: no rule leans on it. A server tells at once what changes with it, and all that it has
every few seconds. What it does not repeat is forgotten, and all of it where the server is not heard any more: one that
was killed takes along who looked there, within seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from server.domain.hearing import SILENCE_S

REPEAT_EVERY_S: Final = 5.0
KEPT_S: Final = 12.0
"""Of what is repeated every five seconds: two of them may be lost."""

_Members = dict[int, tuple["Sight", float]]

Place = tuple[int, int]
"""A thread, and a member there."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A member at a thread, as one server sees it. Neither `looks` nor `types`: has left."""

    thread_id: int
    member_id: int
    name: str
    looks: bool
    types: bool = False

    @property
    def place(self) -> Place:
        return self.thread_id, self.member_id


@dataclass(slots=True)
class Sightings:
    """By server and thread: each member there, and until when that holds unless it is said again."""

    _seen: dict[int, dict[int, _Members]] = field(default_factory=dict)
    _heard: dict[int, float] = field(default_factory=dict)

    def told(self, sender: int, sights: Iterable[Sight], now: float) -> None:
        """What *sender* says now, be it nothing.

        >>> far = Sightings()
        >>> far.told(2, [Sight(7, 1, "Ann", True), Sight(7, 3, "Bob", True, True)], now=0.0)
        >>> far.told(2, [Sight(7, 1, "Ann", False)], now=1.0)
        >>> [one.name for one in far.at(7)]
        ['Bob']
        """
        self._heard[sender] = now
        threads = self._seen.setdefault(sender, {})
        for one in sights:
            if one.looks:
                threads.setdefault(one.thread_id, {})[one.member_id] = (one, now + KEPT_S)
            elif one.member_id in (members := threads.get(one.thread_id, {})):
                _drop(threads, members, one.place)

    def at(self, thread_id: int) -> Iterator[Sight]:
        """Who looks there; a member may be at several servers."""
        for threads in self._seen.values():
            for sight, _ in threads.get(thread_id, {}).values():
                yield sight

    def of(self, place: Place) -> Iterator[Sight]:
        """What each server says of one member."""
        for threads in self._seen.values():
            if (said := threads.get(place[0], {}).get(place[1])) is not None:
                yield said[0]

    def stale(self, now: float) -> Collection[tuple[int, Place]]:
        """Of which servers what is to be forgotten.

        >>> far = Sightings()
        >>> far.told(2, [Sight(7, 1, "Ann", True)], now=0.0)
        >>> far.told(2, [], now=11.0)
        >>> far.stale(11.5), far.stale(12.5), far.stale(14.5)
        ([], [(2, (7, 1))], [(2, (7, 1))])
        """
        return [
            (sender, sight.place)
            for sender, threads in self._seen.items()
            for members in threads.values()
            for sight, until in members.values()
            if now > until or now - self._heard[sender] > SILENCE_S
        ]

    def forget(self, stale: Iterable[tuple[int, Place]]) -> None:
        for sender, place in stale:
            threads = self._seen[sender]
            _drop(threads, threads[place[0]], place)
        for sender in [sender for sender, threads in self._seen.items() if not threads]:
            del self._seen[sender], self._heard[sender]


def _drop(threads: dict[int, _Members], members: _Members, place: Place) -> None:
    del members[place[1]]
    if not members:
        del threads[place[0]]
