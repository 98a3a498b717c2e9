"""Decides what a picture is, by its first bytes: what a name or a browser says of a file proves nothing."""

from typing import Final, Literal

PictureType = Literal["image/jpeg", "image/png", "image/gif"]

MAX_BYTES: Final = 5_000_000
"""What carriers take in one picture message, all together; most handsets get less, and carriers scale down."""

_SIGNS: Final[tuple[tuple[bytes, PictureType], ...]] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def picture_type(first: bytes) -> PictureType | None:
    """The type of a file that begins with *first*; None where it is no picture that every carrier takes.

    >>> picture_type(b"GIF89a..."), picture_type(b"<svg onload=...")
    ('image/gif', None)
    """
    return next((kind for sign, kind in _SIGNS if first.startswith(sign)), None)
