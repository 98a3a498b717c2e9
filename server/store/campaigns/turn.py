"""One turn of an active campaign: the batch of a drip, whose turn it is, the text of each, and its place in the queue.

Texts are made a few seconds before they leave, from the words and the values of that moment. Whoever has no text to get
any more is skipped with the reason; whose hour has not come is postponed, so that nothing is queued for tomorrow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from server.domain.campaigns.audience import AudienceRules, Exclusion, choose, refuse, text_id
from server.domain.campaigns.drip import Drip, next_batch, window
from server.domain.campaigns.linked_text import LinkedTemplate, cut, fill_links
from server.domain.compose import bulk_timing
from server.domain.filling import one_line_end
from server.domain.gate import MessageClass
from server.domain.messages import Announcement, CampaignMoved, OfCampaign
from server.domain.segments import count
from server.domain.timetable import Timetable
from server.domain.tokens import Rendered
from server.domain.verdict import Reason
from server.ports import Enqueued, EnqueueMt
from server.ports.campaigns import Plan
from server.ports.contacts import NOBODY
from server.store.campaigns.audience import phone_of
from server.store.campaigns.hours import last_instant, waits_until
from server.store.campaigns.linking import Linking
from server.store.ledger import enqueue
from server.store.named_sql import statements
from server.store.text import storable
from server.store.texts.values import names_and_values
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection

AHEAD_S: Final = 4.0  # what is queued at the pace of its numbers; the engine looks every half second
AT_LEAST: Final = 16  # segments, however slow the numbers are: an idle sender costs more than these
CHUNK: Final = 256  # texts in one transaction; its threads are locked for some 50 ms

_SQL = statements("campaign_engine")
_AHEAD = statements("bulk")["ahead"]


@dataclass(frozen=True, slots=True)
class _Made:
    """A recipient's row with the text that it gets, or `reason` why none."""

    row: Row
    body: str = ""
    segments: int = 0
    reason: str | None = None


class Turn:
    """`queued`: how many texts. `broken`: why nothing of it can be sent, where its words have become faulty."""

    def __init__(self, row: Row, plan: Plan, now: datetime, timetable: Timetable, link_base: str) -> None:
        self._row, self._plan, self._now, self._timetable = row, plan, now, timetable
        self._id: int = row["id"]
        self._linking = Linking(row["workspace_id"], self._id, row["link_base"] or link_base)
        self.told: list[Announcement] = []
        self.queued = 0
        self.broken: str | None = None

    async def run(self, connection: Connection) -> bool:
        """True where there is more to do at once."""
        if self._plan.drip is None:
            return await self._queue(connection, None)
        drip = _Batches(self._row, self._plan.drip, self._now)
        if not await drip.look(connection):
            return drip.ended
        return await self._queue(connection, drip.places)

    async def _queue(self, connection: Connection, places: int | None) -> bool:
        room = await self._room(connection)
        if room <= 0:
            return False
        found = await connection.fetch(_SQL["next"], self._id, places, self._now, CHUNK)
        if not found:
            return False
        waits = {one["ord"]: until for one in found if (until := self._waits(one)) is not None}
        if waits:
            await connection.execute(_SQL["postpone"], self._id, [*waits], [*waits.values()])
        ready = [one for one in found if one["ord"] not in waits]
        made = await self._made(connection, ready[: ceil(room)])  # a text has one segment or more
        if self.broken is not None:
            return False
        turn = _fitting(made, room)
        await self._write(connection, turn)
        self.told.append(CampaignMoved(self._row["workspace_id"], self._id))
        return len(found) == CHUNK and len(turn) == len(ready)

    async def _room(self, connection: Connection) -> float:
        """For how many segments, a few seconds ahead of the pace."""
        ahead = await connection.fetchrow(_AHEAD, self._id, self._row["number_id"], self._now)
        assert ahead is not None, "an aggregate has a row"  # noqa: S101 - for the type
        own: float | None = self._row["rate"]
        pace: float = ahead["rate"] if own is None else min(ahead["rate"], own)
        return max(AT_LEAST, AHEAD_S * pace) - int(ahead["queued"])

    def _waits(self, one: Row) -> datetime | None:
        return waits_until(one, self._plan.start, self._now, self._timetable)

    # Words

    async def _made(self, connection: Connection, found: Sequence[Row]) -> list[_Made]:
        contacts = [one["contact_id"] for one in found if one["contact_id"] is not None]
        given = self._row["workspace_id"], self._row["launched_by"], contacts, self._now
        names, values = await names_and_values(connection, *given)
        templates = [cut(one_line_end(variant.body), names) for variant in self._plan.variants]
        if faults := [fault for template in templates for fault in template.faults]:
            self.broken = f"Paused: the text has a fault. {faults[0].sentence}"
            return []
        return [self._text(one, templates[one["variant"]], values) for one in found]

    def _text(self, one: Row, template: LinkedTemplate, values: Mapping[int, Mapping[str, str | None]]) -> _Made:
        if objection := self._objection(one, values):
            return _Made(one, reason=objection)
        own = values[one["contact_id"] or NOBODY]
        known = {**self._answers, **{name: value for name, value in own.items() if value and value.strip()}}
        linked = fill_links(template, known, self._linking.link_of(one["ord"]))
        text = Rendered(storable(linked.text), linked.missing)
        if refused := refuse(text):
            return _Made(one, reason=refused.value)
        return _Made(one, text.text, count(text.text).count)

    @cached_property
    def _answers(self) -> Mapping[str, str]:
        return {name.lower(): answer for name, answer in self._plan.answers.items()}

    def _objection(self, one: Row, values: Mapping[int, object]) -> str | None:
        """What came up since the snapshot. What comes up later is the gate's to say."""
        if one["contact_id"] is not None and one["contact_id"] not in values:
            return Reason.CONTACT_DELETED.value
        if self._plan.until_reply and one["replied_at"] is not None:
            return Reason.REPLIED.value
        chosen = choose([phone_of(one)], AudienceRules())
        return chosen.value if isinstance(chosen, Exclusion) else None

    # Writing

    async def _write(self, connection: Connection, turn: Sequence[_Made]) -> None:
        meant = [one for one in turn if one.reason is None]
        targets = await self._linking.targets(connection)
        threads = await self._threads(connection, [one.row["endpoint_id"] for one in meant])
        replied = {one.row["ord"] for one in meant if self._has_replied(threads[one.row["endpoint_id"]])}
        skipped = {one.row["ord"]: one.reason for one in turn if one.reason is not None}
        skipped |= dict.fromkeys(replied, Reason.REPLIED.value)
        if skipped:
            await connection.execute(_SQL["skip"], self._id, [*skipped], [*skipped.values()])
        leaving = [one for one in meant if one.row["ord"] not in replied]
        if leaving:
            await self._enqueue(connection, await self._linked(connection, leaving, targets), threads)
        for state, number in (("in_flight", len(leaving)), ("skipped", len(skipped))):
            await connection.execute(_SQL["note_moved"], self._id, self._now, state, number)
        self.queued = len(leaving)

    async def _threads(self, connection: Connection, endpoints: Sequence[int]) -> Mapping[int, Row]:
        """Locked, so that no reply is stored between this look and the commit."""
        if not endpoints:
            return {}
        workspace_id = self._row["workspace_id"]
        given = workspace_id, endpoints, self._row["number_id"], self._now, self._plan.quiet
        await connection.execute(_SQL["make_threads"], *given)
        rows = await connection.fetch(_SQL["threads"], workspace_id, endpoints)
        return {row["endpoint_id"]: row for row in rows}

    def _has_replied(self, thread: Row) -> bool:
        """Since the launch: who wrote before it was in the audience all the same."""
        wrote_at = thread["last_in_at"]
        return self._plan.until_reply and wrote_at is not None and wrote_at >= self._row["launched_at"]

    async def _linked(
        self, connection: Connection, leaving: Sequence[_Made], targets: Mapping[str, int]
    ) -> Sequence[_Made]:
        """With the links that their recipients have for good; they are as long as those that were drawn."""
        bodies = await self._linking.keep(connection, {one.row["ord"]: one.body for one in leaving}, targets)
        return [replace(one, body=bodies[one.row["ord"]]) for one in leaving]

    async def _enqueue(self, connection: Connection, leaving: Sequence[_Made], threads: Mapping[int, Row]) -> None:
        mts = [self._mt(one, threads[one.row["endpoint_id"]]["id"]) for one in leaving]
        results, told = await enqueue.write(connection, mts)
        places: list[tuple[Any, ...]] = []
        for one, result in zip(leaving, results, strict=True):
            assert isinstance(result, Enqueued), result  # noqa: S101 - its thread is locked, its command is nobody else's
            places.append((one.row["ord"], result.thread_id, result.seq, one.segments))
        await connection.execute(_SQL["queued"], self._id, *map(list, zip(*places, strict=True)))
        self.told += told

    def _mt(self, one: _Made, thread_id: int) -> EnqueueMt:
        ends = [bulk_timing(self._now).expires_at, last_instant(self._plan.drip)]
        return EnqueueMt(
            workspace_id=self._row["workspace_id"],
            thread_id=thread_id,
            cmd_id=text_id(self._id, one.row["ord"], one.row["round"]),
            fingerprint=hashlib.sha256(one.body.encode()).digest(),
            klass=MessageClass.BULK,
            body=one.body,
            segments=one.segments,
            now=self._now,
            author_id=self._row["launched_by"],
            campaign_id=self._id,
            expires_at=min(end for end in ends if end is not None),
            cancel_on_reply=self._plan.until_reply,
            campaign=OfCampaign(self._id, "campaign", self._row["name"], self._variant(one)),
        )

    def _variant(self, one: _Made) -> int | None:
        return one.row["variant"] if len(self._plan.variants) > 1 else None


class _Batches:
    """The batches of a drip: `places` of the snapshot may be queued by now. `ended`: nobody beyond them gets a text."""

    def __init__(self, row: Row, drip: Drip, now: datetime) -> None:
        self._row, self._drip, self._now = row, drip, now
        self._id: int = row["id"]
        self.places: int = row["places"] or 0
        self.ended = False

    async def look(self, connection: Connection) -> bool:
        """Whether texts may be queued now; a batch that is due begins."""
        now = self._now
        opens = window(self._drip, now)
        if opens is None:
            await connection.execute(_SQL["all_at_end"], self._id, Reason.CAMPAIGN_ENDED.value)
            self.ended = True
            return False
        at = next_batch(self._drip, self._row["last_batch_at"], now)
        if at is not None and at <= now and not await self._waits(connection):
            await self._begin(connection)
        elif at != self._row["next_batch_at"] and (at is None or at > now):
            await connection.execute(_SQL["next_batch"], self._id, at)
        return opens.begins <= now

    async def _waits(self, connection: Connection) -> bool:
        return bool(await connection.fetchval(_SQL["any_waiting"], self._id, self.places))

    async def _begin(self, connection: Connection) -> None:
        last = await connection.fetchval(_SQL["place_of"], self._id, self.places, self._drip.batch)
        if last is None:
            return
        self.places = last
        then = next_batch(self._drip, self._now, self._now)
        await connection.execute(_SQL["batch"], self._id, last, self._now, then)


def _fitting(made: Sequence[_Made], room: float) -> Sequence[_Made]:
    """As many as there is room for; the last one may reach beyond it."""
    taken: list[_Made] = []
    for one in made:
        if room <= 0:
            break
        taken.append(one)
        room -= one.segments
    return taken
