"""Asks an endpoint that speaks OpenAI's API for chats, over the openai package on trio, and trusts nothing of its
answer.

Its HTTP client runs on trio as it is. What it lacks is laid around it here: an answer of at most so many bytes, whole
or in one line, never compressed and never from another address than the one that was asked; no second try behind our
back. Whatever comes that is not in the form of the API is a failure of the endpoint.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

from server.domain.suggest.budget import ANSWER_TOKENS
from server.ports.suggest import ChatFailed

MOST_BYTES: Final = 256 * 1024  # of one answer: a hundred times what was asked for, with what stands around each piece
TEMPERATURE: Final = 0.4
_CONNECT_S: Final = 5.0


class _TooMuch(httpx2.HTTPError):
    """The answer does not end, or may become more than it looks."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for piece in self._stream:
            taken += len(piece)
            if taken > MOST_BYTES:
                raise _TooMuch("the answer does not end")
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
            raise _TooMuch("the answer is compressed")
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
        try:
            return await self._ask(rules, told, heard)
        except APIStatusError as refused:
            raise ChatFailed(
                f"status_{refused.status_code}", billed=False, retry_after_s=_retry_after_s(refused)
            ) from None
        except APIConnectionError as lost:
            # before a response began; one that is cut later is no APIConnectionError
            raise ChatFailed("too_much" if isinstance(lost.__cause__, _TooMuch) else "no_connection") from None
        except _TooMuch:
            raise ChatFailed("too_much") from None
        except httpx2.HTTPError:
            raise ChatFailed("cut_off") from None
        except (OpenAIError, ValueError, TypeError, AttributeError, RecursionError):
            # what the package makes of JSON, or of something else, that is not what the API gives
            raise ChatFailed("unreadable") from None

    async def _ask(self, rules: str, told: str, heard: Callable[[str], bool]) -> int | None:
        tokens: int | None = None
        stream = await self._client.chat.completions.create(
            model=self.model,
            messages=[{"role": "system", "content": rules}, {"role": "user", "content": told}],
            max_tokens=ANSWER_TOKENS,
            temperature=TEMPERATURE,
            stream=True,
            stream_options={"include_usage": True},
        )
        async with stream:
            wanted = True
            async for chunk in stream:
                told_tokens = _total_tokens(chunk)
                tokens = told_tokens if told_tokens is not None else tokens
                if wanted and (piece := _piece(chunk)):
                    wanted = heard(piece)
        return tokens

    async def aclose(self) -> None:
        await self._client.close()


def _piece(chunk: Any) -> str:
    """The text of a chunk, which may be anything that JSON can say."""
    choices = getattr(chunk, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    content = getattr(getattr(first, "delta", None), "content", None)
    return content if isinstance(content, str) else ""


def _total_tokens(chunk: Any) -> int | None:
    total = getattr(getattr(chunk, "usage", None), "total_tokens", None)
    return total if isinstance(total, int) and not isinstance(total, bool) and 0 <= total < 2**31 else None


def _retry_after_s(refused: APIStatusError) -> float | None:
    if refused.status_code not in {429, 503}:
        return None
    try:
        return max(float(refused.response.headers.get("retry-after", "")), 0.0)
    except ValueError:
        return 0.0 if refused.status_code == 429 else None
