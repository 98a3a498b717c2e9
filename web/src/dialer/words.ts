// What a dialer's events and ends of calls are called.
import type { StreamEvent, Disposition } from "./program";

export const DISPOSITIONS: readonly { value: Disposition; label: string; grave?: boolean }[] = [
  { value: "talked", label: "Talked" },
  { value: "no_answer", label: "No answer" },
  { value: "voicemail", label: "Voicemail" },
  { value: "busy", label: "Busy" },
  { value: "call_back", label: "Call back" },
  { value: "wrong_number", label: "Wrong number", grave: true },
  { value: "do_not_contact", label: "Do not contact", grave: true },
];

const word = (value: unknown): string => (typeof value === "string" ? value : "");

/** What happened, in few words, and whether it is what a dialer waits for. */
export function told(event: StreamEvent): { title: string; text: string; weight: "reply" | "stop" | "other" } {
  const { data } = event;
  switch (event.kind) {
    case "message.received":
      return { title: "Replied", text: word(data["body"]), weight: "reply" };
    case "contact.opted_out":
      return { title: "Opted out", text: "No more texts, and not to be called.", weight: "stop" };
    case "contact.opted_in":
      return { title: "Opted in again", text: "", weight: "other" };
    case "message.status":
      return { title: `Text ${word(data["state"])}`, text: data["call_id"] ? "Sent with a call." : "", weight: "other" };
    case "thread.assigned":
      return { title: data["assignee"] ? `Assigned to ${word(data["assignee"])}` : "Assigned to nobody", text: "", weight: "other" };
    case "link.clicked":
      return { title: "Followed a link", text: word(data["url"]), weight: "other" };
    case "campaign.status":
      return { title: `Campaign ${word(data["state"])}`, text: word(data["name"]), weight: "other" };
    default:
      return { title: event.kind, text: "", weight: "other" };
  }
}

/** The time at an instant with an offset, as the wall there shows it: 2:05 PM. */
export function wallTime(local: string, zone: string): string {
  return new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit", timeZone: zone }).format(new Date(local));
}

export const cityOf = (zone: string): string => (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
