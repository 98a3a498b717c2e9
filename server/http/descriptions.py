"""Shows what describes the API: OpenAPI of its routes, AsyncAPI of the socket's frames, and both as a page for people.

Nothing of it needs a login: it tells nothing that the program's source does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import trio
from quart import Response

from server import ws
from server.http.call import Answer, Call
from server.http.openapi import describe
from server.http.reference import page
from server.http.rules import PUBLIC, Route, Routes

DOCS: Final = "/api/docs"
_SHEET: Final = f"{DOCS}/reference.css"
_POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"


def description_routes(described: Iterable[Route], version: str, cookie: str) -> Routes:
    """Written when first asked for, apart from the trio thread: that takes half a second, as much as a start."""
    routes = Routes("description", described=False)

    @cache
    def api() -> dict[str, Any]:
        return describe(described, version, cookie)

    @cache
    def reference() -> str:
        return page(api(), orjson.loads(_socket()), _SHEET)

    @routes.get("/api/openapi.json", PUBLIC)
    async def openapi(call: Call) -> Answer:
        """The description of what is asked over HTTP."""
        return Answer(await trio.to_thread.run_sync(api))

    @routes.get("/api/asyncapi.json", PUBLIC)
    async def asyncapi(call: Call) -> Response:
        """The description of the socket."""
        return Response(_socket(), content_type="application/json")

    @routes.get(DOCS, PUBLIC)
    async def docs(call: Call) -> Response:
        """Both for people. The page loads one sheet of styles and runs nothing."""
        response = Response(await trio.to_thread.run_sync(reference), content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    @routes.get(_SHEET, PUBLIC)
    async def sheet(call: Call) -> Response:
        """The styles of that page."""
        return Response(_styles(), content_type="text/css; charset=utf-8")

    return routes


@cache
def _socket() -> bytes:
    """Made by tools/gen_types.py from the frames, and checked by the tests to be of today's."""
    return (Path(ws.__path__[0]) / "asyncapi.json").read_bytes()


@cache
def _styles() -> bytes:
    return Path(__file__).with_name("reference.css").read_bytes()
