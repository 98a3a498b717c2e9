"""Logs say what happened, never what people wrote or what opens a door."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any, Literal

import orjson
import pytest
import structlog
from prometheus_client import generate_latest

from server.observe import Meters, configure_logging, mask, withhold


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def logged(form: Literal["json", "console"] = "json", **said: Any) -> str:
    out = io.StringIO()
    configure_logging("info", form, out)
    structlog.get_logger("threadline").info("something_happened", **said)
    return out.getvalue()


@pytest.mark.parametrize(
    "key",
    [
        "body", "secret", "password", "token", "authorization", "Authorization", "cookie", "message_body",
        "access_token", "api_key", "password_hash", "last_preview", "DATABASE_URL", "text",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_value_under_a_telling_key_is_withheld(key: str, form: Literal["json", "console"]) -> None:
    said = logged(form, **{key: "hush-hush"})
    assert "hush-hush" not in said
    assert "[withheld]" in said


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"inner": {"body": "hush-hush"}}, id="in a mapping in a mapping"),
        pytest.param([{"token": "hush-hush"}], id="in a list"),
        pytest.param(b"hush-hush", id="raw bytes"),
        pytest.param("postgresql://me:hush-hush@db/x", id="in a URL"),
    ],
)
def test_it_does_not_help_to_hide_it_deeper(value: Any) -> None:
    assert "hush-hush" not in logged(detail=value)


def test_what_is_harmless_stays() -> None:
    told = orjson.loads(logged(thread_id=17, state="delivered", ratio=0.5, gone=None, tokens_left=3, context="here"))
    assert (told["thread_id"], told["state"], told["ratio"], told["gone"]) == (17, "delivered", 0.5, None)
    assert (told["event"], told["level"], told["logger"]) == ("something_happened", "info", "threadline")
    assert told["context"] == "here"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("+16175550142", "+1617…42", id="a number"),
        pytest.param("from +16175550142 to +442079460958", "from +1617…42 to +4420…58", id="two numbers"),
        pytest.param("2026-11-20T16:00:00+00:00", "2026-11-20T16:00:00+00:00", id="a time"),
        pytest.param("attempt 12345678901", "attempt 12345678901", id="an id"),
    ],
)
def test_phone_numbers_are_masked_and_nothing_else(said: str, shown: str) -> None:
    assert mask(said) == shown


def test_an_error_does_not_give_away_what_its_words_bear() -> None:
    out = io.StringIO()
    configure_logging("info", "json", out)
    error = RuntimeError("could not reach postgresql://me:hush-hush@db/x for +16175550142")
    structlog.get_logger().error("it_failed", exc_info=error)
    said = out.getvalue()
    assert "RuntimeError" in said
    assert "hush-hush" not in said
    assert "6175550142" not in said


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_values(form: Literal["json", "console"]) -> None:
    """A pretty traceback would print the body that the failing function had in hand."""
    out = io.StringIO()
    configure_logging("info", form, out)

    def fail(body: str) -> None:
        raise ValueError(len(body))

    written = "hush-hush"
    try:
        fail(written)
    except ValueError as error:
        structlog.get_logger().error("it_failed", exc_info=error)
    assert "ValueError" in out.getvalue()
    assert "hush-hush" not in out.getvalue()


def test_records_of_libraries_go_the_same_way() -> None:
    out = io.StringIO()
    configure_logging("info", "json", out)
    logging.getLogger("asyncpg").warning("lost %s", "+16175550142")
    told = orjson.loads(out.getvalue())
    assert (told["event"], told["logger"], told["level"]) == ("lost +1617…42", "asyncpg", "warning")


def test_what_is_below_the_level_is_not_said() -> None:
    out = io.StringIO()
    configure_logging("warning", "json", out)
    structlog.get_logger("threadline").info("something_happened")
    assert not out.getvalue()


def test_withholding_survives_what_cannot_be_read() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    assert withhold(None, "info", {"event": "x", "loop": loop})


def test_two_servers_in_one_process_count_apart() -> None:
    first, second = Meters(), Meters()
    first.login("right")
    assert b'threadline_logins_total{result="right"} 1.0' in generate_latest(first.registry)
    assert b'result="right"' not in generate_latest(second.registry)


def test_every_figure_is_registered() -> None:
    meters = Meters()
    meters.watch_mailboxes("thread", lambda: 2)
    meters.watch_sockets(lambda: 17)
    meters.mt("accepted")
    meters.webhook("inbound", 204)
    meters.login("wrong")
    meters.watch_restarts(lambda: 3)
    said = generate_latest(meters.registry).decode()
    for name in ("mailbox_depth", "sockets", "actor_restarts 3.0", "mt_outcomes", "quarantined", "logins"):
        assert f"threadline_{name}" in said
    assert 'threadline_mailbox_depth{actor="thread"} 2.0' in said
    assert "threadline_sockets 17.0" in said
    assert 'threadline_webhooks_total{kind="inbound",status="204"} 1.0' in said


def test_a_client_library_does_not_log_the_addresses_it_asks_for() -> None:
    out = io.StringIO()
    configure_logging("info", "json", out)
    logging.getLogger("httpx2").info("HTTP Request: GET http://127.0.0.1/Messages.json?To=%2B13125550123")
    logging.getLogger("threadline").info("heard")
    assert "heard" in out.getvalue()
    assert "3125550123" not in out.getvalue()
