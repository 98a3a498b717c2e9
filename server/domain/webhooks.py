"""Decides what a webhook is signed with, where it may go, what an answer means, and when it is tried again.

After Standard Webhooks (https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp` and `webhook-signature`,
the last one bearing a signature by each secret while a secret is being changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from server.domain.messages import (
    Announcement,
    LoginEnded,
    Mentioned,
    Message,
    Note,
    OutboxGrew,
    ReadMoved,
    SettingsChanged,
    ThreadChanged,
)

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
RETRIES_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long after each try that failed comes the next: in all three days and four hours."""
_JITTER: Final = 0.1  # a receiver that was down must not meet everybody's next try in one second
MOST_RETRY_AFTER_S: Final = 86_400


class Kind(StrEnum):
    """What happens that other programs may hear of."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_STATUS = "message.status"
    OPTED_OUT = "contact.opted_out"
    OPTED_IN = "contact.opted_in"
    THREAD_ASSIGNED = "thread.assigned"
    LINK_CLICKED = "link.clicked"
    CAMPAIGN_STATUS = "campaign.status"


def may_be_told(announcements: Sequence[Announcement]) -> bool:
    """Whether a commit that told this may have left something of those kinds behind: if in doubt, it may.

    A text that was queued has not happened to anybody yet, and who read what is no other program's business.
    """
    return not announcements or not all(_of_nobody_else(one) for one in announcements)


def _of_nobody_else(one: Announcement) -> bool:
    match one:
        case OutboxGrew() | ReadMoved() | Mentioned() | LoginEnded() | SettingsChanged():
            return True
        case ThreadChanged(events=events):
            texts = [event for event in events if not isinstance(event, Note)]
            return all(isinstance(text, Message) and text.direction == "out" for text in texts)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Delivered:
    pass


@dataclass(frozen=True, slots=True)
class Again:
    in_s: float


@dataclass(frozen=True, slots=True)
class GivenUp:
    pass


@dataclass(frozen=True, slots=True)
class Gone:
    """The receiver wants no more."""

    why: str = "The receiver answered 410 Gone, and is told nothing any more."


Verdict = Delivered | Again | GivenUp | Gone


def verdict(
    status: int | None,
    tries: int,
    retry_after_s: float | None,
    jitter: float,
    retries_s: Sequence[float] = RETRIES_S,
) -> Verdict:
    """What becomes of a delivery after its *tries*-th try. *status* None: no answer came. *jitter* is from 0 to 1.

    >>> verdict(204, 1, None, 0.0), verdict(302, 1, None, 0.0), type(verdict(410, 1, None, 0.0)).__name__
    (Delivered(), Again(in_s=5.0), 'Gone')
    >>> verdict(429, 1, 60.0, 0.0), verdict(503, 10, None, 0.0)
    (Again(in_s=60.0), GivenUp())
    """
    if status is not None and 200 <= status < 300:
        return Delivered()
    if status == 410:
        return Gone()
    if tries > len(retries_s):
        return GivenUp()
    pause_s = retries_s[max(tries, 1) - 1] * (1 + _JITTER * jitter)
    return Again(max(pause_s, min(retry_after_s or 0.0, MOST_RETRY_AFTER_S)))


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signatures(with_secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one for each secret. Raises ValueError for no secret of ours."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_signature(secret, signed)}" for secret in with_secrets)


def _signature(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("A webhook's secret is not readable.") from None
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def url_fault(url: str, *, simulated: bool) -> str | None:
    """Why *url* cannot be posted to, as a sentence. What its name leads to is looked at with every delivery.

    >>> url_fault("https://dialer.example.com/hooks", simulated=False)
    >>> url_fault("http://dialer.example.com/hooks", simulated=False)
    'The address must begin with https://.'
    >>> url_fault("http://127.0.0.1:9000/hooks", simulated=True)
    >>> url_fault("https://10.0.0.7/hooks", simulated=False)
    'The address leads into a private network.'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "This is not an address."
    if not host or port == 0 or any(not 33 <= ord(mark) <= 126 for mark in url):
        return "This is not an address."
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "Leave names, passwords and # out of the address."
    if parts.scheme != "https" and not (simulated and parts.scheme == "http"):
        return "The address must begin with https://."
    try:
        ip = ip_address(host)
    except ValueError:
        return None
    return None if may_reach(ip, simulated=simulated) else "The address leads into a private network."


def may_reach(ip: IPv4Address | IPv6Address, *, simulated: bool) -> bool:
    """Whether a webhook may go to *ip*: never into a private network; to this machine from a simulation alone.

    >>> [may_reach(ip_address(ip), simulated=False) for ip in ("93.184.215.14", "127.0.0.1", "169.254.169.254")]
    [True, False, False]
    >>> [may_reach(ip_address(ip), simulated=True) for ip in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1")]
    [True, True, True, False]
    """
    if isinstance(ip, IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if inside is not None:
            return may_reach(inside, simulated=simulated)
        if ip in _NAT64 or ip.teredo is not None:  # an address of the old world in disguise
            return False
    if ip.is_loopback:
        return simulated
    return ip.is_global and not ip.is_multicast


class _Prefix:
    """64:ff9b::/96 and 64:ff9b:1::/48 (RFC 6052, 8215)."""

    def __contains__(self, ip: IPv6Address) -> bool:
        return ip.packed[:4] == b"\x00\x64\xff\x9b"


_NAT64: Final = _Prefix()
