"""Says in one sentence why installing failed, and what a person can do about it."""

import errno
import re
from pathlib import Path

_NEW_PYTHON = "On Debian or Ubuntu: apt-get install python3-venv."
# The first that is found in what the installers said; their wording is uv's, pip's, npm's and the kernel's.
_FAULTS = (
    (r"No space left on device|ENOSPC|os error 28|Disk quota exceeded|EDQUOT", "The disk is full: {root} needs 1 GB."),
    (r"Read-only file system|EROFS|os error 30", "{root} is read-only, and not all is installed yet; clone elsewhere."),
    (r"ensurepip is not|No module named (venv|ensurepip|pip)", f"This Python has no venv module. {_NEW_PYTHON}"),
    (r"Permission denied|EACCES|os error 13", "A file in {root} or in a cache belongs to another user; see {log}."),
    (
        r"dns error|error sending request|Temporary failure in name|Could not connect|Connection refused|ENOTFOUND"
        r"|EAI_AGAIN|ECONNREFUSED|NewConnectionError|Failed to fetch",
        "The package index could not be reached (see {log}); installing needs the network, later starts do not.",
    ),
)


class InstallError(Exception):
    """Installing failed; the text is for the person at the terminal."""


def sentence_of_error(error: OSError, root: Path) -> str:
    """The sentence for a file of ours that could not be written."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk is full: {root} needs 1 GB."
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return f"{root} cannot be written, and not all is installed yet; make it writable or clone elsewhere."
        case _:
            return f"{error.filename or root} cannot be used: {error.strerror}."


def sentence_of_log(said: str, step: str, log: Path) -> str:
    """The sentence for an installer that failed at *step*; unless the reason is known its last lines come before it."""
    for pattern, sentence in _FAULTS:
        if re.search(pattern, said):
            return sentence.format(root=log.parent.parent, log=log)
    return "\n".join([*said.splitlines()[-20:], f"{step} failed; all that was said is in {log}."])
