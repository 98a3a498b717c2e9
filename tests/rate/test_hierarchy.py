"""Several limits at once: what each holds back, what it must not hold back, and what no window may exceed."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.gate import Lane
from server.domain.limits import Allowance, LimitScope
from server.ports import CampaignPace, DueRow, LimitBook
from server.rate.stream import LimitKey
from tests.rate.virtual import jitter
from tests.rate.world import World, book, number, worst_excess

ROUNDING = 1e-4


def texts(
    *ids: int, number_id: int = 1, lane: Lane = Lane.BULK, cost: int = 1, campaign: int | None = 1, to: str = "att"
) -> list[DueRow]:
    return [DueRow(each, number_id, lane, cost, campaign, to) for each in ids]


def left(world: World, within_s: float) -> Counter[int | None]:
    """Texts that left within the last so many seconds, by campaign."""
    return Counter(each.row.campaign_id for each in world.left if each.at > world.now - within_s)


# What holds back


each_alone = pytest.mark.parametrize(
    ("limits", "key"),
    [
        pytest.param(book(number(1, 5.0)), LimitKey("number", 1), id="the number"),
        pytest.param(book(number(1), account=Allowance(5.0, 1)), LimitKey("account", 1), id="the account"),
        pytest.param(
            book(number(1), carriers={"att": Allowance(5.0, 1)}),
            LimitKey("registration", 1, "att"),
            id="the registered campaign at this carrier",
        ),
        pytest.param(book(number(1), campaigns={1: 5.0}), LimitKey("campaign", 1), id="the marketing campaign"),
    ],
)


@each_alone
def test_the_slowest_limit_sets_the_pace(limits: LimitBook, key: LimitKey) -> None:
    world = World(limits)
    world.offer(*texts(*range(100)))
    world.run(until=10.0)
    assert len(world.left) == 50
    assert worst_excess(world.left, key, 5.0, 1) <= ROUNDING


@each_alone
def test_however_late_the_senders_are_no_limit_lets_more_through(limits: LimitBook, key: LimitKey) -> None:
    world = World(limits, jitter(0.5, seed=7))
    world.offer(*texts(*range(100)))
    world.run(until=20.0)
    assert len(world.left) > 20
    assert worst_excess(world.left, key, 5.0, 2 if key.kind == "campaign" else 1) <= ROUNDING


def test_numbers_of_one_account_share_its_rate() -> None:
    world = World(book(number(1), number(2), account=Allowance(10.0, 1)))
    world.offer(*texts(*range(100)), *texts(*range(100, 200), number_id=2, campaign=2))
    world.run(until=10.0)
    assert Counter(each.row.number_id for each in world.left) == {1: 50, 2: 50}


def test_at_the_account_a_persons_text_from_another_number_goes_first() -> None:
    world = World(book(number(1), number(2), account=Allowance(1.0, 1)))
    world.offer(*texts(*range(20)))
    world.run(until=3.5)
    world.offer(*texts(99, number_id=2, lane=Lane.PEOPLE, campaign=None))
    world.run(until=4.1)
    assert world.left[-1].row.outbox_id == 99


def test_an_unknown_destination_is_charged_to_the_slowest_carrier_that_could_apply() -> None:
    world = World(book(number(1), carriers={"att": Allowance(50.0, 1), "tmobile": Allowance(2.0, 1)}))
    world.offer(*texts(*range(50), to=""), *texts(*range(100, 150), to="tmobile", campaign=2))
    world.run(until=10.0)
    assert left(world, 10.0) == {1: 10, 2: 10}


def test_a_row_says_what_its_campaign_may_do_before_the_book_does() -> None:
    world = World(book(number(1)))
    world.offer(*(replace(row, campaign_rate=2.0) for row in texts(*range(50))))
    world.run(until=10.0)
    assert len(world.left) == 20


# What is not held back


def test_a_head_of_line_whose_carrier_is_slow_holds_up_nobody_else() -> None:
    world = World(book(number(1, 10.0, 2), carriers={"tmobile": Allowance(1.0, 2)}))
    world.offer(*texts(*range(100), to="tmobile"), *texts(*range(100, 300), campaign=2))
    world.run(until=10.25)
    assert left(world, 11.0)[1] == 10
    assert left(world, 11.0)[2] >= 89


def test_a_paused_campaign_holds_up_nobody_else() -> None:
    world = World(book(number(1, 10.0), campaigns={1: 0.0}))
    world.offer(*texts(*range(10)), *texts(*range(100, 200), campaign=2))
    world.run(until=5.0)
    assert left(world, 5.0) == {2: 50}
    world.configure(replace(world.book, campaigns={1: CampaignPace(100.0)}))
    world.run(until=10.0)
    assert left(world, 10.0)[1] == 10


def test_a_campaign_slowed_by_its_carrier_has_its_rate_on_a_busy_number() -> None:
    """A place at the end of each round of the number would cost it most of what its carrier allows."""
    world = World(book(number(1, 10.0, 2), carriers={"tmobile": Allowance(4.0, 2)}))
    world.offer(*texts(*range(500), to="tmobile"), *texts(*range(1000, 1500), campaign=2))
    world.run(until=20.0)
    assert left(world, 20.0)[1] >= 76


def test_nothing_is_reserved_for_one_limit_while_another_is_not_ready() -> None:
    """A reply must still overtake what waits for the account."""
    world = World(book(number(1), number(2), account=Allowance(1.0, 1)))
    world.offer(*texts(*range(5)), *texts(*range(10, 15), number_id=2))
    world.run(until=4.5)
    assert len(world.left) == 4
    assert sum(one.on_their_way for one in world.pacer.stats(4.5).limits) == 0


def test_campaigns_share_a_number_by_segments_over_all_carriers() -> None:
    world = World(book(number(1, 30.0, 2)))
    for n, to in enumerate(("att", "tmobile", "verizon")):
        world.offer(*texts(*range(1000 * n, 1000 * n + 300), to=to))
    world.offer(*texts(*range(9000, 9300), campaign=2, cost=3))
    world.run(until=20.0)
    assert left(world, 20.0)[1] == pytest.approx(3 * left(world, 20.0)[2], abs=6)


def test_bulk_gets_one_departure_in_five_at_the_account_too() -> None:
    world = World(book(number(1), number(2), account=Allowance(10.0, 1)))
    world.offer(*texts(*range(200), lane=Lane.PEOPLE, campaign=None), *texts(*range(500, 700), number_id=2))
    world.run(until=10.05)
    assert len(world.left) == 100
    assert left(world, 11.0)[1] == 20


def test_a_cost_above_the_burst_of_every_limit_goes_into_debt_and_passes() -> None:
    limits = book(
        number(1, 10.0), account=Allowance(8.0, 1), carriers={"att": Allowance(5.0, 1)}, campaigns={1: 6.0}, cap=1000
    )
    world = World(limits)
    world.offer(*texts(1, 2, 3, cost=10), *texts(4))
    world.run(until=8.05)
    assert [each.row.outbox_id for each in world.left] == [1, 2, 3, 4]


# Feedback


@pytest.mark.parametrize(
    ("scope", "slowed"),
    [
        pytest.param(LimitScope.NUMBER, LimitKey("number", 1), id="the number"),
        pytest.param(LimitScope.ACCOUNT, LimitKey("account", 1), id="the account"),
        pytest.param(LimitScope.REGISTRATION, LimitKey("registration", 1, "att"), id="the registered campaign"),
    ],
)
def test_a_429_slows_the_limit_of_which_the_carrier_spoke(scope: LimitScope, slowed: LimitKey) -> None:
    world = World(book(number(1, 10.0), account=Allowance(10.0, 1), carriers={"att": Allowance(10.0, 1)}))
    world.pacer.throttled(1, 0.0, 0.0, scope, "att")
    stats = world.pacer.stats(0.0).limits
    assert [LimitKey(one.kind, one.id, one.carrier) for one in stats if one.slowed_for_s] == [slowed]  # type: ignore[arg-type]  # a kind as text
    world.offer(*texts(*range(100)))
    world.run(until=4.05)
    assert len(world.left) == 20


def test_a_429_that_speaks_of_a_limit_that_is_not_there_slows_the_number() -> None:
    world = World(book(number(1, 10.0)))
    world.pacer.throttled(1, 0.0, 0.0, LimitScope.ACCOUNT, "")
    assert world.pacer.stats(0.0).numbers[0].rate == 5.0


# Changes on the way


def test_what_was_granted_under_other_limits_is_void() -> None:
    world = World(book(number(1, 10.0)))
    world.pacer.offer(texts(1), 0.0)
    (grant,) = world.pacer.due(0.1)
    world.pacer.configure(book(number(1, 10.0), account=Allowance(1.0, 1)), 0.1, 1e9)
    assert world.pacer.depart(grant, 0.1) == math.inf


def test_the_same_book_again_changes_nothing() -> None:
    world = World(book(number(1, 10.0, 5), account=Allowance(10.0, 5), cap=1000))
    world.offer(*texts(*range(50), to="tmobile"))
    for tenths in range(1, 41):
        world.run(until=tenths / 10 + 0.01)
        world.configure(world.book)
    assert len(world.left) == 40


# A brand's day


def test_a_brand_sends_its_cap_and_the_rest_waits_for_midnight() -> None:
    world = World(book(number(1), cap=250))
    world.offer(*texts(*range(400), to="tmobile"), *texts(*range(1000, 1100), campaign=2))
    world.run(until=3600.0)
    assert left(world, 3600.0) == {1: 250, 2: 100}
    (day,) = world.pacer.stats(world.now).days
    assert (day.used, day.left, day.spent, day.held_up) == (250, 0, True, 150)
    world.run(until=86_390.0)
    assert len(world.left) == 350
    world.run(until=86_410.0)
    assert len(world.left) == 500


def test_what_waits_for_the_day_holds_up_nobody_who_does_not_count_towards_it() -> None:
    world = World(book(number(1, 10.0), cap=100))
    world.offer(*texts(*range(300), to=""), *texts(*range(1000, 1300), campaign=2))
    world.run(until=40.05)
    assert Counter(each.row.campaign_id for each in world.left) == {1: 100, 2: 300}


def test_a_text_that_was_taken_back_holds_up_no_shorter_one_at_the_end_of_a_day() -> None:
    world = World(book(number(1), cap=100))
    world.offer(*texts(*range(98), to="tmobile"), *texts(98, to="tmobile", cost=5), *texts(99, to="tmobile"))
    world.run(until=300.0)
    assert [each.row.outbox_id for each in world.left] == list(range(98)), "five do not fit into two"
    del world.rows[98]
    world.pacer.keep_only(2, world.rows, world.now)
    world.run(until=600.0)
    assert len(world.left) == 98, "another number's look says nothing of these"
    world.pacer.keep_only(1, world.rows, world.now)
    world.run(until=900.0)
    assert world.left[-1].row.outbox_id == 99


def test_who_waits_behind_one_that_is_due_keeps_the_place() -> None:
    world = World(book(number(1, 0.0)))
    world.offer(*texts(1, 2, 3))
    world.run(until=1.0)
    (stream,) = world.pacer.streams
    assert not world.pacer.keep_only(1, {1}, world.now)
    assert world.pacer.waiting(stream) == 3
    assert world.pacer.keep_only(1, {2}, world.now)
    assert world.pacer.waiting(stream) == 2


def test_a_grant_that_is_late_over_midnight_is_void_and_charged_to_the_next_day() -> None:
    world = World(book(number(1), cap=100), late_s=lambda: 0.05)
    world.run(until=86_399.97)
    world.offer(*texts(1, to="tmobile"))
    world.run(until=86_401.0)
    (one,) = world.left
    assert one.at > 86_400.0
    assert world.charged[one.day] == 100


def test_after_midnight_nothing_leaves_on_the_day_before_even_if_nobody_has_noticed() -> None:
    world = World(book(number(1), cap=100))
    world.run(until=86_399.99)
    world.pacer.offer(texts(1, to="tmobile"), world.now)
    world._charge()
    (grant,) = world.pacer.due(world.now)
    assert world.pacer.depart(grant, 86_400.001) == math.inf


def test_a_withdrawn_grant_gives_its_segments_back_to_the_day() -> None:
    world = World(book(number(1, 1000.0), cap=100))
    world.run(until=1.0)
    for n in range(5):
        world.pacer.offer(texts(n, cost=100, to="tmobile"), 1.0 + n)
        world._charge()
        (grant,) = world.pacer.due(1.0 + n)
        world.pacer.withdraw([grant.outbox_id], 1.0 + n)
    assert world.charged == {world.day: 100}


def test_the_carrier_says_that_the_day_is_used_up() -> None:
    world = World(book(number(1)))
    world.offer(*texts(*range(300), to="tmobile"), *texts(*range(1000, 1010), campaign=2))
    world.run(until=1.005)
    world.pacer.day_spent(1, world.now)
    world.run(until=60.0)
    assert left(world, 60.0)[1] <= 101
    assert left(world, 60.0)[2] == 10
    assert world.pacer.stats(world.now).days[0].spent


# What no window may exceed, whatever happens

rates = st.floats(0.3, 60)
allowances = st.builds(Allowance, rates, st.integers(1, 8))
steps = st.one_of(
    st.tuples(
        st.just("offer"),
        st.integers(1, 2),
        st.sampled_from(list(Lane)),
        st.integers(1, 12),
        st.sampled_from([None, 1, 2]),
        st.sampled_from(["", "att", "tmobile", "verizon"]),
        st.integers(1, 6),
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.005, 0.1, 1.0, 7.0, 60.0, 4_000.0, 90_000.0])),
    st.tuples(st.just("crash"), st.sampled_from([0.0, 0.3, 12.0])),
    st.tuples(
        st.just("429"), st.integers(1, 2), st.sampled_from(list(LimitScope)), st.sampled_from(["att", "tmobile"])
    ),
    st.tuples(st.just("slower"), st.sampled_from([0.25, 0.5, 1.0])),
    st.tuples(st.just("lost"), st.integers(1, 3)),
)
hierarchies = st.builds(
    lambda one, two, account, att, tmobile, campaign: book(
        number(1, one.rate, one.burst),
        number(2, two.rate, two.burst),
        account=account,
        carriers={"att": att, "tmobile": tmobile},
        campaigns={1: campaign},
        cap=100,
    ),
    allowances, allowances, allowances, allowances, allowances, rates,
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(hierarchies, st.lists(steps, min_size=1, max_size=30), st.floats(0, 0.2), st.integers(0, 1000))
def test_no_window_of_any_limit_and_no_day_holds_more(
    limits: LimitBook, script: list[tuple[object, ...]], late_s: float, seed: int
) -> None:
    """Windows of any length: a second, a minute, a day. Slower books, 429s, crashes, other authorities, lost grants."""
    world, ids = World(limits, jitter(late_s, seed)), iter(range(10**6))
    for step in script:
        play(world, step, limits, ids)
    world.configure(limits)
    world.run(until=world.now + 3_000.0)
    keys = {key for each in world.left for key in each.keys}
    for key in keys - {LimitKey("brand", 1)}:
        rate, burst = allowed(limits, key)
        assert worst_excess(world.left, key, rate, burst) <= ROUNDING * max(1.0, rate)
    used = Counter[object]()
    for each in world.left:
        if LimitKey("brand", 1) in each.keys:
            used[each.day] += each.row.cost
    assert all(segments <= world.charged[day] <= 100 for day, segments in used.items())  # type: ignore[index]  # days
    assert [row for row in world.rows.values() if row.dest_carrier in {"att", "verizon"}] == [], "nobody starves"


def play(world: World, step: tuple[object, ...], limits: LimitBook, ids: object) -> None:
    match step:
        case ("offer", int(number_id), Lane() as lane, int(cost), campaign, str(to), int(times)):
            rows = (DueRow(next(ids), number_id, lane, cost, campaign, to) for _ in range(times))  # type: ignore[call-overload,arg-type]  # drawn
            world.offer(*rows)
        case ("wait", float(seconds)):
            world.run(until=world.now + seconds)
        case ("crash", float(seconds)):
            world.now += seconds  # nothing leaves meanwhile; what was granted never does
            world.start()
        case ("429", int(number_id), LimitScope() as scope, str(to)):
            world.pacer.throttled(number_id, None, world.now, scope, to)
        case ("slower", float(factor)):
            numbers = [replace(one, rate=one.rate * factor) for one in limits.numbers]
            accounts = {id_: Allowance(one.rate * factor, one.burst) for id_, one in limits.accounts.items()}
            world.configure(replace(limits, numbers=numbers, accounts=accounts))
        case ("lost", int(times)):
            world.pacer.offer(world.rows.values(), world.now)
            for grant in world.pacer.due(world.now, times):
                world.pacer.withdraw([grant.outbox_id], world.now)


def allowed(limits: LimitBook, key: LimitKey) -> tuple[float, float]:
    match key:
        case LimitKey("number", id_):
            (one,) = [one for one in limits.numbers if one.number_id == id_]
            return one.rate, one.burst
        case LimitKey("account", id_):
            return limits.accounts[id_].rate, limits.accounts[id_].burst
        case LimitKey("registration", id_, carrier):
            allowance = limits.registrations[id_].allowances[carrier]
            return allowance.rate, allowance.burst
    return limits.campaigns[key.id].rate, max(2.0, 1.0 + 0.05 * limits.campaigns[key.id].rate)
