"""Carrier webhooks: what a carrier tells us, checked and made durable before it hears "2xx".

The checks stand in a fixed order, each with an answer of its own: 405 not a POST, (413 by the door), 415 neither a form
nor JSON, 400 unparsable, 404 unknown account, 415 not what its carrier posts, 403 not signed by it, 503 not stored.
JSON is signed as it came, so it is parsed after that, with the same 400. Nothing is stored before the signature held.
A carrier that hears 503 either tries again or shows the text in its list, which is swept after the outage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol

import structlog
from outcome import Maybe

from server.carriers.form import TooManyFields, parse_form
from server.domain.carrier import FORM, JSON, BadPayload, Form, InboundText, Receipt
from server.door.raw_http import RawRequest, RawResponse, Started
from server.ports import Clock, MoArrival, MoResult, MoUnassigned, RowRefused, StoreUnavailable

_PATH: Final = re.compile(rb"/webhooks/([a-z]+)/([A-Za-z0-9_-]{1,64})/(inbound|status)(?:\?(.*))?", re.DOTALL)
_XML: Final = ((b"content-type", b"text/xml"),)
EMPTY_TWIML: Final = RawResponse(200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>', _XML)
TAKEN: Final = RawResponse(200, b"{}\n", ((b"content-type", JSON),))
NO_CONTENT: Final = RawResponse(204)

log = structlog.get_logger(__name__)


News = InboundText | Receipt | None
"""What a webhook says. None: its carrier has signed it, but it is no news to us."""


class CarrierWebhooks(Protocol):
    """The webhook half of a carrier's adapter. `content_type`: `FORM`, or `JSON`, whose bytes are in *body*."""

    @property
    def content_type(self) -> bytes: ...
    def verify(self, target: bytes, headers: Mapping[bytes, bytes], form: Form | None, body: bytes = b"") -> bool: ...
    def parse_inbound(self, form: Form, body: bytes = b"") -> News: ...
    def parse_receipt(self, form: Form, query: Form, body: bytes = b"") -> News: ...


Lookup = Callable[[str, str], "tuple[int, CarrierWebhooks] | None"]
"""(carrier, account in the URL) → our account id and the adapter that knows its secret."""


def _refuse(status: int, reason: str) -> RawResponse:
    return RawResponse(status, reason.encode() + b"\n", ((b"content-type", b"text/plain; charset=utf-8"),))


UNAVAILABLE: Final = RawResponse(
    503, b"not stored; try again\n", ((b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"5"))
)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A webhook that its carrier has signed. `news` is what it says."""

    carrier: str
    kind: str
    account_id: int
    news: News
    taken: RawResponse


class Arrivals(Protocol):
    """The part of `ports.Ledger` that webhooks write to."""

    async def record_mo(self, arrival: MoArrival) -> MoResult: ...
    def record_mo_then(self, arrival: MoArrival, done: Callable[[Maybe[MoResult]], None]) -> None: ...
    async def apply_receipt(self, account_id: int, receipt: Receipt, now: datetime) -> object: ...


class Webhooks:
    """`RawHandler` for everything below /webhooks/. `outage` is called when a webhook could not be stored."""

    def __init__(
        self,
        ledger: Arrivals,
        lookup: Lookup,
        clock: Clock,
        *,
        outage: Callable[[], None] = lambda: None,
        count: Callable[[str, int], None] = lambda kind, status: None,
    ) -> None:
        self._ledger, self._lookup, self._clock = ledger, lookup, clock
        self._outage, self._count = outage, count

    async def __call__(self, request: RawRequest) -> RawResponse:
        checked = self._check(request, _PATH.fullmatch(request.target))
        if isinstance(checked, RawResponse):
            return checked
        try:
            if isinstance(checked.news, InboundText):
                arrival = MoArrival.of(checked.account_id, checked.news)
                response = self._recorded(checked, await self._ledger.record_mo(arrival))
            else:
                if checked.news is not None:
                    await self._ledger.apply_receipt(checked.account_id, checked.news, self._clock.wall())
                response = checked.taken
        except (RowRefused, StoreUnavailable) as error:
            response = self._not_stored(checked, error)
        self._count(checked.kind, response.status)
        return response

    def start(self, request: RawRequest, answered: Callable[[RawResponse], None]) -> RawResponse | Started:
        """As `__call__`, up to the shared commit, which answers. Receipts are for those who can wait."""
        found = _PATH.fullmatch(request.target)
        if found is not None and found[3] == b"status":
            return Started.NOT_HERE  # before the checks, which `__call__` makes
        checked = self._check(request, found)
        if isinstance(checked, RawResponse):
            return checked
        if not isinstance(checked.news, InboundText):
            return Started.NOT_HERE
        arrival = MoArrival.of(checked.account_id, checked.news)
        try:
            self._ledger.record_mo_then(arrival, partial(self._finish, checked, answered))
        except StoreUnavailable as error:
            response = self._not_stored(checked, error)
            self._count(checked.kind, response.status)
            return response
        return Started.ANSWERS_LATER

    def _finish(self, checked: _Checked, answered: Callable[[RawResponse], None], result: Maybe[MoResult]) -> None:
        try:
            response = self._recorded(checked, result.unwrap())
        except (RowRefused, StoreUnavailable) as error:
            response = self._not_stored(checked, error)
        except Exception:
            log.exception("a webhook failed", carrier=checked.carrier, account=checked.account_id)
            response = RawResponse(500)
        self._count(checked.kind, response.status)
        answered(response)

    # The checks

    def _check(self, request: RawRequest, found: re.Match[bytes] | None) -> RawResponse | _Checked:
        """*found* is what `_PATH` made of the target."""
        if found is None:
            return _refuse(404, "there is no such webhook")
        carrier, account, kind, query = found.groups()
        checked = self._judge(request, carrier.decode(), account.decode(), kind.decode(), query or b"")
        if isinstance(checked, RawResponse):
            self._count(kind.decode(), checked.status)
        return checked

    def _judge(
        self, request: RawRequest, carrier: str, account: str, kind: str, query: bytes
    ) -> RawResponse | _Checked:
        if request.method != b"POST":
            return RawResponse(405, b"POST only\n", ((b"allow", b"POST"),))
        headers = dict(request.headers)
        content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if content_type not in (FORM, JSON):
            return _refuse(415, "webhooks are forms or JSON")
        try:
            form, asked = parse_form(request.body) if content_type == FORM else None, parse_form(query)
        except TooManyFields as error:
            return _refuse(400, str(error))
        known = self._lookup(carrier, account)
        if known is None:
            return _refuse(404, "there is no such account")
        account_id, adapter = known
        if adapter.content_type != content_type:
            return _refuse(415, f"this webhook takes {adapter.content_type.decode()}")
        if not adapter.verify(request.target, headers, form, request.body):
            log.warning("webhook_signature_refused", carrier=carrier, account=account_id)
            return _refuse(403, "the signature does not match")
        try:
            news = _read(adapter, kind, form or [], asked, request.body)
        except BadPayload as error:
            return _refuse(400, str(error))
        return _Checked(carrier, kind, account_id, news, TAKEN if form is None else NO_CONTENT)

    # What became of it

    def _recorded(self, checked: _Checked, result: MoResult) -> RawResponse:
        if isinstance(result, MoUnassigned):
            log.warning("text_to_unassigned_number", account=checked.account_id)
        return TAKEN if checked.taken is TAKEN else EMPTY_TWIML

    def _not_stored(self, checked: _Checked, error: RowRefused | StoreUnavailable) -> RawResponse:
        if isinstance(error, StoreUnavailable):
            self._outage()
            return UNAVAILABLE
        log.error("webhook_row_refused", carrier=checked.carrier, account=checked.account_id, reason=str(error))
        return _refuse(422, "this cannot be stored")


def _read(adapter: CarrierWebhooks, kind: str, form: Form, query: Form, body: bytes) -> News:
    return adapter.parse_inbound(form, body) if kind == "inbound" else adapter.parse_receipt(form, query, body)
