"""Commands of the socket: which port each goes to, and what its ack or refusal says."""

from __future__ import annotations

from typing import Any, Final

from server.domain.messages import ReadMark
from server.ports import (
    ClaimedByOther,
    CommandConflict,
    CommandsBusy,
    Enqueued,
    EnqueueResult,
    Member,
    NoSuchThread,
    OptOutUnacknowledged,
    Overtaken,
)
from server.ports.team import AllCommands, DropClaim, HoldClaim, TeamDone, TeamResult
from server.ws import encode
from server.ws.channels import Denied
from server.ws.protocol import Claim, Command, MarkRead, MarkUnread, Release, Send, Typing, Unclaim

NO_THREAD: Final = Denied("not_found", "There is no such conversation.")
BUSY: Final = Denied("busy", "The conversation is busy; it is tried again.")
REFUSALS: Final[dict[type, Denied]] = {
    CommandConflict: Denied("conflict", "This was sent before with another text."),
    NoSuchThread: NO_THREAD,
    OptOutUnacknowledged: Denied("opted_out", "The contact has opted out. Confirm that you know before you send."),
}


def refusal(result: object) -> Denied:
    """Why a command came to nothing."""
    match result:
        case ClaimedByOther(name=name):
            return Denied("claimed", f"{name} is answering this conversation. Take it over, or wait.")
        case Overtaken(name=name):
            return Denied("overtaken", f"{name} has answered meanwhile. Read it, then send again.")
        case _:
            return REFUSALS[type(result)]


class SocketCommands:
    """`session.Commands` over the thread actors."""

    def __init__(self, threads: AllCommands) -> None:
        self._threads = threads

    async def __call__(self, member: Member, command: Command) -> dict[str, Any] | Denied:
        try:
            return await self._run(member, command)
        except CommandsBusy:
            return BUSY

    async def _run(self, member: Member, command: Command) -> dict[str, Any] | Denied:
        match command.data:
            case Send() as send:
                return _sent(await self._threads.send(member, command.cmd_id, send))
            case MarkRead(thread_id=thread_id, up_to=up_to):
                return _marked(await self._threads.mark_read(member, thread_id, up_to))
            case MarkUnread(thread_id=thread_id, from_ord=from_ord):
                return _marked(await self._threads.mark_unread(member, thread_id, from_ord))
            case Release(thread_id=thread_id, seq=seq, send=send_anyway):
                return {"released": await self._threads.release(member, thread_id, seq, send_anyway)}
            case Claim(thread_id=thread_id, over=over):
                return _held(await self._threads.team(member, HoldClaim(thread_id, over)))
            case Unclaim(thread_id=thread_id):
                return _held(await self._threads.team(member, DropClaim(thread_id)))
            case Typing(thread_id=thread_id, typing=typing):
                await self._threads.typing(member, thread_id, typing)
                return {}


def _sent(result: EnqueueResult) -> dict[str, Any] | Denied:
    if isinstance(result, Enqueued):
        return {"thread_id": result.thread_id, "seq": result.seq, "again": result.again}
    return refusal(result)


def _held(result: TeamResult) -> dict[str, Any] | Denied:
    if isinstance(result, TeamDone):
        return {"until": None if result.until is None else result.until.isoformat()}
    return refusal(result)


def _marked(mark: ReadMark | None) -> dict[str, Any] | Denied:
    return NO_THREAD if mark is None else encode.read_mark(mark)
