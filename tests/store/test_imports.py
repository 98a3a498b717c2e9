"""Lists of people over a real database: what becomes of rows, twice, after a crash, and after an undo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from server.actors.imports import Importer
from server.domain.fields import Field, FieldKind
from server.domain.imports.csv_columns import guess
from server.domain.imports.csv_rows import column_names, rows_of
from server.ports import StoreUnavailable
from server.ports.imports import Dialect, Import, ImportColumns, ImportConsent
from tests.http.house import FakeClock
from tests.store.world import ALICE, BOB, World

SAID = ImportConsent("Open house sign-in sheet", datetime(2026, 3, 1, tzinfo=UTC), "I agree to get texts from Acme.")
CAROL = "+12025550103"


async def put(
    world: World, text: str, *, places: Sequence[str] | None = None, tags: Sequence[str] = (), workspace: int = 1
) -> int:
    """A file that is uploaded and waits to be confirmed."""
    imports, rows = world.store.imports, rows_of(text, ",")
    names = column_names(rows[0].cells, len(rows[0].cells))
    known = await imports.vocabulary(workspace)
    columns = ImportColumns(
        names, tuple(places or guess(names, [row.cells for row in rows[1:]], known, header=True)), tuple(tags)
    )
    member = await world.value("SELECT min(id) FROM member WHERE workspace_id = $1", workspace)
    import_id = await imports.begin(workspace, member, "list.csv")
    content = text.encode()
    for nth, at in enumerate(range(0, len(content), 10_000)):
        await imports.add_chunk(import_id, nth, content[at : at + 10_000])
    total = sum(not row.blank for row in rows) - 1
    dialect = Dialect("UTF-8", ",", True)
    await imports.uploaded(
        workspace, import_id, size=len(content), sha256=bytes(32), dialect=dialect, columns=columns, rows_total=total
    )
    return import_id


async def confirm(world: World, import_id: int, *, fields: Sequence[Field] = (), workspace: int = 1) -> bool:
    found = await world.store.imports.get(workspace, import_id)
    assert found is not None
    member = await world.value("SELECT min(id) FROM member WHERE workspace_id = $1", workspace)
    now = datetime(2026, 3, 10, 16, tzinfo=UTC)
    return await world.store.imports.confirm(workspace, member, import_id, found.columns, fields, SAID, now)


async def bring(world: World, text: str, *, slice_rows: int = 1000, **more: Any) -> Import:
    import_id = await put(world, text, **more)
    assert await confirm(world, import_id, workspace=more.get("workspace", 1))
    return await work(world, import_id, slice_rows=slice_rows, workspace=more.get("workspace", 1))


async def work(world: World, import_id: int, *, slice_rows: int = 1000, workspace: int = 1) -> Import:
    importer = Importer(world.store.imports, FakeClock(), uuid4(), slice_rows=slice_rows)
    while await importer.work():
        pass
    found = await world.store.imports.get(workspace, import_id)
    assert found is not None
    return found


async def undo(world: World, import_id: int) -> Import:
    assert await world.store.imports.undo(1, 1, import_id)
    return await work(world, import_id)


async def people(world: World) -> dict[str, str]:
    """Names by number, of contacts that are there."""
    rows = await world.sql(
        "SELECT e.address, k.first_name || ' ' || k.last_name AS name FROM contact_phone p "
        "JOIN endpoint e ON e.id = p.endpoint_id JOIN contact k ON k.id = p.contact_id WHERE k.deleted_at IS NULL"
    )
    return {row["address"]: row["name"].strip() for row in rows}


async def told(world: World, import_id: int) -> list[tuple[int, str, bool]]:
    return [(r.line, r.sentence, r.taken) for r in await world.store.imports.refusals(1, import_id)]


async def test_nothing_of_a_file_is_a_contact_before_it_is_confirmed(world: World) -> None:
    import_id = await put(world, "Name,Phone\nMaya Torres,(202) 555-0101\n")
    await work(world, import_id)
    assert await world.value("SELECT count(*) FROM contact") == 0
    assert await world.value("SELECT count(*) FROM endpoint") == 0
    assert await confirm(world, import_id)
    assert (await work(world, import_id)).created == 1
    assert await people(world) == {ALICE: "Maya Torres"}
    assert await world.value("SELECT count(*) FROM import_chunk") == 0, "the file is not kept when it is not needed"


@pytest.mark.parametrize("slice_rows", [1, 2, 1000])
async def test_one_number_in_three_spellings_is_one_contact_and_the_last_row_counts(
    world: World, slice_rows: int
) -> None:
    done = await bring(
        world,
        "First name,Email,Phone,City\nMaya,m@x.org,(202) 555-0101,Boston\nMaja,,+12025550101,\nMay,,1-202-555-0101,\n",
        slice_rows=slice_rows,
    )
    assert (done.state, done.created, done.updated, done.refused) == ("done", 1, 0, 0)
    row = (await world.sql("SELECT first_name, email, city FROM contact"))[0]
    assert tuple(row) == ("May", "m@x.org", "Boston"), "where the last row says nothing the earlier one stands"
    assert await world.value("SELECT count(*) FROM endpoint") == 1
    notes = await told(world, done.import_id)
    assert "The same number stands in row" in " ".join(sentence for _, sentence, _ in notes)
    assert all(taken for _, _, taken in notes)
    assert await world.value("SELECT count(*) FROM consent_event") == 1, "a number consents once"


async def test_who_wrote_to_us_before_gets_a_name_and_keeps_the_thread(world: World) -> None:
    heard = await world.receive("Hello", from_=ALICE)
    await bring(world, "Name,Phone\nMaya Torres,202.555.0101\n")
    rows = await world.store.inbox.rows(1, 1)
    assert [(row.thread_id, row.name) for row in rows.rows] == [(heard.thread_id, "Maya Torres")]


async def test_who_has_opted_out_stays_so_whatever_the_file_says(world: World) -> None:
    await world.stop(from_=ALICE)
    done = await bring(world, "Name,Phone\nMaya,2025550101\nBo,2025550102\n")
    assert done.created + done.updated == 2
    rows = await world.sql("SELECT address, opted_out, consented_at FROM endpoint ORDER BY address")
    assert [(row["address"], row["opted_out"], row["consented_at"]) for row in rows] == [
        (ALICE, True, None),
        (BOB, False, SAID.at),
    ]
    kinds = await world.sql(
        "SELECT e.address, c.kind, c.text FROM consent_event c JOIN endpoint e ON e.id = c.endpoint_id ORDER BY c.id"
    )
    assert [tuple(row) for row in kinds] == [(ALICE, "opted_out", "STOP"), (BOB, "consent_given", SAID.wording)]


async def test_the_list_itself_may_say_that_somebody_did_not_consent(world: World) -> None:
    await bring(world, "Name,Phone,Do not text\nMaya,2025550101,yes\nBo,2025550102,no\n")
    rows = await world.sql("SELECT address, consented_at IS NOT NULL AS said FROM endpoint ORDER BY address")
    assert [tuple(row) for row in rows] == [(ALICE, False), (BOB, True)]


async def test_rows_that_cannot_be_taken_are_told_by_their_number_and_the_others_go(world: World) -> None:
    done = await bring(world, 'Name,Phone\nMaya,2025550101\n\nBo,555-0102\n"Lee\nBo",2025550102\nNo,\n')
    assert (done.created, done.refused, done.rows_done, done.rows_total) == (2, 2, 4, 4)
    assert await told(world, done.import_id) == [
        (4, "“555-0102” is no phone number that can get texts.", False),
        (6, "This row has no phone number.", False),
    ]


async def test_a_row_that_the_database_refuses_stops_no_other(world: World) -> None:
    await world.sql("ALTER TABLE contact ADD CONSTRAINT odd CHECK (first_name <> 'Odd')")
    done = await bring(world, "First name,Phone\nMaya,2025550101\nOdd,2025550102\nBo,2025550103\n")
    assert (done.state, done.created, done.refused) == ("done", 2, 1)
    assert await told(world, done.import_id) == [(3, "This row could not be stored.", False)]


async def test_a_crash_in_the_middle_goes_on_after_the_last_slice(world: World) -> None:
    text = "Name,Phone\n" + "".join(f"P{n},20255501{n:02}\n" for n in range(30))
    import_id = await put(world, text)
    assert await confirm(world, import_id)
    crashed, imports = uuid4(), world.store.imports
    taken: list[int] = []

    class Crash(StoreUnavailable):
        """What breaks by itself ends the list; what takes the server or its database away does not."""

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(imports, name)

        async def store_slice(self, job: Import, runner: UUID, part: Any, lease_s: float) -> bool:
            if len(taken) == 2:
                raise Crash
            taken.append(part.end)
            return await imports.store_slice(job, runner, part, lease_s)

    with pytest.raises(Crash):
        await Importer(Dying(), FakeClock(), crashed, slice_rows=7).work()
    assert await world.value("SELECT rows_done FROM import") == 14
    assert not await Importer(imports, FakeClock(), uuid4()).work(), "while its lease lasts it is the first server's"
    await world.sql("UPDATE import SET leased_until = now() - interval '1 second'")
    done = await work(world, import_id, slice_rows=7)
    assert (done.state, done.created, done.rows_done) == ("done", 30, 30)
    assert await world.value("SELECT count(*) FROM contact") == 30
    assert await world.value("SELECT count(*) FROM consent_event") == 30


async def test_a_slice_that_another_server_has_stored_is_stored_once(world: World) -> None:
    import_id = await put(world, "Name,Phone\nMaya,2025550101\n")
    assert await confirm(world, import_id)
    first, second = uuid4(), uuid4()
    job = await world.store.imports.take(first, 60.0)
    assert job is not None
    await world.sql("UPDATE import SET leased_until = now() - interval '1 second'")
    assert await Importer(world.store.imports, FakeClock(), second).work()
    from server.domain.imports.row import Person
    from server.ports.imports import Slice

    late = Slice(0, 1, [Person(2, ((ALICE, ""),), {"first_name": "Again"})], [])
    assert not await world.store.imports.store_slice(job, first, late, 60.0)
    assert await people(world) == {ALICE: "Maya"}


async def test_fields_tags_stages_and_owner_come_along(world: World) -> None:
    await world.sql("INSERT INTO pipeline (workspace_id, name) VALUES (1, 'Buyers')")
    await world.sql("INSERT INTO stage (workspace_id, pipeline_id, name) VALUES (1, 1, 'New Lead'), (1, 1, 'Closed')")
    await world.sql(
        "INSERT INTO custom_field (workspace_id, name, label, kind) VALUES (1, 'budget', 'Price', 'number')"
    )
    done = await bring(
        world,
        "Name,Phone,Budget,Stage: Buyers,Tags,Owner,ZIP\n"
        'Maya Torres,2025550101,"$450,000",new lead,"Open House; VIP",dana@example.org,2134\n'
        "Bo,2025550102,lots,Nowhere,,nobody@example.org,\n",
        tags=["March list"],
    )
    row = (await world.sql("SELECT custom, owner_id, zip, source FROM contact WHERE first_name = 'Maya'"))[0]
    assert tuple(row) == ('{"budget": 450000}', 1, "02134", "import")
    tags = await world.sql(
        "SELECT t.name FROM contact_tag c JOIN tag t ON t.id = c.tag_id WHERE contact_id = 1 ORDER BY 1"
    )
    assert [t["name"] for t in tags] == ["March list", "Open House", "VIP"]
    assert await world.value("SELECT s.name FROM contact_stage c JOIN stage s ON s.id = c.stage_id") == "New Lead"
    assert await told(world, done.import_id) == [
        (
            3,
            "Budget was left out: Price is a number. Stage: Buyers was left out: Buyers has no stage “Nowhere”. "
            "Owner was left out: nobody here is called “nobody@example.org”.",
            True,
        )
    ]


async def test_a_zone_in_the_list_counts_for_numbers_that_are_new_and_for_those_that_were_there(world: World) -> None:
    await world.sql(
        "INSERT INTO endpoint (workspace_id, address, places) VALUES (1, '+12025550102', '{America/New_York}')"
    )
    import_id = await put(
        world, "Phone,Zone\n2025550101,America/Denver\n2025550102,America/Denver\n", places=["phone", "zone"]
    )
    assert await confirm(world, import_id)
    await work(world, import_id)
    rows = await world.sql("SELECT places FROM endpoint WHERE address LIKE '+1202555010_' ORDER BY address")
    assert [row["places"] for row in rows] == [["America/Denver"], ["America/Denver", "America/New_York"]]


async def test_a_zip_code_in_the_list_counts_for_american_numbers_alone(world: World) -> None:
    import_id = await put(
        world, "Phone,Phone 2,ZIP\n2025550101,+49 30 12345678,37402\n", places=["phone", "phone", "zip"]
    )
    assert await confirm(world, import_id)
    await work(world, import_id)
    rows = await world.sql("SELECT address, places FROM endpoint WHERE address IN ('+12025550101', '+493012345678')")
    assert {row["address"]: row["places"] for row in rows} == {
        "+12025550101": ["America/Chicago", "America/New_York", "US-TN"],
        "+493012345678": [],
    }


async def test_a_new_custom_field_is_made_when_the_file_is_confirmed(world: World) -> None:
    import_id = await put(
        world, "Name,Phone,Hobby\nMaya,2025550101,Sailing\n", places=["name", "phone", "custom:hobby"]
    )
    assert await confirm(world, import_id, fields=[Field("hobby", "Hobby", FieldKind.TEXT)])
    await work(world, import_id)
    assert await world.value("SELECT custom FROM contact") == '{"hobby": "Sailing"}'
    assert await world.value("SELECT label FROM custom_field") == "Hobby"


async def test_a_number_that_is_anothers_is_left_out_and_told(world: World) -> None:
    await bring(world, "Name,Phone\nMaya,2025550101\nBo,2025550102\n")
    done = await bring(world, "Name,Phone,Phone 2\nMaya,2025550101,2025550102\n")
    assert await people(world) == {ALICE: "Maya", BOB: "Bo"}
    assert await told(world, done.import_id) == [(2, "(202) 555-0102 was left out: it belongs to Bo.", True)]


# Undo


async def test_undo_takes_back_what_is_new_and_restores_what_was_changed(world: World) -> None:
    await bring(world, "Name,Phone,City,Tags\nMaya,2025550101,Boston,Seen\n")
    before = await world.sql("SELECT first_name, city, custom FROM contact")
    second = await bring(world, "Name,Phone,Mobile,City,Tags\nMaja,2025550101,2025550103,Salem,New\nBo,2025550102,,,\n")
    assert (second.created, second.updated) == (1, 1)
    undone = await undo(world, second.import_id)
    assert (undone.state, undone.taken_back, undone.kept) == ("undone", 2, 0)
    assert await people(world) == {ALICE: "Maya"}
    assert await world.sql("SELECT first_name, city, custom FROM contact WHERE deleted_at IS NULL") == before
    tags = await world.sql("SELECT t.name FROM contact_tag c JOIN tag t ON t.id = c.tag_id")
    assert [t["name"] for t in tags] == ["Seen"]
    said = await world.sql("SELECT address, consented_at IS NOT NULL AS said FROM endpoint ORDER BY 1")
    assert [tuple(row) for row in said] == [(ALICE, True), (BOB, False), (CAROL, False)]


async def test_undo_leaves_whom_somebody_has_worked_with_since(world: World) -> None:
    done = await bring(world, "Name,Phone\nMaya,2025550101\nBo,2025550102\nCy,2025550103\n")
    await world.receive("Hello", from_=ALICE)
    await world.sql("UPDATE contact SET first_name = 'Bob', version = version + 1 WHERE first_name = 'Bo'")
    undone = await undo(world, done.import_id)
    assert (undone.taken_back, undone.kept) == (1, 2)
    assert await people(world) == {ALICE: "Maya", BOB: "Bob"}


async def test_undo_takes_the_opt_ins_back_and_no_opt_out(world: World) -> None:
    done = await bring(world, "Name,Phone\nMaya,2025550101\nBo,2025550102\n")
    await world.stop(from_=ALICE)
    await undo(world, done.import_id)
    rows = await world.sql("SELECT opted_out, consented_at FROM endpoint ORDER BY address")
    assert [tuple(row) for row in rows] == [(True, None), (False, None)]
    kinds = await world.sql("SELECT kind FROM consent_event WHERE endpoint_id = 2 ORDER BY id")
    assert [row["kind"] for row in kinds] == ["consent_given", "import_undone"]


async def test_undo_leaves_what_the_contact_has_said_since(world: World) -> None:
    done = await bring(world, "Name,Phone\nMaya,2025550101\nBo,2025550102\n")
    await world.receive("I do not want this?", from_=ALICE, keyword="AMBIGUOUS")
    await world.receive("START", from_=ALICE, keyword="START")
    await undo(world, done.import_id)
    rows = await world.sql("SELECT consented_at IS NOT NULL AS said FROM endpoint ORDER BY address")
    assert [row["said"] for row in rows] == [True, False]


async def test_an_undo_goes_on_after_a_crash(world: World) -> None:
    done = await bring(world, "Name,Phone\n" + "".join(f"P{n},20255501{n:02}\n" for n in range(10)))
    assert await world.store.imports.undo(1, 1, done.import_id)
    runner = uuid4()
    assert await world.store.imports.take(runner, 60.0)
    assert await world.store.imports.undo_some(done.import_id, runner, 4, 60.0, SAID.at) == 4
    await world.sql("UPDATE import SET leased_until = now() - interval '1 second'")
    undone = await work(world, done.import_id)
    assert (undone.state, undone.taken_back) == ("undone", 10)


# Walls


async def test_another_workspace_sees_and_changes_nothing(world: World) -> None:
    import_id = await put(world, "Name,Phone\nMaya,2025550101\n")
    imports = world.store.imports
    await world.sql("INSERT INTO workspace (name, simulated, brand, contact) VALUES ('Other', true, 'O', 'o')")
    await world.sql(
        "INSERT INTO member (workspace_id, email, name, role, password_hash) VALUES (2, 'e@x.org', 'E', 'agent', 'x')"
    )
    assert await imports.get(2, import_id) is None
    assert await imports.page(2) == []
    assert not await imports.drop(2, import_id)
    found = await imports.get(1, import_id)
    assert found is not None
    assert found.dialect is not None
    assert not await imports.describe(2, import_id, found.dialect, found.columns, 1)
    assert not await imports.confirm(2, 2, import_id, found.columns, (), SAID, SAID.at)
    done = await bring(world, "Name,Phone\nMaya,2025550101\nX,1\n")
    assert not await imports.undo(2, 2, done.import_id)
    assert await imports.refusals(2, done.import_id) == []
    theirs = await bring(world, "Name,Phone\nEve,2025550101\n", workspace=2)
    assert theirs.created == 1
    assert await world.value("SELECT count(*) FROM endpoint WHERE address = $1", ALICE) == 2


async def test_only_the_newest_files_wait_to_be_confirmed(world: World) -> None:
    kept = [await put(world, f"Name,Phone\nP{n},2025550101\n") for n in range(7)]
    waiting = [one.import_id for one in await world.store.imports.page(1)]
    assert waiting == kept[:1:-1]
    assert await world.value("SELECT count(DISTINCT import_id) FROM import_chunk") == 5


async def test_a_file_whose_sending_was_cut_off_is_forgotten(world: World) -> None:
    import_id = await world.store.imports.begin(1, 1, "cut.csv")
    await world.store.imports.add_chunk(import_id, 0, b"Name,Phone\n")
    await world.sql("UPDATE import SET at = now() - interval '2 hours'")
    await world.store.imports.tidy()
    assert await world.value("SELECT state FROM import") == "dropped"
    assert await world.value("SELECT count(*) FROM import_chunk") == 0
