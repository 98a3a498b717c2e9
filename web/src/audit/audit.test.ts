import { describe, expect, it } from "vitest";
import { asked, beginOf, isDay } from "./audit";

describe("what the audit log is narrowed by", () => {
  it("names only what somebody chose", () => {
    expect(asked({})).toBe("");
    expect(asked({ who: 3, what: "settings" })).toBe("member_id=3&group=settings");
  });
  it("includes the last day whole", () => {
    const days = new URLSearchParams(asked({ from: "2026-03-01", to: "2026-03-01" }));
    expect(days.get("since")).toBe(new Date(2026, 2, 1).toISOString());
    expect(days.get("until")).toBe(new Date(2026, 2, 2).toISOString());
  });
  it("begins a day at the reader's own midnight, also at the end of a month", () => expect(beginOf("2026-02-28", 1)).toBe(new Date(2026, 2, 1).toISOString()));
  it("takes days only", () => expect(["2026-03-01", "2026-13-01", "soon", 3].map(isDay)).toEqual([true, false, false, false]));
});
