"""What becomes of a campaign whose hour passed while no server was running."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.missed import (
    MAX_GRACE,
    Ask,
    Begin,
    Expire,
    IfMissed,
    MissedRule,
    NotYet,
    fault,
    lasted,
    start,
)

DUE = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ASK, EXPIRE = MissedRule(IfMissed.ASK, 15 * MINUTE), MissedRule(IfMissed.EXPIRE, 15 * MINUTE)
TOLD = (
    "This campaign was to begin on Sat, Nov 21 at 10:00 AM EST, but the server was not running then;"
    " it came back 2 hours 5 minutes later."
)


@pytest.mark.parametrize(
    ("late", "rule", "expected"),
    [
        pytest.param(-MINUTE, ASK, NotYet(DUE), id="not due yet"),
        pytest.param(timedelta(), ASK, Begin(), id="on time"),
        pytest.param(15 * MINUTE, ASK, Begin(), id="late by the whole grace"),
        pytest.param(15 * MINUTE, EXPIRE, Begin(), id="late by the whole grace, expiring"),
        pytest.param(timedelta(), MissedRule(IfMissed.ASK, timedelta()), Begin(), id="on time without any grace"),
        pytest.param(125 * MINUTE, ASK, Ask(f"{TOLD} Resume it to send now, or cancel it."), id="asks"),
        pytest.param(125 * MINUTE, EXPIRE, Expire(f"{TOLD} Nothing was sent."), id="expires"),
    ],
)
def test_start(late: timedelta, rule: MissedRule, expected: object) -> None:
    assert start(DUE, DUE + late, "America/New_York", rule) == expected


@settings(deadline=None)
@given(st.timedeltas(timedelta(), timedelta(days=400)), st.timedeltas(timedelta(), timedelta(days=30)))
def test_nothing_begins_hours_late_by_itself_whatever_the_setting(late: timedelta, grace: timedelta) -> None:
    for choice in IfMissed:
        if isinstance(start(DUE, DUE + late, "UTC", MissedRule(choice, grace)), Begin):
            assert late <= MAX_GRACE


@pytest.mark.parametrize(
    ("grace", "fine"),
    [
        pytest.param(timedelta(), True, id="none"),
        pytest.param(MAX_GRACE, True, id="an hour"),
        pytest.param(MAX_GRACE + MINUTE, False, id="more than an hour"),
        pytest.param(-MINUTE, False, id="early"),
    ],
)
def test_how_much_grace_a_workspace_may_give(grace: timedelta, fine: bool) -> None:
    told = fault(MissedRule(IfMissed.ASK, grace))
    assert told == (None if fine else "A campaign may begin 0 to 60 minutes late by itself.")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        pytest.param(timedelta(), "0 seconds", id="nothing"),
        pytest.param(timedelta(seconds=61), "1 minute", id="seconds do not count beside minutes"),
        pytest.param(timedelta(hours=3), "3 hours", id="a round figure"),
        pytest.param(timedelta(days=1, hours=2, minutes=59), "1 day 2 hours", id="two units"),
        pytest.param(timedelta(days=2, minutes=59), "2 days", id="no hours between"),
    ],
)
def test_lasted(span: timedelta, words: str) -> None:
    assert lasted(span) == words
