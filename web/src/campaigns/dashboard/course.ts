// What a campaign's figures come to: shares, percentages, its pace, when it is done, what happened over time, and why not.
import { failedOf, openOf, sharesOf } from "../../bulk/bulk";
import { cityOf, dateTime, fieldsAt, instantOf } from "../../compose/zoned";
import type { CampaignFiguresOut, CampaignOut, Drip, Plan } from "../../gen/wire";
import type { Share } from "../../parts/Shares";
import type { Campaign, Minute, Reason } from "../api";
import { isBuilding } from "../drafts";

// Figures

/** What the bar is made of: everybody of the snapshot once, those who were left out too. */
export const everybody = (figures: CampaignFiguresOut): Share[] => [...sharesOf(figures), ...(figures.excluded > 0 ? [{ key: "excluded", label: "left out", count: figures.excluded }] : [])];

/** 12.5 % of nobody is nothing to say. Small shares keep a digit: 0.4 % of a list is a person who opted out. */
export function percent(part: number, of: number): string {
  if (of === 0) return "";
  const share = (100 * part) / of;
  return `${share > 0 && share < 10 ? Math.max(share, 0.1).toFixed(1).replace(/\.0$/, "") : Math.round(share)} %`;
}

export interface Figure {
  readonly key: string;
  readonly label: string;
  readonly value: number | null;
  readonly note: string;
}

/** The six that matter. Replies, opt-outs and clicks are people, in percent of those whom a text has reached. */
export function figuresOf({ figures, click_through: through }: Pick<CampaignOut, "figures" | "click_through">): Figure[] {
  const { wired, delivered, replied, opted_out: out, clicked, segments } = figures;
  const failed = failedOf(figures);
  return [
    { key: "sent", label: "Sent", value: wired, note: segments > 0 ? `${segments.toLocaleString("en-US")} ${segments === 1 ? "segment" : "segments"}` : "" },
    { key: "delivered", label: "Delivered", value: delivered, note: percent(delivered, wired) },
    { key: "failed", label: "Failed", value: failed, note: percent(failed, wired + figures.rejected) },
    { key: "replied", label: "Replied", value: replied, note: percent(replied, delivered) },
    { key: "opted_out", label: "Opted out", value: out, note: percent(out, delivered) },
    // Without a link there is nothing to click, and no share of it.
    through === null ? { key: "clicked", label: "Clicked", value: null, note: "No links in it" } : { key: "clicked", label: "Clicked", value: clicked, note: percent(clicked, delivered) },
  ];
}

// How it stands

/** The word of the server that is newer. Of the same version it is the live one: figures move without anybody's doing. */
export const newer = (live: CampaignOut | undefined, read: Campaign | undefined): CampaignOut | undefined => (live && read && read.version > live.version ? read : (live ?? read));

export interface Deeds {
  readonly pause: boolean;
  readonly resume: boolean;
  readonly cancel: boolean;
  readonly unschedule: boolean;
  readonly edit: boolean;
}

/** What can be done with it now; the server has the last word. */
export function deedsOf({ state, ...one }: Pick<CampaignOut, "state" | "whole">): Deeds {
  const open = state === "scheduled" || state === "active" || state === "paused";
  return { pause: state === "active", resume: state === "paused", cancel: open, unschedule: state === "scheduled", edit: open && !isBuilding({ state, ...one }) };
}

// Pace

export interface Sample {
  readonly at: number;
  readonly segments: number;
}

/** Over how long a pace is told: with few texts a minute, one that has just left would look like many a second. */
export const windowMs = (limit: number | null): number => Math.min(180_000, Math.max(15_000, limit ? 30_000 / limit : 0));

/** Samples with one more; those that say nothing of the present any more are gone. */
export const sampled = (samples: readonly Sample[], one: Sample, limit: number | null): readonly Sample[] => [...samples.filter(({ at }) => at > one.at - windowMs(limit)), one];

/** Segments per second of late; null before there are two moments to compare. */
export function paceOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  return first && last && last.at - first.at >= 1_000 ? Math.max(0, (last.segments - first.segments) / ((last.at - first.at) / 1_000)) : null;
}

/** What it may send in a second: its own rate, where the numbers let it. Null: nobody knows. */
export function limitOf(rate: number | null | undefined, numbers: readonly { rate: number }[] | undefined): number | null {
  const all = numbers && numbers.length > 0 ? numbers.reduce((sum, one) => sum + one.rate, 0) : null;
  if (rate === null || rate === undefined) return all;
  return all === null ? rate : Math.min(rate, all);
}

// When it is done

const MINUTE_S = 60;
const HORIZON_DAYS = 5 * 366;

/** When the last batch begins, *next* being the next one's instant; null where that is years ahead, or after its last day. */
export function lastBatchAt(drip: Drip, next: Date, people: number): Date | null {
  let left = Math.ceil(people / Math.max(drip.batch, 1));
  const step = Math.max(drip.interval_s, MINUTE_S) * 1_000;
  const from = fieldsAt(drip.zone, next).date;
  for (let n = 0, at = next.getTime(); n < HORIZON_DAYS && left > 0; n += 1) {
    const date = dayAfter(from, n);
    if (drip.ends_on !== null && date > drip.ends_on) return null;
    if (!drip.days.includes(weekdayOf(date))) continue;
    const first = Math.max(at, wallAt(drip.zone, date, drip.span.opens_s));
    const closes = wallAt(drip.zone, date, drip.span.closes_s);
    if (first >= closes) continue;
    const batches = Math.min(left, Math.ceil((closes - first) / step));
    const last = first + (batches - 1) * step;
    left -= batches;
    if (left === 0) return new Date(last);
    at = last + step;
  }
  return null;
}

const dayAfter = (date: string, days: number): string => new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
const weekdayOf = (date: string): number => (new Date(`${date}T00:00Z`).getUTCDay() + 6) % 7; // Monday is 0

function wallAt(zone: string, date: string, seconds: number): number {
  const [day, rest] = seconds >= 86_400 ? [dayAfter(date, 1), 0] : [date, seconds];
  return (instantOf(zone, day, new Date(rest * 1_000).toISOString().slice(11, 19)) as Date).getTime();
}

/** When the last text leaves, by what it may send in a second; null where nobody can tell. */
export function doneAt(one: CampaignOut, plan: Plan | undefined, perS: number | null, now: Date): Date | null {
  const { figures } = one;
  const left = openOf(figures);
  if (!plan || left === 0 || perS === null || perS <= 0) return null;
  const each = figures.wired > 0 ? figures.segments / figures.wired : 1;
  const lasts = (people: number) => ((people * each) / perS) * 1_000;
  if (!plan.drip) return new Date(now.getTime() + lasts(left));
  // Those who are queued leave by themselves; the others come with the batches that have not begun.
  const next = one.next_batch_at === null ? now : new Date(Math.max(Date.parse(one.next_batch_at), now.getTime()));
  const last = lastBatchAt(plan.drip, next, left);
  return last && new Date(last.getTime() + lasts(left % plan.drip.batch || plan.drip.batch));
}

const hourIn = (zone: string, at: Date): string => new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "numeric", minute: "2-digit" }).format(at);

/** "at 4:05 PM" today, "on Tue, Mar 10, 4:05 PM" else, on the reader's clock (*here*); in the campaign's own zone too, where clocks there show another time. */
export function when(at: Date, here: string, there: string | undefined, now: Date): string {
  const day = (zone: string, of: Date) => fieldsAt(zone, of).date;
  const own = day(here, at) === day(here, now) ? `at ${hourIn(here, at)}` : `on ${dateTime(here, at)}`;
  if (there === undefined || dateTime(there, at) === dateTime(here, at)) return own;
  return `${own} (${day(there, at) === day(here, at) ? hourIn(there, at) : dateTime(there, at)} in ${cityOf(there)})`;
}

// Over time

export const COUNTED = ["wired", "delivered", "failed", "replied", "opted_out", "clicked"] as const;
export type Counted = (typeof COUNTED)[number];

export interface Bucket extends Record<Counted, number> {
  /** Seconds since 1970, as the chart wants it. */
  readonly at: number;
}

const STEPS_S = [60, 300, 900, 3_600, 6 * 3_600, 86_400, 7 * 86_400] as const;
const MOST = 120; // more bars than that are narrower than a finger

export interface Course {
  readonly step_s: number;
  readonly buckets: readonly Bucket[];
}

/** Minutes as at most 120 stretches without gaps, from the first minute in which something happened to the last. */
export function courseOf(minutes: readonly Minute[], most = MOST): Course {
  const times = minutes.map(({ at }) => Date.parse(at) / 1_000);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return { step_s: STEPS_S[0], buckets: [] };
  const step = STEPS_S.find((one) => Math.floor(last / one) - Math.floor(first / one) < most) ?? 7 * 86_400;
  const from = Math.floor(first / step);
  const buckets = Array.from({ length: Math.floor(last / step) - from + 1 }, (_, n): Bucket => ({ at: (from + n) * step, wired: 0, delivered: 0, failed: 0, replied: 0, opted_out: 0, clicked: 0 }));
  minutes.forEach((minute, n) => {
    const bucket = buckets[Math.floor((times[n] as number) / step) - from] as Bucket;
    for (const key of COUNTED) bucket[key] += minute[key];
  });
  return { step_s: step, buckets };
}

// Why not

export interface Why {
  readonly sentence: string;
  readonly count: number;
}

const UNKNOWN: Record<string, string> = {
  rejected: "Refused by the carrier without a reason",
  undelivered: "Not delivered, and the carrier gave no reason",
  unconfirmed: "The carrier never said what became of it",
  skipped: "Skipped before it was sent",
  excluded: "Left out at the launch",
};

/** Reasons in words, the same words once, the most frequent first. */
function whys(reasons: readonly Reason[], states: readonly string[]): Why[] {
  const counts = new Map<string, number>();
  for (const one of reasons) {
    if (!states.includes(one.state)) continue;
    const sentence = one.sentence ?? UNKNOWN[one.state] ?? one.state;
    counts.set(sentence, (counts.get(sentence) ?? 0) + one.count);
  }
  return [...counts].map(([sentence, count]) => ({ sentence, count })).sort((a, b) => b.count - a.count || a.sentence.localeCompare(b.sentence));
}

export const failures = (reasons: readonly Reason[]): Why[] => whys(reasons, ["rejected", "undelivered", "unconfirmed"]);
export const leftOut = (reasons: readonly Reason[]): Why[] => whys(reasons, ["excluded", "skipped"]);
