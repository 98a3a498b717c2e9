"""Whether frames are those that the AsyncAPI document tells of."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import orjson

from server import ws

_OF: Final = {"heard": "push", "said": "take"}


@cache
def _validator(operation: str) -> Any:
    """Of any message of *operation*, as the document has them."""
    document = orjson.loads((Path(ws.__path__[0]) / "asyncapi.json").read_bytes())
    names = [one["$ref"].rpartition("/")[2] for one in document["operations"][operation]["messages"]]
    messages = [document["components"]["messages"][name]["payload"] for name in names]
    return jsonschema_rs.Draft202012Validator({"anyOf": messages, "components": document["components"]})


def undescribed(told: Iterable[str]) -> list[str]:
    """Those of a tab's frames (`Tab.told`) that the document does not know."""
    found = []
    for line in told:
        way, _, text = line.partition(" ")
        if not _validator(_OF[way]).is_valid(orjson.loads(text)):
            found.append(line)
    return found
