import { describe, expect, it } from "vitest";
import { shownValue, typedValue } from "./custom";
import { previewOf } from "./merge";
import { effective, reconcile } from "./patch";
import { flatten, lastActive, mainPhone, markOf, titleOf } from "./rows";
import { audienceOf, EVERYBODY, howMany, NOBODY, pageState, span, toggle, togglePage, type Selection } from "./selection";
import { wordsOf } from "./timeline";
import { choicesOf, nameFor } from "../settings/names";
import type { Contact, Phone } from "./types";

const phone = (endpoint_id: number, over: Partial<Phone> = {}): Phone => ({
  endpoint_id, address: `+1617555010${endpoint_id}`, label: "", priority: endpoint_id, opted_out: false, held: false, carrier_blocked: false, invalid_code: null, consented_at: null, thread_id: null, ...over,
});
const contact = (over: Partial<Contact> = {}): Contact => ({
  contact_id: 1, name: "Ann Lee", first_name: "Ann", last_name: "Lee", email: "", phones: [phone(1)], tags: [], stages: [], owner: null, street: "", city: "", state: "", zip: "", zone: null,
  property_address: "", custom: {}, last_in_at: null, last_out_at: null, created_at: "2026-01-01T00:00:00Z", version: 3, ...over,
});
const some = (...ids: number[]): Selection => ({ kind: "some", ids: new Set(ids) });
const PAGE = [1, 2, 3, 4];

describe("a selection", () => {
  it("takes one row in and out again", () => {
    expect(toggle(NOBODY, 2, PAGE)).toEqual(some(2));
    expect(toggle(some(2), 2, PAGE)).toEqual(some());
  });
  it("of all, less one row, is the loaded rows without it: nobody who is not shown is texted", () => {
    expect(toggle({ kind: "all" }, 2, PAGE)).toEqual(some(1, 3, 4));
  });
  it("spans the rows between two, in either direction", () => {
    expect(span(some(9), 3, 1, PAGE)).toEqual(some(9, 1, 2, 3));
    expect(span(NOBODY, 2, 4, PAGE)).toEqual(some(2, 3, 4));
  });
  it("knows how the box of the page stands", () => {
    expect(pageState(NOBODY, PAGE)).toBe("none");
    expect(pageState(some(1), PAGE)).toBe("some");
    expect(pageState(some(...PAGE), PAGE)).toBe("all");
    expect(pageState({ kind: "all" }, PAGE)).toBe("all");
  });
  it("the box takes the page in, and the second time nobody", () => {
    expect(togglePage(some(1, 9), PAGE)).toEqual(some(1, 9, 2, 3, 4));
    expect(togglePage(some(...PAGE), PAGE)).toEqual(NOBODY);
    expect(togglePage({ kind: "all" }, PAGE)).toEqual(NOBODY);
  });
  it("counts all only where the number of all is known", () => {
    expect(howMany({ kind: "all" }, 5000)).toBe(5000);
    expect(howMany({ kind: "all" }, null)).toBeNull();
    expect(howMany(some(1, 2), 5000)).toBe(2);
  });
  it("is told to the server as ids, or as the filter and the words that the list shows", () => {
    const filter = { field: "tag", is: "has", value: 1 };
    expect(audienceOf(some(4, 2), { filter, q: "li" })).toEqual({ contact_ids: [2, 4] });
    expect(audienceOf({ kind: "all" }, { filter, q: " li " })).toEqual({ filter, q: "li" });
    expect(audienceOf({ kind: "all" }, { filter: null, q: "" })).toEqual({ filter: EVERYBODY });
  });
});

describe("an edit against a row that changed meanwhile", () => {
  const base = contact({ version: 3, email: "a@x.io", custom: { budget: 5 } });
  it("goes on top of other people's other changes", () => {
    expect(reconcile(base, { email: "b@x.io" }, { ...base, version: 5, city: "Boston" })).toEqual({ kind: "rebase", version: 5 });
  });
  it("is a conflict where they changed the same field to something else", () => {
    expect(reconcile(base, { email: "b@x.io", city: "Bath" }, { ...base, version: 5, email: "c@x.io" })).toEqual({
      kind: "conflict", fields: [{ field: "email", mine: "b@x.io", theirs: "c@x.io" }],
    });
  });
  it("is done where they wrote the same", () => {
    expect(reconcile(base, { email: "b@x.io" }, { ...base, version: 5, email: "b@x.io" })).toEqual({ kind: "same" });
  });
  it("looks into custom fields and at the owner", () => {
    expect(reconcile(base, { custom: { budget: 7 } }, { ...base, version: 4, custom: { budget: 6 } })).toMatchObject({ kind: "conflict", fields: [{ field: "custom.budget", mine: 7, theirs: 6 }] });
    expect(reconcile(base, { owner_id: 2 }, { ...base, version: 4, owner: { member_id: 3, name: "Dana" } })).toMatchObject({ kind: "conflict", fields: [{ field: "owner_id", mine: 2, theirs: 3 }] });
  });
  it("is not sent at all where it changes nothing", () => {
    expect(effective(base, { email: "a@x.io", custom: { budget: 5 } })).toBeNull();
    expect(effective(base, { email: "a@x.io", city: "Bath", custom: { budget: null } })).toEqual({ city: "Bath", custom: { budget: null } });
    expect(effective(base, { owner_id: null, zone: null })).toBeNull();
  });
});

describe("a row", () => {
  it("is texted at the first number that takes texts", () => {
    expect(mainPhone(contact({ phones: [phone(2, { opted_out: true, priority: 0 }), phone(1)] }))?.endpoint_id).toBe(1);
    expect(mainPhone(contact({ phones: [phone(2, { opted_out: true, priority: 0 })] }))?.endpoint_id).toBe(2);
  });
  it("says the worst about the number that would be texted", () => {
    expect(markOf(contact())).toBeNull();
    expect(markOf(contact({ phones: [phone(1, { carrier_blocked: true, opted_out: true })] }))).toBe("Blocked by the carrier");
    expect(markOf(contact({ phones: [phone(1, { held: true })] }))).toBe("Needs review");
    expect(markOf(contact({ phones: [] }))).toBe("No number");
  });
  it("is never without a title", () => {
    expect(titleOf(contact({ name: " ", phones: [phone(1)] }))).toBe("(617) 555-0101");
    expect(titleOf(contact({ name: "", phones: [], email: "a@x.io" }))).toBe("a@x.io");
    expect(titleOf(contact({ name: "", phones: [] }))).toBe("Unnamed contact");
  });
  it("was last active by the later text, whichever way it went", () => {
    expect(lastActive({ last_in_at: "2026-01-02T00:00:00Z", last_out_at: "2026-01-01T23:00:00-05:00" })).toBe("2026-01-01T23:00:00-05:00");
    expect(lastActive({ last_in_at: null, last_out_at: null })).toBeNull();
  });
});

it("pages that overlap name nobody twice", () => {
  const page = (...ids: number[]) => ({ rows: ids.map((contact_id) => contact({ contact_id })), next_cursor: null, partial: false });
  expect(flatten({ pages: [page(1, 2), page(2, 3)], pageParams: [] }).map((row) => row.contact_id)).toEqual([1, 2, 3]);
});

it("a merge keeps our values, takes what we lack, joins numbers and tags, and names what is lost", () => {
  const kept = contact({ email: "a@x.io", tags: [{ tag_id: 1, name: "Buyer" }], stages: [{ pipeline_id: 1, pipeline: "Sales", stage_id: 1, stage: "New" }] });
  const other = contact({
    contact_id: 2, first_name: "Anne", email: "", city: "Boston", phones: [phone(2)], custom: { budget: 9 },
    tags: [{ tag_id: 1, name: "Buyer" }, { tag_id: 2, name: "VIP" }], stages: [{ pipeline_id: 1, pipeline: "Sales", stage_id: 2, stage: "Won" }, { pipeline_id: 2, pipeline: "Rent", stage_id: 3, stage: "Lead" }],
  });
  const shown = previewOf(kept, other, [{ field_id: 1, name: "budget", label: "Budget", kind: "number", choices: [], position: 0 }]);
  expect(shown.phones.map((one) => one.endpoint_id)).toEqual([1, 2]);
  expect(shown.tags.map((one) => one.name)).toEqual(["Buyer", "VIP"]);
  expect(shown.stages.map((one) => one.stage)).toEqual(["New", "Lead"]);
  expect(shown.lines).toContainEqual({ label: "First name", value: "Ann", taken: false, lost: "Anne" });
  expect(shown.lines).toContainEqual({ label: "City", value: "Boston", taken: true, lost: null });
  expect(shown.lines).toContainEqual({ label: "Budget", value: "9", taken: true, lost: null });
  const housed = previewOf({ ...kept, city: "Bath" }, { ...other, zip: "02134" }, []);
  expect(housed.lines, "an address is taken whole or not at all").toContainEqual({ label: "ZIP", value: "", taken: false, lost: "02134" });
});

describe("a custom value", () => {
  it("is sent by its type; what does not fit goes as it was written, to be refused with a reason", () => {
    expect(typedValue({ kind: "number" }, "450000")).toBe(450000);
    expect(typedValue({ kind: "number" }, "$450,000")).toBe("$450,000");
    expect(typedValue({ kind: "boolean" }, "false")).toBe(false);
    expect(typedValue({ kind: "text" }, " ")).toBeNull();
  });
  it("is shown as people read it, in whatever zone they sit", () => {
    expect(shownValue({ kind: "number" }, 450000)).toBe("450,000");
    expect(shownValue({ kind: "date" }, "2026-11-21")).toBe("Nov 21, 2026");
    expect(shownValue({ kind: "boolean" }, false)).toBe("No");
  });
});

describe("an entry of the history", () => {
  const text = { kind: "message" as const, at: "2026-01-01T00:00:00Z", thread_id: 7, seq: 3, address: "+16175550101", direction: "out" as const, body: "Hi", media: 0, state: "delivered", error: null, author: "Dana", campaign: null };
  it("of a text names its author, its fate and where it stands", () => {
    expect(wordsOf(text)).toMatchObject({ icon: "out", who: "Dana", text: "Hi", fate: { words: "Delivered", bad: false }, thread: 7 });
    expect(wordsOf({ ...text, direction: "in", state: null, author: null })).toMatchObject({ icon: "in", who: "They wrote", fate: null });
  });
  it("of a text that failed says why, in the carrier's words", () => {
    expect(wordsOf({ ...text, state: "undelivered", error: "Unknown number" }).fate).toEqual({ words: "Not delivered: Unknown number", bad: true });
    expect(wordsOf({ ...text, error: "An old fault" }).fate).toEqual({ words: "Delivered", bad: false });
  });
  it("of a text to many names it", () => {
    expect(wordsOf({ ...text, campaign: { campaign_id: 1, kind: "bulk", name: "Open house" } }).who).toBe("Dana · Bulk text “Open house”");
  });
  it("of a picture alone counts it", () => expect(wordsOf({ ...text, body: "", media: 2 })).toMatchObject({ text: "2 attachments", more: "" }));
  it("of a consent of a kind that is new to us is shown by its name", () => {
    const consent = { kind: "consent" as const, at: text.at, id: 1, address: text.address, event: "opted_out", source: "text", text: "STOP", member: null, thread_id: 7 };
    expect(wordsOf(consent)).toMatchObject({ icon: "stop", who: "Opted out", text: "STOP", more: "by text" });
    expect(wordsOf({ ...consent, event: "something_new" }).who).toBe("Something new");
  });
});

it.each([
  ["Budget (max.)", "budget_max"],
  ["Año de construcción", "ano_de_construccion"],
  ["2nd choice", "field_2nd_choice"],
  ["", ""],
])("a field labelled %j is called %j, as the server would call it", (label, expected) => expect(nameFor(label)).toBe(expected));

it("choices are parted by commas, once each", () => expect(choicesOf("Buyer, Seller,, Buyer ")).toEqual(["Buyer", "Seller"]));
