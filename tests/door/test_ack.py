"""A carrier hears 2xx only once its text is durable, whichever way the webhook is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
import trio
import trio.testing
from outcome import Error, Maybe, Value

from server.domain.carrier import FORM, Form, InboundText, Receipt
from server.door.raw_http import RawRequest, RawResponse, Started
from server.door.webhooks import Webhooks
from server.ports import Clock, MoArrival, MoDuplicate, MoRecorded, MoResult, StoreUnavailable
from tests.actors.fakes import FakeClock

REQUEST = RawRequest(b"POST", b"/webhooks/twilio/AC1/inbound", [(b"content-type", FORM)], b"Body=Hi", "127.0.0.1")


class SlowStore:
    """Stores nothing before it is told to."""

    def __init__(self) -> None:
        self.stored = trio.Event()
        self.done: Callable[[Maybe[MoResult]], None] | None = None

    async def record_mo(self, arrival: MoArrival) -> MoResult:
        await self.stored.wait()
        return MoRecorded(1, 1)

    def record_mo_then(self, arrival: MoArrival, done: Callable[[Maybe[MoResult]], None]) -> None:
        self.done = done

    async def apply_receipt(self, account_id: int, receipt: Receipt, now: object) -> object:
        raise AssertionError("this is about texts")


class Adapter:
    content_type = FORM

    def __init__(self) -> None:
        self.verified = 0

    def verify(self, target: bytes, headers: object, form: Form | None, body: bytes = b"") -> bool:
        self.verified += 1
        return True

    def parse_inbound(self, form: Form, body: bytes = b"") -> InboundText:
        return InboundText("SM1", "+12025550101", "+12025550199", "Hi")

    def parse_receipt(self, form: Form, query: Form, body: bytes = b"") -> Receipt:
        raise AssertionError("this is about texts")


def webhooks(store: SlowStore, adapter: Adapter | None = None) -> Webhooks:
    known = adapter or Adapter()
    return Webhooks(store, lambda carrier, name: (1, known), cast("Clock", FakeClock()))


async def test_who_waits_for_the_answer_gets_it_after_the_commit() -> None:
    store, answers = SlowStore(), list[int]()

    async def post() -> None:
        answers.append((await webhooks(store)(REQUEST)).status)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(post)
        await trio.testing.wait_all_tasks_blocked()
        assert answers == []
        store.stored.set()
    assert answers == [200]


@pytest.mark.parametrize(
    ("result", "status"),
    [
        pytest.param(Value(MoRecorded(1, 1)), 200, id="stored"),
        pytest.param(Value(MoDuplicate()), 200, id="stored before"),
        pytest.param(Error(StoreUnavailable("away")), 503, id="not stored"),
    ],
)
def test_who_does_not_wait_is_answered_by_the_commit(result: Maybe[MoResult], status: int) -> None:
    store, answers = SlowStore(), list[RawResponse]()
    assert webhooks(store).start(REQUEST, answers.append) is Started.ANSWERS_LATER
    assert answers == []
    assert store.done is not None
    store.done(result)
    assert [answer.status for answer in answers] == [status]


def test_a_receipt_is_left_to_who_can_wait_and_is_checked_there_alone() -> None:
    adapter = Adapter()
    receipt = RawRequest(b"POST", b"/webhooks/twilio/AC1/status?a=1", REQUEST.headers, b"MessageSid=SM1", "127.0.0.1")
    assert webhooks(SlowStore(), adapter).start(receipt, lambda answer: None) is Started.NOT_HERE
    assert adapter.verified == 0
