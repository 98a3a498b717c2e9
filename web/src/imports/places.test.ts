import { expect, test } from "vitest";
import { nameFor, placesFor } from "./places";

test.each([
  ["Budget (max.)", "budget_max"],
  ["Año de construcción", "ano_de_construccion"],
  ["2nd choice", "field_2nd_choice"],
])("a field made of %s is called as the server calls it", (label, name) => expect(nameFor(label)).toBe(name));

test("who may not add fields is offered none", () => {
  const values = placesFor("Budget", [], [], false).flatMap((group) => group.items.map((one) => one.value));
  expect(values.filter((value) => value.startsWith("new:"))).toEqual([]);
  expect(values).toContain("zip");
});

test("a column whose field is there already offers no second one", () => {
  const fields = [{ field_id: 1, name: "budget", label: "Budget", kind: "number" as const, choices: [], position: 0 }];
  const values = placesFor("Budget", fields, []).flatMap((group) => group.items.map((one) => one.value));
  expect(values).toContain("custom:budget");
  expect(values).not.toContain("new:budget");
});
