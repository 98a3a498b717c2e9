import { expect, test } from "vitest";
import type { InboxRow } from "../gen/wire";
import type { RowView } from "../live/store";
import { asQuery, campaignOf, ofCampaign, viewed } from "./views";

const one = (id: number, minute: number, more: Partial<InboxRow> = {}, unread = 0): RowView => ({
  row: {
    thread_id: id, v: 1, name: null, contact_id: null, address: "+12125550101", number: "+12125550100", last_seq: 1, last_at: `2026-11-22T10:${minute}:00Z`, preview: "", direction: "in", in_total: 1, opted_out: false,
    carrier_blocked: false, invalid: null, held: false, campaign: null, assignee: null, closed: false, snoozed_until: null, waiting_since: null, claim: null, listed: true, ...more,
  },
  unread,
});
const rows = [
  one(1, 10, { assignee: { member_id: 7, name: "Dana" } }),
  one(2, 20, { closed: true }, 2),
  one(3, 30, { waiting_since: "2026-11-22T09:30:00Z" }),
  one(4, 40, { waiting_since: "2026-11-22T09:10:00Z", snoozed_until: "2026-11-23T09:00:00Z" }),
  one(5, 50, { listed: false, waiting_since: "2026-11-22T09:00:00Z", closed: true, snoozed_until: "2026-11-23T09:00:00Z" }, 1),
];

test.each([
  ["open", [3, 1]], ["mine", [1]], ["unassigned", [3]], ["waiting", [4, 3]], ["unread", [2]], ["snoozed", [4]], ["closed", [2]], ["mentions", []],
] as const)("%s", (show, ids) => expect(viewed(show, rows, new Set(), true, 7)).toEqual(ids));

test("what the server says of mentions is shown, and nothing below the last page that was read", () => {
  expect(viewed("mentions", rows, new Set([1, 2]), true, 7)).toEqual([2, 1]);
  expect(viewed("open", rows, new Set([3]), false, 7)).toEqual([3]);
});

test("a campaign's view holds whom its text reached last, closed ones too", () => {
  const campaign = (id: number) => ({ id, name: "Spring", at: "2026-11-22T09:00:00Z" });
  const reached = [one(1, 10, { campaign: campaign(4) }), one(2, 20, { campaign: campaign(4), closed: true }), one(3, 30, { campaign: campaign(5) }), one(4, 40)];
  expect(viewed(ofCampaign(4), reached, new Set(), true, 7)).toEqual([2, 1]);
  expect([asQuery(ofCampaign(4)), asQuery("mine"), campaignOf("mine")]).toEqual(["show=campaign&campaign_id=4", "show=mine", null]);
});
