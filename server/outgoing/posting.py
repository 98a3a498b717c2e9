"""Posts a webhook, and never to an address that its name was not allowed to lead to.

A name is looked up here, every address of it is looked at, and the connection goes to one of those: what it leads to a
moment later does not matter. Redirects are not followed, bodies of answers are not kept.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from time import time
from typing import Final

import httpcore2
import trio
from httpcore2 import AsyncConnectionPool, AsyncNetworkBackend, AsyncNetworkStream, TrioBackend

from server.domain.webhooks import may_reach, url_fault
from server.ports.events import Answered, Post

_STEP_S: Final = 10.0
_MOST_READ: Final = 64 * 1024  # of an answer, so that its connection can be used again


class Forbidden(Exception):
    """The name leads into a private network."""


class GuardedBackend(AsyncNetworkBackend):
    """Connects to addresses that a webhook may go to, and to no others."""

    def __init__(self, *, simulated: bool) -> None:
        self._simulated, self._inner = simulated, TrioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(place[4][0]).partition("%")[0] for place in found))
        if not all(may_reach(ip_address(address), simulated=self._simulated) for address in addresses):
            raise Forbidden
        for address in addresses[:-1]:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        raise Forbidden

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class WebPoster:
    """`ports.events.Poster`. A simulation's connections are never a real workspace's: they may lead to this machine."""

    def __init__(self) -> None:
        self._pools = {simulated: _pool(simulated=simulated) for simulated in (True, False)}

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def __call__(self, post: Post, body: bytes, headers: Sequence[tuple[str, str]]) -> Answered:
        fault = url_fault(post.url, simulated=post.simulated)
        if fault is not None:
            return Answered(None, fault)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _STEP_S)
        try:
            async with self._pools[post.simulated].stream(
                "POST", post.url, headers=list(headers), content=body, extensions={"timeout": timeouts}
            ) as response:
                await _read_some(response)
                return Answered(response.status, _said(response.status), _retry_after_s(response.headers))
        except Forbidden:
            return Answered(None, "The address leads into a private network.")
        except socket.gaierror:
            return Answered(None, "The name of the server cannot be found.")
        except (httpcore2.TimeoutException, trio.TooSlowError):
            return Answered(None, "The server did not answer in time.")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            return Answered(None, f"The connection failed ({type(error).__name__}).")


def _pool(*, simulated: bool) -> AsyncConnectionPool:
    return AsyncConnectionPool(
        max_connections=256,
        max_keepalive_connections=64,
        keepalive_expiry=10.0,
        network_backend=GuardedBackend(simulated=simulated),
    )


async def _read_some(response: httpcore2.Response) -> None:
    read = 0
    async for piece in response.aiter_stream():
        read += len(piece)
        if read > _MOST_READ:
            return


def _said(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The server answered {status}; redirects are not followed."
    return f"The server answered {status}."


def _retry_after_s(headers: Sequence[tuple[bytes, bytes]]) -> float | None:
    """RFC 9110, 10.2.3: seconds, or a date."""
    said = next((value.decode("latin-1") for name, value in headers if name.lower() == b"retry-after"), "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return None
