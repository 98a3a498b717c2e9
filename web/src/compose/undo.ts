// A text that may still be taken back is offered for that, wherever its author has gone meanwhile.

import type { Picture } from "./api";

export interface Undoable {
  readonly thread: number;
  readonly seq: number;
  readonly body: string;
  readonly pictures: readonly Picture[];
  /** When the offer ends, in this machine's time. */
  readonly until: number;
  /** A text for later: when it leaves, in words. */
  readonly when: string | null;
}

const OFFER = "threadline:undo";
const KEY = "threadline.undo_s";

export const CHOICES = [0, 5, 10, 30] as const;

export const offerUndo = (one: Undoable): void => void dispatchEvent(new CustomEvent(OFFER, { detail: one }));

export function onOffer(listener: (one: Undoable) => void): () => void {
  const heard = (event: Event) => listener((event as CustomEvent<Undoable>).detail);
  addEventListener(OFFER, heard);
  return () => removeEventListener(OFFER, heard);
}

/** For how many seconds replies wait to be taken back on this machine; none unless somebody wishes it. */
export const undoSeconds = (): number => {
  const chosen = Number(localStorage.getItem(KEY) ?? 0);
  return CHOICES.find((one) => one === chosen) ?? 0;
};
export const setUndoSeconds = (seconds: number): void => localStorage.setItem(KEY, String(seconds));
