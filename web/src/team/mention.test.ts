import { expect, test } from "vitest";
import { begunMention, fitting, withMention } from "./mention";

test.each([
  ["@", 1, { from: 0, typed: "" }],
  ["ask @Pri", 8, { from: 4, typed: "Pri" }],
  ["ask @Priya Sh", 13, { from: 4, typed: "Priya Sh" }],
  ["me@example", 10, null],
  ["@Priya can you call", 19, null],
])("%s", (text, caret, found) => expect(begunMention(text, caret)).toEqual(found));

test("people are found by their first name or a later one", () => {
  const team = [{ name: "Dana Whitfield" }, { name: "Priya Shah" }];
  expect([fitting(team, "sh"), fitting(team, "Dana W"), fitting(team, "x")]).toEqual([[team[1]], [team[0]], []]);
});

test("the whole name takes the place of what was typed", () => {
  expect(withMention("ask @Pri please", { from: 4, typed: "Pri" }, "Priya Shah")).toEqual({ text: "ask @Priya Shah please", caret: 16 });
});
