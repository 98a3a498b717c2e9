"""Turns a claimed outbox row into the facts that the gate looks at."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from server.domain.caps import Cap, resets_at
from server.domain.gate import Campaign, GateFacts, MessageClass, Recipient, Route
from server.store.told import Row

Window = Callable[[Row, datetime], tuple[bool, datetime | None]]
"""A rule of hours over a claimed row: (open, until when it will not change)."""


def always_open(_row: Row, _now: datetime) -> tuple[bool, datetime | None]:
    """No quiet hours."""
    return True, None


def gate_facts(
    row: Row, now: datetime, hours: Window, caps: Sequence[Cap], earlier: Sequence[datetime] = ()
) -> GateFacts:
    """*row* is one of `claim_granted`; a row that was not found there is None here.

    *caps* are those of the law; *earlier*: bulk to the same endpoint that was allowed before it in the same batch.
    """
    hours_open, opens_at = hours(row, now)
    cap_resets_at = _cap_resets_at(row, now, caps, earlier)
    return GateFacts(
        message_class=MessageClass(row["klass"]),
        consent_epoch=row["queued_epoch"],
        recipient=_recipient(row) if row["address"] is not None and row["body"] is not None else None,
        route=_route(row) if row["base_url"] is not None and row["simulated"] is not None else None,
        node_valid=row["node_valid"],
        limiter_epoch_current=row["limiter_current"],
        acknowledged_opt_out=row["acknowledged"],
        in_campaign=row["campaign_id"] is not None,
        campaign=_campaign(row["campaign_state"]),
        expired=row["expires_at"] is not None and row["expires_at"] <= now,
        hours_open=hours_open,
        opens_at=opens_at,
        cap_reached=cap_resets_at is not None,
        cap_resets_at=cap_resets_at,
    )


def _cap_resets_at(row: Row, now: datetime, caps: Sequence[Cap], earlier: Sequence[datetime]) -> datetime | None:
    if row["departures"] is None:
        return None
    if row["bulk_cap_texts"] is not None:
        caps = [*caps, Cap(row["bulk_cap_texts"], row["bulk_cap_window"])]
    return resets_at(caps, [*row["departures"], *earlier], now)


def _recipient(row: Row) -> Recipient:
    return Recipient(
        address=row["address"],
        consent_epoch=row["consent_epoch"],
        opted_out=row["opted_out"],
        held=row["held"],
        carrier_blocked=row["carrier_blocked"],
        invalid=row["invalid_reason"] is not None,
    )


def _route(row: Row) -> Route:
    return Route(
        workspace_simulated=row["simulated"],
        simulator=row["account_kind"] == "simulator",
        loopback=_is_loopback(row["base_url"]),
    )


def _campaign(state: str | None) -> Campaign | None:
    return None if state is None else Campaign(paused=state == "paused", cancelled=state == "cancelled")


@lru_cache(maxsize=256)
def _is_loopback(url: str) -> bool:
    """Whether *url* cannot leave this machine: asked at every send, whatever the tables' own checks allow."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
