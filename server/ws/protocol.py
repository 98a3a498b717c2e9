"""The frames of the socket, both ways: the source of the client's types and of the AsyncAPI document.

Events carry `seq` and are applied only as last + 1. State frames carry a version `v` for each key and never a seq: the
newest wins. `epoch` names one history of the database; another epoch means that every position is void. `p` is a
transaction horizon (a decimal string, since it outgrows a double): "all that was committed before p has been seen".
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

MAX_BODY: Final = 1600  # characters; what Twilio takes in one request
REPLAY_LIMIT: Final = 200
PAGE: Final = 50

Direction = Literal["in", "out"]
Turn = Literal["assigned", "unassigned", "closed", "reopened", "snoozed", "woken", "taken_over"]
MessageState = Literal[
    "received",
    "queued",
    "held",
    "sent",
    "delivered",
    "undelivered",
    "rejected",
    "blocked",
    "cancelled",
    "expired",
    "unconfirmed",
]


class Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# What the payloads are made of


class OfCampaignOut(Frame):
    """The text to many that a text belongs to. `variant`: which of several wordings, from 0; null: there is but one."""

    id: int
    kind: Literal["campaign", "bulk"]
    name: str
    variant: int | None


class TextedOut(Frame):
    """The campaign whose text reached a contact last, and when it left."""

    id: int
    name: str
    at: datetime


class MessageOut(Frame):
    """A text in a thread. `error` says in words what went wrong; `cmd_id` is the author's own id of the command.

    `waits_until`: a queued text leaves no earlier; with an error, the gate made it wait for that. `taken_back`: a text
    to many was stopped or changed before this one left; it is not to be shown, and no page has it. `call_id`: the
    dialer's name for the call during or after which it sent this.
    """

    seq: int
    direction: Direction
    body: str
    state: MessageState
    at: datetime
    in_ord: int | None = None
    segments: int = 1
    klass: str = "person"
    author_id: int | None = None
    author: str | None = None
    cmd_id: UUID | None = None
    error_class: str | None = None
    error_code: str | None = None
    error: str | None = None
    keyword: Literal["STOP", "START", "HELP"] | None = None
    media: list[str] = Field(default_factory=list)
    resend_of: int | None = None
    waits_until: datetime | None = None
    campaign: OfCampaignOut | None = None
    call_id: str | None = None
    taken_back: bool = False


class MessageEvent(Frame):
    kind: Literal["message"] = "message"
    message: MessageOut


class StatusEvent(Frame):
    """Message `ref` moved to `state`. `body`: how it reads now, where its author changed it; `taken_back`: as there."""

    kind: Literal["status"] = "status"
    ref: int
    state: MessageState
    at: datetime
    error_class: str | None = None
    error_code: str | None = None
    error: str | None = None
    waits_until: datetime | None = None
    body: str | None = None
    taken_back: bool = False


class NoteOut(Frame):
    """What a member wrote beside the texts, for colleagues only. `mentions`: the members whom it asks to look."""

    seq: int
    body: str
    author_id: int
    author: str
    mentions: list[int]
    at: datetime


class ActivityOut(Frame):
    """What a member did with the thread; `by` null: it came by itself. Names are those of that time.

    `to`: whom it was assigned to, or from whom it was taken over. `until`: for how long it was snoozed.
    """

    seq: int
    what: Turn
    at: datetime
    by: int | None
    by_name: str | None
    to: int | None
    to_name: str | None
    until: datetime | None


class NoteEvent(Frame):
    kind: Literal["note"] = "note"
    note: NoteOut


class ActivityEvent(Frame):
    kind: Literal["activity"] = "activity"
    activity: ActivityOut


ThreadEventData = Annotated[MessageEvent | StatusEvent | NoteEvent | ActivityEvent, Field(discriminator="kind")]
AsideOut = Annotated[NoteEvent | ActivityEvent, Field(discriminator="kind")]


class ColleagueOut(Frame):
    member_id: int
    name: str


class ClaimOut(Frame):
    """Only this member may answer, until then."""

    by: ColleagueOut
    until: datetime


class InboxRow(Frame):
    """A row of the inbox without the member's own read mark: unread = in_total - in_ord of that mark.

    `invalid` says in a sentence why the contact's number cannot receive texts.
    `held`: a text of the contact may have asked to stop, and waits for a person's decision. `closed` is done with until
    the contact writes, as is what is snoozed. `waiting_since`: when the contact wrote what nobody has answered.
    `campaign`: whose text the contact got last. Not `listed`: the inbox does not show it, or not any more.
    """

    thread_id: int
    v: int
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
    invalid: str | None
    held: bool
    campaign: TextedOut | None = None
    assignee: ColleagueOut | None = None
    closed: bool = False
    snoozed_until: datetime | None = None
    waiting_since: datetime | None = None
    claim: ClaimOut | None = None
    listed: bool = True


class ReadMarkOut(Frame):
    thread_id: int
    in_ord: int
    v: int


class BadgeOut(Frame):
    """The number of threads with something unread for this member."""

    unread_threads: int


class MentionsOut(Frame):
    """In how many `threads` notes ask this member to look.

    `asked`: the threads where one ever did; of many the 500 that began last.
    """

    threads: int
    asked: list[int]


class OwnNumberOut(Frame):
    """The telephone of this member, where tests of campaigns may go once it is `verified`.

    `waiting`: the code that the member was shown is to be texted from it to `text_to`, or to any other number of the
    workspace, before `expires_at`; `spent`: too many wrong ones came; `taken`: it was proven to be a colleague's.
    """

    state: Literal["none", "waiting", "verified", "expired", "spent", "taken"]
    address: str | None
    text_to: str | None
    expires_at: datetime | None
    verified_at: datetime | None
    tries_left: int


class SettingsNewsOut(Frame):
    """What the workspace sets for itself is at this version. `suggesting`: replies may be suggested in it."""

    version: int
    suggesting: bool


class ReviewBadgeOut(Frame):
    """The number of texts in the workspace that wait for a person's decision."""

    open: int


class TypingOut(Frame):
    member_id: int
    name: str
    typing: bool


class ViewerOut(Frame):
    member_id: int
    name: str
    here: bool


class SuggestionsOut(Frame):
    """Replies that are suggested for the text `based_on` of a thread; of no use once a newer text was said there.

    `begun`: somebody thinks about it, and the first `whole` of the `items` are ready; a last one may have only begun.
    `made`: they stay as they are, none of them means that there are none. `source`: `model`, called `label`, or
    `offline`: what the team has answered before, and its templates. Where one says `{{agent_name}}` whoever sends it
    puts their own name.
    """

    based_on: int
    state: Literal["begun", "made"]
    source: Literal["model", "offline"] | None
    label: str
    items: list[str]
    whole: int


class InboxPage(Frame):
    """Rows by last_at, newest first, with the member's marks for them. `partial`: only rows that changed since p."""

    rows: list[InboxRow]
    reads: list[ReadMarkOut]
    next_cursor: str | None = None
    partial: bool = False


class ThreadSnapshot(Frame):
    """The newest messages of a thread in rising seq; older ones by the API (`before`).

    `asides`: notes and doings beside these messages, in rising seq too.
    """

    thread: InboxRow
    messages: list[MessageOut]
    in_ord: int
    has_more: bool
    asides: list[AsideOut]


class UserSnapshot(Frame):
    badge: BadgeOut
    review: ReviewBadgeOut
    mentions: MentionsOut
    settings: SettingsNewsOut
    reads: list[ReadMarkOut]


ReviewKind = Literal["ambiguous", "wrong_number"]
ReviewDecision = Literal["opted_out", "not_a_revocation", "wrong_number"]


class ReviewPart(Frame):
    """A piece of a text; `marked` is what was recognised in it."""

    text: str
    marked: bool


class ReviewOut(Frame):
    """A text that may have asked to stop. `parts` joined are the text.

    Decided with `decided_by` null: by the contact's own next text; "superseded" by one that has a review of its own.
    """

    id: int
    thread_id: int
    seq: int
    kind: ReviewKind
    parts: list[ReviewPart]
    at: datetime
    name: str | None
    address: str
    decided_at: datetime | None
    decided_by: str | None
    decision: ReviewDecision | Literal["superseded"] | None


class ReviewPageOut(Frame):
    """Open ones first, then those decided last. `open` counts all that are open in the workspace."""

    reviews: list[ReviewOut]
    open: int
    next_cursor: str | None


class BulkOut(Frame):
    """A text to many, with the sums of its recipients, all of one moment.

    `audience` = `excluded` + `pending` + `in_flight` + `wired` + `rejected` + `unconfirmed` + `skipped`. Of the wired,
    `delivered` arrived and `undelivered` did not; of the others the carrier has not told. `body` is the template.
    """

    id: int
    name: str
    state: Literal["draft", "scheduled", "active", "paused", "completed", "cancelled"]
    body: str
    author: str | None
    launched_at: datetime
    ended_at: datetime | None
    audience: int
    excluded: int
    pending: int
    in_flight: int
    wired: int
    delivered: int
    undelivered: int
    rejected: int
    unconfirmed: int
    skipped: int
    segments: int


class CampaignFiguresOut(Frame):
    """Of one moment: `audience` is the sum of `excluded` to `skipped`; `replied` to `clicked` are people.

    `delivered` and `undelivered` are among the wired, whose `segments` are counted.
    """

    audience: int
    excluded: int
    pending: int
    in_flight: int
    wired: int
    rejected: int
    unconfirmed: int
    skipped: int
    delivered: int
    undelivered: int
    replied: int
    opted_out: int
    clicked: int
    segments: int


class CampaignOut(Frame):
    """A campaign as its list shows it. `told`: its state in words. `version` rises with every change by a person.

    `built` of its recipients are written, and no text leaves before the snapshot is `whole`; `to_look_at`: of how many,
    roughly, while a large one is being written, since people come and go meanwhile. `moved_at`: when its
    figures moved last. `refused`: why its last launch came to nothing. A `template` is there to be duplicated.
    `click_through`: the share of those who got the text that followed a link; null without links.
    """

    id: int
    name: str
    description: str
    state: Literal["draft", "scheduled", "active", "paused", "completed", "cancelled"]
    told: str
    version: int
    template: bool
    author: str | None
    created_at: datetime
    launched_at: datetime | None
    ended_at: datetime | None
    archived_at: datetime | None
    moved_at: datetime
    due_at: datetime | None
    next_batch_at: datetime | None
    paused_why: Literal["member", "failures", "opt_outs", "missed"] | None
    refused: str | None
    built: int
    to_look_at: int | None
    whole: bool
    figures: CampaignFiguresOut
    click_through: float | None


class CampaignsSnapshot(Frame):
    """The newest campaigns that the list shows; the API has the others."""

    rows: list[CampaignOut]


# Server to client


class Subscribed(Frame):
    """Answers `subscribe`: from here on the channel is live.

    A resumed thread is followed by the events that were missed, anything else by a snapshot; where `inbox` or `user` is
    resumed it holds only what has changed since p.
    """

    t: Literal["subscribed"] = "subscribed"
    id: int
    ch: str
    epoch: str
    seq: int | None = None
    p: str | None = None
    resumed: bool


class Event(Frame):
    t: Literal["event"] = "event"
    ch: str
    seq: int
    epoch: str
    data: ThreadEventData


class IntegrationEventOut(Frame):
    """What happened, for other programs; `kind` says what `data` holds."""

    seq: int
    kind: str
    at: datetime
    data: dict[str, Any]


class IntegrationEvent(Frame):
    """An event of the channel `dialer`."""

    t: Literal["event"] = "event"
    ch: Literal["dialer"] = "dialer"
    seq: int
    epoch: str
    data: IntegrationEventOut


class DialerSnapshot(Frame):
    """The newest events, the oldest first; older ones down to `oldest` are at /api/v1/events/list."""

    head: int
    oldest: int
    events: list[IntegrationEventOut]


class StateInboxRow(Frame):
    t: Literal["state"] = "state"
    ch: Literal["inbox"] = "inbox"
    key: str
    v: int
    data: InboxRow


class StateRead(Frame):
    t: Literal["state"] = "state"
    ch: Literal["user"] = "user"
    key: str
    v: int
    data: ReadMarkOut


class StateBadge(Frame):
    t: Literal["state"] = "state"
    ch: Literal["user"] = "user"
    key: Literal["badge"] = "badge"
    v: int
    data: BadgeOut


class StateReview(Frame):
    t: Literal["state"] = "state"
    ch: Literal["user"] = "user"
    key: Literal["review"] = "review"
    v: int
    data: ReviewBadgeOut


class StateMentions(Frame):
    t: Literal["state"] = "state"
    ch: Literal["user"] = "user"
    key: Literal["mentions"] = "mentions"
    v: int
    data: MentionsOut


class StateOwnNumber(Frame):
    t: Literal["state"] = "state"
    ch: Literal["user"] = "user"
    key: Literal["own_number"] = "own_number"
    v: int
    data: OwnNumberOut


class StateSettings(Frame):
    t: Literal["state"] = "state"
    ch: Literal["user"] = "user"
    key: Literal["settings"] = "settings"
    v: int
    data: SettingsNewsOut


class StateBulk(Frame):
    """The channel is `bulk:` and the id."""

    t: Literal["state"] = "state"
    ch: str
    key: Literal["progress"] = "progress"
    v: int
    data: BulkOut


class StateCampaign(Frame):
    """The channel is `campaign:` and the id, with the key `campaign`; or `campaigns`, with the id as the key, for any
    campaign of the workspace, also one that its list does not show.
    """

    t: Literal["state"] = "state"
    ch: str
    key: str
    v: int
    data: CampaignOut


class StateSuggestions(Frame):
    """The channel is `thread:` and the id. `v` rises with the text that they answer."""

    t: Literal["state"] = "state"
    ch: str
    key: Literal["suggestions"] = "suggestions"
    v: int
    data: SuggestionsOut


class StateTyping(Frame):
    t: Literal["state"] = "state"
    ch: str
    key: str
    v: int
    data: TypingOut | ViewerOut


class Snapshot(Frame):
    t: Literal["snapshot"] = "snapshot"
    ch: str
    epoch: str
    seq: int | None = None
    p: str | None = None
    data: InboxPage | ThreadSnapshot | UserSnapshot | BulkOut | CampaignOut | CampaignsSnapshot | DialerSnapshot


class Ack(Frame):
    """A command took effect; the same `cmd_id` always gets the same ack."""

    t: Literal["ack"] = "ack"
    cmd_id: UUID
    data: dict[str, Any]


class Err(Frame):
    """`id` or `cmd_id` says what failed; `code` is stable, `message` is for people."""

    t: Literal["err"] = "err"
    id: int | None = None
    cmd_id: UUID | None = None
    code: str
    message: str


class Resync(Frame):
    """Frames of these channels were dropped: subscribe to them again with your last position."""

    t: Literal["resync"] = "resync"
    ch: list[str]


class Ping(Frame):
    """The heartbeat. `heads` gives the newest seq of each subscribed thread, so that a lost tail is noticed."""

    t: Literal["ping"] = "ping"
    id: int
    heads: dict[str, int] = Field(default_factory=dict)


ServerFrame = Annotated[
    Subscribed
    | Event
    | IntegrationEvent
    | StateInboxRow
    | StateRead
    | StateBadge
    | StateReview
    | StateMentions
    | StateOwnNumber
    | StateSettings
    | StateBulk
    | StateCampaign
    | StateSuggestions
    | StateTyping
    | Snapshot
    | Ack
    | Err
    | Resync
    | Ping,
    Field(union_mode="smart"),
]


# Client to server


class Subscribe(Frame):
    """`after` and `epoch` resume a thread or `dialer`, `p` and `epoch` resume `inbox` and `user`.

    Without them a snapshot comes.
    """

    t: Literal["subscribe"] = "subscribe"
    id: int
    ch: str = Field(max_length=64)
    after: int | None = None
    epoch: str | None = Field(default=None, max_length=64)
    p: str | None = Field(default=None, max_length=24, pattern=r"^\d+$")


class Unsubscribe(Frame):
    t: Literal["unsubscribe"] = "unsubscribe"
    id: int
    ch: str = Field(max_length=64)


class Send(Frame):
    """A reply to a thread. `acknowledged_opt_out`: the author saw that the contact opted out and sends all the same.

    `seen`: the newest seq that the author had before them; a colleague's answer after it is an `overtaken`. Without it
    nothing is checked.
    """

    name: Literal["send"] = "send"
    thread_id: int
    body: str = Field(min_length=1, max_length=MAX_BODY)
    acknowledged_opt_out: bool = False
    resend_of: int | None = None
    seen: int | None = None


class MarkRead(Frame):
    """`up_to` is the in_ord that was displayed; it only rises."""

    name: Literal["mark_read"] = "mark_read"
    thread_id: int
    up_to: int = Field(ge=0)


class MarkUnread(Frame):
    """Everything from inbound ordinal `from_ord` on counts as unread again."""

    name: Literal["mark_unread"] = "mark_unread"
    thread_id: int
    from_ord: int = Field(ge=1)


class Typing(Frame):
    name: Literal["typing"] = "typing"
    thread_id: int
    typing: bool


class Release(Frame):
    """Send a held message anyway, or drop it."""

    name: Literal["release"] = "release"
    thread_id: int
    seq: int
    send: bool


class Claim(Frame):
    """Take or renew the sole right to answer, for 90 s; `over`: even from the colleague who has it."""

    name: Literal["claim"] = "claim"
    thread_id: int
    over: bool = False


class Unclaim(Frame):
    """Give the sole right to answer back."""

    name: Literal["unclaim"] = "unclaim"
    thread_id: int


CommandData = Annotated[Send | MarkRead | MarkUnread | Typing | Release | Claim | Unclaim, Field(discriminator="name")]


class Command(Frame):
    """Without an ack the client sends it again with the same `cmd_id`; the same id with another body is refused."""

    t: Literal["command"] = "command"
    cmd_id: UUID
    data: CommandData


class Pong(Frame):
    t: Literal["pong"] = "pong"
    id: int


ClientFrame = Annotated[Subscribe | Unsubscribe | Command | Pong, Field(discriminator="t")]
CLIENT_FRAME: Final[TypeAdapter[Subscribe | Unsubscribe | Command | Pong]] = TypeAdapter(ClientFrame)

CLOSE_CODES: Final = {
    1000: "done",
    1002: "protocol error",
    1003: "binary frames are not taken",
    1007: "not UTF-8",
    1009: "message too big",
    1011: "a fault on our side; reconnect and resume",
    1012: "the server restarts; come back after the hint in the reason",
    4000: "too slow: nothing was read for 10 s; reconnect and resume",
    4001: "no pong; reconnect and resume",
    4002: "a number changed hands, and with it what the member may see; begin from snapshots",
    4500: "not logged in",
    4501: "the session ended",
    4503: "the frame breaks the protocol",
}
"""4000-4499: reconnect with back-off. 4500-4999: do not reconnect without the user."""
