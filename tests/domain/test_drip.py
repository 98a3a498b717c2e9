"""When the batches of a drip begin: labelled cases, and walks that know nothing of windows."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.campaigns.drip import HORIZON, Batch, Drip, Forecast, forecast, next_batch, opening, timeline
from server.domain.quiet_rules import Span

EASTERN = ZoneInfo("America/New_York")
WORKDAYS, DAILY, SUNDAY = frozenset(range(5)), frozenset(range(7)), frozenset({6})
HOUR_S = 3600
NINE_TO_FIVE, ALL_DAY = Span(9 * HOUR_S, 17 * HOUR_S), Span(0, 24 * HOUR_S)
GAP = Span(2 * HOUR_S, 3 * HOUR_S)  # on March 8 no clock in New York shows it


def drip(
    days: frozenset[int] = DAILY,
    span: Span = NINE_TO_FIVE,
    ends_on: str | None = None,
    batch: int = 100,
    hours: int = 1,
) -> Drip:
    last = None if ends_on is None else date.fromisoformat(ends_on)
    return Drip(batch, hours * HOUR_S, days, span, "America/New_York", last)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=EASTERN).astimezone(UTC)


@pytest.mark.parametrize(
    ("one", "at", "opens"),
    [
        pytest.param(drip(), "2026-03-10 12:00", "2026-03-10 12:00", id="within the hours: at once"),
        pytest.param(drip(), "2026-03-10 08:59", "2026-03-10 09:00", id="before them"),
        pytest.param(drip(), "2026-03-10 17:00", "2026-03-11 09:00", id="they end before their end"),
        pytest.param(drip(WORKDAYS), "2026-03-13 17:00", "2026-03-16 09:00", id="over a weekend and a lost hour ahead"),
        pytest.param(drip(), "2026-03-07 23:00", "2026-03-08 09:00", id="over the night of 23 hours"),
        pytest.param(drip(), "2026-10-31 23:00", "2026-11-01 09:00", id="over the night of 25 hours"),
        pytest.param(drip(span=GAP), "2026-03-08 01:00", "2026-03-09 02:00", id="the hours are lost that night"),
        pytest.param(drip(SUNDAY, GAP), "2026-03-01 03:00", "2026-03-15 02:00", id="lost on its only day of the week"),
        pytest.param(drip(ends_on="2026-03-10"), "2026-03-10 16:59", "2026-03-10 16:59", id="on the end date"),
        pytest.param(drip(ends_on="2026-03-10"), "2026-03-10 17:00", None, id="after the end date's hours"),
        pytest.param(drip(ends_on="2026-03-09"), "2026-03-10 12:00", None, id="after the end date"),
        pytest.param(drip(frozenset()), "2026-03-10 12:00", None, id="no day at all"),
        pytest.param(drip(span=Span(9, 9)), "2026-03-10 12:00", None, id="no hours at all"),
    ],
)
def test_opening(one: Drip, at: str, opens: str | None) -> None:
    assert opening(one, local(at)) == (None if opens is None else local(opens))


def test_hours_that_come_twice_open_twice() -> None:
    one = drip(span=Span(HOUR_S, 2 * HOUR_S))
    assert opening(one, local("2026-11-01 00:00")) == datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert opening(one, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        pytest.param(None, "2026-03-10 12:00", "2026-03-10 12:00", id="the first batch"),
        pytest.param("2026-03-10 12:00", "2026-03-10 12:20", "2026-03-10 13:00", id="an interval after the last one"),
        pytest.param("2026-03-10 12:00", "2026-03-10 13:00", "2026-03-10 13:00", id="exactly then"),
        pytest.param("2026-03-10 12:00", "2026-03-10 16:10", "2026-03-10 16:10", id="after hours of a pause: at once"),
        pytest.param("2026-03-10 16:10", "2026-03-10 16:10", "2026-03-11 09:00", id="and one alone"),
        pytest.param(
            "2026-03-10 16:30", "2026-03-10 16:31", "2026-03-11 09:00", id="the interval ends after the hours"
        ),
        pytest.param("2026-03-10 14:00", "2026-03-10 12:00", "2026-03-10 15:00", id="a clock was set back"),
    ],
)
def test_next_batch(last: str | None, now: str, expected: str) -> None:
    assert next_batch(drip(), None if last is None else local(last), local(now)) == local(expected)


def planned(one: Drip, begins: str, recipients: int, per_s: float | None = None) -> list[tuple[str, int]]:
    batches = timeline(one, local(begins), recipients, per_s)
    return [(batch.at.astimezone(EASTERN).strftime("%m-%d %H:%M"), batch.count) for batch in batches]


@pytest.mark.parametrize(
    ("one", "begins", "recipients", "per_s", "expected"),
    [
        pytest.param(drip(), "2026-03-10 09:00", 0, None, [], id="nobody"),
        pytest.param(drip(), "2026-03-10 12:00", 100, None, [("03-10 12:00", 100)], id="one whole batch"),
        pytest.param(
            drip(), "2026-03-10 12:00", 101, None, [("03-10 12:00", 100), ("03-10 13:00", 1)], id="and one left"
        ),
        pytest.param(
            drip(),
            "2026-03-10 15:30",
            300,
            None,
            [("03-10 15:30", 100), ("03-10 16:30", 100), ("03-11 09:00", 100)],
            id="goes on the next morning",
        ),
        pytest.param(
            drip(SUNDAY, hours=6),
            "2026-03-02 00:00",
            300,
            None,
            [("03-08 09:00", 100), ("03-08 15:00", 100), ("03-15 09:00", 100)],
            id="weekly",
        ),
        pytest.param(
            drip(span=ALL_DAY, hours=12),
            "2026-03-07 18:00",
            300,
            None,
            [("03-07 18:00", 100), ("03-08 07:00", 100), ("03-08 19:00", 100)],
            id="twelve hours are twelve hours in the night of 23",
        ),
        pytest.param(
            drip(ends_on="2026-03-10"),
            "2026-03-10 16:00",
            300,
            None,
            [("03-10 16:00", 100)],
            id="what falls behind the end date is not planned",
        ),
        pytest.param(
            drip(),
            "2026-03-10 09:00",
            300,
            100 / (2 * HOUR_S),
            [("03-10 09:00", 100), ("03-10 11:00", 100), ("03-10 13:00", 100)],
            id="a slow rate delays the next batch",
        ),
        pytest.param(
            drip(),
            "2026-03-10 16:00",
            300,
            1 / 60,
            [("03-10 16:00", 60), ("03-11 09:00", 100), ("03-11 10:40", 100), ("03-11 12:20", 40)],
            id="what does not leave within the hours comes with the next batches",
        ),
        pytest.param(drip(), "2026-03-10 09:00", 300, 0.0, [], id="rate zero is a pause"),
        pytest.param(drip(), "2026-03-10 09:00", 300, float("nan"), [], id="a rate that is no number"),
        pytest.param(drip(batch=0), "2026-03-10 09:00", 300, None, [], id="a batch of nobody"),
    ],
)
def test_timeline(
    one: Drip, begins: str, recipients: int, per_s: float | None, expected: list[tuple[str, int]]
) -> None:
    assert planned(one, begins, recipients, per_s) == expected


@pytest.mark.parametrize(
    ("one", "recipients", "per_s", "expected"),
    [
        pytest.param(
            drip(),
            250,
            1.0,
            Forecast(3, 250, 0, local("2026-03-10 09:00"), local("2026-03-10 11:00:49")),
            id="done when the last one has left",
        ),
        pytest.param(
            drip(ends_on="2026-03-10"),
            1000,
            None,
            Forecast(8, 800, 200, local("2026-03-10 09:00"), None),
            id="left over at the end date",
        ),
        pytest.param(
            drip(batch=1, days=SUNDAY, hours=8),
            1_000_000,
            None,
            Forecast(261, 261, 999_739, local("2026-03-15 09:00"), None, beyond_horizon=True),
            id="one a week to a million people",
        ),
        pytest.param(drip(), 100, 0.0, Forecast(0, 0, 100, None, None), id="paused"),
        pytest.param(
            drip(ends_on="2026-03-09"), 100, None, Forecast(0, 0, 100, None, None), id="over before it begins"
        ),
    ],
)
def test_forecast(one: Drip, recipients: int, per_s: float | None, expected: Forecast) -> None:
    assert forecast(one, local("2026-03-10 09:00"), recipients, per_s) == expected


def test_a_drip_without_hours_ends_at_its_end_dates_midnight() -> None:
    one = drip(span=ALL_DAY, ends_on="2026-04-30", hours=24)
    plan = list(timeline(one, local("2026-03-10 12:00"), 1_000_000))
    assert (len(plan), plan[-1].at) == (52, local("2026-04-30 12:00"))
    assert sum(batch.count for batch in timeline(one, local("2026-04-30 23:59"), 100, 0.1)) == 6


def test_a_million_recipients_are_planned_lazily() -> None:
    plan = timeline(drip(batch=1), local("2026-03-10 09:00"), 1_000_000)
    assert next(plan) == Batch(local("2026-03-10 09:00"), 1)


# Walks

ZONES = st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Phoenix", "Asia/Kolkata"])
SPANS = st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda s: s[0] < s[1])
STARTS = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in [(3, 6), (3, 28), (4, 3), (10, 2), (10, 24), (10, 30)]
]
BEGINS = st.builds(
    lambda day, seconds: day + timedelta(seconds=seconds), st.sampled_from(STARTS), st.integers(0, 4 * 86_400)
)
DRIPS = st.builds(
    lambda batch, minutes, days, span, zone, ends: Drip(
        batch, minutes * 60, days, Span(span[0] * 900, span[1] * 900), zone, ends
    ),
    st.integers(1, 9),
    st.sampled_from([1, 7, 60, 600, 5000]),
    st.frozensets(st.integers(0, 6), min_size=1),
    SPANS,
    ZONES,
    st.one_of(st.none(), st.dates(date(2026, 3, 1), date(2026, 11, 30))),
)
RATES = st.one_of(st.none(), st.floats(1e-4, 50))


def is_open(one: Drip, at: datetime) -> bool:
    there = at.astimezone(ZoneInfo(one.zone))
    second = there.hour * 3600 + there.minute * 60 + there.second
    within = one.span.opens_s <= second < one.span.closes_s
    return there.weekday() in one.days and within and (one.ends_on is None or there.date() <= one.ends_on)


@settings(max_examples=60, deadline=None)
@given(DRIPS, st.sampled_from(STARTS), st.integers(0, 60 * 24 * 4))
def test_it_opens_at_the_first_minute_at_which_a_walk_finds_it_open(one: Drip, day: datetime, minutes: int) -> None:
    at = day + timedelta(minutes=minutes)
    walked = next((at + timedelta(minutes=n) for n in range(3 * 1440) if is_open(one, at + timedelta(minutes=n))), None)
    opens = opening(one, at)
    if walked is None:
        assert opens is None or opens >= at + timedelta(days=3)
    else:
        assert opens == walked


@settings(max_examples=150, deadline=None)
@given(DRIPS, BEGINS, st.integers(0, 300), RATES)
def test_a_plan_counts_everybody_once_within_the_hours_and_never_faster_than_the_interval(
    one: Drip, begins: datetime, recipients: int, per_s: float | None
) -> None:
    plan, sum_ = list(timeline(one, begins, recipients, per_s)), forecast(one, begins, recipients, per_s)
    assert sum(batch.count for batch in plan) + sum_.left_over == recipients
    assert (len(plan), sum(batch.count for batch in plan)) == (sum_.batches, sum_.recipients)
    assert sum_.first_at == (plan[0].at if plan else None)
    assert all(1 <= batch.count <= one.batch and is_open(one, batch.at) for batch in plan)
    for before, behind in itertools.pairwise(plan):
        assert behind.at - before.at >= timedelta(seconds=one.interval_s)
    if sum_.left_over and one.ends_on is None:
        assert sum_.beyond_horizon
    if per_s is not None:
        leaving = [batch.at + timedelta(seconds=(batch.count - 1) / per_s) for batch in plan]
        slack = timedelta(microseconds=2)
        assert all(
            is_open(one, last - slack) or last - slack < batch.at for last, batch in zip(leaving, plan, strict=True)
        )
        assert all(batch.at >= last for last, batch in zip(leaving, plan[1:], strict=False))
    if sum_.done_at is not None:
        assert plan[-1].at <= sum_.done_at
        assert per_s is not None or plan[-1].at == sum_.done_at


@settings(max_examples=100, deadline=None)
@given(DRIPS, BEGINS, st.integers(1, 60))
def test_without_a_rate_the_plan_is_what_the_engine_does_batch_by_batch(
    one: Drip, begins: datetime, recipients: int
) -> None:
    plan = timeline(one, begins, recipients)
    at, left = next_batch(one, None, begins), recipients
    while left and at is not None and at - begins < HORIZON:
        assert next(plan) == Batch(at, min(one.batch, left))
        left -= min(one.batch, left)
        at = next_batch(one, at, at)
    assert next(plan, None) is None


@settings(max_examples=100, deadline=None)
@given(DRIPS, BEGINS, st.lists(st.integers(-600, 90_000), max_size=40))
def test_no_two_batches_lie_within_an_interval_whatever_crashes_pauses_and_clocks_do(
    one: Drip, begins: datetime, steps: list[int]
) -> None:
    """The server looks at the clock now and then, in between it is paused, dead, or the clock is set back."""
    now, last, begun = begins, None, list[datetime]()
    for step in steps:
        now += timedelta(seconds=step)
        due = next_batch(one, last, now)
        if due is not None and due <= now:
            begun.append(now)
            last = now
    assert all(is_open(one, at) for at in begun)
    for before, behind in itertools.pairwise(begun):
        assert behind - before >= timedelta(seconds=one.interval_s)


ANY_INT = st.integers(-(10**12), 10**12)


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        Drip, ANY_INT, ANY_INT, st.frozensets(st.integers(-2, 9)), st.builds(Span, ANY_INT, ANY_INT), ZONES,
        st.one_of(st.none(), st.dates()),
    ),
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
    ANY_INT,
    st.one_of(st.none(), st.floats()),
)  # fmt: skip
@example(drip(span=ALL_DAY, ends_on="9999-12-31"), datetime.max.replace(tzinfo=UTC), STARTS[0], 10**12, 5e-324)
@example(drip(span=ALL_DAY, ends_on="9999-12-31"), STARTS[0], STARTS[0], 10**12, 1.7e308)
@example(drip(span=ALL_DAY), STARTS[0], STARTS[0], 10**12, 5e-324)
@example(drip(span=ALL_DAY, ends_on="2198-12-31"), datetime(2198, 12, 30, tzinfo=UTC), STARTS[0], 10**12, None)
def test_nothing_overflows_or_goes_on_for_ever(
    one: Drip, at: datetime, last: datetime, recipients: int, per_s: float | None
) -> None:
    sum_ = forecast(one, at, recipients, per_s)
    assert sum_.recipients + sum_.left_over == max(0, recipients)
    assert all(batch.count >= 1 for batch in itertools.islice(timeline(one, at, recipients, per_s), 1000))
    due = next_batch(one, last, at)
    assert due is None or due >= at
