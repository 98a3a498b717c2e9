import { describe, expect, it } from "vitest";
import type { CampaignFiguresOut, CampaignOut, Drip, Plan } from "../../gen/wire";
import type { Campaign, Minute, Reason } from "../api";
import { isBuilding } from "../drafts";
import { courseOf, deedsOf, doneAt, everybody, failures, figuresOf, lastBatchAt, leftOut, limitOf, newer, paceOf, percent, sampled, when, windowMs } from "./course";

const figures = (over: Partial<CampaignFiguresOut> = {}): CampaignFiguresOut => ({
  audience: 100, excluded: 10, pending: 30, in_flight: 5, wired: 50, rejected: 2, unconfirmed: 1, skipped: 2, delivered: 40, undelivered: 4, replied: 4, opted_out: 1, clicked: 0, segments: 75, ...over,
});
const plan = (over: Partial<Plan> = {}): Plan => ({
  sources: { everybody: true, filter_ids: [], definition: null, stage_ids: [], contact_ids: [], import_ids: [] }, leaving: { texted_within_days: null, in_active_campaign: true },
  variants: [{ body: "Hi", share: 100 }], answers: {}, number_id: null, start: { day: null, at: "09:00:00", zone: "America/New_York", at_home: false, if_missed: "ask" },
  drip: null, rate: null, until_reply: true, quiet: true, limits: { failed_percent: 10, opted_out_percent: 3, at_least: 50 }, ...over,
});
const campaign = (over: Partial<CampaignOut> = {}): CampaignOut => ({
  id: 1, name: "Spring", description: "", state: "active", told: "Active", version: 1, template: false, author: "Dana", created_at: "2026-03-10T15:00:00Z", launched_at: "2026-03-10T15:00:00Z",
  ended_at: null, archived_at: null, moved_at: "2026-03-10T15:00:00Z", due_at: null, next_batch_at: null, paused_why: null, refused: null, built: 100, to_look_at: null, whole: true, click_through: null, figures: figures(), ...over,
});
const drip = (over: Partial<Drip> = {}): Drip => ({ batch: 10, interval_s: 3_600, days: [0, 1, 2, 3, 4], span: { opens_s: 9 * 3_600, closes_s: 17 * 3_600 }, zone: "America/New_York", ends_on: null, ...over });

describe("figures", () => {
  it("shares everybody of the snapshot once", () => expect(everybody(figures()).reduce((sum, { count }) => sum + count, 0)).toBe(100));
  it.each([
    [0, 0, ""],
    [0, 50, "0 %"],
    [1, 3_000, "0.1 %"],
    [1, 40, "2.5 %"],
    [2, 40, "5 %"],
    [40, 50, "80 %"],
  ])("says of %d of %d: “%s”", (part, of, words) => expect(percent(part, of)).toBe(words));
  it("counts a text that was refused among those that were tried", () => {
    expect(figuresOf(campaign()).map(({ key, value, note }) => [key, value, note])).toEqual([
      ["sent", 50, "75 segments"], ["delivered", 40, "80 %"], ["failed", 6, "12 %"], ["replied", 4, "10 %"], ["opted_out", 1, "2.5 %"], ["clicked", null, "No links in it"],
    ]);
  });
  it("tells clicks in people and in percent of those whom it has reached, where there is a link", () => {
    expect(figuresOf(campaign({ click_through: 0.1, figures: figures({ clicked: 4 }) })).at(-1)).toEqual({ key: "clicked", label: "Clicked", value: 4, note: "10 %" });
  });
});

describe("how it stands", () => {
  it("is being built until its snapshot is whole", () => {
    expect([isBuilding({ state: "active", whole: false }), isBuilding({ state: "active", whole: true }), isBuilding({ state: "draft", whole: false })]).toEqual([true, false, false]);
  });
  it.each([
    ["draft", []],
    ["scheduled", ["cancel", "unschedule", "edit"]],
    ["active", ["pause", "cancel", "edit"]],
    ["paused", ["resume", "cancel", "edit"]],
    ["completed", []],
    ["cancelled", []],
  ] as const)("offers for one that is %s: %j", (state, deeds) => {
    expect(Object.entries(deedsOf({ state, whole: true })).filter(([, may]) => may).map(([name]) => name)).toEqual([...deeds]);
  });
  it("changes nothing while the snapshot is taken", () => expect(deedsOf({ state: "active", whole: false }).edit).toBe(false));
  it("believes the newer version, and of the same the live one", () => {
    const read = { ...campaign({ version: 2, state: "paused" }), plan: plan() } as Campaign;
    expect(newer(campaign({ version: 1 }), read)?.state).toBe("paused");
    expect(newer(campaign({ version: 2, state: "active" }), read)?.state).toBe("active");
    expect(newer(undefined, read)?.state).toBe("paused");
  });
});

describe("its pace", () => {
  it("is what left between the first and the last of what was seen of late", () => {
    const seen = [0, 10_000, 20_000, 26_000].reduce<ReturnType<typeof sampled>>((samples, at) => sampled(samples, { at, segments: at / 500 }, 100), []);
    expect(seen.map(({ at }) => at)).toEqual([20_000, 26_000]);
    expect(paceOf(seen)).toBe(2);
  });
  it.each([
    [null, 15_000],
    [10, 15_000],
    [0.5, 60_000],
    [0.01, 180_000],
  ])("is told over as long as some texts take: at %s a second over %i ms", (limit, ms) => expect(windowMs(limit)).toBe(ms));
  it("is unknown at first", () => expect([paceOf([]), paceOf([{ at: 1, segments: 4 }])]).toEqual([null, null]));
  it.each([
    [null, [{ rate: 1 }, { rate: 3 }], 4],
    [2, [{ rate: 1 }, { rate: 3 }], 2],
    [9, [{ rate: 1 }, { rate: 3 }], 4],
    [9, undefined, 9],
    [null, [], null],
  ])("of a rate of %s over numbers of %j is at most %s", (rate, numbers, limit) => expect(limitOf(rate, numbers)).toBe(limit));
});

describe("when it is done", () => {
  const now = new Date("2026-03-10T15:00:00Z"); // a Tuesday, 11:00 in New York
  it("is by the segments that are left and the rate", () => {
    expect(doneAt(campaign(), plan(), 3.5, now)?.toISOString()).toBe("2026-03-10T15:00:15.000Z"); // 35 people, 1.5 segments each
  });
  it.each([
    ["without a rate", campaign(), null],
    ["where nobody waits", campaign({ figures: figures({ pending: 0, in_flight: 0 }) }), 5],
  ])("is unknown %s", (_, one, perS) => expect(doneAt(one, plan(), perS, now)).toBeNull());
  it.each([
    ["the same day", drip(), 30, "2026-03-10T17:00:00.000Z"],
    ["the next morning, once the hours are over", drip(), 70, "2026-03-11T13:00:00.000Z"],
    ["over a weekend, in another zone", drip({ zone: "Europe/Berlin", days: [4, 0] }), 90, "2026-03-16T08:00:00.000Z"],
    ["around the clock", drip({ days: [0, 1, 2, 3, 4, 5, 6], span: { opens_s: 0, closes_s: 86_400 } }), 250, "2026-03-11T15:00:00.000Z"],
  ])("begins the last batch %s", (_, one, count, at) => expect(lastBatchAt(one, now, count)?.toISOString()).toBe(at));
  it("never ends where the last day comes first", () => expect(lastBatchAt(drip({ ends_on: "2026-03-10" }), now, 70)).toBeNull());
  it("never ends on no day at all", () => expect(lastBatchAt(drip({ days: [] }), now, 1)).toBeNull());
});

describe("an instant", () => {
  const now = new Date("2026-03-10T15:00:00Z");
  const [york, london, sydney] = ["America/New_York", "Europe/London", "Australia/Sydney"];
  it.each([
    ["2026-03-10T16:05:00Z", york, york, "at 12:05 PM"],
    ["2026-03-10T16:05:00Z", york, undefined, "at 12:05 PM"],
    ["2026-03-10T16:05:00Z", london, york, "at 4:05 PM (12:05 PM in New York)"],
    ["2026-03-12T16:05:00Z", york, york, "on Thu, Mar 12, 12:05 PM"],
    ["2026-03-10T20:05:00Z", york, sydney, "at 4:05 PM (Wed, Mar 11, 7:05 AM in Sydney)"],
  ])("%s, read in %s of a campaign in %s: %s", (at, here, there, words) => expect(when(new Date(at), here, there, now)).toBe(words));
});

describe("over time", () => {
  const minute = (at: string, wired: number): Minute => ({ at, wired, delivered: 0, failed: 0, replied: 0, opted_out: 0, clicked: 0 });
  it("has every minute from the first to the last, also those in which nothing happened", () => {
    const { step_s: step, buckets } = courseOf([minute("2026-03-10T15:00:00Z", 3), minute("2026-03-10T15:03:00Z", 2)]);
    expect([step, buckets.map((one) => one.wired)]).toEqual([60, [3, 0, 0, 2]]);
  });
  it("is in longer stretches where it goes on longer, and loses nobody", () => {
    const { step_s: step, buckets } = courseOf([minute("2026-03-10T15:07:00Z", 3), minute("2026-03-11T15:00:00Z", 2), minute("2026-03-11T15:59:00Z", 4)]);
    expect([step, buckets.length, buckets[0]?.wired, buckets.at(-1)?.wired]).toEqual([900, 100, 3, 4]);
    expect(buckets.reduce((sum, one) => sum + one.wired, 0)).toBe(9);
  });
  it("is empty before anything happened", () => expect(courseOf([]).buckets).toEqual([]));
});

describe("why not", () => {
  const reason = (state: string, sentence: string | null, count: number): Reason => ({ state, sentence, reason: null, error_class: null, error_code: null, count });
  const told = [reason("rejected", "No such number", 3), reason("undelivered", "No such number", 2), reason("undelivered", null, 9), reason("excluded", "Has opted out", 1), reason("skipped", "Campaign cancelled", 4)];
  it("says the same words once, the most frequent first", () => {
    expect(failures(told)).toEqual([{ sentence: "Not delivered, and the carrier gave no reason", count: 9 }, { sentence: "No such number", count: 5 }]);
  });
  it("keeps those who were to get none apart", () => expect(leftOut(told).map(({ count }) => count)).toEqual([4, 1]));
});
