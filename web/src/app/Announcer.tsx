// Tells screen readers of texts that came in, politely, one sentence for each conversation.
import { useEffect, useState } from "react";
import { useLive } from "../live/hooks";
import type { Arrival } from "../live/store";
import { nameOrNumber } from "../text/people";

const GATHER_MS = 300; // what is replaced at once may never be read aloud

export function Announcer() {
  const live = useLive();
  const [said, say] = useState("");
  useEffect(() => {
    const newest = new Map<number, Arrival["row"]>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const sayAll = () => {
      timer = undefined;
      const rows = [...newest.values()];
      newest.clear();
      say(rows.length > 3 ? `New texts in ${rows.length} conversations` : rows.map((row) => `${nameOrNumber(row)}: ${row.preview}`).join(". "));
    };
    const leave = live.onArrivals((arrivals) => {
      for (const one of arrivals) if (!one.late) newest.set(one.row.thread_id, one.row);
      if (newest.size > 0) timer ??= setTimeout(sayAll, GATHER_MS);
    });
    return () => {
      leave();
      clearTimeout(timer);
    };
  }, [live]);
  return (
    <div className="hush" aria-live="polite" data-testid="announcer">
      {said}
    </div>
  );
}
