"""The settings of what people are described with: fields, tags, pipelines and stages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import Faults, OpenTab
from tests.ui.live_server import Live
from tests.ui.people_page import Office, word


@pytest.fixture
def page(desk: Page) -> Page:
    return desk


@pytest.fixture
def settings(page: Page, office: Office) -> Page:
    page.goto("/settings/fields")
    page.get_by_role("heading", name="Pipelines", exact=True).wait_for()
    return page


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_the_members_menu_and_the_people_lead_here(page: Page) -> None:
    page.goto("/system")
    page.get_by_role("button", name="account and appearance").click()
    page.get_by_role("link", name="Fields, tags, stages").click()
    expect(page.get_by_role("heading", name="Fields, tags, stages", exact=True)).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="People").click()
    page.get_by_role("link", name="Fields, tags, stages").click()
    expect(page.get_by_role("heading", name="Fields, tags, stages", exact=True)).to_be_visible()


def test_a_field_is_made_relabelled_and_removed_and_its_name_is_made_of_its_label(
    settings: Page, office: Office
) -> None:
    label = word("Budget ")
    fields = section(settings, "Custom fields")
    form = settings.get_by_role("form", name="New field")
    form.get_by_label("Label").fill(label)
    expect(form.get_by_label("Name in templates")).to_have_value(label.lower().replace(" ", "_"))
    form.get_by_label("Kind").select_option(label="One of a list")
    form.get_by_label("Choices").fill("House, Condo")
    form.get_by_role("button", name="Add field").click()
    row = fields.locator("div").filter(has=settings.get_by_text(label, exact=True)).last
    expect(row).to_contain_text("One of a list: House, Condo")
    fields.get_by_role("button", name=f"Rename the field {label}").click()
    fields.get_by_label("Name of the field").fill(f"{label} now")
    settings.keyboard.press("Enter")
    expect(fields.get_by_text(f"{label} now", exact=True)).to_be_visible()
    fields.get_by_label(f"Another choice of {label} now").fill("Land")
    settings.keyboard.press("Enter")
    expect(fields.get_by_text("House, Condo, Land")).to_be_visible()
    fields.get_by_role("button", name=f"Remove the field {label} now").click()
    fields.get_by_role("group", name=f"Remove {label} now?").get_by_role("button", name="Remove").click()
    expect(fields.get_by_text(f"{label} now", exact=True)).to_have_count(0)


def test_an_agent_sees_custom_fields_and_is_offered_no_change_of_them(
    settings: Page, office: Office, open_tab: OpenTab, live: Live
) -> None:
    label = word("Budget ")
    field = office.ask("POST", "/custom-fields", {"label": label, "kind": "choice", "choices": ["House"]})
    page = open_tab(member=live.agent)
    page.goto("/settings/fields")
    fields = section(page, "Custom fields")
    expect(fields.get_by_text(label, exact=True)).to_be_visible()
    expect(fields.get_by_text("Only owners and managers may add, rename or remove these.")).to_be_visible()
    expect(fields.get_by_role("button")).to_have_count(0)
    expect(fields.get_by_role("textbox")).to_have_count(0)
    expect(section(page, "Tags").get_by_label("Name of a new tag")).to_be_enabled()
    office.ask("DELETE", f"/custom-fields/{field['field_id']}")


def test_a_name_that_means_something_already_is_refused(settings: Page, faults: Faults) -> None:
    faults.expect(409, "/custom-fields")
    faults.expect(422, "/custom-fields")
    form = settings.get_by_role("form", name="New field")
    form.get_by_label("Label").fill("Agent name")
    form.get_by_role("button", name="Add field").click()
    expect(form.get_by_label("Name in templates")).to_have_attribute("aria-invalid", "true")
    expect(form).to_contain_text("{{agent_name}} means something already")


def test_a_tag_is_made_renamed_and_removed(settings: Page, office: Office) -> None:
    name = word()
    tags = section(settings, "Tags")
    tags.get_by_label("Name of a new tag").fill(name)
    settings.keyboard.press("Enter")
    expect(tags.get_by_text(name, exact=True)).to_be_visible()
    expect(tags.get_by_label("Name of a new tag")).to_have_value("")
    tags.get_by_role("button", name=f"Rename the tag {name}").click()
    tags.get_by_label("Name of the tag").fill(f"{name} too")
    settings.keyboard.press("Enter")
    expect(tags.get_by_text(f"{name} too", exact=True)).to_be_visible()
    tags.get_by_role("button", name=f"Remove the tag {name} too").click()
    tags.get_by_role("group", name=f"Remove {name} too?").get_by_role("button", name="Remove").click()
    expect(tags.get_by_text(f"{name} too", exact=True)).to_have_count(0)
    assert name not in str(office.ask("GET", "/tags"))


def test_a_pipeline_gets_stages_in_their_order(settings: Page, office: Office) -> None:
    name = word()
    pipelines = section(settings, "Pipelines")
    pipelines.get_by_label("Name of a new pipeline").fill(name)
    settings.keyboard.press("Enter")
    box = pipelines.get_by_role("group", name=f"Pipeline {name}")
    for stage in ("Contacted", "Won"):
        box.get_by_label(f"Name of a new stage of {name}").fill(stage)
        settings.keyboard.press("Enter")
        expect(box.get_by_text(stage, exact=True)).to_be_visible()
    box.get_by_role("button", name="Move Won up").click()
    expect(box.get_by_role("listitem").nth(1)).to_contain_text("Won")
    box.get_by_role("button", name="Rename the stage Won").click()
    box.get_by_label("Name of the stage").fill("Sold")
    settings.keyboard.press("Enter")
    expect(box.get_by_role("listitem").nth(1)).to_contain_text("Sold")
    box.get_by_role("button", name="Remove the stage Contacted").click()
    box.get_by_role("group", name="Remove Contacted?").get_by_role("button", name="Remove").click()
    expect(box.get_by_role("listitem")).to_have_count(2)
    box.get_by_role("button", name=re.compile(f"Remove the pipeline {name}")).click()
    box.get_by_role("group", name=f"Remove {name}?").get_by_role("button", name="Remove").click()
    expect(box).to_have_count(0)
