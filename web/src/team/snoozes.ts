// Until when a conversation is put off with one click, by the reader's own clock. Pure.
import { dayAt, fieldsAt } from "../compose/zoned";

export interface Snooze {
  readonly label: string;
  readonly until: Date;
}

const HOUR_MS = 3_600_000;

/** What lies in the future and is not said twice: no evening after five, and no Monday that is tomorrow. */
export function snoozes(zone: string, now: Date): Snooze[] {
  const weekday = new Date(`${fieldsAt(zone, now).date}T00:00Z`).getUTCDay();
  const toMonday = (8 - weekday) % 7 || 7;
  const evening = dayAt(zone, now, 0, "18:00");
  return [
    { label: "In an hour", until: new Date(now.getTime() + HOUR_MS) },
    ...(evening.getTime() - now.getTime() > HOUR_MS ? [{ label: "This evening", until: evening }] : []),
    { label: "Tomorrow morning", until: dayAt(zone, now, 1, "09:00") },
    ...(toMonday > 1 ? [{ label: "Next Monday", until: dayAt(zone, now, toMonday, "09:00") }] : []),
  ];
}
