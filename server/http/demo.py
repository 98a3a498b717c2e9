"""Tells a newcomer how to log in to the demo. A real server does not have this address."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from server.domain.roles import Role
from server.http.call import Answer, Call
from server.http.errors import not_found
from server.http.rules import PUBLIC, Routes

routes: Final = Routes("demo")


class DemoLoginOut(BaseModel):
    email: str
    password: str
    name: str
    role: Role


class DemoOut(BaseModel):
    simulated: bool
    logins: list[DemoLoginOut]
    simulator: str


@routes.get("/api/v1/demo", PUBLIC, answers={200: DemoOut})
async def demo(call: Call) -> Answer:
    """The demo's logins, and where its simulated carrier listens."""
    facts = call.deps.demo
    if facts is None or call.deps.config.mode != "demo":
        raise not_found()
    logins = [
        DemoLoginOut(email=login.email, password=login.password, name=login.name, role=login.role)
        for login in facts.logins
    ]
    return Answer(DemoOut(simulated=True, logins=logins, simulator=facts.simulator_url))
