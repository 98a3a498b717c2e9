// Wall clocks of other zones, as date and time fields show them.

const wallIn = (zone: string, at: number): number => Date.parse(`${new Date(at).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T")}Z`);

/** 2026-03-10 and 16:05: the instant as a wall in the zone shows it. */
export function fieldsAt(zone: string, at: Date): { date: string; time: string } {
  const wall = new Date(wallIn(zone, at.getTime())).toISOString();
  return { date: wall.slice(0, 10), time: wall.slice(11, 16) };
}

/** The instant at which a wall in the zone shows this; of a time that a change of the clocks leaves out, the one after it; of one that comes twice, the first. */
export function instantOf(zone: string, date: string, time: string): Date | null {
  const wall = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(wall)) return null;
  const offsets = [wall - 86_400_000, wall + 86_400_000].map((near) => wallIn(zone, near) - near);
  const tried = offsets.map((offset) => wall - offset).sort((a, b) => a - b);
  const fits = tried.find((at) => wallIn(zone, at) === wall);
  return new Date(fits ?? (tried.at(-1) as number));
}

/** Tomorrow at nine there, and the like. */
export function dayAt(zone: string, now: Date, days: number, time: string): Date {
  const { date } = fieldsAt(zone, now);
  const day = new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
  return instantOf(zone, day, time) as Date;
}

export const mine = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Tue, Mar 10, 4:05 PM. */
export const dateTime = (zone: string, at: Date): string =>
  new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" }).format(at);

/** America/New_York reads "New York". */
export const cityOf = (zone: string): string => (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
