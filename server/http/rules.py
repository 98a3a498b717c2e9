"""Owns who may call what: every route is declared here with its rule, and an app with another route does not start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel
from quart_trio import QuartTrio

from server.domain.roles import LOWEST, RANKS, Deed

JSON_LIMIT: Final = 65_536  # bytes; a text has at most 1,600 characters

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Answers = Mapping[int, type[BaseModel] | str | None]
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`who` is for people and the API's description; `rank` is the lowest role, None for no login at all."""

    who: str
    rank: int | None = None
    this_machine: bool = False


PUBLIC: Final = Rule("anybody")
LOCAL: Final = Rule("this machine", this_machine=True)
MEMBER: Final = Rule("members", RANKS["agent"])
MANAGER: Final = Rule("managers and owners", RANKS["manager"])
OWNER: Final = Rule("owners", RANKS["owner"])


def whoever_may(deed: Deed) -> Rule:
    """The rule of a route that does *deed* and nothing else."""
    return {"agent": MEMBER, "manager": MANAGER, "owner": OWNER}[LOWEST[deed]]


class RouteWithoutRule(Exception):
    """Somebody added a route and did not say who may call it."""


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route. `answers` maps a status to the model of its body, to the media type of one that has none,
    or to None for an empty one.

    The handler is called as `handler(call, **path, body=…, query=…)`, the last two only where declared. With
    `raw_body_limit` the body is whatever was sent, as an async iterator of at most so many bytes (server/http/body.py).
    `json_limit`: bytes of a body that is a model.
    """

    method: Method
    path: str
    rule: Rule
    handler: Handler
    tag: str
    answers: Answers
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    described: bool = True
    raw_body_limit: int | None = None
    json_limit: int = JSON_LIMIT

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or self.handler.__name__).strip().splitlines()[0]


class Routes:
    """The routes of one resource. `described=False` keeps them out of the API's description (files, probes)."""

    def __init__(self, tag: str, *, described: bool = True) -> None:
        self.tag: Final = tag
        self.declared: Final[list[Route]] = []
        self._described: Final = described

    def get(
        self,
        path: str,
        rule: Rule,
        *,
        query: type[BaseModel] | None = None,
        answers: Answers | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._declare("GET", path, rule, None, query, answers)

    def post(
        self,
        path: str,
        rule: Rule,
        *,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        raw_body_limit: int | None = None,
        json_limit: int = JSON_LIMIT,
        answers: Answers | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._declare("POST", path, rule, body, query, answers, raw_body_limit, json_limit)

    def put(
        self, path: str, rule: Rule, *, body: type[BaseModel] | None = None, answers: Answers | None = None
    ) -> Callable[[Handler], Handler]:
        return self._declare("PUT", path, rule, body, None, answers)

    def patch(
        self,
        path: str,
        rule: Rule,
        *,
        body: type[BaseModel] | None = None,
        json_limit: int = JSON_LIMIT,
        answers: Answers | None = None,
    ) -> Callable[[Handler], Handler]:
        return self._declare("PATCH", path, rule, body, None, answers, json_limit=json_limit)

    def delete(
        self, path: str, rule: Rule, *, query: type[BaseModel] | None = None, answers: Answers | None = None
    ) -> Callable[[Handler], Handler]:
        return self._declare("DELETE", path, rule, None, query, answers)

    def _declare(
        self,
        method: Method,
        path: str,
        rule: Rule,
        body: type[BaseModel] | None,
        query: type[BaseModel] | None,
        answers: Answers | None,
        raw_body_limit: int | None = None,
        json_limit: int = JSON_LIMIT,
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            known = {200: None} if answers is None else answers
            self.declared.append(
                Route(
                    method,
                    path,
                    rule,
                    handler,
                    self.tag,
                    known,
                    body,
                    query,
                    self._described,
                    raw_body_limit,
                    json_limit,
                )
            )
            return handler

        return declare


def check_rules(app: QuartTrio, declared: Mapping[str, Route]) -> None:
    """Raises RouteWithoutRule where *app* answers at an address that nobody declared."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in declared:
            raise RouteWithoutRule(
                f"{rule.rule} does not say who may call it: declare it through server/http/rules.py."
            )
