// The REST side of people: what is asked, under which key it is kept, and what has to be read anew after a change.
import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";
import { askAnew } from "../anew";
import { call, callForFile, Problem } from "../api";
import type { Filter } from "../filters/filter";
import type { Patch } from "./patch";
import type { Audience, Spec } from "./selection";
import type { Contact, ContactPage, CustomField, FieldKind, Member, Owner, Pipeline, Showing, Sort, Stage, Tag } from "./types";

export const PAGE = 100;

/** Everything that a list of people says; one key for each list, so that one call forgets them all. */
const LIST = "people";
const COUNT = "people-count";
const CONTACT = "contact";
const TIMELINE = "timeline";

export const peopleQuery = (spec: Spec, sort: Sort) =>
  infiniteQueryOptions({
    queryKey: [LIST, spec, sort],
    queryFn: ({ pageParam, signal }) =>
      call<ContactPage>("POST", "/contacts/query", { ...asked(spec), sort, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    structuralSharing: false, // comparing a hundred thousand rows costs more than it saves
    // A list that somebody has scrolled far is not read again from its beginning because the window came back.
    refetchOnWindowFocus: (query) => (query.state.data?.pages.length ?? 0) <= 5,
  });

export const countQuery = (spec: Spec) =>
  queryOptions({ queryKey: [COUNT, spec], queryFn: ({ signal }) => call<{ count: number }>("POST", "/contacts/count", asked(spec), signal), staleTime: 5_000 });

export const contactQuery = (id: number) =>
  queryOptions({ queryKey: [CONTACT, id], queryFn: () => call<Contact>("GET", `/contacts/${id}`), refetchInterval: 30_000, refetchOnWindowFocus: "always" });

export const showingsQuery = (id: number) =>
  queryOptions({ queryKey: [CONTACT, id, "showings"], queryFn: () => call<{ showings: Showing[] }>("GET", `/contacts/${id}/showings`) });

export const tagsQuery = queryOptions({ queryKey: ["tags"], queryFn: () => call<{ tags: Tag[] }>("GET", "/tags"), select: (said) => said.tags });
export const pipelinesQuery = queryOptions({ queryKey: ["pipelines"], queryFn: () => call<{ pipelines: Pipeline[] }>("GET", "/pipelines"), select: (said) => said.pipelines });
export const customFieldsQuery = queryOptions({ queryKey: ["custom-fields"], queryFn: () => call<{ custom_fields: CustomField[] }>("GET", "/custom-fields"), select: (said) => said.custom_fields });
export const membersQuery = queryOptions({ queryKey: ["members"], queryFn: () => call<{ members: Member[] }>("GET", "/members"), select: (said) => said.members, staleTime: 60_000 });

interface Saved {
  filter_id: number;
  name: string;
  definition: Filter;
}
export type SavedFilter = Saved;
export const filtersQuery = queryOptions({ queryKey: ["filters"], queryFn: () => call<{ filters: Saved[] }>("GET", "/filters"), select: (said) => said.filters });

// A contact's history

export interface MessageItem {
  kind: "message";
  at: string;
  thread_id: number;
  seq: number;
  address: string;
  direction: "in" | "out";
  body: string;
  media: number;
  state: string | null;
  error: string | null;
  author: string | null;
  campaign: { campaign_id: number; kind: string; name: string } | null;
}
export interface ConsentItem {
  kind: "consent";
  at: string;
  id: number;
  address: string;
  event: string;
  source: string;
  text: string | null;
  member: string | null;
  thread_id: number | null;
}
export interface CallItem {
  kind: "call";
  at: string;
  id: number;
  address: string;
  direction: "in" | "out";
  outcome: string;
  duration_s: number | null;
  note: string;
  member: string | null;
}
export interface ImportItem {
  kind: "import";
  at: string;
  id: number;
  name: string;
  what: "created" | "updated";
  member: string | null;
}
export type TimelineItem = MessageItem | ConsentItem | CallItem | ImportItem;
export interface TimelinePage {
  items: TimelineItem[];
  next: string | null;
}

export const timelineQuery = (id: number) =>
  infiniteQueryOptions({
    queryKey: [TIMELINE, id],
    queryFn: ({ pageParam }) => call<TimelinePage>("GET", `/contacts/${id}/timeline?limit=50${pageParam ? `&before=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 2 ? 15_000 : false),
  });

// Changes

export interface NewContact {
  first_name: string;
  last_name: string;
  email: string;
  phones: { phone: string; label: string }[];
}

export const peopleApi = {
  create: (contact: NewContact) => call<Contact>("POST", "/contacts", contact),
  patch: (id: number, patch: Patch, version: number) => call<Contact>("PATCH", `/contacts/${id}`, { ...patch, version }),
  remove: (id: number) => call<null>("DELETE", `/contacts/${id}`),
  merge: (id: number, other_id: number) => call<Contact>("POST", `/contacts/${id}/merge`, { other_id }),
  addPhone: (id: number, phone: string, label: string) => call<Contact>("POST", `/contacts/${id}/phones`, { phone, label }),
  patchPhone: (id: number, endpoint: number, patch: { label?: string; priority?: number }) => call<Contact>("PATCH", `/contacts/${id}/phones/${endpoint}`, patch),
  removePhone: (id: number, endpoint: number) => call<Contact>("DELETE", `/contacts/${id}/phones/${endpoint}`),
  stage: (id: number, pipeline_id: number, stage_id: number | null) => call<Contact>("PUT", `/contacts/${id}/stages`, { pipeline_id, stage_id }),
  addShowing: (id: number, showing: Omit<Showing, "showing_id">) => call<unknown>("POST", `/contacts/${id}/showings`, showing),
  removeShowing: (id: number, showing: number) => call<unknown>("DELETE", `/contacts/${id}/showings/${showing}`),

  saveFilter: (name: string, definition: Filter) => call<Saved>("POST", "/filters", { name, definition }),
  patchFilter: (id: number, patch: { name?: string; definition?: Filter }) => call<Saved>("PATCH", `/filters/${id}`, patch),
  removeFilter: (id: number) => call<null>("DELETE", `/filters/${id}`),
};

/** One change to many; what is left out stays. */
export interface ManyEdit {
  /** Names: one that does not exist yet is made. */
  add_tags?: string[];
  remove_tag_ids?: number[];
  stage?: { pipeline_id: number; stage_id: number | null };
  owner_id?: number | null;
}
export const editMany = (audience: Audience, edit: ManyEdit) => call<{ changed: number }>("POST", "/contacts/edit", { audience, ...edit });

export const settingsApi = {
  addTag: (name: string) => call<Tag>("POST", "/tags", { name }),
  renameTag: (id: number, name: string) => call<Tag>("PATCH", `/tags/${id}`, { name }),
  removeTag: (id: number) => call<null>("DELETE", `/tags/${id}`),
  addField: (field: { name: string; label: string; kind: FieldKind; choices: string[] }) => call<CustomField>("POST", "/custom-fields", field),
  patchField: (id: number, patch: { label?: string; choices?: string[]; position?: number }) => call<CustomField>("PATCH", `/custom-fields/${id}`, patch),
  removeField: (id: number) => call<null>("DELETE", `/custom-fields/${id}`),
  addPipeline: (name: string, stages: string[]) => call<Pipeline>("POST", "/pipelines", { name, stages }),
  renamePipeline: (id: number, name: string) => call<Pipeline>("PATCH", `/pipelines/${id}`, { name }),
  /** `in_use`: whoever stands in it falls out; without that it is refused while somebody does. */
  removePipeline: (id: number, in_use: boolean) => call<null>("DELETE", `/pipelines/${id}${in_use ? "?even_in_use=true" : ""}`),
  addStage: (pipeline: number, name: string) => call<Stage>("POST", `/pipelines/${pipeline}/stages`, { name }),
  patchStage: (pipeline: number, stage: number, patch: { name?: string; position?: number }) => call<Stage>("PATCH", `/pipelines/${pipeline}/stages/${stage}`, patch),
  removeStage: (pipeline: number, stage: number, in_use: boolean) => call<null>("DELETE", `/pipelines/${pipeline}/stages/${stage}${in_use ? "?even_in_use=true" : ""}`),
};

const asked = ({ filter, q }: Spec): { filter?: Filter; q?: string } => ({ ...(filter ? { filter } : {}), ...(q.trim() ? { q: q.trim() } : {}) });

/** The file as the browser saves it. The answer is streamed, so it is no JSON to be read here. */
export const exportCsv = (audience: Audience): Promise<Blob> => callForFile("/contacts/export", audience);

/** The row that a refused, stale change was measured against. */
export const presentOf = (error: unknown): Contact | null =>
  error instanceof Problem && error.status === 409 ? ((error.more["contact"] as Contact | undefined) ?? null) : null;

/** A contact as the server has just told it: shown at once, and the lists that show it are read again. */
export function knowContact(queries: QueryClient, contact: Contact): void {
  queries.setQueryData(contactQuery(contact.contact_id).queryKey, contact);
  void queries.invalidateQueries({ queryKey: [LIST] });
  void queries.invalidateQueries({ queryKey: [COUNT] });
}

export function forgetPeople(queries: QueryClient): Promise<void> {
  return Promise.all([LIST, COUNT, CONTACT].map((key) => queries.invalidateQueries({ queryKey: [key] }))).then(() => undefined);
}

export const forgetTimeline = (queries: QueryClient, id: number): Promise<void> => askAnew(queries, [TIMELINE, id]);

export const ownerOf = (members: readonly Member[] | undefined, id: number | null): Owner | null =>
  members?.find((one) => one.member_id === id) ?? null;
