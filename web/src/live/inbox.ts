// The order of the inbox: ids by newest message, without gaps towards what the server still holds back.
import type { InboxRow } from "../gen/wire";

/** Newest first; equal instants by id, as the server's pages do, which tell microseconds apart. */
export function isNewer(a: InboxRow, b: InboxRow): boolean {
  const by = Date.parse(a.last_at) - Date.parse(b.last_at) || micros(a.last_at) - micros(b.last_at);
  return by === 0 ? a.thread_id > b.thread_id : by > 0;
}

const micros = (at: string): number => Number((/\.(\d+)/.exec(at)?.[1] ?? "").padEnd(6, "0"));

/** Whether the inbox shows it: what is closed or put off comes back with the contact's next text. */
export const isAtWork = (row: InboxRow): boolean => row.listed && !row.closed && row.snoozed_until === null;

export const without = (order: readonly number[], id: number): readonly number[] => (order.includes(id) ? order.filter((other) => other !== id) : order);

/**
 * The order with `row` at its place. A row that belongs below the loaded tail stays out while pages are missing
 * (`complete` false): it comes with its page, and a gap before it would never be filled.
 */
export function place(order: readonly number[], rows: ReadonlyMap<number, InboxRow>, row: InboxRow, complete: boolean): readonly number[] {
  const others = order.filter((id) => id !== row.thread_id);
  let low = 0;
  let high = others.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = rows.get(others[middle] as number);
    if (other && isNewer(other, row)) low = middle + 1;
    else high = middle;
  }
  if (low === others.length && !complete) return order.length === others.length ? order : others;
  if (order[low] === row.thread_id && order.length === others.length + 1) return order;
  return [...others.slice(0, low), row.thread_id, ...others.slice(low)];
}
