// Tells screen readers of texts that came in, politely, one sentence for each conversation.
import { useEffect, useState } from "react";
import { useLive } from "../live/hooks";
import { nameOrNumber } from "../text/people";

export function Announcer() {
  const live = useLive();
  const [said, say] = useState("");
  useEffect(
    () =>
      live.onArrivals((arrivals) => {
        const newest = new Map(arrivals.map((one) => [one.row.thread_id, one.row]));
        const rows = [...newest.values()];
        say(rows.length > 3 ? `New texts in ${rows.length} conversations` : rows.map((row) => `${nameOrNumber(row)}: ${row.preview}`).join(". "));
      }),
    [live],
  );
  return (
    <div className="hush" aria-live="polite" data-testid="announcer">
      {said}
    </div>
  );
}
