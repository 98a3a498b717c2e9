"""Mailboxes, actors, supervisors, timers and the registry of virtual actors. Knows nothing of SMS."""

from server.actors.runtime.actor import Actor, Ref
from server.actors.runtime.ask import Reply
from server.actors.runtime.child import ChildSpec, Life
from server.actors.runtime.crash import LastError, QuarantineRecord
from server.actors.runtime.errors import (
    ActorCrashed,
    ActorError,
    ActorQuarantined,
    ActorStopped,
    AskTimeout,
    Escalated,
    Killed,
    MailboxFull,
    WrongDirection,
)
from server.actors.runtime.mailbox import HIGH, LOW, SYSTEM, Lane
from server.actors.runtime.registry import Registry
from server.actors.runtime.resident import Resident
from server.actors.runtime.supervisor import Supervisor
from server.actors.runtime.timers import Timer, Timers
from server.actors.runtime.tree import Kind, Node, State
from server.domain.restart import Intensity, Restart, Strategy

__all__ = [
    "HIGH",
    "LOW",
    "SYSTEM",
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorQuarantined",
    "ActorStopped",
    "AskTimeout",
    "ChildSpec",
    "Escalated",
    "Intensity",
    "Killed",
    "Kind",
    "Lane",
    "LastError",
    "Life",
    "MailboxFull",
    "Node",
    "QuarantineRecord",
    "Ref",
    "Registry",
    "Reply",
    "Resident",
    "Restart",
    "State",
    "Strategy",
    "Supervisor",
    "Timer",
    "Timers",
    "WrongDirection",
]
