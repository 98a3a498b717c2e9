"""Who started before whom: the place of the running code in the root's start order.

A place is the path of child positions from the root, (4,) or (4, 0), so places compare as tuples do. The supervisor
sets it for each child; whatever the child starts inherits it, a nursery inside an actor included.
"""

from contextvars import ContextVar
from typing import TypeAlias

from server.actors.runtime.errors import WrongDirection

Order: TypeAlias = tuple[int, ...]

_place: ContextVar[Order | None] = ContextVar("place in the start order", default=None)


def current_order() -> Order | None:
    """The place of the code that is running; None outside of any supervisor (a test, a command line)."""
    return _place.get()


def enter_child(position: int) -> None:
    """From here on this task is the child at *position* (from 0) of the supervisor it was started by."""
    _place.set((*(_place.get() or ()), position))


def check_direction(asked: Order | None, name: str) -> None:
    """Raise `WrongDirection` unless the running code was started after *asked*. Outside of the tree anybody may ask."""
    asker = current_order()
    if asker is not None and asked is not None and not asker > asked:
        raise WrongDirection(f"{name} at {asked} may not be asked from {asker}: only what started earlier may be asked")
