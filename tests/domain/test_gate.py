"""Every cell of the gate's matrix, and the order of its objections."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.delivery import State
from server.domain.gate import LANES, Campaign, GateFacts, Lane, MessageClass, Recipient, Route, decide
from server.domain.verdict import REASONS, Allowed, Blocked, Decision, Deferred, Held, Reason

ANSWER, PERSON, LATER, TEST, BULK = MessageClass
OPENS = datetime(2026, 3, 11, 13, 0, tzinfo=UTC)
CONTACT = Recipient("+12025550123", consent_epoch=3)
OUTSIDER = Recipient("+12023334455", consent_epoch=3)
REAL = Route(workspace_simulated=False, simulator=False, loopback=False)
SIMULATED = Route(workspace_simulated=True, simulator=True, loopback=True)


def facts(message_class: MessageClass, recipient: Recipient | None = CONTACT, **other: Any) -> GateFacts:
    """An MT that nothing stands in the way of, except for what the case says."""
    if recipient is not None and message_class is TEST:
        recipient = replace(recipient, own_verified=True)
    plain = GateFacts(message_class, 3, recipient, REAL, node_valid=True, limiter_epoch_current=True)
    return replace(plain, **other)


def contact(**what: Any) -> Recipient:
    return replace(CONTACT, **what)


def cells(answer: Decision, person: Decision, later: Decision, test: Decision, bulk: Decision) -> Any:
    """One row of the matrix as five labelled cases."""
    decisions = (answer, person, later, test, bulk)
    return tuple(zip(MessageClass, decisions, strict=True))


PASSES = Allowed()
MATRIX: dict[str, tuple[dict[str, Any], Any]] = {
    "nothing in the way": ({}, cells(PASSES, PASSES, PASSES, PASSES, PASSES)),
    "opted out before it was written": (
        {"recipient": contact(opted_out=True)},
        cells(PASSES, Held(Reason.OPTED_OUT), Blocked(Reason.OPTED_OUT), PASSES, Blocked(Reason.OPTED_OUT)),
    ),
    "opted out before it was written, acknowledged": (
        {"recipient": contact(opted_out=True), "acknowledged_opt_out": True},
        cells(PASSES, PASSES, Blocked(Reason.OPTED_OUT), PASSES, Blocked(Reason.OPTED_OUT)),
    ),
    "opted out after it was queued": (
        {"recipient": contact(opted_out=True, consent_epoch=4)},
        cells(
            Blocked(Reason.CONSENT_CHANGED),
            Held(Reason.OPTED_OUT_MEANWHILE),
            Blocked(Reason.OPTED_OUT_MEANWHILE),
            PASSES,
            Blocked(Reason.OPTED_OUT_MEANWHILE),
        ),
    ),
    "opted out after it was queued, an older opt-out acknowledged": (
        {"recipient": contact(opted_out=True, consent_epoch=5), "acknowledged_opt_out": True},
        cells(
            Blocked(Reason.CONSENT_CHANGED),
            Held(Reason.OPTED_OUT_MEANWHILE),
            Blocked(Reason.OPTED_OUT_MEANWHILE),
            PASSES,
            Blocked(Reason.OPTED_OUT_MEANWHILE),
        ),
    ),
    "opted out and in again after it was queued": (
        {"recipient": contact(consent_epoch=5)},
        cells(
            Blocked(Reason.CONSENT_CHANGED),
            Held(Reason.CONSENT_CHANGED),
            Blocked(Reason.CONSENT_CHANGED),
            PASSES,
            Blocked(Reason.CONSENT_CHANGED),
        ),
    ),
    "held for a decision": (
        {"recipient": contact(held=True)},
        cells(
            PASSES,
            Held(Reason.RECIPIENT_HELD),
            Blocked(Reason.RECIPIENT_HELD),
            PASSES,
            Blocked(Reason.RECIPIENT_HELD),
        ),
    ),
    "held for a decision, acknowledged": (
        {"recipient": contact(held=True), "acknowledged_opt_out": True},
        cells(PASSES, PASSES, Blocked(Reason.RECIPIENT_HELD), PASSES, Blocked(Reason.RECIPIENT_HELD)),
    ),
    "no opt-in on record where one is required": (
        {"opt_in_required": True},
        cells(PASSES, PASSES, PASSES, PASSES, Blocked(Reason.NO_CONSENT)),
    ),
    "an opt-in on record where one is required": (
        {"opt_in_required": True, "recipient": contact(consented=True)},
        cells(PASSES, PASSES, PASSES, PASSES, PASSES),
    ),
    "no opt-in on record, and none is required": (
        {"recipient": contact(consented=False)},
        cells(PASSES, PASSES, PASSES, PASSES, PASSES),
    ),
    "opted out, an opt-in on record and required": (
        {"opt_in_required": True, "recipient": contact(opted_out=True, consented=True)},
        cells(PASSES, Held(Reason.OPTED_OUT), Blocked(Reason.OPTED_OUT), PASSES, Blocked(Reason.OPTED_OUT)),
    ),
    "quiet hours": (
        {"hours_open": False, "opens_at": OPENS},
        cells(
            PASSES,
            Allowed(warning=Reason.QUIET_HOURS),
            Deferred(OPENS, Reason.QUIET_HOURS),
            PASSES,
            Deferred(OPENS, Reason.QUIET_HOURS),
        ),
    ),
    "quiet hours without a known opening": (
        {"hours_open": False},
        cells(
            PASSES,
            Allowed(warning=Reason.QUIET_HOURS),
            Held(Reason.QUIET_HOURS),
            PASSES,
            Held(Reason.QUIET_HOURS),
        ),
    ),
    "cap reached": (
        {"cap_reached": True, "cap_resets_at": OPENS},
        cells(PASSES, PASSES, PASSES, PASSES, Deferred(OPENS, Reason.CAP_REACHED)),
    ),
    "cap reached without a known reset": (
        {"cap_reached": True},
        cells(PASSES, PASSES, PASSES, PASSES, Held(Reason.CAP_REACHED)),
    ),
    "campaign paused": (
        {"in_campaign": True, "campaign": Campaign(paused=True)},
        cells(PASSES, PASSES, PASSES, PASSES, Held(Reason.CAMPAIGN_PAUSED)),
    ),
    "campaign cancelled": (
        {"in_campaign": True, "campaign": Campaign(cancelled=True)},
        cells(PASSES, PASSES, PASSES, PASSES, Blocked(Reason.CAMPAIGN_CANCELLED)),
    ),
    "campaign running": (
        {"in_campaign": True, "campaign": Campaign()},
        cells(PASSES, PASSES, PASSES, PASSES, PASSES),
    ),
    "simulated workspace through its simulator": (
        {"route": SIMULATED},
        cells(PASSES, PASSES, PASSES, PASSES, PASSES),
    ),
}

FOR_EVERY_CLASS: dict[str, tuple[dict[str, Any], Decision]] = {
    "fenced node": ({"node_valid": False}, Deferred(None, Reason.NODE_FENCED)),
    "other limiter": ({"limiter_epoch_current": False}, Deferred(None, Reason.LIMITER_CHANGED)),
    "endpoint missing": ({"recipient": None}, Blocked(Reason.ROW_MISSING)),
    "account missing": ({"route": None}, Blocked(Reason.ROW_MISSING)),
    "campaign missing": ({"in_campaign": True, "campaign": None}, Blocked(Reason.ROW_MISSING)),
    "real workspace, simulator": ({"route": replace(REAL, simulator=True)}, Blocked(Reason.SIMULATOR_REFUSED)),
    "real workspace, simulator on loopback": (
        {"route": replace(SIMULATED, workspace_simulated=False)},
        Blocked(Reason.SIMULATOR_REFUSED),
    ),
    "simulation, real carrier": ({"route": replace(REAL, workspace_simulated=True)}, Blocked(Reason.SIMULATION_ONLY)),
    "simulation, real carrier on loopback": (
        {"route": replace(SIMULATED, simulator=False)},
        Blocked(Reason.SIMULATION_ONLY),
    ),
    "simulation, simulator elsewhere": ({"route": replace(SIMULATED, loopback=False)}, Blocked(Reason.SIMULATION_ONLY)),
    "simulation, a real person's number": (
        {"route": SIMULATED, "recipient": OUTSIDER},
        Blocked(Reason.NOT_A_TEST_NUMBER),
    ),
    "invalid number": ({"recipient": contact(invalid=True)}, Blocked(Reason.INVALID_NUMBER)),
    "carrier's block": ({"recipient": contact(carrier_blocked=True)}, Blocked(Reason.CARRIER_BLOCKED)),
    "carrier's block, acknowledged": (
        {"recipient": contact(carrier_blocked=True, opted_out=True), "acknowledged_opt_out": True},
        Blocked(Reason.CARRIER_BLOCKED),
    ),
    "the contact has replied, which cancels it": ({"replied": True}, Blocked(Reason.REPLIED)),
    "validity passed": ({"expired": True}, Blocked(Reason.EXPIRED)),
}


@pytest.mark.parametrize(
    ("message_class", "what", "expected"),
    [
        pytest.param(message_class, what, decision, id=f"{message_class}: {label}")
        for label, (what, row) in MATRIX.items()
        for message_class, decision in row
    ],
)
def test_the_matrix(message_class: MessageClass, what: dict[str, Any], expected: Decision) -> None:
    assert decide(facts(message_class, **what)) == expected


@pytest.mark.parametrize(
    ("message_class", "what", "expected"),
    [
        pytest.param(message_class, what, expected, id=f"{message_class}: {label}")
        for (label, (what, expected)), message_class in product(FOR_EVERY_CLASS.items(), MessageClass)
    ],
)
def test_what_stops_every_class(message_class: MessageClass, what: dict[str, Any], expected: Decision) -> None:
    assert decide(facts(message_class, **what)) == expected


def test_no_facts_at_all_block() -> None:
    assert decide(None) == Blocked(Reason.ROW_MISSING)


def test_a_test_text_goes_to_the_members_own_number_only() -> None:
    stranger = GateFacts(TEST, 3, CONTACT, REAL, node_valid=True, limiter_epoch_current=True)
    assert decide(stranger) == Blocked(Reason.NOT_OWN_NUMBER)


GRAVITY: list[tuple[Reason, dict[str, Any]]] = [
    (Reason.NODE_FENCED, {"node_valid": False}),
    (Reason.LIMITER_CHANGED, {"limiter_epoch_current": False}),
    (Reason.SIMULATION_ONLY, {"route": replace(REAL, workspace_simulated=True)}),
    (Reason.INVALID_NUMBER, {"recipient": {"invalid": True}}),
    (Reason.CARRIER_BLOCKED, {"recipient": {"carrier_blocked": True}}),
    (Reason.OPTED_OUT, {"recipient": {"opted_out": True}}),
    (Reason.RECIPIENT_HELD, {"recipient": {"held": True}}),
    (Reason.NO_CONSENT, {"opt_in_required": True}),
    (Reason.REPLIED, {"replied": True}),
    (Reason.CAMPAIGN_CANCELLED, {"campaign": {"cancelled": True}}),
    (Reason.EXPIRED, {"expired": True}),
    (Reason.CAMPAIGN_PAUSED, {"campaign": {"paused": True}}),
    (Reason.QUIET_HOURS, {"hours_open": False, "opens_at": OPENS}),
    (Reason.CAP_REACHED, {"cap_reached": True, "cap_resets_at": OPENS}),
]


@given(st.sets(st.integers(0, len(GRAVITY) - 1), min_size=1))
def test_of_several_objections_the_gravest_is_given(chosen: set[int]) -> None:
    plain: dict[str, Any] = {"in_campaign": True}
    recipient: dict[str, Any] = {}
    campaign: dict[str, Any] = {}
    for index in chosen:
        what = dict(GRAVITY[index][1])
        recipient |= what.pop("recipient", {})
        campaign |= what.pop("campaign", {})
        plain |= what
    decision = decide(facts(BULK, contact(**recipient), campaign=Campaign(**campaign), **plain))
    assert not isinstance(decision, Allowed)
    assert decision.reason is GRAVITY[min(chosen)][0]


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.OPTED_OUT, State.BLOCKED),
        (Reason.EXPIRED, State.EXPIRED),
        (Reason.CAMPAIGN_CANCELLED, State.CANCELLED),
        (Reason.REPLIED, State.CANCELLED),
        (Reason.CARRIER_BLOCKED, State.BLOCKED),
    ],
)
def test_a_blocked_text_ends_in_the_state_of_its_reason(reason: Reason, state: State) -> None:
    assert Blocked(reason).state is state


def test_every_reason_has_words_and_every_class_a_lane() -> None:
    assert set(REASONS) == set(Reason)
    assert set(LANES) == set(MessageClass)
    assert [LANES[c] for c in (ANSWER, PERSON, BULK)] == sorted(Lane)
