"""Carrier webhooks: what a carrier tells us, checked and made durable before it hears "2xx".

The checks stand in a fixed order, each with an answer of its own: 405 not a POST, (413 by the door), 415 not a form,
400 unparsable, 404 unknown account, 403 not signed by it, 503 not stored. Nothing is stored before the signature held.
A carrier that hears 503 either tries again or shows the text in its list, which is swept after the outage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog

from server.carriers.form import TooManyFields, parse_form
from server.domain.carrier import BadPayload, Form, InboundText, Receipt
from server.door.raw_http import RawRequest, RawResponse
from server.ports import Clock, Ledger, MoArrival, MoUnassigned, RowRefused, StoreUnavailable

_PATH: Final = re.compile(rb"/webhooks/([a-z]+)/([A-Za-z0-9_-]{1,64})/(inbound|status)(?:\?(.*))?", re.DOTALL)
_XML: Final = ((b"content-type", b"text/xml"),)
EMPTY_TWIML: Final = RawResponse(200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>', _XML)
FORM: Final = b"application/x-www-form-urlencoded"

log = structlog.get_logger(__name__)


class CarrierWebhooks(Protocol):
    """The webhook half of a carrier's adapter."""

    def verify(self, target: bytes, headers: Mapping[bytes, bytes], form: Form | None, body: bytes = b"") -> bool: ...
    def parse_inbound(self, form: Form) -> InboundText: ...
    def parse_receipt(self, form: Form, query: Form) -> Receipt: ...


Lookup = Callable[[str, str], "tuple[int, CarrierWebhooks] | None"]
"""(carrier, account in the URL) → our account id and the adapter that knows its secret."""


def _refuse(status: int, reason: str) -> RawResponse:
    return RawResponse(status, reason.encode() + b"\n", ((b"content-type", b"text/plain; charset=utf-8"),))


UNAVAILABLE: Final = RawResponse(
    503, b"not stored; try again\n", ((b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"5"))
)


class Webhooks:
    """`RawHandler` for everything below /webhooks/. `outage` is called when a webhook could not be stored."""

    def __init__(
        self,
        ledger: Ledger,
        lookup: Lookup,
        clock: Clock,
        *,
        outage: Callable[[], None] = lambda: None,
        count: Callable[[str, int], None] = lambda kind, status: None,
    ) -> None:
        self._ledger, self._lookup, self._clock = ledger, lookup, clock
        self._outage, self._count = outage, count

    async def __call__(self, request: RawRequest) -> RawResponse:
        found = _PATH.fullmatch(request.target)
        if found is None:
            return _refuse(404, "there is no such webhook")
        carrier, account, kind, query = found.groups()
        response = await self._answer(request, carrier.decode(), account.decode(), kind.decode(), query or b"")
        self._count(kind.decode(), response.status)
        return response

    async def _answer(self, request: RawRequest, carrier: str, account: str, kind: str, query: bytes) -> RawResponse:
        if request.method != b"POST":
            return RawResponse(405, b"POST only\n", ((b"allow", b"POST"),))
        if (request.header(b"content-type") or b"").partition(b";")[0].strip().lower() != FORM:
            return _refuse(415, "this webhook takes forms")
        try:
            form, asked = parse_form(request.body), parse_form(query)
        except TooManyFields as error:
            return _refuse(400, str(error))
        known = self._lookup(carrier, account)
        if known is None:
            return _refuse(404, "there is no such account")
        account_id, adapter = known
        if not adapter.verify(request.target, dict(request.headers), form):
            log.warning("webhook_signature_refused", carrier=carrier, account=account_id)
            return _refuse(403, "the signature does not match")
        try:
            if kind == "inbound":
                return await self._inbound(account_id, adapter.parse_inbound(form))
            return await self._status(account_id, adapter.parse_receipt(form, asked))
        except BadPayload as error:
            return _refuse(400, str(error))
        except RowRefused:
            log.exception("webhook_row_refused", carrier=carrier, account=account_id)
            return _refuse(422, "this cannot be stored")
        except StoreUnavailable:
            self._outage()
            return UNAVAILABLE

    async def _inbound(self, account_id: int, text: InboundText) -> RawResponse:
        result = await self._ledger.record_mo(MoArrival.of(account_id, text))
        if isinstance(result, MoUnassigned):
            log.warning("text_to_unassigned_number", account=account_id)
        return EMPTY_TWIML

    async def _status(self, account_id: int, receipt: Receipt) -> RawResponse:
        await self._ledger.apply_receipt(account_id, receipt, self._clock.wall())
        return RawResponse(204)
