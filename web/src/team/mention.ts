// The name that is being typed after an @, and what it is replaced with. Pure.
export interface Begun {
  readonly from: number;
  readonly typed: string;
}

/** The word after an @ that ends at the caret, where the @ begins a word; else null. */
export function begunMention(text: string, caret: number): Begun | null {
  const found = /(?:^|[^\w@.])@([\p{L}'-]*(?: [\p{L}'-]*)?)$/u.exec(text.slice(0, caret));
  if (!found) return null;
  const typed = found[1] as string;
  return { from: caret - typed.length - 1, typed };
}

/** Those whose name, or a later part of it, begins like what was typed. */
export function fitting<T extends { name: string }>(people: readonly T[], typed: string): T[] {
  const wanted = typed.toLowerCase();
  return people.filter(({ name }) => name.toLowerCase().startsWith(wanted) || name.toLowerCase().split(" ").some((part) => part.startsWith(wanted)));
}

export function withMention(text: string, { from, typed }: Begun, name: string): { text: string; caret: number } {
  const put = `@${name} `;
  return { text: text.slice(0, from) + put + text.slice(from + 1 + typed.length).replace(/^ /, ""), caret: from + put.length };
}
