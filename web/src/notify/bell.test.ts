import { expect, test } from "vitest";
import type { InboxRow } from "../gen/wire";
import type { RowView } from "../live/store";
import { concerns, FIRST_WISHES, inWords, isOld, noticesOf, tells, Undecided, wishesFrom } from "./bell";

const one = (id: number, more: Partial<InboxRow> = {}, unread = 1): RowView => ({
  row: {
    thread_id: id, v: 1, name: `P${id}`, contact_id: null, address: "+12125550101", number: "+12125550100", last_seq: 1, last_at: "2026-11-22T10:00:00Z", preview: "Hello", direction: "in", in_total: 1, opted_out: false,
    carrier_blocked: false, invalid: null, held: false, campaign: null, assignee: null, closed: false, snoozed_until: null, waiting_since: null, claim: null, listed: true, ...more,
  },
  unread,
});
const [ME, DANA] = [7, { member_id: 8, name: "Dana" }];

test.each([
  ["nobody's", {}, [], true],
  ["mine", { assignee: { member_id: ME, name: "I" } }, [], true],
  ["a colleague's", { assignee: DANA }, [], false],
  ["a colleague's, and a note named me", { assignee: DANA }, [1], true],
  ["not in the inbox", { listed: false }, [], false],
] as const)("%s", (_, more, asked, expected) => expect(concerns(one(1, more).row, ME, asked)).toBe(expected));

test("what was read, and what is not known, tells nothing", () => {
  expect(tells(one(1), ME, [])).toBe(true);
  expect(tells(one(1, {}, 0), ME, [])).toBe(false);
  expect(tells(undefined, ME, [])).toBe(false);
});

test("a text of the last two minutes is not old", () => {
  const { row } = one(1);
  expect([isOld(row, new Date("2026-11-22T10:02:00Z")), isOld(row, new Date("2026-11-22T10:02:01Z"))]).toEqual([false, true]);
});

test("what one tab has decided no other decides again, in whatever order they hear of it", () => {
  const tab = new Undecided();
  tab.hear(1, 4);
  tab.hear(2, 1);
  tab.settle(1, 4);
  tab.settle(3, 9);
  tab.hear(3, 9);
  expect(tab.take()).toEqual([[2, 1]]);
  expect(tab.take()).toEqual([]);
  tab.hear(3, 10);
  tab.hear(1, 3);
  expect(tab.take()).toEqual([[3, 10]]);
});

test("a newer text than the one that was decided still waits", () => {
  const tab = new Undecided();
  tab.hear(1, 5);
  tab.settle(1, 4);
  expect(tab.take()).toEqual([[1, 5]]);
});

test("up to three are shown each, more are one; words stay away where they are to be hidden", () => {
  const name = (row: InboxRow) => row.name ?? "";
  expect(noticesOf([one(1), one(2, { preview: "" }, 2)], name, false)).toEqual([{ threads: [1], title: "P1", body: "Hello" }, { threads: [2], title: "P2", body: "Picture" }]);
  expect(noticesOf([one(1), one(2, {}, 2)], name, true).map(({ body }) => body)).toEqual(["New text", "2 new texts"]);
  expect(noticesOf([1, 2, 3, 4].map((id) => one(id)), name, false)).toEqual([{ threads: [1, 2, 3, 4], title: "New texts in 4 conversations", body: "Open the inbox to read them." }]);
});

test("wishes of another version, or that somebody spoilt, are taken as far as they go", () => {
  expect(wishesFrom(null)).toEqual(FIRST_WISHES);
  expect(wishesFrom("{not json")).toEqual(FIRST_WISHES);
  expect(wishesFrom("null")).toEqual(FIRST_WISHES);
  expect(wishesFrom('{"quiet":true,"sound":"loud","other":1}')).toEqual({ ...FIRST_WISHES, quiet: true });
});

test.each([
  [{}, false, "Sound only"], [{ desktop: true }, true, "On"], [{ desktop: true, sound: false }, false, "Off"], [{ desktop: true, quiet: true }, true, "Do not disturb"],
] as const)("%j", (more, allowed, words) => expect(inWords({ ...FIRST_WISHES, ...more }, allowed)).toBe(words));
