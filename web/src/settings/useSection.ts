// What one section of the settings has been changed to and not saved yet. What nobody touched follows the server.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../api";
import { change, changesOf, newer, workspaceQuery, type Changes, type Settings } from "./settings";

export interface Draft {
  values: Settings;
  dirty: boolean;
  saving: boolean;
  saved: boolean;
  error: Error | null;
  /** The sentence about one field; null where it is not at fault. */
  faultOf: (field: keyof Changes) => string | null;
  set: (changes: Changes) => void;
  save: () => void;
  forget: () => void;
}

export function useSection(settings: Settings): Draft {
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Changes>({});
  const changes = changesOf(settings, draft);
  const saving = useMutation({
    mutationFn: () => change(settings.version, changes),
    onSuccess: (next) => {
      setDraft({});
      queries.setQueryData(workspaceQuery.queryKey, next);
    },
    onError: (error) => {
      const theirs = newer(error);
      if (theirs) queries.setQueryData(workspaceQuery.queryKey, theirs);
    },
  });
  const dirty = Object.keys(changes).length > 0;
  return {
    values: { ...settings, ...draft },
    dirty,
    saving: saving.isPending,
    saved: saving.isSuccess && !dirty,
    error: saving.error,
    faultOf: (field) => (saving.error instanceof Problem && saving.error.field?.split(".")[0] === field ? saving.error.detail : null),
    set: (next) => {
      saving.reset();
      setDraft((now) => ({ ...now, ...next }));
    },
    save: () => saving.mutate(),
    forget: () => {
      saving.reset();
      setDraft({});
    },
  };
}
