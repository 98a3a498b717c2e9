"""Pictures to send: taken by what they are, and given to whoever has the link, as carriers must fetch them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from quart import Response

from server.domain.pictures import MAX_BYTES, picture_type
from server.http.call import Answer, Call
from server.http.errors import Problem, not_found
from server.http.rules import MEMBER, PUBLIC, Routes

routes: Final = Routes("media")
public_routes: Final = Routes("media", described=False)


class MediaQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=200)


class MediaOut(BaseModel):
    """`media_id` goes with a text; `url` shows the picture."""

    media_id: UUID
    content_type: str
    size: int
    url: str


@routes.post("/api/v1/media", MEMBER, query=MediaQuery, raw_body_limit=MAX_BYTES, answers={201: MediaOut})
async def add(call: Call, query: MediaQuery, body: AsyncIterator[bytes]) -> Answer:
    """Upload a picture: JPEG, PNG or GIF, at most 5 MB. What it is shows in its bytes, not in its name."""
    content = b"".join([piece async for piece in body])
    kind = picture_type(content)
    if kind is None:
        raise Problem(415, "not_a_picture", "This is not a JPEG, PNG or GIF picture.")
    member = call.member
    picture = await call.deps.pictures.add(member.workspace_id, member.member_id, kind, query.name, content)
    told = MediaOut(media_id=picture.media_id, content_type=kind, size=len(content), url=picture.path)
    return Answer(told, 201)


@public_routes.get("/media/<string(maxlength=64):token>", PUBLIC)
async def media(call: Call, token: str) -> Response:
    """A picture. It never changes, and is never anything but a picture to a browser."""
    found = await call.deps.pictures.content(token)
    if found is None:
        raise not_found()
    response = Response(found[1], content_type=found[0])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Disposition"] = "inline"
    return response
