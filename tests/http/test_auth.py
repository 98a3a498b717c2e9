"""Logging in, staying in, and leaving."""

from __future__ import annotations

import hashlib
from http.cookies import SimpleCookie
from unittest.mock import Mock

import pytest
import trio

from server.config import load_config
from server.http.passwords import Passwords, TooManyLogins
from server.ports import StoreUnavailable
from tests.http.house import DANA, PASSWORD, QUICK, RAJ, FakeClock, House, Told

SERVE = load_config("serve", {"DATABASE_URL": "postgresql:///x", "PUBLIC_URL": "https://sms.example.com"})


def cookie(answer: Told, name: str) -> SimpleCookie:
    jar: SimpleCookie = SimpleCookie()
    jar.load(answer.headers["Set-Cookie"])
    assert name in jar
    return jar


async def test_a_login_tells_who_and_where(house: House) -> None:
    answer = await house.browser().login(DANA)
    assert answer.status == 200
    assert answer.json == {
        "member": {"id": 11, "name": "Dana Whitfield", "email": "dana@harbor.example", "role": "owner"},
        "workspace": {"id": 1, "name": "Harbor & Pine", "simulated": True},
        "may": [
            "change_others_templates",
            "change_fields",
            "change_settings",
            "read_audit",
            "connect_programs",
            "give_numbers",
            "hand_over_sending",
        ],
        "now": house.clock.wall().isoformat().replace("+00:00", "Z"),
    }
    assert house.people.audits == [(1, 11, "login")]


async def test_an_agent_is_told_that_nothing_more_than_everybodys_is_allowed(house: House) -> None:
    browser = await house.logged_in(RAJ)
    assert (await browser.get("/api/v1/me")).json["may"] == []


async def test_an_address_is_the_same_in_capitals_and_with_spaces(house: House) -> None:
    answer = await house.browser().post("/api/v1/login", {"email": " Dana@Harbor.example ", "password": PASSWORD})
    assert answer.status == 200


async def test_the_cookie_is_out_of_reach_of_scripts_and_its_token_is_stored_as_a_hash_only(house: House) -> None:
    morsel = cookie(await house.browser().login(DANA), "threadline")["threadline"]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["secure"]) == (True, "Lax", "/", "")
    assert len(morsel.value) == 43, "32 random bytes"
    assert list(house.people.sessions) == [hashlib.sha256(morsel.value.encode()).digest()]


async def test_over_https_the_cookie_is_bound_to_this_very_host(house: House) -> None:
    house.configure(SERVE)
    morsel = cookie(await house.browser().login(DANA), "__Host-threadline")["__Host-threadline"]
    assert (morsel["secure"], morsel["path"], morsel["domain"]) == (True, "/", "")


async def test_two_logins_never_share_a_token(house: House) -> None:
    first, second = [await house.browser().login(DANA) for _ in range(2)]
    assert first.headers["Set-Cookie"] != second.headers["Set-Cookie"]
    assert len(house.people.sessions) == 2


async def test_a_session_lasts_and_ends(house: House) -> None:
    browser = await house.logged_in()
    house.later(days=13)
    assert (await browser.get("/api/v1/me")).json["member"]["name"] == "Dana Whitfield"
    house.later(days=2)
    assert (await browser.get("/api/v1/me")).status == 401


async def test_logging_out_ends_the_session_and_its_sockets(house: House) -> None:
    browser = await house.logged_in()
    (token_hash,) = house.people.sessions
    answer = await browser.post("/api/v1/logout")
    assert (answer.status, answer.body) == (204, b"")
    assert not house.people.sessions
    assert house.ended == [token_hash]
    assert (await browser.get("/api/v1/me")).status == 401


async def test_a_made_up_token_is_nobody(house: House) -> None:
    assert (await house.browser().get("/api/v1/me", Cookie="threadline=made-up")).status == 401


@pytest.mark.parametrize(
    ("email", "password"),
    [
        pytest.param("dana@harbor.example", "wrong horse", id="wrong password"),
        pytest.param("nobody@harbor.example", PASSWORD, id="unknown address"),
    ],
)
async def test_a_wrong_login_does_not_tell_what_was_wrong(house: House, email: str, password: str) -> None:
    answer = await house.browser().post("/api/v1/login", {"email": email, "password": password})
    assert (answer.status, answer.json["code"]) == (401, "wrong_login")
    assert answer.json["detail"] == "The e-mail address or the password is wrong."
    assert "Set-Cookie" not in answer.headers


class CountingHasher(Passwords):
    """Notes what was verified against."""

    def __init__(self) -> None:
        super().__init__(QUICK)
        self.verified: list[str] = []

    def _verify(self, stored: str, password: str) -> bool:
        self.verified.append(stored)
        return super()._verify(stored, password)


async def test_a_stranger_costs_the_same_hash_as_a_member() -> None:
    passwords = CountingHasher()
    stored = passwords.hash(PASSWORD)
    assert await passwords.fits(PASSWORD, stored)
    assert not await passwords.fits("the hash of nobody's password", None)
    assert len(passwords.verified) == 2
    assert passwords.verified[0].rpartition("$")[0].split("$")[:4] == passwords.verified[1].split("$")[:4]


@pytest.mark.parametrize("stored", [pytest.param(QUICK.hash(PASSWORD), id="a member"), pytest.param(None, id="nobody")])
async def test_the_first_login_costs_the_same_whoever_it_is(stored: str | None) -> None:
    hasher = Mock(wraps=QUICK)
    passwords = Passwords(hasher)
    for _ in range(2):
        await passwords.fits(PASSWORD, stored)
    assert (hasher.hash.call_count, hasher.verify.call_count) == (1, 2)


async def test_a_stored_hash_that_is_broken_lets_nobody_in() -> None:
    assert not await Passwords(QUICK).fits(PASSWORD, "not a hash")


async def test_a_crowd_of_logins_does_not_queue_for_ever() -> None:
    passwords = Passwords(QUICK)
    stored = passwords.hash(PASSWORD)
    refused = 0

    async def try_it() -> None:
        nonlocal refused
        try:
            await passwords.fits(PASSWORD, stored)
        except TooManyLogins:
            refused += 1

    async with trio.open_nursery() as nursery:
        for _ in range(60):
            nursery.start_soon(try_it)
    assert 0 < refused < 60


class UncountedTries:
    """Of a database that is away."""

    async def take(self, address: str, email: str) -> int | None:
        raise StoreUnavailable("away")

    async def give_back(self, address: str, email: str) -> None:
        raise AssertionError("no try was taken")


async def test_guessing_at_one_person_is_slowed_whatever_address_it_comes_from(house: House) -> None:
    wrong = {"email": DANA.email, "password": "guess"}
    answers = [await house.browser(f"198.51.100.{n}").post("/api/v1/login", wrong) for n in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert (
        answers[-1].json["detail"]
        == f"Too many tries. Wait {answers[-1].headers['Retry-After']} seconds and try again."
    )
    assert (await house.browser("203.0.113.9").login(DANA)).status == 429, "not even with the right password"
    house.later(seconds=int(answers[-1].headers["Retry-After"]))
    assert (await house.browser("203.0.113.9").login(DANA)).status == 200


async def test_guessing_from_one_address_is_slowed_whoever_it_is_at(house: House) -> None:
    browser = house.browser("198.51.100.7")
    statuses = [
        (await browser.post("/api/v1/login", {"email": f"n{n}@x.example", "password": "guess"})).status
        for n in range(11)
    ]
    assert statuses == [401] * 10 + [429]
    assert (await house.browser("203.0.113.9").login(DANA)).status == 200


async def test_those_who_know_their_password_are_never_slowed(house: House) -> None:
    browser = house.browser()
    assert {(await browser.login(DANA)).status for _ in range(30)} == {200}


async def test_where_tries_cannot_be_counted_no_password_is_looked_at(house: House) -> None:
    house.replace(login_tries=UncountedTries())
    house.people.failure = AssertionError("nobody is looked for")
    answer = await house.browser().login(DANA)
    assert (answer.status, house.people.sessions) == (503, {})


async def test_a_forged_forwarded_address_buys_no_new_tries(house: House) -> None:
    browser = house.browser("198.51.100.7")
    statuses = [
        (
            await browser.post(
                "/api/v1/login",
                {"email": f"n{n}@x.example", "password": "guess"},
                X_Forwarded_For=f"203.0.113.{n}",
            )
        ).status
        for n in range(11)
    ]
    assert statuses[-1] == 429


def test_the_fake_clock_shifts_walls_only() -> None:
    clock = FakeClock()
    assert clock.wall() != clock.real()
