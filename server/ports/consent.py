"""What the server asks the store about consent: the ledger of a number, new entries, proofs, the setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from server.domain.testimony import Objection, Statement
from server.ports import CommandConflict


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that shows a consent or its end. `sha256` is in hex."""

    proof_id: int
    name: str
    content_type: str
    size: int
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One line of the ledger. `text`: the exact words. `member`: who wrote it down. `seq`: the text that said it."""

    event_id: int
    kind: str
    source: str
    epoch: int
    at: datetime
    recorded_at: datetime
    text: str | None
    evidence: Mapping[str, Any]
    member: str | None
    thread_id: int | None
    seq: int | None
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class ConsentState:
    """How a number's consent stands. `name`: its contact's, where it has one; `brand`: the workspace's own name."""

    endpoint_id: int
    address: str
    opted_out: bool
    held: bool
    carrier_blocked: bool
    epoch: int
    consented_at: datetime | None
    said_no_at: datetime | None
    opt_in_required: bool
    brand: str
    contact_id: int | None
    name: str | None
    thread_id: int | None


@dataclass(frozen=True, slots=True)
class ConsentLedger:
    """`entries`: newest first; where `more`, older ones follow below the last one's id."""

    state: ConsentState
    entries: Sequence[ConsentEntry]
    more: bool


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A member's entry for one number. `evidence` is what is kept beside the words: channel, url, zone, a note.

    Under one `cmd_id` an entry is written once; `fingerprint` tells whether it is the same one.
    """

    told: Statement
    source: str = "member"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    proof_id: int | None = None
    cmd_id: UUID | None = None
    fingerprint: bytes = b""


@dataclass(frozen=True, slots=True)
class WrittenDown:
    """`flipped`: the contact is opted out now and was not, or the other way round."""

    event_id: int
    flipped: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class NotWrittenDown:
    """Judged under the endpoint's lock; nothing was stored."""

    objection: Objection


@dataclass(frozen=True, slots=True)
class NoSuchProof:
    """The entry names a file that this workspace does not have."""


Told = WrittenDown | NotWrittenDown | NoSuchProof | CommandConflict


class Consents(Protocol):
    """The append-only record of consent. Another workspace's numbers and files are not there."""

    async def ledger(
        self, workspace_id: int, endpoint_id: int, *, below: int | None = None, limit: int = 100
    ) -> ConsentLedger | None: ...

    async def endpoint_of(self, workspace_id: int, thread_id: int) -> int | None:
        """The number that a conversation is with."""

    async def tell(
        self, workspace_id: int, member_id: int, endpoint_id: int, entry: NewEntry, now: datetime
    ) -> Told | None:
        """Write *entry* down, if domain.testimony has nothing against it. None: no such number here."""

    async def add_proof(self, workspace_id: int, member_id: int, name: str, content_type: str, content: bytes) -> Proof:
        """Keep a file; the same bytes again are the same proof, under the name that they had first."""

    async def proof(self, workspace_id: int, proof_id: int) -> tuple[Proof, bytes] | None: ...

    async def whole_ledger(
        self, workspace_id: int, member_id: int, endpoint_id: int
    ) -> tuple[ConsentState, Sequence[ConsentEntry]] | None:
        """All of it, oldest first, for whoever takes it away; that is written into the audit."""

    async def opt_in_required(self, workspace_id: int) -> bool:
        """Whether bulk needs a consent on record."""
