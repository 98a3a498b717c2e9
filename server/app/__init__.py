"""The composition root: the only place that knows which adapters are real, and what begins before what."""

from server.app.main import run

__all__ = ["run"]
