"""Telnyx's status words and error codes, what each means to us, and the sentence that a person reads.

Which codes lead to a retry is not decided here: that takes the answer to our own POST, and one that proves that nothing
was accepted. In a receipt the same codes end the MT. Source: Telnyx's reference of messaging errors, November 2026.
"""

from collections.abc import Iterable
from typing import Final

from server.domain.carrier import CarrierStatus, ErrorClass
from server.domain.delivery import State, fold_parts, reported
from server.domain.limits import LimitScope

STATUSES: Final[dict[str, CarrierStatus]] = {
    "scheduled": "queued", "queued": "queued", "sending": "queued",
    "sent": "sent", "delivery_unconfirmed": "sent", "dlr_timeout": "sent",
    "delivered": "delivered",
    "delivery_failed": "undelivered", "expired": "undelivered",
    "sending_failed": "failed", "cancelled": "cancelled",
    "webhook_delivered": "received",
}  # fmt: skip
"""`delivery_unconfirmed` and `dlr_timeout`: no receipt came from the network, which is no failure."""

_C = ErrorClass

ERRORS: Final[dict[str, tuple[ErrorClass, str]]] = {
    "40300": (_C.OPTED_OUT, "The carrier blocks texts to this number: it has replied STOP. Only its START lifts that."),
    "40001": (_C.INVALID, "This number cannot receive texts; it may be a landline."),
    "40012": (_C.INVALID, "The next carrier on the way says that this is not a valid phone number."),
    "40310": (_C.INVALID, "This is not a valid phone number."),
    "10011": (_C.RATE, "Too many requests at once; the carrier asked us to slow down."),
    "40011": (_C.RATE, "The next carrier on the way asked us to slow down."),
    "40018": (_C.RATE, "AT&T's limit per minute for this campaign was exceeded."),
    "40318": (_C.RATE, "The carrier's queue for this number is full."),
    "40016": (_C.DAILY_CAP, "T-Mobile's daily limit for this brand is used up."),
    "40002": (_C.FILTERED, "A carrier on the way filtered this text as unwanted."),
    "40003": (_C.FILTERED, "A carrier on the way blocks the sending number as a source of unwanted texts."),
    "40010": (_C.FILTERED, "The sending number is not registered for business texts (A2P 10DLC)."),
    "40015": (_C.FILTERED, "The carrier filtered this text as unwanted."),
    "40017": (_C.FILTERED, "AT&T filtered this text as unwanted."),
    "40322": (_C.FILTERED, "The carrier blocked this text for what it says."),
    "40329": (_C.FILTERED, "The toll-free sending number is not verified."),
    "40006": (_C.TRANSIENT, "The recipient's carrier is out of reach."),
    "40008": (_C.TRANSIENT, "The recipient's carrier did not take it and did not say why."),
    "40005": (_C.EXPIRED, "It could not be delivered within its validity period."),
    "40014": (_C.EXPIRED, "It waited in the carrier's queue beyond its validity period."),
    "10009": (_C.CONFIG, "The carrier refuses our API key."),
    "10010": (_C.CONFIG, "Our API key may not send texts."),
    "20100": (_C.CONFIG, "The carrier account has no credit left."),
    "40013": (_C.CONFIG, "The next carrier on the way refuses the sending number."),
    "40305": (_C.CONFIG, "The sending number is not one of this carrier account."),
    "40309": (_C.CONFIG, "Texts to this country are not enabled in the carrier account."),
    "40312": (_C.CONFIG, "The messaging profile of the sending number is disabled."),
    "40314": (_C.CONFIG, "Texts are disabled in the carrier account."),
}
"""INVALID is for the recipient's number alone, which it marks for ever."""

SCOPES: Final = {"10011": LimitScope.ACCOUNT, "40011": LimitScope.REGISTRATION, "40018": LimitScope.REGISTRATION}
"""Of which limit a refusal for the pace speaks; all others speak of the sending number."""

PROVES_NOTHING: Final = frozenset({"10007", "10008", "10012"})
"""An unexpected error, a time-out, a duplicate of what may have been accepted: whatever their HTTP status."""

_BY_HTTP_STATUS: Final = {401: _C.CONFIG, 402: _C.CONFIG, 403: _C.CONFIG, 404: _C.CONFIG, 429: _C.RATE}
_WORDS: Final[dict[State, CarrierStatus]] = {
    State.SENT: "sent",
    State.UNDELIVERED: "undelivered",
    State.DELIVERED: "delivered",
}


def explain(code: str, http_status: int | None = None) -> tuple[ErrorClass, str]:
    """The class and the sentence for *code*; where the table lacks it, the HTTP status may still tell the class."""
    if known := ERRORS.get(code):
        return known
    return _BY_HTTP_STATUS.get(http_status or 0, _C.UNKNOWN), f"The carrier reports error {code}."


def folded(words: Iterable[str]) -> CarrierStatus:
    """What Telnyx's words on the single destinations of a text say of the whole; see `fold_parts`.

    >>> folded(["delivered", "queued"]), folded(["pondering"])
    ('sent', 'unknown')
    """
    state = fold_parts(reported(STATUSES.get(word, "unknown")) for word in words)
    return "unknown" if state is None else _WORDS[state]
