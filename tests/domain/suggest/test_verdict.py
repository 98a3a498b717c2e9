"""What a member made of suggestions, by what was sent."""

import pytest

from server.domain.suggest.verdict import Verdict, verdict

ITEMS = ["Yes, it is! Would you like to see it?", "Hi, it's {{agent_name}}. It is.", "Thank you!"]


@pytest.mark.parametrize(
    ("picked", "body", "expected"),
    [
        pytest.param(0, ITEMS[0], Verdict("accepted", 0), id="sent as it is"),
        pytest.param(0, f"  {ITEMS[0]}\n", Verdict("accepted", 0), id="spaces around it"),
        pytest.param(1, "Hi, it’s Dana Whitfield. It is.", Verdict("accepted", 1), id="own name, typographic quote"),
        pytest.param(0, "Yes, it is! Would you like to see it on Sunday?", Verdict("edited", 0), id="a day more"),
        pytest.param(0, "Yes, it is!", Verdict("edited", 0), id="half of it"),
        pytest.param(0, "No, it was sold yesterday", Verdict("ignored"), id="something else after a click"),
        pytest.param(0, "Thank you!", Verdict("accepted", 2), id="clicked one, sent another"),
        pytest.param(None, "Thank you!", Verdict("accepted", 2), id="the very words without a click"),
        pytest.param(
            None, "Yes, it is! Would you like to see it on Sunday?", Verdict("ignored"), id="alike, not clicked"
        ),
        pytest.param(7, "Whatever", Verdict("ignored"), id="a click on none"),
    ],
)
def test_verdicts(picked: int | None, body: str, expected: Verdict) -> None:
    assert verdict(ITEMS, picked, body, "Dana Whitfield") == expected
