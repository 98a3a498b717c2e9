// Custom values between their types and what stands in an input.
import type { CustomField, CustomValue } from "./types";

const numbers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 });
const days = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", year: "numeric", timeZone: "UTC" });

/** What is sent for what was written; null empties the field. What is no number goes as it is: the server says why it cannot be. */
export function typedValue(field: Pick<CustomField, "kind">, written: string): CustomValue | null {
  const text = written.trim();
  if (text === "") return null;
  if (field.kind === "boolean") return text === "true";
  if (field.kind === "number" && /^[-+]?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text;
}

export function shownValue(field: Pick<CustomField, "kind">, value: CustomValue | null): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") return numbers.format(value);
  if (field.kind !== "date") return value;
  const at = Date.parse(`${value}T00:00:00Z`);
  return Number.isNaN(at) ? value : days.format(at);
}
