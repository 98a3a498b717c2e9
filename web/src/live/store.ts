// What this tab knows, and how each frame changes it. No sockets, timers or clocks here: frames go in, touched keys and
// the channels that must be asked for again come out.
import type {
  Ack, BulkOut, CampaignOut, CampaignsSnapshot, Err, InboxPage, InboxRow, MentionsOut, MessageOut, OwnNumberOut, ReadMarkOut, Send, ServerFrame, SettingsNewsOut, Snapshot, Subscribe, Subscribed, SuggestionsOut, ThreadEventData, ThreadSnapshot, UserSnapshot,
} from "../gen/wire";
import { isAtWork, place, without } from "./inbox";
import { applyEvent, fromSnapshot, withOlder, type Aside, type ThreadState } from "./thread";

export interface RowView {
  readonly row: InboxRow;
  readonly unread: number;
}

/** A reply of this tab that is not yet a message of the thread. */
export interface PendingSend {
  readonly cmd_id: string;
  readonly data: Send;
  readonly at: string;
  readonly state: "waiting" | "taken" | "refused";
  readonly seq: number | null;
  readonly error: string | null;
}

export interface ThreadView {
  readonly state: ThreadState | null;
  readonly pending: readonly PendingSend[];
  readonly missing: boolean;
}

export interface Colleague {
  readonly member_id: number;
  readonly name: string;
  readonly typing: boolean;
}

export interface Arrival {
  readonly row: InboxRow;
  readonly count: number;
  /** It came while the connection was away, who knows when. */
  readonly late: boolean;
}

/** What a row tells: something new, what was missed while the connection was away, or what was there before. */
type Telling = "news" | "missed" | "known";

export type Position = Pick<Subscribe, "after" | "epoch" | "p">;
type Key = "order" | "rows" | "badge" | "review" | "mentions" | "own_number" | "settings" | `row:${number}` | `thread:${number}` | `people:${number}` | `suggestions:${number}` | `bulk:${number}` | "campaigns" | `campaign:${number}`;

const NO_ONE: readonly Colleague[] = [];
const EMPTY: ThreadView = { state: null, pending: [], missing: false };

export const threadChannel = (id: number): string => `thread:${id}`;
const threadOf = (channel: string): number | null => (channel.startsWith("thread:") ? Number(channel.slice(7)) : null);

export const bulkChannel = (id: number): `bulk:${number}` => `bulk:${id}`;
const bulkOf = (channel: string): number | null => (channel.startsWith("bulk:") ? Number(channel.slice(5)) : null);

export const CAMPAIGNS = "campaigns";
export const campaignChannel = (id: number): `campaign:${number}` => `campaign:${id}`;
const isOfCampaigns = (channel: string): boolean => channel === CAMPAIGNS || channel.startsWith("campaign:");

interface Presence {
  v: number;
  member_id: number;
  name: string;
  here?: boolean;
  typing?: boolean;
}

export class LiveStore {
  private readonly rows = new Map<number, InboxRow>();
  private readonly views = new Map<number, RowView>();
  private readonly marks = new Map<number, ReadMarkOut>();
  private readonly shown = new Map<number, number>(); // what this tab displayed, ahead of the server's answer
  private readonly threads = new Map<number, ThreadView>();
  private readonly presence = new Map<number, Map<string, Presence>>();
  private readonly colleagues = new Map<number, readonly Colleague[]>();
  private readonly suggested = new Map<number, { v: number; data: SuggestionsOut }>();
  private readonly bulks = new Map<number, { v: number; data: BulkOut }>();
  private readonly campaigns = new Map<number, { v: number; data: CampaignOut }>();
  private readonly positions = new Map<string, { epoch: string; p: string | null }>();
  private readonly asked = new Map<string, number>(); // channel -> id of the subscription that is under way
  private readonly touched = new Set<Key>();
  private readonly listeners = new Map<Key, Set<() => void>>();
  private readonly unmarked = new Set<number>(); // rows that moved while the inbox was asked for
  private readonly outdated = new Set<number>(); // rows that may have changed unseen
  private epoch: string | null = null; // of the history that all here is of
  private arrivals: Arrival[] = [];
  private badgeVersion = -1;
  private reviewVersion = -1;
  private mentionsVersion = -1;
  private ownNumberVersion = -1;
  private settingsVersion = -1;
  private cursor: string | null = null;

  order: readonly number[] = [];
  loaded = false;
  /** Campaigns that were told of, as they stand; another object with each word of any. */
  campaignList: ReadonlyMap<number, CampaignOut> = new Map();
  badge = 0;
  /** In how many threads notes ask this member to look. */
  mentions = 0;
  /** The threads in which one ever did, the newest ones. */
  mentionedIn: readonly number[] = [];
  /** Rises with whatever changes any row. */
  rowsVersion = 0;
  /** What was last told of the member's own phone; null: nothing yet. */
  ownNumber: OwnNumberOut | null = null;
  /** What the workspace sets for itself is at this version; null until it was told. */
  settings: SettingsNewsOut | null = null;
  /** How many texts wait for a decision, as an object of its own with each word from the server. */
  reviews: { readonly open: number } = { open: 0 };

  // Reading

  subscribe = (key: Key, listener: () => void): (() => void) => {
    const set = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, set.add(listener));
    return () => set.delete(listener);
  };

  row = (id: number): RowView | undefined => this.views.get(id);
  thread = (id: number): ThreadView => this.threads.get(id) ?? EMPTY;
  people = (id: number): readonly Colleague[] => this.colleagues.get(id) ?? NO_ONE;
  suggestions = (id: number): SuggestionsOut | undefined => (this.settings?.suggesting === false ? undefined : this.suggested.get(id)?.data);
  allRows = (): Iterable<RowView> => this.views.values();
  nextCursor = (): string | null => this.cursor;
  bulk = (id: number): BulkOut | undefined => this.bulks.get(id)?.data;
  campaign = (id: number): CampaignOut | undefined => this.campaigns.get(id)?.data;

  /** Tells the listeners of what changed since the last call, once each. */
  commit(): Arrival[] {
    const keys = [...this.touched];
    this.touched.clear();
    for (const key of keys) for (const listener of [...(this.listeners.get(key) ?? [])]) listener();
    const arrived = this.arrivals;
    this.arrivals = [];
    return arrived;
  }

  // Subscriptions

  /** Where to resume a channel; an empty position asks for a snapshot. */
  position(channel: string): Position {
    const id = threadOf(channel);
    if (id !== null) {
      const state = this.threads.get(id)?.state;
      return state && !this.outdated.has(id) ? { after: state.lastSeq, epoch: state.epoch } : {};
    }
    const known = this.positions.get(channel);
    return known?.p ? { p: known.p, epoch: known.epoch } : {};
  }

  asking(channel: string, id: number): void {
    this.asked.set(channel, id);
  }

  /** The connection is gone: nothing is under way any more, and nobody is known to be typing. */
  disconnected(): void {
    this.asked.clear();
    for (const id of this.presence.keys()) this.forgetPeople(id);
  }

  // Frames

  /** Applies one frame and gives the channels that must be subscribed to again. */
  apply(frame: ServerFrame): string[] {
    switch (frame.t) {
      case "subscribed":
        return this.subscribed(frame);
      case "snapshot":
        return this.snapshot(frame);
      case "event":
        return this.event(frame);
      case "state":
        return this.stateFrame(frame);
      case "resync":
        return frame.ch;
      case "ping":
        return Object.entries(frame.heads ?? {}).flatMap(([channel, head]) => this.behind(channel, head));
      case "ack":
        return this.acked(frame);
      case "err":
        return this.refused(frame);
    }
  }

  private subscribed(frame: Subscribed): string[] {
    if (frame.resumed && this.asked.get(frame.ch) === frame.id) this.asked.delete(frame.ch);
    return [];
  }

  private behind(channel: string, head: number): string[] {
    const id = threadOf(channel);
    if (id === null || this.asked.has(channel)) return [];
    const state = this.threads.get(id)?.state;
    return state && state.lastSeq < head ? [channel] : [];
  }

  private event(frame: Extract<ServerFrame, { t: "event" }>): string[] {
    const id = threadOf(frame.ch);
    if (id === null) return [];
    const view = this.thread(id);
    const applied = view.state ? applyEvent(view.state, frame.seq, frame.epoch, frame.data as ThreadEventData) : ({ kind: "gap" } as const);
    if (applied.kind === "applied") this.setThread(id, { ...view, state: applied.state });
    else if (applied.kind !== "duplicate" && !this.asked.has(frame.ch)) return [frame.ch];
    return [];
  }

  private stateFrame(frame: Extract<ServerFrame, { t: "state" }>): string[] {
    const id = threadOf(frame.ch);
    const bulk = bulkOf(frame.ch);
    if (bulk !== null) this.takeBulk(bulk, frame.v, frame.data as BulkOut);
    else if (isOfCampaigns(frame.ch)) this.takeCampaigns(frame.v, [frame.data as CampaignOut]);
    else if (id !== null && frame.key === "suggestions") this.takeSuggestions(id, frame.v, frame.data as SuggestionsOut);
    else if (id !== null) this.person(id, frame.key, frame.v, frame.data as Omit<Presence, "v">);
    else if (frame.ch === "inbox") return this.rowMoved(frame.data as InboxRow);
    else if (frame.key === "badge") this.takeBadge(frame.v, (frame.data as { unread_threads: number }).unread_threads);
    else if (frame.key === "mentions") this.takeMentions(frame.v, frame.data as MentionsOut);
    else if (frame.key === "own_number") this.takeOwnNumber(frame.v, frame.data as OwnNumberOut);
    else if (frame.key === "review") this.takeReviews(frame.v, frame.data as { open: number });
    else if (frame.key === "settings") this.takeSettings(frame.v, frame.data as SettingsNewsOut);
    else this.takeMark(frame.data as ReadMarkOut);
    return [];
  }

  private snapshot(frame: Snapshot): string[] {
    this.asked.delete(frame.ch);
    this.enter(frame.epoch);
    const id = threadOf(frame.ch);
    if (id !== null) {
      const data = frame.data as ThreadSnapshot;
      this.takeRow(data.thread);
      this.learnMark(id, data.in_ord);
      this.setThread(id, { ...this.thread(id), missing: false, state: fromSnapshot(data, frame.seq ?? data.thread.last_seq, frame.epoch) });
      return [];
    }
    const bulk = bulkOf(frame.ch);
    if (bulk !== null) {
      this.takeBulk(bulk, -1, frame.data as BulkOut);
      return [];
    }
    if (isOfCampaigns(frame.ch)) {
      this.takeCampaigns(-1, frame.ch === CAMPAIGNS ? (frame.data as CampaignsSnapshot).rows : [frame.data as CampaignOut]);
      return [];
    }
    this.positions.set(frame.ch, { epoch: frame.epoch, p: frame.p ?? null });
    if (frame.ch === "inbox") return this.takeFirstPage(frame.data as InboxPage);
    this.takeUser(frame.data as UserSnapshot);
    return [];
  }

  /** In another history of the database nothing is true that was known of the one before, whichever channel says so first. */
  private enter(epoch: string): void {
    if (this.epoch !== null && this.epoch !== epoch) {
      for (const known of [this.rows, this.views, this.shown, this.marks]) known.clear();
      this.order = [];
      this.touched.add("order");
    }
    this.epoch = epoch;
  }

  private takeUser(data: UserSnapshot): void {
    this.badgeVersion = -1; // a snapshot bears no version: whatever comes after it is newer
    this.takeBadge(-1, data.badge.unread_threads);
    this.reviewVersion = -1;
    this.takeReviews(-1, data.review);
    this.mentionsVersion = -1;
    this.takeMentions(-1, data.mentions);
    this.settingsVersion = -1;
    this.takeSettings(data.settings.version, data.settings);
    data.reads.forEach((mark) => this.takeMark(mark));
  }

  private takeFirstPage(page: InboxPage): string[] {
    if (!page.partial) {
      for (const id of this.rows.keys()) this.outdated.add(id);
      this.order = [];
      this.cursor = page.next_cursor ?? null;
    }
    this.loaded = true;
    this.touched.add("order");
    this.takePage(page);
    const again = [...this.unmarked].some((id) => !this.marks.has(id));
    this.unmarked.clear();
    return [...(again ? ["inbox"] : []), ...this.outdatedThreads()];
  }

  /** Of a thread that a page begun anew does not show, the row may have changed: its events do not tell, a snapshot does. */
  private outdatedThreads(): string[] {
    return [...this.outdated].filter((id) => this.threads.get(id)?.state).map(threadChannel);
  }

  /** A row that no page has brought yet says nothing of how far this member has read: resuming the inbox does. */
  private rowMoved(row: InboxRow): string[] {
    this.takeRow(row);
    if (this.isMarked(row)) return [];
    if (!this.asked.has("inbox")) return ["inbox"];
    this.unmarked.add(row.thread_id);
    return [];
  }

  /** A later page, read over the API while frames went on: the higher version of a row wins. */
  nextPage(page: InboxPage, asked: string): void {
    if (asked !== this.cursor) return; // a snapshot came in between and began anew
    this.cursor = null;
    this.takePage(page);
    this.cursor = page.next_cursor ?? null;
    this.touched.add("order");
  }

  /** Rows that were read for another view of the inbox. */
  takeRows(page: InboxPage, telling: Telling = "known"): void {
    page.reads.forEach((mark) => this.takeMark(mark));
    for (const row of page.rows) {
      this.takeRow(row, telling);
      this.learnMark(row.thread_id, 0); // who has no mark has read nothing
    }
  }

  private takePage(page: InboxPage): void {
    const cursor = this.cursor;
    if (!page.partial) this.cursor = null; // these rows are contiguous: none of them waits for a page
    this.takeRows(page, page.partial ? "missed" : "known");
    this.cursor = cursor;
  }

  private takeRow(row: InboxRow, telling: Telling = "news"): void {
    const known = this.rows.get(row.thread_id);
    const newer = !known || row.v > known.v;
    this.outdated.delete(row.thread_id);
    if (newer) {
      this.rows.set(row.thread_id, row);
      this.refreshRow(row.thread_id);
      const count = row.in_total - (known?.in_total ?? row.in_total - 1);
      if (telling !== "known" && this.loaded && row.direction === "in" && count > 0) this.arrivals.push({ row, count, late: telling === "missed" });
    }
    const shown = newer ? row : known;
    const order = isAtWork(shown) ? place(this.order, this.rows, shown, this.loaded && this.cursor === null) : without(this.order, shown.thread_id);
    if (order !== this.order) {
      this.order = order;
      this.touched.add("order");
    }
  }

  private takeMark(mark: ReadMarkOut): void {
    const known = this.marks.get(mark.thread_id);
    if (known && known.v >= mark.v) return;
    this.marks.set(mark.thread_id, mark);
    if ((this.shown.get(mark.thread_id) ?? 0) <= mark.in_ord) this.shown.delete(mark.thread_id);
    this.refreshRow(mark.thread_id);
  }

  /** What a reading without versions says: any mark with one is newer. */
  private learnMark(id: number, inOrd: number): void {
    if (!this.marks.has(id)) this.takeMark({ thread_id: id, in_ord: inOrd, v: -1 });
  }

  /** Whether it is known how far this member has read; nobody has read what has just begun. */
  private isMarked(row: InboxRow): boolean {
    return row.last_seq <= 1 || this.marks.has(row.thread_id);
  }

  private takeBadge(version: number, unread: number): void {
    if (version !== -1 && version <= this.badgeVersion) return;
    this.badgeVersion = version;
    this.badge = unread;
    this.touched.add("badge");
  }

  /** A snapshot bears no version: it is newer than what came before, and whatever comes after it is newer still. */
  private takeBulk(id: number, version: number, data: BulkOut): void {
    if (version !== -1 && version <= (this.bulks.get(id)?.v ?? -1)) return;
    this.bulks.set(id, { v: version, data });
    this.touched.add(bulkChannel(id));
  }

  /** As with texts in bulk; both channels tell of one by the same versions. */
  private takeCampaigns(version: number, told: readonly CampaignOut[]): void {
    const news = told.filter((one) => version === -1 || version > (this.campaigns.get(one.id)?.v ?? -1));
    for (const one of news) {
      this.campaigns.set(one.id, { v: version, data: one });
      this.touched.add(campaignChannel(one.id));
    }
    if (news.length === 0) return;
    this.campaignList = new Map([...this.campaigns].map(([id, { data }]) => [id, data]));
    this.touched.add(CAMPAIGNS);
  }

  private takeReviews(version: number, told: { open: number }): void {
    if (version !== -1 && version <= this.reviewVersion) return;
    this.reviewVersion = version;
    this.reviews = { open: told.open };
    this.touched.add("review");
  }

  /** The version rises with the text that they answer, so that what comes late for an older one changes nothing. */
  private takeSuggestions(id: number, version: number, data: SuggestionsOut): void {
    if (version <= (this.suggested.get(id)?.v ?? -1)) return;
    this.suggested.set(id, { v: version, data });
    this.touched.add(`suggestions:${id}`);
  }

  /** Where no replies are suggested any more, those that are here are not shown. */
  private takeSettings(version: number, told: SettingsNewsOut): void {
    if (version <= this.settingsVersion) return;
    this.settingsVersion = version;
    this.settings = told;
    this.touched.add("settings");
    for (const id of this.suggested.keys()) this.touched.add(`suggestions:${id}`);
  }

  private takeMentions(version: number, told: MentionsOut): void {
    if (version !== -1 && version <= this.mentionsVersion) return;
    this.mentionsVersion = version;
    this.mentions = told.threads;
    this.mentionedIn = told.asked;
    this.touched.add("mentions");
  }

  private takeOwnNumber(version: number, told: OwnNumberOut): void {
    if (version <= this.ownNumberVersion) return;
    this.ownNumberVersion = version;
    this.ownNumber = told;
    this.touched.add("own_number");
  }

  private refreshRow(id: number): void {
    const row = this.rows.get(id);
    if (!row) return;
    const unread = this.isMarked(row) ? Math.max(0, row.in_total - this.readUpTo(id)) : 0;
    this.views.set(id, { row, unread });
    this.touched.add(`row:${id}`);
    this.rowsVersion += 1;
    this.touched.add("rows");
  }

  readUpTo(id: number): number {
    return Math.max(this.marks.get(id)?.in_ord ?? 0, this.shown.get(id) ?? 0);
  }

  // People in a thread

  private person(id: number, key: string, v: number, data: Omit<Presence, "v">): void {
    const here = this.presence.get(id) ?? new Map<string, Presence>();
    this.presence.set(id, here);
    if ((here.get(key)?.v ?? -1) >= v) return;
    here.set(key, { ...data, v });
    this.listPeople(id, here);
  }

  private listPeople(id: number, here: ReadonlyMap<string, Presence>): void {
    const found = new Map<number, Colleague>();
    for (const one of here.values()) {
      const before = found.get(one.member_id);
      if (one.here || one.typing) found.set(one.member_id, { member_id: one.member_id, name: one.name, typing: !!one.typing || !!before?.typing });
    }
    this.colleagues.set(id, [...found.values()].sort((a, b) => a.member_id - b.member_id));
    this.touched.add(`people:${id}`);
  }

  /** Who stopped without saying so; the caller knows how long ago the last sign was. */
  forgetTyping(id: number, member: number): void {
    const here = this.presence.get(id);
    if (!here) return;
    for (const [key, one] of here) if (one.member_id === member && one.typing) here.set(key, { ...one, typing: false });
    this.listPeople(id, here);
  }

  forgetPeople(id: number): void {
    this.presence.delete(id);
    this.colleagues.delete(id);
    this.touched.add(`people:${id}`);
  }

  // What this tab does itself

  older(id: number, messages: readonly MessageOut[], asides: readonly Aside[], hasMore: boolean): void {
    const view = this.thread(id);
    if (view.state) this.setThread(id, { ...view, state: withOlder(view.state, messages, asides, hasMore) });
  }

  /** The thread was displayed up to the inbound ordinal; true where that is news. */
  displayed(id: number, inOrd: number): boolean {
    if (inOrd <= this.readUpTo(id)) return false;
    this.shown.set(id, inOrd);
    this.refreshRow(id);
    return true;
  }

  /**
   * The person wants it unread again from there: what this tab displayed no longer outranks the server's mark. What was
   * unread before stays so; the server, too, then changes nothing, and tells of nothing.
   */
  undisplay(id: number, fromOrd: number): void {
    const inOrd = Math.min(this.readUpTo(id), fromOrd - 1);
    this.shown.delete(id);
    this.marks.set(id, { thread_id: id, in_ord: inOrd, v: this.marks.get(id)?.v ?? -1 });
    this.refreshRow(id);
  }

  addPending(send: PendingSend): void {
    const view = this.thread(send.data.thread_id);
    this.setThread(send.data.thread_id, { ...view, pending: [...view.pending, send] });
  }

  dropPending(threadId: number, cmdId: string): void {
    const view = this.thread(threadId);
    this.setThread(threadId, { ...view, pending: view.pending.filter((one) => one.cmd_id !== cmdId) });
  }

  private acked(frame: Ack): string[] {
    const seq = typeof frame.data["seq"] === "number" ? frame.data["seq"] : null;
    this.changePending(frame.cmd_id, { state: "taken", seq });
    return [];
  }

  private refused(frame: Err): string[] {
    if (frame.cmd_id) this.changePending(frame.cmd_id, { state: "refused", error: frame.message });
    for (const [channel, id] of this.asked) {
      if (id !== frame.id) continue;
      this.asked.delete(channel);
      const thread = threadOf(channel);
      if (thread !== null) this.gone(thread);
    }
    return [];
  }

  /** There is no such thread for this member, or not any more: nothing of it stays. */
  private gone(id: number): void {
    this.rows.delete(id);
    this.views.delete(id);
    this.suggested.delete(id);
    this.order = without(this.order, id);
    this.setThread(id, { ...EMPTY, missing: true });
    this.touched.add("order");
    this.touched.add(`row:${id}`);
  }

  private changePending(cmdId: string, change: Partial<PendingSend>): void {
    for (const [id, view] of this.threads) {
      if (view.pending.some((one) => one.cmd_id === cmdId)) {
        this.setThread(id, { ...view, pending: view.pending.map((one) => (one.cmd_id === cmdId ? { ...one, ...change } : one)) });
      }
    }
  }

  /** A reply that has become a message is no longer pending: by its cmd_id, or by its seq where that page is not loaded. */
  private setThread(id: number, view: ThreadView): void {
    const { state } = view;
    const settled = (one: PendingSend) =>
      state !== null &&
      (state.messages.some((message) => message.cmd_id === one.cmd_id) || (one.seq !== null && one.seq <= state.lastSeq));
    const pending = view.pending.some(settled) ? view.pending.filter((one) => !settled(one)) : view.pending;
    this.threads.set(id, { ...view, pending });
    this.touched.add(`thread:${id}`);
  }
}
