"""How soon a STOP is seen in a campaign's figures: from the 2xx of its webhook to the frame on the channel.

Carrier and witness read one clock, the machine's monotonic one. Frames tell how many have opted out and not who, so a
STOP counts as shown with the first frame that tells as many as had been answered by then: rather too late than too
soon.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from math import ceil
from typing import Final

from tools.ledger_facts import Mo

STOP_SHA256: Final = hashlib.sha256(b"STOP").hexdigest()

Told = tuple[float, int]
"""When a frame came, and how many had opted out by it."""


def answered_at(mos: Sequence[Mo], credited: Collection[str]) -> list[float]:
    """When the first STOP of each of these people was answered 2xx, in order."""
    first: dict[str, float] = {}
    for mo in mos:
        if mo.taken and mo.from_ in credited and mo.body_sha256 == STOP_SHA256:
            first[mo.from_] = min(first.get(mo.from_, mo.answered_s), mo.answered_s)
    return sorted(first.values())


def waits_ms(answered: Sequence[float], frames: Sequence[Told]) -> list[float]:
    """How long each of them waited for its frame; both in order. None came in time: it is left out.

    >>> waits_ms([1.0, 2.0], [(0.5, 0), (1.25, 1), (2.5, 2)])
    [250.0, 500.0]
    """
    found = []
    for nth, at in enumerate(answered, 1):
        shown = next((came for came, count in frames if count >= nth), None)
        if shown is not None:
            found.append(max(0.0, shown - at) * 1_000)
    return found


def summed_up(waits: Sequence[float]) -> Mapping[str, float]:
    """By nearest rank; of none there is only their number.

    >>> summed_up([3.0, 1.0, 2.0])
    {'n': 3, 'p50': 2.0, 'p95': 3.0, 'max': 3.0}
    """
    ranked = sorted(waits)
    if not ranked:
        return {"n": 0}
    of = {f"p{share}": round(ranked[ceil(len(ranked) * share / 100) - 1], 1) for share in (50, 95)}
    return {"n": len(ranked), **of, "max": round(ranked[-1], 1)}
