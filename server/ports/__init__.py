"""What the actors, the HTTP layer and the socket need from the outside: small Protocols, without any vendor.

Store methods are one transaction each, named after their intent. An expected outcome is a value; a fault outside is an
exception (`StoreUnavailable`: the database cannot be reached or refuses; nothing is known to be committed).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Final, Literal, NamedTuple, Protocol
from uuid import UUID

from server.domain.carrier import Capabilities, InboundText, ListedMessage, MtRequest, Outcome, Receipt
from server.domain.gate import MessageClass
from server.domain.limits import Allowance, LimitScope
from server.domain.messages import (
    Activity,
    Announcement,
    Message,
    Note,
    OfCampaign,
    ReadMark,
    SettingsChanged,
    ThreadEvent,
    ThreadRow,
)
from server.domain.optout import Heard, classify
from server.domain.own_number import OwnNumber
from server.domain.timetable import Local
from server.ports.leases import Shared


class Clock(Protocol):
    """`monotonic` paces and times out. `wall` (aware UTC) decides hours, schedules and validity and is what people see;
    a simulation may shift it. `real` is this machine's time, unshifted: what carriers and the database mean by now."""

    def monotonic(self) -> float: ...
    def wall(self) -> datetime: ...
    def real(self) -> datetime: ...


class StoreUnavailable(Exception):
    """The database cannot be reached or refuses to write. Nothing is known to be committed; try again."""

    retryable: ClassVar[bool] = True  # an actor that meets it waits and tries again; its message is not to blame


class RowRefused(Exception):
    """The database refuses this one row for what stands in it; its neighbours are stored. Trying again is no help."""


# Inbound


@dataclass(frozen=True, slots=True)
class MoArrival:
    """An inbound text as the carrier told it.

    `keyword` is what it asks for. START and YES stand for "start, if the endpoint turns out to be opted out", AMBIGUOUS
    and WRONG_NUMBER for "hold it, unless it is opted out": only T1 knows that.
    """

    account_id: int
    text: InboundText
    keyword: Heard | Literal["STOP", "START", "YES", "HELP", "AMBIGUOUS", "WRONG_NUMBER"] | None

    @classmethod
    def of(cls, account_id: int, text: InboundText) -> MoArrival:
        """What the carrier answered by itself is that keyword; else the body decides. Plain wording is a STOP."""
        heard = classify(text.body)
        if text.opt_out_type is not None and not (text.opt_out_type == "START" and heard is Heard.YES):
            return cls(account_id, text, Heard(text.opt_out_type))
        return cls(account_id, text, Heard.STOP if heard is Heard.STOP_IN_WORDS else heard)


@dataclass(frozen=True, slots=True)
class MoRecorded:
    thread_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class MoDuplicate:
    """The same provider id was recorded before."""


@dataclass(frozen=True, slots=True)
class MoUnassigned:
    """The number it was sent to belongs to no workspace here; kept apart for the owner."""


MoResult = MoRecorded | MoDuplicate | MoUnassigned


# Outbound


@dataclass(frozen=True, slots=True)
class EnqueueMt:
    """One text to one thread. `cmd_id` makes it idempotent; `fingerprint` tells a repetition from a misuse.

    `due_at` None means now. `segments` is what the text costs, counted by domain.segments on what is really sent.
    `campaign_id`: the campaign that it belongs to, whose pause and recall stop it. `cancel_on_reply`: it leaves only
    while the contact has not written again. `media`: addresses and content types; an address without a host is ours.
    `campaign`: how the text bears its campaign for who looks at the thread by now; not stored. `seen`: the newest seq
    that its author had before them; a colleague's answer after it stops this one. `call`: during or after which call
    it is sent, and how the dialer calls that, for who looks by now.
    """

    workspace_id: int
    thread_id: int
    cmd_id: UUID
    fingerprint: bytes
    klass: MessageClass
    body: str
    segments: int
    now: datetime
    author_id: int | None = None
    acknowledged_opt_out: bool = False
    resend_of: int | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    campaign_id: int | None = None
    cancel_on_reply: bool = False
    media: tuple[tuple[str, str], ...] = ()
    campaign: OfCampaign | None = None
    seen: int | None = None
    call: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Enqueued:
    """`again` is true where the same command had been taken before: same answer, no second text."""

    thread_id: int
    seq: int
    again: bool


@dataclass(frozen=True, slots=True)
class CommandConflict:
    """The cmd_id was used before for something else (HTTP 409)."""


@dataclass(frozen=True, slots=True)
class NoSuchThread:
    """Not in this workspace."""


@dataclass(frozen=True, slots=True)
class OptOutUnacknowledged:
    """The contact has opted out, or is held since it may have, and the author has not said that this is known."""


@dataclass(frozen=True, slots=True)
class ClaimedByOther:
    """A colleague is answering, until then."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A colleague has answered since, which the author had not seen."""

    name: str


EnqueueResult = Enqueued | CommandConflict | NoSuchThread | OptOutUnacknowledged | ClaimedByOther | Overtaken


class StreamKey(NamedTuple):
    """What rows must have in common to stand in one queue: they fall under the same limits and the same priority."""

    number_id: int
    lane: int
    campaign_id: int | None
    dest_carrier: str


@dataclass(frozen=True, slots=True)
class DueRow:
    """A queued row that is due, as the limiter needs it.

    `dest_carrier` is the recipient's, as known when the text was queued; empty: unknown. `campaign_rate` is the
    campaign's own, in segments/s; None: it has none.
    """

    outbox_id: int
    number_id: int
    lane: int
    cost: int
    campaign_id: int | None
    dest_carrier: str = ""
    campaign_rate: float | None = None

    @property
    def stream(self) -> StreamKey:
        return StreamKey(self.number_id, self.lane, self.campaign_id, self.dest_carrier)


@dataclass(frozen=True, slots=True)
class Granted:
    """A row that the limiter granted, with the wall time of its instant (stored with the attempt)."""

    outbox_id: int
    slot_at: datetime


@dataclass(frozen=True, slots=True)
class Authorised:
    """T3 allowed it to leave: `request` goes to the carrier of `account_id` at once, or the attempt is voided."""

    attempt_id: UUID
    outbox_id: int
    account_id: int
    number_id: int
    endpoint_id: int
    thread_id: int
    klass: MessageClass
    cost: int
    request: MtRequest
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The gate said no, or not yet; what that means is stored already."""

    outbox_id: int
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """This node's generation or limiter epoch is not the one in force: it may not send."""

    reason: str


@dataclass(frozen=True, slots=True)
class Voided:
    """Authorised, but the first byte was never written: back to the queue."""

    reason: str


AttemptOutcome = Outcome | Voided


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt whose outcome is not known. `rung` counts the questions asked so far.

    One that is still authorised has no `unknown_since` and no `next_check_at`: it is listed as a rival for a message.
    """

    attempt_id: UUID
    gen: int
    account_id: int
    thread_id: int
    seq: int
    from_: str
    to: str
    body: str
    authorised_at: datetime
    unknown_since: datetime | None
    next_check_at: datetime | None
    rung: int


@dataclass(frozen=True, slots=True)
class OwedAnswer:
    """A keyword's answer that was not enqueued yet."""

    workspace_id: int
    endpoint_id: int
    thread_id: int
    event_id: int
    kind: Literal["STOP", "START", "HELP"]
    brand: str
    contact: str


@dataclass(frozen=True, slots=True)
class Node:
    """A running server. `gen` fences its writes; `journal_id` names its wire journal."""

    gen: int
    journal_id: UUID
    host: str
    boot_id: str
    pid: int


class Ledger(Protocol):
    """T1–T5 and what Lifeline needs. record_mo, record_outcome, apply_receipt share commits with their neighbours."""

    async def record_mo(self, arrival: MoArrival) -> MoResult:
        """T1. When it returns, the text is durable: answer 2xx only then."""

    async def enqueue_mt(self, mt: EnqueueMt) -> EnqueueResult:
        """T2."""

    async def due(
        self, number_id: int, now: datetime, limit: int, besides: Collection[StreamKey] = ()
    ) -> Sequence[DueRow]:
        """Queued and due rows of a number for the limiter: of each stream the first `limit` by due time and id.

        The streams come by lane, without those in `besides`. Takes no locks.
        """

    async def authorise(
        self, granted: Sequence[Granted], gen: int, limiter_epoch: int, now: datetime
    ) -> Sequence[Authorised | Refused] | Fenced:
        """T3: claim, lock, gate, write-ahead attempt. At most 64 rows. Rows that are gone or taken are left out."""

    async def record_outcome(self, attempt_id: UUID, gen: int, outcome: AttemptOutcome, now: datetime) -> bool:
        """T4, fenced by attempt, generation and state. False where somebody else has resolved the attempt meanwhile."""

    async def apply_receipt(
        self, account_id: int, receipt: Receipt, now: datetime
    ) -> Literal["applied", "kept", "old"]:
        """T5. Kept: nothing is known of the provider id yet. Old: the status is no higher than the stored one."""

    async def join_early_receipts(self) -> int:
        """Apply receipts that came before their T4. Returns how many."""

    async def release_held(
        self, workspace_id: int, thread_id: int, seq: int, send: bool, member_id: int, now: datetime
    ) -> bool:
        """A person decides on a held MT: send it anyway (audited) or cancel it. False where it is not held."""

    # Lifeline

    async def dead_nodes(self) -> Sequence[Node]:
        """Nodes that expired or were declared dead and still have attempts in state authorised."""

    async def crashed_attempts(self, gen: int) -> Sequence[OpenAttempt]:
        """Attempts of a dead generation that are still authorised."""

    async def resolve_crashed(self, never_on_wire: Sequence[UUID], unknown: Sequence[UUID], now: datetime) -> None:
        """Queue the first again; the second become unknown and climb the ladder."""

    async def spent_journals(self, written: Collection[UUID]) -> frozenset[UUID]:
        """Those of the journals `written` whose servers are gone and left no attempt open. Strangers' are not."""

    async def open_attempts(self, before: datetime, limit: int) -> Sequence[OpenAttempt]:
        """Unknown attempts whose next question is due at `before` (real time), and with each all other open attempts
        of its thread, since they are rivals for the same message of the carrier's list."""

    async def climb(self, attempt_id: UUID, rung: int, next_at: datetime) -> None:
        """The question of `rung` found nothing; the next is due at `next_at`. Of two who asked, one climbs."""

    async def bind_listed(self, attempt_id: UUID, listed: ListedMessage, now: datetime) -> bool:
        """The carrier's list shows it: accepted. False where the listed message is bound to another attempt."""

    async def resend(self, attempt_id: UUID, due_at: datetime, expires_at: datetime) -> bool:
        """Queue the text of an unknown attempt again, under the same key, for a carrier that knows keys.

        From then on it ends as unconfirmed where it would be blocked, held or expired: it may have left. False where
        there is nothing to resend any more.
        """

    async def give_up(self, attempt_id: UUID, now: datetime) -> None:
        """The last rung: unconfirmed, for a person to decide."""

    async def unbound(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        """Those of the listed messages that are bound to no attempt."""

    async def unheard(self, account_id: int, listed: Sequence[ListedMessage]) -> Sequence[ListedMessage]:
        """Those of the listed inbound texts that T1 has never seen, in their order."""

    async def owed_answers(self, limit: int) -> Sequence[OwedAnswer]: ...

    async def enqueue_answer(self, owed: OwedAnswer, body: str, segments: int, now: datetime) -> bool:
        """Once per (endpoint, consent epoch, kind); HELP at most once in 5 min. False: done before, or not due."""

    async def cancel_replied(self, thread_ids: Sequence[int] | None, now: datetime, limit: int) -> int:
        """End what a reply cancels, in these threads or in all. Returns how many."""

    async def expire_due(self, now: datetime, limit: int) -> int:
        """End queued rows whose validity has passed. Returns how many."""

    async def swept_until(self, account_id: int) -> datetime | None:
        """How far the carrier's inbound list was read, in the carrier's time; None: never, or it was empty."""

    async def note_sweep(self, account_id: int, until: datetime) -> None:
        """A complete sweep showed texts created up to `until`."""


@dataclass(frozen=True, slots=True)
class LivingNode:
    """A server that runs; `holds`: it has the limiter's authority."""

    gen: int
    host: str
    pid: int
    started_at: datetime
    holds: bool


class Fleet(Protocol):
    """Who runs, and who may grant departures."""

    async def join(self, host: str, boot_id: str, pid: int, journal_id: UUID) -> Node:
        """Register this server; older nodes of this host and boot whose pid is gone are declared dead at once."""

    async def beat(self, gen: int, lease_s: float) -> bool:
        """Extend the lease. False: this generation was declared dead; the server must stop."""

    async def leave(self, gen: int) -> None: ...

    async def take_limiter(self, gen: int, lease_s: float, *, alone: bool = True) -> tuple[int, float] | None:
        """Take or renew it: (epoch, seconds to wait before granting); None where another live node holds it.

        Where several share it they do so no more; with *alone* false they go on, and the answer is None.
        """

    async def share_limiter(self, gen: int, epoch: int, keeper: str) -> int | None:
        """Who holds it shares it with all who live, by leases of this keeper: the new epoch. None: not now."""

    async def join_limiter(self, gen: int, keeper: str | None) -> Shared | None:
        """Say which keeper of leases this node reaches; the shared epoch under it, None where there is none."""

    async def hand_over_limiter(self, to: int, lease_s: float) -> tuple[int, float] | None:
        """To the node of generation `to`: (epoch, seconds until it may grant); None where it is gone or has it."""

    async def living(self) -> Sequence[LivingNode]:
        """The servers that run on this database."""

    async def charge_day(self, brand_id: int, day: date, segments: int, gen: int, epoch: int) -> DayCharge | None:
        """Charge a block to a brand's day, as far as its cap allows. None: this node is not the authority."""

    async def give_back_day(self, brand_id: int, day: date, segments: int) -> None:
        """What was charged and will certainly not be used. Tried once: a repetition would give back twice."""

    async def spend_day(self, brand_id: int, day: date) -> None:
        """The carrier says that the day is used up, whatever we have counted."""


@dataclass(frozen=True, slots=True)
class DayCharge:
    """What was charged, up to what was asked for; `spent`: there is no more of this day."""

    segments: int
    spent: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A carrier account; `secret` never reaches a log (repr hides it).

    `verify_key` is the public key that webhooks are signed with, where that is not the secret.
    """

    account_id: int
    workspace_id: int
    kind: Literal["simulator", "twilio", "telnyx"]
    sid: str
    secret: str
    base_url: str
    verify_key: str | None = None

    @property
    def speaks(self) -> Literal["twilio", "telnyx"]:
        """Whose API is spoken, which names the path of its webhooks too: the simulator speaks Twilio's."""
        return "twilio" if self.kind == "simulator" else self.kind

    def __repr__(self) -> str:
        return f"Account({self.account_id}, {self.kind}, {self.sid})"


@dataclass(frozen=True, slots=True)
class Number:
    number_id: int
    workspace_id: int
    account_id: int
    address: str
    rate: float
    burst: int
    registration_id: int | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """A brand's registered 10DLC campaign: what each destination carrier allows it."""

    name: str
    brand_id: int
    allowances: Mapping[str, Allowance]


@dataclass(frozen=True, slots=True)
class BrandDay:
    """A brand's daily cap in segments (None: it has none) and how much of the day's is charged.

    `carriers` count towards it; `domain.limits.UNKNOWN` stands for recipients whose carrier is not known. `spent`: the
    carrier said that the day is used up.
    """

    name: str
    cap: int | None
    carriers: frozenset[str]
    used: int = 0
    spent: bool = False


@dataclass(frozen=True, slots=True)
class CampaignPace:
    """A marketing campaign's own rate, in segments/s."""

    rate: float
    name: str = ""
    workspace_id: int = 0


@dataclass(frozen=True, slots=True)
class LimitBook:
    """Every limit there is, on `day` (America/Los_Angeles), which ends at `day_ends_at`."""

    numbers: Sequence[Number] = ()
    accounts: Mapping[int, Allowance] = field(default_factory=dict)
    registrations: Mapping[int, Registration] = field(default_factory=dict)
    campaigns: Mapping[int, CampaignPace] = field(default_factory=dict)
    brands: Mapping[int, BrandDay] = field(default_factory=dict)
    day: date = date.min
    day_ends_at: datetime | None = None


class Directory(Protocol):
    """Accounts, numbers and limits: small tables, read at start and when they change."""

    async def accounts(self) -> Sequence[Account]: ...
    async def numbers(self) -> Sequence[Number]: ...

    async def limits(self, numbers: Sequence[Number], now: datetime) -> LimitBook:
        """The limits that these numbers fall under; `now` says which day it is."""


# Reading


@dataclass(frozen=True, slots=True)
class InboxRows:
    """`p` is the transaction horizon of the read; `partial` true: only rows changed since the p that was asked for."""

    rows: Sequence[ThreadRow]
    reads: Sequence[ReadMark]
    p: int
    next_cursor: str | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """Messages in rising seq; `head` is the thread's last seq at the time of the read.

    `asides`: what members wrote and did beside these messages, rising too.
    """

    thread: ThreadRow
    messages: Sequence[Message]
    in_ord: int
    head: int
    has_more: bool
    asides: Sequence[Note | Activity] = ()


@dataclass(frozen=True, slots=True)
class Mentions:
    """In how many threads notes ask a member to look, and where one ever did: of many the threads that began last."""

    unseen: int = 0
    asked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UserState:
    """`open_reviews`: texts of the workspace that wait for a decision. `suggesting`: replies may be suggested in it."""

    unread_threads: int
    reads: Sequence[ReadMark]
    p: int
    open_reviews: int = 0
    mentions: Mentions = Mentions()
    settings_version: int = 1
    suggesting: bool = True


@dataclass(frozen=True, slots=True)
class InboxView:
    """Which threads a list shows. Only `all`, `unread`, `mentions`, `closed` and `campaign` also show what is closed.

    `campaign_id`: with `campaign`, whose text was the last that a campaign sent there.
    """

    show: Show = "open"
    campaign_id: int | None = None


Show = Literal["open", "all", "unread", "mine", "unassigned", "waiting", "mentions", "snoozed", "closed", "campaign"]
OPEN: Final = InboxView()


class Inbox(Protocol):
    """What the inbox shows. Every method checks the workspace; None means: not there for this workspace."""

    async def epoch(self) -> str:
        """The history of this database: another one after a reset, a restore and each failover."""

    async def rows(
        self,
        workspace_id: int,
        member_id: int,
        *,
        view: InboxView = OPEN,
        since: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> InboxRows:
        """Newest first by (last_at, thread_id), those that wait longest first, keyset paged.

        With `since`, up to 200 rows of any view that changed since then.
        """

    async def rows_by_id(self, thread_ids: Sequence[int]) -> Sequence[ThreadRow]: ...

    async def thread(
        self, workspace_id: int, member_id: int, thread_id: int, *, before: int | None = None, limit: int = 50
    ) -> ThreadPage | None: ...

    async def events_after(
        self, workspace_id: int | None, thread_id: int, after: int, limit: int = 200
    ) -> Sequence[ThreadEvent] | None:
        """Events with seq > after, rising, without a gap. `workspace_id` None: for the server itself, unchecked."""

    async def hours(self, workspace_id: int, thread_id: int, now: datetime) -> Local | None:
        """The clocks where the contact of a thread may be, and whether texts in bulk may reach them at *now*."""

    async def seen_by(self, thread_id: int) -> frozenset[int] | None:
        """The members who may see a thread; None: everybody may, or there is none."""

    async def head(self, thread_ids: Sequence[int]) -> Mapping[int, int]:
        """Last seq of each thread."""

    async def user(self, workspace_id: int, member_id: int, *, since: int | None = None) -> UserState: ...

    async def unread_threads(self, member_ids: Sequence[int]) -> Mapping[int, int]: ...

    async def mark_read(self, workspace_id: int, member_id: int, thread_id: int, up_to: int) -> ReadMark | None:
        """Rises only, and never above the thread's in_total."""

    async def mark_unread(
        self, workspace_id: int, member_id: int, thread_id: int, from_ord: int
    ) -> ReadMark | None: ...


# Texts that may have asked to stop

ReviewDecision = Literal["opted_out", "not_a_revocation", "wrong_number"]


@dataclass(frozen=True, slots=True)
class Review:
    """A text that a person must judge. Closed with `decided_by` None: the contact's own next text decided.

    `decision` is a ReviewDecision, or "superseded" by a newer text of the same contact that has a review of its own.
    """

    review_id: int
    thread_id: int
    seq: int
    kind: Literal["ambiguous", "wrong_number"]
    text: str
    at: datetime
    name: str | None
    address: str
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Open ones first, then by decision; newest first. `open` counts all of the workspace."""

    reviews: Sequence[Review]
    open: int
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision stands. `again`: the same one stood already."""

    review: Review
    again: bool


@dataclass(frozen=True, slots=True)
class DecidedOtherwise:
    """Another decision stood already; `review` says whose and when."""

    review: Review


class Reviews(Protocol):
    """What waits for a person's decision. Every method but open_counts checks the workspace."""

    async def page(
        self, workspace_id: int, *, thread_id: int | None = None, cursor: str | None = None, limit: int = 50
    ) -> ReviewPage:
        """Keyset paged; of one thread where asked for. Raises ValueError for a cursor that did not come from here."""

    async def decide(
        self, workspace_id: int, review_id: int, decision: ReviewDecision, member_id: int, now: datetime
    ) -> Decided | DecidedOtherwise | None:
        """Once, audited; safe to repeat. None where there is no such review in this workspace."""

    async def open_counts(self, workspace_ids: Sequence[int]) -> Mapping[int, tuple[int, Mapping[int, int]]]:
        """How many are open in each workspace, and how many each member sees who does not see them all."""


@dataclass(frozen=True, slots=True)
class Member:
    """`narrowed`: some number is hidden from them, when their workspace's numbers had changed hands `hands` times."""

    member_id: int
    workspace_id: int
    email: str
    name: str
    role: Literal["owner", "manager", "agent"]
    narrowed: bool = False
    hands: int = 0


@dataclass(frozen=True, slots=True)
class Workspace:
    workspace_id: int
    name: str
    simulated: bool


class People(Protocol):
    """Members and their sessions. Session tokens are stored as SHA-256 only."""

    async def credentials(self, email: str) -> tuple[Member, str] | None:
        """The member and the argon2id hash; None where nobody has this address."""

    async def open_session(
        self, member_id: int, token_hash: bytes, expires_at: datetime, ip: str, agent: str
    ) -> None: ...
    async def session(self, token_hash: bytes, now: datetime) -> tuple[Member, Workspace] | None: ...
    async def close_session(self, token_hash: bytes) -> None: ...
    async def add_member(self, workspace_id: int, email: str, name: str, role: str, password_hash: str) -> Member: ...
    async def workspaces(self) -> Sequence[Workspace]: ...
    async def audit(self, workspace_id: int, member_id: int | None, action: str, detail: Mapping[str, Any]) -> None: ...


# What a member does in a thread


class CommandsBusy(Exception):
    """The thread cannot take a command now (its mailbox is full, or no answer came in time). Try the same id again."""


class Draft(Protocol):
    """A reply as its author sent it to us."""

    @property
    def thread_id(self) -> int: ...
    @property
    def body(self) -> str: ...
    @property
    def acknowledged_opt_out(self) -> bool: ...
    @property
    def resend_of(self) -> int | None: ...
    @property
    def seen(self) -> int | None: ...


class ThreadCommands(Protocol):
    """What a member may do in a thread. Each checks the member's workspace and is safe to repeat.

    Each may raise CommandsBusy or StoreUnavailable; then it may or may not have taken effect.
    """

    async def send(self, member: Member, cmd_id: UUID, draft: Draft) -> EnqueueResult: ...

    async def enqueue(self, mt: EnqueueMt) -> EnqueueResult:
        """A text that is made already, in its thread's order."""

    async def mark_read(self, member: Member, thread_id: int, up_to: int) -> ReadMark | None:
        """None where the thread is not there for this member."""

    async def mark_unread(self, member: Member, thread_id: int, from_ord: int) -> ReadMark | None:
        """None where the thread is not there for this member."""

    async def release(self, member: Member, thread_id: int, seq: int, send: bool) -> bool:
        """False where no held message is there under that number."""

    async def typing(self, member: Member, thread_id: int, typing: bool) -> None: ...


# Carriers, pace, real time


class Carrier(Protocol):
    """One carrier account. `before_first_byte` runs when only the first send call is left to do; it may raise."""

    capabilities: Capabilities

    async def submit(self, request: MtRequest, before_first_byte: Callable[[], None], worker: int) -> Outcome: ...
    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]: ...
    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]: ...


class Journal(Protocol):
    """The node's record of which attempts reached the wire; survives kill -9."""

    def mark(self, attempt_id: UUID) -> None:
        """Raises OSError where it cannot be written: then the text must not leave."""


class Grant(Protocol):
    """A row that may depart at the monotonic time `instant`."""

    @property
    def outbox_id(self) -> int: ...
    @property
    def number_id(self) -> int: ...
    @property
    def cost(self) -> int: ...
    @property
    def lane(self) -> int: ...
    @property
    def instant(self) -> float: ...
    @property
    def dest_carrier(self) -> str: ...


class RateLimiter(Protocol):
    """Who may depart, and when. Everything but `grants` returns at once."""

    @property
    def epoch(self) -> int: ...

    def sends_for(self, number_id: int) -> bool:
        """Whether rows of this number are to be shown here. All are, where no other server sends."""

    def offer(self, rows: Sequence[DueRow]) -> int:
        """Queue these rows; one that waits or is granted already is left where it stands. Returns how many were new."""

    def withdraw(self, outbox_ids: Iterable[int]) -> None:
        """These rows are not to leave now: refused by the gate, gone, voided."""

    def keep_only(self, number_id: int, outbox_ids: Collection[int]) -> None:
        """The first due rows of all streams of this number: who is first here and not among them is forgotten."""

    def waiting(self, stream: StreamKey) -> int:
        """How many rows stand in this queue."""

    async def grants(self, at_most: int, numbers: Callable[[int], bool] | None = None) -> Sequence[Grant]:
        """Waits until a row may depart within the next 20 ms; all such rows, at most `at_most`.

        `numbers` tells whose rows are asked for; None: everybody's. Several may wait at once, each for its own.
        """

    def depart(self, grant: Grant, now: float) -> float:
        """Called right before the first byte: 0.0 records the departure, else the seconds it must still wait."""

    @property
    def lapses_after_s(self) -> float:
        """So long after `depart` allowed it the first byte must have left; infinite where nobody else sends."""

    def throttled(self, grant: Grant, retry_after_s: float | None, scope: LimitScope) -> None:
        """The carrier refused this text for its pace alone: slow the limit of which it spoke."""

    def day_spent(self, number_id: int) -> None:
        """The carrier said that the day of this number's brand is used up: what counts towards it waits."""


class Publisher(Protocol):
    """Pushes to the sockets of this node. Never waits."""

    def watched(self, thread_id: int) -> bool:
        """Whether anybody looks at the thread."""

    def position(self, thread_id: int) -> int | None:
        """Up to which event those who look at the thread were told; None: nobody was told of any."""

    def thread_events(self, thread_id: int, events: Sequence[ThreadEvent]) -> None: ...
    def thread_resync(self, thread_id: int) -> None: ...
    def inbox_rows(self, rows: Sequence[ThreadRow]) -> None: ...
    def read_mark(self, mark: ReadMark) -> None: ...
    def badges(self, unread: Mapping[int, int]) -> None: ...
    def narrowed(self, thread_id: int, seen_by: Collection[int]) -> None:
        """Nobody but these hears anything of the thread from here on."""

    def open_reviews(self, workspace_id: int, count: int, apart: Mapping[int, int]) -> None: ...
    def mentions(self, told: Mapping[int, Mentions]) -> None: ...
    def own_number(self, number: OwnNumber) -> None: ...
    def settings_changed(self, change: SettingsChanged) -> None: ...
    def typing(self, thread_id: int, member: Member, typing: bool) -> None: ...
    def online_members(self, workspace_id: int) -> Sequence[int]: ...


Announce = Callable[[Sequence[Announcement]], None]
"""Called by the store right after a commit, synchronously and without waiting."""

Online = Callable[[int], bool]
"""Whether anybody of a workspace has a socket on this node: events of its threads are for them alone. To be asked after
the commit: who comes later reads what was committed."""
