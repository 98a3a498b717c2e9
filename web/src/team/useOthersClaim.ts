import { useEffect, useReducer } from "react";
import { useSession } from "../app/session";
import { present } from "../clock";
import type { ClaimOut, InboxRow } from "../gen/wire";

/** The claim of a colleague who is answering right now; it lapses by itself. */
export function useOthersClaim(row: InboxRow | undefined): ClaimOut | null {
  const { member } = useSession();
  const [, lookAgain] = useReducer((times: number) => times + 1, 0);
  const claim = row?.claim && row.claim.by.member_id !== member.id ? row.claim : null;
  const left = claim ? Date.parse(claim.until) - present().getTime() : 0;
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(lookAgain, left);
    return () => clearTimeout(timer);
  });
  return left > 0 ? claim : null;
}
