"""Decides who of an audience gets a text in bulk, at which number, and why somebody does not; and what became of it.

An audience is people, or bare numbers. Each of them becomes one recipient of the snapshot: one that gets a text, or one
that is excluded for the first reason that applies, in the order of `Exclusion`. Somebody who asked us to stop at one
number is not written to at another: the request was the person's, not the telephone's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from server.domain.delivery import State
from server.domain.phone import is_test_number
from server.domain.tokens import Rendered

MAX_TEXT: Final = 1600  # characters; what carriers take in one request
_TEXTS: Final = UUID("6f6d1c3e-6a0b-5e0e-9a4c-2f4b7c1d9e83")  # the name space of texts of campaigns


class Exclusion(StrEnum):
    """Why somebody of an audience gets no text; where several apply, the first one is told."""

    OPTED_OUT = "opted_out"
    HELD = "held"
    CARRIER_BLOCKED = "carrier_blocked"
    INVALID = "invalid_number"
    NOT_A_TEST_NUMBER = "not_a_test_number"
    ANOTHERS_NUMBER = "anothers_number"
    NO_PHONE = "no_phone"
    DUPLICATE = "duplicate"
    NO_CONSENT = "no_consent"
    TEXTED_RECENTLY = "texted_recently"
    IN_ACTIVE_CAMPAIGN = "in_active_campaign"
    MISSING_VALUE = "missing_value"
    TOO_LONG = "too_long"


SENTENCES: Final[Mapping[Exclusion, str]] = {
    Exclusion.OPTED_OUT: "Has opted out",
    Exclusion.HELD: "May have opted out; decide in the thread",
    Exclusion.CARRIER_BLOCKED: "Blocked by the carrier",
    Exclusion.INVALID: "Not a number that can receive texts",
    Exclusion.NOT_A_TEST_NUMBER: "A simulation texts 555-0100 to 555-0199 only",
    Exclusion.ANOTHERS_NUMBER: "Writes with a colleague's own number",
    Exclusion.NO_PHONE: "Has no phone number",
    Exclusion.DUPLICATE: "This number is in the list already",
    Exclusion.NO_CONSENT: "No consent on record",
    Exclusion.TEXTED_RECENTLY: "Has had a text from you too recently",
    Exclusion.IN_ACTIVE_CAMPAIGN: "Waits for the text of another active campaign",
    Exclusion.MISSING_VALUE: "A value that the text needs is missing",
    Exclusion.TOO_LONG: f"The text would be longer than {MAX_TEXT:,} characters",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number of a candidate. `address` None: it is none. `endpoint_id` None: nobody wrote to it yet.

    `last_out_at`: when we wrote to it last. `awaited`: it is pending or in flight in another campaign that is open.
    `hidden`: what was written with it is not for whoever sends (domain.sight).
    """

    address: str | None
    endpoint_id: int | None = None
    opted_out: bool = False
    held: bool = False
    carrier_blocked: bool = False
    invalid: bool = False
    consented: bool = False
    last_out_at: datetime | None = None
    awaited: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class AudienceRules:
    """What the workspace asks for, and a campaign. A simulation writes to test numbers only.

    `not_texted_since`: who had a text of ours at that instant or later is left out; None: nobody for that.
    `in_no_other`: who waits in another open campaign is left out.
    """

    opt_in_required: bool = False
    simulated: bool = False
    not_texted_since: datetime | None = None
    in_no_other: bool = False


def choose(
    phones: Sequence[Phone], rules: AudienceRules, taken: Callable[[Phone], bool] = lambda phone: False
) -> Phone | Exclusion:
    """The number that a candidate is written to, of its *phones* in their order, or why none.

    A number that cannot get texts passes the turn to the next one. *taken* tells which numbers stand in the audience
    already. Too many texts are too many for the person, at whichever number they came.
    """
    if objection := _asked_us_not_to(phones):
        return objection
    usable = [phone for phone in phones if phone.address is not None and not phone.invalid]
    if not usable:
        return Exclusion.INVALID if phones else Exclusion.NO_PHONE
    if rules.simulated:
        usable = [phone for phone in usable if is_test_number(phone.address or "")]
    if not usable:
        return Exclusion.NOT_A_TEST_NUMBER
    usable = [phone for phone in usable if not phone.hidden]
    if not usable:
        return Exclusion.ANOTHERS_NUMBER
    free = [phone for phone in usable if not taken(phone)]
    if not free:
        return Exclusion.DUPLICATE
    agreed = [phone for phone in free if phone.consented] if rules.opt_in_required else free
    if not agreed:
        return Exclusion.NO_CONSENT
    return _too_much([phone for phone in phones if not phone.hidden], rules) or agreed[0]


def _too_much(phones: Collection[Phone], rules: AudienceRules) -> Exclusion | None:
    since = rules.not_texted_since
    if since is not None and any(p.last_out_at is not None and p.last_out_at >= since for p in phones):
        return Exclusion.TEXTED_RECENTLY
    return Exclusion.IN_ACTIVE_CAMPAIGN if rules.in_no_other and any(p.awaited for p in phones) else None


def _asked_us_not_to(phones: Collection[Phone]) -> Exclusion | None:
    marks = ((p.opted_out, p.held, p.carrier_blocked) for p in phones)
    reasons = (Exclusion.OPTED_OUT, Exclusion.HELD, Exclusion.CARRIER_BLOCKED)
    return next((reason for reason, told in zip(reasons, zip(*marks, strict=True), strict=False) if any(told)), None)


def refuse(text: Rendered) -> Exclusion | None:
    """Why this text cannot be sent, if so. A text that says nothing lacks what it was to say."""
    if text.missing or not text.text.strip():
        return Exclusion.MISSING_VALUE
    return Exclusion.TOO_LONG if len(text.text) > MAX_TEXT else None


def text_id(campaign_id: int, ord_: int, round_: int = 0) -> UUID:
    """The command of a recipient's text: whoever builds it again, after whatever crash, gives the same one.

    *round_* is how often a text of the recipient was taken back to be made anew: that one is another text.

    >>> text_id(7, 1) == text_id(7, 1), text_id(7, 1) == text_id(71, 1), text_id(7, 1) == text_id(7, 1, 1)
    (True, False, False)
    """
    return uuid5(_TEXTS, f"{campaign_id}/{ord_}" if not round_ else f"{campaign_id}/{ord_}/{round_}")


class RecipientState(StrEnum):
    """Where a recipient stands: in exactly one of these at every moment."""

    EXCLUDED = "excluded"
    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    WIRED = "wired"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"
    SKIPPED = "skipped"


OPEN: Final = frozenset({RecipientState.PENDING, RecipientState.IN_FLIGHT})
"""A campaign has ended once no recipient is in one of these."""

BY_MESSAGE: Final[Mapping[State, RecipientState]] = {
    State.QUEUED: RecipientState.IN_FLIGHT,
    State.HELD: RecipientState.IN_FLIGHT,
    State.UNCONFIRMED: RecipientState.UNCONFIRMED,
    State.SENT: RecipientState.WIRED,
    State.UNDELIVERED: RecipientState.WIRED,
    State.DELIVERED: RecipientState.WIRED,
    State.REJECTED: RecipientState.REJECTED,
    State.BLOCKED: RecipientState.SKIPPED,
    State.CANCELLED: RecipientState.SKIPPED,
    State.EXPIRED: RecipientState.SKIPPED,
}
"""Where a recipient stands whose text is in a state; schema.sql's recipient_state is held to this table."""
