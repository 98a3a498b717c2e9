// What other programs are let in with, and where events are posted to: as the server tells it, and what is asked of it.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "../api";

export type Scope = "read" | "send" | "people" | "campaigns" | "dialer" | "webhooks";

export const SCOPES: readonly { value: Scope; label: string; description: string }[] = [
  { value: "read", label: "Read", description: "Everything that you can see" },
  { value: "send", label: "Send", description: "Texts to one person" },
  { value: "people", label: "People", description: "Contacts, tags, consent, imports" },
  { value: "campaigns", label: "Campaigns", description: "Texts to many, and templates" },
  { value: "dialer", label: "Dialer", description: "Calls, quick texts, live events" },
  { value: "webhooks", label: "Webhooks", description: "Where events are posted to" },
];

export interface Token {
  id: number;
  name: string;
  hint: string;
  scopes: Scope[];
  per_minute: number;
  member: string;
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}
export type NewToken = Token & { token: string };

export const tokensQuery = queryOptions({ queryKey: ["tokens"], queryFn: () => call<{ tokens: Token[] }>("GET", "/tokens"), select: (said) => said.tokens, refetchInterval: 30_000 });

export const tokensApi = {
  make: (name: string, scopes: readonly Scope[]) => call<NewToken>("POST", "/tokens", { name, scopes }),
  revoke: (id: number) => call<unknown>("DELETE", `/tokens/${id}`),
};

export const KINDS: readonly { value: string; label: string }[] = [
  { value: "message.received", label: "A text comes in" },
  { value: "message.status", label: "A text is sent, delivered or fails" },
  { value: "contact.opted_out", label: "Somebody opts out" },
  { value: "contact.opted_in", label: "Somebody opts in again" },
  { value: "thread.assigned", label: "A conversation is assigned" },
  { value: "link.clicked", label: "A link is followed" },
  { value: "campaign.status", label: "A campaign starts, pauses or ends" },
];
export const kindWords = (kind: string): string => KINDS.find((one) => one.value === kind)?.label ?? kind;

export interface Webhook {
  id: number;
  url: string;
  kinds: string[];
  old_secret_until: string | null;
  disabled_at: string | null;
  disabled_why: string | null;
  created_at: string;
}
export type WebhookWithSecret = Webhook & { secret: string };

export interface Delivery {
  id: number;
  webhook_id: string;
  event_seq: number;
  kind: string;
  state: "pending" | "delivered" | "failed";
  tries: number;
  at: string;
  tried_at: string | null;
  due_at: string | null;
  status: number | null;
  error: string | null;
}

export const webhooksQuery = queryOptions({ queryKey: ["webhooks"], queryFn: () => call<{ webhooks: Webhook[] }>("GET", "/webhooks"), select: (said) => said.webhooks, refetchInterval: 10_000 });

const PAGE = 20;
const LOG = "webhook-log";
export const logKey = (id: number) => [LOG, id] as const;
export const logQuery = (id: number) =>
  infiniteQueryOptions({
    queryKey: logKey(id),
    queryFn: ({ pageParam }) => call<{ deliveries: Delivery[] }>("GET", `/webhooks/${id}/deliveries?limit=${PAGE}${pageParam === null ? "" : `&before=${pageParam}`}`),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.deliveries.length < PAGE ? null : (page.deliveries.at(-1)?.event_seq ?? null)),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 2 ? 3_000 : false),
  });

export interface Wanted {
  url: string;
  kinds: readonly string[];
}
export const webhooksApi = {
  add: (wanted: Wanted) => call<WebhookWithSecret>("POST", "/webhooks", wanted),
  change: (id: number, change: Partial<Wanted> & { disabled?: boolean }) => call<Webhook>("PATCH", `/webhooks/${id}`, change),
  rotate: (id: number) => call<WebhookWithSecret>("POST", `/webhooks/${id}/secret`),
  replay: (id: number) => call<Delivery>("POST", `/webhooks/deliveries/${id}/replay`),
};
