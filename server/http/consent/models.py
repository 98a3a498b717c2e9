"""What the API of consent takes and tells: a number's standing and ledger, an entry that is offered, the setting."""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from server.domain.testimony import MOST_WORDS, Channel, Entry, Statement
from server.http.ids import Id
from server.ports.consent import NewEntry

PAGE: Final = 50


# What it looks like


class ProofOut(BaseModel):
    """A file that shows a consent or its end; `GET /api/v1/proofs/{proof_id}` gives its bytes."""

    proof_id: int
    name: str
    content_type: str
    size: int
    sha256: str
    at: datetime


class ConsentEntryOut(BaseModel):
    """One line of the ledger. `text`: the exact words, theirs or those that they agreed to; `title` is for people.

    `evidence` may name the channel, a URL, the contact's IP address and user agent, a time zone, a note.
    """

    id: int
    kind: str
    title: str
    source: str
    source_words: str
    at: datetime
    recorded_at: datetime
    epoch: int
    text: str | None
    text_sha256: str | None
    evidence: dict[str, Any]
    channel_words: str | None
    recorded_by: str | None
    thread_id: int | None
    seq: int | None
    proof: ProofOut | None


class ConsentOut(BaseModel):
    """How a number's consent stands, with its ledger, newest first; older lines follow at `before=next_before`.

    `state`: carrier_blocked, opted_out, held, consented or none; `sentence` says what that means. `epoch` is what an
    undo must name. `said_no_at`: when the contact said no last; what undoes it must be newer.
    """

    endpoint_id: int
    address: str
    contact_id: int | None
    name: str | None
    thread_id: int | None
    state: str
    sentence: str
    opted_out: bool
    held: bool
    carrier_blocked: bool
    epoch: int
    consented_at: datetime | None
    said_no_at: datetime | None
    opt_in_required: bool
    entries: list[ConsentEntryOut]
    next_before: int | None


class ConsentSettings(BaseModel):
    """`opt_in_required`: texts in bulk go to those only whose opt-in is on record."""

    model_config = ConfigDict(extra="forbid")

    opt_in_required: bool


# What is asked


class LedgerQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    before: Id | None = None
    limit: int = Field(default=PAGE, ge=1, le=200)


class ProofQuery(BaseModel):
    """`name`: the file's, with its ending."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=300)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("This is no time zone.") from None
    return name


class ConsentIn(BaseModel):
    """An entry: an opt-in, a revocation that came another way than by text, or the undoing of an opt-out.

    `statement`: the exact words. `at`: when the contact said them; now, if left out, but an undo must say. `epoch`: the
    state that an undo saw. `url`, `ip` and `agent` are the contact's own, of a form. With a `cmd_id` it is written
    once, however often the request is sent; without one each request writes a line.
    """

    model_config = ConfigDict(extra="forbid")

    cmd_id: UUID | None = None
    kind: Literal["opted_in", "revoked", "undo"]
    channel: Channel
    statement: str = Field(default="", max_length=MOST_WORDS)
    at: AwareDatetime | None = None
    zone: Annotated[str, AfterValidator(_zone)] | None = Field(default=None, max_length=64)
    proof_id: Id | None = None
    epoch: int | None = Field(default=None, ge=0, le=2**31 - 1)
    url: str | None = Field(default=None, max_length=2000, pattern="^https?://")
    ip: IPv4Address | IPv6Address | None = None
    agent: str | None = Field(default=None, max_length=400)
    note: str | None = Field(default=None, max_length=1000)

    @property
    def evidence(self) -> dict[str, str]:
        given = {"url": self.url, "ip": self.ip, "agent": self.agent, "zone": self.zone, "note": self.note}
        return {name: str(value) for name, value in given.items() if value}

    def entry(self, fingerprint: bytes) -> NewEntry:
        told = Statement(Entry(self.kind), self.channel, self.statement, self.at, self.proof_id is not None, self.epoch)
        return NewEntry(told, "member", self.evidence, self.proof_id, self.cmd_id, fingerprint)
