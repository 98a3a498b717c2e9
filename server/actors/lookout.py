"""Finds what other servers committed, by their hints and by looking, and tells those who look here.

A hint only says where to look: what is told, and what stays off the wire, the database decides. While every living
server is heard without a hole, a look at everything every ten seconds is for what a server that died may not have said;
else, without Redis too, there is one every second. Alone on its database a server only notes how far it has seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
import trio

from server.actors.notify import Announcer
from server.domain.hints import About, Hint
from server.domain.messages import (
    AnswerOwed,
    CampaignMoved,
    CampaignStopped,
    ConsentFlipped,
    Mentioned,
    OutboxGrew,
    OwnNumberChanged,
    ReadMark,
    ReadMoved,
    Replied,
    ReviewChanged,
    RowsChanged,
    ThreadHeard,
)
from server.domain.own_number import OwnNumber
from server.ports import Inbox, StoreUnavailable
from server.ports.nodes import Elsewhere, Standing

LOOK_EVERY_S: Final = 1.0
LOOK_ANYWAY_S: Final = 10.0
GATHER_S: Final = 0.05  # after a hole: what comes next is often the rest of it

log = structlog.get_logger(__name__)


class Trusted(Protocol):
    def __call__(self, living: frozenset[int], /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Here:
    """Who looks at this server. `present`: members with sockets, by workspace; `positions`: of threads that are looked
    at, up to where that was told; `stream`, `campaign` and `bulk` are told what may have moved, and return at once.
    `logins`: hashes of the tokens by which those members, or all (None), have sockets; `end_login` closes these.
    `own_number` gives a member's, of a workspace."""

    present: Callable[[], Mapping[int, Sequence[int]]]
    positions: Callable[[], Mapping[int, int]]
    streams: Callable[[], Mapping[int, int]]
    campaigns: Callable[[], Collection[int]]
    bulks: Callable[[], Collection[int]]
    stream: Callable[[int], None]
    campaign: Callable[[CampaignMoved], None]
    bulk: Callable[[int], None]
    logins: Callable[[Collection[int] | None], Collection[bytes]]
    end_login: Callable[[bytes], None]
    own_number: Callable[[int, int], Awaitable[OwnNumber]]


class Lookout:
    """`trusted` says whether hints of all the living are heard."""

    def __init__(self, gen: int, elsewhere: Elsewhere, inbox: Inbox, announcer: Announcer, here: Here) -> None:
        self._gen, self._elsewhere, self._inbox = gen, elsewhere, inbox
        self._announcer, self._here = announcer, here
        self.trusted: Trusted = lambda living: False
        self.epoch: str | None = None  # of the history that this server began with
        self.on_other_history: Callable[[], None] = lambda: None
        self._p: int | None = None
        self._rows: dict[int, int] = {}
        self._settings: dict[int, int] = {}
        self._marks: dict[tuple[int, int], int] = {}
        self._living: frozenset[int] = frozenset()
        self._others: frozenset[int] = frozenset()
        self.look_at = 0.0  # at the latest
        self._missed = trio.Event()
        self._hints: list[Hint] = []
        self._hinted = trio.Event()

    @property
    def others(self) -> bool:
        """Whether there are, or were a moment ago, other servers on this database."""
        return bool(self._others)

    @property
    def living(self) -> frozenset[int]:
        """The servers that ran at the last look, this one among them; empty before the first."""
        return self._living

    def missed(self) -> None:
        """Something may have been committed that nobody told. Returns at once."""
        self._missed.set()

    def hinted(self, hints: Sequence[Hint]) -> None:
        """Returns at once."""
        self._hints.extend(hints)
        self._hinted.set()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow_hints)
            while True:
                try:
                    await self._watch()
                except StoreUnavailable:
                    log.warning("others_not_seen")
                    await trio.sleep(LOOK_EVERY_S)
                with trio.move_on_after(LOOK_EVERY_S):
                    await self._missed.wait()
                    await trio.sleep(GATHER_S)

    # Looking

    async def _watch(self) -> None:
        missed, self._missed = self._missed.is_set(), trio.Event()
        try:
            standing = await self._elsewhere.standing()
            if standing.epoch != self.epoch and None not in (standing.epoch, self.epoch):
                # Nothing that is known here need be so: positions of sockets, what was counted, whose turn it is.
                self.on_other_history()
                return
            self._living = standing.living
            others = standing.living - {self._gen}
            # Who is not there any more may have committed, and not lived to tell it.
            missed = missed or not self._others <= others
            if not (others or missed):
                self._p = standing.p
            elif missed or trio.current_time() >= self.look_at or not self.trusted(standing.living):
                await self._look(standing)
            self._others = others
        except StoreUnavailable:
            if missed:
                self._missed.set()
            raise

    async def _look(self, standing: Standing) -> None:
        """At all that somebody here looks at."""
        present, since = self._here.present(), self._p
        if present and since is not None:
            members = [member_id for members in present.values() for member_id in members]
            changed = await self._elsewhere.changed(present.keys(), members, self._here.campaigns(), since)
            self._show_rows(changed.rows)
            self._show_marks({member_id: ws for ws, some in present.items() for member_id in some}, changed.marks)
            for workspace_id, campaign_id in changed.campaigns:
                self._here.campaign(CampaignMoved(workspace_id, campaign_id))
            for workspace_id in present:
                self._announcer.recount(workspace_id)
            await self._see_settings(present.keys())
            await self._end_logins(None)
        positions = self._here.positions()
        heads = await self._inbox.head(list(positions)) if positions else {}
        for thread_id, head in heads.items():
            if head > positions[thread_id]:
                self._announcer.on_heard(ThreadHeard(0, thread_id, head))
        for workspace_id in self._here.streams():
            self._here.stream(workspace_id)
        for bulk_id in self._here.bulks():
            self._here.bulk(bulk_id)
        self._p, self.look_at = standing.p, trio.current_time() + LOOK_ANYWAY_S

    def _show_rows(self, rows: Sequence[tuple[int, int, int]]) -> None:
        """A long transaction holds the position back; what was shown as it is need not be shown again."""
        for workspace_id, thread_id, version in rows:
            if self._rows.get(thread_id) != version:
                self._announcer.relay([RowsChanged(workspace_id, (thread_id,))])
        self._rows = {thread_id: version for _, thread_id, version in rows}

    def _show_marks(self, workspaces: Mapping[int, int], marks: Sequence[ReadMark]) -> None:
        for mark in marks:
            if self._marks.get((mark.member_id, mark.thread_id)) != mark.version:
                self._announcer.relay([ReadMoved(workspaces[mark.member_id], mark)])
        self._marks = {(mark.member_id, mark.thread_id): mark.version for mark in marks}

    async def _see_settings(self, workspace_ids: Collection[int]) -> None:
        for one in await self._elsewhere.settings(workspace_ids):
            if self._settings.get(one.workspace_id, 0) < one.version:
                self._settings[one.workspace_id] = one.version
                self._announcer.relay([one])

    async def _end_logins(self, member_ids: Collection[int] | None) -> None:
        """Close what logins and tokens have open that were ended elsewhere."""
        if hashes := self._here.logins(member_ids):
            for ended in await self._elsewhere.ended(hashes):
                self._here.end_login(ended)

    # Following

    async def _follow_hints(self) -> None:
        while True:
            await self._hinted.wait()
            self._hinted, hints, self._hints = trio.Event(), self._hints, []
            for one in hints:
                self._follow(one)
            try:
                await self._ask(hints)
            except StoreUnavailable:
                self.missed()

    def _follow(self, hint: Hint) -> None:
        """What whoever is told looks up by himself."""
        relay = self._announcer.relay
        match hint.topic.about, hint.topic.ids:
            case About.THREAD, (workspace_id, thread_id):
                relay([ThreadHeard(workspace_id, thread_id, hint.position)])
            case About.ROW, (workspace_id, thread_id):
                relay([RowsChanged(workspace_id, (thread_id,))])
            case About.REVIEW, (workspace_id, thread_id):
                relay([ReviewChanged(workspace_id, thread_id, 0, held=False)])
            case About.OUTBOX, (number_id,):
                relay([OutboxGrew(frozenset({number_id}))])
            case About.OWED, (workspace_id, endpoint_id):
                relay([AnswerOwed(workspace_id, endpoint_id)])
            case About.REPLIED, (workspace_id, thread_id):
                relay([Replied(workspace_id, thread_id)])
            case About.MENTIONED, (workspace_id, member_id):
                relay([Mentioned(workspace_id, (member_id,))])
            case About.CAMPAIGN, (workspace_id, campaign_id):
                relay([CampaignMoved(workspace_id, campaign_id)])
            case About.STREAM, (workspace_id,):
                self._here.stream(workspace_id)

    async def _ask(self, hints: Sequence[Hint]) -> None:
        """What the database must say first: nothing is voided, and no mark shown, because a hint says so."""
        about = {kind: {one.topic.ids for one in hints if one.topic.about is kind} for kind in About}
        await self._ask_what_to_void(about)
        if about[About.SETTINGS]:
            await self._see_settings([workspace_id for (workspace_id,) in about[About.SETTINGS]])
        if about[About.LOGIN]:
            await self._end_logins([member_id for _, member_id in about[About.LOGIN]])
        for workspace_id, member_id in about[About.OWN_NUMBER]:
            self._announcer.relay([OwnNumberChanged(await self._here.own_number(workspace_id, member_id))])
        marks = {member_id: workspace_id for workspace_id, member_id in about[About.MARKS]}
        here = {member_id for members in self._here.present().values() for member_id in members}
        if self._p is not None and (asked := [member_id for member_id in marks if member_id in here]):
            for mark in await self._elsewhere.marks(asked, self._p):
                self._announcer.relay([ReadMoved(marks[mark.member_id], mark)])

    async def _ask_what_to_void(self, about: Mapping[About, Collection[tuple[int, ...]]]) -> None:
        if about[About.ENDPOINT]:
            for one in await self._elsewhere.silences([endpoint_id for _, endpoint_id in about[About.ENDPOINT]]):
                if one.opted_out:
                    self._announcer.on_consent(ConsentFlipped(one.workspace_id, one.endpoint_id, True, one.epoch))
                if one.held:
                    self._announcer.on_held(one.endpoint_id)
        if about[About.STOPPED]:
            workspaces = {campaign_id: workspace_id for workspace_id, campaign_id in about[About.STOPPED]}
            for campaign_id, made_after in (await self._elsewhere.stops(list(workspaces))).items():
                self._announcer.on_stopped(CampaignStopped(workspaces[campaign_id], campaign_id, made_after))
