"""Decides whether an MT may leave, and nothing else decides it: message class against what stands in the way.

Asked inside the transaction that authorises, with rows locked; the answer and its reason are stored. A row that is
missing blocks. The checks stand in this order, so that the reason shown is the gravest one and nothing waits that would
never go:

1. the fences: a node or a limiter that is no longer in force has no say over the row at all;
2. rows that are missing;
3. the walls of the simulation: no demo text to a real person, no real text into a simulator;
4. the recipient: an invalid number, the carrier's own block, a test that is not to one's own number;
5. consent: opted out, held for a decision, or changed since the text was written;
6. the end of its campaign, then of its validity;
7. what passes by itself or by a click: a pause, quiet hours, caps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from server.domain.delivery import State
from server.domain.phone import is_test_number


class MessageClass(StrEnum):
    """Why an MT exists, which decides what may stop it."""

    KEYWORD_ANSWER = "keyword_answer"
    PERSON = "person"  # a thread reply, New Message, a dialer's quick SMS: one member, one recipient
    SEND_LATER = "send_later"
    TEST = "test"
    BULK = "bulk"


class Lane(IntEnum):
    """The limiter's queues; a lower one goes first."""

    COMPLIANCE = 0
    PEOPLE = 1
    BULK = 2


LANES: Final[Mapping[MessageClass, Lane]] = {
    MessageClass.KEYWORD_ANSWER: Lane.COMPLIANCE,
    MessageClass.PERSON: Lane.PEOPLE,
    MessageClass.SEND_LATER: Lane.PEOPLE,
    MessageClass.TEST: Lane.PEOPLE,
    MessageClass.BULK: Lane.BULK,
}


class Reason(StrEnum):
    """Why an MT does not leave now; `REASONS` has the words for people."""

    NODE_FENCED = "node_fenced"
    LIMITER_CHANGED = "limiter_changed"
    ROW_MISSING = "row_missing"
    SIMULATION_ONLY = "simulation_only"
    SIMULATOR_REFUSED = "simulator_refused"
    NOT_A_TEST_NUMBER = "not_a_test_number"
    INVALID_NUMBER = "invalid_number"
    CARRIER_BLOCKED = "carrier_blocked"
    NOT_OWN_NUMBER = "not_own_number"
    OPTED_OUT = "opted_out"
    OPTED_OUT_MEANWHILE = "opted_out_meanwhile"
    CONSENT_CHANGED = "consent_changed"
    RECIPIENT_HELD = "recipient_held"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    EXPIRED = "expired"
    CAMPAIGN_PAUSED = "campaign_paused"
    QUIET_HOURS = "quiet_hours"
    CAP_REACHED = "cap_reached"


REASONS: Final[Mapping[Reason, str]] = {
    Reason.NODE_FENCED: "This server was replaced by another",
    Reason.LIMITER_CHANGED: "Another server took over the pace",
    Reason.ROW_MISSING: "What is needed to send it is no longer there",
    Reason.SIMULATION_ONLY: "A simulation sends through its simulator only",
    Reason.SIMULATOR_REFUSED: "A real workspace does not send through a simulator",
    Reason.NOT_A_TEST_NUMBER: "A simulation texts 555-0100 to 555-0199 only",
    Reason.INVALID_NUMBER: "This number cannot receive texts",
    Reason.CARRIER_BLOCKED: "Blocked by the carrier; only the contact's START lifts it",
    Reason.NOT_OWN_NUMBER: "Test texts go to your own verified number only",
    Reason.OPTED_OUT: "The contact has opted out",
    Reason.OPTED_OUT_MEANWHILE: "Opted out meanwhile",
    Reason.CONSENT_CHANGED: "The contact's consent changed meanwhile",
    Reason.RECIPIENT_HELD: "The contact may have opted out; decide in the thread",
    Reason.CAMPAIGN_CANCELLED: "The campaign was cancelled",
    Reason.EXPIRED: "Too late to send",
    Reason.CAMPAIGN_PAUSED: "The campaign is paused",
    Reason.QUIET_HOURS: "Quiet hours where the contact lives",
    Reason.CAP_REACHED: "The limit of texts is reached",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """The endpoint's row. `held`: ambiguous wording awaits a person. `own_verified`: it is the tester's own number."""

    address: str
    consent_epoch: int
    opted_out: bool = False
    held: bool = False
    carrier_blocked: bool = False
    invalid: bool = False
    own_verified: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The carrier account that it would leave through, in its workspace."""

    workspace_simulated: bool
    simulator: bool
    loopback: bool


@dataclass(frozen=True, slots=True)
class Campaign:
    """The campaign's row, for an MT that belongs to one."""

    paused: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class GateFacts:
    """All that the gate looks at, read after the locks were taken. None stands for a row that was not found.

    `consent_epoch` is the endpoint's when the MT was queued. `campaign` None is a missing row only where `in_campaign`.
    A closed window or a reached cap without a known end waits for a person.
    """

    message_class: MessageClass
    consent_epoch: int
    recipient: Recipient | None
    route: Route | None
    node_valid: bool
    limiter_epoch_current: bool
    acknowledged_opt_out: bool = False
    in_campaign: bool = False
    campaign: Campaign | None = None
    expired: bool = False
    hours_open: bool = True
    opens_at: datetime | None = None
    cap_reached: bool = False
    cap_resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may leave at once. `warning` is what its author should have been told."""

    warning: Reason | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Back to the queue, due at `until`; None: at once, for whoever may grant now. Nothing about the MT is decided."""

    until: datetime | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Held:
    """It waits for a person: "Send anyway", a campaign's Resume."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Blocked:
    """It never leaves."""

    reason: Reason

    @property
    def state(self) -> State:
        """The state in which the MT ends."""
        ends = {Reason.EXPIRED: State.EXPIRED, Reason.CAMPAIGN_CANCELLED: State.CANCELLED}
        return ends.get(self.reason, State.BLOCKED)


Decision = Allowed | Deferred | Held | Blocked


def decide(facts: GateFacts | None) -> Decision:
    """May it leave now? The first objection in the module's order, else Allowed."""
    if facts is None:
        return Blocked(Reason.ROW_MISSING)
    if not facts.node_valid:
        return Deferred(None, Reason.NODE_FENCED)
    if not facts.limiter_epoch_current:
        return Deferred(None, Reason.LIMITER_CHANGED)
    recipient, route = facts.recipient, facts.route
    if recipient is None or route is None or (facts.in_campaign and facts.campaign is None):
        return Blocked(Reason.ROW_MISSING)
    return (
        _wall(route, recipient)
        or _unreachable(facts.message_class, recipient)
        or _consent(facts, recipient)
        or _ended(facts)
        or _waiting(facts)
        or Allowed(_warning(facts))
    )


def _wall(route: Route, recipient: Recipient) -> Blocked | None:
    if not route.workspace_simulated:
        return Blocked(Reason.SIMULATOR_REFUSED) if route.simulator else None
    if not (route.simulator and route.loopback):
        return Blocked(Reason.SIMULATION_ONLY)
    return None if is_test_number(recipient.address) else Blocked(Reason.NOT_A_TEST_NUMBER)


def _unreachable(message_class: MessageClass, recipient: Recipient) -> Blocked | None:
    if recipient.invalid:
        return Blocked(Reason.INVALID_NUMBER)
    if recipient.carrier_blocked:
        # Answers too: the carrier refuses everything, and a START lifts this flag before its answer is queued.
        return Blocked(Reason.CARRIER_BLOCKED)
    if message_class is MessageClass.TEST and not recipient.own_verified:
        return Blocked(Reason.NOT_OWN_NUMBER)
    return None


def _consent(facts: GateFacts, recipient: Recipient) -> Held | Blocked | None:
    if facts.message_class is MessageClass.TEST:
        return None
    changed = recipient.consent_epoch != facts.consent_epoch
    if facts.message_class is MessageClass.KEYWORD_ANSWER:
        # "You are unsubscribed" is false once the contact has started again.
        return Blocked(Reason.CONSENT_CHANGED) if changed else None
    objection = _objection(recipient, changed=changed)
    if objection is None or facts.message_class is not MessageClass.PERSON:
        return Blocked(objection) if objection else None
    # The acknowledgement was given for the consent that stood when the text was written.
    return None if facts.acknowledged_opt_out and not changed else Held(objection)


def _objection(recipient: Recipient, *, changed: bool) -> Reason | None:
    if recipient.opted_out:
        return Reason.OPTED_OUT_MEANWHILE if changed else Reason.OPTED_OUT
    if changed:
        return Reason.CONSENT_CHANGED
    return Reason.RECIPIENT_HELD if recipient.held else None


def _ended(facts: GateFacts) -> Blocked | None:
    if facts.campaign is not None and facts.campaign.cancelled:
        return Blocked(Reason.CAMPAIGN_CANCELLED)
    return Blocked(Reason.EXPIRED) if facts.expired else None


def _waiting(facts: GateFacts) -> Deferred | Held | None:
    if facts.campaign is not None and facts.campaign.paused:
        return Held(Reason.CAMPAIGN_PAUSED)
    if not facts.hours_open and facts.message_class in (MessageClass.SEND_LATER, MessageClass.BULK):
        return _until(facts.opens_at, Reason.QUIET_HOURS)
    if facts.cap_reached and facts.message_class is MessageClass.BULK:
        return _until(facts.cap_resets_at, Reason.CAP_REACHED)
    return None


def _until(moment: datetime | None, reason: Reason) -> Deferred | Held:
    return Held(reason) if moment is None else Deferred(moment, reason)


def _warning(facts: GateFacts) -> Reason | None:
    asleep = facts.message_class is MessageClass.PERSON and not facts.hours_open
    return Reason.QUIET_HOURS if asleep else None
