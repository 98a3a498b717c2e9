"""Leases of instants: whoever shares a limit, its pace is that of one, and no instant is given away twice."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.lease import (
    DRIFT,
    MICRO,
    WATCH_S,
    Entry,
    Reading,
    Stretch,
    cut,
    joined,
    ours,
    watched,
)
from server.domain.limits import Allowance
from server.ports import CampaignPace, DueRow, LimitBook, Number
from server.rate.leases import OPENS_AFTER_S
from server.rate.stream import LimitKey
from tests.rate.leased_world import Faults, World
from tests.rate.world import worst_excess

SECOND = MICRO


@pytest.mark.parametrize(
    ("entry", "now", "debt", "begins"),
    [
        pytest.param(None, 0, 1, 1, id="nobody has held any: the burst counts as just spent"),
        pytest.param(None, 10, 1, 10, id="a time that nobody held has earned it"),
        pytest.param(Entry(5, 2), 3, 1, 5, id="another holds it until then"),
        pytest.param(Entry(5, 5), 5, 3, 8, id="a larger text than all before has to be earned, too"),
        pytest.param(Entry(5, 2), 5, 3, 5, id="what nobody held before counts"),
        pytest.param(Entry(5, 5), 20, 3, 20, id="the book was idle"),
    ],
)
def test_a_stretch_begins(entry: Entry | None, now: int, debt: int, begins: int) -> None:
    after, at = cut(entry, 0, now, 4, debt)
    assert (at, after.free) == (begins, begins + 4)
    assert after.used == (0 if entry is None else entry.used) + 4


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), st.integers(1, 9)), max_size=30))
def test_no_instant_is_given_away_twice(asks: list[tuple[int, int, int]]) -> None:
    entry, now, ends = None, 100, 0
    for after, length, debt in asks:
        now += after
        entry, begins = cut(entry, 100, now, length, debt)
        assert begins >= max(now, ends)
        ends = begins + length


@given(
    st.floats(0, 1e6), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 60),
    st.floats(-DRIFT / 2, DRIFT / 2), st.floats(-DRIFT / 2, DRIFT / 2),
)  # fmt: skip
def test_on_our_clock_a_stretch_is_never_earlier_and_never_longer(
    ahead: float, out_s: float, back_s: float, after_s: float, length_s: float, ours_fast: float, keepers_fast: float
) -> None:
    """True times: asked at 0, the keeper looked at *out_s*, answered after *back_s* more."""

    def local(true: float) -> float:
        return ahead + true * (1 + ours_fast)

    shown = 5 * SECOND
    begins, length = shown + int(after_s * MICRO), int(length_s * MICRO)
    mine = ours(begins, length, 1, Reading(local(0), local(out_s + back_s), shown))
    true_begins = out_s + (begins - shown) / MICRO / (1 + keepers_fast)
    true_ends = out_s + (begins + length - shown) / MICRO / (1 + keepers_fast)
    rounding = 1e-6 + 2e-6 * (after_s + length_s)  # of the second order in the drift, which the answers' times exceed
    assert mine.begins >= local(true_begins) - rounding
    assert mine.ends <= local(true_ends) + rounding


def test_what_follows_on_ours_is_its_continuation() -> None:
    first, other = Stretch(0.0, 1.0, 100, 1), Stretch(1.01, 2.0, 200, 3)
    assert joined((first,), other, 100, 0.5) == (Stretch(0.0, 2.0, 200, 3),)
    assert joined((first,), other, 101, 0.5) == (first, other)
    assert joined((first,), other, 101, 1.5) == (other,)


@pytest.mark.parametrize(
    ("asked", "answered", "shown_s", "known"),
    [
        pytest.param(10.0, 10.01, 1010.005, True, id="it goes as ours does"),
        pytest.param(10.0, 10.01, 1010.5, False, id="it was set forward"),
        pytest.param(10.0, 10.01, 1009.5, False, id="it was set back"),
        pytest.param(10.0, 11.0, 1010.5, True, id="whether it was, a slow answer does not tell"),
        pytest.param(510.0, 510.01, 1510.4, True, id="clocks drift"),
    ],
)
def test_the_keepers_clock_is_watched(asked: float, answered: float, shown_s: float, known: bool) -> None:
    watch = watched(None, Reading(0.0, 0.01, 1_000_000_000 + 5_000))
    assert watch is not None
    assert (watch.least, watch.most) == pytest.approx((999.995, 1000.005))
    assert (watched(watch, Reading(asked, answered, int(shown_s * MICRO))) is not None) is known
    assert WATCH_S > 0


# Whole servers


def limits(nodes: int, rate: float, burst: int, campaign: float) -> LimitBook:
    """A number for each server, one account and one campaign for all."""
    return LimitBook(
        numbers=[Number(each, 1, 1, f"+1202555{each:04}", rate * 2, 2) for each in range(1, nodes + 1)],
        accounts={1: Allowance(rate, burst)},
        campaigns={1: CampaignPace(campaign)},
    )


def rows(number: int, count: int, random: Random) -> list[DueRow]:
    """Of this server's number: people's, and of the campaign."""
    return [
        DueRow(number * 10_000 + each, number + 1, lane, random.choice((1, 1, 2, 6)), campaign)
        for each in range(count)
        for lane, campaign in [random.choice(((1, None), (2, 1)))]
    ]


@settings(max_examples=25, deadline=None)
@given(
    nodes=st.integers(1, 3),
    rate=st.sampled_from((1.0, 7.0, 40.0)),
    burst=st.sampled_from((1, 5)),
    campaign=st.sampled_from((2.0, 100.0)),
    faults=st.builds(
        Faults, st.sampled_from((0.0, 0.3)), st.sampled_from((0.0, 0.15)),
        st.sampled_from((0.004, 0.08)), st.sampled_from((0.004, 0.1)),
    ),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_however_many_share_a_limit_no_window_holds_more_and_no_instant_is_anothers(
    nodes: int, rate: float, burst: int, campaign: float, faults: Faults, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - chance, not a secret
    book = limits(nodes, rate, burst, campaign)
    world = World(book, nodes, faults, random)
    for number in range(nodes):
        world.offer(number, *rows(number, 400, random))
    world.run(14.0)
    paces = [
        (LimitKey("account", 1), rate, burst),
        (LimitKey("campaign", 1), campaign, 1 if campaign < 10 else 5),
        *((LimitKey("number", each.number_id), each.rate, each.burst) for each in book.numbers),
    ]
    for key, pace, most in paces:
        assert worst_excess(world.left, key, pace * (1 + DRIFT), most) <= 1e-6
    are_disjoint(world)


def are_disjoint(world: World) -> None:
    """What one holds of a limit, another does not, nor who came in its place."""
    for name in {each[0] for each in world.held}:
        by_holder: dict[int, list[tuple[float, float]]] = {}
        for _, begins, ends, _, holder in filter(lambda each: each[0] == name, world.held):
            if begins < ends:
                by_holder.setdefault(holder, []).append((begins, ends))
        flat = sorted((begins, ends, holder) for holder, spans in by_holder.items() for begins, ends in spans)
        last_ends: dict[int, float] = {}
        for begins, ends, holder in flat:
            assert all(begins >= other_ends - 1e-6 for other, other_ends in last_ends.items() if other != holder)
            last_ends[holder] = max(ends, last_ends.get(holder, 0.0))


def test_servers_that_share_a_limit_reach_its_pace_together_and_each_has_a_part() -> None:
    book = limits(2, 100.0, 5, 100.0)
    world = World(book, 2, Faults(), Random(1))  # noqa: S311 - chance, not a secret
    for number in range(2):
        world.offer(number, *[DueRow(number * 10_000 + each, number + 1, 1, 1, None) for each in range(2_000)])
    world.run(OPENS_AFTER_S + 5.0)
    each = [sum(left.row.number_id == number for left in world.left) for number in (1, 2)]
    assert sum(each) > 5.0 * 100 * 0.8
    assert min(each) > sum(each) / 3


def test_one_that_has_a_limit_to_itself_loses_nothing_of_it() -> None:
    book = LimitBook(numbers=[Number(1, 1, 1, "+12025550001", 20.0, 2)])
    world = World(book, 1, Faults(), Random(1))  # noqa: S311 - chance, not a secret
    world.offer(0, *[DueRow(each, 1, 1, 1, None) for each in range(500)])
    world.run(OPENS_AFTER_S + 10.0)
    assert len(world.left) > 10.0 * 20 * 0.95
