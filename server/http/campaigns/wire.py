"""What surveys of campaigns and previews of texts in bulk tell alike, and how texts in bulk are told."""

from __future__ import annotations

from typing import Any

from server.domain.campaigns.audience import SENTENCES, Exclusion
from server.http.campaigns.models import BulkPreviewOut, BulkSegmentsOut, CostOut, ExcludedOut, ShownOut
from server.http.campaigns.reasons import RECALLED, why
from server.ports.bulk import Preview, RecipientRow, Shown
from server.ports.campaigns import Sample, Survey
from server.ws.encode import Explain


def counts_out(found: Preview | Survey) -> dict[str, Any]:
    """Who would get it, who not and why, what it costs, and whom to look at."""
    return {
        "audience": found.audience,
        "recipients": found.recipients,
        "excluded": [
            ExcludedOut(reason=reason, sentence=SENTENCES[reason], count=count)
            for reason, count in found.excluded.items()
        ],
        "segments": BulkSegmentsOut(min=found.segments_min, max=found.segments_max, total=found.segments_total),
        "cost": CostOut(amount=f"{found.cost:.2f}", currency=found.currency),
        "opt_in_required": found.opt_in_required,
        "longest": found.longest,
        "shortest": found.shortest,
        "missing": list(found.missing),
        "names": dict(found.names),
    }


def face_out(one: Shown | Sample) -> dict[str, Any]:
    """Whose text it is, and why that one gets none."""
    told = {"contact_id": one.contact_id, "name": one.name, "address": one.address}
    return told | excluded_out(one.excluded)


def excluded_out(excluded: Exclusion | None) -> dict[str, Any]:
    return {"excluded": excluded, "sentence": None if excluded is None else SENTENCES[excluded]}


def text_out(one: Shown | Sample) -> dict[str, Any]:
    """The text that one contact would get."""
    told = {"text": one.text, "segments": one.segments, "encoding": one.encoding, "missing": list(one.missing)}
    return face_out(one) | told


def preview_out(found: Preview, shown: Shown | None) -> BulkPreviewOut:
    told = None if shown is None else shown_out(shown)
    return BulkPreviewOut(**counts_out(found), duration_s=found.duration_s, shown=told)


def shown_out(shown: Shown) -> ShownOut:
    return ShownOut(at=shown.at, of=shown.of, **text_out(shown))


def recipient_out(row: RecipientRow, explain: Explain) -> dict[str, Any]:
    """`BulkRecipientOut`."""
    return {
        "ord": row.ord,
        "contact_id": row.contact_id,
        "name": row.name,
        "address": row.address,
        "state": row.state,
        "delivery": row.delivery,
        "reason": why(row, explain, RECALLED),
        "thread_id": row.thread_id,
        "seq": row.seq,
        "segments": row.segments,
    }
