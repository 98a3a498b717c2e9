"""A campaign's texts sent to the telephone of whoever writes them, before anybody else gets them.

What is sent is what a recipient would get: the words that are kept by now, filled with somebody's values, with short
links that work. It goes the way of all texts, T2 to T5, in class TEST, and bears no campaign there: so no sum, cap,
credit or stop of the campaign can meet it. Its links stand in a table of their own, which no figure reads.

Whether the number is the member's own is asked here for the sake of a sentence. T3 asks again, and its answer counts.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from server.domain.campaigns.audience import SENTENCES, Exclusion, refuse
from server.domain.campaigns.links import TOKEN_BYTES, short_link, token_of
from server.domain.gate import MessageClass
from server.domain.messages import Announcement
from server.domain.segments import count
from server.domain.tokens import Rendered
from server.ports import Announce, CommandConflict, Enqueued, EnqueueMt
from server.ports.campaigns import CannotTest, Plan, Tried, TriedText
from server.ports.compose import Compose, Unreachable, Wanted
from server.store.campaigns.judging import Audience
from server.store.campaigns.saving import words_of
from server.store.campaigns.survey import PostgresCampaignSurvey
from server.store.ledger import enqueue
from server.store.named_sql import statements
from server.store.postgres import Postgres
from server.store.text import storable_json
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

WITHIN: Final = timedelta(minutes=10)
"""Until then it leaves, or never: whoever sends a test looks at a telephone now."""

_SQL, _LINKS, _KEPT = statements("rehearsal"), statements("links"), statements("campaigns")
_NO_OWN: Final = CannotTest("no_own_number", "Say which telephone is yours first: a test goes to no other.")
_NO_NUMBER: Final = CannotTest("no_number", "There is no number here to write from.")
_NO_CONTACT: Final = CannotTest("no_contact", "There is no such contact.")
_NO_TEXT: Final = CannotTest("no_such_text", "There is no such text in this campaign.")


@dataclass(frozen=True, slots=True)
class _Asked:
    workspace_id: int
    campaign_id: int
    member_id: int
    cmd_id: UUID
    contact_id: int | None
    variant: int | None
    now: datetime

    @property
    def fingerprint(self) -> bytes:
        told = ("test", self.campaign_id, self.member_id, self.contact_id, self.variant)
        return hashlib.sha256(repr(told).encode()).digest()

    def command(self, nth: int) -> UUID:
        """Of the nth of its texts."""
        return uuid5(self.cmd_id, f"test {nth}")


@dataclass(slots=True)
class _Made:
    """A text with its links, by their tokens."""

    variant: int
    base: str
    body: str = ""
    urls: dict[str, str] = field(default_factory=dict)

    def link(self, url: str) -> str:
        token = token_of(secrets.token_bytes(TOKEN_BYTES))
        self.urls[token] = url
        return short_link(self.base, token)


class PostgresCampaignTests:
    """`ports.campaigns.CampaignTests`. *link_base*: of workspaces that have none of their own."""

    def __init__(
        self,
        postgres: Postgres,
        announce: Announce,
        survey: PostgresCampaignSurvey,
        compose: Compose,
        link_base: str,
    ) -> None:
        self._postgres, self._announce, self._survey = postgres, announce, survey
        self._compose, self._link_base = compose, link_base

    async def send(
        self,
        workspace_id: int,
        campaign_id: int,
        member_id: int,
        cmd_id: UUID,
        contact_id: int | None,
        variant: int | None,
        now: datetime,
    ) -> Tried | CannotTest | CommandConflict | None:
        asked = _Asked(workspace_id, campaign_id, member_id, cmd_id, contact_id, variant, now)
        plan = await self._plan(asked)
        if plan is None:
            return None
        known = await self._known(asked, plan)
        if known is not None:
            return known
        address = await self._postgres.read(lambda c: c.fetchval(_SQL["own_number"], workspace_id, member_id))
        if address is None:
            return _NO_OWN
        audience, whose = await self._survey.whose(workspace_id, member_id, plan, contact_id, now)
        made = self._made(asked, audience, whose)
        if isinstance(made, CannotTest):
            return made
        place = await self._place(asked, address, audience.rules["number_id"], made)
        if isinstance(place, CannotTest):
            return place
        return await self._queued(asked, address, place, audience.rules["number_id"], made, whose)

    async def _plan(self, asked: _Asked) -> Plan | None:
        row = await self._postgres.read(lambda c: c.fetchrow(_KEPT["kept"], asked.workspace_id, asked.campaign_id))
        return None if row is None else words_of(row).plan

    async def _known(self, asked: _Asked, plan: Plan) -> Tried | CommandConflict | None:
        ids = [asked.command(nth) for nth in range(len(plan.variants))]
        rows = await self._postgres.read(lambda c: c.fetch(_SQL["known"], asked.workspace_id, ids))
        if not rows:
            return None
        if any(row["fingerprint"] != asked.fingerprint for row in rows):
            return CommandConflict()
        taken = sorted(rows, key=lambda row: ids.index(row["cmd_id"]))
        texts = [
            TriedText(row["thread_id"], row["seq"], asked.variant or nth, row["body"], row["segments"], None)
            for nth, row in enumerate(taken)
        ]
        return Tried(taken[0]["address"], texts, again=True)

    # Words

    def _made(self, asked: _Asked, audience: Audience, whose: Row | None) -> Sequence[_Made] | CannotTest:
        variants = range(len(audience.plan.variants)) if asked.variant is None else [asked.variant]
        if asked.contact_id is not None and whose is None:
            return _NO_CONTACT
        if any(variant >= len(audience.plan.variants) for variant in variants):
            return _NO_TEXT
        made = []
        for variant in variants:
            one = self._text(audience, variant, whose)
            if isinstance(one, CannotTest):
                return one
            made.append(one)
        return made

    def _text(self, audience: Audience, variant: int, whose: Row | None) -> _Made | CannotTest:
        wordings = audience.wordings
        if faults := wordings.faults[variant]:
            return CannotTest("faulty", faults[0].sentence)
        one = _Made(variant, audience.rules["link_base"] or self._link_base)
        held: list[Any] = [None] * wordings.width if whose is None else [whose[f"h{k}"] for k in range(wordings.width)]
        linked = wordings.text(variant, wordings.values(held), one.link)
        if refused := refuse(Rendered(linked.text, linked.missing)):
            return _cannot_be_made(refused, linked.missing, whose)
        one.body = linked.text
        return one

    # Where it goes

    async def _place(
        self, asked: _Asked, address: str, number_id: int | None, made: Sequence[_Made]
    ) -> int | CannotTest:
        """The thread with that number, made where there is none; and the links, before any thread is locked."""
        if number_id is None:
            return _NO_NUMBER
        links = [(token, url) for one in made for token, url in one.urls.items()]
        if links:
            await self._postgres.call(lambda c: _keep(c, asked, links), idempotent=True)
        wanted = [Wanted(asked.command(0), address)]
        [place] = await self._compose.open_threads(asked.workspace_id, wanted, number_id, asked.now)
        return _NO_NUMBER if isinstance(place, Unreachable) else place

    async def _queued(
        self, asked: _Asked, address: str, thread_id: int, number_id: int, made: Sequence[_Made], whose: Row | None
    ) -> Tried | CommandConflict:
        mts = [_mt(asked, thread_id, nth, one.body) for nth, one in enumerate(made)]

        async def run(connection: Connection) -> tuple[Sequence[object], Sequence[Announcement]]:
            await connection.execute(_SQL["leave_from"], asked.workspace_id, thread_id, number_id)
            results, told = await enqueue.write(connection, mts)
            detail = {"campaign": asked.campaign_id, "thread": thread_id, "texts": len(mts)}
            if any(isinstance(result, Enqueued) and not result.again for result in results):
                await connection.execute(_SQL["audit"], asked.workspace_id, asked.member_id, storable_json(detail))
            return results, told

        results, told = await self._postgres.call(run, idempotent=True)
        if told:
            self._announce(told)
        taken = [result for result in results if isinstance(result, Enqueued)]
        if len(taken) < len(mts):
            return CommandConflict()
        name = None if whose is None else whose["name"] or None
        texts = [
            TriedText(thread_id, result.seq, one.variant, one.body, mt.segments, name)
            for one, mt, result in zip(made, mts, taken, strict=True)
        ]
        return Tried(address, texts, again=all(result.again for result in taken))


async def _keep(connection: Connection, asked: _Asked, links: Sequence[tuple[str, str]]) -> None:
    tokens, urls = (list(column) for column in zip(*links, strict=True))
    await connection.execute(_LINKS["make_targets"], asked.workspace_id, sorted(set(urls)))
    await connection.execute(_LINKS["keep_tests"], asked.workspace_id, asked.campaign_id, tokens, urls)


def _mt(asked: _Asked, thread_id: int, nth: int, body: str) -> EnqueueMt:
    return EnqueueMt(
        workspace_id=asked.workspace_id,
        thread_id=thread_id,
        cmd_id=asked.command(nth),
        fingerprint=asked.fingerprint,
        klass=MessageClass.TEST,
        body=body,
        segments=count(body).count,
        now=asked.now,
        author_id=asked.member_id,
        expires_at=asked.now + WITHIN,
    )


def _cannot_be_made(refused: Exclusion, missing: Sequence[str], whose: Row | None) -> CannotTest:
    if not missing:
        return CannotTest("cannot_be_made", f"{SENTENCES[refused]}.")
    names = ", ".join(name.replace("_", " ") for name in missing)
    if whose is None:
        return CannotTest("cannot_be_made", f"Nobody is in the audience whose {names} it could bear: choose one first.")
    return CannotTest("cannot_be_made", f"{whose['name'] or 'This contact'} would get nothing: {names} is not known.")
