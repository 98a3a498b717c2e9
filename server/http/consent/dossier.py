"""Makes the full proof of one number: a page to read, the same for programs, the proof files, and all their hashes.

The same ledger gives the same bytes, on any machine: no time of making, nothing compressed, entries in their order.
Each event bears the hash of itself and of the event before it, so that none can be taken out or changed unnoticed.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from server.domain.consent import ConsentKind, text_hash
from server.domain.consent_words import KIND_WORDS, SOURCE_WORDS, sentence, stand
from server.domain.phone import for_people
from server.ports.consent import ConsentEntry, ConsentState, Proof

FORMAT: Final = "threadline-consent/1"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_CANONICAL: Final = orjson.OPT_SORT_KEYS
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;"
    "border-bottom:1px solid #ccc}code{word-break:break-all;font-size:.8rem}"
    "blockquote{margin:.2rem 0;padding-left:.6rem;border-left:3px solid #999;white-space:pre-wrap}small{color:#555}"
)


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def dossier(state: ConsentState, entries: Sequence[ConsentEntry], proofs: Sequence[tuple[Proof, bytes]]) -> bytes:
    """The zip. *entries*: all of them, the oldest first. *proofs*: each file that they name."""
    kept = [File(_file_name(proof), content) for proof, content in proofs]
    events = _chained(entries)
    files = [File("consent.html", _page(state, events)), File("consent.json", _for_programs(state, events)), *kept]
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    return _zipped([*files, File("SHA256SUMS", sums.encode())])


def when(at: datetime, zone: str | None = None) -> str:
    """A moment with its zone, and as the clocks of *zone* showed it, where that is known.

    >>> when(datetime(2026, 3, 10, 16, 0, tzinfo=UTC), "America/New_York")
    '2026-03-10 16:00:00 UTC (12:00:00 EDT, America/New_York)'
    """
    told = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        return told if not zone else f"{told} ({at.astimezone(ZoneInfo(zone)):%H:%M:%S %Z}, {zone})"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return told


def _chained(entries: Sequence[ConsentEntry]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    before = "0" * 64
    for entry in entries:
        event = {**_event(entry), "previous": before}
        before = hashlib.sha256(orjson.dumps(event, option=_CANONICAL)).hexdigest()
        events.append({**event, "sha256": before})
    return events


def _event(entry: ConsentEntry) -> dict[str, Any]:
    proof = entry.proof
    return {
        "id": entry.event_id,
        "kind": entry.kind,
        "source": entry.source,
        "at": entry.at.astimezone(UTC).isoformat(),
        "recorded_at": entry.recorded_at.astimezone(UTC).isoformat(),
        "consent_epoch": entry.epoch,
        "text": entry.text,
        "text_sha256": None if entry.text is None else text_hash(entry.text),
        "evidence": dict(entry.evidence),
        "recorded_by": entry.member,
        "thread_id": entry.thread_id,
        "message_seq": entry.seq,
        "proof": None
        if proof is None
        else {"file": _file_name(proof), "type": proof.content_type, "bytes": proof.size, "sha256": proof.sha256},
    }


def _state(state: ConsentState) -> dict[str, Any]:
    moment = state.consented_at
    return {
        "opted_out": state.opted_out,
        "held": state.held,
        "carrier_blocked": state.carrier_blocked,
        "consent_epoch": state.epoch,
        "consented_at": None if moment is None else moment.astimezone(UTC).isoformat(),
        "in_words": _in_words(state),
    }


def _in_words(state: ConsentState) -> str:
    standing = stand(
        opted_out=state.opted_out,
        carrier_blocked=state.carrier_blocked,
        held=state.held,
        consented=state.consented_at is not None,
    )
    return sentence(standing, opt_in_required=state.opt_in_required)


def _for_programs(state: ConsentState, events: Sequence[Mapping[str, Any]]) -> bytes:
    told = {
        "format": FORMAT,
        "number": state.address,
        "contact": state.name,
        "brand": state.brand,
        "state": _state(state),
        "events": events,
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n"


def _page(state: ConsentState, events: Sequence[Mapping[str, Any]]) -> bytes:
    title = f"Consent of {for_people(state.address)}"
    whose = f"{state.name}, " if state.name else ""
    rows = "".join(_row(event) for event in events) or "<tr><td colspan=4>Nothing is on record.</td></tr>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1><p>{escape(whose)}{escape(state.address)}, on record at {escape(state.brand)}.</p>"
        f"<p><strong>{escape(_in_words(state))}</strong></p>"
        "<table><thead><tr><th>When</th><th>What</th><th>Words and evidence</th><th>SHA-256</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        "<p><small>Every line is one event of an append-only record, the oldest first. consent.json has the same "
        "events; the SHA-256 of an event is that of its JSON without <code>sha256</code>, keys sorted, without spaces, "
        "in UTF-8, and <code>previous</code> is that of the event before it. SHA256SUMS has the hashes of all files "
        "(<code>sha256sum -c SHA256SUMS</code>).</small></p></html>\n"
    ).encode()


def _row(event: Mapping[str, Any]) -> str:
    evidence, proof = event["evidence"], event["proof"]
    zone = evidence.get("zone") if isinstance(evidence.get("zone"), str) else None
    at, recorded = (datetime.fromisoformat(event[name]) for name in ("at", "recorded_at"))
    said = f"<blockquote>{escape(event['text'])}</blockquote>" if event["text"] else ""
    facts = [f"{_label(name)}: {value}" for name, value in evidence.items() if name != "zone"]
    facts += [f"message {event['message_seq']} of conversation {event['thread_id']}"] if event["message_seq"] else []
    shown = "<br>".join(escape(fact) for fact in facts)
    link = f'<br><a href="{escape(proof["file"])}">{escape(proof["file"])}</a>' if proof else ""
    by = f", {event['recorded_by']}" if event["recorded_by"] else ""
    source = SOURCE_WORDS.get(event["source"], event["source"])
    return (
        f"<tr><td>{escape(when(at, zone))}<br><small>written down {escape(when(recorded))}</small></td>"
        f"<td>{escape(_kind(event['kind']))}<br><small>{escape(source + by)}</small></td>"
        f"<td>{said}{shown}{link}</td><td><code>{event['sha256']}</code></td></tr>"
    )


def _kind(kind: str) -> str:
    return KIND_WORDS[ConsentKind(kind)] if kind in set(ConsentKind) else kind


def _label(name: str) -> str:
    return "Given by" if name == "channel" else name.replace("_", " ").capitalize()


def _file_name(proof: Proof) -> str:
    return f"proofs/{proof.proof_id}-{proof.name}"


def _zipped(files: Sequence[File]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            about = zipfile.ZipInfo(file.name, _EPOCH)
            about.create_system, about.external_attr = 3, 0o644 << 16
            archive.writestr(about, file.content)
    return made.getvalue()
