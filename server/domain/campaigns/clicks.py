"""Decides whether a person followed a link, or something that only looks at links.

Phones, carriers and security services open what is sent to them, often before the text is on the screen. Their visits
are kept with the reason and counted for nobody. The visitor is sent on to the target in any case: a wrong guess here
costs a figure, not a customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

TOO_SOON: Final = timedelta(seconds=2)
"""Nobody reads a text and follows its link so soon after the carrier took it from us."""


class Bot(StrEnum):
    """Why a visit is no person's; where several apply, the first one is kept."""

    METHOD = "method"
    NO_AGENT = "no_agent"
    PREFETCH = "prefetch"
    KNOWN_BOT = "known_bot"
    TOO_SOON = "too_soon"


SENTENCES: Final[Mapping[Bot, str]] = {
    Bot.METHOD: "Asked about the link without opening it",
    Bot.NO_AGENT: "Does not say which browser it is",
    Bot.PREFETCH: "Loaded ahead by a browser or a preview",
    Bot.KNOWN_BOT: "A known bot",
    Bot.TOO_SOON: "Opened within two seconds of the text's departure",
}

_AHEAD: Final = ("prefetch", "prerender", "preview")
_HEADERS: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
"""Chromium and Firefox say it in the first, older browsers and Safari in the others."""
READ: Final = ("user-agent", *_HEADERS)
"""What is looked at of a request; nothing else of it need be kept."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A request for a short link. `headers` in any case. `sent_at`: when the carrier took the text; None: not yet."""

    method: str
    headers: Mapping[str, str]
    at: datetime
    sent_at: datetime | None


def verdict(hit: Hit, is_bot: Callable[[str], bool]) -> Bot | None:
    """Why it is no person's; None: a person's. *is_bot* knows the user agents of bots.

    >>> at = datetime(2026, 3, 10, 12)
    >>> verdict(Hit("HEAD", {"User-Agent": "Mozilla/5.0"}, at, at - timedelta(minutes=1)), lambda agent: False)
    <Bot.METHOD: 'method'>
    """
    headers = {name.lower(): value.strip() for name, value in hit.headers.items()}
    agent = headers.get("user-agent", "")
    if hit.method.upper() != "GET":
        return Bot.METHOD
    if not agent:
        return Bot.NO_AGENT
    if any(mark in headers.get(name, "").lower() for name in _HEADERS for mark in _AHEAD):
        return Bot.PREFETCH
    if is_bot(agent):
        return Bot.KNOWN_BOT
    # Who knows a link before the carrier has it cannot have got it on a phone.
    if hit.sent_at is None or hit.at - hit.sent_at < TOO_SOON:
        return Bot.TOO_SOON
    return None


def click_through(people: int, delivered: int, *, has_links: bool) -> float | None:
    """The share of those who got the text that followed a link, each person once; None is shown as "–".

    Without links nobody can follow one, which is not the same as nobody did. Never above 1: some carriers send no
    receipt, so more people may have followed a link than are known to have got it.

    >>> click_through(3, 12, has_links=True), click_through(0, 12, has_links=False), click_through(0, 0, has_links=True)
    (0.25, None, None)
    """
    return min(1.0, people / delivered) if has_links and delivered > 0 else None
