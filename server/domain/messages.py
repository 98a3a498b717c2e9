"""The words in which the parts of the server tell each other about texts, threads and their changes.

Frozen values without behaviour. `seq` is a thread's own sequence: a message bears the number of the event that created
it, a later change of its status takes the next one. `in_ord` counts inbound texts of a thread from 1; unread is
`in_total - in_ord`, where `in_ord` is the ordinal last shown to a member.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from server.domain.own_number import OwnNumber

Direction = Literal["in", "out"]

TAKEN_BACK: Final = frozenset({"campaign_changed", "campaign_cancelled"})
"""The gate's reasons with which what was queued of a text to many ends as cancelled; not one byte of it has left."""


def taken_back(state: str, error_class: str | None, error_code: str | None) -> bool:
    """Whether a text never was, for people: nobody decided on it by itself, and its recipient may get another one.

    The ledger keeps it. A text that a person discards was theirs to write, and stays to be seen. The same rule stands
    in schema.sql, for pages and previews.
    """
    return state == "cancelled" and error_class == "gate" and error_code in TAKEN_BACK


@dataclass(frozen=True, slots=True)
class OfCampaign:
    """Which text to many a text belongs to. `variant`: which of several wordings, from 0; None: there is but one."""

    campaign_id: int
    kind: Literal["campaign", "bulk"]
    name: str
    variant: int | None = None


@dataclass(frozen=True, slots=True)
class Texted:
    """The campaign whose text reached a thread last, and when it left."""

    campaign_id: int
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One text in a thread, as people see it. `cmd_id` lets the author's own tabs match their optimistic bubble.

    `waits_until`: a queued one leaves no earlier; where the gate made it wait, the error says why. `call_id`: how the
    dialer calls the call during or after which it sent the text.
    """

    thread_id: int
    seq: int
    direction: Direction
    body: str
    state: str
    at: datetime
    in_ord: int | None = None
    segments: int = 1
    klass: str = "person"
    author_id: int | None = None
    author: str | None = None
    cmd_id: UUID | None = None
    error_class: str | None = None
    error_code: str | None = None
    keyword: str | None = None
    media: tuple[str, ...] = ()
    resend_of: int | None = None
    waits_until: datetime | None = None
    campaign: OfCampaign | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The message `ref` of a thread moved up to `state`, or, queued, has to wait until `waits_until`.

    `body`: how it reads now, where its author changed it.
    """

    thread_id: int
    seq: int
    ref: int
    state: str
    at: datetime
    error_class: str | None = None
    error_code: str | None = None
    waits_until: datetime | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What a member wrote beside the texts, for colleagues only. `mentions`: the members whom it asks to look."""

    thread_id: int
    seq: int
    body: str
    author_id: int
    author: str
    mentions: tuple[int, ...]
    at: datetime


Turn = Literal["assigned", "unassigned", "closed", "reopened", "snoozed", "woken", "taken_over"]


@dataclass(frozen=True, slots=True)
class Activity:
    """What a member did with a thread, under the names of that time. `by` is None where it came by itself.

    `to`: whom it was assigned to, or from whom it was taken over. `until`: for how long it was snoozed.
    """

    thread_id: int
    seq: int
    what: Turn
    at: datetime
    by: int | None = None
    by_name: str | None = None
    to: int | None = None
    to_name: str | None = None
    until: datetime | None = None


ThreadEvent = Message | StatusChange | Note | Activity


@dataclass(frozen=True, slots=True)
class Colleague:
    member_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Only this member may answer, until then."""

    by: Colleague
    until: datetime


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A row of the inbox. The newest `version` wins. `name` is None for strangers.

    `held`: a text awaits a person's decision. `invalid_code` is the carrier's word for why the number cannot receive
    texts. `waiting_since`: when the contact wrote what nobody has answered yet. Not `listed`:
    the inbox does not show it. `seen_by`: the members who may see it, where that is not everybody.
    """

    thread_id: int
    workspace_id: int
    version: int
    name: str | None
    contact_id: int | None
    address: str
    number: str
    last_seq: int
    last_at: datetime
    preview: str
    direction: Direction
    in_total: int
    opted_out: bool
    carrier_blocked: bool
    invalid_code: str | None = None
    held: bool = False
    campaign: Texted | None = None
    assignee: Colleague | None = None
    closed: bool = False
    snoozed_until: datetime | None = None
    waiting_since: datetime | None = None
    claim: Claim | None = None
    listed: bool = True
    seen_by: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class ReadMark:
    """How far a member has read a thread; `version` orders marks, since "mark unread" may lower `in_ord`."""

    member_id: int
    thread_id: int
    in_ord: int
    version: int


# What a commit tells the rest of the server. Hints: each may be lost, the rows are the truth.


@dataclass(frozen=True, slots=True)
class ThreadChanged:
    workspace_id: int
    thread_id: int
    events: tuple[ThreadEvent, ...]


@dataclass(frozen=True, slots=True)
class ThreadHeard:
    """Another server changed the thread, up to `seq` as it says. No store announces it."""

    workspace_id: int
    thread_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class ReadMoved:
    workspace_id: int
    mark: ReadMark


@dataclass(frozen=True, slots=True)
class ConsentFlipped:
    """An endpoint opted out or back in; what is authorised for it and not yet on the wire is voided."""

    workspace_id: int
    endpoint_id: int
    opted_out: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class ReviewChanged:
    """What waits for a person's decision changed.

    `held`: bulk that is authorised for the endpoint and not yet on the wire is voided.
    """

    workspace_id: int
    thread_id: int
    endpoint_id: int
    held: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued text of no campaign that may leave now, as the limiter needs it. `dest_carrier`: empty for unknown."""

    outbox_id: int
    number_id: int
    lane: int
    cost: int
    dest_carrier: str = ""


@dataclass(frozen=True, slots=True)
class OutboxGrew:
    """New work of these numbers is due now: the stager need not wait for its next look.

    `rows`: all of that work in its order, where the commit knows it; then nobody needs to read it. Empty: look for it.
    """

    number_ids: frozenset[int]
    rows: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerOwed:
    """A keyword was recorded whose answer has yet to be enqueued."""

    workspace_id: int
    endpoint_id: int


@dataclass(frozen=True, slots=True)
class Replied:
    """The contact wrote in a thread where a text waits that a reply cancels."""

    workspace_id: int
    thread_id: int


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """Rows of the inbox changed for another reason than an event of their threads: a contact's name, for example."""

    workspace_id: int
    thread_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Notes ask these members to look, or they have looked."""

    workspace_id: int
    member_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OwnNumberChanged:
    """A member's own telephone: a code is waited for, it was proven, or it is theirs no more."""

    number: OwnNumber


@dataclass(frozen=True, slots=True)
class LoginEnded:
    """A member logged out somewhere, or a token of theirs was revoked: what it opened is to be closed."""

    workspace_id: int
    member_id: int


@dataclass(frozen=True, slots=True)
class CampaignMoved:
    """Recipients of a campaign moved, or it did itself: its figures are others now."""

    workspace_id: int
    campaign_id: int


@dataclass(frozen=True, slots=True)
class CampaignStopped:
    """A campaign was stopped or changed: of its texts with places in the outbox up to `made_after` none may leave."""

    workspace_id: int
    campaign_id: int
    made_after: int


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """What the workspace sets for itself is another `version`; `suggesting`: replies may be suggested in it. `hands`:
    how often its numbers have changed hands; None: not looked at.
    """

    workspace_id: int
    version: int
    suggesting: bool
    hands: int | None = None


@dataclass(frozen=True, slots=True)
class SightNarrowed:
    """From here on only these members see the thread."""

    workspace_id: int
    thread_id: int
    seen_by: frozenset[int]


Announcement = (
    ThreadChanged
    | ReadMoved
    | ConsentFlipped
    | ReviewChanged
    | OutboxGrew
    | AnswerOwed
    | Replied
    | RowsChanged
    | Mentioned
    | OwnNumberChanged
    | LoginEnded
    | CampaignMoved
    | CampaignStopped
    | SettingsChanged
    | SightNarrowed
)
