"""For whoever watches the server: alive, ready, and its figures (the latter for this machine only)."""

from __future__ import annotations

from typing import Final

from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from quart import Response

from server.http.call import Answer, Call
from server.http.errors import Problem
from server.http.rules import LOCAL, PUBLIC, Routes

routes: Final = Routes("health", described=False)


@routes.get("/healthz", PUBLIC)
async def healthz(call: Call) -> Answer:
    """The process answers."""
    return Answer({"status": "alive"})


@routes.get("/readyz", PUBLIC)
async def readyz(call: Call) -> Answer:
    """Work can be given to this server."""
    unready = call.deps.unready()
    if unready is not None:
        raise Problem(503, "unready", unready, headers={"Retry-After": "2"})
    return Answer({"status": "ready"})


@routes.get("/metrics", LOCAL)
async def metrics(call: Call) -> Response:
    """Prometheus' text format."""
    return Response(generate_latest(call.deps.metrics), content_type=CONTENT_TYPE_LATEST)
