"""Telnyx: one account, its sends and webhooks.

Telnyx knows keys of idempotency: of all requests under one key it acts on the first. An unknown outcome is resolved by
sending the same request again, so every try of a text must be the same to the last byte.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from server.carriers.callback import absolute, callback_prefix
from server.carriers.streams import Streams
from server.carriers.telnyx_answers import read_answer
from server.carriers.telnyx_signature import SignatureCheck
from server.carriers.telnyx_webhooks import parse_event
from server.carriers.wire import Origin
from server.domain.carrier import (
    JSON,
    BeforeFirstByte,
    Capabilities,
    Form,
    InboundText,
    ListedMessage,
    ListFailed,
    MtRequest,
    Outcome,
    Receipt,
)


def _now() -> datetime:
    return datetime.now(UTC)


class Telnyx:
    """One Telnyx account. *webhook_account* is its name in our webhook addresses, *public_key* what it signs with.

    *now* is this machine's time: signatures hold for some minutes.
    """

    capabilities = Capabilities(idempotency_key=True, callback_token=True, list_query=False)
    content_type = JSON

    def __init__(
        self,
        webhook_account: str,
        api_key: str,
        base_url: str = "https://api.telnyx.com",
        *,
        public_key: str,
        public_url: str,
        now: Callable[[], datetime] = _now,
        connect_s: float = 5.0,
        answer_s: float = 15.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._streams = Streams(Origin.of(base_url, tls), connect_s=connect_s, answer_s=answer_s)
        self._public_url = public_url
        self._head = _request_head(base_url.rstrip("/"), api_key)
        self._callback = callback_prefix(public_url, "telnyx", webhook_account)
        self._signature = SignatureCheck(public_key, now)

    # Sending

    async def submit(self, request: MtRequest, before_first_byte: BeforeFirstByte, worker: int) -> Outcome:
        """One POST over the stream of *worker* (any int; one submit at a time each). What goes wrong is a value."""
        # The key is the id of the text's first attempt: as the token in the address it names an attempt of this text,
        # and is the same in every try. With the id of each attempt the key would come back with another body.
        key = request.key or request.attempt_id
        body = orjson.dumps(self._fields(request, f"{self._callback}{key}"))
        head = b"%bIdempotency-Key: %b\r\nContent-Length: %d\r\n\r\n" % (self._head, str(key).encode(), len(body))
        return await self._streams.post(head + body, before_first_byte, worker, read_answer)

    def close(self) -> None:
        """Drop the idle streams."""
        self._streams.close()

    def _fields(self, request: MtRequest, callback: str) -> dict[str, Any]:
        """`validity_s` is left out: Telnyx has no field for it, and it would differ from try to try."""
        fields: dict[str, Any] = {"from": request.from_, "to": request.to, "text": request.body}
        if request.media_urls:
            fields["media_urls"] = [absolute(self._public_url, url) for url in request.media_urls]
        return fields | {"webhook_url": callback}

    # Webhooks

    def verify(self, target: bytes, headers: Mapping[bytes, bytes], form: Form | None, body: bytes = b"") -> bool:
        """Whether Telnyx signed this webhook; see `SignatureCheck.verify`. The address is not part of what it signs."""
        return self._signature.verify(headers, body)

    @staticmethod
    def parse_inbound(form: Form, body: bytes = b"") -> InboundText | Receipt | None:
        return parse_event(body, [])

    @staticmethod
    def parse_receipt(form: Form, query: Form, body: bytes = b"") -> InboundText | Receipt | None:
        return parse_event(body, query)

    # Lists

    async def list_outbound(self, *, to: str, from_: str, since: datetime) -> Sequence[ListedMessage]:
        """Raises `ListFailed`: what this carrier took is learnt by its key."""
        raise ListFailed("Telnyx offers no list of messages")

    async def list_inbound(self, *, since: datetime) -> Sequence[ListedMessage]:
        """Raises `ListFailed`."""
        raise ListFailed("Telnyx offers no list of messages")


def _request_head(base_url: str, api_key: str) -> bytes:
    base = urlsplit(base_url)
    return (
        f"POST {base.path}/v2/messages HTTP/1.1\r\nHost: {base.netloc}\r\nAuthorization: Bearer {api_key}\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\nUser-Agent: threadline\r\n"
    ).encode()
