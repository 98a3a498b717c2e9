"""Turns a claimed outbox row into the facts that the gate looks at."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from server.domain.caps import Cap
from server.domain.gate import Campaign, GateFacts, MessageClass, Recipient, Route
from server.domain.hours import Hours
from server.domain.sending_hours import week_of
from server.domain.timetable import Timetable
from server.store.told import Row

_ASKED_TO_WAIT: Final = frozenset({MessageClass.SEND_LATER, MessageClass.BULK})
_NO_HOURS: Final = Hours(open=True, until=None)


def hours_of(row: Row, now: datetime, timetable: Timetable) -> Hours:
    """The recipient's hours, as far as they matter to this text.

    What waits for hours must be on its way well before they end, and inside of the workspace's own; a person who writes
    is only told that they are over.
    """
    klass, address = MessageClass(row["klass"]), row["address"]
    if address is None:
        return _NO_HOURS
    if klass in _ASKED_TO_WAIT:
        return timetable.within(week_of(row["sending_hours"])).to_set_out(address, row["places"], now)
    return timetable.at(address, row["places"], now) if klass is MessageClass.PERSON else _NO_HOURS


def shut_by_own(row: Row, now: datetime, hours: Hours, timetable: Timetable) -> bool:
    """Whether *hours* are closed by the workspace's own alone; who reads why a text waits is told which."""
    if hours.open or row["sending_hours"] is None or row["address"] is None:
        return False
    return timetable.to_set_out(row["address"], row["places"], now).open


def valid_until(row: Row, hours: Hours) -> datetime | None:
    """The last instant at which the recipient may still get it; None where there is none."""
    ends = [row["expires_at"], hours.until if MessageClass(row["klass"]) in _ASKED_TO_WAIT else None]
    return min((end for end in ends if end is not None), default=None)


def caps_of(row: Row, timetable: Timetable) -> Sequence[Cap]:
    """What limits bulk to this recipient: the law where they may be, and the workspace's own cap."""
    if row["departures"] is None or row["address"] is None:
        return ()
    own = [] if row["bulk_cap_texts"] is None else [Cap(row["bulk_cap_texts"], row["bulk_cap_window"])]
    return [*timetable.caps(row["address"], row["places"]), *own]


def gate_facts(
    row: Row, now: datetime, hours: Hours, cap_resets_at: datetime | None, *, own_hours: bool = False
) -> GateFacts:
    """*row* is one of `claim_granted`; a row that was not found there is None here."""
    return GateFacts(
        message_class=MessageClass(row["klass"]),
        consent_epoch=row["queued_epoch"],
        recipient=_recipient(row) if row["address"] is not None and row["body"] is not None else None,
        route=_route(row) if row["base_url"] is not None and row["simulated"] is not None else None,
        node_valid=row["node_valid"],
        limiter_epoch_current=row["limiter_current"],
        acknowledged_opt_out=row["acknowledged"],
        opt_in_required=bool(row["opt_in_required"]),
        in_campaign=row["campaign_id"] is not None,
        campaign=_campaign(row["campaign_state"]),
        replied=row["replied"],
        expired=row["expires_at"] is not None and row["expires_at"] <= now,
        hours_open=hours.open,
        own_hours=own_hours,
        opens_at=None if hours.open else hours.until,
        cap_reached=cap_resets_at is not None,
        cap_resets_at=cap_resets_at,
    )


def _recipient(row: Row) -> Recipient:
    return Recipient(
        address=row["address"],
        consent_epoch=row["consent_epoch"],
        opted_out=row["opted_out"],
        held=row["held"],
        carrier_blocked=row["carrier_blocked"],
        invalid=row["invalid_reason"] is not None,
        consented=row["consented_at"] is not None,
        own_verified=row["own_verified"],
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
