// The words of a count on a badge.
/** What a badge says: two digits are the most that are read at a glance. */
export const badge = (count: number): string => (count > 99 ? "99+" : String(count));
