// When to come back after the socket closed: a decision without a clock or a die of its own.

export type Next = { kind: "retry"; after_ms: number } | { kind: "login" };

const FIRST_MS = 250;
const LONGEST_MS = 15_000;
const SPREAD = 0.5; // a thousand browsers must not come back in the same instant

/** `attempt` counts failures in a row from 0; `random` is in [0, 1). 4500-4999 mean that only the person can go on. */
export function afterClose(code: number, reason: string, attempt: number, random: number): Next {
  if (code >= 4500 && code <= 4999) return { kind: "login" };
  const hint = code === 1012 ? /\d+(\.\d+)?/.exec(reason) : null;
  if (hint) return { kind: "retry", after_ms: Math.min(Number(hint[0]) * 1000, LONGEST_MS) * (1 + SPREAD * random) };
  const ceiling = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS);
  return { kind: "retry", after_ms: ceiling * (1 - SPREAD * random) };
}
