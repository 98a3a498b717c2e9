// The views of the inbox: which rows belong to each, and in which order. The server decides by the same rules; what
// it alone knows (whom notes ask to look) is not judged here. Pure.
import { isAtWork, isNewer } from "../live/inbox";
import type { RowView } from "../live/store";

export const VIEWS = {
  open: "Open",
  mine: "Mine",
  unassigned: "Unassigned",
  waiting: "Waiting",
  unread: "Unread",
  mentions: "Mentions",
  snoozed: "Snoozed",
  closed: "Closed",
} as const;
/** Those that the row of switches offers, and the conversations that a campaign's text was the last to reach. */
export type Show = keyof typeof VIEWS | `campaign:${number}`;

const PREFIX = "campaign:";
export const ofCampaign = (id: number): Show => `${PREFIX}${id}` as Show;
export const campaignOf = (show: Show): number | null => (show.startsWith(PREFIX) ? Number(show.slice(PREFIX.length)) : null);

/** What the server is asked for. */
export const asQuery = (show: Show): string => {
  const campaign = campaignOf(show);
  return campaign === null ? `show=${show}` : `show=campaign&campaign_id=${campaign}`;
};

/** Whether a row belongs to a view; null where only the server can tell. */
export function belongs(show: Show, { row, unread }: RowView, me: number): boolean | null {
  switch (show) {
    case "open":
      return isAtWork(row);
    case "mine":
      return isAtWork(row) && row.assignee?.member_id === me;
    case "unassigned":
      return isAtWork(row) && row.assignee === null;
    case "waiting":
      return !row.closed && row.waiting_since !== null;
    case "unread":
      return unread > 0;
    case "mentions":
      return null;
    case "snoozed":
      return row.snoozed_until !== null;
    case "closed":
      return row.closed;
    default:
      return row.campaign?.id === campaignOf(show);
  }
}

/** Who has waited longest first; else the newest text first. */
export function isAbove(show: Show, a: RowView, b: RowView): boolean {
  if (show !== "waiting") return isNewer(a.row, b.row);
  const [at, bt] = [Date.parse(a.row.waiting_since ?? ""), Date.parse(b.row.waiting_since ?? "")];
  return at === bt ? a.row.thread_id < b.row.thread_id : at < bt;
}

/**
 * The ids of a view: what its pages gave and whatever else is known to belong, but nothing below the last page that was
 * read while there are more (`complete` false): that comes with its page, without gaps.
 */
export function viewed(show: Show, known: Iterable<RowView>, read: ReadonlySet<number>, complete: boolean, me: number): number[] {
  const all = [...known].filter((one) => one.row.listed);
  const tail = complete ? undefined : all.filter((one) => read.has(one.row.thread_id)).reduce<RowView | undefined>((last, one) => (last === undefined || isAbove(show, last, one) ? one : last), undefined);
  return all
    .filter((one) => belongs(show, one, me) ?? read.has(one.row.thread_id))
    .filter((one) => complete || read.has(one.row.thread_id) || (tail !== undefined && isAbove(show, one, tail)))
    .sort((a, b) => (isAbove(show, a, b) ? -1 : 1))
    .map((one) => one.row.thread_id);
}
