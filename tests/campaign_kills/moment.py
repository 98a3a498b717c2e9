"""What the database says of campaigns at one moment: in which phases they are, and whether their sums hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.campaign_kills.plan import Phase
from tests.crash.ground import Ground

STATES: Final = ("excluded", "pending", "in_flight", "wired", "rejected", "unconfirmed", "skipped")

# One statement is one moment.
_STANDING: Final = """
SELECT c.id, c.state, c.version, c.audience, c.launched_at IS NOT NULL AS launched, c.ended_at IS NOT NULL AS ended,
       c.build_after IS NOT NULL AS building, s.pending, s.in_flight,
       s.excluded + s.pending + s.in_flight + s.wired + s.rejected + s.unconfirmed + s.skipped AS total,
       (to_jsonb(s) - 'moved_at')::text AS kept, to_jsonb(k)::text AS counted,
       (SELECT count(*) FROM campaign_recipient r JOIN message m ON m.thread_id = r.thread_id AND m.seq = r.seq
        WHERE r.campaign_id = c.id AND r.state <> recipient_state(m.state)) AS astray
FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s CROSS JOIN LATERAL campaign_recount(c.id) k
WHERE c.kind = 'campaign' ORDER BY c.id
"""
_OPEN: Final = """
SELECT c.id, c.state, c.version, c.build_after IS NOT NULL AS building, c.launched_at IS NOT NULL AS launched,
       s.pending, s.in_flight
FROM campaign c CROSS JOIN LATERAL campaign_sums(c.id) s
WHERE c.kind = 'campaign' AND c.ended_at IS NULL AND (c.build_after IS NOT NULL OR c.launched_at IS NOT NULL)
ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class Open:
    """A campaign that was launched, or is being, and has not ended."""

    id: int
    state: str
    version: int
    building: bool
    launched: bool
    pending: int
    in_flight: int

    def within(self, phase: Phase) -> bool:
        """Whether it is in this phase; a stop is known by its command alone."""
        match phase:
            case "build":
                return self.building
            case "drip":
                return self.launched and self.state == "active" and self.pending > 0
            case "completion":
                return self.launched and self.state in ("active", "cancelled") and not self.pending
            case "pause":
                return False


async def open_ones(ground: Ground) -> list[Open]:
    rows = await ground.store.call(lambda c: c.fetch(_OPEN))
    return [Open(**row) for row in rows]


async def broken_sums(ground: Ground) -> list[str]:
    """What does not add up at this moment, in sentences."""
    rows = await ground.store.call(lambda c: c.fetch(_STANDING))
    return [sentence for row in rows for sentence in _broken(row)]


def _broken(row: Any) -> list[str]:
    name, wrong = f"Campaign {row['id']}, {row['state']}", []
    if row["launched"] and row["total"] != row["audience"]:
        wrong.append(f"{name}: its sum is {row['total']} of {row['audience']}.")
    if row["kept"] != row["counted"]:
        wrong.append(f"{name}: its sums are {row['kept']}, its rows {row['counted']}.")
    if row["astray"]:
        wrong.append(f"{name}: {row['astray']} recipients are elsewhere than their texts.")
    if row["ended"] != (row["state"] in ("completed", "cancelled") and row["ended"]):
        wrong.append(f"{name}: it has ended.")
    if row["ended"] and row["pending"] + row["in_flight"]:
        wrong.append(f"{name}: it has ended with {row['pending'] + row['in_flight']} open recipients.")
    return wrong
