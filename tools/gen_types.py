"""Makes the client's types of the pydantic frames of the socket, of roles and campaigns, and the AsyncAPI document.

python tools/gen_types.py           writes web/src/gen/wire.ts and server/ws/asyncapi.json, which the server shows
python tools/gen_types.py --check   writes nothing and exits 1 where they are stale

No Node is needed, and the same models always give the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

REPOSITORY: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # runs as a plain script, before anything is installed

from pydantic import TypeAdapter  # noqa: E402 - the path above comes first

from server.domain.roles import Deed  # noqa: E402 - the path above comes first
from server.ports.campaigns import Plan  # noqa: E402 - the path above comes first
from server.ws import protocol  # noqa: E402 - the path above comes first

Schema = dict[str, Any]
TYPES: Final = REPOSITORY / "web" / "src" / "gen" / "wire.ts"
DOCUMENT: Final = REPOSITORY / "server" / "ws" / "asyncapi.json"
HEADER: Final = (
    "// Made by tools/gen_types.py from server/ws/protocol.py, server/ports/campaigns.py and server/domain/roles.py."
    " Do not edit.\n"
)
SENT: Final = "ServerFrame"
TAKEN: Final = "ClientFrame"

# The server always writes every field ("serialization"); the client may leave out what has a default ("validation").
ROOTS: Final[tuple[tuple[str, Literal["serialization", "validation"], Any], ...]] = (
    (SENT, "serialization", protocol.ServerFrame),
    (TAKEN, "validation", protocol.ClientFrame),
    ("CommandData", "validation", protocol.CommandData),
    ("ThreadEventData", "serialization", protocol.ThreadEventData),
    ("InboxPage", "serialization", protocol.InboxPage),
    ("ThreadSnapshot", "serialization", protocol.ThreadSnapshot),
    ("MessageState", "serialization", protocol.MessageState),
    ("ReviewPageOut", "serialization", protocol.ReviewPageOut),
    ("CampaignOut", "serialization", protocol.CampaignOut),
    ("Plan", "serialization", Plan),
    ("Deed", "serialization", Deed),
)
NOT_OF_THE_SOCKET: Final = frozenset({"Deed", "Plan", "CampaignOut"})
PLAIN: Final = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def definitions() -> Schema:
    """Every named type: roots and models, by name."""
    adapters = [(name, mode, TypeAdapter(kind)) for name, mode, kind in ROOTS]
    roots, shared = TypeAdapter.json_schemas(adapters, ref_template="#/$defs/{model}")
    found: Schema = dict(shared.get("$defs", {}))
    for name, mode, _ in ROOTS:
        found.setdefault(name, roots[(name, mode)])
    taken = set(_reachable(found, TAKEN))
    for name, schema in found.items():
        _require(schema, everything=name not in taken)
    return dict(sorted(found.items()))


def _reachable(types: Schema, name: str) -> Iterator[str]:
    yield name
    for ref in re.findall(r'"#/\$defs/(\w+)"', json.dumps(types[name])):
        yield from _reachable(types, ref)


def _require(schema: Schema, *, everything: bool) -> None:
    """What tells one frame from another is a default for the server, and a duty for those who write to it."""
    properties = schema.get("properties", {})
    kept = schema.get("required", [])
    required = [name for name, kind in properties.items() if everything or name in kept or "const" in kind]
    if required:
        schema["required"] = required


def ts_type(schema: Schema) -> str:
    """A JSON schema as a TypeScript type on one line."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(ts_type(part) for part in schema[union]))
    match schema.get("type"):
        case "array":
            item = ts_type(schema.get("items", {}))
            return f"({item})[]" if "|" in item else f"{item}[]"
        case "object":
            values = schema.get("additionalProperties")
            return f"Record<string, {ts_type(values) if isinstance(values, dict) else 'unknown'}>"
        case plain:
            return PLAIN.get(str(plain), "unknown")


def _interface(name: str, schema: Schema) -> Iterator[str]:
    required = schema.get("required", [])
    yield f"export interface {name} {{"
    for field, kind in schema["properties"].items():
        yield f"  {field}{'' if field in required else '?'}: {ts_type(kind)};"
    yield "}"


def wire_ts(types: Schema) -> str:
    """The TypeScript module."""
    lines = [HEADER]
    for name, schema in types.items():
        if doc := schema.get("description"):
            lines.append(f"/** {' '.join(doc.split())} */")
        if "properties" in schema:
            lines.extend(_interface(name, schema))
        else:
            lines.append(f"export type {name} = {ts_type(schema)};")
        lines.append("")
    return "\n".join(lines)


def _members(schema: Schema) -> list[str]:
    parts: list[Schema] = schema.get("oneOf") or schema["anyOf"]
    return [ts_type(part) for part in parts]


def asyncapi(types: Schema) -> Schema:
    """The AsyncAPI 3 document: one channel, two operations, a message for each frame."""
    roots = (name for name, _, _ in ROOTS if name not in NOT_OF_THE_SOCKET)
    of_the_socket = {name for root in roots for name in _reachable(types, root)}
    told = {name: schema for name, schema in types.items() if name in of_the_socket}
    schemas: Schema = json.loads(json.dumps(told).replace("#/$defs/", "#/components/schemas/"))
    for schema in schemas.values():
        _name_discriminators(schema)
    sent, taken = _members(types[SENT]), _members(types[TAKEN])
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Threadline: the socket", "version": "1", "description": protocol.__doc__},
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sent + taken},
                "x-close-codes": {str(code): why for code, why in protocol.CLOSE_CODES.items()},
            }
        },
        "operations": {"push": _operation("send", sent), "take": _operation("receive", taken)},
        "components": {
            "messages": {
                name: {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}} for name in sent + taken
            },
            "schemas": schemas,
        },
    }


def _operation(action: str, names: list[str]) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{name}"} for name in names],
    }


def _name_discriminators(schema: Any) -> None:
    """OpenAPI's discriminator is an object, AsyncAPI's a plain name."""
    if isinstance(schema, list):
        for part in schema:
            _name_discriminators(part)
    elif isinstance(schema, dict):
        if isinstance(schema.get("discriminator"), dict):
            schema["discriminator"] = schema["discriminator"]["propertyName"]
        for part in schema.values():
            _name_discriminators(part)


def main() -> int:
    types = definitions()
    files = {TYPES: wire_ts(types), DOCUMENT: json.dumps(asyncapi(types), indent=1) + "\n"}
    stale = [place for place, text in files.items() if not _is_current(place, text)]
    named = ", ".join(place.name for place in stale)
    if "--check" in sys.argv[1:]:
        print(f"stale: {named}; run tools/gen_types.py" if stale else "the client's types are current")
        return int(bool(stale))
    for place in stale:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(files[place], encoding="utf-8")
    print(f"wrote {named or 'nothing: all is current'}")
    return 0


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
