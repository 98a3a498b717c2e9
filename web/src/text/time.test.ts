import { expect, test } from "vitest";
import { dayTitle, daysBetween, rowTime, spanOf } from "./time";
import { formatNumber, initials } from "./people";

const now = new Date(2026, 10, 22, 15, 4);

test.each([
  ["the same day", new Date(2026, 10, 22, 9, 30), "9:30 AM"],
  ["a clock slightly ahead of ours", new Date(2026, 10, 22, 15, 5), "3:05 PM"],
  ["late last evening", new Date(2026, 10, 21, 23, 59), "Yesterday"],
  ["within the week", new Date(2026, 10, 17, 8, 0), "Tue"],
  ["a week ago", new Date(2026, 10, 15, 8, 0), "Nov 15"],
  ["last year", new Date(2025, 11, 31, 8, 0), "Dec 31, 2025"],
])("a row of %s", (_, at, expected) => expect(rowTime(at, now)).toBe(expected));

test("days of a DST change count as one", () => {
  expect(daysBetween(new Date(2026, 2, 7, 12), new Date(2026, 2, 9, 12))).toBe(2);
  expect(daysBetween(new Date(2026, 9, 31, 23), new Date(2026, 10, 2, 1))).toBe(2);
});

test("the line between days", () => {
  expect(dayTitle(new Date(2026, 10, 3, 8), now)).toBe("Tuesday, Nov 3");
  expect(dayTitle(new Date(2026, 10, 21, 8), now)).toBe("Yesterday");
});

test.each([[0.24, "0.2 s"], [42, "42 s"], [600, "10 min"], [7_300, "2 h"], [400_000, "5 d"]])("%d seconds", (s, expected) => expect(spanOf(s)).toBe(expected));

test.each([["+12125550100", "(212) 555-0100"], ["+442079460958", "+442079460958"], ["24365", "24365"]])("%s is written %s", (raw, expected) =>
  expect(formatNumber(raw)).toBe(expected),
);

test.each([["Dana Whitfield", "DW"], ["Cher", "C"], ["Ana de la Cruz", "AC"], [null, ""], ["42 Main", "M"]])("initials of %s", (name, expected) =>
  expect(initials(name)).toBe(expected),
);
