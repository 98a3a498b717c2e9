import { describe, expect, test } from "vitest";
import type { MessageOut, SuggestionsOut } from "../gen/wire";
import type { ThreadView } from "../live/store";
import { shownSuggestions, withSuggestion } from "./suggestions";

const message = (seq: number, direction: "in" | "out", state = "received"): MessageOut => ({ seq, direction, state, body: "Hi", at: "2026-03-10T16:00:00Z" }) as MessageOut;
const view = (messages: MessageOut[], pending: unknown[] = []): ThreadView => ({ state: { epoch: "e", lastSeq: 9, messages, hasMore: false }, pending, missing: false }) as unknown as ThreadView;
const told = (more: Partial<SuggestionsOut> = {}): SuggestionsOut => ({ based_on: 3, state: "made", source: "offline", label: "", items: ["Yes, {{agent_name}}"], whole: 1, ...more });

describe("suggested replies", () => {
  test("for the newest text are shown, with the sender's own name", () => {
    expect(shownSuggestions(view([message(3, "in")]), told(), "Dana")).toEqual({ basedOn: 3, label: "Suggested by your past replies", whole: 1, items: ["Yes, Dana"], busy: false });
  });
  test("name the model that made them", () => {
    expect(shownSuggestions(view([message(3, "in")]), told({ source: "model", label: "tiny" }), "Dana")?.label).toBe("Suggested by tiny");
  });
  test.each([
    ["the contact has written again", view([message(3, "in"), message(4, "in")])],
    ["a colleague has answered", view([message(3, "in"), message(4, "out", "queued")])],
    ["this tab is sending", view([message(3, "in")], [{ state: "waiting" }])],
    ["nothing is known of the thread", { state: null, pending: [], missing: false }],
    ["the text is not here yet", view([message(2, "in")])],
  ])("are not shown where %s", (_, stale) => {
    expect(shownSuggestions(stale, told(), "Dana")).toBeNull();
  });
  test("come back where the answer was taken back", () => {
    expect(shownSuggestions(view([message(3, "in"), message(4, "out", "cancelled")]), told(), "Dana")).not.toBeNull();
  });
  test("leave no place where there are none", () => {
    expect(shownSuggestions(view([message(3, "in")]), told({ items: [], whole: 0, source: null }), "Dana")).toBeNull();
  });
  test("are waited for while they are made", () => {
    expect(shownSuggestions(view([message(3, "in")]), told({ state: "begun", items: [], whole: 0, source: null }), "Dana")?.busy).toBe(true);
  });
});

test("a click never overwrites what is typed", () => {
  expect(withSuggestion("", "Yes!")).toBe("Yes!");
  expect(withSuggestion("Hello, ", "Yes!")).toBe("Hello, Yes!");
});
