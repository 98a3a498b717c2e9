// What a tab looks like from outside: its title and its icon, both with the count of the navigation's badge.

import { badge } from "../parts/badge";

// The most particular path first.
const PAGES: readonly (readonly [string, string])[] = [
  ["/phone/sms/review", "Needs review"],
  ["/phone/sms/history", "History"],
  ["/phone/sms", "Inbox"],
  ["/people/import", "Import"],
  ["/people", "People"],
  ["/templates", "Templates"],
  ["/sms/campaigns", "Campaigns"],
  ["/bulk", "Bulk texts"],
  ["/settings", "Settings"],
  ["/dialer", "Dialer"],
  ["/system/sending", "Sending"],
  ["/system", "System"],
];

const isAt = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

export function titleOf(path: string, unread: number): string {
  const page = PAGES.find(([place]) => isAt(path, place))?.[1];
  return `${unread > 0 ? `(${badge(unread)}) ` : ""}${page ? `${page} · ` : ""}Threadline`;
}

const LOGO =
  '<rect width="32" height="32" rx="9" fill="#0c3b33"/><path d="M7 20.5c4 0 4-9 8.500-9s3 9 7.500 9" fill="none" stroke="#6fe0c8" stroke-width="2.800" stroke-linecap="round"/>';

/** The icon as an address. At the 16 px of a tab two digits are the most that can be read. */
export function iconOf(unread: number): string {
  if (unread === 0) return "/icon.svg";
  const told = unread > 99 ? "99" : String(unread);
  const half = told.length > 1 ? 10.5 : 8.5;
  const badge =
    `<rect x="${32 - 2 * half}" y="0" width="${2 * half}" height="17" rx="8.5" fill="#f2b66d"/>` +
    `<text x="${32 - half}" y="13.300" text-anchor="middle" font-family="system-ui,sans-serif" font-size="14" font-weight="800" fill="#2f1b00">${told}</text>`;
  return `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${LOGO}${badge}</svg>`)}`;
}
