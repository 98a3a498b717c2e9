// Whether somebody looks at this tab: it can be seen, and its window is the one that is worked in.
import { useSyncExternalStore } from "react";

export const eyes = (): boolean => document.visibilityState === "visible" && document.hasFocus();

export function onEyes(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  addEventListener("focus", listener);
  addEventListener("blur", listener);
  return () => {
    document.removeEventListener("visibilitychange", listener);
    removeEventListener("focus", listener);
    removeEventListener("blur", listener);
  };
}

export const useEyes = (): boolean => useSyncExternalStore(onEyes, eyes);
