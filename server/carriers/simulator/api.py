"""The simulator's routes: Twilio's Messages resource, and the control endpoint beside it."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import trio
from pydantic import ValidationError

from server.carriers.form import TooManyFields, parse_form
from server.carriers.simulator.carrier import SimulatedCarrier, handset_text
from server.carriers.simulator.control import Control, FaultSettings, HandsetText
from server.carriers.simulator.faults import Behaviour
from server.carriers.simulator.http import Reply, Request, reply
from server.carriers.simulator.messages import API_VERSION, Message, count_segments, is_fictional

_MAX_BODY: Final = 1600
_ERRORS: Final = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21211: "Invalid 'To' Phone Number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable phone number for this account.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}


def error(status: int, code: int, extra: str = "") -> Reply:
    """An error in Twilio's form."""
    body = {
        "code": code,
        "message": _ERRORS.get(code, "Something is wrong"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return reply(status, orjson.dumps(body), extra=extra)


class Api:
    """Answers requests. *numbers* are the account's own; empty means that any number may send."""

    def __init__(self, carrier: SimulatedCarrier, token: str, numbers: frozenset[str] = frozenset()) -> None:
        self._carrier = carrier
        self._numbers = numbers
        self._credentials = b"Basic " + b64encode(f"{carrier.account_sid}:{token}".encode())
        self._messages = f"/{API_VERSION}/Accounts/{carrier.account_sid}/Messages"

    async def respond(self, request: Request) -> Reply:
        path, _, query = request.target.decode("latin-1").partition("?")
        if path == "/_control":
            return self._control(request)
        if not hmac.compare_digest(request.headers.get(b"authorization", b""), self._credentials):
            return error(401, 20003)
        if path == f"{self._messages}.json":
            if request.method == "POST":
                return await self._create(request)
            return self._list(dict(parse_qsl(query, keep_blank_values=True)))
        return self._fetch(path)

    # The Messages resource

    async def _create(self, request: Request) -> Reply:
        try:
            form = [(name.decode(), value.decode()) for name, value in parse_form(request.body)]
        except (TooManyFields, UnicodeDecodeError):
            return error(400, 21602)
        fields = dict(form)
        media = tuple(value for name, value in form if name == "MediaUrl")
        if refused := self._refusal(fields, media):
            return error(400, refused)
        behaviour = self._carrier.faults.choose(fields["To"])
        message = _message(fields, media)
        if behaviour.accepts:
            await self._carrier.accept(message, behaviour, request.arrived_ns)
        else:
            told = behaviour.http_status if behaviour.ending == "error" else None
            await self._carrier.refuse(message, told, request.arrived_ns)
        if behaviour.delay_s:
            await trio.sleep(behaviour.delay_s)
        return self._ending(message, behaviour)

    def _refusal(self, fields: Mapping[str, str], media: tuple[str, ...]) -> int | None:
        if not fields.get("To"):
            return 21604
        if not is_fictional(fields["To"]):
            return 21211
        if not fields.get("From"):
            return 21603
        if self._numbers and fields["From"] not in self._numbers:
            return 21606
        if not fields.get("Body") and not media:
            return 21602
        return 21617 if len(fields.get("Body", "")) > _MAX_BODY else None

    def _ending(self, message: Message, behaviour: Behaviour) -> Reply:
        created = reply(201, orjson.dumps(message.as_json(self._carrier.account_sid) | {"status": "queued"}))
        match behaviour.ending:
            case "answer":
                return created
            case "error":
                retry = f"Retry-After: {behaviour.retry_after_s}\r\n" if behaviour.retry_after_s is not None else ""
                return error(behaviour.http_status, behaviour.code, retry)
            case "cut":
                return Reply(created.data[: len(created.data) // 2], "reset")
            case "garbage":
                return reply(201, b"<html>Created</html>", "text/html")
            case "redirect":
                return reply(302, b"", extra="Location: /elsewhere\r\n")
            case "hang" | "reset" | "close":
                return Reply(b"", behaviour.ending)

    def _list(self, query: Mapping[str, str]) -> Reply:
        try:
            page = self._carrier.messages.page(self._carrier.account_sid, query)
        except ValueError:
            return error(400, 20001)
        return reply(200, orjson.dumps(page))

    def _fetch(self, path: str) -> Reply:
        sid = path.removeprefix(f"{self._messages}/").removesuffix(".json")
        message = self._carrier.messages.get(sid)
        if message is None:
            return error(404, 20404)
        return reply(200, orjson.dumps(message.as_json(self._carrier.account_sid)))

    # Control

    def _control(self, request: Request) -> Reply:
        # A page in somebody's browser can post a form to loopback, but not JSON.
        if request.method != "POST" or not request.headers.get(b"content-type", b"").startswith(b"application/json"):
            return reply(400, b'{"error": "POST application/json"}')
        try:
            control = Control.model_validate_json(request.body)
        except ValidationError as refused:
            return reply(400, refused.json(include_url=False, include_input=False).encode())
        return reply(200, orjson.dumps(self._obey(control)))

    def _obey(self, control: Control) -> dict[str, Any]:
        carrier = self._carrier
        if control.faults is not None:
            self._set_faults(control.faults)
        if control.webhooks is not None:
            carrier.webhooks.switch(control.webhooks)
        if control.personas is not None:
            carrier.silent = control.personas == "silent"
        if control.webhook_base is not None:
            carrier.post_to(control.webhook_base)
        sid = None if control.mo is None else self._write_in(control.mo)
        return {
            "sid": sid,
            "ledger": dict(carrier.ledger.counts),
            "messages": len(carrier.messages),
            "webhooks": carrier.webhooks.mode,
            "webhooks_waiting": carrier.webhooks.waiting,
        }

    def _set_faults(self, settings: FaultSettings) -> None:
        faults = self._carrier.faults
        if settings.slow_ms is not None:
            faults.slow_s = settings.slow_ms / 1000
        if settings.rate is not None:
            faults.rate = settings.rate
        if settings.kinds is not None:
            faults.kinds = settings.kinds
        if settings.script is not None:
            faults.scripted.extend(settings.script)

    def _write_in(self, text: HandsetText) -> str:
        message = handset_text(text.from_, text.to, text.body, text.sid)
        self._carrier.write_in(
            message, media=text.media, opt_out_type=text.opt_out_type, silent=text.silent, copies=text.copies
        )
        return message.sid


def _message(fields: Mapping[str, str], media: tuple[str, ...]) -> Message:
    body = fields.get("Body", "")
    return Message(
        from_=fields["From"],
        to=fields["To"],
        body=body,
        direction="outbound-api",
        status="queued",
        segments=1 if media else count_segments(body),
        media=media,
        status_callback=fields.get("StatusCallback"),
    )
