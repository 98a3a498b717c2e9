// What is typed and not sent: kept in the tab at once and with the server soon after, for whichever tab or device comes next.
import { useCallback, useEffect, useRef, useState } from "react";
import { present } from "../clock";
import { composeApi, type Picture } from "./api";
import { asKept, isEmpty, newer, NOTHING, stamp, withGivenBack, withoutSent, type Kept } from "./draft";

const SAVE_MS = 700;
const ASK_AGAIN_MS = 2_000;
const GIVEN_BACK = "threadline:given-back";

interface GivenBack {
  thread: number;
  body: string;
  pictures: readonly Picture[];
}

const keyOf = (thread: number): string => `threadline.draft:${thread}`;

function kept(thread: number): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(sessionStorage.getItem(keyOf(thread)) ?? "{}") as Partial<Kept>) };
  } catch {
    return NOTHING;
  }
}

/** Of an emptied one, when: where the server has not heard of it, what was sent would stand there again. */
function keep(thread: number, draft: Kept): void {
  if (isEmpty(draft) && draft.at === "") sessionStorage.removeItem(keyOf(thread));
  else sessionStorage.setItem(keyOf(thread), JSON.stringify(draft));
}

/** Lost with the connection, it is kept in the tab, and saved when the tab is looked at again. */
function save(thread: number, { body, recipient, pictures, at }: Kept, leaving = false): void {
  composeApi.saveDraft(thread, { body, recipient, media: pictures.map((one) => one.media_id), changed_at: at }, leaving).catch(() => undefined);
}

/** Puts a text that was taken back into the place where it was written, whether that stands open or not. */
export function giveBack(thread: number, body: string, pictures: readonly Picture[]): void {
  const detail: GivenBack = { thread, body, pictures };
  if (!dispatchEvent(new CustomEvent(GIVEN_BACK, { detail, cancelable: true }))) return; // whoever shows it has taken it
  const before = kept(thread);
  const draft = withGivenBack(before, body, pictures, stamp(before.at, present()));
  keep(thread, draft);
  save(thread, draft);
}

export interface DraftHandle {
  readonly body: string;
  readonly recipient: string;
  readonly pictures: readonly Picture[];
  write: (body: string, recipient?: string) => void;
  attach: (change: (pictures: readonly Picture[]) => readonly Picture[]) => void;
  /** What was *sent* is done with; what was typed while it left stays. */
  done: (sent: Pick<Kept, "body" | "pictures">) => void;
}

/** Thread 0 is New Message. Of what this tab and another have typed, the later wins. */
export function useDraft(thread: number, off = false): DraftHandle {
  const [draft, setDraft] = useState<Kept>(() => (off ? NOTHING : kept(thread)));
  const latest = useRef(draft);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const seen = useRef(draft.at);
  const now = useCallback(() => (seen.current = stamp(seen.current, present())), []);

  const store = useCallback(
    (leaving = false) => {
      clearTimeout(timer.current);
      timer.current = undefined;
      save(thread, latest.current, leaving);
    },
    [thread],
  );

  const put = useCallback(
    (next: Kept) => {
      latest.current = next;
      setDraft(next);
      if (!off) keep(thread, next);
    },
    [thread, off],
  );

  const change = useCallback(
    (next: Kept) => {
      put(next);
      if (off) return;
      clearTimeout(timer.current);
      timer.current = setTimeout(store, SAVE_MS);
    },
    [put, off, store],
  );

  useEffect(() => {
    if (off) return;
    let again: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const leave = () => {
      if (timer.current !== undefined) store(true);
    };
    const read = () => {
      clearTimeout(again);
      if (document.visibilityState === "hidden") return leave(); // a phone that puts a page aside may never come back to it
      composeApi.draft(thread).then(
        (theirs) => {
          const mine = latest.current.at;
          if (newer(theirs.changed_at, seen.current)) seen.current = theirs.changed_at;
          if (timer.current !== undefined) put({ ...latest.current, at: now() }); // what is being typed is later
          else if (newer(theirs.changed_at, mine)) put(asKept(theirs));
          else if (newer(mine, theirs.changed_at)) store();
        },
        () => (again = gone ? undefined : setTimeout(read, ASK_AGAIN_MS)), // or what was typed elsewhere would stay away until the page is opened anew
      );
    };
    const given = (event: Event) => {
      const back = (event as CustomEvent<GivenBack>).detail;
      if (back.thread !== thread) return;
      event.preventDefault();
      change(withGivenBack(latest.current, back.body, back.pictures, now()));
    };
    read();
    document.addEventListener("visibilitychange", read);
    addEventListener("pagehide", leave);
    addEventListener(GIVEN_BACK, given);
    return () => {
      gone = true;
      clearTimeout(again);
      document.removeEventListener("visibilitychange", read);
      removeEventListener("pagehide", leave);
      removeEventListener(GIVEN_BACK, given);
      leave();
    };
  }, [thread, off, put, change, store, now]);

  const write = (body: string, recipient = latest.current.recipient) => change({ ...latest.current, body, recipient, at: now() });
  const attach = useCallback((edit: (pictures: readonly Picture[]) => readonly Picture[]) => change({ ...latest.current, pictures: edit(latest.current.pictures), at: now() }), [change, now]);
  const done = (sent: Pick<Kept, "body" | "pictures">) => {
    const saved = latest.current.at !== "";
    put(withoutSent(latest.current, sent, now()));
    if (saved && !off) store();
  };
  return { body: draft.body, recipient: draft.recipient, pictures: draft.pictures, write, attach, done };
}
