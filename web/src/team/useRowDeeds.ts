// Deeds on a conversation that need not be open: from its row, by menu or by key.
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useLive } from "../live/hooks";
import { teamApi } from "./api";

export interface RowDeeds {
  unread: (id: number, unread: boolean) => void;
  assign: (id: number, member: number | null) => void;
  close: (id: number, closed: boolean) => void;
  snooze: (id: number, until: Date | null) => void;
}

/** `open`: the conversation that is shown beside the list; one that is to be unread is shown no longer. */
export function useRowDeeds(open: number | null): { deeds: RowDeeds; error: Error | null } {
  const live = useLive();
  const navigate = useNavigate();
  const { mutate, error } = useMutation({ mutationFn: (deed: () => Promise<unknown>) => deed() });
  const deeds = useMemo<RowDeeds>(
    () => ({
      unread: (id, unread) => {
        const total = live.store.row(id)?.row.in_total ?? 0;
        if (total === 0) return;
        if (!unread) return live.displayed(id, total);
        live.markUnread(id, total);
        if (id === open) void navigate({ to: "/phone/sms" });
      },
      assign: (id, member) => mutate(() => teamApi.assign(id, member)),
      close: (id, closed) => mutate(() => teamApi.close(id, closed)),
      snooze: (id, until) => mutate(() => teamApi.snooze(id, until)),
    }),
    [live, navigate, open, mutate],
  );
  return { deeds, error };
}
