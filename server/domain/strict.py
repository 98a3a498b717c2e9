"""Reads tables of a file that people edit: a key that means nothing, or a missing word, is a fault and no default.

The fault is the caller's own exception, so that whoever reads a file catches one kind.
"""

from collections.abc import Collection, Mapping
from typing import Any


def only(fault: type[ValueError], entry: Mapping[str, Any], keys: Collection[str], where: str) -> None:
    """Raises *fault* where *entry* has another key than *keys*; *where* is its place in the file, for people."""
    if strange := sorted(set(entry) - set(keys)):
        raise fault(f"{where}: {strange[0]} means nothing here.")


def word(fault: type[ValueError], entry: Mapping[str, Any], key: str, where: str) -> str:
    """The text that stands under *key*. Raises *fault* where there is none."""
    found = entry.get(key)
    if not isinstance(found, str) or not found.strip():
        raise fault(f"{where}: {key} is missing.")
    return found
