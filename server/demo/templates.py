"""The texts that the demo's people send often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class DemoTemplate:
    """`owner`: the e-mail of the member whose own it is, None for everybody's. `used`: how often it was."""

    folder: str | None
    name: str
    body: str
    author: str
    owner: str | None = None
    used: int = 0


_DANA, _MARCUS, _PRIYA = "dana@harborpine.example", "marcus@harborpine.example", "priya@harborpine.example"

TEMPLATES: Final = (
    DemoTemplate(
        "New leads",
        "First hello",
        "Hi {{first_name|there}}, it's {{agent_name}} at Harbor & Pine. Thanks for reaching out! What kind of place are"
        " you looking for?",
        _DANA,
        used=214,
    ),
    DemoTemplate(
        "New leads",
        "Ask for a budget",
        "Good to know, {{first_name|thanks}}. Which price range should I look in, and by when would you like to move?",
        _MARCUS,
        used=87,
    ),
    DemoTemplate(
        "New leads",
        "Still looking?",
        "Hi {{first_name|there}}, are you still looking for a place? Two new listings came in this week that may fit.",
        _DANA,
        used=41,
    ),
    DemoTemplate(
        "Showings",
        "Confirm a showing",
        "Hi {{first_name|there}}, you're all set for {{property_address}} on {{showing_time}}. I'll meet you at the"
        " front door. {{agent_name}}",
        _MARCUS,
        used=163,
    ),
    DemoTemplate(
        "Showings",
        "After the showing",
        "Thanks for coming by today, {{first_name|and safe travels}}! What did you like about {{property_address}}, and"
        " what gave you pause?",
        _PRIYA,
        used=58,
    ),
    DemoTemplate(
        "Showings",
        "Running late",
        "So sorry, traffic is slow. I'll be at {{property_address|the house}} about 10 minutes late.",
        _PRIYA,
        used=19,
    ),
    DemoTemplate(
        None,
        "Call me back",
        "Hi {{first_name|there}}, I just tried to call you. When is a good time to talk? {{agent_name}}",
        _DANA,
        used=132,
    ),
    DemoTemplate(
        None,
        "Documents are ready",
        "Hi {{first_name|there}}, the papers for {{property_address}} are ready to sign. I sent them to your email.",
        _MARCUS,
        used=24,
    ),
    DemoTemplate(
        None, "My Sunday reply", "I'm with my family today and will answer tomorrow at 9.", _DANA, owner=_DANA, used=12
    ),
    DemoTemplate(
        None,
        "School question",
        "Good question! I'm not allowed to rate schools, but the district's own map shows which one serves"
        " {{property_address|the street}}.",
        _PRIYA,
        owner=_PRIYA,
        used=6,
    ),
)
