// What is typed and not sent: kept in the tab at once and with the server soon after, for whichever tab or device comes next.
import { useCallback, useEffect, useRef, useState } from "react";
import { present } from "../clock";
import { composeApi } from "./api";

const SAVE_MS = 700;
const GIVEN_BACK = "threadline:given-back";

interface Kept {
  body: string;
  recipient: string;
  at: string;
}

const keyOf = (thread: number): string => `threadline.draft:${thread}`;
const NOTHING: Kept = { body: "", recipient: "", at: "" };

function kept(thread: number): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(sessionStorage.getItem(keyOf(thread)) ?? "{}") as Partial<Kept>) };
  } catch {
    return NOTHING;
  }
}

/** Whether one was typed after the other; one that was never typed is older than all. */
export const newer = (one: string | null, than: string | null): one is string => !!one && (!than || Date.parse(one) > Date.parse(than));

/** When something is typed now: after all that was *seen*, whatever the clock of the device says that wrote that. */
export function stamp(seen: string, clock: Date): string {
  return new Date(Math.max(clock.getTime(), seen ? Date.parse(seen) + 1 : 0)).toISOString();
}

/** Puts a text that was taken back into the place where it was written. */
export function giveBack(thread: number, body: string): void {
  dispatchEvent(new CustomEvent(GIVEN_BACK, { detail: { thread, body } }));
}

export interface DraftHandle {
  readonly body: string;
  readonly recipient: string;
  write: (body: string, recipient?: string) => void;
  done: () => void;
}

/** Thread 0 is New Message. Of what this tab and another have typed, the later wins. */
export function useDraft(thread: number, off = false): DraftHandle {
  const [draft, setDraft] = useState<Kept>(() => (off ? NOTHING : kept(thread)));
  const latest = useRef(draft);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const seen = useRef(draft.at);
  const now = useCallback(() => (seen.current = stamp(seen.current, present())), []);

  const save = useCallback((leaving = false) => {
    clearTimeout(timer.current);
    timer.current = undefined;
    const { body, recipient, at } = latest.current;
    // Lost with the connection, it is kept in the tab, and saved when the tab is looked at again.
    composeApi.saveDraft(thread, body, recipient, at, leaving).catch(() => undefined);
  }, [thread]);

  const put = useCallback(
    (next: Kept) => {
      latest.current = next;
      setDraft(next);
      if (off) return;
      if (next.body || next.recipient) sessionStorage.setItem(keyOf(thread), JSON.stringify(next));
      else sessionStorage.removeItem(keyOf(thread));
    },
    [thread, off],
  );

  useEffect(() => {
    if (off) return;
    const leave = () => {
      if (timer.current !== undefined) save(true);
    };
    const read = () => {
      if (document.visibilityState === "hidden") return leave(); // a phone that puts a page aside may never come back to it
      composeApi.draft(thread).then(
        ({ body, recipient, changed_at }) => {
          const mine = latest.current.at;
          if (newer(changed_at, seen.current)) seen.current = changed_at;
          if (timer.current !== undefined) put({ ...latest.current, at: now() }); // what is being typed is later
          else if (newer(changed_at, mine)) put(body || recipient ? { body, recipient, at: changed_at } : NOTHING);
          else if (newer(mine, changed_at)) save();
        },
        () => undefined,
      );
    };
    const given = (event: Event) => {
      const { thread: where, body } = (event as CustomEvent<{ thread: number; body: string }>).detail;
      if (where === thread && !latest.current.body) put({ ...latest.current, body, at: now() });
    };
    read();
    document.addEventListener("visibilitychange", read);
    addEventListener("pagehide", leave);
    addEventListener(GIVEN_BACK, given);
    return () => {
      document.removeEventListener("visibilitychange", read);
      removeEventListener("pagehide", leave);
      removeEventListener(GIVEN_BACK, given);
      leave();
    };
  }, [thread, off, put, save, now]);

  const write = (body: string, recipient = latest.current.recipient) => {
    put({ body, recipient, at: now() });
    if (off) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(save, SAVE_MS);
  };
  const done = () => {
    const saved = latest.current.at !== "";
    put({ ...NOTHING, at: now() });
    if (saved && !off) save();
  };
  return { body: draft.body, recipient: draft.recipient, write, done };
}
