"""One turn of an active campaign: the batch of a drip, whose turn it is, the text of each, and its place in the queue.

Texts are made a few seconds before they leave, from the words and the values of that moment. Whoever has no text to get
any more is skipped with the reason; whose hour has not come is passed over, so that nothing is queued for tomorrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

from server.domain.campaigns.audience import Exclusion, refuse
from server.domain.campaigns.drip import ends_at
from server.domain.campaigns.linked_text import LinkedTemplate, cut, fill_links
from server.domain.compose import bulk_timing
from server.domain.filling import one_line_end
from server.domain.messages import Announcement, CampaignMoved, OfCampaign
from server.domain.segments import count
from server.domain.sending_hours import week_of
from server.domain.timetable import Timetable
from server.domain.tokens import Rendered
from server.domain.verdict import Reason
from server.ports.campaigns import Plan
from server.ports.contacts import NOBODY
from server.store.campaigns import queueing
from server.store.campaigns.batches import Batches
from server.store.campaigns.linking import Linking
from server.store.campaigns.queueing import Sending, Text
from server.store.campaigns.whose_turn import WhoseTurn
from server.store.text import storable
from server.store.texts.values import names_and_values
from server.store.told import Row

if TYPE_CHECKING:
    from server.store.postgres import Connection


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
        self._row, self._plan, self._now = row, plan, now
        self._timetable = timetable.within(week_of(row["sending_hours"]))
        self._id: int = row["id"]
        self._linking = Linking(row["workspace_id"], self._id, row["link_base"] or link_base)
        self.told: list[Announcement] = []
        self.queued = 0
        self.broken: str | None = None

    async def run(self, connection: Connection) -> bool:
        """True where there is more to do at once."""
        if self._plan.drip is None:
            return await self._queue(connection, None)
        drip = Batches(self._row, self._plan.drip, self._now)
        if not await drip.look(connection):
            return drip.ended
        return await self._queue(connection, drip.places)

    async def _queue(self, connection: Connection, places: int | None) -> bool:
        room = await queueing.room(connection, self._id, self._row["number_id"], self._row["rate"], self._now)
        if room <= 0:
            return False
        whose = WhoseTurn(self._row, self._plan.start, self._now, self._timetable)
        ready = await whose.find(connection, places)
        made = await self._made(connection, ready[: ceil(room)])  # a text has one segment or more
        if self.broken is not None:
            return False
        turn = queueing.fitting(made, room, lambda one: one.segments)
        await whose.keep(connection, ready[len(turn) :])
        if turn:
            await self._write(connection, turn)
            self.told.append(CampaignMoved(self._row["workspace_id"], self._id))
        return whose.more and len(turn) == len(ready)

    # Words

    async def _made(self, connection: Connection, found: Sequence[Row]) -> list[_Made]:
        if not found:
            return []
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
        return queueing.objection(one)

    # Writing

    async def _write(self, connection: Connection, turn: Sequence[_Made]) -> None:
        meant = [one for one in turn if one.reason is None]
        targets = await self._linking.targets(connection)
        endpoints = [one.row["endpoint_id"] for one in meant]
        threads = await queueing.threads(connection, self._row, endpoints, self._now, quiet=self._plan.quiet)
        skipped = {one.row["ord"]: one.reason for one in turn if one.reason is not None}
        for one in meant:
            if told := self._came_up(threads[one.row["endpoint_id"]]):
                skipped[one.row["ord"]] = told
        await queueing.skip(connection, self._id, skipped, self._now)
        texts = await self._linked(connection, [one for one in meant if one.row["ord"] not in skipped], targets)
        self.told += await queueing.put(connection, self._sending(), texts, threads)
        self.queued = len(texts)

    def _came_up(self, thread: Row) -> str | None:
        """What the thread tells by now, under its lock, against a text."""
        if thread["hidden"]:
            return Exclusion.ANOTHERS_NUMBER.value
        if self._has_replied(thread):
            return Reason.REPLIED.value
        return Exclusion.TEXTED_RECENTLY.value if self._is_texted(thread) else None

    def _is_texted(self, thread: Row) -> bool:
        """By another campaign, of which the snapshot did not know."""
        days = self._plan.leaving.texted_within_days
        if days is None:
            return False
        at = thread["others_at"]
        return thread["others_wait"] or (at is not None and at >= self._now - timedelta(days=days))

    def _has_replied(self, thread: Row) -> bool:
        """Since the launch: who wrote before it was in the audience all the same."""
        wrote_at = thread["last_in_at"]
        return self._plan.until_reply and wrote_at is not None and wrote_at >= self._row["launched_at"]

    async def _linked(
        self, connection: Connection, leaving: Sequence[_Made], targets: Mapping[str, int]
    ) -> Sequence[Text]:
        """With the links that their recipients have for good; they are as long as those that were drawn."""
        if not leaving:
            return ()
        bodies = await self._linking.keep(connection, {one.row["ord"]: one.body for one in leaving}, targets)
        return [
            Text(
                ord_ := one.row["ord"],
                one.row["endpoint_id"],
                bodies[ord_],
                one.segments,
                one.row["round"],
                one.row["variant"] if len(self._plan.variants) > 1 else None,
            )
            for one in leaving
        ]

    def _sending(self) -> Sending:
        drip = self._plan.drip
        ends = [bulk_timing(self._now).expires_at, None if drip is None else ends_at(drip)]
        return Sending(
            self._row["workspace_id"],
            OfCampaign(self._id, "campaign", self._row["name"]),
            self._row["launched_by"],
            self._now,
            expires_at=min(end for end in ends if end is not None),
            cancel_on_reply=self._plan.until_reply,
        )
