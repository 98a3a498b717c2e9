"""When a text leaves that a person writes, and which class of the gate that makes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.domain.compose import (
    LATEST,
    PATIENT_VALID_FOR,
    PERSON_VALID_FOR,
    SOONEST,
    Timing,
    TooLate,
    bulk_timing,
    timing,
)
from server.domain.gate import MessageClass

NOW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
EVENING = NOW + timedelta(hours=3)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({}, Timing(MessageClass.PERSON, None, NOW + PERSON_VALID_FOR), id="now"),
        pytest.param(
            {"undo_s": 10},
            Timing(MessageClass.PERSON, NOW + timedelta(seconds=10), NOW + timedelta(seconds=10) + PERSON_VALID_FOR),
            id="now, and it can be taken back",
        ),
        pytest.param(
            {"send_at": EVENING}, Timing(MessageClass.SEND_LATER, EVENING, EVENING + PATIENT_VALID_FOR), id="later"
        ),
        pytest.param(
            {"send_at": NOW - timedelta(days=1)},
            Timing(MessageClass.PERSON, None, NOW + PERSON_VALID_FOR),
            id="a time that has passed means now",
        ),
        pytest.param(
            {"send_at": NOW + SOONEST - timedelta(seconds=1)},
            Timing(MessageClass.PERSON, None, NOW + PERSON_VALID_FOR),
            id="in a few seconds is now",
        ),
        pytest.param(
            {"send_at": NOW + SOONEST},
            Timing(MessageClass.SEND_LATER, NOW + SOONEST, NOW + SOONEST + PATIENT_VALID_FOR),
            id="the soonest later",
        ),
    ],
)
def test_when_a_text_leaves(asked: dict[str, object], expected: Timing) -> None:
    assert timing(NOW, **asked) == expected  # type: ignore[arg-type]  # a table of cases


def test_more_than_a_year_ahead_is_a_slip_of_the_hand() -> None:
    assert timing(NOW, send_at=NOW + LATEST).klass is MessageClass.SEND_LATER
    with pytest.raises(TooLate):
        timing(NOW, send_at=NOW + LATEST + timedelta(seconds=1))


def test_several_recipients_are_bulk() -> None:
    assert bulk_timing(NOW) == Timing(MessageClass.BULK, None, NOW + PATIENT_VALID_FOR)
