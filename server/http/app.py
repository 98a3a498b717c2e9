"""Puts the HTTP API together: every resource's routes, the errors, the headers that all answers bear."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from quart import Response, request
from quart_trio import QuartTrio

from server.http import audit, auth, demo, handset, health, numbers, settings, system, tokens
from server.http.body import PacedConnection, PacedRequest
from server.http.call import bind, cookie_name
from server.http.campaigns import bulk, campaigns, clicks, course, figures, rehearsal, survey
from server.http.client import client_routes
from server.http.consent import consent, review
from server.http.contacts import (
    contacts,
    export,
    fields,
    filters,
    finding,
    mass_edit,
    phones,
    pipelines,
    showings,
    tags,
    timeline,
)
from server.http.deps import Deps
from server.http.descriptions import description_routes
from server.http.dialer import calls, events, sms, webhooks
from server.http.errors import install_errors
from server.http.imports import imports
from server.http.imports import refusals as import_refusals
from server.http.imports import upload as import_upload
from server.http.links import ShortLink, link_routes
from server.http.own_number import own_number_routes
from server.http.routing import LateRule
from server.http.rules import Route, check_rules
from server.http.scopes import check_scopes
from server.http.templates import folders as template_folders
from server.http.templates import templates
from server.http.texts import batch, compose, drafts, history, later, media, precheck, suggestions, team, threads
from server.http.throttle import Throttle

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_NO_PAGE: Final = "default-src 'none'; frame-ancestors 'none'"


def create_app(deps: Deps) -> QuartTrio:
    """The ASGI application. Raises RouteWithoutRule or RouteWithoutScope where a route does not say who may call it."""
    app = QuartTrio("threadline", static_folder=None)
    app.asgi_http_class, app.request_class, app.url_rule_class = PacedConnection, PacedRequest, LateRule
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.strict_slashes = False
    app.url_map.converters["short_link"] = ShortLink
    app.url_map.merge_slashes = False  # it would redirect to whatever host the request names
    install_errors(app)
    declared = {route.endpoint: route for route in _routes(deps)}
    for route in declared.values():
        view = bind(route, deps)
        app.add_url_rule(route.path, route.endpoint, view, methods=[route.method], provide_automatic_options=False)
    _install_headers(app, https=deps.config.https)
    check_rules(app, declared)
    check_scopes(declared.values())
    app.before_serving(lambda: check_rules(app, declared))
    return app


def _routes(deps: Deps) -> Iterable[Route]:
    api = [
        auth.routes,
        threads.routes,
        team.routes,
        history.routes,
        compose.routes,
        later.routes,
        batch.routes,
        precheck.routes,
        drafts.routes,
        suggestions.routes,
        media.routes,
        contacts.routes,
        phones.routes,
        showings.routes,
        timeline.routes,
        import_upload.routes,
        imports.routes,
        import_refusals.routes,
        mass_edit.routes,
        export.routes,
        tags.routes,
        pipelines.routes,
        fields.routes,
        consent.routes,
        finding.routes,
        filters.routes,
        review.routes,
        templates.routes,
        template_folders.routes,
        bulk.routes,
        campaigns.routes,
        survey.routes,
        course.routes,
        rehearsal.routes,
        own_number_routes(Throttle(deps.clock, 30, 60.0)),  # a code costs nobody a text
        clicks.routes,
        figures.routes,
        tokens.routes,
        calls.routes,
        sms.routes,
        events.routes,
        webhooks.routes,
        tokens.ticket_routes,
        settings.routes,
        numbers.routes,
        audit.routes,
        system.routes,
        demo.routes,
        handset.routes,
    ]
    described = [route for routes in api for route in routes.declared]
    # Who tries 200 tokens at once guesses; who follows one link 20 times at once is no person.
    links = link_routes(Throttle(deps.clock, 200, 0.125), Throttle(deps.clock, 20, 60.0))
    client = client_routes(deps.client_files)
    others = [
        health.routes,
        media.public_routes,
        client,
        links,
        description_routes(described, _version(), cookie_name(deps.config)),
    ]
    return [*described, *(route for routes in others for route in routes.declared)]


def _version() -> str:
    try:
        return version("threadline")
    except PackageNotFoundError:
        return "0"


def _install_headers(app: QuartTrio, *, https: bool) -> None:
    @app.after_request
    async def add_headers(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Content-Security-Policy", _NO_PAGE)
        if request.path.startswith("/api/"):
            response.headers["Cache-Control"] = "no-store"
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
