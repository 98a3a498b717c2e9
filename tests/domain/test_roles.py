"""Who may do what not everybody may."""

from pathlib import Path

import pytest

from server.domain.roles import LOWEST, RANKS, Deed, deeds_of, may

NOBODY, MANAGERS, OWNERS = {"guest", ""}, {"manager", "owner"}, {"owner"}
ALLOWED = {
    Deed.CHANGE_OTHERS_TEMPLATES: MANAGERS,
    Deed.CHANGE_FIELDS: MANAGERS,
    Deed.CHANGE_SETTINGS: MANAGERS,
    Deed.READ_AUDIT: MANAGERS,
    Deed.CONNECT_PROGRAMS: MANAGERS,
    Deed.GIVE_NUMBERS: MANAGERS,
    Deed.HAND_OVER_SENDING: OWNERS,
}


@pytest.mark.parametrize("role", [*RANKS, *NOBODY])
@pytest.mark.parametrize("deed", list(Deed))
def test_the_table_of_roles(role: str, deed: Deed) -> None:
    assert may(role, deed) == (role in ALLOWED[deed])


def test_every_deed_has_its_lowest_role() -> None:
    assert LOWEST.keys() == set(Deed)


@pytest.mark.parametrize("role", [*RANKS, *NOBODY])
def test_a_member_is_told_exactly_what_the_role_allows(role: str) -> None:
    assert set(deeds_of(role)) == {deed for deed in Deed if role in ALLOWED[deed]}


@pytest.mark.parametrize("deed", list(Deed))
def test_the_client_knows_each_deed_says_who_may_and_asks_for_it_on_some_page(deed: Deed) -> None:
    web = Path(__file__).parents[2] / "web" / "src"
    [told] = [
        line for line in (web / "gen" / "wire.ts").read_text().splitlines() if line.startswith("export type Deed")
    ]
    assert f'"{deed}"' in told
    assert f'  {deed}: "' in (web / "app" / "may.ts").read_text()
    assert any(f'useRefusal("{deed}")' in page.read_text() for page in web.glob("**/*.tsx"))


def test_the_client_decides_by_no_roles_name() -> None:
    web = Path(__file__).parents[2] / "web" / "src"
    deciding = [
        page.name for page in web.glob("**/*.tsx") if "role ===" in page.read_text() or "role !==" in page.read_text()
    ]
    assert deciding == []
