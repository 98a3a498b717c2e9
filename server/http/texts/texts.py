"""What all ways of writing a text share: whom it may be for, when two requests are one, and why one was not queued."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field

from server.http.errors import Problem
from server.ports import ClaimedByOther, CommandConflict, NoSuchThread, OptOutUnacknowledged, Overtaken
from server.ports.compose import Unreachable
from server.ws.commands import refusal as refused_to_colleague
from server.ws.protocol import MAX_BODY

NOT_A_NUMBER: Final = "This is not a phone number that can get texts."
WHOM: Final = "Say whom it is for: to, contact_id or thread_id, one of them."
UNREACHABLE: Final = {
    "no_contact": (404, "There is no such contact."),
    "no_phone": (422, "This contact has no phone number."),
    "no_number": (422, "There is no number here to write from."),
    "anothers_number": (422, "This contact writes with a colleague's own number. Ask a manager."),
}


class Refusal(NamedTuple):
    """Why a text was not queued: `code` is for programs, `sentence` for people, `field` what is wrong."""

    status: int
    code: str
    sentence: str
    field: str | None = None


NotQueued = NoSuchThread | CommandConflict | OptOutUnacknowledged | ClaimedByOther | Overtaken


def refusal_of(result: NotQueued) -> Refusal:
    """Why T2 queued nothing."""
    match result:
        case NoSuchThread():
            return Refusal(404, "not_found", "There is no such thread.")
        case CommandConflict():
            return Refusal(409, "command_conflict", "This cmd_id was used for something else.", "cmd_id")
        case OptOutUnacknowledged():
            sentence = "This contact has opted out, or may have asked to."
            return Refusal(409, "opted_out", sentence, "acknowledged_opt_out")
        case ClaimedByOther() | Overtaken():
            denied = refused_to_colleague(result)
            return Refusal(409, denied.code, denied.message)


def not_queued(result: NotQueued, **more: Any) -> Problem:
    """The same as an answer."""
    refusal = refusal_of(result)
    return Problem(refusal.status, refusal.code, refusal.sentence, field=refusal.field, **more)


def unreachable(found: Unreachable, field: str = "contact_id") -> Problem:
    """Whom a text was for cannot be reached; *field* names them."""
    status, sentence = UNREACHABLE[found.why]
    return Problem(status, found.why, sentence, field=field)


Body = Annotated[str, Field(min_length=1, max_length=MAX_BODY)]
Address = Annotated[str, Field(min_length=1, max_length=60)]


def says_something(body: str) -> str:
    if not body.strip():
        raise ValueError("Write something first.")
    return body


def fingerprint_of(*request: object) -> bytes:
    """What makes two requests with one id the same: author, recipient as it was named, and text."""
    return hashlib.sha256(repr(request).encode("utf-8", "surrogatepass")).digest()
