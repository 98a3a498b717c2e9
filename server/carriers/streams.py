"""The kept-alive streams of one carrier account, one for each worker, and what a request over one of them came to."""

from collections.abc import Callable

from server.carriers.answer import Answer
from server.carriers.wire import NotOnWire, Origin, OutcomeUnknown, Wire
from server.domain.carrier import BeforeFirstByte, NotSent, Outcome, Unknown


class Streams:
    """Opens a worker's stream with its first request. One request at a time for each worker."""

    def __init__(self, origin: Origin, *, connect_s: float, answer_s: float) -> None:
        self._origin, self._connect_s, self._answer_s = origin, connect_s, answer_s
        self._wires: dict[int, Wire] = {}

    async def post(
        self, request: bytes, before_first_byte: BeforeFirstByte, worker: int, read: Callable[[Answer], Outcome]
    ) -> Outcome:
        """*request* (head and body) over the stream of *worker*, its answer understood by *read*. Faults are values."""
        wire = self._wires.get(worker)
        if wire is None:
            wire = self._wires[worker] = Wire(self._origin, connect_s=self._connect_s, answer_s=self._answer_s)
        try:
            answer = await wire.exchange(request, before_first_byte)
        except NotOnWire as error:
            return NotSent(str(error), error.voided)
        except OutcomeUnknown as error:
            return Unknown(str(error))
        return read(answer)

    def close(self) -> None:
        """Drop the idle streams."""
        for wire in self._wires.values():
            wire.close()
        self._wires.clear()
