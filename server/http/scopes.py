"""Owns which scope of an API token each route needs: an app with a route that nobody placed does not start.

A route is placed by its resource (its tag), apart by whether it reads or changes; single routes are named where they
differ. ANY: every token may, and what it gets is held to its scopes. None: only a person who has logged in may,
whatever a token's scopes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from server.domain.scopes import Scope
from server.http.rules import Route

ANY: Final = "any"
Needed = Scope | Literal["any"] | None

OF_TAG: Final[Mapping[str, tuple[Needed, Needed]]] = MappingProxyType(
    {
        "auth": (Scope.READ, None),
        "tokens": (None, None),
        "tickets": (None, ANY),
        "threads": (Scope.READ, Scope.SEND),
        "team": (Scope.READ, Scope.SEND),
        "history": (Scope.READ, None),
        "messages": (Scope.READ, Scope.SEND),
        "media": (Scope.READ, Scope.SEND),
        "drafts": (Scope.READ, Scope.SEND),
        "suggestions": (Scope.READ, Scope.SEND),
        "contacts": (Scope.READ, Scope.PEOPLE),
        "timeline": (Scope.READ, Scope.DIALER),
        "imports": (Scope.READ, Scope.PEOPLE),
        "export": (Scope.READ, Scope.READ),
        "tags": (Scope.READ, Scope.PEOPLE),
        "pipelines": (Scope.READ, Scope.PEOPLE),
        "custom-fields": (Scope.READ, Scope.PEOPLE),
        "filters": (Scope.READ, Scope.PEOPLE),
        "consent": (Scope.READ, Scope.PEOPLE),
        "settings": (Scope.READ, None),
        "numbers": (Scope.READ, None),
        "review": (Scope.READ, None),  # a person judges what a text says
        "templates": (Scope.READ, Scope.CAMPAIGNS),
        "bulk": (Scope.READ, Scope.CAMPAIGNS),
        "campaigns": (Scope.READ, Scope.CAMPAIGNS),
        "own-number": (Scope.READ, None),  # a person proves what is theirs
        "dialer": (Scope.DIALER, Scope.DIALER),
        "events": (Scope.DIALER, Scope.DIALER),
        "webhooks": (Scope.WEBHOOKS, Scope.WEBHOOKS),
        "audit": (None, None),  # who reads what people did is a person
        "system": (None, None),
        "demo": (None, None),
    }
)
"""By tag: what reading needs, and what changing does."""

OF_ROUTE: Final[Mapping[str, Needed]] = MappingProxyType(
    {
        # asked by POST for the sake of a body, and change nothing
        "POST /api/v1/contacts/count": Scope.READ,
        "POST /api/v1/contacts/query": Scope.READ,
        "POST /api/v1/messages/check": Scope.READ,
        "POST /api/v1/templates/check": Scope.READ,
        "POST /api/v1/templates/render": Scope.READ,
        # several texts at once are a text to many
        "POST /api/v1/messages/batch": Scope.CAMPAIGNS,
        # what a workspace asks of everybody is for people to decide
        "PATCH /api/v1/settings/consent": None,
        "PUT /api/v1/settings/suggestions": None,
    }
)


class RouteWithoutScope(Exception):
    """Somebody added a resource and did not say which scope of a token it needs."""


def scope_of(route: Route) -> Needed:
    """What a token needs for *route*; None: tokens are not taken there. Raises RouteWithoutScope."""
    if route.endpoint in OF_ROUTE:
        return OF_ROUTE[route.endpoint]
    if route.tag not in OF_TAG:
        raise RouteWithoutScope(f"{route.endpoint} does not say which scope it needs: add it in server/http/scopes.py.")
    return OF_TAG[route.tag][0 if route.method == "GET" else 1]


def check_scopes(routes: Iterable[Route]) -> None:
    """Raises RouteWithoutScope where one of *routes* that want a login is nowhere placed."""
    for route in routes:
        if route.rule.rank is not None:
            scope_of(route)
