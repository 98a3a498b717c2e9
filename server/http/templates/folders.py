"""Folders of saved texts: everybody's and a member's own."""

from __future__ import annotations

from typing import Final

from server.http.call import Answer, Call
from server.http.errors import not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.http.templates.models import FolderIn, FolderOut, FolderPatch, FoldersOut
from server.http.templates.wire import name_taken, too_many
from server.ports.templates import NameTaken, TemplateFolder, TooMany

_FOLDER: Final = f"/api/v1/template-folders/{part('folder_id')}"

routes: Final = Routes("templates")


@routes.get("/api/v1/template-folders", MEMBER, answers={200: FoldersOut})
async def template_folders(call: Call) -> Answer:
    """The folders that this member sees."""
    folders = await call.deps.templates.folders(call.member.workspace_id, call.member.member_id)
    return Answer(FoldersOut(rows=[_out(folder) for folder in folders]))


@routes.post("/api/v1/template-folders", MEMBER, body=FolderIn, answers={201: FolderOut})
async def add_template_folder(call: Call, body: FolderIn) -> Answer:
    """Make a folder."""
    member = call.member
    outcome = await call.deps.templates.add_folder(member.workspace_id, member.member_id, body.name, shared=body.shared)
    return Answer(_saved(outcome), 201)


@routes.patch(_FOLDER, MEMBER, body=FolderPatch, answers={200: FolderOut})
async def rename_template_folder(call: Call, folder_id: int, body: FolderPatch) -> Answer:
    """Rename a folder."""
    member = call.member
    outcome = await call.deps.templates.rename_folder(member.workspace_id, member.member_id, folder_id, body.name)
    if outcome is None:
        raise not_found()
    return Answer(_saved(outcome))


@routes.delete(_FOLDER, MEMBER, answers={204: None})
async def remove_template_folder(call: Call, folder_id: int) -> Answer:
    """Remove a folder. Its templates stay, in none."""
    member, now = call.member, call.deps.clock.wall()
    if not await call.deps.templates.remove_folder(member.workspace_id, member.member_id, folder_id, now):
        raise not_found()
    return Answer(status=204)


def _saved(outcome: TemplateFolder | NameTaken | TooMany) -> FolderOut:
    match outcome:
        case NameTaken():
            raise name_taken("folder")
        case TooMany(most=most):
            raise too_many(most, "folders")
        case TemplateFolder():
            return _out(outcome)


def _out(folder: TemplateFolder) -> FolderOut:
    return FolderOut(folder_id=folder.folder_id, name=folder.name, shared=folder.shared, templates=folder.templates)
