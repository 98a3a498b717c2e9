"""Those who are told: they live through all kills, write down every post, and each misbehaves in its own way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

import h11
import trio
from standardwebhooks import Webhook, WebhookVerificationError

from tests.webhook_kills.judging import Heard

FAILS_FIRST: Final = 2
GONE_AFTER: Final = 10


@dataclass
class Receivers:
    """All at one port, told apart by their path. `secrets`: what each verifies with; `mended`: `never` answers now."""

    chance: Random
    secrets: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    in_flight: int = 0
    news: trio.Event = field(default_factory=trio.Event)
    mended: bool = False
    _times: Counter[str] = field(default_factory=Counter)

    async def serve(self, stream: trio.SocketStream) -> None:
        try:
            await self._serve(h11.Connection(h11.SERVER), stream)
        except (trio.BrokenResourceError, h11.RemoteProtocolError):
            return  # its server was killed

    async def _serve(self, connection: h11.Connection, stream: trio.SocketStream) -> None:
        body, target = bytearray(), b""
        head: dict[str, str] = {}
        async with stream:
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await stream.receive_some())
                elif isinstance(event, h11.Request):
                    target, body = event.target, bytearray()
                    head = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    status = await self._told(target.decode().strip("/"), head, bytes(body))
                    answer = h11.Response(status_code=status, headers=[("content-length", "0")])
                    said = (connection.send(answer) or b"") + (connection.send(h11.EndOfMessage()) or b"")
                    await stream.send_all(said)
                    connection.start_next_cycle()
                else:
                    return

    async def _told(self, name: str, head: dict[str, str], body: bytes) -> int:
        one = Heard(name, head["webhook-id"], trio.current_time(), body, self._is_ours(name, head, body))
        self.heard.append(one)
        self._times[one.webhook_id] += 1
        self.in_flight += 1
        self.news.set()
        self.news = trio.Event()
        try:
            one.answered = await _MANNERS[name](self, one)
        finally:
            self.in_flight -= 1
        return one.answered

    def _is_ours(self, name: str, head: dict[str, str], body: bytes) -> bool:
        try:
            Webhook(self.secrets[name]).verify(body, head)
        except WebhookVerificationError:
            return False
        return True

    async def posted(self) -> None:
        """Wait until a post is being answered."""
        while not self.in_flight:
            await self.news.wait()

    # How each behaves

    async def _steady(self, _: Heard) -> int:
        return 204

    async def _slow(self, _: Heard) -> int:
        await trio.sleep(self.chance.uniform(0.05, 0.6))
        return 200

    async def _flaky(self, one: Heard) -> int:
        return 500 if self._times[one.webhook_id] <= FAILS_FIRST else 204

    async def _hangs(self, one: Heard) -> int:
        if self._times[one.webhook_id] == 1:
            await trio.sleep_forever()  # until its server hangs up, or this run ends
        return 204

    async def _never(self, _: Heard) -> int:
        return 204 if self.mended else 503

    async def _gone(self, one: Heard) -> int:
        told = sum(other.receiver == "gone" for other in self.heard)
        return 204 if told <= GONE_AFTER else 410


_MANNERS: Final[dict[str, Callable[[Receivers, Heard], Awaitable[int]]]] = {
    "steady": Receivers._steady, "slow": Receivers._slow, "flaky": Receivers._flaky,
    "hangs": Receivers._hangs, "never": Receivers._never, "gone": Receivers._gone,
}  # fmt: skip
