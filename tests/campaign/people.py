"""Who a campaign is for, its launch by the API as a browser does it, and what members do with it."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import httpx2

from tests.bulk.people import add_people, client_of
from tests.crash.ground import Ground
from tests.crash.processes import RunFailed

CAMPAIGNS: Final = "/api/v1/campaigns"
_TEXTS: Final = (
    ("Hi {{first_name}}, the open house is on Sunday at 2. See the rooms: acme.com/tour Shall I keep a spot?", 60),
    ("{{first_name}}, a look inside before Sunday? acme.com/tour", 40),
)
_EVERY: Final = 50  # one in so many has no number and is excluded
_WITHOUT_NUMBER: Final = """
INSERT INTO contact (workspace_id, first_name) SELECT 1, 'Silent ' || n FROM generate_series(1, $1::integer) n
RETURNING id
"""


async def launch(ground: Ground, count: int, rate: float) -> int:
    """Launched to so many, some of whom are excluded; the campaign's id. The number leaves *rate* segments a second."""
    silent = max(1, count // _EVERY)
    ids = await add_people(ground, count - silent, rate)
    rows = await ground.store.call(lambda c: c.fetch(_WITHOUT_NUMBER, silent))
    plan = {
        "sources": {"contact_ids": [*ids, *(row["id"] for row in rows)]},
        "variants": [{"body": body, "share": share} for body, share in _TEXTS],
        "number_id": 2,
        "rate": rate,
        "limits": {"failed_percent": None, "opted_out_percent": None},  # so many faults are what is wanted here
    }
    async with client_of(ground) as client:
        draft = _taken(await client.post(CAMPAIGNS, json={"cmd_id": str(uuid4()), "name": "Open house"}))
        one = f"{CAMPAIGNS}/{draft['id']}"
        _taken(await client.patch(one, json={"version": draft["version"], "plan": plan}))
        found = _taken(await client.get(f"{one}/survey"))["found"]
        click = {"cmd_id": str(uuid4()), "expected_count": found["recipients"]}
        _taken(await client.post(f"{one}/launch", json=click))
    return int(draft["id"])


async def move(ground: Ground, campaign_id: int, command: str) -> None:
    async with client_of(ground) as client:
        _taken(await client.post(f"{CAMPAIGNS}/{campaign_id}/command", json={"command": command}))


def _taken(answer: httpx2.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise RunFailed(f"{answer.request.url.path} was answered {answer.status_code}: {answer.text}")
    taken: dict[str, Any] = answer.json()
    return taken
