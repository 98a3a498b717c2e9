"""Consent: how a number stands in words, its record, what members write down, the setting, the proof as a download."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.inbox_page import OURS, open_thread, thread_of
from tests.ui.live_server import TIMEOUT_S, Live
from tests.ui.people_page import phone
from tests.ui.test_pages import complaints

HEADERS = {"X-CSRF": "1"}


def asked(page: Page, method: str, path: str, body: Any = None) -> Any:
    me = page.request.get("/api/v1/me").url
    answer = page.request.fetch(
        f"/api/v1{path}", method=method, data=body, headers={"X-CSRF": "1", "Origin": me.removesuffix("/api/v1/me")}
    )
    assert answer.ok, answer.text()
    return answer.json() if answer.body() else None


class Somebody:
    """Somebody new, who has just written; their contact and their conversation."""

    def __init__(self, page: Page, live: Live) -> None:
        self.page, self.live = page, live
        self.address = phone()
        live.text_in(self.address, OURS, "Hello")
        self.thread_id = thread_of(page, self.address)["thread_id"]
        self.endpoint_id = self.consent()["endpoint_id"]

    def consent(self) -> Any:
        return asked(self.page, "GET", f"/threads/{self.thread_id}/consent")

    def says(self, body: str) -> None:
        """They text *body*; returns once its consequence is stored."""
        before = len(self.consent()["entries"])
        self.live.text_in(self.address, OURS, body)
        late = time.monotonic() + TIMEOUT_S
        while time.monotonic() < late:
            if len(self.consent()["entries"]) > before:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{body} changed nothing")


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


@pytest.fixture
def ada(page: Page, live: Live) -> Somebody:
    return Somebody(page, live)


def opened(page: Page, ada: Somebody) -> Locator:
    """The consent of *ada*, from the header of the conversation."""
    open_thread(page, ada.thread_id)
    page.get_by_role("button", name="Consent", exact=True).click()
    dialog = page.get_by_role("dialog", name=re.compile("^Consent of"))
    dialog.get_by_role("heading", name=re.compile("^Consent")).last.wait_for()
    return dialog


def form(page: Page, title: str) -> Locator:
    dialog = page.get_by_role("dialog", name=re.compile(f"^{title}"))
    dialog.wait_for()
    return dialog


def moment(page: Page, **ahead: float) -> str:
    """The server's time, as the page's field wants it."""
    now = datetime.fromisoformat(asked(page, "GET", "/me")["now"])
    zone = page.evaluate("() => new Date().getTimezoneOffset()")
    return f"{now + timedelta(minutes=-zone) + timedelta(**ahead):%Y-%m-%dT%H:%M:%S}"


def test_the_conversations_header_leads_to_how_its_number_stands(page: Page, ada: Somebody) -> None:
    dialog = opened(page, ada)
    expect(dialog).to_contain_text("No opt-in on record")
    expect(dialog).to_contain_text("Nothing is on record for this number yet.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Consent", exact=True)).to_be_focused()


def test_an_entry_that_is_sent_twice_or_again_after_its_answer_was_lost_is_one(
    page: Page, ada: Somebody, faults: Faults
) -> None:
    """What the button shows is no guard: both presses come before it is drawn anew."""
    sent: list[str] = []
    answered: list[int] = []

    def lose_first(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}").get("cmd_id", ""))
        answer = route.fetch()
        if len(sent) == 1:
            faults.expect("ERR_FAILED", "/consent")
            route.abort()
        else:
            route.fulfill(response=answer)
            answered.append(answer.status)

    dialog = opened(page, ada)
    dialog.get_by_role("button", name="Record consent").click()
    entry = form(page, "Record consent")
    entry.get_by_label("The exact words").fill("Yes, please text me.")
    page.route("**/consent", lambda route: lose_first(route) if route.request.method == "POST" else route.fallback())
    entry.get_by_role("button", name="Record consent").click()
    expect(entry).to_contain_text("The server cannot be reached.")
    entry.locator("form").evaluate("form => { form.requestSubmit(); form.requestSubmit(); }")
    expect(entry).to_have_count(0)
    late = time.monotonic() + TIMEOUT_S
    while len(answered) < 2 and time.monotonic() < late:
        page.wait_for_timeout(20)
    assert answered == [200, 200]
    assert sent == sent[:1] * 3
    assert [one["kind"] for one in ada.consent()["entries"]] == ["consent_given"]


def test_escape_closes_one_dialog_at_a_time(page: Page, ada: Somebody) -> None:
    dialog = opened(page, ada)
    dialog.get_by_role("button", name="Revoke").click()
    entry = form(page, "Record a revocation")
    page.keyboard.press("Escape")
    expect(entry).to_have_count(0)
    expect(dialog.get_by_role("button", name="Revoke")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_an_opt_in_is_recorded_with_its_words_and_the_file_that_shows_it(
    page: Page, ada: Somebody, tmp_path: Path
) -> None:
    signed = tmp_path / "signed form.pdf"
    signed.write_bytes(b"%PDF-1.7 " + uuid4().bytes)
    dialog = opened(page, ada)
    dialog.get_by_role("button", name="Record consent").click()
    entry = form(page, "Record consent")
    entry.get_by_label("How did they agree?").select_option("form")
    entry.get_by_label("The exact words").fill("Yes, text me about <homes>.")
    entry.get_by_label("Address of the form's page").fill("https://harbor.example/open-house")
    entry.get_by_label("File that shows it").set_input_files(signed)
    entry.get_by_role("button", name="Record consent").click()
    expect(entry).to_have_count(0)
    expect(dialog).to_contain_text("Opted in. Bulk texts may go to this number.")
    [line] = dialog.get_by_role("listitem").all()
    expect(line.locator("blockquote")).to_have_text("Yes, text me about <homes>.")
    expect(line).to_contain_text("written down by a member · Dana Whitfield · a form")
    expect(line).to_contain_text("Page: https://harbor.example/open-house")
    with page.expect_download() as got:
        line.get_by_role("link", name="signed form.pdf").click()
    assert Path(got.value.path()).read_bytes() == signed.read_bytes()


def test_what_is_missing_is_said_at_its_field(page: Page, ada: Somebody, faults: Faults, tmp_path: Path) -> None:
    faults.expect(415, "/api/v1/")
    faults.expect(422, "/consent")
    dialog = opened(page, ada)
    dialog.get_by_role("button", name="Record consent").click()
    entry = form(page, "Record consent")
    entry.get_by_role("button", name="Record consent").click()
    words = entry.get_by_label("The exact words")
    expect(words).to_have_attribute("aria-invalid", "true")
    expect(entry).to_contain_text("Write down the exact words, or add the file that shows them.")
    words.fill("I agree")
    page_file = tmp_path / "form.html"
    page_file.write_text("<script>alert(1)</script>")
    entry.get_by_label("File that shows it").set_input_files(page_file)
    entry.get_by_role("button", name="Record consent").click()
    expect(entry.get_by_role("alert")).to_contain_text("A proof is a PDF, a PNG or JPEG picture")
    assert ada.consent()["entries"] == []


def test_a_revocation_opts_out_at_once_everywhere(page: Page, ada: Somebody) -> None:
    dialog = opened(page, ada)
    dialog.get_by_role("button", name="Revoke").click()
    entry = form(page, "Record a revocation")
    entry.get_by_label("What they said").fill("Called: take me off your list")
    entry.get_by_role("button", name="Opt out").click()
    expect(dialog).to_contain_text("Opted out. No bulk texts")
    expect(dialog.get_by_role("listitem").first).to_contain_text("Consent taken back")
    expect(dialog.get_by_role("button", name="Record consent")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=2).filter(has_text="Opted out")).to_be_visible()
    assert ada.consent()["epoch"] == 1


def test_an_opt_out_is_undone_upon_newer_evidence_only(page: Page, ada: Somebody, faults: Faults) -> None:
    faults.expect(422, "/consent")
    ada.says("STOP")
    dialog = opened(page, ada)
    dialog.get_by_role("button", name="Undo opt-out").click()
    entry = form(page, "Undo the opt-out")
    undo = entry.get_by_role("button", name="Undo the opt-out")
    undo.click()
    expect(entry).to_contain_text("Write down the exact words")
    entry.get_by_label("The exact words").fill("Please text me again")
    undo.click()
    expect(entry).to_contain_text("Say when the contact consented again.")
    entry.get_by_label("When did they consent again?").fill(moment(page, days=-1))
    undo.click()
    expect(entry).to_contain_text("This is older than the contact's opt-out; a newer consent is needed.")
    entry.get_by_label("When did they consent again?").fill(moment(page, minutes=1))
    undo.click()
    expect(entry).to_have_count(0)
    expect(dialog).to_contain_text("Opted in.")
    expect(dialog.get_by_role("listitem").first).to_contain_text("Opt-out undone")


def test_an_undo_that_did_not_see_the_newest_stop_is_refused(page: Page, ada: Somebody, faults: Faults) -> None:
    faults.expect(409, "/consent")
    ada.says("STOP")
    dialog = opened(page, ada)
    dialog.get_by_role("button", name="Undo opt-out").click()
    entry = form(page, "Undo the opt-out")
    entry.get_by_label("The exact words").fill("Please text me again")
    ada.says("START")
    ada.says("STOP")
    entry.get_by_label("When did they consent again?").fill(moment(page, minutes=1))
    entry.get_by_role("button", name="Undo the opt-out").click()
    expect(entry.get_by_role("alert")).to_have_text("The contact's consent has changed since you looked.")
    assert ada.consent()["state"] == "opted_out"


def test_what_the_carrier_blocks_offers_no_undo(page: Page, ada: Somebody) -> None:
    said = ada.consent() | {
        "state": "carrier_blocked",
        "opted_out": True,
        "carrier_blocked": True,
        "sentence": "The carrier blocks this number. Nothing can be sent; only the contact's START lifts it.",
    }
    page.route(f"**/api/v1/endpoints/{ada.endpoint_id}/consent", lambda route: route.fulfill(json=said))
    dialog = opened(page, ada)
    expect(dialog).to_contain_text("only the contact's START lifts it")
    for name in ("Undo opt-out", "Record consent", "Revoke"):
        expect(dialog.get_by_role("button", name=name)).to_have_count(0)


def test_the_full_proof_of_a_number_is_a_download(page: Page, ada: Somebody) -> None:
    ada.says("STOP")
    dialog = opened(page, ada)
    with page.expect_download() as got:
        dialog.get_by_role("link", name=re.compile("Download the full proof")).click()
    assert got.value.suggested_filename == f"consent-{ada.address[1:]}.zip"
    with zipfile.ZipFile(io.BytesIO(Path(got.value.path()).read_bytes())) as archive:
        assert {"consent.html", "consent.json", "SHA256SUMS"} <= set(archive.namelist())
        shown = archive.read("consent.html").decode()
    saved = page.context.new_page()
    saved.set_content(shown)
    expect(saved.get_by_role("row").nth(1)).to_contain_text("STOP")
    expect(saved.get_by_role("row").nth(1)).to_contain_text("UTC")


def test_the_contacts_page_has_the_consent_of_each_number(page: Page, live: Live) -> None:
    first, second = phone(), phone()
    contact = asked(page, "POST", "/contacts", {"first_name": "Ines", "phones": [{"phone": first}, {"phone": second}]})
    page.goto(f"/people/{contact['contact_id']}")
    cards = page.get_by_role("region", name=re.compile("^Consent "))
    expect(cards).to_have_count(2)
    cards.first.get_by_role("button", name="Revoke").click()
    entry = form(page, "Record a revocation")
    entry.get_by_label("What they said").fill("Not any more")
    entry.get_by_role("button", name="Opt out").click()
    expect(cards.first).to_contain_text("Opted out")
    expect(cards.last).to_contain_text("No opt-in on record")
    cards.first.get_by_role("button", name="Show the record").click()
    expect(cards.first.get_by_role("listitem").first.locator("blockquote")).to_have_text("Not any more")


@contextmanager
def not_required_afterwards(page: Page) -> Iterator[None]:
    try:
        yield
    finally:
        asked(page, "PATCH", "/settings/consent", {"opt_in_required": False})


def test_an_owner_says_whether_bulk_needs_an_opt_in(page: Page, ada: Somebody) -> None:
    with not_required_afterwards(page):
        page.goto("/people")
        page.get_by_role("button", name="account and appearance").click()
        page.get_by_role("link", name="Consent", exact=True).click()
        switch = page.get_by_role("switch", name="Texts in bulk need an opt-in on record")
        expect(switch).to_be_enabled()  # what it is set to is known
        expect(switch).not_to_be_checked()
        switch.press(" ")
        expect(switch).to_be_checked()
        expect(switch).to_be_enabled()
        assert ada.consent()["opt_in_required"] is True
        page.goto("/phone/sms")
        expect(opened(page, ada)).to_contain_text("This workspace requires one, so no bulk texts go to this number.")


def test_an_agent_may_see_the_setting_and_not_change_it(open_tab: OpenTab, live: Live) -> None:
    page = open_tab(member=live.agent)
    page.goto("/settings/consent")
    expect(page.get_by_role("switch")).to_be_disabled()
    expect(page.get_by_text("Only owners and managers may change this.")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", ["settings", "card", "record", "undo"])
def test_no_barriers(page: Page, ada: Somebody, place: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    if place == "settings":
        page.goto("/settings/consent")
        page.get_by_role("switch").wait_for()
    elif place == "undo":
        ada.says("STOP")
        opened(page, ada).get_by_role("button", name="Undo opt-out").click()
        form(page, "Undo the opt-out")
    else:
        asked(
            page,
            "POST",
            f"/endpoints/{ada.endpoint_id}/consent",
            {"kind": "opted_in", "channel": "verbal", "statement": "Yes", "note": "At the open house"},
        )
        dialog = opened(page, ada)
        if place == "record":
            dialog.get_by_role("button", name="Record consent").click()
            form(page, "Record consent")
    assert not complaints(page)
