// The tabs of one browser agree by locks, which end with the tab that holds them: there is never an old leader to forget.

/** Waits for its turn among all tabs and keeps it until *over*. A tab that holds a lock is not put to sleep by the browser. */
export function lead(name: string, over: AbortSignal, begin: () => void): void {
  const held = () =>
    new Promise<void>((end) => {
      if (over.aborted) return end();
      begin();
      over.addEventListener("abort", () => end(), { once: true });
    });
  navigator.locks.request(name, { signal: over }, held).catch((error: unknown) => {
    if (!over.aborted) throw error;
  });
}

const LOOKED = "threadline.looked.";

/** Says to the other tabs that a conversation lies open before somebody's eyes, until the answer is called. */
export function look(thread: number): () => void {
  const over = new AbortController();
  navigator.locks
    .request(`${LOOKED}${thread}`, { mode: "shared", signal: over.signal }, () => new Promise<void>((end) => over.signal.addEventListener("abort", () => end(), { once: true })))
    .catch(() => undefined); // taken back before its turn came
  return () => over.abort();
}

/** The conversations that lie open before somebody's eyes in any tab. */
export async function looked(): Promise<ReadonlySet<number>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(LOOKED) ? [Number(name.slice(LOOKED.length))] : [])));
}
