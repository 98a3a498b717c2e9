"""How consent is told: a number's standing and the lines of its ledger, with their words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.domain.consent import ConsentKind, text_hash
from server.domain.consent_words import KIND_WORDS, SOURCE_WORDS, sentence, stand
from server.domain.testimony import CHANNELS
from server.ports.consent import ConsentEntry, ConsentLedger, ConsentState, Proof


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
