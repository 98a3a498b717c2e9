// A filter as it is stored and sent, the draft of one as it is built, and the way between them.

export type Value = string | number | boolean | readonly (string | number)[];
export interface Leaf {
  readonly field: string;
  readonly is: string;
  readonly value?: Value;
}
export type Filter = { readonly all: readonly Filter[] } | { readonly any: readonly Filter[] } | { readonly not: Filter } | Leaf;

/** A condition that is being written: its value is what stands in the input. */
export interface Condition {
  readonly id: number;
  readonly kind: "condition";
  readonly field: string;
  readonly is: string;
  readonly value: string;
}

export interface Group {
  readonly id: number;
  readonly kind: "group";
  /** "none": not one of its parts is true. */
  readonly join: "all" | "any" | "none";
  readonly parts: readonly Node[];
}
export type Node = Condition | Group;

/** How a value is written: which input, and what becomes of what stands in it. */
export type Input =
  | "none" | "text" | "number" | "days" | "date" | "choice" | "phone" | "digits" | "area_code"
  | "tag" | "stage" | "pipeline" | "member" | "our_number" | "campaign";

export interface Operator {
  readonly is: string;
  readonly label: string;
  readonly input: Input;
}

/** What the server says that a filter may ask for. */
export interface Field {
  /** As in the filter's JSON. */
  readonly name: string;
  readonly label: string;
  readonly group: string;
  readonly operators: readonly Operator[];
  readonly choices?: readonly string[];
}

const IDS: ReadonlySet<Input> = new Set<Input>(["tag", "stage", "pipeline", "member", "our_number", "campaign"]);
const NUMBERS: ReadonlySet<Input> = new Set<Input>(["number", "days"]);

let last = 0;
export const nextId = (): number => ++last;

export const emptyGroup = (join: Group["join"] = "all", parts: readonly Node[] = []): Group => ({ id: nextId(), kind: "group", join, parts });

export const operatorOf = (fields: readonly Field[], node: Condition): Operator | undefined =>
  fields.find((one) => one.name === node.field)?.operators.find((one) => one.is === node.is);

/** The value as JSON; undefined while nothing usable has been written. */
export function valueOf(input: Input, written: string): Value | undefined {
  const text = written.trim();
  if (text === "") return undefined;
  if (IDS.has(input)) return /^\d+$/.test(text) ? Number(text) : undefined;
  if (!NUMBERS.has(input)) return text;
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  return input === "days" && (!Number.isInteger(number) || number < 0) ? undefined : number;
}

/** The filter that a draft means; conditions without a value yet are left out. Null when nothing is left. */
export function toFilter(node: Node, fields: readonly Field[]): Filter | null {
  if (node.kind === "condition") return leafOf(node, fields);
  const parts = node.parts.map((part) => toFilter(part, fields)).filter((part) => part !== null);
  if (parts.length === 0) return null;
  if (node.join === "none") return { not: parts.length === 1 ? (parts[0] as Filter) : { any: parts } };
  return node.join === "any" ? { any: parts } : { all: parts };
}

function leafOf(node: Condition, fields: readonly Field[]): Leaf | null {
  const operator = operatorOf(fields, node);
  if (!operator) return null;
  if (operator.input === "none") return { field: node.field, is: node.is };
  const value = valueOf(operator.input, node.value);
  return value === undefined ? null : { field: node.field, is: node.is, value };
}

/** How many conditions still lack their value. */
export function unfinished(node: Node, fields: readonly Field[]): number {
  if (node.kind === "condition") return leafOf(node, fields) ? 0 : 1;
  return node.parts.reduce((sum, part) => sum + unfinished(part, fields), 0);
}

/** The draft of a stored filter. A bare condition stands in a group of its own, so that another can be added beside it. */
export function toDraft(filter: Filter | null): Group {
  if (filter === null) return emptyGroup();
  const node = nodeOf(filter);
  return node.kind === "group" ? node : emptyGroup("all", [node]);
}

function nodeOf(filter: Filter): Node {
  if ("all" in filter) return emptyGroup("all", filter.all.map(nodeOf));
  if ("any" in filter) return emptyGroup("any", filter.any.map(nodeOf));
  if ("not" in filter) return emptyGroup("none", "any" in filter.not ? filter.not.any.map(nodeOf) : [nodeOf(filter.not)]);
  return { id: nextId(), kind: "condition", field: filter.field, is: filter.is, value: filter.value === undefined ? "" : String(filter.value) };
}

// Changing a draft

export const replaced = (root: Group, id: number, by: (node: Node) => Node | null): Group => {
  const walk = (node: Node): Node | null => {
    if (node.id === id) return by(node);
    if (node.kind === "condition") return node;
    return { ...node, parts: node.parts.map(walk).filter((part) => part !== null) };
  };
  return (walk(root) as Group | null) ?? emptyGroup();
};

export const added = (root: Group, to: number, node: Node): Group =>
  replaced(root, to, (group) => (group.kind === "group" ? { ...group, parts: [...group.parts, node] } : group));

/** Without a node, and without the groups that are empty because of that; the outermost stays. */
export function removed(root: Group, id: number): Group {
  const prune = (node: Node): Node | null => {
    if (node.id === id) return null;
    if (node.kind === "condition") return node;
    const parts = node.parts.map(prune).filter((part) => part !== null);
    return parts.length === 0 && node.parts.length > 0 && node.id !== root.id ? null : { ...node, parts };
  };
  return (prune(root) as Group | null) ?? emptyGroup(root.join);
}

/** Another field: its first operator, and no value, since that of a tag says nothing about a date. */
export function withField(node: Condition, field: string, fields: readonly Field[]): Condition {
  const first = fields.find((one) => one.name === field)?.operators[0];
  return { ...node, field, is: first?.is ?? "", value: "" };
}

/** Another operator keeps the value where it is written in the same way. */
export function withOperator(node: Condition, is: string, fields: readonly Field[]): Condition {
  const before = operatorOf(fields, node)?.input;
  const next = { ...node, is };
  return operatorOf(fields, next)?.input === before ? next : { ...next, value: "" };
}

export function newCondition(fields: readonly Field[], field = fields[0]?.name ?? ""): Condition {
  return withField({ id: nextId(), kind: "condition", field, is: "", value: "" }, field, fields);
}

/** By what they say: a database keeps no order of an object's keys. */
export const sameFilter = (a: Filter | null, b: Filter | null): boolean => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));

function ordered(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(ordered);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, ordered(value)]));
}
export const conditions = (filter: Filter | null): number => {
  if (filter === null) return 0;
  if ("all" in filter) return filter.all.reduce((sum, one) => sum + conditions(one), 0);
  if ("any" in filter) return filter.any.reduce((sum, one) => sum + conditions(one), 0);
  return "not" in filter ? conditions(filter.not) : 1;
};
