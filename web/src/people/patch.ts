// An edit in place against a row that somebody else may have changed meanwhile.
import type { Contact, CustomValue } from "./types";

export interface Patch {
  first_name?: string;
  last_name?: string;
  email?: string;
  owner_id?: number | null;
  street?: string;
  city?: string;
  state?: string;
  zip?: string;
  zone?: string | null;
  property_address?: string;
  custom?: Record<string, CustomValue | null>;
}

export type Outcome =
  /** Others changed other fields only: the same edit on top of theirs is what both wanted. */
  | { kind: "rebase"; version: number }
  /** Somebody has already written the same. */
  | { kind: "same" }
  /** They and we changed one field differently: a person decides. */
  | { kind: "conflict"; fields: Conflict[] };

export interface Conflict {
  /** A field of Patch, or `custom.` and the field's name. */
  field: string;
  mine: CustomValue | null;
  theirs: CustomValue | null;
}

/** The value that a patch's field has in a row, as a patch would write it. */
export function valueOf(contact: Contact, field: string): CustomValue | null {
  if (field === "owner_id") return contact.owner?.member_id ?? null;
  if (field.startsWith("custom.")) return contact.custom[field.slice(7)] ?? null;
  return (contact[field as "first_name"] as string | null) ?? null;
}

function entries(patch: Patch): [string, CustomValue | null][] {
  const { custom, ...plain } = patch;
  const own = Object.entries(plain) as [string, CustomValue | null][];
  return [...own, ...Object.entries(custom ?? {}).map(([name, value]): [string, CustomValue | null] => [`custom.${name}`, value])];
}

/** What to do with *patch*, begun on *base*, now that the row stands as *present*. */
export function reconcile(base: Contact, patch: Patch, present: Contact): Outcome {
  const clash = entries(patch)
    .map(([field, mine]) => ({ field, mine, theirs: valueOf(present, field), before: valueOf(base, field) }))
    .filter(({ mine, theirs, before }) => theirs !== before && theirs !== mine);
  if (clash.length > 0) return { kind: "conflict", fields: clash.map(({ field, mine, theirs }) => ({ field, mine, theirs })) };
  const written = entries(patch).every(([field, mine]) => valueOf(present, field) === mine);
  return written ? { kind: "same" } : { kind: "rebase", version: present.version };
}

/** Without the fields that would change nothing; null when none is left. */
export function effective(base: Contact, patch: Patch): Patch | null {
  const { custom, ...plain } = patch;
  const kept: Patch = Object.fromEntries(Object.entries(plain).filter(([field, value]) => valueOf(base, field) !== value));
  const own = Object.entries(custom ?? {}).filter(([name, value]) => valueOf(base, `custom.${name}`) !== value);
  if (own.length > 0) kept.custom = Object.fromEntries(own);
  return Object.keys(kept).length > 0 ? kept : null;
}
