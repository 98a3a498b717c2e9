"""Describes the API from its declared routes, as OpenAPI 3.1: what is declared is what is checked, so it cannot lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import TimeSchema

from server.http.rules import Route
from server.http.scopes import scope_of

_PARAMETER: Final = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_REF: Final = "#/components/schemas/{model}"
_HOUR: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"


class _Schemas(GenerateJsonSchema):
    """An hour is that of some zone's clocks, told beside it: the format "time" of JSON Schema would want an offset."""

    def time_schema(self, schema: TimeSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": _HOUR}


class ProblemOut(BaseModel):
    """RFC 9457. `code` is stable; `detail` is a sentence for people; `field` names what is wrong in the request."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None


def describe(routes: Iterable[Route], version: str, cookie: str) -> dict[str, Any]:
    """The OpenAPI document of the *routes* that are meant to be described."""
    described = [route for route in routes if route.described]
    told = [told for route in described for told in (*route.answers.values(), route.body)]
    models = {model for model in told if isinstance(model, type)}
    ordered = sorted(models | {ProblemOut}, key=lambda model: model.__name__)
    paths: dict[str, dict[str, Any]] = {}
    for route in described:
        paths.setdefault(_PARAMETER.sub(r"{\2}", route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Threadline", "version": version},
        "paths": paths,
        "components": {
            "schemas": _schemas(tuple(ordered)),
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": cookie},
                "token": {"type": "http", "scheme": "bearer", "description": "An API token, with the scope x-scope."},
            },
        },
    }


@cache
def _schemas(models: tuple[type[BaseModel], ...]) -> Mapping[str, Any]:
    """Of all of them; half a second's work, done once for all the apps of this process."""
    told: list[tuple[type[BaseModel], Literal["serialization"]]] = [(model, "serialization") for model in models]
    _, schemas = models_json_schema(told, ref_template=_REF, schema_generator=_Schemas)
    found: Mapping[str, Any] = schemas["$defs"]
    return found


def _operation(route: Route) -> dict[str, Any]:
    scope = scope_of(route) if route.rule.rank is not None else None
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "tags": [route.tag],
        "x-who": route.rule.who,
        "x-scope": scope,
        "security": [] if route.rule.rank is None else [{"session": []}, *([{"token": []}] if scope else [])],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": {
            **{str(status): _answer(model) for status, model in route.answers.items()},
            "default": {"description": "A problem.", "content": {"application/problem+json": _schema(ProblemOut)}},
        },
    }
    if route.raw_body_limit is not None:
        binary = {"application/octet-stream": {"schema": {"type": "string", "maxLength": route.raw_body_limit}}}
        operation["requestBody"] = {"required": True, "content": binary}
    elif route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": _schema(route.body)}}
    return operation


def _answer(model: type[BaseModel] | str | None) -> dict[str, Any]:
    if model is None:
        return {"description": "Done."}
    if isinstance(model, str):
        return {"description": "As it is.", "content": {model: {"schema": {}}}}
    return {"description": (model.__doc__ or "Done.").splitlines()[0], "content": {"application/json": _schema(model)}}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"schema": {"$ref": _REF.format(model=model.__name__)}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if kind == "int" else "string"}}
        for kind, name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(schema_generator=_Schemas)
    required, named = schema.get("required", []), schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _written_out(told, named)}
        for name, told in schema["properties"].items()
    ]


def _written_out(schema: Any, named: Mapping[str, Any]) -> Any:
    """What a parameter refers to stands in its own model, and not among those of the document."""
    if isinstance(schema, list):
        return [_written_out(one, named) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _written_out(named[schema["$ref"].rpartition("/")[2]], named)
    return {key: _written_out(value, named) for key, value in schema.items()}


def _headers(route: Route) -> list[dict[str, Any]]:
    if route.method == "GET":
        return []
    told = "Every request by a cookie; one by a token needs none."
    needed = route.rule.rank is None or scope_of(route) is None
    schema = {"type": "string", "const": "1"}
    return [{"name": "X-CSRF", "in": "header", "required": needed, "description": told, "schema": schema}]
