"""What is asked about short links: where one leads, when its text left, and what its visits come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.domain.campaigns.clicks import Bot, Hit


@dataclass(frozen=True, slots=True)
class Visited:
    """Somebody asked for a short link. Who that was, by address, is kept nowhere."""

    token: str
    agent: str
    hit: Hit


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit with what was thought of it; `bot` None: a person's."""

    token: str
    agent: str
    at: datetime
    bot: Bot | None


@dataclass(frozen=True, slots=True)
class TargetClicks:
    """Where links of a campaign lead. `links`: so many recipients have one to it. `people` followed theirs, once each
    or more often: `visits`. `bots`: the visits of others, by what gave them away.
    """

    url: str
    links: int
    people: int
    visits: int
    bots: Mapping[Bot, int]


class Links(Protocol):
    """Short links of campaigns. Whoever has a token may follow it: a token is not asked for its workspace."""

    async def target(self, token: str) -> str | None:
        """Where it leads; None: nobody has made it."""

    async def sent_at(self, tokens: Sequence[str]) -> Mapping[str, datetime]:
        """When the texts of these links left, or are on their way since; without those that have not begun to."""

    async def record(self, visits: Sequence[Visit]) -> None:
        """Keep them. Of each recipient the first visit of a person counts, and is told. Safe to repeat."""

    async def clicks(self, workspace_id: int, campaign_id: int, limit: int) -> Sequence[TargetClicks] | None:
        """The most followed first. None: no such campaign in this workspace."""
