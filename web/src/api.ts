// The REST side: JSON both ways, problems as sentences, and the header that no foreign page can set.
import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { present, setPresent } from "./clock";
import type { Deed, InboxPage, ReviewOut, ReviewPageOut, ThreadSnapshot } from "./gen/wire";
import { REVIEWS, type Decision } from "./review/review";

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** The field at fault, and whatever else the server told beside its sentence: the present row of a stale edit, say. */
    readonly field: string | null = null,
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title);
  }
}

export interface Session {
  member: { id: number; name: string; email: string; role: string };
  workspace: { id: number; name: string; simulated: boolean };
  /** What the member's role allows of what not everybody may do. */
  may: readonly Deed[];
  /** The server's wall clock. */
  now?: string;
}

export interface Demo {
  simulated: true;
  logins: { email: string; password: string; name: string; role: string }[];
}

/** Whether texts in bulk may reach a contact, until when that holds, and in which zones the contact may be. */
export interface Hours {
  open: boolean;
  until: string | null;
  zones: string[];
  /** A sentence where the ZIP code adds a state with hours of its own. */
  by_zip: string | null;
}

export interface Actor {
  name: string;
  kind: string;
  state: string;
  depth: number;
  oldest_age_s: number | null;
  handled: number;
  restarts: number;
  last_error: { at: string; type: string } | null;
  children: Actor[];
  left_out?: number;
}

/** A server on our database; `tree` is what it told `told_s` ago, null where it told nothing yet. */
export interface Server {
  gen: number;
  host: string;
  pid: number;
  started_at: string;
  here: boolean;
  sends: boolean;
  life: "running" | "silent" | "taken_over" | "gone";
  ended_at: string | null;
  told_s: number | null;
  tree: Actor | null;
}

/** Rates are segments per second; `queued` counts texts: answers, people's, bulk. */
interface Flow {
  rate: number;
  configured_rate: number;
  queued: [number, number, number];
  segments: number;
  achieved_per_s: number;
  next_in_s: number | null;
  eta_s: number | null;
  slowed_for_s: number | null;
}

export interface NumberPace extends Flow {
  number: string;
}

export interface LimitPace extends Flow {
  kind: "number" | "account" | "registration" | "campaign";
  name: string;
  carrier: string;
  burst: number;
  held_up: number;
}

export interface BrandDay {
  brand: string;
  cap: number | null;
  used: number;
  left: number;
  spent: boolean;
  resets_in_s: number;
  held_up: number;
}

export interface Server {
  gen: number;
  host: string;
  sends: boolean;
  here: boolean;
}

export interface Sending {
  holds: boolean;
  servers: Server[];
  numbers: NumberPace[];
  limits: LimitPace[];
  days: BrandDay[];
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

interface Asked {
  type?: string;
  body?: BodyInit | null;
  signal?: AbortSignal | undefined;
  /** It goes on where its page is left; then it has to be small. */
  outlives?: boolean;
}

/** Asks, and raises a Problem with the server's own sentence where it refuses. */
async function ask(method: Method, path: string, { type, body = null, signal, outlives = false }: Asked): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF"] = "1";
  if (type !== undefined) headers["Content-Type"] = type;
  const answer = await fetch(`/api/v1${path}`, { method, headers, body, signal: signal ?? null, keepalive: outlives }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new Problem(0, "No connection", "The server cannot be reached. Check your connection and try again.");
  });
  if (answer.ok) return answer;
  const said: unknown = await answer.json().catch(() => null);
  const { title, detail, field, ...more } = (said ?? {}) as { title?: string; detail?: string; field?: string };
  throw new Problem(answer.status, title ?? "Something went wrong", detail ?? `The server answered ${answer.status}.`, field ?? null, more);
}

const JSON_TYPE = "application/json";

const inJson = (body: unknown): Asked => ({ type: JSON_TYPE, body: JSON.stringify(body) });

/** A request under /api/v1; what it answers is believed to be a T. An answer without a body is null. One that *outlives* its page is small. */
export async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal, outlives = false): Promise<T> {
  const answer = await ask(method, path, { ...(body !== undefined && inJson(body)), signal, outlives });
  return (await answer.json().catch(() => null)) as T;
}

/** The file that the server makes of *body*. */
export async function callForFile(path: string, body: unknown): Promise<Blob> {
  return (await ask("POST", path, inJson(body))).blob();
}

/** Sends a file as it is. */
export async function callWithFile<T>(path: string, file: Blob): Promise<T> {
  return (await (await ask("POST", path, { type: "application/octet-stream", body: file })).json()) as T;
}

function withPresent(session: Session): Session {
  setPresent(session.now);
  return session;
}

const absentAsNull = (error: unknown): null => {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
};

export const api = {
  login: (email: string, password: string) => call<Session>("POST", "/login", { email, password }).then(withPresent),
  logout: () => call<unknown>("POST", "/logout"),
  threads: (cursor: string, asked = "show=open") => call<InboxPage>("GET", `/threads?${asked}${cursor && `&cursor=${encodeURIComponent(cursor)}`}&limit=50`),
  decide: (id: number, decision: Decision) => call<ReviewOut>("POST", `/review/${id}`, { decision }),
  handOver: (gen: number) => call<unknown>("POST", "/system/hand-over", { gen }),
  olderMessages: (id: number, before: number, limit = 50) => call<ThreadSnapshot>("GET", `/threads/${id}?before=${before}&limit=${limit}`),
};

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: (failures, error) => failures < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500) } },
});

export const sessionQuery = queryOptions({ queryKey: ["me"], queryFn: () => call<Session>("GET", "/me").then(withPresent), staleTime: Infinity });
export const demoQuery = queryOptions({ queryKey: ["demo"], queryFn: () => call<Demo>("GET", "/demo").catch(absentAsNull), staleTime: Infinity });
const LONGEST_MS = 3_600_000; // a timer that sleeps through a change of the rules or of the clock wakes again
const untilIt = (changes: string | null | undefined): number => (changes ? Math.min(Math.max(Date.parse(changes) - present().getTime(), 1_000), LONGEST_MS) : LONGEST_MS);
export const hoursQuery = (id: number) =>
  queryOptions({
    queryKey: ["hours", id],
    queryFn: () => call<Hours>("GET", `/threads/${id}/hours`).catch(absentAsNull),
    refetchInterval: (query) => untilIt(query.state.data?.until),
  });
export const serversQuery = queryOptions({ queryKey: ["servers"], queryFn: () => call<{ servers: Server[] }>("GET", "/system/servers") });
export const sendingQuery = queryOptions({ queryKey: ["sending"], queryFn: () => call<Sending>("GET", "/system/pace") });

const reviews = (of: string) =>
  infiniteQueryOptions({
    queryKey: [REVIEWS, of],
    queryFn: ({ pageParam }) => call<ReviewPageOut>("GET", `/review?limit=30${of}${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
export const reviewsQuery = reviews("");
export const threadReviewsQuery = (id: number) => reviews(`&thread_id=${id}`);

/** Whether the server says that nobody is logged in; a server that cannot be reached has said nothing. */
export async function sessionIsOver(): Promise<boolean> {
  try {
    await call<Session>("GET", "/me");
    return false;
  } catch (error) {
    return error instanceof Problem && error.status === 401;
  }
}
