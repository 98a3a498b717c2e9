"""Who sees what went over numbers of whom."""

from __future__ import annotations

import pytest

from server.domain.sight import sees

MIA, RAJ = 7, 8


@pytest.mark.parametrize(
    ("member", "role", "owners", "seen"),
    [
        pytest.param(RAJ, "agent", [], True, id="nothing was written yet"),
        pytest.param(RAJ, "agent", [None], True, id="a shared number"),
        pytest.param(MIA, "agent", [MIA], True, id="their own"),
        pytest.param(RAJ, "agent", [MIA], False, id="a colleague's"),
        pytest.param(MIA, "agent", [None, MIA], True, id="a shared one and their own"),
        pytest.param(RAJ, "agent", [None, MIA], False, id="a shared one, and a colleague's once"),
        pytest.param(MIA, "agent", [MIA, RAJ], False, id="their own and a colleague's"),
        pytest.param(RAJ, "manager", [MIA], True, id="a manager"),
        pytest.param(RAJ, "owner", [MIA, None], True, id="an owner of the workspace"),
        pytest.param(RAJ, "guest", [MIA], False, id="a role that nobody knows"),
        pytest.param(RAJ, "guest", [None], True, id="a role that nobody knows, and a shared number"),
    ],
)
def test_sees(member: int, role: str, owners: list[int | None], seen: bool) -> None:
    assert sees(member, role, owners) is seen
