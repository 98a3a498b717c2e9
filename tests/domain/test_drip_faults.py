"""What is wrong with a drip, in a sentence at its field."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.drip import Drip, opening
from server.domain.campaigns.drip_faults import DripFault, faults
from server.domain.quiet_rules import Span

NOW = datetime(2026, 3, 10, 16, tzinfo=UTC)  # a Tuesday noon in New York
DAY = timedelta(days=1)
FINE = Drip(100, 3600, frozenset(range(5)), Span(9 * 3600, 17 * 3600), "America/New_York", date(2026, 3, 20))


def test_one_without_faults() -> None:
    assert faults(FINE, NOW, NOW) == ()
    assert faults(replace(FINE, ends_on=None, span=Span(0, 86_400), days=frozenset(range(7))), NOW + DAY, NOW) == ()


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        pytest.param({"batch": 0}, "batch", "A batch must have 1 to 1,000,000 recipients.", id="a batch of nobody"),
        pytest.param({"batch": -1}, "batch", "A batch must have 1 to 1,000,000 recipients.", id="fewer than nobody"),
        pytest.param(
            {"interval_s": 59}, "interval", "Between two batches there must be one minute or more.", id="below a minute"
        ),
        pytest.param(
            {"interval_s": 31 * 86_400}, "interval", "Between two batches there can be at most 30 days.", id="too long"
        ),
        pytest.param({"days": frozenset()}, "days", "Choose at least one day of the week.", id="no day"),
        pytest.param(
            {"days": frozenset({7})},
            "days",
            "A day of the week is a number from 0 for Monday to 6 for Sunday.",
            id="a day that no week has",
        ),
        pytest.param(
            {"span": Span(32_400, 32_400)},
            "hours",
            "The hours end at the minute at which they begin: nothing could be sent.",
            id="equal ends",
        ),
        pytest.param(
            {"span": Span(79_200, 21_600)},
            "hours",
            "The hours must end on the day on which they begin; they cannot cross midnight.",
            id="over midnight",
        ),
        pytest.param(
            {"span": Span(0, 86_401)}, "hours", "The hours must lie between 0:00 and 24:00.", id="after 24:00"
        ),
        pytest.param({"zone": "EST5"}, "zone", "Choose a time zone, such as America/New_York.", id="an unknown zone"),
        pytest.param({"ends_on": date(2026, 3, 9)}, "ends_on", "The end date lies in the past.", id="a past end"),
    ],
)
def test_one_fault_is_one_sentence(change: dict[str, Any], field: str, sentence: str) -> None:
    assert [(fault.field, fault.sentence) for fault in faults(replace(FINE, **change), NOW, NOW)] == [(field, sentence)]


def test_a_start_in_the_past() -> None:
    assert faults(FINE, NOW - timedelta(seconds=1), NOW) == (DripFault("begins", "The start lies in the past."),)


def test_an_end_before_the_start() -> None:
    assert faults(FINE, NOW + 11 * DAY, NOW) == (DripFault("ends_on", "The end date lies before the start."),)


def test_an_end_today_is_an_end_where_the_drip_is_and_not_in_greenwich() -> None:
    evening = datetime(2026, 3, 21, 3, tzinfo=UTC)  # still the 20th in New York
    (fault,) = faults(FINE, evening, evening)
    assert fault.sentence == "Between the start and the end date there is no hour at which it may send."


def test_a_weekend_alone_has_no_hour_for_a_drip_on_workdays() -> None:
    one = replace(FINE, ends_on=date(2026, 3, 15))
    saturday = NOW + 4 * DAY
    assert [fault.field for fault in faults(one, saturday, NOW)] == ["ends_on"]


def test_every_fault_is_told_at_once() -> None:
    one = Drip(0, 0, frozenset(), Span(5, 5), "Mars", date(2020, 1, 1))
    fields = [fault.field for fault in faults(one, NOW - DAY, NOW)]
    assert fields == ["batch", "interval", "days", "hours", "zone", "begins"]


@settings(deadline=None)
@given(
    st.builds(
        Drip, st.integers(-1, 3), st.integers(0, 10**7), st.frozensets(st.integers(-1, 7)),
        st.builds(Span, st.integers(-1, 90_000), st.integers(-1, 90_000)),
        st.sampled_from(["UTC", "America/New_York", "nowhere"]), st.one_of(st.none(), st.dates()),
    ),
    st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip
def test_one_without_faults_opens(one: Drip, begins: datetime) -> None:
    found = faults(one, begins, NOW)
    assert found or opening(one, begins) is not None
    assert all(fault.sentence.endswith(".") for fault in found)
