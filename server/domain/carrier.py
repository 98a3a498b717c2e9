"""What every carrier speaks with us, whatever its own words are: requests, outcomes, receipts, rows of its list.

The outcomes decide whether an MT may be tried again, so each says what is *proven*: only `NotSent`, `Throttled` and
`Postponed` prove that the carrier accepted nothing and would accept it later; `Unknown` proves nothing at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from server.domain.limits import LimitScope

Form = list[tuple[bytes, bytes]]
"""A decoded form: names and values as raw bytes, in the order of arrival, repeated names kept."""

FORM: Final = b"application/x-www-form-urlencoded"
JSON: Final = b"application/json"
"""What a carrier's webhooks may be. A form's fields are what it signs; of JSON, the bytes."""


class ErrorClass(StrEnum):
    """What a carrier's error code means to us; the raw code is kept beside it."""

    OPTED_OUT = "opted_out"  # the carrier holds a STOP of the recipient: its list outranks ours
    INVALID = "invalid"  # this number cannot receive texts
    RATE = "rate"  # too fast: slow the bucket
    DAILY_CAP = "daily_cap"
    FILTERED = "filtered"
    TRANSIENT = "transient"
    EXPIRED = "expired"
    CONFIG = "config"  # an owner has to mend something; the next MT would fail in the same way
    UNKNOWN = "unknown"  # not in the table: keep the code, never retry blindly


POSTPONED: Final = frozenset({ErrorClass.DAILY_CAP, ErrorClass.TRANSIENT})
"""The classes after which a text goes back to the queue for a later try, as it does after `ErrorClass.RATE` at once.

Only where the code stands in a 4xx answer to our own POST, which proves that nothing was accepted. In a receipt the
same code ends the MT, and under a 3xx or a 5xx it proves nothing.
"""


class Void(Exception):
    """Raised by a `BeforeFirstByte` to say that this attempt must not leave any more."""


HELD_UP = "held up after its mark"
"""The one reason for which a marked text is queued again: its sender stood still, and knows that it did not leave."""

BeforeFirstByte = Callable[[], None]
"""Called once the stream is ready and nothing but the first send call is left to do.

It writes the journal. Raising `Void` or OSError means that not one byte leaves.
"""


@dataclass(frozen=True, slots=True)
class MtRequest:
    """One MT as the carrier shall get it. Numbers are E.164; *validity_s* is how long the carrier may try.

    *key* is the same in every try of this MT: a carrier that knows keys of idempotency acts on one of them only.
    """

    attempt_id: UUID
    from_: str
    to: str
    body: str
    media_urls: tuple[str, ...] = ()
    validity_s: int | None = None
    key: UUID | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A readable 2xx: it is wired. *status* is one of `CarrierStatus`."""

    provider_id: str
    status: "CarrierStatus"
    segments: int | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A 4xx: proven that nothing was accepted. *sentence* is meant for people."""

    error_class: ErrorClass
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Refused for its pace alone: the MT goes back to the queue and the limit of which the carrier spoke slows."""

    retry_after_s: float | None
    code: str
    scope: LimitScope = LimitScope.NUMBER


@dataclass(frozen=True, slots=True)
class Postponed:
    """Refused for what passes by itself, though not by slowing down: the MT goes back to the queue for a later try."""

    error_class: ErrorClass
    code: str
    sentence: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """DNS, TCP, TLS, the journal or a void: not one byte of the request left this machine."""

    reason: str
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It failed after the first byte: a time-out, a reset, a 3xx or 5xx, an answer that cannot be read."""

    reason: str


Outcome = Accepted | Rejected | Throttled | Postponed | NotSent | Unknown

CarrierStatus = Literal["queued", "sent", "delivered", "undelivered", "failed", "cancelled", "received", "unknown"]
"""The carriers' many status words in ours; `unknown` is a word that is new to us and moves nothing."""


@dataclass(frozen=True, slots=True)
class InboundText:
    """An MO. *media* holds (url, content type); *opt_out_type* is set where the carrier has already answered."""

    provider_id: str
    from_: str
    to: str
    body: str
    media: tuple[tuple[str, str], ...] = ()
    opt_out_type: Literal["STOP", "START", "HELP"] | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A DLR. It may come twice, out of order, and before the answer to the request that it is about."""

    provider_id: str
    status: CarrierStatus
    error_code: str | None = None
    attempt_id: UUID | None = None
    occurred_at: datetime | None = None
    error_class: ErrorClass | None = None
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A row of the carrier's own list: the witness for unknown outcomes and for texts that we missed."""

    provider_id: str
    from_: str
    to: str
    body: str
    direction: Literal["in", "out"]
    status: CarrierStatus
    created_at: datetime
    error_code: str | None = None

    def as_inbound(self) -> InboundText:
        """The MO that this row is about. The list bears no media and does not say whether a keyword was answered."""
        return InboundText(self.provider_id, self.from_, self.to, self.body, received_at=self.created_at)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the carrier offers to resolve an unknown outcome."""

    idempotency_key: bool
    callback_token: bool
    list_query: bool


class BadPayload(ValueError):
    """A webhook that lacks what it must have; its text is a sentence and bears none of the payload."""


class ListFailed(Exception):
    """The carrier's list could not be read now; nothing may be concluded from that. Ask again later."""
