import { expect, test } from "vitest";
import type { MessageState } from "../gen/wire";
import { fateOf, layOut, type Bubble } from "./runs";

const bubble = (key: string, minute: number, more: Partial<Bubble> = {}): Bubble => ({
  key, seq: 1, direction: "in", body: key, at: new Date(2026, 10, 22, 10, minute).toISOString(), author: null, mine: false, of: null, note: null, media: 0, pictures: [],
  fate: fateOf({ state: "received", error: null, error_code: null, error_class: null, waits_until: null }), ...more,
});
const shape = (bubbles: Bubble[], newFrom: string | null = null) =>
  layOut(bubbles, newFrom).map((item) => (item.kind === "run" ? item.bubbles.map((one) => one.key).join("") : item.kind));

test("one author within ten minutes is one run", () => {
  expect(shape([bubble("a", 0), bubble("b", 4), bubble("c", 20), bubble("d", 21, { direction: "out", mine: true })])).toEqual(["day", "ab", "c", "d"]);
});

test("two colleagues are two runs", () => {
  expect(shape([bubble("a", 0, { direction: "out", author: "Dana" }), bubble("b", 1, { direction: "out", author: "Priya" })])).toEqual(["day", "a", "b"]);
});

test("a text that failed ends its run, so that its reason stands beneath it", () => {
  const failed = fateOf({ state: "rejected", error: "The number is a landline.", error_code: "30006", error_class: "invalid", waits_until: null });
  expect(failed.words).toBe("Failed: The number is a landline.");
  expect(shape([bubble("a", 0, { fate: failed }), bubble("b", 1)])).toEqual(["day", "a", "b"]);
});

test("midnight and the first unread text begin anew", () => {
  const yesterday = bubble("y", 0, { at: new Date(2026, 10, 21, 23, 59).toISOString() });
  expect(shape([yesterday, bubble("a", 0), bubble("b", 1)], "b")).toEqual(["day", "y", "day", "a", "new", "b"]);
});

test("an optimistic text keeps its key when the server has taken it", () => {
  expect(shape([bubble("c", 1, { mine: true, author: null, direction: "out" }), bubble("d", 2, { mine: true, author: "Me", direction: "out" })])).toEqual(["day", "cd"]);
});

test("a text that waits says for what and until when, and ends its run", () => {
  const until = "2026-03-11T12:00:00Z";
  const deferred = fateOf({ state: "queued", error: "Quiet hours where the contact lives.", error_code: "quiet_hours", error_class: null, waits_until: until });
  expect(deferred).toMatchObject({ tone: "quiet", words: "Waiting", waits: { until, why: "hours" } });
  expect(fateOf({ state: "queued", error: "x", error_code: "cap_reached", error_class: null, waits_until: until }).waits?.why).toBe("cap");
  expect(fateOf({ state: "sent", error: null, error_code: null, error_class: null, waits_until: null }).waits).toBeUndefined();
  expect(shape([bubble("a", 0, { direction: "out", fate: deferred }), bubble("b", 1, { direction: "out" })])).toEqual(["day", "a", "b"]);
});

test.each<[MessageState, string, string]>([
  ["queued", "Sending…", "none"],
  ["sent", "Sent", "none"],
  ["delivered", "Delivered", "none"],
  ["unconfirmed", "Not confirmed by the carrier. It may have arrived; sent again, it may come twice", "send-again"],
  ["undelivered", "Failed", "send-again"],
  ["rejected", "Failed", "send-again"],
  ["expired", "Not sent in time", "send-again"],
  ["held", "Opted out meanwhile", "release"],
  ["cancelled", "Discarded, not sent", "none"],
])("%s reads %s", (state, words, act) => expect(fateOf({ state, error: null, error_code: null, error_class: null, waits_until: null })).toMatchObject({ words, act }));

test.each(["opted_out", "invalid"])("what failed for %s is not offered again", (error_class) =>
  expect(fateOf({ state: "rejected", error: "No.", error_code: "1", error_class, waits_until: null }).act).toBe("none"));
