"""The pace of sending as the API shows it to one workspace: its numbers, the limits they fall under, its brands' days.

Rates are segments per second. A workspace sees the limits of its own numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from server.ports import LimitBook, LivingNode
from server.rate.stats import DayStats, LimiterStats, LimitStats, NumberStats


class Ours:
    """What of a book belongs to one workspace, with what people call it by."""

    def __init__(self, book: LimitBook, workspace_id: int) -> None:
        numbers = [number for number in book.numbers if number.workspace_id == workspace_id]
        self.addresses = {number.number_id: number.address for number in numbers}
        registered = {number.registration_id for number in numbers if number.registration_id is not None}
        self._registrations = {id_: one for id_, one in book.registrations.items() if id_ in registered}
        self._names: dict[tuple[str, int], str] = {
            **{("number", id_): address for id_, address in self.addresses.items()},
            **{("account", number.account_id): "Carrier account" for number in numbers},
            **{("registration", id_): one.name for id_, one in self._registrations.items()},
            **{("campaign", id_): one.name for id_, one in book.campaigns.items() if one.workspace_id == workspace_id},
        }
        brands = {one.brand_id for one in self._registrations.values()}
        self.brands = {id_: brand.name for id_, brand in book.brands.items() if id_ in brands}

    def name(self, kind: str, id_: int) -> str | None:
        """None: another workspace's."""
        return self._names.get((kind, id_))


def sending_out(
    stats: LimiterStats | None, book: LimitBook, workspace_id: int, nodes: Sequence[LivingNode], own_gen: int
) -> dict[str, Any]:
    """*stats* is None on a server that does not send; then only the servers are shown."""
    ours = Ours(book, workspace_id)
    told = stats or LimiterStats(0, ())
    return {
        "holds": stats is not None,
        "epoch": None if stats is None else stats.epoch,
        "servers": [_server(node, own_gen) for node in nodes],
        "numbers": [_number(one, ours) for one in told.numbers if one.number_id in ours.addresses],
        "limits": list(_limits(told.limits, ours)),
        "days": [_day(one, ours) for one in told.days if one.brand_id in ours.brands],
    }


def _server(node: LivingNode, own_gen: int) -> dict[str, Any]:
    return {
        "gen": node.gen,
        "host": node.host,
        "pid": node.pid,
        "started_at": node.started_at,
        "sends": node.holds,
        "here": node.gen == own_gen,
    }


def _number(one: NumberStats, ours: Ours) -> dict[str, Any]:
    return {
        "number": ours.addresses[one.number_id],
        "rate": one.rate,
        "configured_rate": one.configured_rate,
        "queued": list(one.waiting),
        "segments": one.segments_waiting,
        "achieved_per_s": one.achieved_rate,
        "next_in_s": one.next_in_s,
        "eta_s": one.eta_s,
        "slowed_for_s": one.slowed_for_s,
    }


def _limits(limits: Sequence[LimitStats], ours: Ours) -> Iterator[dict[str, Any]]:
    for one in limits:
        if (name := ours.name(one.kind, one.id)) is None:
            continue
        yield {
            "kind": one.kind,
            "name": name,
            "carrier": one.carrier,
            "rate": one.rate,
            "configured_rate": one.configured_rate,
            "burst": one.burst,
            "achieved_per_s": one.achieved_rate,
            "queued": list(one.waiting),
            "segments": one.segments_waiting,
            "held_up": one.held_up,
            "next_in_s": one.next_in_s,
            "eta_s": one.eta_s,
            "slowed_for_s": one.slowed_for_s,
        }


def _day(one: DayStats, ours: Ours) -> dict[str, Any]:
    return {
        "brand": ours.brands[one.brand_id],
        "cap": one.cap,
        "used": one.used,
        "left": one.left,
        "spent": one.spent,
        "resets_in_s": one.resets_in_s,
        "queued": list(one.waiting),
        "segments": one.segments_waiting,
        "held_up": one.held_up,
    }
