"""A carrier that posts JSON passes the same checks in the same order as one that posts forms, by either way in."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from outcome import Error, Maybe, Value

from server.carriers.telnyx import Telnyx
from server.carriers.twilio import Twilio
from server.domain.carrier import FORM, JSON, Receipt
from server.door.raw_http import RawRequest, RawResponse, Started
from server.door.webhooks import CarrierWebhooks, Webhooks
from server.ports import Clock, MoArrival, MoRecorded, MoResult, MoUnassigned, RowRefused, StoreUnavailable
from tests.actors.fakes import FakeClock

PUBLIC_URL: Final = "https://sms.example.org"
NOW: Final = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
KEY: Final = Ed25519PrivateKey.generate()
ATTEMPT: Final = UUID(int=7)
TELNYX: Final = Telnyx(
    "p1",
    "KEY0",
    public_key=b64encode(KEY.public_key().public_bytes_raw()).decode(),
    public_url=PUBLIC_URL,
    now=lambda: NOW,
)
ADAPTERS: Final[dict[tuple[str, str], tuple[int, CarrierWebhooks]]] = {
    ("telnyx", "p1"): (1, TELNYX),
    ("twilio", "AC1"): (2, Twilio("AC1", "secret", public_url=PUBLIC_URL)),
}
TEXT: Final = {
    "id": "m1",
    "from": {"phone_number": "+12025550101"},
    "to": [{"phone_number": "+12025550199"}],
    "text": "Hi",
}
REPORT: Final = {"id": "m2", "to": [{"status": "delivered"}]}
INBOUND, STATUS = b"/webhooks/telnyx/p1/inbound", b"/webhooks/telnyx/p1/status?attempt=" + str(ATTEMPT).encode()


class Store:
    """Takes what it is given, or fails as it is told to."""

    def __init__(self, result: MoResult | Exception | None = None) -> None:
        self._result = result or MoRecorded(1, 1)
        self.texts: list[MoArrival] = []
        self.receipts: list[tuple[int, Receipt]] = []

    @property
    def result(self) -> Maybe[MoResult]:
        return Error(self._result) if isinstance(self._result, Exception) else Value(self._result)

    async def record_mo(self, arrival: MoArrival) -> MoResult:
        self.texts.append(arrival)
        return self.result.unwrap()

    def record_mo_then(self, arrival: MoArrival, done: Callable[[Maybe[MoResult]], None]) -> None:
        self.texts.append(arrival)
        done(self.result)

    async def apply_receipt(self, account_id: int, receipt: Receipt, now: object) -> object:
        self.receipts.append((account_id, receipt))
        return self.result.unwrap()


def event(kind: str, payload: Mapping[str, object]) -> bytes:
    return orjson.dumps({"data": {"event_type": kind, "id": "e1", "payload": payload}})


def post(target: bytes, body: bytes, *, content_type: bytes = JSON, key: Ed25519PrivateKey | None = KEY) -> RawRequest:
    headers = [(b"content-type", content_type)]
    if key is not None:
        timestamp = b"%d" % NOW.timestamp()
        headers += [
            (b"telnyx-timestamp", timestamp),
            (b"telnyx-signature-ed25519", b64encode(key.sign(timestamp + b"|" + body))),
        ]
    return RawRequest(b"POST", target, headers, body, "127.0.0.1")


async def answer(store: Store, request: RawRequest, way: str, outages: list[int] | None = None) -> RawResponse:
    """The answer that the carrier hears, by either way in."""
    answers: list[RawResponse] = []

    def outage() -> None:
        if outages is not None:
            outages.append(1)

    webhooks = Webhooks(
        store,
        lambda carrier, name: ADAPTERS.get((carrier, name)),
        cast("Clock", FakeClock()),
        outage=outage,
    )
    if way == "start":
        started = webhooks.start(request, answers.append)
        if isinstance(started, RawResponse):
            return started
        if started is Started.ANSWERS_LATER:
            return answers[0]
    return await webhooks(request)


BOTH_WAYS: Final = pytest.mark.parametrize("way", ["call", "start"])
SIGNED_TEXT: Final = event("message.received", TEXT)


@BOTH_WAYS
async def test_a_signed_text_is_stored_and_heard_with_200(way: str) -> None:
    store = Store()
    heard = await answer(store, post(INBOUND, SIGNED_TEXT, content_type=b"application/json; charset=utf-8"), way)
    assert (heard.status, dict(heard.headers)[b"content-type"]) == (200, JSON)
    assert [(one.account_id, one.text.provider_id, one.text.body) for one in store.texts] == [(1, "m1", "Hi")]


@BOTH_WAYS
async def test_a_signed_report_is_applied_to_the_attempt_in_its_address(way: str) -> None:
    store = Store()
    assert (await answer(store, post(STATUS, event("message.finalized", REPORT)), way)).status == 200
    assert store.receipts == [(1, Receipt("m2", "delivered", attempt_id=ATTEMPT))]


@BOTH_WAYS
async def test_the_event_decides_and_not_the_address_it_came_to(way: str) -> None:
    store = Store()
    assert (await answer(store, post(INBOUND, event("message.sent", REPORT)), way)).status == 200
    assert (await answer(store, post(STATUS, SIGNED_TEXT), way)).status == 200
    assert [receipt.provider_id for _, receipt in store.receipts] == ["m2"]
    assert [one.text.provider_id for one in store.texts] == ["m1"]


@BOTH_WAYS
async def test_an_event_that_is_no_news_is_heard_and_stores_nothing(way: str) -> None:
    store = Store(AssertionError("nothing is stored"))
    assert (await answer(store, post(INBOUND, event("message.read", REPORT)), way)).status == 200
    assert store.texts == []
    assert store.receipts == []


@BOTH_WAYS
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(RawRequest(b"GET", INBOUND, [], b"", "127.0.0.1"), 405, id="no POST"),
        pytest.param(post(INBOUND, SIGNED_TEXT, content_type=b"text/plain"), 415, id="neither a form nor JSON"),
        pytest.param(post(b"/webhooks/telnyx/p1/other", SIGNED_TEXT), 404, id="no such webhook"),
        pytest.param(post(b"/webhooks/telnyx/p2/inbound", b"{", key=None), 404, id="an unknown account"),
        pytest.param(post(b"/webhooks/twilio/p1/inbound", SIGNED_TEXT), 404, id="another carrier's account"),
        pytest.param(post(b"/webhooks/twilio/AC1/inbound", SIGNED_TEXT, key=None), 415, id="JSON of who posts forms"),
        pytest.param(post(INBOUND, b"Body=Hi", content_type=FORM, key=None), 415, id="a form of who posts JSON"),
        pytest.param(post(INBOUND, b"a=&" * 300, content_type=FORM), 400, id="a form that cannot be parsed"),
        pytest.param(post(INBOUND, SIGNED_TEXT, key=None), 403, id="not signed"),
        pytest.param(post(INBOUND, SIGNED_TEXT, key=Ed25519PrivateKey.generate()), 403, id="signed by another"),
        pytest.param(post(INBOUND, b"{", key=None), 403, id="not signed, and unparsable: nobody parses it"),
        pytest.param(post(INBOUND, b"{"), 400, id="unparsable"),
        pytest.param(post(INBOUND, event("message.received", {"id": "m1"})), 400, id="no sender"),
        pytest.param(post(STATUS, event("message.sent", {"id": "m1"})), 400, id="no status"),
    ],
)
async def test_what_is_wrong_is_told_in_a_fixed_order(way: str, request_: RawRequest, status: int) -> None:
    store = Store()
    assert (await answer(store, request_, way)).status == status
    assert store.texts == []
    assert store.receipts == []


@BOTH_WAYS
@pytest.mark.parametrize(
    ("result", "status", "outages"),
    [
        pytest.param(MoUnassigned(), 200, [], id="a number that is not ours"),
        pytest.param(StoreUnavailable("away"), 503, [1], id="not stored"),
        pytest.param(RowRefused("bad"), 422, [], id="cannot be stored"),
    ],
)
@pytest.mark.parametrize("target", [pytest.param(INBOUND, id="text"), pytest.param(STATUS, id="report")])
async def test_what_became_of_it_is_the_answer(
    way: str, target: bytes, result: MoResult | Exception, status: int, outages: list[int]
) -> None:
    body = SIGNED_TEXT if target is INBOUND else event("message.sent", REPORT)
    rung: list[int] = []
    assert (await answer(Store(result), post(target, body), way, rung)).status == status
    assert rung == outages
