// Who is selected: some rows, or everybody that a list means, however many it has loaded.
import type { Filter } from "../filters/filter";

export type Selection = { kind: "some"; ids: ReadonlySet<number> } | { kind: "all" };

/** What the list shows; "all" means all of this. */
export interface Spec {
  filter: Filter | null;
  q: string;
}

export type Audience = { contact_ids: number[] } | { filter: Filter; q?: string };

export const NOBODY: Selection = { kind: "some", ids: new Set() };
export const EVERYBODY: Filter = { all: [] };

export const isSelected = (selection: Selection, id: number): boolean => selection.kind === "all" || selection.ids.has(id);
export const isEmpty = (selection: Selection): boolean => selection.kind === "some" && selection.ids.size === 0;

/** One row more or less. Whoever takes one out of "all" keeps the rows that are loaded: what is not shown cannot be meant. */
export function toggle(selection: Selection, id: number, loaded: readonly number[]): Selection {
  const ids = new Set(selection.kind === "all" ? loaded : selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { kind: "some", ids };
}

/** Every row between the two, both included, as with Shift held. */
export function span(selection: Selection, from: number, to: number, loaded: readonly number[]): Selection {
  const [a, b] = [loaded.indexOf(from), loaded.indexOf(to)];
  if (a < 0 || b < 0) return toggle(selection, to, loaded);
  const ids = new Set(selection.kind === "all" ? loaded : selection.ids);
  for (const id of loaded.slice(Math.min(a, b), Math.max(a, b) + 1)) ids.add(id);
  return { kind: "some", ids };
}

export type PageState = "none" | "some" | "all";

/** How the box above the rows stands. */
export function pageState(selection: Selection, page: readonly number[]): PageState {
  if (selection.kind === "all") return "all";
  const chosen = page.filter((id) => selection.ids.has(id)).length;
  if (selection.ids.size === 0) return "none";
  return chosen === page.length && page.length > 0 ? "all" : "some";
}

/** The box above the rows: all of the page, and nobody the second time. */
export const togglePage = (selection: Selection, page: readonly number[]): Selection =>
  pageState(selection, page) === "all" ? NOBODY : { kind: "some", ids: new Set([...(selection.kind === "some" ? selection.ids : []), ...page]) };

/** How many are selected; null while the number of all is not known yet. */
export const howMany = (selection: Selection, total: number | null): number | null => (selection.kind === "all" ? total : selection.ids.size);

export function audienceOf(selection: Selection, spec: Spec): Audience {
  if (selection.kind === "some") return { contact_ids: [...selection.ids].sort((a, b) => a - b) };
  return { filter: spec.filter ?? EVERYBODY, ...(spec.q.trim() ? { q: spec.q.trim() } : {}) };
}
