"""Answers for a number: may texts reach it now, until when, and how many in bulk. Rules and places in one.

The answer for a place stays the same until the instant that it names, so it is computed once and not for every text.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Final

from server.domain.caps import Cap, widest
from server.domain.hours import Hours, hours_at
from server.domain.places import Candidates, Places, shipped_places, zone
from server.domain.quiet_rules import Rules, Span, both, parse_rules
from server.domain.sending_hours import Week

LAST_CALL: Final = timedelta(seconds=60)
"""Nothing sets out so shortly before the end of a window: the carrier is told to give up at its end, and a text that it
gives up is lost to the recipient, while one that waits comes the next morning."""

_REMEMBER: Final = 4096  # places; more than there are area codes
_REMEMBER_WEEKS: Final = 64  # workspaces of one server with hours of their own, or changes of them
_NEVER_FOR: Final = timedelta(hours=1)  # how long "never" and "always" are believed


@dataclass(frozen=True, slots=True)
class Local:
    """What a contact's clocks may show, for their author: candidate zones, and the hours of them all together.

    `zip_states`: those with rules of their own that count by the ZIP code alone, as US-FL.
    """

    hours: Hours
    zones: tuple[str, ...]
    zip_states: tuple[str, ...] = ()


class Timetable:
    """One file of quiet hours over all places. Its answers depend on its arguments alone.

    *own*: hours of somebody's own, on the same clocks, which can only narrow the law's.
    """

    def __init__(self, rules: Rules, places: Places, own: Week | None = None) -> None:
        self.rules, self._places, self._own = rules, places, own
        self._narrowed: dict[Week, Timetable] = {}
        self.widest_cap = widest(rules.caps(rules.regions))
        self._ruled = frozenset(rules.regions)
        self._placed: dict[tuple[Candidates, tuple[str, ...]], Candidates] = {}
        self._known: dict[Candidates, tuple[datetime, Hours]] = {}
        self._caps: dict[frozenset[str], tuple[Cap, ...]] = {}

    def within(self, own: Week | None) -> Timetable:
        """The same inside of *own* hours; None: as it is. Its answers are remembered apart."""
        if own is None or own == self._own:
            return self
        found = self._narrowed.get(own)
        if found is None:
            if len(self._narrowed) >= _REMEMBER_WEEKS:
                self._narrowed.clear()
            found = self._narrowed[own] = Timetable(self.rules, self._places, own)
        return found

    def at(self, address: str, own_places: Collection[str], now: datetime) -> Hours:
        """Whether it is inside the hours of every place where *address* may be, and when that changes."""
        return self._hours(self._place(address, own_places), now)

    def to_set_out(self, address: str, own_places: Collection[str], now: datetime) -> Hours:
        """The same for a text that shall leave now: at the last call the next window counts."""
        place = self._place(address, own_places)
        hours = self._hours(place, now)
        if not hours.open or hours.until is None or hours.until - now > LAST_CALL:
            return hours
        return Hours(False, self._compute(place, hours.until).until)

    def local(self, address: str, own_places: Collection[str], now: datetime) -> Local:
        place = self._place(address, own_places)
        by_zip = place.regions.intersection(own_places) - self._places.of_digits(address).regions
        return Local(self._hours(place, now), tuple(sorted(place.zones)), tuple(sorted(by_zip)))

    def usual(self, zones: Collection[str], now: datetime) -> Hours:
        """Of people who may be in any of *zones*: the hours that hold everywhere, the laws of states apart."""
        span_of = cache(partial(self._span, ()))
        return hours_at([zone(name) for name in zones], span_of, now)

    def caps(self, address: str, own_places: Collection[str] = ()) -> tuple[Cap, ...]:
        """How many texts in bulk the laws of all places allow to this number."""
        regions = self._place(address, own_places).regions
        caps = self._caps.get(regions)
        if caps is None:
            caps = self._caps[regions] = self.rules.caps(regions)
        return caps

    def _place(self, address: str, own_places: Collection[str]) -> Candidates:
        """States without a rule of their own are alike: most area codes of a zone share one answer."""
        asked = self._places.of_digits(address), tuple(own_places)
        place = self._placed.get(asked)
        if place is None:
            if len(self._placed) >= _REMEMBER:
                self._placed.clear()
            found = self._places.candidates(address, own_places)
            place = self._placed[asked] = Candidates(found.zones, found.regions & self._ruled)
        return place

    def _hours(self, place: Candidates, now: datetime) -> Hours:
        known = self._known.get(place)
        if known is not None:
            since, hours = known
            if since <= now < (since + _NEVER_FOR if hours.until is None else hours.until):
                return hours
        if len(self._known) >= _REMEMBER:
            self._known.clear()
        hours = self._compute(place, now)
        self._known[place] = now, hours
        return hours

    def _compute(self, place: Candidates, now: datetime) -> Hours:
        span_of = cache(partial(self._span, place.regions))  # many zones ask about the same few days
        return hours_at([zone(name) for name in place.zones], span_of, now)

    def _span(self, regions: Collection[str], day: date) -> Span | None:
        law = self.rules.span(regions, day)
        return law if self._own is None else both(law, self._own[day.weekday()])


@cache
def shipped_timetable() -> Timetable:
    """The rules and places of the files in the package."""
    text = (files("server.domain") / "data" / "quiet_hours.toml").read_text(encoding="utf-8")
    return Timetable(parse_rules(text, "quiet_hours.toml"), shipped_places())
