"""The build hook: the browser client is built when Threadline is installed, and the schema travels in the wheel."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface  # type: ignore[import-not-found]  # hatchling exists only in the build's environment

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# Hatchling loads this file by its path, so the root had to be added first.
from tools import web_build


class ThreadlineBuildHook(BuildHookInterface):  # type: ignore[misc]  # its base is unknown to mypy, see above
    """Runs for a wheel and for an editable install alike."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, only if it is needed and absent."""
        root = Path(self.root)
        needless = _without_client() or web_build.is_current(root) or web_build.find_npm(root)
        return [] if needless else [web_build.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the client; an editable install reads the schema from the checkout."""
        if self.target_name != "wheel":
            return
        try:
            if not _without_client():
                web_build.build(Path(self.root))
        except web_build.WebBuildError as error:
            raise SystemExit(str(error)) from error
        if version != "editable":
            build_data["force_include"]["schema.sql"] = "server/schema.sql"


def _without_client() -> bool:
    return os.environ.get(web_build.WITHOUT_CLIENT) == "1"
