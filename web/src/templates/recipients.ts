// Real people to look at a template with: those of the newest conversations, or whoever is searched for.
import { queryOptions } from "@tanstack/react-query";
import { call } from "../api";
import type { InboxPage } from "../gen/wire";
import { formatNumber } from "../text/people";

export interface Person {
  readonly key: string;
  readonly name: string;
  readonly number: string;
  readonly contactId?: number;
  readonly threadId?: number;
}

interface Found {
  readonly rows: readonly { readonly contact_id: number; readonly name: string | null; readonly phones: readonly { readonly address: string }[] }[];
}

export const recentQuery = queryOptions({
  queryKey: ["templates-recipients", ""],
  queryFn: () =>
    call<InboxPage>("GET", "/threads?limit=20").then(({ rows }) =>
      rows.map((row): Person => ({ key: `t${row.thread_id}`, name: row.name ?? formatNumber(row.address), number: formatNumber(row.address), threadId: row.thread_id })),
    ),
  staleTime: 60_000,
});

export const searchQuery = (query: string) =>
  queryOptions({
    queryKey: ["templates-recipients", query],
    queryFn: ({ signal }) =>
      call<Found>("GET", `/contacts?q=${encodeURIComponent(query)}&limit=20`, undefined, signal).then(({ rows }) =>
        rows.map((row): Person => {
          const number = formatNumber(row.phones[0]?.address ?? "");
          return { key: `c${row.contact_id}`, name: row.name ?? number, number, contactId: row.contact_id };
        }),
      ),
    staleTime: 10_000,
  });

/** Somebody whose name is known says more about a template than a bare number. */
export const firstChoice = (people: readonly Person[] | undefined): Person | undefined => people?.find((one) => one.name !== one.number) ?? people?.[0];
