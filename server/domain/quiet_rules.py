"""Reads the file of quiet hours, and tells from it on which hours of a day texts may reach people of some regions.

A file that is not understood to its last word is refused: a rule that was misread would text people at night.
"""

import re
import tomllib
from calendar import day_name
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from server.domain.caps import Cap
from server.domain.holidays import DaysOf, parse_holiday
from server.domain.strict import only, word

_DAYS: Final = tuple(name.lower() for name in day_name)
_HOURS: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_REGION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_RULE_KEYS: Final = frozenset({*_DAYS, "code", "daily", "holidays", "texts", "window_h", "source", "reviewed"})
_HOLIDAY_KEYS: Final = frozenset({"name", "on", "regions"})
_DAY_S: Final = 86_400


class BadRules(ValueError):
    """The file cannot be used; the text is a sentence that says where the fault is."""


_only, _word = partial(only, BadRules), partial(word, BadRules)


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of one day in seconds since midnight on the local clock, half-open: ``[opens_s, closes_s)``."""

    opens_s: int
    closes_s: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One region's hours. `weekdays` from Monday; None is a closed day. `holidays`: their own hours, where set."""

    weekdays: tuple[Span | None, ...]
    closed_on_holidays: bool
    holidays: Span | None
    cap: Cap | None
    source: str
    reviewed: date

    def on(self, weekday: int, *, holiday: bool) -> Span | None:
        """A holiday's own hours only narrow those of its weekday."""
        usual = self.weekdays[weekday]
        if not holiday or (self.holidays is None and not self.closed_on_holidays):
            return usual
        return both(usual, self.holidays)


@dataclass(frozen=True, slots=True)
class Holiday:
    """`regions` empty: in every region whose rule knows holidays."""

    name: str
    days_of: DaysOf
    regions: frozenset[str]

    def is_on(self, day: date) -> bool:
        return day in self.days_of(day.year) or (day.month == 12 and day in self.days_of(day.year + 1))


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole file; `version` is its own."""

    version: str
    everywhere: Rule
    regions: Mapping[str, Rule]
    holidays: Sequence[Holiday]

    def span(self, regions: Collection[str], day: date) -> Span | None:
        """The hours of *day* that all of *regions* allow; None where that is none."""
        span = self.everywhere.on(day.weekday(), holiday=self._kept("", day))
        for region in regions:
            if span is not None and (rule := self.regions.get(region)) is not None:
                span = both(span, rule.on(day.weekday(), holiday=self._kept(region, day)))
        return span

    def caps(self, regions: Collection[str]) -> tuple[Cap, ...]:
        """The caps of all of *regions*, each once."""
        rules = [self.everywhere, *(self.regions[region] for region in sorted(regions) if region in self.regions)]
        return tuple(dict.fromkeys(rule.cap for rule in rules if rule.cap is not None))

    def _kept(self, region: str, day: date) -> bool:
        return any(not one.regions or region in one.regions for one in self.holidays if one.is_on(day))


def both(one: Span | None, other: Span | None) -> Span | None:
    """The hours of a day that lie in both; None where there are none."""
    if one is None or other is None:
        return None
    span = Span(max(one.opens_s, other.opens_s), min(one.closes_s, other.closes_s))
    return span if span.opens_s < span.closes_s else None


# Reading the file


def parse_rules(text: str, name: str) -> Rules:
    """The rules of a TOML *text*; *name* stands for the file in the sentence of `BadRules`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"{name} is no TOML: {error}.") from None
    _only(table, {"version", "everywhere", "region", "holiday"}, name)
    everywhere = _rule(_table(table, "everywhere", name), f"{name}, everywhere")
    regions: dict[str, Rule] = {}
    for nth, entry in enumerate(_tables(table, "region", name), 1):
        code = entry.get("code")
        where = f"{name}, region {nth} ({code})"
        if not isinstance(code, str) or not _REGION.fullmatch(code):
            raise BadRules(f"{where}: code must be an ISO 3166 code such as US-FL or CA.")
        if code in regions:
            raise BadRules(f"{where}: the region stands there twice.")
        regions[code] = _rule(entry, where)
    holidays = [_holiday(one, f"{name}, holiday {nth}") for nth, one in enumerate(_tables(table, "holiday", name), 1)]
    return Rules(_word(table, "version", name), everywhere, regions, holidays)


def _rule(entry: Mapping[str, Any], where: str) -> Rule:
    _only(entry, _RULE_KEYS, where)
    daily = _span(entry, "daily", where)
    weekdays = tuple(_span(entry, day, where) if day in entry else daily for day in _DAYS)
    reviewed = entry.get("reviewed")
    if type(reviewed) is not date:
        raise BadRules(f"{where}: reviewed must be a day such as 2026-11-22.")
    holidays = _span(entry, "holidays", where) if "holidays" in entry else None
    closed = "holidays" in entry and holidays is None
    return Rule(weekdays, closed, holidays, _cap(entry, where), _word(entry, "source", where), reviewed)


def _span(entry: Mapping[str, Any], key: str, where: str) -> Span | None:
    hours = entry.get(key)
    if hours == "none":
        return None
    found = _HOURS.fullmatch(hours) if isinstance(hours, str) else None
    if found:
        h, m, to_h, to_m = map(int, found.groups())
        opens_s, closes_s = h * 3600 + m * 60, to_h * 3600 + to_m * 60
        if opens_s < closes_s <= _DAY_S:
            return Span(opens_s, closes_s)
    raise BadRules(f'{where}: {key} must be hours of one day such as "08:00-21:00", or "none".')


def _cap(entry: Mapping[str, Any], where: str) -> Cap | None:
    texts, window_h = entry.get("texts"), entry.get("window_h")
    if texts is None and window_h is None:
        return None
    if type(texts) is not int or type(window_h) is not int or texts < 1 or not 1 <= window_h <= 24 * 366:
        raise BadRules(f"{where}: texts and window_h belong together, both whole numbers of one or more.")
    return Cap(texts, timedelta(hours=window_h))


def _holiday(entry: Mapping[str, Any], where: str) -> Holiday:
    _only(entry, _HOLIDAY_KEYS, where)
    name, regions = _word(entry, "name", where), entry.get("regions", [])
    if not isinstance(regions, list) or not all(isinstance(one, str) and _REGION.fullmatch(one) for one in regions):
        raise BadRules(f'{where} ({name}): regions must be a list such as ["US-LA"].')
    try:
        days_of = parse_holiday(_word(entry, "on", where))
    except ValueError as error:
        raise BadRules(f"{where} ({name}): {error}.") from None
    return Holiday(name, days_of, frozenset(regions))


def _table(entry: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    table = entry.get(key)
    if not isinstance(table, dict):
        raise BadRules(f"{where}: [{key}] is missing.")
    return table


def _tables(entry: Mapping[str, Any], key: str, where: str) -> Sequence[Mapping[str, Any]]:
    tables = entry.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadRules(f"{where}: {key} must be written as [[{key}]].")
    return tables
