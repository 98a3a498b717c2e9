// What rows of people say in few words, and how a list's pages become one list.
import type { InfiniteData } from "@tanstack/react-query";
import { formatNumber } from "../text/people";
import type { Contact, ContactPage, Phone } from "./types";

export const byPriority = (phones: readonly Phone[]): Phone[] => [...phones].sort((a, b) => a.priority - b.priority || a.endpoint_id - b.endpoint_id);

/** The number that is written to when nobody chooses one: the first that takes texts, else the first. */
export function mainPhone(contact: Pick<Contact, "phones">): Phone | undefined {
  const phones = byPriority(contact.phones);
  return phones.find((phone) => !phone.opted_out && !phone.carrier_blocked && !phone.invalid_code) ?? phones[0];
}

/** Never empty: a contact without a name is called by number or e-mail address. */
export function titleOf(contact: Pick<Contact, "name" | "email" | "phones">): string {
  const [first] = byPriority(contact.phones);
  return contact.name.trim() || (first ? formatNumber(first.address) : contact.email) || "Unnamed contact";
}

export type Mark = "Blocked by the carrier" | "Opted out" | "Needs review" | "Undeliverable" | "No number";

/** The one thing to know before texting somebody; null where every text may go. */
export function markOf(contact: Pick<Contact, "phones">): Mark | null {
  const phone = mainPhone(contact);
  return phone ? phoneMark(phone) : "No number";
}

export function phoneMark(phone: Phone): Mark | null {
  if (phone.carrier_blocked) return "Blocked by the carrier";
  if (phone.opted_out) return "Opted out";
  if (phone.invalid_code) return "Undeliverable";
  return phone.held ? "Needs review" : null;
}

/** The newest text in either direction. */
export function lastActive(contact: Pick<Contact, "last_in_at" | "last_out_at">): string | null {
  const times = [contact.last_in_at, contact.last_out_at].filter((at) => at !== null);
  return times.length > 0 ? times.reduce((a, b) => (Date.parse(a) >= Date.parse(b) ? a : b)) : null;
}

/** Pages that were read at different moments may name one contact twice: the first place wins, so that no key repeats. */
export function flatten(data: InfiniteData<ContactPage> | undefined): Contact[] {
  const seen = new Set<number>();
  return (data?.pages ?? []).flatMap((page) => page.rows.filter((row) => !seen.has(row.contact_id) && seen.add(row.contact_id)));
}

export const place = (contact: Pick<Contact, "city" | "state" | "zip">): string =>
  [contact.city, [contact.state, contact.zip].filter(Boolean).join(" ")].filter(Boolean).join(", ");

const amounts = new Intl.NumberFormat("en-US");
export const amount = (count: number): string => amounts.format(count);
export const people = (count: number): string => (count === 1 ? "1 person" : `${amount(count)} people`);
