"""Decides which recipient gets which of a campaign's texts, where there are several: by lot, but always the same lot.

The lot is drawn from the campaign and the recipient's place in it, not from a generator: whoever builds the recipient
again, after whatever crash, gives the same variant. Texts have no part in it; editing one moves nobody to another.
PostgreSQL draws the same lot for a snapshot, which is why it is SHA-256: a hash that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate
from typing import Final

MOST: Final = 10  # variants; of a hundredth of the recipients each nobody learns anything


def fault(shares: Sequence[int]) -> str | None:
    """Why a campaign cannot have variants with these *shares* in percent; None where it can.

    >>> fault([50, 49])
    'The shares add up to 99 %; they must add up to 100 %.'
    """
    if not shares:
        return "A campaign has at least one text."
    if len(shares) > MOST:
        return f"A campaign has at most {MOST} variants."
    if any(share < 1 for share in shares):
        return "Each variant needs a share of at least 1 %."
    if sum(shares) != 100:
        return f"The shares add up to {sum(shares)} %; they must add up to 100 %."
    return None


def variant_of(campaign_id: int, ord_: int, shares: Sequence[int]) -> int:
    """The index of the variant that the recipient with this place in the snapshot gets.

    Raises ValueError for shares that have a fault.

    >>> [variant_of(7, ord_, [50, 50]) for ord_ in range(1, 9)]
    [1, 0, 0, 0, 1, 0, 1, 0]
    """
    if told := fault(shares):
        raise ValueError(told)
    lot = int.from_bytes(sha256(f"{campaign_id}/{ord_}".encode()).digest()[:4], "big") % 100
    return next(index for index, end in enumerate(accumulate(shares)) if lot < end)
