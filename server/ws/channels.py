"""What a client may subscribe to, and what it is sent first: a replay of what it missed, or a snapshot.

Every read goes through the member's workspace, so a channel of somebody else does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from server.ports import Inbox, InboxRows, Member, ThreadPage, UserState
from server.ports.bulk import BulkFigures
from server.ports.campaigns import CampaignReading
from server.ports.events import EventStream
from server.ws import encode
from server.ws.frames import encode_text
from server.ws.hub import Topic
from server.ws.protocol import PAGE, REPLAY_LIMIT, Frame, Subscribe, Subscribed

INBOX: Final = "inbox"
USER: Final = "user"
CAMPAIGNS: Final = "campaigns"
DIALER: Final = "dialer"
_THREAD: Final = re.compile(r"thread:([1-9][0-9]{0,17})")
_BULK: Final = re.compile(r"bulk:([1-9][0-9]{0,17})")
_CAMPAIGN: Final = re.compile(r"campaign:([1-9][0-9]{0,17})")
_MAX_P: Final = 2**64  # a transaction id is a 64-bit number


@dataclass(frozen=True, slots=True)
class Opening:
    """Encoded frames to send first; events up to `seen` are in them."""

    frames: list[bytes]
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Denied:
    code: str
    message: str


NOT_THERE: Final = Denied("not_found", "There is no such channel.")


def frame_bytes(frame: Frame) -> bytes:
    """The WebSocket frame of one of the small frames of the protocol."""
    return encode_text(frame.model_dump_json().encode())


def thread_topic(thread_id: int) -> Topic:
    return Topic(0, encode.thread_topic(thread_id))


def bulk_topic(bulk_id: int) -> Topic:
    return Topic(0, encode.bulk_topic(bulk_id))


def campaign_topic(campaign_id: int) -> Topic:
    return Topic(0, encode.campaign_topic(campaign_id))


def thread_of(channel: str) -> int | None:
    """The thread that *channel* names."""
    match = _THREAD.fullmatch(channel)
    return int(match[1]) if match else None


def bulk_of(channel: str) -> int | None:
    """The text in bulk whose progress *channel* tells."""
    match = _BULK.fullmatch(channel)
    return int(match[1]) if match else None


def campaign_of(channel: str) -> int | None:
    """The campaign that *channel* tells of."""
    match = _CAMPAIGN.fullmatch(channel)
    return int(match[1]) if match else None


def topic_of(member: Member, channel: str) -> Topic | None:
    """The topic that *channel* means for this member; None where there is no such kind of channel."""
    if channel == INBOX:
        return Topic(member.workspace_id, INBOX)
    if channel == USER:
        return Topic(member.member_id, USER)
    if channel in {CAMPAIGNS, DIALER}:
        return Topic(member.workspace_id, channel)
    bulk_id = bulk_of(channel)
    if bulk_id is not None:
        return bulk_topic(bulk_id)
    campaign_id = campaign_of(channel)
    if campaign_id is not None:
        return campaign_topic(campaign_id)
    thread_id = thread_of(channel)
    return thread_topic(thread_id) if thread_id is not None else None


class Channels:
    """Reads openings through the inbox and its kin. *epoch*: of the database's history; *explain* words errors.

    *narrowed*: the ports by name as a member sees them from whom a number is hidden.
    """

    def __init__(
        self,
        inbox: Inbox,
        epoch: str,
        explain: encode.Explain,
        bulk: BulkFigures | None = None,
        campaigns: CampaignReading | None = None,
        events: EventStream | None = None,
        narrowed: Callable[[int], Mapping[str, Any]] | None = None,
    ) -> None:
        self._narrowed = narrowed
        self._events = events
        self._inbox, self._bulk, self._campaigns = inbox, bulk, campaigns
        self._explain = explain
        self.epoch = epoch

    async def open(self, member: Member, wish: Subscribe) -> Opening | Denied:
        """What to send first for *wish*. Raises StoreUnavailable."""
        if member.narrowed and self._narrowed is not None:
            return await self._as_seen_by(self._narrowed(member.member_id)).open(member, wish)
        if wish.ch == INBOX:
            return await self._open_inbox(member, wish)
        if wish.ch == USER:
            return await self._open_user(member, wish)
        bulk_id = bulk_of(wish.ch)
        if bulk_id is not None:
            return await self._open_bulk(member, bulk_id, wish)
        if wish.ch == CAMPAIGNS:
            return await self._open_campaigns(member, wish)
        if wish.ch == DIALER:
            return await self._open_dialer(member, wish)
        campaign_id = campaign_of(wish.ch)
        if campaign_id is not None:
            return await self._open_campaign(member, campaign_id, wish)
        thread_id = thread_of(wish.ch)
        return NOT_THERE if thread_id is None else await self._open_thread(member, thread_id, wish)

    def _as_seen_by(self, parts: Mapping[str, Any]) -> Channels:
        return Channels(
            parts["inbox"], self.epoch, self._explain, parts["bulk"], parts["campaign_drafts"], parts["events"]
        )

    async def heads(self, thread_ids: list[int]) -> dict[int, int]:
        """The newest seq of each thread. Raises StoreUnavailable."""
        return dict(await self._inbox.head(thread_ids)) if thread_ids else {}

    async def _open_thread(self, member: Member, thread_id: int, wish: Subscribe) -> Opening | Denied:
        if wish.after is not None and wish.after >= 0 and wish.epoch == self.epoch:
            replay = await self._replay(member, thread_id, wish, wish.after)
            if replay is not None:
                return replay
        page = await self._inbox.thread(member.workspace_id, member.member_id, thread_id, limit=PAGE)
        if page is None:
            return NOT_THERE
        subscribed = self._subscribed(wish, resumed=False, seq=page.head)
        return Opening([subscribed, self._snapshot(wish, self._thread_data(page), seq=page.head)], page.head)

    async def _replay(self, member: Member, thread_id: int, wish: Subscribe, after: int) -> Opening | Denied | None:
        """The events after *after*; None where there are too many of them, or where *after* is ahead of the thread."""
        events = await self._inbox.events_after(member.workspace_id, thread_id, after, REPLAY_LIMIT + 1)
        if events is None:
            return NOT_THERE
        if len(events) > REPLAY_LIMIT:
            return None
        if not events and (await self._inbox.head([thread_id])).get(thread_id) != after:
            return None
        seen = events[-1].seq if events else after
        frames = [encode_text(encode.event_frame(event, self.epoch, self._explain)) for event in events]
        return Opening([self._subscribed(wish, resumed=True, seq=seen), *frames], seen)

    async def _open_inbox(self, member: Member, wish: Subscribe) -> Opening:
        since = self._since(wish)
        rows = await self._inbox.rows(member.workspace_id, member.member_id, since=since, limit=PAGE)
        if rows.partial and len(rows.rows) >= REPLAY_LIMIT:  # there may be more than what was read
            rows = await self._inbox.rows(member.workspace_id, member.member_id, limit=PAGE)
        subscribed = self._subscribed(wish, resumed=rows.partial, p=rows.p)
        return Opening([subscribed, self._snapshot(wish, self._inbox_data(rows), p=rows.p)])

    async def _open_user(self, member: Member, wish: Subscribe) -> Opening:
        since = self._since(wish)
        state = await self._inbox.user(member.workspace_id, member.member_id, since=since)
        subscribed = self._subscribed(wish, resumed=since is not None, p=state.p)
        return Opening([subscribed, self._snapshot(wish, _user_data(state), p=state.p)])

    async def _open_bulk(self, member: Member, bulk_id: int, wish: Subscribe) -> Opening | Denied:
        progress = await self._bulk.progress(member.workspace_id, bulk_id) if self._bulk else None
        if progress is None:
            return NOT_THERE
        return Opening([self._subscribed(wish, resumed=False), self._snapshot(wish, encode.bulk_out(progress))])

    async def _open_campaign(self, member: Member, campaign_id: int, wish: Subscribe) -> Opening | Denied:
        campaign = await self._campaigns.get(member.workspace_id, campaign_id) if self._campaigns else None
        if campaign is None:
            return NOT_THERE
        return Opening([self._subscribed(wish, resumed=False), self._snapshot(wish, encode.campaign_out(campaign))])

    async def _open_campaigns(self, member: Member, wish: Subscribe) -> Opening | Denied:
        if self._campaigns is None:
            return NOT_THERE
        page = await self._campaigns.page(member.workspace_id, limit=PAGE)
        rows = {"rows": [encode.campaign_out(campaign) for campaign in page.rows]}
        return Opening([self._subscribed(wish, resumed=False), self._snapshot(wish, rows)])

    async def _open_dialer(self, member: Member, wish: Subscribe) -> Opening | Denied:
        """What was missed, at most REPLAY_LIMIT events; else the newest, by which the client sees what it lacks."""
        if self._events is None:
            return NOT_THERE
        await self._events.listen(member.workspace_id)
        if wish.after is not None and wish.after >= 0 and wish.epoch == self.epoch:
            missed = await self._events.after(member.workspace_id, wish.after, REPLAY_LIMIT + 1)
            kept = missed.head == wish.after or (missed.events and missed.events[0].seq == wish.after + 1)
            if kept and len(missed.events) <= REPLAY_LIMIT:
                seen = missed.events[-1].seq if missed.events else wish.after
                frames = [encode_text(encode.integration_frame(event, self.epoch)) for event in missed.events]
                return Opening([self._subscribed(wish, resumed=True, seq=seen), *frames], seen)
        page = await self._events.newest(member.workspace_id, PAGE)
        told = [encode.integration_out(event) for event in page.events]
        data = {"head": page.head, "oldest": page.oldest, "events": told}
        snapshot = self._snapshot(wish, data, seq=page.head)
        return Opening([self._subscribed(wish, resumed=False, seq=page.head), snapshot], page.head)

    def _since(self, wish: Subscribe) -> int | None:
        if wish.p is None or wish.epoch != self.epoch or int(wish.p) >= _MAX_P:
            return None
        return int(wish.p)

    def _subscribed(self, wish: Subscribe, *, resumed: bool, seq: int | None = None, p: int | None = None) -> bytes:
        position = None if p is None else str(p)
        return frame_bytes(Subscribed(id=wish.id, ch=wish.ch, epoch=self.epoch, seq=seq, p=position, resumed=resumed))

    def _snapshot(
        self, wish: Subscribe, data: dict[str, Any], *, seq: int | None = None, p: int | None = None
    ) -> bytes:
        """`protocol.Snapshot`, serialised."""
        position = None if p is None else str(p)
        frame = {"t": "snapshot", "ch": wish.ch, "epoch": self.epoch, "seq": seq, "p": position, "data": data}
        return encode_text(orjson.dumps(frame))

    def _inbox_data(self, rows: InboxRows) -> dict[str, Any]:
        """`protocol.InboxPage`."""
        return {
            "rows": [encode.inbox_row(row, self._explain) for row in rows.rows],
            "reads": [encode.read_mark(mark) for mark in rows.reads],
            "next_cursor": rows.next_cursor,
            "partial": rows.partial,
        }

    def _thread_data(self, page: ThreadPage) -> dict[str, Any]:
        """`protocol.ThreadSnapshot`."""
        return {
            "thread": encode.inbox_row(page.thread, self._explain),
            "messages": [encode.message_out(message, self._explain) for message in page.messages],
            "in_ord": page.in_ord,
            "has_more": page.has_more,
            "asides": encode.asides_out(page.asides),
        }


def _user_data(state: UserState) -> dict[str, Any]:
    """`protocol.UserSnapshot`."""
    return {
        "badge": {"unread_threads": state.unread_threads},
        "review": {"open": state.open_reviews},
        "mentions": encode.mentions(state.mentions),
        "settings": {"version": state.settings_version, "suggesting": state.suggesting},
        "reads": [encode.read_mark(mark) for mark in state.reads],
    }
