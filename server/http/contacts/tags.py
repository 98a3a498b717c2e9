"""Tags, and who works in a workspace. Another workspace's are not there."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from server.http.call import Answer, Call
from server.http.contacts.models import TagName
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ports.catalogue import Tag
from server.ports.contacts import Refused

_TAG: Final = f"/api/v1/tags/{part('tag_id')}"

routes: Final = Routes("tags")


class TagOut(BaseModel):
    """`contacts`: how many have it."""

    tag_id: int
    name: str
    contacts: int


class TagsOut(BaseModel):
    """By name."""

    tags: list[TagOut]


class TagIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: TagName


class ColleagueOut(BaseModel):
    member_id: int
    name: str
    email: str
    role: str


class ColleaguesOut(BaseModel):
    """By name."""

    members: list[ColleagueOut]


@routes.get("/api/v1/tags", MEMBER, answers={200: TagsOut})
async def tags(call: Call) -> Answer:
    """All tags, with how many contacts have each."""
    return Answer({"tags": await call.deps.catalogue.tags(call.member.workspace_id)})


@routes.post("/api/v1/tags", MEMBER, body=TagIn, answers={200: TagOut})
async def add_tag(call: Call, body: TagIn) -> Answer:
    """Make a tag. One of that name, whatever its capitals, is given as it is."""
    return Answer(_tag(await call.deps.catalogue.add_tag(call.member.workspace_id, body.name)))


@routes.patch(_TAG, MEMBER, body=TagIn, answers={200: TagOut})
async def rename_tag(call: Call, tag_id: int, body: TagIn) -> Answer:
    """Give a tag another name."""
    renamed = await call.deps.catalogue.rename_tag(call.member.workspace_id, tag_id, body.name)
    if isinstance(renamed, Tag):
        return Answer(_tag(renamed))
    raise taken(renamed)


@routes.delete(_TAG, MEMBER, answers={204: None})
async def remove_tag(call: Call, tag_id: int) -> Answer:
    """Delete a tag, from everybody who has it too."""
    if not await call.deps.catalogue.remove_tag(call.member.workspace_id, tag_id):
        raise not_found()
    return Answer(status=204)


@routes.get("/api/v1/members", MEMBER, answers={200: ColleaguesOut})
async def members(call: Call) -> Answer:
    """Who works here, and can look after contacts."""
    return Answer({"members": await call.deps.catalogue.members(call.member.workspace_id)})


def _tag(tag: Tag) -> TagOut:
    return TagOut(tag_id=tag.tag_id, name=tag.name, contacts=tag.contacts)


def taken(outcome: Refused | None) -> Problem:
    """A name that is taken, or nothing that could be renamed."""
    return not_found() if outcome is None else Problem(409, "taken", outcome.sentence, field=outcome.field)
