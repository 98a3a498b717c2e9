// When and how fast it goes, as its fields show it and as a sentence tells it.
import { cityOf, dateTime } from "../../compose/zoned";
import type { Drip, Start } from "../../gen/wire";
import { amount, people } from "../../people/rows";
import type { Timing } from "../drafts";

export const UNITS = [
  { value: "60", label: "minutes" },
  { value: "3600", label: "hours" },
  { value: "86400", label: "days" },
] as const;

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** A hundred an hour, on working days, from nine to six. */
export const newDrip = (zone: string): Drip => ({ batch: 100, interval_s: 3_600, days: [0, 1, 2, 3, 4], span: { opens_s: 9 * 3_600, closes_s: 18 * 3_600 }, zone, ends_on: null });

/** Seconds as a number of the largest unit that they are whole in. */
export function inUnits(interval_s: number): { count: number; unit: (typeof UNITS)[number]["value"] } {
  const unit = [...UNITS].reverse().find(({ value }) => interval_s > 0 && interval_s % Number(value) === 0) ?? UNITS[0];
  return { count: Math.max(1, Math.round(interval_s / Number(unit.value))), unit: unit.value };
}

/** Seconds since midnight as a time field shows them. Its midnight is the end of a day, where it closes. */
export const clockOf = (seconds: number): string => `${String(Math.floor(seconds / 3_600) % 24).padStart(2, "0")}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}`;

export function secondsOf(clock: string, closes = false): number | null {
  const match = /^(\d{2}):(\d{2})/.exec(clock);
  if (!match) return null;
  const seconds = Number(match[1]) * 3_600 + Number(match[2]) * 60;
  return closes && seconds === 0 ? 86_400 : seconds;
}

const instant = (zone: string, at: string): string => dateTime(zone, new Date(at));

/** When it begins and when it is done, in a sentence or two. */
export function told(start: Start, drip: Drip | null, timing: Timing, recipients: number): string[] {
  const zone = drip?.zone ?? start.zone;
  const there = zone === start.zone && start.day !== null ? "" : ` in ${cityOf(zone)}`; // said once where it is one
  const said = [begins(start, timing)];
  if (timing.sentence) said.push(timing.sentence);
  if (drip && timing.batches !== null && timing.first_at)
    said.push(`${timing.batches === 1 ? "One batch" : `${amount(timing.batches)} batches`}, the first on ${instant(zone, timing.first_at)}${there}.`);
  if (timing.done_at && recipients > 0) said.push(`The last text leaves about ${instant(zone, timing.done_at)}${there}.`);
  if (timing.left_over > 0) said.push(`${people(timing.left_over)} would get nothing before its end date.`);
  return said;
}

function begins(start: Start, timing: Timing): string {
  if (start.day === null) return "It begins as soon as it is launched.";
  if (start.at_home) return `It begins at ${start.at.slice(0, 5)} on each recipient's own clock, for the first of them on ${instant(start.zone, timing.begins_at)} in ${cityOf(start.zone)}.`;
  return `It begins on ${instant(start.zone, timing.begins_at)} in ${cityOf(start.zone)}.`;
}

export const place = (zone: string): string => zone.replaceAll("_", " ");
