import { expect, test } from "vitest";
import { timeThere } from "./hours";

const night = new Date("2026-03-11T02:42:00Z"); // 10:42 PM in New York, on Tuesday
const opening = new Date("2026-03-11T12:00:00Z");
const E = "America/New_York";

test.each([
  ["one zone", [E], night, "10:42 PM"],
  ["zones that show the same", [E, "America/Detroit"], night, "10:42 PM"],
  ["two zones", [E, "America/Chicago"], night, "9:42 or 10:42 PM"],
  ["two zones around noon", [E, "America/Chicago"], new Date("2026-03-10T16:30:00Z"), "11:30 AM or 12:30 PM"],
  ["many zones", [E, "Pacific/Honolulu", "America/Denver"], night, "between 4:42 PM and 10:42 PM"],
  ["a summer without summer time", ["America/Phoenix"], new Date("2026-07-01T19:00:00Z"), "12:00 PM"],
  ["none", [], night, "an unknown time"],
])("%s", (_, zones, at, expected) => expect(timeThere(zones, at, at)).toBe(expected));

test("tomorrow there is named by its day", () => expect(timeThere([E], opening, night)).toBe("Wed 8:00 AM"));
test("later today is not", () => expect(timeThere([E], opening, new Date("2026-03-11T05:00:00Z"))).toBe("8:00 AM"));
