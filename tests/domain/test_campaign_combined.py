"""A campaign's rules together: a small engine that obeys them alone is paused, killed and clicked at random."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.campaign import (
    FINAL,
    CampaignState,
    Command,
    Moved,
    Part,
    PausedBy,
    Refused,
    Unchanged,
    after,
    may_edit,
)
from server.domain.campaigns.drip import Drip, forecast, next_batch, timeline
from server.domain.campaigns.health import Limits, Tally, breach, counts
from server.domain.campaigns.missed import Ask, Begin, Expire, IfMissed, MissedRule, start
from server.domain.quiet_rules import Span

BEGINS = datetime(2026, 3, 6, 15, tzinfo=UTC)  # a Friday at ten in New York, before the night of 23 hours
EASTERN = ZoneInfo("America/New_York")
DRIP = Drip(3, 3600, frozenset({0, 1, 2, 3, 4, 6}), Span(9 * 3600, 17 * 3600), "America/New_York", date(2026, 3, 13))
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Left:
    """A text that left, and what became of it."""

    ord: int
    at: datetime
    delivered: bool


@dataclass(slots=True)
class Engine:
    """What is durable: a kill takes nothing away. It decides nothing by itself but asks the rules."""

    recipients: int
    rule: MissedRule
    limits: Limits
    drip: Drip = DRIP
    state: CampaignState = CampaignState.DRAFT
    due_at: datetime = BEGINS
    paused_by: PausedBy | None = None
    resumed_at: datetime | None = None
    last_batch_at: datetime | None = None
    left: list[Left] = field(default_factory=list)
    batches: list[datetime] = field(default_factory=list)

    def give(self, command: Command, now: datetime, by: PausedBy = PausedBy.MEMBER) -> Moved | Unchanged | Refused:
        answer = after(self.state, command)
        if isinstance(answer, Moved):
            self.state = answer.state
            self.paused_by = by if answer.state is CampaignState.PAUSED else None
            if command is Command.RESUME:
                self.resumed_at = now
        return answer

    def tick(self, now: datetime, outcomes: Iterator[bool]) -> None:
        """What a server does when it looks at the clock."""
        if self.state is CampaignState.SCHEDULED:
            match start(self.due_at, now, "America/New_York", self.rule):
                case Begin():
                    self.give(Command.DUE, now)
                case Ask():
                    self.give(Command.MISS, now, PausedBy.MISSED)
                case Expire():
                    self.give(Command.CANCEL, now)
        if self.state is CampaignState.ACTIVE:
            self._send(now, outcomes)

    def _send(self, now: datetime, outcomes: Iterator[bool]) -> None:
        due = next_batch(self.drip, self.last_batch_at, now)
        if due is not None and due <= now:
            self.batches.append(now)
            self.last_batch_at = now
            for ord_ in range(len(self.left) + 1, min(len(self.left) + self.drip.batch, self.recipients) + 1):
                self.left.append(Left(ord_, now, next(outcomes)))
        counted = [one for one in self.left if counts(one.at, self.resumed_at)]
        tally = Tally(wired=len(counted), undelivered=sum(not one.delivered for one in counted))
        if (found := breach(tally, self.limits)) is not None:
            self.give(Command.PAUSE, now, found.by)
        if len(self.left) == self.recipients:
            self.give(Command.EXHAUSTED, now)


CLICKS = [command for command in Command if command not in (Command.DUE, Command.MISS)]
STEPS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.sampled_from([Command.PAUSE, Command.RESUME]), st.sampled_from(CLICKS)),
        st.sampled_from([0, 1, 20, 60, 61, 200, 900, 3000]),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(
    STEPS,
    st.integers(1, 12),
    st.sampled_from(IfMissed),
    st.booleans(),
    st.sampled_from([Command.LAUNCH_NOW, Command.LAUNCH_AT]),
)
def test_whatever_people_and_crashes_do_it_texts_each_once_in_its_hours_and_only_while_it_runs(
    steps: list[tuple[Command | None, int]], recipients: int, choice: IfMissed, unwell: bool, launch: Command
) -> None:
    engine = Engine(recipients, MissedRule(choice, 15 * MINUTE), Limits(20.0, None, 4))
    outcomes = iter(lambda: not unwell, None)
    now, final = BEGINS - 30 * MINUTE, None
    assert isinstance(engine.give(launch, now), Moved)
    for command, minutes in steps:
        now += minutes * MINUTE
        if command is Command.EXHAUSTED and len(engine.left) < recipients:
            continue  # decided from rows, never by somebody's word
        before, sent = engine.state, len(engine.left)
        if command is not None:
            engine.give(command, now)
        assert len(engine.left) == sent  # no click sends anything by itself
        running = engine.state
        if before is CampaignState.PAUSED and running is not before:
            assert command in (Command.RESUME, Command.CANCEL)
        engine.tick(now, outcomes)
        if len(engine.left) > sent:
            assert running in (CampaignState.ACTIVE, CampaignState.SCHEDULED)
        if final is not None:
            assert (engine.state, len(engine.left)) == (final, sent)
        final = engine.state if engine.state in FINAL else None
        assert before not in FINAL or engine.state is before
        assert (engine.paused_by is None) == (engine.state is not CampaignState.PAUSED)
        assert (may_edit(engine.state, Part.TEXT) is None) == (engine.state not in FINAL)
    assert [one.ord for one in engine.left] == list(range(1, len(engine.left) + 1))
    assert len(engine.left) <= recipients
    assert all(later - earlier >= timedelta(hours=1) for earlier, later in pairwise(engine.batches))
    for at in engine.batches:
        there = at.astimezone(EASTERN)
        assert there.weekday() in DRIP.days
        assert 9 <= there.hour < 17
        assert there.date() <= date(2026, 3, 13)
    if engine.state is CampaignState.COMPLETED:
        assert len(engine.left) == recipients


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 40))
def test_an_engine_that_is_left_alone_keeps_its_plan(recipients: int, batch: int) -> None:
    drip = replace(DRIP, batch=batch, ends_on=None)
    engine = Engine(recipients, MissedRule(), Limits(None, None), drip)
    assert isinstance(engine.give(Command.LAUNCH_NOW, BEGINS), Moved)
    for planned in timeline(drip, BEGINS, recipients):
        sent = len(engine.left)
        if planned.at > BEGINS:
            engine.tick(planned.at - MINUTE, iter(lambda: True, None))
        assert len(engine.left) == sent
        engine.tick(planned.at, iter(lambda: True, None))
        assert len(engine.left) == sent + planned.count
    assert engine.state is CampaignState.COMPLETED
    assert engine.left[-1].at == forecast(drip, BEGINS, recipients).done_at


def test_a_campaign_whose_hour_was_missed_at_night_sends_nothing_until_somebody_says_so() -> None:
    engine = Engine(9, MissedRule(IfMissed.ASK, 15 * MINUTE), Limits())
    engine.give(Command.LAUNCH_AT, BEGINS - timedelta(days=1))
    back = BEGINS + timedelta(hours=5)
    for minutes in range(0, 120, 30):
        engine.tick(back + minutes * MINUTE, iter(lambda: True, None))
    assert (engine.state, engine.paused_by, engine.left) == (CampaignState.PAUSED, PausedBy.MISSED, [])
    engine.give(Command.RESUME, back + 121 * MINUTE)
    engine.tick(back + 121 * MINUTE, iter(lambda: True, None))
    assert len(engine.left) == 0  # it is past five in the afternoon in New York: the next day is a Saturday
    engine.tick(datetime(2026, 3, 8, 13, tzinfo=UTC), iter(lambda: True, None))
    assert len(engine.left) == 3


def test_one_that_does_badly_goes_on_after_a_resume_until_it_does_badly_again() -> None:
    engine = Engine(30, MissedRule(), Limits(20.0, None, 6))
    engine.give(Command.LAUNCH_NOW, BEGINS)
    now, paused_at = BEGINS, list[int]()
    for _ in range(8):
        engine.tick(now, iter(lambda: False, None))
        if engine.state is CampaignState.PAUSED:
            assert engine.paused_by is PausedBy.FAILURES
            paused_at.append(len(engine.left))
            engine.give(Command.RESUME, now + MINUTE)
        now += 61 * MINUTE
    assert paused_at == [6, 12, 18]
