// Saved texts as the server tells them, and what is asked of it.
import { keepPreviousData, queryOptions, type QueryClient } from "@tanstack/react-query";
import { call } from "../api";

/** Something wrong in a text, at a place counted in code points; `instead` is what was likely meant. */
export interface Fault {
  readonly kind: "unclosed" | "nameless" | "unknown" | "placeholder" | "single_braces";
  readonly at: number;
  readonly length: number;
  readonly sentence: string;
  readonly instead: string | null;
}

export interface Token {
  readonly name: string;
  readonly label: string;
  readonly custom: boolean;
  readonly kind: string;
  readonly choices: readonly string[];
}

export interface Template {
  readonly template_id: number;
  readonly name: string;
  readonly body: string;
  readonly shared: boolean;
  readonly mine: boolean;
  readonly folder_id: number | null;
  readonly version: number;
  readonly used: number;
  readonly used_at: string | null;
  readonly author: string | null;
  readonly changed_at: string;
  readonly tokens: readonly string[];
  readonly faults: readonly Fault[];
}

export interface Folder {
  readonly folder_id: number;
  readonly name: string;
  readonly shared: boolean;
  readonly templates: number;
}

/** What a text becomes for one recipient; `text` is null where there are faults. */
export interface Rendered {
  readonly text: string | null;
  readonly faults: readonly Fault[];
  readonly missing: readonly Token[];
  readonly values: Readonly<Record<string, string | null>>;
  readonly too_long: boolean;
}

/** Whom a text is for; nobody in particular is a number that we know nothing of. */
export interface Recipient {
  readonly contactId?: number | undefined;
  readonly threadId?: number | undefined;
}

export interface NewTemplate {
  readonly name: string;
  readonly body: string;
  readonly shared: boolean;
  readonly folder_id: number | null;
}

export const MAX_CHARACTERS = 1_600; // as server/domain/filling.py

const KEY = "templates";

export const templatesQuery = queryOptions({
  queryKey: [KEY, "rows"],
  queryFn: () => call<{ rows: Template[] }>("GET", "/templates").then(({ rows }) => rows),
  staleTime: 10_000,
});
export const foldersQuery = queryOptions({
  queryKey: [KEY, "folders"],
  queryFn: () => call<{ rows: Folder[] }>("GET", "/template-folders").then(({ rows }) => rows),
  staleTime: 10_000,
});
export const tokensQuery = queryOptions({
  queryKey: [KEY, "tokens"],
  queryFn: () => call<{ tokens: Token[] }>("GET", "/templates/tokens").then(({ tokens }) => tokens),
  staleTime: 10_000,
});

export const forgetTemplates = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: [KEY] });

export const render = (body: string, { contactId, threadId }: Recipient, answers: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Rendered> =>
  call<Rendered>("POST", "/templates/render", { body, contact_id: contactId ?? null, thread_id: contactId === undefined ? (threadId ?? null) : null, answers }, signal);

export const renderedQuery = (body: string, recipient: Recipient) =>
  queryOptions({
    queryKey: [KEY, "rendered", body, recipient.contactId ?? null, recipient.threadId ?? null],
    queryFn: ({ signal }) => render(body, recipient, {}, signal),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });

export const add = (template: NewTemplate): Promise<Template> => call<Template>("POST", "/templates", template);
export const change = (id: number, changes: Partial<NewTemplate> & { version?: number }): Promise<Template> => call<Template>("PATCH", `/templates/${id}`, changes);
export const remove = (id: number): Promise<null> => call<null>("DELETE", `/templates/${id}`);
export const addFolder = (name: string, shared: boolean): Promise<Folder> => call<Folder>("POST", "/template-folders", { name, shared });
export const renameFolder = (id: number, name: string): Promise<Folder> => call<Folder>("PATCH", `/template-folders/${id}`, { name });
export const removeFolder = (id: number): Promise<null> => call<null>("DELETE", `/template-folders/${id}`);

/** Nobody waits for the count, and a lost one matters to nobody. */
export const countUse = (id: number): void => void call("POST", `/templates/${id}/used`).catch(() => undefined);
