"""Decides which of the servers that live does what one at a time should do, though any of them may.

By rendezvous hashing: each server has a rank for each shard, and the highest that lives is wanted. All who see the same
servers agree, without a word; and when one comes or goes, only what it has or gets changes hands. It is a wish: who has
a shard, the database says.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from typing import Final

CAMPAIGN_SHARDS: Final = 8
"""Texts to many are spread by their ids; more servers than that find work enough in sending."""
LIFELINE: Final = "lifeline"
COURIER: Final = "courier"
SHARDS: Final = (*(f"campaigns/{n}" for n in range(CAMPAIGN_SHARDS)), LIFELINE, COURIER)


def shard_of(campaign_id: int) -> str:
    """Of a campaign, or of a text in bulk.

    >>> shard_of(8), shard_of(13)
    ('campaigns/0', 'campaigns/5')
    """
    return f"campaigns/{campaign_id % CAMPAIGN_SHARDS}"


def wanted(shard: str, living: Collection[int]) -> int | None:
    """Which server is to have *shard*; None: none lives.

    >>> wanted("lifeline", {7}), wanted("lifeline", set())
    (7, None)
    """
    return max(living, key=lambda gen: (_rank(shard, gen), gen), default=None)


def wanted_by(gen: int, living: Collection[int]) -> frozenset[str]:
    """The shards that *gen* is to have, which lives itself.

    >>> len(wanted_by(7, {7})) == len(SHARDS)
    True
    """
    return frozenset(shard for shard in SHARDS if wanted(shard, living) == gen)


def _rank(shard: str, gen: int) -> bytes:
    return blake2b(f"{shard}:{gen}".encode(), digest_size=8).digest()
