// Campaigns before they begin, and their list: what is asked of the server, and what a launch would do by now.
import { infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient } from "@tanstack/react-query";
import { askAnew } from "../anew";
import { call } from "../api";
import type { CampaignOut, Plan } from "../gen/wire";
import { amount } from "../people/rows";
import type { WordingWarning } from "./wording";

export interface Draft extends CampaignOut {
  plan: Plan;
}

export type State = CampaignOut["state"];
export const STATES: readonly State[] = ["draft", "scheduled", "active", "paused", "completed", "cancelled"];
export const WORDS: Readonly<Record<State, string>> = { draft: "Draft", scheduled: "Scheduled", active: "Active", paused: "Paused", completed: "Completed", cancelled: "Cancelled" };
export type Shelf = "campaigns" | "templates" | "archived";

/** What the list is narrowed by. */
export interface Narrowed {
  readonly q?: string;
  readonly state?: State;
  readonly show?: Exclude<Shelf, "campaigns">;
}

const LIST = "campaigns";

const asSearch = ({ q, state, show }: Narrowed): string =>
  new URLSearchParams({ ...(q && { q }), ...(state && { states: state }), ...(show === "archived" && { archived: "true" }), ...(show === "templates" && { templates: "true" }) }).toString();

export const campaignsQuery = (narrowed: Narrowed) =>
  infiniteQueryOptions({
    queryKey: [LIST, narrowed],
    queryFn: ({ pageParam }) => call<{ rows: CampaignOut[]; next_cursor: number | null }>("GET", `/campaigns?limit=30${pageParam ? `&cursor=${pageParam}` : ""}&${asSearch(narrowed)}`),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const forgetCampaigns = (queries: QueryClient): Promise<void> => askAnew(queries, [LIST]);

export const draftQuery = (id: number) => queryOptions({ queryKey: ["campaign", id], queryFn: () => call<Draft>("GET", `/campaigns/${id}`) });

/** What is given changes; a plan is replaced as a whole. */
export interface Change {
  name?: string;
  description?: string;
  plan?: Plan;
}

export const campaignsApi = {
  create: (name: string, cmd_id: string) => call<Draft>("POST", "/campaigns", { name, cmd_id }),
  duplicate: (id: number, cmd_id: string, as_template = false) => call<Draft>("POST", `/campaigns/${id}/duplicate`, { cmd_id, as_template }),
  archive: (id: number, archived: boolean) => call<Draft>("POST", `/campaigns/${id}/archive`, { archived }),
  save: (id: number, version: number, change: Change, outlives = false) => call<Draft>("PATCH", `/campaigns/${id}`, { version, ...change }, undefined, outlives),
  launch: (id: number, cmd_id: string, expected_count: number) => call<Draft>("POST", `/campaigns/${id}/launch`, { cmd_id, expected_count }),
};

/** A test on its way to the member's own phone; what becomes of it is told in its thread. */
export interface Tested {
  thread_id: number;
  seq: number;
  variant: number;
  text: string;
  name: string | null;
}

export const testsApi = {
  send: (id: number, asked: { cmd_id: string; contact_id: number | null; variant: number | null }) => call<{ address: string; texts: Tested[] }>("POST", `/campaigns/${id}/test`, asked),
};

// What a launch would do

export type Part = "name" | "audience" | "message" | "schedule" | "numbers";

export interface PlanFault {
  part: Part;
  sentence: string;
}

export interface Found {
  audience: number;
  recipients: number;
  excluded: { reason: string; sentence: string; count: number }[];
  segments: { min: number; max: number; total: number };
  cost: { amount: string; currency: string };
  /** Contacts. */
  longest: number | null;
  shortest: number | null;
  missing: number[];
  /** How many lack which value. */
  names: Record<string, number>;
  zones: string[];
  per_s: number | null;
  duration_s: number | null;
  opt_in_required: boolean;
}

export interface Stretch {
  begins: string;
  ends: string;
}

/** A drip as it is drawn: recipients by the batches that begin in `bar_s` seconds, and when nothing leaves. */
export interface Outlook {
  bar_s: number;
  bars: { at: string; count: number }[];
  closed: Stretch[];
  quiet: Stretch[];
  ends_at: string | null;
}

/** When it would begin and be done. */
export interface Timing {
  begins_at: string;
  /** What became of an hour that the clock skips or shows twice. */
  sentence: string | null;
  /** Of a drip. */
  batches: number | null;
  first_at: string | null;
  done_at: string | null;
  left_over: number;
  outlook: Outlook | null;
  /** When the hour of a recipient's own clock comes, by zone. */
  homes: { zone: string; at: string; sentence: string | null }[];
}

export interface Survey {
  faults: PlanFault[];
  /** Of each variant. */
  warnings: WordingWarning[][];
  /** Null where nobody can say who the audience is. */
  found: Found | null;
  timing: Timing | null;
}

export interface Sample {
  contact_id: number;
  name: string | null;
  address: string | null;
  variant: number;
  text: string;
  segments: number;
  encoding: string;
  missing: string[];
  excluded: string | null;
  sentence: string | null;
}

export type Person = Pick<Sample, "contact_id" | "name" | "address" | "excluded" | "sentence">;

const SURVEY = "campaign-survey";

/** Of the plan as it was kept by *version*: what is not saved yet is in none. */
export const surveyQuery = (id: number, version: number) =>
  queryOptions({
    queryKey: [SURVEY, id, version],
    queryFn: ({ signal }) => call<Survey>("GET", `/campaigns/${id}/survey`, undefined, signal),
    placeholderData: keepPreviousData,
    gcTime: 0, // whom a text reaches may be otherwise a moment later
    refetchOnWindowFocus: "always",
  });

export const sampleQuery = (id: number, version: number, contact: number, variant: number) =>
  queryOptions({
    queryKey: [SURVEY, id, version, "sample", contact, variant],
    queryFn: ({ signal }) => call<Sample>("GET", `/campaigns/${id}/sample?contact_id=${contact}&variant=${variant}`, undefined, signal),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

export const peopleQuery = (id: number, version: number, q: string) =>
  queryOptions({
    queryKey: [SURVEY, id, version, "people", q],
    queryFn: ({ signal }) => call<{ rows: Person[] }>("GET", `/campaigns/${id}/people?limit=20&q=${encodeURIComponent(q)}`, undefined, signal),
    select: ({ rows }) => rows,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });

export const leftOutPath = (id: number): string => `/api/v1/campaigns/${id}/left-out.csv`;

// How they stand

export const recipientsOf = ({ figures }: CampaignOut): number => figures.audience - figures.excluded;

/** A plan that can still be worked on in the wizard. */
export const isDraft = (one: Pick<CampaignOut, "state" | "template">): boolean => one.template || one.state === "draft";

/** The snapshot is being taken: nothing leaves, and nothing can be changed, before it is whole. */
export const isBuilding = (one: Pick<CampaignOut, "state" | "whole">): boolean => !one.whole && (one.state === "active" || one.state === "scheduled");

/** How far that is. People come and go while it is taken, so there may be more than there were when it was begun. */
export function lookedAt({ built, to_look_at: all }: Pick<CampaignOut, "built" | "to_look_at">): string {
  return `Building: ${amount(built)}${all === null ? "" : ` of ${amount(Math.max(all, built))}`} looked at`;
}

/** Of two accounts of one campaign the later: by the changes of people, then by when its figures moved. */
export function later(a: CampaignOut, b: CampaignOut | undefined): CampaignOut {
  if (b === undefined) return a;
  if (a.version !== b.version) return a.version > b.version ? a : b;
  return Date.parse(b.moved_at) >= Date.parse(a.moved_at) ? b : a;
}

/** What decides in which list a campaign stands, of all: another string where one of them has moved to another. */
export const places = (all: Iterable<CampaignOut>): string =>
  [...all].map((one) => `${one.id}:${one.state}:${one.archived_at !== null}:${one.template}:${one.name}`).sort().join("\n");
