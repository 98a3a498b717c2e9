"""What campaigns need from the store: the plan that a wizard keeps, what a launch would do, the launch, and its course.

A plan is a draft's until the launch and is what the engine goes by from then on; the snapshot of people is taken at the
launch and never again. A text in bulk (`ports.bulk`) is a campaign of another kind, without a plan.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import UUID

from server.domain.campaigns.audience import Exclusion
from server.domain.campaigns.campaign import CampaignState, Command, PausedBy, Refused
from server.domain.campaigns.drip import Drip
from server.domain.campaigns.health import Limits, Tally
from server.domain.campaigns.missed import IfMissed
from server.ports import CommandConflict

# The plan


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom a campaign is for: everybody in any of these. Who is deleted, or of another workspace, is in none."""

    everybody: bool = False
    filter_ids: tuple[int, ...] = ()
    definition: Mapping[str, Any] | None = None  # a filter that nobody has saved
    stage_ids: tuple[int, ...] = ()
    contact_ids: tuple[int, ...] = ()
    import_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaving:
    """Whom to leave out besides those who must not get it. None: not for that."""

    texted_within_days: int | None = None  # by us, whoever wrote
    in_active_campaign: bool = True


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the texts, for `share` percent of the recipients; of several they add up to 100."""

    body: str
    share: int = 100


@dataclass(frozen=True, slots=True)
class Start:
    """When it begins. `day` None: at once. `at_home`: on each recipient's own clock, and `zone` where none is known."""

    day: date | None = None
    at: time = time(9)
    zone: str = "America/New_York"
    at_home: bool = False
    if_missed: IfMissed = IfMissed.ASK


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign as its wizard keeps it: nothing of it need be right, or there at all, before the launch.

    `answers` stand in for values that a recipient does not have. `number_id` None: the workspace's first; threads that
    exist keep their own. `rate`: segments per second at most; None: as fast as the numbers let. `until_reply`: who
    writes to us gets nothing more of it. `quiet`: its texts stay out of the inbox until the contact replies.
    """

    sources: Sources = field(default_factory=Sources)
    leaving: Leaving = field(default_factory=Leaving)
    variants: tuple[Variant, ...] = (Variant(""),)
    answers: Mapping[str, str] = field(default_factory=dict)
    number_id: int | None = None
    start: Start = field(default_factory=Start)
    drip: Drip | None = None
    rate: float | None = None
    until_reply: bool = True
    quiet: bool = True
    limits: Limits = field(default_factory=Limits)


Part = Literal["name", "audience", "message", "schedule", "numbers"]


@dataclass(frozen=True, slots=True)
class PlanFault:
    """Why a plan cannot be launched: a sentence for people, at the step of the wizard that mends it."""

    part: Part
    sentence: str


# Drafts, and the list


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of one moment; audience is the sum of excluded to skipped. delivered and undelivered are among the
    wired. replied, opted_out and clicked are people. `segments` are those of the wired.
    """

    audience: int = 0
    excluded: int = 0
    pending: int = 0
    in_flight: int = 0
    wired: int = 0
    rejected: int = 0
    unconfirmed: int = 0
    skipped: int = 0
    delivered: int = 0
    undelivered: int = 0
    replied: int = 0
    opted_out: int = 0
    clicked: int = 0
    segments: int = 0


@dataclass(frozen=True, slots=True)
class Campaign:
    """`version` rises with every change by a person. `built`: how many of the snapshot are written; `whole`: all are.
    `to_look_at`: of how many, roughly, while a large one is written: people come and go meanwhile.

    `moved_at`: when its figures moved last. `due_at`: scheduled: when it begins. `paused_why`: paused: by whom.
    `refused`: the sentence of why its last launch came to nothing, if it did. `template`: it is kept to be duplicated,
    and cannot be launched. `has_links`: some of its texts have any, so far. `seen_by`: the
    members whom it concerns, where that is not everybody.
    """

    campaign_id: int
    workspace_id: int
    name: str
    description: str
    state: CampaignState
    version: int
    plan: Plan
    author: str | None
    created_at: datetime
    launched_at: datetime | None
    ended_at: datetime | None
    archived_at: datetime | None
    moved_at: datetime
    due_at: datetime | None
    next_batch_at: datetime | None
    paused_why: PausedBy | None
    refused: str | None
    built: int
    whole: bool
    template: bool
    figures: Figures
    has_links: bool = False
    seen_by: frozenset[int] | None = None
    to_look_at: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignPage:
    rows: Sequence[Campaign]
    next_cursor: int | None


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing was written: somebody else has, since this version was read."""

    version: int


class CampaignReading(Protocol):
    """Campaigns as they stand at one moment. None: not there for this workspace."""

    async def get(self, workspace_id: int, campaign_id: int) -> Campaign | None: ...

    async def plan(self, workspace_id: int, campaign_id: int) -> Plan | None:
        """Of one, without how it stands."""

    async def page(
        self,
        workspace_id: int,
        *,
        states: Sequence[CampaignState] = (),
        q: str = "",
        archived: bool = False,
        templates: bool = False,
        before: int | None = None,
        limit: int = 50,
    ) -> CampaignPage:
        """Newest first: the archived or the others, the templates or the others. `q`: each word of it stands in the
        name or the description.
        """


class CampaignDrafts(CampaignReading, Protocol):
    """What members do with campaigns before they begin, and with their list. None: not there for this workspace."""

    async def create(self, workspace_id: int, member_id: int, cmd_id: UUID, name: str, now: datetime) -> Campaign:
        """A draft with an empty plan, once for each command."""

    async def save(
        self,
        workspace_id: int,
        campaign_id: int,
        version: int,
        *,
        name: str | None = None,
        description: str | None = None,
        plan: Plan | None = None,
        member_id: int,
        now: datetime,
    ) -> Campaign | Stale | Refused | None:
        """Keep what was changed, if nobody else has changed it since *version* and `domain.campaign` lets it be edited.

        None of a name, description or plan: as it is. What would change nothing is no change, whatever the version: the
        same save twice answers alike.

        Of one that runs, what is queued with older words or an older pace is taken back and made anew: once this has
        returned, no first byte of it is written later than 50 ms.
        """

    async def duplicate(
        self,
        workspace_id: int,
        campaign_id: int,
        member_id: int,
        cmd_id: UUID,
        now: datetime,
        *,
        as_template: bool = False,
    ) -> Campaign | None:
        """A draft, or a template, with the same plan and no start day, once for each command."""

    async def archive(
        self, workspace_id: int, campaign_id: int, member_id: int, archived: bool, now: datetime
    ) -> Campaign | None:
        """Out of the list or back into it; one that may still send stays in it."""


# What a launch would do


@dataclass(frozen=True, slots=True)
class Survey:
    """What a launch would do now. `longest`, `shortest`, `missing`: contacts to look at.

    Segments and cost: of variants by their shares, to the nearest segment, since the lot falls at the launch only.
    `names`: tokens whose values somebody lacks, with how many. `per_s`: recipients in a second at the plan's pace;
    None: without a number or a recipient there is none. `zones`: those that recipients may be in.
    """

    audience: int
    recipients: int
    excluded: Mapping[Exclusion, int]
    segments_min: int
    segments_max: int
    segments_total: int
    cost: Decimal
    currency: str
    longest: int | None
    shortest: int | None
    missing: tuple[int, ...]
    names: Mapping[str, int]
    zones: tuple[str, ...]
    per_s: float | None
    opt_in_required: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The text that one contact would get; `excluded`: why that one gets none.

    `text` has short links that lead nowhere, as long as those that will. `missing`: of this variant; who lacks a value
    that any of them needs gets none, else the lot would decide who is written to.
    """

    contact_id: int
    name: str | None
    address: str | None
    variant: int
    text: str
    segments: int
    encoding: str
    missing: tuple[str, ...]
    excluded: Exclusion | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One who gets no text, for the list that can be downloaded."""

    contact_id: int
    name: str
    address: str
    reason: Exclusion


class CampaignSurvey(Protocol):
    """What plans come to. Every method raises `ports.bulk.AudienceRefused` for a plan that cannot be read."""

    async def faults(self, workspace_id: int, plan: Plan, now: datetime) -> Sequence[PlanFault]:
        """Why it cannot be launched, in the order of the wizard's steps; none: it can."""

    async def survey(self, workspace_id: int, member_id: int, plan: Plan, now: datetime) -> Survey: ...

    async def faults_and_survey(
        self, workspace_id: int, member_id: int, plan: Plan, now: datetime
    ) -> tuple[Sequence[PlanFault], Survey | None]:
        """Both, by one look at the audience. None: there are faults, and nobody can say who the audience is."""

    async def brands(self, workspace_id: int) -> Sequence[str]:
        """The names that the workspace is known by: a text in bulk should say one of them."""

    async def sample(
        self, workspace_id: int, member_id: int, plan: Plan, contact_id: int, now: datetime, variant: int = 0
    ) -> Sample | None:
        """Any contact's, of the audience or not; the lot of the variants falls at the launch. None: no such contact."""

    async def people(
        self, workspace_id: int, member_id: int, plan: Plan, after: int, limit: int, now: datetime, q: str = ""
    ) -> Sequence[Sample]:
        """Contacts of the audience by id, to choose one to look at; their texts are empty. `q`: as in People."""

    def left_out(
        self, workspace_id: int, member_id: int, plan: Plan, now: datetime
    ) -> AsyncIterator[Sequence[LeftOut]]:
        """All who get none, in pieces."""


# The launch, and its course


@dataclass(frozen=True, slots=True)
class Launching:
    """It is on its way: the engine takes the snapshot, and nothing is sent before it is whole and as was confirmed."""

    campaign: Campaign


@dataclass(frozen=True, slots=True)
class OtherCount:
    """Not launched: so many would get it now, not as many as the member has confirmed."""

    recipients: int


class CampaignCourse(Protocol):
    """What moves campaigns, by `domain.campaign`. Every method is safe to repeat and checks the workspace.

    None: not there for this workspace.
    """

    async def launch(
        self, workspace_id: int, campaign_id: int, member_id: int, cmd_id: UUID, expected: int, now: datetime
    ) -> Launching | OtherCount | Refused | Sequence[PlanFault] | None:
        """Waits some seconds for the snapshot; a large one goes on being built when this has returned.

        A draft that has another count then is a draft again, and says so in `refused`.
        """

    async def command(
        self, workspace_id: int, campaign_id: int, member_id: int, command: Command, now: datetime
    ) -> Campaign | Refused | None:
        """UNSCHEDULE, PAUSE, RESUME or CANCEL. After a pause or a cancel has returned, nothing of it leaves but what
        was on its way to the carrier by then: no first byte is written later than 50 ms.
        """


class CampaignEngine(Protocol):
    """What carries launched campaigns on. Every method is safe to repeat, at any time and by any number of servers."""

    async def open(self) -> Sequence[int]:
        """Those of which something is to be done: building, due, active, or to be tidied."""

    async def advance(self, campaign_id: int, now: datetime) -> bool:
        """The next piece: of the snapshot, of the queue, of tidying, of folding figures, or its end.

        True where there is more to do at once.
        """


# Tests


@dataclass(frozen=True, slots=True)
class TriedText:
    """A text on its way to the member's own telephone. `name`: whose values it bears; None: nobody's."""

    thread_id: int
    seq: int
    variant: int
    text: str
    segments: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """`again`: the same command had been taken before, and nothing more was sent."""

    address: str
    texts: Sequence[TriedText]
    again: bool = False


@dataclass(frozen=True, slots=True)
class CannotTest:
    """Nothing was sent; the sentence is for whoever asked."""

    why: Literal["no_own_number", "no_number", "no_contact", "no_such_text", "faulty", "cannot_be_made"]
    sentence: str


class CampaignTests(Protocol):
    async def send(
        self,
        workspace_id: int,
        campaign_id: int,
        member_id: int,
        cmd_id: UUID,
        contact_id: int | None,
        variant: int | None,
        now: datetime,
    ) -> Tried | CannotTest | CommandConflict | None:
        """Queue the texts of a plan as it is kept, or one of them, to the member's own number, once for each command.

        They bear the values of a contact, or else of the first recipient. They count nowhere: not among the campaign's
        figures, not for a cap, and what is followed or answered of them neither. None: no such campaign here.
        """


# Figures


@dataclass(frozen=True, slots=True)
class Minute:
    """What happened in the minute that begins `at`: recipients whose text was wired, and so on. failed: rejected or
    undelivered. All minutes add up to the campaign's figures; what was taken back counts against its own minute.
    """

    at: datetime
    wired: int
    delivered: int
    failed: int
    replied: int
    opted_out: int
    clicked: int


@dataclass(frozen=True, slots=True)
class FailureReason:
    """Why texts failed or recipients were left out, with how many."""

    state: str
    reason: str | None
    error_class: str | None
    error_code: str | None
    count: int


@dataclass(frozen=True, slots=True)
class CampaignRecipient:
    """A line of the table of recipients. `delivery`: of a wired one. The error's class and code are its text's."""

    ord: int
    contact_id: int | None
    name: str | None
    address: str
    variant: int
    state: str
    delivery: str | None
    reason: str | None
    error_class: str | None
    error_code: str | None
    replied_at: datetime | None
    opted_out_at: datetime | None
    clicked_at: datetime | None
    thread_id: int | None
    seq: int | None
    segments: int | None


@dataclass(frozen=True, slots=True)
class Export:
    """All recipients of one moment, `as_of`, and the figures of that moment. `pieces` is read once, and closed."""

    as_of: datetime
    figures: Figures
    pieces: AsyncGenerator[Sequence[CampaignRecipient], None]


class CampaignFigures(Protocol):
    """How campaigns, and texts in bulk, stand; None: not there for this workspace."""

    async def minutes(self, workspace_id: int, campaign_id: int, since: datetime) -> Sequence[Minute] | None:
        """Those in which something happened, in their order."""

    async def reasons(self, workspace_id: int, campaign_id: int) -> Sequence[FailureReason] | None:
        """The most frequent first."""

    async def recipients(
        self, workspace_id: int, campaign_id: int, states: Sequence[str], after: int, limit: int, q: str = ""
    ) -> Sequence[CampaignRecipient] | None:
        """By their place, those after `after`; of these states, deliveries, or replied, opted_out, clicked only.

        `q`: words with which their names begin, or three digits or more with which
        their numbers begin or end.
        """

    async def export(
        self, workspace_id: int, campaign_id: int, states: Sequence[str], now: datetime, q: str = ""
    ) -> Export | None:
        """The same, all of them, as of one moment, however long somebody takes to read them."""

    async def tally(self, campaign_id: int) -> Tally | None:
        """What `domain.health.breach` judges, for the server itself: unchecked. Of all texts, or, where a person has
        resumed the campaign, of those that left since.
        """


class CampaignPublisher(Protocol):
    """Pushes to the sockets of this node. Never waits."""

    def campaign_watched(self, workspace_id: int, campaign_id: int) -> bool: ...
    def campaign_told(self, campaign: Campaign) -> None: ...
