import { expect, test } from "vitest";
import type { Fault, Folder, Template } from "./templates";
import { filled, found, inserted, mended, pieces, placeOf, spanOf, withTokens } from "./text";

const fault = (at: number, length: number): Fault => ({ kind: "unknown", at, length, sentence: "", instead: null });
const template = (name: string, body: string, used = 0, folder_id: number | null = null): Template => ({
  template_id: used, name, body, used, folder_id, shared: true, mine: true, version: 1, used_at: null, author: null, changed_at: "", tokens: [], faults: [],
});

test("places are found behind characters of two units", () => {
  const text = "👍 {{nope}}";
  const [start, end] = spanOf(text, fault(2, 8));
  expect(text.slice(start, end)).toBe("{{nope}}");
  expect(mended(text, fault(2, 8), "x")).toBe("👍 x");
});

test.each([
  ["one line", "👍 {{nope}}", fault(2, 8), "Character 3"],
  ["several lines", "Hi\n👍 {{nope}}", fault(5, 8), "Line 2, character 3"],
])("a place in %s is told as an editor tells it", (_, text, at, place) => expect(placeOf(text, at)).toBe(place));

test("tokens, faults and plain text are told apart", () => {
  const text = "Hi {{ First_Name | there }}, {{nope}} \\{{x}}";
  expect(pieces(text, [fault(29, 8)])).toEqual([
    { kind: "plain", text: "Hi " },
    { kind: "token", text: "{{ First_Name | there }}", name: "first_name" },
    { kind: "plain", text: ", " },
    { kind: "fault", text: "{{nope}}" },
    { kind: "plain", text: " \\{{x}}" },
  ]);
  expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
});

test("what begins with what was typed comes first, then what is used most", () => {
  const folders = new Map<number, Folder>([[7, { folder_id: 7, name: "Showings", shared: true, templates: 1 }]]);
  const all = [template("See you", "at the house", 1), template("Thanks", "for showing up", 9), template("Show times", "…", 2), template("Confirm", "…", 3, 7)];
  expect(found(all, folders, "show").map((one) => one.name)).toEqual(["Show times", "Thanks", "Confirm"]);
  expect(found(all, folders, "").map((one) => one.name)).toEqual(["Thanks", "Confirm", "Show times", "See you"]);
  expect(found(all, folders, "house at").map((one) => one.name)).toEqual(["See you"]);
});

test.each([
  ["a name", "Hi Maya, Maya's place", "Hi {{first_name}}, {{first_name}}'s place"],
  ["the longest value first", "At 12 Elm St, Maya Elm", "At {{property_address}}, {{first_name}} Elm"],
  ["no part of a word", "Mayan art", "Mayan art"],
  ["nothing twice", "Hi {{Maya}}", "Hi {{Maya}}"],
])("a contact's values become tokens: %s", (_, text, expected) => {
  expect(withTokens(text, { first_name: "Maya", property_address: "12 Elm St", agent_name: null, x: "E" })).toBe(expected);
});

test.each([
  ["an empty box", "  ", undefined, "X"],
  ["the end", "Hi", undefined, "Hi X"],
  ["the caret", "Hi there", 2, "Hi X there"],
  ["after a line", "Hi\n", 3, "Hi\nX"],
])("words are put in at %s", (_, written, caret, expected) => expect(inserted(written, "X", caret)).toBe(expected));

test("what a text lacks is named where it will stand", () => {
  const token = { name: "showing_time", label: "Next showing", custom: false, kind: "text", choices: [] };
  const rendered = { text: "", faults: [], missing: [token], values: { first_name: "Ana", city: null, showing_time: null }, too_long: false };
  expect(filled("{{first_name}}, {{city | town}}: {{ Showing_Time }}", rendered)).toEqual([
    { text: "Ana", lacks: false }, { text: ", ", lacks: false }, { text: "town", lacks: false }, { text: ": ", lacks: false }, { text: "Next showing", lacks: true },
  ]);
});
