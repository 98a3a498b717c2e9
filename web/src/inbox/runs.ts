// How a conversation is laid out: days, runs of one author, and the words under a run. Pure.
import { letter } from "../campaigns/wizard/shares";
import type { MessageOut } from "../gen/wire";
import type { PendingSend } from "../live/store";
import { seqOf, type Aside } from "../live/thread";

export interface Bubble {
  /** The same before and after the server has taken it, so that nothing flickers. */
  readonly key: string;
  readonly seq: number | null;
  readonly direction: "in" | "out";
  readonly body: string;
  readonly at: string;
  readonly author: string | null;
  readonly mine: boolean;
  /** The text to many that it belongs to. */
  readonly of: Whose | null;
  readonly note: string | null;
  readonly media: number;
  /** Addresses of pictures that we hold ourselves. */
  readonly pictures: readonly string[];
  readonly fate: Fate;
}

export interface Whose {
  readonly id: number;
  readonly kind: "campaign" | "bulk";
  /** Its name, with the wording's letter where there are several. */
  readonly words: string;
}

export interface Fate {
  readonly tone: "quiet" | "bad" | "ask";
  readonly words: string;
  readonly act: "none" | "send-again" | "release" | "retry" | "cancel";
  /** The server lets it leave no earlier than this. */
  readonly waits?: { readonly until: string; readonly why: "hours" | "cap" | "plan" | "undo" };
}

export type Item =
  | { readonly kind: "day"; readonly key: string; readonly at: string }
  | { readonly kind: "new"; readonly key: string }
  | { readonly kind: "aside"; readonly key: string; readonly aside: Aside }
  | { readonly kind: "run"; readonly key: string; readonly bubbles: readonly Bubble[] };

const RUN_ENDS_AFTER_MS = 10 * 60_000;
const AUTOMATIC = "keyword_answer";
const TEST = "test";
const NOTES: Record<string, string> = { STOP: "Opted out with this text", START: "Opted back in with this text", HELP: "Asked for help" };

const WAITS: Record<string, "hours" | "cap"> = { quiet_hours: "hours", sending_hours: "hours", cap_reached: "cap" }; // the gate's reasons
const OPT_OUTS = new Set(["opted_out", "opted_out_meanwhile", "consent_changed"]); // the gate's reasons

const ENDS_HERE = new Set(["opted_out", "invalid"]); // another try would end in the same way

const because = (lead: string, error: string | null | undefined): string => (error ? `${lead}: ${error}` : lead);

/** What became of an outbound text, in words, and what the person can do about it. */
export function fateOf(message: Pick<MessageOut, "state" | "error" | "error_code" | "error_class" | "waits_until"> & Partial<Pick<MessageOut, "klass">>): Fate {
  const { state, error, waits_until: until } = message;
  const why = WAITS[message.error_code ?? ""];
  switch (state) {
    case "received":
      return { tone: "quiet", words: "", act: "none" };
    case "queued":
      if (until && !message.error_code) return { tone: "quiet", words: "Scheduled", act: "cancel", waits: { until, why: message.klass === "send_later" ? "plan" : "undo" } };
      if (why && until) return { tone: "quiet", words: "Waiting", act: "cancel", waits: { until, why } };
      return { tone: "quiet", words: "Sending…", act: "none" };
    case "sent":
      return { tone: "quiet", words: "Sent", act: "none" };
    case "delivered":
      return { tone: "quiet", words: "Delivered", act: "none" };
    case "undelivered":
    case "rejected":
      return { tone: "bad", words: because("Failed", error), act: ENDS_HERE.has(message.error_class ?? "") ? "none" : "send-again" };
    case "blocked":
      return { tone: "bad", words: because("Not sent", error), act: "none" };
    case "cancelled":
      return { tone: "quiet", words: message.error_code === "replied" ? "Cancelled: they wrote first" : "Discarded, not sent", act: "none" };
    case "expired":
      return { tone: "bad", words: because("Not sent in time", error), act: "send-again" };
    case "unconfirmed":
      return { tone: "ask", words: "Not confirmed by the carrier. It may have arrived; sent again, it may come twice", act: "send-again" };
    case "held":
      return { tone: "ask", words: OPT_OUTS.has(message.error_code ?? "") || !error ? "Opted out meanwhile" : because("Held", error), act: "release" };
  }
}

function whose(of: MessageOut["campaign"]): Whose | null {
  if (!of) return null;
  return { id: of.id, kind: of.kind, words: of.variant === null ? of.name : `${of.name} · text ${letter(of.variant)}` };
}

const isOurs = (url: string): boolean => url.startsWith("/media/");

function noteOf(message: MessageOut): string | null {
  if (message.klass === TEST) return "Test of a campaign's text";
  if (message.call_id) return "Sent with a call";
  return message.keyword ? (NOTES[message.keyword] ?? null) : null;
}

export function bubbleOf(message: MessageOut, me: number): Bubble {
  const automatic = message.klass === AUTOMATIC;
  return {
    key: message.cmd_id ?? `#${message.seq}`,
    seq: message.seq,
    direction: message.direction,
    body: message.body,
    at: message.at,
    author: automatic ? "Automatic answer" : (message.author ?? null),
    mine: message.author_id === me && !automatic,
    of: whose(message.campaign),
    note: noteOf(message),
    media: (message.media ?? []).filter((url) => !isOurs(url)).length,
    pictures: (message.media ?? []).filter(isOurs),
    fate: fateOf(message),
  };
}

export function bubbleOfPending(send: PendingSend): Bubble {
  const fate: Fate =
    send.state === "refused" ? { tone: "bad", words: because("Not sent", send.error), act: "retry" } : { tone: "quiet", words: "Sending…", act: "none" };
  return { key: send.cmd_id, seq: null, direction: "out", body: send.data.body, at: send.at, author: null, mine: true, of: null, note: null, media: 0, pictures: [], fate };
}

/** A bubble whose fate needs words of its own ends its run. */
const isCalm = (bubble: Bubble): boolean => bubble.fate.tone === "quiet" && !bubble.fate.waits && bubble.note === null;

function joins(last: Bubble, next: Bubble): boolean {
  return (
    isCalm(last) &&
    last.direction === next.direction &&
    last.mine === next.mine &&
    last.of?.id === next.of?.id &&
    (last.mine || last.author === next.author) &&
    Date.parse(next.at) - Date.parse(last.at) < RUN_ENDS_AFTER_MS
  );
}

const aside = (one: Aside): Item => ({ kind: "aside", key: `aside ${seqOf(one)}`, aside: one });

/** `newFrom` is the key of the first bubble that was unread when the conversation was opened. *asides* stand between the texts by their seq. */
export function layOut(bubbles: readonly Bubble[], newFrom: string | null, asides: readonly Aside[] = []): Item[] {
  const items: Item[] = [];
  const waiting = [...asides];
  let run: Bubble[] = [];
  let day = "";
  const dawn = (at: string): boolean => {
    const itsDay = new Date(at).toDateString();
    if (itsDay === day) return false;
    items.push({ kind: "day", key: `day ${itsDay}`, at });
    day = itsDay;
    return true;
  };
  const say = (one: Aside): void => {
    dawn(atOf(one));
    items.push(aside(one));
    run = [];
  };
  for (const bubble of bubbles) {
    while (waiting[0] && seqOf(waiting[0]) < (bubble.seq ?? Infinity)) say(waiting.shift() as Aside);
    const last = run.at(-1);
    const breaks = dawn(bubble.at) || bubble.key === newFrom;
    if (bubble.key === newFrom) items.push({ kind: "new", key: "new" });
    if (!breaks && last && joins(last, bubble)) {
      run.push(bubble);
    } else {
      run = [bubble];
      items.push({ kind: "run", key: `run ${bubble.key}`, bubbles: run });
    }
  }
  waiting.forEach(say);
  return items;
}

const atOf = (one: Aside): string => (one.kind === "note" ? one.note.at : one.activity.at);
