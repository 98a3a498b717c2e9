"""When a campaign is paused because it does badly."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.campaigns.campaign import PausedBy
from server.domain.campaigns.health import Breach, Limits, Tally, breach, counts, fault

LIMITS = Limits(failed_percent=20.0, opted_out_percent=5.0, at_least=100)
FAILURES, OPT_OUTS = PausedBy.FAILURES, PausedBy.OPT_OUTS


@pytest.mark.parametrize(
    ("tally", "by"),
    [
        pytest.param(Tally(), None, id="nothing has left yet"),
        pytest.param(Tally(wired=100), None, id="all is well"),
        pytest.param(Tally(wired=80, rejected=20), None, id="exactly the limit"),
        pytest.param(Tally(wired=79, rejected=21), FAILURES, id="refused by the carrier"),
        pytest.param(Tally(wired=100, undelivered=21), FAILURES, id="not delivered"),
        pytest.param(Tally(wired=90, rejected=10, undelivered=11), FAILURES, id="some of each"),
        pytest.param(Tally(wired=9, rejected=90), None, id="too few to tell"),
        pytest.param(Tally(rejected=100), FAILURES, id="all refused, none wired"),
        pytest.param(Tally(wired=100, opted_out=5), None, id="exactly the limit of opt-outs"),
        pytest.param(Tally(wired=100, opted_out=6), OPT_OUTS, id="opt-outs"),
        pytest.param(Tally(wired=99, rejected=1, opted_out=50), None, id="opt-outs are counted among the wired alone"),
        pytest.param(Tally(wired=100, undelivered=100, opted_out=100), OPT_OUTS, id="both: what people said"),
    ],
)
def test_breach(tally: Tally, by: PausedBy | None) -> None:
    found = breach(tally, LIMITS)
    assert (found and found.by) == by


@pytest.mark.parametrize(
    ("tally", "limits", "expected"),
    [
        pytest.param(
            Tally(wired=1900, rejected=100, undelivered=401),
            LIMITS,
            Breach(FAILURES, 501, 2000, "Paused: 501 of 2,000 texts failed (25.1 %); the limit is 20 %."),
            id="figures",
        ),
        pytest.param(
            Tally(wired=100_000, undelivered=20_001),
            LIMITS,
            Breach(FAILURES, 20_001, 100_000, "Paused: 20,001 of 100,000 texts failed (20.001 %); the limit is 20 %."),
            id="a hair above the limit is not told as the limit",
        ),
        pytest.param(
            Tally(wired=200, opted_out=6),
            Limits(opted_out_percent=2.5),
            Breach(OPT_OUTS, 6, 200, "Paused: 6 of 200 people opted out (3 %); the limit is 2.5 %."),
            id="opt-outs",
        ),
    ],
)
def test_a_breach_is_told_with_its_figures(tally: Tally, limits: Limits, expected: Breach) -> None:
    assert breach(tally, limits) == expected


def test_what_has_no_limit_never_pauses() -> None:
    assert breach(Tally(wired=100, undelivered=100, opted_out=100), Limits(None, None)) is None
    assert breach(Tally(wired=100, undelivered=100, opted_out=100), Limits(opted_out_percent=None)) is not None


@pytest.mark.parametrize(
    ("limits", "fine"),
    [
        pytest.param(Limits(), True, id="as shipped"),
        pytest.param(Limits(None, None, 1), True, id="none"),
        pytest.param(Limits(failed_percent=100.0), True, id="all of them"),
        pytest.param(Limits(failed_percent=0.0), False, id="zero would pause at the first one"),
        pytest.param(Limits(opted_out_percent=101.0), False, id="more than all"),
        pytest.param(Limits(opted_out_percent=float("nan")), False, id="no number"),
        pytest.param(Limits(at_least=0), False, id="a share of nothing"),
    ],
)
def test_limits_that_can_be_set(limits: Limits, fine: bool) -> None:
    assert (fault(limits) is None) == fine


RESUMED = datetime(2026, 3, 10, 16, tzinfo=UTC)


def test_after_a_resume_only_what_left_since_counts() -> None:
    before, behind = RESUMED - timedelta(seconds=1), RESUMED + timedelta(seconds=1)
    assert [counts(at, RESUMED) for at in (before, RESUMED, behind)] == [False, True, True]
    assert counts(before, None)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_receipts_of_what_left_before_the_resume_do_not_pause_it_again(old: int, new: int) -> None:
    """Every text of before turns out undelivered after the resume, every one of after is fine."""
    left = [(RESUMED - timedelta(minutes=1), True)] * old + [(RESUMED + timedelta(minutes=1), False)] * new
    kept = [undelivered for at, undelivered in left if counts(at, RESUMED)]
    assert breach(Tally(wired=len(kept), undelivered=sum(kept)), LIMITS) is None


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.data())
def test_it_breaks_when_the_share_is_above_the_limit_and_the_sentence_shows_it(
    wired: int, rejected: int, data: st.DataObject
) -> None:
    undelivered = data.draw(st.integers(0, wired))
    found = breach(Tally(wired, rejected, undelivered), LIMITS)
    enough = wired + rejected >= LIMITS.at_least
    assert (found is not None) == (enough and (rejected + undelivered) * 5 > wired + rejected)
    if found is not None:
        assert float(found.sentence.partition("(")[2].partition(" %")[0]) > 20
