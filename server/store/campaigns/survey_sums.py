"""Adds up what a plan comes to, from the groups of an audience: reasons, segments, cost, and contacts to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import trio

from server.domain.campaigns.audience import Exclusion
from server.domain.places import shipped_places
from server.domain.segments import count
from server.ports.campaigns import Survey
from server.store.campaigns.judging import Audience
from server.store.told import Row

MISSING_SHOWN: Final = 100  # contacts that lack a value; enough to look at
_AT_ONCE: Final = 100  # groups; some 10 ms of work between two looks at the rest of the server
_MOST_KNOWN: Final = 20_000  # groups whose lengths are kept: the same first names come with every chunk

Lengths = tuple[tuple[int, int], ...]
"""Of each variant: segments, and characters."""


class Sums:
    """*rendered* False: nobody asks what the texts come to."""

    def __init__(self, audience: Audience, *, rendered: bool = True) -> None:
        self._audience, self._rendered = audience, rendered
        self._shares = [variant.share for variant in audience.plan.variants]
        self._known: dict[tuple[object, ...], Lengths] = {}
        self._names: Counter[str] = Counter()
        self._missing: list[int] = []
        self._places: set[tuple[str, tuple[str, ...]]] = set()
        self._hundredths = 0  # segments, times a hundred
        self._fewest: int | None = None
        self._most = 0
        self._longest: tuple[tuple[int, int], int] | None = None  # how long, whose
        self._shortest: tuple[tuple[int, int], int] | None = None
        self.excluded: Counter[Exclusion] = Counter()
        self.recipients = 0

    async def add(self, rows: Sequence[Row]) -> None:
        """A chunk's groups; the next chunk's people come after these."""
        for nth, row in enumerate(rows):
            if row["is_place"]:
                if row["digits"] is not None:
                    self._places.add((row["digits"], tuple(row["places"])))
            elif row["reason"] is not None:
                self._leave_out(row)
            else:
                self.recipients += row["n"]
                if self._rendered:
                    self._add_group(row)
            if nth % _AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        self._missing = sorted(self._missing)[:MISSING_SHOWN]

    def _leave_out(self, row: Row) -> None:
        self.excluded[Exclusion(row["reason"])] += row["n"]
        for name in row["lacks"] or ():
            self._names[name] += row["n"]
        self._missing += row["ids"] or ()

    def _add_group(self, row: Row) -> None:
        lengths = self._lengths(row)
        for share, (segments, _) in zip(self._shares, lengths, strict=True):
            self._hundredths += share * segments * row["n"]
        most, least = max(lengths), min(lengths)
        self._most = max(self._most, most[0])
        self._fewest = least[0] if self._fewest is None else min(self._fewest, least[0])
        if self._longest is None or (most, -row["id"]) > (self._longest[0], -self._longest[1]):
            self._longest = most, row["id"]
        if self._shortest is None or (least, row["id"]) < self._shortest:
            self._shortest = least, row["id"]

    def _lengths(self, row: Row) -> Lengths:
        wordings = self._audience.wordings
        held = tuple(row[f"h{k}"] for k in range(wordings.width))
        if (known := self._known.get(held)) is not None:
            return known
        values = wordings.values(held)
        texts = [wordings.text(nth, values).text for nth in range(len(self._shares))]
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        lengths = self._known[held] = tuple((count(text).count, len(text)) for text in texts)
        return lengths

    # Telling

    def zones(self) -> tuple[str, ...]:
        """Where recipients may be; a number that may be anywhere of a country may be in all its zones."""
        places = shipped_places()
        return tuple(sorted({zone for digits, own in self._places for zone in places.candidates(digits, own).zones}))

    def survey(self) -> Survey:
        rules, plan = self._audience.rules, self._audience.plan
        total = (self._hundredths + 50) // 100
        return Survey(
            audience=self.recipients + self.excluded.total(),
            recipients=self.recipients,
            excluded={reason: self.excluded[reason] for reason in Exclusion if self.excluded[reason]},
            segments_min=self._fewest or 0,
            segments_max=self._most,
            segments_total=total,
            cost=rules["segment_price"] * total,
            currency=rules["price_currency"],
            longest=self._longest[1] if self._longest else None,
            shortest=self._shortest[1] if self._shortest else None,
            missing=tuple(self._missing),
            names=dict(sorted(self._names.items())),
            zones=self.zones(),
            per_s=self._per_s(rules["rate"], plan.rate),
            opt_in_required=rules["opt_in_required"],
        )

    def _per_s(self, of_number: float | None, of_plan: float | None) -> float | None:
        if of_number is None or not self._hundredths:
            return None
        rate = of_number if of_plan is None else min(of_number, of_plan)
        return max(0.0, rate) * self.recipients * 100 / self._hundredths
