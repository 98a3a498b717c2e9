// Opens a conversation at one of its texts or notes: what lies between is loaded, and it stands in the middle, marked.
import { useEffect, useRef, useState } from "react";
import { api } from "../api";
import { useLive } from "../live/hooks";
import type { ThreadView } from "../live/store";
import styles from "./Messages.module.css";

const AT_ONCE = 200; // texts in an answer
const SHOWN_MS = 4_000;

const isIn = ({ messages, asides }: NonNullable<ThreadView["state"]>, seq: number): boolean =>
  messages.some((message) => message.seq === seq) || asides.some((aside) => aside.kind === "note" && aside.note.seq === seq);

/** What to say where the text cannot be shown; null while all is well. */
export function useJump(id: number, seq: number | null, thread: ThreadView, scroller: React.RefObject<HTMLDivElement | null>) {
  const live = useLive();
  const done = useRef<number | null>(null);
  const [failed, setFailed] = useState<"lost" | "gone" | null>(null);
  const [again, tryAgain] = useState(0);
  const first = thread.state?.messages[0]?.seq;
  const more = thread.state?.hasMore ?? false;
  const there = seq !== null && thread.state !== null && isIn(thread.state, seq);
  // a text or two before it belong to it
  const whole = first !== undefined && seq !== null && (!more || first < seq);

  useEffect(() => {
    if (seq === null || done.current === seq || first === undefined || whole) return;
    let left = false;
    setFailed(null);
    api.olderMessages(id, first, AT_ONCE).then(
      (page) => {
        if (left) return;
        live.store.older(id, page.messages, page.asides, page.has_more);
        live.store.commit();
      },
      () => !left && setFailed("lost"),
    );
    return () => {
      left = true;
    };
  }, [id, seq, first, whole, live, again]);

  useEffect(() => {
    if (seq === null || done.current === seq || !whole) return;
    done.current = seq;
    const bubble = scroller.current?.querySelector<HTMLElement>(`[data-seq="${seq}"], [data-note="${seq}"]`);
    if (!there || !bubble) return setFailed("gone");
    bubble.scrollIntoView({ block: "center" });
    scroller.current?.dispatchEvent(new Event("scroll")); // where all of it fits nothing scrolls, and its end is seen all the same
    bubble.dataset["found"] = "true";
    const faded = setTimeout(() => delete bubble.dataset["found"], SHOWN_MS);
    return () => clearTimeout(faded);
  }, [seq, whole, there, scroller]);

  if (failed === "lost")
    return (
      <p className={styles.older} role="alert">
        The text could not be loaded. <button onClick={() => tryAgain(again + 1)}>Try again</button>
      </p>
    );
  if (failed === "gone")
    return (
      <p className={styles.older} role="alert">
        The text that you looked for is not here any more.
      </p>
    );
  return null;
}
