"""What the command line does to a real database, and that a running server takes it up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import trio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

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
    TokenWish,
    add_account,
    add_member,
    add_number,
    add_token,
    add_workspace,
    check,
    hand_over,
    list_limits,
    list_numbers,
    list_servers,
    members,
    migrate,
    set_account,
    set_brand,
    set_link_base,
    set_number,
    set_registration,
)
from server.app import wiring
from server.app.accounts import Accounts
from server.app.adapters import adapter_of
from server.cli import main
from server.config import Config, load_config
from server.domain.limits import Allowance
from server.domain.scopes import Scope
from server.http.passwords import Passwords
from server.ports import LimitBook
from server.rate.authority import LimiterAuthority
from server.store.store import SCHEMA_VERSION, Store, UnfitDatabase, open_store
from tests.http.house import NOW, QUICK

SID, OTHER_SID = "AC" + "0123456789abcdef" * 2, "AC" + "f" * 32
PUBLIC = "https://sms.x.example"


def config_of(dsn: str, **environ: str) -> Config:
    return load_config("serve", {"DATABASE_URL": dsn, **environ})


def in_database(dsn: str, work: Callable[[Store], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with open_store(dsn) as store:
            return await work(store)

    return trio.run(run)


NEIGHBOURS = f"""
INSERT INTO workspace (name, simulated, brand, contact)
VALUES ('X Realty', false, 'X', 'x'), ('Y Realty', false, 'Y', 'y'), ('Demo', true, 'Demo', 'd');
INSERT INTO carrier_account (workspace_id, simulated, kind, sid, secret, base_url)
VALUES (1, false, 'twilio', '{SID}', 'hush-hush', 'https://api.twilio.com');
INSERT INTO number (workspace_id, account_id, address, rate) VALUES (1, 1, '+16175550142', 1);
"""  # noqa: S608 - of this file


OWNER = NewMember("Ann@X.example", "Ann Lee", "owner", "correct horse battery", "X Realty")


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what is not about passwords: one is hashed for each member, at the full cost."""
    for place in (members, wiring):
        monkeypatch.setattr(place, "Passwords", lambda: Passwords(QUICK))


def test_the_schema_is_put_into_an_empty_database_once(empty_dsn: str) -> None:
    config = config_of(empty_dsn)
    with pytest.raises(UnfitDatabase, match="threadline migrate"):
        check(config)
    assert migrate(config) == f"The database is ready (schema {SCHEMA_VERSION})."
    assert migrate(config) == f"The database is ready (schema {SCHEMA_VERSION})."


def test_the_first_member_makes_the_workspace_and_can_log_in(dsn: str) -> None:
    config = config_of(dsn)
    assert check(config) == ["Nobody can log in yet: add the first person with `threadline user add`."]
    assert add_member(config, OWNER) == "Ann Lee can log in to X Realty as ann@x.example (owner)."

    async def log_in(store: Store) -> bool:
        found = await store.people.credentials("ann@x.example")
        assert found is not None
        return await Passwords().fits("correct horse battery", found[1])

    assert in_database(dsn, log_in)
    (complaint,) = check(config)
    assert "threadline account add twilio" in complaint
    second = NewMember("bob@x.example", "Bob Ray", "agent", "correct horse battery")
    assert "X Realty" in add_member(config, second), "the only workspace needs no name"


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        pytest.param(OWNER, "is there already", id="an address that is taken"),
        pytest.param(NewMember("b@x.example", "B", "agent", "short"), "too short", id="a short password"),
        pytest.param(NewMember("b", "B", "agent", "long enough to use"), "not an e-mail", id="no address"),
        pytest.param(
            NewMember("b@x.example", "B", "agent", "long enough to use", "Y Realty"),
            "first member must be its owner",
            id="an agent of a workspace that is not there",
        ),
    ],
)
@pytest.mark.usefixtures("quick_passwords")
def test_who_cannot_be_added_is_told_why(dsn: str, new: NewMember, sentence: str) -> None:
    add_member(config_of(dsn), OWNER)
    with pytest.raises(AdminError, match=sentence):
        add_member(config_of(dsn), new)


@pytest.mark.usefixtures("quick_passwords")
def test_a_token_that_is_made_by_command_acts_for_the_member_it_names(dsn: str) -> None:
    config, scopes = config_of(dsn), frozenset({Scope.DIALER})
    add_member(config, OWNER)
    with pytest.raises(AdminError, match="Nobody with the address eve@x"):
        add_token(config, TokenWish("Dialer", "eve@x.example", scopes))
    token = add_token(config, TokenWish("Dialer", "Ann@x.example", scopes))
    found = in_database(dsn, lambda store: store.tokens.bearer(hashlib.sha256(token.encode()).digest(), NOW))
    assert (found.member.name, found.scopes) == ("Ann Lee", scopes)


@pytest.mark.usefixtures("quick_passwords")
def test_a_rehearsal_beside_a_real_workspace_is_complained_about(dsn: str) -> None:
    add_member(config_of(dsn), OWNER)
    config = load_config("serve", {"DATABASE_URL": dsn, "THREADLINE_SIMULATED": "1"})
    assert "X Realty is a real workspace" in check(config)[0]


def test_a_wrong_database_is_told_without_its_password(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://threadline:hush-hush@127.0.0.1:1/nothing")
    assert main(["migrate"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "hush-hush" not in said
    assert asyncpg.__name__ not in said


# Workspaces, accounts and numbers


X = NewWorkspace("X Realty", "(617) 555-0100")
ACCOUNT = NewAccount(SID, "hush-hush", "X Realty")
SIGNS = Ed25519PrivateKey.generate()
PUBLIC_KEY = base64.b64encode(SIGNS.public_key().public_bytes_raw()).decode()
PROFILE = "4000eba1-a0c0-4563-9925-b25e842a7cb6"
TELNYX = NewAccount(PROFILE, "hush-hush", "X Realty", carrier="telnyx", public_key=PUBLIC_KEY)


def test_a_real_server_is_set_up_without_sql(dsn: str) -> None:
    config = config_of(dsn, PUBLIC_URL=PUBLIC)
    assert "X Realty is there" in add_workspace(config, X)
    assert "as ann@x.example" in add_member(config, OWNER)
    told = add_account(config, ACCOUNT)
    assert f"{PUBLIC}/webhooks/twilio/{SID}/inbound" in told
    assert f"{PUBLIC}/webhooks/twilio/{SID}/status" in told
    assert "hush-hush" not in told
    assert "threadline number add" in check(config)[0]
    told = add_number(config, NewNumber("(617) 555-0142", 10, label="Office"))
    assert "+16175550142 belongs to X Realty: 10 segments/s, burst 2." in told
    assert f"{PUBLIC}/webhooks/twilio/{SID}/inbound" in told
    assert check(config) == []
    assert list_numbers(config) == f"+16175550142  X Realty  {SID}  10 segments/s, burst 2  Office"


def test_who_answers_for_the_brand_is_stored_with_the_workspace(dsn: str) -> None:
    config = config_of(dsn)
    add_workspace(config, X)
    add_workspace(config, NewWorkspace("Y Realty", "desk@y.example", brand="Why Homes"))
    rows = in_database(dsn, lambda s: s.call(lambda c: c.fetch("SELECT brand, contact FROM workspace ORDER BY id")))
    assert [tuple(row) for row in rows] == [("X Realty", "(617) 555-0100"), ("Why Homes", "desk@y.example")]


def test_what_was_added_is_in_the_audit_without_the_token(dsn: str) -> None:
    config = config_of(dsn)
    add_workspace(config, X)
    add_account(config, ACCOUNT)
    add_number(config, NewNumber("+16175550142", 1))
    rows = in_database(dsn, lambda s: s.call(lambda c: c.fetch("SELECT action, detail::text FROM audit ORDER BY id")))
    assert [row["action"] for row in rows] == ["workspace_added", "account_added", "number_added"]
    assert "hush-hush" not in str([tuple(row) for row in rows])


def test_what_short_links_begin_with_is_the_workspaces_own_once_it_is_set(dsn: str) -> None:
    config = config_of(dsn)
    add_workspace(config, X)
    add_workspace(config, NewWorkspace("Y Realty", "desk@y.example"))
    told = set_link_base(config, LinkBase("https://go.acme.com/l", "Y Realty"))
    assert told == (
        "Short links of Y Realty begin with https://go.acme.com/l."
        " Let go.acme.com lead to this server, which answers at /l/… there."
    )

    def bases() -> list[str | None]:
        rows = in_database(dsn, lambda s: s.call(lambda c: c.fetch("SELECT link_base FROM workspace ORDER BY id")))
        return [row["link_base"] for row in rows]

    assert bases() == [None, "https://go.acme.com/l"]
    for asked, sentence in (
        (LinkBase("http://go.acme.com", "Y Realty"), "must begin with https://"),
        (LinkBase("https://go.acme.com"), "Say which workspace"),
        (LinkBase("https://go.acme.com", "Z"), "no workspace Z"),
    ):
        with pytest.raises(AdminError, match=sentence):
            set_link_base(config, asked)
    assert bases() == [None, "https://go.acme.com/l"]
    assert "/… there" in set_link_base(config, LinkBase("https://acme.com", "Y Realty"))
    assert "the server's own" in set_link_base(config, LinkBase(None, "Y Realty"))
    assert bases() == [None, None]
    rows = in_database(
        dsn,
        lambda s: s.call(lambda c: c.fetch("SELECT detail->>'to' AS base FROM audit WHERE action = 'setting_changed'")),
    )
    assert [row["base"] for row in rows] == ["https://go.acme.com/l", "https://acme.com", None]


def test_an_account_of_another_carrier_is_added_with_what_it_signs_with(dsn: str) -> None:
    config = config_of(dsn, PUBLIC_URL=PUBLIC)
    add_workspace(config, X)
    told = add_account(config, TELNYX)
    assert f"{PUBLIC}/webhooks/telnyx/{PROFILE}/inbound" in told
    assert "hush-hush" not in told
    assert f"{PUBLIC}/webhooks/telnyx/{PROFILE}/inbound" in add_number(config, NewNumber("+16175550142", 1))
    (account,) = in_database(dsn, lambda s: s.directory.accounts())
    assert (account.kind, account.sid, account.verify_key) == ("telnyx", PROFILE, PUBLIC_KEY)
    assert (account.secret, account.base_url) == ("hush-hush", "https://api.telnyx.com")
    assert "hush-hush" not in repr(account)


@pytest.mark.parametrize(("kind", "key"), [("telnyx", None), ("twilio", "key")])
def test_only_who_signs_with_a_key_of_its_own_has_one(dsn: str, kind: str, key: str | None) -> None:
    add_workspace(config_of(dsn), X)
    values = "VALUES (1, false, $1, 'a', 's', 'https://x.example', $2)"
    columns = "(workspace_id, simulated, kind, sid, secret, base_url, verify_key)"
    with pytest.raises(asyncpg.CheckViolationError):
        in_database(
            dsn,
            lambda s: s.call(lambda c: c.execute(f"INSERT INTO carrier_account {columns} {values}", kind, key)),
        )


def test_without_a_public_url_the_missing_half_is_named(dsn: str) -> None:
    config = config_of(dsn)
    add_workspace(config, X)
    told = add_account(config, ACCOUNT)
    assert f" /webhooks/twilio/{SID}/inbound" in told
    assert "PUBLIC_URL is not set" in told


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        pytest.param(X, "There is a workspace X Realty already.", id="a workspace's name that is taken"),
        pytest.param(NewWorkspace("Z", " "), "needs a name, and a contact", id="nobody to ask for help"),
        pytest.param(ACCOUNT, f"The account {SID} is there already.", id="a sid that is taken"),
        pytest.param(NewAccount(OTHER_SID, "t", "Nobody"), "no workspace Nobody; there is: X", id="unknown workspace"),
        pytest.param(NewAccount(OTHER_SID, "t"), "Say which workspace", id="several workspaces and none named"),
        pytest.param(
            NewAccount(OTHER_SID, "t", "Demo"), "Demo is simulated: no real account", id="beside a simulation"
        ),
        pytest.param(NewAccount("AC12", "t", "X Realty"), "32 hexadecimal digits", id="a sid that is none"),
        pytest.param(NewAccount("SK" + "0" * 32, "t", "X Realty"), "SID is AC", id="the sid of a key"),
        pytest.param(NewAccount(OTHER_SID, "", "X Realty"), "token is empty", id="no token"),
        pytest.param(NewAccount(OTHER_SID, "a b", "X Realty"), "no token has", id="a token of two words"),
        pytest.param(
            NewAccount(OTHER_SID, "t", "X Realty", "http://api.twilio.com"),
            "must be an https URL",
            id="a token in clear",
        ),
        pytest.param(NewAccount(OTHER_SID, "t", "X Realty", "https://h:port"), "must be an https URL", id="no url"),
        pytest.param(
            NewAccount("a b", "t", "X Realty", carrier="telnyx", public_key=PUBLIC_KEY),
            "part of an address",
            id="no name",
        ),
        pytest.param(
            NewAccount("p", "t", "X Realty", carrier="telnyx"), "Telnyx needs --public-key", id="no public key"
        ),
        pytest.param(
            NewAccount("p", "t", "X Realty", carrier="telnyx", public_key="AAAA"), "44 characters", id="no such key"
        ),
        pytest.param(
            NewAccount(OTHER_SID, "t", "X Realty", public_key=PUBLIC_KEY), "is for Telnyx", id="a key too many"
        ),
        pytest.param(
            NewAccount(SID, "t", "X Realty", carrier="telnyx", public_key=PUBLIC_KEY),
            f"The account {SID} is there already.",
            id="a sid that another carrier's account has",
        ),
        pytest.param(NewNumber("911", 1, workspace="X Realty"), "911 is not a phone number", id="no number"),
        pytest.param(NewNumber("+16175550142", 1, workspace="X Realty"), "is a number of AC", id="a number again"),
        pytest.param(NewNumber("+16175550143", 1, workspace="Y Realty"), "has no account yet", id="no account yet"),
        pytest.param(
            NewNumber("+16175550143", 1, workspace="Y Realty", account=SID),
            "belongs to another workspace than Y Realty",
            id="an account of another workspace",
        ),
        pytest.param(
            NewNumber("+16175550143", 1, workspace="X Realty", account=OTHER_SID),
            "no account ACff",
            id="no such account",
        ),
        pytest.param(
            NewNumber("+16175550143", 1, workspace="Demo"), "Demo is simulated", id="a number of a simulation"
        ),
        pytest.param(NewNumber("+16175550143", math.nan, workspace="X Realty"), "0 pauses", id="a rate that is none"),
    ],
)
def test_what_cannot_be_added_is_told_in_a_sentence(
    dsn: str, new: NewWorkspace | NewAccount | NewNumber, sentence: str
) -> None:
    in_database(dsn, lambda store: store.call(lambda c: c.execute(NEIGHBOURS)))
    config = config_of(dsn)
    add: Any = {NewWorkspace: add_workspace, NewAccount: add_account, NewNumber: add_number}[type(new)]
    with pytest.raises(AdminError, match=re.escape(sentence)) as told:
        add(config, new)
    assert "\n" not in str(told.value)
    counted = "SELECT (SELECT count(*) FROM workspace), (SELECT count(*) FROM carrier_account), count(*) FROM number"
    assert tuple(in_database(dsn, lambda s: s.call(lambda c: c.fetchrow(counted)))) == (3, 1, 1), "nothing was added"


def test_before_there_is_a_workspace_its_command_is_named(dsn: str) -> None:
    with pytest.raises(AdminError, match="threadline workspace add"):
        add_account(config_of(dsn), NewAccount(SID, "hush-hush"))


def test_of_several_accounts_one_must_be_named(dsn: str) -> None:
    config = config_of(dsn)
    add_workspace(config, X)
    add_account(config, ACCOUNT)
    add_account(config, NewAccount(OTHER_SID, "hush-hush"))
    with pytest.raises(AdminError, match=f"--account: {SID}, {OTHER_SID}"):
        add_number(config, NewNumber("+16175550142", 1))
    assert OTHER_SID in add_number(config, NewNumber("+16175550142", 1, account=OTHER_SID))


def test_a_burst_that_costs_rate_is_told_and_taken(dsn: str) -> None:
    config = config_of(dsn)
    add_workspace(config, X)
    add_account(config, ACCOUNT)
    assert "A burst of 5 would keep" in add_number(config, NewNumber("+16175550142", 100, 1))
    assert "would keep" not in add_number(config, NewNumber("+16175550143", 1, 1))
    assert "paused" in add_number(config, NewNumber("+16175550144", 0))
    assert "100 segments/s, burst 1" in list_numbers(config)


# What carriers allow


async def limits_of(dsn: str) -> LimitBook:
    async with open_store(dsn) as store:
        return await store.directory.limits(await store.directory.numbers(), datetime.now(UTC))


@pytest.mark.integration
def test_limits_are_added_changed_and_told(dsn: str) -> None:
    config = config_of(dsn, PUBLIC_URL=PUBLIC)
    add_workspace(config, X)
    add_account(config, ACCOUNT)
    add_number(config, NewNumber("+16175550142", 1))
    assert set_number(config, NumberChange("+1 617 555 0142", rate=20)) == "+16175550142: 20 segments/s, burst 2."
    assert set_account(config, SID, 40, None) == f"{SID}: 40 segments/s, burst 2."
    assert "2000 segments a day to tmobile, unknown" in set_brand(config, BrandCap("X", 2000))
    assert set_registration(config, RegistrationRate("CMP1", brand="X")) == "CMP1 is there."
    told = set_registration(config, RegistrationRate("CMP1", carrier="att", rate=1.25))
    assert told == "CMP1 at att: 1.25 segments/s, burst 2."
    set_number(config, NumberChange("+16175550142", registration="CMP1"))
    book = trio.run(limits_of, dsn)
    assert [(n.rate, n.burst, n.registration_id) for n in book.numbers] == [(20, 2, 1)]
    assert (book.accounts, book.registrations[1].allowances) == ({1: Allowance(40, 2)}, {"att": Allowance(1.25, 2)})
    assert (book.brands[1].cap, book.brands[1].used, book.brands[1].spent) == (2000, 0, False)
    assert list_limits(config).splitlines() == [
        "X Realty  X  2000 segments a day to tmobile, unknown",
        "  CMP1  att  1.25 segments/s, burst 2  (1 number)",
    ]
    set_registration(config, RegistrationRate("CMP1", carrier="att"))
    set_number(config, NumberChange("+16175550142", registration="", rate=0))
    set_account(config, SID, None, None)
    set_brand(config, BrandCap("X"))
    book = trio.run(limits_of, dsn)
    assert [(n.rate, n.registration_id) for n in book.numbers] == [(0, None)]
    assert (book.accounts, book.registrations[1].allowances, book.brands[1].cap) == ({}, {}, None)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(lambda c: set_number(c, NumberChange("12", rate=1)), "not a phone number", id="no number"),
        pytest.param(lambda c: set_number(c, NumberChange("+16175550142")), "what to change", id="nothing"),
        pytest.param(lambda c: set_number(c, NumberChange("+16175550142", rate=1)), "no number", id="unknown number"),
        pytest.param(lambda c: set_number(c, NumberChange("+16175550142", math.nan)), "0 pauses", id="nonsense"),
        pytest.param(lambda c: set_account(c, SID, 1.0, None), "no account", id="unknown account"),
        pytest.param(lambda c: set_brand(c, BrandCap("X", 5)), "100 segments or more", id="a cap below a block"),
        pytest.param(lambda c: set_brand(c, BrandCap("X", 500, ("T Mobile",))), "short name", id="no short name"),
        pytest.param(
            lambda c: set_registration(c, RegistrationRate("CMP1", brand="Y")), "no brand Y", id="unknown brand"
        ),
        pytest.param(
            lambda c: set_registration(c, RegistrationRate("CMP1", carrier="att", rate=1)),
            "no registered campaign",
            id="a new campaign without a brand",
        ),
        pytest.param(
            lambda c: set_registration(c, RegistrationRate("CMP1", carrier="unknown", rate=1)), "slowest", id="unknown"
        ),
        pytest.param(lambda c: hand_over(c, 99), "does not run", id="no such server"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_in_a_sentence(
    dsn: str, change: Callable[[Config], str], sentence: str
) -> None:
    config = config_of(dsn, PUBLIC_URL=PUBLIC)
    add_workspace(config, X)
    with pytest.raises(AdminError, match=sentence):
        change(config)


@pytest.mark.integration
def test_no_server_runs(dsn: str) -> None:
    assert list_servers(config_of(dsn)) == "No server runs."


# A running server


@asynccontextmanager
async def running(dsn: str) -> AsyncIterator[tuple[Accounts, LimiterAuthority]]:
    """The parts of a server that look at accounts and numbers, over its own database."""
    async with open_store(dsn) as store, trio.open_nursery() as nursery:
        node = await store.fleet.join(socket.gethostname(), str(uuid4()), 1, uuid4())
        adapters = Accounts(store.directory, lambda a: adapter_of(a, PUBLIC, lambda: datetime.now(UTC)))

        async def limits() -> LimitBook:
            return await store.directory.limits(await adapters.refresh(), datetime.now(UTC))

        limiter = LimiterAuthority(store.fleet, node.gen, limits, lease_s=0.15, wall=lambda: datetime.now(UTC))
        nursery.start_soon(limiter.run)
        yield adapters, limiter
        nursery.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - a database and a lease are looked at, nobody rings
            await trio.sleep(0.01)


@pytest.mark.integration
async def test_a_running_server_takes_up_what_was_added(dsn: str) -> None:
    config = config_of(dsn, PUBLIC_URL=PUBLIC)
    async with running(dsn) as (adapters, limiter):
        await until(lambda: limiter.holds)
        assert adapters.lookup("twilio", SID) is None

        await trio.to_thread.run_sync(add_workspace, config, X)
        await trio.to_thread.run_sync(add_account, config, ACCOUNT)
        await until(lambda: adapters.lookup("twilio", SID) is not None)
        found = adapters.lookup("twilio", SID)
        assert found is not None
        target = f"/webhooks/twilio/{SID}/inbound".encode()
        signed = base64.b64encode(hmac.new(b"hush-hush", PUBLIC.encode() + target, hashlib.sha1).digest())
        assert found[1].verify(target, {b"x-twilio-signature": signed}, []), "with the token that was given"

        await trio.to_thread.run_sync(add_account, config, TELNYX)
        await until(lambda: adapters.lookup("telnyx", PROFILE) is not None)
        assert adapters.lookup("twilio", PROFILE) is None
        telnyx = adapters.lookup("telnyx", PROFILE)
        assert telnyx is not None
        sent_at = b"%d" % datetime.now(UTC).timestamp()
        proof = {
            b"telnyx-timestamp": sent_at,
            b"telnyx-signature-ed25519": base64.b64encode(SIGNS.sign(sent_at + b"|{}")),
        }
        assert telnyx[1].verify(b"", proof, None, b"{}"), "with the public key that was given"
        assert not telnyx[1].verify(b"", proof, None, b"{ }")

        await trio.to_thread.run_sync(add_number, config, NewNumber("+16175550142", 7, 3, account=SID))
        await until(lambda: [(n.address, n.rate, n.burst) for n in adapters.numbers] == [("+16175550142", 7, 3)])
        await until(lambda: [n.configured_rate for n in stats(limiter)] == [7])


def stats(limiter: LimiterAuthority) -> tuple[Any, ...]:
    found = limiter.stats()
    return () if found is None else found.numbers
