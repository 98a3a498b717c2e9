"""What the API of saved texts takes and tells: bodies, queries and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from server.domain.filling import MAX_TEXT, one_line_end
from server.domain.tokens import FaultKind
from server.http.texts.threads import Ordinal


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("Write something first.")
    return text


def _one_line(text: str) -> str:
    return _said(" ".join(text.replace("\0", "").split()))


Name = Annotated[str, StringConstraints(max_length=80), AfterValidator(_one_line)]
Body = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(one_line_end)]
SaidBody = Annotated[Body, AfterValidator(_said)]
Answers = Annotated[dict[str, Annotated[str, StringConstraints(max_length=400)]], Field(max_length=100)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


# What comes in


class TemplatesQuery(In):
    """`q`: every word of it stands in the name or the text. `folder_id` 0: those in no folder."""

    q: str = Field(default="", max_length=200)
    whose: Literal["all", "shared", "own"] = "all"
    folder_id: Ordinal | None = None


class TemplateIn(In):
    """`shared`: everybody in the workspace uses and edits it. Refused with its faults where it has some."""

    name: Name
    body: SaidBody
    shared: bool = True
    folder_id: Ordinal | None = None


class TemplatePatch(In):
    """What is given changes. With `version`, only where that is the present one; else a 409 with the present row."""

    name: Name | None = None
    body: SaidBody | None = None
    shared: bool | None = None
    folder_id: Ordinal | None = None
    version: Ordinal | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> TemplatePatch:
        for name in ("name", "body", "shared"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"The {name} cannot be null. Leave it out to keep it.")
        return self


class VersionQuery(In):
    version: Ordinal | None = None


class FolderIn(In):
    name: Name
    shared: bool = True


class FolderPatch(In):
    name: Name


class CheckIn(In):
    body: Body


class RenderIn(In):
    """For a contact, for whoever a thread is with, or for nobody in particular. `answers`, by token, for what lacks."""

    body: Body
    contact_id: Ordinal | None = None
    thread_id: Ordinal | None = None
    answers: Answers = Field(default_factory=dict)

    @model_validator(mode="after")
    def _for_one(self) -> RenderIn:
        if self.contact_id is not None and self.thread_id is not None:
            raise ValueError("Give contact_id or thread_id, not both.")
        return self


# What goes out


class TemplateFaultOut(BaseModel):
    """What is wrong at `at`, `length` long, in code points. `instead` may go in its place: it is what was likely meant.

    `placeholder`: a literal {{custom_field}}; ask which field is meant.
    """

    kind: FaultKind
    at: int
    length: int
    sentence: str
    instead: str | None


class TokenOut(BaseModel):
    """A token that may be used. `kind` and `choices` are those of a field of the workspace's own."""

    name: str
    label: str
    custom: bool
    kind: str
    choices: list[str]


class RenderedCostlyOut(BaseModel):
    """A character outside of GSM-7, and where it stands first (code points)."""

    char: str
    at: int


class RenderedSegmentsOut(BaseModel):
    """What the text costs as it stands. `plain_count`: with typographic characters replaced by their plain kin."""

    count: int
    encoding: str
    units: int
    units_left: int
    costly: list[RenderedCostlyOut]
    plain_count: int


class TemplateOut(BaseModel):
    """A saved text. It may have faults all the same: a field that it names was removed."""

    template_id: int
    name: str
    body: str
    shared: bool
    mine: bool
    folder_id: int | None
    version: int
    used: int
    used_at: datetime | None
    author: str | None
    changed_at: datetime
    tokens: list[str]
    faults: list[TemplateFaultOut]


class TemplatesOut(BaseModel):
    """By name."""

    rows: list[TemplateOut]


class FolderOut(BaseModel):
    folder_id: int
    name: str
    shared: bool
    templates: int


class FoldersOut(BaseModel):
    """By name."""

    rows: list[FolderOut]


class TokensOut(BaseModel):
    """Those of every workspace, then this one's own fields."""

    tokens: list[TokenOut]


class UsedOut(BaseModel):
    used: int


class CheckedOut(BaseModel):
    """`tokens` are the names that it asks for."""

    faults: list[TemplateFaultOut]
    tokens: list[str]


class RenderedOut(BaseModel):
    """`text` is what is sent, byte for byte; null where there are faults. Nothing with something `missing` can be sent.

    `values` are those of the tokens that the body names, by name; null where there is none.
    """

    text: str | None
    faults: list[TemplateFaultOut]
    missing: list[TokenOut]
    values: dict[str, str | None]
    segments: RenderedSegmentsOut
    characters: int
    too_long: bool
