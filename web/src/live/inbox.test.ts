import { expect, test } from "vitest";
import type { InboxRow } from "../gen/wire";
import { isNewer } from "./inbox";

const row = (thread_id: number, last_at: string): InboxRow => ({ thread_id, last_at }) as InboxRow;

test.each([
  ["a second", row(1, "2026-11-23T03:59:16Z"), row(2, "2026-11-23T03:59:15.951855Z")],
  ["a microsecond, which a Date does not know", row(1, "2026-11-23T03:59:15.951856Z"), row(2, "2026-11-23T03:59:15.951855Z")],
  ["the first of a second", row(1, "2026-11-23T03:59:15.000001Z"), row(2, "2026-11-23T03:59:15Z")],
  ["nothing, but by its id", row(2, "2026-11-23T03:59:15.951855+00:00"), row(1, "2026-11-23T03:59:15.951855Z")],
])("a row is newer by %s", (_, newer, older) => {
  expect([isNewer(newer, older), isNewer(older, newer)]).toEqual([true, false]);
});
