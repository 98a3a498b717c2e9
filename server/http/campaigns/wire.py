"""How texts in bulk are told: what a launch would do, one recipient's text, and in words what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from server.domain.campaigns.audience import SENTENCES
from server.domain.verdict import REASONS, Reason
from server.http.campaigns.models import BulkPreviewOut, BulkSegmentsOut, CostOut, ExcludedOut, ShownOut
from server.ports.bulk import Preview, RecipientRow, Shown
from server.ws.encode import Explain


def preview_out(found: Preview, shown: Shown | None) -> BulkPreviewOut:
    return BulkPreviewOut(
        audience=found.audience,
        recipients=found.recipients,
        excluded=[
            ExcludedOut(reason=reason, sentence=SENTENCES[reason], count=count)
            for reason, count in found.excluded.items()
        ],
        segments=BulkSegmentsOut(min=found.segments_min, max=found.segments_max, total=found.segments_total),
        cost=CostOut(amount=f"{found.cost:.2f}", currency=found.currency),
        duration_s=found.duration_s,
        opt_in_required=found.opt_in_required,
        longest=found.longest,
        shortest=found.shortest,
        missing=list(found.missing),
        names=dict(found.names),
        shown=None if shown is None else shown_out(shown),
    )


def shown_out(shown: Shown) -> ShownOut:
    return ShownOut(
        at=shown.at,
        of=shown.of,
        contact_id=shown.contact_id,
        name=shown.name,
        address=shown.address,
        text=shown.text,
        segments=shown.segments,
        encoding=shown.encoding,
        missing=list(shown.missing),
        excluded=shown.excluded,
        sentence=None if shown.excluded is None else SENTENCES[shown.excluded],
    )


_WORDS: Final[Mapping[str, str]] = {
    **{reason.value: sentence for reason, sentence in REASONS.items()},
    **{reason.value: sentence for reason, sentence in SENTENCES.items()},
    Reason.CAMPAIGN_CANCELLED.value: "Recalled before it was sent",
}


def recipient_out(row: RecipientRow, explain: Explain) -> dict[str, Any]:
    """`BulkRecipientOut`."""
    reason = _WORDS.get(row.reason or "") if row.state in ("excluded", "skipped") else None
    return {
        "ord": row.ord,
        "contact_id": row.contact_id,
        "name": row.name,
        "address": row.address,
        "state": row.state,
        "delivery": row.delivery,
        "reason": reason or explain(row.error_class, row.error_code),
        "thread_id": row.thread_id,
        "seq": row.seq,
        "segments": row.segments,
    }
