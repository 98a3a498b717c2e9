import { describe, expect, it, test } from "vitest";
import { Problem } from "../api";
import type { CampaignOut, Drip, Plan, Start } from "../gen/wire";
import { later, places, type Change, type Draft, type PlanFault, type Timing } from "./drafts";
import { Autosave } from "./wizard/autosave";
import { clockOf, inUnits, newDrip, secondsOf, told } from "./wizard/pace";
import { evenly, letter, sumOf } from "./wizard/shares";
import { beside, faultsByStep } from "./wizard/steps";

const campaign = (over: Partial<CampaignOut> = {}): CampaignOut => ({
  id: 1, name: "Open house", description: "", state: "active", told: "Active", version: 2, template: false, author: "Dana", created_at: "2026-03-10T15:00:00Z", launched_at: null,
  ended_at: null, archived_at: null, moved_at: "2026-03-10T15:00:00Z", due_at: null, next_batch_at: null, paused_why: null, refused: null, built: 0, to_look_at: null, whole: true, click_through: null,
  figures: { audience: 0, excluded: 0, pending: 0, in_flight: 0, wired: 0, rejected: 0, unconfirmed: 0, skipped: 0, delivered: 0, undelivered: 0, replied: 0, opted_out: 0, clicked: 0, segments: 0 }, ...over,
});

describe("of two accounts of a campaign", () => {
  const row = campaign();
  it.each([
    ["what nobody told is what was read", undefined, row],
    ["the higher version is the later", campaign({ version: 1, moved_at: "2026-03-11T15:00:00Z" }), row],
    ["of one version the later figures are", campaign({ moved_at: "2026-03-10T15:00:01Z" }), campaign({ moved_at: "2026-03-10T15:00:01Z" })],
    ["older figures are not", campaign({ moved_at: "2026-03-10T14:59:59Z" }), row],
  ])("%s", (_, other, expected) => expect(later(row, other)).toEqual(expected));
});

test("a campaign that moves to another list changes the places, one whose figures move does not", () => {
  const before = places([campaign()]);
  expect(places([campaign({ moved_at: "2026-03-12T15:00:00Z" })])).toBe(before);
  expect(places([campaign({ state: "completed" })])).not.toBe(before);
  expect(places([campaign({ archived_at: "2026-03-12T15:00:00Z" })])).not.toBe(before);
});

describe("shares", () => {
  const of = (count: number) => evenly(Array.from({ length: count }, () => ({ body: "x", share: 0 })));
  it.each([1, 2, 3, 7, 10])("of %i texts add up to 100 and differ by one at most", (count) => {
    const shares = of(count).map((one) => one.share);
    expect(sumOf(of(count))).toBe(100);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  });
  it("are named by letters", () => expect([letter(0), letter(9)]).toEqual(["A", "J"]));
});

test("what is wrong is told at the steps that mend it, in their order", () => {
  const faults: PlanFault[] = [{ part: "schedule", sentence: "c" }, { part: "numbers", sentence: "b" }, { part: "audience", sentence: "a" }];
  expect(faultsByStep(faults)).toEqual([{ step: "audience", sentences: ["a"] }, { step: "message", sentences: ["b"] }, { step: "schedule", sentences: ["c"] }]);
  expect([beside("details", -1), beside("details", 1), beside("review", 1)]).toEqual([undefined, "audience", undefined]);
});

describe("hours and intervals", () => {
  it.each([[60, 1, "60"], [3_600, 1, "3600"], [5_400, 90, "60"], [172_800, 2, "86400"], [0, 1, "60"]])("%i s are %i of %s s", (seconds, count, unit) => expect(inUnits(seconds)).toEqual({ count, unit }));
  it.each([[0, "00:00"], [34_200, "09:30"], [86_400, "00:00"]])("%i s after midnight is %s", (seconds, clock) => expect(clockOf(seconds)).toBe(clock));
  it.each([["09:30", false, 34_200], ["00:00", false, 0], ["00:00", true, 86_400], ["", false, null]])("%j is its seconds", (clock, closes, seconds) => expect(secondsOf(clock, closes)).toBe(seconds));
});

describe("when it goes, in sentences", () => {
  const start: Start = { day: "2026-03-16", at: "10:00:00", zone: "America/New_York", at_home: false, if_missed: "ask" };
  const timing: Timing = { begins_at: "2026-03-16T14:00:00Z", sentence: null, batches: null, first_at: null, done_at: null, left_over: 0, outlook: null, homes: [] };
  const drip: Drip = newDrip("America/Chicago");
  it.each<[string, Start, Drip | null, Timing, string[]]>([
    ["at once", { ...start, day: null }, null, timing, ["It begins as soon as it is launched."]],
    ["at a time", start, null, timing, ["It begins on Mon, Mar 16, 10:00 AM in New York."]],
    ["at a time that is none", start, null, { ...timing, sentence: "Clocks skip it." }, ["It begins on Mon, Mar 16, 10:00 AM in New York.", "Clocks skip it."]],
    ["on each one's clock", { ...start, at_home: true }, null, timing, ["It begins at 10:00 on each recipient's own clock, for the first of them on Mon, Mar 16, 10:00 AM in New York."]],
    ["by drips", start, drip, { ...timing, batches: 3, first_at: "2026-03-16T14:00:00Z", done_at: "2026-03-16T16:01:00Z" }, ["It begins on Mon, Mar 16, 10:00 AM in New York.", "3 batches, the first on Mon, Mar 16, 9:00 AM in Chicago.", "The last text leaves about Mon, Mar 16, 11:01 AM in Chicago."]],
    ["with an end that is too early", start, drip, { ...timing, batches: 1, first_at: "2026-03-16T14:00:00Z", left_over: 9 }, ["It begins on Mon, Mar 16, 10:00 AM in New York.", "One batch, the first on Mon, Mar 16, 9:00 AM in Chicago.", "9 people would get nothing before its end date."]],
  ])("%s", (_, begins, drips, timed, sentences) => expect(told(begins, drips, timed, 250)).toEqual(sentences));
});

describe("what is written", () => {
  const draft = (over: Partial<Draft> = {}): Draft => ({ ...campaign({ state: "draft", version: 1 }), plan: {} as Plan, ...over });
  type Save = (version: number, change: Change) => Promise<Draft>;
  const started = (save: Save, theirs = draft()) => new Autosave(draft(), { save, read: () => Promise.resolve(theirs) });

  it("is saved one after the other, each on the version of the last", async () => {
    const asked: [number, Change][] = [];
    const autosave = started((version, change) => {
      asked.push([version, change]);
      if (asked.length === 1) autosave.change({ name: "B" }); // while the first is on its way
      return Promise.resolve(draft({ version: version + 1 }));
    });
    autosave.change({ name: "A", description: "d" });
    expect(autosave.written.saving).toBe("waiting");
    expect(await Promise.all([autosave.flush(), autosave.flush()])).toEqual([true, true]);
    expect(asked).toEqual([[1, { name: "A", description: "d" }], [2, { name: "B" }]]);
    expect(autosave.written).toMatchObject({ version: 3, saving: "saved", problem: null, draft: { name: "B", description: "d" } });
  });

  it("stays on the page where it cannot be saved, and goes with the next try", async () => {
    let down = true;
    const asked: Change[] = [];
    const autosave = started((version, change) => {
      asked.push(change);
      return down ? Promise.reject(new Problem(0, "No connection", "The server cannot be reached.")) : Promise.resolve(draft({ version: version + 1 }));
    });
    autosave.change({ name: "A" });
    expect(await autosave.flush()).toBe(false);
    expect(autosave.written).toMatchObject({ saving: "failed", problem: "The server cannot be reached.", draft: { name: "A" } });
    down = false;
    autosave.change({ description: "d" });
    expect(await autosave.flush()).toBe(true);
    expect(asked.at(-1)).toEqual({ name: "A", description: "d" });
    expect(autosave.written.problem).toBeNull();
  });

  it("gives way to what somebody else wrote meanwhile, and says so", async () => {
    let stale = true;
    const versions: number[] = [];
    const autosave = started((version) => {
      versions.push(version);
      return stale ? Promise.reject(new Problem(409, "Conflict", "Somebody else has changed it.", "version")) : Promise.resolve(draft({ version: version + 1 }));
    }, draft({ version: 7, name: "Theirs" }));
    autosave.change({ name: "Mine" });
    expect(await autosave.flush()).toBe(true);
    expect(autosave.written).toMatchObject({ version: 7, saving: "saved", draft: { name: "Theirs" } });
    expect(autosave.written.problem).toContain("Somebody else has changed it.");
    stale = false;
    autosave.change({ name: "After all" });
    await autosave.flush();
    expect(versions).toEqual([1, 7]);
  });
});
