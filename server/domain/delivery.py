"""Decides which state an MT is in when news of it comes late, twice, or out of order.

Each state has a rank and news only raises it, so any order and number of receipts ends in the same state. Ranks leave
gaps, for states that are not known yet.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where an MT stands."""

    QUEUED = "queued"
    HELD = "held"
    UNCONFIRMED = "unconfirmed"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


RANK: Final[Mapping[State, int]] = {
    State.QUEUED: 0,
    State.HELD: 5,
    State.UNCONFIRMED: 10,
    State.SENT: 20,
    State.UNDELIVERED: 30,
    State.DELIVERED: 40,  # above undelivered: a handset that has it outweighs a network that lost track of it
    # It never left this house, so no receipt can follow.
    State.REJECTED: 50,
    State.BLOCKED: 50,
    State.CANCELLED: 50,
    State.EXPIRED: 50,
}

NEVER_LEFT: Final = frozenset({State.REJECTED, State.BLOCKED, State.CANCELLED, State.EXPIRED})
WIRED: Final = frozenset({State.SENT, State.UNDELIVERED, State.DELIVERED})
TERMINAL: Final = NEVER_LEFT | {State.DELIVERED, State.UNDELIVERED, State.UNCONFIRMED}
"""No automation sends it again. A late receipt may still raise `unconfirmed` and `undelivered`; see `is_terminal`."""
FAILED: Final = frozenset({State.REJECTED, State.UNDELIVERED})
"""What every figure called "failed" counts. Blocked, cancelled and expired were our own decisions."""

RECEIPT_PATIENCE: Final = timedelta(hours=72)  # the longest that carriers go on trying, hence the latest receipt

WORDS: Final[Mapping[State, str]] = {
    State.QUEUED: "Sending",
    State.HELD: "Waiting for you",
    State.UNCONFIRMED: "Not confirmed by the carrier",
    State.SENT: "Sent",
    State.UNDELIVERED: "Not delivered",
    State.DELIVERED: "Delivered",
    State.REJECTED: "Refused by the carrier",
    State.BLOCKED: "Not sent",
    State.CANCELLED: "Cancelled",
    State.EXPIRED: "Too late to send",
}

_REPORTED: Final[Mapping[str, State]] = {
    # Whatever a carrier does with a text before it reports the end, it has accepted it: for us it is sent.
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent", "partially_delivered"), State.SENT),
    **dict.fromkeys(("delivered", "read"), State.DELIVERED),
    # Failed and cancelled come after the carrier took it: it had left us, and did not arrive.
    **dict.fromkeys(("undelivered", "failed", "canceled", "cancelled"), State.UNDELIVERED),
}


def reported(status: str) -> State | None:
    """The state that a carrier's status word proves, or None where it is new to us and proves nothing.

    Takes Twilio's own words and those of `domain.carrier`.

    >>> reported("queued"), reported("read"), reported("pondering")
    (<State.SENT: 'sent'>, <State.DELIVERED: 'delivered'>, None)
    """
    return _REPORTED.get(status.casefold())


def fold_parts(parts: Iterable[State | None]) -> State | None:
    """What the reports on a text's single parts, or on its several destinations, prove of the whole text.

    One that did not arrive makes it undelivered; it is delivered once all of it is, and until then sent. None stands
    for a word that is new to us: it moves nothing, and does not count as arrived. The order does not count.

    >>> fold_parts([State.DELIVERED, State.SENT]), fold_parts([State.DELIVERED, State.UNDELIVERED])
    (<State.SENT: 'sent'>, <State.UNDELIVERED: 'undelivered'>)
    """
    told = set(parts)
    if State.UNDELIVERED in told:
        return State.UNDELIVERED
    if told == {State.DELIVERED}:
        return State.DELIVERED
    return State.SENT if told - {None} else None


def advance(current: State, observed: State) -> State:
    """The state after *observed* was learnt of an MT in state *current*: the higher rank, and *current* where they tie.

    What was wired cannot have been refused or cancelled before: such news is dropped. A person who releases a held MT
    makes a decision, not an observation; that sets `queued` without asking here.
    """
    if current in WIRED and observed in NEVER_LEFT:
        return current
    return observed if RANK[observed] > RANK[current] else current


def is_terminal(state: State, age: timedelta) -> bool:
    """Whether nothing more is expected of an MT that has been in *state* for *age*."""
    return state in TERMINAL or (state is State.SENT and age >= RECEIPT_PATIENCE)
