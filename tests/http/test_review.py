"""The API of texts that may have asked to stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.http.house import DANA, RAJ, House

PATH = "/api/v1/review/10"


async def test_the_list_shows_each_text_with_what_was_recognised_marked(house: House) -> None:
    page = (await (await house.logged_in(RAJ)).get("/api/v1/review")).json
    [one] = page["reviews"]
    assert [(part["text"], part["marked"]) for part in one["parts"]] == [("Hm, please ", False), ("stop that", True)]
    assert (one["id"], one["thread_id"], one["kind"], one["name"]) == (10, 100, "ambiguous", "Maya Torres")
    assert (page["open"], page["next_cursor"]) == (1, "next")


async def test_one_conversations_reviews_can_be_asked_for(house: House) -> None:
    browser = await house.logged_in(RAJ)
    assert (await browser.get("/api/v1/review?thread_id=7")).json["reviews"] == []
    assert len((await browser.get("/api/v1/review?thread_id=100")).json["reviews"]) == 1


async def test_a_cursor_from_elsewhere_is_refused(house: House) -> None:
    refused = await (await house.logged_in(RAJ)).get("/api/v1/review?cursor=broken")
    assert (refused.status, refused.json["field"]) == (422, "cursor")


@pytest.mark.parametrize("decision", ["opted_out", "not_a_revocation", "wrong_number"])
async def test_a_decision_is_taken_and_the_same_one_again_is_no_fault(house: House, decision: str) -> None:
    browser = await house.logged_in(RAJ)
    for _ in range(2):
        answer = await browser.post(PATH, {"decision": decision})
        assert (answer.status, answer.json["decision"]) == (200, decision)


async def test_another_decision_is_a_conflict_that_says_whose_stands_and_since_when(house: House) -> None:
    await (await house.logged_in(RAJ)).post(PATH, {"decision": "opted_out"})
    refused = await (await house.logged_in(DANA)).post(PATH, {"decision": "not_a_revocation"})
    assert (refused.status, refused.json["code"]) == (409, "decided_otherwise")
    assert refused.json["detail"] == f"member {RAJ.member_id} has decided that this was an opt-out."
    assert refused.json["review"]["decided_at"]


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        ("opted_out", "The contact's own next text has settled this as an opt-out."),
        ("superseded", "The contact has written again since. Look at the newer text."),
    ],
)
async def test_what_the_contact_has_settled_is_said_so(house: House, decision: str, sentence: str) -> None:
    owner, review = house.reviews.known[10]
    house.reviews.known[10] = (owner, replace(review, decision=decision, decided_at=review.at))
    refused = await (await house.logged_in(RAJ)).post(PATH, {"decision": "not_a_revocation"})
    assert (refused.status, refused.json["detail"]) == (409, sentence)


@pytest.mark.parametrize("body", [{}, {"decision": "superseded"}, {"decision": "opted_out", "more": 1}])
async def test_a_decision_that_is_none_is_refused(house: House, body: dict[str, object]) -> None:
    assert (await (await house.logged_in(RAJ)).post(PATH, body)).status == 422


async def test_a_page_of_another_site_decides_nothing(house: House) -> None:
    browser = await house.logged_in(RAJ)
    for headers in ({"Origin": "https://elsewhere.example"}, {"X_CSRF": ""}):
        assert (await browser.post(PATH, {"decision": "opted_out"}, **headers)).status == 403
    assert house.reviews.known[10][1].decision is None
