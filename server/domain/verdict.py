"""The gate's answers and their reasons, with the words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from server.domain.delivery import State


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
    NO_CONSENT = "no_consent"
    REPLIED = "replied"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    EXPIRED = "expired"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_CHANGED = "campaign_changed"
    CAMPAIGN_ENDED = "ended"
    CONTACT_DELETED = "contact_deleted"
    QUIET_HOURS = "quiet_hours"
    SENDING_HOURS = "sending_hours"
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
    Reason.NO_CONSENT: "No opt-in of the contact is on record",
    Reason.REPLIED: "The contact has replied first",
    Reason.CAMPAIGN_CANCELLED: "The campaign was cancelled",
    Reason.EXPIRED: "Too late to send",
    Reason.CAMPAIGN_PAUSED: "The campaign is paused",
    Reason.CAMPAIGN_CHANGED: "Taken back when the campaign was stopped or changed",
    Reason.CAMPAIGN_ENDED: "The last day of the campaign was over",
    Reason.CONTACT_DELETED: "The contact was deleted",
    Reason.QUIET_HOURS: "Quiet hours where the contact lives",
    Reason.SENDING_HOURS: "Outside of your workspace's sending hours where the contact lives",
    Reason.CAP_REACHED: "The limit of texts is reached",
}


_ENDS: Final[Mapping[Reason, State]] = {
    Reason.EXPIRED: State.EXPIRED,
    Reason.CAMPAIGN_CANCELLED: State.CANCELLED,
    Reason.REPLIED: State.CANCELLED,
}


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
        return _ENDS.get(self.reason, State.BLOCKED)


Decision = Allowed | Deferred | Held | Blocked
