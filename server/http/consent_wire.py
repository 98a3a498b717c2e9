"""How consent looks in the wire: a number's standing and ledger, an entry that is offered, files, the setting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from server.domain.consent import ConsentKind, text_hash
from server.domain.consent_words import KIND_WORDS, SOURCE_WORDS, sentence, stand
from server.domain.testimony import CHANNELS, MOST_WORDS, Channel, Entry, Statement
from server.ports.consent import ConsentEntry, ConsentLedger, ConsentState, NewEntry, Proof

BIGINT: Final = 2**63 - 1
PAGE: Final = 50

Id = Annotated[int, Field(ge=1, le=BIGINT)]


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
    state that an undo saw. `url`, `ip` and `agent` are the contact's own, of a form. A request that is sent again
    writes one more line.
    """

    model_config = ConfigDict(extra="forbid")

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

    @property
    def entry(self) -> NewEntry:
        told = Statement(Entry(self.kind), self.channel, self.statement, self.at, self.proof_id is not None, self.epoch)
        return NewEntry(told, "member", self.evidence, self.proof_id)


# In the wire


def consent_out(found: ConsentLedger) -> dict[str, Any]:
    state = found.state
    return {
        **_state_out(state),
        "entries": [_entry_out(entry) for entry in found.entries],
        "next_before": found.entries[-1].event_id if found.more else None,
    }


def _state_out(state: ConsentState) -> dict[str, Any]:
    standing = stand(
        opted_out=state.opted_out,
        carrier_blocked=state.carrier_blocked,
        held=state.held,
        consented=state.consented_at is not None,
    )
    columns = (
        "endpoint_id", "address", "contact_id", "name", "thread_id", "opted_out", "held", "carrier_blocked", "epoch",
        "consented_at", "said_no_at", "opt_in_required",
    )  # fmt: skip
    words = {"state": standing.value, "sentence": sentence(standing, opt_in_required=state.opt_in_required)}
    return {**{column: getattr(state, column) for column in columns}, **words}


def _entry_out(entry: ConsentEntry) -> dict[str, Any]:
    return {
        "id": entry.event_id,
        "kind": entry.kind,
        "title": KIND_WORDS[ConsentKind(entry.kind)],
        "source": entry.source,
        "source_words": SOURCE_WORDS.get(entry.source, entry.source),
        "at": entry.at,
        "recorded_at": entry.recorded_at,
        "epoch": entry.epoch,
        "text": entry.text,
        "text_sha256": None if entry.text is None else text_hash(entry.text),
        "evidence": dict(entry.evidence),
        "channel_words": _channel_words(entry.evidence),
        "recorded_by": entry.member,
        "thread_id": entry.thread_id,
        "seq": entry.seq,
        "proof": None if entry.proof is None else proof_out(entry.proof),
    }


def _channel_words(evidence: Mapping[str, Any]) -> str | None:
    known = {channel.value: words for channel, words in CHANNELS.items()}
    return known.get(str(evidence.get("channel")))


def proof_out(proof: Proof) -> dict[str, Any]:
    columns = ("proof_id", "name", "content_type", "size", "sha256", "at")
    return {column: getattr(proof, column) for column in columns}
