// Where a member's wishes are kept: in the browser, for all its tabs, each member's apart.
import { useCallback, useSyncExternalStore } from "react";
import { useSession } from "../app/session";
import { wishesFrom, type Wishes } from "./bell";

const CHANGED = "threadline:wishes";
const keyOf = (member: number): string => `threadline.bell.${member}`;

let last: { text: string | null; wishes: Wishes } | undefined;

export function wishesOf(member: number): Wishes {
  const text = localStorage.getItem(keyOf(member));
  if (last?.text !== text) last = { text, wishes: wishesFrom(text) };
  return (last as { wishes: Wishes }).wishes;
}

/** Other tabs hear of it by the browser's own event. */
function onWishes(listener: () => void): () => void {
  addEventListener("storage", listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener("storage", listener);
    removeEventListener(CHANGED, listener);
  };
}

export function useWishes(): [Wishes, (change: Partial<Wishes>) => void] {
  const { member } = useSession();
  const wishes = useSyncExternalStore(onWishes, () => wishesOf(member.id));
  const change = useCallback(
    (more: Partial<Wishes>) => {
      localStorage.setItem(keyOf(member.id), JSON.stringify({ ...wishesOf(member.id), ...more }));
      dispatchEvent(new Event(CHANGED));
    },
    [member.id],
  );
  return [wishes, change];
}
