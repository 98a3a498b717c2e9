// What was changed in a template and not saved outlives a glance at another one; it is the member's own, until they log out.
import { useCallback, useState } from "react";
import type { NewTemplate } from "./templates";

const key = (id: number | "new"): string => `threadline.template:${id}`;

/** What was changed, on top of which version. */
export interface Unsaved {
  readonly changes: Partial<NewTemplate>;
  readonly version: number;
}

function read(id: number | "new"): Unsaved | null {
  try {
    return JSON.parse(sessionStorage.getItem(key(id)) ?? "null") as Unsaved | null;
  } catch {
    return null;
  }
}

export function useUnsaved(id: number | "new"): [Unsaved | null, (unsaved: Unsaved | null) => void] {
  const [unsaved, setUnsaved] = useState(() => read(id));
  const keep = useCallback(
    (next: Unsaved | null) => {
      setUnsaved(next);
      if (next) sessionStorage.setItem(key(id), JSON.stringify(next));
      else sessionStorage.removeItem(key(id));
    },
    [id],
  );
  return [unsaved, keep];
}
