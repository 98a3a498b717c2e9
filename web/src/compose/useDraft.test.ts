// Of two that were typed, which is later.
import { expect, test } from "vitest";
import { newer, stamp } from "./useDraft";

const EARLY = "2026-11-20T16:00:00.000Z";
const LATE = "2026-11-20T16:00:00.001Z";

test.each([
  { one: LATE, than: EARLY, is: true },
  { one: EARLY, than: LATE, is: false },
  { one: EARLY, than: "2026-11-20T16:00:00+00:00", is: false },
  { one: EARLY, than: "", is: true },
  { one: EARLY, than: null, is: true },
  { one: "", than: EARLY, is: false },
  { one: null, than: "", is: false },
])("$one is newer than $than: $is", ({ one, than, is }) => {
  expect(newer(one, than)).toBe(is);
});

test("what is typed now is later than all that was seen, by whatever clock", () => {
  expect(stamp("", new Date(EARLY))).toBe(EARLY);
  expect(stamp(EARLY, new Date("2026-11-20T18:00:00Z"))).toBe("2026-11-20T18:00:00.000Z");
  expect(stamp(EARLY, new Date("2026-11-20T12:00:00Z"))).toBe(LATE);
});
