"""Asks an endpoint that speaks OpenAI's API for chats, over the openai package on trio, and trusts nothing of its
answer.

Its HTTP client runs on trio as it is. What it lacks is laid around it here: an answer of at most so many bytes, whole
or in one line, never compressed and never from another address than the one that was asked; no second try behind our
back. Whatever comes that is not in the form of the API is a failure of the endpoint.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Final

import httpx2
import trio
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

from server.domain.suggest.budget import ANSWER_TOKENS
from server.ports.suggest import ChatFailed

MOST_BYTES: Final = 256 * 1024  # of one answer: a hundred times what was asked for, with what stands around each piece
TEMPERATURE: Final = 0.4
_CONNECT_S: Final = 5.0
_USAGE_WITHIN_S: Final = 0.5  # after the last reply: nobody waits for a bill


class _Refused(httpx2.HTTPError):
    """The answer is none that is read at all."""


_on_too_much: ContextVar[Callable[[], None]] = ContextVar("on_too_much")
"""Stops whoever reads the answer of this request."""


class _Bounded(httpx2.AsyncByteStream):
    """Bytes up to a limit. What is above it is dropped, and its reader stopped by a cancellation: an exception from
    here would leave the generators below this one open.
    """

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for piece in self._stream:
            taken += len(piece)
            if taken > MOST_BYTES:
                _on_too_much.get()()
            else:
                yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncBaseTransport):
    """What a response may be, below everything that reads it."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._transport.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise _Refused("the answer is compressed")
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)  # noqa: S101 - an async transport gives no other
        response.stream = _Bounded(stream)
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


class OpenAiChat:
    """`ports.suggest.Chat`. *base_url* None: OpenAI's own."""

    def __init__(self, api_key: str, model: str, base_url: str | None) -> None:
        self.model: Final = model
        http = httpx2.AsyncClient(
            transport=_Transport(httpx2.AsyncHTTPTransport(retries=0)),
            timeout=httpx2.Timeout(None, connect=_CONNECT_S),  # the whole has its deadline with whoever asks
            follow_redirects=False,
            headers={"Accept-Encoding": "identity"},
        )
        self._client = AsyncOpenAI(api_key=api_key, base_url=base_url, max_retries=0, http_client=http)

    async def ask(self, rules: str, told: str, heard: Callable[[str], bool]) -> int | None:
        reading = _Reading(heard)
        _on_too_much.set(reading.too_much)
        try:
            await self._ask(rules, told, reading)
        except APIStatusError as refused:
            raise ChatFailed(
                f"status_{refused.status_code}", billed=False, retry_after_s=_retry_after_s(refused)
            ) from None
        except APIConnectionError:
            # before a response began; one that is cut later is no APIConnectionError
            raise ChatFailed("no_connection") from None
        except httpx2.HTTPError:
            raise ChatFailed("cut_off") from None
        except (OpenAIError, ValueError):
            raise ChatFailed("unreadable") from None
        if reading.fault is not None:
            raise ChatFailed(reading.fault)
        return reading.tokens

    async def _ask(self, rules: str, told: str, reading: _Reading) -> None:
        """The package's own stream leaves generators behind that nobody closes, which trio does not forgive: the events
        are read here, and what has said enough is left by a cancellation, which ends every generator.
        """
        asking = self._client.chat.completions.with_streaming_response.create(
            model=self.model,
            messages=[{"role": "system", "content": rules}, {"role": "user", "content": told}],
            max_tokens=ANSWER_TOKENS,
            temperature=TEMPERATURE,
            stream=True,
            stream_options={"include_usage": True},
        )
        with reading.enough:
            async with asking as response:
                async for line in response.http_response.aiter_lines():
                    reading.take(line)

    async def aclose(self) -> None:
        await self._client.close()


class _Reading:
    """What the events of an answer say; each may be anything that JSON can say. `enough` ends the reading."""

    def __init__(self, heard: Callable[[str], bool]) -> None:
        self._heard = heard
        self._wanted = True
        self.enough = trio.CancelScope()
        self.tokens: int | None = None
        self.fault: str | None = None

    def take(self, line: str) -> None:
        """One line of the stream."""
        if not line.startswith("data:") or self.enough.cancel_called:
            return
        data = line[5:].strip()
        if data == "[DONE]":
            self.enough.cancel()
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            self._stop("unreadable")
            return
        if isinstance(event, dict):
            self._count(event.get("usage"))
            self._hear(_piece(event.get("choices")))

    def too_much(self) -> None:
        """The answer does not end."""
        self._stop("too_much")

    def _hear(self, piece: str) -> None:
        if piece and self._wanted:
            self._wanted = self._heard(piece)
            if not self._wanted:
                self.enough.deadline = trio.current_time() + _USAGE_WITHIN_S

    def _stop(self, fault: str) -> None:
        self.fault = fault
        self.enough.cancel()

    def _count(self, usage: object) -> None:
        total = usage.get("total_tokens") if isinstance(usage, dict) else None
        if isinstance(total, int) and not isinstance(total, bool) and 0 <= total < 2**31:
            self.tokens = total


def _piece(choices: object) -> str:
    first = choices[0] if isinstance(choices, list) and choices else None
    delta = first.get("delta") if isinstance(first, dict) else None
    content = delta.get("content") if isinstance(delta, dict) else None
    return content if isinstance(content, str) else ""


def _retry_after_s(refused: APIStatusError) -> float | None:
    if refused.status_code not in {429, 503}:
        return None
    try:
        return max(float(refused.response.headers.get("retry-after", "")), 0.0)
    except ValueError:
        return 0.0 if refused.status_code == 429 else None
