"""Owns the settings: read once from the environment and the command line, refused in a sentence where they are wrong.

The demo reads as little as possible of the environment: a real database, a public address or a carrier's credentials
that happen to be set there are none of its business.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

DEFAULT_PORT: Final = 8765
MOST_EMBEDDED_NODES: Final = 4  # the embedded PostgreSQL takes 60 connections, a node about a dozen
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

SETTINGS: Final[Mapping[str, tuple[str, str]]] = {
    "DATABASE_URL": (
        "database_url",
        "PostgreSQL 18 of yours; the demo brings its own, in the data folder",
    ),
    "REDIS_URL": (
        "redis_url",
        "Redis or Valkey, by which several servers on one database hear of each other's changes sooner",
    ),
    "THREADLINE_SHARE_LIMITS": (
        "share_limits",
        "0: of servers that reach one Redis one sends for all; 1: all send, under limits that they share",
    ),
    "PUBLIC_URL": ("public_url", "https URL under which browsers and carriers reach this server"),
    "TRUSTED_PROXIES": ("trusted_proxies", "networks of proxies whose X-Forwarded-For counts, separated by commas"),
    "THREADLINE_DATA": ("data_dir", "folder for the embedded database, the wire journal and logs"),
    "OPENAI_API_KEY": (
        "openai_api_key",
        "key of the endpoint that suggests replies; none: the team's own past replies",
    ),
    "OPENAI_BASE_URL": ("openai_base_url", "URL of any endpoint that speaks OpenAI's API for chats, such as .../v1"),
    "OPENAI_MODEL": ("openai_model", "model that suggests replies"),
    "THREADLINE_AI_DEADLINES": ("ai_deadlines_s", "seconds until suggestions must begin, and be whole, such as 1.5,8"),
    "THREADLINE_HOST": ("host", "address to listen at"),
    "THREADLINE_PORT": ("port", "port to listen at; 0 takes a free one"),
    "THREADLINE_SESSION_DAYS": ("session_days", "days after which a login ends"),
    "THREADLINE_LOG_LEVEL": ("log_level", "debug, info, warning or error"),
    "THREADLINE_LOG_FORMAT": ("log_format", "json or console"),
    "THREADLINE_LADDER": ("ladder_s", "seconds after which a send without a clear answer is looked up at the carrier"),
    "THREADLINE_WEBHOOK_RETRIES": ("hook_retries_s", "seconds from each try of a webhook that failed to the next one"),
    "THREADLINE_WEBHOOK_ANSWER": ("hook_answer_s", "seconds that the receiver of a webhook has to answer"),
    "THREADLINE_NODE_LEASE": ("node_lease_s", "seconds after which a silent server counts as dead"),
    "THREADLINE_WEBHOOK_LIMIT": ("webhook_limit", "bytes that a carrier's webhook may have"),
    "THREADLINE_QUIET_HOURS": ("quiet_hours", "TOML file that replaces the quiet hours and caps of the package"),
    "THREADLINE_SIMULATED": ("simulated", "1: a rehearsal; refuses to start beside a workspace that is not simulated"),
    "THREADLINE_WALL_CLOCK": ("wall_clock", "time that the wall clock shows at the start; rehearsals only"),
    "THREADLINE_KILL_AT": ("kill_at", "point:n[:stop] at which the server dies, or stands still; rehearsals only"),
    "THREADLINE_JOURNAL_RECORDS": ("journal_records", "records in a segment of the wire journal; rehearsals only"),
}
"""Environment variable → field and what it is for. The README's table is this one."""

_DEMO_READS: Final = frozenset(
    {
        "THREADLINE_DATA",
        "THREADLINE_PORT",
        "THREADLINE_LOG_LEVEL",
        "THREADLINE_LOG_FORMAT",
        "THREADLINE_LADDER",
        "THREADLINE_QUIET_HOURS",
        "THREADLINE_WALL_CLOCK",
        "THREADLINE_KILL_AT",
    }
)
_LISTS: Final = frozenset({"trusted_proxies", "ladder_s", "ai_deadlines_s", "hook_retries_s"})
REAL_CREDENTIALS: Final = ("TWILIO_", "TELNYX_", "BANDWIDTH_", "OPENAI_")
"""How the names of variables begin that could let a demo reach a real carrier or cost real money."""


class ConfigError(Exception):
    """A setting is missing or wrong; the text is one sentence for the person who started the server."""


class Config(BaseModel):
    """Every setting of one server. Frozen; its repr shows no secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    mode: Literal["demo", "serve"]
    data_dir: Path = Path(".threadline")
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    share_limits: bool = True
    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    public_url: str | None = None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    session_days: float = Field(default=14, gt=0, le=365)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "console"
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_model: str = Field(default="gpt-4o-mini", max_length=200)
    ai_deadlines_s: tuple[float, float] = (1.5, 8.0)
    ladder_s: tuple[float, ...] = (10, 60, 300, 900)
    hook_retries_s: tuple[Annotated[float, Field(gt=0)], ...] = (
        5,
        300,
        1800,
        7200,
        18_000,
        36_000,
        50_400,
        72_000,
        86_400,
    )
    hook_answer_s: float = Field(default=15, gt=0, le=60)
    node_lease_s: float = Field(default=10, ge=1)
    webhook_limit: int = Field(default=262_144, ge=1024)
    quiet_hours: Path | None = None
    simulated: bool = False
    wall_clock: AwareDatetime | None = None
    kill_at: str | None = None
    journal_records: int | None = Field(default=None, ge=2)
    nodes: int | None = Field(default=None, ge=1, le=32)
    reset: bool = False

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in {"postgres", "postgresql"}:
            raise ValueError("DATABASE_URL must begin with postgresql://.")
        return url

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("REDIS_URL must begin with redis://, rediss:// or unix://.")
        return url

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("PUBLIC_URL must be a scheme and a host without a path, such as https://sms.example.com.")
        port = f":{parts.port}" if parts.port not in {None, 80 if parts.scheme == "http" else 443} else ""
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{name}{port}"

    @field_validator("openai_base_url")
    @classmethod
    def _is_endpoint(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise ValueError("OPENAI_BASE_URL must be an http or https URL, such as https://api.example.com/v1.")
        if parts.scheme == "http" and not _is_near(parts.hostname):
            raise ValueError("OPENAI_BASE_URL must be https: customers' texts would cross the internet in the open.")
        return url

    @field_validator("ai_deadlines_s")
    @classmethod
    def _in_order(cls, deadlines_s: tuple[float, float]) -> tuple[float, float]:
        if not 0 < deadlines_s[0] <= deadlines_s[1] <= 120:
            raise ValueError("THREADLINE_AI_DEADLINES must be two rising seconds, such as 1.5,8.")
        return deadlines_s

    @field_validator("ladder_s")
    @classmethod
    def _climbs(cls, rungs: tuple[float, ...]) -> tuple[float, ...]:
        if not rungs or rungs[0] <= 0 or list(rungs) != sorted(set(rungs)):
            raise ValueError("THREADLINE_LADDER must be rising seconds, such as 10,60,300,900.")
        return rungs

    @field_validator("hook_retries_s")
    @classmethod
    def _slows_down(cls, pauses_s: tuple[float, ...]) -> tuple[float, ...]:
        if not pauses_s or list(pauses_s) != sorted(pauses_s):
            raise ValueError("THREADLINE_WEBHOOK_RETRIES must be seconds, none less than the one before: 5,300,1800.")
        return pauses_s

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not is_loopback(self.host) and not (self.public_url or "").startswith("https://"):
            raise ValueError("PUBLIC_URL must be an https URL because the server listens beyond this machine.")
        for name, value in self._for_rehearsals().items():
            if value is not None and not self.rehearsal:
                raise ValueError(f"{name} is for rehearsals only: set THREADLINE_SIMULATED=1 as well, or leave it out.")
        if self.nodes is not None and self.nodes > MOST_EMBEDDED_NODES and self.database_url is None:
            raise ValueError(f"--nodes is {MOST_EMBEDDED_NODES} at most without a PostgreSQL of yours.")
        if self.reset and not self.rehearsal:
            raise ValueError("--reset drops demo data only; real data is never dropped.")
        return self

    def _for_rehearsals(self) -> dict[str, object]:
        return {
            "THREADLINE_WALL_CLOCK": self.wall_clock,
            "THREADLINE_KILL_AT": self.kill_at,
            "THREADLINE_JOURNAL_RECORDS": self.journal_records,
        }

    @property
    def rehearsal(self) -> bool:
        """Whether every workspace of this server must be a simulated one."""
        return self.mode == "demo" or self.simulated

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(days=self.session_days)

    @property
    def https(self) -> bool:
        """Whether browsers come by TLS: cookies are `Secure` then."""
        return (self.public_url or "").startswith("https://")

    def allows_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether a request that changes something, or a socket, may come from a page of *origin*.

        PUBLIC_URL alone decides where it is set. Without it the server listens on this machine only: then the page must
        be one of the same *host* header, and that must be a name of this machine (a rebound DNS name is neither).
        """
        if origin is None:
            return False
        if self.public_url is not None:
            return origin == self.public_url
        return self.allows_host(host) and origin == f"http://{host}"

    def allows_host(self, host: str | None) -> bool:
        """Whether *host*, the request's Host header, may name this server."""
        if self.public_url is not None:
            return True
        try:
            return urlsplit(f"//{host}").hostname in LOOPBACK_NAMES
        except ValueError:
            return False


def is_loopback(host: str) -> bool:
    """Whether listening at *host* is reachable from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_near(host: str) -> bool:
    """Whether *host* is of this machine or of a private network: such an address, or a name without a dot."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host


def load_config(
    mode: Literal["demo", "serve"], environ: Mapping[str, str], *, embedded: bool = False, **flags: Any
) -> Config:
    """The settings of *environ* with the *flags* that are not None laid over them.

    *embedded* lets `serve` do without DATABASE_URL. Raises ConfigError for the first thing that is wrong.
    """
    values: dict[str, Any] = {}
    for name, (field, _) in SETTINGS.items():
        text = environ.get(name, "").strip()
        if text and (mode == "serve" or name in _DEMO_READS):
            values[field] = _split(text) if field in _LISTS else text
    if mode == "demo":
        values.setdefault("log_level", "warning")  # a newcomer reads the greeting, not the log
    values.update({field: value for field, value in flags.items() if value is not None})
    if mode == "serve" and not embedded and "database_url" not in values:
        raise ConfigError("DATABASE_URL is missing: it names the PostgreSQL that this server keeps everything in.")
    try:
        return Config(mode=mode, **values)
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from None


def without_real_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """*environ* without what could reach a real carrier or a paid API."""
    return {name: value for name, value in environ.items() if not name.startswith(REAL_CREDENTIALS)}


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "value_error" and first["msg"].endswith("."):  # one of our own sentences
        return first["msg"].removeprefix("Value error, ")
    field = str(first["loc"][0])
    name = next((variable for variable, (known, _) in SETTINGS.items() if known == field), field)
    if field == "wall_clock":
        return f"{name} must be a time with its zone, such as 2026-03-10T15:00:00Z."
    if field == "trusted_proxies":
        return f"{name} must be networks separated by commas, such as 10.0.0.0/8,127.0.0.1."
    reason = first["msg"][:1].lower() + first["msg"][1:]
    return f"{name} is wrong: {reason}."
