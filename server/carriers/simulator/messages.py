"""The messages that the simulated carrier knows, in Twilio's words, and its list of them."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from itertools import islice
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlencode

import smsutil  # type: ignore[import-untyped]  # ships no types

API_VERSION: Final = "2010-04-01"
_FICTION: Final = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}")
_UNDATED: Final = datetime.min.replace(tzinfo=UTC)
_FILTERS: Final = ("DateSent", "DateCreated")


def is_fictional(number: str) -> bool:
    """Whether *number* is one of NXX-555-0100…0199, which nobody has.

    >>> is_fictional("+16175550123"), is_fictional("+16175551123")
    (True, False)
    """
    return _FICTION.fullmatch(number) is not None


@lru_cache(maxsize=4096)
def count_segments(body: str) -> int:
    return max(1, len(smsutil.split(body).parts))


@lru_cache(maxsize=64)
def _rfc2822(second: datetime) -> str:
    return format_datetime(second)


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else _rfc2822(moment.replace(microsecond=0))


@dataclass(slots=True)
class Message:
    """One text. *number* is its place in the order of creation."""

    from_: str
    to: str
    body: str
    direction: str
    status: str
    segments: int
    media: tuple[str, ...] = ()
    status_callback: str | None = None
    error_code: int | None = None
    sent_at: datetime | None = None
    number: int = -1
    sid: str = field(default_factory=lambda: f"SM{token_hex(16)}")
    created_at: datetime = _UNDATED

    def as_json(self, account_sid: str) -> dict[str, Any]:
        path = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": _date(self.created_at),
            "date_sent": _date(self.sent_at),
            "date_updated": _date(self.sent_at or self.created_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_,
            "messaging_service_sid": None,
            "num_media": str(len(self.media)),
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{path}/Media.json"},
            "to": self.to,
            "uri": f"{path}.json",
        }


class Messages:
    """All messages in order of creation, found by sid or listed newest first. *wall* dates them."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall
        self._all: list[Message] = []
        self._by_sid: dict[str, Message] = {}
        self._by_to: defaultdict[str, list[Message]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, message: Message) -> None:
        message.number = len(self._all)
        message.created_at = self._wall()
        self._all.append(message)
        self._by_sid[message.sid] = message
        self._by_to[message.to].append(message)

    def turn(self, message: Message, status: str, error_code: int | None = None) -> None:
        """Give *message* a new status; the first beyond the queue is the moment of sending."""
        message.status, message.error_code = status, error_code
        message.sent_at = message.sent_at or self._wall()

    def get(self, sid: str) -> Message | None:
        return self._by_sid.get(sid)

    def page(self, account_sid: str, query: Mapping[str, str]) -> dict[str, Any]:
        """A page as Twilio gives it; raises ValueError for a filter that cannot be read.

        The next page's address names the message after which it starts, so that new messages move nothing.
        """
        size = min(max(int(query.get("PageSize", 50)), 1), 1000)
        number = int(query.get("Page", 0))
        rows = list(islice(self._older(query), size + 1))
        path = f"/{API_VERSION}/Accounts/{account_sid}/Messages.json"
        follow = {"Page": str(number + 1), "PageToken": f"PA{rows[size - 1].sid}"} if len(rows) > size else None
        return {
            "messages": [row.as_json(account_sid) for row in rows[:size]],
            "page": number,
            "page_size": size,
            "start": number * size,
            "uri": f"{path}?{urlencode(query)}",
            "next_page_uri": None if follow is None else f"{path}?{urlencode({**query, **follow})}",
        }

    def _older(self, query: Mapping[str, str]) -> Iterable[Message]:
        """Matches, newest first, from after the page token's message on."""
        rows = self._by_to[query["To"]] if query.get("To") in self._by_to else [] if query.get("To") else self._all
        if token := query.get("PageToken"):
            last = self._by_sid.get(token.removeprefix("PA"))
            if last is None:
                raise ValueError("unknown PageToken")
            rows = rows[: bisect_left(rows, last.number, key=lambda row: row.number)]
        spans = [(name, *_span(name, query)) for name in _FILTERS]
        for row in reversed(rows):
            if query.get("From") in (None, "", row.from_) and all(_within(row, *span) for span in spans):
                yield row


def _span(name: str, query: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """The half-open span of `Name=day`, `Name>=from` and `Name<=until`; a day counts whole."""
    if day := query.get(name):
        start = _moment(day)
        return start, start + timedelta(days=1)
    since, until = query.get(f"{name}>"), query.get(f"{name}<")
    end = None
    if until:
        end = _moment(until) + (timedelta(days=1) if len(until) == len("2026-01-01") else timedelta(seconds=1))
    return _moment(since) if since else None, end


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _within(row: Message, name: str, start: datetime | None, end: datetime | None) -> bool:
    if start is None and end is None:
        return True
    moment = row.sent_at if name == "DateSent" else row.created_at
    return moment is not None and (start is None or moment >= start) and (end is None or moment < end)
