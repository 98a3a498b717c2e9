"""Names what an API token may be allowed, and decides what a socket opened by one may follow and do.

A token acts for the member who made it: it never may more than they, and only what its scopes name.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    READ = "read"  # everything that the member can see
    SEND = "send"  # texts to one person, and what belongs to a conversation
    PEOPLE = "people"  # contacts, their tags, fields, consent and imports
    CAMPAIGNS = "campaigns"  # texts to many, and templates
    DIALER = "dialer"  # calls, quick texts, screen-pops and the stream of events
    WEBHOOKS = "webhooks"  # where events are posted to


ALL: Final = frozenset(Scope)


def following(channel: str) -> Scope:
    """What a token needs to subscribe to *channel* of the socket.

    >>> following("dialer"), following("inbox"), following("thread:7")
    (<Scope.DIALER: 'dialer'>, <Scope.READ: 'read'>, <Scope.READ: 'read'>)
    """
    return Scope.DIALER if channel == "dialer" else Scope.READ


def known(scopes: Iterable[str]) -> frozenset[Scope]:
    """The scopes that this server knows; a name of another version allows nothing.

    >>> sorted(known(["read", "teleport"]))
    [<Scope.READ: 'read'>]
    """
    return frozenset(Scope(name) for name in scopes if name in ALL)
