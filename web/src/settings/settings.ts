// What a workspace sets for itself, as the server tells it, and the week that its hours are made of.
import { queryOptions } from "@tanstack/react-query";
import { call, Problem } from "../api";

export type Mode = "off" | "offline" | "model";
/** Seven days from Monday, each such as `09:00-18:00`; null where nothing leaves. */
export type Week = readonly (string | null)[];

export interface Cap {
  texts: number;
  window_h: number;
}

export interface Settings {
  version: number;
  name: string;
  brand: string;
  contact: string;
  sending_hours: Week | null;
  law_hours: Week;
  opt_in_required: boolean;
  bulk_cap: Cap | null;
  link_base: string | null;
  ai_mode: Mode;
  ai_tone: string;
  ai_day_requests: number;
  ai_day_tokens: number;
}

export type Changes = Partial<Omit<Settings, "version" | "law_hours">>;

/** What suggested replies cost today, and what became of them. */
export interface Suggested {
  model: string | null;
  requests_today: number;
  tokens_today: number;
  accepted: number;
  edited: number;
  ignored: number;
  waiting: number;
}

export const SETTINGS = "settings";
export const workspaceQuery = queryOptions({ queryKey: [SETTINGS, "workspace"], queryFn: () => call<Settings>("GET", "/settings") });
export const suggestedQuery = queryOptions({ queryKey: [SETTINGS, "suggestions"], queryFn: () => call<Suggested>("GET", "/settings/suggestions") });

export const change = (version: number, changes: Changes): Promise<Settings> => call<Settings>("PATCH", "/settings", { version, ...changes });

/** The settings as somebody else has set them meanwhile, where that is why a change was refused. */
export function newer(error: unknown): Settings | null {
  if (!(error instanceof Problem) || error.more["code"] !== "outdated") return null;
  return error.more["settings"] as Settings;
}

/** What of *draft* is not as it is saved. */
export function changesOf(saved: Settings, draft: Changes): Changes {
  const entries = Object.entries(draft).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(saved[name as keyof Settings]));
  return Object.fromEntries(entries) as Changes;
}

// Hours

export const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

/** The two ends of a day's hours. */
export const endsOf = (day: string): [string, string] => day.split("-") as [string, string];
export const dayOf = (opens: string, closes: string): string => `${opens}-${closes}`;
export const withDay = (week: Week, index: number, day: string | null): Week => week.map((one, nth) => (nth === index ? day : one));

/** How the law's hours read: one span where all days are alike, as they are in most places. */
export function lawWords(week: Week): string {
  const [first] = week;
  if (first && week.every((day) => day === first)) return endsOf(first).join(" to ");
  return week.map((day, nth) => `${(DAYS[nth] ?? "").slice(0, 3)} ${day ?? "closed"}`).join(", ");
}

// The cap

export const WINDOWS: readonly { value: number; label: string }[] = [
  { value: 24, label: "a day" },
  { value: 72, label: "3 days" },
  { value: 168, label: "7 days" },
  { value: 336, label: "14 days" },
  { value: 720, label: "30 days" },
];

/** All that can be chosen, with the present one where no other says it. */
export function windowsWith(present: number): { value: string; label: string }[] {
  const all = WINDOWS.some((one) => one.value === present) ? WINDOWS : [...WINDOWS, { value: present, label: `${present} hours` }];
  return all.map(({ value, label }) => ({ value: String(value), label }));
}

/** What was typed as a whole number; null where it is none. */
export function wholeOf(typed: string): number | null {
  const plain = typed.replace(/[\s,]/g, "");
  return /^\d{1,11}$/.test(plain) ? Number(plain) : null;
}
