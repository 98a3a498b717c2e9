"""The mailbox: lanes, bounds, fairness among senders and among lanes, cancellation."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from server.actors.runtime.ask import Reply
from server.actors.runtime.errors import ActorQuarantined, ActorStopped, MailboxFull
from server.actors.runtime.mailbox import HIGH, LOW, SYSTEM, Envelope, Lane, Mailbox


def envelope(message: object, lane: Lane = HIGH, since: float = 0.0) -> Envelope[object]:
    return Envelope(message, lane, since)


def taken(mailbox: Mailbox[object]) -> list[object]:
    messages = []
    while (each := mailbox.take_nowait()) is not None:
        messages.append(each.message)
    return messages


def test_system_goes_before_high_and_high_before_low() -> None:
    mailbox: Mailbox[object] = Mailbox()
    for lane in (LOW, HIGH, SYSTEM):
        mailbox.put_nowait(envelope(lane.name, lane))
    assert taken(mailbox) == ["SYSTEM", "HIGH", "LOW"]


def test_a_waiting_low_message_is_every_ninth() -> None:
    mailbox: Mailbox[object] = Mailbox()
    for n in range(30):
        mailbox.put_nowait(envelope(f"high {n}"))
    for n in range(2):
        mailbox.put_nowait(envelope(f"low {n}", LOW))
    order = taken(mailbox)
    assert (order.index("low 0"), order.index("low 1")) == (8, 17)


steps = st.lists(st.sampled_from(["take", *Lane]), max_size=200)


@given(steps)
def test_each_lane_is_first_in_first_out_and_low_waits_for_eight_at_most(steps: list[Lane | str]) -> None:
    mailbox: Mailbox[object] = Mailbox()
    inside: dict[Lane, list[int]] = {lane: [] for lane in Lane}
    others_since_low = 0
    for number, step in enumerate(steps):
        if isinstance(step, Lane):
            mailbox.put_nowait(envelope(number, step))
            inside[step].append(number)
            continue
        got = mailbox.take_nowait()
        if got is None:
            assert not any(inside.values())
            continue
        low_was_waiting = bool(inside[LOW])
        assert inside[got.lane].pop(0) == got.message
        others_since_low = others_since_low + 1 if low_was_waiting and got.lane is not LOW else 0
        assert others_since_low <= 8
        assert mailbox.depth == sum(map(len, inside.values()))


@given(steps)
def test_low_goes_first_only_when_its_turn_has_come(steps: list[Lane | str]) -> None:
    mailbox: Mailbox[object] = Mailbox()
    urgent, low, passed_over = 0, 0, 0
    for step in steps:
        if isinstance(step, Lane):
            mailbox.put_nowait(envelope(None, step))
            urgent, low = urgent + (step is not LOW), low + (step is LOW)
        elif (got := mailbox.take_nowait()) is not None:
            if got.lane is LOW:
                assert urgent == 0 or passed_over == 8
                low, passed_over = low - 1, 0
            else:
                urgent, passed_over = urgent - 1, passed_over + 1 if low else 0


@pytest.mark.parametrize("lane", [HIGH, LOW])
def test_a_full_lane_says_so_and_leaves_the_others_their_room(lane: Lane) -> None:
    mailbox: Mailbox[object] = Mailbox(capacity=1)
    mailbox.put_nowait(envelope(1, lane))
    with pytest.raises(MailboxFull):
        mailbox.put_nowait(envelope(2, lane))
    mailbox.put_nowait(envelope(3, LOW if lane is HIGH else HIGH))
    for n in range(100):
        mailbox.put_nowait(envelope(n, SYSTEM))
    assert mailbox.depth == 102


async def _sender(mailbox: Mailbox[object], message: object) -> None:
    await mailbox.put(envelope(message))


async def test_senders_get_room_in_the_order_in_which_they_came(nursery: trio.Nursery) -> None:
    mailbox: Mailbox[object] = Mailbox(capacity=2)
    for n in range(10):
        nursery.start_soon(_sender, mailbox, n)
        await wait_all_tasks_blocked()
    assert mailbox.waiting_senders == 8
    assert taken(mailbox) == list(range(10))


async def test_nobody_slips_past_those_who_wait_for_room(nursery: trio.Nursery) -> None:
    mailbox: Mailbox[object] = Mailbox(capacity=1)
    mailbox.put_nowait(envelope("first"))
    nursery.start_soon(_sender, mailbox, "waits")
    await wait_all_tasks_blocked()
    assert mailbox.take_nowait() is not None
    with pytest.raises(MailboxFull):
        mailbox.put_nowait(envelope("late"))
    assert taken(mailbox) == ["waits"]


async def test_a_sender_that_is_cancelled_while_waiting_has_sent_nothing(nursery: trio.Nursery) -> None:
    mailbox: Mailbox[object] = Mailbox(capacity=1)
    mailbox.put_nowait(envelope("first"))
    with trio.CancelScope() as impatient:
        impatient.cancel()
        await mailbox.put(envelope("never"))
    nursery.start_soon(_sender, mailbox, "second")
    await wait_all_tasks_blocked()
    assert taken(mailbox) == ["first", "second"]


async def test_a_sender_that_was_given_room_has_sent_even_if_it_is_cancelled_at_once(nursery: trio.Nursery) -> None:
    mailbox: Mailbox[object] = Mailbox(capacity=1)
    mailbox.put_nowait(envelope("first"))
    scope = trio.CancelScope()
    finished = []

    async def sender() -> None:
        with scope:
            await mailbox.put(envelope("second"))
            finished.append("sent")

    nursery.start_soon(sender)
    await wait_all_tasks_blocked()
    assert mailbox.take_nowait() is not None
    scope.cancel()
    await wait_all_tasks_blocked()
    assert (taken(mailbox), finished) == (["second"], ["sent"])


async def test_closing_refuses_those_who_wait_and_those_who_come_with_an_error_of_their_own(
    nursery: trio.Nursery,
) -> None:
    mailbox: Mailbox[object] = Mailbox(capacity=1)
    mailbox.put_nowait(envelope("inside"))
    refusals: list[ActorStopped] = []

    async def sender() -> None:
        with pytest.raises(ActorQuarantined) as refused:
            await mailbox.put(envelope("waits"))
        refusals.append(refused.value)

    nursery.start_soon(sender)
    nursery.start_soon(sender)
    await wait_all_tasks_blocked()
    mailbox.close(ActorQuarantined("set aside"))
    await wait_all_tasks_blocked()
    nursery.start_soon(sender)
    await wait_all_tasks_blocked()
    assert len({id(refusal) for refusal in refusals}) == 3
    mailbox.open()
    assert taken(mailbox) == ["inside"]


async def test_the_reader_is_woken_once_and_takes_all(nursery: trio.Nursery) -> None:
    mailbox: Mailbox[object] = Mailbox()
    woken: list[list[object]] = []

    async def reader() -> None:
        while True:
            await mailbox.wait()
            woken.append(taken(mailbox))

    nursery.start_soon(reader)
    await wait_all_tasks_blocked()
    assert mailbox.has_reader
    for n in range(5):
        mailbox.put_nowait(envelope(n))
    await wait_all_tasks_blocked()
    assert woken == [[0, 1, 2, 3, 4]]


async def test_a_cancelled_reader_is_not_woken_later() -> None:
    mailbox: Mailbox[object] = Mailbox()
    with trio.CancelScope() as scope:
        scope.cancel()
        await mailbox.wait()
    assert not mailbox.has_reader
    mailbox.put_nowait(envelope(1))
    assert taken(mailbox) == [1]


def test_depth_and_the_oldest_over_all_lanes() -> None:
    mailbox: Mailbox[object] = Mailbox()
    assert (mailbox.depth, mailbox.oldest_since) == (0, None)
    mailbox.put_nowait(envelope(1, HIGH, since=5.0))
    mailbox.put_nowait(envelope(2, LOW, since=3.0))
    mailbox.put_nowait(envelope(3, LOW, since=9.0))
    assert (mailbox.depth, mailbox.oldest_since) == (3, 3.0)


def test_clearing_asks_leaves_the_other_messages_in_order() -> None:
    mailbox: Mailbox[object] = Mailbox()
    for n in range(4):
        mailbox.put_nowait(Envelope(n, HIGH, 0.0, Reply() if n % 2 else None))
    assert [each.message for each in mailbox.clear(asks_only=True)] == [1, 3]
    assert taken(mailbox) == [0, 2]
