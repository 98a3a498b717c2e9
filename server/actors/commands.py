"""A member's commands on their way to the thread's actor and back: `ports.ThreadCommands` over the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

from server.actors.runtime import ActorError, MailboxFull, Registry, Reply
from server.actors.thread import Enqueue, MarkRead, ReleaseHeld, SendReply, SetTyping, Teamwork, ThreadMessage
from server.domain.messages import ReadMark
from server.ports import CommandsBusy, Draft, EnqueueMt, EnqueueResult, Member, StoreUnavailable
from server.ports.team import TeamDeed, TeamResult

R = TypeVar("R")

ANSWER_WITHIN_S: Final = 10.0


class ThreadAsker:
    """Asks the thread's actor. What fails may or may not have taken effect: the same id may be sent again."""

    def __init__(self, threads: Registry[int, ThreadMessage]) -> None:
        self._threads = threads

    async def send(self, member: Member, cmd_id: UUID, draft: Draft) -> EnqueueResult:
        return await self._ask(draft.thread_id, lambda reply: SendReply(member, cmd_id, draft, reply))

    async def enqueue(self, mt: EnqueueMt) -> EnqueueResult:
        return await self._ask(mt.thread_id, lambda reply: Enqueue(mt, reply))

    async def mark_read(self, member: Member, thread_id: int, up_to: int) -> ReadMark | None:
        return await self._ask(thread_id, lambda reply: MarkRead(member, thread_id, up_to, False, reply))

    async def mark_unread(self, member: Member, thread_id: int, from_ord: int) -> ReadMark | None:
        return await self._ask(thread_id, lambda reply: MarkRead(member, thread_id, from_ord, True, reply))

    async def release(self, member: Member, thread_id: int, seq: int, send: bool) -> bool:
        return await self._ask(thread_id, lambda reply: ReleaseHeld(member, thread_id, seq, send, reply))

    async def team(self, member: Member, deed: TeamDeed) -> TeamResult:
        return await self._ask(deed.thread_id, lambda reply: Teamwork(member, deed, reply))

    async def typing(self, member: Member, thread_id: int, typing: bool) -> None:
        try:
            self._threads.ref(thread_id).tell_nowait(SetTyping(member, thread_id, typing))
        except MailboxFull:
            return  # a sign of typing is worth nothing later
        except ActorError as error:
            raise CommandsBusy(str(error)) from error

    async def _ask(self, thread_id: int, build: Callable[[Reply[R]], ThreadMessage]) -> R:
        try:
            return await self._threads.ref(thread_id).ask(build, ANSWER_WITHIN_S)
        except StoreUnavailable:
            raise
        except ActorError as error:
            raise CommandsBusy(str(error)) from error
