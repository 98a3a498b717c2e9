"""Twilio's status words and error codes, what each means to us, and the sentence that a person reads.

Which codes lead to a retry is not decided here: that takes the answer to our own POST, and one that proves that nothing
was accepted. In a receipt the same codes end the MT. Source: Twilio's error dictionary.
"""

from typing import Final

from server.domain.carrier import CarrierStatus, ErrorClass
from server.domain.limits import LimitScope

STATUSES: Final[dict[str, CarrierStatus]] = {
    "accepted": "queued", "scheduled": "queued", "queued": "queued", "sending": "queued",
    "sent": "sent", "partially_delivered": "sent",
    "delivered": "delivered", "read": "delivered",
    "undelivered": "undelivered", "failed": "failed", "canceled": "cancelled",
    "receiving": "received", "received": "received",
}  # fmt: skip
"""`read` proves delivery; `partially_delivered` (group MMS) does not prove that everybody got it."""

_C = ErrorClass

ERRORS: Final[dict[str, tuple[ErrorClass, str]]] = {
    "21610": (_C.OPTED_OUT, "The carrier blocks texts to this number: it has replied STOP. Only its START lifts that."),
    "21211": (_C.INVALID, "This is not a valid phone number."),
    "21217": (_C.INVALID, "This does not look like a phone number."),
    "21614": (_C.INVALID, "This number cannot receive texts; it may be a landline."),
    "21612": (_C.INVALID, "The carrier cannot reach this number from the number it was sent from."),
    "30005": (_C.INVALID, "This number does not exist or is not in service."),
    "30006": (_C.INVALID, "This is a landline or a carrier that takes no texts."),
    "20429": (_C.RATE, "Too many requests at once; the carrier asked us to slow down."),
    "14107": (_C.RATE, "Too many texts in a short time; the carrier asked us to slow down."),
    "21611": (_C.RATE, "Too many texts of this number are waiting at the carrier."),
    "30001": (_C.RATE, "The carrier's queue for this number is full."),
    "30022": (_C.RATE, "The campaign's registered rate was exceeded."),
    "63017": (_C.RATE, "The rate for this sender was exceeded."),
    "30027": (_C.DAILY_CAP, "T-Mobile's daily limit for this brand is used up."),
    "30023": (_C.DAILY_CAP, "The daily limit for this brand is used up."),
    "63038": (_C.DAILY_CAP, "The carrier account's daily limit is used up."),
    "30007": (_C.FILTERED, "The carrier filtered this text as unwanted."),
    "30004": (_C.FILTERED, "The recipient or the carrier blocks this text."),
    "30034": (_C.FILTERED, "The sending number is not registered for business texts (A2P 10DLC)."),
    "30032": (_C.FILTERED, "The toll-free sending number is not verified."),
    "30003": (_C.TRANSIENT, "The phone is off or out of reach."),
    "30008": (_C.TRANSIENT, "The carrier could not deliver it and did not say why."),
    "30017": (_C.TRANSIENT, "The carrier's network is congested."),
    "30410": (_C.TRANSIENT, "The next carrier on the way did not answer in time."),
    "30036": (_C.EXPIRED, "It could not be delivered within its validity period."),
    "20003": (_C.CONFIG, "The carrier refuses our credentials."),
    "21408": (_C.CONFIG, "Texts to this country are not enabled in the carrier account."),
    "21606": (_C.CONFIG, "The sending number is not one of this carrier account."),
    "21617": (_C.CONFIG, "The text is longer than the 1,600 characters that the carrier takes."),
    "21703": (_C.CONFIG, "The messaging service has no sending number."),
    "21704": (_C.CONFIG, "The messaging service has no number that can send this."),
    "21609": (_C.CONFIG, "The carrier refuses our address for receipts."),
}

SCOPES: Final = {"20429": LimitScope.ACCOUNT, "30022": LimitScope.REGISTRATION}
"""Of which limit a refusal for the pace speaks; all others speak of the sending number."""

_BY_HTTP_STATUS: Final = {401: _C.CONFIG, 403: _C.CONFIG, 404: _C.CONFIG, 429: _C.RATE}


def explain(code: str, http_status: int | None = None) -> tuple[ErrorClass, str]:
    """The class and the sentence for *code*; where the table lacks it, the HTTP status may still tell the class."""
    if known := ERRORS.get(code):
        return known
    return _BY_HTTP_STATUS.get(http_status or 0, _C.UNKNOWN), f"The carrier reports error {code}."
