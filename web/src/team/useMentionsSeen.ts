import { useEffect } from "react";
import { useSession } from "../app/session";
import { useMentions } from "../live/hooks";
import type { ThreadState } from "../live/thread";
import { eyes, onEyes } from "../notify/eyes";
import { teamApi } from "./api";

/** A note that asks this member to look has been looked at once it is shown in a tab that somebody works in. */
export function useMentionsSeen(id: number, state: ThreadState | null): void {
  const { member } = useSession();
  const waiting = useMentions();
  const asked = state?.asides.findLast((one) => one.kind === "note" && one.note.mentions.includes(member.id));
  useEffect(() => {
    if (!asked || waiting === 0) return;
    const look = () => {
      if (eyes()) void teamApi.mentionsSeen(id).catch(() => undefined); // the next look says it again
    };
    look();
    return onEyes(look);
  }, [id, asked, waiting]);
}
