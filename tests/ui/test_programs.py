"""API tokens, webhooks with their log, and the reference dialer, which uses the public API alone."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect
from standardwebhooks import Webhook

from tests.ui.conftest import Faults, OpenTab
from tests.ui.inbox_page import conversation, unique
from tests.ui.live_server import Live
from tests.ui.people_page import Office, word
from tests.ui.test_pages import complaints

SHOWN = re.compile(r"tl_[\w-]{43}")


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


# Tokens


def make_token(page: Page, name: str) -> str:
    page.goto("/settings/tokens")
    form = page.get_by_role("form", name="New token")
    form.get_by_label("What is it for?").fill(name)
    form.get_by_role("button", name="Make token").click()
    dialog = page.get_by_role("dialog", name=f"The token “{name}”")
    token = dialog.get_by_label("Token", exact=True).input_value()
    dialog.get_by_role("button", name="Done").click()
    return token


def asks(page: Page, token: str) -> int:
    """What a program with *token* is answered."""
    return page.request.get("/api/v1/events/list", headers={"Authorization": f"Bearer {token}"}).status


def test_a_token_is_shown_once_works_is_seen_to_be_used_and_is_revoked_after_a_question(page: Page) -> None:
    name = word("Dialer ")
    token = make_token(page, name)
    assert SHOWN.fullmatch(token)
    row = page.get_by_role("listitem").filter(has_text=name)
    expect(row).to_contain_text(f"tl_…{token[-4:]}")
    expect(row).to_contain_text("Never used")
    assert token not in page.content()
    assert asks(page, token) == 200
    page.reload()
    expect(row).to_contain_text("Last used")
    assert token not in page.content()
    row.get_by_role("button", name=f"Revoke {name}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Keep it").click()
    assert asks(page, token) == 200
    row.get_by_role("button", name=f"Revoke {name}").click()
    dialog.get_by_role("button", name="Revoke").click()
    page.get_by_text("Revoked tokens").click()
    expect(page.get_by_role("group").get_by_role("listitem").filter(has_text=name)).to_contain_text("Revoked")
    assert asks(page, token) == 401


def test_a_token_is_not_made_without_a_name_or_a_scope(page: Page) -> None:
    page.goto("/settings/tokens")
    form = page.get_by_role("form", name="New token")
    button = form.get_by_role("button", name="Make token")
    expect(button).to_be_disabled()
    form.get_by_label("What is it for?").fill("Something")
    expect(button).to_be_enabled()
    for scope in ("Read", "Dialer"):
        form.get_by_label(scope, exact=True).uncheck()
    expect(button).to_be_disabled()


@pytest.mark.parametrize("place", ["tokens", "webhooks"])
def test_an_agent_is_told_who_may(place: str, open_tab: OpenTab, live: Live) -> None:
    page = open_tab(member=live.agent)
    page.goto(f"/settings/{place}")
    expect(page.get_by_text("Only owners and managers may connect other programs. Ask one of them.")).to_be_visible()
    expect(page.get_by_role("form")).to_have_count(0)


def test_the_settings_lead_to_tokens_and_webhooks_and_these_to_the_dialer(page: Page) -> None:
    page.goto("/settings/fields")
    tabs = page.get_by_role("navigation", name="Settings")
    tabs.get_by_role("link", name="Webhooks").click()
    expect(heading(page, "Webhooks")).to_be_visible()
    tabs.get_by_role("link", name="API tokens").click()
    expect(heading(page, "API tokens")).to_be_visible()
    page.get_by_role("link", name="a dialer").click()
    expect(heading(page, "Dialer")).to_be_visible()
    page.get_by_role("button", name="account and appearance").click()
    expect(page.get_by_role("link", name="Dialer", exact=True)).to_be_visible()


# Webhooks


@dataclass
class Receiver:
    url: str
    answers: list[int] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Answers with `answers` in turn, then with 204."""
    told = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.answers.pop(0) if told.answers else 204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/{word('hook')}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def add_webhook(page: Page, url: str) -> tuple[Locator, str]:
    """The part of the page that is about it, and its secret."""
    page.goto("/settings/webhooks")
    form = page.get_by_role("form", name="New webhook")
    form.get_by_label("Address").fill(url)
    form.get_by_label("Somebody opts out").uncheck()
    form.get_by_role("button", name="Add webhook").click()
    return page.get_by_role("article", name=url), take_secret(page)


def take_secret(page: Page) -> str:
    dialog = page.get_by_role("dialog", name="The signing secret")
    secret = dialog.get_by_label("Secret", exact=True).input_value()
    dialog.get_by_role("button", name="Done").click()
    return secret


def test_what_was_posted_stands_in_the_log_is_signed_and_is_posted_again_on_demand(
    page: Page, live: Live, receiver: Receiver
) -> None:
    one, secret = add_webhook(page, receiver.url)
    try:
        row, said = conversation(page, live), unique("Hook ")
        live.text_in(row["address"], row["number"], said)
        one.get_by_role("button", name="Delivery log").click()
        log = one.get_by_role("region", name="Delivery log").get_by_role("listitem")
        mine = log.filter(has=page.get_by_role("button", name="again")).first
        expect(mine).to_contain_text("Delivered")
        expect(mine).to_contain_text("A text comes in")
        expect(mine).to_contain_text("one try · The server answered 204.")
        before = len(receiver.posts)
        mine.get_by_role("button", name="again").click()
        _until(page, lambda: len(receiver.posts) > before)
        heads = [head["webhook-id"] for head, _ in receiver.posts]
        assert len(set(heads)) < len(heads), "under the same id"
        told = [Webhook(secret).verify(body, head) for head, body in receiver.posts]
        assert said in [event["data"]["body"] for event in told]
    finally:
        turn_off(one)


def _until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(100)
    pytest.fail("It did not come.")


def turn_off(one: Locator) -> None:
    one.get_by_role("button", name="Turn off").click()
    expect(one.get_by_text("Off", exact=True)).to_be_visible()


def test_a_receiver_that_says_410_is_turned_off_with_the_reason_and_can_be_turned_on_again(
    page: Page, live: Live, receiver: Receiver
) -> None:
    receiver.answers = [410]
    one, _ = add_webhook(page, receiver.url)
    row = conversation(page, live)
    live.text_in(row["address"], row["number"], unique("Gone "))
    expect(one.get_by_role("note")).to_contain_text("The receiver answered 410 Gone, and is told nothing any more.")
    one.get_by_role("button", name="Turn on").click()
    expect(one.get_by_text("On", exact=True)).to_be_visible()
    expect(one.get_by_role("note")).to_have_count(0)
    turn_off(one)
    expect(one.get_by_role("note")).to_contain_text("Somebody turned it off.")


def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_a_day(page: Page, live: Live, receiver: Receiver) -> None:
    one, old = add_webhook(page, receiver.url)
    try:
        one.get_by_role("button", name="New secret").click()
        page.get_by_role("dialog").get_by_role("button", name="Make a new one").click()
        new = take_secret(page)
        assert new != old
        expect(one).to_contain_text("The old secret signs too until")
        row = conversation(page, live)
        live.text_in(row["address"], row["number"], unique("Signed "))
        _until(page, lambda: len(receiver.posts) > 0)
        head, body = receiver.posts[-1]
        assert Webhook(new).verify(body, head) == Webhook(old).verify(body, head) == json.loads(body)
    finally:
        turn_off(one)


def test_an_address_that_may_not_be_posted_to_is_refused_at_its_field(page: Page, faults: Faults) -> None:
    faults.expect(422, "/api/v1/webhooks")
    page.goto("/settings/webhooks")
    form = page.get_by_role("form", name="New webhook")
    form.get_by_label("Address").fill("https://10.0.0.7/hooks")
    form.get_by_role("button", name="Add webhook").click()
    expect(form.get_by_label("Address")).to_have_accessible_description("The address leads into a private network.")


def test_what_a_webhook_hears_can_be_changed(page: Page, receiver: Receiver) -> None:
    one, _ = add_webhook(page, receiver.url)
    one.get_by_role("button", name="Change").click()
    form = page.get_by_role("form", name=f"Change {receiver.url}")
    expect(form.get_by_label("A text comes in")).to_be_checked()
    form.get_by_label("A conversation is assigned").check()
    form.get_by_role("button", name="Save").click()
    expect(one).to_contain_text("A conversation is assigned")
    turn_off(one)


# The dialer


def connected(page: Page) -> Page:
    page.goto("/dialer")
    page.get_by_role("button", name="Make a token and connect").click()
    expect(heading(page, "Whom do you call?")).to_be_visible()
    expect(page.get_by_role("region", name="What comes in").get_by_role("status")).to_have_text("Live")
    return page


@dataclass(frozen=True)
class Lead:
    name: str
    address: str
    contact_id: int
    number: str


@pytest.fixture
def lead(page: Page, live: Live, office: Office) -> Lead:
    """Somebody who has written, and has a name by now."""
    row, name = conversation(page, live, "Is it still free?"), word("Lead")
    version = office.row(row["contact_id"])["version"]
    office.patch(row["contact_id"], first_name=name, last_name="", version=version)
    return Lead(name, row["address"], row["contact_id"], row["number"])


def calling(page: Page, name: str) -> Locator:
    page.get_by_label("Find somebody").fill(name)
    page.get_by_role("button", name=f"Call {name}").click()
    return page.get_by_role("region", name=f"Call with {name}")


def hung_up(page: Page, call: Locator, name: str) -> Locator:
    call.get_by_role("button", name="Hang up").click()
    return page.get_by_role("region", name=f"After the call with {name}")


def below(whole: Locator, part: Locator) -> float:
    """How far *part* is from the top of *whole*, in pixels, wherever the page is scrolled to."""
    top, at = whole.bounding_box(), part.bounding_box()
    assert top is not None
    assert at is not None
    return at["y"] - top["y"]


def events(page: Page) -> Locator:
    return page.get_by_role("log", name="Events").get_by_role("listitem")


def test_a_call_pops_up_who_it_is_a_text_leaves_and_the_reply_is_pushed(page: Page, live: Live, lead: Lead) -> None:
    call = calling(connected(page), lead.name)
    expect(call).to_contain_text("Is it still free?")
    expect(call).to_contain_text("May be texted")
    expect(call).to_contain_text("Time there")
    said = unique("The address is 4 Elm Street")
    quick = call.get_by_role("form", name="Quick text")
    quick.get_by_label("Text", exact=True).fill(said)
    quick.get_by_role("button", name="Send text").click()
    expect(quick.get_by_role("status")).to_contain_text(f"On its way: “{said}”")
    expect(events(page).filter(has_text="Text delivered").filter(has_text=lead.name)).to_contain_text(
        "Sent with a call."
    )
    reply = unique("Thanks")
    live.text_in(lead.address, lead.number, reply)
    expect(events(page).filter(has_text=reply)).to_contain_text(f"Replied {lead.name}")
    expect(call.get_by_role("list", name="Last texts").get_by_text(reply)).to_have_count(1)
    with page.expect_popup() as opened:
        call.get_by_role("link", name="Open the conversation").click()
    thread = opened.value
    expect(thread.get_by_text(said)).to_be_visible()
    expect(thread.get_by_text("Sent with a call")).to_be_visible()


def test_everything_a_call_does_goes_by_the_public_api_with_the_token(page: Page, lead: Lead) -> None:
    connected(page)
    token = page.evaluate("sessionStorage.getItem('dialer-token')")
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    page.on("request", note)
    after = hung_up(page, calling(page, lead.name), lead.name)
    after.get_by_role("button", name="Voicemail").click()
    expect(after.get_by_text("Noted: voicemail.")).to_be_visible()
    page.remove_listener("request", note)
    paths = [request.url.partition("/api/v1")[2].partition("?")[0] for request in asked]
    of_dialers = [path.startswith(("/dialer", "/contacts", "/templates", "/events")) for path in paths]
    assert set(paths) >= {"/contacts/query", "/dialer/calls/start", "/dialer/calls/end"}
    headers = [request.all_headers() for request, does in zip(asked, of_dialers, strict=True) if does]
    assert {(sent.get("authorization"), "cookie" in sent) for sent in headers} == {(f"Bearer {token}", False)}


def test_after_the_call_one_click_sends_the_chosen_follow_up(page: Page, office: Office, lead: Lead) -> None:
    name = word("Missed ")
    office.ask("POST", "/templates", {"name": name, "body": "Hi {{first_name}}, sorry I missed you.", "shared": True})
    after = hung_up(page, calling(connected(page), lead.name), lead.name)
    after.get_by_label("Template").select_option(label=name)
    send = after.get_by_role("button", name=f"Send “{name}”")
    before = below(after, send)
    after.get_by_role("button", name="No answer").click()
    expect(after.get_by_text("Noted: no answer.")).to_be_visible()
    assert below(after, send) == before, "it does not move away under the pointer"
    send.click()
    expect(after.get_by_text(f"On its way: “Hi {lead.name}, sorry I missed you.”")).to_be_visible()
    after.get_by_role("button", name="Next call").click()
    after = hung_up(page, calling(page, lead.name), lead.name)
    expect(after.get_by_role("button", name=f"Send “{name}”")).to_be_visible()


def test_a_template_asks_for_what_is_not_known_of_the_contact(
    page: Page, office: Office, lead: Lead, faults: Faults
) -> None:
    faults.expect(422, "/api/v1/dialer/sms")
    name = word("Ask ")
    office.ask("POST", "/templates", {"name": name, "body": "See you {{showing_time}}.", "shared": True})
    quick = calling(connected(page), lead.name).get_by_role("form", name="Quick text")
    quick.get_by_label("Template").select_option(label=name)
    quick.get_by_role("button", name="Send text").click()
    quick.get_by_label("What to say for showing time").fill("on Sunday at 3")
    quick.get_by_role("button", name="Send text").click()
    expect(quick.get_by_role("status")).to_contain_text("On its way: “See you on Sunday at 3.”")


def test_do_not_contact_ends_texts_and_the_next_call_says_so(
    page: Page, lead: Lead, office: Office, faults: Faults
) -> None:
    after = hung_up(page, calling(connected(page), lead.name), lead.name)
    after.get_by_role("button", name="Do not contact").click()
    expect(after.get_by_text(f"Do not contact: nothing more is sent to {lead.name}.")).to_be_visible()
    expect(after.get_by_role("button", name="Send")).to_have_count(0)
    expect(events(page).filter(has_text="Opted out").filter(has_text=lead.name)).to_be_visible()
    after.get_by_role("button", name="Next call").click()
    call = calling(page, lead.name)
    expect(call).to_contain_text("Not to be called")
    expect(call).to_contain_text("Not to be texted")
    faults.expect(409, "/api/v1/dialer/sms")
    quick = call.get_by_role("form", name="Quick text")
    quick.get_by_label("Text", exact=True).fill("Hello?")
    quick.get_by_role("button", name="Send text").click()
    expect(quick.get_by_role("alert")).to_contain_text("This contact has opted out")
    assert office.row(lead.contact_id)["phones"][0]["opted_out"] is True


def test_an_opt_out_is_pushed_to_whoever_dials(page: Page, live: Live, lead: Lead) -> None:
    connected(page)
    live.text_in(lead.address, lead.number, "STOP")
    expect(events(page).filter(has_text="Opted out").filter(has_text=lead.name)).to_be_visible()


def test_who_disconnects_leaves_no_token_behind(page: Page) -> None:
    connected(page)
    token = page.evaluate("sessionStorage.getItem('dialer-token')")
    assert asks(page, token) == 200
    with page.expect_response(lambda answer: "/api/v1/tokens/" in answer.url):
        page.get_by_role("button", name="Disconnect").click()
    assert asks(page, token) == 401
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('dialer-token'))") == []


def test_a_token_that_was_revoked_is_said_to_be(page: Page, office: Office, faults: Faults) -> None:
    faults.expect(401, "/api/v1/")
    page.goto("/dialer")
    form = page.get_by_role("form", name="Connect with a token")
    form.get_by_label("Or use one that you have", exact=True).fill("tl_nonsense")
    form.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("This token is not valid, or was revoked.").first).to_be_visible()
    page.get_by_role("button", name="Disconnect").click()
    expect(heading(page, "Connect it first")).to_be_visible()


# Barriers


@pytest.mark.parametrize("width", [390, 1280])
def test_no_barrier_in_tokens(open_tab: OpenTab, width: int) -> None:
    page = open_tab(width)
    make_token(page, word("Token "))
    page.get_by_role("listitem").first.wait_for()
    assert complaints(page) == []
    page.get_by_role("listitem").first.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").wait_for()
    assert complaints(page, "[role=dialog]") == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_barrier_in_webhooks_and_their_log(open_tab: OpenTab, live: Live, receiver: Receiver, width: int) -> None:
    page = open_tab(width)
    receiver.answers = [500]
    one, _ = add_webhook(page, receiver.url)
    row = conversation(page, live)
    live.text_in(row["address"], row["number"], unique("Bars "))
    one.get_by_role("button", name="Delivery log").click()
    one.get_by_role("region", name="Delivery log").get_by_role("listitem").first.wait_for()
    assert complaints(page) == []
    turn_off(one)
    assert complaints(page) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_barrier_in_a_call_and_after_it(open_tab: OpenTab, live: Live, lead: Lead, width: int) -> None:
    page = open_tab(width)
    page.goto("/dialer")
    page.get_by_role("form", name="Connect with a token").wait_for()
    assert complaints(page) == []
    call = calling(connected(page), lead.name)
    live.text_in(lead.address, lead.number, unique("Bars "))
    events(page).filter(has_text=lead.name).first.wait_for()
    assert complaints(page) == []
    after = hung_up(page, call, lead.name)
    after.get_by_role("button", name="Talked").click()
    after.get_by_text("Noted: talked.").wait_for()
    assert complaints(page) == []
