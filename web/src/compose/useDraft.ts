// What is typed and not sent: kept in the tab at once and with the server soon after, for whichever tab or device comes next.
import { useCallback, useEffect, useRef, useState } from "react";
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

  const save = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    const { body, recipient, at } = latest.current;
    // Lost with the connection, it is kept in the tab, and saved with the next letter.
    composeApi.saveDraft(thread, body, recipient, at).catch(() => undefined);
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
    const read = () => {
      if (document.visibilityState === "hidden") return;
      composeApi.draft(thread).then(
        ({ body, recipient, changed_at }) => {
          const mine = latest.current.at;
          if (timer.current === undefined && changed_at && (body || recipient || mine) && (!mine || Date.parse(changed_at) > Date.parse(mine))) put(body || recipient ? { body, recipient, at: changed_at } : NOTHING);
        },
        () => undefined,
      );
    };
    const given = (event: Event) => {
      const { thread: where, body } = (event as CustomEvent<{ thread: number; body: string }>).detail;
      if (where === thread && !latest.current.body) put({ ...latest.current, body, at: new Date().toISOString() });
    };
    read();
    document.addEventListener("visibilitychange", read);
    addEventListener(GIVEN_BACK, given);
    return () => {
      document.removeEventListener("visibilitychange", read);
      removeEventListener(GIVEN_BACK, given);
      if (timer.current !== undefined) save();
    };
  }, [thread, off, put, save]);

  const write = (body: string, recipient = latest.current.recipient) => {
    put({ body, recipient, at: new Date().toISOString() });
    if (off) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(save, SAVE_MS);
  };
  const done = () => {
    const saved = latest.current.at !== "";
    put({ ...NOTHING, at: new Date().toISOString() });
    if (saved && !off) save();
  };
  return { body: draft.body, recipient: draft.recipient, write, done };
}
