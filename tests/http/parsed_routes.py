"""Each test has an app of its own, of the same 130 routes: what was read out of one is kept for the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from server.http.routing import LateRule

_READ: Final = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")


@pytest.fixture(scope="session", autouse=True)
def routes_are_parsed_once() -> Iterator[None]:
    """A rule takes what another one with the same words, between the same slashes, was found to mean."""
    read: dict[tuple[Any, ...], dict[str, Any]] = {}
    plain = LateRule.compile

    def compile_once(rule: LateRule) -> None:
        defaults = tuple((rule.defaults or {}).items())
        words = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, defaults)
        if words not in read:
            plain(rule)
            read[words] = {name: getattr(rule, name) for name in _READ}
        vars(rule).update(read[words])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LateRule, "compile", compile_once)
        yield
