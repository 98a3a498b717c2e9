"""Decides whether an MT may leave, and nothing else decides it: message class against what stands in the way.

Asked inside the transaction that authorises, with rows locked; the answer and its reason are stored. A row that is
missing blocks. The checks stand in this order, so that the reason shown is the gravest one and nothing waits that would
never go:

1. the fences: a node or a limiter that is no longer in force has no say over the row at all;
2. rows that are missing;
3. the walls of the simulation: no demo text to a real person, no real text into a simulator;
4. the recipient: an invalid number, the carrier's own block, a test that is not to one's own number;
5. consent: opted out, held for a decision, changed since the text was written, or none on record where bulk needs one;
6. a reply, where it cancels the text; the end of its campaign, then of its validity;
7. what passes by itself or by a click: a pause, quiet hours, caps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from server.domain.phone import is_test_number
from server.domain.verdict import Allowed, Blocked, Decision, Deferred, Held, Reason


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


BULK_LEAVES_WITHIN_S: Final = 0.250
"""From asking the gate to the first byte, or it does not leave: by so much a text in bulk may pass a STOP."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """The endpoint's row. `held`: ambiguous wording awaits a person. `own_verified`: it is the tester's own number.

    `consented`: an opt-in is on record and was not taken back since.
    """

    address: str
    consent_epoch: int
    opted_out: bool = False
    held: bool = False
    carrier_blocked: bool = False
    invalid: bool = False
    consented: bool = False
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
    `replied`: the contact has written since, and its author wanted it cancelled then.
    A closed window or a reached cap without a known end waits for a person. `opt_in_required`: the workspace writes in
    bulk only to those who have consented. `own_hours`: the law would let it go, the workspace's own hours do not.
    """

    message_class: MessageClass
    consent_epoch: int
    recipient: Recipient | None
    route: Route | None
    node_valid: bool
    limiter_epoch_current: bool
    acknowledged_opt_out: bool = False
    opt_in_required: bool = False
    in_campaign: bool = False
    campaign: Campaign | None = None
    replied: bool = False
    expired: bool = False
    hours_open: bool = True
    own_hours: bool = False
    opens_at: datetime | None = None
    cap_reached: bool = False
    cap_resets_at: datetime | None = None


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
    if objection is None:
        unasked = facts.message_class is MessageClass.BULK and facts.opt_in_required and not recipient.consented
        return Blocked(Reason.NO_CONSENT) if unasked else None
    if facts.message_class is not MessageClass.PERSON:
        return Blocked(objection)
    # The acknowledgement was given for the consent that stood when the text was written.
    return None if facts.acknowledged_opt_out and not changed else Held(objection)


def _objection(recipient: Recipient, *, changed: bool) -> Reason | None:
    if recipient.opted_out:
        return Reason.OPTED_OUT_MEANWHILE if changed else Reason.OPTED_OUT
    if changed:
        return Reason.CONSENT_CHANGED
    return Reason.RECIPIENT_HELD if recipient.held else None


def _ended(facts: GateFacts) -> Blocked | None:
    if facts.replied:
        return Blocked(Reason.REPLIED)
    campaign = _campaign(facts)
    if campaign is not None and campaign.cancelled:
        return Blocked(Reason.CAMPAIGN_CANCELLED)
    return Blocked(Reason.EXPIRED) if facts.expired else None


def _waiting(facts: GateFacts) -> Deferred | Held | None:
    campaign = _campaign(facts)
    if campaign is not None and campaign.paused:
        return Held(Reason.CAMPAIGN_PAUSED)
    if not facts.hours_open and facts.message_class in (MessageClass.SEND_LATER, MessageClass.BULK):
        return _until(facts.opens_at, Reason.SENDING_HOURS if facts.own_hours else Reason.QUIET_HOURS)
    if facts.cap_reached and facts.message_class is MessageClass.BULK:
        return _until(facts.cap_resets_at, Reason.CAP_REACHED)
    return None


def _campaign(facts: GateFacts) -> Campaign | None:
    """The campaign that can stop this MT: a pause stops bulk, never what a person writes to one of its recipients."""
    return facts.campaign if facts.message_class is MessageClass.BULK else None


def _until(moment: datetime | None, reason: Reason) -> Deferred | Held:
    return Held(reason) if moment is None else Deferred(moment, reason)


def _warning(facts: GateFacts) -> Reason | None:
    asleep = facts.message_class is MessageClass.PERSON and not facts.hours_open
    return Reason.QUIET_HOURS if asleep else None
