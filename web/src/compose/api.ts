// The REST side of writing: what is sent, checked, kept as a draft, taken back.
import { queryOptions } from "@tanstack/react-query";
import { call, callWithFile, type Hours } from "../api";

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

/** A picture that is stored; `url` shows it. What it is called is known where it was chosen. */
export interface Picture {
  media_id: string;
  url: string;
  name?: string;
}

export interface Draft {
  body: string;
  recipient: string;
  pictures: Picture[];
  changed_at: string | null;
}

/** How a text for later stands that has not left yet. */
export interface Planned {
  body: string;
  send_at: string;
  cancel_on_reply: boolean;
}

const messagePath = (thread: number, seq: number): string => `/threads/${thread}/messages/${seq}`;

export const composeApi = {
  send: (text: Outgoing) => call<Sent>("POST", "/messages", text),
  sendAgain: (thread: number, seq: number, command: string) => call<Sent>("POST", "/messages", { cmd_id: command, thread_id: thread, resend_of: seq }),
  cancel: (thread: number, seq: number) => call<unknown>("DELETE", messagePath(thread, seq)),
  /** A suggested reply was put into the text. */
  picked: (thread: number, basedOn: number, item: number) => call<unknown>("POST", `/threads/${thread}/suggestions/picked`, { based_on: basedOn, item }),
  change: (thread: number, seq: number, change: { body?: string; send_at?: string; cancel_on_reply?: boolean }) => call<unknown>("PATCH", messagePath(thread, seq), change),
  draft: (thread: number) => call<Draft>("GET", `/drafts/${thread}`),
  saveDraft: (thread: number, draft: { body: string; recipient: string; media: string[]; changed_at: string }, leaving = false) => call<Draft>("PUT", `/drafts/${thread}`, draft, undefined, leaving),
  /** A file as it is, with what it is called; the server looks at what it is. */
  upload: (file: File) => callWithFile<Picture>(`/media?name=${encodeURIComponent(file.name.slice(0, 200))}`, file),
};

export const plannedQuery = (thread: number, seq: number) =>
  queryOptions({ queryKey: ["planned", thread, seq], queryFn: () => call<Planned>("GET", messagePath(thread, seq)), gcTime: 0, staleTime: 0 });

/** What should be known before a text is sent there, at that time. */
export const checkQuery = (whom: Whom | null, sendAt: string | null) =>
  queryOptions({
    queryKey: ["compose-check", whom, sendAt],
    queryFn: ({ signal }) => call<Checked>("POST", "/messages/check", { ...whom, ...(sendAt ? { send_at: sendAt } : {}) }, signal),
    enabled: whom !== null,
    retry: false,
    staleTime: 5_000,
  });
