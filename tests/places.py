"""Where tests put the databases that they make."""

import os
import shutil
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - folders of our own are made in it
_ENOUGH_BYTES: Final = 2 * 1024**3


def quickest_place() -> Path | None:
    """Memory where there is plenty: a cluster is 1,300 files, and on a disk they cost most of many a test."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ENOUGH_BYTES:
        return None
    return _MEMORY
