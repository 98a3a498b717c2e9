// What the server tells of campaigns, and what members ask of it: each as it stands, its course, and what moves it.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "../api";
import type { CampaignOut, Plan } from "../gen/wire";
import type { Outlook } from "./drafts";

export interface Campaign extends CampaignOut {
  plan: Plan;
}

export type CommandName = "pause" | "resume" | "cancel" | "unschedule";

/** What is given changes; a plan is replaced as a whole. */
export interface Change {
  version: number;
  name?: string;
  description?: string;
  plan?: Plan;
}

export interface Minute {
  at: string;
  wired: number;
  delivered: number;
  failed: number;
  replied: number;
  opted_out: number;
  clicked: number;
}

export interface Reason {
  state: string;
  sentence: string | null;
  reason: string | null;
  error_class: string | null;
  error_code: string | null;
  count: number;
}

export interface Recipient {
  ord: number;
  contact_id: number | null;
  name: string | null;
  address: string;
  variant: number;
  state: string;
  delivery: string | null;
  reason: string | null;
  replied_at: string | null;
  opted_out_at: string | null;
  clicked_at: string | null;
  thread_id: number | null;
  seq: number | null;
  segments: number | null;
}

/** Which recipients are shown: of one state, or who has answered, and whose name or number is looked for. */
export interface Narrowed {
  state: string;
  q: string;
}

interface Page<T> {
  rows: T[];
  next_cursor: number | null;
}

export const campaignQuery = (id: number) => queryOptions({ queryKey: ["campaign", id], queryFn: () => call<Campaign>("GET", `/campaigns/${id}`) });

export const change = (id: number, wanted: Change) => call<Campaign>("PATCH", `/campaigns/${id}`, wanted);
export const command = (id: number, name: CommandName) => call<Campaign>("POST", `/campaigns/${id}/command`, { command: name });

// Its course: keys begin with the campaign's, so that all of it is asked for anew at once

export const courseKey = (id: number) => ["campaign-course", id] as const;

export const minutesQuery = (id: number) =>
  queryOptions({ queryKey: [...courseKey(id), "minutes"], queryFn: () => call<{ rows: Minute[] }>("GET", `/campaigns/${id}/minutes`) });

export const reasonsQuery = (id: number) =>
  queryOptions({ queryKey: [...courseKey(id), "reasons"], queryFn: () => call<{ rows: Reason[] }>("GET", `/campaigns/${id}/reasons`) });

/** The batches that are still to come; null where nothing is planned. */
export const outlookQuery = (id: number) =>
  queryOptions({ queryKey: [...courseKey(id), "outlook"], queryFn: () => call<{ outlook: Outlook | null }>("GET", `/campaigns/${id}/outlook`), select: ({ outlook }) => outlook });

const asSearch = ({ state, q }: Narrowed): string => new URLSearchParams({ ...(state && { states: state }), ...(q && { q }) }).toString();

export const recipientsQuery = (id: number, narrowed: Narrowed) =>
  infiniteQueryOptions({
    queryKey: [...courseKey(id), "recipients", narrowed],
    queryFn: ({ pageParam }) => call<Page<Recipient>>("GET", `/campaigns/${id}/recipients?limit=50&cursor=${pageParam}&${asSearch(narrowed)}`),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** The recipients that are shown, all of them, as a file. */
export const exportPath = (id: number, narrowed: Narrowed): string => `/api/v1/campaigns/${id}/export.csv?${asSearch(narrowed)}`;
