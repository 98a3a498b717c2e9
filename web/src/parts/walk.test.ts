import { describe, expect, it } from "vitest";
import { isLetter, landing, stepOf } from "./walk";

describe("walking rows", () => {
  it("leads one row by letters and arrows, a page by the page keys", () => {
    expect(["j", "ArrowDown", "k", "ArrowUp", "PageDown", "PageUp"].map((key) => stepOf(key, 8))).toEqual([1, 1, -1, -1, 8, -8]);
  });
  it("leads nowhere by other keys", () => expect(stepOf("x", 8)).toBeNull());
  it("stops at both ends", () => {
    expect(landing(0, -1, 5)).toBe(0);
    expect(landing(3, 8, 5)).toBe(4);
    expect(landing(2, 1, 5)).toBe(3);
  });
  it("finds both ends in one step from anywhere", () => {
    expect(landing(3, stepOf("Home", 8) as number, 5)).toBe(0);
    expect(landing(3, stepOf("End", 8) as number, 5)).toBe(4);
  });
  it("tells letters from named keys", () => expect([isLetter({ key: "j" }), isLetter({ key: "Home" })]).toEqual([true, false]));
});
