"""Decides which files are kept as a proof of consent: what a browser shows safely, and what the bytes are in truth."""

from collections.abc import Mapping
from typing import Final

MOST_BYTES: Final = 5_000_000
MOST_NAME: Final = 120

_SIGNS: Final[Mapping[str, bytes]] = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
_TEXTS: Final[Mapping[str, str]] = {".txt": "text/plain", ".csv": "text/csv", ".eml": "message/rfc822"}

ENDINGS: Final[Mapping[str, str]] = {
    "application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg",
    **{kind: ending for ending, kind in _TEXTS.items()},
}  # fmt: skip
"""The types that are kept, and the ending of each."""


def kind_of(name: str, content: bytes) -> str | None:
    """The type of a file by its bytes, and of plain text by its name; None for what is not kept.

    >>> kind_of("form.png", b"%PDF-1.7 ...")
    'application/pdf'
    >>> kind_of("form.html", b"<script>") is None
    True
    """
    for kind, sign in _SIGNS.items():
        if content.startswith(sign):
            return kind
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    return _TEXTS.get(ending) if content.strip() and b"\0" not in content else None


def clean_name(name: str) -> str:
    """*name* without folders and without what a file's name must not bear, at most `MOST_NAME` characters.

    >>> clean_name("C:\\\\Users\\\\dana\\\\form.pdf")
    'form.pdf'
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if c.isprintable() and c not in '"<>:|?*').strip(" .")
    return kept[-MOST_NAME:] or "proof"
