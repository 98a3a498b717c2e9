"""Templates: two clicks from the icon or the slash to the text, and the page where they are written."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Faults, OpenTab, at_the_inbox
from tests.ui.inbox_page import OURS, bubble, conversation, message_box, open_thread, thread_of
from tests.ui.live_server import Live
from tests.ui.people_page import phone
from tests.ui.test_pages import complaints

FROM_US = {"X-CSRF": "1"}


def saved(page: Page, live: Live, body: str, **more: Any) -> dict[str, Any]:
    """A template of a name of its own, made by the API."""
    name = f"T {uuid4().hex[:8]}"
    headers = FROM_US | {"Origin": live.url}
    answer = page.request.post("/api/v1/templates", data={"name": name, "body": body} | more, headers=headers)
    assert answer.ok, answer.text()
    told: dict[str, Any] = answer.json()
    return told


def opened(page: Page, live: Live) -> dict[str, Any]:
    """A conversation with somebody whose name is known and who takes texts."""
    row = conversation(page, live)
    open_thread(page, row["thread_id"])
    return row


def stranger(page: Page, live: Live) -> None:
    """A conversation with a number of whom nothing is known."""
    number = phone()
    live.text_in(number, OURS, "Hello?")
    open_thread(page, thread_of(page, number)["thread_id"])


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


def icon(page: Page) -> Locator:
    return page.get_by_role("button", name="Templates", exact=True)


def slash(page: Page) -> None:
    """Press it in the empty reply, once one may write there."""
    expect(message_box(page)).to_be_enabled()
    message_box(page).press("/")


def finder(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Find a template")


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("listbox", name="Find a template").get_by_role("option").filter(has_text=name)


def caret_at_end(page: Page) -> bool:
    """The focus is in the reply's box, and what is typed next goes to its end."""
    at_end: bool = page.evaluate(
        """() => { const box = document.activeElement;
            return box.tagName === 'TEXTAREA' && box.ariaLabel === 'Message'
                && box.selectionStart === box.value.length && box.selectionEnd === box.value.length; }"""
    )
    return at_end


def written(page: Page, template_id: int | str) -> Locator:
    page.goto(f"/templates/{template_id}")
    box = page.get_by_role("textbox", name="Text")
    box.wait_for()
    return box


# As an agent


def test_an_agent_reads_a_colleagues_shared_template_and_makes_a_copy_to_change(
    page: Page, live: Live, open_tab: OpenTab
) -> None:
    template = saved(page, live, "Hi {{first_name|there}}")
    agents = open_tab(member=live.agent)
    box = written(agents, template["template_id"])
    expect(box).to_have_value("Hi {{first_name|there}}")
    expect(box).to_be_disabled()
    expect(agents.get_by_role("textbox", name="Name")).to_be_disabled()
    expect(agents.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    expect(agents.get_by_role("button", name="Delete this template")).to_have_count(0)
    expect(agents.get_by_text("Only owners, managers and who made it may change this template.")).to_be_visible()
    agents.get_by_role("button", name="Save a copy").click()
    agents.get_by_role("heading", name=f"{template['name']} (copy)").wait_for()
    expect(box).to_be_enabled()
    box.fill("Hi, it's me")
    agents.get_by_role("button", name="Save", exact=True).click()
    expect(agents.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(agents.get_by_role("button", name="Delete this template")).to_be_visible()


# In a conversation


def test_two_clicks_put_a_templates_text_into_the_reply(page: Page, live: Live) -> None:
    row = opened(page, live)
    template = saved(page, live, "Hi {{first_name|there}}, it's {{agent_name}}.")
    page.reload()
    icon(page).click()
    choice(page, template["name"]).click()
    text = f"Hi {row['name'].split()[0]}, it's {live.logins[0]['name']}."
    expect(message_box(page)).to_have_value(text)
    expect(message_box(page)).to_be_focused()
    assert caret_at_end(page)
    page.keyboard.type(" Bye!")
    page.keyboard.press("Enter")
    expect(bubble(page, f"{text} Bye!")).to_be_visible()
    used = page.request.get(f"/api/v1/templates/{template['template_id']}").json()["used"]
    assert used == 1


def test_a_slash_in_the_empty_reply_opens_the_list_and_the_keys_choose(page: Page, live: Live) -> None:
    opened(page, live)
    word = uuid4().hex[:8]
    for last in ("one", "two"):
        saved(page, live, f"{word} {last}")
    page.reload()
    slash(page)
    expect(finder(page)).to_be_focused()
    page.keyboard.type(word)
    expect(page.get_by_role("option", selected=True).filter(has_text=word)).to_have_count(1)
    expect(choice(page, word)).to_have_count(2)
    first = page.get_by_role("listbox", name="Find a template").get_by_role("option").nth(1).inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(message_box(page)).to_have_value(re.compile(f"^{word} (one|two)$"))
    assert message_box(page).input_value() in first
    assert caret_at_end(page)
    page.keyboard.type("/")
    expect(finder(page)).to_have_count(0)
    expect(message_box(page)).to_have_value(re.compile("/$"))


def test_escape_leaves_the_reply_as_it_was(page: Page, live: Live) -> None:
    opened(page, live)
    slash(page)
    finder(page).wait_for()
    page.keyboard.press("Escape")
    expect(finder(page)).to_have_count(0)
    expect(message_box(page)).to_be_focused()
    expect(message_box(page)).to_have_value("")


def test_a_template_joins_what_was_written_before_it(page: Page, live: Live) -> None:
    opened(page, live)
    template = saved(page, live, "See you soon.")
    message_box(page).fill("Great!")
    icon(page).click()
    choice(page, template["name"]).click()
    expect(message_box(page)).to_have_value("Great! See you soon.")


def test_what_is_not_on_record_is_asked_for_before_anything_is_written(page: Page, live: Live) -> None:
    template = saved(page, live, "Hi {{first_name}}, see you at {{showing_time}}. {{agent_name}}")
    stranger(page, live)
    slash(page)
    finder(page).fill(template["name"])
    page.keyboard.press("Enter")
    expect(page.get_by_label("First name")).to_be_focused()
    page.keyboard.type("Bo")
    page.get_by_role("button", name="Insert text").click()
    expect(page.get_by_role("alert")).to_have_text("Next showing is still empty.")
    expect(message_box(page)).to_have_value("")
    page.get_by_label("Next showing").fill("noon")
    page.keyboard.press("Enter")
    expect(message_box(page)).to_have_value(f"Hi Bo, see you at noon. {live.logins[0]['name']}")
    assert caret_at_end(page)


def test_what_was_asked_for_is_sent_as_it_was_shown(page: Page, live: Live) -> None:
    """What the server renders, the box and what leaves are the same, byte for byte: quotes, blanks and lines too."""
    body = "“{{agent_name}}”  says:\n{{first_name|hi}} {not a token} \\{{first_name}} 👍"
    template = saved(page, live, body)
    row = opened(page, live)
    told = page.request.post(
        "/api/v1/templates/render",
        data={"body": body, "thread_id": row["thread_id"]},
        headers=FROM_US | {"Origin": live.url},
    ).json()
    page.reload()
    icon(page).click()
    choice(page, template["name"]).click()
    expect(message_box(page)).to_have_value(told["text"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(message_box(page)).to_have_value("")
    expect(page.get_by_role("log").locator("[data-waiting=false]").filter(has_text="{{first_name}}")).to_be_visible()
    messages = page.request.get(f"/api/v1/threads/{row['thread_id']}").json()["messages"]
    [sent] = [message for message in messages if message["direction"] == "out"]
    assert (sent["body"], sent["segments"]) == (told["text"], told["segments"]["count"])


def test_a_text_is_saved_as_a_template_with_fields_for_the_contacts_own_words(page: Page, live: Live) -> None:
    row = opened(page, live)
    first = row["name"].split()[0]
    message_box(page).fill(f"Hi {first}, thanks a lot!")
    icon(page).click()
    page.get_by_role("button", name="Save as template").click()
    dialog = page.get_by_role("dialog", name="Save as template")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    name = f"Thanks {uuid4().hex[:6]}"
    page.keyboard.type(name)
    dialog.get_by_role("button", name="Put fields in instead").click()
    expect(dialog.get_by_label("Text")).to_have_value("Hi {{first_name}}, thanks a lot!")
    expect(dialog.get_by_test_id("preview")).to_have_text(f"Hi {first}, thanks a lot!")
    dialog.get_by_role("button", name="Save template").click()
    expect(dialog).to_have_count(0)
    expect(message_box(page)).to_be_focused()
    expect(message_box(page)).to_have_value(f"Hi {first}, thanks a lot!")
    message_box(page).fill("")
    page.keyboard.press("/")
    expect(choice(page, name)).to_be_visible()


def test_saving_under_a_name_that_is_taken_says_so_beside_the_name(page: Page, live: Live, faults: Faults) -> None:
    faults.expect(409, "/api/v1/templates")
    taken = saved(page, live, "Hello")["name"]
    opened(page, live)
    message_box(page).fill("Hello again")
    icon(page).click()
    page.get_by_role("button", name="Save as template").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill(taken)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("There is a template of that name already.")
    expect(bubble(page, "Hello again")).to_have_count(0)


def test_in_a_new_message_escape_closes_what_was_opened_last_alone(page: Page) -> None:
    at_the_inbox(page)
    page.get_by_role("button", name="New message").first.click()
    window = page.get_by_role("dialog", name="New message")
    window.get_by_role("button", name="Templates", exact=True).click()
    expect(finder(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(finder(page)).to_have_count(0)
    expect(window).to_be_visible()
    window.get_by_role("textbox", name="Message", exact=True).fill("Not lost")
    window.get_by_role("button", name="Templates", exact=True).click()
    page.get_by_role("button", name="Save as template").click()
    saving = page.get_by_role("dialog", name="Save as template")
    expect(saving.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(saving).to_have_count(0)
    expect(window.get_by_role("textbox", name="Message", exact=True)).to_have_value("Not lost")


# Where they are written


def test_a_fault_is_shown_with_its_place_and_mended_by_a_click(page: Page, live: Live, faults: Faults) -> None:
    faults.expect(422, "/api/v1/templates")
    template = saved(page, live, "Hello")
    box = written(page, template["template_id"])
    box.fill("👍 Hi\nto {{frist_name}}!")
    wrong = page.get_by_role("list", name="What is wrong").get_by_role("listitem")
    expect(wrong).to_contain_text('There is no token named "frist_name". Did you mean "first_name"?')
    expect(wrong).to_contain_text("Line 2, character 4")
    expect(page.locator("[data-kind=fault]")).to_have_attribute("data-text", "{{frist_name}}")
    wrong.get_by_role("button", name="Line 2, character 4").click()
    expect(box).to_be_focused()
    assert box.evaluate("box => box.value.slice(box.selectionStart, box.selectionEnd)") == "{{frist_name}}"
    page.get_by_role("button", name="Save", exact=True).click()
    expect(wrong).to_be_visible()
    assert page.request.get(f"/api/v1/templates/{template['template_id']}").json()["body"] == "Hello"
    wrong.get_by_role("button", name="Use {{first_name}}").click()
    expect(box).to_have_value("👍 Hi\nto {{first_name}}!")
    expect(wrong).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()


def test_any_field_of_yours_offers_the_fields_to_pick_from(page: Page, live: Live, faults: Faults) -> None:
    tokens = page.request.get("/api/v1/templates/tokens").json()["tokens"]
    fields = [*tokens, {"name": "lot_size", "label": "Lot size", "custom": True, "kind": "text", "choices": []}]
    page.route("**/api/v1/templates/tokens", lambda route: route.fulfill(json={"tokens": fields}))
    box = written(page, "new")
    box.fill("It has {{custom_field}}.")
    wrong = page.get_by_role("list", name="What is wrong").get_by_role("listitem")
    expect(wrong).to_contain_text("stands for any field of yours")
    wrong.get_by_role("button", name="Pick a field").click()
    expect(page.get_by_role("combobox", name="Find one of your fields")).to_be_focused()
    page.get_by_role("option", name="Lot size").click()
    expect(box).to_have_value("It has {{lot_size}}.")


def test_the_preview_is_what_a_real_contact_would_get_with_its_cost(page: Page, live: Live) -> None:
    row = conversation(page, live)
    box = written(page, "new")
    page.get_by_role("button", name=re.compile("^For ")).click()
    page.get_by_role("option", name=row["name"]).first.click()
    box.fill("Hi {{first_name}}, “" + "a" * 100)
    expect(page.get_by_test_id("preview")).to_contain_text(f"Hi {row['name'].split()[0]}, “aaa")
    cost = page.get_by_test_id("template-cost")
    expect(cost).to_contain_text("“ makes this 2 segments instead of 1")
    cost.get_by_role("button", name="Use plain characters").click()
    expect(box).to_have_value('Hi {{first_name}}, "' + "a" * 100)
    expect(cost).to_contain_text("1 segment")


def test_a_field_is_put_in_where_the_caret_stands(page: Page) -> None:
    box = written(page, "new")
    box.fill("Hi , welcome")
    box.evaluate("box => box.setSelectionRange(3, 3)")
    page.get_by_role("button", name="Insert field").click()
    expect(page.get_by_role("combobox", name="Find a field")).to_be_focused()
    page.keyboard.type("first")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Hi {{first_name}} , welcome")
    expect(box).to_be_focused()


def test_what_was_not_saved_survives_a_look_at_another_template(page: Page, live: Live) -> None:
    one, other = saved(page, live, "One"), saved(page, live, "Other")
    written(page, one["template_id"]).fill("One, changed")
    page.get_by_role("link", name=other["name"]).click()
    expect(page.get_by_role("textbox", name="Text")).to_have_value("Other")
    page.get_by_role("link", name=one["name"]).click()
    expect(page.get_by_role("textbox", name="Text")).to_have_value("One, changed")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("textbox", name="Text")).to_have_value("One")


def test_who_saves_over_a_colleagues_change_is_told_first(page: Page, live: Live, faults: Faults) -> None:
    faults.expect(409, "/api/v1/templates")
    template = saved(page, live, "Before")
    path = f"/api/v1/templates/{template['template_id']}"
    box = written(page, template["template_id"])
    box.fill("Mine")
    theirs = page.request.patch(path, data={"body": "Theirs"}, headers=FROM_US | {"Origin": live.url})
    assert theirs.ok
    page.get_by_role("button", name="Save", exact=True).click()
    told = page.get_by_role("alert").filter(has_text="Somebody has changed this template")
    expect(told).to_be_visible()
    assert page.request.get(path).json()["body"] == "Theirs"
    told.get_by_role("button", name="Save mine instead").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert page.request.get(path).json()["body"] == "Mine"


def test_templates_lie_in_folders_and_are_searched(page: Page, live: Live) -> None:
    page.goto("/templates")
    folder, word = f"Folder {uuid4().hex[:6]}", uuid4().hex[:8]
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Folder's name").fill(folder)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=folder)).to_be_visible()
    box = written(page, "new")
    page.get_by_label("Name", exact=True).fill(f"Name {word}")
    box.fill("Some words")
    page.get_by_label("Folder", exact=True).select_option(folder)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("list", name=folder).get_by_role("link")).to_have_text(re.compile(word))
    page.get_by_role("searchbox", name="Search templates").fill(word)
    expect(
        page.get_by_role("region", name="Templates").get_by_role("link").filter(has_text="Some words")
    ).to_have_count(1)
    page.get_by_role("button", name="Mine").click()
    expect(page.get_by_text("No template fits.")).to_be_visible()


def test_ones_own_template_is_not_in_a_colleagues_list(page: Page, live: Live, open_tab: OpenTab) -> None:
    own, shared = saved(page, live, "Own", shared=False), saved(page, live, "Shared")
    other = open_tab(member=2)
    for who, count in ((page, 1), (other, 0)):
        who.goto("/templates")
        expect(who.get_by_role("link", name=shared["name"])).to_have_count(1)
        expect(who.get_by_role("link", name=own["name"])).to_have_count(count)


def test_a_template_is_deleted_after_a_question(page: Page, live: Live) -> None:
    template = saved(page, live, "Away with it")
    written(page, template["template_id"])
    page.get_by_role("button", name="Delete this template").click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Texts that you send often", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=template["name"])).to_have_count(0)


# On a phone, and for everybody


def test_on_a_phone_the_list_and_the_form_fit_the_screen(page: Page, live: Live, open_tab: OpenTab) -> None:
    template = saved(page, live, "Hi {{first_name}}, " + "averylongword" * 12)
    small = open_tab(width=390, height=844)
    opened(small, live)
    icon(small).click()
    finder(small).fill(template["name"])
    box = choice(small, template["name"]).bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    choice(small, template["name"]).click()
    expect(message_box(small)).to_have_value(re.compile("averylongword"))
    small.goto("/templates")
    small.get_by_role("link", name=template["name"]).click()
    expect(small.get_by_role("textbox", name="Text")).to_be_visible()
    expect(small.get_by_role("searchbox", name="Search templates")).to_be_hidden()
    assert small.evaluate("document.documentElement.scrollWidth <= 390")
    small.get_by_role("button", name="Back to the templates").click()
    expect(small.get_by_role("searchbox", name="Search templates")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", ["list", "picker", "missing", "save", "faults", "preview"])
def test_templates_have_no_barrier(open_tab: OpenTab, live: Live, place: str, width: int) -> None:
    page = open_tab(width=width)
    if place in {"picker", "missing", "save"}:
        opened(page, live)
        message_box(page).fill("Hello there" if place == "save" else "")
        icon(page).click()
        page.get_by_role("listbox", name="Find a template").get_by_role("option").first.wait_for()
        if place == "missing":
            finder(page).fill("Confirm a showing")
            expect(choice(page, "Confirm a showing")).to_have_attribute("aria-selected", "true")
            page.keyboard.press("Enter")
            page.get_by_role("button", name="Insert text").wait_for()
        if place == "save":
            page.get_by_role("button", name="Save as template").click()
            page.get_by_test_id("preview").wait_for()
    elif place == "list":
        page.goto("/templates")
        page.get_by_role("link", name="First hello").wait_for()
    else:
        box = written(page, "new")
        box.fill("{{frist_name}} {{custom_field}}" if place == "faults" else "Hi {{showing_time}} “" + "a" * 140)
        page.get_by_test_id("template-cost" if place == "preview" else "nothing").or_(
            page.get_by_role("list", name="What is wrong")
        ).first.wait_for()
    # What lies below a list that is open is half hidden, and looked at by itself elsewhere.
    assert complaints(page, "[role=dialog]" if place in {"picker", "missing", "save"} else "html") == []
