"""Posting webhooks as Twilio does: signed, in no order, and tried again once, only if no connection came about."""

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit

import trio

from server.carriers.simulator.ledger import Ledger
from server.carriers.wire import NotOnWire, Origin, Wire, WireError

Mode = Literal["run", "pause", "drop"]

_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}
_WORKERS: Final = 8


@dataclass(frozen=True, slots=True)
class Post:
    """One webhook. *kind* and *facts* go into the ledger with the answer."""

    kind: Literal["mo", "receipt"]
    url: str
    fields: Sequence[tuple[str, str]]
    facts: dict[str, Any] = field(default_factory=dict)


def twilio_signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """Written apart from the server's own check, so that one does not repeat the other's mistake."""
    values: dict[str, set[str]] = {}
    for name, value in fields:
        values.setdefault(name, set()).add(value)
    signed = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


class Webhooks:
    """Posts webhooks to loopback only.

    With *base*, connections go there whatever host the address names, while the signature stays over that address: so a
    server with a public address can be demonstrated without anything leaving the machine.
    """

    def __init__(self, ledger: Ledger, token: str, base: str | None) -> None:
        self.base = base
        self.mode: Mode = "run"
        self._ledger = ledger
        self._token = token
        self._resumed = trio.Event()
        self._send, self._receive = trio.open_memory_channel[Post](2**20)

    @property
    def waiting(self) -> int:
        return self._send.statistics().current_buffer_used

    def post_soon(self, post: Post) -> None:
        self._send.send_nowait(post)

    def switch(self, mode: Mode) -> None:
        """Go on, hold webhooks back, or lose them as a carrier does whose customer is down."""
        self.mode = mode
        if mode != "pause":
            self._resumed.set()
            self._resumed = trio.Event()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(_WORKERS):
                nursery.start_soon(self._work)

    async def post(self, post: Post) -> int | None:
        """Post at once, over a connection of its own; the status of the answer, or None where there was none."""
        wires: dict[str, Wire] = {}
        try:
            return await self._post(post, wires)
        finally:
            _close(wires)

    async def _work(self) -> None:
        wires: dict[str, Wire] = {}
        try:
            async for post in self._receive:
                while self.mode == "pause":
                    await self._resumed.wait()
                await self._post(post, wires)
        finally:
            _close(wires)

    async def _post(self, post: Post, wires: dict[str, Wire]) -> int | None:
        """Try, and once again if no connection came about; recorded in the ledger either way."""
        started = time.monotonic_ns()
        answered: int | None = None
        tries, error = 0, "dropped"
        while self.mode != "drop" and tries < 2:
            tries += 1
            try:
                answered, error = await self._try(post, wires), ""
                break
            except NotOnWire as failure:
                error = str(failure)
            except WireError as failure:
                error = str(failure)
                break
        outcome = {"answered": answered, "tries": tries, "error": error, "posted_ns": started}
        self._ledger.record_soon(post.kind, **(post.facts | outcome))
        return answered

    async def _try(self, post: Post, wires: dict[str, Wire]) -> int:
        target = urlsplit(self.base or post.url)
        if target.hostname not in _LOOPBACK or target.scheme != "http":
            raise NotOnWire("webhooks go to loopback only")
        wire = wires.get(target.netloc)
        if wire is None:
            wire = wires[target.netloc] = Wire(Origin.of(f"http://{target.netloc}"), connect_s=5.0, answer_s=15.0)
        answer = await wire.exchange(self._request(post), lambda: None)
        return answer.status

    def _request(self, post: Post) -> bytes:
        url = urlsplit(post.url)
        body = urlencode(post.fields).encode()
        return (
            f"POST {url.path}{'?' if url.query else ''}{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\nUser-Agent: TwilioProxy/1.1\r\n"
            f"X-Twilio-Signature: {twilio_signature(self._token, post.url, post.fields)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def _close(wires: dict[str, Wire]) -> None:
    for wire in wires.values():
        wire.close()
