// What the server tells of a number's consent, what is asked of it, and the words of the forms.
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import { call, Problem } from "../api";

export type Stand = "carrier_blocked" | "opted_out" | "held" | "consented" | "none";
export type Kind = "opted_in" | "revoked" | "undo";
export type Channel = "form" | "verbal" | "written" | "keyword" | "import" | "api";

export interface Proof {
  proof_id: number;
  name: string;
  content_type: string;
  size: number;
  sha256: string;
}

export interface Entry {
  id: number;
  kind: string;
  title: string;
  source_words: string;
  /** RFC 3339: when the contact said it, and when it was written down. */
  at: string;
  recorded_at: string;
  text: string | null;
  evidence: Readonly<Record<string, unknown>>;
  channel_words: string | null;
  recorded_by: string | null;
  thread_id: number | null;
  proof: Proof | null;
}

export interface Consent {
  endpoint_id: number;
  /** E.164. */
  address: string;
  name: string | null;
  state: Stand;
  sentence: string;
  opted_out: boolean;
  carrier_blocked: boolean;
  epoch: number;
  consented_at: string | null;
  said_no_at: string | null;
  opt_in_required: boolean;
  entries: Entry[];
  next_before: number | null;
}

export interface NewEntry {
  cmd_id: string;
  kind: Kind;
  channel: Channel;
  statement: string;
  at: string | null;
  zone: string;
  proof_id: number | null;
  epoch: number | null;
  url: string | null;
  note: string | null;
}

const CONSENT = "consent";
const path = (endpoint: number) => `/endpoints/${endpoint}/consent`;

export const consentQuery = (endpoint: number) =>
  queryOptions({ queryKey: [CONSENT, endpoint], queryFn: ({ signal }) => call<Consent>("GET", path(endpoint), undefined, signal), staleTime: 0 });
export const threadConsentQuery = (thread: number) =>
  queryOptions({ queryKey: [CONSENT, "thread", thread], queryFn: ({ signal }) => call<Consent>("GET", `/threads/${thread}/consent`, undefined, signal), staleTime: 0 });
export const settingsQuery = queryOptions({ queryKey: [CONSENT, "settings"], queryFn: () => call<Settings>("GET", "/settings/consent") });

export interface Settings {
  opt_in_required: boolean;
}

export const consentApi = {
  older: (endpoint: number, before: number) => call<Consent>("GET", `${path(endpoint)}?before=${before}`),
  record: (endpoint: number, entry: NewEntry) => call<Consent>("POST", path(endpoint), entry),
  settings: (settings: Settings) => call<Settings>("PATCH", "/settings/consent", settings),
};

/** Everything that was read of consent is asked for anew. */
export const forgetConsent = (queries: QueryClient): Promise<void> => queries.invalidateQueries({ queryKey: [CONSENT] });

export const wholeProof = (endpoint: number): string => `/api/v1${path(endpoint)}/proof`;
export const proofFile = (proof: Proof): string => `/api/v1/proofs/${proof.proof_id}`;
export const MOST_BYTES = 5_000_000;
export const PROOF_TYPES = ".pdf,.png,.jpg,.jpeg,.txt,.csv,.eml";

/** Sends a file as it is; what the server says of it is its name, its type and its hash. */
export async function keepProof(file: File): Promise<Proof> {
  if (file.size > MOST_BYTES) throw new Problem(413, "Too big", "This file is too big: at most 5 MB are kept.", "proof_id");
  const answer = await fetch(`/api/v1/proofs?name=${encodeURIComponent(file.name)}`, {
    method: "POST", body: file, headers: { Accept: "application/json", "X-CSRF": "1", "Content-Type": "application/octet-stream" },
  }).catch(() => {
    throw new Problem(0, "No connection", "The server cannot be reached. Check your connection and try again.");
  });
  const said = (await answer.json().catch(() => null)) as (Proof & { title?: string; detail?: string }) | null;
  if (answer.ok && said) return said;
  throw new Problem(answer.status, said?.title ?? "Something went wrong", said?.detail ?? `The server answered ${answer.status}.`, "proof_id");
}

const CHANNELS: Record<Exclude<Channel, "import" | "api">, string> = {
  verbal: "On the phone or in person",
  written: "By e-mail or letter",
  form: "On a form",
  keyword: "By a keyword to another number",
};

/** How a contact may have said it; an opt-out is undone by their own new word only. */
export const channelsOf = (kind: Kind): { value: string; label: string }[] =>
  Object.entries(CHANNELS).filter(([value]) => kind !== "undo" || value !== "keyword").map(([value, label]) => ({ value, label }));

interface Words {
  title: string;
  lead: string;
  how: string;
  said: string;
  when: string;
  button: string;
}

export const WORDS: Readonly<Record<Kind, Words>> = {
  opted_in: {
    title: "Record consent",
    lead: "The contact agreed to get texts. What is written here is kept for ever and can be shown to whoever asks.",
    how: "How did they agree?",
    said: "The exact words that they agreed to",
    when: "When did they agree?",
    button: "Record consent",
  },
  revoked: {
    title: "Record a revocation",
    lead: "The contact asked to stop another way than by text. They are opted out at once, as if they had texted STOP; no confirmation is sent.",
    how: "How did they ask?",
    said: "What they said",
    when: "When did they ask?",
    button: "Opt out",
  },
  undo: {
    title: "Undo the opt-out",
    lead: "Only the contact's own newer consent lifts an opt-out. Nothing that was blocked meanwhile is sent.",
    how: "How did they consent again?",
    said: "The exact words of their new consent",
    when: "When did they consent again?",
    button: "Undo the opt-out",
  },
};

/** A moment as `datetime-local` wants it, by the reader's clock. */
export function localInput(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const LABELS: Readonly<Record<string, string>> = { url: "Page", ip: "IP address", agent: "Browser", zone: "Time zone", note: "Note", file: "File", import: "Import" };

/** What was kept beside the words, for a list. */
export const factsOf = (entry: Entry): { label: string; value: string }[] =>
  Object.entries(entry.evidence)
    .filter(([name, value]) => name !== "channel" && (typeof value === "string" || typeof value === "number"))
    .map(([name, value]) => ({ label: LABELS[name] ?? name, value: String(value) }));

export const sizeOf = (bytes: number): string => (bytes < 1_000 ? `${bytes} bytes` : bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`);
