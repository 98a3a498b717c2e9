import { describe, expect, it } from "vitest";
import { added, conditions, emptyGroup, newCondition, removed, replaced, sameFilter, toDraft, toFilter, unfinished, valueOf, withField, withOperator, type Condition, type Field, type Filter, type Group } from "./filter";

const FIELDS: Field[] = [
  { name: "name", label: "Name", group: "Person", operators: [{ is: "is", label: "is", input: "text" }, { is: "contains", label: "contains", input: "text" }, { is: "empty", label: "is empty", input: "none" }] },
  { name: "tag", label: "Tag", group: "Tags", operators: [{ is: "has", label: "has", input: "tag" }, { is: "has_not", label: "does not have", input: "tag" }] },
  { name: "last_in", label: "Last text", group: "Activity", operators: [{ is: "within_days", label: "in the last … days", input: "days" }, { is: "after", label: "after", input: "date" }] },
  { name: "custom.budget", label: "Budget", group: "Custom fields", operators: [{ is: "at_least", label: "at least", input: "number" }] },
];

const condition = (field: string, is: string, value: string): Condition => ({ ...newCondition(FIELDS, field), is, value });
const group = (join: Group["join"], ...parts: Group["parts"]): Group => emptyGroup(join, parts);
const json = (draft: Group): Filter | null => toFilter(draft, FIELDS);

describe("a draft", () => {
  it("means all, any or none of its conditions", () => {
    const parts = [condition("tag", "has", "12"), condition("name", "contains", " Li ")];
    const leaves = [{ field: "tag", is: "has", value: 12 }, { field: "name", is: "contains", value: "Li" }];
    expect(json(group("all", ...parts))).toEqual({ all: leaves });
    expect(json(group("any", ...parts))).toEqual({ any: leaves });
    expect(json(group("none", ...parts))).toEqual({ not: { any: leaves } });
  });
  it("of one denied condition has no needless group", () => {
    expect(json(group("none", condition("tag", "has", "12")))).toEqual({ not: { field: "tag", is: "has", value: 12 } });
  });
  it("leaves out what has no value yet, and the groups that are empty for it, since an empty group would mean everybody", () => {
    const draft = group("all", condition("tag", "has", ""), group("any", condition("name", "is", "  ")), condition("name", "empty", ""));
    expect(json(draft)).toEqual({ all: [{ field: "name", is: "empty" }] });
    expect(unfinished(draft, FIELDS)).toBe(2);
    expect(json(group("all", condition("tag", "has", "")))).toBeNull();
  });
  it("leaves out a condition on a field that is gone", () => {
    expect(json(group("all", condition("custom.gone", "is", "x")))).toBeNull();
  });
  it.each<Filter>([
    { all: [{ field: "tag", is: "has", value: 12 }] },
    { any: [{ field: "name", is: "empty" }, { all: [{ field: "custom.budget", is: "at_least", value: 450000.5 }, { not: { field: "tag", is: "has", value: 3 } }] }] },
    { not: { any: [{ field: "tag", is: "has", value: 1 }, { field: "last_in", is: "after", value: "2026-03-10" }] } },
  ])("of a stored filter means that filter: %j", (stored) => {
    expect(json(toDraft(stored))).toEqual(stored);
  });
  it("of a bare condition stands in a group, so that another can be added", () => {
    const draft = toDraft({ field: "tag", is: "has", value: 12 });
    expect(json(added(draft, draft.id, condition("name", "is", "Al")))).toEqual({ all: [{ field: "tag", is: "has", value: 12 }, { field: "name", is: "is", value: "Al" }] });
  });
  it("of 'not all of' keeps that meaning", () => {
    const stored: Filter = { not: { all: [{ field: "tag", is: "has", value: 1 }, { field: "tag", is: "has", value: 2 }] } };
    expect(json(toDraft(stored))).toEqual(stored);
  });
});

describe("a value", () => {
  it.each([
    ["text", " Main St ", "Main St"],
    ["tag", "12", 12],
    ["tag", "Buyers", undefined],
    ["days", "30", 30],
    ["days", "-1", undefined],
    ["days", "1.5", undefined],
    ["number", "450000.5", 450000.5],
    ["number", "much", undefined],
    ["area_code", "617", "617"],
    ["digits", "0123", "0123"],
    ["text", "", undefined],
  ] as const)("as %s written %j is %j", (input, written, expected) => {
    expect(valueOf(input, written)).toBe(expected);
  });
});

describe("changing a draft", () => {
  it("another field brings its first comparison and no value", () => {
    expect(withField(condition("tag", "has_not", "12"), "last_in", FIELDS)).toMatchObject({ field: "last_in", is: "within_days", value: "" });
  });
  it("another comparison keeps the value where it is written alike", () => {
    expect(withOperator(condition("tag", "has", "12"), "has_not", FIELDS).value).toBe("12");
    expect(withOperator(condition("last_in", "within_days", "30"), "after", FIELDS).value).toBe("");
  });
  it("removing the last condition of a group removes the group, but never the outermost", () => {
    const inner = condition("tag", "has", "1");
    const root = group("all", group("any", inner));
    expect(removed(root, inner.id)).toEqual({ ...root, parts: [] });
  });
  it("replaces one node wherever it stands, and no other", () => {
    const inner = condition("tag", "has", "1");
    const root = group("all", condition("tag", "has", "2"), group("any", inner));
    expect(json(replaced(root, inner.id, () => ({ ...inner, value: "3" })))).toEqual({ all: [{ field: "tag", is: "has", value: 2 }, { any: [{ field: "tag", is: "has", value: 3 }] }] });
  });
});

it("filters are the same by what they say", () => {
  expect(sameFilter({ all: [{ field: "tag", is: "has", value: 1 }] }, { all: [{ is: "has", field: "tag", value: 1 }] })).toBe(true);
  expect(sameFilter({ all: [{ field: "tag", is: "has", value: 1 }] }, { all: [{ field: "tag", is: "has", value: 2 }] })).toBe(false);
  expect(sameFilter(null, { all: [] })).toBe(false);
});

it("conditions are counted at every depth", () => {
  expect(conditions({ all: [{ field: "name", is: "empty" }, { not: { any: [{ field: "name", is: "empty" }, { field: "name", is: "empty" }] } }] })).toBe(3);
  expect(conditions(null)).toBe(0);
});
