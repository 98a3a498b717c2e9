// The clocks of people who may be in one of several zones. `now` is passed in; the words are the reader's.

const LOCALE = "en-US";
const MINUTE_MS = 60_000;

/** The instant as a wall there shows it, as if that were UTC. */
const shown = (zone: string, at: Date): number => Date.parse(`${at.toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T")}Z`);

const written = (wall: number, weekday: boolean): string =>
  new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", hour: "numeric", minute: "2-digit", ...(weekday && { weekday: "short" }) }).format(new Date(wall));

/** 10:42 PM; "9:42 or 10:42 PM" in two zones; "between 4:42 AM and 10:42 PM" in more. Another day than today's there is named. */
export function timeThere(zones: readonly string[], at: Date, now: Date): string {
  const walls = [...new Set(zones.map((zone) => Math.floor(shown(zone, at) / MINUTE_MS) * MINUTE_MS))].sort((a, b) => a - b);
  const first = walls[0];
  const last = walls.at(-1);
  if (first === undefined || last === undefined) return "an unknown time";
  const otherDay = zones.some((zone) => day(shown(zone, at)) !== day(shown(zone, now)));
  if (walls.length === 1) return written(first, otherDay);
  const [from, to] = [written(first, otherDay), written(last, otherDay)];
  return walls.length === 2 ? `${sharingHalf(from, to)} or ${to}` : `between ${from} and ${to}`;
}

const day = (wall: number): string => new Date(wall).toISOString().slice(0, 10);

/** "9:42 AM" before "10:42 AM" is just "9:42". */
const sharingHalf = (first: string, second: string): string => (first.slice(-2) === second.slice(-2) ? first.slice(0, -3) : first);
