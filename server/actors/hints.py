"""Tells the other servers what was committed here, and hears them. Everything on this way may be lost.

What a commit told waits a few hundredths of a second for more, then leaves as one numbered message of topics and
positions. A message leaves every second at least, so that whoever hears nothing knows that something is wrong. With
them goes who looks at threads and types there, which no database has: what changes at once, and all of it now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

import structlog
import trio
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.domain.hearing import SILENCE_S, Hearing
from server.domain.hints import About, Hint, Topic, coalesced, hints_of, parsed_topic
from server.domain.messages import Announcement
from server.domain.sightings import REPEAT_EVERY_S, Place, Sight
from server.ports.nodes import Bus, BusLost

GATHER_S: Final = 0.02
BEAT_EVERY_S: Final = 1.0
AGAIN_AFTER_S: Final = 1.0
MOST_TOPICS: Final = 1000
"""In one message; whoever changes more at once makes the others look at everything."""
MOST_SIGHTS: Final = 1000
"""In one message; the others follow in the next."""

log = structlog.get_logger(__name__)


class Seen(BaseModel):
    """`domain.sightings.Sight`."""

    model_config = ConfigDict(frozen=True)

    thread: int
    member: int
    name: str = Field(max_length=200)
    looks: bool
    types: bool


class Whisper(BaseModel):
    """What goes over the bus. `sender`: a server's generation; `number` rises by one with each of its messages."""

    model_config = ConfigDict(frozen=True)

    sender: int = Field(ge=0)
    number: int = Field(ge=0)
    hints: tuple[tuple[str, int], ...] = ()
    here: tuple[Seen, ...] = ()


class Hints:
    """*bus* None: there is none, and nothing is ever to be trusted where others live."""

    def __init__(
        self, gen: int, bus: Bus | None, on_hints: Callable[[Sequence[Hint]], None], on_missed: Callable[[], None]
    ) -> None:
        self._gen, self._bus, self._on_hints, self._on_missed = gen, bus, on_hints, on_missed
        self._hearing = Hearing()
        self._number = 0
        self._waiting: list[Hint] = []
        self._some = trio.Event()
        self._sights: dict[Place, Sight] = {}
        self._repeat_at = 0.0
        self._company: set[int] = set()
        self.sights: Callable[[], Sequence[Sight]] = tuple  # all that the sockets here show
        self.on_seen: Callable[[int, Sequence[Sight]], None] = lambda sender, sights: None

    def tell(self, announcements: Iterable[Announcement]) -> None:
        """What was committed here. Returns at once."""
        if self._bus is not None:
            self._add(hints_of(announcements))

    def tell_stream(self, workspace_id: int, seq: int) -> None:
        """Events that other programs hear were numbered here, up to *seq*."""
        if self._bus is not None:
            self._add([Hint(Topic(About.STREAM, (workspace_id,)), seq)])

    def tell_seen(self, sight: Sight) -> None:
        """Somebody came to a thread or left it, with a socket here, or types. Returns at once."""
        if self._bus is not None:
            self._sights[sight.place] = sight
            self._some.set()

    def trusted(self, living: Collection[int]) -> bool:
        """Whether what all the *living* servers commit is heard here."""
        self._company &= set(living)
        return self._bus is not None and self._hearing.trusted(living, trio.current_time())

    async def run(self) -> None:
        if self._bus is None:
            await trio.sleep_forever()
        else:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._say, self._bus)
                nursery.start_soon(self._listen, self._bus)

    def _add(self, hints: Iterable[Hint]) -> None:
        self._waiting.extend(hints)
        if len(self._waiting) > 4 * MOST_TOPICS:  # the bus is slow or away
            self._waiting = list(coalesced(self._waiting, MOST_TOPICS))
        self._some.set()

    async def _say(self, bus: Bus) -> None:
        while True:
            with trio.move_on_after(BEAT_EVERY_S):
                await self._some.wait()
                await trio.sleep(GATHER_S)
            self._some = trio.Event()
            waiting, self._waiting = self._waiting, []
            here = self._next_sights()
            self._number += 1
            told = tuple((str(one.topic), one.position) for one in coalesced(waiting, MOST_TOPICS))
            try:
                whisper = Whisper(sender=self._gen, number=self._number, hints=told, here=here)
                await bus.say(whisper.model_dump_json().encode())
            except BusLost as lost:  # whoever misses the number looks
                log.warning("hints_not_told", reason=str(lost))
                await trio.sleep(AGAIN_AFTER_S)

    def _next_sights(self) -> tuple[Seen, ...]:
        """What changed; where others listen, now and then all."""
        if self._company and trio.current_time() >= self._repeat_at:
            self._repeat_at = trio.current_time() + REPEAT_EVERY_S
            self._sights = {one.place: one for one in self.sights()} | self._sights
        told = [self._sights.pop(place) for place in list(self._sights)[:MOST_SIGHTS]]
        if self._sights:
            self._some.set()
        return tuple(
            Seen(thread=one.thread_id, member=one.member_id, name=one.name[:200], looks=one.looks, types=one.types)
            for one in told
        )

    async def _listen(self, bus: Bus) -> None:
        while True:
            try:
                await bus.listen(self._heard, SILENCE_S)
            except BusLost as lost:
                log.warning("hints_not_heard", reason=str(lost))
                self._hearing.forget()
                self._on_missed()
                await trio.sleep(AGAIN_AFTER_S)

    def _heard(self, message: bytes) -> None:
        try:
            whisper = Whisper.model_validate_json(message)
        except ValidationError:
            log.warning("hint_not_understood", bytes=len(message))
            self._on_missed()
            return
        if self._hearing.heard(whisper.sender, whisper.number, trio.current_time()):
            self._on_missed()
        if whisper.sender != self._gen:
            if whisper.sender not in self._company:
                self._company.add(whisper.sender)
                self._repeat_at = 0.0  # it knows nothing of ours
            self._follow(whisper.hints)
            self.on_seen(whisper.sender, [_sight(one) for one in whisper.here])

    def _follow(self, hints: Sequence[tuple[str, int]]) -> None:
        known = [Hint(topic, position) for text, position in hints if (topic := parsed_topic(text)) is not None]
        if len(known) < len(hints) or any(one.topic.about is About.EVERYTHING for one in known):
            self._on_missed()
        if known:
            self._on_hints(known)


def _sight(one: Seen) -> Sight:
    return Sight(one.thread, one.member, one.name, one.looks, one.types)
