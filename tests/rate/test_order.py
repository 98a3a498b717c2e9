"""Who is next among those who wait for one limit."""

from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from server.domain.gate import Lane
from server.ports import DueRow, StreamKey
from server.rate.order import Order
from server.rate.stream import Stream


def row(outbox_id: int, lane: Lane, cost: int = 1, campaign_id: int | None = None) -> DueRow:
    return DueRow(outbox_id, number_id=1, lane=lane, cost=cost, campaign_id=campaign_id)


class Waiting:
    """Rows that wait for one limit, in the streams that the pacer would make of them."""

    def __init__(self) -> None:
        self.order = Order[Stream]()
        self.streams: dict[StreamKey, Stream] = {}
        self._arrivals = count()

    def __len__(self) -> int:
        return sum(map(len, self.streams.values()))

    def add(self, each: DueRow) -> None:
        stream = self.streams.setdefault(each.stream, Stream(each.stream))
        stream.add(each, next(self._arrivals))
        if len(stream) == 1:
            self.order.park(stream)

    def remove(self, each: DueRow) -> None:
        stream = self.streams[each.stream]
        stream.remove(each.outbox_id)
        self._park_again(stream)

    def pop(self) -> DueRow:
        stream = self.order.head()
        assert stream is not None
        self.order.leave(stream)
        first = stream.pop()
        self.order.served(stream, first.cost, here=True)
        if stream:
            self.order.park(stream, anew=False)
        return first

    def _park_again(self, stream: Stream) -> None:
        self.order.leave(stream)
        if stream:
            self.order.park(stream)


def lanes(*rows: DueRow) -> Waiting:
    waiting = Waiting()
    for each in rows:
        waiting.add(each)
    return waiting


def order(waiting: Waiting, departures: int | None = None) -> list[DueRow]:
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


def test_a_campaign_has_its_share_over_all_its_streams() -> None:
    waiting = lanes(
        *(DueRow(n, 1, Lane.BULK, 1, 1, dest_carrier=f"carrier{n % 3}") for n in range(300)),
        *(row(1000 + n, Lane.BULK, campaign_id=2) for n in range(300)),
    )
    air = Counter(each.campaign_id for each in order(waiting, 100))
    assert abs(air[1] - air[2]) <= 2


def test_a_campaign_that_waited_elsewhere_is_next_when_it_comes_back() -> None:
    waiting = lanes(
        *(row(n, Lane.BULK, campaign_id=1) for n in range(100)),
        *(row(1000 + n, Lane.BULK, campaign_id=2) for n in range(9)),
    )
    slow = waiting.streams[StreamKey(1, Lane.BULK, 2, "")]
    waiting.order.leave(slow)
    order(waiting, 20)
    waiting.order.park(slow)
    assert 2 in {each.campaign_id for each in order(waiting, 2)}
    assert Counter(each.campaign_id for each in order(waiting, 8)) == {1: 4, 2: 4}, "and makes up for nothing"


def test_campaigns_that_come_for_ever_keep_nobody_waiting_who_came_before() -> None:
    waiting = lanes(row(0, Lane.BULK, cost=10, campaign_id=0), row(1, Lane.BULK, campaign_id=0))
    waiting.pop()
    for n in range(2, 100):
        waiting.add(row(n, Lane.BULK, campaign_id=n))
        if waiting.pop().campaign_id == 0:
            break
    assert n < 40


def test_campaigns_that_ended_are_forgotten() -> None:
    waiting = lanes(row(0, Lane.BULK, campaign_id=0))
    for n in range(1, 2000):
        waiting.add(row(n, Lane.BULK, campaign_id=n))
        waiting.pop()
    assert len(waiting.order._tags) < 600


def test_nobody_waits() -> None:
    assert Order().head() is None


rows = st.lists(
    st.tuples(st.sampled_from(list(Lane)), st.integers(1, 12), st.sampled_from([None, 1, 2, 3])), max_size=40
).map(lambda drawn: [row(n, lane, cost, campaign) for n, (lane, cost, campaign) in enumerate(drawn)])


@given(rows, st.data())
def test_each_row_leaves_exactly_once_whatever_is_taken_out(waiting: list[DueRow], data: st.DataObject) -> None:
    removed = data.draw(st.lists(st.sampled_from(waiting), unique=True)) if waiting else []
    kept = lanes(*waiting)
    for each in removed:
        kept.order.head()
        kept.remove(each)
    left = order(kept)
    assert sorted(each.outbox_id for each in left + removed) == [each.outbox_id for each in waiting]
    assert (len(kept), len(kept.order), sum(stream.segments for stream in kept.streams.values())) == (0, 0, 0)


@given(rows)
def test_looking_changes_nothing(waiting: list[DueRow]) -> None:
    looked, blind = lanes(*waiting), lanes(*waiting)
    for _ in waiting:
        for _ in range(3):
            assert looked.order.head() is looked.order.head()
        assert looked.pop() == blind.pop()
