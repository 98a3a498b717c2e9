"""What can be asked on the command line, and how it answers."""

from __future__ import annotations

import errno
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from server.admin import (
    AdminError,
    BrandCap,
    LinkBase,
    NewAccount,
    NewMember,
    NewNumber,
    NewWorkspace,
    NumberChange,
    RegistrationRate,
)
from server.cli import Parts, main
from server.config import Config
from server.demo.people import PASSWORD
from server.demo.seed import DemoRefused
from server.ports import StoreUnavailable
from server.store.store import UnfitDatabase

DATABASE = "postgresql://threadline:hush-hush@db.example/threadline"


@dataclass
class FakeParts:
    """Notes what was asked; `run` listens at once and ends."""

    configs: list[Config] = field(default_factory=list)
    added: list[Any] = field(default_factory=list)
    simulated: list[list[str]] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    failure: BaseException | None = None
    code: int = 0

    def run(self, config: Config, on_ready: Any) -> int:
        if self.failure:
            raise self.failure
        self.configs.append(config)
        self.seen = dict(os.environ)
        on_ready("http://127.0.0.1:8765")
        return self.code

    def migrate(self, config: Config) -> str:
        self.configs.append(config)
        return "The database is ready (schema 1)."

    def check(self, config: Config) -> list[str]:
        self.configs.append(config)
        return self.complaints

    def add(self, config: Config, new: Any) -> str:
        if self.failure:
            raise self.failure
        self.configs.append(config)
        self.added.append(new)
        return "It is there."

    def list_numbers(self, config: Config) -> str:
        self.configs.append(config)
        return "+16175550142  X Realty"

    def simulate(self, argv: list[str]) -> int:
        self.simulated.append(argv)
        return 0

    def set_account(self, config: Config, sid: str, rate: float | None, burst: int | None) -> str:
        return self.add(config, (sid, rate, burst))

    def hand_over(self, config: Config, gen: int) -> str:
        return self.add(config, gen)

    def __call__(self, *argv: str) -> int:
        adding = (
            "add_member",
            "add_workspace",
            "set_link_base",
            "add_account",
            "add_number",
            "set_number",
            "set_brand",
            "set_registration",
        )
        added: dict[str, Any] = dict.fromkeys(adding, self.add)
        listed: dict[str, Any] = dict.fromkeys(("list_numbers", "list_limits", "list_servers"), self.list_numbers)
        parts = Parts(
            run=self.run,
            migrate=self.migrate,
            check=self.check,
            simulate=self.simulate,
            set_account=self.set_account,
            hand_over=self.hand_over,
            **added,
            **listed,
        )
        return main(argv, parts)


@pytest.fixture
def threadline(monkeypatch: pytest.MonkeyPatch) -> FakeParts:
    monkeypatch.setattr("server.observe.configure_logging", lambda level, form: None)
    return FakeParts()


def test_a_demo_greets_and_says_ready_last(threadline: FakeParts, capsys: pytest.CaptureFixture[str]) -> None:
    assert threadline("demo", "--port", "9100", "--data", "elsewhere") == 0
    said = capsys.readouterr().out
    assert "dana@harborpine.example" in said
    assert PASSWORD in said
    assert "Ctrl-C" in said
    assert said.splitlines()[-1] == "ready http://127.0.0.1:8765"
    (config,) = threadline.configs
    assert (config.mode, config.port, config.data_dir, config.reset) == ("demo", 9100, Path("elsewhere"), False)


def test_a_demo_and_its_children_never_see_real_credentials(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "hush-hush")
    monkeypatch.setenv("OPENAI_API_KEY", "hush-hush")
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline("demo") == 0
    assert not {"TWILIO_AUTH_TOKEN", "OPENAI_API_KEY"} & set(threadline.seen)
    assert threadline.configs[0].database_url is None


def test_without_the_demo_it_is_a_real_server_over_a_database_of_its_own(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "hush-hush")
    assert threadline("demo", "--no-demo") == 0
    assert (threadline.configs[0].mode, threadline.configs[0].database_url) == ("serve", None)
    assert "TWILIO_AUTH_TOKEN" in threadline.seen
    assert PASSWORD not in capsys.readouterr().out


def test_real_data_is_never_reset(threadline: FakeParts, capsys: pytest.CaptureFixture[str]) -> None:
    assert threadline("demo", "--no-demo", "--reset") == 2
    assert "real data is never dropped" in capsys.readouterr().err
    assert not threadline.configs


def test_a_reset_reaches_the_demo(threadline: FakeParts) -> None:
    assert threadline("demo", "--reset") == 0
    assert threadline.configs[0].reset


def test_serve_wants_a_database(threadline: FakeParts, capsys: pytest.CaptureFixture[str]) -> None:
    assert threadline("serve") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_serve_takes_its_settings_from_the_environment(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline("serve", "--port", "0") == 0
    assert capsys.readouterr().out == "ready http://127.0.0.1:8765\n"
    assert threadline.configs[0].port == 0


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        pytest.param(OSError(errno.EADDRINUSE, "in use"), "The port is taken", id="a taken port"),
        pytest.param(OSError(errno.ENOSPC, "full"), "The disk is full.", id="a full disk"),
        pytest.param(PermissionError(errno.EACCES, "no", "/data"), "Permission denied: /data", id="a closed folder"),
        pytest.param(StoreUnavailable("The database cannot be used now."), "cannot be used now", id="no database"),
        pytest.param(UnfitDatabase("This database is of another Threadline."), "of another", id="a wrong database"),
        pytest.param(DemoRefused("This database holds a real workspace."), "real workspace", id="a demo beside real"),
        pytest.param(
            ExceptionGroup("x", [ExceptionGroup("y", [OSError(errno.EADDRINUSE, "in use")])]),
            "The port is taken",
            id="wrapped by nurseries",
        ),
    ],
)
def test_what_can_be_mended_is_one_sentence_without_a_traceback(
    threadline: FakeParts, capsys: pytest.CaptureFixture[str], failure: BaseException, sentence: str
) -> None:
    threadline.failure = failure
    assert threadline("demo") == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "failure", [KeyError("a bug"), ExceptionGroup("x", [KeyError("a bug"), StoreUnavailable("away")])]
)
def test_a_bug_of_ours_is_not_hidden(threadline: FakeParts, failure: Exception) -> None:
    threadline.failure = failure
    with pytest.raises(type(failure)):
        threadline("demo")


def test_the_servers_own_code_is_passed_on(threadline: FakeParts) -> None:
    threadline.code = 1
    assert threadline("demo") == 1


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["demo", "--port", "70000"], id="a port that is none"),
        pytest.param(["fly"], id="an unknown command"),
        pytest.param(["serve", "--reset"], id="an option of another command"),
        pytest.param(["user", "add", "--email", "x@y"], id="half a user"),
    ],
)
def test_wrong_usage_is_code_2(threadline: FakeParts, argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert threadline(*argv) == 2
    assert "Error" in capsys.readouterr().err


def test_help_is_no_fault(threadline: FakeParts, capsys: pytest.CaptureFixture[str]) -> None:
    assert threadline("--help") == 0
    said = capsys.readouterr().out
    commands = "demo serve migrate check user workspace account number simulate-carrier"
    assert all(f"  {name} " in said for name in commands.split())


def test_the_simulator_gets_its_options_untouched(threadline: FakeParts) -> None:
    assert threadline("simulate-carrier", "--account", "AC1", "--help", "--slow-ms", "5") == 0
    assert threadline.simulated == [["--account", "AC1", "--help", "--slow-ms", "5"]]


def test_a_password_is_read_from_standard_input(threadline: FakeParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    argv = ["user", "add", "--email", "ann@x.example", "--name", "Ann", "--role", "owner", "--workspace", "X Realty"]
    assert threadline(*argv) == 0
    assert threadline.added == [NewMember("ann@x.example", "Ann", "owner", "correct horse battery", "X Realty")]
    assert "correct horse" not in repr(threadline.added)


SID = "AC" + "0123456789abcdef" * 2


def test_an_auth_token_is_read_from_standard_input_and_never_an_argument(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setattr("sys.stdin", io.StringIO("hush-hush\n"))
    assert threadline("account", "add", "twilio", "--sid", SID, "--workspace", "X Realty") == 0
    assert threadline.added == [NewAccount(SID, "hush-hush", "X Realty")]
    assert "hush-hush" not in repr(threadline.added)
    assert threadline("account", "add", "twilio", "--sid", SID, "--token", "hush-hush") == 2
    assert "No such option" in capsys.readouterr().err


def test_another_carrier_is_named_and_gives_its_public_key(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setattr("sys.stdin", io.StringIO("KEY0123\n"))
    assert threadline("account", "add", "telnyx", "--sid", "profile-1", "--public-key", "AAAA") == 0
    assert threadline.added == [NewAccount("profile-1", "KEY0123", carrier="telnyx", public_key="AAAA")]
    assert "KEY0123" not in repr(threadline.added)
    assert threadline("account", "add", "pigeon", "--sid", "profile-1") == 2
    assert "'pigeon' is not one of" in capsys.readouterr().err


def test_a_workspace_and_a_number_are_what_was_asked_for(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline("workspace", "add", "--name", "X Realty", "--contact", "(617) 555-0100") == 0
    assert threadline("number", "add", "+1 617 555 0142", "--rate", "3", "--burst", "2", "--label", "Office") == 0
    assert threadline("number", "add", "6175550143") == 0
    assert threadline.added == [
        NewWorkspace("X Realty", "(617) 555-0100"),
        NewNumber("+1 617 555 0142", 3.0, 2, label="Office"),
        NewNumber("6175550143", 1.0),
    ]
    capsys.readouterr()
    assert threadline("number", "list") == 0
    assert capsys.readouterr().out == "+16175550142  X Realty\n"


def test_a_workspaces_links_are_set_and_given_back(threadline: FakeParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline("workspace", "set", "--links", "https://go.acme.com/l", "--workspace", "X") == 0
    assert threadline("workspace", "set", "--links", "own") == 0
    assert threadline("workspace", "set") == 2
    assert threadline.added == [LinkBase("https://go.acme.com/l", "X"), LinkBase(None, None)]


def test_what_cannot_be_added_is_one_sentence(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    threadline.failure = AdminError("There is no workspace X.")
    assert threadline("number", "add", "+16175550142", "--workspace", "X") == 1
    assert capsys.readouterr().err == "There is no workspace X.\n"


def test_limits_are_set(threadline: FakeParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline("number", "set", "+16175550142", "--rate", "3", "--registration", "CMP1") == 0
    assert threadline("account", "set", "AC1", "--rate", "20") == 0
    assert threadline("account", "set", "AC1", "--no-limit") == 0
    assert threadline("brand", "set", "X", "--daily-cap", "2000", "--capped", "tmobile") == 0
    assert threadline("registration", "set", "CMP1", "--brand", "X", "--carrier", "att", "--rate", "1.25") == 0
    assert threadline("registration", "set", "CMP1", "--carrier", "att", "--no-limit") == 0
    assert threadline("limiter", "hand-over", "--to", "4") == 0
    assert threadline.added == [
        NumberChange("+16175550142", 3.0, None, "CMP1"),
        ("AC1", 20.0, None),
        ("AC1", None, None),
        BrandCap("X", 2000, ("tmobile",)),
        RegistrationRate("CMP1", "X", "att", 1.25),
        RegistrationRate("CMP1", None, "att"),
        4,
    ]


def test_limits_and_servers_are_listed(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline("brand", "list") == 0
    assert threadline("limiter", "show") == 0
    assert capsys.readouterr().out.count("X Realty") == 2


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(("account", "set", "AC1"), id="neither a rate nor none"),
        pytest.param(("account", "set", "AC1", "--rate", "1", "--no-limit"), id="both"),
        pytest.param(("registration", "set", "CMP1", "--rate", "1"), id="a rate of no carrier"),
        pytest.param(("registration", "set", "CMP1", "--carrier", "att"), id="a carrier without a rate"),
        pytest.param(("brand", "set", "X", "--daily-cap", "99"), id="a cap below a block"),
        pytest.param(("number", "set", "+16175550142", "--rate", "-1"), id="a negative rate"),
    ],
)
def test_a_limit_that_is_half_said_is_refused(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline(*asked) == 2
    assert threadline.added == []


@pytest.mark.parametrize("rate", ["-1", "2000", "fast"])
def test_a_pace_that_is_none_is_refused(threadline: FakeParts, rate: str) -> None:
    assert threadline("number", "add", "+16175550142", "--rate", rate) == 2


def test_the_help_says_what_a_burst_of_one_costs(threadline: FakeParts, capsys: pytest.CaptureFixture[str]) -> None:
    assert threadline("number", "add", "--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 or more from 10/s on" in said
    assert "rate × 50 ms" in said


def test_check_tells_every_complaint_and_fails(
    threadline: FakeParts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    assert threadline("check") == 0
    threadline.complaints = ["One thing.", "Another."]
    assert threadline("check") == 1
    assert capsys.readouterr().err == "One thing.\nAnother.\n"
