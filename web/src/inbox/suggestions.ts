// Which suggested replies may be shown: those for the newest text of the thread, and none once anybody has said more.
import type { SuggestionsOut } from "../gen/wire";
import type { ThreadView } from "../live/store";

export interface Shown {
  readonly basedOn: number;
  readonly label: string;
  /** How many of them are whole; one behind them is still being written. */
  readonly whole: number;
  readonly items: readonly string[];
  readonly busy: boolean;
}

const OWN_NAME = "{{agent_name}}";

/** The server drops what is stale, too; but a text that has just come here may not be there yet. */
export function shownSuggestions(view: ThreadView, told: SuggestionsOut | undefined, me: string): Shown | null {
  if (!told || view.pending.some((one) => one.state !== "refused")) return null;
  const newest = view.state?.messages.findLast((message) => message.state !== "cancelled");
  if (newest?.direction !== "in" || newest.seq !== told.based_on) return null;
  const busy = told.state === "begun";
  if (!busy && told.items.length === 0) return null;
  const label = told.source === "model" ? `Suggested by ${told.label}` : told.source === "offline" ? "Suggested by your past replies" : "Looking for a reply…";
  return { basedOn: told.based_on, label, whole: told.whole, items: told.items.map((item) => item.replaceAll(OWN_NAME, me)), busy };
}

/** What the reply is after a click: what is typed there stays, and stands first. */
export function withSuggestion(typed: string, item: string): string {
  return typed.trim() === "" ? item : `${typed.trimEnd()} ${item}`;
}
