// The audit log as the server tells it, and what it is narrowed by.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { call } from "../api";

export interface Entry {
  id: number;
  at: string;
  kind: string;
  sentence: string;
  member_id: number | null;
  member: string | null;
  contact_id: number | null;
  thread_id: number | null;
  campaign_id: number | null;
}

interface Page {
  entries: Entry[];
  next: string | null;
  groups: { group: string; label: string }[];
}

/** Days are those of the reader's own calendar, both of them included. */
export interface Narrowed {
  who?: number;
  what?: string;
  from?: string;
  to?: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
export const isDay = (value: unknown): value is string => typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(value));

/** The instant at which a day of the reader's calendar begins, `later` days after it. */
export function beginOf(day: string, later = 0): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

/** As the API is asked. */
export function asked({ who, what, from, to }: Narrowed): string {
  const parts = new URLSearchParams();
  if (who) parts.set("member_id", String(who));
  if (what) parts.set("group", what);
  if (from) parts.set("since", beginOf(from));
  if (to) parts.set("until", beginOf(to, 1));
  return parts.toString();
}

export const auditQuery = (narrowed: Narrowed) =>
  infiniteQueryOptions({
    queryKey: ["audit", asked(narrowed)],
    queryFn: ({ pageParam, signal }) => call<Page>("GET", `/audit?${asked(narrowed)}${pageParam ? `&before=${encodeURIComponent(pageParam)}` : ""}`, undefined, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 0,
  });

export const fileOf = (narrowed: Narrowed): string => `/api/v1/audit/export?${asked(narrowed)}`;
