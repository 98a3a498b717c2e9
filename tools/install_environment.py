"""Decides the environment that installers see: no download of a Python, nobody else's virtual environment, caches."""

import os
import tempfile
from pathlib import Path


def installers_environment(root: Path) -> dict[str, str]:
    """Our environment for installers: no Python is downloaded, and caches go below *root* if the home is unwritable."""
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_SYSTEM_PYTHON", "UV_PROJECT_ENVIRONMENT"):
        env.pop(name, None)
    if not _home_is_writable(env):
        env.setdefault("UV_CACHE_DIR", str(root / ".uv" / "cache"))
        env.setdefault("npm_config_cache", str(root / ".cache" / "npm"))
        env.setdefault("PIP_NO_CACHE_DIR", "1")
        env["HOME"] = str(root / ".cache")
    return env


def _home_is_writable(env: dict[str, str]) -> bool:
    """Whether caches can be kept at home. Tried, since root is told that it may write where nobody can."""
    home = env.get("HOME")
    if not home:
        return False
    for folder in (Path(env.get("XDG_CACHE_HOME") or Path(home, ".cache")), Path(home)):
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        try:
            tempfile.TemporaryFile(dir=nearest).close()
        except OSError:
            return False
    return True
