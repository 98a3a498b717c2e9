"""The API of how campaigns stand, over the real store."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from uuid import uuid4

import pytest

from server.http.campaigns.figures_models import CampaignRecipientsOut, MinutesOut, ReasonsOut
from tests.http.campaigns import TO_ALL, at, made, three_people, whole
from tests.http.house import NOW, Browser
from tests.http.office import Office
from tests.http.test_campaign_survey import DRIP

pytestmark = pytest.mark.integration

MISSING = "A value that the text needs is missing"


@pytest.fixture
async def browser(office: Office) -> Browser:
    await three_people(office)
    return await office.raj()


@pytest.fixture
async def campaign(browser: Browser) -> dict[str, Any]:
    """Launched to Maya and Élodie; a third lacks a value. Maya has opted out since."""
    draft = await made(browser, plan=TO_ALL)
    answer = await browser.post(at(draft, "/launch"), {"cmd_id": str(uuid4()), "expected_count": 2})
    assert answer.status == 202, answer.body
    return whole(answer)


@pytest.fixture
async def one_skipped(office: Office, campaign: dict[str, Any]) -> dict[str, Any]:
    await office.sql(
        "UPDATE campaign_recipient SET state = 'skipped', reason = 'opted_out', opted_out_at = '2026-11-20T16:05:00Z'"
        " WHERE campaign_id = $1 AND ord = 1",
        campaign["id"],
    )
    return campaign


async def test_recipients_come_in_pages_with_what_became_of_each(browser: Browser, one_skipped: Any) -> None:
    first = await browser.get(at(one_skipped, "/recipients?limit=2"))
    CampaignRecipientsOut.model_validate_json(first.body)
    told = [(row["name"], row["address"], row["state"], row["reason"]) for row in first.json["rows"]]
    assert told == [
        ("Maya", "+16175550101", "skipped", "The contact has opted out"),
        ("Élodie", "+16175550102", "pending", None),
    ]
    assert first.json["rows"][0]["opted_out_at"] == "2026-11-20T16:05:00Z"
    rest = (await browser.get(at(one_skipped, f"/recipients?limit=2&cursor={first.json['next_cursor']}"))).json
    assert ([row["reason"] for row in rest["rows"]], rest["next_cursor"]) == ([MISSING], None)


@pytest.mark.parametrize(
    ("query", "ords"),
    [
        pytest.param("states=pending", [2], id="a state"),
        pytest.param("states=excluded,skipped", [1, 3], id="two states"),
        pytest.param("states=opted_out", [1], id="who has opted out"),
        pytest.param("states=delivered", [], id="a delivery"),
        pytest.param("q=maya", [1], id="a name"),
    ],
)
async def test_the_table_and_the_file_show_what_is_asked_for(
    browser: Browser, one_skipped: Any, query: str, ords: list[int]
) -> None:
    rows = (await browser.get(at(one_skipped, f"/recipients?{query}"))).json["rows"]
    assert [row["ord"] for row in rows] == ords
    lines = (await browser.get(at(one_skipped, f"/export.csv?{query}"))).body.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(ords)


async def test_all_recipients_come_as_a_file(browser: Browser, one_skipped: Any) -> None:
    answer = await browser.get(at(one_skipped, "/export.csv"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.body.decode("utf-8-sig").splitlines() == [
        "Name,Number,Text,Status,Reason,Segments,Replied,Opted out,Clicked",
        "Maya,(617) 555-0101,A,skipped,The contact has opted out,,,2026-11-20T16:05:00+00:00,",
        "Élodie,(617) 555-0102,A,pending,,,,,",
        f",(617) 555-0103,A,excluded,{MISSING},,,,",
    ]


async def test_a_file_tells_its_moment_and_the_figures_of_that_moment(browser: Browser, one_skipped: Any) -> None:
    answer = await browser.get(at(one_skipped, "/export.csv?states=pending"))
    as_of = NOW.astimezone(UTC)
    named = f'attachment; filename="campaign-{one_skipped["id"]}-{as_of:%Y-%m-%dT%H%M%SZ}.csv"'
    assert answer.headers["Content-Disposition"] == named
    assert answer.headers["X-As-Of"] == as_of.isoformat()
    figures = (await browser.get(at(one_skipped))).json["figures"]
    assert json.loads(answer.headers["X-Figures"]) == figures
    assert figures["audience"] == 3


async def test_a_file_of_many_goes_on_piece_by_piece(
    browser: Browser, one_skipped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.store.copied.PIECE", 1)
    lines = (await browser.get(at(one_skipped, "/export.csv"))).body.decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["Name", "Maya", "Élodie", ""]


async def test_why_people_have_no_text_is_told_in_words(browser: Browser, one_skipped: Any) -> None:
    answer = await browser.get(at(one_skipped, "/reasons"))
    ReasonsOut.model_validate_json(answer.body)
    told = {(row["state"], row["reason"]): (row["sentence"], row["count"]) for row in answer.json["rows"]}
    assert told == {
        ("excluded", "missing_value"): (MISSING, 1),
        ("skipped", "opted_out"): ("The contact has opted out", 1),
    }


async def test_minutes_in_which_something_happened_come_in_their_order(
    browser: Browser, office: Office, campaign: dict[str, Any]
) -> None:
    await office.sql(
        "INSERT INTO campaign_minute (campaign_id, at, wired, failed) VALUES"
        " ($1, '2026-11-20T16:02:00Z', 2, 0), ($1, '2026-11-20T16:01:00Z', 5, 1)",
        campaign["id"],
    )
    answer = await browser.get(at(campaign, "/minutes"))
    MinutesOut.model_validate_json(answer.body)
    told = [(row["at"], row["wired"], row["failed"]) for row in answer.json["rows"]]
    assert told == [("2026-11-20T16:01:00Z", 5, 1), ("2026-11-20T16:02:00Z", 2, 0)]
    since = (await browser.get(at(campaign, "/minutes?since=2026-11-20T16:02:00Z"))).json["rows"]
    assert [row["wired"] for row in since] == [2]


@pytest.mark.parametrize(
    "rest",
    [
        "/recipients?states=asleep",
        "/recipients?cursor=-1",
        "/recipients?limit=201",
        "/export.csv?states=asleep",
        "/minutes?since=2026-11-20T16:02:00",
    ],
)
async def test_a_question_that_is_none_is_refused(browser: Browser, campaign: dict[str, Any], rest: str) -> None:
    answer = await browser.get(at(campaign, rest))
    assert (answer.status, answer.json["code"]) == (422, "invalid")


async def test_batches_that_are_still_to_come_are_told_and_none_where_it_does_not_drip_or_is_over(
    browser: Browser, campaign: dict[str, Any]
) -> None:
    assert (await browser.get(at(campaign, "/outlook"))).json == {"outlook": None}
    drips = {"drip": DRIP, "start": {"day": "2027-03-11"}, "leaving": {"in_active_campaign": False}}
    draft = await made(browser, plan=TO_ALL | drips)
    path = at(draft, "/launch")
    assert (await browser.post(path, {"cmd_id": str(uuid4()), "expected_count": 2})).status == 202
    told = (await browser.get(at(draft, "/outlook"))).json["outlook"]
    assert [(bar["at"], bar["count"]) for bar in told["bars"]] == [
        ("2027-03-11T14:00:00Z", 1),
        ("2027-03-11T15:00:00Z", 1),
    ]
    assert (await browser.post(at(draft, "/command"), {"command": "cancel"})).status == 200
    assert (await browser.get(at(draft, "/outlook"))).json == {"outlook": None}


async def test_another_workspace_sees_no_figures(office: Office, campaign: dict[str, Any]) -> None:
    eve = await office.eve()
    for rest in ("/minutes", "/reasons", "/outlook", "/recipients", "/export.csv"):
        answer = await eve.get(at(campaign, rest))
        assert (answer.status, answer.json["code"]) == (404, "not_found")
