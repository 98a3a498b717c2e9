"""The demo's templates are ones that could have been saved."""

import pytest

from server.demo.people import MEMBERS
from server.demo.templates import TEMPLATES, DemoTemplate
from server.domain.segments import count
from server.domain.tokens import parse, render


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_demo_template_has_no_fault_and_costs_two_segments_at_most(template: DemoTemplate) -> None:
    parsed = parse(template.body)
    assert parsed.faults == ()
    values = dict.fromkeys(parsed.names, "Priya Raman, Elm Street")
    segments = count(render(parsed, values).text)
    assert (segments.encoding, segments.count <= 2) == ("GSM-7", True)


def test_their_authors_and_owners_are_the_demos_members() -> None:
    emails = {member.email for member in MEMBERS}
    assert {template.author for template in TEMPLATES} | {template.owner for template in TEMPLATES} <= {*emails, None}
