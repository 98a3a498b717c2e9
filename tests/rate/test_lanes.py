"""Who is next among those who wait for one number."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.gate import Lane
from server.ports import DueRow
from server.rate.lanes import Lanes


def row(outbox_id: int, lane: Lane, cost: int = 1, campaign_id: int | None = None) -> DueRow:
    return DueRow(outbox_id, number_id=1, lane=lane, cost=cost, campaign_id=campaign_id)


def lanes(*rows: DueRow) -> Lanes:
    waiting = Lanes()
    for each in rows:
        waiting.add(each)
    return waiting


def order(waiting: Lanes, departures: int | None = None) -> list[DueRow]:
    return [waiting.pop() for _ in range(len(waiting) if departures is None else departures)]


def test_answers_go_first_then_people_then_bulk_each_in_its_order() -> None:
    waiting = lanes(
        row(1, Lane.BULK), row(2, Lane.PEOPLE), row(3, Lane.COMPLIANCE), row(4, Lane.PEOPLE), row(5, Lane.COMPLIANCE)
    )
    assert [each.outbox_id for each in order(waiting)] == [3, 5, 2, 4, 1]


def test_bulk_gets_one_departure_in_five_while_it_waits() -> None:
    waiting = lanes(*(row(n, Lane.PEOPLE) for n in range(100)), *(row(1000 + n, Lane.BULK) for n in range(100)))
    got = [each.lane for each in order(waiting, 100)]
    assert got.count(Lane.BULK) == 20
    assert all(Lane.BULK in got[n : n + 5] for n in range(95))


def test_bulk_that_comes_late_has_no_claim_on_what_left_before() -> None:
    waiting = lanes(*(row(n, Lane.PEOPLE) for n in range(20)))
    order(waiting, 10)
    waiting.add(row(1000, Lane.BULK))
    assert [each.lane for each in order(waiting, 5)] == [Lane.PEOPLE] * 4 + [Lane.BULK]


def test_campaigns_share_the_air_by_segments_not_by_texts() -> None:
    waiting = lanes(
        *(row(n, Lane.BULK, cost=1, campaign_id=1) for n in range(2000)),
        *(row(5000 + n, Lane.BULK, cost=7, campaign_id=2) for n in range(2000)),
        *(row(9000 + n, Lane.BULK, cost=2, campaign_id=None) for n in range(2000)),
    )
    air: Counter[int | None] = Counter()
    for each in order(waiting, 1000):
        air[each.campaign_id] += each.cost
    assert max(air.values()) - min(air.values()) <= 4 + 7


def test_a_new_campaign_does_not_wait_for_the_end_of_an_old_one() -> None:
    waiting = lanes(*(row(n, Lane.BULK, campaign_id=1) for n in range(1000)))
    order(waiting, 10)
    waiting.add(row(5000, Lane.BULK, campaign_id=2))
    assert 5000 in [each.outbox_id for each in order(waiting, 8)]


def test_a_campaign_whose_neighbour_has_finished_keeps_its_turn() -> None:
    waiting = lanes(
        row(1, Lane.BULK, campaign_id=1),
        *(row(10 + n, Lane.BULK, campaign_id=2) for n in range(4)),
        *(row(20 + n, Lane.BULK, campaign_id=3) for n in range(4)),
    )
    assert [each.campaign_id for each in order(waiting)] == [1] + [2] * 4 + [3] * 4


def test_nobody_waits() -> None:
    assert Lanes().head() is None
    with pytest.raises(IndexError, match="nobody"):
        Lanes().pop()


rows = st.lists(
    st.tuples(st.sampled_from(list(Lane)), st.integers(1, 12), st.sampled_from([None, 1, 2, 3])), max_size=40
).map(lambda drawn: [row(n, lane, cost, campaign) for n, (lane, cost, campaign) in enumerate(drawn)])


@given(rows, st.data())
def test_each_row_leaves_exactly_once_whatever_is_taken_out(waiting: list[DueRow], data: st.DataObject) -> None:
    removed = data.draw(st.lists(st.sampled_from(waiting), unique=True)) if waiting else []
    kept = lanes(*waiting)
    for each in removed:
        kept.head()
        kept.remove(each)
    left = order(kept)
    assert sorted(each.outbox_id for each in left + removed) == [each.outbox_id for each in waiting]
    assert (len(kept), kept.segments, kept.depth()) == (0, 0, (0, 0, 0))


@given(rows)
def test_looking_changes_nothing(waiting: list[DueRow]) -> None:
    looked, blind = lanes(*waiting), lanes(*waiting)
    for _ in waiting:
        for _ in range(3):
            assert looked.head() == looked.head()
        assert looked.pop() == blind.pop()
