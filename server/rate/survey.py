"""Puts the statistics together: who waits under which limit, and when the last of them will have left.

An ETA is the latest of all limits', each as if only it counted: next departure plus the segments that wait under it at
its present rate. It is a lower bound where more joins with a higher priority.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from server.rate.daily import DailyCap
from server.rate.limit import Limit
from server.rate.shelf import Shelf
from server.rate.stats import DayStats, LimiterStats, LimitStats, NumberStats
from server.rate.stream import AnyLimit, Stream


def survey(epoch: int, shelf: Shelf, streams: Collection[Stream], now: float) -> LimiterStats:
    """A snapshot of every number, limit and day."""
    under: dict[AnyLimit, list[Stream]] = defaultdict(list)
    for stream in filter(None, streams):
        for limit in stream.limits:
            under[limit].append(stream)
    ends = {limit: _drained_at(limit, members, now) for limit, members in under.items()}
    limits = [limit for _, limit in sorted(shelf.limits.items())]
    return LimiterStats(
        epoch,
        tuple(_number(limit, under[limit], ends, now) for limit in limits if limit.key.kind == "number"),
        tuple(_limit(limit, under[limit], ends, now) for limit in limits),
        tuple(_day(day, under[day], now) for _, day in sorted(shelf.days.items())),
    )


def _drained_at(limit: AnyLimit, members: Iterable[Stream], now: float) -> float:
    segments = sum(stream.segments for stream in members)
    first = min(limit.instant(stream.cost, now) for stream in members)
    if isinstance(limit, Limit):
        return first + segments / limit.rate if limit.rate else math.inf
    if isinstance(limit, DailyCap) and segments > limit.stats(now).left:
        return limit.until
    return now


def _number(limit: Limit, members: list[Stream], ends: dict[AnyLimit, float], now: float) -> NumberStats:
    own = limit.stats(now)
    nexts = [max(each.instant(stream.cost, now) for each in stream.limits) for stream in members]
    eta = max((ends[each] for stream in members for each in stream.limits), default=math.inf)
    return NumberStats(
        number_id=limit.key.id,
        waiting=_by_lane(members),
        segments_waiting=sum(stream.segments for stream in members),
        on_their_way=own.on_their_way,
        rate=own.rate,
        configured_rate=own.configured_rate,
        achieved_rate=own.achieved_rate,
        next_in_s=_in_s(min(nexts, default=math.inf), now),
        eta_s=_in_s(eta, now),
        slowed_for_s=own.slowed_for_s,
    )


def _limit(limit: Limit, members: list[Stream], ends: dict[AnyLimit, float], now: float) -> LimitStats:
    first = limit.order.head()
    return replace(
        limit.stats(now),
        waiting=_by_lane(members),
        segments_waiting=sum(stream.segments for stream in members),
        held_up=_held_up(limit, members, now),
        next_in_s=None if first is None else _in_s(limit.instant(first.cost, now), now),
        eta_s=_in_s(ends.get(limit, math.inf), now),
    )


def _day(day: DailyCap, members: list[Stream], now: float) -> DayStats:
    return replace(
        day.stats(now),
        waiting=_by_lane(members),
        segments_waiting=sum(stream.segments for stream in members),
        held_up=_held_up(day, members, now),
    )


def _by_lane(members: Iterable[Stream]) -> tuple[int, int, int]:
    depth = [0, 0, 0]
    for stream in members:
        depth[stream.lane] += len(stream)
    return depth[0], depth[1], depth[2]


def _held_up(limit: AnyLimit, members: Iterable[Stream], now: float) -> int:
    """Rows whose other limits would let them go earlier, by how these stand now and not when the rows came."""
    return sum(
        len(stream)
        for stream in members
        if limit is max(stream.limits, key=lambda each: each.instant(stream.cost, now))
    )


def _in_s(instant: float, now: float) -> float | None:
    return None if instant == math.inf else max(0.0, instant - now)
