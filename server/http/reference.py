"""The API's descriptions as one page for people: made by the server, read without scripts, a network or a login."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, Final

Json = Mapping[str, Any]

_PLACES: Final = {"path": "in the address", "query": "behind the ?", "header": "a header", "cookie": "a cookie"}
_LIMITS: Final = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "minLength": "{} characters or more",
    "maxLength": "at most {} characters",
    "minItems": "{} or more",
    "maxItems": "at most {}",
    "pattern": "like {}",
    "default": "{} where it is not given",
}
_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="{sheet}"></head>
<body><a class="skip" href="#main">Skip to the reference</a><div class="page">"""


def page(api: Json, socket: Json, sheet: str) -> str:
    """*api* is an OpenAPI 3.1 document, *socket* an AsyncAPI 3 one; *sheet* the address of the page's styles."""
    tags = _by_tag(api)
    title = f"{api['info']['title']}: the API"
    parts = [
        _HEAD.format(title=escape(title), sheet=escape(sheet)),
        _contents(tags),
        f'<main id="main"><h1>{escape(title)}</h1>',
        '<p>For programs: <a href="/api/openapi.json">OpenAPI 3.1</a> of what is asked over HTTP, '
        '<a href="/api/asyncapi.json">AsyncAPI 3</a> of the socket. <a href="/">Back to the inbox</a></p>',
        *(_section(tag, operations) for tag, operations in tags.items()),
        _frames(socket),
        _schemas("schema", "Bodies and answers", api["components"]["schemas"]),
        _schemas("frame", "What frames are made of", socket["components"]["schemas"]),
        "</main></div></body></html>",
    ]
    return "\n".join(parts)


# Contents


def _by_tag(api: Json) -> dict[str, list[tuple[str, str, Json]]]:
    found: dict[str, list[tuple[str, str, Json]]] = {}
    for path, of in api["paths"].items():
        for method, operation in of.items():
            found.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return found


def _contents(tags: Iterable[str]) -> str:
    links = [f'<li><a href="#tag-{escape(tag)}">{escape(_words(tag))}</a></li>' for tag in tags]
    rest = (("socket", "The socket"), ("schemas", "Bodies and answers"), ("frames", "Frames"))
    links += [f'<li><a href="#{place}">{name}</a></li>' for place, name in rest]
    return f'<nav aria-label="Contents"><ul>{"".join(links)}</ul></nav>'


def _words(tag: str) -> str:
    return tag.replace("-", " ").capitalize()


# Operations


def _section(tag: str, operations: Iterable[tuple[str, str, Json]]) -> str:
    told = "\n".join(_operation(*one) for one in operations)
    return f'<section><h2 id="tag-{escape(tag)}">{escape(_words(tag))}</h2>\n{told}</section>'


def _operation(method: str, path: str, operation: Json) -> str:
    return "".join(
        (
            f'<article id="op-{escape(operation["operationId"])}"><h3><code><span class="method">{method}</span> ',
            f"{escape(path)}</code></h3><p>{_prose(operation['summary'])}</p>",
            f'<p class="soft">{_who(operation)}</p>',
            _told("Asked with", list(_asked(operation))),
            _told("Answers", list(_answers(operation))),
            "</article>",
        )
    )


def _who(operation: Json) -> str:
    scope = operation.get("x-scope")
    programs = {None: "no token", "any": "any token"}.get(
        scope, f"tokens with the scope <code>{escape(str(scope))}</code>"
    )
    who = escape(operation["x-who"].capitalize())
    return f"{who}." if not operation["security"] else f"{who}; of programs {programs}."


def _asked(operation: Json) -> Iterator[tuple[str, str]]:
    for one in operation["parameters"]:
        needed = "" if one.get("required") else ", may be left out"
        yield f"<code>{escape(one['name'])}</code>", f"{_PLACES[one['in']]}{needed}: {_type(one['schema'], 'schema')}"
    for kind, of in operation.get("requestBody", {}).get("content", {}).items():
        yield "the body", f"<code>{escape(kind)}</code>: {_type(of.get('schema', {}), 'schema')}"


def _answers(operation: Json) -> Iterator[tuple[str, str]]:
    for status, answer in operation["responses"].items():
        told = [
            f"<code>{escape(kind)}</code> {_type(of['schema'], 'schema')}"
            for kind, of in answer.get("content", {}).items()
        ]
        yield f"<code>{'else' if status == 'default' else status}</code>", " or ".join(told) or "no body"


def _told(head: str, lines: list[tuple[str, str]]) -> str:
    return f"<h4>{head}</h4>{_list(lines)}" if lines else ""


def _list(lines: list[tuple[str, str]]) -> str:
    told = "".join(f"<dt>{name}</dt><dd>{what}</dd>" for name, what in lines)
    return f"<dl>{told}</dl>" if lines else ""


# The socket


def _frames(socket: Json) -> str:
    channel = socket["channels"]["socket"]
    told = [f'<section><h2 id="socket">The socket</h2><p>{_prose(socket["info"]["description"])}</p>']
    for name, head in (("push", "Frames of the server"), ("take", "Frames of the client")):
        names = [one["$ref"].rpartition("/")[2] for one in socket["operations"][name]["messages"]]
        links = [f'<li><a href="#frame-{escape(one)}">{escape(one)}</a></li>' for one in names]
        told.append(f"<h3>{head}, at <code>{escape(channel['address'])}</code></h3><ul>{''.join(links)}</ul>")
    codes = [(f"<code>{code}</code>", escape(why)) for code, why in channel["x-close-codes"].items()]
    told.append(f"<h3>Codes of closing</h3>{_list(codes)}</section>")
    return "\n".join(told)


# Schemas


def _schemas(kind: str, head: str, schemas: Json) -> str:
    told = "\n".join(_schema(kind, name, schema) for name, schema in sorted(schemas.items()))
    return f'<section><h2 id="{kind}s">{head}</h2>\n{told}</section>'


def _schema(kind: str, name: str, schema: Json) -> str:
    required = schema.get("required", ())
    fields = [
        (
            f"<code>{escape(field)}</code>",
            f"{_type(of, kind)}{'' if field in required else ', may be left out'}{_note(of)}",
        )
        for field, of in schema.get("properties", {}).items()
    ]
    about = f"<p>{_prose(schema['description'])}</p>" if "description" in schema else ""
    body = _list(fields) or f"<p>{_type(schema, kind)}{_note(schema)}</p>"
    # what a link leads to stands inside, since browsers open what they are led into, and not what they are led to
    head = f'<details class="schema"><summary>{escape(name)}</summary><div id="{kind}-{escape(name)}">'
    return f"{head}{about}{body}</div></details>"


def _note(schema: Json) -> str:
    return f". {_prose(schema['description'])}" if "description" in schema else ""


def _type(schema: Json, kind: str) -> str:
    """In words, with links to what is named."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{kind}-{name}">{name}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(one, kind) for one in schema[several]))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in values)
    limits = [
        escape(words.format(schema[name])) for name, words in _LIMITS.items() if schema.get(name) not in (None, "", [])
    ]
    return ", ".join((_plain(schema, kind), *limits))


def _plain(schema: Json, kind: str) -> str:
    match schema.get("type"):
        case "array":
            return f"a list of {_type(schema.get('items', {}), kind)}"
        case "object":
            values = schema.get("additionalProperties")
            return f"an object of {_type(values, kind)}" if isinstance(values, dict) and values else "an object"
        case None:
            return "anything"
        case plain:
            return escape(" ".join(filter(None, (str(plain), schema.get("format")))))


def _prose(text: str) -> str:
    """Plain text with `code` in it."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(" ".join(text.split())))
