"""The composition root: the only place that knows which adapters are real, and what begins before what."""

from server.app.main import run, run_node
from server.app.node import read_plan
from server.app.parent import run_parent

__all__ = ["read_plan", "run", "run_node", "run_parent"]
