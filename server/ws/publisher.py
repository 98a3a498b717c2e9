"""What actors publish, encoded once and put to the hub's topics: `ports.Publisher` over this node's sockets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import orjson

from server.domain.messages import ReadMark, SettingsChanged, ThreadEvent, ThreadRow
from server.domain.own_number import OwnNumber
from server.ports import Member, Mentions
from server.ports.bulk import Progress
from server.ports.campaigns import Campaign
from server.ports.events import Event, withheld
from server.ports.suggest import Suggested
from server.ws import encode
from server.ws.channels import (
    CAMPAIGNS,
    DIALER,
    bulk_of,
    bulk_topic,
    campaign_of,
    campaign_topic,
    thread_of,
    thread_topic,
)
from server.ws.connection import Frame
from server.ws.frames import encode_text
from server.ws.hub import Hub, Topic, Whom, everybody
from server.ws.presence import Presence

Online = Callable[[int], Sequence[int]]
"""The members of a workspace who have a socket on this node."""


_SEEN_BY_KEPT: Final = 10_000  # threads; of one that is forgotten its inbox is looked at once more
_STEPS: Final = 1_000_000  # of suggestions for one text; those for a newer text are newer, whichever server made them
_MADE: Final = _STEPS - 1
_NONE: Final = _STEPS - 2  # somebody may look later and find some


class HubPublisher:
    """`clock` gives Unix seconds: versions of what has none in the database are made from it."""

    def __init__(
        self,
        hub: Hub,
        presence: Presence,
        epoch: str,
        explain: encode.Explain,
        online: Online,
        clock: Callable[[], float],
    ) -> None:
        self._hub, self._presence, self._epoch, self._explain = hub, presence, epoch, explain
        self._online, self._clock = online, clock
        self._seen_by: dict[int, frozenset[int]] = {}

    def watched(self, thread_id: int) -> bool:
        return self._hub.has_subscribers(thread_topic(thread_id))

    def position(self, thread_id: int) -> int | None:
        return self._hub.reached(thread_topic(thread_id))

    def positions(self) -> Mapping[int, int]:
        """Of all threads that somebody looks at: up to which event they were told."""
        found = ((thread_of(topic.channel), self._hub.reached(topic)) for topic in self._hub.with_positions())
        return {thread_id: seq for thread_id, seq in found if thread_id is not None and seq is not None}

    def bulks(self) -> Collection[int]:
        """Texts in bulk whose progress somebody looks at."""
        found = (bulk_of(topic.channel) for topic in self._hub.with_positions())
        return [bulk_id for bulk_id in found if bulk_id is not None]

    def campaigns(self) -> Collection[int]:
        """Campaigns that somebody looks at, but for those of a list."""
        found = (campaign_of(topic.channel) for topic in self._hub.with_positions())
        return [campaign_id for campaign_id in found if campaign_id is not None]

    def streams(self) -> Mapping[int, int]:
        """Of all workspaces whose events somebody hears here: up to which they were told."""
        topics = [topic for topic in self._hub.with_positions() if topic.channel == DIALER]
        return {topic.scope: self._hub.reached(topic) or 0 for topic in topics}

    def thread_events(self, thread_id: int, events: Sequence[ThreadEvent]) -> None:
        topic = thread_topic(thread_id)
        if not self._hub.has_subscribers(topic):
            return
        for event in events:
            frame = encode_text(encode.event_frame(event, self._epoch, self._explain))
            self._hub.publish_event(topic, frame, event.seq)

    def thread_resync(self, thread_id: int) -> None:
        topic = thread_topic(thread_id)
        frame = encode_text(orjson.dumps({"t": "resync", "ch": [topic.channel]}))
        self._hub.publish_state(topic, "resync", 0, frame)

    def inbox_rows(self, rows: Sequence[ThreadRow]) -> None:
        for row in rows:
            if row.seen_by is not None:
                self._narrow(row.workspace_id, row.thread_id, row.seen_by)
            told = encode.inbox_row(row, self._explain)
            inbox = Topic(row.workspace_id, "inbox")
            self._state(inbox, str(row.thread_id), row.version, told, _of(row.seen_by))

    def narrowed(self, thread_id: int, seen_by: Collection[int]) -> None:
        """Who may not see the thread any more hears nothing of it from here on."""
        topic = thread_topic(thread_id)
        word = Frame(encode_text(orjson.dumps({"t": "resync", "ch": [topic.channel]})))
        self._hub.leave_unless(topic, seen_by.__contains__, word)

    def _narrow(self, workspace_id: int, thread_id: int, seen_by: frozenset[int]) -> None:
        """As `narrowed`; and once for each change of who sees it, the others look at their inbox anew."""
        self.narrowed(thread_id, seen_by)
        if self._seen_by.get(thread_id) == seen_by:
            return
        self._seen_by[thread_id] = seen_by
        if len(self._seen_by) > _SEEN_BY_KEPT:
            del self._seen_by[next(iter(self._seen_by))]
        for member_id in self._online(workspace_id):
            if member_id not in seen_by:
                again = encode_text(orjson.dumps({"t": "resync", "ch": ["inbox", "user"]}))
                self._hub.publish_state(Topic(member_id, "user"), "again", self._version(), again)

    def read_mark(self, mark: ReadMark) -> None:
        self._state(Topic(mark.member_id, "user"), f"read:{mark.thread_id}", mark.version, encode.read_mark(mark))

    def badges(self, unread: Mapping[int, int]) -> None:
        version = self._version()
        for member_id, threads in unread.items():
            self._state(Topic(member_id, "user"), "badge", version, {"unread_threads": threads})

    def open_reviews(self, workspace_id: int, count: int, apart: Mapping[int, int]) -> None:
        version = self._version()
        for member_id in self._online(workspace_id):
            told = {"open": apart.get(member_id, count)}
            self._state(Topic(member_id, "user"), "review", version, told)

    def mentions(self, told: Mapping[int, Mentions]) -> None:
        version = self._version()
        for member_id, mentions in told.items():
            self._state(Topic(member_id, "user"), "mentions", version, encode.mentions(mentions))

    def own_number(self, number: OwnNumber) -> None:
        self._state(Topic(number.member_id, "user"), "own_number", self._version(), encode.own_number_out(number))

    def settings_changed(self, change: SettingsChanged) -> None:
        told = {"version": change.version, "suggesting": change.suggesting}
        for member_id in self._online(change.workspace_id):
            self._state(Topic(member_id, "user"), "settings", change.version, told)

    def bulk_watched(self, bulk_id: int) -> bool:
        return self._hub.has_subscribers(bulk_topic(bulk_id))

    def bulk_progress(self, progress: Progress) -> None:
        self._state(bulk_topic(progress.bulk_id), "progress", self._version(), encode.bulk_out(progress))

    def campaign_watched(self, workspace_id: int, campaign_id: int) -> bool:
        return any(map(self._hub.has_subscribers, (campaign_topic(campaign_id), Topic(workspace_id, CAMPAIGNS))))

    def campaign_told(self, campaign: Campaign) -> None:
        version, told = self._version(), encode.campaign_out(campaign)
        whom = _of(campaign.seen_by)
        self._state(campaign_topic(campaign.campaign_id), "campaign", version, told, whom)
        self._state(Topic(campaign.workspace_id, CAMPAIGNS), str(campaign.campaign_id), version, told, whom)

    def suggestions_begun(self, thread_id: int, based_on: int, step: int) -> None:
        self.suggestions_so_far(thread_id, Suggested(based_on, "offline", "", ()), 0, step)

    def suggestions_so_far(self, thread_id: int, begun: Suggested, whole: int, step: int) -> None:
        self._suggestions(thread_id, begun, whole, min(step, _NONE - 1), made=False)

    def suggestions_made(self, thread_id: int, made: Suggested) -> None:
        self._suggestions(thread_id, made, len(made.items), _MADE if made.items else _NONE, made=True)

    def _suggestions(self, thread_id: int, told: Suggested, whole: int, step: int, *, made: bool) -> None:
        version = told.based_on * _STEPS + step
        self._state(thread_topic(thread_id), "suggestions", version, encode.suggestions_out(told, whole, made=made))

    def integration_events(self, events: Sequence[Event]) -> None:
        for event in events:
            topic = Topic(event.workspace_id, DIALER)
            if self._hub.has_subscribers(topic):
                self._hub.publish_event(topic, self._integration_frame(event), event.seq, _of(event.seen_by))
                if event.seen_by is not None:  # the stream has no gap for those whom it does not concern
                    others = _not_of(event.seen_by)
                    self._hub.publish_event(topic, self._integration_frame(withheld(event)), event.seq, others)

    def _integration_frame(self, event: Event) -> bytes:
        return encode_text(encode.integration_frame(event, self._epoch))

    def typing(self, thread_id: int, member: Member, typing: bool) -> None:
        self._presence.typing(thread_id, member, typing)

    def online_members(self, workspace_id: int) -> Sequence[int]:
        return self._online(workspace_id)

    def _state(self, topic: Topic, key: str, version: int, data: Mapping[str, Any], whom: Whom = everybody) -> None:
        if self._hub.has_subscribers(topic):
            frame = encode_text(encode.state_frame(topic.channel, key, version, data))
            self._hub.publish_state(topic, key, version, frame, whom)

    def _version(self) -> int:
        """Rises over restarts too: a client compares it with what an earlier process sent."""
        return int(self._clock() * 1_000_000)


def _of(seen_by: frozenset[int] | None) -> Whom:
    return everybody if seen_by is None else seen_by.__contains__


def _not_of(seen_by: frozenset[int]) -> Whom:
    return lambda member_id: member_id not in seen_by
