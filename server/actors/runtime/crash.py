"""What a crash leaves behind: one exception, whom it blames, and a record of what was set aside.

Nothing here lets a message's text out: a text message has no place in a log, in a traceback's last line neither.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_ID: Final = 64  # a longer string in a field named like an id is content in disguise
LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """A message, or an actor with the message it had in hand, that was set aside for a person to look at.

    *message_repr* is None when the actor failed without a message. *traceback* ends with the exception's own text,
    which may quote what it choked on: show it to operators, do not log it.
    """

    actor: str
    message_repr: str | None
    traceback: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LastError:
    """The latest crash, for the tree."""

    type: str
    message: str
    at: datetime


OnQuarantine: TypeAlias = Callable[[QuarantineRecord], object]
WallClock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """Wall time, for records that people read."""
    return datetime.now(UTC)


def sole(raised: BaseException) -> Exception:
    """The one exception that tells why: groups are unwrapped down to their first leaf, which notes what came with it.

    Whatever is not an `Exception` (`trio.Cancelled`, `KeyboardInterrupt`, `SystemExit`) is raised on, stripped of the
    exceptions beside it: it is not ours to decide about.
    """
    if not isinstance(raised, BaseExceptionGroup):
        if isinstance(raised, Exception):
            return raised
        raise raised
    beyond = raised.subgroup(lambda part: not isinstance(part, Exception | BaseExceptionGroup))
    if beyond is not None:
        raise beyond
    leaves = _leaves(raised)
    if len(leaves) > 1:
        leaves[0].add_note(f"and with it: {', '.join(type(leaf).__name__ for leaf in leaves[1:])}")
    return leaves[0]


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[Exception]:
    leaves: list[Exception] = []
    for part in group.exceptions:
        if isinstance(part, BaseExceptionGroup):
            leaves += _leaves(part)
        elif isinstance(part, Exception):
            leaves.append(part)
    return leaves


def is_our_fault(error: Exception) -> bool:
    """Whether the message or the actor may be to blame.

    Errors that call themselves `retryable` (a database that is away, a full mailbox) are faults outside: they cost a
    back-off, and neither a message nor an actor is given up for them, however long they last.
    """
    return not getattr(error, "retryable", False)


def last_error(error: Exception, at: datetime) -> LastError:
    """The crash in short."""
    return LastError(type=type(error).__name__, message=str(error)[:LONGEST_REASON], at=at)


def full_traceback(error: Exception) -> str:
    """The traceback as Python prints it."""
    return "".join(traceback.format_exception(error))


def frames(error: Exception) -> list[str]:
    """Where it happened, innermost last, without values: fit for a log."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def described(message: object) -> str:
    """A message's type and its ids (`id`, `*_id`; numbers, UUIDs and short strings), and nothing else of it.

    >>> from dataclasses import make_dataclass
    >>> described(make_dataclass("SendReply", ["thread_id", "body"])(7, "my secret"))
    'SendReply(thread_id=7)'
    """
    name = type(message).__name__
    if not is_dataclass(message):
        return name
    named = ((field.name, getattr(message, field.name, None)) for field in fields(message))
    ids = (f"{key}={value}" for key, value in named if (key == "id" or key.endswith("_id")) and _is_id(value))
    return f"{name}({', '.join(ids)})"


def _is_id(value: object) -> bool:
    return isinstance(value, int | UUID) or (isinstance(value, str) and len(value) <= LONGEST_ID)


def report(on_quarantine: OnQuarantine | None, record: QuarantineRecord) -> None:
    """Log a record, without the exception's text, and hand it on. A callback that fails costs nobody anything."""
    log.error("quarantined", actor=record.actor, message=record.message_repr)
    if on_quarantine is None:
        return
    try:
        on_quarantine(record)
    except Exception as error:  # noqa: BLE001 - a supervisor outlives whoever listens to it
        log.error("quarantine callback failed", actor=record.actor, reason=type(error).__name__, frames=frames(error))  # noqa: TRY400 - a traceback's text may quote a message
