"""Serves the browser client's files: known by name at start, so that no path of a request ever touches the disk."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quart import Response, request

from server.http.call import Call
from server.http.errors import Problem
from server.http.rules import PUBLIC, Handler, Routes

PAGES: Final = (
    "/",
    "/login",
    "/phone/sms",
    "/phone/sms/<int:thread_id>",
    "/phone/sms/review",
    "/phone/sms/history",
    "/sms/campaigns",
    "/sms/campaigns/new",
    "/sms/campaigns/<int:campaign_id>",
    "/sms/campaigns/<int:campaign_id>/edit/<string:step>",
    "/people",
    "/people/<int:contact_id>",
    "/people/import",
    "/templates",
    "/templates/new",
    "/templates/<int:template_id>",
    "/bulk",
    "/bulk/<int:bulk_id>",
    "/settings",
    "/settings/audit",
    "/settings/consent",
    "/settings/fields",
    "/settings/tokens",
    "/settings/webhooks",
    "/dialer",
    "/system",
    "/system/sending",
)
"""The client's own pages: each is index.html, and the client's router takes it from there."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
"""What a page may load: its own files alone. Styles are in files too: all tokens are built into one sheet."""

_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_ODD: Final = frozenset("<>%?#")  # the router reads them in its own way; no built file bears one
_WORTH_PACKING: Final = 1024
_PACKED_ALREADY: Final = ("image/png", "image/jpeg", "image/webp", "font/woff2")


@dataclass(frozen=True, slots=True)
class ClientFile:
    """`packed` is the content under gzip, None where that gains nothing. `etag` is quoted."""

    content: bytes
    packed: bytes | None
    mime: str
    etag: str
    immutable: bool


def read_client(folder: Path) -> dict[str, ClientFile]:
    """Every file of the built client by its path, like `/assets/index-4f1c.js`; empty where it was not built.

    Symbolic links are left out, since they could show what was never meant to be shown.
    """
    found = {}
    for place in sorted(folder.rglob("*")):
        if place.is_file() and not place.is_symlink() and not _ODD & set(place.name):
            name = "/" + place.relative_to(folder).as_posix()
            found[name] = _read(place, immutable=name.startswith("/assets/"))
    return found


def _read(place: Path, *, immutable: bool) -> ClientFile:
    content = place.read_bytes()
    mime = mimetypes.guess_type(place.name)[0] or "application/octet-stream"
    packable = len(content) >= _WORTH_PACKING and mime not in _PACKED_ALREADY
    packed = gzip.compress(content, 6, mtime=0) if packable else None
    return ClientFile(content, packed, mime, f'"{hashlib.sha256(content).hexdigest()[:32]}"', immutable)


def client_routes(folder: Path) -> Routes:
    """One route for each file and for each page; anything else is not there."""
    routes = Routes("client", described=False)
    files = read_client(folder)
    index = files.pop("/index.html", None)

    async def page(call: Call, **_: int) -> Response:
        """The client."""
        if index is None:
            raise Problem(503, "no_client", "The browser client was not built; ./run builds it.")
        response = Response(index.content, content_type="text/html; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = POLICY
        return response

    for path in PAGES:
        routes.get(path, PUBLIC)(page)
    for name, file in files.items():
        routes.get(name, PUBLIC)(_sender(file))
    return routes


def _sender(file: ClientFile) -> Handler:
    async def send(call: Call) -> Response:
        """A file of the client."""
        if request.if_none_match.contains_raw(file.etag):
            response = Response(b"", 304)
        elif file.packed is not None and request.accept_encodings.quality("gzip") > 0:
            response = Response(file.packed, content_type=file.mime)
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = Response(file.content, content_type=file.mime)
        response.headers["ETag"] = file.etag
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = _IMMUTABLE if file.immutable else "no-cache"
        return response

    return send
