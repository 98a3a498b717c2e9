import { describe, expect, it } from "vitest";
import { dayAt, fieldsAt, instantOf } from "./zoned";

const NY = "America/New_York";

describe("wall clocks of other zones", () => {
  it("shows an instant there and finds it again", () => {
    const at = new Date("2026-07-04T16:05:00Z");
    expect(fieldsAt(NY, at)).toEqual({ date: "2026-07-04", time: "12:05" });
    expect(instantOf(NY, "2026-07-04", "12:05")).toEqual(at);
  });
  it("takes a time that does not exist for the one after the change", () => expect(instantOf(NY, "2026-03-08", "02:30")?.toISOString()).toBe("2026-03-08T07:30:00.000Z"));
  it("takes the first of a time that comes twice", () => expect(instantOf(NY, "2026-11-01", "01:30")?.toISOString()).toBe("2026-11-01T05:30:00.000Z"));
  it("knows which day tomorrow is there", () => expect(dayAt("Pacific/Honolulu", new Date("2026-03-10T05:00:00Z"), 1, "09:00").toISOString()).toBe("2026-03-10T19:00:00.000Z"));
  it("has no instant for half a date", () => expect(instantOf(NY, "", "09:00")).toBeNull());
});
