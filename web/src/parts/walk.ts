// Walking a list of rows by keyboard, wherever there is one: J and K everywhere, the arrows inside of it.

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** How far a key leads; null for one that leads nowhere. `leap` rows are a page. */
export function stepOf(key: string, leap: number): number | null {
  if (key === "PageDown") return leap;
  if (key === "PageUp") return -leap;
  return STEPS[key] ?? null;
}

/** The row that a step from *at* leads to among *count*. */
export const landing = (at: number, step: number, count: number): number => Math.max(0, Math.min(count - 1, at + step));

/** A letter is a shortcut of the whole page; other keys mean what has the focus. */
export const isLetter = (event: { key: string }): boolean => event.key.length === 1;
