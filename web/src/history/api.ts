// Every text and every note of the workspace, as it is asked for: what the address says, what the server is asked, what it tells.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "../api";
import type { MessageOut, NoteOut } from "../gen/wire";

export const STATUSES = { received: "Received", waiting: "Waiting to be sent", sent: "Sent", delivered: "Delivered", failed: "Failed", not_sent: "Not sent", unconfirmed: "Not confirmed" } as const;
export const DIRECTIONS = { in: "Received", out: "Sent by us" } as const;
export const KINDS = { text: "Texts", note: "Notes" } as const;

/** As it stands in the address. Days are the reader's own, YYYY-MM-DD, and both are part of it. */
export interface Asked {
  q?: string;
  from?: string;
  to?: string;
  number?: number;
  agent?: number;
  campaign?: number;
  contact?: number;
  direction?: keyof typeof DIRECTIONS;
  status?: keyof typeof STATUSES;
  kind?: keyof typeof KINDS;
}

/** A text or a note. */
export interface Found {
  thread_id: number;
  message: MessageOut | null;
  note: NoteOut | null;
  name: string | null;
  contact_id: number | null;
  address: string;
  number: string;
}

export interface HistoryPageOut {
  rows: Found[];
  next_cursor: string | null;
  /** The search ended there before the page was full. */
  searched_to: string | null;
  head: string | null;
}

export const said = (row: Found): MessageOut | NoteOut => (row.message ?? row.note) as MessageOut | NoteOut;

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What of an address is understood; the rest is left out. */
export function askedOf(search: Record<string, unknown>): Asked {
  const asked: Asked = {};
  const q = search["q"];
  if ((typeof q === "string" && q) || typeof q === "number") asked.q = String(q);
  for (const name of ["from", "to"] as const) {
    const day = search[name];
    if (typeof day === "string" && DAY.test(day) && midnight(day) !== null) asked[name] = day;
  }
  for (const name of ["number", "agent", "campaign", "contact"] as const) {
    const id = search[name];
    if (typeof id === "number" && Number.isSafeInteger(id) && id > 0) asked[name] = id;
  }
  if (search["direction"] === "in" || search["direction"] === "out") asked.direction = search["direction"];
  if (search["kind"] === "text" || search["kind"] === "note") asked.kind = search["kind"];
  if (typeof search["status"] === "string" && search["status"] in STATUSES) asked.status = search["status"] as keyof typeof STATUSES;
  return asked;
}

export const isNarrowed = (asked: Asked): boolean => Object.values(asked).some((value) => value !== undefined);

/** When a day begins where the reader is, *later* days on; null for what is no day. */
function midnight(day: string, later = 0): Date | null {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  const at = new Date(year, month - 1, date + later);
  return Number.isNaN(at.getTime()) || (later === 0 && at.getDate() !== date) ? null : at;
}

/** The query of an address as the server takes it. */
export function asQuery(asked: Asked): URLSearchParams {
  const query = new URLSearchParams();
  const put = (name: string, value: string | number | undefined) => value !== undefined && query.set(name, String(value));
  put("q", asked.q?.slice(0, 200));
  put("since", asked.from && midnight(asked.from)?.toISOString());
  put("until", asked.to && midnight(asked.to, 1)?.toISOString());
  put("number_id", asked.number);
  put("agent_id", asked.agent);
  put("campaign_id", asked.campaign);
  put("contact_id", asked.contact);
  put("direction", asked.direction);
  put("status", asked.status);
  put("kind", asked.kind);
  return query;
}

export const exportAddress = (asked: Asked): string => `/api/v1/history/export.csv?${asQuery(asked)}`;

const LIST = "history";

/** Pages stay as they were read: what comes later is told beside them, and moves nothing. */
export const historyQuery = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: [LIST, asked],
    queryFn: ({ pageParam, signal }) => call<HistoryPageOut>("GET", `/history?${asQuery(asked)}${pageParam ? `&cursor=${pageParam}` : ""}`, undefined, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

export const newerQuery = (asked: Asked, head: string | null) =>
  queryOptions({
    queryKey: ["history-newer", asked, head],
    queryFn: ({ signal }) => call<{ count: number; more: boolean }>("GET", `/history/newer?${asQuery(asked)}&than=${head}`, undefined, signal),
    enabled: head !== null,
    refetchInterval: 15_000,
  });

export const campaignsOfHistory = queryOptions({
  queryKey: ["history-campaigns"],
  queryFn: () => call<{ rows: { id: number; name: string }[] }>("GET", "/campaigns?limit=100"),
  staleTime: 60_000,
});
