// The public API as another program uses it: a token and no cookie, plain requests, and the stream of events.
import { Problem } from "../api";

export interface StreamEvent {
  seq: number;
  kind: string;
  at: string;
  data: Readonly<Record<string, unknown>>;
}

export interface Why {
  code: string;
  sentence: string;
}
export interface May {
  allowed: boolean;
  reasons: Why[];
}

export interface Text {
  seq: number;
  direction: "in" | "out";
  body: string;
  at: string;
  call_id: string | null;
}

export interface ScreenPop {
  call_id: string;
  address: string;
  contact: { contact_id: number; name: string | null; owner: string | null; tags: string[]; property_address: string } | null;
  thread_id: number | null;
  messages: Text[];
  opted_out: boolean;
  held: boolean;
  carrier_blocked: boolean;
  local_times: { zone: string; time: string }[];
  may_text: May;
  may_call: May;
  url: string;
}

export type Disposition = "talked" | "no_answer" | "voicemail" | "busy" | "call_back" | "wrong_number" | "do_not_contact";

export interface Ended {
  suppressed: boolean;
  may_text: May;
}

export interface Sent {
  thread_id: number;
  seq: number;
  again: boolean;
  body: string;
  segments: number;
}

export interface Found {
  contact_id: number;
  name: string;
  phones: { address: string; opted_out: boolean; invalid_code: string | null }[];
}

export interface SavedText {
  template_id: number;
  name: string;
  body: string;
}

const AGAIN_MS = 2_000;

export class Program {
  constructor(readonly token: string) {}

  async ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
    const answer = await this.fetch(method, path, body === undefined ? null : JSON.stringify(body), { "Content-Type": "application/json" });
    return (await answer.json()) as T;
  }

  /** Tells *heard* what happens, until *signal*; cut off, it goes on behind the last event. Ends with the Problem where the token is refused. */
  async listen(heard: (event: StreamEvent) => void, connected: (on: boolean) => void, signal: AbortSignal): Promise<void> {
    let last: string | null = null;
    while (!signal.aborted) {
      try {
        const answer = await this.fetch("GET", "/events", null, { Accept: "text/event-stream", ...(last !== null && { "Last-Event-ID": last }) }, signal);
        connected(true);
        for await (const { id, kind, data } of pieces(answer)) {
          last = id ?? last;
          if (kind !== "reset") heard(JSON.parse(data) as StreamEvent);
        }
      } catch (error) {
        if (error instanceof Problem && error.status !== 0 && error.status < 500) throw error;
      }
      connected(false);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  private async fetch(method: string, path: string, body: BodyInit | null, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    const answer = await fetch(`/api/v1${path}`, {
      method, body, signal: signal ?? null, credentials: "omit", headers: { ...headers, Authorization: `Bearer ${this.token}` },
    }).catch(() => {
      throw new Problem(0, "No connection", "The server cannot be reached.");
    });
    if (answer.ok) return answer;
    const { title, detail, field, ...more } = ((await answer.json().catch(() => null)) ?? {}) as { title?: string; detail?: string; field?: string };
    throw new Problem(answer.status, title ?? "Refused", detail ?? `The server answered ${answer.status}.`, field ?? null, more);
  }
}

interface Piece {
  id: string | null;
  kind: string;
  data: string;
}

/** The events of a stream, as https://html.spec.whatwg.org/multipage/server-sent-events.html cuts them. */
export async function* pieces(answer: Response): AsyncGenerator<Piece> {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const piece = read(block);
      if (piece) yield piece;
    }
  }
}

function read(block: string): Piece | null {
  const piece: Piece = { id: null, kind: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) piece.id = line.slice(4);
    else if (line.startsWith("event: ")) piece.kind = line.slice(7);
    else if (line.startsWith("data: ")) piece.data += line.slice(6);
  }
  return piece.data ? piece : null;
}
