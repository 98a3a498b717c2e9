"""Asks operations of the API as their description allows and as it forbids, and says what is wrong with the answers.

All of it comes from the description, so a route that is added is asked too. Numbers that name something are brought
near to what is there: nearly all others would be a 404 and say nothing of the code behind it.
"""

from __future__ import annotations

import http.client
import json
import time
import zlib
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks, not_a_server_error
from schemathesis.core.result import Err, Ok

from tests.integration.server import WITHIN_S
from tests.spec.course import Asked

load_all_checks()
_CHECKS: Final = [
    not_a_server_error,
    *CHECKS.get_by_names(["content_type_conformance", "response_headers_conformance", "response_schema_conformance"]),
]
_NEAR: Final = 6
"""Ids below this are there, of most kinds, in the demo."""

_STREAM: Final = "text/event-stream"
_PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True)
class Credential:
    """Who asks, and the headers by which the server knows them."""

    who: str
    headers: Mapping[str, str]


@dataclass
class Findings:
    """What came of it. `faults`: each in a line; `statuses`: how often which, of each operation and asker."""

    asked: int = 0
    faults: list[str] = field(default_factory=list)
    statuses: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)

    @property
    def reached(self) -> set[str]:
        """The operations that did what they are for at least once."""
        return {label for (label, _), seen in self.statuses.items() if any(status < 300 for status in seen)}


def operations(document: Mapping[str, Any]) -> Iterator[Any]:
    """All that the description tells of; what takes things away comes last."""
    told = list(schemathesis.openapi.from_dict(_open(document)).get_all_operations())
    assert not [one for one in told if isinstance(one, Err)]
    found = [one.ok() for one in told if isinstance(one, Ok)]
    yield from sorted(found, key=lambda one: (one.method.lower() == "delete", "logout" in one.path))


def _open(document: Mapping[str, Any]) -> dict[str, Any]:
    """The description without its locks: who asks is for us to say."""
    copied: dict[str, Any] = json.loads(json.dumps(document))
    for operation in (one for path in copied["paths"].values() for one in path.values()):
        operation["security"] = []
    return copied


def ask(operation: Any, base_url: str, asking: Sequence[Credential], cases: int, found: Findings) -> None:
    """Ask *operation* with so many cases that its description allows, and half as many that it does not."""
    session = requests.Session()
    session.trust_env = False
    for mode, many in ((GenerationMode.POSITIVE, cases), (GenerationMode.NEGATIVE, max(cases // 2, 1))):
        for number, case in enumerate(_cases(operation, mode, many)):
            one = asking[number % len(asking)]
            if number % 4 != 3:
                _bring_near(case)
            case.headers = {"X-CSRF": "1", **one.headers}
            case.cookies = {}
            found.asked += 1
            status = _ask_one(case, base_url, session, found, one, allowed=mode is GenerationMode.POSITIVE)
            found.statuses.setdefault((operation.label, one.who), Counter())[status] += 1
    session.close()


def walk(
    told: Generator[Asked, Any, None],
    among: Sequence[Any],
    base_url: str,
    asking: Sequence[Credential],
    found: Findings,
) -> None:
    """Ask what *told* asks for, one after the other. What is not granted is a fault, and the last."""
    operations_, credentials = {one.label: one for one in among}, {one.who: one for one in asking}
    session = requests.Session()
    session.trust_env = False
    asked: Asked | None = next(told)
    while asked is not None:
        one, answer = credentials[asked.who], None
        case = _case(operations_[asked.label], asked)
        case.headers = {"X-CSRF": "1", **one.headers}
        until = time.monotonic() + WITHIN_S
        while answer is None or (asked.until and not asked.until(answer.json()) and time.monotonic() < until):
            answer = _granted(case, base_url, session, found, one)
            if answer is None:
                session.close()
                return
        try:
            asked = told.send(answer.json() if "json" in answer.headers.get("content-type", [""])[0] else None)
        except StopIteration:
            asked = None
    session.close()


def _case(operation: Any, asked: Asked) -> Any:
    raw = isinstance(asked.body, bytes)
    return operation.Case(
        path_parameters=dict(asked.path),
        query=dict(asked.query),
        cookies={},
        media_type=None if asked.body is None else "application/octet-stream" if raw else "application/json",
        **({} if asked.body is None else {"body": asked.body}),
    )


def _granted(case: Any, base_url: str, session: requests.Session, found: Findings, one: Credential) -> Any:
    """The answer; None where it is a refusal."""
    response = case.call(base_url=base_url, session=session, timeout=60)
    told = f"{case.operation.label} as {one.who}: {response.status_code} {response.content[:300]!r}"
    found.asked += 1
    found.statuses.setdefault((case.operation.label, one.who), Counter())[response.status_code] += 1
    if response.status_code >= 300:
        found.faults.append(told)
        return None
    try:
        case.validate_response(response, checks=_CHECKS)
    except BaseExceptionGroup as group:
        found.faults += [f"{told}: {fault}" for fault in group.exceptions]
    return response


def _cases(operation: Any, mode: GenerationMode, many: int) -> list[Any]:
    """The same ones in every run."""
    made: list[Any] = []

    @seed(zlib.crc32(f"{operation.label} {mode}".encode()))
    @settings(
        max_examples=many,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        made.append(case)

    try:
        collect()
    except Unsatisfiable:  # nothing can be wrong where nothing is asked for
        return []
    return made[:many]


def _bring_near(case: Any) -> None:
    case.path_parameters = {name: _near(name, value) for name, value in (case.path_parameters or {}).items()}
    case.query = {name: _near(name, value) for name, value in (case.query or {}).items()}
    if isinstance(case.body, (dict, list)):
        case.body = _near("", case.body)


def _near(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _near(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_near(name, inner) for inner in value]
    named = name.endswith(("_id", "_ids", "seq"))
    return 1 + value % _NEAR if named and isinstance(value, int) and not isinstance(value, bool) else value


def _ask_one(
    case: Any, base_url: str, session: requests.Session, found: Findings, one: Credential, *, allowed: bool
) -> int:
    declared = case.operation.definition.raw["responses"]
    told = f"{case.operation.label} as {one.who}: {case.path_parameters} {case.query} {str(case.body)[:300]}"
    if any(_STREAM in answer.get("content", {}) for answer in declared.values()):
        status, kind = _head_of(case, base_url)
    else:
        response = case.call(base_url=base_url, session=session, timeout=60)
        status, kind = response.status_code, response.headers.get("content-type", [""])[0]
        try:
            case.validate_response(response, checks=_CHECKS)
        except BaseExceptionGroup as group:
            found.faults += [f"{told}: {status}: {fault}" for fault in group.exceptions]
    found.faults += [f"{told}: {fault}" for fault in _beyond(status, kind, declared)]
    return status


def _beyond(status: int, kind: str, declared: Mapping[str, Any]) -> Iterator[str]:
    """What the general checks let pass because of `default`."""
    if status < 400 and str(status) not in declared:
        yield f"{status} is not among its answers"
    if status >= 400 and str(status) not in declared and kind != _PROBLEM:
        yield f"{status} is told as {kind}, not as a problem"


def _head_of(case: Any, base_url: str) -> tuple[int, str]:
    """Of an answer that has no end."""
    asked = requests.Request(**case.as_transport_kwargs(base_url=base_url)).prepare()
    connection = http.client.HTTPConnection(base_url.rpartition("/")[2], timeout=60)
    try:
        connection.request(str(asked.method), str(asked.path_url), headers=dict(asked.headers))
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", "")
    finally:
        connection.close()
