// Times as people say them. `now` is passed in; zone and words are the reader's own.

const LOCALE = "en-US";
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: "short" });
const monthDay = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric" });
const withYear = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric", year: "numeric" });
const dayNamed = new Intl.DateTimeFormat(LOCALE, { weekday: "long", month: "short", day: "numeric" });
const whole = new Intl.DateTimeFormat(LOCALE, { weekday: "long", month: "long", day: "numeric", year: "numeric", hour: "numeric", minute: "2-digit" });

/** Calendar days between two instants in the reader's zone; days of 23 and 25 hours count as one. */
export function daysBetween(earlier: Date, later: Date): number {
  const day = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((day(later) - day(earlier)) / 86_400_000);
}

export const clockTime = (at: Date): string => clock.format(at);
export const fullTime = (at: Date): string => whole.format(at);

/** For a row: 3:04 PM, Yesterday, Tue, Nov 3, Nov 3, 2024. */
export function rowTime(at: Date, now: Date): string {
  const days = daysBetween(at, now);
  if (days <= 0) return clock.format(at);
  if (days === 1) return "Yesterday";
  if (days < 7) return weekday.format(at);
  return at.getFullYear() === now.getFullYear() ? monthDay.format(at) : withYear.format(at);
}

/** For the line between two days of a conversation. */
export function dayTitle(at: Date, now: Date): string {
  const days = daysBetween(at, now);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return at.getFullYear() === now.getFullYear() ? dayNamed.format(at) : withYear.format(at);
}

/** 40 s, 3 min, 2 h, 5 d. */
export function spanOf(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
