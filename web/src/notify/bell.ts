// Which texts ring, and how: decisions without a browser, a clock or a lock of their own.
import type { InboxRow } from "../gen/wire";
import type { RowView } from "../live/store";

/** What a member wants in this browser. */
export interface Wishes {
  readonly desktop: boolean;
  readonly sound: boolean;
  /** Notifications say who wrote, not what. */
  readonly hideWords: boolean;
  /** Do not disturb: nothing rings; the title and the icon of the tab go on counting. */
  readonly quiet: boolean;
}

export const FIRST_WISHES: Wishes = { desktop: false, sound: true, hideWords: false, quiet: false };

/** What was stored, by whichever version of this client. */
export function wishesFrom(stored: string | null): Wishes {
  try {
    const told = JSON.parse(stored ?? "{}") as Partial<Record<keyof Wishes, unknown>>;
    const of = (name: keyof Wishes): boolean => (typeof told[name] === "boolean" ? told[name] : FIRST_WISHES[name]);
    return { desktop: of("desktop"), sound: of("sound"), hideWords: of("hideWords"), quiet: of("quiet") };
  } catch {
    return FIRST_WISHES;
  }
}

/** How it stands, for the menu that leads to the wishes. */
export function inWords({ desktop, sound, quiet }: Wishes, allowed: boolean): string {
  if (quiet) return "Do not disturb";
  if (desktop && allowed) return "On";
  return sound ? "Sound only" : "Off";
}

/** Whether a conversation is this member's to hear of: theirs, nobody's, or a note of it named them. */
export function concerns(row: InboxRow, me: number, asked: readonly number[]): boolean {
  return row.listed && (row.assignee === null || row.assignee.member_id === me || asked.includes(row.thread_id));
}

/** A text that came while the connection was away still rings, unless it lies back longer than this. */
export const OLD_MS = 120_000;

export const isOld = (row: InboxRow, now: Date): boolean => now.getTime() - Date.parse(row.last_at) > OLD_MS;

/** One sound for texts that come close together. */
export const BETWEEN_MS = 4_000;

/**
 * What every tab of a browser has heard of and none has decided yet, by conversation and how many texts had come in.
 * The tab that decides tells the others, who then forget it; were it to vanish, the next one decides instead.
 */
export class Undecided {
  private readonly heard = new Map<number, number>();
  private readonly decided = new Map<number, number>();

  hear(thread: number, inTotal: number): void {
    if (inTotal > (this.decided.get(thread) ?? 0)) this.heard.set(thread, Math.max(inTotal, this.heard.get(thread) ?? 0));
  }

  /** Another tab, or this one, has dealt with a conversation up to there. */
  settle(thread: number, inTotal: number): void {
    this.decided.set(thread, Math.max(inTotal, this.decided.get(thread) ?? 0));
    if ((this.heard.get(thread) ?? 0) <= inTotal) this.heard.delete(thread);
  }

  /** All that waits, settled by being taken. */
  take(): [thread: number, inTotal: number][] {
    const waiting = [...this.heard];
    for (const [thread, inTotal] of waiting) this.settle(thread, inTotal);
    return waiting;
  }
}

/** Whether a conversation has anything to tell this member: it is theirs to hear of, and they have not read all of it. */
export const tells = (view: RowView | undefined, me: number, asked: readonly number[]): view is RowView => view !== undefined && view.unread > 0 && concerns(view.row, me, asked);

export interface Notice {
  readonly threads: readonly number[];
  readonly title: string;
  readonly body: string;
}

const MOST = 3;

/** What is shown for conversations that ring at once; of many one says how many. */
export function noticesOf(views: readonly RowView[], nameOf: (row: InboxRow) => string, hideWords: boolean): Notice[] {
  if (views.length > MOST) return [{ threads: views.map(({ row }) => row.thread_id), title: `New texts in ${views.length} conversations`, body: "Open the inbox to read them." }];
  return views.map(({ row, unread }) => ({
    threads: [row.thread_id],
    title: nameOf(row),
    body: hideWords ? (unread === 1 ? "New text" : `${unread} new texts`) : row.preview || "Picture",
  }));
}
