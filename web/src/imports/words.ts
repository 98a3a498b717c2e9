// Counts and sizes in words.
import type { State } from "./api";

export const counted = (count: number, what: string): string => `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;

export function sized(bytes: number): string {
  if (bytes < 1_000) return counted(bytes, "byte");
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export const STATES: Readonly<Record<State, string>> = {
  uploading: "Being sent",
  uploaded: "Waits for you",
  running: "Running",
  done: "Done",
  failed: "Failed",
  undoing: "Being taken back",
  undone: "Taken back",
  dropped: "Discarded",
};
