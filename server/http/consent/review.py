"""Texts that may have asked to stop, and a member's decision on them. Another workspace's review is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.http.texts.threads import Ordinal
from server.ports import Decided, DecidedOtherwise
from server.ws.encode import review_out
from server.ws.protocol import PAGE, ReviewDecision, ReviewOut, ReviewPageOut

_SENTENCES: Final[Mapping[str | None, str]] = {
    "opted_out": "an opt-out",
    "not_a_revocation": "not a request to stop",
    "wrong_number": "a wrong number",
}

routes: Final = Routes("review")


class ReviewQuery(BaseModel):
    """`thread_id` asks for one conversation's only."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=PAGE, ge=1, le=200)
    thread_id: Ordinal | None = None


class DecisionIn(BaseModel):
    """What the text was, as this member reads it. Safe to repeat; it cannot be taken back."""

    model_config = ConfigDict(extra="forbid")

    decision: ReviewDecision


@routes.get("/api/v1/review", MEMBER, query=ReviewQuery, answers={200: ReviewPageOut})
async def reviews(call: Call, query: ReviewQuery) -> Answer:
    """Texts that may have asked to stop: open ones first, then those decided last."""
    try:
        page = await call.deps.reviews.page(
            call.member.workspace_id, thread_id=query.thread_id, cursor=query.cursor, limit=query.limit
        )
    except ValueError:
        raise Problem(422, "invalid", "This cursor is not one that came from here.", field="cursor") from None
    told = [review_out(review) for review in page.reviews]
    return Answer({"reviews": told, "open": page.open, "next_cursor": page.next_cursor})


@routes.post(f"/api/v1/review/{part('review_id')}", MEMBER, body=DecisionIn, answers={200: ReviewOut})
async def decide(call: Call, review_id: int, body: DecisionIn) -> Answer:
    """Decide what a text was. Where somebody decided otherwise before, the answer says who and when."""
    member = call.member
    outcome = await call.deps.reviews.decide(
        member.workspace_id, review_id, body.decision, member.member_id, call.deps.clock.wall()
    )
    match outcome:
        case None:
            raise not_found()
        case Decided(review=review):
            return Answer(review_out(review))
        case DecidedOtherwise(review=review):
            raise _otherwise(review_out(review))


def _otherwise(review: Mapping[str, Any]) -> Problem:
    if review["decision"] == "superseded":
        sentence = "The contact has written again since. Look at the newer text."
    elif review["decided_by"] is None:
        sentence = f"The contact's own next text has settled this as {_SENTENCES[review['decision']]}."
    else:
        sentence = f"{review['decided_by']} has decided that this was {_SENTENCES[review['decision']]}."
    return Problem(409, "decided_otherwise", sentence, more={"review": review})
