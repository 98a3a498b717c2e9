import { describe, expect, it } from "vitest";
import type { BulkOut } from "../gen/wire";
import { askedFor, failedOf, isConfirmed, money, mustBeTyped, openOf, recipientsOf, sharesOf, stateOf, statusOf, toneOf, type Recipient } from "./bulk";

const bulk = (over: Partial<BulkOut> = {}): BulkOut => ({
  id: 1, name: "Open house", body: "Open house", state: "active", author: "Dana", launched_at: "2026-03-10T15:00:00Z", ended_at: null, version: 1,
  audience: 20, excluded: 2, pending: 3, in_flight: 1, wired: 10, delivered: 6, undelivered: 1, rejected: 2, unconfirmed: 1, skipped: 1,
  replied: 0, opted_out: 0, segments: 12, ...over,
} as BulkOut);
const recipient = (over: Partial<Recipient>): Recipient => ({
  ord: 1, contact_id: 1, name: "Ada", address: "+16175550100", state: "wired", delivery: null, reason: null, thread_id: 1, seq: 1, segments: 1, ...over,
});

describe("figures", () => {
  it("counts whom it was for, whom it failed and who waits", () => {
    expect([recipientsOf(bulk()), failedOf(bulk()), openOf(bulk())]).toEqual([18, 3, 4]);
  });
  it.each([
    ["while it goes out", bulk()],
    ["before anything has left", bulk({ pending: 18, in_flight: 0, wired: 0, delivered: 0, undelivered: 0, rejected: 0, unconfirmed: 0, skipped: 0 })],
    ["at its end", bulk({ pending: 0, in_flight: 0, wired: 14, delivered: 13 })],
  ])("shares every recipient once %s", (_, one) => {
    expect(sharesOf(one).reduce((sum, { count }) => sum + count, 0)).toBe(recipientsOf(one));
  });
  it("draws no share of nobody", () => expect(sharesOf(bulk({ unconfirmed: 0, pending: 4 })).map(({ key }) => key)).toEqual(["delivered", "sent", "failed", "skipped", "open"]));
});

describe("how it stands", () => {
  it("is being recalled until the last text that was on its way is known", () => {
    expect(stateOf(bulk({ state: "cancelled" }))).toBe("Recalling");
    expect(stateOf(bulk({ state: "cancelled", ended_at: "2026-03-10T15:01:00Z" }))).toBe("Recalled");
  });
  it("is sending while it is active", () => expect(stateOf(bulk())).toBe("Sending"));
  it.each([
    [{ state: "pending" }, "Waiting", "calm"],
    [{ state: "in_flight" }, "Being sent", "calm"],
    [{ state: "wired", delivery: "sent" }, "Sent", "calm"],
    [{ state: "wired", delivery: "delivered" }, "Delivered", "good"],
    [{ state: "wired", delivery: "undelivered" }, "Not delivered", "bad"],
    [{ state: "rejected" }, "Refused by the carrier", "bad"],
    [{ state: "unconfirmed" }, "Not confirmed", "ask"],
    [{ state: "skipped" }, "Skipped", "calm"],
    [{ state: "excluded" }, "Left out", "calm"],
  ] as const)("says of %o: %s", (one, words, tone) => {
    expect([statusOf(recipient(one)), toneOf(recipient(one))]).toEqual([words, tone]);
  });
});

describe("before it leaves", () => {
  it("asks for the number above a thousand", () => expect([mustBeTyped(1), mustBeTyped(1_000), mustBeTyped(1_001)]).toEqual([false, false, true]));
  it.each([
    ["1200", true],
    ["1,200", true],
    [" 1 200 ", true],
    ["120", false],
    ["12000", false],
    ["", false],
    ["all", false],
  ])("takes “%s” for 1,200: %s", (typed, right) => expect(isConfirmed(1_200, typed)).toBe(right));
  it("asks nobody to type a small number", () => expect(isConfirmed(3, "")).toBe(true));
  it("asks for what somebody lacks and keeps asking for what was answered, or the answer could not be changed", () => {
    expect(askedFor({ showing_time: 2 }, { property_address: "your search", agent_name: "" })).toEqual(["property_address", "showing_time"]);
  });
  it("writes a price in its currency", () => expect(money({ amount: "1234.5", currency: "USD" })).toBe("$1,234.50"));
});
