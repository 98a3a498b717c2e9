"""Decides how a failed request is told: problem+json (RFC 9457) with a stable code, a sentence, and the field at fault.

Nothing of the inside leaves: no traceback, no SQL, no value that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from pydantic import ValidationError
from quart import Response, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from server.http.passwords import TooManyLogins
from server.ports import CommandsBusy, StoreUnavailable
from server.ports.bulk import AudienceRefused
from server.ports.contacts import Refused

log = structlog.get_logger()

_SENTENCES: Final[Mapping[int, str]] = {
    400: "The request cannot be read.",
    404: "There is nothing here.",
    405: "This address does not take that method.",
    408: "The request took too long to arrive.",
    413: "The request is too big.",
}


class Problem(Exception):
    """Ends a request. *code* is stable, for programs; *detail* is a sentence for people; *field* is what is wrong.

    *more* are members of its own beside those.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.headers = headers or {}
        self.more = more or {}


def not_found() -> Problem:
    """Also for what belongs to another workspace: whether it exists there is none of the caller's business."""
    return Problem(404, "not_found", _SENTENCES[404])


def refused(outcome: Refused) -> Problem:
    """What was asked for cannot be, and why."""
    return Problem(422, "invalid", outcome.sentence, field=outcome.field)


def invalid(error: ValidationError) -> Problem:
    """A 422 that names the first field at fault and never repeats its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    sentence = first["msg"].removeprefix("Value error, ").rstrip(".")
    return Problem(422, "invalid", f"{sentence}.", field=field)


def render(problem: Problem) -> Response:
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(problem.status, "Error"),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.more,
    }
    if problem.field is not None:
        told["field"] = problem.field
    response = Response(
        orjson.dumps(told, option=orjson.OPT_UTC_Z), problem.status, content_type="application/problem+json"
    )
    response.headers.update(problem.headers)
    return response


def install_errors(app: QuartTrio) -> None:
    """Every way in which a request of *app* can fail ends in a problem."""

    @app.errorhandler(Problem)
    async def told(problem: Problem) -> Response:
        return render(problem)

    @app.errorhandler(StoreUnavailable)
    async def store_away(_: StoreUnavailable) -> Response:
        sentence = "The database cannot be reached at the moment. Nothing was lost; try again."
        return render(Problem(503, "store_unavailable", sentence, headers={"Retry-After": "2"}))

    @app.errorhandler(AudienceRefused)
    async def nobody_to_reach(refused: AudienceRefused) -> Response:
        more = {} if refused.at is None else {"at": refused.at}
        return render(Problem(422, "invalid", str(refused), field=refused.field, more=more))

    @app.errorhandler(CommandsBusy)
    async def busy(_: CommandsBusy) -> Response:
        sentence = "This thread is busy. Try again with the same cmd_id."
        return render(Problem(503, "busy", sentence, headers={"Retry-After": "1"}))

    @app.errorhandler(TooManyLogins)
    async def crowded(_: TooManyLogins) -> Response:
        sentence = "Too many people are logging in. Try again in a moment."
        return render(Problem(503, "busy", sentence, headers={"Retry-After": "2"}))

    @app.errorhandler(HTTPException)
    async def plain(error: HTTPException) -> Response:
        status = error.code or 500
        name = HTTP_STATUS_CODES.get(status, "Error")
        problem = Problem(status, name.lower().replace(" ", "_"), _SENTENCES.get(status, f"{name}."))
        response = render(problem)
        allow = dict(error.get_headers()).get("Allow")
        if allow:
            response.headers["Allow"] = allow
        return response

    @app.errorhandler(Exception)
    async def fault(error: Exception) -> Response:
        log.error("request_failed", method=request.method, route=str(request.url_rule), exc_info=error)
        return render(Problem(500, "fault", "Something went wrong here. It was logged."))
