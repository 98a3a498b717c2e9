// Texts to many: what the server tells of them, and the words for how they stand.
import { infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient } from "@tanstack/react-query";
import { askAnew } from "../anew";
import { call, callForFile } from "../api";
import type { Filter } from "../filters/filter";
import type { BulkOut } from "../gen/wire";
import type { Share } from "../parts/Shares";

/** Who gets it: people by id, everybody whom a filter and words of search find, or bare numbers. */
export type Audience = { contact_ids: number[] } | { filter: Filter; q?: string } | { filter_id: number; q?: string } | { addresses: string[] };

export interface Wording {
  audience: Audience;
  body: string;
  /** Stand in for values that a recipient does not have. */
  answers: Readonly<Record<string, string>>;
}

export interface Shown {
  at: number;
  of: number;
  contact_id: number | null;
  name: string | null;
  address: string | null;
  text: string;
  segments: number;
  encoding: string;
  missing: string[];
  excluded: string | null;
  sentence: string | null;
}

export interface Preview {
  audience: number;
  recipients: number;
  excluded: { reason: string; sentence: string; count: number }[];
  segments: { min: number; max: number; total: number };
  cost: { amount: string; currency: string };
  duration_s: number | null;
  opt_in_required: boolean;
  longest: number | null;
  shortest: number | null;
  /** Places of the first of those who miss a value, and how many lack which. */
  missing: number[];
  names: Record<string, number>;
  shown: Shown | null;
}

export interface Recipient {
  ord: number;
  contact_id: number | null;
  name: string | null;
  address: string;
  state: string;
  delivery: string | null;
  reason: string | null;
  thread_id: number | null;
  seq: number | null;
  segments: number | null;
}

interface Page<T> {
  rows: T[];
  next_cursor: number | null;
}

export const previewQuery = (wording: Wording) =>
  queryOptions({
    queryKey: ["bulk-preview", wording],
    queryFn: ({ signal }) => call<Preview>("POST", "/bulk/preview", wording, signal),
    enabled: wording.body.trim() !== "",
    placeholderData: keepPreviousData,
    gcTime: 0, // whom a text reaches may be otherwise a moment later
  });

export const shownQuery = (wording: Wording, at: number) =>
  queryOptions({
    queryKey: ["bulk-shown", wording, at],
    queryFn: ({ signal }) => call<Shown>("POST", "/bulk/preview/recipient", { ...wording, at }, signal),
    enabled: wording.body.trim() !== "",
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

export const launch = (wording: Wording, cmdId: string, expected: number) =>
  call<{ bulk_id: number; again: boolean }>("POST", "/bulk", { ...wording, cmd_id: cmdId, expected_count: expected });

export const recall = (id: number) => call<BulkOut>("POST", `/bulk/${id}/recall`);

export const exclusionsFile = (wording: Wording): Promise<Blob> => callForFile("/bulk/exclusions.csv", wording);

export const bulkQuery = (id: number) => queryOptions({ queryKey: ["bulk", id], queryFn: () => call<BulkOut>("GET", `/bulk/${id}`) });

export const bulksQuery = infiniteQueryOptions({
  queryKey: ["bulks"],
  queryFn: ({ pageParam }) => call<Page<BulkOut>>("GET", `/bulk?limit=20${pageParam ? `&cursor=${pageParam}` : ""}`),
  initialPageParam: 0,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
});

export const recipientsQuery = (id: number, state: Which) =>
  infiniteQueryOptions({
    queryKey: ["bulk-recipients", id, state],
    queryFn: ({ pageParam }) => call<Page<Recipient>>("GET", `/bulk/${id}/recipients?limit=50&cursor=${pageParam}${state ? `&state=${state}` : ""}`),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const forgetRecipients = (queries: QueryClient, id: number): Promise<void> => askAnew(queries, ["bulk-recipients", id]);

// Words

export type Which = "" | "pending" | "in_flight" | "wired" | "delivered" | "undelivered" | "rejected" | "unconfirmed" | "skipped" | "excluded";

export const WHICH: readonly { value: Which; label: string }[] = [
  { value: "", label: "Everybody" },
  { value: "delivered", label: "Delivered" },
  { value: "wired", label: "Sent" },
  { value: "pending", label: "Waiting" },
  { value: "in_flight", label: "Being sent" },
  { value: "undelivered", label: "Not delivered" },
  { value: "rejected", label: "Refused by the carrier" },
  { value: "unconfirmed", label: "Not confirmed" },
  { value: "skipped", label: "Skipped" },
  { value: "excluded", label: "Left out" },
];

const STATUS: Record<string, string> = Object.fromEntries(WHICH.map(({ value, label }) => [value, label]));

type Standing = Pick<Recipient, "state" | "delivery">;

export const statusOf = (one: Standing): string => (one.delivery && one.delivery !== "sent" ? STATUS[one.delivery] : STATUS[one.state]) ?? one.state;

export type Tone = "good" | "calm" | "bad" | "ask";

export function toneOf(one: Standing): Tone {
  if (one.delivery === "delivered") return "good";
  if (one.delivery === "undelivered" || one.state === "rejected") return "bad";
  return one.state === "unconfirmed" ? "ask" : "calm";
}

const STATES: Record<BulkOut["state"], string> = { draft: "Draft", scheduled: "Scheduled", active: "Sending", paused: "Paused", completed: "Completed", cancelled: "Recalled" };
export const stateOf = (bulk: BulkOut): string => (bulk.state === "cancelled" && bulk.ended_at === null ? "Recalling" : STATES[bulk.state]);

export const recipientsOf = (bulk: BulkOut): number => bulk.audience - bulk.excluded;
export const failedOf = (bulk: Pick<BulkOut, "rejected" | "undelivered">): number => bulk.rejected + bulk.undelivered;
export const openOf = (bulk: Pick<BulkOut, "pending" | "in_flight">): number => bulk.pending + bulk.in_flight;

/** Whether its figures can still move: it has not ended, or no receipt has told yet what became of some that left. */
export const movesOf = (bulk: BulkOut): boolean => bulk.ended_at === null || openOf(bulk) > 0 || bulk.wired > bulk.delivered + bulk.undelivered;

type Sums = Pick<BulkOut, "wired" | "delivered" | "undelivered" | "rejected" | "unconfirmed" | "skipped" | "pending" | "in_flight">;

/** What the bar is made of, from what has arrived to what has not begun. */
export function sharesOf(bulk: Sums): Share[] {
  return [
    { key: "delivered", label: "delivered", count: bulk.delivered },
    { key: "sent", label: "sent", count: bulk.wired - bulk.delivered - bulk.undelivered },
    { key: "failed", label: "failed", count: failedOf(bulk) },
    { key: "unconfirmed", label: "not confirmed", count: bulk.unconfirmed },
    { key: "skipped", label: "skipped", count: bulk.skipped },
    { key: "open", label: "to go", count: openOf(bulk) },
  ].filter((share) => share.count > 0);
}

const TYPED_ABOVE = 1_000;

/** Above a thousand the number has to be typed before anything leaves: nobody does that by a slip of the hand. */
export const mustBeTyped = (recipients: number): boolean => recipients > TYPED_ABOVE;

/** Whether the number that was typed is the one that was shown, however it is grouped. */
export const isConfirmed = (recipients: number, typed: string): boolean => !mustBeTyped(recipients) || typed.replace(/\D/g, "") === String(recipients);

/** Tokens to ask for: those that somebody lacks, and those that were answered already, in the order of their names. */
export const askedFor = (names: Readonly<Record<string, number>>, answers: Readonly<Record<string, string>>): string[] =>
  [...new Set([...Object.keys(names), ...Object.keys(answers).filter((name) => answers[name])])].sort();

export const money = (cost: { amount: string; currency: string }): string =>
  new Intl.NumberFormat("en-US", { style: "currency", currency: cost.currency }).format(Number(cost.amount));
