import { beforeEach, expect, test } from "vitest";
import type { CampaignOut, InboxPage, InboxRow, MessageOut, ServerFrame, ThreadSnapshot } from "../gen/wire";
import { afterClose } from "./backoff";
import { Commands } from "./commands";
import { place } from "./inbox";
import { LiveStore } from "./store";

const row = (id: number, minute: number, more: Partial<InboxRow> = {}): InboxRow => ({
  thread_id: id, v: 1, name: `P${id}`, contact_id: id, address: `+1212555010${id}`, number: "+12125550100", last_seq: 1,
  last_at: `2026-11-22T10:${String(minute).padStart(2, "0")}:00Z`, preview: "", direction: "in", in_total: 1, opted_out: false,
  carrier_blocked: false, invalid: null, held: false, campaign: null, assignee: null, closed: false, snoozed_until: null, waiting_since: null, claim: null, listed: true, ...more,
});
const message = (seq: number, more: Partial<MessageOut> = {}): MessageOut => ({
  seq, direction: "in", body: `m${seq}`, state: "received", at: "2026-11-22T10:00:00Z", in_ord: seq, segments: 1, klass: "inbound",
  author_id: null, author: null, cmd_id: null, error_class: null, error_code: null, error: null, keyword: null, media: [],
  resend_of: null, waits_until: null, campaign: null, call_id: null, taken_back: false, ...more,
});
const event = (seq: number, more: Partial<MessageOut> = {}): ServerFrame => ({
  t: "event", ch: "thread:1", seq, epoch: "e", data: { kind: "message", message: message(seq, more) },
});
const status = (seq: number, ref: number, state: MessageOut["state"], more: { taken_back?: boolean } = {}): ServerFrame => ({
  t: "event", ch: "thread:1", seq, epoch: "e",
  data: { kind: "status", ref, state, at: "2026-11-22T10:00:00Z", error_class: null, error_code: null, error: null, waits_until: null, body: null, taken_back: false, ...more },
});
const snapshot = (seqs: number[], epoch = "e"): ServerFrame => ({
  t: "snapshot", ch: "thread:1", epoch, seq: seqs.at(-1) ?? 0, p: null,
  data: { thread: row(1, 0), messages: seqs.map((seq) => message(seq)), in_ord: 0, has_more: false, asides: [] } satisfies ThreadSnapshot,
});
const inbox = (rows: InboxRow[], more: Partial<InboxPage> = {}, epoch = "e", p = "5"): ServerFrame => ({
  t: "snapshot", ch: "inbox", epoch, seq: null, p, data: { rows, reads: [], next_cursor: null, partial: false, ...more },
});
const state = (data: InboxRow): ServerFrame => ({ t: "state", ch: "inbox", key: String(data.thread_id), v: data.v, data });
const mark = (thread_id: number, in_ord: number, v: number): ServerFrame => ({ t: "state", ch: "user", key: `read:${thread_id}`, v, data: { thread_id, in_ord, v } });

let store: LiveStore;
const seqs = () => store.thread(1).state?.messages.map((one) => one.seq);
beforeEach(() => {
  store = new LiveStore();
});

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) => permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]));
}

test("events apply as last + 1, and a repetition changes nothing", () => {
  store.apply(snapshot([1, 2]));
  expect(store.apply(event(3))).toEqual([]);
  expect(store.apply(event(3))).toEqual([]);
  expect(store.apply(event(1))).toEqual([]);
  expect(seqs()).toEqual([1, 2, 3]);
});

test("a gap is not applied but asked for again, once, from the last position", () => {
  store.apply(snapshot([1, 2]));
  expect(store.apply(event(4))).toEqual(["thread:1"]);
  expect(store.position("thread:1")).toEqual({ after: 2, epoch: "e" });
  store.asking("thread:1", 9);
  expect(store.apply(event(5))).toEqual([]);
  store.apply({ t: "subscribed", id: 9, ch: "thread:1", epoch: "e", seq: 5, p: null, resumed: true });
  for (const seq of [3, 4, 5]) store.apply(event(seq));
  expect(seqs()).toEqual([1, 2, 3, 4, 5]);
});

test("in whatever order events come, and however often, what is shown is a prefix without gaps, and a resume completes it", () => {
  for (const order of permutations([3, 4, 5, 6])) {
    store = new LiveStore();
    store.apply(snapshot([1, 2]));
    for (const seq of [...order, ...order]) {
      store.apply(event(seq));
      expect(seqs()).toEqual(Array.from({ length: seqs()?.length ?? 0 }, (_, index) => index + 1));
    }
    const { after } = store.position("thread:1");
    for (let seq = (after ?? 0) + 1; seq <= 6; seq++) store.apply(event(seq));
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6]);
  }
});

test("what was taken back is gone with its status, or never comes, and takes its number all the same", () => {
  store.apply(snapshot([1, 2]));
  store.apply(status(3, 2, "cancelled", { taken_back: true }));
  expect(seqs()).toEqual([1]);
  store.apply(event(4, { taken_back: true, direction: "out", state: "cancelled" }));
  expect(seqs()).toEqual([1]);
  store.apply(event(5));
  expect(seqs()).toEqual([1, 5]);
});

test("a status moves its message and takes a number of its own", () => {
  store.apply(snapshot([1]));
  store.apply(event(2, { direction: "out", state: "queued" }));
  store.apply(status(3, 2, "delivered"));
  expect(store.thread(1).state?.messages[1]?.state).toBe("delivered");
  expect(store.position("thread:1")).toEqual({ after: 3, epoch: "e" });
});

test("another epoch voids the position, and its snapshot replaces what was there", () => {
  store.apply(snapshot([1, 2, 3]));
  expect(store.apply({ ...event(4), epoch: "f" } as ServerFrame)).toEqual(["thread:1"]);
  store.apply(snapshot([1], "f"));
  expect(seqs()).toEqual([1]);
});

test("a ping whose head is beyond ours asks for the lost tail", () => {
  store.apply(snapshot([1, 2]));
  expect(store.apply({ t: "ping", id: 1, heads: { "thread:1": 2 } })).toEqual([]);
  expect(store.apply({ t: "ping", id: 2, heads: { "thread:1": 3 } })).toEqual(["thread:1"]);
});

test("rows: whatever the order of versions, the newest wins and the order follows it", () => {
  const versions = [row(2, 10, { v: 2, in_total: 2 }), row(2, 20, { v: 3, in_total: 3 }), row(1, 15, { v: 2, in_total: 2 })];
  for (const frames of permutations(versions)) {
    store = new LiveStore();
    store.apply(inbox([row(1, 5), row(2, 4), row(3, 3)]));
    frames.forEach((one) => store.apply(state(one)));
    expect(store.order).toEqual([2, 1, 3]);
    expect(store.row(2)?.unread).toBe(3);
  }
});

test("a row below the loaded tail waits for its page", () => {
  store.apply(inbox([row(1, 9), row(2, 8)], { next_cursor: "c" }));
  store.apply(state(row(7, 3)));
  expect(store.order).toEqual([1, 2]);
  store.nextPage({ rows: [row(3, 7), row(7, 3)], reads: [], next_cursor: null, partial: false }, "c");
  expect(store.order).toEqual([1, 2, 3, 7]);
});

test("a page that was read for an older list is dropped", () => {
  store.apply(inbox([row(1, 9)], { next_cursor: "c" }));
  store.apply(inbox([row(2, 9)], { next_cursor: "d" }));
  store.nextPage({ rows: [row(3, 7)], reads: [], next_cursor: null, partial: false }, "c");
  expect(store.order).toEqual([2]);
});

test("marks that came with the inbox stay, whichever of the first two snapshots comes first", () => {
  const user: ServerFrame = { t: "snapshot", ch: "user", epoch: "e", seq: null, p: "1", data: { badge: { unread_threads: 0 }, review: { open: 0 }, mentions: { threads: 0, asked: [] }, settings: { version: 1, suggesting: true }, reads: [] } };
  const rows = inbox([row(1, 9, { in_total: 4 })], { reads: [{ thread_id: 1, in_ord: 4, v: 2 }] });
  for (const frames of permutations([user, rows])) {
    store = new LiveStore();
    frames.forEach((one) => store.apply(one));
    expect(store.row(1)?.unread).toBe(0);
  }
});

test("in another history of the database rows and marks of the one before are gone, whichever channel says so first", () => {
  const other = (ch: "user" | "inbox"): ServerFrame =>
    ch === "user"
      ? { t: "snapshot", ch, epoch: "f", seq: null, p: "1", data: { badge: { unread_threads: 1 }, review: { open: 0 }, mentions: { threads: 0, asked: [] }, settings: { version: 1, suggesting: true }, reads: [] } }
      : inbox([row(1, 9, { v: 1, in_total: 2 })], { reads: [{ thread_id: 1, in_ord: 1, v: 1 }] }, "f");
  for (const frames of permutations([other("user"), other("inbox")])) {
    store = new LiveStore();
    store.apply(inbox([row(1, 9, { v: 7, in_total: 9 }), row(2, 8)], { reads: [{ thread_id: 1, in_ord: 9, v: 5 }] }));
    frames.forEach((one) => store.apply(one));
    expect(store.order).toEqual([1]);
    expect(store.row(1)?.unread).toBe(1);
  }
});

test("a row from below the loaded pages counts as unread only what its member has not read, which the inbox is asked for", () => {
  store.apply(inbox([row(1, 9), row(2, 8)], { next_cursor: "c" }));
  expect(store.apply(state(row(7, 20, { v: 9, in_total: 40, last_seq: 60 })))).toEqual(["inbox"]);
  expect(store.row(7)?.unread).toBe(0);
  store.apply(inbox([row(7, 20, { v: 9, in_total: 40, last_seq: 60 })], { partial: true, reads: [{ thread_id: 7, in_ord: 39, v: 3 }] }));
  expect(store.row(7)?.unread).toBe(1);
  expect(store.apply(state(row(7, 21, { v: 10, in_total: 41, last_seq: 61 })))).toEqual([]);
  expect(store.row(7)?.unread).toBe(2);
});

test("a row that comes from below while the inbox is being asked for is asked for once more, and not for ever", () => {
  store.apply(inbox([row(1, 9)], { next_cursor: "c" }));
  store.asking("inbox", 5);
  expect(store.apply(state(row(7, 20, { v: 9, in_total: 40, last_seq: 60 })))).toEqual([]);
  expect(store.apply(inbox([], { partial: true }))).toEqual(["inbox"]);
  store.asking("inbox", 6);
  expect(store.apply(inbox([], { partial: true }))).toEqual([]);
});

test("a conversation that has just begun is unread without asking", () => {
  store.apply(inbox([row(1, 9)]));
  expect(store.apply(state(row(7, 20, { v: 1, in_total: 1, last_seq: 1 })))).toEqual([]);
  expect(store.row(7)?.unread).toBe(1);
});

test("what a thread's snapshot says of its member's reading counts for a row that is there already", () => {
  store.apply(inbox([row(2, 9)], { next_cursor: "c" }));
  store.apply(state(row(1, 20, { v: 1, in_total: 3, last_seq: 3 })));
  const opened = snapshot([1, 2, 3]);
  store.apply({ ...opened, data: { ...(opened as { data: ThreadSnapshot }).data, in_ord: 2 } } as ServerFrame);
  expect(store.row(1)?.unread).toBe(1);
});

test("of an open thread that a page begun anew does not show, the row is asked for", () => {
  store.apply(inbox([row(1, 9), row(2, 8)]));
  store.apply(snapshot([1, 2, 3]));
  expect(store.apply(inbox([row(2, 30, { v: 4 })], { next_cursor: "c" }, "e", "9"))).toEqual(["thread:1"]);
  expect(store.position("thread:1")).toEqual({});
  store.apply(state(row(1, 9, { v: 7 })));
  expect(store.position("thread:1")).toEqual({ after: 3, epoch: "e" });
  expect(store.apply(inbox([row(1, 31, { v: 8 })], { partial: true }, "e", "9"))).toEqual([]);
});

test("a partial page after a reconnect changes rows and keeps the others", () => {
  store.apply(inbox([row(1, 9), row(2, 8), row(3, 7)]));
  store.apply(inbox([row(3, 30, { v: 4 })], { partial: true }, "e", "9"));
  expect(store.order).toEqual([3, 1, 2]);
  expect(store.position("inbox")).toEqual({ p: "9", epoch: "e" });
});

test("place agrees with sorting, wherever the row moves", () => {
  const rows = new Map(Array.from({ length: 9 }, (_, id) => [id, row(id, (id * 7) % 5)]));
  const sorted = (ids: number[]) => ids.sort((a, b) => (rows.get(b)!.last_at.localeCompare(rows.get(a)!.last_at) || b - a));
  let order: readonly number[] = [];
  for (const [id, one] of rows) {
    order = place(order, rows, one, true);
    expect(order).toEqual(sorted([...order]));
    expect(order).toContain(id);
  }
});

test("unread is in_total less the mark; an older mark loses, a newer one may lower it", () => {
  store.apply(inbox([row(1, 5, { in_total: 5 })]));
  store.apply(mark(1, 4, 2));
  store.apply(mark(1, 1, 1));
  expect(store.row(1)?.unread).toBe(1);
  store.apply(mark(1, 2, 3));
  expect(store.row(1)?.unread).toBe(3);
});

test("what was displayed counts as read at once, until it is marked unread", () => {
  store.apply(inbox([row(1, 5, { in_total: 5 })]));
  expect(store.displayed(1, 5)).toBe(true);
  expect(store.displayed(1, 5)).toBe(false);
  expect(store.row(1)?.unread).toBe(0);
  store.undisplay(1, 4);
  expect(store.row(1)?.unread).toBe(2);
});

test.each([
  ["what nobody has read", 0, 2],
  ["what was read up to there", 1, 2],
  ["all that was read", 3, 2],
])("%s stays unread before the text from which it is marked so", (_, inOrd, from) => {
  store.apply(inbox([row(1, 5, { in_total: 3 })]));
  store.apply(mark(1, inOrd, 1));
  store.undisplay(1, from);
  expect(store.row(1)?.unread).toBe(3 - Math.min(inOrd, from - 1));
});

test("a thread that is opened before its page of the inbox brings its own mark, which any later one outranks", () => {
  const opened = snapshot([1, 2, 3]) as Extract<ServerFrame, { t: "snapshot" }>;
  store.apply({ ...opened, data: { ...(opened.data as ThreadSnapshot), thread: row(1, 5, { in_total: 3 }), in_ord: 2 } });
  expect(store.row(1)?.unread).toBe(1);
  store.apply(mark(1, 0, 0));
  expect(store.row(1)?.unread).toBe(3);
});

test("the badge's newest version wins, and a snapshot starts anew", () => {
  const badge = (v: number, unread_threads: number): ServerFrame => ({ t: "state", ch: "user", key: "badge", v, data: { unread_threads } });
  store.apply(badge(2, 7));
  store.apply(badge(1, 3));
  expect(store.badge).toBe(7);
  store.apply({ t: "snapshot", ch: "user", epoch: "e", seq: null, p: "1", data: { badge: { unread_threads: 4 }, review: { open: 2 }, mentions: { threads: 3, asked: [] }, settings: { version: 1, suggesting: true }, reads: [] } });
  store.apply(badge(1, 2));
  expect(store.badge).toBe(2);
});

test("of what waits for a decision the newest word wins, and every word is news", () => {
  const told = (v: number, open: number): ServerFrame => ({ t: "state", ch: "user", key: "review", v, data: { open } });
  store.apply(told(2, 3));
  const before = store.reviews;
  store.apply(told(1, 9));
  expect(store.reviews).toBe(before);
  store.apply(told(3, 3));
  expect(store.reviews).toEqual(before);
  expect(store.reviews).not.toBe(before);
  store.apply({ t: "snapshot", ch: "user", epoch: "e", seq: null, p: "1", data: { badge: { unread_threads: 0 }, review: { open: 1 }, mentions: { threads: 0, asked: [] }, settings: { version: 1, suggesting: true }, reads: [] } });
  expect(store.reviews.open).toBe(1);
});

test("an optimistic reply gives way to its message once, whether ack or event comes first", () => {
  const ack: ServerFrame = { t: "ack", cmd_id: "c", data: { seq: 2 } };
  const real = event(2, { direction: "out", cmd_id: "c", state: "queued" });
  for (const frames of permutations([ack, real])) {
    store = new LiveStore();
    store.apply(snapshot([1]));
    store.addPending({ cmd_id: "c", data: { name: "send", thread_id: 1, body: "m2" }, at: "", state: "waiting", seq: null, error: null });
    for (const frame of frames) {
      store.apply(frame);
      const { state: shown, pending } = store.thread(1);
      expect((shown?.messages.filter((one) => one.cmd_id === "c").length ?? 0) + pending.length).toBe(1);
    }
    expect(store.thread(1).pending).toEqual([]);
  }
});

test("a refused reply stays with its reason", () => {
  store.addPending({ cmd_id: "c", data: { name: "send", thread_id: 1, body: "x" }, at: "", state: "waiting", seq: null, error: null });
  store.apply({ t: "err", id: null, cmd_id: "c", code: "opt_out_unacknowledged", message: "This contact opted out." });
  expect(store.thread(1).pending[0]).toMatchObject({ state: "refused", error: "This contact opted out." });
});

test("a colleague who is here and types is one person, and a lost connection forgets both", () => {
  const sign = (key: string, v: number, data: object): ServerFrame => ({ t: "state", ch: "thread:1", key, v, data: data as never });
  store.apply(sign("viewer:2", 1, { member_id: 2, name: "Priya", here: true }));
  store.apply(sign("typing:2", 2, { member_id: 2, name: "Priya", typing: true }));
  expect(store.people(1)).toEqual([{ member_id: 2, name: "Priya", typing: true }]);
  store.forgetTyping(1, 2);
  expect(store.people(1)[0]?.typing).toBe(false);
  store.disconnected();
  expect(store.people(1)).toEqual([]);
});

test("arrivals are told once, and never for what was already there", () => {
  store.apply(inbox([row(1, 5)]));
  expect(store.commit()).toEqual([]);
  store.apply(state(row(1, 6, { v: 2, in_total: 3 })));
  expect(store.commit().map((one) => one.count)).toEqual([2]);
  expect(store.commit()).toEqual([]);
});

test("what was missed while the connection was away is told as late, and not where nobody wrote", () => {
  store.apply(inbox([row(1, 5), row(2, 4)]));
  store.commit();
  store.apply(inbox([row(1, 6, { v: 2, in_total: 2 }), row(2, 4, { v: 2, closed: true }), row(3, 9, { direction: "out" })], { partial: true }, "e", "9"));
  expect(store.commit().map((one) => [one.row.thread_id, one.late])).toEqual([[1, true]]);
  store.apply(inbox([row(1, 7, { v: 3, in_total: 3 })], {}, "f"));
  expect(store.commit()).toEqual([]);
});

test("unacknowledged commands survive a reload, answered ones do not", () => {
  const kept = new Map<string, string>();
  const memory = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  const commands = new Commands(memory);
  for (const cmd_id of ["a", "b"]) commands.add({ cmd_id, data: { name: "send", thread_id: 1, body: cmd_id }, at: "" });
  commands.settle("a");
  expect(new Commands(memory).all().map((one) => one.cmd_id)).toEqual(["b"]);
});

test.each([
  ["a session that ended", 4501, "", { kind: "login" }],
  ["a client that was too slow", 4000, "", { kind: "retry", after_ms: 1000 }],
  ["a restart with a hint", 1012, "retry after 2.5 s", { kind: "retry", after_ms: 2500 }],
  ["a lost network", 1006, "", { kind: "retry", after_ms: 1000 }],
])("after %s", (_, code, reason, expected) => expect(afterClose(code, reason, 2, 0)).toEqual(expected));

test("the back-off ends at 15 s and is spread", () => {
  expect(afterClose(1006, "", 30, 0)).toEqual({ kind: "retry", after_ms: 15_000 });
  expect(afterClose(1006, "", 30, 0.999)).toMatchObject({ after_ms: expect.closeTo(7_507, 0) as number });
});

const campaign = (id: number, name: string): CampaignOut => ({
  id, name, description: "", state: "active", told: "Active", version: 1, template: false, author: null, created_at: "2026-11-22T10:00:00Z", launched_at: null, ended_at: null, archived_at: null,
  moved_at: "2026-11-22T10:00:00Z", due_at: null, next_batch_at: null, paused_why: null, refused: null, built: 0, to_look_at: null, whole: true, click_through: null,
  figures: { audience: 0, excluded: 0, pending: 0, in_flight: 0, wired: 0, rejected: 0, unconfirmed: 0, skipped: 0, delivered: 0, undelivered: 0, replied: 0, opted_out: 0, clicked: 0, segments: 0 },
});
const moved = (ch: string, key: string, v: number, data: CampaignOut): ServerFrame => ({ t: "state", ch, key, v, data });

test("campaigns stand as they were told last, by whichever channel", () => {
  store.apply({ t: "snapshot", ch: "campaigns", epoch: "e", seq: null, p: null, data: { rows: [campaign(7, "a"), campaign(8, "b")] } });
  const first = store.campaignList;
  store.apply(moved("campaign:7", "campaign", 5, campaign(7, "newer")));
  store.apply(moved("campaigns", "7", 4, campaign(7, "older")));
  expect([store.campaign(7)?.name, store.campaign(8)?.name]).toEqual(["newer", "b"]);
  expect(store.campaignList).not.toBe(first);
  store.apply({ t: "snapshot", ch: "campaign:7", epoch: "e", seq: null, p: null, data: campaign(7, "again") });
  expect([...store.campaignList.values()].map((one) => one.name)).toEqual(["again", "b"]);
  expect(store.badge).toBe(0);
});

test("what is closed or put off leaves the inbox, and comes back with the contact's next text", () => {
  store.apply(inbox([row(1, 0), row(2, 1)]));
  store.apply({ t: "state", ch: "inbox", key: "2", v: 2, data: row(2, 1, { v: 2, closed: true }) });
  store.apply({ t: "state", ch: "inbox", key: "1", v: 2, data: row(1, 0, { v: 2, snoozed_until: "2026-11-23T10:00:00Z" }) });
  expect(store.order).toEqual([]);
  store.apply({ t: "state", ch: "inbox", key: "2", v: 3, data: row(2, 5, { v: 3 }) });
  expect(store.order).toEqual([2]);
});

test("notes and doings take their numbers between the texts, live and from a page", () => {
  const note = (seq: number) => ({ kind: "note" as const, note: { seq, body: "call him", author_id: 2, author: "Dana", mentions: [], at: "2026-11-22T10:00:00Z" } });
  store.apply(snapshot([1]));
  store.apply({ t: "event", ch: "thread:1", seq: 2, epoch: "e", data: note(2) });
  store.apply(event(3));
  const state = store.thread(1).state;
  expect([state?.lastSeq, state?.messages.map((one) => one.seq), state?.asides]).toEqual([3, [1, 3], [note(2)]]);
});

test("a thread whose only text was taken back leaves an open inbox, and comes back with the next one", () => {
  store.apply(inbox([row(2, 2), row(1, 1)]));
  store.apply(state(row(2, 2, { v: 2, preview: "", direction: "out", listed: false })));
  expect(store.order).toEqual([1]);
  store.apply(state(row(2, 2, { v: 1 })));
  expect(store.order).toEqual([1]);
  store.apply(state(row(2, 3, { v: 3 })));
  expect(store.order).toEqual([2, 1]);
});
