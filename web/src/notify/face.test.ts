import { expect, test } from "vitest";
import { iconOf, titleOf } from "./face";

test.each([
  ["/phone/sms", 3, "(3) Inbox · Threadline"],
  ["/phone/sms/17", 0, "Inbox · Threadline"],
  ["/phone/sms/review", 1, "(1) Needs review · Threadline"],
  ["/people/5", 0, "People · Threadline"],
  ["/peoples", 2, "(2) Threadline"],
  ["/phone/sms", 120, "(99+) Inbox · Threadline"],
] as const)("%s with %i", (path, unread, title) => expect(titleOf(path, unread)).toBe(title));

test("the icon bears the count where there is one, and two digits at most", () => {
  expect(iconOf(0)).toBe("/icon.svg");
  expect(decodeURIComponent(iconOf(7))).toContain(">7</text>");
  expect(decodeURIComponent(iconOf(120))).toContain(">99</text>");
});
