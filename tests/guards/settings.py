"""The guards of a workspace's own hours: what nobody waits for leaves inside of them, and of the law's always."""

from __future__ import annotations

from typing import Final

from tests.guards.guard import Edit, Guard

_SETTINGS: Final = "tests/store/test_settings.py"
_HOURS: Final = "tests/domain/test_hours.py"

SETTINGS_GUARDS: Final = (
    Guard(
        "texts_in_bulk_wait_for_the_office",
        (
            Edit(
                "server/store/ledger/facts.py",
                'timetable.within(week_of(row["sending_hours"])).to_set_out',
                "timetable.to_set_out",
            ),
        ),
        (f"{_SETTINGS}::test_a_changed_hour_defers_the_next_text",),
        (_SETTINGS,),
        also=(f"{_SETTINGS}::test_the_carrier_gives_up_when_the_office_closes",),
    ),
    Guard(
        "an_offices_hours_never_widen_the_laws",
        (
            Edit(
                "server/domain/timetable.py",
                "law if self._own is None else both(law, self._own[day.weekday()])",
                "law if self._own is None else self._own[day.weekday()]",
            ),
        ),
        (f"{_SETTINGS}::test_the_laws_hours_hold_whatever_a_row_says",),
        (_SETTINGS, _HOURS),
        also=(f"{_HOURS}::test_hours_on_the_night_of_a_change",),
    ),
    Guard(
        "a_campaign_looks_anew_when_the_hours_are_others",
        (
            Edit(
                "server/store/settings.py",
                '        await connection.execute(_SQL["wake"], workspace_id)\n',
                "        pass\n",
            ),
        ),
        (f"{_SETTINGS}::test_other_hours_wake_a_campaign_that_looked_whom_to_let_sleep",),
        (_SETTINGS,),
    ),
    Guard(
        "a_campaign_sleeps_while_the_office_is_closed",
        (
            Edit(
                "server/store/campaigns/queue_turn.py",
                'self._timetable = timetable.within(week_of(row["sending_hours"]))',
                "self._timetable = timetable",
            ),
        ),
        (f"{_SETTINGS}::test_other_hours_wake_a_campaign_that_looked_whom_to_let_sleep",),
        (_SETTINGS,),
    ),
)
