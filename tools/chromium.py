"""Which browser the tests drive: any Chromium or Chrome, by choice the one that has no windows of its own."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

VARIABLE: Final = "THREADLINE_CHROMIUM"
"""Names a browser that goes before all others."""

# The headless shell is the same engine; a whole browser renders pages of its own beside each page of the tests.
NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES: Final = ("chromium-headless-shell", "chromium")
"""Of Debian; older ones have the second only."""


def find() -> str | None:
    """The one that the environment names, else the first on the path."""
    return os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)


def can_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def install(apt_get: Callable[..., bool]) -> bool:
    """The first of the packages that there is, and a font; whether *apt_get* could."""
    options = ("install", "-y", "--no-install-recommends")
    return apt_get("update") and any(apt_get(*options, package, "fonts-dejavu-core") for package in PACKAGES)
