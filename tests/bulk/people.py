"""Who gets the text, and the click that launches it: said twice, and again until a server lives to answer it."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import httpx2
import trio

from tests.crash.ground import Ground
from tests.crash.processes import RunFailed

BODY: Final = "Hi {{first_name}}, our open house is on Sunday at 2. Shall I keep a spot for you?"
_RETRY_S: Final = 0.1
_AREAS: Final = [code for code in range(300, 1000) if code % 100 != 11 and code != 802]
_PEOPLE: Final = """
WITH given AS (SELECT a.address, a.n FROM unnest($1::text[]) WITH ORDINALITY AS a (address, n)),
numbers AS (INSERT INTO endpoint (workspace_id, address) SELECT 1, address FROM given ORDER BY n RETURNING id, address),
made AS (INSERT INTO contact (workspace_id, first_name) SELECT 1, 'Person ' || n FROM given ORDER BY n RETURNING id)
INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)
SELECT 1, m.id, e.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM made) m
JOIN given g USING (n) JOIN numbers e ON e.address = g.address
RETURNING contact_id
"""
# Some have opted out before: they are excluded.
_OPTED_OUT: Final = "UPDATE endpoint SET opted_out = true WHERE id % 97 = 0 AND address LIKE '+1___55501__'"


async def add_people(ground: Ground, count: int, rate: float) -> list[int]:
    """The ids of so many contacts; the number that writes to them leaves *rate* segments a second."""
    addresses = [f"+1{area}55501{n:02}" for area in _AREAS for n in range(100)][:count]
    rows = await ground.store.call(lambda c: c.fetch(_PEOPLE, addresses))
    await ground.store.call(lambda c: c.execute("UPDATE number SET rate = $1, burst = 5 WHERE id = 2", rate))
    await ground.store.call(lambda c: c.execute(_OPTED_OUT))
    return [row["contact_id"] for row in rows]


def client_of(ground: Ground) -> httpx2.AsyncClient:
    headers = {"Origin": ground.server.url, "X-CSRF": "1"}
    cookies = {"threadline": ground.cast.session}
    return httpx2.AsyncClient(
        base_url=ground.server.url, headers=headers, cookies=cookies, timeout=60, trust_env=False, verify=False
    )


async def launch(ground: Ground, ids: list[int]) -> None:
    """By the API, as a browser does; the same click twice, and each until it is answered."""
    async with client_of(ground) as client:
        text: dict[str, Any] = {"audience": {"contact_ids": ids}, "body": BODY, "number_id": 2}
        preview = await _until_answered(client, "/api/v1/bulk/preview", text, httpx2.codes.OK)
        click = text | {"cmd_id": str(uuid4()), "expected_count": preview["recipients"]}
        first = await _until_answered(client, "/api/v1/bulk", click, httpx2.codes.ACCEPTED)
        second = await _until_answered(client, "/api/v1/bulk", click, httpx2.codes.ACCEPTED)
        if (second["bulk_id"], second["again"]) != (first["bulk_id"], True):
            raise RunFailed(f"The same click was answered {first}, then {second}.")


async def _until_answered(client: httpx2.AsyncClient, path: str, body: Any, wanted: int) -> dict[str, Any]:
    while True:
        try:
            answer = await client.post(path, json=body)
        except httpx2.HTTPError:
            await trio.sleep(_RETRY_S)
            continue
        if answer.status_code == wanted:
            taken: dict[str, Any] = answer.json()
            return taken
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            raise RunFailed(f"{path} was answered {answer.status_code}: {answer.text}")
        await trio.sleep(_RETRY_S)
