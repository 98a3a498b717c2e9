// The REST side of writing: what is sent, checked, kept as a draft, taken back.
import { queryOptions } from "@tanstack/react-query";
import { call, Problem, type Hours } from "../api";

/** One of `to` (in any spelling), `contact_id` and `thread_id`. */
export interface Whom {
  to?: string;
  contact_id?: number;
  thread_id?: number;
}

export interface Outgoing extends Whom {
  cmd_id: string;
  body: string;
  media?: string[];
  send_at?: string;
  cancel_on_reply?: boolean;
  undo_s?: number;
  acknowledged_opt_out?: boolean;
}

export interface Sent {
  thread_id: number;
  seq: number;
  again: boolean;
}

export interface Warned {
  kind: "opted_out" | "recipient_held" | "carrier_blocked" | "invalid_number" | "not_a_test_number" | "quiet_hours";
  sentence: string;
  stops: boolean;
}

export interface Checked {
  recipient: { address: string; name: string | null; contact_id: number | null; thread_id: number | null };
  hours: Hours;
  warnings: Warned[];
}

export interface Draft {
  body: string;
  recipient: string;
  changed_at: string | null;
}

export interface Picture {
  media_id: string;
  content_type: string;
  size: number;
  url: string;
}

const messagePath = (thread: number, seq: number): string => `/threads/${thread}/messages/${seq}`;

export const composeApi = {
  send: (text: Outgoing) => call<Sent>("POST", "/messages", text),
  cancel: (thread: number, seq: number) => call<unknown>("DELETE", messagePath(thread, seq)),
  change: (thread: number, seq: number, change: { body?: string; send_at?: string; cancel_on_reply?: boolean }) => call<unknown>("PATCH", messagePath(thread, seq), change),
  draft: (thread: number) => call<Draft>("GET", `/drafts/${thread}`),
  saveDraft: (thread: number, body: string, recipient: string, changed_at: string, leaving = false) => call<Draft>("PUT", `/drafts/${thread}`, { body, recipient, changed_at }, undefined, leaving),
  upload,
};

/** A file as it is, with what it is called; the server looks at what it is. */
async function upload(file: File): Promise<Picture> {
  const answer = await fetch(`/api/v1/media?name=${encodeURIComponent(file.name.slice(0, 200))}`, {
    method: "POST", headers: { "X-CSRF": "1", "Content-Type": "application/octet-stream" }, body: file,
  }).catch(() => {
    throw new Problem(0, "No connection", "The server cannot be reached. Check your connection and try again.");
  });
  const said = (await answer.json().catch(() => ({}))) as Picture & { title?: string; detail?: string };
  if (!answer.ok) throw new Problem(answer.status, said.title ?? "Not taken", said.detail ?? `The server answered ${answer.status}.`);
  return said;
}

/** What should be known before a text is sent there, at that time. */
export const checkQuery = (whom: Whom | null, sendAt: string | null) =>
  queryOptions({
    queryKey: ["compose-check", whom, sendAt],
    queryFn: ({ signal }) => call<Checked>("POST", "/messages/check", { ...whom, ...(sendAt ? { send_at: sendAt } : {}) }, signal),
    enabled: whom !== null,
    retry: false,
    staleTime: 5_000,
  });
