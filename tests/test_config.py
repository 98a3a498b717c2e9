"""Settings are read once, and what is wrong is told in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from server.config import Config, ConfigError, load_config, without_real_credentials

DATABASE = {"DATABASE_URL": "postgresql://threadline:hush-hush@db.example/threadline"}


def serve(**environ: str) -> Config:
    return load_config("serve", DATABASE | environ)


def test_a_newcomer_gets_a_demo_on_this_machine_only() -> None:
    config = load_config("demo", {})
    assert (config.host, config.port, str(config.data_dir)) == ("127.0.0.1", 8765, ".threadline")
    assert config.rehearsal


def test_every_setting_of_the_environment_is_read() -> None:
    config = serve(
        PUBLIC_URL="https://SMS.example.com:443/",
        TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1",
        THREADLINE_HOST="192.0.2.7",
        THREADLINE_PORT="0",
        THREADLINE_LADDER="1,2.5,4",
        THREADLINE_LOG_FORMAT="json",
    )
    assert config.public_url == "https://sms.example.com"
    assert config.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"))
    assert (config.host, config.port, config.ladder_s) == ("192.0.2.7", 0, (1.0, 2.5, 4.0))


def test_a_flag_outranks_the_environment() -> None:
    assert load_config("demo", {"THREADLINE_PORT": "9000"}, port=9100).port == 9100
    assert load_config("demo", {"THREADLINE_PORT": "9000"}, port=None).port == 9000


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        pytest.param(
            {"THREADLINE_HOST": "192.0.2.7"},
            "PUBLIC_URL must be an https URL because the server listens beyond this machine.",
            id="beyond this machine without a public URL",
        ),
        pytest.param(
            {"THREADLINE_HOST": "::", "PUBLIC_URL": "http://sms.example.com"},
            "PUBLIC_URL must be an https URL because the server listens beyond this machine.",
            id="beyond this machine without TLS",
        ),
        pytest.param(
            {"PUBLIC_URL": "sms.example.com"},
            "PUBLIC_URL must be a scheme and a host without a path, such as https://sms.example.com.",
            id="a public URL without its scheme",
        ),
        pytest.param(
            {"DATABASE_URL": "mysql://x:hush-hush@y/z"},
            "DATABASE_URL must begin with postgresql://.",
            id="another kind of database",
        ),
        pytest.param(
            {"TRUSTED_PROXIES": "proxy.example.com"},
            "TRUSTED_PROXIES must be networks separated by commas, such as 10.0.0.0/8,127.0.0.1.",
            id="a proxy by name",
        ),
        pytest.param(
            {"THREADLINE_LADDER": "60,10"},
            "THREADLINE_LADDER must be rising seconds, such as 10,60,300,900.",
            id="a ladder that falls",
        ),
        pytest.param(
            {"THREADLINE_SIMULATED": "1", "THREADLINE_WALL_CLOCK": "2026-03-10T15:00:00"},
            "THREADLINE_WALL_CLOCK must be a time with its zone, such as 2026-03-10T15:00:00Z.",
            id="a time without a zone",
        ),
        pytest.param(
            {"THREADLINE_WALL_CLOCK": "2026-03-10T15:00:00Z"},
            "THREADLINE_WALL_CLOCK is for rehearsals only: set THREADLINE_SIMULATED=1 as well, or leave it out.",
            id="a shifted clock for real people",
        ),
        pytest.param(
            {"THREADLINE_KILL_AT": "t1_before:1"},
            "THREADLINE_KILL_AT is for rehearsals only: set THREADLINE_SIMULATED=1 as well, or leave it out.",
            id="a kill point for real people",
        ),
        pytest.param(
            {"THREADLINE_PORT": "http"},
            "THREADLINE_PORT is wrong: input should be a valid integer, unable to parse string as an integer.",
            id="a port that is no number",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as told:
        serve(**environ)
    assert str(told.value) == sentence


def test_serve_without_a_database_is_refused_unless_it_brings_its_own() -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL is missing"):
        load_config("serve", {})
    assert load_config("serve", {}, embedded=True).database_url is None


def test_reset_is_refused_for_a_real_server() -> None:
    with pytest.raises(ConfigError, match="real data is never dropped"):
        load_config("serve", DATABASE, reset=True)
    assert load_config("demo", {}, reset=True).reset


@pytest.mark.parametrize("show", [repr, str, lambda config: repr(config.model_dump())])
def test_no_secret_is_shown(show: Any) -> None:
    assert "hush-hush" not in show(serve())


def test_a_wrong_secret_is_not_repeated_in_the_complaint() -> None:
    with pytest.raises(ConfigError) as told:
        serve(DATABASE_URL="mysql://x:hush-hush@y/z")
    assert "hush-hush" not in str(told.value)


def test_a_demo_looks_away_from_what_could_reach_the_world() -> None:
    environ = DATABASE | {"PUBLIC_URL": "https://real.example.com", "THREADLINE_HOST": "192.0.2.7"}
    config = load_config("demo", environ)
    assert (config.database_url, config.public_url, config.host) == (None, None, "127.0.0.1")


def test_real_credentials_are_taken_out_of_a_demos_environment() -> None:
    environ = {
        "TWILIO_AUTH_TOKEN": "x",
        "TELNYX_API_KEY": "x",
        "BANDWIDTH_TOKEN": "x",
        "OPENAI_API_KEY": "x",
        "PATH": "y",
    }
    assert list(without_real_credentials(environ)) == ["PATH"]


def test_a_simulated_clock_is_aware_utc() -> None:
    assert load_config("demo", {"THREADLINE_WALL_CLOCK": "2026-03-10T11:00:00-04:00"}).wall_clock == datetime(
        2026, 3, 10, 15, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        pytest.param("http://127.0.0.1:8765", "127.0.0.1:8765", True, id="this machine, same port"),
        pytest.param("http://localhost:8765", "localhost:8765", True, id="this machine by name"),
        pytest.param("http://[::1]:8765", "[::1]:8765", True, id="this machine over IPv6"),
        pytest.param("http://127.0.0.1:3000", "127.0.0.1:8765", False, id="another port of this machine"),
        pytest.param("http://evil.example:8765", "evil.example:8765", False, id="a rebound DNS name"),
        pytest.param("https://127.0.0.1:8765", "127.0.0.1:8765", False, id="another scheme"),
        pytest.param("null", "127.0.0.1:8765", False, id="a sandboxed page"),
        pytest.param(None, "127.0.0.1:8765", False, id="no origin at all"),
        pytest.param("http://[", "[", False, id="nonsense"),
    ],
)
def test_without_a_public_url_only_pages_of_this_machine_may_change_anything(
    origin: str | None, host: str, allowed: bool
) -> None:
    assert load_config("demo", {}).allows_origin(origin, host) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        pytest.param("https://sms.example.com", True, id="the public URL"),
        pytest.param("http://sms.example.com", False, id="without TLS"),
        pytest.param("https://sms.example.com.evil.example", False, id="a longer name"),
        pytest.param("http://127.0.0.1:8765", False, id="this machine"),
    ],
)
def test_a_public_url_alone_decides_where_it_is_set(origin: str, allowed: bool) -> None:
    assert serve(PUBLIC_URL="https://sms.example.com").allows_origin(origin, "127.0.0.1:8765") is allowed
