"""Owns what the server says about itself: structured logs without secrets or texts of people, and its figures."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

WITHHELD: Final = "[withheld]"
_SECRET_KEYS: Final = re.compile(
    r"(^|_)(body|text|preview|secret|password|passwd|token|authorization|cookie|dsn|api_?key|database_url)s?($|_)", re.I
)
_PHONE: Final = re.compile(r"(?<![\w+])(\+[1-9]\d{3})\d{1,9}(\d{2})(?!\d)")
# user:password@ of a URL, which drivers like to repeat in their errors
_URL_LOGIN: Final = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
_DEEPEST: Final = 6


def withhold(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that stands last before the renderer.

    A value whose key names a text or a secret is withheld, however deep it lies; phone numbers keep their beginning and
    their last two digits, enough to find a conversation and too little to call it.
    """
    for key, value in event.items():
        event[key] = _safe(key, value, 0)
    return event


def _safe(key: str, value: Any, depth: int) -> Any:
    if key != "event" and _SECRET_KEYS.search(key):
        return WITHHELD
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes | bytearray | memoryview) or depth >= _DEEPEST:
        return WITHHELD  # raw bytes are payloads more often than not
    if isinstance(value, Mapping):
        return {str(inner): _safe(str(inner), told, depth + 1) for inner, told in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe("", told, depth + 1) for told in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value))


def mask(text: str) -> str:
    """*text* with its phone numbers and the logins of its URLs masked.

    >>> mask("+16175550142 by postgresql://me:hush@db/x")
    '+1617…42 by postgresql://[withheld]@db/x'
    """
    return _URL_LOGIN.sub(WITHHELD, _PHONE.sub(r"\1…\2", text))


_SAY_ADDRESSES: Final = ("httpx2", "httpcore2", "hypercorn.access")
"""They log each request's address, and a carrier's list is asked for by phone number."""


def configure_logging(level: str, form: Literal["json", "console"], stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records the same way out, to *stream* (standard error)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    out = stream or sys.stderr
    renderer: Any = structlog.processors.JSONRenderer()
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # before withholding: a traceback bears the error's own words
                withhold,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for talkative in _SAY_ADDRESSES:
        logging.getLogger(talkative).setLevel(logging.WARNING)


_NAMESPACE: Final = "threadline"


class Meters:
    """Every figure of one server, in a registry of its own. Labels are few and never a person, a thread or a number."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self.webhooks = self._counter("webhooks", "Webhooks by their kind and our answer", "kind", "status")
        self._children: dict[tuple[str, ...], Counter] = {}  # finding one by its labels takes a lock for each text
        self.mt_outcomes = self._counter("mt_outcomes", "Sends by the carrier's answer", "outcome")
        self.mailbox_depth = self._gauge("mailbox_depth", "Messages that wait, by kind of actor", "actor")
        self.actor_restarts = self._gauge("actor_restarts", "Restarts after a crash since the start")
        self.quarantined = self._counter("quarantined", "Messages that crashed an actor three times", "actor")
        self.sockets = self._gauge("sockets", "Open WebSockets")
        self.logins = self._counter("logins", "Logins by result", "result")

    # What parts that know nothing of Prometheus are given to call

    def mt(self, outcome: str) -> None:
        """The carrier's answer to a send, or why there was none."""
        self._child(self.mt_outcomes, outcome).inc()

    def webhook(self, kind: str, status: int) -> None:
        """*kind* is inbound or status; *status* is what we answered."""
        self._child(self.webhooks, kind, str(status)).inc()

    def login(self, result: str) -> None:
        self.logins.labels(result).inc()

    def watch_sockets(self, read: Callable[[], float]) -> None:
        """*read* is asked whenever somebody asks for the figures."""
        self.sockets.set_function(read)

    def watch_mailboxes(self, actor: str, read: Callable[[], float]) -> None:
        self.mailbox_depth.labels(actor).set_function(read)

    def watch_restarts(self, read: Callable[[], float]) -> None:
        self.actor_restarts.set_function(read)

    # Making them

    def _child(self, counter: Counter, *labels: str) -> Counter:
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = counter.labels(*labels)
        return child

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, namespace=_NAMESPACE, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, namespace=_NAMESPACE, registry=self.registry)
