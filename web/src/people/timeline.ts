// What each entry of a contact's history says, in words.
import type { CallItem, ConsentItem, ImportItem, MessageItem, TimelineItem } from "./api";

export interface Words {
  icon: "in" | "out" | "stop" | "agreed" | "call" | "call-in" | "call-out" | "import";
  who: string;
  /** What was said; null where there is nothing to quote. */
  text: string | null;
  more: string;
  fate: { words: string; bad: boolean } | null;
  /** The conversation that it stands in. */
  thread: number | null;
  address: string | null;
}

export const keyOf = (item: TimelineItem): string => {
  if (item.kind === "message") return `m${item.thread_id}.${item.seq}`;
  return `${item.kind}${item.id}`;
};

export function wordsOf(item: TimelineItem): Words {
  if (item.kind === "message") return message(item);
  if (item.kind === "consent") return consent(item);
  if (item.kind === "call") return call(item);
  return imported(item);
}

const FATES: Record<string, { words: string; bad: boolean }> = {
  queued: { words: "Waiting", bad: false },
  sending: { words: "Sending", bad: false },
  sent: { words: "Sent", bad: false },
  delivered: { words: "Delivered", bad: false },
  undelivered: { words: "Not delivered", bad: true },
  rejected: { words: "Refused by the carrier", bad: true },
  blocked: { words: "Not sent", bad: true },
  held: { words: "Held", bad: true },
  cancelled: { words: "Cancelled", bad: false },
  expired: { words: "Expired", bad: true },
  unconfirmed: { words: "Not confirmed", bad: true },
};

const pictures = (count: number): string => (count === 0 ? "" : count === 1 ? "1 attachment" : `${count} attachments`);

function message(item: MessageItem): Words {
  const out = item.direction === "out";
  const whose = item.author ?? (item.campaign ? "" : "Your team");
  const through = item.campaign ? `${item.campaign.kind === "bulk" ? "Bulk text" : "Campaign"} “${item.campaign.name}”` : "";
  return {
    icon: out ? "out" : "in",
    who: out ? [whose, through].filter(Boolean).join(" · ") || "Your team" : "They wrote",
    text: item.body || pictures(item.media) || "",
    more: item.body ? pictures(item.media) : "",
    fate: out ? fateOf(item) : null,
    thread: item.thread_id,
    address: item.address,
  };
}

/** What went wrong in the carrier's words, where it said so. */
function fateOf({ state, error }: MessageItem): Words["fate"] {
  const fate = FATES[state ?? ""] ?? null;
  return fate?.bad && error ? { words: `${fate.words}: ${error}`, bad: true } : fate;
}

/** The kinds of server/domain/consent.py. */
const CONSENTS: Record<string, { icon: "stop" | "agreed" | "in"; who: string }> = {
  opted_out: { icon: "stop", who: "Opted out" },
  stop_repeated: { icon: "stop", who: "Opted out once more" },
  revoked: { icon: "stop", who: "Consent taken back" },
  carrier_blocked: { icon: "stop", who: "Blocked by the carrier" },
  ambiguous: { icon: "stop", who: "May have asked to stop" },
  wrong_number: { icon: "stop", who: "Says it is the wrong number" },
  consent_invalid: { icon: "stop", who: "Marked as a wrong number" },
  opted_in: { icon: "agreed", who: "Opted in" },
  consent_given: { icon: "agreed", who: "Agreed to texts" },
  released: { icon: "agreed", who: "Was no request to stop" },
  undone: { icon: "agreed", who: "Opt-out undone" },
  import_undone: { icon: "stop", who: "Consent withdrawn with its import" },
  acknowledged: { icon: "agreed", who: "Written to although opted out" },
  help_asked: { icon: "in", who: "Asked for help" },
};
const SOURCES: Record<string, string> = { text: "by text", carrier: "told by the carrier", member: "recorded by your team", import: "from an import", api: "through the API" };

/** A kind that is not in the table is shown by its own name: nothing of the ledger is left out. */
function consent(item: ConsentItem): Words {
  const plain = item.event.replaceAll("_", " ");
  const { icon, who } = CONSENTS[item.event] ?? { icon: "agreed" as const, who: plain.charAt(0).toUpperCase() + plain.slice(1) };
  const by = item.member ? `recorded by ${item.member}` : (SOURCES[item.source] ?? item.source);
  return { icon, who, text: item.text, more: by, fate: null, thread: item.thread_id, address: item.address };
}

function call(item: CallItem): Words {
  const length = item.duration_s === null ? "" : item.duration_s < 60 ? `${item.duration_s} s` : `${Math.round(item.duration_s / 60)} min`;
  return {
    icon: item.direction === "in" ? "call-in" : "call-out",
    who: item.direction === "in" ? "They called" : item.member ? `${item.member} called` : "Call to them",
    text: item.note || null,
    more: [item.outcome.replaceAll("_", " "), length].filter(Boolean).join(" · "),
    fate: null,
    thread: null,
    address: item.address,
  };
}

const imported = (item: ImportItem): Words => ({
  icon: "import", who: `${item.what === "updated" ? "Updated" : "Imported"} from ${item.name}`, text: null, more: item.member ? `by ${item.member}` : "", fate: null, thread: null, address: null,
});
