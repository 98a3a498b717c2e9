"""Short words for what the tests of the campaigns' API do: people, drafts with a plan, and how they are asked for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from server.http.campaigns.campaign_models import CampaignWithPlanOut
from tests.http.house import Browser, Told
from tests.http.office import Office

CAMPAIGNS = "/api/v1/campaigns"
TO_ALL: dict[str, Any] = {"sources": {"everybody": True}, "variants": [{"body": "Hi {{first_name}}, on Sunday?"}]}


def whole(answer: Told) -> dict[str, Any]:
    """The campaign of an answer, which has the declared shape."""
    CampaignWithPlanOut.model_validate_json(answer.body)
    found: dict[str, Any] = answer.json
    return found


def at(campaign: dict[str, Any], rest: str = "") -> str:
    return f"{CAMPAIGNS}/{campaign['id']}{rest}"


async def change(browser: Browser, campaign: dict[str, Any], **what: Any) -> Told:
    return await browser.patch(at(campaign), {"version": campaign["version"]} | what)


async def made(browser: Browser, name: str = "Spring", plan: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await browser.post(CAMPAIGNS, {"cmd_id": str(uuid4()), "name": name})
    assert answer.status == 201, answer.body
    return whole(answer) if plan is None else whole(await change(browser, whole(answer), plan=plan))


async def three_people(office: Office) -> list[int]:
    """Maya, Élodie, and one without a first name."""
    rows = await office.sql(
        "WITH made AS (INSERT INTO contact (workspace_id, first_name) VALUES (1, 'Maya'), (1, 'Élodie'), (1, '')"
        " RETURNING id), numbers AS (INSERT INTO endpoint (workspace_id, address) VALUES"
        " (1, '+16175550101'), (1, '+16175550102'), (1, '+16175550103') RETURNING id)"
        " INSERT INTO contact_phone (workspace_id, contact_id, endpoint_id)"
        " SELECT 1, m.id, e.id FROM (SELECT id, row_number() OVER () AS n FROM made) m"
        " JOIN (SELECT id, row_number() OVER () AS n FROM numbers) e USING (n) RETURNING contact_id"
    )
    return sorted(row["contact_id"] for row in rows)
