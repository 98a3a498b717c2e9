import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Plan } from "../../gen/wire";
import { campaignsApi, draftQuery, type Change, type Draft } from "../drafts";
import { Autosave, type Written } from "./autosave";

const PAUSE_MS = 400; // in which nothing is written
const MOST_THAT_OUTLIVES = 60_000; // characters; a browser lets 64 KiB go on when their page is left

export interface Drafting extends Written {
  change: (change: Change) => void;
  plan: (over: Partial<Plan>) => void;
  flush: () => Promise<boolean>;
}

/** A draft as it is being written; what was written is saved after a pause, and when the page is left. */
export function useDraft(read: Draft): Drafting {
  const queries = useQueryClient();
  const { id } = read;
  const [autosave] = useState(
    () =>
      new Autosave(read, {
        save: async (version, change) => {
          const saved = await campaignsApi.save(id, version, change, JSON.stringify(change).length < MOST_THAT_OUTLIVES);
          queries.setQueryData(draftQuery(id).queryKey, saved);
          return saved;
        },
        read: () => queries.fetchQuery({ ...draftQuery(id), staleTime: 0 }),
      }),
  );
  const written = useSyncExternalStore(autosave.subscribe, () => autosave.written);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const flush = useCallback(() => {
    clearTimeout(timer.current);
    return autosave.flush();
  }, [autosave]);
  useEffect(() => {
    const leave = () => void flush();
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      leave();
    };
  }, [flush]);
  const change = useCallback(
    (wanted: Change) => {
      autosave.change(wanted);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void flush(), PAUSE_MS);
    },
    [autosave, flush],
  );
  const plan = useCallback((over: Partial<Plan>) => change({ plan: { ...autosave.written.draft.plan, ...over } }), [autosave, change]);
  return { ...written, change, plan, flush };
}
