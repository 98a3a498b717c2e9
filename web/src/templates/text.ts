// Where things stand in a text: the server counts code points, a text box counts UTF-16 units.
import type { Fault, Folder, Rendered, Template } from "./templates";

/** Units before the code point at `at`. */
export function unitsAt(text: string, at: number): number {
  let units = 0;
  let points = 0;
  for (const char of text) {
    if (points >= at) break;
    points += 1;
    units += char.length;
  }
  return units;
}

/** So many characters of a text, of those that people count. */
export type Place = Pick<Fault, "at" | "length">;

export function spanOf(text: string, fault: Place): readonly [start: number, end: number] {
  return [unitsAt(text, fault.at), unitsAt(text, fault.at + fault.length)];
}

export function mended(text: string, fault: Fault, instead: string): string {
  const [start, end] = spanOf(text, fault);
  return text.slice(0, start) + instead + text.slice(end);
}

/** "Line 2, character 5", as an editor would say it. */
export function placeOf(text: string, fault: Pick<Place, "at">): string {
  const before = text.slice(0, unitsAt(text, fault.at)).split("\n");
  const character = [...(before.at(-1) ?? "")].length + 1;
  return text.includes("\n") ? `Line ${before.length}, character ${character}` : `Character ${character}`;
}

export interface Piece {
  readonly kind: "plain" | "token" | "fault";
  readonly text: string;
  /** A token's name. */
  readonly name?: string;
}

const TOKEN = /\\[\\{}|]|\{\{\s*([^{}|\\]+?)\s*(?:\|[^{}]*)?\}\}/g;

/** A text in pieces, so that tokens and faults can be shown as what they are. */
export function pieces(text: string, faults: readonly Fault[] = []): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const fault of faults) {
    const [start, end] = spanOf(text, fault);
    if (start < from) continue;
    found.push(...tokensIn(text.slice(from, start)), { kind: "fault", text: text.slice(start, end) });
    from = end;
  }
  return [...found, ...tokensIn(text.slice(from))];
}

function tokensIn(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match[1] === undefined) continue;
    if (match.index > from) found.push({ kind: "plain", text: text.slice(from, match.index) });
    found.push({ kind: "token", text: match[0], name: match[1].toLowerCase() });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ kind: "plain", text: text.slice(from) });
  return found;
}

/** Those in which every word is found: names that begin with what was typed first, then by use. */
export function found(templates: readonly Template[], folders: ReadonlyMap<number, Folder>, query: string): Template[] {
  const typed = query.trim().toLowerCase();
  const words = typed.split(/\s+/);
  const hay = (one: Template) => `${one.name}\n${folders.get(one.folder_id ?? 0)?.name ?? ""}\n${one.body}`.toLowerCase();
  const rank = (one: Template) => (typed && one.name.toLowerCase().startsWith(typed) ? 0 : words.every((word) => one.name.toLowerCase().includes(word)) ? 1 : 2);
  return templates
    .filter((one) => words.every((word) => hay(one).includes(word)))
    .sort((a, b) => rank(a) - rank(b) || b.used - a.used || a.name.localeCompare(b.name));
}

/** What a contact's values were written for: "Hi Maya" is "Hi {{first_name}}" for everybody else. */
export function withTokens(text: string, values: Readonly<Record<string, string | null>>): string {
  const known = Object.entries(values)
    .filter((entry): entry is [string, string] => (entry[1]?.trim().length ?? 0) > 1)
    .sort(([, a], [, b]) => b.length - a.length);
  if (known.length === 0) return text;
  const names = new Map(known.map(([name, value]) => [value.trim(), name]));
  const any = [...names.keys()].map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}{])(?:${any})(?![\\p{L}\\p{N}}])`, "gu"), (value) => `{{${names.get(value)}}}`);
}

/** What was written with *words* put in at `caret` (at its end where none is told), parted by spaces from what is beside. */
export function inserted(written: string, words: string, caret: number = written.length): string {
  if (written.trim() === "") return words;
  const before = written.slice(0, caret);
  const after = written.slice(caret);
  const space = (side: string, edge: RegExp) => (side === "" || edge.test(side) ? "" : " ");
  return before + space(before, /\s$/) + words + space(after, /^\s/) + after;
}

const FALLBACK = /^\{\{[^|]*\|\s*(.*?)\s*\}\}$/s;

/** A text that cannot be sent yet, as it would read: each thing that it lacks is named where it will stand. */
export function filled(body: string, { missing, values }: Rendered): { text: string; lacks: boolean }[] {
  const labels = new Map(missing.map((token) => [token.name, token.label]));
  return pieces(body).map((piece) => {
    const name = piece.name ?? "";
    const said = values[name]?.trim() || FALLBACK.exec(piece.text)?.[1];
    if (piece.kind !== "token" || said !== undefined) return { text: piece.kind === "token" ? (said ?? "") : piece.text, lacks: false };
    return { text: labels.get(name) ?? name, lacks: true };
  });
}
