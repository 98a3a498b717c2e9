"""Whatever is wrong in a body, the answer is a problem that names the field: of every route that takes one."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel

from server.http.app import _routes
from server.http.rules import Route
from tests.http.house import DANA, House, Told

UNKNOWN = "nobody_knows_this_field"
WRONG = [[{"nobody": "expects this"}]]
_PARAMETER = re.compile(r"<[^>]*>")


def with_bodies(house: House) -> list[Route]:
    return [route for route in _routes(house.deps) if route.body is not None]


async def told(house: House, route: Route, body: object) -> Told:
    browser = await house.logged_in(DANA)
    return await browser.ask(route.method, _PARAMETER.sub("7", route.path), body)


def names(model: type[BaseModel]) -> list[str]:
    """As they stand in JSON, in the order in which they are looked at."""
    return [one.alias or name for name, one in model.model_fields.items()]


def is_problem(answer: Told) -> Any:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["detail"].endswith((".", "?", "!")), "a sentence"
    assert "nobody" not in answer.json["detail"], "what was sent is not said again"
    return answer.json


async def test_a_field_that_nobody_knows_is_refused_by_its_name(house: House) -> None:
    routes = with_bodies(house)
    assert len(routes) > 50
    for route in routes:
        assert route.body is not None
        answer = await told(house, route, {UNKNOWN: 1})
        problem = is_problem(answer)
        missing = {name for name, one in route.body.model_fields.items() if one.is_required()}
        assert (answer.status, problem["code"]) == (422, "invalid"), route.endpoint
        assert problem["field"] in {UNKNOWN, *missing}, route.endpoint


async def test_the_first_field_that_is_wrong_is_named(house: House) -> None:
    for route in with_bodies(house):
        assert route.body is not None
        first, *others = names(route.body)
        for body in ({first: WRONG}, {first: WRONG, **dict.fromkeys(others, WRONG)}):
            answer = await told(house, route, body)
            problem = is_problem(answer)
            assert (answer.status, problem["code"]) == (422, "invalid"), route.endpoint
            assert str(problem["field"]).partition(".")[0] == first, route.endpoint


async def test_a_body_that_is_no_object_is_refused(house: House) -> None:
    for route in with_bodies(house):
        for body in (b"[]", b"null", b"{", b"\xff", b""):
            answer = await told(house, route, body)
            assert answer.status == 422, (route.endpoint, body)
            is_problem(answer)
