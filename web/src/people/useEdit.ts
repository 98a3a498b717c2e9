// Saves edits in place. What somebody else changed meanwhile is never overwritten unseen.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { Problem } from "../api";
import { knowContact, peopleApi, presentOf } from "./api";
import { effective, reconcile, type Conflict, type Patch } from "./patch";
import type { Contact } from "./types";

export interface Clash {
  patch: Patch;
  present: Contact;
  fields: readonly Conflict[];
}

const TRIES = 4; // somebody who writes faster than that is no person

export interface Edit {
  /** Resolves when the patch is saved, needless, or shown as a clash; rejects with the server's sentence. */
  save: (base: Contact, patch: Patch) => Promise<void>;
  clash: Clash | null;
  /** Ours stays although they wrote it meanwhile. */
  keepMine: () => Promise<void>;
  takeTheirs: () => void;
}

export function useEdit(): Edit {
  const queries = useQueryClient();
  const [clash, setClash] = useState<Clash | null>(null);
  const save = useCallback(
    async (base: Contact, patch: Patch) => {
      const wanted = effective(base, patch);
      if (wanted === null) return;
      let { version } = base;
      for (let tries = 1; ; tries++) {
        try {
          knowContact(queries, await peopleApi.patch(base.contact_id, wanted, version));
          setClash(null);
          return;
        } catch (error) {
          const present = presentOf(error);
          if (!present || tries === TRIES) throw error instanceof Problem ? error : new Problem(0, "", String(error));
          knowContact(queries, present);
          const outcome = reconcile(base, wanted, present);
          if (outcome.kind === "same") return;
          if (outcome.kind === "conflict") return setClash({ patch: wanted, present, fields: outcome.fields });
          version = outcome.version;
        }
      }
    },
    [queries],
  );
  const keepMine = useCallback(async () => {
    if (clash) await save(clash.present, clash.patch);
    setClash(null);
  }, [clash, save]);
  return { save, clash, keepMine, takeTheirs: () => setClash(null) };
}
