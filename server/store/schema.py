"""Finds schema.sql, the canonical schema: at the repository's root in a checkout, beside `server/` in a wheel."""

from pathlib import Path

_SERVER = Path(__file__).resolve().parent.parent
_PLACES = (_SERVER.parent / "schema.sql", _SERVER / "schema.sql")


def schema_sql() -> str:
    """The text of schema.sql, from the checkout when there is one, else from the installed package.

    A checkout comes first because an older build may have left a copy in the package's folder.
    Raises FileNotFoundError when neither is there.
    """
    for place in _PLACES:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise FileNotFoundError(f"schema.sql is neither at {_PLACES[0]} nor at {_PLACES[1]}; install Threadline again.")
