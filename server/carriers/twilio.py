"""Twilio: one account, its sends, webhooks and lists.

Twilio has no idempotency key. An unknown outcome is resolved by our attempt id, which comes back in the address of the
status callback, or by Twilio's own list of messages.
"""

import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, quote_plus, urlsplit

from server.carriers.callback import absolute, callback_prefix
from server.carriers.streams import Streams
from server.carriers.twilio_answers import read_answer
from server.carriers.twilio_lists import MessageList
from server.carriers.twilio_signature import SignatureCheck
from server.carriers.twilio_webhooks import parse_inbound, parse_receipt
from server.carriers.wire import Origin
from server.domain.carrier import (
    FORM,
    BeforeFirstByte,
    Capabilities,
    Form,
    InboundText,
    ListedMessage,
    MtRequest,
    Outcome,
    Receipt,
)


class Twilio:
    """One Twilio account, or a simulator that speaks its API at *base_url*.

    *webhook_account* is this account's name in our webhook addresses. *credentials* are an API key and its secret,
    where one is used instead of the account's own; webhooks are signed with *auth_token* in either case.
    """

    capabilities = Capabilities(idempotency_key=False, callback_token=True, list_query=True)
    content_type = FORM

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        base_url: str = "https://api.twilio.com",
        *,
        public_url: str,
        webhook_account: str | None = None,
        credentials: tuple[str, str] | None = None,
        connect_s: float = 5.0,
        answer_s: float = 15.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._base_url, self._public_url = base_url.rstrip("/"), public_url
        origin = Origin.of(self._base_url, tls)
        self._streams = Streams(origin, connect_s=connect_s, answer_s=answer_s)
        self._auth = credentials or (account_sid, auth_token)
        self._path = f"/2010-04-01/Accounts/{quote(account_sid)}/Messages.json"
        self._head = self._request_head()
        self._quoted_callback = quote_plus(callback_prefix(public_url, "twilio", webhook_account or account_sid))
        self._list = MessageList(self._base_url, self._path, self._auth, origin.tls)
        self._signature = SignatureCheck(public_url, auth_token)

    # Sending

    async def submit(self, request: MtRequest, before_first_byte: BeforeFirstByte, worker: int) -> Outcome:
        """One POST over the stream of *worker* (any int; one submit at a time each). What goes wrong is a value."""
        body = self._form(request)
        whole = b"%b%d\r\n\r\n%b" % (self._head, len(body), body)
        return await self._streams.post(whole, before_first_byte, worker, read_answer)

    def close(self) -> None:
        """Drop the idle streams."""
        self._streams.close()

    def _form(self, request: MtRequest) -> bytes:
        fields = [
            f"To={_quoted(request.to)}&From={_quoted(request.from_)}&Body={quote_plus(request.body)}",
            *(f"MediaUrl={quote_plus(absolute(self._public_url, url))}" for url in request.media_urls),
            f"StatusCallback={self._quoted_callback}{request.attempt_id}",
        ]
        if request.validity_s is not None:
            fields.append(f"ValidityPeriod={min(max(request.validity_s, 1), 36_000)}")
        return "&".join(fields).encode()

    def _request_head(self) -> bytes:
        base = urlsplit(self._base_url)
        token = b64encode(":".join(self._auth).encode()).decode()
        return (
            f"POST {base.path}{self._path} HTTP/1.1\r\nHost: {base.netloc}\r\nAuthorization: Basic {token}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n"
            "User-Agent: threadline\r\nContent-Length: "
        ).encode()

    # Webhooks

    def verify(self, target: bytes, headers: Mapping[bytes, bytes], form: Form | None, body: bytes = b"") -> bool:
        """Whether Twilio signed this webhook; see `SignatureCheck.verify`."""
        return self._signature.verify(target, headers, form, body)

    @staticmethod
    def parse_inbound(form: Form, body: bytes = b"") -> InboundText:
        return parse_inbound(form)

    @staticmethod
    def parse_receipt(form: Form, query: Form, body: bytes = b"") -> Receipt:
        return parse_receipt(form, query)

    # Lists

    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
        """Twilio's messages from *from_* to *to* that were created at *since* or later (whole seconds), newest first.

        Not narrowed by Twilio's date filter: it goes by the date of sending, which a queued message may not have yet.
        """
        return await self._list.read({"To": to, "From": from_}, since, "out")

    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]:
        """Inbound texts of all numbers of the account since *since*; raises `ListFailed`."""
        # Narrowed to whole days of whatever zone the carrier counts in.
        day_before = (since.astimezone(UTC) - timedelta(days=1)).date().isoformat()
        return await self._list.read({"DateSent>": day_before}, since, "in")


@lru_cache(maxsize=4096)
def _quoted(number: str) -> str:
    return quote_plus(number)
