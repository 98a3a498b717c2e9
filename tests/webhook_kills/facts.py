"""Reads from the database what happened and what the server made of it, for the judge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from server.store.store import Store
from tests.webhook_kills.judging import Facts, Row

_TEXTS: Final = "SELECT thread_id, seq FROM message WHERE direction = 'in' ORDER BY 1, 2"
_FLIPS: Final = """SELECT CASE kind WHEN 'opted_out' THEN 'contact.opted_out' ELSE 'contact.opted_in' END, count(*)
    FROM (SELECT DISTINCT ON (endpoint_id, consent_epoch) kind FROM consent_event WHERE consent_epoch > 0
          ORDER BY endpoint_id, consent_epoch, id) f GROUP BY 1"""
_EVENTS: Final = "SELECT seq, kind, data::text FROM integration_event WHERE workspace_id = 1 ORDER BY seq"
_ROWS: Final = """SELECT d.endpoint_id, d.id, d.event_seq, e.kind, d.state, d.tries,
        extract(epoch FROM d.tried_at - w.disabled_at)::float AS late_s
    FROM webhook_delivery d JOIN webhook_endpoint w ON w.id = d.endpoint_id
    JOIN integration_event e ON e.workspace_id = d.workspace_id AND e.seq = d.event_seq ORDER BY d.id"""
_OFF: Final = "SELECT id, CASE WHEN disabled_at IS NOT NULL THEN coalesce(disabled_why, '') END FROM webhook_endpoint"


async def facts_of(store: Store, endpoints: Mapping[str, int], kinds: Mapping[str, Sequence[str]]) -> Facts:
    names = {endpoint_id: name for name, endpoint_id in endpoints.items()}

    async def read(query: str) -> Sequence[Sequence[object]]:
        return [tuple(row) for row in await store.call(lambda c: c.fetch(query))]

    events: list[tuple[int, str, tuple[int, int] | None]] = []
    for seq, kind, data in await read(_EVENTS):
        told = json.loads(str(data))
        place = (told["thread_id"], told["seq"]) if kind == "message.received" else None
        events.append((int(str(seq)), str(kind), place))
    return Facts(
        texts=[(int(str(thread)), int(str(seq))) for thread, seq in await read(_TEXTS)],
        flips={str(kind): int(str(count)) for kind, count in await read(_FLIPS)},
        events=events,
        rows=[
            Row(names[int(str(endpoint))], f"msg_{id_}", int(str(seq)), str(kind), str(state), int(str(tries)),
                None if late is None else float(str(late)))
            for endpoint, id_, seq, kind, state, tries, late in await read(_ROWS)
        ],
        kinds=kinds,
        disabled={names[int(str(id_))]: None if why is None else str(why) for id_, why in await read(_OFF)},
    )  # fmt: skip
