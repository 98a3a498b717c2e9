"""Tells what is wrong with a drip before anybody launches it: one sentence for each fault, at the field that has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from server.domain.campaigns.drip import MAX_INTERVAL_S, MIN_INTERVAL_S, Drip, opening
from server.domain.places import is_zone, zone

Field = Literal["batch", "interval", "days", "hours", "zone", "begins", "ends_on"]

MAX_BATCH: Final = 1_000_000
_DAY_S: Final = 86_400
_LAST_YEAR: Final = 2198  # nothing opens after it, see domain.drip


@dataclass(frozen=True, slots=True)
class DripFault:
    field: Field
    sentence: str


def faults(drip: Drip, begins: datetime, now: datetime) -> tuple[DripFault, ...]:
    """Every fault of a drip that is to begin at *begins*, in the order of the form. None: it can be launched.

    *begins* is *now* for "at once". Only where each field is right by itself is it looked at whether it ever opens.
    """
    found = (*_batches(drip), *_hours(drip), *_dates(drip, begins, now))
    if found or opening(drip, begins) is not None:
        return found
    return (DripFault("ends_on", "Between the start and the end date there is no hour at which it may send."),)


def _batches(drip: Drip) -> Iterator[DripFault]:
    if not 1 <= drip.batch <= MAX_BATCH:
        yield DripFault("batch", f"A batch must have 1 to {MAX_BATCH:,} recipients.")
    if drip.interval_s < MIN_INTERVAL_S:
        yield DripFault("interval", "Between two batches there must be one minute or more.")
    elif drip.interval_s > MAX_INTERVAL_S:
        yield DripFault("interval", f"Between two batches there can be at most {MAX_INTERVAL_S // _DAY_S} days.")
    if not drip.days:
        yield DripFault("days", "Choose at least one day of the week.")
    elif not drip.days <= set(range(7)):
        yield DripFault("days", "A day of the week is a number from 0 for Monday to 6 for Sunday.")


def _hours(drip: Drip) -> Iterator[DripFault]:
    span = drip.span
    if not (0 <= span.opens_s < _DAY_S and 0 < span.closes_s <= _DAY_S):
        yield DripFault("hours", "The hours must lie between 0:00 and 24:00.")
    elif span.opens_s == span.closes_s:
        yield DripFault("hours", "The hours end at the minute at which they begin: nothing could be sent.")
    elif span.opens_s > span.closes_s:
        yield DripFault("hours", "The hours must end on the day on which they begin; they cannot cross midnight.")
    if not is_zone(drip.zone):
        yield DripFault("zone", "Choose a time zone, such as America/New_York.")


def _dates(drip: Drip, begins: datetime, now: datetime) -> Iterator[DripFault]:
    if begins < now:
        yield DripFault("begins", "The start lies in the past.")
    elif not 1971 <= begins.year <= _LAST_YEAR:
        yield DripFault("begins", f"The start must lie before the year {_LAST_YEAR + 1}.")
    elif drip.ends_on is not None and is_zone(drip.zone):
        if drip.ends_on < _day(now, drip.zone):
            yield DripFault("ends_on", "The end date lies in the past.")
        elif drip.ends_on < _day(begins, drip.zone):
            yield DripFault("ends_on", "The end date lies before the start.")


def _day(at: datetime, zone_name: str) -> date:
    return at.astimezone(zone(zone_name)).date()
