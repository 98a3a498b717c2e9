import { expect, test } from "vitest";
import { snoozes } from "./snoozes";

const offered = (now: string) => snoozes("America/New_York", new Date(now)).map((one) => [one.label, one.until.toISOString()]);

test("a Tuesday noon offers the evening and Monday, by the clock of the zone", () => {
  expect(offered("2026-03-10T16:00:00Z")).toEqual([
    ["In an hour", "2026-03-10T17:00:00.000Z"],
    ["This evening", "2026-03-10T22:00:00.000Z"],
    ["Tomorrow morning", "2026-03-11T13:00:00.000Z"],
    ["Next Monday", "2026-03-16T13:00:00.000Z"],
  ]);
});

test.each([
  ["no evening once it is near", "2026-03-10T21:30:00Z", ["In an hour", "Tomorrow morning", "Next Monday"]],
  ["no Monday on a Sunday: it is tomorrow", "2026-03-08T16:00:00Z", ["In an hour", "This evening", "Tomorrow morning"]],
  ["on a Monday the next one", "2026-03-09T16:00:00Z", ["In an hour", "This evening", "Tomorrow morning", "Next Monday"]],
])("%s", (_, now, labels) => {
  expect(offered(now).map(([label]) => label)).toEqual(labels);
});
