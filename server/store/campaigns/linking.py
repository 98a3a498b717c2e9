"""Owns the short links of texts that are being made: a token for each recipient and target, kept with the text.

Tokens are drawn while a text is made and kept when it is queued, in the same transaction. A text that is made anew
after it was taken back has the link that its recipient had before: there is one for a target, whose visits add up.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from server.domain.campaigns.linked_text import LinkOf
from server.domain.campaigns.links import TOKEN_BYTES, short_link, token_of
from server.store.named_sql import statements

if TYPE_CHECKING:
    from server.store.postgres import Connection

_SQL = statements("links")

Draw = Callable[[int], bytes]
_Place = tuple[int, str]  # of a recipient, and where its link leads


class Linking:
    """The links of one turn of a campaign. `base` is such as ``https://go.acme.com/l``."""

    def __init__(self, workspace_id: int, campaign_id: int, base: str, draw: Draw = secrets.token_bytes) -> None:
        self._workspace_id, self._campaign_id, self._base, self._draw = workspace_id, campaign_id, base, draw
        self._tokens: dict[_Place, str] = {}

    def link_of(self, ord_: int) -> LinkOf:
        """What stands in the text of the recipient at this place."""

        def link(url: str) -> str:
            token = self._tokens.setdefault((ord_, url), self._drawn())
            return short_link(self._base, token)

        return link

    def _drawn(self) -> str:
        return token_of(self._draw(TOKEN_BYTES))

    async def targets(self, connection: Connection) -> Mapping[str, int]:
        """The ids of all targets, made where they are not there: before any thread is locked, see schema.sql."""
        urls = sorted({url for _, url in self._tokens})
        if not urls:
            return {}
        await connection.execute(_SQL["make_targets"], self._workspace_id, urls)
        rows = await connection.fetch(_SQL["targets"], self._workspace_id, urls)
        return {row["url"]: row["id"] for row in rows}

    async def keep(
        self, connection: Connection, bodies: Mapping[int, str], targets: Mapping[str, int]
    ) -> Mapping[int, str]:
        """Keep the links of these texts, by their places; the texts with the links that are theirs for good."""
        drawn = {place: token for place, token in self._tokens.items() if place[0] in bodies}
        kept = await self._kept(connection, {place for place in drawn if place[1] in targets}, targets)
        told = dict(bodies)
        for place, token in drawn.items():
            # two addresses of one checksum, which takes effort: the later one is told as it is
            link = short_link(self._base, kept[place]) if place in kept else place[1]
            told[place[0]] = told[place[0]].replace(short_link(self._base, token), link)
        return told

    async def _kept(
        self, connection: Connection, places: Collection[_Place], targets: Mapping[str, int]
    ) -> Mapping[_Place, str]:
        """By what the table says: what was there stays, and a token that somebody else has is drawn again."""
        urls, kept = {id_: url for url, id_ in targets.items()}, dict[_Place, str]()
        asked = {place: self._tokens[place] for place in places}
        while missing := asked.keys() - kept.keys():
            rows = [(ord_, targets[url], asked[ord_, url]) for ord_, url in sorted(missing)]
            given = self._workspace_id, self._campaign_id, *map(list, zip(*rows, strict=True))
            await connection.execute(_SQL["make_links"], *given)
            found = await connection.fetch(_SQL["links_of"], self._campaign_id, [ord_ for ord_, _ in missing])
            there = {(row["ord"], urls[row["target_id"]]): row["token"] for row in found if row["target_id"] in urls}
            kept |= {place: token for place, token in there.items() if place in asked}
            asked |= {place: self._drawn() for place in asked.keys() - kept.keys()}
        return kept
