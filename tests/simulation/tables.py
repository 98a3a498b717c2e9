"""The rows of the in-memory database, as `schema.sql` has them, as far as the send path looks at them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from server.domain.gate import MessageClass
from server.ports import Account, Number

WORKSPACE = 1
BRAND, CONTACT = "Acme Realty", "(202) 555-0123"


@dataclass(slots=True)
class Endpoint:
    id: int
    address: str
    opted_out: bool = False
    held: bool = False
    carrier_blocked: bool = False
    consent_epoch: int = 0
    invalid_reason: str | None = None
    consented_at: datetime | None = None


@dataclass(slots=True)
class Thread:
    id: int
    endpoint_id: int
    number_id: int
    last_seq: int = 0
    in_total: int = 0


@dataclass(slots=True)
class Message:
    thread_id: int
    seq: int
    direction: str
    body: str
    klass: str
    state: str
    rank: int
    at: datetime
    keyword: str | None = None
    error_class: str | None = None
    error_code: str | None = None


@dataclass(slots=True)
class Outbox:
    id: int
    endpoint_id: int
    number_id: int
    thread_id: int
    seq: int
    klass: MessageClass
    lane: int
    consent_epoch: int
    cost: int
    due_at: datetime
    expires_at: datetime | None
    acknowledged: bool = False
    cancel_after_in: int | None = None
    campaign_id: int | None = None
    was_held: bool = False  # and nobody has decided since
    state: str = "queued"
    reason: str | None = None
    tries: int = 0
    key: UUID | None = None


@dataclass(slots=True)
class Attempt:
    """`committed_at` is virtual time: of T3's commit. The consent at that moment stands in `opted_out`.

    `against` is what else stood against it then, by the rows alone and not by the gate.
    """

    id: UUID
    outbox_id: int
    account_id: int
    number_id: int
    endpoint_id: int
    thread_id: int
    seq: int
    klass: MessageClass
    cost: int
    gen: int
    consent_epoch: int
    authorised_at: datetime
    slot_at: datetime
    committed_at: float
    opted_out: bool
    acknowledged: bool
    against: tuple[str, ...] = ()
    state: str = "authorised"
    provider_id: str | None = None
    unknown_since: datetime | None = None
    next_check_at: datetime | None = None
    rung: int = 0
    ended_at: datetime | None = None


@dataclass(slots=True)
class NodeRow:
    gen: int
    host: str
    boot_id: str
    pid: int
    journal_id: UUID
    expires_at: datetime
    left_at: datetime | None = None
    fenced_at: datetime | None = None

    @property
    def gone(self) -> bool:
        return self.left_at is not None or self.fenced_at is not None


@dataclass(slots=True)
class Authority:
    expires_at: datetime
    not_before: datetime
    epoch: int = 0
    gen: int | None = None


@dataclass(slots=True)
class ConsentEvent:
    id: int
    endpoint_id: int
    kind: str
    epoch: int
    at: datetime
    thread_id: int | None = None
    answer_by: datetime | None = None


@dataclass(slots=True)
class Review:
    """A text that may have asked to stop, until somebody decides or the contact writes something clearer."""

    id: int
    endpoint_id: int
    thread_id: int
    seq: int
    kind: str
    answer_by: datetime
    decision: str | None = None


@dataclass(slots=True)
class DayUse:
    """Of a brand's day: the segments that were charged, and whether the carrier says that it is used up."""

    used: int = 0
    spent: bool = False


@dataclass(slots=True)
class KeywordAnswer:
    """`seq` None: nothing was to be sent."""

    thread_id: int
    seq: int | None
    at: datetime


@dataclass(slots=True)
class EarlyReceipt:
    state: str
    rank: int
    error_class: str | None
    error_code: str | None


@dataclass(slots=True)
class Tables:
    """Everything that survives a crash."""

    accounts: list[Account]
    numbers: list[Number]
    authority: Authority
    nodes: dict[int, NodeRow] = field(default_factory=dict)
    endpoints: dict[int, Endpoint] = field(default_factory=dict)
    threads: dict[int, Thread] = field(default_factory=dict)
    messages: dict[tuple[int, int], Message] = field(default_factory=dict)
    outbox: dict[int, Outbox] = field(default_factory=dict)
    attempts: dict[UUID, Attempt] = field(default_factory=dict)
    consent_events: list[ConsentEvent] = field(default_factory=list)
    keyword_answers: dict[tuple[int, int, str, int], KeywordAnswer] = field(default_factory=dict)
    texts: set[tuple[int, str]] = field(default_factory=set)  # provider ids of inbound texts
    bound: dict[tuple[int, str], UUID] = field(default_factory=dict)  # provider ids of ours
    early: dict[tuple[int, str], dict[str, EarlyReceipt]] = field(default_factory=dict)
    commands: dict[UUID, tuple[bytes, int, int]] = field(default_factory=dict)
    reviews: dict[int, Review] = field(default_factory=dict)
    campaigns: dict[int, str] = field(default_factory=dict)  # states
    brands: dict[int, int | None] = field(default_factory=dict)  # daily caps
    days: dict[tuple[int, date], DayUse] = field(default_factory=dict)
    swept_until: dict[int, datetime] = field(default_factory=dict)
    outbox_ids: int = 0

    def thread_of(self, endpoint_id: int) -> Thread | None:
        return next((t for t in self.threads.values() if t.endpoint_id == endpoint_id), None)

    def open_reviews(self, endpoint_id: int) -> list[Review]:
        return [one for one in self.reviews.values() if one.endpoint_id == endpoint_id and one.decision is None]

    def endpoint_of(self, address: str) -> Endpoint | None:
        return next((e for e in self.endpoints.values() if e.address == address), None)
