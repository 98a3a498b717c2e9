"""What a test, a bench or the demo may tell the simulated carrier at run time: the body of `POST /_control`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from server.carriers.simulator.faults import BEHAVIOURS


def _known(name: str) -> str:
    if name not in BEHAVIOURS:
        raise ValueError(f"no such behaviour; there are {', '.join(BEHAVIOURS)}")
    return name


BehaviourName = Annotated[str, AfterValidator(_known)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FaultSettings(_Command):
    """Only what is given changes. *script* are behaviours for the next requests, one each, before all others."""

    slow_ms: float | None = Field(None, ge=0)
    rate: float | None = Field(None, ge=0, le=1)
    kinds: list[BehaviourName] | None = Field(None, min_length=1)
    script: list[BehaviourName] | None = None


class HandsetText(_Command):
    """A handset sends a text. *opt_out_type* as if the carrier had answered the keyword itself.

    *silent*: it is in the carrier's list only and no webhook is posted, as after an outage.
    """

    from_: str = Field(alias="from")
    to: str
    body: str
    media: list[tuple[str, str]] = []
    opt_out_type: Literal["STOP", "START", "HELP"] | None = None
    silent: bool = False
    sid: str | None = Field(None, pattern=r"^(SM|MM)[0-9a-f]{32}$")
    copies: int = Field(1, ge=1, le=100)


class Control(_Command):
    """Any of these; they are done in this order, then the state is answered.

    *webhook_base* is where webhooks go from now on: for a server that starts after its carrier, or again elsewhere.
    *personas* that are silent neither answer nor begin.
    """

    faults: FaultSettings | None = None
    webhooks: Literal["run", "pause", "drop"] | None = None
    personas: Literal["lively", "silent"] | None = None
    webhook_base: str | None = Field(None, pattern=r"^http://(127\.0\.0\.1|localhost|\[::1\]):[0-9]+/?$")
    mo: HandsetText | None = None
