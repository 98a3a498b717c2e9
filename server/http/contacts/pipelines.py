"""Pipelines and their stages. Another workspace's are not there; one in which contacts stand goes only when told so."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from server.http.call import Answer, Call
from server.http.contacts.tags import taken
from server.http.errors import Problem, not_found
from server.http.ids import part
from server.http.rules import MEMBER, Routes
from server.ports.catalogue import InUse, Pipeline, Stage

_PIPELINE: Final = f"/api/v1/pipelines/{part('pipeline_id')}"
_STAGE: Final = f"{_PIPELINE}/stages/{part('stage_id')}"

Name = Annotated[
    str, Field(max_length=80), AfterValidator(lambda written: " ".join(written.split())), Field(min_length=1)
]
Place = Annotated[int, Field(ge=0, le=1000)]

routes: Final = Routes("pipelines")


class StageOut(BaseModel):
    """`contacts`: how many stand in it."""

    stage_id: int
    name: str
    position: int
    contacts: int


class PipelineOut(BaseModel):
    """A pipeline with its stages in their order."""

    pipeline_id: int
    name: str
    position: int
    stages: list[StageOut]


class PipelinesOut(BaseModel):
    """In their order."""

    pipelines: list[PipelineOut]


class PipelineIn(BaseModel):
    """`stages` by name, in their order."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    stages: list[Name] = Field(default_factory=list, max_length=50)

    @field_validator("stages")
    @classmethod
    def _differ(cls, stages: list[str]) -> list[str]:
        if len({name.lower() for name in stages}) < len(stages):
            raise ValueError("Two stages have the same name")
        return stages


class PipelinePatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    position: Place | None = None


class NewStageIn(BaseModel):
    """`position` is its place among the stages, from 0; left out, it is the last."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    position: Place | None = None


class StagePatch(BaseModel):
    """`position`: the others move."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    position: Place | None = None


class RemovalQuery(BaseModel):
    """`even_in_use`: the contacts that stand in it fall out."""

    model_config = ConfigDict(extra="forbid")

    even_in_use: bool = False


@routes.get("/api/v1/pipelines", MEMBER, answers={200: PipelinesOut})
async def pipelines(call: Call) -> Answer:
    """All pipelines with their stages, and how many contacts stand in each."""
    return Answer({"pipelines": await call.deps.catalogue.pipelines(call.member.workspace_id)})


@routes.post("/api/v1/pipelines", MEMBER, body=PipelineIn, answers={201: PipelineOut})
async def add_pipeline(call: Call, body: PipelineIn) -> Answer:
    """Make a pipeline, with stages if they are given."""
    made = await call.deps.catalogue.add_pipeline(call.member.workspace_id, body.name, body.stages)
    if isinstance(made, Pipeline):
        return Answer(_pipeline(made), 201)
    raise taken(made)


@routes.patch(_PIPELINE, MEMBER, body=PipelinePatch, answers={200: PipelineOut})
async def change_pipeline(call: Call, pipeline_id: int, body: PipelinePatch) -> Answer:
    """Rename or move a pipeline."""
    changed = await call.deps.catalogue.change_pipeline(
        call.member.workspace_id, pipeline_id, name=body.name, position=body.position
    )
    if isinstance(changed, Pipeline):
        return Answer(_pipeline(changed))
    raise taken(changed)


@routes.delete(_PIPELINE, MEMBER, query=RemovalQuery, answers={204: None})
async def remove_pipeline(call: Call, pipeline_id: int, query: RemovalQuery) -> Answer:
    """Delete a pipeline. 409 while contacts stand in it, with how many."""
    removed = await call.deps.catalogue.remove_pipeline(
        call.member.workspace_id, pipeline_id, even_in_use=query.even_in_use
    )
    return _removed(removed)


@routes.post(f"{_PIPELINE}/stages", MEMBER, body=NewStageIn, answers={201: StageOut})
async def add_stage(call: Call, pipeline_id: int, body: NewStageIn) -> Answer:
    """Add a stage to a pipeline."""
    made = await call.deps.catalogue.add_stage(call.member.workspace_id, pipeline_id, body.name, body.position)
    if isinstance(made, Stage):
        return Answer(_stage(made), 201)
    raise taken(made)


@routes.patch(_STAGE, MEMBER, body=StagePatch, answers={200: StageOut})
async def change_stage(call: Call, pipeline_id: int, stage_id: int, body: StagePatch) -> Answer:
    """Rename or move a stage."""
    changed = await call.deps.catalogue.change_stage(
        call.member.workspace_id, pipeline_id, stage_id, name=body.name, position=body.position
    )
    if isinstance(changed, Stage):
        return Answer(_stage(changed))
    raise taken(changed)


@routes.delete(_STAGE, MEMBER, query=RemovalQuery, answers={204: None})
async def remove_stage(call: Call, pipeline_id: int, stage_id: int, query: RemovalQuery) -> Answer:
    """Delete a stage. 409 while contacts stand in it, with how many."""
    removed = await call.deps.catalogue.remove_stage(
        call.member.workspace_id, pipeline_id, stage_id, even_in_use=query.even_in_use
    )
    return _removed(removed)


def _removed(outcome: InUse | bool) -> Answer:
    match outcome:
        case InUse(contacts=count):
            who = "1 contact stands" if count == 1 else f"{count:,} contacts stand"
            raise Problem(409, "in_use", f"{who} in it.", more={"contacts": count})
        case False:
            raise not_found()
        case _:
            return Answer(status=204)


def _pipeline(pipeline: Pipeline) -> PipelineOut:
    return PipelineOut(
        pipeline_id=pipeline.pipeline_id,
        name=pipeline.name,
        position=pipeline.position,
        stages=[_stage(stage) for stage in pipeline.stages],
    )


def _stage(stage: Stage) -> StageOut:
    return StageOut(stage_id=stage.stage_id, name=stage.name, position=stage.position, contacts=stage.contacts)
