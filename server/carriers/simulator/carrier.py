"""The simulated carrier itself: accepts texts, lets time pass over them, and lets handsets write."""

import hashlib
import heapq
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final

import trio

from server.carriers.simulator.faults import Behaviour, Faults, Step
from server.carriers.simulator.ledger import Ledger
from server.carriers.simulator.messages import API_VERSION, Message, Messages, count_segments
from server.carriers.simulator.webhooks import Post, Webhooks

_EARLY_RECEIPT_S: Final = 2.0


def body_sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


class SimulatedCarrier:
    """*heard* is called with each text that reaches a handset; personas listen there, and say nothing while *silent*.

    *inbound_url* is where texts from handsets are posted. Without *receipts* none are posted, for benches of sending.
    """

    def __init__(
        self,
        account_sid: str,
        ledger: Ledger,
        webhooks: Webhooks,
        faults: Faults,
        *,
        inbound_url: str | None,
        receipts: bool = True,
    ) -> None:
        self.account_sid = account_sid
        self.ledger = ledger
        self.webhooks = webhooks
        self.faults = faults
        self.messages = Messages(ledger.wall)
        self.inbound_url = inbound_url
        self.silent = False
        self.heard: Callable[[Message], None] = lambda message: None
        self._receipts = receipts
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._changed = trio.Event()

    def post_to(self, base: str) -> None:
        """From now on post webhooks to the server at *base*, under the same paths."""
        self.webhooks.base = base.rstrip("/")
        if self.inbound_url is None:
            self.inbound_url = f"{self.webhooks.base}/webhooks/twilio/{self.account_sid}/inbound"

    # Texts to handsets

    async def accept(self, message: Message, behaviour: Behaviour, arrived_ns: int) -> None:
        """Take *message*: when this returns, the ledger has it for good."""
        self.messages.add(message)
        await self.ledger.record(
            "accepted",
            mono_ns=arrived_ns,
            sid=message.sid,
            to=message.to,
            **{"from": message.from_},
            body_sha256=body_sha256(message.body),
            segments=message.segments,
            status_callback=message.status_callback,
            **({"media": message.media} if message.media else {}),
        )
        if behaviour.early:
            await self._report_now(message, behaviour)
        else:
            for step in behaviour.steps:
                self._at(step.after_s, partial(self._take, message, step))
        if not any(step.error_code for step in behaviour.steps):
            self.heard(message)

    async def refuse(self, message: Message, told: int | None, arrived_ns: int) -> None:
        """Write down a well-formed request that was not taken, and what its answer says, if there is one."""
        await self.ledger.record(
            "refused",
            mono_ns=arrived_ns,
            to=message.to,
            **{"from": message.from_},
            segments=message.segments,
            status_callback=message.status_callback,
            told=told,
        )

    async def _report_now(self, message: Message, behaviour: Behaviour) -> None:
        """Receipts before the answer. Not for ever: a server that waits for the answer first would wait for itself."""
        with trio.move_on_after(_EARLY_RECEIPT_S):
            for step in behaviour.steps:
                self.messages.turn(message, step.status, step.error_code)
                for post in self._receipt_posts(message, step):
                    await self.webhooks.post(post)

    def _take(self, message: Message, step: Step) -> None:
        self.messages.turn(message, step.status, step.error_code)
        for post in self._receipt_posts(message, step):
            self.webhooks.post_soon(post)

    def _receipt_posts(self, message: Message, step: Step) -> list[Post]:
        if not message.status_callback or not self._receipts:
            return []
        fields = [
            ("ApiVersion", API_VERSION),
            ("AccountSid", self.account_sid),
            ("MessageSid", message.sid),
            ("SmsSid", message.sid),
            ("MessageStatus", step.status),
            ("SmsStatus", step.status),
            ("From", message.from_),
            ("To", message.to),
        ]
        if step.error_code is not None:
            fields.append(("ErrorCode", str(step.error_code)))
        facts = {"sid": message.sid, "status": step.status, "error_code": step.error_code}
        return [Post("receipt", message.status_callback, fields, facts)] * step.times

    # Texts from handsets

    def write_in(
        self,
        message: Message,
        *,
        media: list[tuple[str, str]] | None = None,
        opt_out_type: str | None = None,
        silent: bool = False,
        copies: int = 1,
    ) -> None:
        """A handset sends *message*: the list shows it at once, its webhook follows (*copies* times, or never)."""
        message.media = tuple(url for url, _ in media or [])
        self.messages.add(message)
        self.messages.turn(message, "received")
        if silent or self.inbound_url is None:
            return
        facts: dict[str, Any] = {
            "sid": message.sid,
            "from": message.from_,
            "to": message.to,
            "body_sha256": body_sha256(message.body),
        }
        post = Post("mo", self.inbound_url, self._inbound_fields(message, media or [], opt_out_type), facts)
        for _ in range(copies):
            self.webhooks.post_soon(post)

    def _inbound_fields(
        self, message: Message, media: list[tuple[str, str]], opt_out_type: str | None
    ) -> list[tuple[str, str]]:
        fields = [
            ("ToCountry", "US"),
            ("ToState", ""),
            ("SmsMessageSid", message.sid),
            ("NumMedia", str(len(media))),
            ("ToCity", ""),
            ("FromZip", ""),
            ("SmsSid", message.sid),
            ("FromState", ""),
            ("SmsStatus", "received"),
            ("FromCity", ""),
            ("Body", message.body),
            ("FromCountry", "US"),
            ("To", message.to),
            ("ToZip", ""),
            ("NumSegments", str(message.segments)),
            ("MessageSid", message.sid),
            ("AccountSid", self.account_sid),
            ("From", message.from_),
            ("ApiVersion", API_VERSION),
        ]
        for number, (url, content_type) in enumerate(media):
            fields += [(f"MediaUrl{number}", url), (f"MediaContentType{number}", content_type)]
        if opt_out_type:
            fields.append(("OptOutType", opt_out_type))
        return fields

    # Time

    async def run(self) -> None:
        """Let due things happen until cancelled."""
        while True:
            while self._agenda and self._agenda[0][0] <= trio.current_time():
                heapq.heappop(self._agenda)[2]()
            self._changed = trio.Event()
            with trio.move_on_at(self._agenda[0][0] if self._agenda else float("inf")):
                await self._changed.wait()

    def _at(self, after_s: float, action: Callable[[], None]) -> None:
        due = trio.current_time() + after_s
        heapq.heappush(self._agenda, (due, next(self._order), action))
        if self._agenda[0][0] == due:
            self._changed.set()


def handset_text(from_: str, to: str, body: str, sid: str | None = None) -> Message:
    """An inbound message; *sid* only where a test wants to choose it."""
    message = Message(from_, to, body, "inbound", "receiving", count_segments(body))
    if sid is not None:
        message.sid = sid
    return message
